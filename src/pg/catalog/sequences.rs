//! Sequences: where they stand and who draws from them.

use std::collections::BTreeMap;

use tokio_postgres::Row;

use super::{ask, ident};
use crate::error::ServerError;
use crate::ident::{Ident, QualifiedTable, list};
use crate::pg::client::Client;
use crate::pg::failure::ServerResult;

/// How a column uses a sequence.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SequenceUse {
    /// GENERATED … AS IDENTITY.
    Identity,
    /// OWNED BY, as serial makes it.
    Owned,
    /// Its default draws from it.
    Default,
}

/// A column that uses a sequence.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SequenceUser {
    /// Its table; it may lie in another schema.
    pub table: QualifiedTable,
    /// The column.
    pub column: Ident,
    /// How.
    pub how: SequenceUse,
}

/// A sequence, its bounds and where it stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SequenceFacts {
    /// Its name.
    pub name: Ident,
    /// The columns that use it; serial columns both own it and draw from it.
    pub users: Vec<SequenceUser>,
    /// `smallint`, `integer`, `bigint`.
    pub data_type: String,
    /// Its step; below zero it runs down.
    pub increment: i64,
    /// Its lowest value.
    pub min: i64,
    /// Its highest value.
    pub max: i64,
    /// It begins again at its end.
    pub cycle: bool,
    /// The last value given out, or the first one to give where `is_called` is false.
    pub last_value: i64,
    /// Whether `last_value` was given out.
    pub is_called: bool,
}

impl SequenceFacts {
    /// The table and column that it numbers: identity before ownership before a default.
    #[must_use]
    pub fn column(&self) -> Option<(&QualifiedTable, &Ident)> {
        let by = |how| self.users.iter().find(|user| user.how == how);
        let user = by(SequenceUse::Identity).or_else(|| by(SequenceUse::Owned)).or_else(|| by(SequenceUse::Default));
        user.map(|user| (&user.table, &user.column))
    }
}

/// Every sequence of a schema, by name.
///
/// # Errors
/// The server's; reading where one stands needs SELECT on it.
pub async fn sequences_of(client: &Client, schema: &Ident) -> Result<Vec<SequenceFacts>, ServerError> {
    let mut sequences: BTreeMap<String, SequenceFacts> = BTreeMap::new();
    for row in ask(client, include_str!("../sql/sequences_of.sql"), &[schema.raw()]).await? {
        let name: String = row.try_get("name").server()?;
        if !sequences.contains_key(&name) {
            sequences.insert(name.clone(), facts(&row)?);
        }
        if let (Some(user), Some(sequence)) = (user(&row)?, sequences.get_mut(&name)) {
            sequence.users.push(user);
        }
    }
    if sequences.is_empty() {
        return Ok(Vec::new());
    }
    // Where a sequence stands is a row of its own, not a fact of the catalogs; one statement reads all of them, in one row,
    // which is planned sooner than a UNION.
    let each = sequences.keys().map(|name| {
        let sequence = QualifiedTable::new(schema.clone(), Ident::new(name.clone()));
        format!("(select last_value || case when is_called then ' called' else '' end from {sequence})")
    });
    let sql = format!("select array[{}]::text[] as positions", list(each));
    let positions: Vec<String> = match ask(client, &sql, &[]).await?.first() {
        Some(row) => row.try_get("positions").server()?,
        None => Vec::new(),
    };
    for (sequence, position) in sequences.values_mut().zip(positions) {
        let number = position.strip_suffix(" called");
        sequence.is_called = number.is_some();
        let unread =
            |_| ServerError { message: format!("a sequence stands at `{position}`"), ..ServerError::default() };
        sequence.last_value = number.unwrap_or(&position).parse().map_err(unread)?;
    }
    Ok(sequences.into_values().collect())
}

fn facts(row: &Row) -> Result<SequenceFacts, ServerError> {
    Ok(SequenceFacts {
        name: ident(row, "name")?,
        users: Vec::new(),
        data_type: row.try_get("data_type").server()?,
        increment: row.try_get("increment").server()?,
        min: row.try_get("min").server()?,
        max: row.try_get("max").server()?,
        cycle: row.try_get("cycle").server()?,
        last_value: 0, // read below, from the sequence itself
        is_called: false,
    })
}

fn user(row: &Row) -> Result<Option<SequenceUser>, ServerError> {
    let how = match row.try_get("how").server()? {
        Some("identity") => SequenceUse::Identity,
        Some("owned") => SequenceUse::Owned,
        Some(_) => SequenceUse::Default,
        None => return Ok(None),
    };
    let table = QualifiedTable::new(ident(row, "user_schema")?, ident(row, "user_table")?);
    Ok(Some(SequenceUser { table, column: ident(row, "user_column")?, how }))
}
