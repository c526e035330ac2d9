//! Proves a copy: every row, by digest; where digests differ, by naming the rows.
//!
//! Inside a move the shared rows are known at the copy's snapshot and the store schema is read back at a later one;
//! that is valid because only we may write there before the switch. On its own, `verify` reads both sides at one new
//! snapshot.

use std::time::Instant;

use anyhow::{Context, Result};
use futures_util::StreamExt;
use tokio::sync::Semaphore;

use super::read_back::{digest, read_back, readers};
use super::{Means, clone};
use crate::digest::{DIGEST_NAME, DigestText};
use crate::event::{Event, Moment, Step};
use crate::ident::{Ident, Literal};
use crate::pg::checks::{Ids, checks};
use crate::pg::compare::{self, Side};
use crate::pg::ground::Ground;
use crate::pg::journal::{self, Copied, Move, Receipt, TableRun, Verified};
use crate::pg::samples;
use crate::pg::session::Session;
use crate::pg::snapshot::Snapshot;
use crate::pg::statement::CopyStatement;
use crate::pg::unit::Unit;
use crate::pg::versions::versions;
use crate::pg::{Client, Transaction, catalog, rows};
use crate::report::{Check, CheckVerdict, Difference, DigestPair, Sample, Sides, TableReport, Verdict};
use crate::stage::Stage;
use crate::table::{Relation, Table};

/// Fewer rows than these are read by the one connection that holds the snapshot.
const ROWS_WORTH_A_CONNECTION: u64 = 20_000;

/// What a look at one store gave.
#[derive(Clone, Debug, Default)]
pub struct Proof {
    /// Each table.
    pub tables: Vec<TableReport>,
    /// Each check.
    pub checks: Vec<Check>,
    /// The report's own queries.
    pub samples: Vec<Sample>,
    /// The snapshot of the shared rows.
    pub source_snapshot: Option<String>,
    /// The snapshot of the store schema's rows.
    pub target_snapshot: Option<String>,
    /// Which versions the catalogs had of all that is in the store schema.
    pub versions: String,
    /// The tables that the store schema had then.
    pub store_tables: Vec<Table>,
    /// Whether the journal has it.
    pub recorded: bool,
    /// Why not, where not: `switched`, `role`, `live`.
    pub not_recorded: Option<String>,
    /// The receipt, where all is equal and the move was not yet switched.
    pub receipt: Option<Receipt<Verified>>,
}

impl Proof {
    /// Whether anything differs.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.tables.iter().any(|table| table.verdict == Verdict::Differs)
            || self.checks.iter().any(|check| check.verdict == CheckVerdict::Fail)
            || self.samples.iter().any(|sample| !sample.equal)
    }
}

/// Where the shared side's digest comes from.
#[derive(Clone, Copy)]
enum SourceSide<'a> {
    /// It was taken while the rows were copied.
    Recorded(&'a [TableRun]),
    /// It is read now, at the same snapshot as the store schema.
    Now,
}

/// Reads the copies of these stores back and compares them with what was sent.
pub async fn verify(means: &Means<'_>, receipts: &[Receipt<Copied>]) -> Vec<Result<Proof>> {
    let mut proofs = Vec::new();
    for receipt in receipts {
        let the_move = receipt.the_move();
        let proof = verify_copy(means, the_move).await;
        proofs.push(proof.with_context(|| format!("verifying store {}", the_move.store.key)));
    }
    proofs
}

async fn verify_copy(means: &Means<'_>, the_move: &Move) -> Result<Proof> {
    let begun = Instant::now();
    means.sessions.check()?;
    means.observer.notice(&Event::StepStarted { store: &the_move.store, step: Step::Verify });
    let mut holder = means.sessions.reader().await?;
    let ground = means.grounds.of_move(&holder, the_move).await?;
    let snapshot = Snapshot::export(&mut holder).await?;
    let loaded = journal::table_runs_of(snapshot.transaction(), the_move.id).await?;
    let mut proof = look(means, &snapshot, the_move, &ground, SourceSide::Recorded(&loaded), Ids::AboveShared).await?;
    proof.source_snapshot.clone_from(&the_move.snapshot);
    let target = samples::run(
        snapshot.transaction(),
        &means.samples,
        &the_move.store,
        &the_move.store.schema,
        &the_move.shared_schema,
    )
    .await?;
    proof.samples = samples::compared(&the_move.samples, target);
    drop(snapshot);
    record(means, the_move, &mut proof).await?;
    means.observer.notice(&Event::StepDone { store: &the_move.store, step: Step::Verify, elapsed: begun.elapsed() });
    Ok(proof)
}

