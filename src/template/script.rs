//! The statements of a probe: split, checked and rendered as a template's are.
//!
//! A probe must never commit, nor leave anything on its session; what would is refused here by its first words.

use super::placeholder::{Frame, Substitutions, render};
use super::shape::Shape;
use crate::error::Refusal;
use crate::lexer::{Piece, Place, Statement, TokenKind, pieces, refuse};

const ROLLED_BACK: &str = "a probe is one transaction that is always rolled back";
const STAYS: &str = "it would stay on the session after the probe";

/// Checked statements with their placeholders still in them; at least one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Script {
    origin: String,
    statements: Vec<Statement>,
}

impl Script {
    /// Reads a text; `origin` says where it stands, for messages.
    ///
    /// # Errors
    /// Refuses a text without a statement, what is not closed, what may not stand in a probe, and placeholders that are
    /// unknown or stand where no value can.
    pub fn parse(origin: &str, text: &str) -> Result<Self, Refusal> {
        let mut statements = Vec::new();
        for piece in pieces(origin, text) {
            let Piece::Statement(statement) = piece? else { continue };
            check(origin, &statement)?;
            render(origin, &statement, &Substitutions::harmless(), &Frame::default())?;
            statements.push(statement);
        }
        if statements.is_empty() {
            return Err(refuse(origin, Place::START, "there is no SQL in it").hint("write at least one statement"));
        }
        Ok(Self { origin: origin.to_owned(), statements })
    }

    /// How many statements there are.
    #[must_use]
    pub fn statement_count(&self) -> usize {
        self.statements.len()
    }

    /// The statements with a store's values.
    ///
    /// # Errors
    /// Refuses a value that cannot stand where its placeholder does.
    pub fn render(&self, values: &Substitutions) -> Result<Vec<String>, Refusal> {
        let rendered = |statement| Ok(render(&self.origin, statement, values, &Frame::default())?.0);
        self.statements.iter().map(rendered).collect()
    }
}

fn check(origin: &str, statement: &Statement) -> Result<(), Refusal> {
    if let Some(token) = statement.tokens().iter().find(|token| token.kind == TokenKind::Backslash) {
        let command = token.text(statement.text()).split_whitespace().next().unwrap_or_default();
        return Err(refuse(origin, statement.place_at(token.start), &format!("`{command}` is a command of psql"))
            .because("no psql runs a probe")
            .hint("take it out"));
    }
    let shape = Shape::of(statement);
    let view = shape.view();
    let (first, second) = (view.word(0), view.word(1));
    let because = match (first, second) {
        ("BEGIN" | "START" | "COMMIT" | "END" | "ROLLBACK" | "ABORT" | "SAVEPOINT" | "RELEASE", _)
        | ("PREPARE", "TRANSACTION") => ROLLED_BACK,
        ("SET" | "RESET", "ROLE" | "SESSION" | "TRANSACTION") => "a probe runs as the role that tenantctl chooses",
        ("PREPARE" | "LISTEN" | "LOAD" | "DISCARD" | "DECLARE", _) => STAYS,
        ("COPY", _) => "a probe has no data stream",
        ("VACUUM" | "CLUSTER", _) => "it cannot run in a transaction",
        _ => return Ok(()),
    };
    let what = match (first, second) {
        ("SET" | "RESET", word) | ("PREPARE", word @ "TRANSACTION") => format!("{first} {word}"),
        _ => first.to_owned(),
    };
    Err(refuse(origin, statement.place(), &format!("{what} may not stand in a probe"))
        .because(because)
        .hint("take it out; what the probe writes is undone"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ident::{Ident, Literal};

    #[test]
    fn statements_get_their_values() {
        let script =
            Script::parse("probes.p.sql", "insert into {{schema}}.t values ({{store_key}});\nselect 1;").unwrap();
        let values = Substitutions {
            schema: Ident::new("Weird \"s"),
            shared: Ident::new("public"),
            store_key: Literal::cast("O'H", "text").into(),
            store_name: Literal::text("n").into(),
        };
        assert_eq!(
            script.render(&values).unwrap(),
            ["insert into \"Weird \"\"s\".t values ('O''H'::text)", "select 1"]
        );
    }

    #[test]
    fn nothing_can_commit() {
        for text in [
            "commit",
            "select 1; COMMIT and chain",
            "/* so */ end",
            "rollback",
            "prepare transaction 'x'",
            "set role postgres",
            "set session authorization x",
            "reset role",
            "copy t to program 'x'",
            "\\! rm",
            "",
            "-- nothing",
            "select {{shema}}",
        ] {
            let refusal = Script::parse("probes.p.sql", text).unwrap_err();
            assert!(refusal.hint.is_some(), "{text}: {refusal:?}");
        }
        Script::parse("probes.p.sql", "select 'commit'; set constraints all immediate").unwrap();
    }
}
