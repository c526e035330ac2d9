//! Which listener a run gets.

use std::io::IsTerminal;
use std::io::stderr;

use super::lines::Lines;
use super::log::{Log, LogOptions};
use super::pause::Pause;
use super::plain::Plain;
use super::progress::Bars;
use super::terminal;
use super::words::Words;
use crate::error::Refusal;
use crate::event::{Event, Observer};
use crate::view::wrap::clean;

/// `--progress`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ProgressMode {
    /// Bars on a terminal that is not dumb, outside CI; else plain lines.
    #[default]
    Auto,
    /// Bars; plain lines where stderr is no terminal, since bars would show nothing and lose messages there.
    Bar,
    /// A line at start and end of each thing.
    Plain,
    /// An event per line, as JSON.
    Json,
    /// None; warnings are still told.
    None,
}

/// The listener for a run. `quiet` counts `-q`: with one only warnings are told, with two nothing is; the log is not
/// quietened by it. Drop it before the report is printed: bars clean up the screen, the heartbeat stops.
///
/// # Errors
/// Refuses an unknown moment in `TENANTCTL_PAUSE_AT` (see [`Pause`]).
pub fn observer(
    mode: ProgressMode,
    quiet: u8,
    log: Option<LogOptions>,
    store_count: usize,
    words: &'static Words,
) -> Result<Box<dyn Observer>, Refusal> {
    // Bars move the cursor, which a dumb terminal cannot.
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let terminal = stderr().is_terminal() && !is_dumb;
    let in_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
    let chosen: Box<dyn Observer> = match (quiet, choose(mode, terminal, in_ci)) {
        (0, Chosen::Bars) => Box::new(Bars::new(store_count, words)),
        (0, Chosen::Plain) => Box::new(Plain::new(store_count, words)),
        (0, Chosen::Lines) => Box::new(Lines::new()),
        (0 | 1, _) => Box::new(Quiet { words: Some(words) }),
        _ => Box::new(Quiet { words: None }),
    };
    let chosen: Box<dyn Observer> = match log {
        Some(options) => Box::new(Log::beside(chosen, options, quiet < 2)),
        None => chosen,
    };
    match std::env::var(super::pause::VARIABLE) {
        Ok(text) if !text.is_empty() => Ok(Box::new(Pause::new(chosen, &text)?)),
        _ => Ok(chosen),
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Chosen {
    Bars,
    Plain,
    Lines,
    None,
}

fn choose(mode: ProgressMode, terminal: bool, in_ci: bool) -> Chosen {
    match mode {
        ProgressMode::Auto if terminal && !in_ci => Chosen::Bars,
        ProgressMode::Bar if terminal => Chosen::Bars,
        ProgressMode::Auto | ProgressMode::Bar | ProgressMode::Plain => Chosen::Plain,
        ProgressMode::Json => Chosen::Lines,
        ProgressMode::None => Chosen::None,
    }
}

/// Tells warnings or nothing at all.
#[derive(Clone, Copy, Debug)]
pub struct Quiet {
    /// The words in which warnings are told; none: they are not.
    pub words: Option<&'static Words>,
}

impl Observer for Quiet {
    fn notice(&self, event: &Event<'_>) {
        if let (Some(words), Event::Warned { message }) = (self.words, event) {
            terminal::to_stderr(|out| writeln!(out, "{} {}", words.warning, clean(&words.phrase(message))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_need_a_terminal() {
        let cases = [
            (ProgressMode::Auto, true, false, Chosen::Bars),
            (ProgressMode::Auto, true, true, Chosen::Plain),
            (ProgressMode::Auto, false, false, Chosen::Plain),
            (ProgressMode::Bar, true, true, Chosen::Bars),
            (ProgressMode::Bar, false, false, Chosen::Plain),
            (ProgressMode::Json, true, false, Chosen::Lines),
            (ProgressMode::None, true, false, Chosen::None),
        ];
        for (mode, terminal, in_ci, chosen) in cases {
            assert_eq!(choose(mode, terminal, in_ci), chosen, "{mode:?} {terminal} {in_ci}");
        }
    }
}
