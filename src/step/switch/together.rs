//! Several stores in one transaction: the shared tables are held once, and each is looked through once for all of them.
//!
//! Alone, every store's look goes over its own rows while writers wait; of many stores that is most of what a fleet takes.
//! Whatever speaks against a store here sends it on alone, where it is said to whom it concerns: nothing is refused here.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use futures_util::future::{join_all, try_join_all};
use futures_util::{StreamExt, stream};

use super::prepare::{Sides, prepare_to_join, time_for_the_look};
use super::{ROWS_WORTH_A_CONNECTION, is_busy, pause, shared_tables, was_switched};
use crate::error::Refusal;
use crate::event::{Event, Moment, Step};
use crate::pg::change::{OfMany, changed_of_many};
use crate::pg::ground::Ground;
use crate::pg::journal::{self, Move, MoveKind, Receipt, Switched, TableRun, Verified};
use crate::pg::pass::Pass;
use crate::pg::registry::Registry;
use crate::pg::session::Session;
use crate::pg::unit::Unit;
use crate::pg::{Client, catalog, lock};
use crate::report::SwitchEvidence;
use crate::stage::Stage;
use crate::step::Means;
use crate::store::Store;

/// Switches what can be switched together; none for a store that has to go alone.
pub async fn switch_together(
    means: &Means<'_>,
    registry: &Registry<'_>,
    receipts: &[Receipt<Verified>],
) -> Vec<Option<Receipt<Switched>>> {
    let begun = Instant::now();
    let mut switched: Vec<Option<Receipt<Switched>>> = receipts.iter().map(|_| None).collect();
    let moves: Vec<&Move> = receipts.iter().map(Receipt::the_move).collect();
    if !registry.can_switch() {
        return switched;
    }
    let candidates = candidates(means, &moves).await;
    // On the heap: a whole switch inside a wave is more than a stack holds.
    if let Ok(group) = Box::pin(try_to_switch(means, registry, candidates)).await {
        for receipt in group {
            let store = &receipt.the_move().store;
            means.observer.notice(&Event::StepDone { store, step: Step::Switch, elapsed: begun.elapsed() });
            let at = moves.iter().position(|of| of.id == receipt.the_move().id);
            if let Some(place) = at.and_then(|at| switched.get_mut(at)) {
                *place = Some(receipt);
            }
        }
    }
    switched
}

/// A store that is ready to be switched with others.
struct Candidate<'a> {
    the_move: &'a Move,
    sides: Sides,
}

