//! Named questions to the catalogs.
//!
//! Only reads, only the catalogs and the sequences. What the answers mean for a move, `step` decides; what a schema
//! looks like as a whole, `pg/structure` says.

mod fingerprint;
mod keys;
mod objects;
mod pointing;
mod sequences;
mod tables;
mod tokens;

use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

pub use fingerprint::ddl_fingerprint;
pub use keys::{
    HangingKey, UncheckedCheck, UniqueKey, foreign_keys_touching, index_columns, keys_hanging_from, unchecked_checks,
    unique_keys_of,
};
pub use objects::{
    RelationSize, TriggerState, objects_in, relation_size, schema_exists, schema_sizes, size_of_schemas,
    user_triggers_of,
};
pub use pointing::pointing_at;
pub use sequences::{SequenceFacts, SequenceUse, SequenceUser, sequences_of};
pub use tables::{key_type_of, tables_of};

use super::client::Client;
use super::failure::ServerResult;
use crate::error::ServerError;
use crate::ident::Ident;

/// Asks with texts as parameters.
async fn ask(client: &Client, sql: &str, texts: &[&str]) -> Result<Vec<Row>, ServerError> {
    let texts: Vec<(&(dyn ToSql + Sync), Type)> = texts.iter().map(|text| (text as _, Type::TEXT)).collect();
    client.query_typed(sql, &texts).await.server()
}

/// A name from a row.
fn ident(row: &Row, column: &str) -> Result<Ident, ServerError> {
    row.try_get::<_, String>(column).map(Ident::new).server()
}

/// A list of names from a row.
fn idents(row: &Row, column: &str) -> Result<Vec<Ident>, ServerError> {
    Ok(row.try_get::<_, Vec<String>>(column).server()?.into_iter().map(Ident::new).collect())
}

/// Names as one text parameter, for `jsonb_array_elements_text`: no name can break out of it.
fn json_list(names: &[Ident]) -> String {
    serde_json::Value::from(names.iter().map(Ident::raw).collect::<Vec<_>>()).to_string()
}
