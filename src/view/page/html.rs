//! A page as one HTML file: no other file, light and dark, and well on paper. Nothing needs a script; where a table can be
//! sorted there is a small one.

use std::io::{self, Write};

use super::{Block, Mark, Page, branches, chart, is_code};
use crate::view::grid::{Cell, Grid, Row};
use crate::view::paint::{Tone, develop};
use crate::view::words::capital;
use crate::view::wrap::clean;

const STYLE: &str = include_str!("style.css");
const SORTING: &str = include_str!("sorting.js");

pub(super) fn print(page: &Page<'_>, title: &str, foot: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut sheet = Sheet { text: String::new(), open: None, section: false };
    page.blocks.iter().for_each(|block| sheet.put(block));
    sheet.close();
    sheet.end_section();
    let lang = page.options.lang.code();
    let title = escaped(title);
    let sortable = page.blocks.iter().any(|block| matches!(block, Block::Grid { grid, .. } if grid.sortable));
    let (body, script) = match sortable {
        true => {
            let find = escaped(&capital(page.words.find_store));
            (format!("<body class=\"broad\" data-find=\"{find}\">"), format!("<script>\n{SORTING}</script>\n"))
        }
        false => ("<body>".to_owned(), String::new()),
    };
    writeln!(
        out,
        "<!doctype html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n{body}\n<main>\n{}</main>\n<footer>{}</footer>\n{script}</body>\n</html>",
        sheet.text,
        escaped(foot)
    )
}

/// What is open and may take more.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Open {
    List,
    Commands,
    Script,
}

struct Sheet {
    text: String,
    open: Option<Open>,
    section: bool,
}

impl Sheet {
    fn put(&mut self, block: &Block) {
        match block {
            Block::Blank => {}
            Block::Title(text) => {
                self.close();
                self.end_section();
                self.line(&format!("<h1>{}</h1>", escaped(text)));
            }
            Block::Heading(text) => {
                self.close();
                self.end_section();
                self.section = true;
                self.line(&format!("<section>\n<h2>{}</h2>", escaped(text)));
            }
            Block::Sub(mark, text) => {
                self.close();
                let sign = mark.map_or(String::new(), |mark| format!("{} ", sign(mark)));
                self.line(&format!("<h3>{sign}{}</h3>", escaped(text)));
            }
            Block::Paragraph { indent, tone, text } => {
                let within = *indent >= 4 && matches!(self.open, Some(Open::List | Open::Commands));
                if !within {
                    self.close();
                }
                let class = if within { " class=\"under\"" } else { tone_class(*tone) };
                let element = if within { "div" } else { "p" };
                self.line(&format!("<{element}{class}>{}</{element}>", escaped(text)));
            }
            Block::Marked { indent: 0, mark, text } => {
                self.close();
                self.line(&format!(
                    "<p class=\"verdict {}\">{}<span>{}</span></p>",
                    class(*mark),
                    sign(*mark),
                    escaped(text)
                ));
            }
            Block::Marked { mark, text, .. } => {
                self.open(Open::List);
                self.line(&format!(
                    "<li class=\"{}\">{}<span>{}</span></li>",
                    class(*mark),
                    sign(*mark),
                    escaped(text)
                ));
            }
            Block::Copyable { text, .. } => {
                self.open(Open::Commands);
                self.line(&format!("<div class=\"command\"><code>{}</code></div>", escaped(text)));
            }
            Block::Raw(line) => {
                let within = self.open == Some(Open::Script);
                self.open(Open::Script);
                let line = escaped(&develop(line, false));
                self.text.push_str(&if within { format!("\n{line}") } else { line });
            }
            Block::Fields { fields, .. } => {
                self.close();
                let field = |(label, value): &(String, String)| {
                    let value =
                        if is_code(value) { format!("<code>{}</code>", escaped(value)) } else { escaped(value) };
                    format!("<div><dt>{}</dt><dd>{value}</dd></div>\n", escaped(&capital(label)))
                };
                self.line(&format!("<dl class=\"fields\">\n{}</dl>", fields.iter().map(field).collect::<String>()));
            }
            Block::Grid { grid, .. } => {
                self.close();
                self.line(&table(grid));
            }
            Block::Tree { root, branches: names } => {
                self.close();
                self.line(&format!("<pre class=\"tree\">{}</pre>", escaped(&branches(root, names).join("\n"))));
            }
            Block::Figure(figure) => {
                self.close();
                self.line(chart::draw(figure).trim_end());
            }
        }
    }

    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn open(&mut self, what: Open) {
        if self.open == Some(what) {
            return;
        }
        self.close();
        self.text.push_str(match what {
            Open::List => "<ul class=\"marks\">\n",
            Open::Commands => "<div class=\"commands\">\n",
            Open::Script => "<pre>",
        });
        self.open = Some(what);
    }

