//! Which stores come next: the canaries alone, then waves; again what failed by something that may pass; none any more
//! once too many failed, a canary did, or the time is up.
//!
//! Knows no store but by its place in the list, and no clock but what it is told.

use std::collections::VecDeque;
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use jiff::Timestamp;

/// The longest wait before stores are tried again.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How a run over several stores goes about it.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Stores that are worked on at once.
    pub jobs: NonZeroUsize,
    /// Stores that are copied together.
    pub wave: NonZeroUsize,
    /// So many stores must end well before the others begin; 0: none.
    pub canary: usize,
    /// After so many failures no further store is begun; none: however many.
    pub max_failures: Option<NonZeroU32>,
    /// How often a store is tried again after what may pass.
    pub retries: u32,
    /// No store is begun from then on.
    pub until: Option<Timestamp>,
}

/// How a store's try ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ending {
    /// It is where it should be.
    Well,
    /// It is not.
    Failed,
    /// It is not, by what may pass and is its own affair: a deadlock.
    MayPass,
    /// The connection was lost, which may pass too; if it does not, no store gets further.
    Lost,
    /// It is not, by what would keep out the others too: a refused password, a signal.
    EndsAll,
}

/// Why no further store is begun.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Halt {
    /// A canary did not end well: its place.
    Canary(usize),
    /// As many failed as were allowed.
    Failures(u32),
    /// `--until`.
    Time(Timestamp),
    /// What ended one would end them all.
    Ended,
}

/// Stores that are worked on together.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wave {
    /// Their places in the list.
    pub stores: Vec<usize>,
    /// How long to wait before.
    pub pause: Duration,
}

/// What is still to be done.
#[derive(Debug)]
pub struct Schedule {
    policy: Policy,
    canaries: VecDeque<usize>,
    waiting: VecDeque<usize>,
    again: Vec<usize>,
    tries: Vec<u32>,
    failures: u32,
    is_canary: Vec<bool>,
    halt: Option<Halt>,
}

impl Schedule {
    /// For stores in this order of places.
    #[must_use]
    pub fn new(policy: Policy, order: &[usize]) -> Self {
        let count = order.len();
        let canary = if policy.canary < count { policy.canary } else { 0 }; // all of them: nobody waits for them
        let (canaries, waiting) = order.split_at(canary);
        let mut is_canary = vec![false; order.iter().max().map_or(0, |last| last + 1)];
        canaries.iter().for_each(|at| is_canary[*at] = true);
        Self {
            policy,
            canaries: canaries.iter().copied().collect(),
            waiting: waiting.iter().copied().collect(),
            again: Vec::new(),
            tries: vec![0; is_canary.len()],
            failures: 0,
            is_canary,
            halt: None,
        }
    }

    /// The next stores, none when all is done or no more may be begun.
    pub fn next_wave(&mut self, now: Timestamp) -> Option<Wave> {
        self.look_at(now);
        if self.halt.is_some() {
            return None;
        }
        let canary_again = self.again.iter().any(|at| self.is_canary[*at]);
        let room = self.policy.wave.get();
        let queue = if self.canaries.is_empty() { &mut self.waiting } else { &mut self.canaries };
        if !queue.is_empty() && !canary_again {
            let stores = queue.drain(..room.min(queue.len())).collect();
            return Some(Wave { stores, pause: Duration::ZERO });
        }
        if self.again.is_empty() {
            return None;
        }
        let stores: Vec<usize> = self.again.drain(..room.min(self.again.len())).collect();
        let tries = stores.iter().map(|at| self.tries[*at]).max().unwrap_or(1);
        let pause = Duration::from_secs(1 << tries.saturating_sub(1).min(5)).min(LONGEST_PAUSE);
        Some(Wave { stores, pause })
    }

    /// How a store ended. Whether that is the last word on it: otherwise it is tried again.
    pub fn tell(&mut self, store: usize, ending: Ending) -> bool {
        if ending == Ending::Well {
            return true;
        }
        let may_pass = matches!(ending, Ending::MayPass | Ending::Lost);
        if may_pass && self.tries[store] < self.policy.retries && self.halt.is_none() {
            self.tries[store] += 1;
            self.again.push(store);
            return false;
        }
        self.failures += 1;
        if matches!(ending, Ending::EndsAll | Ending::Lost) {
            self.halt.get_or_insert(Halt::Ended);
        }
        if self.is_canary[store] {
            self.halt.get_or_insert(Halt::Canary(store));
        }
        if self.policy.max_failures.is_some_and(|most| self.failures >= most.get()) {
            self.halt.get_or_insert(Halt::Failures(self.failures));
        }
        true
    }

