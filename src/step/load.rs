//! Loads one table of one store: one transaction that also writes its journal row.
//!
//! Knows nothing of other tables; `copy` decides which ones, in which order, how many at once.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::Means;
use crate::digest::{Digest, DigestText};
use crate::error::{Exit, Refusal};
use crate::event::{Event, Moment, Step};
use crate::pg::journal::{Move, TableRun, record_table};
use crate::pg::rows;
use crate::pg::session::Session;
use crate::pg::snapshot::Snapshot;
use crate::pg::statement::CopyStatement;
use crate::pg::transfer::{DigestOnly, Sink, StoreCopy, transfer};
use crate::pg::unit::Unit;

/// Progress is told at most this often.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// Loads a table at the snapshot. A failed load leaves nothing.
///
/// # Errors
/// The server's error of either side, or that the two sides do not agree on the number of rows.
pub async fn load(
    means: &Means<'_>,
    snapshot: &Snapshot<'_>,
    the_move: &Move,
    statement: &CopyStatement,
    known: Option<&TableRun>,
) -> Result<TableRun> {
    means.sessions.check()?;
    let mut reader = means.sessions.reader().await?;
    let mut writer = means.sessions.writer().await?;
    let cancellers = (reader.canceller(), writer.canceller());
    let loaded = load_between(means, snapshot, the_move, statement, known, &mut reader, &mut writer).await;
    if loaded.is_err() {
        // Dropping a COPY leaves its backend busy; told to cancel, it ends within milliseconds. Neither connection is
        // used again.
        futures_util::future::join(cancellers.0.cancel(), cancellers.1.cancel()).await;
        reader.discard();
        writer.discard();
    }
    loaded.with_context(|| format!("copying store {}, table {}", the_move.store.key, statement.source.table.raw()))
}

async fn load_between(
    means: &Means<'_>,
    snapshot: &Snapshot<'_>,
    the_move: &Move,
    statement: &CopyStatement,
    known: Option<&TableRun>,
    reader: &mut Session,
    writer: &mut Session,
) -> Result<TableRun> {
    let begun = Instant::now();
    let (store, table) = (&the_move.store, &statement.source.table);
    let reached = |moment| means.observer.notice(&Event::Reached { moment, table: Some(table) });
    let source = snapshot.import(reader).await?;
    let expected = rows::count_source(&source, statement).await?;
    means.observer.notice(&Event::TableStarted { store, step: Step::Copy, table, row_count: expected });
    let unit = Unit::begin(writer, the_move.id, the_move.epoch).await?;
    if rows::has_rows(unit.transaction(), &statement.from_target()).await? {
        only_our_rows(&unit, the_move, statement, known).await?;
        rows::truncate(unit.transaction(), &statement.from_target()).await?;
    }
    let mut sink = StoreCopy::open(unit.transaction(), statement.copy_in(), statement.format, means.copy.piece).await?;
    reached(Moment::BeforeFirstByte);
    let mut progress = Progress { means, the_move, statement, expected, told: Instant::now(), half: false };
    let mut digest = transfer(&source, &statement.copy_out(), statement.format, &mut sink, |digest| {
        progress.tell(digest);
    })
    .await?;
    let loaded = sink.finish().await?;
    drop(sink);
    reached(Moment::CopyDone);
    if digest.row_count != expected || loaded != expected {
        bail!(
            "the row counts disagree: {expected} counted at the snapshot, {} sent, {loaded} loaded",
            digest.row_count
        );
    }
    let byte_count = digest.byte_count;
    if !statement.copies_all() {
        // Columns that the store schema computes itself were not sent; what is compared includes them.
        digest =
            transfer(&source, &statement.source_digest(), statement.format, &mut DigestOnly::default(), |_| ()).await?;
    }
    let table_run = TableRun {
        table: table.clone(),
        snapshot: snapshot.text().to_owned(),
        row_count: expected,
        byte_count,
        source_digest: DigestText::from(&digest).0,
        target_digest: None,
        seconds: begun.elapsed().as_secs_f64(),
        verdict: "not_verified".into(),
        differences: Vec::new(),
        difference_count: 0,
    };
    record_table(unit.transaction(), means.run, the_move.id, &table_run).await?;
    reached(Moment::BeforeTableCommit);
    unit.commit(means.observer, Some(table)).await?;
    means.observer.notice(&Event::TableDone {
        store,
        step: Step::Copy,
        table,
        row_count: expected,
        byte_count,
        elapsed: begun.elapsed(),
    });
    reached(Moment::BetweenTables);
    Ok(table_run)
}

/// Rows that we did not load are nobody's to drop: an application that believes the registry may have written them.
async fn only_our_rows(
    unit: &Unit<'_>,
    the_move: &Move,
    statement: &CopyStatement,
    known: Option<&TableRun>,
) -> Result<()> {
    let ours = match known {
        None => false,
        Some(run) if run.verdict == "differs" => true, // told row by row, and asked for again
        Some(run) => {
            let now = super::verify::digest(unit.transaction(), statement, &statement.target_digest()).await?;
            DigestText::from(&now).0 == run.source_digest
        }
    };
    if ours {
        return Ok(());
    }
    let key = &the_move.store.key;
    bail!(
        Refusal::new(format!("{} has rows that tenantctl did not load", statement.target.raw()))
            .because("somebody writes to the store schema already; loading would drop those rows")
            .hint(format!("move them away, or `tenantctl verify --store {key}` names them once all is copied"))
            .exit(Exit::Failed)
    )
}

struct Progress<'a> {
    means: &'a Means<'a>,
    the_move: &'a Move,
    statement: &'a CopyStatement,
    expected: u64,
    told: Instant,
    half: bool,
}

impl Progress<'_> {
    fn tell(&mut self, digest: &Digest) {
        let table = &self.statement.source.table;
        if !self.half && digest.row_count * 2 >= self.expected {
            self.half = true;
            self.means.observer.notice(&Event::Reached { moment: Moment::HalfSent, table: Some(table) });
        }
        if digest.row_count.is_multiple_of(256) && self.told.elapsed() >= PROGRESS_EVERY {
            self.told = Instant::now();
            self.means.observer.notice(&Event::TableProgress {
                store: &self.the_move.store,
                table,
                row_count: digest.row_count,
                byte_count: digest.byte_count,
            });
        }
    }
}
