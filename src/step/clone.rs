//! A new store that begins as a copy of another: the rows of that store's schema instead of base data, with the new
//! store's key in place of the other's.
//!
//! Only reads the other schema. All rows are loaded in one transaction, which also says in the journal what was sent; the
//! proof reads it back, and the switch asks that it is still so.

use std::time::Instant;

use anyhow::{Context, Result, bail};
use futures_util::future::join;

use super::Means;
use super::load::Load;
use super::read_back::{digest, read_back, readers};
use crate::digest::DigestText;
use crate::error::{Exit, Refusal};
use crate::event::{Event, Moment};
use crate::ident::Ident;
use crate::manifest::{Entry, Manifest};
use crate::pg::change::maybe_changed_in_store;
use crate::pg::ground::Ground;
use crate::pg::journal::{self, Cloned, ClonedTable, Move, Resource, ResourceState, TableRun};
use crate::pg::session::Session;
use crate::pg::snapshot::Snapshot;
use crate::pg::statement::{self, CopyStatement, Rekey};
use crate::pg::transfer::{Sink, StoreCopy, transfer};
use crate::pg::unit::Unit;
use crate::pg::{Client, Transaction, catalog, rows};
use crate::plan::{CloneOf, Finding};
use crate::report::{Check, EQUALS_ITS_SOURCE};
use crate::store::{Store, StoreKey};
use crate::table::Table;

/// The unit's name in the journal.
const UNIT: &str = "clone";

/// The store to copy: one whose application works in its own schema.
///
/// # Errors
/// A refusal where it is not switched; the server's error.
pub async fn source(client: &Client, shared: &Ident, key: &StoreKey) -> Result<CloneOf> {
    match journal::live_move(client, shared, key).await? {
        Some(the_move) if the_move.stage.is_switched() => {
            Ok(CloneOf { store: key.clone(), schema: the_move.store.schema })
        }
        Some(the_move) => bail!(
            Refusal::new(format!("store {key} is {}, not switched", the_move.stage))
                .because("a clone is made of the schema that a store's application works in")
                .hint(format!("`tenantctl migrate --store {key}` first"))
        ),
        None => bail!(
            Refusal::new(format!("store {key} has no schema of its own"))
                .because("a clone is made of the schema that a store's application works in")
                .hint(format!("`tenantctl migrate --store {key}` first"))
        ),
    }
}

/// What stands in the way of a clone, and which rows it leaves out; `made` is what the template makes for the store.
///
/// # Errors
/// The server's error.
pub(super) async fn findings(
    client: &Client,
    ground: &Ground,
    of: &CloneOf,
    store: &Store,
    made: &[Table],
) -> Result<Vec<Finding>> {
    let theirs = catalog::tables_of(client, &of.schema).await?;
    let mut found = in_the_way(&ground.manifest, of, &theirs, made);
    for table in theirs.iter().filter(|table| !table.is_partition && ground.manifest.entry(&table.name.table).is_none())
    {
        if rows::has_rows(client, &table.relation()).await? {
            let message = format!("schema {} has rows in it, which are not copied", of.schema.raw());
            found.push(
                Finding::note("table_not_cloned", message)
                    .table(&table.name.table)
                    .hint("the manifest does not list it, so nobody knows where the store's key is in it"),
            );
        }
    }
    Ok(found.into_iter().map(|finding| finding.store(&store.key)).collect())
}

/// Columns and tables of the one schema that the other lacks, or that hold less.
fn in_the_way(manifest: &Manifest, of: &CloneOf, theirs: &[Table], ours: &[Table]) -> Vec<Finding> {
    let mut found = Vec::new();
    let hint = format!("bring schema {} and the template together first: a clone leaves nothing out", of.schema.raw());
    for entry in &manifest.tables {
        let named = |tables: &[Table]| tables.iter().position(|table| table.name.table == entry.name);
        let target = named(ours).map(|at| &ours[at]);
        match named(theirs) {
            None => found.push(
                Finding::stop("table_missing_in_source", format!("schema {} has no such table", of.schema.raw()))
                    .table(&entry.name)
                    .hint(&hint),
            ),
            Some(at) => {
                // What the move leaves out of the shared table the store's own may have all the same.
                let entry = Entry { omit: Vec::new(), ..entry.clone() };
                found.extend(statement::findings(&entry, &theirs[at], target).into_iter().map(|of| of.hint(&hint)));
            }
        }
    }
    found
}

