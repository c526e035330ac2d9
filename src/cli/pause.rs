//! `pause`: a run at work begins nothing new until it is told to go on.
//!
//! Only the journal is written to; the run looks there once a second, at the gate of `step/gate`.

use anyhow::{Result, bail};

use super::Globals;
use super::ledger::Ledger;
use super::open::Opened;
use super::output::{Page, now};
use super::road::who;
use super::status::run_line;
use crate::conninfo::Environment;
use crate::error::{Exit, Refusal};
use crate::pg::journal::{self, RunRow};
use crate::pg::session::Session;
use crate::report::{NextStep, Report};

/// Let a run at work begin nothing new, or go on
///
/// What is inside a transaction goes on to its end, and the run keeps its stores. Without an id: the one run at work.
/// Interrupted while it is paused, it can be resumed like any other, and is then no longer paused.
#[derive(clap::Args, Debug)]
pub(crate) struct PauseArgs {
    /// The run's id, or its first digits
    #[arg(value_name = "RUN")]
    run: Option<String>,
    /// Let it go on
    #[arg(long)]
    off: bool,
}

pub(super) async fn run(globals: &Globals, env: &Environment, args: &PauseArgs) -> Result<Page> {
    let started = now();
    let opened = Opened::open(globals, env, 1).await?;
    let writer = opened.sessions.writer().await?;
    if !journal::exists(&writer).await? {
        bail!(Refusal::new("there is no journal, so no run to pause").hint("`tenantctl migrate` begins one"));
    }
    let ledger = Ledger::read(&writer, None).await?;
    let run = match &args.run {
        Some(prefix) => named(&writer, &ledger, prefix).await?,
        None => the_one_at_work(&writer, &ledger).await?,
    };
    let (os_user, host) = who();
    let by = format!("{os_user}@{host}");
    match (args.off, journal::paused_of(&writer, &run.id).await?.is_some()) {
        (false, false) => journal::pause_run(&writer, &run.id, &by).await?,
        (true, true) => journal::unpause_run(&writer, &run.id, &by).await?,
        _ => {} // it is so already, and since when is told
    }
    let mut report = Report::new("pause", Some(run.id.clone()), started);
    report.database = Some(opened.database());
    report.runs = vec![run_line(&writer, &run, &ledger, &journal::rows_loaded(&writer).await?).await?];
    if !args.off {
        report
            .next_steps
            .push(NextStep { why: "let it go on".into(), command: format!("tenantctl pause {} --off", run.id) });
    }
    let options = opened.page_options();
    drop(writer);
    drop(opened);
    Ok(Page { report: report.end(Exit::Done, now()), options })
}

/// The run that was named, where it is at work and has something to hold.
async fn named(session: &Session, ledger: &Ledger, prefix: &str) -> Result<RunRow> {
    let run = journal::run_of(session, prefix).await?;
    if run.ended.is_some() || !journal::is_at_work(session, &run.id).await? {
        let hint = match ledger.is_unfinished(&run) {
            true => format!("`tenantctl resume {}` goes on with it", run.id),
            false => "`tenantctl status` lists the runs".to_owned(),
        };
        bail!(Refusal::new(format!("run {} is not at work", run.id)).hint(hint));
    }
    if run.errand.is_none() {
        bail!(
            Refusal::new(format!("run {} ({}) moves no stores, so a pause would hold nothing", run.id, run.command))
                .hint("interrupt it where it runs; it changes nothing by halves")
        );
    }
    Ok(run)
}

async fn the_one_at_work(session: &Session, ledger: &Ledger) -> Result<RunRow> {
    let mut at_work = Vec::new();
    for run in ledger.runs.iter().filter(|run| run.ended.is_none() && run.errand.is_some()) {
        if journal::is_at_work(session, &run.id).await? {
            at_work.push(run);
        }
    }
    match at_work.as_slice() {
        [] => bail!(Refusal::new("no run is at work").hint("`tenantctl status` lists the runs")),
        [only] => Ok((*only).clone()),
        [newest, ..] => {
            let list: Vec<String> =
                at_work.iter().map(|run| format!("{} ({}, {})", run.id, run.started, run.command_line)).collect();
            bail!(
                Refusal::new("several runs are at work")
                    .because(list.join("; "))
                    .hint(format!("name one: `tenantctl pause {}`", newest.id))
            )
        }
    }
}
