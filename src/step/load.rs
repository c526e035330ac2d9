//! Loads one table of one store: one transaction that also writes its journal row.
//!
//! Knows nothing of other tables; `copy` decides which ones, in which order, how many at once, and which are so big
//! that `parts` loads them.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::Means;
use super::ours::only_our_rows;
use crate::digest::{Digest, DigestText};
use crate::event::{Event, Moment, Step};
use crate::pg::Transaction;
use crate::pg::journal::{Move, TableRun, forget_parts, parts_of, record_table};
use crate::pg::rows;
use crate::pg::session::Session;
use crate::pg::snapshot::Snapshot;
use crate::pg::statement::CopyStatement;
use crate::pg::transfer::{DigestOnly, Sink, StoreCopy, transfer};
use crate::pg::unit::Unit;
use crate::plan::ChangeTest;

/// Progress is told at most this often.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// What is to be loaded, and from when.
#[derive(Clone, Copy)]
pub struct Load<'a> {
    /// What every step works with.
    pub means: &'a Means<'a>,
    /// When the shared rows are read.
    pub snapshot: &'a Snapshot<'a>,
    /// The store's move.
    pub the_move: &'a Move,
    /// The table.
    pub statement: &'a CopyStatement,
    /// What the journal knows of an earlier load.
    pub known: Option<&'a TableRun>,
}

