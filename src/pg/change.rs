//! Whether a store's rows of a table may have changed since a snapshot.
//!
//! Conservative: it may say "maybe" when nothing changed, never the reverse. Rows that came or were updated have a row
//! version at or after the snapshot's xmin; rows that left are missed in the count. What a parent or a condition
//! decides can change without either; for those the caller asks the digest.
//!
//! A transaction that stays open anywhere in the cluster holds the xmin back, and then every row written since looks
//! new for as long as it lasts. So a look that knows the rows remembers which young row versions it saw: the same
//! versions later are the same rows.

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

/// The row versions of a store's table at one snapshot: how many, and a sum over those that are young.
#[derive(Clone, Debug)]
pub struct Versions {
    xmin: i64,
    row_count: i64,
    young: String,
    too_old: bool,
}

impl Versions {
    /// Whether both looks saw the same rows. Versions older than the first look can only become fewer, and the count
    /// tells; what a parent decides is the caller's to know.
    #[must_use]
    pub fn same_as(&self, later: &Self) -> bool {
        !self.too_old
            && !later.too_old
            && (self.xmin, self.row_count, &self.young) == (later.xmin, later.row_count, &later.young)
    }

    /// The same question again, later.
    ///
    /// # Errors
    /// The server's error.
    pub async fn again(&self, client: &impl GenericClient, statement: &CopyStatement) -> Result<Self> {
        Self::read(client, statement, self.xmin).await
    }

    /// The versions that this snapshot sees.
    ///
    /// # Errors
    /// The server's error.
    pub async fn now(client: &impl GenericClient, statement: &CopyStatement) -> Result<Self> {
        let sql = "select pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text::int8";
        let xmin = client.query_one(sql, &[]).await.server()?.get(0);
        Self::read(client, statement, xmin).await
    }

    async fn read(client: &impl GenericClient, statement: &CopyStatement, xmin: i64) -> Result<Self> {
        let table = &statement.source.table;
        let sql = format!(
            "select count(*),
                    coalesce(sum(pg_catalog.hashtextextended({table}.tableoid::text || {table}.ctid::text || {table}.xmin::text, 0)::numeric)
                        filter (where pg_catalog.age({table}.xmin) <= pg_catalog.age({}::text::xid)), 0)::text,
                    pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::int8 - {xmin} > {HALF_OF_THE_IDS}
             from {} as {table} where {}",
            xmin.rem_euclid(1 << 32),
            statement.source,
            statement.condition()
        );
        let row = client.query_one(&sql, &[]).await.server()?;
        Ok(Self { xmin, row_count: row.get(0), young: row.get(1), too_old: row.get(2) })
    }
}