    fn close(&mut self) {
        match self.open.take() {
            Some(Open::List) => self.line("</ul>"),
            Some(Open::Commands) => self.line("</div>"),
            Some(Open::Script) => self.line("</pre>"),
            None => {}
        }
    }

    fn end_section(&mut self) {
        if std::mem::take(&mut self.section) {
            self.line("</section>");
        }
    }
}

fn table(grid: &Grid) -> String {
    let filled = grid.filled();
    let class = if grid.sortable { " class=\"sortable\"" } else { "" };
    let mut html = format!("<div class=\"wide\"><table{class}>\n");
    if grid.columns.iter().any(|column| !column.head.is_empty()) {
        let head = |index: &usize| {
            let column = &grid.columns[*index];
            let class = if column.right { " class=\"number\"" } else { "" };
            format!("<th scope=\"col\"{class}>{}</th>", escaped(&clean(&column.title())))
        };
        html.push_str(&format!("<thead><tr>{}</tr></thead>\n", filled.iter().map(head).collect::<String>()));
    }
    html.push_str("<tbody>\n");
    let mut row_class = "";
    for row in &grid.rows {
        match row {
            Row::Cells(cells) => {
                let cells: String =
                    filled.iter().map(|index| cell(&cells[*index], grid.columns[*index].right)).collect();
                html.push_str(&format!("<tr{row_class}>{cells}</tr>\n"));
            }
            Row::Heading(text) => html.push_str(&format!(
                "<tr class=\"group\"><th scope=\"rowgroup\" colspan=\"{}\">{}</th></tr>\n",
                filled.len().max(1),
                escaped(text)
            )),
            Row::Rule => row_class = " class=\"total\"",
        }
    }
    html.push_str("</tbody></table></div>");
    html
}

fn cell(cell: &Cell, right: bool) -> String {
    let tone = match cell.tone {
        Tone::Good => "good",
        Tone::Bad => "bad",
        Tone::Doubt => "doubt",
        Tone::Dim => "dim",
        Tone::Plain | Tone::Strong => "",
    };
    let classes = [if right { "number" } else { "" }, tone].into_iter().filter(|class| !class.is_empty());
    let classes = classes.collect::<Vec<_>>().join(" ");
    let class = if classes.is_empty() { String::new() } else { format!(" class=\"{classes}\"") };
    let worth = cell.worth.map_or_else(String::new, |worth| format!(" data-worth=\"{worth}\""));
    format!("<td{class}{worth}>{}</td>", escaped(&cell.text))
}

fn tone_class(tone: Tone) -> &'static str {
    match tone {
        Tone::Dim => " class=\"dim\"",
        Tone::Bad => " class=\"bad\"",
        _ => "",
    }
}

fn class(mark: Mark) -> &'static str {
    match mark {
        Mark::Good => "good",
        Mark::Bad => "bad",
        Mark::Unknown => "doubt",
        Mark::Done => "done",
        Mark::Open => "open",
        Mark::Note => "note",
    }
}

/// A sign that a reader of the screen does not read twice: the text says it.
fn sign(mark: Mark) -> String {
    let letter = match mark {
        Mark::Good => "✓",
        Mark::Bad => "✗",
        Mark::Unknown => "–",
        Mark::Done => "☑",
        Mark::Open => "☐",
        Mark::Note => "•",
    };
    format!("<i class=\"sign {}\" aria-hidden=\"true\">{letter}</i>", class(mark))
}

/// Text that is only text, also inside an attribute.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
