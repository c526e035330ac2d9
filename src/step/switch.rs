//! Routes the application to the store schema: one transaction that holds the shared tables for a moment, sees that
//! nothing changed, and writes registry and journal together.
//!
//! What changed since the copy is copied and proven again first, without any lock. Writers of other stores wait at
//! most one short try for the lock plus the hold.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio_postgres::NoTls;
use tokio_postgres::types::Json;

use super::Means;
use super::changes::{Changes, Seen, changed_tables, seen};
use super::copy::{copy, raise_sequences, reopen};
use super::ground::Ground;
use super::verify::verify;
use crate::error::{Exit, Refusal, ServerError};
use crate::event::{Event, Moment, Step};
use crate::ident::{Ident, list};
use crate::pg::catalog;
use crate::pg::failure::ServerResult;
use crate::pg::journal::{self, Move, MoveKind, Receipt, Switched, Verified};
use crate::pg::registry::Registry;
use crate::pg::session::Session;
use crate::pg::snapshot::repeatable_read;
use crate::pg::statement::CopyStatement;
use crate::pg::unit::Unit;
use crate::report::SwitchEvidence;
use crate::stage::Stage;

/// Sessions that hold a lock on a shared table and sit idle: waiting behind them is in vain.
const IDLE_HOLDERS: &str = include_str!("../pg/sql/idle_holders.sql");

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
        let url = receipt.the_move().url.clone().unwrap_or_else(|| format!("schema {}", store.schema.raw()));
        bail!(
            Refusal::new("no registry column receives the store schema, so there is nothing to switch")
                .because(format!("the application must be given {url} by hand"))
                .hint(format!("give it, then record it: `tenantctl switch --store {} --by-hand`", store.key))
        );
    }
    means.observer.notice(&Event::StepStarted { store: &store, step: Step::Switch });
    let mut evidence = SwitchEvidence { by_hand, ..SwitchEvidence::default() };
    let mut receipt = receipt.clone();
    for round in 0..=means.switch.rounds.get() {
        means.sessions.check()?;
        let (changed, seen) = what_changed(means, receipt.the_move()).await?;
        if !changed.is_empty() {
            if round == means.switch.rounds.get() {
                bail!(written_to(receipt.the_move(), &changed, round));
            }
            receipt = copy_again(means, &receipt, &changed, &mut evidence).await?;
            continue;
        }
        raise_sequences(means, receipt.the_move()).await?;
        match hold_and_commit(means, registry, receipt.the_move(), &seen, &mut evidence).await? {
            Held::Switched(switched) => {
                means.observer.notice(&Event::Reached { moment: Moment::AfterSwitchCommit, table: None });
                means.observer.notice(&Event::StepDone { store: &store, step: Step::Switch, elapsed: begun.elapsed() });
                return Ok(*switched);
            }
            Held::Changed(changed) if round == means.switch.rounds.get() => {
                bail!(written_to(receipt.the_move(), &changed, round));
            }
            Held::Changed(changed) => receipt = copy_again(means, &receipt, &changed, &mut evidence).await?,
        }
    }
    bail!("the switch ran out of rounds")
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

/// Without any lock: which tables changed since they were loaded; and if none did, what was seen of them.
async fn what_changed(means: &Means<'_>, the_move: &Move) -> Result<(Vec<Ident>, Vec<Seen>)> {
    if the_move.kind == MoveKind::New {
        return Ok((Vec::new(), Vec::new()));
    }
    let mut session = means.sessions.reader().await?;
    let ground = Ground::of_move(&session, the_move).await?;
    let transaction = repeatable_read(&mut session).await?;
    let statements = statements_of(&transaction, &ground, the_move).await?;
    let loaded = journal::table_runs_of(&transaction, the_move.id).await?;
    let changed = changed_tables(&transaction, &ground, &statements, &loaded, Changes::ByDigest).await?;
    let seen = match changed.is_empty() {
        true => seen(&transaction, &statements, &loaded).await?,
        false => Vec::new(),
    };
    Ok((changed, seen))
}

