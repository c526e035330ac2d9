//! A watch for work: it stands still while a person is asked.
//!
//! Whoever asks stops it; who shows a time reads it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long people have been waited for, in milliseconds.
static WAITED_MS: AtomicU64 = AtomicU64::new(0);

/// Measures a span of work.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    started: Instant,
    waited_ms: u64,
}

impl Watch {
    /// One that begins now.
    #[must_use]
    pub fn start() -> Self {
        Self { started: Instant::now(), waited_ms: WAITED_MS.load(Ordering::Relaxed) }
    }

    /// The time since, without that of questions.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        let waited = WAITED_MS.load(Ordering::Relaxed).saturating_sub(self.waited_ms);
        self.started.elapsed().saturating_sub(Duration::from_millis(waited))
    }
}

/// Stops every watch for as long as the deed takes.
pub(super) fn stopped<T>(deed: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let done = deed();
    let waited = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    WAITED_MS.fetch_add(waited, Ordering::Relaxed);
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_takes_no_time() {
        let watch = Watch::start();
        stopped(|| std::thread::sleep(Duration::from_millis(40)));
        // Only milliseconds are counted, so a part of one may be left.
        assert!(watch.elapsed() + Duration::from_millis(39) < watch.started.elapsed(), "{:?}", watch.elapsed());
    }
}
