//! Loads one big table in parts: several writers, each in a transaction of its own with a journal row of its own.
//!
//! The writers take more time than the readers, so it is they who must be several. All of them end their COPY and agree
//! before the first commits, and the last one's transaction makes the table whole in the journal; so a load that fails
//! leaves nothing, and one that dies between two commits leaves rows that the journal knows to be ours.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use futures_util::{StreamExt, TryStreamExt, future, stream};

use super::load::Load;
use super::ours::only_our_rows;
use crate::digest::Digest;
use crate::event::{Event, Moment};
use crate::pg::Transaction;
use crate::pg::journal::{Part, TableRun, forget_parts, parts_of, record_emptied, record_part, record_table};
use crate::pg::queue::queue;
use crate::pg::ranges::ranges;
use crate::pg::rows;
use crate::pg::session::Session;
use crate::pg::transfer::{Sink, StoreCopy, transfer};
use crate::pg::unit::Unit;

/// Writers that one reader keeps busy: reading a row takes a third of the time of writing it.
const WRITERS_PER_READER: usize = 2;

impl Load<'_> {
    /// Loads the table in so many parts. A failed load leaves the table empty.
    ///
    /// # Errors
    /// The server's error of any session, or that the sides do not agree on the rows.
    pub async fn in_parts(self, count: usize) -> Result<TableRun> {
        self.means.pass().await?;
        let sessions = &self.means.sessions;
        let (mut readers, mut writers) = (Vec::new(), Vec::new());
        for _ in 0..count.div_ceil(WRITERS_PER_READER) {
            readers.push(sessions.reader().await?);
        }
        for _ in 0..count {
            writers.push(sessions.writer().await?);
        }
        let cancellers: Vec<_> = readers.iter().chain(&writers).map(Session::canceller).collect();
        let mut may_be_committed = false;
        let loaded = self.load_parts(&mut readers, &mut writers, &mut may_be_committed).await;
        if loaded.is_err() {
            future::join_all(cancellers.into_iter().map(|canceller| async move { canceller.cancel().await })).await;
            readers.into_iter().chain(writers).for_each(Session::discard);
            if may_be_committed {
                self.take_back().await;
            }
        }
        loaded.with_context(|| self.label())
    }

    async fn load_parts(
        self,
        readers: &mut [Session],
        writers: &mut [Session],
        may_be_committed: &mut bool,
    ) -> Result<TableRun> {
        let begun = Instant::now();
        let ([reader, other_readers @ ..], [writer, ..]) = (readers, &mut *writers) else { bail!("no session") };
        let source = self.snapshot.import(reader).await?; // its lock keeps the table as it is until all have read
        let expected = self.count(&source).await?;
        self.empty(writer, self.known).await?;
        let (table, readers) = (self.statement.from_source(), 1 + other_readers.len());
        let ranges = ranges(&source, &table, |range| self.statement.range_rows(range), readers).await?;
        let mut sources = vec![source];
        for session in other_readers.iter_mut().take(ranges.len().saturating_sub(1)) {
            sources.push(self.snapshot.import(session).await?);
        }
        let selects: Vec<String> = match ranges.as_slice() {
            [] => vec![self.statement.copy_out()],
            ranges => ranges.iter().map(|range| self.statement.copy_out_range(*range)).collect(),
        };
        let mut units = Vec::new();
        for writer in writers {
            units.push(Unit::begin(writer, self.the_move.id, self.the_move.epoch).await?);
        }
        let (sent, parts) = self.pass(&sources, &selects, &units, expected).await?;
        self.reached(Moment::CopyDone);
        let loaded = parts.iter().map(|part| part.digest.row_count).sum();
        let table_run = self.whole(&sources[0], expected, &sent, loaded, begun).await?;
        for unit in &units {
            rows::check_deferred(unit.transaction()).await?;
        }
        *may_be_committed = true;
        self.commit(units, &parts, &sent, &table_run).await?;
        self.done(&table_run, begun.elapsed());
        Ok(table_run)
    }

    /// Empties the table of what we loaded before, in a unit of its own: of writers side by side none could.
    async fn empty(self, session: &mut Session, known: Option<&TableRun>) -> Result<()> {
        let (id, table) = (self.the_move.id, self.table());
        let unit = Unit::begin(session, id, self.the_move.epoch).await?;
        let target = self.statement.from_target();
        let has_rows = rows::has_rows(unit.transaction(), &target).await?;
        if !has_rows && known.is_none() && parts_of(unit.transaction(), id, table).await?.is_empty() {
            return Ok(());
        }
        if has_rows {
            only_our_rows(unit.transaction(), self.the_move, self.statement, known).await?;
            rows::truncate(unit.transaction(), &target).await?;
        }
        record_emptied(unit.transaction(), self.means.run, id, table).await?;
        unit.commit(self.means.observer, None).await
    }

    /// Passes all rows on: what was sent, and what each writer took.
    async fn pass(
        &self,
        sources: &[Transaction<'_>],
        selects: &[String],
        units: &[Unit<'_>],
        expected: u64,
    ) -> Result<(Digest, Vec<Part>)> {
        let (statement, piece) = (self.statement, self.means.copy.piece);
        let mut sinks = Vec::new();
        for unit in units {
            sinks.push(StoreCopy::open(unit.transaction(), statement.copy_in(), statement.format, piece).await?);
        }
        self.reached(Moment::BeforeFirstByte);
        let progress = Mutex::new(self.progress(expected));
        let (producers, queue) = queue(sources.len(), sinks.len());
        let reading =
            stream::iter(sources.iter().zip(selects).zip(producers)).map(|((source, select), mut producer)| {
                let progress = &progress;
                async move {
                    let told = |bytes| progress.lock().unwrap_or_else(PoisonError::into_inner).row(bytes);
                    let sent = transfer(source, select, statement.format, &mut producer, told).await?;
                    producer.finish().await?;
                    anyhow::Ok(sent)
                }
            });
        let reading = reading.buffer_unordered(sources.len()).try_fold(Digest::default(), |mut sum, sent| {
            sum.merge(&sent);
            future::ok(sum)
        });
        let writing = stream::iter(sinks.iter_mut().enumerate()).map(|(index, sink)| {
            let queue = &queue;
            async move {
                let (digest, loaded) = queue.load_into(sink).await?;
                if loaded != digest.row_count {
                    bail!("the row counts disagree: {} sent to part {}, {loaded} loaded", digest.row_count, index + 1);
                }
                Ok(Part { table: self.table().clone(), number: index + 1, digest })
            }
        });
        let writing = writing.buffered(units.len()).try_collect();
        future::try_join(reading, writing).await
    }

    /// Commits all parts; the last one's transaction makes the table whole.
    async fn commit(self, units: Vec<Unit<'_>>, parts: &[Part], sent: &Digest, table_run: &TableRun) -> Result<()> {
        let (id, observer, table) = (self.the_move.id, self.means.observer, self.table());
        let mut units = units;
        let (Some(last), Some(last_part)) = (units.pop(), parts.last()) else { bail!("no part") };
        for (unit, part) in units.into_iter().zip(parts) {
            record_part(unit.transaction(), id, part).await?;
            unit.commit(observer, Some(table)).await?;
        }
        let committed = parts_of(last.transaction(), id, table).await?;
        let mut sum = last_part.digest;
        committed.iter().for_each(|part| sum.merge(&part.digest));
        if sum != *sent {
            bail!("the parts in the journal are not the rows that were sent");
        }
        forget_parts(last.transaction(), id, &committed).await?;
        record_table(last.transaction(), self.means.run, id, table_run).await?;
        self.reached(Moment::BeforeTableCommit);
        last.commit(observer, Some(table)).await
    }

    /// Takes committed parts back after a failure. Where that fails too, the journal still knows whose rows they are.
    async fn take_back(self) {
        let taken_back = async {
            let mut session = self.means.sessions.writer().await?;
            match parts_of(&session, self.the_move.id, self.table()).await?.is_empty() {
                true => Ok(()), // none was committed, or all were
                false => self.empty(&mut session, None).await,
            }
        };
        if let Err(error) = taken_back.await {
            let table = self.statement.target.raw();
            let message = format!("parts of {table} are loaded and stay until the next run or `abandon`: {error:#}");
            self.means.observer.notice(&Event::Warned { message: &message });
        }
    }
}
