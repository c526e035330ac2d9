//! Few colours with a meaning: green for proven, red for stops, dim for evidence.
//!
//! A tone is carried through tables as a pair of letters without width, so that widths are measured right; the last
//! step turns them into colour or into nothing.

use anstyle::{AnsiColor, Style};

/// What a piece of text means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Tone {
    /// Nothing special.
    Plain,
    /// Proven, done.
    Good,
    /// Differs, failed, stops.
    Bad,
    /// Not proven, worth a look.
    Doubt,
    /// Evidence and headers: there for who looks for it.
    Dim,
    /// Titles.
    Strong,
}

const END: char = '\u{e0060}';
const TONES: [(Tone, char); 5] = [
    (Tone::Good, '\u{e0061}'),
    (Tone::Bad, '\u{e0062}'),
    (Tone::Doubt, '\u{e0063}'),
    (Tone::Dim, '\u{e0064}'),
    (Tone::Strong, '\u{e0065}'),
];

impl Tone {
    fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Bad => AnsiColor::Red.on_default(),
            Self::Doubt => AnsiColor::Yellow.on_default(),
            Self::Dim => Style::new().dimmed(),
            Self::Strong => Style::new().bold(),
        }
    }
}

/// Marks a text with its tone.
pub(super) fn tint(tone: Tone, text: &str) -> String {
    match TONES.iter().find(|(known, _)| *known == tone) {
        Some((_, mark)) if !text.is_empty() => format!("{mark}{text}{END}"),
        _ => text.to_owned(),
    }
}

/// Turns marks into colour, or takes them away.
pub(super) fn develop(text: &str, color: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open = Style::new();
    for c in text.chars() {
        let tone = TONES.iter().find(|(_, mark)| *mark == c).map(|(tone, _)| *tone);
        match tone {
            Some(tone) if color => {
                open = tone.style();
                out.push_str(&open.render().to_string());
            }
            None if c == END && color => out.push_str(&open.render_reset().to_string()),
            Some(_) => {}
            None if c == END => {}
            None => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::wrap::width;

    #[test]
    fn a_tone_has_no_width() {
        let text = tint(Tone::Good, "equal");
        assert_eq!(width(&text), 5);
        assert_eq!(develop(&text, false), "equal");
        assert_eq!(develop(&text, true), "\u{1b}[32mequal\u{1b}[0m");
        assert_eq!(tint(Tone::Plain, "x"), "x");
    }
}
