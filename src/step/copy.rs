//! Copies a store's rows at one snapshot, then makes what stands after the load.
//!
//! A first copy, the one after a crash and the one after a change go the same way: load the tables that are not
//! provably true at the new snapshot, put back what was taken off, run the units that are not done yet.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, bail};
use futures_util::{StreamExt, stream};
use tokio::sync::Semaphore;

use super::load::Load;
use super::{Means, Strategy, after_load, base_data, clone};
use crate::error::Refusal;
use crate::event::{Event, Moment, Step};
use crate::ident::{Ident, Literal, QualifiedTable};
use crate::pg::change::changed_tables;
use crate::pg::ground::Ground;
use crate::pg::journal::{self, Copied, Created, Move, MoveKind, Receipt, TableRun};
use crate::pg::pass::{Pass, cost_of};
use crate::pg::samples;
use crate::pg::snapshot::Snapshot;
use crate::pg::statement::CopyStatement;
use crate::pg::unit::Unit;
use crate::pg::{catalog, rows, scaffold, sequence};
use crate::report::Sample;
use crate::stage::Stage;

/// Of how many stores the planner is asked what reading their rows costs.
const STORES_ASKED: usize = 3;

/// Below this many rows one connection is faster than several.
const ROWS_WORTH_A_CONNECTION: u64 = 20_000;

/// Copies these stores: all rows at one snapshot, then what stands after the load, several stores at once.
pub async fn copy(means: &Means<'_>, receipts: &[Receipt<Created>]) -> Vec<Result<Receipt<Copied>>> {
    let begun = Instant::now();
    if receipts.is_empty() {
        return Vec::new();
    }
    let moves: Vec<&Move> = receipts.iter().map(Receipt::the_move).collect();
    for the_move in &moves {
        means.observer.notice(&Event::StepStarted { store: &the_move.store, step: Step::Copy });
    }
    let loaded = match Box::pin(load(means, &moves)).await {
        Ok(loaded) => loaded,
        Err(error) => moves.iter().map(|_| Err(super::same(&error))).collect(),
    };
    let finished = moves.into_iter().zip(loaded).map(|(the_move, loaded)| async move {
        let copied = Box::pin(finish(means, the_move, loaded?)).await?; // on the heap, as a stack is small
        let (store, step) = (&the_move.store, Step::Copy);
        means.observer.notice(&Event::StepDone { store, step, elapsed: begun.elapsed() });
        Ok(copied)
    });
    stream::iter(finished).buffered(means.stores_at_once.get()).collect().await
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
    Receipt::reread(&session, the_move).await
}

/// A store whose rows are being loaded.
struct Loading<'m> {
    the_move: &'m Move,
    ground: Option<Arc<Ground>>,
    statements: Vec<CopyStatement>,
    /// What the journal knows of earlier loads.
    before: Vec<TableRun>,
    /// Tables that are still to be loaded.
    open: BTreeSet<Ident>,
    failure: Option<anyhow::Error>,
}

impl Loading<'_> {
    fn load<'a>(&'a self, means: &'a Means<'a>, snapshot: &'a Snapshot<'a>, statement: &'a CopyStatement) -> Load<'a> {
        let known = self.before.iter().find(|run| run.table == statement.source.table);
        Load { means, snapshot, the_move: self.the_move, statement, known }
    }

    fn planned_rows(&self, table: &Ident) -> u64 {
        self.the_move.plan.rows_of(table)
    }

    fn to_load(&self) -> Vec<&CopyStatement> {
        self.statements.iter().filter(|statement| self.open.contains(&statement.source.table)).collect()
    }
}

/// What a store's rows are after the load.
struct Loaded {
    snapshot: String,
    tables: Vec<QualifiedTable>,
    samples: Vec<Sample>,
}

