//! Routes the application to the store schema: one transaction that holds the shared tables for a moment, sees that
//! nothing changed, and writes registry and journal together.
//!
//! What changed since the copy is copied and proven again first, without any lock. Writers of other stores wait at
//! most one short try for the lock plus the hold.

mod prepare;
mod together;

use std::ops::Range;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::Means;
use super::copy::{copy, reopen};
use super::verify::verify;
use crate::error::{Exit, Refusal, ServerError};
use crate::event::{Event, Moment, Step};
use crate::ident::{Ident, QualifiedTable};
use crate::pg::change::{Versions, changed_quickly};
use crate::pg::ground::Ground;
use crate::pg::journal::{self, Move, MoveKind, Receipt, Switched, Verified};
use crate::pg::registry::Registry;
use crate::pg::session::Session;
use crate::pg::statement::CopyStatement;
use crate::pg::unit::Unit;
use crate::pg::{Client, catalog, lock};
use crate::plan::ChangeTest;
use crate::report::SwitchEvidence;
use crate::stage::Stage;
use prepare::{Prepared, Ready, Sides, prepare, time_for_the_look};
pub(super) use prepare::{countings, none_to_move};
pub use together::switch_together;

/// Fewer rows than these one connection looks through.
const ROWS_WORTH_A_CONNECTION: u64 = 20_000;

/// Switches these stores.
pub async fn switch(
    means: &Means<'_>,
    registry: &Registry<'_>,
    receipts: &[Receipt<Verified>],
    by_hand: bool,
) -> Vec<Result<Receipt<Switched>>> {
    let mut switched = Vec::new();
    for receipt in receipts {
        let outcome = switch_one(means, registry, receipt, by_hand).await;
        switched.push(outcome.with_context(|| format!("switching store {}", receipt.the_move().store.key)));
    }
    switched
}

async fn switch_one(
    means: &Means<'_>,
    registry: &Registry<'_>,
    receipt: &Receipt<Verified>,
    by_hand: bool,
) -> Result<Receipt<Switched>> {
    let begun = Instant::now();
    let store = receipt.the_move().store.clone();
    if !by_hand && !registry.can_switch() {
        let url = receipt.the_move().url.as_deref().map(crate::conninfo::mask);
        let url = url.unwrap_or_else(|| format!("schema {}", store.schema.raw()));
        bail!(
            Refusal::new("no registry column receives the store schema, so there is nothing to switch")
                .because(format!("the application must be given {url} by hand"))
                .hint(format!("give it, then record it: `tenantctl switch --store {} --by-hand`", store.key))
        );
    }
    means.observer.notice(&Event::StepStarted { store: &store, step: Step::Switch });
    let mut evidence = SwitchEvidence { by_hand, ..SwitchEvidence::default() };
    let mut receipt = receipt.clone();
    let mut round = 0;
    loop {
        means.sessions.check()?;
        // On the heap: a step and what it calls are more than a stack holds.
        let held = match Box::pin(prepare(means, receipt.the_move())).await? {
            Prepared::Changed(changed) => Held::Changed(changed),
            Prepared::Ready(ready) => {
                let _turn = means.turn.write().await;
                Box::pin(hold_and_commit(means, registry, receipt.the_move(), &ready, &mut evidence)).await?
            }
        };
        match held {
            Held::Switched(switched) => {
                means.observer.notice(&Event::Reached { moment: Moment::AfterSwitchCommit, table: None });
                means.observer.notice(&Event::StepDone { store: &store, step: Step::Switch, elapsed: begun.elapsed() });
                return Ok(*switched);
            }
            Held::Changed(changed) if round == means.switch.rounds.get() => {
                bail!(written_to(receipt.the_move(), &changed, round));
            }
            Held::Changed(changed) => {
                round += 1;
                receipt = Box::pin(copy_again(means, &receipt, &changed, &mut evidence)).await?;
            }
        }
    }
}

