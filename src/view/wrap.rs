//! Text made safe and fitted into columns of a terminal.
//!
//! Knows widths of letters; knows neither colours nor tables.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns that a text takes on a terminal.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// A text of the database on one line: names may hold line breaks and escape sequences, and a terminal would obey.
pub(super) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() || is_invisible(c) => out.push_str(&format!("\\u{{{:x}}}", c as u32)),
            c => out.push(c),
        }
    }
    out
}

/// Letters that turn the direction of a line, or are our own marks of colour (`paint`).
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{e0000}'..='\u{e007f}')
}

/// Lines of at most `limit` columns, broken at spaces, inside a word only where it is longer than a line.
pub(super) fn wrap(text: &str, limit: usize) -> Vec<String> {
    let limit = limit.max(1);
    let mut lines = vec![];
    let mut line = String::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let space = usize::from(!line.is_empty());
        if width(&line) + space + width(word) <= limit {
            if space == 1 {
                line.push(' ');
            }
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for piece in pieces(word, limit) {
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            line = piece;
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

fn pieces(word: &str, limit: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut filled = 0;
    for c in word.chars() {
        let wide = c.width().unwrap_or(0);
        if filled + wide > limit && filled > 0 {
            pieces.push(String::new());
            filled = 0;
        }
        filled += wide;
        let end = pieces.len() - 1; // begins with one and only grows
        pieces[end].push(c);
    }
    pieces
}

/// At most `limit` columns; what is cut shows as `…` (or `~` where the terminal has no such letter).
pub(super) fn cut(text: &str, limit: usize, unicode: bool) -> String {
    if width(text) <= limit {
        return text.to_owned();
    }
    let mut out = pieces(text, limit.saturating_sub(1).max(1)).swap_remove(0);
    out.push(if unicode { '…' } else { '~' });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_whole_where_they_can() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("a_very_long_name x", 6), ["a_very", "_long_", "name x"]);
        assert_eq!(wrap("店店店", 4), ["店店", "店"]);
        assert_eq!(wrap("", 4), [""]);
    }

    #[test]
    fn a_name_cannot_command_the_terminal() {
        assert_eq!(clean("a\u{1b}[31m\nb\u{202e}"), "a\\u{1b}[31m\\nb\\u{202e}");
        assert_eq!(cut("abcdef", 4, true), "abc…");
        assert_eq!(cut("abc", 3, false), "abc");
    }
}
