//! Foreign keys, unique keys, and what leads an index.

use std::collections::BTreeMap;

use tokio_postgres::Client;

use super::{ask, ident, idents};
use crate::error::ServerError;
use crate::ident::{Ident, QualifiedTable};
use crate::pg::failure::ServerResult;
use crate::table::ForeignKey;

/// Every foreign key whose table or whose parent lies in the schema; not those that a partition has from its parent.
///
/// # Errors
/// The server's.
pub async fn foreign_keys_touching(client: &Client, schema: &Ident) -> Result<Vec<ForeignKey>, ServerError> {
    let rows = ask(client, include_str!("../sql/foreign_keys_touching.sql"), &[schema.raw()]).await?;
    let key = |row: &tokio_postgres::Row| {
        Ok(ForeignKey {
            name: ident(row, "name")?,
            table: QualifiedTable::new(ident(row, "schema")?, ident(row, "table_name")?),
            columns: idents(row, "columns")?,
            parent: QualifiedTable::new(ident(row, "parent_schema")?, ident(row, "parent_name")?),
            parent_columns: idents(row, "parent_columns")?,
            validated: row.try_get("validated").server()?,
            has_period: row.try_get("has_period").server()?,
        })
    };
    rows.iter().map(key).collect()
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

/// The unique and exclusion indexes of a table, the primary key first.
///
/// # Errors
/// The server's.
pub async fn unique_keys_of(client: &Client, schema: &Ident, table: &Ident) -> Result<Vec<UniqueKey>, ServerError> {
    let rows = ask(client, include_str!("../sql/unique_keys_of.sql"), &[schema.raw(), table.raw()]).await?;
    let key = |row: &tokio_postgres::Row| {
        let columns = idents(row, "columns")?;
        let expressions: Vec<String> = row.try_get("expressions").server()?;
        Ok(UniqueKey {
            name: ident(row, "name")?,
            columns: (columns.len() == expressions.len()).then_some(columns),
            expressions,
            predicate: row.try_get("predicate").server()?,
            nulls_not_distinct: row.try_get("nulls_not_distinct").server()?,
            operators: row.try_get("operators").server()?,
            is_exclusion: row.try_get("is_exclusion").server()?,
            is_primary: row.try_get("is_primary").server()?,
            is_deferrable: row.try_get("is_deferrable").server()?,
        })
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
