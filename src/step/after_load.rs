//! The template's second section, unit by unit, each with its journal row; what was taken off comes back first.
//!
//! Neighbouring index units run side by side, also those of one table. A small store's units share transactions, since
//! there the transactions would cost more than what is in them. Foreign keys to common tables come last: each is
//! added NOT VALID in a transaction that waits only briefly, then validated without holding anybody up.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use futures_util::future::join_all;
use tokio::sync::Semaphore;

use super::Means;
use crate::error::{Exit, Refusal, ServerError};
use crate::event::{Event, Moment};
use crate::ident::{Ident, QualifiedTable};
use crate::pg::journal::{Move, Resource, ResourceState, record_resource, resources_of};
use crate::pg::unit::Unit as Work;
use crate::pg::{scaffold, script};
use crate::plan::{Unit, UnitKind};

/// How often a common table is asked for a lock of at most 50 ms.
const OUTER_KEY_TRIES: u32 = 60;

/// Below this many rows a store is small: its indexes are made in a moment, and several connections cost more than they
/// save.
const SMALL_STORE: u64 = 20_000;

/// Units of a small store that share a transaction; a crash loses at most these.
const UNITS_TOGETHER: usize = 16;

/// The name of a unit in the journal.
#[must_use]
pub fn unit_name(index: usize) -> String {
    format!("after/{index:04}")
}

/// Puts back what was taken off and runs what is not done yet.
///
/// # Errors
/// The server's error, naming the template's line.
pub async fn perform(means: &Means<'_>, the_move: &Move) -> Result<()> {
    put_back(means, the_move).await?;
    let session = means.sessions.reader().await?;
    let mut done = resources_of(&session, the_move.id, "unit").await?;
    done.retain(|unit| unit.state == ResourceState::Made);
    let done: Vec<String> = done.into_iter().map(|unit| unit.name).collect();
    drop(session);
    let count = the_move.blueprint.after.len();
    let half = count / 2;
    let mut index = 0;
    while index < count {
        let run = match is_small(the_move) {
            true => run_together(&the_move.blueprint.after, index, half),
            false => run_of_indexes(&the_move.blueprint.after, index),
        };
        let open: Vec<usize> = (index..index + run).filter(|i| !done.contains(&unit_name(*i))).collect();
        if index <= half && half < index + run {
            means.observer.notice(&Event::Reached { moment: Moment::HalfAfterLoad, table: None });
        }
        match open.as_slice() {
            [] => {}
            [only] => run_unit(means, the_move, *only).await?,
            many if is_small(the_move) => run_in_one(means, the_move, many).await?,
            many => run_side_by_side(means, the_move, many).await?,
        }
        index += run;
    }
    if !done.is_empty() {
        refresh_views(means, the_move).await?; // they were filled from rows that have been loaded again since
    }
    Ok(())
}

/// Materialized views hold rows of their own.
async fn refresh_views(means: &Means<'_>, the_move: &Move) -> Result<()> {
    let mut session = means.sessions.writer().await?;
    let work = Work::begin(&mut session, the_move.id, the_move.epoch).await?;
    script::refresh_views(work.transaction(), &the_move.store.schema).await?;
    work.commit(means.observer, None).await
}

fn is_small(the_move: &Move) -> bool {
    the_move.plan.row_count() < SMALL_STORE
}

/// How many units from here on may share a transaction; at least one. None reaches over the half of them.
fn run_together(units: &[Unit], from: usize, half: usize) -> usize {
    let room = if from < half { half - from } else { units.len() - from };
    let may_share = |unit: &&Unit| matches!(unit.kind, UnitKind::Plain | UnitKind::Index { .. });
    let together = units[from..].iter().take_while(may_share).count();
    together.min(UNITS_TOGETHER).min(room).max(1)
}

/// Several units in one transaction. Where they write outside the schema, one by one tells which of them does.
async fn run_in_one(means: &Means<'_>, the_move: &Move, units: &[usize]) -> Result<()> {
    means.pass().await?;
    let begun = Instant::now();
    if run_as_written(means, the_move, units).await?.is_some() {
        for index in units {
            run_unit(means, the_move, *index).await?;
        }
        return Ok(());
    }
    let elapsed = begun.elapsed();
    for index in units {
        tell_done(means, the_move, *index, elapsed);
    }
    Ok(())
}

fn tell_done(means: &Means<'_>, the_move: &Move, index: usize, elapsed: Duration) {
    let units = &the_move.blueprint.after;
    means.observer.notice(&Event::UnitDone {
        store: &the_move.store,
        label: &units[index].label,
        index: index + 1,
        count: units.len(),
        elapsed,
    });
}

/// How many units from here on are indexes; at least one.
fn run_of_indexes(units: &[Unit], from: usize) -> usize {
    let indexes = units[from..].iter().take_while(|unit| matches!(unit.kind, UnitKind::Index { .. })).count();
    indexes.max(1)
}

