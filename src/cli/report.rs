//! `report`: what was done, again, from the journal.

use anyhow::{Result, bail};

use super::Globals;
use super::open::Opened;
use super::output::{Page, now};
use crate::conninfo::Environment;
use crate::error::Exit;
use crate::error::Refusal;
use crate::pg::journal::{self, MoveKind, MoveLine};
use crate::report::{Outcome, Report};
use crate::stage::Stage;
use crate::step::report::store_report;

/// Print the report of a run or a store again
///
/// Put together from the journal, so it says the same next day and on another machine.
#[derive(clap::Args, Debug)]
pub(crate) struct ReportArgs {
    /// The run's id, or its first digits [default: the newest run]
    #[arg(value_name = "RUN", conflicts_with = "store")]
    run: Option<String>,
    /// Store key
    #[arg(short, long, value_name = "KEY")]
    store: Option<String>,
}

pub(super) async fn run(globals: &Globals, env: &Environment, args: &ReportArgs) -> Result<Page> {
    let started = now();
    let opened = Opened::open(globals, env, 1).await?;
    let reader = opened.sessions.reader().await?;
    if !journal::exists(&reader).await? {
        bail!(Refusal::new("there is no journal, so nothing to report").hint("`tenantctl migrate` begins one"));
    }
    let mut report = Report::new("report", None, started);
    report.database = Some(opened.database());
    let moves: Vec<MoveLine> = match &args.store {
        Some(key) => {
            let all = journal::all_moves(&reader).await?;
            let is_its = |of: &MoveLine| of.store.key.text() == key && of.kind != MoveKind::Rehearsal;
            all.into_iter().filter(|of| of.stage != Stage::Abandoned && is_its(of)).collect()
        }
        None => {
            let run = match &args.run {
                Some(prefix) => journal::run_of(&reader, prefix).await?,
                None => {
                    let newest = journal::runs(&reader, 1).await?.into_iter().next();
                    newest.ok_or_else(|| Refusal::new("the journal has no run yet"))?
                }
            };
            report.run = Some(run.id.clone());
            report.forecast = journal::forecast_of(&reader, &run.id).await?;
            let worked_on = journal::moves_by_run(&reader).await?.remove(&run.id).unwrap_or_default();
            let mut all = journal::all_moves(&reader).await?;
            all.retain(|of| worked_on.contains(&of.id));
            all
        }
    };
    if moves.is_empty() {
        bail!(Refusal::new("the journal has no move of that store or run").hint("`tenantctl status` lists the runs"));
    }
    let (steps, headroom) = match opened.config.report() {
        Ok(settings) => (settings.next_steps, opened.store_schema.id_headroom),
        Err(_) => (Vec::new(), opened.store_schema.id_headroom),
    };
    for line in &moves {
        let the_move = journal::read_move(&reader, line.id).await?;
        let mut store = store_report(&reader, &the_move, &steps, headroom).await?;
        if store.differs() || store.has_failed_probe() {
            store.outcome = Outcome::Differs;
        } else if store.error.is_some() && !the_move.stage.is_switched() {
            store.outcome = Outcome::Failed; // its last run's; one that goes on clears it
        }
        report.stores.push(store);
    }
    let options = opened.page_options();
    drop(reader);
    drop(opened);
    Ok(Page { report: report.end(Exit::Done, now()), options })
}
