//! One line under the total: a table of the only store, or a store of many.

use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::view::figures::{bytes, counted, grouped, per_second};
use crate::view::words::{Words, fill};
use crate::view::wrap::{clean, cut, width};

pub(super) const NAME_WIDTH: usize = 24;

/// A store, or a table of the only store.
pub(super) struct Line {
    pub(super) store: String,
    pub(super) table: String,
    pub(super) bar: ProgressBar,
    pub(super) began: Instant,
    pub(super) expected: u64,
    pub(super) rows: u64,
    pub(super) bytes: u64,
    pub(super) done: bool,
}

impl Line {
    /// Not on the page yet. Without a table it is a store.
    pub(super) fn new(store: &str, table: &str, name: &str, expected: u64, unicode: bool) -> Self {
        // Hidden until it stands on the page: it would draw itself on its own.
        let bar = ProgressBar::with_draw_target(Some(expected.max(1)), ProgressDrawTarget::hidden());
        let template = if table.is_empty() { "  {prefix} {wide_msg}" } else { "  {prefix} [{bar:16}] {wide_msg}" };
        bar.set_style(style(template).progress_chars(if unicode { "━━┄" } else { "##." }));
        let name = cut(&clean(name), NAME_WIDTH, unicode);
        bar.set_prefix(format!("{name}{}", " ".repeat(NAME_WIDTH.saturating_sub(width(&name)))));
        let (store, table, began) = (store.to_owned(), table.to_owned(), Instant::now());
        Self { store, table, bar, began, expected, rows: 0, bytes: 0, done: false }
    }

    /// Rows so far and how fast they go.
    pub(super) fn told(&self, words: &Words, room: usize) -> String {
        let rate = per_second(self.bytes, self.began.elapsed());
        let rows = match self.expected {
            0 => counted(self.rows, words.row),
            expected => fill(words.of, &[&grouped(self.rows), &counted(expected, words.row)]),
        };
        cut(&format!("{rows}, {}/s", bytes(rate)), room.saturating_sub(19), !words.ascii)
    }
}

/// A template of ours is never wrong; if it were, lines would lack their look and nothing else.
pub(super) fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

pub(super) fn ticks(unicode: bool) -> &'static [&'static str] {
    match unicode {
        true => &["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏", " "],
        false => &["-", "\\", "|", "/", " "],
    }
}
