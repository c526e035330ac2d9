//! Foreign keys, unique keys, checks, and what leads an index.

use std::collections::BTreeMap;

use tokio_postgres::Row;

use super::{ask, ident, idents, json_list};
use crate::error::ServerError;
use crate::ident::{Ident, QualifiedTable};
use crate::pg::client::Client;
use crate::pg::failure::ServerResult;
use crate::table::ForeignKey;

/// Every foreign key whose table or whose parent lies in the schema; not those that a partition has from its parent.
///
/// # Errors
/// The server's.
pub async fn foreign_keys_touching(client: &Client, schema: &Ident) -> Result<Vec<ForeignKey>, ServerError> {
    let rows = ask(client, include_str!("../sql/foreign_keys_touching.sql"), &[schema.raw()]).await?;
    rows.iter().map(foreign_key).collect()
}

fn foreign_key(row: &Row) -> Result<ForeignKey, ServerError> {
    Ok(ForeignKey {
        name: ident(row, "name")?,
        table: QualifiedTable::new(ident(row, "schema")?, ident(row, "table_name")?),
        columns: idents(row, "columns")?,
        parent: QualifiedTable::new(ident(row, "parent_schema")?, ident(row, "parent_name")?),
        parent_columns: idents(row, "parent_columns")?,
        validated: row.try_get("validated").server()?,
        has_period: row.try_get("has_period").server()?,
    })
}

/// A foreign key over which a table hangs from shared tables, directly or over other tables.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HangingKey {
    /// The key.
    pub key: ForeignKey,
    /// ON DELETE CASCADE.
    pub cascades: bool,
    /// Its table is one of those that somebody has decided about.
    pub is_settled: bool,
}

/// The foreign keys over which tables of any schema hang from the listed tables of this one; what hangs from settled
/// tables is not followed.
///
/// # Errors
/// The server's.
pub async fn keys_hanging_from(
    client: &Client,
    schema: &Ident,
    listed: &[Ident],
    settled: &[QualifiedTable],
) -> Result<Vec<HangingKey>, ServerError> {
    let settled: Vec<[&str; 2]> = settled.iter().map(|table| [table.schema.raw(), table.table.raw()]).collect();
    let settled = serde_json::Value::from_iter(settled.iter().map(|pair| pair.to_vec())).to_string();
    let texts = [schema.raw(), &json_list(listed), &settled];
    let rows = ask(client, include_str!("../sql/hanging.sql"), &texts).await?;
    let key = |row: &Row| {
        Ok(HangingKey {
            key: foreign_key(row)?,
            cascades: row.try_get("cascades").server()?,
            is_settled: row.try_get("is_settled").server()?,
        })
    };
    rows.iter().map(key).collect()
}

/// A check that old rows were never held against.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UncheckedCheck {
    /// Its table.
    pub table: Ident,
    /// Its name.
    pub name: Ident,
    /// Its expression as SQL text, over bare columns.
    pub expression: String,
}

/// The checks of a schema's tables that were added NOT VALID and never validated.
///
/// # Errors
/// The server's.
pub async fn unchecked_checks(client: &Client, schema: &Ident) -> Result<Vec<UncheckedCheck>, ServerError> {
    let rows = ask(client, include_str!("../sql/unchecked_checks.sql"), &[schema.raw()]).await?;
    let check = |row: &Row| {
        Ok(UncheckedCheck {
            table: ident(row, "table_name")?,
            name: ident(row, "name")?,
            expression: row.try_get("expression").server()?,
        })
    };
    rows.iter().map(check).collect()
}

/// An index that refuses a second row.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UniqueKey {
    /// The index; a constraint of the same name may stand behind it.
    pub name: Ident,
    /// The columns where each part of the index is a plain column; none where one is an expression.
    pub columns: Option<Vec<Ident>>,
    /// Each part as SQL text, quoted by the server: `store_id`, `lower(name)`.
    pub expressions: Vec<String>,
    /// The condition of a partial index, as SQL text.
    pub predicate: Option<String>,
    /// Two NULLs are a duplicate too (15 and later).
    pub nulls_not_distinct: bool,
    /// An exclusion constraint's operators as SQL text, one for each part: `operator(pg_catalog.&&)`; else empty.
    pub operators: Vec<String>,
    /// It is an exclusion constraint's index.
    pub is_exclusion: bool,
    /// It is the primary key's.
    pub is_primary: bool,
    /// It may be checked only at commit.
    pub is_deferrable: bool,
}

/// The unique and exclusion indexes of a schema with their tables, of each the primary key first.
///
/// # Errors
/// The server's.
pub async fn unique_keys_of(client: &Client, schema: &Ident) -> Result<Vec<(Ident, UniqueKey)>, ServerError> {
    let rows = ask(client, include_str!("../sql/unique_keys_of.sql"), &[schema.raw()]).await?;
    let key = |row: &Row| {
        let columns = idents(row, "columns")?;
        let expressions: Vec<String> = row.try_get("expressions").server()?;
        let key = UniqueKey {
            name: ident(row, "name")?,
            columns: (columns.len() == expressions.len()).then_some(columns),
            expressions,
            predicate: row.try_get("predicate").server()?,
            nulls_not_distinct: row.try_get("nulls_not_distinct").server()?,
            operators: row.try_get("operators").server()?,
            is_exclusion: row.try_get("is_exclusion").server()?,
            is_primary: row.try_get("is_primary").server()?,
            is_deferrable: row.try_get("is_deferrable").server()?,
        };
        Ok((ident(row, "table_name")?, key))
    };
    rows.iter().map(key).collect()
}

/// For each table, the leading plain columns of its valid btree indexes that cover every row.
///
/// # Errors
/// The server's.
pub async fn index_columns(client: &Client, schema: &Ident) -> Result<BTreeMap<Ident, Vec<Vec<Ident>>>, ServerError> {
    let mut indexes: BTreeMap<Ident, Vec<Vec<Ident>>> = BTreeMap::new();
    for row in ask(client, include_str!("../sql/index_columns.sql"), &[schema.raw()]).await? {
        indexes.entry(ident(&row, "table_name")?).or_default().push(idents(&row, "columns")?);
    }
    Ok(indexes)
}
