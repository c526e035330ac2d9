//! A page that grows downwards: headings, fields, marked lines, tables.
//!
//! Knows how things look, nothing of what they mean.

use std::io::{self, Write};

use super::Options;
use crate::view::grid::Grid;
use crate::view::paint::{Tone, develop, tint};
use crate::view::words::Words;
use crate::view::wrap::{clean, width, wrap};

/// Prose wider than this is hard to read, however wide the terminal is.
const MAX_PROSE: usize = 100;

pub(super) struct Page<'a> {
    pub(super) options: &'a Options,
    pub(super) words: &'static Words,
    lines: Vec<String>,
}

/// What stands before a line.
#[derive(Clone, Copy)]
pub(super) enum Mark {
    Good,
    Bad,
    Unknown,
    Done,
    Open,
    Note,
}

impl<'a> Page<'a> {
    pub(super) fn new(options: &'a Options) -> Self {
        Self { options, words: options.lang.words(), lines: vec![] }
    }

    /// Writes everything, with colours as the options want them.
    pub(super) fn print(self, out: &mut dyn Write) -> io::Result<()> {
        for line in &self.lines {
            writeln!(out, "{}", develop(line, self.options.color))?;
        }
        Ok(())
    }

    /// Nothing stands on it.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// An empty line, unless the page begins or has one just now.
    pub(super) fn blank(&mut self) {
        if self.lines.last().is_some_and(|line| !line.is_empty()) {
            self.lines.push(String::new());
        }
    }

    /// Text as it is: SQL.
    pub(super) fn raw(&mut self, line: &str) {
        self.lines.push(line.to_owned());
    }

    /// What a person copies: never broken.
    pub(super) fn copyable(&mut self, indent: usize, text: &str) {
        self.lines.push(format!("{}{}", " ".repeat(indent), clean(text)));
    }

    /// The title of a page, with a rule under it.
    pub(super) fn title(&mut self, text: &str) {
        self.blank();
        let lines = wrap(&self.plain(&clean(text)), self.prose());
        let longest = lines.iter().map(|line| width(line)).max().unwrap_or(0);
        lines.iter().for_each(|line| self.lines.push(tint(Tone::Strong, line)));
        let rule = self.rule().repeat(longest);
        self.lines.push(tint(Tone::Dim, &rule));
    }

    pub(super) fn heading(&mut self, text: &str) {
        self.blank();
        wrap(&clean(text), self.prose()).iter().for_each(|line| self.lines.push(tint(Tone::Strong, line)));
    }

    pub(super) fn paragraph(&mut self, indent: usize, tone: Tone, text: &str) {
        for line in wrap(&self.plain(&clean(text)), self.prose().saturating_sub(indent)) {
            self.lines.push(format!("{}{}", " ".repeat(indent), tint(tone, &line)));
        }
    }

    /// A line with a mark; what is too long hangs under its own beginning.
    pub(super) fn marked(&mut self, indent: usize, mark: Mark, text: &str) {
        let (sign, tone) = self.sign(mark);
        let hang = indent + width(sign) + 1;
        for (index, line) in wrap(&self.plain(&clean(text)), self.prose().saturating_sub(hang)).iter().enumerate() {
            match index {
                0 => self.lines.push(format!("{}{} {line}", " ".repeat(indent), tint(tone, sign))),
                _ => self.lines.push(format!("{}{line}", " ".repeat(hang))),
            }
        }
    }

    /// Labels and values, one under the other. A value that is one word (a URL, a name) is copied, so it stays whole.
    pub(super) fn fields(&mut self, tone: Tone, fields: &[(&str, String)]) {
        let label_width = fields.iter().map(|(label, _)| width(label)).max().unwrap_or(0);
        let indent = 2 + label_width + 2;
        for (label, value) in fields {
            let gap = " ".repeat(label_width - width(label) + 2);
            let value = self.plain(&clean(value));
            let room = if value.contains(' ') { self.prose().saturating_sub(indent) } else { usize::MAX };
            for (index, line) in wrap(&value, room).iter().enumerate() {
                let line = tint(tone, line);
                match index {
                    0 => self.lines.push(format!("  {}{gap}{line}", tint(Tone::Dim, label))),
                    _ => self.lines.push(format!("{}{line}", " ".repeat(indent))),
                }
            }
        }
    }

    pub(super) fn grid(&mut self, indent: usize, grid: &Grid) {
        let lines = grid.lines(self.options.width.saturating_sub(indent), self.rule());
        lines.iter().for_each(|line| self.lines.push(format!("{}{line}", " ".repeat(indent))));
    }

    /// The letters of a mark, as the terminal can show them.
    pub(super) fn sign(&self, mark: Mark) -> (&'static str, Tone) {
        match (mark, self.options.unicode) {
            (Mark::Good, true) => ("✓", Tone::Good),
            (Mark::Good, false) => ("ok", Tone::Good),
            (Mark::Bad, true) => ("✗", Tone::Bad),
            (Mark::Bad, false) => ("FAIL", Tone::Bad),
            (Mark::Unknown, true) => ("–", Tone::Doubt),
            (Mark::Unknown, false) => ("-", Tone::Doubt),
            (Mark::Done, _) => ("[x]", Tone::Good),
            (Mark::Open, _) => ("[ ]", Tone::Plain),
            (Mark::Note, true) => ("•", Tone::Dim),
            (Mark::Note, false) => ("*", Tone::Dim),
        }
    }

    /// Our own dots and arrows, where the terminal has none.
    pub(super) fn plain(&self, text: &str) -> String {
        match self.options.unicode {
            true => text.to_owned(),
            false => text.replace('…', "...").replace('→', "->").replace('·', "-"),
        }
    }

    fn rule(&self) -> &'static str {
        if self.options.unicode { "─" } else { "-" }
    }

    fn prose(&self) -> usize {
        self.options.width.min(MAX_PROSE)
    }
}
