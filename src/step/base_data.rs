//! What a new store begins with: the configuration's base data, run once, after the whole of the template.

use anyhow::{Context, Result, bail};
use futures_util::future::join_all;

use super::Means;
use crate::error::{Exit, Refusal};
use crate::pg::blueprint::substitutions;
use crate::pg::journal::{self, Move, Resource, ResourceState};
use crate::pg::unit::Unit;
use crate::pg::{SENT_AT_ONCE, Transaction, rows, script};
use crate::template::Template;

/// The unit's name in the journal.
const UNIT: &str = "base_data";

/// Loads it, in a transaction with its journal row; once.
///
/// # Errors
/// What the server has against a statement, with its place; a refusal where it writes outside the store schema.
pub(super) async fn load(means: &Means<'_>, the_move: &Move) -> Result<()> {
    if the_move.template.base_data.is_none() {
        return Ok(());
    }
    let mut session = means.sessions.writer().await?;
    let unit = Unit::begin(&mut session, the_move.id, the_move.epoch).await?;
    if journal::resources_of(unit.transaction(), the_move.id, "unit").await?.iter().any(|done| done.name == UNIT) {
        return Ok(());
    }
    run_inside(unit.transaction(), the_move, &[]).await?;
    record(unit.transaction(), the_move).await?;
    unit.commit(means.observer, None).await.context("loading the base data")
}

/// Tries it in a transaction that is rolled back: what is wrong with it is known before a store waits.
///
/// # Errors
/// As [`load`].
pub(super) async fn try_out(transaction: &Transaction<'_>, the_move: &Move) -> Result<()> {
    let before = script::before(transaction).await?;
    let already = script::strays(transaction, &the_move.store.schema, &before).await?; // the registry's row
    run_inside(transaction, the_move, &already).await?;
    rows::check_deferred(transaction).await.context("trying the base data")
}

/// Runs it in somebody's transaction and says so in the journal; what it wrote outside was seen when it was tried.
///
/// # Errors
/// What the server has against a statement, with its place.
pub(super) async fn run_tried(transaction: &Transaction<'_>, the_move: &Move) -> Result<()> {
    run(transaction, the_move).await?;
    record(transaction, the_move).await
}

async fn record(transaction: &Transaction<'_>, the_move: &Move) -> Result<()> {
    let done = Resource::new("unit", UNIT, None, ResourceState::Made);
    journal::record_resource(transaction, the_move.id, &[done]).await
}

/// Refuses what it writes outside the store schema; `already` was written there before in this transaction.
async fn run_inside(transaction: &Transaction<'_>, the_move: &Move, already: &[String]) -> Result<()> {
    let before = script::before(transaction).await?;
    run(transaction, the_move).await?;
    let strays = script::strays(transaction, &the_move.store.schema, &before).await?;
    match strays.iter().find(|stray| !already.contains(stray)) {
        Some(stray) => {
            bail!(Refusal::new(format!("the base data makes or changes {stray}, outside the store schema")))
        }
        None => Ok(()),
    }
}

async fn run(transaction: &Transaction<'_>, the_move: &Move) -> Result<()> {
    let (Some(file), Some(text)) = (&the_move.template.base_data_file, &the_move.template.base_data) else {
        return Ok(());
    };
    let template = Template::parse(file, text)?;
    let store = &the_move.store;
    let values = substitutions(store, &store.schema, &the_move.shared_schema);
    let statements = template.render(&values)?;
    script::open_path(transaction, &store.schema, &the_move.shared_schema).await?;
    for some in statements.chunks(SENT_AT_ONCE) {
        // The first that failed is told; those after it found the transaction aborted.
        let ran = join_all(some.iter().map(|statement| script::run(transaction, &statement.sql))).await;
        for (statement, ran) in some.iter().zip(ran) {
            let Err(error) = ran else { continue };
            let place = error.position.map(|position| statement.place_of_position(position));
            let (line, column) = place.map_or((statement.line, statement.column), |place| (place.line, place.column));
            return Err(script::template_failure(file, (line, column), &statement.sql, &error, Exit::Failed));
        }
    }
    script::close_path(transaction).await
}
