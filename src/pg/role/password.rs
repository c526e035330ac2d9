//! Passwords of roles: made from the operating system's randomness, and turned into what the server may know of them.
//!
//! The password itself never goes to the server, whose log and statistics keep statements as they come.

use anyhow::{Context, Result};
use postgres_protocol::password::scram_sha_256;
use rand::TryRng as _;
use rand::rngs::SysRng;

use crate::conninfo::Secret;

/// Letters and digits that stand in URLs, shells and password files as they are, and look like no other.
const LETTERS: &[u8; 56] = b"23456789abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ";

/// Of 56 letters each: more than 180 bits.
const LENGTH: usize = 32;

/// What proves a password without being one: `SCRAM-SHA-256$4096:…`.
#[derive(Clone)]
pub struct Verifier(String);

impl Verifier {
    /// Of a password, with a salt of its own.
    #[must_use]
    pub fn of(password: &Secret) -> Self {
        Self(scram_sha_256(password.reveal().as_bytes()))
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

/// A new password.
///
/// # Errors
/// The operating system gives no random bytes.
pub fn generated() -> Result<Secret> {
    let mut made = String::with_capacity(LENGTH);
    while made.len() < LENGTH {
        let mut bytes = [0_u8; 64];
        SysRng.try_fill_bytes(&mut bytes).context("asking the operating system for random bytes")?;
        // Of 256 values the last 32 are left out, or the first letters would come more often.
        let letters = bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < LETTERS.len() * 4);
        made.extend(letters.map(|byte| char::from(LETTERS[byte % LETTERS.len()])).take(LENGTH - made.len()));
    }
    Ok(Secret::new(made))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_long_and_never_the_same() {
        let (one, other) = (generated().unwrap(), generated().unwrap());
        assert_eq!(one.reveal().len(), 32);
        assert!(one != other && one.reveal().bytes().all(|byte| LETTERS.contains(&byte)));
        let verifier = Verifier::of(&one);
        assert!(verifier.text().starts_with("SCRAM-SHA-256$4096:") && !verifier.text().contains(one.reveal()));
        assert_ne!(verifier.text(), Verifier::of(&one).text(), "each has a salt of its own");
    }
}
