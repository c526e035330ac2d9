//! The store's own sequences: set above the shared maximum, so that no id of the store meets another store's.
//!
//! Knows where sequences stand and where they must; `step/copy` sets, `step/verify` asks.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::catalog::{SequenceFacts, sequences_of};
use super::client::Client;
use super::failure::ServerResult;
use crate::ident::{self, Ident, Literal, QualifiedTable};

/// What is to be done to the sequences of a store schema.
#[derive(Debug, Default)]
pub struct ToRaise {
    orders: Vec<String>,
    /// What cannot be set, as fragments.
    pub without_room: Vec<String>,
}

impl ToRaise {
    /// Whether all stand high enough.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.orders.is_empty()
    }

    /// Sets them.
    ///
    /// # Errors
    /// The server's error.
    pub async fn raise(&self, client: &Client) -> Result<()> {
        if !self.is_empty() {
            client.batch_execute(&format!("select {}", self.orders.join(", "))).await.server()?;
        }
        Ok(())
    }
}

/// Which sequences of the store schema have to be set beyond what the shared schema has given out, plus headroom. One that
/// already stands beyond that is left.
///
/// # Errors
/// The server's error.
pub async fn to_raise(reader: &Client, shared: &Ident, store: &Ident, headroom: u64) -> Result<ToRaise> {
    let sequences = sequences_of(reader, store).await?;
    if sequences.is_empty() {
        return Ok(ToRaise::default());
    }
    let shared_sequences = sequences_of(reader, shared).await?;
    let columns = sequences.iter().filter_map(|sequence| Some((sequence.column()?, sequence.increment)));
    let numbered = columns.flat_map(|((table, column), step)| {
        [shared, store]
            .map(|schema| Numbered::new(QualifiedTable::new(schema.clone(), table.table.clone()), column, step))
    });
    let extremes = extremes(reader, numbered.collect()).await?;
    let (mut orders, mut without_room) = (Vec::new(), Vec::new());
    for sequence in &sequences {
        let Some(reached) = reached(&extremes, &shared_sequences, sequence, shared, store) else { continue };
        let headroom = i64::try_from(headroom).unwrap_or(i64::MAX);
        let step = sequence.increment;
        let target = match step > 0 {
            true => reached.saturating_add(headroom),
            false => reached.saturating_sub(headroom),
        };
        if stands_beyond(sequence, target) {
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
        orders.push(setval(&name.to_string(), target));
    }
    Ok(ToRaise { orders, without_room })
}

/// Sets every sequence of the store schema at least where its twin in another store's schema stands. Twins number the same
/// column; those that no column draws from have the same name. Where the other has given out nothing, or stands beyond
/// the bounds of ours, ours is left: what its rows need, [`to_raise`] knows.
///
/// # Errors
/// The server's error.
pub async fn follow(client: &Client, other: &Ident, store: &Ident) -> Result<()> {
    let others = sequences_of(client, other).await?;
    let mut orders = Vec::new();
    for sequence in sequences_of(client, store).await? {
        let twin = others.iter().find(|twin| match (sequence.column(), twin.column()) {
            (Some((table, column)), Some((of, by))) => of.schema == *other && of.table == table.table && by == column,
            (None, None) => twin.name == sequence.name,
            _ => false,
        });
        let Some(reached) = twin.filter(|twin| twin.is_called).map(|twin| twin.last_value) else { continue };
        if stands_beyond(&sequence, reached) || reached > sequence.max || reached < sequence.min {
            continue;
        }
        let name = QualifiedTable::new(store.clone(), sequence.name.clone());
        orders.push(setval(&name.to_string(), reached));
    }
    if !orders.is_empty() {
        client.execute(&format!("select {}", orders.join(", ")), &[]).await.server()?;
    }
    Ok(())
}

/// How far the shared ids go is asked later, for a store that has no rows yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Later {
    /// One row with an array: per sequence, how far.
    question: String,
    sequences: Vec<Waiting>,
}

/// A sequence of the store schema.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Waiting {
    name: QualifiedTable,
    runs_down: bool,
}

