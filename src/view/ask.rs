//! Questions to a person, on stderr, answered on stdin.
//!
//! Whether to ask at all (`--yes`, `--no-input`) is decided by `cli`.

use std::io::{self, BufRead, IsTerminal};

use super::words::{Words, fill};
use super::wrap::{clean, wrap};
use super::{progress, terminal, watch};
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
    watch::stopped(|| {
        progress::aside(|| {
            terminal::to_stderr(|out| write!(out, "{question}"));
            read_answer(&mut io::stdin().lock())
        })
    })
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
