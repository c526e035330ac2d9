//! Questions to a person, on stderr, answered on stdin.
//!
//! Whether to ask at all (`--yes`, `--no-input`) is decided by `cli`.

use std::io::{self, BufRead, IsTerminal};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::words::{Words, fill};
use super::wrap::{clean, wrap};
use super::{progress, terminal};
use crate::error::Refusal;

/// Asks for a yes, in any of our languages; anything else is a no. The last line is the question.
///
/// # Errors
/// Refuses where there is no terminal to ask on.
pub fn confirm(lines: &[String], words: &Words) -> Result<bool, Refusal> {
    let (columns, _) = terminal::stderr_size();
    let lines: Vec<String> = lines.iter().flat_map(|line| wrap(&clean(line), columns)).collect();
    let answer = asked(&format!("{} {} ", lines.join("\n"), words.yes_or_no))?;
    Ok(is_yes(&answer))
}

/// Asks to type the store's key; true where it was typed exactly.
///
/// # Errors
/// Refuses where there is no terminal to ask on.
pub fn typed(key: &str, words: &Words) -> Result<bool, Refusal> {
    let answer = asked(&format!("{} ", fill(words.type_the_key, &[&clean(key)])))?;
    Ok(answer.trim() == key.trim())
}

fn asked(question: &str) -> Result<String, Refusal> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(Refusal::new("there is no terminal to ask on").hint("pass `--yes` to go on without a question"));
    }
    let asked = Instant::now();
    let answer = progress::aside(|| {
        terminal::to_stderr(|out| write!(out, "{question}"));
        read_answer(&mut io::stdin().lock())
    });
    let waited = u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX);
    WAITED_MS.fetch_add(waited, Ordering::Relaxed);
    answer
}

/// How long people have been waited for, in milliseconds.
static WAITED_MS: AtomicU64 = AtomicU64::new(0);

/// Measures work: stands still while a person is asked.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    started: Instant,
    waited_ms: u64,
}

impl Watch {
    /// One that begins now.
    #[must_use]
    pub fn start() -> Self {
        Self { started: Instant::now(), waited_ms: WAITED_MS.load(Ordering::Relaxed) }
    }

    /// The time since, without that of questions.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        let waited = WAITED_MS.load(Ordering::Relaxed).saturating_sub(self.waited_ms);
        self.started.elapsed().saturating_sub(Duration::from_millis(waited))
    }
}

/// The end of the input is an answer too: the empty one.
fn read_answer(input: &mut dyn BufRead) -> Result<String, Refusal> {
    let mut answer = String::new();
    input
        .read_line(&mut answer)
        .map_err(|error| Refusal::new("the answer could not be read").because(error.to_string()))?;
    Ok(answer)
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes" | "s" | "si" | "sí")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_a_yes() {
        for (answer, yes) in [
            ("y\n", true),
            ("Yes\n", true),
            ("Sí\n", true),
            ("s\n", true),
            ("", false),
            ("\n", false),
            ("yellow\n", false),
        ] {
            assert_eq!(is_yes(&read_answer(&mut answer.as_bytes()).unwrap()), yes, "{answer:?}");
        }
    }
}
