//! Ranges of a table's blocks, so that several sessions read it at once.
//!
//! Ranges in a row, the last one open, leave out no row and give none twice, as long as the table is not rewritten in
//! between: the caller keeps the transaction open in which it asked, and with it a lock that forbids that.

use anyhow::Result;

use super::client::Transaction;
use super::failure::ServerResult;
use super::statement::BlockRange;
use crate::table::Relation;

/// So many ranges of blocks; none where PostgreSQL would not read `select` of a range as a range. It would not before
/// version 14, on a partitioned table, or where an index leads to the store's rows sooner: then each range costs as much as all.
///
/// # Errors
/// The server's error.
pub async fn ranges(
    reader: &Transaction<'_>,
    relation: &Relation,
    select: impl Fn(BlockRange) -> String,
    count: usize,
) -> Result<Vec<BlockRange>> {
    let lock = format!("lock table {relation} in access share mode");
    reader.batch_execute(&lock).await.server()?;
    let sql = "select pg_catalog.pg_relation_size(to_regclass($1)) / current_setting('block_size')::int8";
    let blocks: Option<i64> = reader.query_one(sql, &[&relation.table.to_string()]).await.server()?.get(0);
    let ranges = divided(blocks.unwrap_or(0).unsigned_abs(), count);
    if ranges.len() < 2 {
        return Ok(Vec::new());
    }
    for range in &ranges {
        let explain = format!("explain (costs off) {}", select(*range));
        let plan = reader.query(&explain, &[]).await.server()?;
        if !plan.iter().any(|line| line.get::<_, &str>(0).contains("Tid Range Scan")) {
            return Ok(Vec::new());
        }
    }
    Ok(ranges)
}

fn divided(blocks: u64, count: usize) -> Vec<BlockRange> {
    let count = (count as u64).min(blocks);
    let from = |range: u64| blocks * range / count;
    (0..count)
        .map(|range| BlockRange { from: from(range), until: (range + 1 < count).then(|| from(range + 1)) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_meet_and_the_last_is_open() {
        assert_eq!(divided(0, 3), []);
        for (blocks, count) in [(1, 1), (1, 4), (7, 3), (100, 7)] {
            let ranges = divided(blocks, count);
            assert_eq!(ranges.len() as u64, blocks.min(count as u64));
            assert_eq!((ranges[0].from, ranges[ranges.len() - 1].until), (0, None));
            for pair in ranges.windows(2) {
                assert!(pair[0].from < pair[1].from && pair[0].until == Some(pair[1].from), "{pair:?}");
            }
        }
    }
}
