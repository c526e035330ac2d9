//! `rehearse`: the road of `migrate` into a schema beside the store's own, which is dropped again.
//!
//! Here stand its words, which stores it takes, and how what it made goes; the road is that of every move.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use anyhow::{Context, Result, bail};

use super::open::{Chosen, Opened};
use super::output::Page;
use super::pace::Pace;
use super::road::{self, Errand, How};
use super::site::Site;
use super::{Globals, StoreArgs};
use crate::conninfo::Environment;
use crate::error::Refusal;
use crate::event::Step;
use crate::fleet::road::Until;
use crate::ident::Ident;
use crate::pg::catalog;
use crate::pg::census::Census;
use crate::pg::ground::Ground;
use crate::pg::journal::{self, Move, MoveKind, MoveLine};
use crate::pg::lease::Lease;
use crate::pg::registry::{Registry, RegistryRow};
use crate::pg::session::Session;
use crate::pg::weight;
use crate::plan::Finding;
use crate::report::{NextStep, Outcome, Rehearsal, Report, StepTime, StoreReport};
use crate::stage::Stage;
use crate::step::abandon::abandon;
use crate::step::plan::store_of;
use crate::view::watch::Watch;

/// Rehearse a move: plan, create, copy and verify into a schema that is dropped again
///
/// The same road as `migrate`, into <schema>_rehearsal; never the switch. The registry and the shared rows are not
/// written to. Its times and sizes are what `plan` forecasts from. Exit code 3 where a copy differs.
#[derive(clap::Args, Debug)]
pub(crate) struct RehearseArgs {
    #[command(flatten)]
    stores: StoreArgs,
    /// Of the stores chosen, only the N of middle size [default: 1]
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "1")]
    median: Option<NonZeroUsize>,
    #[command(flatten)]
    pace: Pace,
}

pub(super) async fn run(globals: &Globals, env: &Environment, line: &str, args: &RehearseArgs) -> Result<Page> {
    let errand = Errand {
        command: "rehearse",
        until: Until { stage: Stage::Verified, by_hand: false, insists: false },
        kind: MoveKind::Rehearsal,
        from: None,
        how: How::default(),
        pace: args.pace,
        ask: false,
        median: args.median,
        register: None,
        clone_of: None,
    };
    road::work(globals, env, line, &args.stores, errand).await
}

/// Which of the chosen stores are rehearsed. `--all` means those that are still to be moved.
pub(super) fn still_to_move(chosen: &mut Chosen, moves: &[MoveLine]) -> Result<()> {
    let is_switched = |row: &RegistryRow| moves.iter().any(|of| of.store.key == row.key && of.stage.is_switched());
    let (switched, rows): (Vec<_>, Vec<_>) = std::mem::take(&mut chosen.rows).into_iter().partition(is_switched);
    chosen.rows = rows;
    chosen.left_out.extend(switched.iter().map(|row| {
        Finding::note("left_out", "left out: it is switched; `--store` rehearses it all the same").store(&row.key)
    }));
    if chosen.rows.is_empty() {
        bail!(
            Refusal::new("every store is switched: there is no move left to rehearse")
                .hint("`--store KEY` rehearses a switched one all the same")
        );
    }
    Ok(())
}

/// Leaves only so many stores around the one of middle size.
pub(super) fn of_middle_size(rows: &mut Vec<RegistryRow>, count: NonZeroUsize, census: &Census) {
    let mut by_size: Vec<(u64, usize)> =
        rows.iter().enumerate().map(|(at, row)| (census.rows_of(row.key.text()), at)).collect();
    by_size.sort_unstable();
    let count = count.get().min(by_size.len());
    let kept: BTreeSet<usize> = by_size[(by_size.len() - count) / 2..].iter().take(count).map(|(_, at)| *at).collect();
    let mut at = 0..;
    rows.retain(|_| at.next().is_some_and(|at| kept.contains(&at)));
}

/// The store schemas of all stores, made or not: a rehearsal takes none of their names.
pub(super) async fn taken_names(
    reader: &Session,
    opened: &Opened,
    ground: &Ground,
    registry: &Registry<'_>,
) -> Result<BTreeSet<Ident>> {
    let rows = registry.stores(reader).await?;
    let mut taken: BTreeSet<Ident> =
        rows.iter().filter_map(|row| store_of(&opened.store_schema, row).ok()).map(|store| store.schema).collect();
    taken.insert(ground.shared().clone());
    Ok(taken)
}

impl Site<'_> {
    /// Drops what an earlier rehearsal of this store left; the lease holds the store.
    pub(super) async fn clear(&self, lease: &Lease, row: &RegistryRow) -> Result<()> {
        let Some(left) = journal::live_rehearsal(lease.client(), self.ground.shared(), &row.key).await? else {
            return Ok(());
        };
        let taken = journal::take_over(lease, left.id).await?;
        abandon(&self.means, &taken, false).await.context("dropping what an earlier rehearsal left")?;
        Ok(())
    }

    /// Measures what a rehearsal made, and drops it.
    pub(super) async fn drop_rehearsal(&self, lease: &Lease, the_move: &Move) -> (Rehearsal, Result<()>) {
        let mut rehearsal = Rehearsal { dropped: false, disk_bytes: 0, steps: Vec::new() };
        // One after the other: drops lock common tables, and what one writes to the log is told apart from the rest.
        let mut logged = self.logged_by_drops.lock().await;
        let (dropping, before) = (Watch::start(), weight::log_position(lease.client()).await);
        let dropped = async {
            rehearsal.disk_bytes =
                catalog::size_of_schemas(lease.client(), std::slice::from_ref(&the_move.store.schema)).await?;
            abandon(&self.means, &journal::reread(lease.client(), the_move).await?, false).await?;
            anyhow::Ok(())
        }
        .await;
        let after = weight::log_position(lease.client()).await;
        *logged += after.zip(before).map_or(0, |(after, before)| after.saturating_sub(before));
        let (step, seconds) = (Step::Abandon.word().to_owned(), dropping.elapsed().as_secs_f64());
        rehearsal.steps.push(StepTime { step, seconds });
        rehearsal.dropped = dropped.is_ok();
        let dropped = dropped.with_context(|| format!("dropping schema {}", the_move.store.schema.raw()));
        (rehearsal, dropped)
    }
}

/// What clears away a rehearsal that still stands.
pub(super) fn leftover(store: &StoreReport) -> String {
    let StoreReport { schema, store, .. } = store;
    format!(
        "schema {schema} still stands: `tenantctl abandon --rehearsal --store {store}` drops it, and so does rehearsing again"
    )
}

pub(super) fn next_steps(report: &Report, run: &str) -> Vec<NextStep> {
    let stands = |store: &&StoreReport| store.rehearsal.as_ref().is_some_and(|of| !of.dropped);
    let left = report.stores.iter().filter(stands).count();
    let mut steps = Vec::new();
    if left > 0 {
        steps.push(NextStep {
            why: "drops what is left of the rehearsal, and rehearses again".into(),
            command: format!("tenantctl resume {run}"),
        });
    }
    if report.stores.iter().any(|store| store.outcome == Outcome::Done) {
        steps.push(NextStep {
            why: "what all stores would take, by these measures".into(),
            command: "tenantctl plan --all".into(),
        });
    }
    steps
}
