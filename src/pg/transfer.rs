//! Moves the rows of one table from a reader to a sink, and learns their digest as the bytes pass.
//!
//! Knows nothing of stores, order or retries; `step/copy` decides those. Memory stays at one buffer whatever the
//! table's size, because COPY waits for the slower side.

use std::future::Future;
use std::pin::Pin;

use anyhow::{Context, Result, bail};
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use tokio_postgres::{CopyInSink, CopyOutStream};

use super::client::Transaction;
use super::failure::ServerResult;
use crate::digest::Digest;
use crate::plan::Format;

/// Bytes gathered before they are handed to the driver: it flushes for each call (a row each is four times slower).
const BUFFER_BYTES: usize = 256 * 1024;

/// The header of binary COPY (manual, COPY, "Binary Format"): signature, flags, length of the extension.
const BINARY_HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// The end of binary COPY: a field count of -1.
const BINARY_TRAILER: &[u8] = b"\xff\xff";

/// Where rows go: a store's COPY, or nowhere but into the digest.
pub trait Sink {
    /// Takes one row as COPY sends it, without header and trailer.
    fn row(&mut self, row: &[u8]) -> impl Future<Output = Result<()>> + Send;
    /// Ends the load; how many rows were taken.
    fn finish(&mut self) -> impl Future<Output = Result<u64>> + Send;
}

/// Reads all that a COPY sends; `progress` is told the bytes of each row. Complete only if the server said that it was:
/// an error in mid-stream is an error, and
/// a binary stream must end with its trailer.
///
/// # Errors
/// The reader's or the sink's.
pub async fn transfer<S: Sink>(
    reader: &Transaction<'_>,
    copy_out: &str,
    format: Format,
    sink: &mut S,
    progress: impl FnMut(u64) + Send,
) -> Result<Digest> {
    let stream = reader.copy_out(copy_out).await.server().context("reading")?;
    read_all(stream, format, sink, progress).await
}

/// The same of a COPY that is begun.
pub(super) async fn read_all<S: Sink>(
    stream: CopyOutStream,
    format: Format,
    sink: &mut S,
    mut progress: impl FnMut(u64) + Send,
) -> Result<Digest> {
    let mut stream = std::pin::pin!(stream);
    let mut digest = Digest::default();
    let mut ended = format == Format::Text;
    let mut begun = format == Format::Text;
    while let Some(message) = stream.next().await {
        let message: Bytes = message.server().context("reading")?;
        let mut row = &message[..];
        if !begun {
            row = after_header(row)?;
            begun = true;
        }
        if row.is_empty() {
            continue;
        }
        if format == Format::Binary && row == BINARY_TRAILER {
            ended = true;
            continue;
        }
        digest.add(row);
        sink.row(row).await?;
        progress(row.len() as u64);
    }
    match ended {
        true => Ok(digest),
        false => bail!("the stream ended before its trailer: the server or the connection went away"),
    }
}

fn after_header(message: &[u8]) -> Result<&[u8]> {
    let (header, rest) = match message.split_at_checked(BINARY_HEADER.len()) {
        Some(parts) if parts.0.starts_with(&BINARY_HEADER[..11]) => parts,
        _ => bail!("the stream does not begin with the header of binary COPY"),
    };
    let extension = u32::from_be_bytes([header[15], header[16], header[17], header[18]]) as usize;
    rest.get(extension..).context("the header of binary COPY is cut short")
}

/// Rows go nowhere: only their digest is wanted.
#[derive(Default)]
pub struct DigestOnly {
    row_count: u64,
}

impl Sink for DigestOnly {
    async fn row(&mut self, _row: &[u8]) -> Result<()> {
        self.row_count += 1;
        Ok(())
    }

    async fn finish(&mut self) -> Result<u64> {
        Ok(self.row_count)
    }
}

/// Rows go into a table of a store schema, by several COPYs inside one transaction: the target tells an error only at
/// the end of a COPY, so a piece is as much as is sent in vain.
pub struct StoreCopy<'a> {
    writer: &'a Transaction<'a>,
    copy_in: String,
    format: Format,
    piece_bytes: u64,
    piece: Option<Pin<Box<CopyInSink<Bytes>>>>,
    buffer: BytesMut,
    in_piece: u64,
    loaded: u64,
}

impl<'a> StoreCopy<'a> {
    /// Opens the target's COPY; before the source's, so that a target that refuses costs nothing.
    ///
    /// # Errors
    /// The server's error.
    pub async fn open(writer: &'a Transaction<'a>, copy_in: String, format: Format, piece_bytes: u64) -> Result<Self> {
        let mut sink = Self::new(writer, copy_in, format, piece_bytes);
        sink.open_piece().await?;
        Ok(sink)
    }

    /// The target's COPY is opened with the first row, should one come.
    #[must_use]
    pub fn new(writer: &'a Transaction<'a>, copy_in: String, format: Format, piece_bytes: u64) -> Self {
        Self {
            writer,
            copy_in,
            format,
            piece_bytes,
            piece: None,
            buffer: BytesMut::with_capacity(BUFFER_BYTES + 8 * 1024),
            in_piece: 0,
            loaded: 0,
        }
    }

    async fn open_piece(&mut self) -> Result<()> {
        let piece = self.writer.copy_in(&self.copy_in).await.server().context("writing")?;
        self.piece = Some(Box::pin(piece));
        self.in_piece = 0;
        if self.format == Format::Binary {
            self.buffer.put_slice(BINARY_HEADER);
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<()> {
        let Some(piece) = &mut self.piece else { bail!("the load is already ended") };
        let chunk = self.buffer.split().freeze();
        self.in_piece += chunk.len() as u64;
        self.buffer.reserve(BUFFER_BYTES + 8 * 1024);
        match piece.feed(chunk).await.server() {
            Ok(()) => Ok(()),
            // the cause is in the answer to the COPY, not in the closed channel
            Err(error) => Err(self.end_piece().await.err().unwrap_or_else(|| error.into())),
        }
    }

    async fn end_piece(&mut self) -> Result<()> {
        if let Some(mut piece) = self.piece.take() {
            self.loaded += piece.as_mut().finish().await.server().context("writing")?;
        }
        Ok(())
    }
}

impl Sink for StoreCopy<'_> {
    /// Several whole rows in a row are as good as one.
    async fn row(&mut self, row: &[u8]) -> Result<()> {
        if self.piece.is_none() {
            self.open_piece().await?;
        }
        self.buffer.put_slice(row);
        if self.buffer.len() >= BUFFER_BYTES {
            self.flush().await?;
            if self.in_piece >= self.piece_bytes {
                if self.format == Format::Binary {
                    self.buffer.put_slice(BINARY_TRAILER);
                    self.flush().await?;
                }
                self.end_piece().await?;
            }
        }
        Ok(())
    }

    async fn finish(&mut self) -> Result<u64> {
        if self.piece.is_some() {
            if self.format == Format::Binary {
                self.buffer.put_slice(BINARY_TRAILER);
            }
            if !self.buffer.is_empty() {
                self.flush().await?;
            }
            self.end_piece().await?;
        }
        Ok(self.loaded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_taken_off_with_its_extension() {
        let mut message = BINARY_HEADER.to_vec();
        message.extend_from_slice(b"\0\x01rest");
        assert_eq!(after_header(&message).unwrap(), b"\0\x01rest");
        message[18] = 2;
        assert_eq!(after_header(&message).unwrap(), b"rest");
        assert!(after_header(b"PGCOPY").is_err());
        assert!(after_header(&[0; 19]).is_err());
    }
}
