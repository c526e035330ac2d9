//! `status`: runs, and how far their stores are.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, bail};

use super::Globals;
use super::ledger::Ledger;
use super::open::Opened;
use super::output::{self, Page};
use crate::conninfo::Environment;
use crate::error::{Exit, Refusal};
use crate::pg::journal::{self, MoveKind, MoveLine, RunRow};
use crate::pg::session::Session;
use crate::report::{NextStep, PausedLine, Report, RunLine, StoreLine};
use crate::view::{Format, terminal, text};

/// Runs that are listed where none is named.
const LISTED: usize = 20;

/// How often in a second a watch looks for a signal.
const BEATS: u32 = 10;

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
    /// Show it again when it changed, until no run is at work; looks every 2 seconds, or as said
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2",
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    watch: Option<u64>,
}

pub(super) async fn run(globals: &Globals, env: &Environment, args: &StatusArgs) -> Result<Page> {
    let format = globals.format();
    if args.watch.is_some() && !matches!(format, Format::Text | Format::Json | Format::Jsonl) {
        bail!(Refusal::new("--watch shows text, json or jsonl").hint("leave --format out, or --watch"));
    }
    // A spinner would only draw over what is watched.
    let quiet = if args.watch.is_some() { globals.quiet.max(1) } else { globals.quiet };
    let opened = Opened::open(&Globals { quiet, ..globals.clone() }, env, 1).await?;
    let reader = opened.sessions.reader().await?;
    let options = opened.page_options();
    let watched = text::Options { lines: terminal::stdout_lines(), ..options.clone() };
    let mut report = look(&opened, &reader, args).await;
    if let Some(every) = args.watch {
        let mut shown: Option<(Vec<RunLine>, Vec<NextStep>)> = None;
        while let Ok(now) = &report
            && now.runs.iter().any(|run| run.outcome == "running")
        {
            let changed = (now.runs.clone(), now.next_steps.clone());
            if shown.as_ref() != Some(&changed) {
                terminal::clear_stdout();
                let _exit = output::print(globals, &Page { report: now.clone(), options: watched.clone() });
                shown = Some(changed);
            }
            for _ in 0..every * u64::from(BEATS) {
                if opened.sessions.is_interrupted() {
                    break;
                }
                tokio::time::sleep(Duration::from_secs(1) / BEATS).await;
            }
            if opened.sessions.is_interrupted() {
                // Whoever watches has seen enough: nothing is said of it.
                let quiet = Report { text: Some(String::new()), ..Report::new("status", None, output::now()) };
                report = Ok(quiet.end(Exit::Interrupted, output::now()));
                break;
            }
            report = look(&opened, &reader, args).await;
        }
        if shown.is_some() && report.as_ref().is_ok_and(|report| !report.runs.is_empty()) {
            terminal::clear_stdout();
        }
    }
    drop(reader);
    drop(opened);
    Ok(Page { report: report?, options })
}

/// The runs as they are now.
async fn look(opened: &Opened, reader: &Session, args: &StatusArgs) -> Result<Report> {
    let mut report = Report::new("status", None, output::now());
    report.database = Some(opened.database());
    let mut unfinished = 0;
    if journal::exists(reader).await? {
        let ledger = Ledger::read(reader, None).await?;
        let loaded = journal::rows_loaded(reader).await?;
        let named = match &args.run {
            Some(prefix) => Some(journal::run_of(reader, prefix).await?),
            None => None,
        };
        let runs = match &named {
            Some(run) => std::slice::from_ref(run),
            None if args.check => ledger.runs.as_slice(), // an unfinished run is one however many came after it
            None => &ledger.runs[..ledger.runs.len().min(LISTED)],
        };
        for (place, run) in runs.iter().enumerate() {
            let line = run_line(reader, run, &ledger, &loaded).await?;
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
    Ok(report.end(exit, output::now()))
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
        stage: match the_move.kind {
            MoveKind::Rehearsal => "rehearsal".to_owned(),
            _ => the_move.stage.word().to_owned(),
        },
        in_all: true,
        row_count: loaded.get(&the_move.id).copied(),
        bytes: None,
    }
}
