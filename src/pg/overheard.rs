//! The statements that are sent, overheard from the driver's own log. Of those that go out in one round trip the log says
//! nothing: who sends one tells of it.
//!
//! Values that are bound are not in it, secrets that stand in a statement are masked. Nothing is overheard until
//! somebody asks for it.

use std::sync::{Mutex, PoisonError, Weak};

use log::{LevelFilter, Log, Metadata, Record};

use crate::conninfo::mask_statement;
use crate::event::{Event, Observer};

/// How tokio-postgres 0.7 begins a line about SQL; the name of a prepared statement ends with the next colon.
const SENT: [(&str, bool); 3] =
    [("preparing query ", true), ("executing simple query: ", false), ("executing statement batch: ", false)];

struct Ear(Mutex<Option<Weak<dyn Observer>>>);

static EAR: Ear = Ear(Mutex::new(None));

/// From now on the observer is told of each statement, as long as it is there.
pub fn listen(observer: Weak<dyn Observer>) {
    *EAR.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(observer);
    if log::set_logger(&EAR).is_ok() {
        log::set_max_level(LevelFilter::Debug);
    }
}

/// A statement of which the driver's log says nothing is sent.
pub(super) fn sent(sql: &str) {
    if log::max_level() >= LevelFilter::Debug {
        EAR.tell(sql);
    }
}

impl Ear {
    fn tell(&self, sql: &str) {
        let observer = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().and_then(Weak::upgrade);
        if let Some(observer) = observer {
            observer.notice(&Event::Statement { sql: &mask_statement(sql) });
        }
    }
}

impl Log for Ear {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("tokio_postgres")
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        if let Some(sql) = sql_of(&record.args().to_string()) {
            self.tell(sql);
        }
    }

    fn flush(&self) {}
}

fn sql_of(line: &str) -> Option<&str> {
    SENT.iter().find_map(|(beginning, is_named)| {
        let rest = line.strip_prefix(beginning)?;
        if *is_named { rest.split_once(": ").map(|(_, sql)| sql) } else { Some(rest) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_sent_is_told() {
        assert_eq!(sql_of("preparing query s12: select a::text from b"), Some("select a::text from b"));
        assert_eq!(sql_of("preparing query s1 with types [Int8]: select $1"), Some("select $1"));
        assert_eq!(sql_of("executing statement batch: begin; rollback"), Some("begin; rollback"));
        assert_eq!(sql_of("executing statement s12 with parameters: [\"secret\"]"), None);
        assert_eq!(sql_of("executing copy in statement s3"), None);
    }
}