/// Compares both sides at one new snapshot. What it finds is recorded where this role may write the journal.
///
/// # Errors
/// The server's error.
pub async fn verify_now(means: &Means<'_>, the_move: &Move, may_record: bool) -> Result<Proof> {
    let begun = Instant::now();
    means.sessions.check()?;
    means.observer.notice(&Event::StepStarted { store: &the_move.store, step: Step::Verify });
    let mut holder = means.sessions.reader().await?;
    let ground = means.grounds.of_manifest(&holder, &the_move.manifest).await?;
    let snapshot = Snapshot::export(&mut holder).await?;
    let switched = the_move.stage.is_switched();
    let ids = if switched { Ids::AboveOwn } else { Ids::AboveShared };
    let mut proof = look(means, &snapshot, the_move, &ground, SourceSide::Now, ids).await?;
    proof.source_snapshot = Some(snapshot.text().to_owned());
    let (store, shared) = (&the_move.store, &the_move.shared_schema);
    let source = samples::run(snapshot.transaction(), &means.samples, store, shared, shared).await?;
    let target = samples::run(snapshot.transaction(), &means.samples, store, &store.schema, shared).await?;
    proof.samples = samples::compared(&source, target);
    drop(snapshot);
    for difference in proof.tables.iter_mut().flat_map(|table| &mut table.differences) {
        difference.after_switch = switched;
    }
    match may_record && !switched {
        true => record(means, the_move, &mut proof).await?,
        false if switched => proof.not_recorded = Some("switched".into()),
        false => proof.not_recorded = Some("role".into()),
    }
    means.observer.notice(&Event::StepDone { store: &the_move.store, step: Step::Verify, elapsed: begun.elapsed() });
    Ok(proof)
}

async fn look(
    means: &Means<'_>,
    snapshot: &Snapshot<'_>,
    the_move: &Move,
    ground: &Ground,
    source: SourceSide<'_>,
    ids: Ids,
) -> Result<Proof> {
    let store = &the_move.store;
    let store_tables = catalog::tables_of(snapshot.transaction().client(), &store.schema).await?;
    let statements = ground.statements(store, &store_tables)?;
    let row_count = the_move.plan.row_count();
    let compared = async {
        if row_count < ROWS_WORTH_A_CONNECTION {
            let mut compared = Vec::new();
            for statement in &statements {
                let reader = snapshot.transaction();
                compared.push(compare_table_in(reader, means, snapshot, the_move, statement, source, 1).await);
            }
            return compared;
        }
        let free = &Semaphore::new(means.copy.jobs.get().into()); // of all connections: a big table takes several
        let comparisons = futures_util::stream::iter(&statements)
            .map(|statement| compare_table(means, snapshot, the_move, statement, source, free))
            .buffered(usize::from(means.copy.jobs.get()));
        comparisons.collect::<Vec<Result<TableReport>>>().await
    };
    // The versions first: a change after them is seen as one.
    let checked = async {
        let versions = versions(snapshot.transaction(), &store.schema).await?;
        anyhow::Ok((versions, checks(snapshot.transaction(), Some(ground), &store_tables, the_move, ids).await?))
    };
    // On one connection in turn: whichever failed first would end the other's transaction.
    let (compared, checked) = match row_count < ROWS_WORTH_A_CONNECTION {
        true => (compared.await, checked.await),
        false => futures_util::future::join(Box::pin(compared), Box::pin(checked)).await,
    };
    let mut tables = Vec::new();
    if the_move.kind.has_rows() {
        let mut compared = compared.into_iter().collect::<Result<Vec<_>>>()?;
        for entry in &ground.manifest.tables {
            match compared.iter().position(|table| table.table == entry.name.raw()) {
                Some(index) => tables.push(compared.remove(index)),
                None => tables.push(missing_table(entry)),
            }
        }
    }
    let (versions, mut checks) = checked?;
    if ids == Ids::AboveShared {
        checks.extend(Box::pin(clone::check(means, snapshot, the_move, &store_tables)).await?);
    }
    let target_snapshot = Some(snapshot.text().to_owned());
    Ok(Proof { tables, checks, versions, store_tables, target_snapshot, ..Proof::default() })
}

