//! The gate before everything new: a store, a table or part of one, a unit of the second section. What is inside a
//! transaction goes on; nobody waits here with a transaction of a store open, nor under the switch's lock.
//!
//! Asks at most once a second, on a connection of its own; whether to hold, `throttle` decides.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::sync::Mutex;

use super::throttle::{Hold, Limit, hold};
use crate::config::ThrottleSettings;
use crate::event::{Event, Observer};
use crate::pg::gate::{Pressure, pressure};
use crate::pg::session::{Session, Sessions};

/// Between two questions.
const EVERY: Duration = Duration::from_secs(1);
/// How soon a signal is noticed while the run holds.
const BEAT: Duration = Duration::from_millis(100);

/// Lets through or holds.
#[derive(Default)]
pub struct Gate {
    /// None: everybody passes, and nobody is asked.
    limits: Option<ThrottleSettings>,
    /// Who holds it asks; the others wait for the answer.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    session: Option<Session>,
    asked: Option<Instant>,
    last: Option<Pressure>,
    held: BTreeMap<Limit, Duration>,
    told: BTreeSet<&'static str>,
}

impl Gate {
    /// One that holds beyond these limits, and while the run is paused.
    #[must_use]
    pub fn new(limits: ThrottleSettings) -> Self {
        Self { limits: Some(limits), state: Mutex::default() }
    }

    /// How long each limit held the run.
    pub async fn held(&self) -> Vec<(Limit, Duration)> {
        self.state.lock().await.held.iter().map(|(limit, elapsed)| (*limit, *elapsed)).collect()
    }

    /// Waits until something new of this run may begin.
    ///
    /// # Errors
    /// A refusal with exit code 130 where a signal came.
    pub async fn pass(&self, sessions: &Sessions, run: &str, observer: &dyn Observer) -> Result<()> {
        sessions.check()?;
        let Some(limits) = &self.limits else { return Ok(()) };
        let mut state = self.state.lock().await;
        let (mut held, mut since): (Option<Hold>, Instant) = (None, Instant::now());
        loop {
            if state.asked.is_some_and(|asked| asked.elapsed() < EVERY) && held.is_none() {
                break;
            }
            state.asked = Some(Instant::now());
            let now = state.ask(sessions, run, observer, limits).await;
            match (held.as_ref().map(|hold| hold.limit), now) {
                (None, None) => break,
                (Some(limit), None) => {
                    state.add(limit, since.elapsed());
                    observer.notice(&Event::WentOn { limit: limit.word(), elapsed: since.elapsed() });
                    break;
                }
                (Some(limit), Some(now)) if limit == now.limit => {}
                (before, Some(now)) => {
                    if let Some(limit) = before {
                        state.add(limit, since.elapsed());
                    }
                    since = Instant::now();
                    let Hold { limit, value, reason, since } = &now;
                    observer.notice(&Event::Held { limit: limit.word(), value: *value, reason, since });
                    held = Some(now);
                }
            }
            let asked = Instant::now();
            while asked.elapsed() < EVERY {
                if let Err(interrupted) = sessions.check() {
                    state.add(held.map_or(Limit::Pause, |hold| hold.limit), since.elapsed());
                    return Err(interrupted);
                }
                tokio::time::sleep(BEAT).await;
            }
        }
        sessions.check()
    }
}

impl State {
    fn add(&mut self, limit: Limit, elapsed: Duration) {
        *self.held.entry(limit).or_default() += elapsed;
    }

    /// What holds now; nothing where the server does not answer: then the work itself will say so.
    async fn ask(
        &mut self,
        sessions: &Sessions,
        run: &str,
        observer: &dyn Observer,
        limits: &ThrottleSettings,
    ) -> Option<Hold> {
        let asked = async {
            let session = match self.session.take().filter(|session| !session.is_closed()) {
                Some(session) => session,
                None => sessions.reader().await?,
            };
            let now = pressure(self.session.insert(session), run, limits).await?;
            anyhow::Ok(now)
        };
        let now = match asked.await {
            Ok(now) => now,
            Err(error) => {
                self.session = None;
                if !sessions.is_interrupted() {
                    self.warn(observer, "unasked", &format!("the limits could not be asked for: {error:#}"));
                }
                return None;
            }
        };
        if now.lag_is_hidden {
            self.warn(observer, "max_lag", "max_lag holds nothing: this role may not see how far replicas are behind");
        }
        if now.active_is_hidden {
            self.warn(observer, "max_active", "max_active sees only a part: this role may not see who is active");
        }
        let hold = hold(limits, self.last.as_ref(), &now);
        self.last = Some(now);
        hold
    }

    /// Once.
    fn warn(&mut self, observer: &dyn Observer, what: &'static str, message: &str) {
        if self.told.insert(what) {
            observer.notice(&Event::Warned { message });
        }
    }
}