async fn statements_of(
    transaction: &tokio_postgres::Transaction<'_>,
    ground: &Ground,
    the_move: &Move,
) -> Result<Vec<CopyStatement>> {
    let store_tables = catalog::tables_of(transaction.client(), &the_move.store.schema).await?;
    ground.statements(&the_move.store, &store_tables)
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
    let copied = copy(means, &[created]).await.pop().context("no store was copied")??;
    let proof = verify(means, &[copied]).await.pop().context("no store was verified")??;
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
    seen: &[Seen],
    evidence: &mut SwitchEvidence,
) -> Result<Held> {
    let mut last = String::from("the shared tables stay busy");
    for _ in 0..means.switch.tries.get() {
        means.sessions.check()?;
        evidence.try_count += 1;
        if let Some(holder) = idle_holder(means, the_move).await? {
            means.observer.notice(&Event::Waiting { store: &the_move.store, reason: &holder });
            last = holder;
            tokio::time::sleep(Duration::from_millis(rand::random_range(100..300))).await;
            continue;
        }
        let mut session = means.sessions.writer().await?;
        let token = session.cancel_token();
        let (ground, statements) = shared_side(means, the_move).await?;
        let target = Target { ground: &ground, statements: &statements, seen };
        let began = Instant::now();
        let one_try = one_try(means, registry, the_move, target, evidence, &mut session);
        let tried = tokio::time::timeout(means.switch.deadline, one_try).await;
        match tried {
            Ok(Ok(held)) => return settle(means, the_move, held).await,
            Ok(Err(error)) if is_busy(&error) => last = "a writer holds a shared table".into(),
            Ok(Err(error)) => {
                drop(session);
                return decide_by_journal(means, the_move, error).await;
            }
            Err(_elapsed) => {
                // The hard stop: whatever the server is doing for us, it ends now, and the locks are gone with it.
                let _gone = token.cancel_query(NoTls).await;
                session.discard();
                note_hold(evidence, began);
                if let Some(switched) = switched_after_all(means, the_move).await? {
                    return Ok(Held::Switched(Box::new(switched)));
                }
                last = format!(
                    "the deadline of {} ms passed; tables without an index on the owner path take longer",
                    means.switch.deadline.as_millis()
                );
            }
        }
        tokio::time::sleep(Duration::from_millis(rand::random_range(50..200))).await;
    }
    bail!(
        Refusal::new(format!("the switch did not come about in {} tries", means.switch.tries))
            .because(last)
            .hint(format!("try again when it is quieter: `tenantctl switch --store {}`", the_move.store.key))
            .exit(Exit::Failed)
    )
}

/// A lost answer to COMMIT: the journal's row decides.
async fn decide_by_journal(means: &Means<'_>, the_move: &Move, error: anyhow::Error) -> Result<Held> {
    match switched_after_all(means, the_move).await {
        Ok(Some(switched)) => Ok(Held::Switched(Box::new(switched))),
        _ => Err(error),
    }
}

async fn switched_after_all(means: &Means<'_>, the_move: &Move) -> Result<Option<Receipt<Switched>>> {
    // The old backend may still be at its COMMIT; the row lock makes this wait for its end.
    let mut session = means.sessions.writer().await?;
    let unit = Unit::begin_transition(&mut session, the_move.id, the_move.epoch).await?;
    let now = journal::reread(unit.client(), the_move.id).await?;
    Ok(Receipt::read(&now))
}

async fn settle(means: &Means<'_>, the_move: &Move, held: Result<(), Vec<Ident>>) -> Result<Held> {
    match held {
        Ok(()) => {
            let session = means.sessions.reader().await?;
            Ok(Held::Switched(Box::new(Receipt::reread(&session, the_move.id).await?)))
        }
        Err(changed) => Ok(Held::Changed(changed)),
    }
}

fn is_busy(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.downcast_ref::<ServerError>().is_some_and(|error| error.is(&["55P03"])))
}

/// What a try locks and looks at: read before the deadline begins to run.
#[derive(Clone, Copy)]
struct Target<'a> {
    ground: &'a Ground,
    statements: &'a [CopyStatement],
    seen: &'a [Seen],
}

