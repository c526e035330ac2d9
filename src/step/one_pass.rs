//! Loads one shared table for many stores by one pass over it: one reader, a writer for each store.
//!
//! Each store's rows are a transaction of its own with its own journal row, as `load` writes it; a store whose load
//! fails drops out, and the others go on. Whether a pass pays, `copy` asks.

use std::time::Instant;

use anyhow::Result;
use futures_util::future::{join, join_all};

use super::Means;
use super::load::Load;
use crate::digest::Digest;
use crate::event::Moment;
use crate::pg::journal::record_table;
use crate::pg::pass::Pass;
use crate::pg::route::{Lane, Router};
use crate::pg::rows;
use crate::pg::session::Session;
use crate::pg::snapshot::Snapshot;
use crate::pg::transfer::{DigestOnly, StoreCopy, transfer};
use crate::pg::unit::Unit;
use crate::pg::{Client, Transaction};

/// Loads the table for these stores, which are the pass's in its order: what became of each.
pub(super) async fn load(
    means: &Means<'_>,
    snapshot: &Snapshot<'_>,
    pass: &Pass,
    loads: &[Load<'_>],
) -> Vec<Result<()>> {
    if let Err(error) = means.pass().await {
        return failed(loads, error);
    }
    let (mut writers, mut absent) = (Vec::new(), Vec::new());
    for taken in join_all(loads.iter().map(|_| means.sessions.writer())).await {
        match taken {
            Ok(writer) => writers.push(writer),
            Err(error) => absent.push(error),
        }
    }
    let mut reader = match means.sessions.reader().await {
        Ok(reader) if absent.is_empty() => reader,
        Ok(_) => return failed(loads, absent.swap_remove(0)),
        Err(error) => return failed(loads, error),
    };
    let cancellers: Vec<_> = std::iter::once(&reader).chain(&writers).map(Session::canceller).collect();
    let loaded = load_all(means, snapshot, pass, loads, &mut reader, &mut writers).await;
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(error) => failed(loads, error),
    };
    if loaded.iter().any(Result::is_err) {
        join_all(cancellers.iter().map(|canceller| canceller.cancel())).await;
        std::iter::once(reader).chain(writers).for_each(Session::discard);
    }
    let label = |(load, result): (&Load<'_>, Result<()>)| result.map_err(|error| error.context(load.label()));
    loads.iter().zip(loaded).map(label).collect()
}

/// The same failure for every store.
fn failed(loads: &[Load<'_>], error: anyhow::Error) -> Vec<Result<()>> {
    loads.iter().map(|_| Err(super::same(&error))).collect()
}

async fn load_all(
    means: &Means<'_>,
    snapshot: &Snapshot<'_>,
    pass: &Pass,
    loads: &[Load<'_>],
    reader: &mut Session,
    writers: &mut [Session],
) -> Result<Vec<Result<()>>> {
    let begun = Instant::now();
    let source = snapshot.import(reader).await?;
    let emptied = loads.iter().zip(writers).map(|(load, writer)| load.empty_unit(writer, load.planned_rows()));
    let units: Vec<Result<Unit<'_>>> = join_all(emptied).await;
    // Counted on the connection that holds the snapshot, while the rows pass on others.
    let counted = snapshot.ask(async |client| counts(client, pass, loads).await);
    let (expected, passed) = join(counted, Box::pin(pass_rows(means, &source, pass, loads, &units))).await;
    let (expected, passed) = (expected?, passed?);
    let commits = units.into_iter().zip(passed).zip(loads.iter().zip(expected));
    let commits = commits.map(|((unit, passed), (load, expected))| async move {
        commit(means, load, unit?, expected, passed?, begun).await
    });
    Ok(join_all(commits).await)
}

/// How many rows each store must be given. Where an index leads to a store's rows its own condition is asked, which the
/// joins of the pass have no part in; for the others the table is read once.
async fn counts(client: &Client, pass: &Pass, loads: &[Load<'_>]) -> Result<Vec<u64>> {
    let alone: Vec<usize> = (0..loads.len()).filter(|at| loads[*at].has_index()).collect();
    let mut counts = match alone.len() == loads.len() {
        true => vec![0; loads.len()],
        false => pass.counts(client).await?,
    };
    let own = rows::counts(client, alone.iter().map(|at| loads[*at].statement.source_count())).await?;
    alone.iter().zip(own).for_each(|(at, count)| counts[*at] = count);
    Ok(counts)
}

/// What became of one store's rows.
struct Passed {
    sent: Digest,
    /// The same, and what the store schema computes.
    compared: Digest,
    /// How many its table took.
    loaded: u64,
}

/// Reads the table once, and gives each row to its store.
async fn pass_rows(
    means: &Means<'_>,
    source: &Transaction<'_>,
    pass: &Pass,
    loads: &[Load<'_>],
    units: &[Result<Unit<'_>>],
) -> Result<Vec<Result<Passed>>> {
    let Some(first) = loads.first() else { return Ok(Vec::new()) };
    let statement = first.statement;
    let sinks = units.iter().zip(loads).map(|(unit, load)| async move {
        let Ok(unit) = unit else { return Ok(None) };
        let (writer, copy_in, format) = (unit.transaction(), load.statement.copy_in(), load.statement.format);
        match load.planned_rows() {
            0 => Ok(Some(StoreCopy::new(writer, copy_in, format, means.copy.piece))), // one may have come since
            _ => StoreCopy::open(writer, copy_in, format, means.copy.piece).await.map(Some),
        }
    });
    let mut lanes: Vec<Lane<StoreCopy<'_>>> = Vec::new();
    for sink in join_all(sinks).await {
        let (sink, failure) = match sink {
            Ok(sink) => (sink, None),
            Err(error) => (None, Some(error)),
        };
        lanes.push(Lane { failure, ..Lane::to(sink) });
    }
    first.reached(Moment::BeforeFirstByte);
    let half = loads.iter().map(Load::planned_rows).sum::<u64>() / 2;
    let mut row_count = 0;
    let told = |_| {
        row_count += 1;
        if row_count == half {
            first.reached(Moment::HalfSent);
        }
    };
    let mut router = Router::new(&mut lanes, statement.format);
    transfer(source, &pass.copy_out(statement), statement.format, &mut router, told).await?;
    let loaded: Vec<Result<u64>> = join_all(lanes.iter_mut().map(Lane::finish)).await;
    let sent: Vec<Digest> = lanes.iter().map(|lane| lane.digest).collect();
    drop(lanes);
    first.reached(Moment::CopyDone);
    let compared = match statement.copies_all() {
        true => sent.clone(),
        false => compared(source, pass, first, loads.len()).await?,
    };
    let passed = loaded.into_iter().zip(sent).zip(compared);
    Ok(passed.map(|((loaded, sent), compared)| Ok(Passed { sent, compared, loaded: loaded? })).collect())
}

/// What is compared, where the store schema computes columns: all rows once more, to nowhere.
async fn compared(source: &Transaction<'_>, pass: &Pass, of: &Load<'_>, count: usize) -> Result<Vec<Digest>> {
    let statement = of.statement;
    let mut lanes: Vec<Lane<DigestOnly>> = (0..count).map(|_| Lane::to(None)).collect();
    let mut router = Router::new(&mut lanes, statement.format);
    transfer(source, &pass.source_digest(statement), statement.format, &mut router, |_| ()).await?;
    Ok(lanes.iter().map(|lane| lane.digest).collect())
}

async fn commit(
    means: &Means<'_>,
    load: &Load<'_>,
    unit: Unit<'_>,
    expected: u64,
    Passed { sent, compared, loaded }: Passed,
    begun: Instant,
) -> Result<()> {
    load.agree(expected, &sent, loaded)?;
    let table_run = load.table_run(expected, &sent, &compared, begun);
    record_table(unit.transaction(), means.run, load.the_move.id, &table_run).await?;
    load.reached(Moment::BeforeTableCommit);
    unit.commit(means.observer, Some(load.table())).await?;
    load.done(&table_run, begun.elapsed());
    Ok(())
}
