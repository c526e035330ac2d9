//! `validate`: the probes of the configuration, asked of switched stores.

use std::num::NonZeroUsize;

use anyhow::{Result, bail};
use futures_util::{StreamExt, stream};

use super::open::{self, Opened};
use super::output::{Page, now};
use super::{Globals, StoreArgs, road};
use crate::config::PlannedStep;
use crate::conninfo::Environment;
use crate::error::{Exit, Refusal};
use crate::event::Event;
use crate::fleet::exit::{StoreExit, exit_of};
use crate::ident::Ident;
use crate::pg::journal::{self, MoveLine};
use crate::pg::lease::Lease;
use crate::pg::registry::RegistryRow;
use crate::plan::Finding;
use crate::report::{NextStep, Outcome, Report, StoreReport};
use crate::stage::Stage;
use crate::step::Means;
use crate::step::report::validation_report;
use crate::step::validate::{due, validate};
use crate::store::Store;
use crate::view::explain;

/// Stores that are asked at once, where nothing else is said.
const JOBS: NonZeroUsize = NonZeroUsize::new(4).unwrap();

/// Ask the application of switched stores whether it works; exit code 3 where a probe fails
///
/// Runs the [[probes]] of the configuration: HTTP requests, SQL that is rolled back, programs. What they saw stands in
/// the journal, ticks the boxes of the report, and only by it a store is `validated`. The last validation counts.
#[derive(clap::Args, Debug)]
pub(crate) struct ValidateArgs {
    #[command(flatten)]
    stores: StoreArgs,
    /// Stores that are asked at once [default: 4]
    #[arg(short, long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
}

pub(super) async fn run(globals: &Globals, env: &Environment, line: &str, args: &ValidateArgs) -> Result<Page> {
    let started = now();
    let mut opened = Opened::open(globals, env, args.stores.guess()).await?;
    opened.probes = opened.config.probes()?;
    if opened.probes.is_empty() {
        bail!(
            Refusal::new("the configuration has no probes, so there is nothing to ask the application")
                .hint("write [[probes]]; config.example.toml shows one of each kind")
        );
    }
    let steps = opened.config.report()?.next_steps;
    let reader = opened.sessions.reader().await?;
    let ground = opened.ground(&reader).await?;
    let registry = opened.registry(&ground);
    let chosen = open::choose(&reader, &registry, &ground.key_type, &args.stores).await?;
    let moves = open::moves(&reader, &ground).await?;
    drop(reader);
    let mut report = Report::new("validate", Some(opened.run.clone()), started);
    report.database = Some(opened.database());
    report.findings = chosen.left_out;
    let mut wanted: Vec<(&RegistryRow, &MoveLine)> = Vec::new();
    for row in &chosen.rows {
        let the_move = moves.iter().find(|of| of.store.key == row.key);
        let is_due = the_move.filter(|of| due(&opened.probes, of.stage).next().is_some());
        match (is_due, the_move) {
            (Some(the_move), _) => wanted.push((row, the_move)),
            (None, of) if args.stores.all => {
                let why = of.map_or("it has no move in the journal".to_owned(), |of| format!("it is {}", of.stage));
                report.findings.push(Finding::note("left_out", format!("left out: {why}")).store(&row.key));
            }
            (None, of) => bail!(not_switched(row, of)),
        }
    }
    if wanted.is_empty() {
        bail!(Refusal::new("none of these stores is switched").hint("`tenantctl stores` shows the stage of each"));
    }
    let lease = Lease::open(&opened.sessions, &opened.run).await?;
    road::begin_run(&lease, &opened, "validate", line, None).await?;
    let store_count = wanted.len();
    if store_count > 1 {
        opened.observer.notice(&Event::RunStarted { run: &opened.run, command: "validate", store_count });
    }
    let means = opened.means()?;
    let jobs = args.jobs.unwrap_or(JOBS).get();
    let (means_of_all, lease_of_all, steps_of_all, opened_of_all) = (&means, &lease, &steps, &opened);
    let asked = stream::iter(wanted)
        .map(|(_, the_move)| one_store(means_of_all, lease_of_all, opened_of_all, the_move, steps_of_all));
    let ended: Vec<(StoreReport, StoreExit)> = asked.buffered(jobs).collect().await;
    let mut exits = Vec::new();
    for (store, exit) in ended {
        report.stores.push(store);
        exits.push(exit);
    }
    report.next_steps = next_steps(&report);
    drop(means);
    drop(registry);
    road::close(opened, &lease, report, Ok(exit_of(&exits))).await
}

