//! A page as Markdown (GitHub's), written by hand: names of the database may hold every sign that Markdown obeys.

use std::io::{self, Write};

use super::{Block, Mark, Page, branches, is_code};
use crate::view::grid::{Grid, Row};
use crate::view::paint::develop;
use crate::view::words::capital;
use crate::view::wrap::clean;

pub(super) fn print(page: &Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut sheet = Sheet { text: String::new(), last: Kind::Start };
    let mut blocks = page.blocks.iter().peekable();
    while let Some(block) = blocks.next() {
        if let Block::Raw(first) = block {
            let mut lines = vec![develop(first, false)];
            while let Some(Block::Raw(line)) = blocks.peek() {
                lines.push(develop(line, false));
                blocks.next();
            }
            sheet.fence(&lines);
            continue;
        }
        sheet.put(block);
    }
    out.write_all(sheet.text.as_bytes())
}

/// What stood last: lists go on, everything else is set apart by an empty line.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Kind {
    Start,
    Item,
    Other,
}

struct Sheet {
    text: String,
    last: Kind,
}

impl Sheet {
    fn put(&mut self, block: &Block) {
        match block {
            Block::Blank | Block::Figure(_) => {}
            Block::Title(text) => self.block(&format!("# {}", escaped(text))),
            Block::Heading(text) => self.block(&format!("## {}", escaped(text))),
            Block::Sub(mark, text) => {
                let sign = mark.map_or(String::new(), |mark| format!("{} ", sign(mark)));
                self.block(&format!("### {sign}{}", escaped(text)));
            }
            Block::Paragraph { indent, text, .. } if *indent >= 4 && self.last == Kind::Item => {
                self.text.push_str(&format!("  - {}\n", at_start(text)));
            }
            Block::Paragraph { text, .. } => self.block(&at_start(text)),
            Block::Marked { indent: 0, mark, text } => self.block(&format!("## {}{}", lead(*mark), escaped(text))),
            Block::Marked { mark, text, .. } => self.item(&format!("{}{}", lead(*mark), at_start(text))),
            Block::Copyable { text, .. } => self.item(&code(text)),
            Block::Fields { fields, .. } => {
                let line = |(label, value): &(String, String)| {
                    let value = if is_code(value) { code(value) } else { escaped(value) };
                    format!("**{}**: {value}", escaped(&capital(label)))
                };
                // Two spaces at the end keep each on its own line.
                self.block(&fields.iter().map(line).collect::<Vec<_>>().join("  \n"));
            }
            Block::Grid { grid, .. } => self.block(&table(grid)),
            Block::Tree { root, branches: names } => self.fence(&branches(root, names)),
            Block::Raw(line) => self.fence(std::slice::from_ref(line)),
        }
    }

    fn block(&mut self, text: &str) {
        if self.last != Kind::Start {
            self.text.push('\n');
        }
        self.text.push_str(text);
        self.text.push('\n');
        self.last = Kind::Other;
    }

    fn item(&mut self, text: &str) {
        if self.last == Kind::Other {
            self.text.push('\n');
        }
        self.text.push_str(&format!("- {text}\n"));
        self.last = Kind::Item;
    }

    /// Text as it is, between fences that do not occur in it.
    fn fence(&mut self, lines: &[String]) {
        let mut longest = 2;
        for line in lines {
            let mut run = 0;
            for c in line.chars() {
                run = if c == '`' { run + 1 } else { 0 };
                longest = longest.max(run);
            }
        }
        let fence = "`".repeat(longest + 1);
        self.block(&format!("{fence}text\n{}\n{fence}", lines.join("\n")));
    }
}

fn sign(mark: Mark) -> &'static str {
    match mark {
        Mark::Good | Mark::Done => "✅",
        Mark::Bad => "❌",
        Mark::Unknown | Mark::Open | Mark::Note => "➖",
    }
}

fn lead(mark: Mark) -> String {
    match mark {
        Mark::Done => "[x] ".to_owned(),
        Mark::Open => "[ ] ".to_owned(),
        Mark::Note => String::new(),
        mark => format!("{} ", sign(mark)),
    }
}

fn table(grid: &Grid) -> String {
    let filled = grid.filled();
    let line = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
    let mut lines = vec![
        line(filled.iter().map(|index| escaped(&clean(&grid.columns[*index].title()))).collect()),
        line(filled.iter().map(|index| if grid.columns[*index].right { "---:" } else { "---" }.to_owned()).collect()),
    ];
    let mut total = false;
    for row in &grid.rows {
        match row {
            Row::Cells(cells) => {
                let bold = |text: String| if total && !text.is_empty() { format!("**{text}**") } else { text };
                lines.push(line(filled.iter().map(|index| bold(escaped(&cells[*index].text))).collect()));
            }
            Row::Heading(text) => {
                let mut cells = vec![String::new(); filled.len()];
                if let Some(first) = cells.first_mut() {
                    *first = format!("**{}**", escaped(text));
                }
                lines.push(line(cells));
            }
            Row::Rule => total = true,
        }
    }
    lines.join("\n")
}

/// A text that says what it says, wherever it stands in a line.
pub(super) fn escaped(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    for (index, c) in letters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| letters.get(index));
        let after = letters.get(index + 1);
        let obeys = match c {
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '|' | '~' => true,
            // Inside a word an underscore is only an underscore.
            '_' => !(before.is_some_and(|c| c.is_alphanumeric()) && after.is_some_and(|c| c.is_alphanumeric())),
            '&' => after.is_some_and(|c| c.is_alphanumeric() || *c == '#'),
            _ => false,
        };
        if obeys {
            out.push('\\');
        }
        out.push(*c);
    }
    out
}

/// A text at the start of a line, where more signs are obeyed.
fn at_start(text: &str) -> String {
    let escaped = escaped(text);
    let digits = escaped.chars().take_while(char::is_ascii_digit).count();
    match escaped.chars().nth(digits) {
        Some('#' | '-' | '+' | '=') if digits == 0 => format!("\\{escaped}"),
        Some('.' | ')') if digits > 0 => format!("{}\\{}", &escaped[..digits], &escaped[digits..]),
        _ => escaped,
    }
}

/// As code, in as many backticks as it takes.
fn code(text: &str) -> String {
    let fence = "`".repeat(if text.contains('`') { text.chars().filter(|c| *c == '`').count() + 1 } else { 1 });
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_command_the_page() {
        let cases = [
            ("order_items", "order_items"),
            ("_id_", "\\_id\\_"),
            ("a|b", "a\\|b"),
            ("<script>", "\\<script\\>"),
            ("[x](y) *b* `c`", "\\[x\\](y) \\*b\\* \\`c\\`"),
            ("R&D &amp; &", "R\\&D \\&amp; &"),
            ("$49,410.00 MXN", "$49,410.00 MXN"),
        ];
        for (text, told) in cases {
            assert_eq!(escaped(text), told);
        }
        assert_eq!(at_start("1. first"), "1\\. first");
        assert_eq!(at_start("# first"), "\\# first");
        assert_eq!(at_start("15 tablas"), "15 tablas");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`a"), "`` `a ``");
    }
}
