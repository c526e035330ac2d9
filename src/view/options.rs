//! How a page for people shall look.

use super::terminal;
use super::words::{Lang, Words};
use crate::report::Texts;

/// How a page shall look.
#[derive(Clone, Debug)]
pub struct Options {
    /// Columns at most, in text. What is copied with the mouse (URLs, commands, SQL) is never broken.
    pub width: usize,
    /// With ANSI colours, in text.
    pub color: bool,
    /// With letters beyond ASCII of our own; names are printed as they are.
    pub unicode: bool,
    /// The language.
    pub lang: Lang,
    /// IANA name of the time zone of dates; UTC where there is none.
    pub timezone: Option<String>,
    /// The title over a store's report, per language; ours where there is none.
    pub titles: Option<Texts>,
    /// ISO 4217 code of amounts in samples; none: amounts are plain numbers.
    pub currency: Option<String>,
    /// Only the statements of a plan, as a script.
    pub only_sql: bool,
    /// Lines of the screen that it shall fit on: a list of stores is cut, those that are under way first.
    pub lines: Option<usize>,
    /// Stores that a list of their metrics shows in text; the first of them.
    pub listed: Option<usize>,
}

impl Default for Options {
    /// 80 columns, no colour: what goes into a file.
    fn default() -> Self {
        Self {
            width: 80,
            color: false,
            unicode: true,
            lang: Lang::En,
            timezone: None,
            titles: None,
            currency: None,
            only_sql: false,
            lines: None,
            listed: None,
        }
    }
}

impl Options {
    /// As stdout and the locale want it; call [`terminal::set_color`] before.
    #[must_use]
    pub fn of_terminal() -> Self {
        Self {
            width: terminal::stdout_width(),
            color: terminal::stdout_has_color(),
            unicode: terminal::has_unicode(),
            ..Self::default()
        }
    }

    /// The words of its language, in letters that the reader has.
    #[must_use]
    pub fn words(&self) -> &'static Words {
        if self.unicode { self.lang.words() } else { self.lang.ascii_words() }
    }

    /// The title over a report.
    #[must_use]
    pub fn title(&self) -> &str {
        self.titles.as_ref().map_or(self.words().title, |titles| self.lang.pick(titles))
    }

    /// The same page for a file: 80 columns, no colour, all letters.
    #[must_use]
    pub fn for_file(&self) -> Self {
        Self { width: 80, color: false, unicode: true, ..self.clone() }
    }
}