/// What is asked then, instead of [`to_raise`]; none where there is nothing to set.
///
/// # Errors
/// The server's error.
pub async fn later(reader: &Client, shared: &Ident, store: &Ident) -> Result<Option<Later>> {
    let shared_sequences = sequences_of(reader, shared).await?;
    let sequences = sequences_of(reader, store).await?;
    let twin_of = |table: &QualifiedTable| QualifiedTable::new(shared.clone(), table.table.clone());
    let columns = sequences.iter().filter_map(|sequence| Some((sequence.column()?, sequence.increment)));
    let twins = columns.map(|((table, column), step)| Numbered::new(twin_of(table), column, step));
    let known = extremes(reader, twins.collect()).await?;
    let (mut questions, mut waiting) = (Vec::new(), Vec::new());
    for sequence in &sequences {
        let (runs_down, mut reached) = (sequence.increment < 0, Vec::new());
        let is_twin = |twin: &&SequenceFacts| match sequence.column() {
            Some((table, column)) => twin.column().is_some_and(|(of, by)| *of == twin_of(table) && by == column),
            None => twin.name == sequence.name,
        };
        if let Some(twin) = shared_sequences.iter().find(is_twin) {
            reached.push(last_value(&QualifiedTable::new(shared.clone(), twin.name.clone())));
        }
        if let Some((table, column)) = sequence.column()
            && known.contains_key(&Numbered::new(twin_of(table), column, sequence.increment))
        {
            let pick = if runs_down { "min" } else { "max" };
            reached.push(format!("(select {pick}({column})::int8 from {})", twin_of(table)));
        }
        if reached.is_empty() {
            continue;
        }
        let further = if runs_down { "least" } else { "greatest" };
        questions.push(format!("{further}({})", reached.join(", ")));
        waiting.push(Waiting { name: QualifiedTable::new(store.clone(), sequence.name.clone()), runs_down });
    }
    let question = format!("select array[{}]::int8[]", questions.join(", "));
    Ok((!waiting.is_empty()).then_some(Later { question, sequences: waiting }))
}

impl Later {
    /// How far the shared ids go; null where they have not begun.
    ///
    /// # Errors
    /// The server's error.
    pub async fn reached(&self, client: &Client) -> Result<Vec<Option<i64>>> {
        Ok(client.query_typed_one(&self.question, &[]).await.server()?.get(0))
    }

    /// What the sequences of the store schema gave last; null before the first.
    ///
    /// # Errors
    /// The server's error.
    pub async fn stands(&self, client: &Client) -> Result<Vec<Option<i64>>> {
        let each = ident::list(self.sequences.iter().map(|waiting| last_value(&waiting.name)));
        Ok(client.query_typed_one(&format!("select array[{each}]::int8[]"), &[]).await.server()?.get(0))
    }

    /// Which sequences have to be set: one that stands beyond what the shared ids reached is left.
    #[must_use]
    pub fn to_raise(&self, reached: &[Option<i64>], stands: &[Option<i64>], headroom: u64) -> ToRaise {
        let headroom = i64::try_from(headroom).unwrap_or(i64::MAX);
        let order = |((Waiting { name, runs_down }, reached), stands): ((&Waiting, &Option<i64>), &Option<i64>)| {
            let target = match runs_down {
                true => (*reached)?.saturating_sub(headroom),
                false => (*reached)?.saturating_add(headroom),
            };
            let is_beyond = stands.is_some_and(|at| if *runs_down { at <= target } else { at >= target });
            (!is_beyond).then(|| setval(&name.to_string(), target))
        };
        let orders = self.sequences.iter().zip(reached).zip(stands).filter_map(order).collect();
        ToRaise { orders, without_room: Vec::new() }
    }
}

fn setval(sequence: &str, target: i64) -> String {
    format!("pg_catalog.setval({}::regclass, {target}, true)", Literal::text(sequence))
}

