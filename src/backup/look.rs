//! Reads one file of a backup to its end: its sum, and the digest of its rows.

use std::io::{self, BufRead, BufReader, Read};

use anyhow::{Context, Result, bail};

use super::sum::Summed;
use super::{BUFFER_BYTES, CONTENTS, SUMS, TEXT_BYTES, has_rows, is_compressed};
use crate::digest::Digest;

/// What was seen of one file.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// Its SHA-256.
    pub(super) sum: String,
    /// Its bytes.
    pub(super) bytes: u64,
    /// Of a file of rows, what they are.
    pub(super) digest: Option<Digest>,
    /// Of contents and sums, all of it.
    pub(super) text: Option<Vec<u8>>,
    /// Why it could not be read.
    pub(super) trouble: Option<String>,
}

/// Reads one file to its end.
pub(super) fn look(name: &str, from: &mut dyn Read) -> Seen {
    let mut summed = Summed::new(from);
    let mut seen = Seen::default();
    let read = match name {
        _ if has_rows(name) => digest_of(name, &mut summed).map(|digest| seen.digest = Some(digest)),
        CONTENTS | SUMS => {
            let mut text = Vec::new();
            let read = (&mut summed).take(TEXT_BYTES).read_to_end(&mut text);
            seen.text = Some(text);
            read.map(drop).map_err(Into::into)
        }
        _ => Ok(()),
    };
    let rest = io::copy(&mut summed, &mut io::sink());
    seen.trouble = read.err().or(rest.err().map(Into::into)).map(|error| format!("{error:#}"));
    seen.bytes = summed.bytes;
    seen.sum = summed.sum();
    seen
}

fn digest_of(name: &str, from: &mut impl Read) -> Result<Digest> {
    match is_compressed(name) {
        true => lines(BufReader::with_capacity(BUFFER_BYTES, zstd::stream::read::Decoder::new(from)?)),
        false => lines(BufReader::with_capacity(BUFFER_BYTES, from)),
    }
}

fn lines(mut from: impl BufRead) -> Result<Digest> {
    let (mut digest, mut cut) = (Digest::default(), Vec::new());
    loop {
        let bytes = from.fill_buf().context("reading its rows")?;
        if bytes.is_empty() {
            break;
        }
        let mut begun = 0;
        for end in memchr::memchr_iter(b'\n', bytes) {
            let line = &bytes[begun..=end];
            begun = end + 1;
            if cut.is_empty() {
                digest.add(line);
            } else {
                cut.extend_from_slice(line);
                digest.add(&cut);
                cut.clear();
            }
        }
        cut.extend_from_slice(&bytes[begun..]);
        let taken = bytes.len();
        from.consume(taken);
    }
    match cut.is_empty() {
        true => Ok(digest),
        false => bail!("its last row is cut off"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_the_same_however_they_come() {
        let text = b"one\ntwo two\n\nthree\n";
        let mut whole = Digest::default();
        text.split_inclusive(|byte| *byte == b'\n').for_each(|line| whole.add(line));
        for size in 1..text.len() + 2 {
            assert_eq!(lines(BufReader::with_capacity(size, &text[..])).unwrap(), whole, "{size}");
            assert!(lines(BufReader::with_capacity(size, &text[..text.len() - 1])).is_err(), "{size}");
        }
    }
}
