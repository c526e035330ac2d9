//! Progress for machines: one JSON object per line, each with `event` and `time`; the facts are those of `fields`.

use std::io::Write;
use std::sync::Mutex;

use jiff::Timestamp;
use serde_json::Value;

use super::fields::{Fields, fields};
use crate::event::{Event, Observer};

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
        let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        let Some(line) = line(event, &now) else { return };
        let mut out = self.out.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // A reader that has gone must not stop the work.
        let _ = out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush());
    }
}

/// None: SQL is for the log only.
fn line(event: &Event<'_>, time: &str) -> Option<Value> {
    if matches!(event, Event::Statement { .. }) {
        return None;
    }
    let Fields { name, facts } = fields(event);
    let facts = facts.into_iter().map(|(name, value)| (name.to_owned(), value));
    let whole = facts.chain([("event".to_owned(), name.into()), ("time".to_owned(), time.into())]);
    Some(Value::Object(whole.collect()))
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
            line(&event, "2025-05-04T06:27:16.000Z").unwrap(),
            serde_json::json!({
                "event": "table_done", "time": "2025-05-04T06:27:16.000Z", "store": "4", "step": "copy",
                "table": "orders", "row_count": 21_486, "byte_count": 90, "seconds": 0.25
            })
        );
    }
}
