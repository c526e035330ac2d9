//! tenantctl moves a PostgreSQL application from one shared schema to one store schema per store.
//!
//! The floors, from the ground up, are in `ARCHITECTURE.md`; `tests/floors.rs` holds the code to them.

pub mod alert;
pub mod backup;
pub mod cli;
pub mod config;
pub mod conninfo;
pub mod digest;
pub mod error;
pub mod event;
pub mod fleet;
pub mod forecast;
pub mod ident;
pub mod lexer;
pub mod manifest;
pub mod metric;
pub mod pg;
pub mod plan;
pub mod probe;
pub mod report;
pub mod sample;
pub mod server;
pub mod stage;
pub mod step;
pub mod store;
pub mod table;
pub mod template;
pub mod view;
