//! tenantctl moves a PostgreSQL application from one shared schema to one store schema per store.
//!
//! The floors, from the ground up, are in `ARCHITECTURE.md`; `tests/floors.rs` holds the code to them.

pub mod digest;
pub mod error;
pub mod event;
pub mod ident;
pub mod manifest;
pub mod plan;
pub mod report;
pub mod stage;
pub mod store;
pub mod table;
pub mod view;
