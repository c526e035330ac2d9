//! Integration tests: the real binary against a real PostgreSQL.
//!
//! One throw-away server per test run, one database per test. Where there is no PostgreSQL the tests fail and say how
//! to get one. Each file tells behaviours of one part of the road.

#![expect(clippy::unwrap_used, reason = "in tests it is fine; clippy.toml knows only functions marked as such")]

mod alerts;
mod app;
mod application;
mod audit;
mod backup;
mod clone;
mod concurrency;
mod crash;
mod cuts;
mod doctor;
mod faces;
mod fleet;
mod isolation;
mod journey;
mod leaving;
mod live;
mod majors;
mod mended;
mod metrics;
mod names;
mod newstores;
mod output;
mod parts;
mod planted;
mod pool;
mod pooler;
mod proxy;
mod recipes;
mod refusals;
mod registries;
mod rehearsal;
mod running;
mod stages;
mod templates;
mod throttle;
mod town;
mod validate;
mod values;
