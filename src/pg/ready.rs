//! Whether a schema that stands ready for a store to come is still what was proven, told in a few milliseconds.

use anyhow::Result;
use tokio_postgres::GenericClient;

use super::failure::ServerResult;
use crate::ident::Ident;
use crate::table::Relation;

/// What is in the schema, by its versions: definitions, and the rows of these tables. Equal text, equal contents.
///
/// # Errors
/// The server's error.
pub async fn versions(client: &impl GenericClient, schema: &Ident, tables: &[Relation]) -> Result<String> {
    let of_catalogs = client.query_one(include_str!("sql/versions_in.sql"), &[&schema.raw()]).await.server()?;
    let of_rows = tables.iter().map(|table| {
        format!(
            "select count(*) || ':' || coalesce(sum(pg_catalog.hashtextextended(concat_ws(' ', t.xmin, t.ctid), 0)::numeric), 0)
             from {table} as t"
        )
    });
    let mut versions: Vec<String> = vec![of_catalogs.get(0)];
    let sql = of_rows.collect::<Vec<_>>().join("\nunion all\n");
    if !sql.is_empty() {
        versions.extend(client.query(&sql, &[]).await.server()?.iter().map(|row| row.get::<_, String>(0)));
    }
    Ok(versions.join(" "))
}