fn written_to(the_move: &Move, changed: &[Ident], rounds: u32) -> Refusal {
    let tables = changed.iter().map(Ident::raw).collect::<Vec<_>>().join(", ");
    Refusal::new(format!(
        "store {} is being written to: {tables} changed in each of {rounds} rounds",
        the_move.store.key
    ))
    .hint(format!(
        "try again when it is quieter: `tenantctl switch --store {}`; all that is copied is kept",
        the_move.store.key
    ))
    .exit(Exit::Failed)
}

async fn copy_again(
    means: &Means<'_>,
    receipt: &Receipt<Verified>,
    changed: &[Ident],
    evidence: &mut SwitchEvidence,
) -> Result<Receipt<Verified>> {
    let the_move = receipt.the_move();
    let names = changed.iter().map(Ident::raw).collect::<Vec<_>>().join(", ");
    means
        .observer
        .notice(&Event::Waiting { store: &the_move.store, reason: &format!("{names} changed; copying again") });
    evidence.round_count += 1;
    for table in changed {
        if !evidence.recopied.iter().any(|name| name == table.raw()) {
            evidence.recopied.push(table.raw().to_owned());
        }
    }
    let created = reopen(means, the_move, changed).await?;
    let copied = Box::pin(copy(means, &[created])).await.pop().context("no store was copied")??;
    let proof = Box::pin(verify(means, &[copied])).await.pop().context("no store was verified")??;
    proof.receipt.ok_or_else(|| {
        Refusal::new("the tables that were copied again are not equal to the shared rows")
            .hint(format!("`tenantctl verify --store {}` names the rows", the_move.store.key))
            .exit(Exit::Differs)
            .into()
    })
}

enum Held {
    Switched(Box<Receipt<Switched>>),
    Changed(Vec<Ident>),
}

/// Tries for the lock until one try gets it, then does what is to be done within the deadline.
async fn hold_and_commit(
    means: &Means<'_>,
    registry: &Registry<'_>,
    the_move: &Move,
    Ready { sides: Sides { ground, statements, .. }, equal, is_tried }: &Ready,
    evidence: &mut SwitchEvidence,
) -> Result<Held> {
    let reader = means.sessions.reader().await?;
    let others = lookers(means, the_move).await?;
    let all: Vec<&Client> = others.iter().map(|session| &**session).chain([&*reader]).collect();
    if the_move.kind == MoveKind::Move
        && !is_tried
        && let Some(changed) = rehearse(means, ground, the_move, statements, equal, &all).await?
    {
        return Ok(Held::Changed(changed));
    }
    let read_by_conditions = read_by_conditions(&reader, ground, statements).await?;
    let attempt = Attempt {
        means,
        registry,
        the_move,
        ground,
        statements,
        equal,
        lookers: &others,
        read_by_conditions: &read_by_conditions,
    };
    let mut last = String::from("the shared tables stay busy");
    for _ in 0..means.switch.tries.get() {
        means.sessions.check()?;
        evidence.try_count += 1;
        if let Some(holder) = lock::idle_holder(&reader, &shared_tables(ground)).await? {
            means.observer.notice(&Event::Waiting { store: &the_move.store, reason: &holder });
            last = holder;
            pause(100..300).await;
            continue;
        }
        let mut session = means.sessions.writer().await?;
        let canceller = session.canceller();
        let began = Instant::now();
        let tried = tokio::time::timeout(means.switch.deadline, attempt.run(evidence, &mut session)).await;
        let held = began.elapsed().as_secs_f64() * 1000.0;
        evidence.longest_hold_ms = evidence.longest_hold_ms.max((held * 10.0).round() / 10.0);
        means.observer.notice(&Event::LockTried {
            store: &the_move.store,
            number: evidence.try_count,
            result: match &tried {
                Ok(Ok(_)) => "taken",
                Ok(Err(error)) if is_busy(error) => "busy",
                Ok(Err(_)) => "failed",
                Err(_elapsed) => "deadline",
            },
            elapsed: began.elapsed(),
        });
        match tried {
            Ok(Ok(Ok(()))) => return switched(means, the_move, evidence).await,
            Ok(Ok(Err(changed))) => return Ok(Held::Changed(changed)),
            Ok(Err(error)) if is_busy(&error) => last = "a writer holds a shared table".into(),
            Ok(Err(error)) => {
                session.discard();
                return decide_by_journal(means, the_move, evidence, error).await;
            }
            Err(_elapsed) => {
                // The hard stop: whatever the server is doing for us ends now, and the locks are gone with it.
                canceller.cancel().await;
                session.discard();
                for looker in &others {
                    looker.canceller().cancel().await;
                }
                if was_switched(means, the_move).await? {
                    return switched(means, the_move, evidence).await;
                }
                last = format!("the deadline of {} ms passed", means.switch.deadline.as_millis());
            }
        }
        pause(50..200).await;
    }
    bail!(
        Refusal::new(format!("the switch did not come about in {} tries", means.switch.tries))
            .because(last)
            .hint(format!("try again when it is quieter: `tenantctl switch --store {}`", the_move.store.key))
            .exit(Exit::Failed)
    )
}

