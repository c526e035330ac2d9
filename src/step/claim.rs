//! A new store takes a schema that stands ready: the registry's row, the store's role, its base data and the switch, in
//! one transaction. A run that dies leaves all of it or nothing.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use futures_util::future::{join, try_join, try_join3};

use super::ready::{ground_still_stands, is_still_defined};
use super::switch::{is_busy, none_to_move};
use super::{Means, base_data, role};
use crate::config::Registry as RegistryConfig;
use crate::error::{Exit, Refusal};
use crate::event::{Event, Moment, Step};
use crate::ident::QualifiedTable;
use crate::manifest::Manifest;
use crate::pg::failure::ServerResult;
use crate::pg::journal::{self, Move, NewRun, Ready, RecordedTemplate};
use crate::pg::registry::{self, Registry};
use crate::pg::sequence::{Later, ToRaise};
use crate::pg::unit::Unit;
use crate::pg::{Client, lock, rows};
use crate::report::SwitchEvidence;
use crate::stage::Stage;

const CHANGED: &str = "somebody changed it";

/// What is claimed.
pub struct Claim<'a> {
    /// [`journal::fit`] of today's files.
    pub fit: &'a str,
    /// The new store's name.
    pub name: &'a str,
    /// Today's manifest.
    pub manifest: &'a Manifest,
    /// Today's template.
    pub template: &'a RecordedTemplate,
    /// Where the stores are listed.
    pub registry: Option<&'a RegistryConfig>,
    /// The run, which begins with the claim: one that comes to nothing leaves no trace.
    pub run: &'a NewRun<'a>,
}

/// Takes the oldest ready schema of these files for a store of this name; the move is `switched` then. None where none
/// fits, it is not what it was, or a store has the name: then the ordinary way makes the store, goes on with it, or refuses.
///
/// # Errors
/// A refusal where the registry does not take the row, the store has rows, or the shared tables stay busy; the server's
/// error. Then nothing was changed.
pub async fn claim(means: &Means<'_>, of: &Claim<'_>) -> Result<Option<Move>> {
    for number in 1..=means.switch.tries.get() {
        means.sessions.check()?;
        match once(means, of, number).await {
            Err(error) if is_busy(&error) => {
                tokio::time::sleep(Duration::from_millis(rand::random_range(50..200))).await;
            }
            ended => return ended.context("taking a ready schema"),
        }
    }
    bail!(
        Refusal::new(format!("the switch did not come about in {} tries", means.switch.tries))
            .because("writers hold the shared tables")
            .hint("try again when it is quieter: nothing was changed")
            .exit(Exit::Failed)
    )
}

async fn once(means: &Means<'_>, of: &Claim<'_>, number: u32) -> Result<Option<Move>> {
    let begun = Instant::now();
    let (mut session, beside) = try_join(means.sessions.writer(), means.sessions.reader()).await?;
    let unit = Unit::begin_to_choose(&mut session).await?;
    let (may_be, held) = join(
        may_be(&beside, of, means.switch.lock_wait),
        journal::hold_ready(unit.transaction(), of.fit, of.manifest, of.template),
    )
    .await;
    if !may_be? {
        return Ok(None); // whatever a journal of another version answered
    }
    let Some(ready) = held? else { return Ok(None) };
    let side = &ready.record.shared;
    let registry = Registry::new(of.registry, side.key_type.clone(), side.keyed_tables.clone());
    let claiming = Claiming { means, of, unit: &unit, beside: &beside, registry: &registry, ready: &ready };
    let Some(the_move) = claiming.all_but_commit(number).await? else { return Ok(None) };
    means.observer.notice(&Event::Reached { moment: Moment::BeforeSwitchCommit, table: None });
    unit.commit(means.observer, None).await?;
    means.observer.notice(&Event::Reached { moment: Moment::AfterSwitchCommit, table: None });
    let (store, elapsed) = (&the_move.store, begun.elapsed());
    means.observer.notice(&Event::StepDone { store, step: Step::Switch, elapsed });
    Ok(Some(the_move))
}

/// Not where the journal is of another version, or a store has the name: perhaps one that an earlier run of the same command
/// began.
///
/// From here on that session waits for a lock no longer than a switch does: it may be our own transaction that has it, or
/// somebody who waits for that, and then the server sees no deadlock.
async fn may_be(beside: &Client, of: &Claim<'_>, lock_wait: Duration) -> Result<bool> {
    let millis = lock_wait.as_millis().max(1); // 0 would wait for ever
    beside.batch_execute(&format!("set lock_timeout = {millis}")).await.server()?;
    Ok(journal::is_current(beside).await? && !registry::is_named(beside, of.registry, of.name).await?)
}

/// A claim that has begun. What does not need the answer to what came before is sent with it: each wait for an answer costs
/// more than most of these orders.
struct Claiming<'a> {
    means: &'a Means<'a>,
    of: &'a Claim<'a>,
    unit: &'a Unit<'a>,
    beside: &'a Client,
    registry: &'a Registry<'a>,
    ready: &'a Ready,
}

/// How a ready schema was found.
struct Found {
    /// Whether any of its tables had a row.
    any: bool,
    /// What its sequences gave last.
    stands: Option<Vec<Option<i64>>>,
}

