//! `verify`: both sides compared row by row, or a switched store looked at as a nightly job does.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use super::open::{self, MAX_DIFFS, Opened};
use super::output::{Page, now};
use super::{Globals, StoreArgs, road};
use crate::conninfo::Environment;
use crate::error::{Exit, Refusal};
use crate::event::Event;
use crate::fleet::exit::{StoreExit, exit_of};
use crate::pg::failure::ServerResult;
use crate::pg::journal::{self, MoveLine};
use crate::pg::lease::Lease;
use crate::pg::registry::Registry;
use crate::pg::session::Session;
use crate::plan::Finding;
use crate::report::{NextStep, Outcome, Report, StoreReport};
use crate::stage::Stage;
use crate::step::balance::balance;
use crate::step::live::verify_live;
use crate::step::report::proof_report;
use crate::step::ticks::Ticks;
use crate::step::verify::verify_now;
use crate::step::{Means, plan::store_of};
use crate::view::explain;

/// Prove that a store schema holds exactly the shared rows; exit code 3 where it does not
///
/// Reads both sides at one snapshot. After the switch the application writes to the store schema, so use --live: it
/// asks whether anybody still wrote to the shared rows, and whether the schema is sound. With --all each switched
/// store is looked at with --live, and at the end every row of the shared tables is accounted for.
#[derive(clap::Args, Debug)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(super) stores: StoreArgs,
    /// What to hold the store schema against
    #[arg(long, value_enum, value_name = "SIDE", conflicts_with = "live")]
    against: Option<Against>,
    /// Look at switched stores: stray writes to the shared rows, structure, keys, sequences
    #[arg(long)]
    live: bool,
    /// Try to get out of each store schema as the store's role: all must be refused, and nothing may leak
    #[arg(long, conflicts_with_all = ["against", "live"])]
    isolation: bool,
    /// Password file of libpq with the passwords of the stores' roles, to log in as them
    #[arg(long, value_name = "FILE", requires = "isolation")]
    pub(super) password_file: Option<std::path::PathBuf>,
    /// Rows listed per table
    #[arg(long, value_name = "N", default_value_t = MAX_DIFFS)]
    max_diffs: usize,
}

/// The other side.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
enum Against {
    /// The store's rows in the shared schema, as they are now
    Shared,
}