impl Load<'_> {
    /// Loads the table by one reader and one writer. A failed load leaves what was there before.
    ///
    /// # Errors
    /// The server's error of either side, or that the two sides do not agree on the number of rows.
    pub async fn at_once(self) -> Result<TableRun> {
        self.means.pass().await?;
        let mut reader = self.means.sessions.reader().await?;
        let mut writer = self.means.sessions.writer().await?;
        let cancellers = (reader.canceller(), writer.canceller());
        let loaded = self.load_between(&mut reader, &mut writer).await;
        if loaded.is_err() {
            // Dropping a COPY leaves its backend busy; told to cancel, it ends within milliseconds. Neither connection
            // is used again.
            futures_util::future::join(cancellers.0.cancel(), cancellers.1.cancel()).await;
            reader.discard();
            writer.discard();
        }
        loaded.with_context(|| self.label())
    }

    async fn load_between(self, reader: &mut Session, writer: &mut Session) -> Result<TableRun> {
        let Self { means, the_move, statement, .. } = self;
        let begun = Instant::now();
        let source = self.snapshot.import(reader).await?;
        let expected = rows::count_source(&source, statement).await?;
        let unit = self.empty_unit(writer, expected).await?;
        let mut sink =
            StoreCopy::open(unit.transaction(), statement.copy_in(), statement.format, means.copy.piece).await?;
        self.reached(Moment::BeforeFirstByte);
        let mut progress = self.progress(expected);
        let select = statement.copy_out();
        let sent = transfer(&source, &select, statement.format, &mut sink, |bytes| progress.row(bytes)).await?;
        let loaded = sink.finish().await?;
        drop(sink);
        self.reached(Moment::CopyDone);
        let table_run = self.whole(&source, expected, &sent, loaded, begun).await?;
        record_table(unit.transaction(), means.run, the_move.id, &table_run).await?;
        self.reached(Moment::BeforeTableCommit);
        unit.commit(means.observer, Some(self.table())).await?;
        self.done(&table_run, begun.elapsed());
        Ok(table_run)
    }

    /// Says that the table begins, and begins the transaction that loads it, of which the table is emptied.
    pub(super) async fn empty_unit<'s>(&self, writer: &'s mut Session, row_count: u64) -> Result<Unit<'s>> {
        self.begins(row_count);
        let Self { the_move, statement, .. } = self;
        let unit = Unit::begin(writer, the_move.id, the_move.epoch).await?;
        if rows::has_rows(unit.transaction(), &statement.from_target()).await? {
            only_our_rows(unit.transaction(), the_move, statement, self.known).await?;
            rows::truncate(unit.transaction(), &statement.from_target()).await?;
        }
        let parts = parts_of(unit.transaction(), the_move.id, self.table()).await?; // of a run that loaded it in parts
        forget_parts(unit.transaction(), the_move.id, &parts).await?;
        Ok(unit)
    }

    pub(super) fn table(&self) -> &crate::ident::Ident {
        &self.statement.source.table
    }

    /// For the context of an error.
    pub(super) fn label(&self) -> String {
        format!("copying store {}, table {}", self.the_move.store.key, self.table().raw())
    }

    pub(super) fn reached(&self, moment: Moment) {
        self.means.observer.notice(&Event::Reached { moment, table: Some(self.table()) });
    }

    /// Counts the rows at the snapshot, and says that the table begins.
    pub(super) async fn count(&self, source: &Transaction<'_>) -> Result<u64> {
        let row_count = rows::count_source(source, self.statement).await?;
        self.begins(row_count);
        Ok(row_count)
    }

    fn begins(&self, row_count: u64) {
        let (store, step, table) = (&self.the_move.store, Step::Copy, self.table());
        self.means.observer.notice(&Event::TableStarted { store, step, table, row_count });
    }

    pub(super) fn progress(&self, expected: u64) -> Progress<'_> {
        Progress { load: self, expected, row_count: 0, byte_count: 0, told: Instant::now(), half: false }
    }

    /// What the journal will say: only where the rows counted, sent and loaded are the same number.
    pub(super) async fn whole(
        &self,
        source: &Transaction<'_>,
        expected: u64,
        sent: &Digest,
        loaded: u64,
        begun: Instant,
    ) -> Result<TableRun> {
        self.agree(expected, sent, loaded)?;
        let statement = self.statement;
        let compared = match statement.copies_all() {
            true => *sent,
            // Columns that the store schema computes itself were not sent; what is compared includes them.
            false => {
                transfer(source, &statement.source_digest(), statement.format, &mut DigestOnly::default(), |_| ())
                    .await?
            }
        };
        Ok(self.table_run(expected, sent, &compared, begun))
    }

    /// Only where the rows counted, sent and loaded are the same number is a table loaded.
    pub(super) fn agree(&self, expected: u64, sent: &Digest, loaded: u64) -> Result<()> {
        if sent.row_count != expected || loaded != expected {
            bail!(
                "the row counts disagree: {expected} counted at the snapshot, {} sent, {loaded} loaded",
                sent.row_count
            );
        }
        Ok(())
    }

    pub(super) fn table_run(&self, row_count: u64, sent: &Digest, compared: &Digest, begun: Instant) -> TableRun {
        TableRun {
            table: self.table().clone(),
            snapshot: self.snapshot.text().to_owned(),
            row_count,
            byte_count: sent.byte_count,
            source_digest: DigestText::from(compared).0,
            target_digest: None,
            seconds: begun.elapsed().as_secs_f64(),
            verdict: "not_verified".into(),
            differences: Vec::new(),
            difference_count: 0,
        }
    }

    /// Whether an index leads to the store's rows.
    pub(super) fn has_index(&self) -> bool {
        self.the_move.plan.table(self.table()).is_some_and(|table| table.change_test == ChangeTest::Index)
    }

    /// How many rows were planned: nearly what will come.
    pub(super) fn planned_rows(&self) -> u64 {
        self.the_move.plan.rows_of(self.table())
    }

    /// Says that the table is loaded.
    pub(super) fn done(&self, run: &TableRun, elapsed: Duration) {
        self.means.observer.notice(&Event::TableDone {
            store: &self.the_move.store,
            step: Step::Copy,
            table: self.table(),
            row_count: run.row_count,
            byte_count: run.byte_count,
            elapsed,
        });
        self.reached(Moment::BetweenTables);
    }
}

/// How far a table is, told now and then.
pub(super) struct Progress<'a> {
    load: &'a Load<'a>,
    expected: u64,
    row_count: u64,
    byte_count: u64,
    told: Instant,
    half: bool,
}

impl Progress<'_> {
    /// A row of so many bytes passed.
    pub(super) fn row(&mut self, bytes: u64) {
        self.row_count += 1;
        self.byte_count += bytes;
        if !self.half && self.row_count * 2 >= self.expected {
            self.half = true;
            self.load.reached(Moment::HalfSent);
        }
        if self.row_count.is_multiple_of(256) && self.told.elapsed() >= PROGRESS_EVERY {
            self.told = Instant::now();
            self.load.means.observer.notice(&Event::TableProgress {
                store: &self.load.the_move.store,
                table: self.load.table(),
                row_count: self.row_count,
                byte_count: self.byte_count,
            });
        }
    }
}
