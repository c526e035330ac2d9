//! Sends each row of one pass to its own store's COPY, by the number in front of it; the rest of the row is not looked at.
//!
//! A store whose COPY fails drops out: its rows go nowhere from then on, and the others do not notice.

use anyhow::{Context, Result, bail};
use bytes::{BufMut, BytesMut};

use super::transfer::Sink;
use crate::digest::Digest;
use crate::plan::Format;

/// Where the rows of one store go.
pub struct Lane<S> {
    /// None: there is nobody to take them.
    sink: Option<S>,
    /// What was sent.
    pub digest: Digest,
    /// Why it dropped out.
    pub failure: Option<anyhow::Error>,
}

impl<S> Lane<S> {
    /// To this sink.
    #[must_use]
    pub fn to(sink: Option<S>) -> Self {
        Self { sink, digest: Digest::default(), failure: None }
    }
}

impl<S: Sink> Lane<S> {
    /// Ends the store's COPY: how many rows it took.
    ///
    /// # Errors
    /// Why it dropped out, or the server's error.
    pub async fn finish(&mut self) -> Result<u64> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        match &mut self.sink {
            Some(sink) => sink.finish().await,
            None => Ok(0),
        }
    }
}

/// The lanes of a pass, by the stores' numbers.
pub struct Router<'l, S> {
    lanes: &'l mut [Lane<S>],
    format: Format,
    row: BytesMut,
    row_count: u64,
}

impl<'l, S: Sink> Router<'l, S> {
    /// For rows in this format.
    pub fn new(lanes: &'l mut [Lane<S>], format: Format) -> Self {
        Self { lanes, format, row: BytesMut::new(), row_count: 0 }
    }
}

impl<S: Sink + Send> Sink for Router<'_, S> {
    async fn row(&mut self, row: &[u8]) -> Result<()> {
        let at = take_number(row, self.format, &mut self.row)?;
        let lane = self.lanes.get_mut(at).context("a row came for a store that is not of the wave")?;
        self.row_count += 1;
        lane.digest.add(&self.row);
        if let Some(sink) = lane.sink.as_mut().filter(|_| lane.failure.is_none())
            && let Err(error) = sink.row(&self.row).await
        {
            lane.failure = Some(error);
        }
        Ok(())
    }

    /// Only the lanes know what arrived.
    async fn finish(&mut self) -> Result<u64> {
        Ok(self.row_count)
    }
}

/// Takes the number off: in the binary format (manual, COPY, "Binary Format") the first of the row's fields, an int4;
/// in the text format what stands before the first tab.
fn take_number(row: &[u8], format: Format, rest: &mut BytesMut) -> Result<usize> {
    rest.clear();
    match format {
        Format::Binary => {
            let Some(([count @ .., _, _, _, _, n0, n1, n2, n3], fields)) = row.split_first_chunk::<10>() else {
                bail!("a row of the pass is too short");
            };
            let field_count = i16::from_be_bytes(*count).checked_sub(1).context("a row of the pass has no field")?;
            rest.put_i16(field_count);
            rest.put_slice(fields);
            usize::try_from(i32::from_be_bytes([*n0, *n1, *n2, *n3])).context("the number of a store is negative")
        }
        Format::Text => {
            let end = row.iter().position(|byte| *byte == b'\t').context("a row of the pass has no second field")?;
            rest.put_slice(&row[end + 1..]);
            let number = std::str::from_utf8(&row[..end]).ok().and_then(|text| text.parse().ok());
            number.context("a row of the pass does not begin with a number")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pg::transfer::DigestOnly;

    #[test]
    fn the_number_is_taken_off() {
        let mut rest = BytesMut::new();
        let binary = b"\0\x02\0\0\0\x04\0\0\0\x07\0\0\0\x01x";
        assert_eq!(take_number(binary, Format::Binary, &mut rest).unwrap(), 7);
        assert_eq!(&rest[..], b"\0\x01\0\0\0\x01x");
        assert_eq!(take_number(b"12\ta\tb\n", Format::Text, &mut rest).unwrap(), 12);
        assert_eq!(&rest[..], b"a\tb\n");
        assert!(take_number(b"\0\x01", Format::Binary, &mut rest).is_err());
        assert!(take_number(b"x\ty\n", Format::Text, &mut rest).is_err());
    }

    struct Full;

    impl Sink for Full {
        async fn row(&mut self, _row: &[u8]) -> Result<()> {
            bail!("the disk is full")
        }

        async fn finish(&mut self) -> Result<u64> {
            Ok(0)
        }
    }

    #[tokio::test]
    async fn a_store_that_fails_drops_out_alone() {
        let mut lanes = [Lane::to(Some(Full)), Lane::to(None)];
        let mut router = Router::new(&mut lanes, Format::Text);
        for row in [&b"0\ta\n"[..], b"1\tb\n", b"0\tc\n", b"1\td\n"] {
            router.row(row).await.unwrap();
        }
        assert!(router.row(b"2\te\n").await.is_err());
        assert_eq!(lanes[0].finish().await.unwrap_err().to_string(), "the disk is full");
        assert_eq!((lanes[1].finish().await.unwrap(), lanes[1].digest.row_count), (0, 2));
        let mut lanes = [Lane::to(Some(DigestOnly::default()))];
        Router::new(&mut lanes, Format::Text).row(b"0\ta\n").await.unwrap();
        assert_eq!(lanes[0].finish().await.unwrap(), 1);
    }
}
