//! The log, `-v` to `-vvv`: one more reader of the events, on stderr, in machine words in every language.
//!
//! It stands beside progress and does not replace it; bars are taken off the screen while a line is written.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::fields::{Fields, fields};
use super::wrap::clean;
use super::{progress, terminal};
use crate::event::{Event, Observer};

/// How much is logged; each has what stands before it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Detail {
    /// `-v`: runs, steps, units, waiting, stores.
    Steps,
    /// `-vv`: tables, tries for a lock, connections.
    Tables,
    /// `-vvv`: SQL, and the moments at which a test may stop.
    Statements,
}

/// What the log is like.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LogOptions {
    /// How much.
    pub detail: Detail,
    /// An object per line instead of text.
    pub json: bool,
}

/// A listener that passes everything on and logs it.
pub struct Log {
    inner: Box<dyn Observer>,
    options: LogOptions,
    /// The other listener tells warnings, as text; a second time they would only be in the way.
    warnings_are_told: bool,
}

impl Log {
    /// Beside another listener.
    #[must_use]
    pub fn beside(inner: Box<dyn Observer>, options: LogOptions, warnings_are_told: bool) -> Self {
        Self { inner, options, warnings_are_told }
    }

    fn line(&self, event: &Event<'_>, now: Timestamp) -> Option<String> {
        let (level, detail) = level(event)?;
        let is_told = matches!(event, Event::Warned { .. }) && self.warnings_are_told && !self.options.json;
        if detail > self.options.detail || is_told {
            return None;
        }
        Some(if self.options.json { json(level, fields(event), now) } else { text(level, fields(event), now) })
    }
}

impl Observer for Log {
    fn notice(&self, event: &Event<'_>) {
        self.inner.notice(event);
        if let Some(line) = self.line(event, Timestamp::now()) {
            progress::aside(|| terminal::to_stderr(|out| writeln!(out, "{line}")));
        }
    }
}

/// The level's word, and from which detail on it is logged; none: never.
fn level(event: &Event<'_>) -> Option<(&'static str, Detail)> {
    Some(match event {
        Event::Warned { .. } => ("warn", Detail::Steps),
        Event::RunStarted { .. }
        | Event::StepStarted { .. }
        | Event::StepDone { .. }
        | Event::UnitDone { .. }
        | Event::Waiting { .. }
        | Event::ProbeTried { .. }
        | Event::Budgeted { .. }
        | Event::Held { .. }
        | Event::WentOn { .. }
        | Event::StoreDone { .. } => ("info", Detail::Steps),
        Event::TableStarted { .. }
        | Event::TableAudited { .. }
        | Event::TableDone { .. }
        | Event::LockTried { .. }
        | Event::ProbeStarted { .. }
        | Event::ReadChosen { .. }
        | Event::Connected { .. }
        | Event::HostMissed { .. } => ("debug", Detail::Tables),
        Event::Statement { .. } | Event::Reached { .. } => ("trace", Detail::Statements),
        Event::TableProgress { .. } => return None,
    })
}

fn json(level: &str, fields: Fields, now: Timestamp) -> String {
    let mut object = Map::new();
    object.insert("time".to_owned(), now.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string().into());
    object.insert("level".to_owned(), level.into());
    object.insert("event".to_owned(), fields.name.into());
    object.extend(fields.facts.into_iter().map(|(name, value)| (name.to_owned(), value)));
    Value::Object(object).to_string()
}

/// `06:27:16.000 info  step_done store=4 step=copy seconds=0.412`
fn text(level: &str, fields: Fields, now: Timestamp) -> String {
    let mut line = format!("{} {level:<5} {}", now.strftime("%H:%M:%S%.3f"), fields.name);
    for (name, value) in fields.facts {
        line.push_str(&format!(" {name}={}", shown(name, &value)));
    }
    line
}

/// A value on one line, in quotes where it has spaces; SQL as it was sent, but for its line breaks.
fn shown(name: &str, value: &Value) -> String {
    match value {
        Value::String(text) if name == "sql" => clean(&text.split_whitespace().collect::<Vec<_>>().join(" ")),
        Value::String(text) => {
            let plain = !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '='));
            if plain { clean(text) } else { format!("\"{}\"", clean(text).replace('"', "\\\"")) }
        }
        Value::Number(number) if name == "seconds" => format!("{:.3}", number.as_f64().unwrap_or_default()),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::view::{Quiet, specimen};

    fn told(detail: Detail, json: bool) -> Vec<String> {
        let log = Log::beside(Box::new(Quiet { words: None }), LogOptions { detail, json }, false);
        let now = "2025-05-04T06:27:16Z".parse().unwrap();
        let mut lines = vec![];
        specimen::events(|event| lines.extend(log.line(event, now)));
        lines.extend(log.line(&Event::Statement { sql: "select\n  1" }, now));
        lines
    }

    #[test]
    fn each_v_says_more() {
        assert_eq!(
            told(Detail::Steps, false),
            [
                "06:27:16.000 info  run_started run=8f3c21aa command=migrate store_count=1",
                "06:27:16.000 info  step_started store=4 step=copy",
                "06:27:16.000 info  unit_done store=4 label=\"create index\" index=1 count=2 seconds=0.040",
                "06:27:16.000 info  step_done store=4 step=copy seconds=0.400",
                "06:27:16.000 warn  warned message=\"the disk is nearly full\"",
                "06:27:16.000 info  store_done store=4 outcome=done row_count=21486 seconds=0.500",
            ]
        );
        let tables = told(Detail::Tables, false);
        assert_eq!(tables.len(), 8);
        assert!(tables[2].ends_with("debug table_started store=4 step=copy table=logs row_count=21486"));
        assert!(told(Detail::Statements, false).last().unwrap().ends_with("trace statement sql=select 1"));
    }

    #[test]
    fn json_is_an_object_per_line() {
        let lines = told(Detail::Steps, true);
        assert_eq!(
            lines[3],
            "{\"event\":\"step_done\",\"level\":\"info\",\"seconds\":0.4,\"step\":\"copy\",\"store\":\"4\",\
             \"time\":\"2025-05-04T06:27:16.000Z\"}"
        );
    }

    #[test]
    fn a_warning_that_progress_tells_is_not_told_twice() {
        let of = |json| {
            let options = LogOptions { detail: Detail::Steps, json };
            Log::beside(Box::new(Quiet { words: None }), options, true)
        };
        let warning = Event::Warned { message: "x" };
        assert!(of(false).line(&warning, Timestamp::UNIX_EPOCH).is_none());
        assert!(of(true).line(&warning, Timestamp::UNIX_EPOCH).is_some());
    }

    #[test]
    fn a_value_stays_on_its_line() {
        assert_eq!(shown("reason", &"a \"b\"\nc".into()), "\"a \\\"b\\\"\\nc\"");
        assert_eq!(shown("seconds", &Duration::from_millis(1).as_secs_f64().into()), "0.001");
    }
}