/// The stores that are what was proven, of the same manifest and the same shared tables as most.
async fn candidates<'a>(means: &Means<'_>, moves: &[&'a Move]) -> Vec<Candidate<'a>> {
    let alike = |one: &Move, other: &Move| {
        one.ddl_fingerprint == other.ddl_fingerprint && one.manifest == other.manifest && other.kind == MoveKind::Move
    };
    let count_of = |one: &Move| moves.iter().filter(|other| alike(one, other)).count();
    let Some(first) = moves.iter().max_by_key(|of| count_of(of)).filter(|of| count_of(of) > 1) else {
        return Vec::new();
    };
    let alike = moves.iter().copied().filter(|of| alike(first, of));
    let prepared = stream::iter(alike).map(|the_move| async move {
        means.observer.notice(&Event::StepStarted { store: &the_move.store, step: Step::Switch });
        let sides = Box::pin(prepare_to_join(means, the_move)).await?;
        anyhow::Ok(Candidate { the_move, sides })
    });
    let prepared: Vec<Result<Candidate<'a>>> = prepared.buffered(means.stores_at_once.get()).collect().await;
    prepared.into_iter().filter_map(Result::ok).collect() // what the others lack, they are told alone
}

async fn try_to_switch(
    means: &Means<'_>,
    registry: &Registry<'_>,
    mut stores: Vec<Candidate<'_>>,
) -> Result<Vec<Receipt<Switched>>> {
    let Some(ground) = stores.first().map(|first| first.sides.ground.clone()) else { return Ok(Vec::new()) };
    let rows: u64 = stores.iter().map(|store| store.the_move.plan.row_count()).sum();
    let mut lookers = vec![means.sessions.reader().await?];
    if rows >= ROWS_WORTH_A_CONNECTION {
        for _ in 1..means.copy.jobs.get() {
            lookers.push(means.sessions.reader().await?);
        }
    }
    let time = time_for_the_look(means);
    let is_quick = |took: Duration| took * 2 <= time;
    if !means.looks.expected(rows).is_some_and(is_quick) {
        let Some(look) = Group::of(means, &ground, &stores)? else { return Ok(Vec::new()) };
        let clients: Vec<&Client> = lookers.iter().map(|session| &**session).collect();
        let began = Instant::now();
        let Ok(changed) = tokio::time::timeout(time, changed_of_many(&clients, &look.tables)).await else {
            end(lookers).await;
            return Ok(Vec::new());
        };
        if !is_quick(began.elapsed()) {
            return Ok(Vec::new());
        }
        means.looks.took(rows, began.elapsed());
        stores = without(stores, &changed?);
    }
    let Some(group) = Group::of(means, &ground, &stores)? else { return Ok(Vec::new()) };
    let _turn = means.turn.write().await;
    let mut evidence = SwitchEvidence::default();
    for _ in 0..means.switch.tries.get() {
        means.sessions.check()?;
        evidence.try_count += 1;
        if let Some(holder) = lock::idle_holder(&lookers[0], &shared_tables(&ground)).await? {
            if let Some(store) = group.stores().next() {
                means.observer.notice(&Event::Waiting { store, reason: &holder });
            }
            pause(100..300).await;
            continue;
        }
        let mut session = means.sessions.writer().await?;
        let canceller = session.canceller();
        let began = Instant::now();
        let tried =
            tokio::time::timeout(means.switch.deadline, group.run(registry, &lookers, &evidence, &mut session)).await;
        let held = began.elapsed();
        evidence.longest_hold_ms = evidence.longest_hold_ms.max((held.as_secs_f64() * 10_000.0).round() / 10.0);
        let result = match &tried {
            Ok(Ok(_)) => "taken",
            Ok(Err(error)) if is_busy(error) => "busy",
            Ok(Err(_)) => "failed",
            Err(_elapsed) => "deadline",
        };
        for store in group.stores() {
            means.observer.notice(&Event::LockTried { store, number: evidence.try_count, result, elapsed: held });
        }
        match tried {
            Ok(Ok(switched)) => return receipts(means, &switched, &evidence).await,
            Ok(Err(error)) if is_busy(&error) => pause(50..200).await,
            // The answer to COMMIT may be what was lost: the journal decides.
            Ok(Err(_)) => {
                session.discard();
                return receipts(means, &group.switched_all_the_same().await?, &evidence).await;
            }
            Err(_elapsed) => {
                means.looks.took(rows, means.switch.deadline); // the next one is tried without the lock again
                canceller.cancel().await;
                session.discard();
                end(lookers).await;
                return receipts(means, &group.switched_all_the_same().await?, &evidence).await;
            }
        }
    }
    Ok(Vec::new())
}

/// Ends what these sessions may still be asked.
async fn end(sessions: Vec<Session>) {
    join_all(sessions.into_iter().map(Session::abandon)).await;
}

/// Stores that changed are copied again first.
fn without<'a>(stores: Vec<Candidate<'a>>, changed: &BTreeSet<usize>) -> Vec<Candidate<'a>> {
    stores.into_iter().enumerate().filter(|(at, _)| !changed.contains(at)).map(|(_, store)| store).collect()
}

/// The receipts, read back; how long others were held up is known only now.
async fn receipts(means: &Means<'_>, switched: &[&Move], evidence: &SwitchEvidence) -> Result<Vec<Receipt<Switched>>> {
    let session = means.sessions.writer_at_last().await?;
    let client: &Client = &session;
    let read = switched.iter().map(|the_move| async move {
        means.observer.notice(&Event::Reached { moment: Moment::AfterSwitchCommit, table: None });
        journal::record_switch(client, the_move.id, evidence).await?;
        Receipt::reread(client, the_move).await
    });
    try_join_all(read).await
}

/// Two stores or more, and how each shared table is read for all of them.
struct Group<'a> {
    means: &'a Means<'a>,
    ground: &'a Arc<Ground>,
    moves: Vec<&'a Move>,
    tables: Vec<OfMany<'a>>,
}