pub(super) async fn run(globals: &Globals, env: &Environment, line: &str, args: &VerifyArgs) -> Result<Page> {
    if args.isolation {
        return super::isolation::run(globals, env, line, args).await;
    }
    let started = now();
    let mut opened = Opened::open(globals, env, args.stores.guess()).await?;
    opened.max_diffs = args.max_diffs;
    let reader = opened.sessions.reader().await?;
    let ground = opened.ground(&reader).await?;
    let registry = opened.registry(&ground);
    let chosen = open::choose(&reader, &registry, &ground.key_type, &args.stores).await?;
    let moves = open::moves(&reader, &ground).await?;
    let may_record = may_record(&reader).await?;
    drop(reader);
    let mut report = Report::new("verify", None, started);
    report.database = Some(opened.database());
    report.findings = chosen.left_out;
    let wants_a_run = may_record
        && chosen.rows.iter().any(|row| moves.iter().any(|of| of.store.key == row.key && is_before_switch(of)));
    let mut lease = None;
    if wants_a_run {
        let held = Lease::open(&opened.sessions, &opened.run).await?;
        road::begin_run(&held, &opened, "verify", line, None).await?;
        report.run = Some(opened.run.clone());
        lease = Some(held);
    }
    if chosen.rows.len() > 1 {
        let store_count = chosen.rows.len();
        opened.observer.notice(&Event::RunStarted { run: &opened.run, command: "verify", store_count });
    }
    let means = opened.means()?;
    let mut exits = Vec::new();
    for row in &chosen.rows {
        let the_move = moves.iter().find(|of| of.store.key == row.key);
        if args.stores.all
            && let Some(why) = nothing_to_compare(the_move)
        {
            report.findings.push(Finding::note("left_out", format!("left out: {why}")).store(&row.key));
            continue;
        }
        let begun = std::time::Instant::now();
        let looked = one_store(&means, &opened, lease.as_mut(), the_move, row.key.text(), args).await;
        let (mut store, exit) = match looked {
            Ok(store) => {
                let exit = if store.differs() { Exit::Differs } else { Exit::Done };
                (store, exit)
            }
            Err(error) => {
                let exit = match opened.sessions.is_interrupted() {
                    true => Exit::Interrupted,
                    false => explain::exit_of(&error),
                };
                let store = the_move.map(|of| of.store.clone());
                let store = store.or_else(|| store_of(&opened.store_schema, row).ok());
                let Some(store) = store else { return Err(error) };
                let mut failed = StoreReport::of(&store);
                failed.stage = the_move.map(|of| of.stage);
                failed.outcome = Outcome::of(exit);
                failed.error = Some(explain::error_report(&error));
                (failed, exit)
            }
        };
        store.seconds = begun.elapsed().as_secs_f64();
        opened.observer.notice(&Event::StoreDone {
            store: &crate::store::Store {
                key: row.key.clone(),
                name: row.name.clone(),
                schema: crate::ident::Ident::new(&store.schema),
            },
            outcome: store.outcome,
            row_count: store.row_count,
            elapsed: begun.elapsed(),
        });
        exits.push(StoreExit { exit, begun: !matches!(exit, Exit::Refused | Exit::Held | Exit::Unreachable) });
        if let Some(step) = next_step(&store, args) {
            report.next_steps.push(step);
        }
        report.stores.push(store);
    }
    let is_switched = moves.iter().any(|of| of.stage.is_switched());
    if args.stores.all && is_switched && !opened.sessions.is_interrupted() {
        let known = known_stores(&opened, &registry).await?;
        match balance(&means, &ground, opened.registry_config.as_ref(), &known, &moves).await {
            Ok(tables) => report.balance = tables,
            Err(error) => match error.downcast::<Refusal>() {
                Ok(refusal) => report.findings.push(Finding::note("not_counted", refusal.message)),
                Err(error) => return Err(error),
            },
        }
        if report.balance.iter().any(|table| !table.is_whole()) {
            exits.push(StoreExit { exit: Exit::Differs, begun: true });
        }
    }
    drop(means);
    let exit = match exits.is_empty() {
        true => {
            let refusal = Refusal::new("none of these stores has a copy to look at").hint(
                "`tenantctl stores` shows the stage of each; `tenantctl migrate --store KEY --to verified` copies one",
            );
            report.error = Some(explain::error_report(&refusal.into()));
            Exit::Refused
        }
        false => exit_of(&exits),
    };
    match lease {
        Some(lease) => road::close(opened, &lease, report, Ok(exit)).await,
        None => {
            let options = opened.page_options();
            drop(opened);
            Ok(Page { report: report.end(exit, now()), options })
        }
    }
}

/// The keys of all stores of the registry, also of those that `--all` leaves out.
async fn known_stores(opened: &Opened, registry: &Registry<'_>) -> Result<BTreeSet<String>> {
    let reader = opened.sessions.reader().await?;
    let rows = registry.stores(&reader).await?;
    Ok(rows.into_iter().map(|row| row.key.text().to_owned()).collect())
}

/// Why `--all` passes a store by.
fn nothing_to_compare(the_move: Option<&MoveLine>) -> Option<String> {
    match the_move.map(|of| of.stage) {
        None => Some("it has no move in the journal, so no copy".into()),
        Some(stage) if stage < Stage::Copied => Some(format!("it is {stage}: it has no whole copy yet")),
        Some(stage) if stage >= Stage::Purged => Some(format!("it is {stage}: there are no two sides to compare")),
        Some(_) => None,
    }
}

