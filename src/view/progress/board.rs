//! What the bars say: the total, the lines under it, and how many lines the screen can hold.
//!
//! Reads events; drawing and the screen's size are given.

use std::collections::VecDeque;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget};

use super::line::{Line, NAME_WIDTH, style, ticks};
use crate::event::{Event, Step};
use crate::ident::Ident;
use crate::report::Outcome;
use crate::stage::Stage;
use crate::store::Store;
use crate::view::figures::counted;
use crate::view::figures::{bytes, grouped, per_second, seconds};
use crate::view::watch::Watch;
use crate::view::words::{Words, fill};
use crate::view::wrap::{clean, cut};

pub(super) struct Board {
    pub(super) page: MultiProgress,
    pub(super) total: ProgressBar,
    pub(super) lines: VecDeque<Line>,
    many: bool,
    words: &'static Words,
    columns: usize,
    max_lines: usize,
    store_count: usize,
    stores_done: usize,
    failed: usize,
    tables_done: u64,
    row_count: u64,
    byte_count: u64,
    step: Option<Step>,
    held: Option<String>,
    began: Watch,
}

impl Board {
    /// An empty one; the total shows from the beginning.
    pub(super) fn new(
        target: ProgressDrawTarget,
        store_count: usize,
        words: &'static Words,
        columns: usize,
        rows: usize,
    ) -> Self {
        let page = MultiProgress::with_draw_target(target);
        let total = page.add(ProgressBar::new_spinner());
        total.set_style(style("{spinner} {wide_msg}").tick_strings(ticks(!words.ascii)));
        total.enable_steady_tick(Duration::from_millis(120));
        Self {
            page,
            total,
            lines: VecDeque::new(),
            many: store_count > 1,
            words,
            columns,
            // One for the total, one for the cursor, one of peace.
            max_lines: rows.saturating_sub(3).max(1),
            store_count,
            stores_done: 0,
            failed: 0,
            tables_done: 0,
            row_count: 0,
            byte_count: 0,
            step: None,
            held: None,
            began: Watch::start(),
        }
    }

    /// Leaves a clean screen.
    pub(super) fn clear(&mut self) {
        self.lines.iter().for_each(|line| line.bar.finish_and_clear());
        self.total.finish_and_clear();
        let _ = self.page.clear();
    }

    /// Takes an event in and draws.
    pub(super) fn take(&mut self, event: &Event<'_>) {
        match event {
            Event::RunStarted { store_count, .. } => {
                self.began = Watch::start();
                self.store_count = *store_count;
                self.many |= *store_count > 1; // a range is one word on the command line
            }
            Event::StepStarted { store, step } => self.step_started(store, *step),
            Event::TableStarted { store, step, table, row_count } => {
                self.step = Some(*step);
                self.table_started(store, table, *row_count);
            }
            Event::TableProgress { store, table, row_count, byte_count } => {
                self.progress(store, table, *row_count, *byte_count);
            }
            Event::TableDone { store, table, row_count, byte_count, .. } => {
                self.progress(store, table, *row_count, *byte_count);
                self.table_done(store, table);
            }
            Event::UnitDone { store, label, index, count, .. } => {
                let place = fill(self.words.of, &[&index.to_string(), &count.to_string()]);
                self.message(store, &format!("{label} ({place})"));
            }
            Event::ProbeStarted { store, probe, .. } => {
                let step = self.words.step_word(Step::Validate);
                self.message(store, &fill(self.words.table_line, &[step, probe]));
            }
            Event::Waiting { store, reason } => self.message(store, &self.words.phrase(reason)),
            Event::Held { reason, .. } => self.held = Some(fill(self.words.held_by, &[&self.words.phrase(reason)])),
            Event::WentOn { .. } => self.held = None,
            Event::StoreDone { store, outcome, row_count, .. } => self.store_done(store, *outcome, *row_count),
            Event::Warned { message } => {
                let text = clean(&self.words.phrase(message));
                let _ = self.page.println(format!("{} {text}", self.words.warning));
            }
            Event::TableAudited { table, index, count } => {
                let place = fill(self.words.of, &[&index.to_string(), &count.to_string()]);
                let text = format!("audit {} ({place})", table.raw());
                self.total.set_message(cut(&clean(&text), self.columns.saturating_sub(3), !self.words.ascii));
                return;
            }
            // The log's business, and nothing to draw anew for.
            Event::LockTried { .. }
            | Event::ProbeTried { .. }
            | Event::Budgeted { .. }
            | Event::ReadChosen { .. }
            | Event::Connected { .. }
            | Event::HostMissed { .. }
            | Event::Statement { .. }
            | Event::Reached { .. } => return,
            // Among many a store may wait for the others now; what it did last is done.
            Event::StepDone { store, step, .. } => {
                if let (true, Some(stage)) = (self.many, stage_after(*step)) {
                    self.message(store, self.words.stage_word(stage));
                }
            }
        }
        self.draw_total();
    }

