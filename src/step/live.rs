//! Looks at a switched store as a nightly job does: did anybody still write to its shared rows, and is its schema sound.
//!
//! Rows that the application changed in the store schema are counted, not judged.

use crate::pg::Transaction;
use anyhow::Result;

use super::Means;
use super::read_back::digest;
use super::verify::Proof;
use crate::digest::{DIGEST_NAME, DigestText};
use crate::event::{Event, Step};
use crate::pg::checks::{Ids, checks};
use crate::pg::journal::{self, Move, TableRun};
use crate::pg::session::Session;
use crate::pg::snapshot::Snapshot;
use crate::pg::statement::CopyStatement;
use crate::pg::{catalog, rows, stray};
use crate::report::{DigestPair, Sides, TableReport, Verdict};

/// Looks at one store; reads only.
///
/// # Errors
/// The server's error.
pub async fn verify_live(means: &Means<'_>, the_move: &Move) -> Result<Proof> {
    let begun = std::time::Instant::now();
    let store = &the_move.store;
    means.sessions.check()?;
    means.observer.notice(&Event::StepStarted { store, step: Step::Verify });
    let mut holder = means.sessions.reader().await?;
    let looked = look(means, the_move, &mut holder).await;
    if looked.is_err() {
        holder.abandon().await;
    }
    let proof = looked?;
    means.observer.notice(&Event::StepDone { store, step: Step::Verify, elapsed: begun.elapsed() });
    Ok(proof)
}

async fn look(means: &Means<'_>, the_move: &Move, holder: &mut Session) -> Result<Proof> {
    let store = &the_move.store;
    let ground = means.grounds.of_manifest(holder, &the_move.manifest).await?;
    let snapshot = Snapshot::export(holder).await?;
    let transaction = snapshot.transaction();
    let loaded = journal::table_runs_of(transaction, the_move.id).await?;
    let store_tables = catalog::tables_of(transaction.client(), &store.schema).await?;
    let mut tables = Vec::new();
    if the_move.kind.has_rows() {
        for statement in ground.statements(store, &store_tables)? {
            let Some(run) = loaded.iter().find(|run| run.table == statement.source.table) else { continue };
            tables.push(shared_rows(means, transaction, the_move, &statement, run).await?);
        }
    }
    let checks = checks(transaction, Some(&ground), &store_tables, the_move, Ids::AboveOwn).await?;
    let text = snapshot.text().to_owned();
    Ok(Proof {
        tables,
        checks,
        source_snapshot: Some(text.clone()),
        target_snapshot: Some(text),
        not_recorded: Some("live".into()),
        ..Proof::default()
    })
}

/// Whether the shared rows are as they were at the switch; else which were written since.
async fn shared_rows(
    means: &Means<'_>,
    transaction: &Transaction<'_>,
    the_move: &Move,
    statement: &CopyStatement,
    run: &TableRun,
) -> Result<TableReport> {
    let table = &statement.source.table;
    let group = the_move.manifest.entry(table).and_then(|entry| entry.group.clone());
    let mut report = TableReport::pending(table, group);
    let source = digest(transaction, statement, &statement.source_digest()).await?;
    let text = DigestText::from(&source).0;
    let live = rows::count(transaction, &statement.from_target()).await?;
    let untouched = text == run.source_digest;
    report.row_count = Sides { source: Some(source.row_count), target: None };
    report.live_row_count = Some(live);
    report.digest_equal = Some(untouched);
    report.digest =
        DigestPair { name: DIGEST_NAME.to_owned(), source: Some(text), target: Some(run.source_digest.clone()) };
    report.verdict = if untouched { Verdict::Untouched } else { Verdict::Differs };
    if !untouched {
        let (written, count) = stray::writes(transaction, statement, run, source.row_count, means.max_diffs).await?;
        report.differences = written;
        report.difference_count = count;
    }
    Ok(report)
}
