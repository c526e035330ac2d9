//! A page that grows downwards: headings, fields, marked lines, tables, charts.
//!
//! Knows what stands on it, nothing of what that means; how it looks is decided by its printers.

mod chart;
mod html;
mod markdown;
mod plain;

use std::io::{self, Write};

pub(super) use self::chart::{Bar, Figure, Part, Tile};
use super::grid::Grid;
use super::options::Options;
use super::paint::Tone;
use super::words::Words;
use super::wrap::clean;

/// A page.
pub(super) struct Page<'a> {
    pub(super) options: &'a Options,
    pub(super) words: &'static Words,
    blocks: Vec<Block>,
}

/// What stands before a line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Mark {
    Good,
    Bad,
    Unknown,
    Done,
    Open,
    Note,
}

/// A thing on the page. Texts are already made safe for one line.
#[derive(Debug)]
enum Block {
    Blank,
    Title(String),
    Heading(String),
    Sub(Option<Mark>, String),
    Paragraph {
        indent: usize,
        tone: Tone,
        text: String,
    },
    Marked {
        indent: usize,
        mark: Mark,
        text: String,
    },
    Fields {
        tone: Tone,
        fields: Vec<(String, String)>,
    },
    Grid {
        indent: usize,
        grid: Grid,
    },
    /// What a person copies: a command.
    Copyable {
        indent: usize,
        text: String,
    },
    /// A line of a script or of an error, with tones as marks.
    Raw(String),
    Tree {
        root: String,
        branches: Vec<String>,
    },
    Figure(Figure),
}

impl<'a> Page<'a> {
    pub(super) fn new(options: &'a Options) -> Self {
        Self { options, words: options.words(), blocks: vec![] }
    }

    /// Writes everything as text, with colours as the options want them.
    pub(super) fn print(self, out: &mut dyn Write) -> io::Result<()> {
        plain::print(&self, out)
    }

    /// Writes everything as Markdown.
    pub(super) fn print_markdown(self, out: &mut dyn Write) -> io::Result<()> {
        markdown::print(&self, out)
    }

    /// Writes everything as one HTML file with a title for the browser's tab and a line at its foot.
    pub(super) fn print_html(self, title: &str, foot: &str, out: &mut dyn Write) -> io::Result<()> {
        html::print(&self, title, foot, out)
    }

    /// Nothing stands on it.
    pub(super) fn is_empty(&self) -> bool {
        self.blocks.iter().all(|block| matches!(block, Block::Blank))
    }

    /// An empty line in text, unless the page begins or has one just now.
    pub(super) fn blank(&mut self) {
        self.blocks.push(Block::Blank);
    }

    /// Text as it is: SQL.
    pub(super) fn raw(&mut self, line: &str) {
        self.blocks.push(Block::Raw(line.to_owned()));
    }

    /// What a person copies: never broken.
    pub(super) fn copyable(&mut self, indent: usize, text: &str) {
        self.blocks.push(Block::Copyable { indent, text: clean(text) });
    }

    /// The title of a page, with a rule under it in text.
    pub(super) fn title(&mut self, text: &str) {
        self.blocks.push(Block::Title(clean(text)));
    }

    pub(super) fn heading(&mut self, text: &str) {
        self.blocks.push(Block::Heading(clean(text)));
    }

    /// A heading below a heading.
    pub(super) fn sub(&mut self, mark: Option<Mark>, text: &str) {
        self.blocks.push(Block::Sub(mark, clean(text)));
    }

    pub(super) fn paragraph(&mut self, indent: usize, tone: Tone, text: &str) {
        self.blocks.push(Block::Paragraph { indent, tone, text: clean(text) });
    }

    /// A line with a mark; what is too long hangs under its own beginning.
    pub(super) fn marked(&mut self, indent: usize, mark: Mark, text: &str) {
        self.blocks.push(Block::Marked { indent, mark, text: clean(text) });
    }

    /// Labels and values, one under the other. A value that is one word (a URL, a name) is copied, so it stays whole.
    pub(super) fn fields(&mut self, tone: Tone, fields: &[(&str, String)]) {
        let fields = fields.iter().map(|(label, value)| ((*label).to_owned(), clean(value))).collect();
        self.blocks.push(Block::Fields { tone, fields });
    }

    pub(super) fn grid(&mut self, indent: usize, grid: Grid) {
        self.blocks.push(Block::Grid { indent, grid });
    }

    /// A folder and what lies in it.
    pub(super) fn tree(&mut self, root: &str, branches: impl IntoIterator<Item = String>) {
        let branches = branches.into_iter().map(|branch| clean(&branch)).collect();
        self.blocks.push(Block::Tree { root: clean(root), branches });
    }

    /// A chart; only HTML shows it, so its numbers stand in the text too.
    pub(super) fn figure(&mut self, figure: Figure) {
        self.blocks.push(Block::Figure(figure));
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
}

/// Lines of a tree.
fn branches(root: &str, branches: &[String]) -> Vec<String> {
    let end = branches.len().saturating_sub(1);
    let line = |(index, branch)| format!("{} {branch}", if index == end { "└──" } else { "├──" });
    std::iter::once(format!("{root}/")).chain(branches.iter().enumerate().map(line)).collect()
}

/// A value that people copy and machines read: a schema, a URL, a snapshot.
fn is_code(value: &str) -> bool {
    !value.contains(' ') && value.contains(['_', ':', '/', '='])
}