fn not_switched(row: &RegistryRow, of: Option<&MoveLine>) -> Refusal {
    let key = &row.key;
    match of.map(|of| of.stage) {
        None => Refusal::new(format!("store {key} has no move in the journal, so no store schema to ask"))
            .hint(format!("run `tenantctl migrate --store {key}` first")),
        Some(stage @ Stage::Reversed) => Refusal::new(format!("store {key} is {stage}, not switched"))
            .hint(format!("`tenantctl abandon --store {key}` clears the way for a new move")),
        Some(stage) => Refusal::new(format!("store {key} is {stage}, not switched"))
            .because("probes ask an application that is routed to the store schema")
            .hint(format!(
                "run `tenantctl switch --store {key}` first; a probe with stage = \"verified\" may be asked before"
            )),
    }
}

async fn one_store(
    means: &Means<'_>,
    lease: &Lease,
    opened: &Opened,
    line: &MoveLine,
    steps: &[PlannedStep],
) -> (StoreReport, StoreExit) {
    let begun = std::time::Instant::now();
    let key = &line.store.key;
    let (mut has_begun, mut outcome) = (false, Exit::Done);
    let asked = async {
        lease.take(&line.shared_schema, key).await?;
        has_begun = true;
        journal::check_home(lease.client(), line.id, means.sessions.facts()).await?;
        let taken = journal::take_over(lease, line.id).await?;
        validate(means, &taken).await?;
        let now = journal::read_move(lease.client(), line.id).await?;
        validation_report(lease.client(), &now, steps).await
    }
    .await;
    if has_begun {
        // However it ended; what cannot be given back goes with the session.
        let _given = lease.give_back(&line.shared_schema, key).await;
    }
    let mut store = match asked {
        Ok(store) => {
            if store.has_failed_probe() {
                outcome = Exit::Differs;
            }
            store
        }
        Err(error) => {
            outcome = match opened.sessions.is_interrupted() {
                true => Exit::Interrupted,
                false => explain::exit_of(&error),
            };
            let mut failed = StoreReport::of(&line.store);
            failed.stage = Some(line.stage);
            failed.error = Some(explain::error_report(&error));
            failed
        }
    };
    store.outcome = Outcome::of(outcome);
    store.seconds = begun.elapsed().as_secs_f64();
    let named = Store { key: key.clone(), name: line.store.name.clone(), schema: Ident::new(&store.schema) };
    opened.observer.notice(&Event::StoreDone {
        store: &named,
        outcome: store.outcome,
        row_count: store.row_count,
        elapsed: begun.elapsed(),
    });
    let begun = !matches!(outcome, Exit::Refused | Exit::Held | Exit::Unreachable);
    (store, StoreExit { exit: outcome, begun })
}

fn next_steps(report: &Report) -> Vec<NextStep> {
    let failed: Vec<&StoreReport> = report.stores.iter().filter(|store| store.has_failed_probe()).collect();
    match (failed.as_slice(), report.stores.as_slice()) {
        ([store], _) => after_failure(store),
        ([_, _, ..], _) => vec![NextStep {
            why: format!("{} stores failed a probe; ask all again", failed.len()),
            command: "tenantctl validate --all".into(),
        }],
        ([], [store]) if (store.outcome, store.stage) == (Outcome::Done, Some(Stage::Validated)) => vec![NextStep {
            why: "the whole report, with the boxes that this ticks".into(),
            command: format!("tenantctl report --store {}", store.store),
        }],
        _ => Vec::new(),
    }
}

/// What leads on where a probe failed.
pub(super) fn after_failure(store: &StoreReport) -> Vec<NextStep> {
    let step = |why: &str, command| NextStep {
        why: why.to_owned(),
        command: format!("tenantctl {command} --store {}", store.store),
    };
    let mut steps = vec![step("ask again, when what failed is mended", "validate")];
    if store.stage == Some(Stage::Switched) {
        steps.push(step("or route the application back", "reverse"));
    }
    steps
}
