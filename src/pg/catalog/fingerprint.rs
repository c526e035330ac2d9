//! A fingerprint of some tables' definitions: a recorded plan holds only while it stays the same.

use super::{ask, json_list};
use crate::digest::hash_of_text;
use crate::error::ServerError;
use crate::ident::Ident;
use crate::pg::client::Client;
use crate::pg::failure::ServerResult;

/// 32 hex digits over columns, types, defaults, constraints and triggers of these tables. Oids, data, the order of
/// columns and new partitions do not change it. Needs the pinned `search_path`, so that names are written in full.
///
/// # Errors
/// The server's.
pub async fn ddl_fingerprint(client: &Client, schema: &Ident, tables: &[Ident]) -> Result<String, ServerError> {
    let list = json_list(tables);
    let mut lines = Vec::new();
    for row in ask(client, include_str!("../sql/ddl_fingerprint.sql"), &[schema.raw(), &list]).await? {
        let part = |column| row.try_get::<_, Option<String>>(column).server().map(Option::unwrap_or_default);
        lines.push([part("table_name")?, part("kind")?, part("name")?, part("definition")?].join("\0"));
    }
    lines.sort(); // here, by bytes: a database's collation may order otherwise than another's
    Ok(hash_of_text(&lines.join("\0\0")))
}
