//! Whether a schema is there, what is in it, how big a table is, which triggers are on.

use super::{ask, ident, json_list};
use crate::error::ServerError;
use crate::ident::{Ident, QualifiedTable};
use crate::pg::client::Client;
use crate::pg::failure::ServerResult;

/// Whether there is a schema of this name.
///
/// # Errors
/// The server's.
pub async fn schema_exists(client: &Client, schema: &Ident) -> Result<bool, ServerError> {
    let sql = "select from pg_catalog.pg_namespace where nspname = $1::text";
    Ok(!ask(client, sql, &[schema.raw()]).await?.is_empty())
}

/// What lies in a schema, for people: `function f(integer)`, `table orders`, `type status`.
///
/// # Errors
/// The server's.
pub async fn objects_in(client: &Client, schema: &Ident) -> Result<Vec<String>, ServerError> {
    let rows = ask(client, include_str!("../sql/objects_in.sql"), &[schema.raw()]).await?;
    rows.iter().map(|row| row.try_get("object").server()).collect()
}

/// What a table takes on disk.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RelationSize {
    /// Bytes of its rows, with what is stored out of line.
    pub table_bytes: i64,
    /// Bytes of its indexes.
    pub index_bytes: i64,
    /// The planner's estimate of its rows; 0 where it was never analysed.
    pub row_estimate: i64,
}

impl RelationSize {
    /// Bytes of some of its rows, by the average. What was never analysed counts in full: too much rather than too little.
    #[must_use]
    pub fn bytes_of(&self, row_count: u64) -> u64 {
        let (bytes, all) = (self.table_bytes.unsigned_abs(), self.row_estimate.unsigned_abs().max(row_count));
        let share = u128::from(bytes) * u128::from(row_count) / u128::from(all.max(1));
        u64::try_from(share).unwrap_or(bytes)
    }
}

/// What a table takes on disk, its partitions and heirs included; none where there is no such table.
///
/// # Errors
/// The server's.
pub async fn relation_size(client: &Client, table: &QualifiedTable) -> Result<Option<RelationSize>, ServerError> {
    let names = [table.schema.raw(), table.table.raw()];
    let rows = ask(client, include_str!("../sql/relation_size.sql"), &names).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let table_bytes: Option<i64> = row.try_get("table_bytes").server()?;
    let index_bytes: Option<i64> = row.try_get("index_bytes").server()?;
    let row_estimate: i64 = row.try_get::<_, Option<i64>>("row_estimate").server()?.unwrap_or(0);
    let sizes = table_bytes.zip(index_bytes);
    Ok(sizes.map(|(table_bytes, index_bytes)| RelationSize { table_bytes, index_bytes, row_estimate }))
}

/// A trigger that somebody made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TriggerState {
    /// Its table.
    pub table: Ident,
    /// Its name.
    pub name: Ident,
    /// `tgenabled`: `O` on, `D` off, `R` on a replica only, `A` always.
    pub enabled: char,
}

/// The triggers of a schema's tables that somebody made.
///
/// # Errors
/// The server's.
pub async fn user_triggers_of(client: &Client, schema: &Ident) -> Result<Vec<TriggerState>, ServerError> {
    let rows = ask(client, include_str!("../sql/user_triggers_of.sql"), &[schema.raw()]).await?;
    let trigger = |row: &tokio_postgres::Row| {
        let enabled: &str = row.try_get("enabled").server()?;
        Ok(TriggerState {
            table: ident(row, "table_name")?,
            name: ident(row, "name")?,
            enabled: enabled.chars().next().unwrap_or('O'),
        })
    };
    rows.iter().map(trigger).collect()
}

/// Bytes of every schema, indexes and TOAST included, in one question.
///
/// # Errors
/// The server's.
pub async fn schema_sizes(client: &Client) -> Result<std::collections::BTreeMap<String, u64>, ServerError> {
    let sql = "select n.nspname::text as name, sum(pg_catalog.pg_total_relation_size(c.oid))::int8 as bytes
               from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
               where c.relkind in ('r', 'm') group by 1";
    let mut sizes = std::collections::BTreeMap::new();
    for row in ask(client, sql, &[]).await? {
        let bytes: Option<i64> = row.try_get("bytes").server()?;
        sizes.insert(row.try_get("name").server()?, bytes.unwrap_or(0).unsigned_abs());
    }
    Ok(sizes)
}

/// Bytes that these schemas take on disk: tables, indexes, TOAST and sequences.
///
/// # Errors
/// The server's.
pub async fn size_of_schemas(client: &Client, schemas: &[Ident]) -> Result<u64, ServerError> {
    let sql = "select coalesce(sum(pg_catalog.pg_total_relation_size(c.oid)), 0)::int8 as bytes
               from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
               where c.relkind in ('r', 'm', 'S')
                 and n.nspname::text in (select pg_catalog.jsonb_array_elements_text($1::text::jsonb))";
    let rows = ask(client, sql, &[&json_list(schemas)]).await?;
    let bytes: i64 = rows.first().map_or(Ok(0), |row| row.try_get("bytes").server())?;
    Ok(bytes.unsigned_abs())
}