impl<'a> Group<'a> {
    /// None where one pass cannot tell whose a row is, or there are no two stores.
    fn of(means: &'a Means<'a>, ground: &'a Arc<Ground>, candidates: &'a [Candidate<'a>]) -> Result<Option<Self>> {
        let [first, _, ..] = candidates else { return Ok(None) };
        let table_count = first.sides.statements.len();
        if candidates.iter().any(|of| of.sides.statements.len() != table_count) {
            return Ok(None); // one has a table that another one lacks, and its rows would not be looked at
        }
        let stores: Vec<&Store> = candidates.iter().map(|of| &of.the_move.store).collect();
        let mut tables = Vec::new();
        for statement in &first.sides.statements {
            let table = &statement.source.table;
            let runs = candidates.iter().filter_map(|of| of.sides.loaded.iter().find(|run| run.table == *table));
            let loaded: Vec<&TableRun> = runs.collect();
            let Some(pass) = Pass::of(ground, statement, &stores)? else { return Ok(None) };
            if loaded.len() != stores.len() {
                return Ok(None);
            }
            tables.push(OfMany { table: table.clone(), pass, loaded });
        }
        Ok(Some(Self { means, ground, moves: candidates.iter().map(|of| of.the_move).collect(), tables }))
    }

    fn stores(&self) -> impl Iterator<Item = &Store> {
        self.moves.iter().map(|of| &of.store)
    }

    /// One try. The stores that it switched: those in which nothing changed.
    async fn run(
        &self,
        registry: &Registry<'_>,
        lookers: &[Session],
        evidence: &SwitchEvidence,
        session: &mut Session,
    ) -> Result<Vec<&'a Move>> {
        let Self { means, ground, moves, tables } = self;
        let epochs: Vec<(i64, i64)> = moves.iter().map(|of| (of.id, of.epoch)).collect();
        let unit = Unit::begin_transitions(session, &epochs).await?;
        lock::share(unit.transaction(), &shared_tables(ground), means.switch.lock_wait).await?;
        means.observer.notice(&Event::Reached { moment: Moment::LockTaken, table: None });
        let fingerprint = catalog::ddl_fingerprint(unit.client(), ground.shared(), &ground.names()).await?;
        if fingerprint != ground.fingerprint {
            bail!(Refusal::new("the shared tables were altered in this very moment"));
        }
        let clients: Vec<&Client> = match lookers.len() {
            1 => vec![unit.client()],
            _ => lookers.iter().map(|session| &**session).collect(),
        };
        let began = Instant::now();
        let changed = changed_of_many(&clients, tables).await?;
        means.looks.took(moves.iter().map(|of| of.plan.row_count()).sum(), began.elapsed());
        let still: Vec<&Move> =
            moves.iter().enumerate().filter(|(at, _)| !changed.contains(at)).map(|(_, of)| *of).collect();
        if still.is_empty() {
            return Ok(still);
        }
        // Sent without waiting for one another's answers: writers wait for all of them.
        let client = unit.client();
        try_join_all(still.iter().map(|the_move| write(means, registry, client, the_move, evidence))).await?;
        means.observer.notice(&Event::Reached { moment: Moment::BeforeSwitchCommit, table: None });
        unit.commit(means.observer, None).await?;
        Ok(still)
    }

    /// The stores that the journal says are switched, whatever the answer to COMMIT was.
    async fn switched_all_the_same(&self) -> Result<Vec<&'a Move>> {
        let mut switched = Vec::new();
        for the_move in &self.moves {
            if was_switched(self.means, the_move).await? {
                switched.push(*the_move);
            }
        }
        Ok(switched)
    }
}

async fn write(
    means: &Means<'_>,
    registry: &Registry<'_>,
    client: &Client,
    the_move: &Move,
    evidence: &SwitchEvidence,
) -> Result<()> {
    let key = &the_move.store.key;
    let before = registry.lock_row(client, key).await?;
    registry.write(client, key, &registry.values_for(&the_move.store.schema, the_move.url.as_deref())).await?;
    journal::record_registry_before(client, the_move.id, &before).await?;
    journal::record_switch(client, the_move.id, evidence).await?;
    the_move.advance(client, means.run, Stage::Switched, &[]).await
}
