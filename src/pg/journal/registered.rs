//! The move of a store that the registry does not have yet: its row and the move in one transaction, so that both are
//! there or neither.

use anyhow::Result;

use super::moves::{Move, NewMove, begin_in, read_move};
use crate::ident::Ident;
use crate::pg::failure::ServerResult;
use crate::pg::registry::{NewRow, Registry};
use crate::pg::session::Session;

/// Inserts the registry's row and records the move at `planned`; the lease must hold the store.
///
/// # Errors
/// A refusal where the registry does not take the row; the server's error. Then there is neither.
pub async fn begin_registered(
    session: &mut Session,
    run: &str,
    registry: &Registry<'_>,
    new_row: &NewRow,
    shared: &Ident,
    new: &NewMove,
) -> Result<Move> {
    let transaction = session.transaction().await.server()?;
    registry.insert(&transaction, new_row, &new.plan.store, shared).await?;
    let id = begin_in(&transaction, run, shared, new).await?;
    transaction.commit().await.server()?;
    read_move(session, id).await // the driver's `Ok` is no proof that the server committed; the row is
}
