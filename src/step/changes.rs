//! Which tables of a store may have changed since they were loaded.
//!
//! The quick test asks for counts and row versions, against the load's snapshot or against an earlier look. Where it says "maybe", and wherever a parent or a condition decides
//! about membership, the digest of the rows decides.

use anyhow::Result;
use tokio_postgres::Transaction;

use super::ground::Ground;
use crate::digest::DigestText;
use crate::ident::Ident;
use crate::pg::change::{Versions, may_have_changed};
use crate::pg::journal::TableRun;
use crate::pg::statement::CopyStatement;
use crate::pg::transfer::{DigestOnly, transfer};

/// How sure the answer must be.
#[derive(Clone, Copy, Debug)]
pub enum Changes<'a> {
    /// "Maybe" is settled by reading the rows.
    ByDigest,
    /// Other row versions than in an earlier look count as changed; for inside the lock, where time is short. Rows that
    /// a condition owns are read all the same: nothing else can tell.
    Since(&'a [Seen]),
}

/// What an earlier look, by digest, saw of a table that had not changed.
#[derive(Clone, Debug)]
pub struct Seen {
    table: Ident,
    versions: Versions,
}

/// Remembers the row versions of the loaded tables; in the transaction of the look that found nothing changed.
///
/// # Errors
/// The server's error.
pub async fn seen(client: &Transaction<'_>, statements: &[CopyStatement], loaded: &[TableRun]) -> Result<Vec<Seen>> {
    let mut seen = Vec::new();
    for statement in statements {
        let table = &statement.source.table;
        if loaded.iter().any(|run| run.table == *table) {
            seen.push(Seen { table: table.clone(), versions: Versions::now(client, statement).await? });
        }
    }
    Ok(seen)
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
    how: Changes<'_>,
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
        let maybe = by_parent || by_condition || other_versions(client, statement, run, how).await?;
        if !maybe {
            continue;
        }
        let quick = matches!(how, Changes::Since(_)) && !by_condition;
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

async fn other_versions(
    client: &Transaction<'_>,
    statement: &CopyStatement,
    run: &TableRun,
    how: Changes<'_>,
) -> Result<bool> {
    let earlier = match how {
        Changes::ByDigest => return may_have_changed(client, statement, &run.snapshot, run.row_count).await,
        Changes::Since(seen) => seen.iter().find(|seen| seen.table == run.table),
    };
    match earlier {
        Some(seen) => Ok(!seen.versions.same_as(&seen.versions.again(client, statement).await?)),
        None => Ok(true),
    }
}

async fn digest_differs(client: &Transaction<'_>, statement: &CopyStatement, run: &TableRun) -> Result<bool> {
    let digest =
        transfer(client, &statement.source_digest(), statement.format, &mut DigestOnly::default(), |_| ()).await?;
    Ok(DigestText::from(&digest).0 != run.source_digest)
}
