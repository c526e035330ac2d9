//! Reads a template, checks it as far as text can be checked, and renders it for a store.
//!
//! A value that the journal can record and read back: its text is all there is, the rest is read from it again.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::division::{Division, Section, StatementKind, kind};
use super::placeholder::{Frame, Substitutions, render};
use super::refused;
use super::rendered::RenderedStatement;
use super::shape::Shape;
use crate::digest::hash_of_text;
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
        let bytes = std::fs::read(path).map_err(|error| {
            Refusal::new(format!("the template {file} cannot be read"))
                .because(error.to_string())
                .hint("correct [store_schema] template or base_data; paths begin at the configuration's folder")
        })?;
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

    /// The hash of its text.
    #[must_use]
    pub fn hash(&self) -> String {
        hash_of_text(&self.text)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ident::{Ident, Literal};
    use crate::template::settings_for;

    fn values(schema: &str, name: &str) -> Substitutions {
        Substitutions {
            schema: Ident::new(schema),
            shared: Ident::new("public"),
            store_key: Literal::cast(name, "text").into(),
            store_name: Literal::text(name).into(),
        }
    }

    fn rendered(text: &str) -> Vec<RenderedStatement> {
        Template::parse("t.sql", text).unwrap().render(&values("store_4", "O'Hara")).unwrap()
    }

    const DUMP: &str = r#"--
-- PostgreSQL database dump
--
\restrict aB3'$$

SET statement_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SET check_function_bodies = false;

CREATE FUNCTION {{schema}}.touch() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  new.updated_at := now(); -- it's {{store_name}}
  insert into {{schema}}.log values ({{store_key}}, {{store_name}});
  return new;
end;
$$;

CREATE TABLE {{schema}}."Weird ""Name""" (id integer NOT NULL, "ñandú" text DEFAULT '🦙; {{schema_raw}}');
ALTER TABLE ONLY {{schema}}."Weird ""Name""" ALTER COLUMN id SET DEFAULT nextval('{{schema}}.s'::regclass);
ALTER TABLE ONLY {{schema}}."Weird ""Name"""
    ADD CONSTRAINT "PK" PRIMARY KEY (id);
SET default_tablespace = '';
CREATE INDEX "{{schema_raw}}_idx" ON {{schema}}."Weird ""Name""" (id);
ALTER TABLE ONLY {{schema}}.t ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES {{shared}}.stores(id);
COMMENT ON CONSTRAINT f ON {{schema}}.t IS 'x';
COMMENT ON TABLE {{schema}}.t IS 'x';

\unrestrict aB3'$$
"#;

    #[test]
    fn a_dump_is_divided_by_kind() {
        use StatementKind::{AddForeignKey, AddKey, Comment, CreateIndex, Other, Set};
        let all = rendered(DUMP);
        let kinds: Vec<_> = all.iter().map(|statement| statement.kind).collect();
        assert_eq!(
            kinds,
            [Set, Set, Set, Set, Other, Other, Other, AddKey, Set, CreateIndex, AddForeignKey, Comment, Comment]
        );
        let after: Vec<_> = all.iter().filter(|one| one.section == Section::AfterLoad).map(|one| one.line).collect();
        assert_eq!(after, [23, 26, 27, 28]);
        assert_eq!(settings_for(&all, &all[9]).count(), 5);
        assert_eq!(settings_for(&all, &all[7]).count(), 4);
    }

    #[test]
    fn the_line_divides() {
        let text = "create index on t (a);\n--  TenantCtl :  After the LOAD \ncreate table t (a int); set x.y = 1";
        let sections: Vec<_> = rendered(text).iter().map(|statement| statement.section).collect();
        assert_eq!(sections, [Section::BeforeLoad, Section::AfterLoad, Section::AfterLoad]);
        let all_before = rendered("create index on t (a);\n-- tenantctl: after the load");
        assert_eq!(all_before[0].section, Section::BeforeLoad);
        let refused = [
            ("a;\n-- tenantctl: after load\nb", "t.sql:2:1: `-- tenantctl: after load` says nothing to tenantctl"),
            ("a\n-- tenantctl: after the load\nb", "t.sql:2:1: the line `-- tenantctl: after the load` stands inside"),
            ("-- tenantctl: after the load\n-- tenantctl: after the load", "t.sql:2:1: the line"),
        ];
        for (text, message) in refused {
            assert!(Template::parse("t.sql", text).unwrap_err().message.starts_with(message), "{text}");
        }
    }

    #[test]
    fn a_setting_counts_for_its_transaction() {
        let cases = [
            ("set a.b = 'x'", "SET LOCAL a.b = 'x'"),
            ("Set /* why */ session lock_timeout to 1", "SET LOCAL lock_timeout to 1"),
            ("set local a.b = {{store_name}}", "set local a.b = 'O''Hara'"),
            ("set time zone 'UTC'", "SET LOCAL time zone 'UTC'"),
            ("set constraints all deferred", "set constraints all deferred"),
            ("reset lock_timeout", "SET LOCAL lock_timeout TO DEFAULT"),
            ("reset time zone", "SET LOCAL time zone DEFAULT"),
        ];
        for (text, sql) in cases {
            assert_eq!(rendered(text)[0].sql, sql);
        }
    }

    #[test]
    fn an_error_of_the_server_is_found_in_the_template() {
        let all = rendered("set session a.b = x;\nselect 'ñ' from {{schema}}.a,\n {{shared}}.b where c;\n");
        let place = |statement: &RenderedStatement, needle: &str| {
            let position = statement.sql[..statement.sql.find(needle).unwrap()].chars().count() + 1;
            let Place { line, column } = statement.place_of_position(u32::try_from(position).unwrap());
            (line, column)
        };
        assert_eq!(place(&all[0], "LOCAL"), (1, 1));
        assert_eq!(place(&all[0], "x"), (1, 19));
        assert_eq!(place(&all[1], "select"), (2, 1));
        assert_eq!(place(&all[1], "tore_4"), (2, 17)); // in the value: its placeholder
        assert_eq!(place(&all[1], ".a,"), (2, 27));
        assert_eq!(place(&all[1], "public"), (3, 2));
        assert_eq!(place(&all[1], "where"), (3, 15));
    }

    /// Nasty values change neither how many statements there are nor one byte outside the placeholders.
    #[test]
    fn no_value_changes_what_the_template_says() {
        let nasty = [
            "O'Hara",
            "'",
            "''",
            "\\",
            "\\'",
            "';--",
            "; drop table t; --",
            "$$",
            "$$;$$",
            "$a$",
            "/*",
            "*/",
            "--",
            "\n",
            "\r\n;",
            "\"",
            "\"\"",
            "{{schema}}",
            "}}",
            "{{",
            "E'\\",
            "U&'\\0041'",
            "ñandú 🦙",
            "\u{a0}",
            "\u{2028}",
            ")",
            "(",
            "begin atomic",
        ];
        let template = Template::parse("t.sql", DUMP).unwrap();
        let mut rendered_count = 0;
        for (name, schema) in nasty.iter().flat_map(|name| nasty.iter().map(move |schema| (*name, *schema))) {
            let all = match template.render(&values(schema, name)) {
                Ok(all) => all,
                // only what would end the dollar quote around it may be refused
                Err(refusal) => {
                    assert!(name.contains("$$") || schema.contains("$$"), "{refusal} {name:?} {schema:?}");
                    continue;
                }
            };
            rendered_count += 1;
            let joined: String = all.iter().map(|statement| format!("{};\n", statement.sql)).collect();
            let split: Vec<Statement> = pieces("t", &joined).map(|piece| statement(piece.unwrap())).collect();
            assert_eq!(split.len(), template.statements.len());
            for ((split, rendered), judged) in split.iter().zip(&all).zip(&template.statements) {
                assert_eq!(split.text(), rendered.sql);
                if rendered.kind != StatementKind::Set {
                    outside_is_unchanged(&rendered.sql, judged.statement.text());
                }
            }
        }
        assert!(rendered_count > 600);
    }

    fn statement(piece: Piece) -> Statement {
        match piece {
            Piece::Statement(statement) => statement,
            Piece::Comment { text, .. } => panic!("a comment outside: {text}"),
        }
    }

    /// The stretches between placeholders stand in the rendered text, in their order, at both ends too.
    fn outside_is_unchanged(sql: &str, source: &str) {
        let mut parts = vec![source];
        for placeholder in ["{{schema}}", "{{schema_raw}}", "{{shared}}", "{{store_key}}", "{{store_name}}"] {
            parts = parts.into_iter().flat_map(|part| part.split(placeholder)).collect();
        }
        assert!(sql.starts_with(parts[0]) && sql.ends_with(parts[parts.len() - 1]), "{sql}");
        let mut at = 0;
        for part in parts {
            at += sql[at..].find(part).unwrap() + part.len();
        }
    }

    #[test]
    fn the_journal_can_record_it_and_read_it_back() {
        let template = Template::parse("plantillas/ñandú.sql", DUMP).unwrap();
        let json = serde_json::to_string(&template).unwrap();
        let again: Template = serde_json::from_str(&json).unwrap();
        assert_eq!(again, template);
        assert_eq!(again.hash(), template.hash());
        assert_eq!(Template::parse("x", "").unwrap().hash(), "99aa06d3014798d86001c324468d497f");
        assert!(serde_json::from_str::<Template>(r#"{"file":"t.sql","text":"commit"}"#).is_err());
    }

    #[test]
    fn a_file_is_read_and_its_troubles_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a \"b\" 🦙.sql");
        assert!(format!("{:#}", Template::read(&path).unwrap_err()).contains("cannot be read"));
        std::fs::write(&path, b"a;\n \xff").unwrap();
        let error = Template::read(&path).unwrap_err();
        assert!(error.downcast_ref::<Refusal>().unwrap().message.ends_with(":2:2: this is not UTF-8"));
        std::fs::write(&path, "\u{feff}select 1;\r\n").unwrap();
        assert_eq!(Template::read(&path).unwrap().render(&values("s", "n")).unwrap()[0].sql, "select 1");
    }
}
