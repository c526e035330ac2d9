//! Sums of bytes: SHA-256, as people and `sha256sum` write it.

use std::collections::BTreeMap;
use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

/// 64 digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The sum of a text.
pub(super) fn sum_of(text: &[u8]) -> String {
    hex(&Sha256::digest(text))
}

/// `64 digits, two blanks, a name` per line; none where a line is another.
pub(super) fn read_sums(text: &[u8]) -> Option<BTreeMap<String, String>> {
    let text = std::str::from_utf8(text).ok()?;
    if !text.ends_with('\n') {
        return None;
    }
    let line = |line: &str| {
        let (sum, name) = line.split_once("  ")?;
        let is_sum = sum.len() == 64 && sum.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        (is_sum && !name.is_empty()).then(|| (name.to_owned(), sum.to_owned()))
    };
    text.lines().map(line).collect()
}

/// Reads, and adds up what was read.
pub(super) struct Summed<R> {
    inner: R,
    sum: Sha256,
    /// Bytes so far.
    pub(super) bytes: u64,
}

impl<R> Summed<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, sum: Sha256::new(), bytes: 0 }
    }

    /// The sum of all that was read.
    pub(super) fn sum(self) -> String {
        hex(&self.sum.finalize())
    }
}

impl<R: Read> Read for Summed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.sum.update(&buffer[..read]);
        self.bytes += read as u64;
        Ok(read)
    }
}