/// Indexes of different tables at once, those of one table as far as they may; keys wait for what stands above them.
async fn run_side_by_side(means: &Means<'_>, the_move: &Move, units: &[usize]) -> Result<()> {
    let free = &Semaphore::new(means.copy.jobs.get().into());
    let run = |index| async move {
        let _one = free.acquire().await?;
        run_unit(means, the_move, index).await
    };
    let tables = turns(&the_move.blueprint.after, units).into_values().map(|turns| async move {
        for turn in turns {
            let results: Vec<Result<()>> = join_all(turn.into_iter().map(run)).await;
            results.into_iter().collect::<Result<()>>()?;
        }
        anyhow::Ok(())
    });
    join_all(tables).await.into_iter().collect()
}

/// The indexes of each table, in turns: those of one turn may run at once.
fn turns<'a>(all: &'a [Unit], units: &[usize]) -> BTreeMap<&'a Ident, Vec<Vec<usize>>> {
    let mut tables: BTreeMap<&Ident, (bool, Vec<Vec<usize>>)> = BTreeMap::new();
    for index in units {
        let UnitKind::Index { table, side_by_side } = &all[*index].kind else { continue };
        let (open, turns) = tables.entry(table).or_default();
        match turns.last_mut() {
            Some(turn) if *open && *side_by_side => turn.push(*index),
            _ => turns.push(vec![*index]),
        }
        *open = *side_by_side;
    }
    tables.into_iter().map(|(table, (_, turns))| (table, turns)).collect()
}

async fn run_unit(means: &Means<'_>, the_move: &Move, index: usize) -> Result<()> {
    means.pass().await?;
    let unit = &the_move.blueprint.after[index];
    let begun = Instant::now();
    match &unit.kind {
        UnitKind::Plain | UnitKind::Alone | UnitKind::Index { .. } => {
            if let Some(stray) = run_as_written(means, the_move, &[index]).await? {
                bail!(
                    Refusal::new(format!(
                        "template {}, line {}: it makes or changes {stray}, outside the store schema",
                        the_move.template.file, unit.line
                    ))
                    .hint("take the statement out; nothing of it was kept")
                    .exit(Exit::Failed)
                );
            }
        }
        UnitKind::OuterKey { table, name, definition, at_once } => {
            add_outer_key(means, the_move, index, table, name, definition, *at_once).await?;
        }
    }
    tell_done(means, the_move, index, begun.elapsed());
    Ok(())
}

/// Runs units in one transaction. What they wrote outside the schema, where they did; then nothing is kept.
async fn run_as_written(means: &Means<'_>, the_move: &Move, indexes: &[usize]) -> Result<Option<String>> {
    let units: Vec<&Unit> = indexes.iter().map(|index| &the_move.blueprint.after[*index]).collect();
    let mut session = means.sessions.writer().await?;
    let work = Work::begin(&mut session, the_move.id, the_move.epoch).await?;
    // An index makes no other object and writes no row.
    let only_indexes = units.iter().all(|unit| matches!(unit.kind, UnitKind::Index { .. }));
    let mut set: Vec<&Unit> = Vec::new();
    for unit in units {
        for setting in the_move.blueprint.settings_above(unit) {
            if !set.contains(&setting) {
                script::run(work.transaction(), &setting.sql).await?;
                set.push(setting);
            }
        }
        script::open_path(work.transaction(), &the_move.store.schema, &the_move.shared_schema).await?;
        if let Err(error) = script::run(work.transaction(), &unit.sql).await {
            bail!(failed(the_move, unit, &error));
        }
    }
    script::close_path(work.transaction()).await?;
    if !only_indexes {
        // What the trial could not see: statements that write only where there are rows.
        let strays = script::rows_written_outside(work.transaction(), &the_move.store.schema).await?;
        if let Some(stray) = strays.into_iter().next() {
            return Ok(Some(stray));
        }
    }
    match only_indexes {
        true => record_resource(work.transaction(), the_move.id, &done(indexes)).await?,
        false => record(&work, the_move, indexes).await?,
    }
    work.commit(means.observer, None).await?;
    Ok(None)
}

fn done(indexes: &[usize]) -> Vec<Resource> {
    indexes.iter().map(|index| Resource::new("unit", unit_name(*index), None, ResourceState::Made)).collect()
}

fn failed(the_move: &Move, unit: &Unit, error: &ServerError) -> anyhow::Error {
    let place = match unit.line {
        0 => format!("granting access: {}", unit.sql),
        line => format!("template {}, line {line}: {}", the_move.template.file, unit.label),
    };
    anyhow::Error::new(error.clone()).context(place)
}

