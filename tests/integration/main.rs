//! Integration tests: the real binary against a real PostgreSQL.
//!
//! One throw-away server per test run, one database per test. Where there is no PostgreSQL the tests fail and say how
//! to get one. Each file tells behaviours of one part of the road.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where it stopped")]

mod concurrency;
mod crash;
mod cuts;
mod journey;
mod live;
mod planted;
mod proxy;
mod running;
mod town;
