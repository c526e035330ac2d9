//! The steps of the road, each on a slice of stores.
//!
//! A step plans by reading only, and performs on what the journal has recorded. No step calls a later one; `fleet`
//! strings them together.

pub mod abandon;
pub mod adopt;
pub mod after_load;
pub mod alerts;
pub mod archive;
pub mod audit;
pub mod backup;
pub mod balance;
mod base_data;
pub mod claim;
pub mod classes;
pub mod clone;
pub mod copy;
pub mod create;
pub mod doctor;
pub mod gate;
pub mod isolation;
pub mod leaktest;
pub mod live;
pub mod load;
pub mod looks;
pub mod measure;
mod one_pass;
mod ours;
mod parts;
pub mod plan;
pub mod pooler;
mod read_back;
pub mod ready;
pub mod register;
pub mod rehearsal;
pub mod report;
pub mod restore;
pub mod reverse;
pub mod role;
pub mod switch;
pub mod throttle;
pub mod ticks;
pub mod validate;
pub mod verify;
pub mod weigh;

use std::num::NonZeroUsize;
use std::sync::Arc;

use tokio::sync::{Mutex, OnceCell, RwLock};

use crate::config::{CopySettings, Probe, RoleSettings, SampleQuery, SwitchSettings};
use crate::error::{Refusal, ServerError};
use crate::event::Observer;
use crate::ident::Ident;
use crate::pg::blueprint::{Access, Trial};
use crate::pg::catalog::UniqueKey;
use crate::pg::ground::Grounds;
use crate::pg::session::Sessions;

/// How shared tables are read for several stores.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Strategy {
    /// Each table as costs less by the planner's estimate.
    #[default]
    Cheaper,
    /// Once for all stores of a wave.
    OnePass,
    /// For each store.
    PerStore,
}

/// What every step works with.
pub struct Means<'a> {
    /// Connections.
    pub sessions: &'a Sessions,
    /// The shared schema as this run read it last.
    pub grounds: Grounds,
    /// Who is told.
    pub observer: &'a dyn Observer,
    /// Whose turn it is to ask for a lock on a table that all stores share: of one run one switch at a time, which writes
    /// here. Whoever prepares a switch reads here, so that nothing of ours slows down what happens under such a lock.
    pub turn: RwLock<()>,
    /// What the last look for changes in several stores took.
    pub looks: looks::Looks,
    /// What the run's first trial of the template learnt, by the template's hash.
    pub trial: Mutex<Option<(String, Arc<Trial>)>>,
    /// What refuses a second row in the shared tables, as the run's first plan read it: rows that one of these keys tells
    /// apart are not held against the template's.
    pub shared_keys: OnceCell<Vec<(Ident, UniqueKey)>>,
    /// What lets something new begin, or holds it.
    pub gate: gate::Gate,
    /// The run's id.
    pub run: &'a str,
    /// `[copy]`.
    pub copy: CopySettings,
    /// How shared tables are read.
    pub strategy: Strategy,
    /// Stores that are worked on at once.
    pub stores_at_once: NonZeroUsize,
    /// `[switch]`.
    pub switch: SwitchSettings,
    /// `[store_schema] id_headroom`.
    pub id_headroom: u64,
    /// `[store_schema] owner` and `readers`.
    pub access: Access,
    /// `[role]`; none: no roles are made.
    pub role: Option<RoleSettings>,
    /// `[[report.samples]]`.
    pub samples: Vec<SampleQuery>,
    /// `[[probes]]`, where the run shall ask them.
    pub probes: &'a [Probe],
    /// `--max-diffs`: rows listed per table.
    pub max_diffs: usize,
}

impl Means<'_> {
    /// Waits until something new may begin: never inside a transaction of a store, nor under the switch's lock.
    ///
    /// # Errors
    /// A refusal with exit code 130 where a signal came.
    pub async fn pass(&self) -> anyhow::Result<()> {
        self.gate.pass(self.sessions, self.run, self.observer).await
    }
}

/// The same failure once more, for another store: what the server or we said of it stays.
fn same(error: &anyhow::Error) -> anyhow::Error {
    for cause in error.chain() {
        if let Some(of_server) = cause.downcast_ref::<ServerError>() {
            return anyhow::Error::new(of_server.clone());
        }
        if let Some(refusal) = cause.downcast_ref::<Refusal>() {
            return refusal.clone().into();
        }
    }
    anyhow::anyhow!("{error:#}")
}
