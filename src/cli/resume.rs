//! `resume`: goes on with a run that did not come to its end.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use super::open::{self, Opened};
use super::output::Page;
use super::pace::Pace;
use super::road::{self, Errand, How};
use super::{Globals, StoreArgs};
use crate::conninfo::Environment;
use crate::error::{Exit, Refusal};
use crate::fleet::road::Until;
use crate::pg::ground::Ground;
use crate::pg::journal::{self, Move, MoveKind, RecordedErrand, RunRow};
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
        let mut moves = open::moves(&reader, &ground).await?;
        moves.extend(journal::live_rehearsals(&reader, ground.shared()).await?);
        wanted(&reader, &ground, &moves, args.run.as_deref()).await?
    };
    let stores = StoreArgs { store: errand.stores, ..StoreArgs::default() };
    let errand = Errand {
        command: "resume",
        until: Until { stage: errand.until, by_hand: errand.by_hand, insists: false },
        kind: errand.kind,
        from: None,
        how: How { use_recorded: args.use_recorded, ..How::default() },
        pace: args.pace,
        ask: errand.until == Stage::Switched,
        median: None,
    };
    road::work(globals, env, line, &stores, errand).await
}

/// The run to go on with, and of it only the stores that are not there yet.
async fn wanted(reader: &Session, ground: &Ground, moves: &[Move], run: Option<&str>) -> Result<RecordedErrand> {
    let run = match run {
        Some(prefix) => journal::run_of(reader, prefix).await?,
        None => newest_unfinished(reader, ground, moves).await?,
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
    let open = open_stores(errand, &run, moves, &abandoned(reader, &run).await?);
    match open.is_empty() {
        true => Ok(errand.clone()), // all done: the road says so
        false => Ok(RecordedErrand { stores: open, ..errand.clone() }),
    }
}

/// Stores that this run worked on and that were given up since: they are nobody's unfinished work.
pub(super) async fn abandoned(reader: &Session, run: &RunRow) -> Result<Vec<String>> {
    let moves = journal::moves_of_run(reader, &run.id).await?;
    let given_up = moves.iter().filter(|of| of.stage == Stage::Abandoned);
    Ok(given_up.map(|of| of.store.key.text().to_owned()).collect())
}

/// Stores of the run that are not where it wanted them, and that no later run has taken over.
pub(super) fn open_stores(errand: &RecordedErrand, run: &RunRow, moves: &[Move], abandoned: &[String]) -> Vec<String> {
    // What a rehearsal has not dropped is open at any stage.
    let is_rehearsal = errand.kind == MoveKind::Rehearsal;
    let is_alike = |of: &&Move| (of.kind == MoveKind::Rehearsal) == is_rehearsal;
    let is_open = |key: &&String| match moves.iter().filter(is_alike).find(|of| of.store.key.text() == key.as_str()) {
        Some(of) => (of.stage < errand.until || is_rehearsal) && of.run == run.id,
        None => !abandoned.contains(key),
    };
    errand.stores.iter().filter(is_open).cloned().collect()
}

async fn newest_unfinished(reader: &Session, _ground: &Ground, moves: &[Move]) -> Result<RunRow> {
    let (mut unfinished, mut asked_later) = (Vec::new(), BTreeSet::new());
    for run in journal::runs(reader, 200).await? {
        let failed = run
            .outcome
            .as_deref()
            .is_none_or(|outcome| matches!(outcome, "failed" | "partial" | "interrupted" | "differs"));
        let given_up = abandoned(reader, &run).await?;
        let has_open = run.errand.as_ref().is_some_and(|errand| {
            let is_rehearsal = errand.kind == MoveKind::Rehearsal;
            let open = open_stores(errand, &run, moves, &given_up);
            let has_move = |key: &String| {
                let is_its = |of: &Move| (of.kind == MoveKind::Rehearsal) == is_rehearsal && of.store.key.text() == key;
                moves.iter().any(is_its)
            };
            // A store without a move counts only while the run is the last that was asked for it.
            let was_not_begun = |key: &String| !is_rehearsal && errand.stores.len() > 1 && !asked_later.contains(key);
            open.iter().any(|key| has_move(key) || was_not_begun(key))
        });
        let real = run.errand.iter().filter(|errand| errand.kind != MoveKind::Rehearsal);
        asked_later.extend(real.flat_map(|errand| errand.stores.clone()));
        if failed && has_open {
            unfinished.push(run);
        }
    }
    match unfinished.len() {
        0 => bail!(Refusal::new("no run is unfinished").hint("`tenantctl status` lists the runs")),
        1 => Ok(unfinished.remove(0)),
        _ => {
            let list: Vec<String> =
                unfinished.iter().map(|run| format!("{} ({}, {})", run.id, run.started, run.command_line)).collect();
            bail!(
                Refusal::new("several runs are unfinished")
                    .because(list.join("; "))
                    .hint(format!("name one: `tenantctl resume {}`", unfinished[0].id))
            )
        }
    }
}
