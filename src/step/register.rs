//! Begins with a store that the registry does not have yet: a run that dies leaves row and move or neither, and the same
//! command makes no second row.

use anyhow::{Context, Result};

use super::Means;
use crate::event::{Event, Moment};
use crate::ident::Ident;
use crate::pg::journal::{self, Move, NewMove};
use crate::pg::registry::{NewRow, Registry};

/// Makes the row, and the move at `planned`; the lease must hold the store.
///
/// # Errors
/// A refusal where the registry does not take the row; the server's error.
pub async fn register(
    means: &Means<'_>,
    registry: &Registry<'_>,
    new_row: &NewRow,
    shared: &Ident,
    new: &NewMove,
) -> Result<Move> {
    let mut session = means.sessions.writer().await?;
    let began = journal::begin_registered(&mut session, means.run, registry, new_row, shared, new)
        .await
        .with_context(|| format!("registering store {}", new.plan.store.key))?;
    means.observer.notice(&Event::Reached { moment: Moment::Registered, table: None });
    Ok(began)
}