fn missing_table(entry: &crate::manifest::Entry) -> TableReport {
    let mut missing = TableReport::pending(&entry.name, entry.group.clone());
    missing.verdict = Verdict::Differs;
    missing.digest_equal = Some(false);
    missing
}

async fn compare_table(
    means: &Means<'_>,
    snapshot: &Snapshot<'_>,
    the_move: &Move,
    statement: &CopyStatement,
    source: SourceSide<'_>,
    free: &Semaphore,
) -> Result<TableReport> {
    let readers = readers(the_move.plan.rows_of(&statement.source.table), means.copy.jobs);
    let _taken = free.acquire_many(readers.into()).await?;
    let mut session = means.sessions.reader().await?;
    let compared = async {
        let reader = snapshot.import(&mut session).await?;
        compare_table_in(&reader, means, snapshot, the_move, statement, source, readers).await
    }
    .await;
    if compared.is_err() {
        session.abandon().await;
    }
    compared
}

/// On a connection that sees the snapshot.
async fn compare_table_in(
    reader: &Transaction<'_>,
    means: &Means<'_>,
    snapshot: &Snapshot<'_>,
    the_move: &Move,
    statement: &CopyStatement,
    source: SourceSide<'_>,
    readers: u8,
) -> Result<TableReport> {
    let begun = Instant::now();
    let table = &statement.source.table;
    let group = the_move.manifest.entry(table).and_then(|entry| entry.group.clone());
    let mut report = TableReport::pending(table, group);
    let recorded = match source {
        SourceSide::Recorded(runs) => runs.iter().find(|run| run.table == *table),
        SourceSide::Now => None,
    };
    let expected = recorded.map_or(0, |run| run.row_count);
    let store = &the_move.store;
    means.observer.notice(&Event::TableStarted { store, step: Step::Verify, table, row_count: expected });
    let target = read_back(means, snapshot, reader, statement, readers).await?;
    let source_text = match recorded {
        Some(run) => run.source_digest.clone(),
        None => DigestText::from(&digest(reader, statement, &statement.source_digest()).await?).0,
    };
    let target_text = DigestText::from(&target).0;
    report.row_count = Sides { source: rows_of(&source_text), target: Some(target.row_count) };
    report.bytes = recorded.map_or(target.byte_count, |run| run.byte_count);
    report.seconds = recorded.map_or_else(|| begun.elapsed().as_secs_f64(), |run| run.seconds);
    let equal = source_text == target_text;
    report.digest_equal = Some(equal);
    report.digest = DigestPair { name: DIGEST_NAME.to_owned(), source: Some(source_text), target: Some(target_text) };
    report.verdict = if equal { Verdict::Equal } else { Verdict::Differs };
    if !equal {
        let (differences, count) = rows_that_differ(means, snapshot, reader, statement).await?;
        report.differences = differences;
        report.difference_count = count;
    }
    means.observer.notice(&Event::TableDone {
        store,
        step: Step::Verify,
        table,
        row_count: target.row_count,
        byte_count: target.byte_count,
        elapsed: begun.elapsed(),
    });
    Ok(report)
}

/// The number of rows that a recorded digest speaks of.
fn rows_of(digest: &str) -> Option<u64> {
    digest.split(':').next()?.parse().ok()
}

/// Streams both sides ordered by key and names the rows.
async fn rows_that_differ(
    means: &Means<'_>,
    snapshot: &Snapshot<'_>,
    reader: &Transaction<'_>,
    statement: &CopyStatement,
) -> Result<(Vec<Difference>, u64)> {
    let mut other: Session = means.sessions.reader().await?;
    let found = async {
        let target = snapshot.import(&mut other).await?;
        compare::differences(
            Side { client: reader.client(), select: statement.source_rows() },
            Side { client: target.client(), select: statement.target_rows() },
            &statement.compared(),
            &statement.key,
            means.max_diffs,
        )
        .await
    }
    .await;
    if found.is_err() {
        other.abandon().await;
    }
    found
}