    fn step_started(&mut self, store: &Store, step: Step) {
        self.step = Some(step);
        self.tables_done = 0;
        if self.many {
            if self.find(store.key.text(), "").is_none() {
                self.open(store.key.text(), "", &store.label(), 0);
            }
            self.message(store, self.words.step_word(step));
        } else {
            // Another step reads the same tables again.
            while let Some(line) = self.lines.pop_front() {
                self.close(&line);
            }
            (self.row_count, self.byte_count) = (0, 0);
        }
    }

    fn table_started(&mut self, store: &Store, table: &Ident, expected: u64) {
        if self.many {
            if let Some(line) = self.find(store.key.text(), "") {
                line.expected += expected;
            }
        } else {
            self.open(store.key.text(), table.raw(), table.raw(), expected);
        }
    }

    /// Rows and bytes of a table so far.
    fn progress(&mut self, store: &Store, table: &Ident, rows: u64, bytes: u64) {
        if self.many {
            // A store's line says which table; its rows are told when the table is done.
            let step = self.step.map_or("", |step| self.words.step_word(step));
            let doing = fill(self.words.table_line, &[step, table.raw()]);
            self.message(store, &format!("{doing}{}{}", self.dot(), counted(rows, self.words.row)));
            return;
        }
        let (room, words) = (self.room(), self.words);
        let Some(line) = self.find(store.key.text(), table.raw()) else { return };
        let (more_rows, more_bytes) = (rows.saturating_sub(line.rows), bytes.saturating_sub(line.bytes));
        (line.rows, line.bytes) = (line.rows.max(rows), line.bytes.max(bytes));
        line.bar.set_position(line.rows);
        line.bar.set_message(line.told(words, room));
        self.row_count += more_rows;
        self.byte_count += more_bytes;
    }

    fn table_done(&mut self, store: &Store, table: &Ident) {
        self.tables_done += 1;
        if self.many {
            return;
        }
        let words = self.words;
        let Some(line) = self.find(store.key.text(), table.raw()) else { return };
        line.done = true;
        line.bar.set_length(line.rows.max(1));
        line.bar.set_position(line.rows.max(1));
        let parts = [counted(line.rows, words.row), bytes(line.bytes), seconds(line.began.elapsed())];
        line.bar.set_message(fill(words.copied_text, &parts.each_ref().map(String::as_str)));
    }

    fn store_done(&mut self, store: &Store, outcome: Outcome, rows: u64) {
        self.stores_done += 1;
        if self.many {
            self.row_count += rows;
        }
        self.failed += usize::from(!matches!(outcome, Outcome::Done));
        let text = [self.words.outcome_word(outcome), self.dot(), &counted(rows, self.words.row)].concat();
        self.message(store, &text);
        let key = store.key.text().to_owned();
        let Some(index) = self.lines.iter().position(|line| line.store == key && line.table.is_empty()) else { return };
        // What is finished moves down, so that what runs stays at the top.
        if let Some(mut line) = self.lines.remove(index) {
            line.done = true;
            self.page.remove(&line.bar);
            let last_running = self.lines.iter().rposition(|line| !line.done);
            let place = last_running.map_or(0, |index| index + 1);
            line.bar = self.page.insert(place + 1, line.bar);
            line.bar.tick();
            self.lines.insert(place, line);
        }
    }

