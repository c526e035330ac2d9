//! How long the look for changes in several stores takes, as this run has seen it: what is known of it need not be tried
//! before each hold of the shared tables.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What the last look took.
#[derive(Clone, Copy, Debug)]
struct Look {
    row_count: u64,
    took: Duration,
}

/// The looks of a run.
#[derive(Debug, Default)]
pub struct Looks(Mutex<Option<Look>>);

impl Looks {
    /// What a look at so many rows should take: what the last one took, and more where there are more rows. None before
    /// the first one.
    #[must_use]
    pub fn expected(&self, row_count: u64) -> Option<Duration> {
        let last = (*self.0.lock().unwrap_or_else(PoisonError::into_inner))?;
        let times = row_count as f64 / last.row_count.max(1) as f64;
        Some(last.took.mul_f64(times.max(1.0)))
    }

    /// A look at so many rows took so long.
    pub fn took(&self, row_count: u64, took: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Look { row_count, took });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_rows_take_longer_and_fewer_never_less_than_the_last_look() {
        let looks = Looks::default();
        assert_eq!(looks.expected(10), None);
        looks.took(1000, Duration::from_millis(20));
        assert_eq!(looks.expected(10), Some(Duration::from_millis(20)));
        assert_eq!(looks.expected(5000), Some(Duration::from_millis(100)));
        looks.took(0, Duration::from_millis(1));
        assert_eq!(looks.expected(3), Some(Duration::from_millis(3)));
    }
}
