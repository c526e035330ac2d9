//! What the server and the journal say of all stores at once: a handful of questions, whatever the number of stores.
//!
//! Each answers for the schemas or roles that it is given; what belongs to which store, `step/measure` knows.

use std::collections::BTreeMap;

use anyhow::Result;
use tokio_postgres::Row;

use super::client::Client;
use super::failure::ServerResult;
use crate::error::ServerError;
use crate::ident::{Ident, QualifiedTable};
use crate::metric::{Backup, Moment, SequenceRoom, Verdict};

/// What decides what can be known.
#[derive(Clone, Debug)]
pub struct ServerFacts {
    /// The server's clock.
    pub now: Moment,
    /// Since when it counts; none: never reset.
    pub counted_since: Option<Moment>,
    /// Whether it counts at all (`track_counts`).
    pub counts: bool,
    /// The schema of `pg_stat_statements`, where this database has it.
    pub statements_schema: Option<Ident>,
    /// Tables, indexes and TOAST tables that the schemas hold, about.
    pub relation_count: u64,
}

/// Asks what can be known of these schemas.
///
/// # Errors
/// The server's error.
pub async fn server(client: &Client, schemas: &[&str]) -> Result<ServerFacts> {
    let row = client.query_one(include_str!("sql/metrics_server.sql"), &[&schemas]).await.server()?;
    Ok(ServerFacts {
        now: Moment(row.try_get("now").server()?),
        counted_since: moment(&row, "counted_since")?,
        counts: row.try_get("counts").server()?,
        statements_schema: row.try_get::<_, Option<String>>("statements_schema").server()?.map(Ident::new),
        relation_count: count(&row, "relations")?,
    })
}

/// Where sizes come from. Looking a relation up on the disk waits for whoever has it locked against all.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sizes {
    /// The disk.
    Disk,
    /// The catalogs; the disk for what they do not know yet.
    Catalogs,
    /// The catalogs alone.
    CatalogsAlone,
}

/// Gives up waiting for locks soon: others' locks are what is to be seen.
///
/// # Errors
/// The server's error.
pub async fn be_brief(client: &Client) -> Result<()> {
    client.batch_execute("set lock_timeout = '250ms'").await.server()?;
    Ok(())
}

/// What a schema holds.
#[derive(Clone, Debug)]
pub struct SchemaFacts {
    /// Tables.
    pub table_count: u64,
    /// Rows, estimated.
    pub rows: u64,
    /// Dead row versions, estimated.
    pub dead_rows: u64,
    /// Bytes of tables.
    pub heap_bytes: u64,
    /// Bytes of indexes.
    pub index_bytes: u64,
    /// Bytes out of line, with their indexes.
    pub toast_bytes: u64,
    /// Rows inserted, updated, deleted.
    pub rows_written: u64,
    /// The newest vacuum.
    pub last_vacuum: Option<Moment>,
    /// The newest analyze.
    pub last_analyze: Option<Moment>,
    /// Blocks found in the cache.
    pub blocks_hit: u64,
    /// Blocks that were not.
    pub blocks_read: u64,
    /// Scans over an index.
    pub index_scans: u64,
    /// Scans of whole tables.
    pub sequential_scans: u64,
}

/// Asks what schemas hold, those that exist.
///
/// # Errors
/// The server's error; of a lock, where a size is wanted from the disk.
pub async fn schemas(
    client: &Client,
    schemas: &[&str],
    sizes: Sizes,
) -> Result<BTreeMap<String, SchemaFacts>, ServerError> {
    let (all, new) = (sizes == Sizes::Disk, sizes != Sizes::CatalogsAlone);
    let rows = client.query(include_str!("sql/metrics_relations.sql"), &[&schemas, &all, &new]).await.server()?;
    let facts = |row: &Row| -> Result<(String, SchemaFacts), ServerError> {
        let facts = SchemaFacts {
            table_count: count(row, "table_count")?,
            rows: count(row, "row_count")?,
            dead_rows: count(row, "dead_rows")?,
            heap_bytes: count(row, "heap_bytes")?,
            index_bytes: count(row, "index_bytes")?,
            toast_bytes: count(row, "toast_bytes")?,
            rows_written: count(row, "rows_written")?,
            last_vacuum: moment(row, "last_vacuum")?,
            last_analyze: moment(row, "last_analyze")?,
            blocks_hit: count(row, "blocks_hit")?,
            blocks_read: count(row, "blocks_read")?,
            index_scans: count(row, "index_scans")?,
            sequential_scans: count(row, "sequential_scans")?,
        };
        Ok((row.try_get("schema").server()?, facts))
    };
    rows.iter().map(facts).collect()
}

/// Asks for the sequence of each schema that has the smallest share of values left; a schema without any is not there.
/// Unless `all`, bigint sequences are left out.
///
/// # Errors
/// The server's error; of a lock too.
pub async fn sequences(
    client: &Client,
    schemas: &[&str],
    all: bool,
) -> Result<BTreeMap<String, SequenceRoom>, ServerError> {
    let rows = client.query(include_str!("sql/metrics_sequences.sql"), &[&schemas, &all]).await.server()?;
    Ok(rows.iter().map(|row| (row.get(0), SequenceRoom { sequence: row.get(1), left_ratio: row.get(2) })).collect())
}

/// The connections of a role.
#[derive(Clone, Debug)]
pub struct SessionFacts {
    /// All.
    pub connections: u64,
    /// Those at work; none where this role may not see it.
    pub active: Option<u64>,
    /// The oldest open transaction, in seconds.
    pub transaction_seconds: Option<f64>,
}

