//! The road of one store: from the stage its move is at to the one asked for.
//!
//! A first run and the one after a crash are the same loop; the journal says where it begins.

use anyhow::{Context, Result, bail};

use crate::error::{Exit, Refusal};
use crate::pg::journal::{Copied, Created, Move, Planned, Receipt, Verified};
use crate::pg::registry::Registry;
use crate::stage::Stage;
use crate::step::{self, Means};

/// Where the road ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Until {
    /// The last stage: created, copied, verified, switched or validated.
    pub stage: Stage,
    /// `switch --by-hand`.
    pub by_hand: bool,
    /// A switch was asked for by name: without a registry column to write it is refused, not left to a person.
    pub insists: bool,
}

impl Until {
    /// Whether the road leads over the switch.
    #[must_use]
    pub fn switches(self) -> bool {
        self.stage >= Stage::Switched
    }
}

/// How the journey of a store ended, its stage in the journal aside.
#[derive(Debug)]
pub enum Arrival {
    /// At the stage asked for.
    Arrived,
    /// It was there before.
    AlreadyThere,
    /// Not all rows are equal, or a check or a probe failed; it stays where it is.
    Differs,
    /// Verified; nobody told us which registry column to write, so a person switches.
    WaitsForHand,
}

/// Travels.
///
/// # Errors
/// What the step that failed says.
pub async fn travel(
    means: &Means<'_>,
    registry: &Registry<'_>,
    the_move: &Move,
    until: Until,
    reread: impl AsyncFn() -> Result<Move>,
) -> Result<Arrival> {
    let mut now = the_move.clone();
    if is_there(now.stage, until) {
        return Ok(Arrival::AlreadyThere);
    }
    loop {
        means.pass().await?;
        // Each step on the heap: together they are more than a stack holds.
        match now.stage {
            Stage::Planned => drop(only(Box::pin(step::create::create(means, &[receipt::<Planned>(&now)?])).await)?),
            Stage::Created => drop(only(Box::pin(step::copy::copy(means, &[receipt::<Created>(&now)?])).await)?),
            Stage::Copied => {
                if must_load_again(means, &now).await? {
                    now = reread().await?;
                    continue;
                }
                let proof = only(Box::pin(step::verify::verify(means, &[receipt::<Copied>(&now)?])).await)?;
                if proof.differs() {
                    return Ok(Arrival::Differs);
                }
                now = reread().await?;
                if is_there(now.stage, until) {
                    return Ok(Arrival::Arrived);
                }
                continue;
            }
            Stage::Verified if !until.by_hand && !until.insists && !registry.can_switch() => {
                return Ok(Arrival::WaitsForHand);
            }
            Stage::Verified => {
                only(
                    Box::pin(step::switch::switch(means, registry, &[receipt::<Verified>(&now)?], until.by_hand)).await,
                )?;
            }
            Stage::Switched if until.stage == Stage::Validated => {
                let validation = step::validate::validate(means, &now).await?;
                return Ok(if validation.passed() { Arrival::Arrived } else { Arrival::Differs });
            }
            stage => bail!(
                Refusal::new(format!("store {} is {stage}", now.store.key))
                    .hint(format!("`tenantctl abandon --store {}` clears the way for a new move", now.store.key))
            ),
        }
        now = reread().await?;
        if is_there(now.stage, until) {
            return Ok(Arrival::Arrived);
        }
    }
}

/// Whether a move at this stage is where the road ends, or further.
#[must_use]
pub fn is_there(stage: Stage, until: Until) -> bool {
    stage >= until.stage && !matches!(stage, Stage::Reversed | Stage::Abandoned)
}

/// Tables that an earlier look found unequal are loaded again, instead of being found unequal once more.
async fn must_load_again(means: &Means<'_>, the_move: &Move) -> Result<bool> {
    let reader = means.sessions.reader().await?;
    let differing: Vec<_> = crate::pg::journal::table_runs_of(&reader, the_move.id)
        .await?
        .into_iter()
        .filter(|run| run.must_be_loaded())
        .map(|run| run.table)
        .collect();
    if differing.is_empty() {
        return Ok(false);
    }
    step::copy::reopen(means, the_move, &differing).await?;
    Ok(true)
}

fn receipt<S: crate::pg::journal::Begun>(the_move: &Move) -> Result<Receipt<S>> {
    Receipt::read(the_move)
        .with_context(|| format!("store {} is {}, not {}", the_move.store.key, the_move.stage, S::STAGE))
}

/// A slice of one.
fn only<T>(mut results: Vec<Result<T>>) -> Result<T> {
    results.pop().unwrap_or_else(|| bail!(Refusal::new("no store").exit(Exit::Failed)))
}