/// Tables of the store schema that no copy accounts for.
///
/// # Errors
/// The server's error.
pub async fn tables_beside(client: &Client, the_move: &Move, loaded: &[TableRun]) -> Result<Vec<Relation>> {
    Ok(beside(&catalog::tables_of(client, &the_move.store.schema).await?, loaded))
}

fn beside(tables: &[Table], loaded: &[TableRun]) -> Vec<Relation> {
    let beside =
        tables.iter().filter(|table| !table.is_partition && !loaded.iter().any(|run| run.table == table.name.table));
    beside.map(Table::relation).collect()
}

/// Writes the verdict; all equal makes the move `verified`, a difference takes that back.
async fn record(means: &Means<'_>, the_move: &Move, proof: &mut Proof) -> Result<()> {
    let mut session = means.sessions.writer().await?;
    let unit = Unit::begin_transition(&mut session, the_move.id, the_move.epoch).await?;
    let loaded = journal::table_runs_of(unit.transaction(), the_move.id).await?;
    for table in &proof.tables {
        let Some(run) = loaded.iter().find(|run| run.table.raw() == table.table) else { continue };
        let (Some(source), Some(target)) = (&table.digest.source, &table.digest.target) else { continue };
        let equal = table.verdict == Verdict::Equal;
        let verdict = TableRun {
            table: Ident::new(&table.table),
            // Only an equal look at a new snapshot says anything new about what is loaded.
            snapshot: proof.source_snapshot.clone().filter(|_| equal).unwrap_or_else(|| run.snapshot.clone()),
            row_count: if equal { table.row_count.source.unwrap_or(run.row_count) } else { run.row_count },
            byte_count: run.byte_count,
            source_digest: if equal { source.clone() } else { run.source_digest.clone() },
            target_digest: Some(target.clone()),
            seconds: run.seconds,
            verdict: if equal { "equal" } else { "differs" }.to_owned(),
            differences: table.differences.clone(),
            difference_count: table.difference_count,
        };
        journal::record_verdict(unit.transaction(), means.run, the_move.id, &verdict).await?;
    }
    let digests = rows::fingerprints(unit.transaction(), &beside(&proof.store_tables, &loaded)).await?;
    journal::record_base_digests(unit.transaction(), the_move.id, &digests).await?;
    for check in &proof.checks {
        journal::record_check(unit.transaction(), means.run, the_move.id, check).await?;
    }
    let target_snapshot = proof.target_snapshot.clone().unwrap_or_default();
    journal::record_samples(unit.transaction(), the_move.id, &proof.samples, Some(&target_snapshot)).await?;
    match (proof.differs(), the_move.stage) {
        (false, Stage::Copied | Stage::Verified) => {
            let at = proof.source_snapshot.clone().unwrap_or(target_snapshot);
            let set = format!("snapshot = {}", Literal::text(at));
            the_move.advance(unit.transaction(), means.run, Stage::Verified, &[set]).await?;
            journal::record_proven(unit.transaction(), means.run, the_move.id, &proof.versions).await?;
        }
        (true, Stage::Verified) => the_move.advance(unit.transaction(), means.run, Stage::Copied, &[]).await?,
        (true, _) => {
            let differing = proof.tables.iter().filter(|table| table.verdict == Verdict::Differs);
            let names: Vec<&str> = differing.map(|table| table.table.as_str()).collect();
            let detail = std::collections::BTreeMap::from([("tables", names)]);
            journal::record_event(unit.transaction(), means.run, Some(the_move.id), "differs", &detail).await?;
        }
        (false, _) => {}
    }
    unit.commit(means.observer, None).await?;
    means.observer.notice(&Event::Reached { moment: Moment::VerdictWritten, table: None });
    proof.recorded = true;
    if !proof.differs() {
        proof.receipt = Some(Receipt::reread(&session, the_move).await?);
    }
    Ok(())
}