impl Claiming<'_> {
    /// The move as it is when that is committed.
    async fn all_but_commit(&self, number: u32) -> Result<Option<Move>> {
        let Self { means, unit, beside, registry, ready, .. } = self;
        let key = &ready.the_move.store.key;
        let look = join(self.to_raise(beside), registry.store(beside, key));
        let ((reached, store), taken) = join(look, self.take()).await;
        let (mut the_move, found) = taken?;
        if store?.is_some() {
            return Ok(self.unused("its key is a store's by now"));
        }
        let reached = match reached {
            Err(error) if is_busy(&error) => self.to_raise(unit.transaction()).await, // perhaps it is we who hold the lock
            reached => reached,
        };
        let (mine, defined) = match (reached, found) {
            (_, Ok(Found { any: true, .. })) => return Ok(self.unused(CHANGED)),
            (Ok(reached), Ok(Found { stands, .. })) => {
                let raise = reached
                    .zip(stands)
                    .map(|((later, reached), stands)| later.to_raise(&reached, &stands, means.id_headroom));
                join(self.begin_with(&the_move, &raise.unwrap_or_default()), is_still_defined(beside, ready)).await
            }
            (Err(error), _) | (_, Err(error)) => (Err(error), is_still_defined(beside, ready).await),
        };
        match (mine, defined) {
            (_, Ok(false)) => return Ok(self.unused(CHANGED)), // and what failed failed for that
            (Err(error), _) | (_, Err(error)) => return Err(error),
            (Ok(digests), Ok(true)) => the_move.base_digests = digests,
        }
        means.observer.notice(&Event::StepStarted { store: &the_move.store, step: Step::Switch });
        if !self.switch(&the_move, number).await? {
            return Ok(None);
        }
        the_move.stage = Stage::Switched;
        Ok(Some(the_move))
    }

    fn unused(&self, why: &str) -> Option<Move> {
        let message = format!("ready schema {} is not used: {why}", self.ready.the_move.store.schema.raw());
        self.means.observer.notice(&Event::Warned { message: &message });
        None
    }

    /// How far the shared ids go.
    async fn to_raise(&self, client: &Client) -> Result<Option<(&Later, Vec<Option<i64>>)>> {
        match &self.ready.record.to_raise {
            Some(later) => Ok(Some((later, later.reached(client).await?))),
            None => Ok(None),
        }
    }

    /// The schema is the store's, with a row in the registry and a role; and how it was found.
    async fn take(&self) -> Result<(Move, Result<Found>)> {
        let Self { means, of, unit, registry, ready, .. } = self;
        let row = ready.record.row.clone().named(of.name);
        let mut store = ready.the_move.store.clone();
        store.name.clone_from(&row.row.name);
        let transaction = unit.transaction();
        let (.., the_move) = try_join3(
            journal::begin_run(transaction, of.run, means.sessions.facts()),
            registry.insert(transaction, &row, &store, &of.manifest.shared_schema),
            journal::take_ready(transaction, means.run, &ready.the_move, &store),
        )
        .await?;
        role::made_with_schema(means, transaction, &the_move).await?;
        let stands = async {
            match &ready.record.to_raise {
                Some(later) => later.stands(transaction).await.map(Some),
                None => Ok(None),
            }
        };
        let found = try_join(rows::any(transaction, &ready.record.tables), stands).await;
        Ok((the_move, found.map(|(any, stands)| Found { any, stands })))
    }

    /// What the store begins with: ids above the shared ones, and its base data, whose digests are given.
    async fn begin_with(&self, the_move: &Move, raise: &ToRaise) -> Result<BTreeMap<String, String>> {
        let transaction = self.unit.transaction();
        raise.raise(transaction).await.context("setting its sequences above the shared ids")?;
        base_data::run_tried(transaction, the_move).await?;
        rows::fingerprints_of_few(transaction, &self.ready.record.tables).await
    }

    /// Whether it is: not where the shared tables are no longer what they were when the schema was made.
    async fn switch(&self, the_move: &Move, number: u32) -> Result<bool> {
        let Self { means, of, unit, beside, registry, ready } = self;
        let (transaction, key) = (unit.transaction(), &the_move.store.key);
        let countings = &ready.record.shared.countings;
        let mut tables: Vec<&QualifiedTable> = countings.iter().map(|of| &of.table).collect();
        tables.sort();
        let values = registry.values_for(&the_move.store.schema, the_move.url.as_deref());
        let held = Instant::now();
        lock::share(transaction, &tables, means.switch.lock_wait).await?;
        means.observer.notice(&Event::Reached { moment: Moment::LockTaken, table: None });
        let beside_it = join(
            ground_still_stands(beside, of.manifest, ready), // after the lock: it sees what was committed before
            none_to_move(beside, the_move, countings),       // it knows these tables by now, the other does not
        );
        let in_it = async {
            let before = registry.lock_row(transaction, key).await?;
            registry.write(transaction, key, &values).await?;
            let by_us = lock::is_written_outside(transaction, &the_move.store.schema, registry.table()).await?;
            anyhow::Ok((before, by_us))
        };
        let ((stands, none), written) = join(beside_it, in_it).await;
        if !stands? {
            let message = "the shared tables were altered since the ready schemas were made";
            means.observer.notice(&Event::Warned { message });
            return Ok(false);
        }
        let (before, by_us) = written?;
        match none {
            Err(error) if !is_busy(&error) => return Err(error),
            Ok(()) if !by_us => {}
            // Somebody waits behind us, or a trigger of the registry wrote rows: only we can look.
            _ => none_to_move(transaction, the_move, countings).await?,
        }
        let longest_hold_ms = (held.elapsed().as_secs_f64() * 10_000.0).round() / 10.0;
        let evidence = SwitchEvidence { try_count: number, longest_hold_ms, ..SwitchEvidence::default() };
        let sets = journal::of_claim(&the_move.base_digests, &evidence)?;
        try_join(
            journal::record_registry_before(transaction, the_move.id, &before),
            the_move.advance(transaction, means.run, Stage::Switched, &sets),
        )
        .await?;
        Ok(true)
    }
}
