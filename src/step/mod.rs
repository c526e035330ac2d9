//! The steps of the road, each on a slice of stores.
//!
//! A step plans by reading only, and performs on what the journal has recorded. No step calls a later one; `fleet`
//! strings them together.

pub mod abandon;
pub mod adopt;
pub mod after_load;
pub mod audit;
pub mod classes;
pub mod copy;
pub mod create;
pub mod doctor;
pub mod live;
pub mod load;
mod ours;
mod parts;
pub mod plan;
pub mod report;
pub mod reverse;
pub mod switch;
pub mod verify;

use crate::config::{CopySettings, SampleQuery, SwitchSettings};
use crate::event::Observer;
use crate::pg::blueprint::Access;
use crate::pg::ground::Grounds;
use crate::pg::session::Sessions;

/// What every step works with.
pub struct Means<'a> {
    /// Connections.
    pub sessions: &'a Sessions,
    /// The shared schema as this run read it last.
    pub grounds: Grounds,
    /// Who is told.
    pub observer: &'a dyn Observer,
    /// The run's id.
    pub run: &'a str,
    /// `[copy]`.
    pub copy: CopySettings,
    /// `[switch]`.
    pub switch: SwitchSettings,
    /// `[store_schema] id_headroom`.
    pub id_headroom: u64,
    /// `[store_schema] owner` and `readers`.
    pub access: Access,
    /// `[[report.samples]]`.
    pub samples: Vec<SampleQuery>,
    /// `--max-diffs`: rows listed per table.
    pub max_diffs: usize,
}
