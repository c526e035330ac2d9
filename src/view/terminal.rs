//! The terminal: how wide, which letters, whether colour; and the only doors to stdout and stderr.
//!
//! NO_COLOR, CLICOLOR, CLICOLOR_FORCE and TERM=dumb are anstream's business.

use std::io::{self, BufWriter, IsTerminal, Write};

use anstream::ColorChoice;

/// `--color`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ColorMode {
    /// Where a terminal shows it and the environment does not forbid it.
    #[default]
    Auto,
    /// Also in a pipe.
    Always,
    /// Never.
    Never,
}

/// Sets the colour choice of the process; call it once, before the first output.
pub fn set_color(mode: ColorMode) {
    let choice = match mode {
        ColorMode::Auto => ColorChoice::Auto,
        ColorMode::Always => ColorChoice::Always,
        ColorMode::Never => ColorChoice::Never,
    };
    choice.write_global();
}

/// Whether stdout gets colours.
#[must_use]
pub fn stdout_has_color() -> bool {
    anstream::AutoStream::choice(&io::stdout()) != ColorChoice::Never
}

/// Whether stderr gets colours.
#[must_use]
pub fn stderr_has_color() -> bool {
    anstream::AutoStream::choice(&io::stderr()) != ColorChoice::Never
}

/// Whether the locale has letters beyond ASCII: LC_ALL, else LC_CTYPE, else LANG names UTF-8.
#[must_use]
pub fn has_unicode() -> bool {
    is_utf8_locale(|name| std::env::var(name).ok())
}

fn is_utf8_locale(variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name: &&str| variable(name).is_some_and(|value| !value.is_empty());
    let Some(name) = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find(set) else { return false };
    let locale = variable(name).unwrap_or_default().to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// Columns of stdout; COLUMNS, else 80, where it is no terminal.
#[must_use]
pub fn stdout_width() -> usize {
    let columns = || std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok()).filter(|columns| *columns > 0);
    size(&io::stdout()).map(|(columns, _)| columns).or_else(columns).unwrap_or(80)
}

/// Lines of stdout, where it is a terminal.
#[must_use]
pub fn stdout_lines() -> Option<usize> {
    size(&io::stdout()).map(|(_, lines)| lines)
}

/// Columns and lines of stderr; 80 × 24 where it is no terminal.
#[must_use]
pub fn stderr_size() -> (usize, usize) {
    size(&io::stderr()).unwrap_or((80, 24))
}

/// Columns of stderr, where it is a terminal.
#[must_use]
pub fn stderr_columns() -> Option<usize> {
    size(&io::stderr()).map(|(columns, _)| columns)
}

fn size(stream: &(impl IsTerminal + rustix::fd::AsFd)) -> Option<(usize, usize)> {
    if !stream.is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(stream).ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then(|| (usize::from(size.ws_col), usize::from(size.ws_row)))
}

/// Writes to stdout in one go. A reader that has gone (`… | head`) is no error.
///
/// # Errors
/// What the stream says, a full disk for example.
pub fn to_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::new(anstream::stdout().lock());
    quietly(write(&mut out).and_then(|()| out.flush()))
}

/// Empties the screen and begins at its top, where stdout is a terminal that can.
pub fn clear_stdout() {
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    if io::stdout().is_terminal() && !is_dumb {
        let mut out = io::stdout().lock();
        let _ = out.write_all(b"\x1b[H\x1b[2J\x1b[3J").and_then(|()| out.flush());
    }
}

/// Writes to stderr; what cannot be said there cannot be said anywhere.
pub fn to_stderr(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
    let mut text = Vec::new();
    // One write, so that two processes on one terminal do not mix their lines.
    let _ = write(&mut text).and_then(|()| anstream::stderr().lock().write_all(&text));
}

fn quietly(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_locale_that_is_set_decides() {
        let of = |pairs: &'static [(&str, &str)]| {
            is_utf8_locale(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
        };
        assert!(of(&[("LANG", "es_MX.UTF-8")]));
        assert!(of(&[("LC_ALL", ""), ("LC_CTYPE", "C.utf8")]));
        assert!(!of(&[("LC_ALL", "C"), ("LANG", "es_MX.UTF-8")]));
        assert!(!of(&[]));
    }

    #[test]
    fn a_reader_that_has_gone_is_no_error() {
        assert!(quietly(Err(io::ErrorKind::BrokenPipe.into())).is_ok());
        assert!(quietly(Err(io::ErrorKind::StorageFull.into())).is_err());
    }
}
