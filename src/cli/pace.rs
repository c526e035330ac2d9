//! How a run over several stores goes about it, as flags.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, ZonedDateTime};

use crate::config::{ThrottleSettings, quantity};
use crate::fleet::budget::budget;
use crate::fleet::schedule::Policy;
use crate::pg::rights::Capacity;
use crate::report::Connections;
use crate::step::Strategy;

/// Stores that are worked on at once, where nothing else is said.
const JOBS: NonZeroUsize = NonZeroUsize::new(4).unwrap();
/// Failures after which no further store is begun.
const MOST_FAILURES: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// How often a store among several is tried again.
const RETRIES: u32 = 2;

#[derive(clap::Args, Clone, Copy, Debug, Default)]
pub(crate) struct Pace {
    /// Stores that are worked on at once [default: 4]
    #[arg(short, long, value_name = "N", help_heading = "Several stores")]
    jobs: Option<NonZeroUsize>,
    /// First only the N smallest stores; where one does not end well, the others are not begun
    #[arg(long, value_name = "N", help_heading = "Several stores", default_value_t = 0, hide_default_value = true)]
    canary: usize,
    /// Begin no further store after N failures [default: 10]
    #[arg(long, value_name = "N", help_heading = "Several stores", conflicts_with = "keep_going")]
    max_failures: Option<NonZeroU32>,
    /// Begin the other stores however many fail
    #[arg(short, long, help_heading = "Several stores")]
    keep_going: bool,
    /// Try a store again so often after a deadlock or a lost connection [default: 2; of a single store 0]
    #[arg(long, value_name = "N", help_heading = "Several stores")]
    retries: Option<u32>,
    /// Begin no store from then on: 06:00, or 2026-01-31 06:00, local time
    #[arg(long, value_name = "TIME", help_heading = "Several stores", value_parser = time)]
    until: Option<Timestamp>,
    /// Begin nothing new while a replica is further behind, such as 10s
    #[arg(long, value_name = "TIME", help_heading = "Throttle", value_parser = quantity::duration)]
    max_lag: Option<Duration>,
    /// Begin nothing new while more client backends of others are active in the database
    #[arg(long, value_name = "N", help_heading = "Throttle")]
    max_active: Option<u32>,
    /// Begin nothing new while the server writes more WAL a second, such as 20MiB
    #[arg(long, value_name = "BYTES", help_heading = "Throttle", value_parser = quantity::bytes)]
    max_wal_rate: Option<u64>,
    /// Begin nothing new while more backends of others wait for a lock of this run [default: 0]
    #[arg(long, value_name = "N", help_heading = "Throttle")]
    max_lock_waits: Option<u32>,
    /// How shared tables are read
    #[arg(long, value_enum, value_name = "HOW", help_heading = "Several stores", default_value = "auto")]
    strategy: StrategyArg,
}

/// How shared tables are read for several stores.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
enum StrategyArg {
    /// Each table as costs less
    #[default]
    Auto,
    /// Each table once for all stores of a wave
    OnePass,
    /// Each table for each store
    PerStore,
}

impl Pace {
    /// What a run over so many stores uses of such a server.
    pub(super) fn budget(&self, store_count: usize, table_jobs: u8, capacity: &Capacity) -> Connections {
        budget(store_count, self.jobs(), table_jobs.into(), capacity)
    }

    /// How it goes about it within this budget.
    pub(super) fn policy(&self, store_count: usize, budget: &Connections) -> Policy {
        let at_least_one = |count| NonZeroUsize::new(count).unwrap_or(NonZeroUsize::MIN);
        Policy {
            jobs: at_least_one(budget.stores_at_once),
            wave: at_least_one(budget.wave),
            canary: self.canary,
            max_failures: (!self.keep_going).then(|| self.max_failures.unwrap_or(MOST_FAILURES)),
            retries: self.retries.unwrap_or(if store_count > 1 { RETRIES } else { 0 }),
            until: self.until,
        }
    }

    /// The limits beyond which nothing new begins; `configured` are those of the file.
    pub(super) fn limits(&self, configured: ThrottleSettings) -> ThrottleSettings {
        ThrottleSettings {
            max_lag: self.max_lag.or(configured.max_lag),
            max_active: self.max_active.or(configured.max_active),
            max_wal_rate: self.max_wal_rate.or(configured.max_wal_rate),
            max_lock_waits: self.max_lock_waits.unwrap_or(configured.max_lock_waits),
        }
    }

    /// Stores that are worked on at once.
    pub(super) fn jobs(&self) -> NonZeroUsize {
        self.jobs.unwrap_or(JOBS)
    }

    pub(super) fn strategy(&self) -> Strategy {
        match self.strategy {
            StrategyArg::Auto => Strategy::Cheaper,
            StrategyArg::OnePass => Strategy::OnePass,
            StrategyArg::PerStore => Strategy::PerStore,
        }
    }
}

/// The next such time of day, or a date and time.
fn time(text: &str) -> Result<Timestamp, String> {
    time_after(text, &ZonedDateTime::now())
}

fn time_after(text: &str, now: &ZonedDateTime) -> Result<Timestamp, String> {
    let wrong = || format!("`{text}` is no time such as 06:00, or 2026-01-31 06:00");
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let local =
        |at: DateTime, zone: &TimeZone| zone.to_ambiguous_zoned_datetime(at).compatible().map(|at| at.timestamp());
    if let Ok(at) = text.parse::<DateTime>().or_else(|_| DateTime::strptime("%Y-%m-%d %H:%M", text)) {
        return local(at, now.time_zone()).map_err(|_| wrong());
    }
    let at = text.parse::<Time>().or_else(|_| Time::strptime("%H:%M", text)).map_err(|_| wrong())?;
    let today = now.date().to_datetime(at);
    let day = if today > now.datetime() { today } else { today.checked_add(1.day()).map_err(|_| wrong())? };
    local(day, now.time_zone()).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_is_the_next_one() {
        let now: ZonedDateTime = "2026-11-24T22:10:00-06:00[America/Mexico_City]".parse().unwrap();
        let at = |text: &str| time_after(text, &now).map(|at| at.to_string());
        assert_eq!(at("06:00").unwrap(), "2026-11-25T12:00:00Z");
        assert_eq!(at("23:30").unwrap(), "2026-11-25T05:30:00Z");
        assert_eq!(at("2026-11-26 01:00").unwrap(), "2026-11-26T07:00:00Z");
        assert_eq!(at("2026-11-26T01:00:00Z").unwrap(), "2026-11-26T01:00:00Z");
        assert!(at("six").unwrap_err().contains("is no time such as 06:00"));
    }

    #[test]
    fn only_several_stores_are_tried_again() {
        let retries = |store_count| Pace::default().policy(store_count, &Connections::default()).retries;
        assert_eq!((retries(1), retries(2)), (0, RETRIES));
    }
}
