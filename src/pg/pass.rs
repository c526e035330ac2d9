//! One pass over a shared table for many stores: each row with the number of its store among them.
//!
//! `statement` says which columns, `whose` how a row leads to its store; here both are put into one `select`, and asked
//! what it would cost. What is done with the rows, `route` knows.

use anyhow::{Context, Result};

use super::client::Client;
use super::failure::ServerResult;
use super::ground::Ground;
use super::statement::CopyStatement;
use super::whose::{Joins, KeyExpression, Stores};
use crate::ident::list;
use crate::store::{KeyFamily, Store};

/// The stores of the pass in a FROM.
const WAVE: &str = "\"tenantctl wave\"";

/// A pass over one table.
#[derive(Clone, Debug)]
pub struct Pass {
    from: String,
    store_count: usize,
}

impl Pass {
    /// Over the table of this statement, for these stores; none where a row may be of several stores, or where two keys
    /// that differ may be the same store's.
    ///
    /// # Errors
    /// A refusal for a condition that cannot be rendered.
    pub fn of(ground: &Ground, statement: &CopyStatement, stores: &[&Store]) -> Result<Option<Self>> {
        let family = ground.key_type.family;
        let Some(owner) = ground.owner(&statement.source.table) else { return Ok(None) };
        // A text key may have a collation of its own, by which a condition finds more than the same letters.
        if owner.by_condition() || !matches!(family, KeyFamily::Integer | KeyFamily::Uuid) {
            return Ok(None);
        }
        let known = Stores::All { select: String::new(), is_whole: false };
        let mut joins = Joins::new(ground, &known);
        let whose = joins.owner(&statement.source.table.to_string(), owner)?;
        if whose.several().is_some() || whose.owner.family != Some(family) {
            return Ok(None);
        }
        let values = stores.iter().zip(0..).map(|(store, at)| format!("({}, {at})", store.key.literal()));
        let key = KeyExpression { sql: format!("{WAVE}.key"), family: Some(family) };
        let from = format!(
            "{} as {}{}\n join (values {}) as {WAVE} (key, at) on {}",
            statement.from_source(),
            statement.source.table,
            joins.text(),
            list(values),
            whose.owner.equals(&key),
        );
        Ok(Some(Self { from, store_count: stores.len() }))
    }

    /// `copy (select …) to stdout`: the store's number, then what is written.
    #[must_use]
    pub fn copy_out(&self, statement: &CopyStatement) -> String {
        statement.copy_select(&self.select(&statement.written_columns()))
    }

    /// `copy (select …) to stdout`: the store's number, then all that is compared.
    #[must_use]
    pub fn source_digest(&self, statement: &CopyStatement) -> String {
        statement.copy_select(&self.select(&statement.compared_columns()))
    }

    fn select(&self, columns: &[String]) -> String {
        let columns = std::iter::once(format!("{WAVE}.at")).chain(columns.iter().cloned());
        format!("select {} from {}", list(columns), self.from)
    }

    /// How many rows each store has, by its number.
    ///
    /// # Errors
    /// The server's error.
    pub async fn counts(&self, client: &Client) -> Result<Vec<u64>> {
        let sql = format!("select {WAVE}.at, count(*) from {} group by 1", self.from);
        let mut counts = vec![0; self.store_count];
        for row in client.query(&sql, &[]).await.server()? {
            *self.entry(&mut counts, row.get(0))? = row.get::<_, i64>(1).unsigned_abs();
        }
        Ok(counts)
    }

    /// Of each store, by its number: how many rows it has, and whether any of them is what `is_newer` says of the table's.
    ///
    /// # Errors
    /// The server's error.
    pub async fn looks(&self, client: &Client, is_newer: &str) -> Result<Vec<(u64, bool)>> {
        let sql =
            format!("select {WAVE}.at, count(*), coalesce(bool_or({is_newer}), false) from {} group by 1", self.from);
        let mut looks = vec![(0, false); self.store_count];
        for row in client.query(&sql, &[]).await.server()? {
            *self.entry(&mut looks, row.get(0))? = (row.get::<_, i64>(1).unsigned_abs(), row.get(2));
        }
        Ok(looks)
    }

    /// The entry of the store that the server says it counted.
    fn entry<'e, T>(&self, entries: &'e mut [T], at: i32) -> Result<&'e mut T> {
        let entry = usize::try_from(at).ok().and_then(|at| entries.get_mut(at));
        entry.context("the server counted a store that is not of the wave")
    }

    /// What the planner thinks of it, in its own unit.
    ///
    /// # Errors
    /// The server's error.
    pub async fn cost(&self, client: &Client, statement: &CopyStatement) -> Result<f64> {
        cost_of(client, &self.select(&statement.written_columns())).await
    }
}

/// What the planner thinks a `select` costs, in its own unit (manual, "Using EXPLAIN").
///
/// # Errors
/// The server's error.
pub async fn cost_of(client: &Client, select: &str) -> Result<f64> {
    let row = client.query_one(&format!("explain (format json) {select}"), &[]).await.server()?;
    let plan: serde_json::Value = row.try_get(0).server()?;
    plan[0]["Plan"]["Total Cost"].as_f64().context("EXPLAIN told no cost")
}
