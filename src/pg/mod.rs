//! All that speaks to PostgreSQL: sessions, journal, catalogs, snapshots, transfers.
//!
//! Knows neither the terminal nor the command line.

pub mod archive;
pub mod beside;
pub mod blueprint;
pub mod catalog;
pub mod census;
pub mod change;
pub mod checks;
pub mod client;
pub mod compare;
mod dial;
pub mod dump;
pub mod failure;
pub mod findings;
pub mod gate;
pub mod ground;
pub mod inquiry;
pub mod journal;
pub mod lease;
pub mod load_sample;
pub mod lock;
pub mod metrics;
pub mod overheard;
pub mod ownership;
pub mod pass;
pub mod pooler;
pub mod probe;
pub mod pump;
pub mod queue;
pub mod ranges;
pub mod registry;
pub mod requalify;
pub mod rights;
pub mod role;
pub mod route;
pub mod rows;
pub mod samples;
pub mod scaffold;
pub mod script;
pub mod sequence;
pub mod session;
pub mod snapshot;
pub mod statement;
pub mod stray;
pub mod structure;
pub mod teardown;
mod tls;
pub mod transfer;
pub mod unit;
pub mod versions;
pub mod weight;
pub mod whose;

pub use client::{Client, SENT_AT_ONCE, Transaction};
