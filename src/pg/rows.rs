//! Small questions and orders about the rows of one table.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use tokio_postgres::types::Type;

use super::client::Client;
use super::failure::ServerResult;
use super::statement::CopyStatement;
use crate::ident::{QualifiedTable, list};
use crate::table::Relation;

/// How many rows of the store the shared table has.
///
/// # Errors
/// The server's error.
pub async fn count_source(client: &Client, statement: &CopyStatement) -> Result<u64> {
    let row = client.query_one(&statement.source_count(), &[]).await.server()?;
    Ok(row.get::<_, i64>(0).unsigned_abs())
}

/// How a store's rows of a shared table are counted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Counting {
    /// The shared table.
    pub table: QualifiedTable,
    /// `select count(*) …`.
    pub sql: String,
}

impl Counting {
    /// As the copy would read them.
    #[must_use]
    pub fn of(statement: &CopyStatement) -> Self {
        Self { table: statement.source.clone(), sql: statement.source_count() }
    }
}

/// The first of these tables that has rows of the store in the shared schema, and how many.
///
/// # Errors
/// The server's error.
pub async fn first_with_rows<'c>(
    client: &Client,
    countings: &'c [Counting],
) -> Result<Option<(&'c QualifiedTable, u64)>> {
    let counts = counts(client, countings.iter().map(|of| &of.sql)).await?;
    Ok(countings.iter().map(|of| &of.table).zip(counts).find(|(_, count)| *count > 0))
}

/// What several `select count(*) …` say, in one statement.
///
/// # Errors
/// The server's error.
pub async fn counts(client: &Client, each: impl Iterator<Item = impl fmt::Display>) -> Result<Vec<u64>> {
    let each = list(each.map(|sql| format!("({sql})")));
    // One row: a UNION of as many takes half as long again to plan.
    let counts: Vec<i64> = client.query_typed_one(&format!("select array[{each}]::int8[]"), &[]).await.server()?.get(0);
    Ok(counts.into_iter().map(i64::unsigned_abs).collect())
}

/// How many rows a table has.
///
/// # Errors
/// The server's error.
pub async fn count(client: &Client, table: &impl fmt::Display) -> Result<u64> {
    let row = client.query_one(&format!("select count(*) from {table}"), &[]).await.server()?;
    Ok(row.get::<_, i64>(0).unsigned_abs())
}

/// Whether any of some tables has a row.
///
/// # Errors
/// The server's error.
pub async fn any(client: &Client, tables: &[Relation]) -> Result<bool> {
    let may_have = may_have_rows(client, tables).await?;
    let with_bytes = tables.iter().zip(may_have).filter(|(_, may)| *may);
    // Bytes are rows, or what a store that came to nothing left of its base data.
    let each: Vec<String> = with_bytes.map(|(table, _)| format!("exists (select from {table})")).collect();
    match each.is_empty() {
        true => Ok(false),
        false => Ok(client.query_typed_one(&format!("select {}", each.join(" or ")), &[]).await.server()?.get(0)),
    }
}

/// Which of some tables have a byte, or are not tables of their own: without a byte there is no row to look for.
async fn may_have_rows(client: &Client, tables: &[Relation]) -> Result<Vec<bool>> {
    let names: Vec<String> = tables.iter().map(|of| of.table.to_string()).collect();
    let sql = "select coalesce(pg_catalog.pg_relation_size(name::regclass) > 0, true) or c.relkind <> 'r'
               from unnest($1::text[]) with ordinality wanted (name, place)
               join pg_catalog.pg_class c on c.oid = name::regclass order by place";
    let found = client.query_typed(sql, &[(&names, Type::TEXT_ARRAY)]).await.server()?;
    Ok(found.iter().map(|row| row.get(0)).collect())
}

/// Whether a table has any row.
///
/// # Errors
/// The server's error.
pub async fn has_rows(client: &Client, table: &impl fmt::Display) -> Result<bool> {
    Ok(client.query_one(&format!("select exists (select from {table})"), &[]).await.server()?.get(0))
}

/// Empties a table of a store schema; only before a load, in the load's own transaction.
///
/// # Errors
/// The server's error, such as a foreign key that points at it.
pub async fn truncate(client: &Client, table: &impl fmt::Display) -> Result<()> {
    Ok(client.batch_execute(&format!("truncate {table}")).await.server()?)
}

/// Tests what was put off until COMMIT now, while the transaction can still be taken back together with others.
///
/// # Errors
/// The server's error, such as a row that a deferred key refuses.
pub async fn check_deferred(client: &Client) -> Result<()> {
    Ok(client.batch_execute("set constraints all immediate").await.server()?)
}

/// Statistics, so that the application's first queries are planned well.
///
/// # Errors
/// The server's error.
pub async fn analyze(client: &Client, tables: &[&QualifiedTable]) -> Result<()> {
    match tables.is_empty() {
        true => Ok(()),
        false => Ok(client.batch_execute(&format!("analyze {}", list(tables))).await.server()?),
    }
}

/// Whether row security hides rows of a table from this role.
///
/// # Errors
/// The server's error.
pub async fn are_hidden(client: &Client, table: &QualifiedTable) -> Result<bool> {
    let sql = "select coalesce(pg_catalog.row_security_active(to_regclass($1)::oid), false)";
    Ok(client.query_one(sql, &[&table.to_string()]).await.server()?.get(0))
}

/// Whether this role may read all rows of a table.
///
/// # Errors
/// The server's error.
pub async fn are_readable(client: &Client, table: &QualifiedTable) -> Result<bool> {
    let sql = "select coalesce(pg_catalog.has_schema_privilege(n.oid, 'usage')
                 and pg_catalog.has_table_privilege(c.oid, 'select')
                 and not pg_catalog.row_security_active(c.oid), false)
               from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
               where n.nspname::text = $1 and c.relname::text = $2";
    let row = client.query_opt(sql, &[&table.schema.raw(), &table.table.raw()]).await.server()?;
    Ok(row.is_some_and(|row| row.get(0)))
}

/// What rows the tables of a schema have that no copy accounts for: base data, and tables that the manifest does not
/// list. Table → count and sum of hashes.
///
/// # Errors
/// The server's error.
pub async fn fingerprints(client: &Client, tables: &[Relation]) -> Result<BTreeMap<String, String>> {
    if tables.is_empty() {
        return Ok(BTreeMap::new());
    }
    let of_each = tables.iter().map(|table| {
        format!(
            "(select count(*) || ':' ||
                    coalesce(sum(pg_catalog.hashtextextended(\"tenantctl row\"::text, 0)::numeric), 0)
              from {table} as \"tenantctl row\")"
        )
    });
    let sql = format!("select array[{}]::text[]", list(of_each));
    let values: Vec<String> = client.query_typed_one(&sql, &[]).await.server()?.get(0);
    Ok(tables.iter().zip(values).map(|(of, value)| (of.table.table.raw().to_owned(), value)).collect())
}

/// The same where most have never had a row: those without a byte are not read.
///
/// # Errors
/// The server's error.
pub async fn fingerprints_of_few(client: &Client, tables: &[Relation]) -> Result<BTreeMap<String, String>> {
    let may_have = may_have_rows(client, tables).await?;
    let of = |wanted: bool| tables.iter().zip(&may_have).filter(move |(_, may)| **may == wanted).map(|(of, _)| of);
    let mut found = fingerprints(client, &of(true).cloned().collect::<Vec<_>>()).await?;
    found.extend(of(false).map(|of| (of.table.table.raw().to_owned(), "0:0".to_owned())));
    Ok(found)
}
