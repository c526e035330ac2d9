//! Whether a schema is still what was proven, told in a few milliseconds by the versions of the catalogs' rows.

use anyhow::Result;
use tokio_postgres::types::{Json, Type};

use super::client::Client;
use super::failure::ServerResult;
use crate::ident::Ident;
use crate::table::Relation;

const IN_SCHEMA: &str = include_str!("sql/versions_in.sql");

/// Which versions the catalogs have of what is in the schema. Equal text, equal definitions.
///
/// # Errors
/// The server's error.
pub async fn versions(client: &Client, schema: &Ident) -> Result<String> {
    Ok(client.query_typed_one(IN_SCHEMA, &[(&schema.raw(), Type::TEXT)]).await.server()?.get(0))
}

/// Which versions the catalogs have of what these tables of the schema are made of. Equal text, equal DDL fingerprint; and a
/// tenth of the time.
///
/// # Errors
/// The server's error.
pub async fn versions_of(client: &Client, schema: &Ident, tables: &[Ident]) -> Result<String> {
    let names: Vec<&str> = tables.iter().map(Ident::raw).collect();
    let sql = include_str!("sql/versions_of.sql");
    let row = client.query_typed_one(sql, &[(&schema.raw(), Type::TEXT), (&Json(names), Type::JSONB)]).await;
    Ok(row.server()?.get(0))
}

/// Whether the definitions are still these, and none of the tables has a row.
///
/// # Errors
/// The server's error.
pub async fn is_unchanged(client: &Client, schema: &Ident, tables: &[Relation], expected: &str) -> Result<bool> {
    let row = client.query_typed_one(IN_SCHEMA, &[(&schema.raw(), Type::TEXT)]).await.server()?;
    if row.get::<_, &str>(0) != expected || row.get::<_, i64>(1) == 0 || tables.is_empty() {
        return Ok(row.get::<_, &str>(0) == expected);
    }
    // Bytes are rows, or what a store that came to nothing left of its base data.
    let any: Vec<String> = tables.iter().map(|table| format!("exists (select from {table})")).collect();
    Ok(!client.query_typed_one(&format!("select {}", any.join(" or ")), &[]).await.server()?.get::<_, bool>(0))
}
