//! Whether a run holds: a decision over what the server said, and nothing else.

use crate::config::ThrottleSettings;
use crate::pg::gate::Pressure;

/// What holds a run, in the order in which it is looked at.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Limit {
    /// `tenantctl pause`.
    Pause,
    /// `--max-lag`.
    Lag,
    /// `--max-active`.
    Active,
    /// `--max-wal-rate`.
    WalRate,
    /// `--max-lock-waits`.
    LockWaits,
}

impl Limit {
    /// Its word, as the configuration has it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Lag => "max_lag",
            Self::Active => "max_active",
            Self::WalRate => "max_wal_rate",
            Self::LockWaits => "max_lock_waits",
        }
    }
}

/// Why nothing new begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Hold {
    /// What is passed.
    pub limit: Limit,
    /// The value, in the limit's unit: seconds, backends, bytes a second; of a pause none.
    pub value: Option<f64>,
    /// For people.
    pub reason: String,
    /// RFC 3339, by the server's clock.
    pub since: String,
}

/// What holds now. `before` is the last answer: the WAL's rate needs two.
#[must_use]
pub fn hold(limits: &ThrottleSettings, before: Option<&Pressure>, now: &Pressure) -> Option<Hold> {
    if let Some(paused) = &now.paused {
        let reason = format!("paused since {} by {}", paused.since, paused.by);
        return Some(Hold { limit: Limit::Pause, value: None, reason, since: paused.since.clone() });
    }
    let passed = |limit, value: f64, reason: String| Hold { limit, value: Some(value), reason, since: now.now.clone() };
    if let (Some(most), Some(lag)) = (limits.max_lag.map(|most| most.as_secs_f64()), now.lag)
        && lag > most
    {
        return Some(passed(Limit::Lag, lag, format!("a replica is {lag:.1} s behind, more than {most} s")));
    }
    if let (Some(most), Some(active)) = (limits.max_active, now.active)
        && active > i64::from(most)
    {
        let reason = format!("{active} backends of others are active, more than {most}");
        return Some(passed(Limit::Active, active as f64, reason));
    }
    if let (Some(most), Some(rate)) = (limits.max_wal_rate, before.and_then(|before| wal_rate(before, now)))
        && rate > most as f64
    {
        let mib = |bytes: f64| format!("{:.1} MiB", bytes / f64::from(1 << 20));
        let reason = format!("the server writes {} of WAL a second, more than {}", mib(rate), mib(most as f64));
        return Some(passed(Limit::WalRate, rate, reason));
    }
    if now.lock_waits > i64::from(limits.max_lock_waits) {
        let (waits, most) = (now.lock_waits, limits.max_lock_waits);
        let reason = format!("{waits} backends of others wait for a lock of this run, more than {most}");
        return Some(passed(Limit::LockWaits, waits as f64, reason));
    }
    None
}

/// Bytes of WAL a second between two answers.
fn wal_rate(before: &Pressure, now: &Pressure) -> Option<f64> {
    let seconds = now.clock - before.clock;
    let bytes = now.wal?.checked_sub(before.wal?)?;
    (seconds > 0.0).then(|| bytes as f64 / seconds)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::pg::journal::Paused;

    fn limits() -> ThrottleSettings {
        ThrottleSettings {
            max_lag: Some(Duration::from_secs(5)),
            max_active: Some(3),
            max_wal_rate: Some(20 << 20),
            max_lock_waits: 0,
        }
    }

    fn held(before: Option<&Pressure>, now: &Pressure) -> Option<Limit> {
        hold(&limits(), before, now).map(|hold| hold.limit)
    }

    #[test]
    fn each_limit_holds_when_it_is_passed_and_not_when_it_is_reached() {
        let calm = Pressure { lag: Some(5.0), active: Some(3), wal: Some(0), ..Pressure::default() };
        assert_eq!(held(None, &calm), None);
        assert_eq!(held(None, &Pressure { lag: Some(5.1), ..calm.clone() }), Some(Limit::Lag));
        assert_eq!(held(None, &Pressure { active: Some(4), ..calm.clone() }), Some(Limit::Active));
        assert_eq!(held(None, &Pressure { lock_waits: 1, ..calm.clone() }), Some(Limit::LockWaits));
        let later = |bytes| Pressure { wal: Some(bytes), clock: 2.0, ..calm.clone() };
        assert_eq!(held(Some(&calm), &later(40 << 20)), None);
        assert_eq!(held(Some(&calm), &later((40 << 20) + 1)), Some(Limit::WalRate));
        assert_eq!(held(None, &later(1 << 40)), None, "a rate needs two answers");
    }

    #[test]
    fn a_pause_comes_first_and_what_is_not_known_holds_nobody() {
        let paused = Some(Paused { since: "2026-01-31T06:00:00Z".into(), by: "ana@desk".into() });
        let of = hold(&limits(), None, &Pressure { paused, lag: Some(99.0), ..Pressure::default() }).unwrap();
        assert_eq!((of.limit, of.since.as_str()), (Limit::Pause, "2026-01-31T06:00:00Z"));
        assert_eq!(held(None, &Pressure { lag_is_hidden: true, ..Pressure::default() }), None);
        let none = ThrottleSettings { max_lag: None, max_active: None, max_wal_rate: None, max_lock_waits: 0 };
        let busy = Pressure { lag: Some(99.0), active: Some(99), wal: Some(1 << 40), ..Pressure::default() };
        assert_eq!(hold(&none, Some(&Pressure::default()), &busy), None);
    }
}
