//! Routes the application back to the shared schema: the registry's old values again.
//!
//! Refused while rows of the store schema differ from what was proven at the switch: they would be lost.

use anyhow::{Context, Result, bail};

use super::Means;
use super::read_back::digest;
use super::verify::tables_beside;
use crate::digest::DigestText;
use crate::error::{Exit, Refusal};
use crate::event::{Event, Moment, Step};
use crate::pg::compare::{self, Side};
use crate::pg::journal::{self, Move, TableRun};
use crate::pg::registry::Registry;
use crate::pg::statement::CopyStatement;
use crate::pg::unit::Unit;
use crate::pg::{catalog, lock, rows};
use crate::report::{Difference, Sides, TableReport, Verdict};
use crate::stage::Stage;
use crate::table::Relation;

/// What came of it.
#[derive(Debug)]
pub struct Reversed {
    /// Each table: rows now against rows at the switch.
    pub tables: Vec<TableReport>,
    /// Whether the registry has its old values again; else rows would be lost.
    pub done: bool,
}

/// Reverses one store; `lose_changes` lets go of rows that the application changed since the switch.
///
/// # Errors
/// A refusal where the registry was changed since, or the server's error.
pub async fn reverse(
    means: &Means<'_>,
    registry: &Registry<'_>,
    the_move: &Move,
    lose_changes: bool,
) -> Result<Reversed> {
    let begun = std::time::Instant::now();
    let store = &the_move.store;
    means.sessions.check()?;
    means.observer.notice(&Event::StepStarted { store, step: Step::Reverse });
    let mut session = means.sessions.writer().await?;
    let reader = means.sessions.reader().await?;
    let ground = means.grounds.of_manifest(&reader, &the_move.manifest).await?;
    let store_tables = catalog::tables_of(&reader, &store.schema).await?;
    let statements = ground.statements(store, &store_tables)?;
    let unit = Unit::begin_transition(&mut session, the_move.id, the_move.epoch).await?;
    // The store's own writers wait while we look; other stores are not concerned.
    let loaded = journal::table_runs_of(unit.transaction(), the_move.id).await?;
    let beside = tables_beside(unit.client(), the_move, &loaded).await?;
    let targets: Vec<_> =
        statements.iter().map(|statement| &statement.target).chain(beside.iter().map(|beside| &beside.table)).collect();
    lock::share_own(unit.transaction(), &targets).await.context("locking the store schema")?;
    let mut tables = match changes_since_switch(means, &unit, the_move, &statements, &loaded).await {
        Ok(tables) => tables,
        Err(error) => {
            drop(unit);
            session.abandon().await;
            return Err(error);
        }
    };
    tables.extend(changes_beside(&unit, the_move, &beside).await?);
    let lost: u64 = tables.iter().map(|table| table.difference_count).sum();
    let changed = tables.iter().any(|table| table.verdict == Verdict::Differs);
    if changed && !lose_changes {
        drop(unit);
        return Ok(Reversed { tables, done: false });
    }
    put_registry_back(&unit, registry, the_move).await?;
    let detail = std::collections::BTreeMap::from([("rows_given_up", lost)]);
    journal::record_event(unit.transaction(), means.run, Some(the_move.id), "reverse", &detail).await?;
    the_move.advance(unit.transaction(), means.run, Stage::Reversed, &[]).await?;
    means.observer.notice(&Event::Reached { moment: Moment::InReverse, table: None });
    unit.commit(means.observer, None).await?;
    means.observer.notice(&Event::StepDone { store, step: Step::Reverse, elapsed: begun.elapsed() });
    Ok(Reversed { tables, done: true })
}

