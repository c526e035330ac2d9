//! `status`: runs, and how far their stores are.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Globals;
use super::ledger::Ledger;
use super::open::Opened;
use super::output::{Page, now};
use crate::conninfo::Environment;
use crate::error::Exit;
use crate::pg::journal::{self, MoveLine, RunRow};
use crate::pg::session::Session;
use crate::report::{NextStep, PausedLine, Report, RunLine, StoreLine};

/// Runs that are listed where none is named.
const LISTED: usize = 20;

/// Show runs and the stage of each store
///
/// Without an id: the last runs, with their outcome; one that is `unfinished` can be resumed. With an id: each of its
/// stores too.
#[derive(clap::Args, Debug)]
pub(crate) struct StatusArgs {
    /// The run's id, or its first digits
    #[arg(value_name = "RUN")]
    run: Option<String>,
    /// Only runs that worked on this store
    #[arg(short, long, value_name = "KEY")]
    store: Option<String>,
    /// Exit code 4 when a run is unfinished
    #[arg(long)]
    check: bool,
}

pub(super) async fn run(globals: &Globals, env: &Environment, args: &StatusArgs) -> Result<Page> {
    let started = now();
    let opened = Opened::open(globals, env, 1).await?;
    let reader = opened.sessions.reader().await?;
    let mut report = Report::new("status", None, started);
    report.database = Some(opened.database());
    let mut unfinished = 0;
    if journal::exists(&reader).await? {
        let ledger = Ledger::read(&reader, None).await?;
        let loaded = journal::rows_loaded(&*reader).await?;
        let named = match &args.run {
            Some(prefix) => Some(journal::run_of(&reader, prefix).await?),
            None => None,
        };
        let runs = match &named {
            Some(run) => std::slice::from_ref(run),
            None if args.check => ledger.runs.as_slice(), // an unfinished run is one however many came after it
            None => &ledger.runs[..ledger.runs.len().min(LISTED)],
        };
        for (place, run) in runs.iter().enumerate() {
            let line = run_line(&reader, run, &ledger, &loaded).await?;
            if line.outcome != "unfinished" && place >= LISTED {
                continue;
            }
            if args.store.as_ref().is_some_and(|key| !line.stores.iter().any(|store| store.store == *key)) {
                continue;
            }
            if line.outcome == "unfinished" {
                unfinished += 1;
                report
                    .next_steps
                    .push(NextStep { why: "go on".into(), command: format!("tenantctl resume {}", run.id) });
            }
            report.runs.push(line);
        }
    } else {
        report.text = Some("no journal yet: no command has worked on a store of this database\n".into());
    }
    let exit = if args.check && unfinished > 0 { Exit::Partial } else { Exit::Done };
    let options = opened.page_options();
    drop(reader);
    drop(opened);
    Ok(Page { report: report.end(exit, now()), options })
}

/// A run as lists show it.
pub(super) async fn run_line(
    reader: &Session,
    run: &RunRow,
    ledger: &Ledger,
    loaded: &BTreeMap<i64, u64>,
) -> Result<RunLine> {
    let at_work = run.ended.is_none() && journal::is_at_work(reader, &run.id).await?;
    let outcome = match &run.outcome {
        None if at_work => "running",
        _ if ledger.is_unfinished(run) => "unfinished",
        None => "ended",
        Some(outcome) => outcome,
    }
    .to_owned();
    Ok(RunLine {
        run: run.id.clone(),
        command_line: run.command_line.clone(),
        who: run.who.clone(),
        started: run.started.clone(),
        ended: run.ended.clone(),
        paused: match outcome.as_str() {
            "running" => journal::paused_of(reader, &run.id).await?.map(|of| PausedLine { since: of.since, by: of.by }),
            _ => None,
        },
        outcome,
        stores: ledger.moves_of(run).into_iter().map(|of| store_line(of, loaded)).collect(),
    })
}

fn store_line(the_move: &MoveLine, loaded: &BTreeMap<i64, u64>) -> StoreLine {
    StoreLine {
        store: the_move.store.key.text().to_owned(),
        name: the_move.store.name.clone(),
        schema: the_move.store.schema.raw().to_owned(),
        stage: the_move.stage.word().to_owned(),
        in_all: true,
        row_count: loaded.get(&the_move.id).copied(),
        bytes: None,
    }
}
