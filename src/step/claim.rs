//! A new store takes a schema that stands ready: the registry's row, the store's role, its base data and the switch, in
//! one transaction. A run that dies leaves all of it or nothing.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::ready::still_stands;
use super::switch::{is_busy, none_to_move, shared_tables};
use super::{Means, base_data, role};
use crate::error::{Exit, Refusal};
use crate::event::{Event, Moment, Step};
use crate::pg::ground::Ground;
use crate::pg::journal::{self, Move, NewRun, Ready};
use crate::pg::registry::Registry;
use crate::pg::unit::Unit;
use crate::pg::{Client, catalog, lock, rows, script};
use crate::report::SwitchEvidence;
use crate::stage::Stage;

/// What is claimed.
pub struct Claim<'a> {
    /// [`journal::fit`] of today's files.
    pub fit: &'a str,
    /// The new store's name.
    pub name: &'a str,
    /// The run, which begins with the claim: one that comes to nothing leaves no trace.
    pub run: &'a NewRun<'a>,
}

/// Takes the oldest ready schema of these files for a store of this name; the move is `switched` then. None where none
/// fits, or it is not what it was: then the store is made in the ordinary way.
///
/// # Errors
/// A refusal where the registry does not take the row, the store has rows, or the shared tables stay busy; the server's
/// error. Then nothing was changed.
pub async fn claim(
    means: &Means<'_>,
    registry: &Registry<'_>,
    ground: &Ground,
    of: &Claim<'_>,
) -> Result<Option<Move>> {
    let claim = Claiming { means, registry, ground, of };
    for number in 1..=means.switch.tries.get() {
        means.sessions.check()?;
        match claim.once(number).await {
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

struct Claiming<'a> {
    means: &'a Means<'a>,
    registry: &'a Registry<'a>,
    ground: &'a Ground,
    of: &'a Claim<'a>,
}

impl Claiming<'_> {
    async fn once(&self, number: u32) -> Result<Option<Move>> {
        let Self { means, ground, of, .. } = self;
        let begun = Instant::now();
        let sessions = means.sessions;
        let (mut session, beside) = tokio::try_join!(sessions.writer(), sessions.reader())?;
        let unit = Unit::begin_to_choose(&mut session).await?;
        let held = journal::hold_ready(unit.transaction(), ground.shared(), of.fit).await?;
        let Some(ready) = held else { return Ok(None) };
        let (stands, taken) = tokio::join!(self.stands(&beside, &ready), self.take(&unit, &ready));
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
        let Some(()) = self.switch(&unit, &beside, &the_move, number).await? else { return Ok(None) };
        means.observer.notice(&Event::Reached { moment: Moment::BeforeSwitchCommit, table: None });
        unit.commit(means.observer, None).await?;
        means.observer.notice(&Event::Reached { moment: Moment::AfterSwitchCommit, table: None });
        let (store, elapsed) = (&the_move.store, begun.elapsed());
        means.observer.notice(&Event::StepDone { store, step: Step::Switch, elapsed });
        Ok(Some(journal::reread(&session, the_move.id).await?))
    }

    /// Sees on another connection, while the row is made, whether the schema is still what was proven; else says why not.
    async fn stands(&self, beside: &Client, ready: &Ready) -> Result<Option<String>> {
        if self.registry.store(beside, &ready.the_move.store.key).await?.is_some() {
            return Ok(Some("its key is a store's by now".to_owned()));
        }
        Ok((!still_stands(beside, ready).await?).then(|| "somebody changed it".to_owned()))
    }

    /// The schema is the store's, with a row in the registry and a role.
    async fn take(&self, unit: &Unit<'_>, ready: &Ready) -> Result<Move> {
        let Self { means, registry, ground, of } = self;
        let row = ready.record.row.clone().named(of.name);
        let mut store = ready.the_move.store.clone();
        store.name.clone_from(&row.row.name);
        journal::begin_run(unit.transaction(), of.run, means.sessions.facts()).await?;
        registry.insert(unit.transaction(), &row, &store, ground.shared()).await?;
        let the_move = journal::take_ready(unit.transaction(), means.run, &ready.the_move, &store).await?;
        role::made_with_schema(means, unit.transaction(), &the_move).await?;
        if let Some(raise) = &ready.record.raise {
            script::run(unit.transaction(), raise).await.context("setting its sequences above the shared ids")?;
        }
        Ok(the_move)
    }

    /// None where the shared tables are no longer what they were when the schema was made.
    async fn switch(&self, unit: &Unit<'_>, beside: &Client, the_move: &Move, number: u32) -> Result<Option<()>> {
        let Self { means, registry, ground, .. } = self;
        let statements = ground.statements(&the_move.store, &ground.tables)?;
        let held = Instant::now();
        lock::share(unit.transaction(), &shared_tables(ground), means.switch.lock_wait).await?;
        means.observer.notice(&Event::Reached { moment: Moment::LockTaken, table: None });
        let (shared, names) = (ground.shared(), ground.names());
        let (fingerprint, none) = tokio::join!(
            catalog::ddl_fingerprint(beside, shared, &names), // after the lock: it sees what was committed before
            none_to_move(unit.transaction(), the_move, &statements)
        );
        if fingerprint? != the_move.ddl_fingerprint {
            let message = "the shared tables were altered since the ready schemas were made";
            means.observer.notice(&Event::Warned { message });
            return Ok(None);
        }
        none?;
        let before = registry.lock_row(unit.transaction(), &the_move.store.key).await?;
        let values = registry.values_for(&the_move.store.schema, the_move.url.as_deref());
        registry.write(unit.transaction(), &the_move.store.key, &values).await?;
        journal::record_registry_before(unit.transaction(), the_move.id, &before).await?;
        let longest_hold_ms = (held.elapsed().as_secs_f64() * 10_000.0).round() / 10.0;
        let evidence = SwitchEvidence { try_count: number, longest_hold_ms, ..SwitchEvidence::default() };
        journal::record_switch(unit.transaction(), the_move.id, &evidence).await?;
        the_move.advance(unit.transaction(), means.run, Stage::Switched, &[]).await?;
        Ok(Some(()))
    }
}
