//! `resume`: goes on with a run that did not come to its end.

use anyhow::{Result, bail};

use super::ledger::Ledger;
use super::open::Opened;
use super::output::Page;
use super::pace::Pace;
use super::road::{self, Errand, How};
use super::{Globals, StoreArgs};
use crate::conninfo::Environment;
use crate::error::{Exit, Refusal};
use crate::fleet::road::Until;
use crate::pg::journal::{self, RecordedErrand, RunRow};
use crate::pg::session::Session;
use crate::stage::Stage;

/// Go on with an unfinished or partly failed run
///
/// Does only what is not done yet. Without an id: the unfinished run; where there are several, they are listed.
#[derive(clap::Args, Debug)]
pub(crate) struct ResumeArgs {
    /// The run's id, or its first digits
    #[arg(value_name = "RUN")]
    run: Option<String>,
    /// Go on with the recorded manifest and template where today's files differ
    #[arg(long)]
    use_recorded: bool,
    /// Leave the application unasked: no probe after the switch
    #[arg(long)]
    no_validate: bool,
    #[command(flatten)]
    pace: Pace,
}

pub(super) async fn run(globals: &Globals, env: &Environment, line: &str, args: &ResumeArgs) -> Result<Page> {
    let errand = {
        let opened = Opened::open(&Globals { quiet: 2, ..globals.clone() }, env, 1).await?;
        let reader = opened.sessions.reader().await?;
        if !journal::exists(&reader).await? {
            bail!(Refusal::new("there is no journal, so no run to go on with").hint("`tenantctl migrate` begins one"));
        }
        let ground = opened.ground(&reader).await?;
        let ledger = Ledger::read(&reader, Some(ground.shared())).await?;
        wanted(&reader, &ledger, args.run.as_deref()).await?
    };
    let stage = match errand.until {
        Stage::Validated if args.no_validate => Stage::Switched,
        stage => stage,
    };
    let (register, clone_of) = (errand.register, errand.clone_of);
    let stores = StoreArgs { store: errand.stores, ..StoreArgs::default() };
    let errand = Errand {
        command: "resume",
        until: Until { stage, by_hand: errand.by_hand, insists: false },
        kind: errand.kind,
        from: None,
        how: How { use_recorded: args.use_recorded, ..How::default() },
        pace: args.pace,
        ask: stage >= Stage::Switched,
        median: None,
        register: register.as_deref(),
        clone_of: clone_of.as_deref(),
    };
    road::work(globals, env, line, &stores, errand).await
}

/// The run to go on with, and of it only the stores that are not there yet.
async fn wanted(reader: &Session, ledger: &Ledger, run: Option<&str>) -> Result<RecordedErrand> {
    let run = match run {
        Some(prefix) => journal::run_of(reader, prefix).await?,
        None => newest_unfinished(ledger)?,
    };
    if journal::is_at_work(reader, &run.id).await? && run.ended.is_none() {
        bail!(
            Refusal::new(format!("run {} of {} is still at work", run.id, run.who))
                .hint("`tenantctl status` shows how far it is")
                .exit(Exit::Held)
        );
    }
    let Some(errand) = &run.errand else {
        bail!(
            Refusal::new(format!("run {} ({}) is not one to go on with", run.id, run.command))
                .hint("give the command again; what is done is kept")
        );
    };
    let open = ledger.open_stores(&run);
    match open.is_empty() {
        true => Ok(errand.clone()), // all done: the road says so
        false => Ok(RecordedErrand { stores: open, ..errand.clone() }),
    }
}

fn newest_unfinished(ledger: &Ledger) -> Result<RunRow> {
    let unfinished: Vec<&RunRow> = ledger.runs.iter().filter(|run| ledger.is_unfinished(run)).collect();
    match unfinished.as_slice() {
        [] => bail!(Refusal::new("no run is unfinished").hint("`tenantctl status` lists the runs")),
        [only] => Ok((*only).clone()),
        [newest, ..] => {
            let list: Vec<String> =
                unfinished.iter().map(|run| format!("{} ({}, {})", run.id, run.started, run.command_line)).collect();
            bail!(
                Refusal::new("several runs are unfinished")
                    .because(list.join("; "))
                    .hint(format!("name one: `tenantctl resume {}`", newest.id))
            )
        }
    }
}