fn is_before_switch(the_move: &MoveLine) -> bool {
    matches!(the_move.stage, Stage::Copied | Stage::Verified)
}

/// Whether this role may write verdicts into the journal.
pub(super) async fn may_record(reader: &Session) -> Result<bool> {
    if !journal::exists(reader).await? {
        return Ok(false);
    }
    let sql =
        "select has_table_privilege('tenantctl.move', 'update') and has_table_privilege('tenantctl.run', 'insert')
                  and has_table_privilege('tenantctl.table_run', 'update')";
    Ok(reader.query_one(sql, &[]).await.server()?.get(0))
}

async fn one_store(
    means: &Means<'_>,
    opened: &Opened,
    lease: Option<&mut Lease>,
    line: Option<&MoveLine>,
    key: &str,
    args: &VerifyArgs,
) -> Result<StoreReport> {
    let steps = opened.config.report()?.next_steps;
    let Some(line) = line else {
        bail!(
            Refusal::new(format!("store {key} has no copy yet: no move is in the journal"))
                .hint(format!("run `tenantctl migrate --store {key} --to verified` first"))
        );
    };
    match line.stage {
        Stage::Planned | Stage::Created => bail!(
            Refusal::new(format!("store {key} is {}: it has no whole copy yet", line.stage))
                .hint(format!("run `tenantctl copy --store {key}` first"))
        ),
        Stage::Abandoned | Stage::Purged => {
            bail!(Refusal::new(format!("store {key} is {}: there are no two sides to compare", line.stage)))
        }
        _ => {}
    }
    let reader = means.sessions.reader().await?;
    let the_move = &journal::read_move(&reader, line.id).await?;
    let ticks = Ticks::read(&reader, the_move, &steps).await?;
    drop(reader);
    let live = args.live || args.stores.all && args.against.is_none() && the_move.stage.is_switched();
    if live {
        if !the_move.stage.is_switched() {
            bail!(
                Refusal::new(format!("store {key} is {}, not switched", the_move.stage))
                    .hint(format!("leave --live out: `tenantctl verify --store {key}`"))
            );
        }
        let proof = verify_live(means, the_move).await?;
        return Ok(proof_report(the_move, proof, "live", &steps, &ticks));
    }
    let lease = lease.filter(|_| is_before_switch(line));
    let Some(lease) = lease else {
        let proof = verify_now(means, the_move, false).await?;
        return Ok(proof_report(the_move, proof, "shared", &steps, &ticks));
    };
    lease.take(&the_move.shared_schema, &the_move.store.key).await?;
    let looked = async {
        let taken = journal::take_over(lease, the_move.id).await?;
        let proof = verify_now(means, &taken, true).await?;
        let now = journal::reread(lease.client(), the_move).await?;
        anyhow::Ok(proof_report(&now, proof, "shared", &steps, &ticks))
    }
    .await;
    // However it ended; what cannot be given back goes with the session.
    let _given = lease.give_back(&the_move.shared_schema, &the_move.store.key).await;
    looked
}

fn next_step(store: &StoreReport, args: &VerifyArgs) -> Option<NextStep> {
    let key = &store.store;
    match (store.outcome, store.stage) {
        (Outcome::Done, Some(Stage::Verified)) => Some(NextStep {
            why: "route the application to it".into(),
            command: format!("tenantctl switch --store {key}"),
        }),
        (Outcome::Differs, Some(Stage::Copied)) => Some(NextStep {
            why: "load the tables that differ again".into(),
            command: format!("tenantctl migrate --store {key} --to verified"),
        }),
        (Outcome::Differs, Some(Stage::Switched)) if !args.live => Some(NextStep {
            why: "the application may have written since the switch; ask instead what a nightly job asks".into(),
            command: format!("tenantctl verify --store {key} --live"),
        }),
        _ => None,
    }
}