    fn message(&mut self, store: &Store, text: &str) {
        let room = self.room();
        let unicode = !self.words.ascii;
        if let Some(line) = self.find(store.key.text(), "") {
            line.bar.set_message(cut(&clean(text), room, unicode));
        } else if !self.many {
            let text = format!("{}{}{text}", store.label(), self.dot());
            self.total.set_message(cut(&clean(&text), self.columns.saturating_sub(3), unicode));
        }
    }

    /// A new line under the running ones; the screen has an end.
    fn open(&mut self, store: &str, table: &str, name: &str, expected: u64) {
        while self.lines.len() >= self.max_lines {
            let Some(index) = self.lines.iter().rposition(|line| line.done) else { return };
            if let Some(line) = self.lines.remove(index) {
                self.close(&line);
            }
        }
        let place = self.lines.iter().rposition(|line| !line.done).map_or(0, |index| index + 1);
        let line = Line::new(store, table, name, expected, !self.words.ascii);
        self.page.insert(place + 1, line.bar.clone());
        line.bar.tick();
        self.lines.insert(place, line);
    }

    fn close(&self, line: &Line) {
        line.bar.finish_and_clear();
        self.page.remove(&line.bar);
    }

    fn find(&mut self, store: &str, table: &str) -> Option<&mut Line> {
        self.lines.iter_mut().find(|line| line.store == store && line.table == table)
    }

    /// What is left of a line behind the name.
    fn room(&self) -> usize {
        self.columns.saturating_sub(NAME_WIDTH + 4)
    }

    fn draw_total(&mut self) {
        let elapsed = self.began.elapsed();
        let words = self.words;
        let rows = counted(self.row_count, words.row);
        let rate = format!("{} {}/s", grouped(per_second(self.row_count, elapsed)), words.row.1);
        let mut parts = if self.many {
            let all = counted(self.store_count as u64, words.store_noun);
            vec![fill(words.of, &[&grouped(self.stores_done as u64), &all])]
        } else {
            let step = words.step_word(self.step.unwrap_or(Step::Plan));
            let tables = (self.tables_done > 0).then(|| counted(self.tables_done, words.table_noun));
            std::iter::once(step.to_owned()).chain(tables).collect()
        };
        if self.failed > 0 {
            parts.push(fill(words.failed_count, &[&self.failed.to_string()]));
        }
        // A plan, and a switch, have no rows to tell of.
        if self.row_count > 0 || self.tables_done > 0 {
            parts.extend([rows, rate]);
        }
        if self.byte_count > 0 {
            parts.push(format!("{}/s", bytes(per_second(self.byte_count, elapsed))));
        }
        parts.push(seconds(elapsed));
        if let Some(held) = &self.held {
            parts.insert(1, clean(held)); // where a narrow screen does not cut it off
        }
        let text = parts.join(self.dot());
        self.total.set_message(cut(&text, self.columns.saturating_sub(3), !words.ascii));
    }

    fn dot(&self) -> &'static str {
        if self.words.ascii { " - " } else { " · " }
    }
}

/// Where a step leads; the last ones end the store's line.
fn stage_after(step: Step) -> Option<Stage> {
    match step {
        Step::Plan => Some(Stage::Planned),
        Step::Create => Some(Stage::Created),
        Step::Copy => Some(Stage::Copied),
        Step::Verify => Some(Stage::Verified),
        Step::Switch | Step::Validate | Step::Reverse | Step::Abandon | Step::Backup | Step::Restore => None,
    }
}