async fn record(work: &Work<'_>, the_move: &Move, indexes: &[usize]) -> Result<()> {
    let objects = crate::pg::catalog::objects_in(work.client(), &the_move.store.schema).await?;
    let mut made: Vec<Resource> =
        objects.into_iter().map(|object| Resource::new("object", object, None, ResourceState::Made)).collect();
    // Only what is new since the first section needs a row; the rest has one.
    let known = resources_of(work.transaction(), the_move.id, "object").await?;
    made.retain(|object| !known.iter().any(|old| old.name == object.name));
    made.extend(done(indexes));
    record_resource(work.transaction(), the_move.id, &made).await
}

/// A foreign key to a common table: its writers wait 50 ms at most, and its readers never.
async fn add_outer_key(
    means: &Means<'_>,
    the_move: &Move,
    index: usize,
    table: &Ident,
    name: &Ident,
    definition: &str,
    at_once: bool,
) -> Result<()> {
    let qualified = QualifiedTable::new(the_move.store.schema.clone(), table.clone());
    let mut tries = 0;
    loop {
        means.sessions.check()?;
        tries += 1;
        let turn = means.turn.write().await;
        let mut session = means.sessions.writer().await?;
        let work = Work::begin(&mut session, the_move.id, the_move.epoch).await?;
        let added = script::add_outer_key(work.transaction(), &qualified, name, definition, at_once).await;
        if added.with_context(|| format!("adding foreign key {} of {}", name.raw(), table.raw()))? {
            work.commit(means.observer, None).await?;
            break;
        }
        drop(work);
        drop(turn);
        if tries == OUTER_KEY_TRIES {
            bail!(
                Refusal::new(format!("the common table of foreign key `{}` stays busy", name.raw()))
                    .hint("run the same command again when it is quieter")
                    .exit(Exit::Failed)
            );
        }
        let reason = format!("a common table is busy; foreign key {} is tried again", name.raw());
        means.observer.notice(&Event::Waiting { store: &the_move.store, reason: &reason });
        tokio::time::sleep(Duration::from_millis(rand::random_range(50..250))).await;
    }
    let mut session = means.sessions.writer().await?;
    let work = Work::begin(&mut session, the_move.id, the_move.epoch).await?;
    if !at_once {
        let validated = script::validate_key(work.transaction(), &qualified, name).await;
        validated.with_context(|| format!("validating foreign key {} of {}", name.raw(), table.raw()))?;
    }
    record(&work, the_move, &[index]).await?;
    work.commit(means.observer, None).await
}

/// Triggers and inner foreign keys that were taken off for the load; those of a small store share transactions.
async fn put_back(means: &Means<'_>, the_move: &Move) -> Result<()> {
    let mut session = means.sessions.writer().await?;
    let off = scaffold::what_is_off(&session, the_move.id).await?;
    for together in off.chunks(if is_small(the_move) { UNITS_TOGETHER } else { 1 }) {
        means.sessions.check()?;
        let work = Work::begin(&mut session, the_move.id, the_move.epoch).await?;
        for resource in together {
            scaffold::put_back(&work, the_move.id, resource)
                .await
                .with_context(|| format!("putting back {} {}", resource.kind.replace('_', " "), resource.name))?;
        }
        work.commit(means.observer, None).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(kinds: &[UnitKind]) -> Vec<Unit> {
        let unit =
            |kind: &UnitKind| Unit { line: 1, column: 1, sql: String::new(), label: String::new(), kind: kind.clone() };
        kinds.iter().map(unit).collect()
    }

    #[test]
    fn units_share_a_transaction_up_to_the_half_and_none_that_holds_a_common_table() {
        let index = UnitKind::Index { table: Ident::new("orders"), side_by_side: true };
        let many = units(&vec![UnitKind::Plain; 40]);
        assert_eq!((run_together(&many, 0, 20), run_together(&many, 16, 20), run_together(&many, 20, 20)), (16, 4, 16));
        let mixed = units(&[UnitKind::Plain, index.clone(), UnitKind::Alone, index, UnitKind::Plain]);
        let stretches: Vec<usize> = (0..5).map(|from| run_together(&mixed, from, 0)).collect();
        assert_eq!(stretches, [2, 1, 1, 2, 1]);
    }

    #[test]
    fn indexes_of_a_table_share_a_turn_and_keys_have_their_own() {
        let unit = |table: &str, side_by_side| UnitKind::Index { table: Ident::new(table), side_by_side };
        let all = units(&[
            unit("a", false),
            unit("a", true),
            unit("b", true),
            unit("a", true),
            unit("a", false),
            unit("a", true),
            unit("b", true),
        ]);
        let turns: Vec<_> = turns(&all, &[0, 1, 2, 3, 4, 5, 6]).into_values().collect();
        assert_eq!(turns, [vec![vec![0], vec![1, 3], vec![4], vec![5]], vec![vec![2, 6]]]);
    }
}
