//! How many rows of each shared table each store has: all stores in one pass per table.
//!
//! For one store `rows` asks over its indexes; of many that would read a table without one as often as there are stores.

use std::collections::BTreeMap;

use anyhow::Result;

use super::client::Client;
use super::failure::ServerResult;
use super::ground::Ground;
use super::whose::{Joins, Stores};
use crate::ident::Ident;

/// An alias that no application uses.
const ROW: &str = "\"tenantctl row\"";

/// The rows of each shared table.
#[derive(Clone, Debug, Default)]
pub struct Census(BTreeMap<Ident, Tally>);

/// The rows of one shared table.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Tally {
    /// By the store's key as text.
    pub stores: BTreeMap<String, u64>,
    /// Rows that lead to no store.
    pub nobodys: u64,
    /// Rows that lead to more than one store; each of them counts for the first.
    pub several: u64,
}

impl Tally {
    /// All rows of the table.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.stores.values().sum::<u64>() + self.nobodys
    }
}

impl Census {
    /// Counts. What a `rows` condition decides is asked for each store in turn, inside the one statement.
    ///
    /// # Errors
    /// The server's error, or a refusal of a condition that cannot be asked for all stores at once.
    pub async fn take(client: &Client, ground: &Ground, stores: &Stores<'_>) -> Result<Self> {
        let mut tables = BTreeMap::new();
        for owner in &ground.owners {
            let mut joins = Joins::new(ground, stores);
            let whose = joins.owner(ROW, owner)?;
            let several = whose.several().unwrap_or_else(|| "false".to_owned());
            let with = joins.with();
            let with = with.strip_suffix(",\n").map(|parts| format!("with {parts}\n")).unwrap_or_default();
            let sql = format!(
                "{with}select ({})::text, count(*), count(*) filter (where {several}) from {} as {ROW}{} group by 1",
                whose.owner.sql,
                joins.relation(&owner.table)?,
                joins.text(),
            );
            let mut tally = Tally::default();
            for row in client.query(&sql, &[]).await.server()? {
                let count = row.get::<_, i64>(1).unsigned_abs();
                tally.several += row.get::<_, i64>(2).unsigned_abs();
                match row.get::<_, Option<String>>(0) {
                    Some(key) => drop(tally.stores.insert(key, count)),
                    None => tally.nobodys += count,
                }
            }
            tables.insert(owner.table.table.clone(), tally);
        }
        Ok(Self(tables))
    }

    /// Of one shared table.
    #[must_use]
    pub fn table(&self, table: &Ident) -> Option<&Tally> {
        self.0.get(table)
    }

    /// How many rows a store has in all.
    #[must_use]
    pub fn rows_of(&self, store: &str) -> u64 {
        self.0.values().filter_map(|tally| tally.stores.get(store)).sum()
    }
}