/// Asks for the connections of roles, by their oids; a role without any is not there.
///
/// # Errors
/// The server's error.
pub async fn sessions(client: &Client, roles: &[u32]) -> Result<BTreeMap<u32, SessionFacts>> {
    let rows = client.query(include_str!("sql/metrics_sessions.sql"), &[&roles]).await.server()?;
    let facts = |row: &Row| -> Result<(u32, SessionFacts), ServerError> {
        let facts = SessionFacts {
            connections: count(row, "connections")?,
            active: row.try_get::<_, Option<i64>>("active").server()?.map(i64::unsigned_abs),
            transaction_seconds: row.try_get("transaction_seconds").server()?,
        };
        Ok((row.try_get("role").server()?, facts))
    };
    Ok(rows.iter().map(facts).collect::<Result<_, _>>()?)
}

/// Asks who waits for locks: how many, and how long the longest, by schema. `roles` are those of the schemas in the same
/// places, 0 where there is none.
///
/// # Errors
/// The server's error.
pub async fn waits(client: &Client, schemas: &[&str], roles: &[u32]) -> Result<BTreeMap<String, (u64, Option<f64>)>> {
    let rows = client.query(include_str!("sql/metrics_waits.sql"), &[&schemas, &roles]).await.server()?;
    Ok(rows.iter().map(|row| (row.get(0), (row.get::<_, i64>(1).unsigned_abs(), row.get(2)))).collect())
}

/// Asks `pg_stat_statements` for seconds and calls of roles in this database, by their oids.
///
/// # Errors
/// The server's error: the extension may be there without its library.
pub async fn statements(
    client: &Client,
    schema: &Ident,
    roles: &[u32],
) -> Result<BTreeMap<u32, (f64, u64)>, ServerError> {
    // Without the texts: they are read from a file.
    let sql = format!(
        "select userid, sum(total_exec_time)::float8 / 1000, sum(calls)::int8 from {schema}.pg_stat_statements(false)
         where userid = any ($1)
           and dbid = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
         group by userid"
    );
    let rows = client.query(&sql, &[&roles]).await.server()?;
    Ok(rows.iter().map(|row| (row.get(0), (row.get(1), row.get::<_, i64>(2).unsigned_abs()))).collect())
}

/// What the journal knows of a store's live move.
#[derive(Clone, Debug)]
pub struct MoveFacts {
    /// The store's key.
    pub store: String,
    /// Its schema.
    pub schema: String,
    /// The stage's word.
    pub stage: String,
    /// When it came to it.
    pub stage_since: Option<Moment>,
    /// Rows that were loaded, and when that was done.
    pub loaded: Option<(u64, Moment)>,
    /// What the last look said.
    pub verdict: Option<Verdict>,
    /// When that was.
    pub verified_at: Option<Moment>,
    /// The role that was made, with its oid.
    pub role: Option<(String, u32)>,
    /// The newest proven backup.
    pub backup: Option<Backup>,
}

/// Asks the journal for all live moves of a shared schema; the journal must be there.
///
/// # Errors
/// The server's error.
pub async fn moves(client: &Client, shared: &Ident) -> Result<Vec<MoveFacts>> {
    let rows = client.query(include_str!("sql/metrics_journal.sql"), &[&shared.raw()]).await.server()?;
    let facts = |row: &Row| -> Result<MoveFacts, ServerError> {
        let rows_loaded: Option<i64> = row.try_get("rows_loaded").server()?;
        let verdict = match row.try_get::<_, Option<&str>>("verdict").server()? {
            Some("proven") => Some(Verdict::Proven),
            Some("differs") => Some(Verdict::Differs),
            Some(_) => Some(Verdict::NotVerified),
            None => None,
        };
        let backup_at = moment(row, "backup_at")?;
        let number = |name| row.try_get::<_, Option<i64>>(name).server().map(|it| it.map(i64::unsigned_abs));
        Ok(MoveFacts {
            store: row.try_get("store_key").server()?,
            schema: row.try_get("store_schema").server()?,
            stage: row.try_get("stage").server()?,
            stage_since: moment(row, "stage_since")?,
            loaded: rows_loaded.map(i64::unsigned_abs).zip(moment(row, "copied_at")?),
            verdict,
            verified_at: moment(row, "verified_at")?,
            role: row
                .try_get::<_, Option<String>>("role")
                .server()?
                .zip(row.try_get::<_, Option<u32>>("role_oid").server()?),
            backup: match backup_at {
                Some(at) => Some(Backup {
                    at,
                    to: row.try_get("backup_to").server()?,
                    bytes: number("backup_bytes")?,
                    rows: number("backup_rows")?,
                }),
                None => None,
            },
        })
    };
    Ok(rows.iter().map(facts).collect::<Result<_, _>>()?)
}

/// Counts the rows of a schema's tables.
///
/// # Errors
/// The server's error.
pub async fn count_rows(client: &Client, schema: &Ident) -> Result<u64> {
    let sql =
        "select c.relname::text from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
               where n.nspname::text = $1 and c.relkind = 'r' order by 1";
    let tables = client.query(sql, &[&schema.raw()]).await.server()?;
    let counts: Vec<String> = tables
        .iter()
        .map(|row| QualifiedTable::new(schema.clone(), Ident::new(row.get::<_, String>(0))))
        .map(|table| format!("(select count(*) from {table})"))
        .collect();
    if counts.is_empty() {
        return Ok(0);
    }
    let row = client.query_one(&format!("select ({})::int8", counts.join(" + ")), &[]).await.server()?;
    Ok(row.get::<_, i64>(0).unsigned_abs())
}

fn moment(row: &Row, column: &str) -> Result<Option<Moment>, ServerError> {
    Ok(row.try_get::<_, Option<i64>>(column).server()?.map(Moment))
}

fn count(row: &Row, column: &str) -> Result<u64, ServerError> {
    Ok(row.try_get::<_, i64>(column).server()?.unsigned_abs())
}
