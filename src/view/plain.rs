//! Progress as lines, for pipes and CI: start and end of each step and table, or with many stores of each store.
//!
//! A heartbeat tells what still runs, so that nobody takes silence for a hang.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::figures::{bytes, clock, counted, grouped, seconds};
use super::saying;
use super::words::{Words, fill};
use super::wrap::clean;
use crate::event::{Event, Observer, Step};
use crate::ident::Ident;
use crate::store::Store;

const HEARTBEAT: Duration = Duration::from_secs(30);
/// Among what runs, what keeps it from going on; no table of a store without a key.
const HELD: &str = "held";
/// Between two lines about statements of the template.
const UNIT_PACE: Duration = Duration::from_secs(1);

/// Writes lines to stderr; dropping it ends the heartbeat.
pub struct Plain {
    shared: Arc<Shared>,
    heart: Option<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    wake: Condvar,
}

struct State {
    out: Box<dyn Write + Send>,
    words: &'static Words,
    many: bool,
    /// What runs: per store key, and per table where there is one.
    running: BTreeMap<(String, String), Running>,
    /// When a statement of the template was told last.
    told_unit: Option<Instant>,
    ended: bool,
}

struct Running {
    what: String,
    expected: u64,
    row_count: u64,
}

impl Plain {
    /// For so many stores, to stderr.
    #[must_use]
    pub fn new(store_count: usize, words: &'static Words) -> Self {
        Self::to(store_count, words, HEARTBEAT, Box::new(std::io::stderr()))
    }

