//! Stops the process at a named moment. For tests: they kill it there, cut its connection, or change rows under it.
//!
//! `TENANTCTL_PAUSE_AT=<moment>[:<table>]`. The line `paused at <moment>[:<table>]` on stderr says that it stands.

use super::terminal;
use crate::error::Refusal;
use crate::event::{Event, Moment, Observer};

/// The environment variable that names the moment.
pub const VARIABLE: &str = "TENANTCTL_PAUSE_AT";

/// A listener that stands still at one moment, for ever; until then it passes everything on.
pub struct Pause {
    inner: Box<dyn Observer>,
    moment: Moment,
    table: Option<String>,
}

impl Pause {
    /// `text` is the variable's value: `half_sent` or `half_sent:orders`.
    ///
    /// # Errors
    /// Refuses an unknown moment and lists those that there are.
    pub fn new(inner: Box<dyn Observer>, text: &str) -> Result<Self, Refusal> {
        let (word, table) = match text.split_once(':') {
            Some((word, table)) => (word, Some(table.to_owned())),
            None => (text, None),
        };
        let Some(moment) = Moment::ALL.into_iter().find(|moment| moment.word() == word) else {
            let words: Vec<&str> = Moment::ALL.iter().map(|moment| moment.word()).collect();
            return Err(Refusal::new(format!("`{word}` in {VARIABLE} is no moment"))
                .because(format!("the moments are {}", words.join(", "))));
        };
        Ok(Self { inner, moment, table })
    }

    fn stands_at(&self, event: &Event<'_>) -> bool {
        let Event::Reached { moment, table } = event else { return false };
        let same_table = self.table.is_none() || self.table.as_deref() == table.map(|table| table.raw());
        *moment == self.moment && same_table
    }
}

impl Observer for Pause {
    fn notice(&self, event: &Event<'_>) {
        self.inner.notice(event);
        if !self.stands_at(event) {
            return;
        }
        let table = self.table.as_ref().map_or_else(String::new, |table| format!(":{table}"));
        terminal::to_stderr(|out| writeln!(out, "paused at {}{table}", self.moment.word()));
        loop {
            std::thread::park(); // may wake without a reason
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ident::Ident;
    use crate::view::Quiet;

    fn pause(text: &str) -> Result<Pause, Refusal> {
        Pause::new(Box::new(Quiet { words: None }), text)
    }

    #[test]
    fn it_stands_at_its_moment_and_table_only() {
        let orders = Ident::new("orders");
        let half = Event::Reached { moment: Moment::HalfSent, table: Some(&orders) };
        assert!(pause("half_sent").unwrap().stands_at(&half));
        assert!(pause("half_sent:orders").unwrap().stands_at(&half));
        assert!(!pause("half_sent:users").unwrap().stands_at(&half));
        assert!(!pause("copy_done").unwrap().stands_at(&half));
    }

    #[test]
    fn an_unknown_moment_is_refused_with_the_list() {
        let refusal = pause("half_way").err().unwrap();
        assert!(refusal.because.unwrap().contains("schema_committed, before_first_byte"));
    }
}
