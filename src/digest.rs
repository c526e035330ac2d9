//! The digest of a set of rows: a sum of 128-bit hashes, so that order does not matter and duplicates do. And the hash of
//! a text.
//!
//! Knows bytes, nothing else; what bytes a row has is decided by the format and the settings that stand in its name.

use std::fmt;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

/// The digest's name and version, stored wherever a digest is: XXH3-128 of each COPY row message, summed modulo 2^128.
pub const DIGEST_NAME: &str = "xxh3-128-sum/1";

/// How many rows, how many bytes, and what they were.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Digest {
    /// Rows.
    pub row_count: u64,
    /// Bytes of the rows as COPY sends them, without header and trailer.
    pub byte_count: u64,
    sum: u128,
}

impl Digest {
    /// Takes one row in.
    pub fn add(&mut self, row: &[u8]) {
        self.row_count += 1;
        self.byte_count += row.len() as u64;
        self.sum = self.sum.wrapping_add(xxh3_128(row));
    }

    /// Takes in what another reader of the same table saw.
    pub fn merge(&mut self, other: &Self) {
        self.row_count += other.row_count;
        self.byte_count += other.byte_count;
        self.sum = self.sum.wrapping_add(other.sum);
    }
}

/// XXH3-128 of a text, as 32 hexadecimal digits: the same on every machine. Tells one text from another; no proof against
/// forgery.
#[must_use]
pub fn hash_of_text(text: &str) -> String {
    format!("{:032x}", xxh3_128(text.as_bytes()))
}

impl fmt::Display for Digest {
    /// 32 hex digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.sum)
    }
}

/// A digest as it is stored: `row_count:byte_count:sum`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DigestText(pub String);

impl From<&Digest> for DigestText {
    fn from(digest: &Digest) -> Self {
        Self(format!("{}:{}:{digest}", digest.row_count, digest.byte_count))
    }
}

impl DigestText {
    /// The digest that was stored; none for a text that is no digest.
    #[must_use]
    pub fn digest(&self) -> Option<Digest> {
        let mut words = self.0.splitn(3, ':');
        let (row_count, byte_count) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        Some(Digest { row_count, byte_count, sum: u128::from_str_radix(words.next()?, 16).ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &[&str]) -> Digest {
        let mut digest = Digest::default();
        rows.iter().for_each(|row| digest.add(row.as_bytes()));
        digest
    }

    #[test]
    fn order_does_not_matter_and_duplicates_do() {
        assert_eq!(of(&["a", "b"]), of(&["b", "a"]));
        assert_ne!(of(&["a", "a"]), of(&["a"]));
        assert_ne!(of(&["a", "a", "b", "b"]), of(&["a", "a", "a", "b"]));
        assert_ne!(of(&["a", "b"]), of(&["a", "c"]));
    }

    #[test]
    fn parts_add_up() {
        let mut sum = of(&["a"]);
        sum.merge(&of(&["b", "c"]));
        assert_eq!(sum, of(&["a", "b", "c"]));
    }

    #[test]
    fn what_is_stored_is_read_back() {
        let digest = of(&["a", "b", "c"]);
        assert_eq!(DigestText::from(&digest).digest(), Some(digest));
        for text in ["", "3:3", "3:3:xyz", "-1:3:0"] {
            assert_eq!(DigestText(text.into()).digest(), None, "{text}");
        }
    }
}