async fn put_registry_back(unit: &Unit<'_>, registry: &Registry<'_>, the_move: &Move) -> Result<()> {
    let by_hand = the_move.switch.as_ref().is_some_and(|switch| switch.by_hand);
    let Some(before) = the_move.registry_before.as_ref().filter(|_| registry.can_switch() && !by_hand) else {
        return Ok(()); // a person switched it; a person switches it back
    };
    let now = registry.lock_row(unit.transaction(), &the_move.store.key).await?;
    let ours = registry.values_for(&the_move.store.schema, the_move.url.as_deref());
    let differs = |written: &Option<String>, found: &Option<String>| written.is_some() && written != found;
    if differs(&ours.schema, &now.schema) || differs(&ours.url, &now.url) {
        bail!(
            Refusal::new("the registry's row is not what the switch wrote")
                .because("somebody changed it since")
                .hint("set it back by hand, or correct it to the switch's values first")
        );
    }
    registry.restore(unit.transaction(), &the_move.store.key, before).await
}

async fn changes_since_switch(
    means: &Means<'_>,
    unit: &Unit<'_>,
    the_move: &Move,
    statements: &[CopyStatement],
    loaded: &[TableRun],
) -> Result<Vec<TableReport>> {
    let mut tables = Vec::new();
    for statement in statements {
        let table = &statement.target.table;
        let group = the_move.manifest.entry(table).and_then(|entry| entry.group.clone());
        let mut report = TableReport::pending(table, group);
        let now = digest(unit.transaction(), statement, &statement.target_digest()).await?;
        let Some(run) = loaded.iter().find(|run| run.table == *table) else { continue };
        let unchanged = run.target_digest.as_deref() == Some(DigestText::from(&now).0.as_str());
        report.row_count = Sides { source: Some(run.row_count), target: Some(now.row_count) };
        report.digest_equal = Some(unchanged);
        report.verdict = if unchanged { Verdict::Equal } else { Verdict::Differs };
        if !unchanged {
            let (differences, count) = rows_against_shared(means, unit, statement).await?;
            report.differences = differences;
            report.difference_count = count.max(1);
        }
        tables.push(report);
    }
    Ok(tables)
}

/// Base data, and tables that the manifest does not list: as they were when the move was proven?
async fn changes_beside(unit: &Unit<'_>, the_move: &Move, beside: &[Relation]) -> Result<Vec<TableReport>> {
    let now = rows::fingerprints(unit.transaction(), beside).await?;
    let mut tables = Vec::new();
    for Relation { table, .. } in beside {
        let (then, now) = (the_move.base_digests.get(table.table.raw()), now.get(table.table.raw()));
        let count = |text: Option<&String>| text.and_then(|text| text.split(':').next()?.parse::<u64>().ok());
        let unchanged = then == now || then.is_none() && count(now) == Some(0);
        let mut report = TableReport::pending(&table.table, None);
        report.row_count = Sides { source: count(then), target: count(now) };
        report.verdict = if unchanged { Verdict::Equal } else { Verdict::Differs };
        report.difference_count =
            if unchanged { 0 } else { count(now).unwrap_or(0).abs_diff(count(then).unwrap_or(0)).max(1) };
        tables.push(report);
    }
    Ok(tables)
}

/// Which rows the shared schema does not have, or has otherwise.
async fn rows_against_shared(
    means: &Means<'_>,
    unit: &Unit<'_>,
    statement: &CopyStatement,
) -> Result<(Vec<Difference>, u64)> {
    let reader = means.sessions.reader().await?;
    let found = compare::differences(
        Side { client: &reader, select: statement.source_rows() },
        Side { client: unit.client(), select: statement.target_rows() },
        &statement.compared(),
        &statement.key,
        means.max_diffs,
    )
    .await;
    if found.is_err() {
        reader.abandon().await;
    }
    found
}

/// The refusal for rows that would be lost: exit 1, with the way on.
#[must_use]
pub fn would_lose(the_move: &Move, tables: &[TableReport]) -> Refusal {
    let named: Vec<String> = tables
        .iter()
        .filter(|table| table.verdict == Verdict::Differs)
        .map(|table| format!("{} ({} rows)", table.table, table.difference_count))
        .collect();
    Refusal::new(format!("store {} was changed since the switch: {}", the_move.store.key, named.join(", ")))
        .because("going back would lose what the application wrote to the store schema")
        .hint(format!("`tenantctl reverse --store {} --lose-changes` gives those rows up", the_move.store.key))
        .exit(Exit::Failed)
}