    /// To somewhere else, with another heartbeat.
    #[must_use]
    pub fn to(store_count: usize, words: &'static Words, heartbeat: Duration, out: Box<dyn Write + Send>) -> Self {
        let state =
            State { out, words, many: store_count > 1, running: BTreeMap::new(), told_unit: None, ended: false };
        let shared = Arc::new(Shared { state: Mutex::new(state), wake: Condvar::new() });
        let beating = Arc::clone(&shared);
        // Without the thread there is no heartbeat, and nothing else is lost.
        let heart = std::thread::Builder::new().name("heartbeat".into()).spawn(move || beating.beat(heartbeat)).ok();
        Self { shared, heart }
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.wake.notify_all();
        if let Some(heart) = self.heart.take() {
            let _ = heart.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn beat(&self, every: Duration) {
        let mut state = self.lock();
        loop {
            let waited = self.wake.wait_timeout_while(state, every, |state| !state.ended);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            if state.ended {
                return;
            }
            state.tell_running();
        }
    }
}

impl State {
    fn say(&mut self, text: &str) {
        let line = format!("{} {}\n", clock(), clean(text));
        // A reader that has gone must not stop the work.
        let _ = self.out.write_all(line.as_bytes()).and_then(|()| self.out.flush());
    }

    fn tell_running(&mut self) {
        let words = self.words;
        let told: Vec<String> = self.running.values().map(|running| running.told(words)).collect();
        told.iter().for_each(|text| self.say(&fill(words.still_running, &[text])));
    }

    fn start(&mut self, store: &Store, table: &str, what: String, expected: u64) {
        let running = Running { what, expected, row_count: 0 };
        self.running.insert((store.key.text().to_owned(), table.to_owned()), running);
    }

    fn finish(&mut self, store: &Store, table: &str) {
        self.running.remove(&(store.key.text().to_owned(), table.to_owned()));
    }

    fn take(&mut self, event: &Event<'_>) {
        let words = self.words;
        let rows = |count: u64| counted(count, words.row);
        let step_of = |store: &Store, step: Step| fill(words.step_line, &[store.key.text(), words.step_word(step)]);
        let table_of =
            |store: &Store, step, table: &Ident| fill(words.table_line, &[&step_of(store, step), table.raw()]);
        match event {
            Event::RunStarted { run, command, store_count } => {
                self.many |= *store_count > 1; // a range is one word on the command line
                let stores = counted(*store_count as u64, words.store_noun);
                self.say(&fill(words.run_line, &[run, command, &stores]));
            }
            Event::StepStarted { store, step } => {
                let what = step_of(store, *step);
                if !self.many {
                    self.say(&fill(words.step_begun, &[&what]));
                } else if !self.running.contains_key(&(store.key.text().to_owned(), String::new())) {
                    self.say(&fill(words.store_begun, &[&store.label()]));
                }
                self.start(store, "", what, 0);
            }
            Event::StepDone { store, step, elapsed } if !self.many => {
                self.finish(store, "");
                self.say(&fill(words.step_done, &[&step_of(store, *step), &seconds(*elapsed)]));
            }
            Event::TableStarted { store, step, table, row_count } => {
                let what = table_of(store, *step, table);
                // A look at both sides expects no number, and its end comes soon.
                if !self.many && *row_count > 0 {
                    self.say(&fill(words.rows_expected, &[&what, &rows(*row_count)]));
                }
                self.start(store, table.raw(), what, *row_count);
            }
            Event::TableProgress { store, table, row_count, .. } => {
                let key = (store.key.text().to_owned(), table.raw().to_owned());
                if let Some(running) = self.running.get_mut(&key) {
                    running.row_count = *row_count;
                }
            }
            Event::TableDone { store, step, table, row_count, byte_count, elapsed } => {
                self.finish(store, table.raw());
                if !self.many {
                    let (size, time) = (bytes(*byte_count), seconds(*elapsed));
                    let done = fill(words.copied_text, &[&rows(*row_count), &size, &time]);
                    self.say(&format!("{}: {done}", table_of(store, *step, table)));
                }
            }
            Event::UnitDone { store, label, index, count, .. } if !self.many => {
                let values = [store.key.text(), label, &index.to_string(), &count.to_string()];
                let text = fill(words.unit_done, &values);
                // Statements are many and quick: one a second is told, and the last.
                if index == count || self.told_unit.is_none_or(|told| told.elapsed() >= UNIT_PACE) {
                    self.told_unit = Some(Instant::now());
                    self.say(&text);
                }
            }
            Event::Waiting { store, reason } => {
                self.say(&fill(words.waiting, &[store.key.text(), &words.phrase(reason)]));
            }
            Event::Budgeted { connections } => self.say(&saying::connections(connections, words)),
            Event::Held { reason, .. } => {
                self.say(&fill(words.held_by, &[&words.phrase(reason)]));
                let what = fill(words.held_by, &[&words.phrase(reason)]);
                self.running.insert((String::new(), HELD.to_owned()), Running { what, expected: 0, row_count: 0 });
            }
            Event::WentOn { elapsed, .. } => {
                self.running.remove(&(String::new(), HELD.to_owned()));
                self.say(&fill(words.went_on, &[&seconds(*elapsed)]));
            }
            Event::TableAudited { table, index, count } => {
                let place = fill(words.of, &[&index.to_string(), &count.to_string()]);
                let what = format!("audit {} ({place})", table.raw());
                self.say(&what);
                // One after the other: the heartbeat tells the last.
                self.running.insert((String::new(), String::new()), Running { what, expected: 0, row_count: 0 });
            }
            Event::ProbeStarted { store, probe, .. } => {
                let what = fill(words.table_line, &[&step_of(store, Step::Validate), probe]);
                self.start(store, probe, what, 0);
            }
            Event::ProbeTried { store, probe, passed, seen, elapsed, .. } => {
                self.finish(store, probe);
                // Of many stores only what went wrong is told.
                if !self.many || !passed {
                    let what = fill(words.table_line, &[&step_of(store, Step::Validate), probe]);
                    let line = if *passed { words.probe_line_passed } else { words.probe_line_failed };
                    self.say(&fill(line, &[&what, &words.phrase(seen), &seconds(*elapsed)]));
                }
            }
            Event::StoreDone { store, outcome, row_count, elapsed } => {
                let key = store.key.text();
                self.running.retain(|(running, _), _| running != key);
                let (label, outcome) = (store.label(), words.outcome_word(*outcome));
                let time = seconds(*elapsed);
                // Who was only asked, or has nothing, has no rows to tell of.
                self.say(&match *row_count {
                    0 => fill(words.store_asked, &[&label, outcome, &time]),
                    count => fill(words.store_done, &[&label, outcome, &rows(count), &time]),
                });
            }
            Event::Warned { message } => self.say(&format!("{} {}", words.warning, words.phrase(message))),
            Event::StepDone { .. }
            | Event::UnitDone { .. }
            | Event::LockTried { .. }
            | Event::ReadChosen { .. }
            | Event::Connected { .. }
            | Event::HostMissed { .. }
            | Event::Statement { .. }
            | Event::Reached { .. } => {}
        }
    }
}

impl Running {
    fn told(&self, words: &Words) -> String {
        match self.expected {
            0 => self.what.clone(),
            expected => {
                let rows = fill(words.of, &[&grouped(self.row_count), &counted(expected, words.row)]);
                format!("{}, {rows}", self.what)
            }
        }
    }
}

impl Observer for Plain {
    fn notice(&self, event: &Event<'_>) {
        self.shared.lock().take(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::specimen::{self, Paper};
    use crate::view::words::Lang;

    /// Lines without their clock.
    fn told(store_count: usize, lang: Lang) -> Vec<String> {
        let paper = Paper::default();
        let plain = Plain::to(store_count, lang.words(), HEARTBEAT, Box::new(paper.clone()));
        specimen::events(|event| plain.notice(event));
        drop(plain);
        paper.text().lines().map(|line| line[9..].to_owned()).collect()
    }

    #[test]
    fn one_store_is_told_table_by_table() {
        assert_eq!(
            told(1, Lang::En),
            [
                "run 8f3c21aa: migrate, 1 store",
                "store 4 copy: started",
                "store 4 copy logs: 21,486 rows expected",
                "store 4 copy logs: 21,486 rows, 1.5 MB in 0.3 s",
                "store 4: create index (1 of 2)",
                "store 4 copy: done in 0.4 s",
                "warning: the disk is nearly full",
                "store 4 Blue Door Books: done, 21,486 rows in 0.5 s",
            ]
        );
    }

    #[test]
    fn the_same_is_told_in_spanish() {
        assert_eq!(
            told(1, Lang::Es),
            [
                "ejecución 8f3c21aa: migrate, 1 tienda",
                "tienda 4, copia: empieza",
                "tienda 4, copia de logs: se esperan 21,486 registros",
                "tienda 4, copia de logs: 21,486 registros, 1.5 MB en 0.3 s",
                "tienda 4: create index (1 de 2)",
                "tienda 4, copia: terminó en 0.4 s",
                "aviso: the disk is nearly full",
                "tienda 4 Blue Door Books: hecha, 21,486 registros en 0.5 s",
            ]
        );
    }

    #[test]
    fn many_stores_are_told_store_by_store() {
        assert_eq!(
            told(2, Lang::En)[1..],
            [
                "store 4 Blue Door Books: started",
                "warning: the disk is nearly full",
                "store 4 Blue Door Books: done, 21,486 rows in 0.5 s",
            ]
        );
    }

    #[test]
    fn a_heartbeat_tells_what_runs() {
        let paper = Paper::default();
        let plain = Plain::to(1, Lang::En.words(), Duration::from_millis(5), Box::new(paper.clone()));
        let (store, table) = (specimen::store(), crate::ident::Ident::new("logs"));
        let step = crate::event::Step::Copy;
        plain.notice(&Event::TableStarted { store: &store, step, table: &table, row_count: 21_486 });
        plain.notice(&Event::TableProgress { store: &store, table: &table, row_count: 8000, byte_count: 1 });
        let told = || paper.text().contains("still running: store 4 copy logs, 8,000 of 21,486 rows");
        for _ in 0..400 {
            if told() {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("no heartbeat: {}", paper.text());
    }
}
