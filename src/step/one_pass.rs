//! Loads one shared table for many stores by one pass over it: one reader, a writer for each store.
//!
//! Each store's rows are a transaction of its own with its own journal row, as `load` writes it; a store whose load
//! fails drops out, and the others go on. Whether a pass pays, `copy` asks.

use std::time::Instant;

use anyhow::{Result, bail};
use futures_util::future::join_all;

use super::Means;
use super::load::Load;
use crate::digest::Digest;
use crate::event::Moment;
use crate::pg::Transaction;
use crate::pg::journal::record_table;
use crate::pg::pass::Pass;
use crate::pg::route::{Lane, Router};
use crate::pg::rows;
use crate::pg::session::Session;
use crate::pg::snapshot::Snapshot;
use crate::pg::transfer::{DigestOnly, StoreCopy, transfer};
use crate::pg::unit::Unit;

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
    let Some(first) = loads.first() else { return Ok(Vec::new()) };
    let statement = first.statement;
    let source = snapshot.import(reader).await?;
    let expected = pass.counts(&source).await?;
    let emptied =
        loads.iter().zip(writers).zip(&expected).map(|((load, writer), count)| load.empty_unit(writer, *count));
    let units: Vec<Result<Unit<'_>>> = join_all(emptied).await;
    let sinks = units.iter().zip(loads).zip(&expected).map(|((unit, load), count)| async move {
        let Ok(unit) = unit else { return Ok(None) };
        if *count == 0 {
            return Ok(None);
        }
        let statement = load.statement;
        StoreCopy::open(unit.transaction(), statement.copy_in(), statement.format, means.copy.piece).await.map(Some)
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
    let half = expected.iter().sum::<u64>() / 2;
    let mut row_count = 0;
    let told = |_| {
        row_count += 1;
        if row_count == half {
            first.reached(Moment::HalfSent);
        }
    };
    let mut router = Router::new(&mut lanes, statement.format);
    transfer(&source, &pass.copy_out(statement), statement.format, &mut router, told).await?;
    let loaded: Vec<Result<u64>> = join_all(lanes.iter_mut().map(Lane::finish)).await;
    let sent: Vec<Digest> = lanes.iter().map(|lane| lane.digest).collect();
    drop(lanes);
    first.reached(Moment::CopyDone);
    let compared = match statement.copies_all() {
        true => sent.clone(),
        false => compared(&source, pass, first, loads.len()).await?,
    };
    let mut results = Vec::new();
    let commits = units.into_iter().zip(loaded).enumerate().map(|(at, (unit, loaded))| {
        let (load, expected, sent, compared) = (&loads[at], expected[at], &sent[at], &compared[at]);
        async move { commit(means, load, unit?, expected, (sent, compared), loaded?, begun).await }
    });
    results.extend(join_all(commits).await);
    Ok(results)
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
    (sent, compared): (&Digest, &Digest),
    loaded: u64,
    begun: Instant,
) -> Result<()> {
    load.agree(expected, sent, loaded)?;
    // An index finds the store's rows soon, so its own condition is asked as well.
    if load.has_index() && rows::count_source(load.snapshot.transaction(), load.statement).await? != expected {
        bail!("the pass counted {expected} rows, and the store's own condition another number");
    }
    let table_run = load.table_run(expected, sent, compared, begun);
    record_table(unit.transaction(), means.run, load.the_move.id, &table_run).await?;
    load.reached(Moment::BeforeTableCommit);
    unit.commit(means.observer, Some(load.table())).await?;
    load.done(&table_run, begun.elapsed());
    Ok(())
}
