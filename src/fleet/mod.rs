//! Many stores, one road: the steps strung together for each store, and the exit code of them all.

pub mod budget;
pub mod exit;
pub mod forecast;
pub mod road;
pub mod schedule;
