//! The rooms that talk to PostgreSQL.

#![expect(
    clippy::result_large_err,
    reason = "all that a server says of an error; each is met once, at the end of a step"
)]

pub mod catalog;
pub mod compare;
pub mod failure;
pub mod structure;
