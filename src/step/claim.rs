//! A new store takes a schema that stands ready: the registry's row, the store's role, its base data and the switch, in
//! one transaction. A run that dies leaves all of it or nothing.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use futures_util::future::{join, join4, try_join, try_join3};

use super::ready::{ground_still_stands, still_stands};
use super::switch::{is_busy, none_to_move, shared_tables};
use super::{Means, base_data, role};
use crate::config::Registry as RegistryConfig;
use crate::error::{Exit, Refusal};
use crate::event::{Event, Moment, Step};
use crate::manifest::Manifest;
use crate::pg::ground::Ground;
use crate::pg::journal::{self, Move, NewRun, Ready};
use crate::pg::registry::{self, Registry};
use crate::pg::session::Session;
use crate::pg::unit::Unit;
use crate::pg::{Client, lock, rows, script};
use crate::report::SwitchEvidence;
use crate::stage::Stage;

/// What is claimed.
pub struct Claim<'a> {
    /// [`journal::fit`] of today's files.
    pub fit: &'a str,
    /// The new store's name.
    pub name: &'a str,
    /// Today's manifest.
    pub manifest: &'a Manifest,
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
    let (mut session, beside) = try_join(means.sessions.writer(), reader_where_it_may_be(means, of)).await?;
    let Some(beside) = beside else { return Ok(None) };
    let unit = Unit::begin_to_choose(&mut session).await?;
    let held = journal::hold_ready(unit.transaction(), &of.manifest.shared_schema, of.fit).await?;
    let Some((ready, ground)) = held else { return Ok(None) };
    let ground = Ground::of_record(of.manifest.clone(), ground)?;
    let registry = Registry::new(of.registry, ground.key_type.clone(), ground.keyed_tables());
    let claiming =
        Claiming { means, of, unit: &unit, beside: &beside, registry: &registry, ground: &ground, ready: &ready };
    let Some(the_move) = claiming.all_but_commit(number).await? else { return Ok(None) };
    means.observer.notice(&Event::Reached { moment: Moment::BeforeSwitchCommit, table: None });
    unit.commit(means.observer, None).await?;
    means.observer.notice(&Event::Reached { moment: Moment::AfterSwitchCommit, table: None });
    let (store, elapsed) = (&the_move.store, begun.elapsed());
    means.observer.notice(&Event::StepDone { store, step: Step::Switch, elapsed });
    Ok(Some(journal::reread(&session, the_move.id).await?))
}

/// None where the journal is of another version, or a store has the name: perhaps one that an earlier run of the same
/// command began.
async fn reader_where_it_may_be(means: &Means<'_>, of: &Claim<'_>) -> Result<Option<Session>> {
    let reader = means.sessions.reader().await?;
    let may_be = journal::is_current(&reader).await? && !registry::is_named(&reader, of.registry, of.name).await?;
    Ok(may_be.then_some(reader))
}

/// A claim that has begun. What does not need the answer to what came before is sent with it: each wait for an answer costs
/// more than most of these orders.
struct Claiming<'a> {
    means: &'a Means<'a>,
    of: &'a Claim<'a>,
    unit: &'a Unit<'a>,
    beside: &'a Client,
    registry: &'a Registry<'a>,
    ground: &'a Ground,
    ready: &'a Ready,
}

impl Claiming<'_> {
    async fn all_but_commit(&self, number: u32) -> Result<Option<Move>> {
        let Self { means, unit, ready, .. } = self;
        let (stands, taken) = join(self.stands(), self.take()).await;
        let the_move = taken?;
        if let Some(why) = stands? {
            let message = format!("ready schema {} is not used: {why}", ready.the_move.store.schema.raw());
            means.observer.notice(&Event::Warned { message: &message });
            return Ok(None);
        }
        means.observer.notice(&Event::StepStarted { store: &the_move.store, step: Step::Switch });
        base_data::run_tried(unit.transaction(), &the_move).await?;
        let digests = rows::fingerprints_of_few(unit.transaction(), &ready.record.tables).await?;
        journal::record_base_digests(unit.transaction(), the_move.id, &digests).await?;
        Ok(self.switch(&the_move, number).await?.then_some(the_move))
    }

    /// Sees on another connection, while the row is made, whether the schema is still what was proven; else says why not.
    async fn stands(&self) -> Result<Option<String>> {
        let key = &self.ready.the_move.store.key;
        let (stands, store) =
            try_join(still_stands(self.beside, self.ready), self.registry.store(self.beside, key)).await?;
        Ok(match (store, stands) {
            (Some(_), _) => Some("its key is a store's by now".to_owned()),
            (None, false) => Some("somebody changed it".to_owned()),
            (None, true) => None,
        })
    }

    /// The schema is the store's, with a row in the registry and a role.
    async fn take(&self) -> Result<Move> {
        let Self { means, of, unit, registry, ground, ready, .. } = self;
        let row = ready.record.row.clone().named(of.name);
        let mut store = ready.the_move.store.clone();
        store.name.clone_from(&row.row.name);
        let transaction = unit.transaction();
        let (.., the_move) = try_join3(
            journal::begin_run(transaction, of.run, means.sessions.facts()),
            registry.insert(transaction, &row, &store, ground.shared()),
            journal::take_ready(transaction, means.run, &ready.the_move, &store),
        )
        .await?;
        try_join(role::made_with_schema(means, transaction, &the_move), self.raise()).await?;
        Ok(the_move)
    }

    async fn raise(&self) -> Result<()> {
        let Some(raise) = &self.ready.record.raise else { return Ok(()) };
        script::run(self.unit.transaction(), raise).await.context("setting its sequences above the shared ids")
    }

    /// Whether it is: not where the shared tables are no longer what they were when the schema was made.
    async fn switch(&self, the_move: &Move, number: u32) -> Result<bool> {
        let Self { means, unit, registry, ground, .. } = self;
        let (transaction, key) = (unit.transaction(), &the_move.store.key);
        let statements = ground.statements(&the_move.store, &ground.tables)?;
        let values = registry.values_for(&the_move.store.schema, the_move.url.as_deref());
        let held = Instant::now();
        lock::share(transaction, &shared_tables(ground), means.switch.lock_wait).await?;
        means.observer.notice(&Event::Reached { moment: Moment::LockTaken, table: None });
        let (stands, none, before, written) = join4(
            ground_still_stands(self.beside, ground, self.ready), // after the lock: it sees what was committed before
            none_to_move(transaction, the_move, &statements),
            registry.lock_row(transaction, key),
            registry.write(transaction, key, &values),
        )
        .await;
        if !stands? {
            let message = "the shared tables were altered since the ready schemas were made";
            means.observer.notice(&Event::Warned { message });
            return Ok(false);
        }
        none?;
        let before = before?;
        written?;
        let longest_hold_ms = (held.elapsed().as_secs_f64() * 10_000.0).round() / 10.0;
        let evidence = SwitchEvidence { try_count: number, longest_hold_ms, ..SwitchEvidence::default() };
        try_join3(
            journal::record_registry_before(transaction, the_move.id, &before),
            journal::record_switch(transaction, the_move.id, &evidence),
            the_move.advance(transaction, means.run, Stage::Switched, &[]),
        )
        .await?;
        Ok(true)
    }
}
