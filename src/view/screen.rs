//! A screen of our own on the terminal, drawn over and over, and the keys that are pressed meanwhile.
//!
//! The terminal is as it was once the value is gone.

use std::io::{self, IsTerminal, Read, Write};
use std::sync::mpsc::{Receiver, channel};

use rustix::termios::{self, LocalModes, OptionalActions, SpecialCodeIndex, Termios};

use super::terminal;

/// The screen.
pub struct Screen {
    before: Option<Termios>,
    keys: Receiver<char>,
}

impl Screen {
    /// Takes the terminal; none where stdout is none, or cannot be drawn on.
    #[must_use]
    pub fn take() -> Option<Self> {
        let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        if !io::stdout().is_terminal() || is_dumb {
            return None;
        }
        let (sender, keys) = channel();
        let before = io::stdin().is_terminal().then(|| termios::tcgetattr(io::stdin()).ok()).flatten();
        if let Some(before) = &before {
            let mut single = before.clone();
            // Keys one by one and unseen; ^C stays a signal. A read ends after a tenth of a second.
            single.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
            single.special_codes[SpecialCodeIndex::VMIN] = 0;
            single.special_codes[SpecialCodeIndex::VTIME] = 1;
            let _as_it_was = termios::tcsetattr(io::stdin(), OptionalActions::Now, &single);
            std::thread::spawn(move || {
                let mut byte = [0];
                while let Ok(count) = io::stdin().lock().read(&mut byte) {
                    if count > 0 && sender.send(char::from(byte[0])).is_err() {
                        break;
                    }
                }
            });
        }
        raw("\x1b[?1049h\x1b[?25l\x1b[H\x1b[2J");
        Some(Self { before, keys })
    }

    /// Whether somebody can press keys.
    #[must_use]
    pub fn has_keys(&self) -> bool {
        self.before.is_some()
    }

    /// The next key that was pressed, if any.
    #[must_use]
    pub fn key(&self) -> Option<char> {
        self.keys.try_recv().ok()
    }

    /// Draws lines from the top, over what was there.
    pub fn draw(&self, text: &str) {
        let most = terminal::stdout_lines().unwrap_or(24);
        let lines: Vec<&str> = text.lines().take(most).collect();
        let _gone = terminal::to_stdout(|out| {
            out.write_all(b"\x1b[H")?;
            out.write_all(lines.join("\x1b[K\n").as_bytes())?;
            out.write_all(b"\x1b[K\x1b[J")
        });
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        raw("\x1b[?25h\x1b[?1049l");
        if let Some(before) = &self.before {
            let _gone = termios::tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
    }
}

/// Orders to the terminal itself, which are no colours to be taken out.
fn raw(orders: &str) {
    let mut out = io::stdout().lock();
    let _gone = out.write_all(orders.as_bytes()).and_then(|()| out.flush());
}