/// What a sequence gave last; null before the first. Asked of the sequence alone: as a table it would have to be planned.
fn last_value(sequence: &QualifiedTable) -> String {
    format!("pg_catalog.pg_sequence_last_value({}::regclass)", Literal::text(sequence.to_string()))
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
    let twin_of =
        |table: &QualifiedTable| shared.map(|shared| QualifiedTable::new(shared.clone(), table.table.clone()));
    let columns = sequences.iter().filter_map(|sequence| Some((sequence.column()?, sequence.increment)));
    let numbered = columns.flat_map(|((table, column), step)| {
        let tables = [Some(table.clone()), twin_of(table)].into_iter().flatten();
        tables.map(move |table| Numbered::new(table, column, step))
    });
    let extremes = extremes(reader, numbered.collect()).await?;
    for sequence in &sequences {
        let Some((table, column)) = sequence.column() else { continue };
        let step = sequence.increment;
        let Some(own) = extremes.get(&Numbered::new(table.clone(), column, step)) else { continue };
        looked.checked += 1;
        let of_shared = twin_of(table).and_then(|twin| *extremes.get(&Numbered::new(twin, column, step))?);
        let reached = further(*own, of_shared, step);
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
fn reached(
    extremes: &BTreeMap<Numbered, Option<i64>>,
    shared_sequences: &[SequenceFacts],
    sequence: &SequenceFacts,
    shared: &Ident,
    store: &Ident,
) -> Option<i64> {
    let step = sequence.increment;
    let Some((table, column)) = sequence.column() else {
        // No column draws from it: its twin by name in the shared schema is the only one to ask.
        let twin = shared_sequences.iter().find(|twin| twin.name == sequence.name && twin.is_called);
        return twin.map(|twin| twin.last_value);
    };
    let twin_table = QualifiedTable::new(shared.clone(), table.table.clone());
    let drawn = shared_sequences
        .iter()
        .filter(|twin| twin.is_called && twin.column().is_some_and(|(of, by)| *of == twin_table && by == column))
        .map(|twin| twin.last_value)
        .next();
    let own_table = QualifiedTable::new(store.clone(), table.table.clone());
    let extreme = |table| extremes.get(&Numbered::new(table, column, step)).copied().flatten();
    further(further(drawn, extreme(twin_table), step), extreme(own_table), step)
}

/// A column that a sequence numbers, upwards or downwards.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Numbered {
    table: QualifiedTable,
    column: Ident,
    runs_down: bool,
}

impl Numbered {
    fn new(table: QualifiedTable, column: &Ident, step: i64) -> Self {
        Self { table, column: column.clone(), runs_down: step < 0 }
    }
}

/// The largest value of each column, or the smallest where it runs down; none where the table is empty. Columns that do
/// not exist or hold no integers are left out.
async fn extremes(client: &Client, mut numbered: BTreeSet<Numbered>) -> Result<BTreeMap<Numbered, Option<i64>>> {
    if numbered.is_empty() {
        return Ok(BTreeMap::new());
    }
    let list = |name: fn(&QualifiedTable) -> &Ident| {
        let names: BTreeSet<&str> = numbered.iter().map(|of| name(&of.table).raw()).collect();
        serde_json::Value::from_iter(names).to_string()
    };
    let (schemas, tables) = (list(|table| &table.schema), list(|table| &table.table));
    let rows = client.query(include_str!("sql/integer_columns.sql"), &[&schemas, &tables]).await.server()?;
    let mut integers = BTreeSet::new();
    for row in rows {
        let [schema, table, column] = [0, 1, 2].map(|at| Ident::new(row.get::<_, String>(at)));
        integers.insert((QualifiedTable::new(schema, table), column));
    }
    numbered.retain(|of| integers.contains(&(of.table.clone(), of.column.clone())));
    if numbered.is_empty() {
        return Ok(BTreeMap::new());
    }
    let each = numbered.iter().map(|Numbered { table, column, runs_down }| {
        let pick = if *runs_down { "min" } else { "max" };
        format!("(select {pick}({column})::int8 from {table})")
    });
    let sql = format!("select array[{}]::int8[]", ident::list(each));
    let found: Vec<Option<i64>> = client.query_typed_one(&sql, &[]).await.server()?.get(0);
    Ok(numbered.into_iter().zip(found).collect())
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
