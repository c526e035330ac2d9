//! Progress for machines: one JSON object per line, each with `event` and `time`.
//!
//! Absent facts are absent fields; numbers are numbers, times are seconds.

use std::io::Write;
use std::sync::Mutex;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::event::{Event, Observer};
use crate::store::Store;

/// Writes events to stderr.
pub struct Lines {
    out: Mutex<Box<dyn Write + Send>>,
}

impl Lines {
    /// To stderr.
    #[must_use]
    pub fn new() -> Self {
        Self::to(Box::new(std::io::stderr()))
    }

    /// To somewhere else.
    #[must_use]
    pub fn to(out: Box<dyn Write + Send>) -> Self {
        Self { out: Mutex::new(out) }
    }
}

impl Default for Lines {
    fn default() -> Self {
        Self::new()
    }
}

impl Observer for Lines {
    fn notice(&self, event: &Event<'_>) {
        let line = line(event, &Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string());
        let mut out = self.out.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // A reader that has gone must not stop the work.
        let _ = out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush());
    }
}

fn line(event: &Event<'_>, time: &str) -> Value {
    let mut fields = Fields(Map::new());
    let name = match event {
        Event::RunStarted { run, command, store_count } => {
            fields.put("run", *run).put("command", *command).put("store_count", *store_count);
            "run_started"
        }
        Event::StepStarted { store, step } => {
            fields.store(store).put("step", step.word());
            "step_started"
        }
        Event::StepDone { store, step, elapsed } => {
            fields.store(store).put("step", step.word()).put("seconds", elapsed.as_secs_f64());
            "step_done"
        }
        Event::TableStarted { store, step, table, row_count } => {
            fields.store(store).put("step", step.word()).put("table", table.raw()).put("row_count", *row_count);
            "table_started"
        }
        Event::TableProgress { store, table, row_count, byte_count } => {
            fields.store(store).put("table", table.raw()).put("row_count", *row_count).put("byte_count", *byte_count);
            "table_progress"
        }
        Event::TableDone { store, step, table, row_count, byte_count, elapsed } => {
            fields.store(store).put("step", step.word()).put("table", table.raw());
            fields.put("row_count", *row_count).put("byte_count", *byte_count).put("seconds", elapsed.as_secs_f64());
            "table_done"
        }
        Event::UnitDone { store, label, index, count } => {
            fields.store(store).put("label", *label).put("index", *index).put("count", *count);
            "unit_done"
        }
        Event::TableAudited { table, index, count } => {
            fields.put("table", table.raw()).put("index", *index).put("count", *count);
            "table_audited"
        }
        Event::Waiting { store, reason } => {
            fields.store(store).put("reason", *reason);
            "waiting"
        }
        Event::StoreDone { store, outcome, row_count, elapsed } => {
            fields.store(store).put("outcome", outcome.word());
            fields.put("row_count", *row_count).put("seconds", elapsed.as_secs_f64());
            "store_done"
        }
        Event::Warned { message } => {
            fields.put("message", *message);
            "warned"
        }
        Event::Reached { moment, table } => {
            fields.put("moment", moment.word());
            table.iter().for_each(|table| {
                fields.put("table", table.raw());
            });
            "reached"
        }
    };
    fields.put("event", name).put("time", time);
    Value::Object(fields.0)
}

struct Fields(Map<String, Value>);

impl Fields {
    fn put(&mut self, name: &str, value: impl Into<Value>) -> &mut Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    fn store(&mut self, store: &Store) -> &mut Self {
        self.put("store", store.key.text())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::event::Step;
    use crate::ident::Ident;
    use crate::view::specimen;

    #[test]
    fn an_event_is_one_object() {
        let (store, orders) = (specimen::store(), Ident::new("orders"));
        let event = Event::TableDone {
            store: &store,
            step: Step::Copy,
            table: &orders,
            row_count: 21_486,
            byte_count: 90,
            elapsed: Duration::from_millis(250),
        };
        assert_eq!(
            line(&event, "2025-05-04T06:27:16.000Z"),
            serde_json::json!({
                "event": "table_done", "time": "2025-05-04T06:27:16.000Z", "store": "4", "step": "copy",
                "table": "orders", "row_count": 21_486, "byte_count": 90, "seconds": 0.25
            })
        );
    }
}
