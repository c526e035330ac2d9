//! Which rows of a store schema are ours: those that the journal accounts for.
//!
//! Only they may be dropped. Says so and refuses; who drops them, `load`, `parts` and `abandon` decide.

use anyhow::{Result, bail};

use super::read_back::digest;
use crate::digest::{Digest, DigestText};
use crate::error::{Exit, Refusal};
use crate::pg::Transaction;
use crate::pg::journal::{Move, TableRun, parts_of};
use crate::pg::statement::CopyStatement;

/// Whether a store table holds exactly what we loaded: the table, or the parts of it that are committed.
///
/// # Errors
/// The server's error.
pub(super) async fn are_all_ours(
    transaction: &Transaction<'_>,
    move_id: i64,
    statement: &CopyStatement,
    run: Option<&TableRun>,
) -> Result<bool> {
    let parts = parts_of(transaction, move_id, &statement.target.table).await?;
    if !parts.is_empty() {
        let mut loaded = Digest::default();
        parts.iter().for_each(|part| loaded.merge(&part.digest));
        return Ok(digest(transaction, statement, &statement.written()).await? == loaded);
    }
    let Some(run) = run else { return Ok(false) };
    let now = digest(transaction, statement, &statement.target_digest()).await?;
    Ok(DigestText::from(&now).0 == run.source_digest)
}

/// Rows that we did not load are nobody's to drop: an application that believes the registry may have written them.
///
/// # Errors
/// A refusal where there are such rows, or the server's error.
pub(super) async fn only_our_rows(
    transaction: &Transaction<'_>,
    the_move: &Move,
    statement: &CopyStatement,
    run: Option<&TableRun>,
) -> Result<()> {
    let given_up = run.is_some_and(|run| run.verdict == "differs"); // told row by row, and asked for again
    if given_up || are_all_ours(transaction, the_move.id, statement, run).await? {
        return Ok(());
    }
    let key = &the_move.store.key;
    bail!(
        Refusal::new(format!("{} has rows that tenantctl did not load", statement.target.raw()))
            .because("somebody writes to the store schema already; loading would drop those rows")
            .hint(format!("move them away, or `tenantctl verify --store {key}` names them once all is copied"))
            .exit(Exit::Failed)
    )
}
