//! Which tables of a store may have changed since they were loaded.
//!
//! The quick test asks for counts and row versions. Where it says "maybe", and wherever a parent or a condition decides
//! about membership, the digest of the rows decides.

use anyhow::Result;
use tokio_postgres::Transaction;

use super::ground::Ground;
use crate::digest::DigestText;
use crate::ident::Ident;
use crate::pg::change::may_have_changed;
use crate::pg::journal::TableRun;
use crate::pg::statement::CopyStatement;
use crate::pg::transfer::{DigestOnly, transfer};

/// How sure the answer must be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Changes {
    /// "Maybe" is settled by reading the rows.
    ByDigest,
    /// "Maybe" counts as changed; for inside the lock, where time is short. Rows that a condition owns are read all
    /// the same: nothing else can tell.
    Quickly,
}

/// The loaded tables that changed.
///
/// # Errors
/// The server's error.
pub async fn changed_tables(
    client: &Transaction<'_>,
    ground: &Ground,
    statements: &[CopyStatement],
    loaded: &[TableRun],
    how: Changes,
) -> Result<Vec<Ident>> {
    let mut changed: Vec<Ident> = Vec::new();
    let mut suspects: Vec<Ident> = Vec::new();
    // Parents first: a parent that may have changed makes its children suspects.
    let mut ordered: Vec<&CopyStatement> = statements.iter().collect();
    ordered.sort_by_key(|statement| ground.owner(&statement.source.table).map_or(0, |owner| owner.parents().len()));
    for statement in ordered {
        let table = &statement.source.table;
        let Some(run) = loaded.iter().find(|run| run.table == *table) else { continue };
        let owner = ground.owner(table);
        let by_condition = owner.is_some_and(|owner| owner.by_condition());
        let by_parent =
            owner.is_some_and(|owner| owner.parents().iter().any(|parent| suspects.contains(&parent.table)));
        let maybe =
            by_parent || by_condition || may_have_changed(client, statement, &run.snapshot, run.row_count).await?;
        if !maybe {
            continue;
        }
        let quick = how == Changes::Quickly && !by_condition;
        let differs = quick || digest_differs(client, statement, run).await?;
        if differs {
            changed.push(table.clone());
        }
        if differs || !by_condition {
            suspects.push(table.clone());
        }
    }
    Ok(changed)
}

async fn digest_differs(client: &Transaction<'_>, statement: &CopyStatement, run: &TableRun) -> Result<bool> {
    let digest =
        transfer(client, &statement.source_digest(), statement.format, &mut DigestOnly::default(), |_| ()).await?;
    Ok(DigestText::from(&digest).0 != run.source_digest)
}