/// How each table is read of the other schema and written into ours.
fn statements(ground: &Ground, of: &CloneOf, store: &Store, theirs: &[Table], ours: &[Table]) -> Vec<CopyStatement> {
    let mut statements = Vec::new();
    for owner in &ground.owners {
        let named = |tables: &[Table]| tables.iter().find(|table| table.name.table == owner.table.table).cloned();
        let Some((source, target)) = named(theirs).zip(named(ours)) else { continue };
        let rekey = Rekey { columns: owner.key_columns(), from: of.store.clone(), to: store.key.clone() };
        statements.push(CopyStatement::cloned(&source, &target, rekey));
    }
    statements
}

/// Loads the rows of the other store's schema as of the snapshot, once.
///
/// # Errors
/// A refusal where the other store is no longer routed to the schema, or the schemas no longer go together; the server's
/// error, such as a key that a row breaks.
pub(super) async fn load(means: &Means<'_>, snapshot: &Snapshot<'_>, the_move: &Move, of: &CloneOf) -> Result<()> {
    means.pass().await?;
    let mut reader = means.sessions.reader().await?;
    let mut writer = means.sessions.writer().await?;
    let cancellers = (reader.canceller(), writer.canceller());
    let loaded = load_between(means, snapshot, the_move, of, (&mut reader, &mut writer)).await;
    if loaded.is_err() {
        // As after any COPY that was dropped: neither connection is used again.
        join(cancellers.0.cancel(), cancellers.1.cancel()).await;
        reader.discard();
        writer.discard();
    }
    loaded.with_context(|| format!("cloning store {} into store {}", of.store, the_move.store.key))
}

async fn load_between(
    means: &Means<'_>,
    snapshot: &Snapshot<'_>,
    the_move: &Move,
    of: &CloneOf,
    (reader, writer): (&mut Session, &mut Session),
) -> Result<()> {
    let store = &the_move.store;
    let unit = Unit::begin(writer, the_move.id, the_move.epoch).await?;
    if journal::resources_of(unit.transaction(), the_move.id, "unit").await?.iter().any(|done| done.name == UNIT) {
        return Ok(());
    }
    let from = snapshot.import(reader).await?;
    let now = source(&from, &the_move.shared_schema, &of.store).await?;
    let ground = means.grounds.of_move(from.client(), the_move).await?;
    let theirs = catalog::tables_of(from.client(), &of.schema).await?;
    let ours = catalog::tables_of(unit.client(), &store.schema).await?;
    if now != *of {
        bail!(
            Refusal::new(format!("store {} works in schema {} by now", of.store, now.schema.raw()))
                .hint(format!("`tenantctl abandon --store {}`, and clone anew", store.key))
        );
    }
    if let Some(first) = in_the_way(&ground.manifest, of, &theirs, &ours).first() {
        let table = first.table.as_ref().map(|table| format!("{table}: ")).unwrap_or_default();
        bail!(
            Refusal::new(format!("schema {} is not what it was when store {} was planned", of.schema.raw(), store.key))
                .because(format!("{table}{}", first.message))
                .hint(first.hint.clone().unwrap_or_default())
        );
    }
    let mut tables = Vec::new();
    for statement in statements(&ground, of, store, &theirs, &ours) {
        let load = Load { means, snapshot, the_move, statement: &statement, known: None };
        let loaded = load_table(&load, &from, &unit).await;
        tables.push(loaded.with_context(|| format!("table {}", statement.source.raw()))?);
    }
    let done = Resource::new("unit", UNIT, None, ResourceState::Made);
    journal::record_resource(unit.transaction(), the_move.id, &[done]).await?;
    let (from_store, from_schema) = (of.store.text().to_owned(), of.schema.clone());
    let cloned = Cloned { from_store, from_schema, snapshot: snapshot.text().to_owned(), tables };
    journal::record_cloned(unit.transaction(), means.run, the_move.id, &cloned).await?;
    means.observer.notice(&Event::Reached { moment: Moment::BeforeTableCommit, table: None });
    unit.commit(means.observer, None).await
}

