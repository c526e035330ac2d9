//! Whether a store's rows of a table may have changed since a snapshot.
//!
//! Conservative: it may say "maybe" when nothing changed, never the reverse. Rows that came or were updated have a row
//! version at or after the snapshot's xmin; rows that left are missed in the count. What a parent or a condition
//! decides can change without either; for those the caller asks the digest.

use anyhow::{Context, Result};
use tokio_postgres::GenericClient;

use super::failure::ServerResult;
use super::statement::CopyStatement;

/// Transaction ids are compared modulo 2^32; beyond half of that the comparison would turn round.
const HALF_OF_THE_IDS: i64 = 2_000_000_000;

/// Whether the rows may differ from what was loaded at `snapshot`.
///
/// # Errors
/// The server's error.
pub async fn may_have_changed(
    client: &impl GenericClient,
    statement: &CopyStatement,
    snapshot: &str,
    row_count: u64,
) -> Result<bool> {
    let xmin: i64 = snapshot.split(':').next().and_then(|xmin| xmin.parse().ok()).context("the journal's snapshot")?;
    let table = &statement.source.table;
    let sql = format!(
        "select count(*),
                coalesce(bool_or(pg_catalog.age({table}.xmin) <= pg_catalog.age({}::text::xid)), false),
                pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::int8 - {xmin} > {HALF_OF_THE_IDS}
         from {} as {table} where {}",
        xmin.rem_euclid(1 << 32),
        statement.source,
        statement.condition()
    );
    let row = client.query_one(&sql, &[]).await.server()?;
    let (count, newer, too_old): (i64, bool, bool) = (row.get(0), row.get(1), row.get(2));
    Ok(newer || too_old || count.unsigned_abs() != row_count)
}