/// The sessions that look for changes beside the one that holds the lock; of few rows none is worth it.
async fn lookers(means: &Means<'_>, the_move: &Move) -> Result<Vec<Session>> {
    let mut sessions = Vec::new();
    if the_move.plan.row_count() >= ROWS_WORTH_A_CONNECTION {
        for _ in 1..means.copy.jobs.get() {
            sessions.push(means.sessions.reader().await?);
        }
    }
    Ok(sessions)
}

/// The change test once without any lock, where the preparation has not asked the same or took long over it: what takes
/// too long there is not begun under a lock. The tables that changed, where some did.
async fn rehearse(
    means: &Means<'_>,
    ground: &Ground,
    the_move: &Move,
    statements: &[CopyStatement],
    equal: &Versions,
    clients: &[&Client],
) -> Result<Option<Vec<Ident>>> {
    let Some(first) = clients.first() else { bail!("nobody to ask") };
    let loaded = journal::table_runs_of(first, the_move.id).await?;
    let began = Instant::now();
    let changed = changed_quickly(clients, ground, statements, &loaded, equal).await?;
    let (took, time) = (began.elapsed(), time_for_the_look(means));
    if changed.is_empty() && took > time {
        let scanned: Vec<&str> = ground
            .owners
            .iter()
            .filter(|owner| ground.change_test(owner) == ChangeTest::Scan)
            .map(|owner| owner.table.table.raw())
            .collect();
        let hint = match scanned.is_empty() {
            true => "try again when it is quieter, or give [switch] deadline more time".to_owned(),
            false => format!("index the owner path of {}, or give [switch] deadline more time", scanned.join(", ")),
        };
        bail!(
            Refusal::new(format!(
                "the last look for changes takes {} ms, and [switch] deadline leaves {} ms for it",
                took.as_millis(),
                time.as_millis()
            ))
            .because("writers of other stores would wait as long")
            .hint(hint)
            .exit(Exit::Failed)
        );
    }
    Ok((!changed.is_empty()).then_some(changed))
}

/// Waits about so many milliseconds, so that two who are in each other's way do not meet again.
async fn pause(millis: Range<u64>) {
    tokio::time::sleep(Duration::from_millis(rand::random_range(millis))).await;
}

/// The receipt, read back; how long others were held up is known only now.
async fn switched(means: &Means<'_>, the_move: &Move, evidence: &SwitchEvidence) -> Result<Held> {
    let session = means.sessions.writer_at_last().await?;
    journal::record_switch(&session, the_move.id, evidence).await?;
    Ok(Held::Switched(Box::new(Receipt::reread(&session, the_move).await?)))
}

/// A lost answer to COMMIT: the journal's row decides.
async fn decide_by_journal(
    means: &Means<'_>,
    the_move: &Move,
    evidence: &SwitchEvidence,
    error: anyhow::Error,
) -> Result<Held> {
    match was_switched(means, the_move).await {
        Ok(true) => switched(means, the_move, evidence).await,
        _ => Err(error),
    }
}