/// Loads the rows of all these stores at one snapshot.
async fn load(means: &Means<'_>, moves: &[&Move]) -> Result<Vec<Result<Loaded>>> {
    means.sessions.check()?;
    let mut holder = means.sessions.reader().await?;
    let snapshot = Snapshot::export(&mut holder).await?;
    let looks = moves.iter().map(|the_move| Box::pin(look(means, &snapshot, the_move)));
    let mut loading: Vec<Loading<'_>> = stream::iter(looks).buffered(means.stores_at_once.get()).collect().await;
    passes(means, &snapshot, &mut loading).await?;
    let snapshot = &snapshot;
    let rest = loading.into_iter().map(|mut loading| async move {
        if let Some(failure) = loading.failure.take() {
            return Err(failure);
        }
        load_one_by_one(means, snapshot, &loading).await?;
        let the_move = loading.the_move;
        if let Some(of) = &the_move.plan.clone_of {
            Box::pin(clone::load(means, snapshot, the_move, of)).await?;
        }
        let samples = match the_move.kind {
            _ if means.samples.is_empty() => Vec::new(),
            MoveKind::Move | MoveKind::Rehearsal => {
                let shared = &the_move.shared_schema;
                let mut session = means.sessions.reader().await?;
                let source = snapshot.import(&mut session).await?;
                samples::run(&source, &means.samples, &the_move.store, shared, shared).await?
            }
            MoveKind::New | MoveKind::Ready => Vec::new(),
        };
        let tables = loading.statements.into_iter().map(|statement| statement.target).collect();
        Ok(Loaded { snapshot: snapshot.text().to_owned(), tables, samples })
    });
    Ok(stream::iter(rest).buffered(means.stores_at_once.get()).collect().await)
}

/// What of a store is to be loaded: all that is not provably true at the snapshot. What is, is said to be true at it
/// from now on.
async fn look<'m>(means: &Means<'_>, snapshot: &Snapshot<'_>, the_move: &'m Move) -> Loading<'m> {
    let mut loading = Loading {
        the_move,
        ground: None,
        statements: Vec::new(),
        before: Vec::new(),
        open: BTreeSet::new(),
        failure: None,
    };
    let looked = async {
        means.sessions.check()?;
        // In a transaction of its own: an error of one store's condition must not end that of all.
        let mut session = means.sessions.reader().await?;
        let source = snapshot.import(&mut session).await?;
        let client = source.client();
        let ground = loading.ground.insert(means.grounds.of_move(client, the_move).await?);
        let store_tables = catalog::tables_of(client, &the_move.store.schema).await?;
        loading.statements = ground.statements(&the_move.store, &store_tables)?;
        if !the_move.kind.has_rows() {
            return Ok(());
        }
        loading.before = journal::table_runs_of(&source, the_move.id).await?;
        let (statements, before) = (&loading.statements, &loading.before);
        let changed = changed_tables(&source, ground, statements, before).await?;
        let (kept, to_load): (Vec<_>, Vec<_>) = statements.iter().partition(|statement| {
            let table = &statement.source.table;
            let is_loaded = before.iter().any(|run| run.table == *table && !run.must_be_loaded());
            is_loaded && !changed.tables.contains(table)
        });
        if !kept.is_empty() {
            keep(means, snapshot, the_move, &kept).await?;
        }
        loading.open = to_load.into_iter().map(|statement| statement.source.table.clone()).collect();
        anyhow::Ok(())
    };
    loading.failure = looked.await.err();
    loading
}

