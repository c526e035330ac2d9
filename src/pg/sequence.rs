//! The store's own sequences: set above the shared maximum, so that no id of the store meets another store's.
//!
//! Knows where sequences stand and where they must; `step/copy` sets, `step/verify` asks.

use std::fmt;

use anyhow::Result;
use tokio_postgres::{Client, GenericClient};

use super::catalog::{SequenceFacts, sequences_of};
use super::failure::ServerResult;
use crate::ident::{Ident, Literal, QualifiedTable};

/// Sets every sequence of the store schema beyond what the shared schema has given out, plus headroom. A sequence
/// that already stands beyond that is left. Returns what could not be set, as fragments.
///
/// # Errors
/// The server's error.
pub async fn raise(
    client: &impl GenericClient,
    reader: &Client,
    shared: &Ident,
    store: &Ident,
    headroom: u64,
) -> Result<Vec<String>> {
    let shared_sequences = sequences_of(reader, shared).await?;
    let mut without_room = Vec::new();
    for sequence in sequences_of(reader, store).await? {
        let Some(reached) = reached(reader, &shared_sequences, &sequence, shared, store).await? else { continue };
        let headroom = i64::try_from(headroom).unwrap_or(i64::MAX);
        let step = sequence.increment;
        let target = match step > 0 {
            true => reached.saturating_add(headroom),
            false => reached.saturating_sub(headroom),
        };
        if stands_beyond(&sequence, target) {
            continue;
        }
        if target > sequence.max || target < sequence.min {
            without_room.push(format!(
                "sequence {} has no room: {target} is outside {} … {}",
                sequence.name.raw(),
                sequence.min,
                sequence.max
            ));
            continue;
        }
        let name = QualifiedTable::new(store.clone(), sequence.name.clone());
        client
            .execute(
                &format!("select pg_catalog.setval({}::regclass, {target}, true)", Literal::text(name.to_string())),
                &[],
            )
            .await
            .server()?;
    }
    Ok(without_room)
}

/// How many sequences were looked at: one that no column draws from has nothing to be held against.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Looked {
    checked: usize,
    all: usize,
}

impl fmt::Display for Looked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.checked == self.all {
            true => write!(f, "{}", self.all),
            false => write!(f, "{} of {}", self.checked, self.all),
        }
    }
}

/// The sequences that could hand out an id which the shared rows, or the store's own, already have.
///
/// # Errors
/// The server's error.
pub async fn behind(reader: &Client, shared: Option<&Ident>, store: &Ident) -> Result<(Looked, Vec<String>)> {
    let sequences = sequences_of(reader, store).await?;
    let mut behind = Vec::new();
    let mut looked = Looked { checked: 0, all: sequences.len() };
    for sequence in &sequences {
        let Some((table, column)) = sequence.column() else { continue };
        if !holds_integers(reader, table, column).await? {
            continue;
        }
        looked.checked += 1;
        let mut reached = extreme(reader, table, column, sequence.increment).await?;
        if let Some(shared) = shared {
            let twin = QualifiedTable::new(shared.clone(), table.table.clone());
            let of_shared = extreme(reader, &twin, column, sequence.increment).await?;
            reached = further(reached, of_shared, sequence.increment);
        }
        if let Some(reached) = reached
            && !next_is_beyond(sequence, reached)
        {
            behind.push(format!(
                "sequence {} stands at {} while {}.{} reaches {reached}",
                sequence.name.raw(),
                sequence.last_value,
                table.table.raw(),
                column.raw()
            ));
        }
    }
    Ok((looked, behind))
}

/// How far ids went: the shared sequence's position, the shared column's maximum, the store column's own.
async fn reached(
    reader: &Client,
    shared_sequences: &[SequenceFacts],
    sequence: &SequenceFacts,
    shared: &Ident,
    store: &Ident,
) -> Result<Option<i64>> {
    let step = sequence.increment;
    let Some((table, column)) = sequence.column() else {
        // No column draws from it: its twin by name in the shared schema is the only one to ask.
        let twin = shared_sequences.iter().find(|twin| twin.name == sequence.name && twin.is_called);
        return Ok(twin.map(|twin| twin.last_value));
    };
    let twin_table = QualifiedTable::new(shared.clone(), table.table.clone());
    let drawn = shared_sequences
        .iter()
        .filter(|twin| twin.is_called && twin.column().is_some_and(|(of, by)| *of == twin_table && by == column))
        .map(|twin| twin.last_value)
        .next();
    let of_shared = extreme(reader, &twin_table, column, step).await?;
    let own = extreme(reader, &QualifiedTable::new(store.clone(), table.table.clone()), column, step).await?;
    Ok(further(further(drawn, of_shared, step), own, step))
}

/// The largest value of a column, or the smallest for a sequence that runs down; none where the table or the column
/// does not exist, is empty, or holds no integers.
async fn extreme(client: &Client, table: &QualifiedTable, column: &Ident, step: i64) -> Result<Option<i64>> {
    if !holds_integers(client, table, column).await? {
        return Ok(None);
    }
    let pick = if step > 0 { "max" } else { "min" };
    Ok(client.query_one(&format!("select {pick}({column})::int8 from {table}"), &[]).await.server()?.get(0))
}

/// Whether there is such a column and its values are integers, domains looked through.
async fn holds_integers(client: &Client, table: &QualifiedTable, column: &Ident) -> Result<bool> {
    let sql = "with recursive chain (type) as (
                   select atttypid from pg_catalog.pg_attribute
                   where attrelid = to_regclass($1) and attname = $2 and attnum > 0 and not attisdropped
                   union all
                   select t.typbasetype from chain h join pg_catalog.pg_type t on t.oid = h.type where t.typtype = 'd'
               )
               select exists (select from chain
                              where type in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype))";
    Ok(client.query_one(sql, &[&table.to_string(), &column.raw()]).await.server()?.get(0))
}

fn further(a: Option<i64>, b: Option<i64>, step: i64) -> Option<i64> {
    match (a, b) {
        (Some(a), Some(b)) if step > 0 => Some(a.max(b)),
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

fn stands_beyond(sequence: &SequenceFacts, target: i64) -> bool {
    sequence.is_called
        && match sequence.increment > 0 {
            true => sequence.last_value >= target,
            false => sequence.last_value <= target,
        }
}

/// Whether the next value to be given out is beyond all that exist.
fn next_is_beyond(sequence: &SequenceFacts, reached: i64) -> bool {
    let next =
        if sequence.is_called { sequence.last_value.saturating_add(sequence.increment) } else { sequence.last_value };
    match sequence.increment > 0 {
        true => next > reached,
        false => next < reached,
    }
}
