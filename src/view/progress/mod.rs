//! Progress as bars on a terminal: the total first, then what runs, then what finished last.
//!
//! indicatif draws and cleans up; what a line says and how many lines there are is decided here, since a page longer
//! than the screen cannot be drawn over.

mod board;
mod line;
#[cfg(test)]
mod tests;

use std::sync::{Mutex, PoisonError};

use indicatif::{MultiProgress, ProgressDrawTarget};

use self::board::Board;
use super::terminal;
use super::words::Words;
use crate::event::{Event, Observer};

const HERTZ: u8 = 10;

/// The bars that are on the screen: there is one screen, so there is one of these.
static ON_SCREEN: Mutex<Option<MultiProgress>> = Mutex::new(None);

/// Takes the bars off the screen while something else is written or asked there. Bars stand still meanwhile.
pub(super) fn aside<T>(deed: impl FnOnce() -> T) -> T {
    let page = ON_SCREEN.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match page {
        Some(page) => page.suspend(deed),
        None => deed(),
    }
}

/// Draws bars on stderr; dropping it leaves a clean screen.
pub struct Bars {
    board: Mutex<Board>,
}

impl Bars {
    /// For so many stores, on stderr.
    #[must_use]
    pub fn new(store_count: usize, words: &'static Words) -> Self {
        let (columns, rows) = terminal::stderr_size();
        let target = ProgressDrawTarget::stderr_with_hz(HERTZ);
        let bars = Self { board: Mutex::new(Board::new(target, store_count, words, columns, rows)) };
        let page = bars.board.lock().unwrap_or_else(PoisonError::into_inner).page.clone();
        *ON_SCREEN.lock().unwrap_or_else(PoisonError::into_inner) = Some(page);
        bars
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.board.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
        *ON_SCREEN.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Observer for Bars {
    fn notice(&self, event: &Event<'_>) {
        self.board.lock().unwrap_or_else(PoisonError::into_inner).take(event);
    }
}
