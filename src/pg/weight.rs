//! How much things weigh: rows of a table as COPY sends them and on disk, the log, and the locks of a dump.
//!
//! Asks; what follows from it for stores, `step/weigh` and `fleet/forecast` reckon.

use anyhow::{Context, Result};

use super::catalog::{self, RelationSize};
use super::client::Client;
use super::failure::ServerResult;
use super::session::Transaction;
use super::statement::CopyStatement;
use super::transfer::{DigestOnly, transfer};

/// Rows of a table that are read to know how wide they are.
const SAMPLED_ROWS: f64 = 5_000.0;

/// How much a row of a shared table is, on the average.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RowWeight {
    /// As COPY sends it.
    pub copy_bytes: f64,
    /// In the table, with what is stored out of line.
    pub table_bytes: f64,
    /// In all its indexes.
    pub index_bytes: f64,
}

/// Weighs a table by a sample of its rows, in whole blocks from all over it.
///
/// # Errors
/// The server's.
pub async fn row_weight(reader: &Transaction<'_>, statement: &CopyStatement, row_count: u64) -> Result<RowWeight> {
    let size: Option<RelationSize> = catalog::relation_size(reader.client(), &statement.source).await?;
    let Some(size) = size.filter(|_| row_count > 0) else { return Ok(RowWeight::default()) };
    let rows = row_count as f64;
    let sample = statement.copy_sample((100.0 * SAMPLED_ROWS / rows).min(100.0));
    let read = transfer(reader, &sample, statement.format, &mut DigestOnly::default(), |_| ()).await;
    let mut read = read.with_context(|| format!("weighing rows of {}", statement.source.raw()))?;
    if read.row_count == 0 {
        let all = statement.copy_sample(100.0); // the blocks that were chosen happened to be empty
        read = transfer(reader, &all, statement.format, &mut DigestOnly::default(), |_| ()).await?;
    }
    Ok(RowWeight {
        copy_bytes: read.byte_count as f64 / (read.row_count.max(1)) as f64,
        table_bytes: size.table_bytes as f64 / rows,
        index_bytes: size.index_bytes as f64 / rows,
    })
}

/// Where the write-ahead log stands, in bytes; none on a standby, or where this role may not ask.
pub async fn log_position(client: &Client) -> Option<u64> {
    let sql = "select pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), '0/0')::int8";
    let row = client.query_one(sql, &[]).await.ok()?;
    Some(row.get::<_, i64>(0).unsigned_abs())
}

/// Tables and sequences of the database that are not the server's own: a dump locks them all.
///
/// # Errors
/// The server's.
pub async fn lockable(client: &Client) -> Result<u64> {
    let sql = "select count(*) from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
               where c.relkind in ('r', 'p', 'S') and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'";
    Ok(client.query_one(sql, &[]).await.server()?.get::<_, i64>(0).unsigned_abs())
}

/// Names of the shared schema's tables, indexes and sequences as a structure names them.
///
/// # Errors
/// The server's.
pub async fn relation_names(client: &Client, shared_schema: &str) -> Result<Vec<String>> {
    let sql = "select case c.relkind when 'S' then 'sequence ' when 'i' then 'index ' else 'table ' end
                 || quote_ident(c.relname) || coalesce(' on ' || quote_ident(t.relname), '')
               from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
               left join pg_catalog.pg_index i on i.indexrelid = c.oid
               left join pg_catalog.pg_class t on t.oid = i.indrelid
               where n.nspname = $1::text and c.relkind in ('r', 'p', 'i', 'S')";
    let rows = client.query(sql, &[&shared_schema]).await.server()?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
