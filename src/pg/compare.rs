//! Finds the rows that differ, after two digests did.
//!
//! Reads both sides as text in the order of the key and merges them: memory stays flat at any size. Which rows belong
//! to the store is in the two selects, which `step/verify` makes; whether the application may have made a difference,
//! it knows too.

mod merge;
mod side;

use anyhow::Result;

use crate::ident::Ident;
use crate::report::Difference;
use merge::Merge;
pub use side::Side;

/// The rows that only one side has, and those that differ, with the columns that do; at most `max` of them, and how
/// many there are in all. A key that stands twice on one side leaves one of the two without a partner.
///
/// Without a key both sides are multisets of rows; then all columns are the key of a difference.
///
/// The sides must be two connections: on one, each would wait for the other. On an error, or when the future is
/// dropped, a server may go on sending for a while; cancel it before its connection is used again.
///
/// # Errors
/// The server's, of either side.
pub async fn differences(
    source: Side<'_>,
    target: Side<'_>,
    columns: &[Ident],
    key: &[Ident],
    max: usize,
) -> Result<(Vec<Difference>, u64)> {
    let key = if key.is_empty() { columns } else { key };
    let rest: Vec<&Ident> = columns.iter().filter(|column| !key.contains(column)).collect();
    let (mut source, mut target) = futures_util::try_join!(source.open(key, &rest), target.open(key, &rest))?;
    let mut merge = Merge::new(key, &rest, max);
    while merge.step(&mut source, &mut target).await? {}
    Ok(merge.found())
}
