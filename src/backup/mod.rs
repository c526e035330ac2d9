//! The files of a backup: written as they stream, read back, checked, counted out.
//!
//! Knows bytes, sums and digests; neither SQL nor a server. What stands in the files, `step/backup` says.

mod bucket;
mod check;
mod follow;
mod frames;
mod keep;
mod look;
mod place;
mod read;
mod sum;
mod tarfile;
mod wire;
mod write;

pub use check::{Checked, check, check_rest};
pub use keep::{Kept, clear, found, pass_over, whole};
pub use place::{Base, Form, Place};
pub use read::{Piece, contents_of, pieces};
pub use write::{TableWriter, Work, Written, disk_full};

/// What a backup holds, with counts and digests.
const CONTENTS: &str = "contents.json";
/// A SHA-256 for each file but itself, as `sha256sum -c` reads them.
const SUMS: &str = "SHA256SUMS";
/// The files beside the rows, in the order in which they are loaded; the rows come after the first.
pub const TEXTS: [&str; 5] = ["schema.sql", "sequences.sql", "keys.sql", "outer_keys.sql", "load.sql"];
/// Bytes that are read or written at once.
const BUFFER_BYTES: usize = 256 * 1024;
/// A file that is read whole: definitions, contents.
const TEXT_BYTES: u64 = 256 * 1024 * 1024;

/// Whether a file has rows.
fn has_rows(name: &str) -> bool {
    name.starts_with("data/")
}

fn is_compressed(name: &str) -> bool {
    name.ends_with(".zst")
}