    fn look_at(&mut self, now: Timestamp) {
        if let Some(until) = self.policy.until.filter(|until| now >= *until) {
            self.halt.get_or_insert(Halt::Time(until));
        }
    }

    /// Whether a store may still be begun.
    pub fn may_begin(&mut self, now: Timestamp) -> bool {
        self.look_at(now);
        self.halt.is_none()
    }

    /// Why no more are begun.
    #[must_use]
    pub fn halt(&self) -> Option<Halt> {
        self.halt
    }

    /// Gives a store of the present wave back that was not begun.
    pub fn put_back(&mut self, store: usize) {
        self.waiting.push_back(store);
    }

    /// The stores that were not begun, or not tried again.
    #[must_use]
    pub fn left(&self) -> Vec<usize> {
        let mut left: Vec<usize> = self.canaries.iter().chain(&self.waiting).chain(&self.again).copied().collect();
        left.sort_unstable();
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn policy() -> Policy {
        let two = NonZeroUsize::new(2).unwrap();
        Policy { jobs: two, wave: two, canary: 0, max_failures: None, retries: 0, until: None }
    }

    fn next(schedule: &mut Schedule) -> Option<Vec<usize>> {
        schedule.next_wave(NOW).map(|wave| wave.stores)
    }

    #[test]
    fn stores_come_in_waves_in_their_order() {
        let mut schedule = Schedule::new(policy(), &[3, 1, 0, 2, 4]);
        assert_eq!(schedule.left(), [0, 1, 2, 3, 4]);
        assert_eq!(next(&mut schedule), Some(vec![3, 1]));
        schedule.tell(3, Ending::Failed);
        assert_eq!(next(&mut schedule), Some(vec![0, 2]));
        assert_eq!(next(&mut schedule), Some(vec![4]));
        assert_eq!((next(&mut schedule), schedule.halt()), (None, None));
    }

    #[test]
    fn canaries_go_alone_and_one_that_fails_holds_the_others_back() {
        let of = Policy { canary: 1, ..policy() };
        let mut schedule = Schedule::new(of, &[5, 6, 7]);
        assert_eq!(next(&mut schedule), Some(vec![5]));
        schedule.tell(5, Ending::Well);
        assert_eq!(next(&mut schedule), Some(vec![6, 7]));
        let mut schedule = Schedule::new(of, &[5, 6, 7]);
        next(&mut schedule);
        schedule.tell(5, Ending::Failed);
        assert_eq!((next(&mut schedule), schedule.halt()), (None, Some(Halt::Canary(5))));
        assert_eq!(schedule.left(), [6, 7]);
    }

    #[test]
    fn what_may_pass_comes_again_after_a_pause_and_not_for_ever() {
        let mut schedule = Schedule::new(Policy { retries: 2, canary: 1, ..policy() }, &[0, 1]);
        assert_eq!(next(&mut schedule), Some(vec![0]));
        assert!(!schedule.tell(0, Ending::Lost));
        assert_eq!(schedule.next_wave(NOW), Some(Wave { stores: vec![0], pause: Duration::from_secs(1) }));
        assert!(!schedule.tell(0, Ending::MayPass));
        assert_eq!(schedule.next_wave(NOW).unwrap().pause, Duration::from_secs(2));
        assert!(schedule.tell(0, Ending::Lost));
        assert_eq!((next(&mut schedule), schedule.halt()), (None, Some(Halt::Ended)));
    }

    #[test]
    fn too_many_failures_and_the_time_end_it() {
        let mut schedule = Schedule::new(Policy { max_failures: NonZeroU32::new(2), ..policy() }, &[0, 1, 2]);
        next(&mut schedule);
        assert!(schedule.tell(0, Ending::Failed) && schedule.may_begin(NOW));
        schedule.tell(1, Ending::Failed);
        assert_eq!((schedule.may_begin(NOW), schedule.halt()), (false, Some(Halt::Failures(2))));
        assert_eq!(schedule.left(), [2]);
        let until = NOW + Duration::from_secs(60);
        let mut schedule = Schedule::new(Policy { until: Some(until), ..policy() }, &[0, 1, 2]);
        assert!(next(&mut schedule).is_some());
        assert_eq!((schedule.next_wave(until), schedule.halt()), (None, Some(Halt::Time(until))));
    }
}
