//! What the journal lists, read once: the runs, the moves, and which of the runs are unfinished. `status` says so and
//! `resume` goes on with it, by the same answer.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::ident::Ident;
use crate::pg::journal::{self, MoveKind, MoveLine, RunRow};
use crate::pg::session::Session;
use crate::stage::Stage;

/// The newest runs that are looked at; of older ones only those that did not end well.
const NEWEST: i64 = 200;

/// Runs and moves.
pub(super) struct Ledger {
    /// Newest first: the newest ones, then older ones that did not end well.
    pub(super) runs: Vec<RunRow>,
    moves: Vec<MoveLine>,
    by_run: BTreeMap<String, BTreeSet<i64>>,
}

impl Ledger {
    /// Reads it; the journal must be there. With a shared schema only its moves count.
    ///
    /// # Errors
    /// The server's error.
    pub(super) async fn read(reader: &Session, shared: Option<&Ident>) -> Result<Self> {
        let mut runs = journal::runs(reader, NEWEST).await?;
        let older = journal::runs_not_done(reader).await?;
        let newest: BTreeSet<String> = runs.iter().map(|run| run.id.clone()).collect();
        runs.extend(older.into_iter().filter(|run| !newest.contains(&run.id)));
        let mut moves = journal::all_moves(reader).await?;
        moves.retain(|of| shared.is_none_or(|shared| of.shared_schema == *shared));
        Ok(Self { runs, moves, by_run: journal::moves_by_run(reader).await? })
    }

    /// The moves that a run worked on, abandoned ones too.
    pub(super) fn moves_of(&self, run: &RunRow) -> Vec<&MoveLine> {
        let Some(ids) = self.by_run.get(&run.id) else { return Vec::new() };
        self.moves.iter().filter(|of| ids.contains(&of.id)).collect()
    }

    /// The live move of a store, or its rehearsal where the run rehearses; where several shared schemas have such a key,
    /// the run's own.
    fn live(&self, run: &RunRow, key: &str) -> Option<&MoveLine> {
        let is_alike = |of: &&MoveLine| (of.kind == MoveKind::Rehearsal) == rehearses(run);
        let live = self.moves.iter().filter(|of| of.stage != Stage::Abandoned && of.store.key.text() == key);
        live.filter(is_alike).max_by_key(|of| of.run == run.id)
    }

    /// Stores of the run that are not where it wanted them, and that no later run has taken over.
    pub(super) fn open_stores(&self, run: &RunRow) -> Vec<String> {
        let Some(errand) = &run.errand else { return Vec::new() };
        // Given up since: nobody's unfinished work.
        let given_up = self.moves_of(run).into_iter().filter(|of| of.stage == Stage::Abandoned);
        let given_up: BTreeSet<&str> = given_up.map(|of| of.store.key.text()).collect();
        let is_open = |key: &&String| match self.live(run, key) {
            // What a rehearsal has not dropped is open at any stage.
            Some(of) => (of.stage < errand.until || rehearses(run)) && of.run == run.id,
            None => !given_up.contains(key.as_str()),
        };
        errand.stores.iter().filter(is_open).cloned().collect()
    }

    /// Whether there is something left that `resume` would do, be the run at work or not.
    pub(super) fn is_unfinished(&self, run: &RunRow) -> bool {
        let ended_well = run
            .outcome
            .as_deref()
            .is_some_and(|outcome| !matches!(outcome, "failed" | "partial" | "interrupted" | "differs"));
        let Some(errand) = run.errand.as_ref().filter(|_| !ended_well) else { return false };
        let later = self.runs.iter().take_while(|later| later.id != run.id);
        let asked_later: BTreeSet<&String> = later
            .filter(|later| !rehearses(later))
            .flat_map(|later| &later.errand)
            .flat_map(|errand| &errand.stores)
            .collect();
        // A store without a move counts only while the run is the last that was asked for it; one that is rehearsed never.
        let was_not_begun = |key: &String| !rehearses(run) && errand.stores.len() > 1 && !asked_later.contains(key);
        // A store that is switched and only not validated is nobody's unfinished work once somebody asked anew.
        let is_open = |key: &String| match self.live(run, key) {
            Some(of) => !(of.stage.is_switched() && asked_later.contains(key)),
            None => was_not_begun(key),
        };
        self.open_stores(run).iter().any(is_open)
    }
}

fn rehearses(run: &RunRow) -> bool {
    run.errand.as_ref().is_some_and(|errand| errand.kind == MoveKind::Rehearsal)
}