async fn shared_side(means: &Means<'_>, the_move: &Move) -> Result<(Ground, Vec<CopyStatement>)> {
    let reader = means.sessions.reader().await?;
    let ground = Ground::of_move(&reader, the_move).await?;
    let store_tables = catalog::tables_of(&reader, &the_move.store.schema).await?;
    let statements = ground.statements(&the_move.store, &store_tables)?;
    Ok((ground, statements))
}

async fn one_try(
    means: &Means<'_>,
    registry: &Registry<'_>,
    the_move: &Move,
    target: Target<'_>,
    evidence: &mut SwitchEvidence,
    session: &mut Session,
) -> Result<Result<(), Vec<Ident>>> {
    let Target { ground, statements, seen } = target;
    let unit = Unit::begin_transition(session, the_move.id, the_move.epoch).await?;
    let began = Instant::now();
    let locked = lock_shared_tables(means, &unit, ground).await;
    note_hold(evidence, began);
    locked?;
    means.observer.notice(&Event::Reached { moment: Moment::LockTaken, table: None });
    if the_move.kind == MoveKind::Move {
        let loaded = journal::table_runs_of(unit.transaction(), the_move.id).await?;
        let changed = changed_tables(unit.transaction(), ground, statements, &loaded, Changes::Since(seen)).await?;
        note_hold(evidence, began);
        if !changed.is_empty() {
            return Ok(Err(changed));
        }
    }
    let before = registry.lock_row(unit.transaction(), &the_move.store.key).await?;
    let values = registry.values_for(&the_move.store.schema, the_move.url.as_deref());
    if !evidence.by_hand {
        registry.write(unit.transaction(), &the_move.store.key, &values).await?;
    }
    note_hold(evidence, began); // the journal's row is written before the hold ends: its last milliseconds are COMMIT
    unit.execute(
        "update tenantctl.move set registry_before = $2, switch = $3 where id = $1",
        &[&the_move.id, &Json(&before), &Json(&*evidence)],
    )
    .await
    .server()?;
    the_move.advance(unit.transaction(), means.run, Stage::Switched, &[]).await?;
    means.observer.notice(&Event::Reached { moment: Moment::BeforeSwitchCommit, table: None });
    unit.commit(means.observer, None).await?;
    Ok(Ok(()))
}

/// How long others may have waited for us: for the locks that we asked for, and while we had them.
fn note_hold(evidence: &mut SwitchEvidence, began: Instant) {
    let held = began.elapsed().as_secs_f64() * 1000.0;
    evidence.longest_hold_ms = evidence.longest_hold_ms.max((held * 10.0).round() / 10.0);
}

/// SHARE locks in a fixed order; each waits for what is left of the time for all.
async fn lock_shared_tables(means: &Means<'_>, unit: &Unit<'_>, ground: &Ground) -> Result<()> {
    let began = Instant::now();
    let mut tables: Vec<_> = ground.owners.iter().map(|owner| &owner.table).collect();
    tables.sort();
    for table in tables {
        let left = means.switch.lock_wait.saturating_sub(began.elapsed()).as_millis().max(1);
        unit.batch_execute(&format!("set local lock_timeout = '{left}ms'; lock table {table} in share mode"))
            .await
            .server()?;
    }
    unit.batch_execute(&format!("set local lock_timeout = '{}ms'", means.switch.lock_wait.as_millis()))
        .await
        .server()?;
    Ok(())
}

/// Who sits idle in a transaction that holds a lock we would wait for.
async fn idle_holder(means: &Means<'_>, the_move: &Move) -> Result<Option<String>> {
    let session = means.sessions.reader().await?;
    let tables: Vec<String> =
        the_move.manifest.tables.iter().map(|entry| format!("{}.{}", the_move.shared_schema, entry.name)).collect();
    let row = session.query_opt(IDLE_HOLDERS, &[&tables]).await.server()?;
    Ok(row.map(|row| {
        let (pid, application, since, table): (i32, String, String, String) =
            (row.get(0), row.get(1), row.get(2), row.get(3));
        format!("pid {pid} ({application}) sits idle in a transaction that holds {table}, since {since}")
    }))
}

/// The SQL of the lock, for `plan --sql`.
#[must_use]
pub fn lock_statement(ground: &Ground) -> String {
    format!("lock table {} in share mode", list(ground.owners.iter().map(|owner| &owner.table)))
}
