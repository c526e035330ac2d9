//! Looks at a switched store as a nightly job does: did anybody still write to its shared rows, and is its schema sound.
//!
//! Rows that the application changed in the store schema are counted, not judged.

use anyhow::Result;
use tokio_postgres::Transaction;

use super::Means;
use super::checks::{Ids, checks};
use super::ground::Ground;
use super::verify::{Proof, digest};
use crate::digest::{DIGEST_NAME, DigestText};
use crate::event::{Event, Step};
use crate::pg::catalog;
use crate::pg::failure::ServerResult;
use crate::pg::journal::{self, Move, MoveKind, TableRun};
use crate::pg::snapshot::Snapshot;
use crate::pg::statement::CopyStatement;
use crate::report::{Difference, DifferenceKind, DigestPair, Sides, TableReport, Verdict};

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
    let ground = Ground::read(&holder, the_move.manifest.clone()).await?;
    let snapshot = Snapshot::export(&mut holder).await?;
    let transaction = snapshot.transaction();
    let loaded = journal::table_runs_of(transaction, the_move.id).await?;
    let store_tables = catalog::tables_of(transaction.client(), &store.schema).await?;
    let mut tables = Vec::new();
    if the_move.kind == MoveKind::Move {
        for statement in ground.statements(store, &store_tables)? {
            let Some(run) = loaded.iter().find(|run| run.table == statement.source.table) else { continue };
            tables.push(shared_rows(means, transaction, the_move, &statement, run).await?);
        }
    }
    let checks = checks(transaction, Some(&ground), the_move, Ids::AboveOwn).await?;
    let text = snapshot.text().to_owned();
    means.observer.notice(&Event::StepDone { store, step: Step::Verify, elapsed: begun.elapsed() });
    Ok(Proof {
        tables,
        checks,
        source_snapshot: Some(text.clone()),
        target_snapshot: Some(text),
        not_recorded: Some("a look at a switched store leaves no verdict".into()),
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
    let live: i64 =
        transaction.query_one(&format!("select count(*) from {}", statement.target), &[]).await.server()?.get(0);
    let untouched = text == run.source_digest;
    report.row_count = Sides { source: Some(source.row_count), target: None };
    report.live_row_count = Some(live.unsigned_abs());
    report.digest_equal = Some(untouched);
    report.digest =
        DigestPair { name: DIGEST_NAME.to_owned(), source: Some(text), target: Some(run.source_digest.clone()) };
    report.verdict = if untouched { Verdict::Untouched } else { Verdict::Differs };
    if !untouched {
        stray_writes(means, transaction, statement, run, &mut report).await?;
    }
    Ok(report)
}

/// Rows whose version is newer than the switch, with their keys; and rows that are gone, found by their absence.
async fn stray_writes(
    means: &Means<'_>,
    transaction: &Transaction<'_>,
    statement: &CopyStatement,
    run: &TableRun,
    report: &mut TableReport,
) -> Result<()> {
    let name = &statement.source.table;
    let key: Vec<_> = match statement.key.is_empty() {
        true => statement.compared(),
        false => statement.key.clone(),
    };
    let xmin: i64 = run.snapshot.split(':').next().and_then(|xmin| xmin.parse().ok()).unwrap_or(0);
    let keys = crate::ident::list(key.iter().map(|column| format!("{name}.{column}::text")));
    let newer = format!("pg_catalog.age({name}.xmin) <= pg_catalog.age({}::text::xid)", xmin.rem_euclid(1 << 32));
    let written =
        format!("select {keys} from {} as {name} where {} and {newer}", statement.source, statement.condition());
    let joined: Vec<String> =
        key.iter().map(|column| format!("{name}.{column}::text is not distinct from kept.{column}::text")).collect();
    let kept_keys = crate::ident::list(key.iter().map(|column| format!("kept.{column}::text")));
    // A load leaves one row version for all rows; those that the application made or changed later are newer. Only the
    // former can have been deleted from the shared table since.
    let gone = format!(
        "select {kept_keys} from {} as kept where pg_catalog.age(kept.xmin) = (select max(pg_catalog.age(xmin)) from {}) and not exists
            (select 1 from {} as {name} where {} and {})",
        statement.target,
        statement.target,
        statement.source,
        statement.condition(),
        joined.join(" and ")
    );
    let mut listed = Vec::new();
    let mut count: u64 = 0;
    let rows_now = report.row_count.source.unwrap_or(0);
    for (kind, sql) in [(DifferenceKind::Changed, written), (DifferenceKind::Extra, gone)] {
        // Fewer old rows than were loaded: some were deleted, or written to and listed already.
        let is_whole = rows_now.saturating_sub(count) >= run.row_count;
        if kind == DifferenceKind::Extra && is_whole {
            continue;
        }
        for row in transaction.query(&sql, &[]).await.server()? {
            count += 1;
            if listed.len() < means.max_diffs {
                let values = key.iter().enumerate().map(|(index, column)| (column.raw().to_owned(), row.get(index)));
                listed.push(Difference { kind, key: values.collect(), columns: Vec::new(), after_switch: true });
            }
        }
    }
    report.differences = listed;
    report.difference_count = count;
    Ok(())
}
