//! Copies a store's rows at one snapshot, then makes what stands after the load.
//!
//! A first copy, the one after a crash and the one after a change go the same way: load the tables that are not
//! provably true at the new snapshot, put back what was taken off, run the units that are not done yet.

use std::time::Instant;

use anyhow::{Context, Result, bail};
use futures_util::StreamExt;
use tokio::sync::Semaphore;

use super::load::Load;
use super::{Means, after_load};
use crate::error::Refusal;
use crate::event::{Event, Moment, Step};
use crate::ident::{Ident, Literal};
use crate::pg::change::{Changes, changed_tables};
use crate::pg::ground::Ground;
use crate::pg::journal::{self, Copied, Created, Move, MoveKind, Receipt, TableRun};
use crate::pg::samples;
use crate::pg::snapshot::Snapshot;
use crate::pg::statement::CopyStatement;
use crate::pg::unit::Unit;
use crate::pg::{catalog, rows, scaffold, script, sequence};
use crate::stage::Stage;

/// Below this many rows one connection is faster than several.
const ROWS_WORTH_A_CONNECTION: u64 = 20_000;

/// Copies these stores.
pub async fn copy(means: &Means<'_>, receipts: &[Receipt<Created>]) -> Vec<Result<Receipt<Copied>>> {
    let mut copied = Vec::new();
    for receipt in receipts {
        copied.push(copy_one(means, receipt.the_move()).await);
    }
    copied
}

/// Back to `created`: rows changed, so they are loaded again.
///
/// # Errors
/// The server's error, or that the lease is lost.
pub async fn reopen(means: &Means<'_>, the_move: &Move, tables: &[Ident]) -> Result<Receipt<Created>> {
    let mut session = means.sessions.writer().await?;
    let unit = Unit::begin_transition(&mut session, the_move.id, the_move.epoch).await?;
    journal::forget_tables(unit.transaction(), the_move.id, tables).await?;
    journal::forget_checks(unit.transaction(), the_move.id).await?;
    scaffold::take_off(&unit, the_move.id, &the_move.store.schema).await?;
    the_move.advance(unit.transaction(), means.run, Stage::Created, &[]).await?;
    unit.commit(means.observer, None).await?;
    Receipt::reread(&session, the_move.id).await
}

async fn copy_one(means: &Means<'_>, the_move: &Move) -> Result<Receipt<Copied>> {
    let begun = Instant::now();
    let store = &the_move.store;
    means.sessions.check()?;
    means.observer.notice(&Event::StepStarted { store, step: Step::Copy });
    let mut holder = means.sessions.reader().await?;
    let ground = means.grounds.of_move(&holder, the_move).await?;
    let snapshot = Snapshot::export(&mut holder).await?;
    let store_tables = catalog::tables_of(snapshot.transaction().client(), &store.schema).await?;
    let statements = ground.statements(store, &store_tables)?;
    if the_move.kind == MoveKind::Move {
        load_tables(means, &snapshot, the_move, &ground, &statements).await?;
    }
    let source_samples = match the_move.kind {
        MoveKind::Move => {
            samples::run(snapshot.transaction(), &means.samples, store, ground.shared(), ground.shared()).await?
        }
        MoveKind::New => Vec::new(),
    };
    let snapshot_text = snapshot.text().to_owned();
    drop(snapshot);
    after_load::perform(means, the_move).await?;
    raise_sequences(means, the_move).await?;
    if the_move.kind == MoveKind::New {
        load_base_data(means, the_move).await?;
    }
    let mut session = means.sessions.writer().await?;
    let targets: Vec<_> = statements.iter().map(|statement| &statement.target).collect();
    rows::analyze(&*session, &targets).await?;
    let unit = Unit::begin_transition(&mut session, the_move.id, the_move.epoch).await?;
    journal::record_samples(unit.transaction(), the_move.id, &source_samples, None).await?;
    let set = format!("snapshot = {}", Literal::text(&snapshot_text));
    the_move.advance(unit.transaction(), means.run, Stage::Copied, &[set]).await?;
    unit.commit(means.observer, None).await?;
    means.observer.notice(&Event::StepDone { store, step: Step::Copy, elapsed: begun.elapsed() });
    Receipt::reread(&session, the_move.id).await
}

