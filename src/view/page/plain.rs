//! A page as text on a terminal or in a pipe.

use std::io::{self, Write};

use super::{Block, Page, branches};
use crate::view::paint::{Tone, develop, tint};
use crate::view::wrap::{width, wrap};

/// Prose wider than this is hard to read, however wide the terminal is.
const MAX_PROSE: usize = 100;

pub(super) fn print(page: &Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut sheet = Sheet { page, lines: vec![] };
    page.blocks.iter().for_each(|block| sheet.put(block));
    for line in &sheet.lines {
        writeln!(out, "{}", develop(line, page.options.color))?;
    }
    Ok(())
}

struct Sheet<'p> {
    page: &'p Page<'p>,
    lines: Vec<String>,
}

impl Sheet<'_> {
    fn put(&mut self, block: &Block) {
        match block {
            Block::Blank => self.blank(),
            Block::Title(text) => {
                self.blank();
                let lines = wrap(&self.page.plain(text), self.prose());
                let longest = lines.iter().map(|line| width(line)).max().unwrap_or(0);
                lines.iter().for_each(|line| self.lines.push(tint(Tone::Strong, line)));
                let rule = self.rule().repeat(longest);
                self.lines.push(tint(Tone::Dim, &rule));
            }
            Block::Heading(text) | Block::Sub(_, text) => {
                self.blank();
                let lines = wrap(&self.page.plain(text), self.prose());
                lines.iter().for_each(|line| self.lines.push(tint(Tone::Strong, line)));
            }
            Block::Paragraph { indent, tone, text } => {
                for line in wrap(&self.page.plain(text), self.prose().saturating_sub(*indent)) {
                    self.lines.push(format!("{}{}", " ".repeat(*indent), tint(*tone, &line)));
                }
            }
            Block::Marked { indent, mark, text } => {
                let (sign, tone) = self.page.sign(*mark);
                let hang = indent + width(sign) + 1;
                let lines = wrap(&self.page.plain(text), self.prose().saturating_sub(hang));
                for (index, line) in lines.iter().enumerate() {
                    match index {
                        0 => self.lines.push(format!("{}{} {line}", " ".repeat(*indent), tint(tone, sign))),
                        _ => self.lines.push(format!("{}{line}", " ".repeat(hang))),
                    }
                }
            }
            Block::Fields { tone, fields } => self.fields(*tone, fields),
            Block::Grid { indent, grid } => {
                let lines = grid.lines(self.page.options.width.saturating_sub(*indent), self.rule());
                lines.iter().for_each(|line| self.lines.push(format!("{}{line}", " ".repeat(*indent))));
            }
            Block::Copyable { indent, text } => self.lines.push(format!("{}{text}", " ".repeat(*indent))),
            Block::Raw(line) => self.lines.push(line.clone()),
            Block::Tree { root, branches: names } => {
                branches(root, names).iter().for_each(|line| self.lines.push(format!("  {}", self.page.plain(line))));
            }
            Block::Figure(_) => {}
        }
    }

    fn fields(&mut self, tone: Tone, fields: &[(String, String)]) {
        let label_width = fields.iter().map(|(label, _)| width(label)).max().unwrap_or(0);
        let indent = 2 + label_width + 2;
        for (label, value) in fields {
            let gap = " ".repeat(label_width - width(label) + 2);
            let value = self.page.plain(value);
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

    fn blank(&mut self) {
        if self.lines.last().is_some_and(|line| !line.is_empty()) {
            self.lines.push(String::new());
        }
    }

    fn rule(&self) -> &'static str {
        if self.page.options.unicode { "─" } else { "-" }
    }

    fn prose(&self) -> usize {
        self.page.options.width.min(MAX_PROSE)
    }
}
