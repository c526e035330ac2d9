//! Reads a table of a store schema back: a big one by several connections at one snapshot, a range of its blocks each.
//!
//! The digest is a sum, so it is the same whoever reads which rows. What it is compared with, `verify` knows.

use std::num::NonZeroU8;

use anyhow::{Context, Result};
use futures_util::future::try_join_all;

use super::Means;
use crate::digest::Digest;
use crate::pg::Transaction;
use crate::pg::ranges::ranges;
use crate::pg::session::Session;
use crate::pg::snapshot::Snapshot;
use crate::pg::statement::{BlockRange, CopyStatement};
use crate::pg::transfer::{DigestOnly, transfer};

/// Rows that are worth a connection of their own.
const ROWS_OF_A_READER: u64 = 200_000;

/// How many connections read so many rows back, of so many that there are.
pub(super) fn readers(row_count: u64, most: NonZeroU8) -> u8 {
    u8::try_from(row_count / ROWS_OF_A_READER).unwrap_or(u8::MAX).clamp(1, most.get())
}

/// The digest of a store's table at the snapshot, by the reader and others beside it where the table is read in ranges.
///
/// # Errors
/// The server's error.
pub(super) async fn read_back(
    means: &Means<'_>,
    snapshot: &Snapshot<'_>,
    reader: &Transaction<'_>,
    statement: &CopyStatement,
    readers: u8,
) -> Result<Digest> {
    let select = |range| statement.target_range_rows(range);
    let ranges = match readers {
        1 => Vec::new(),
        readers => ranges(reader, &statement.from_target(), select, readers.into()).await?,
    };
    if ranges.len() < 2 {
        return digest(reader, statement, &statement.target_digest()).await;
    }
    let mut sessions: Vec<Session> = Vec::new();
    for _ in 1..ranges.len() {
        sessions.push(means.sessions.reader().await?);
    }
    let read = read_ranges(snapshot, reader, &mut sessions, statement, &ranges).await;
    if read.is_err() {
        for session in sessions {
            session.abandon().await; // it may still be sending
        }
    }
    read
}

async fn read_ranges(
    snapshot: &Snapshot<'_>,
    reader: &Transaction<'_>,
    sessions: &mut [Session],
    statement: &CopyStatement,
    ranges: &[BlockRange],
) -> Result<Digest> {
    let mut others = Vec::new();
    for session in sessions {
        others.push(snapshot.import(session).await?);
    }
    let all = std::iter::once(reader).chain(&others).zip(ranges);
    let digests = all
        .map(|(reader, range)| async move { digest(reader, statement, &statement.target_range_digest(*range)).await });
    let mut whole = Digest::default();
    try_join_all(digests).await?.iter().for_each(|digest| whole.merge(digest));
    Ok(whole)
}

/// The digest of what a COPY sends.
///
/// # Errors
/// The server's error.
pub(super) async fn digest(reader: &Transaction<'_>, statement: &CopyStatement, copy_out: &str) -> Result<Digest> {
    let read = transfer(reader, copy_out, statement.format, &mut DigestOnly::default(), |_| ()).await;
    read.with_context(|| format!("reading table {}", statement.source.table.raw()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_rows_have_one_reader_and_many_no_more_than_there_are() {
        let of = |row_count| readers(row_count, NonZeroU8::new(4).unwrap());
        assert_eq!([0, 399_999, 400_000, 1_000_000, u64::MAX].map(of), [1, 1, 2, 4, 4]);
    }
}