async fn load_table(load: &Load<'_>, from: &Transaction<'_>, unit: &Unit<'_>) -> Result<ClonedTable> {
    let (begun, statement) = (Instant::now(), load.statement);
    let expected = load.count(from).await?;
    if rows::has_rows(unit.transaction(), &statement.from_target()).await? {
        bail!(
            Refusal::new(format!("{} has rows that tenantctl did not load", statement.target.raw()))
                .because("a clone has the rows of the other store alone")
                .hint("take INSERT out of the template; or move away what somebody wrote there")
                .exit(Exit::Failed)
        );
    }
    let mut sink =
        StoreCopy::open(unit.transaction(), statement.copy_in(), statement.format, load.means.copy.piece).await?;
    load.reached(Moment::BeforeFirstByte);
    let mut progress = load.progress(expected);
    let sent = transfer(from, &statement.copy_out(), statement.format, &mut sink, |bytes| progress.row(bytes)).await?;
    let loaded = sink.finish().await?;
    drop(sink);
    load.reached(Moment::CopyDone);
    load.agree(expected, &sent, loaded)?;
    let run = load.table_run(expected, &sent, &sent, begun);
    load.done(&run, begun.elapsed());
    Ok(ClonedTable {
        table: run.table,
        row_count: run.row_count,
        byte_count: run.byte_count,
        digest: run.source_digest,
        columns: statement.compared(),
        format: statement.format,
    })
}

/// What was loaded, as it is read back of the store schema; none of a table that is gone.
fn as_loaded(cloned: &Cloned, store_tables: &[Table]) -> Vec<Option<CopyStatement>> {
    let back = |of: &ClonedTable| {
        let table = store_tables.iter().find(|table| table.name.table == of.table)?;
        let are_there = of.columns.iter().all(|column| table.column(column).is_some());
        are_there.then(|| CopyStatement::read_back(table, &of.columns, of.format))
    };
    cloned.tables.iter().map(back).collect()
}

/// Reads the clone back and compares it with what was sent; none where the store is no clone.
///
/// # Errors
/// The server's error.
pub(super) async fn check(
    means: &Means<'_>,
    snapshot: &Snapshot<'_>,
    the_move: &Move,
    store_tables: &[Table],
) -> Result<Option<Check>> {
    if the_move.plan.clone_of.is_none() {
        return Ok(None);
    }
    let reader = snapshot.transaction();
    let Some(cloned) = journal::cloned_of(reader, the_move.id).await? else {
        return Ok(Some(Check::not_checked(EQUALS_ITS_SOURCE, "the rows are not loaded yet")));
    };
    let mut differing = Vec::new();
    for (of, statement) in cloned.tables.iter().zip(as_loaded(&cloned, store_tables)) {
        let name = of.table.raw();
        let Some(statement) = statement else {
            differing.push(format!("{name}: what was sent is not there"));
            continue;
        };
        let count = readers(of.row_count, means.copy.jobs);
        let back = DigestText::from(&read_back(means, snapshot, reader, &statement, count).await?).0;
        if back != of.digest {
            differing.push(format!("{name}: sent {}, read back {back}", of.digest));
        }
    }
    let (count, all) = (cloned.tables.len() - differing.len(), cloned.tables.len());
    let detail =
        format!("cloned from store {}: {count} of {all} tables equal, {} rows", cloned.from_store, cloned.row_count());
    Ok(Some(Check::of(EQUALS_ITS_SOURCE, detail, differing)))
}

/// Tables of a clone whose rows are no longer what was proven.
///
/// # Errors
/// The server's error.
pub(super) async fn changed_since(transaction: &Transaction<'_>, the_move: &Move) -> Result<Vec<Ident>> {
    let Some(cloned) = journal::cloned_of(transaction, the_move.id).await? else { return Ok(Vec::new()) };
    let store_tables = catalog::tables_of(transaction.client(), &the_move.store.schema).await?;
    let statements: Vec<CopyStatement> = as_loaded(&cloned, &store_tables).into_iter().flatten().collect();
    let runs: Vec<TableRun> = cloned.tables.iter().map(|of| table_run(&cloned, of)).collect();
    let maybe = match &the_move.verdict_snapshot {
        Some(snapshot) => maybe_changed_in_store(transaction, &statements, &runs, snapshot).await?,
        None => statements.iter().collect(),
    };
    let mut changed = Vec::new();
    for statement in maybe {
        let now = digest(transaction, statement, &statement.target_digest()).await?;
        if !runs.iter().any(|run| run.table == statement.target.table && run.source_digest == DigestText::from(&now).0)
        {
            changed.push(statement.target.table.clone());
        }
    }
    Ok(changed)
}

fn table_run(cloned: &Cloned, of: &ClonedTable) -> TableRun {
    TableRun {
        table: of.table.clone(),
        snapshot: cloned.snapshot.clone(),
        row_count: of.row_count,
        byte_count: of.byte_count,
        source_digest: of.digest.clone(),
        target_digest: Some(of.digest.clone()),
        seconds: 0.0,
        verdict: "equal".into(),
        differences: Vec::new(),
        difference_count: 0,
    }
}
