//! What is done before the shared tables are held: that the store schema is what was proven, that nothing changed since
//! the copy, that the sequences stand high enough.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::digest::DigestText;
use crate::error::{Exit, Refusal};
use crate::ident::Ident;
use crate::pg::change::{Changed, Versions, changed_tables, maybe_changed_in_store};
use crate::pg::ground::Ground;
use crate::pg::journal::{self, Move, MoveKind, TableRun};
use crate::pg::rows::Counting;
use crate::pg::snapshot::repeatable_read;
use crate::pg::statement::CopyStatement;
use crate::pg::versions::versions;
use crate::pg::{Client, catalog, rows, structure};
use crate::step::copy::raise_sequences;
use crate::step::read_back::digest;
use crate::step::{Means, clone};

/// What came of it.
pub(super) enum Prepared {
    /// These tables changed since the copy.
    Changed(Vec<Ident>),
    /// The shared tables may be held.
    Ready(Ready),
}

/// What the hold works with.
pub(super) struct Ready {
    pub(super) sides: Sides,
    /// Tables whose rows had to be read, by the row versions that were found equal.
    pub(super) equal: Versions,
    /// The look that is taken under the lock was taken just now, and in time; else it is another question, or took too
    /// long.
    pub(super) is_tried: bool,
}

/// All that needs no lock. Several stores prepare at once, but none while another one holds the shared tables.
pub(super) async fn prepare(means: &Means<'_>, the_move: &Move) -> Result<Prepared> {
    let _quiet = means.turn.read().await;
    let sides = Sides::proven(means, the_move).await?;
    let began = Instant::now();
    let Changed { tables, equal } = what_changed(means, the_move, &sides).await?;
    if !tables.is_empty() {
        return Ok(Prepared::Changed(tables));
    }
    let is_tried = equal.is_empty() && began.elapsed() <= time_for_the_look(means);
    raise_sequences(means, the_move).await?;
    Ok(Prepared::Ready(Ready { sides, equal, is_tried }))
}

/// The same for a store that is looked at together with others: nobody asks here whether something changed.
pub(super) async fn prepare_to_join(means: &Means<'_>, the_move: &Move) -> Result<Sides> {
    let _quiet = means.turn.read().await;
    let sides = Sides::proven(means, the_move).await?;
    raise_sequences(means, the_move).await?;
    Ok(sides)
}

/// What `[switch] deadline` leaves for the last look for changes.
pub(super) fn time_for_the_look(means: &Means<'_>) -> Duration {
    means.switch.deadline.saturating_sub(means.switch.lock_wait)
}

/// The shared tables and those of the store schema, for one round: that neither was altered since is seen under the lock
/// for the first, by [`Sides::proven`] for the other.
pub(super) struct Sides {
    pub(super) ground: Arc<Ground>,
    pub(super) statements: Vec<CopyStatement>,
    /// What the journal says of each table's load.
    pub(super) loaded: Vec<TableRun>,
}

impl Sides {
    /// Of a store schema that is what was proven: its rows, and its objects. Only we may have written there, but somebody
    /// may have done so all the same.
    async fn proven(means: &Means<'_>, the_move: &Move) -> Result<Self> {
        let mut session = means.sessions.reader().await?;
        let transaction = repeatable_read(&mut session).await?;
        let ground = means.grounds.of_move(&transaction, the_move).await?;
        let store_tables = catalog::tables_of(&transaction, &the_move.store.schema).await?;
        let statements = ground.statements(&the_move.store, &store_tables)?;
        let loaded = journal::table_runs_of(&transaction, the_move.id).await?;
        let mut differing = Vec::new();
        if the_move.kind == MoveKind::Move {
            let maybe = match &the_move.verdict_snapshot {
                Some(snapshot) => maybe_changed_in_store(&transaction, &statements, &loaded, snapshot).await?,
                None => statements.iter().collect(),
            };
            for statement in maybe {
                let Some(run) = loaded.iter().find(|run| run.table == statement.target.table) else { continue };
                let now = digest(&transaction, statement, &statement.target_digest()).await?;
                if run.target_digest.as_deref() != Some(DigestText::from(&now).0.as_str()) {
                    differing.push(format!("rows of {}", statement.target.table.raw()));
                }
            }
        }
        if the_move.plan.clone_of.is_some() {
            let changed = Box::pin(clone::changed_since(&transaction, the_move)).await?;
            differing.extend(changed.iter().map(|table| format!("rows of {}", table.raw())));
        }
        let now = versions(&transaction, &the_move.store.schema).await?;
        if journal::proven_versions(&transaction, the_move.id).await? != Some(now) {
            let found = structure::structure_of(transaction.client(), &the_move.store.schema).await?;
            differing.extend(structure::differences(&the_move.blueprint.structure, &found));
        }
        match differing.is_empty() {
            true => Ok(Self { ground, statements, loaded }),
            false => bail!(
                Refusal::new(format!(
                    "schema {} is not what was proven: {}",
                    the_move.store.schema.raw(),
                    differing.join("; ")
                ))
                .because("somebody changed it since it was verified")
                .hint(format!("`tenantctl verify --store {}` names the rows; nothing was switched", the_move.store.key))
                .exit(Exit::Differs)
            ),
        }
    }
}

/// Without any lock: which tables changed since they were loaded.
async fn what_changed(means: &Means<'_>, the_move: &Move, sides: &Sides) -> Result<Changed> {
    let mut session = means.sessions.reader().await?;
    let transaction = repeatable_read(&mut session).await?;
    if the_move.kind == MoveKind::New {
        none_to_move(&transaction, the_move, &countings(&sides.statements)).await?;
        return Ok(Changed::default());
    }
    changed_tables(&transaction, &sides.ground, &sides.statements, &sides.loaded).await
}

/// How the store's rows of each shared table are counted.
pub(in crate::step) fn countings(statements: &[CopyStatement]) -> Vec<Counting> {
    statements.iter().map(Counting::of).collect()
}

/// A new store has no rows in the shared schema; rows that came since would stay behind.
pub(in crate::step) async fn none_to_move(client: &Client, the_move: &Move, countings: &[Counting]) -> Result<()> {
    let Some((table, count)) = rows::first_with_rows(client, countings).await? else { return Ok(()) };
    let key = &the_move.store.key;
    bail!(
        Refusal::new(format!("store {key} is no longer new: {count} rows of it are in {}", table.raw()))
            .hint(format!("`tenantctl abandon --store {key}`, then `tenantctl migrate --store {key}` moves them"))
            .exit(Exit::Failed)
    );
}