/// Loads what is not provably true at the snapshot; what is, is said to be true at it from now on.
async fn load_tables(
    means: &Means<'_>,
    snapshot: &Snapshot<'_>,
    the_move: &Move,
    ground: &Ground,
    statements: &[CopyStatement],
) -> Result<()> {
    let before = journal::table_runs_of(snapshot.transaction(), the_move.id).await?;
    let changed = changed_tables(snapshot.transaction(), ground, statements, &before, Changes::ByDigest).await?.tables;
    let (kept, to_load): (Vec<_>, Vec<_>) = statements.iter().partition(|statement| {
        let table = &statement.source.table;
        before.iter().any(|run| run.table == *table && !run.must_be_loaded()) && !changed.contains(table)
    });
    if !kept.is_empty() {
        keep(means, snapshot, the_move, &kept).await?;
    }
    let planned = |statement: &CopyStatement| {
        let of_plan = the_move.plan.tables.iter().find(|table| table.table == statement.source.table);
        of_plan.map_or(0, |table| table.row_count)
    };
    let mut to_load = to_load;
    to_load.sort_by_key(|statement| std::cmp::Reverse(planned(statement))); // the largest must not begin last
    let row_count: u64 = to_load.iter().map(|statement| planned(statement)).sum();
    let mut parts = Vec::new();
    for statement in &to_load {
        let client = snapshot.transaction().client();
        parts.push(super::plan::parts(means, client, statement, planned(statement)).await?);
    }
    let jobs = match row_count < ROWS_WORTH_A_CONNECTION && parts.iter().all(|parts| *parts == 1) {
        true => 1,
        false => means.copy.jobs.get(),
    };
    // A part counts like a table: there are never more writers than jobs.
    let writers = Semaphore::new(jobs.into());
    // A failure begins no further table, but lets those in flight end: what they load is journalled and kept.
    let failed = std::sync::atomic::AtomicBool::new(false);
    let loads = futures_util::stream::iter(to_load.into_iter().zip(parts)).map(|(statement, parts)| {
        let (failed, writers) = (&failed, &writers);
        let known = before.iter().find(|run| run.table == statement.source.table);
        async move {
            let _writers = writers.acquire_many(parts.into()).await?;
            if failed.load(std::sync::atomic::Ordering::SeqCst) {
                return Ok(None);
            }
            let load = Load { means, snapshot, the_move, statement, known };
            let loaded = match parts {
                1 => load.at_once().await,
                parts => load.in_parts(parts.into()).await,
            };
            failed.fetch_or(loaded.is_err(), std::sync::atomic::Ordering::SeqCst);
            loaded.map(Some)
        }
    });
    let results: Vec<Result<Option<TableRun>>> = loads.buffer_unordered(jobs.into()).collect().await;
    results.into_iter().collect::<Result<Vec<_>>>()?;
    Ok(())
}

async fn keep(means: &Means<'_>, snapshot: &Snapshot<'_>, the_move: &Move, kept: &[&CopyStatement]) -> Result<()> {
    let names: Vec<&str> = kept.iter().map(|statement| statement.source.table.raw()).collect();
    let mut session = means.sessions.writer().await?;
    let unit = Unit::begin(&mut session, the_move.id, the_move.epoch).await?;
    journal::keep_tables(unit.transaction(), means.run, the_move.id, &names, snapshot.text()).await?;
    unit.commit(means.observer, None).await
}

/// Sets the store's sequences above all that the shared schema gave out.
///
/// # Errors
/// A refusal where a sequence has no room, or the server's error.
pub async fn raise_sequences(means: &Means<'_>, the_move: &Move) -> Result<()> {
    let reader = means.sessions.reader().await?;
    let mut session = means.sessions.writer().await?;
    let unit = Unit::begin(&mut session, the_move.id, the_move.epoch).await?;
    let without_room = sequence::raise(
        unit.transaction(),
        &reader,
        &the_move.shared_schema,
        &the_move.store.schema,
        means.id_headroom,
    )
    .await?;
    if !without_room.is_empty() {
        bail!(
            Refusal::new(without_room.join("; "))
                .hint("give the template's column a larger type, or make [store_schema] id_headroom smaller")
                .exit(crate::error::Exit::Failed)
        );
    }
    unit.commit(means.observer, None).await?;
    means.observer.notice(&Event::Reached { moment: Moment::SequencesSet, table: None });
    Ok(())
}

/// Base data of a new store, once, in a transaction with its journal row.
async fn load_base_data(means: &Means<'_>, the_move: &Move) -> Result<()> {
    let (Some(file), Some(text)) = (&the_move.template.base_data_file, &the_move.template.base_data) else {
        return Ok(());
    };
    let mut session = means.sessions.writer().await?;
    let unit = Unit::begin(&mut session, the_move.id, the_move.epoch).await?;
    if journal::resources_of(unit.transaction(), the_move.id, "unit").await?.iter().any(|done| done.name == "base_data")
    {
        return Ok(());
    }
    let template = crate::template::Template::parse(file, text)?;
    let store = &the_move.store;
    let values = crate::pg::blueprint::substitutions(store, &store.schema, &the_move.shared_schema);
    let before = script::before(unit.transaction()).await?;
    script::open_path(unit.transaction(), &store.schema, &the_move.shared_schema).await?;
    for statement in template.render(&values)? {
        if let Err(error) = script::run(unit.transaction(), &statement.sql).await {
            let place = error.position.map(|position| statement.place_of_position(position));
            let (line, column) = place.map_or((statement.line, statement.column), |place| (place.line, place.column));
            let exit = crate::error::Exit::Failed;
            return Err(script::template_failure(file, (line, column), &statement.sql, &error, exit));
        }
    }
    script::close_path(unit.transaction()).await?;
    let strays = script::strays(unit.transaction(), &store.schema, &before).await?;
    if let Some(stray) = strays.first() {
        bail!(Refusal::new(format!("the base data makes or changes {stray}, outside the store schema")));
    }
    let done = journal::Resource::new("unit", "base_data", None, journal::ResourceState::Made);
    journal::record_resource(unit.transaction(), the_move.id, &[done]).await?;
    unit.commit(means.observer, None).await.context("loading the base data")
}