/// Loads by one pass the tables of several stores of which that is cheaper.
async fn passes(means: &Means<'_>, snapshot: &Snapshot<'_>, loading: &mut [Loading<'_>]) -> Result<()> {
    let tables: BTreeSet<Ident> = loading.iter().flat_map(|loading| loading.open.iter().cloned()).collect();
    for table in tables {
        let (mut of, mut loads) = (Vec::new(), Vec::new());
        for (at, one) in
            loading.iter().enumerate().filter(|(_, one)| one.failure.is_none() && one.open.contains(&table))
        {
            let Some(statement) = one.statements.iter().find(|statement| statement.source.table == table) else {
                continue;
            };
            let load = one.load(means, snapshot, statement);
            let alike = loads.first().is_none_or(|first: &Load<'_>| first.statement.reads_like(statement));
            if alike && !is_split(&load).await? {
                of.push(at);
                loads.push(load);
            }
        }
        let ground = of.first().and_then(|at| loading[*at].ground.clone());
        let Some(ground) = ground else { continue };
        if loads.len() < 2 {
            continue;
        }
        let (pass, why) = worthwhile(means, &ground, &loads).await?;
        let (store_count, one_pass, why) = (loads.len(), pass.is_some(), why.as_str());
        means.observer.notice(&Event::ReadChosen { table: &table, store_count, one_pass, why });
        let Some(pass) = pass else { continue };
        let loaded = super::one_pass::load(means, snapshot, &pass, &loads).await;
        drop(loads);
        for (at, loaded) in of.into_iter().zip(loaded) {
            loading[at].open.remove(&table);
            loading[at].failure = loaded.err();
        }
    }
    Ok(())
}

/// Whether the store's rows are so many that several connections load them, found over an index; without one each would
/// read the whole table.
async fn is_split(load: &Load<'_>) -> Result<bool> {
    if load.means.strategy == Strategy::OnePass || !load.has_index() {
        return Ok(false);
    }
    let client = load.snapshot.transaction().client();
    Ok(super::plan::parts(load.means, client, load.statement, load.planned_rows()).await? > 1)
}

/// The pass over a table for these stores, where it costs less than reading the table for each of them; and why, or why
/// not.
async fn worthwhile(means: &Means<'_>, ground: &Ground, loads: &[Load<'_>]) -> Result<(Option<Pass>, String)> {
    let [first, ..] = loads else { return Ok((None, "no store".into())) };
    if means.strategy == Strategy::PerStore {
        return Ok((None, "--strategy per-store".into()));
    }
    let stores: Vec<_> = loads.iter().map(|load| &load.the_move.store).collect();
    let Some(pass) = Pass::of(ground, first.statement, &stores)? else {
        return Ok((
            None,
            "a row's key alone does not say whose it is: a condition decides, or the key is text".into(),
        ));
    };
    if means.strategy == Strategy::OnePass {
        return Ok((Some(pass), "--strategy one-pass".into()));
    }
    let client = first.snapshot.transaction();
    let of_pass = pass.cost(client, first.statement).await?;
    let (mut of_some, mut count) = (0.0, 0_u32);
    for load in loads.iter().step_by(loads.len().div_ceil(STORES_ASKED)) {
        of_some += cost_of(client, &load.statement.source_rows()).await?;
        count += 1;
    }
    let per_store = of_some / f64::from(count) * loads.len() as f64;
    let why = format!("the planner's cost: {of_pass:.0} for one pass, {per_store:.0} for each store by itself");
    Ok(((of_pass <= per_store).then_some(pass), why))
}

/// Loads what no pass has loaded, several tables at once.
async fn load_one_by_one(means: &Means<'_>, snapshot: &Snapshot<'_>, loading: &Loading<'_>) -> Result<()> {
    let mut to_load = loading.to_load();
    to_load.sort_by_key(|statement| std::cmp::Reverse(loading.planned_rows(&statement.source.table))); // the largest must not begin last
    let row_count: u64 = to_load.iter().map(|statement| loading.planned_rows(&statement.source.table)).sum();
    let mut parts = Vec::new();
    for statement in &to_load {
        let client = snapshot.transaction().client();
        parts.push(super::plan::parts(means, client, statement, loading.planned_rows(&statement.source.table)).await?);
    }
    let jobs = match row_count < ROWS_WORTH_A_CONNECTION && parts.iter().all(|parts| *parts == 1) {
        true => 1,
        false => means.copy.jobs.get(),
    };
    // A part counts like a table: there are never more writers than jobs.
    let writers = Semaphore::new(jobs.into());
    // A failure begins no further table, but lets those in flight end: what they load is journalled and kept.
    let failed = std::sync::atomic::AtomicBool::new(false);
    let loads = stream::iter(to_load.into_iter().zip(parts)).map(|(statement, parts)| {
        let (failed, writers) = (&failed, &writers);
        async move {
            let _writers = writers.acquire_many(parts.into()).await?;
            if failed.load(std::sync::atomic::Ordering::SeqCst) {
                return Ok(None);
            }
            let load = loading.load(means, snapshot, statement);
            let loaded = match parts {
                1 => Box::pin(load.at_once()).await,
                parts => Box::pin(load.in_parts(parts.into())).await,
            };
            failed.fetch_or(loaded.is_err(), std::sync::atomic::Ordering::SeqCst);
            loaded.map(Some)
        }
    });
    let results: Vec<Result<Option<TableRun>>> = loads.buffer_unordered(jobs.into()).collect().await;
    results.into_iter().collect::<Result<Vec<_>>>()?;
    Ok(())
}

/// What stands after the load.
async fn finish(means: &Means<'_>, the_move: &Move, loaded: Loaded) -> Result<Receipt<Copied>> {
    after_load::perform(means, the_move).await?;
    raise_sequences(means, the_move).await?;
    if the_move.kind == MoveKind::New {
        base_data::load(means, the_move).await?;
    }
    let mut session = means.sessions.writer().await?;
    rows::analyze(&session, &loaded.tables.iter().collect::<Vec<_>>()).await?;
    let unit = Unit::begin_transition(&mut session, the_move.id, the_move.epoch).await?;
    journal::record_samples(unit.transaction(), the_move.id, &loaded.samples, None).await?;
    let set = format!("snapshot = {}", Literal::text(&loaded.snapshot));
    the_move.advance(unit.transaction(), means.run, Stage::Copied, &[set]).await?;
    unit.commit(means.observer, None).await?;
    Receipt::reread(&session, the_move).await
}

async fn keep(means: &Means<'_>, snapshot: &Snapshot<'_>, the_move: &Move, kept: &[&CopyStatement]) -> Result<()> {
    let names: Vec<&str> = kept.iter().map(|statement| statement.source.table.raw()).collect();
    let mut session = means.sessions.writer().await?;
    let unit = Unit::begin(&mut session, the_move.id, the_move.epoch).await?;
    journal::keep_tables(unit.transaction(), means.run, the_move.id, &names, snapshot.text()).await?;
    unit.commit(means.observer, None).await
}

/// Sets the store's sequences above all that the shared schema gave out, and those of a clone above its source's too.
///
/// # Errors
/// A refusal where a sequence has no room, or the server's error.
pub async fn raise_sequences(means: &Means<'_>, the_move: &Move) -> Result<()> {
    let (shared, schema) = (&the_move.shared_schema, &the_move.store.schema);
    let reader = means.sessions.reader().await?;
    let raise = sequence::to_raise(&reader, shared, schema, means.id_headroom).await?;
    drop(reader);
    if !raise.without_room.is_empty() {
        bail!(
            Refusal::new(raise.without_room.join("; "))
                .hint("give the template's column a larger type, or make [store_schema] id_headroom smaller")
                .exit(crate::error::Exit::Failed)
        );
    }
    if !raise.is_empty() || the_move.plan.clone_of.is_some() {
        let mut session = means.sessions.writer().await?;
        let unit = Unit::begin(&mut session, the_move.id, the_move.epoch).await?;
        raise.raise(unit.client()).await?;
        if let Some(of) = &the_move.plan.clone_of {
            sequence::follow(unit.transaction(), &of.schema, schema).await?;
        }
        unit.commit(means.observer, None).await?;
    }
    means.observer.notice(&Event::Reached { moment: Moment::SequencesSet, table: None });
    Ok(())
}
