//! Receipts: a stage as a type, which only the journal gives.

use std::marker::PhantomData;

use anyhow::Result;

use super::moves::{Move, reread};
use crate::error::Refusal;
use crate::pg::client::Client;
use crate::stage::Stage;

/// Marker of a receipt.
#[derive(Clone, Copy, Debug)]
pub struct Planned;
/// Marker of a receipt.
#[derive(Clone, Copy, Debug)]
pub struct Created;
/// Marker of a receipt.
#[derive(Clone, Copy, Debug)]
pub struct Copied;
/// Marker of a receipt.
#[derive(Clone, Copy, Debug)]
pub struct Verified;
/// Marker of a receipt.
#[derive(Clone, Copy, Debug)]
pub struct Switched;

/// Marker of a receipt.
#[derive(Clone, Copy, Debug)]
pub struct Validated;

/// A stage as a type.
pub trait Begun: Sized {
    /// The stage itself.
    const STAGE: Stage;
}
impl Begun for Planned {
    const STAGE: Stage = Stage::Planned;
}
impl Begun for Created {
    const STAGE: Stage = Stage::Created;
}
impl Begun for Copied {
    const STAGE: Stage = Stage::Copied;
}
impl Begun for Verified {
    const STAGE: Stage = Stage::Verified;
}
impl Begun for Switched {
    const STAGE: Stage = Stage::Switched;
}

impl Begun for Validated {
    const STAGE: Stage = Stage::Validated;
}

/// Proof that a move is at a stage: only the journal makes one, by writing the stage or by reading it back.
#[derive(Clone, Debug)]
pub struct Receipt<S> {
    the_move: Move,
    stage: PhantomData<S>,
}

impl<S: Begun> Receipt<S> {
    /// What the journal says of the move.
    #[must_use]
    pub fn the_move(&self) -> &Move {
        &self.the_move
    }

    /// Reads the stage back.
    #[must_use]
    pub fn read(the_move: &Move) -> Option<Self> {
        (the_move.stage == S::STAGE).then(|| Self { the_move: the_move.clone(), stage: PhantomData })
    }

    /// Reads the stage back from the database.
    ///
    /// # Errors
    /// A refusal where the move is at another stage by now.
    pub async fn reread(client: &Client, known: &Move) -> Result<Self> {
        let the_move = reread(client, known).await?;
        let stage = the_move.stage;
        Self::read(&the_move)
            .ok_or_else(|| Refusal::new(format!("store {} is {stage}, not {}", the_move.store.key, S::STAGE)).into())
    }
}
