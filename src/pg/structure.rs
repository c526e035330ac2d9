//! A schema as text, object by object: two schemas that one template made say the same.
//!
//! Only reads. Which objects are to be expected, the template says (`step/create`); what is said of a difference,
//! `view`.

mod difference;
mod placeholder;

use anyhow::Result;
use tokio_postgres::types::{ToSql, Type};

pub use difference::differences;

use super::client::Client;
use super::failure::ServerResult;
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
/// # Errors
/// The server's.
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
/// The server's.
pub async fn constraints_of(client: &Client, schema: &Ident) -> Result<Structure> {
    ask(client, schema, &[CONSTRAINTS]).await
}

/// Only the comments, owners and grants of a schema, as [`structure_of`] says them.
///
/// # Errors
/// The server's.
pub async fn remarks_of(client: &Client, schema: &Ident) -> Result<Structure> {
    ask(client, schema, &[REMARKS]).await
}

/// The server leaves a schema out of a name only where `search_path` says so, and keeps a plan only as long as the path is
/// the one it was made under. So the path is set by the question itself, before anything else of it is worked out, and is
/// nothing again before anything else is asked: one plan serves all schemas.
async fn ask(client: &Client, schema: &Ident, questions: &[&str]) -> Result<Structure> {
    let all: Vec<String> =
        questions.iter().map(|question| format!("select name, definition from ({question}) as question")).collect();
    let sql = format!(
        "select answer.name, answer.definition
         from (select pg_catalog.set_config('search_path', $2, true) = $2 as is_set offset 0) as path
         cross join lateral (select * from ({}) as answer where path.is_set offset 0) as answer",
        all.join(" union all ")
    );
    let (name, path) = (schema.raw(), schema.to_string());
    let values: &[(&(dyn ToSql + Sync), Type)] = &[(&name, Type::TEXT), (&path, Type::TEXT)];
    let no_path = "select pg_catalog.set_config('search_path', '', true)";
    let rows = client.query_typed(&sql, values).await.server()?;
    // Not sent beside the question: where that has to be prepared first, it would come too early.
    client.query_typed(no_path, &[]).await.server()?;
    let placeholder = Placeholder::new(schema);
    let object = |row: &tokio_postgres::Row| {
        let definition: Option<String> = row.try_get("definition").server()?;
        Ok((row.try_get("name").server()?, placeholder.put(&definition.unwrap_or_default())))
    };
    rows.iter().map(object).collect()
}
