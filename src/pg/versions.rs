//! Whether a schema is still what was proven, told in a few milliseconds by the versions of the catalogs' rows.

use anyhow::Result;
use tokio_postgres::types::{Json, Type};

use super::client::Client;
use super::failure::ServerResult;
use crate::ident::Ident;

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
