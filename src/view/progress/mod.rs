//! Progress as bars on a terminal: the total first, then what runs, then what finished last.
//!
//! indicatif draws and cleans up; what a line says and how many lines there are is decided here, since a page longer
//! than the screen cannot be drawn over.

mod board;
mod line;
#[cfg(test)]
mod tests;

use std::sync::{Mutex, PoisonError};

use indicatif::ProgressDrawTarget;

use self::board::Board;
use super::terminal;
use crate::event::{Event, Observer};

const HERTZ: u8 = 10;

/// Draws bars on stderr; dropping it leaves a clean screen.
pub struct Bars {
    board: Mutex<Board>,
}

impl Bars {
    /// For so many stores, on stderr.
    #[must_use]
    pub fn new(store_count: usize) -> Self {
        let (columns, rows) = terminal::stderr_size();
        Self::on(ProgressDrawTarget::stderr_with_hz(HERTZ), store_count, columns, rows)
    }

    /// On a given target.
    #[must_use]
    pub fn on(target: ProgressDrawTarget, store_count: usize, columns: usize, rows: usize) -> Self {
        Self { board: Mutex::new(Board::new(target, store_count, columns, rows)) }
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.board.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Observer for Bars {
    fn notice(&self, event: &Event<'_>) {
        self.board.lock().unwrap_or_else(PoisonError::into_inner).take(event);
    }
}
