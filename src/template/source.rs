//! Reads a template, checks it as far as text can be checked, and renders it for a store.
//!
//! A value that the journal can record and read back: its text is all there is, the rest is read from it again.

use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use super::division::{Division, Section, StatementKind, kind};
use super::placeholder::{Frame, Substitutions, render};
use super::refused;
use super::rendered::RenderedStatement;
use super::shape::Shape;
use crate::error::Refusal;
use crate::lexer::{Piece, Place, Statement, TokenKind, pieces, refuse};

/// A template of a store schema, or base data: checked SQL text with its placeholders still in it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Recorded", into = "Recorded")]
pub struct Template {
    file: String,
    text: String,
    statements: Vec<Judged>,
}

#[derive(Serialize, Deserialize)]
struct Recorded {
    file: String,
    text: String,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Judged {
    statement: Statement,
    section: Section,
    kind: StatementKind,
}

impl Template {
    /// Reads a file.
    ///
    /// # Errors
    /// A file that cannot be read, or a [`Refusal`] of [`Template::parse`].
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let file = path.display().to_string();
        let bytes = std::fs::read(path).with_context(|| format!("reading template {file}"))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let place = Place::START.after(&String::from_utf8_lossy(valid));
            refuse(&file, place, "this is not UTF-8").hint("save the file as UTF-8")
        })?;
        Ok(Self::parse(&file, &text)?)
    }

    /// Reads a text; the file's name is for messages.
    ///
    /// # Errors
    /// Refuses what is not closed, what may not stand in a template, and placeholders that are unknown or stand
    /// where no value can.
    pub fn parse(file: &str, text: &str) -> Result<Self, Refusal> {
        let mut statements: Vec<(Statement, Shape)> = Vec::new();
        let mut before_line = None;
        for piece in pieces(file, text) {
            match piece? {
                Piece::Comment { text, place } => {
                    if is_the_line(file, &text, place)? {
                        if before_line.is_some() {
                            return Err(refuse(file, place, "the line `-- tenantctl: after the load` stands twice"));
                        }
                        before_line = Some(statements.len());
                    }
                }
                Piece::Statement(statement) if is_of_pg_dump(&statement) => {}
                Piece::Statement(statement) => {
                    let shape = Shape::of(&statement);
                    refused::check(file, &statement, &shape)?;
                    no_line_inside(file, &statement)?;
                    statements.push((statement, shape));
                }
            }
        }
        let mut division = Division::default();
        let mut judged = Vec::new();
        for (index, (statement, shape)) in statements.into_iter().enumerate() {
            let section = match before_line {
                None => division.section(shape.view()),
                Some(count) if index < count => Section::BeforeLoad,
                Some(_) => Section::AfterLoad,
            };
            render(file, &statement, &Substitutions::harmless(), &Frame::default())?;
            judged.push(Judged { kind: kind(shape.view()), statement, section });
        }
        Ok(Self { file: file.to_owned(), text: text.to_owned(), statements: judged })
    }

    /// The file's name, as it was given.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The text as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// xxh3-128 of the text, as 32 hexadecimal digits. Tells another template from this one; no proof against forgery.
    #[must_use]
    pub fn hash(&self) -> String {
        format!("{:032x}", xxh3_128(self.text.as_bytes()))
    }

    /// The statements with a store's values, in the order of the file; the order holds within each section.
    ///
    /// # Errors
    /// Refuses a value that cannot stand where its placeholder does: a name that would be cut, one that contains
    /// the dollar quote around it.
    pub fn render(&self, values: &Substitutions) -> Result<Vec<RenderedStatement>, Refusal> {
        let each = self.statements.iter().map(|judged| {
            let Judged { statement, section, kind } = judged;
            let (sql, map) = render(&self.file, statement, values, &frame(statement))?;
            let Place { line, column } = statement.place();
            Ok(RenderedStatement { sql, line, column, section: *section, kind: *kind, map })
        });
        each.collect()
    }
}

impl TryFrom<Recorded> for Template {
    type Error = Refusal;

    fn try_from(recorded: Recorded) -> Result<Self, Refusal> {
        Self::parse(&recorded.file, &recorded.text)
    }
}

impl From<Template> for Recorded {
    fn from(template: Template) -> Self {
        Self { file: template.file, text: template.text }
    }
}

/// A setting counts for its transaction only, so that a pooled session does not keep it.
fn frame(statement: &Statement) -> Frame {
    let shape = Shape::of(statement);
    let view = shape.view();
    let up_to = |index: usize| shape.offsets.get(index).copied().unwrap_or_default();
    match (view.word(0), view.word(1)) {
        ("SET", "LOCAL" | "CONSTRAINTS") => Frame::default(),
        ("SET", "SESSION") => Frame { replaced: up_to(2), head: "SET LOCAL ", tail: "" },
        ("SET", _) => Frame { replaced: up_to(1), head: "SET LOCAL ", tail: "" },
        ("RESET", "TIME") => Frame { replaced: up_to(1), head: "SET LOCAL ", tail: " DEFAULT" },
        ("RESET", _) => Frame { replaced: up_to(1), head: "SET LOCAL ", tail: " TO DEFAULT" },
        _ => Frame::default(),
    }
}

/// Whether a comment is the line that divides the template; spaces and case do not matter.
fn is_the_line(file: &str, comment: &str, place: Place) -> Result<bool, Refusal> {
    let Some(line) = comment.strip_prefix("--") else { return Ok(false) };
    let words: Vec<String> = line.replace(':', " : ").split_whitespace().map(str::to_lowercase).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["tenantctl", ":", "after", "the", "load"] => Ok(true),
        ["tenantctl", ":", ..] => Err(refuse(file, place, &format!("`{}` says nothing to tenantctl", comment.trim()))
            .hint("did you mean `-- tenantctl: after the load`?")),
        _ => Ok(false),
    }
}

fn no_line_inside(file: &str, statement: &Statement) -> Result<(), Refusal> {
    for token in statement.tokens().iter().filter(|token| token.kind == TokenKind::Comment) {
        let place = statement.place_at(token.start);
        if is_the_line(file, token.text(statement.text()), place)? {
            return Err(refuse(file, place, "the line `-- tenantctl: after the load` stands inside a statement")
                .hint("end the statement before it with `;`"));
        }
    }
    Ok(())
}

/// pg_dump puts its text between `\restrict` and `\unrestrict` (since August 2025); to us they say nothing.
fn is_of_pg_dump(statement: &Statement) -> bool {
    let command = statement.text().split_whitespace().next();
    statement.is_backslash() && matches!(command, Some("\\restrict" | "\\unrestrict"))
}
