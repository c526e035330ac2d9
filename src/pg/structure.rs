//! A schema as text, object by object: two schemas that one template made say the same.
//!
//! Only reads. Which objects are to be expected, the template says (`step/create`); what is said of a difference,
//! `view`.

mod difference;
mod placeholder;

use anyhow::{Result, ensure};
use futures_util::TryStreamExt;
use futures_util::future::try_join_all;
use tokio_postgres::types::Type;

pub use difference::differences;

use super::client::Client;
use super::failure::ServerResult;
use crate::error::ServerError;
use crate::ident::Ident;
use crate::plan::Structure;
use placeholder::Placeholder;

const CONSTRAINTS: &str = include_str!("sql/structure_constraints.sql");
const REMARKS: &str = include_str!("sql/structure_remarks.sql");

const RELATIONS: &str = concat!(include_str!("sql/structure_members.sql"), include_str!("sql/structure_relations.sql"));
const COLUMNS: &str = concat!(include_str!("sql/structure_members.sql"), include_str!("sql/structure_columns.sql"));
const INDEXES: &str = include_str!("sql/structure_indexes.sql");
const RULES: &str = include_str!("sql/structure_rules.sql");
const TYPES: &str = include_str!("sql/structure_types.sql");
const FUNCTIONS: &str = include_str!("sql/structure_functions.sql");
const OTHER: &str = include_str!("sql/structure_other.sql");

/// The objects of a schema, name → definition. Names inside the schema stand without it, all others with theirs;
/// where the schema's own name is left in a text, `{{schema}}` stands for it.
///
/// Runs inside a transaction that the caller opened: the server leaves a schema out of a name only where
/// `search_path` says so, hence `set local`, and back to nothing at the end.
///
/// # Errors
/// Fails outside a transaction; the server's.
pub async fn structure_of(client: &Client, schema: &Ident) -> Result<Structure> {
    let kinds = include_str!("sql/structure_kinds.sql");
    let row = client.query_typed_one(kinds, &[(&schema.raw(), Type::TEXT)]).await.server()?;
    let asked = |kind: &str, question| anyhow::Ok(row.try_get::<_, bool>(kind).server()?.then_some(question));
    // One question for each catalog, for the whole schema; each answers with name and definition.
    let mut questions = vec![RELATIONS, COLUMNS, CONSTRAINTS, INDEXES, REMARKS];
    for (kind, question) in [("rules", RULES), ("types", TYPES), ("functions", FUNCTIONS), ("other", OTHER)] {
        questions.extend(asked(kind, question)?);
    }
    ask(client, schema, &questions).await
}

/// Only the constraints of a schema, as [`structure_of`] says them.
///
/// # Errors
/// Fails outside a transaction; the server's.
pub async fn constraints_of(client: &Client, schema: &Ident) -> Result<Structure> {
    ask(client, schema, &[CONSTRAINTS]).await
}

/// Only the comments, owners and grants of a schema, as [`structure_of`] says them.
///
/// # Errors
/// Fails outside a transaction; the server's.
pub async fn remarks_of(client: &Client, schema: &Ident) -> Result<Structure> {
    ask(client, schema, &[REMARKS]).await
}

async fn ask(client: &Client, schema: &Ident, questions: &[&str]) -> Result<Structure> {
    let path = schema.to_string();
    set_path(client, &path).await?;
    let now = client.query_typed_one("select current_setting('search_path')", &[]).await.server()?;
    ensure!(now.try_get::<_, &str>(0).server()? == path, "the structure of a schema is read inside a transaction only");
    // All at once on one connection: they are answered in turn, without a round trip between two.
    let answers = try_join_all(questions.iter().map(|question| answer(client, question, schema))).await?;
    set_path(client, "").await?;
    let placeholder = Placeholder::new(schema);
    let objects = answers.into_iter().flatten();
    Ok(objects.map(|(name, definition)| (name, placeholder.put(&definition))).collect())
}

/// `set local search_path` with the value as a parameter.
async fn set_path(client: &Client, path: &str) -> Result<(), ServerError> {
    let sql = "select pg_catalog.set_config('search_path', $1, true)";
    client.query_typed(sql, &[(&path, Type::TEXT)]).await.server().map(drop)
}

async fn answer(client: &Client, question: &str, schema: &Ident) -> Result<Vec<(String, String)>, ServerError> {
    let rows = client.query_typed_raw(question, [(schema.raw(), Type::TEXT)]).await.server()?;
    let rows: Vec<_> = rows.try_collect().await.server()?;
    let object = |row: &tokio_postgres::Row| {
        let definition: Option<String> = row.try_get("definition").server()?;
        Ok((row.try_get("name").server()?, definition.unwrap_or_default()))
    };
    rows.iter().map(object).collect()
}