/// The old backend may still be at its COMMIT; the row's lock makes this wait for its end.
async fn was_switched(means: &Means<'_>, the_move: &Move) -> Result<bool> {
    let mut session = means.sessions.writer_at_last().await?;
    let unit = Unit::begin_transition(&mut session, the_move.id, the_move.epoch).await?;
    Ok(journal::reread(unit.client(), the_move).await?.stage.is_switched())
}

pub(super) fn is_busy(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.downcast_ref::<ServerError>().is_some_and(|error| error.is(&["55P03"])))
}

/// One try: what it needs is read before, so that nothing but the work itself happens under the lock.
struct Attempt<'a> {
    means: &'a Means<'a>,
    registry: &'a Registry<'a>,
    the_move: &'a Move,
    ground: &'a Ground,
    statements: &'a [CopyStatement],
    equal: &'a Versions,
    /// Sessions that look for changes while the lock is held.
    lookers: &'a [Session],
    read_by_conditions: &'a [QualifiedTable],
}

/// Tables of the shared schema that only a `rows` condition reads: what they say decides about rows too.
async fn read_by_conditions(
    reader: &Session,
    ground: &Ground,
    statements: &[CopyStatement],
) -> Result<Vec<QualifiedTable>> {
    let mut tables = Vec::new();
    for statement in statements {
        if !ground.owner(&statement.source.table).is_some_and(|owner| owner.by_condition()) {
            continue;
        }
        for table in lock::read_by(reader, &statement.source_count()).await? {
            let is_new = table.schema == *ground.shared() && ground.owner(&table.table).is_none();
            if is_new && !tables.contains(&table) {
                tables.push(table);
            }
        }
    }
    tables.sort();
    Ok(tables)
}

impl Attempt<'_> {
    /// The tables that changed, where some did; then nothing was done.
    async fn run(&self, evidence: &SwitchEvidence, session: &mut Session) -> Result<Result<(), Vec<Ident>>> {
        let Self { means, registry, the_move, ground, statements, equal, lookers, read_by_conditions } = self;
        let unit = Unit::begin_transition(session, the_move.id, the_move.epoch).await?;
        let mut tables = shared_tables(ground);
        tables.extend(*read_by_conditions);
        lock::share(unit.transaction(), &tables, means.switch.lock_wait).await?;
        means.observer.notice(&Event::Reached { moment: Moment::LockTaken, table: None });
        let fingerprint = catalog::ddl_fingerprint(unit.client(), ground.shared(), &ground.names()).await?;
        if fingerprint != the_move.ddl_fingerprint {
            bail!(
                Refusal::new("the shared tables were altered in this very moment").hint("plan anew").exit(Exit::Failed)
            );
        }
        if the_move.kind == MoveKind::New {
            none_to_move(unit.transaction(), the_move, &countings(statements)).await?;
        } else {
            let loaded = journal::table_runs_of(unit.transaction(), the_move.id).await?;
            let clients: Vec<&Client> = lookers.iter().map(|session| &**session).chain([unit.client()]).collect();
            let changed = changed_quickly(&clients, ground, statements, &loaded, equal).await?;
            if !changed.is_empty() {
                return Ok(Err(changed));
            }
        }
        let before = registry.lock_row(unit.transaction(), &the_move.store.key).await?;
        let values = registry.values_for(&the_move.store.schema, the_move.url.as_deref());
        if !evidence.by_hand {
            registry.write(unit.transaction(), &the_move.store.key, &values).await?;
        }
        journal::record_registry_before(unit.transaction(), the_move.id, &before).await?;
        journal::record_switch(unit.transaction(), the_move.id, evidence).await?;
        the_move.advance(unit.transaction(), means.run, Stage::Switched, &[]).await?;
        means.observer.notice(&Event::Reached { moment: Moment::BeforeSwitchCommit, table: None });
        unit.commit(means.observer, None).await?;
        Ok(Ok(()))
    }
}

/// The shared tables in a fixed order, so that two switches cannot wait for each other.
pub(super) fn shared_tables(ground: &Ground) -> Vec<&QualifiedTable> {
    let mut tables: Vec<_> = ground.owners.iter().map(|owner| &owner.table).collect();
    tables.sort();
    tables
}
