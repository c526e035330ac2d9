//! Puts values in the place of `{{…}}`, quoted or escaped for where each stands.
//!
//! A text is split into tokens first and rendered then, so a store's name is never read as SQL; and what was
//! rendered is split again and held against what was meant. Bodies of functions in SQL and PL/pgSQL are read as the
//! code they are. Decides nothing about statements; `source` and `refused` do.

use super::rendered::SourceMap;
use super::shape::{Lexeme, Shape};
use crate::error::Refusal;
use crate::ident::{Ident, Literal, MAX_IDENT_BYTES, Value};
use crate::lexer::{Piece, Place, Statement, Token, TokenKind, pieces, refuse, tokens};

/// The values of one store.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Substitutions {
    /// `{{schema}}` and `{{schema_raw}}`: the store schema.
    pub schema: Ident,
    /// `{{shared}}`: the shared schema.
    pub shared: Ident,
    /// `{{store_key}}`: with its cast, `'4'::integer`; or a column, where all stores are asked about at once.
    pub store_key: Value,
    /// `{{store_name}}`.
    pub store_name: Value,
}

impl Substitutions {
    /// Harmless values, to see whether each placeholder may stand where it stands.
    pub(super) fn harmless() -> Self {
        Self {
            schema: Ident::new("s"),
            shared: Ident::new("p"),
            store_key: Literal::cast("1", "text").into(),
            store_name: Literal::text("n").into(),
        }
    }

    fn sql(&self, placeholder: Placeholder) -> String {
        match placeholder {
            Placeholder::Schema => self.schema.to_string(),
            Placeholder::SchemaRaw => self.schema.raw().to_owned(),
            Placeholder::Shared => self.shared.to_string(),
            Placeholder::StoreKey => self.store_key.to_string(),
            Placeholder::StoreName => self.store_name.to_string(),
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Placeholder {
    Schema,
    SchemaRaw,
    Shared,
    StoreKey,
    StoreName,
}

const PLACEHOLDERS: &[(&str, Placeholder)] = &[
    ("schema", Placeholder::Schema),
    ("schema_raw", Placeholder::SchemaRaw),
    ("shared", Placeholder::Shared),
    ("store_key", Placeholder::StoreKey),
    ("store_name", Placeholder::StoreName),
];

/// `{{word}}` as written; whether the word is known is another question.
#[derive(Clone, Copy, Debug)]
pub(super) struct Braces<'a> {
    word: &'a str,
    start: usize,
    pub(super) end: usize,
}

/// Braces that begin here and hold one word; `{{1,2},{3,4}}` is an array and none of ours.
pub(super) fn braces_at(text: &str, start: usize) -> Option<Braces<'_>> {
    let inside = text[start..].strip_prefix("{{")?;
    let inside = &inside[..inside.find("}}")?];
    let word = inside.trim_matches([' ', '\t']);
    let letters = |c: char| c.is_alphanumeric() || c == '_';
    let is_word = word.chars().all(letters) && !word.starts_with(|c: char| c.is_numeric()) && !word.is_empty();
    is_word.then_some(Braces { word, start, end: start + inside.len() + 4 })
}

fn next_braces(text: &str, from: usize, to: usize) -> Option<Braces<'_>> {
    text[from..to].match_indices('{').find_map(|(offset, _)| braces_at(&text[..to], from + offset))
}

/// Renders a condition or a query that stands in the configuration; `origin` says where, for messages.
///
/// # Errors
/// Refuses what no single expression or query is (nothing, two statements, a parenthesis too many, so that it can
/// be put between parentheses), and every placeholder that may not stand where it stands.
pub fn render_snippet(origin: &str, text: &str, values: &Substitutions) -> Result<String, Refusal> {
    let mut found: Option<Statement> = None;
    for piece in pieces(origin, text) {
        let Piece::Statement(statement) = piece? else { continue };
        if found.is_some() || statement.tokens().iter().any(|token| token.kind == TokenKind::Backslash) {
            return Err(refuse(origin, statement.place(), "more than one expression")
                .hint("write one condition or one query, and no `;` in it"));
        }
        found = Some(statement);
    }
    let statement = found.ok_or_else(|| refuse(origin, Place::START, "there is no SQL in it"))?;
    let mut depth = 0_usize;
    for token in statement.tokens() {
        match token.kind {
            TokenKind::Symbol('(') => depth += 1,
            TokenKind::Symbol(')') => {
                let refusal = || refuse(origin, statement.place_at(token.start), "a parenthesis closes nothing");
                depth = depth.checked_sub(1).ok_or_else(refusal)?;
            }
            _ => {}
        }
    }
    Ok(render(origin, &statement, values, &Frame::default())?.0)
}

/// What is put around and in front of a statement: `SET` becomes `SET LOCAL`.
#[derive(Debug, Default)]
pub(super) struct Frame {
    /// This many bytes of the source give way …
    pub(super) replaced: usize,
    /// … to this.
    pub(super) head: &'static str,
    /// What follows the last token.
    pub(super) tail: &'static str,
}

/// Renders one statement, with the way back from its text to the file.
pub(super) fn render(
    file: &str,
    statement: &Statement,
    values: &Substitutions,
    frame: &Frame,
) -> Result<(String, SourceMap), Refusal> {
    let mut renderer = Renderer {
        file,
        statement,
        values,
        routine: Routine::of(statement),
        sql: String::new(),
        map: SourceMap::default(),
    };
    renderer.code(0, statement.text().len(), frame, true)?;
    if let Some(nul) = renderer.sql.find('\0') {
        let place = renderer.map.place_of(&renderer.sql, nul);
        return Err(refuse(file, place, "a NUL byte, which PostgreSQL cannot take"));
    }
    Ok((renderer.sql, renderer.map))
}

/// A statement whose string is code.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Routine {
    /// It has none.
    No,
    /// CREATE FUNCTION or PROCEDURE; whether its language has the tokens of SQL.
    Create { sql: bool },
    /// DO.
    Do { sql: bool },
}

impl Routine {
    fn of(statement: &Statement) -> Self {
        let shape = Shape::of(statement);
        let mut view = shape.view();
        let is_do = view.eat("DO");
        let created = view.eat("CREATE") && {
            view.eat("OR REPLACE");
            view.eat_any(&["FUNCTION", "PROCEDURE"]).is_some()
        };
        let mut depth = 0_i32;
        let mut language = None;
        for (index, lexeme) in view.0.iter().enumerate() {
            match (lexeme, view.0.get(index + 1)) {
                (Lexeme::Sign('('), _) => depth += 1,
                (Lexeme::Sign(')'), _) => depth -= 1,
                (Lexeme::Word(word), Some(Lexeme::Word(name) | Lexeme::Name(name) | Lexeme::Text(name)))
                    if depth == 0 && word == "LANGUAGE" =>
                {
                    language = Some(name.to_ascii_lowercase());
                }
                _ => {}
            }
        }
        let sql = language.is_none_or(|name| name == "sql" || name == "plpgsql");
        match (is_do, created) {
            (true, _) => Self::Do { sql },
            (_, true) => Self::Create { sql },
            _ => Self::No,
        }
    }
}

struct Renderer<'a> {
    file: &'a str,
    statement: &'a Statement,
    values: &'a Substitutions,
    routine: Routine,
    sql: String,
    map: SourceMap,
}

impl<'a> Renderer<'a> {
    fn source(&self) -> &'a str {
        self.statement.text()
    }

    fn refuse(&self, offset: usize, message: &str) -> Refusal {
        refuse(self.file, self.statement.place_at(offset), message)
    }

    fn copy(&mut self, from: usize, to: usize) {
        if from < to {
            self.map.copied(self.sql.len(), self.statement.place_at(from));
            self.sql.push_str(&self.statement.text()[from..to]);
        }
    }

    fn put(&mut self, text: &str, from: usize) {
        self.map.replaced(self.sql.len(), self.statement.place_at(from));
        self.sql.push_str(text);
    }

    fn known(&self, braces: Braces<'_>) -> Result<Placeholder, Refusal> {
        let known = PLACEHOLDERS.iter().find(|(word, _)| *word == braces.word);
        known.map(|(_, placeholder)| *placeholder).ok_or_else(|| {
            let refusal = self.refuse(braces.start, &format!("`{{{{{}}}}}` is no placeholder", braces.word));
            let names: Vec<String> = PLACEHOLDERS.iter().map(|(word, _)| format!("{{{{{word}}}}}")).collect();
            let distance = |word: &str| strsim::damerau_levenshtein(word, &braces.word.to_lowercase());
            match PLACEHOLDERS.iter().map(|(word, _)| (distance(word), word)).min() {
                Some((0..=3, near)) => refusal.hint(format!("did you mean `{{{{{near}}}}}`?")),
                _ => refusal.because(format!("the placeholders are {}", names.join(" "))).hint(format!(
                    "braces that are data: `'{{' || '{{{}}}}}'`, or `'{{ {{…}}}}'` in an array",
                    braces.word
                )),
            }
        })
    }

    /// Renders a stretch of code, then reads it again: there must be the tokens that were meant and no others.
    fn code(&mut self, from: usize, to: usize, frame: &Frame, top: bool) -> Result<(), Refusal> {
        let begin = self.sql.len();
        let mut meant: Vec<(TokenKind, String)> = Vec::new();
        let mut first_value = None;
        let mut at = from;
        if !frame.head.is_empty() {
            self.put(frame.head, from);
            meant.extend(read(frame.head));
            at += frame.replaced;
        }
        let mut previous: Option<Token> = None;
        for token in self.tokens_of(from, to)? {
            if token.start < at {
                continue; // part of a placeholder, or given way to the head
            }
            self.copy(at, token.start);
            at = token.end;
            let braces =
                if token.kind == TokenKind::Symbol('{') { braces_at(self.source(), token.start) } else { None };
            if let Some(braces) = braces {
                let value = self.value_in_code(braces)?;
                first_value.get_or_insert(braces.start);
                self.put(&value, braces.start);
                meant.extend(read(&value));
                at = braces.end;
            } else {
                let rendered_at = self.sql.len();
                if next_braces(self.source(), token.start, token.end).is_some() && token.kind != TokenKind::Comment {
                    first_value.get_or_insert(token.start);
                    self.quoted(&token, previous.as_ref(), top)?;
                } else {
                    self.copy(token.start, token.end);
                }
                meant.push((token.kind, self.sql[rendered_at..].to_owned()));
            }
            if token.kind != TokenKind::Comment {
                previous = Some(token);
            }
        }
        self.copy(at, to);
        if !frame.tail.is_empty() {
            self.put(frame.tail, to);
            meant.extend(read(frame.tail));
        }
        match first_value {
            Some(offset) if read(&self.sql[begin..]) != meant => Err(self
                .refuse(offset, "a placeholder runs into what stands beside it")
                .because("with its value the statement would be read as another one")
                .hint("put a space or an operator around it, and no prefix such as E or U& before it")),
            _ => Ok(()),
        }
    }

    fn tokens_of(&self, from: usize, to: usize) -> Result<Vec<Token>, Refusal> {
        let found = tokens(&self.source()[from..to]).map_err(|unclosed| {
            self.refuse(from + unclosed.start, &format!("a {} is not closed", unclosed.what))
                .because("the text between the dollar quotes is read as code, since it has placeholders")
                .hint(format!("write {} where it ends", unclosed.end))
        })?;
        Ok(found.into_iter().map(|token| Token { start: token.start + from, end: token.end + from, ..token }).collect())
    }

    fn value_in_code(&self, braces: Braces<'_>) -> Result<String, Refusal> {
        match self.known(braces)? {
            Placeholder::SchemaRaw => Err(self
                .refuse(braces.start, "`{{schema_raw}}` stands bare in code")
                .because("a name without quotes may be read as something else")
                .hint("write `{{schema}}`, which brings its quotes, or `\"{{schema_raw}}_more\"`")),
            placeholder => Ok(self.values.sql(placeholder)),
        }
    }

    /// A string or a quoted identifier that has placeholders.
    fn quoted(&mut self, token: &Token, previous: Option<&Token>, top: bool) -> Result<(), Refusal> {
        match token.kind {
            TokenKind::Text | TokenKind::EscapeText => {
                self.no_body_in_single_quotes(token, previous, top)?;
                self.each(token.start, token.end, |this, braces| this.value_in_string(token, braces))
            }
            TokenKind::QuotedIdent => {
                let rendered_at = self.sql.len();
                self.each(token.start, token.end, |this, braces| this.value_in_ident(braces))?;
                let name = self.sql[rendered_at..].replace("\"\"", "\"");
                match name.len() - 2 {
                    0..=MAX_IDENT_BYTES => Ok(()),
                    length => Err(self
                        .refuse(token.start, &format!("the name {name} has {length} bytes"))
                        .because(format!("PostgreSQL keeps {MAX_IDENT_BYTES} and cuts the rest silently"))
                        .hint("shorten the name in the template, or the schema's name")),
                }
            }
            TokenKind::DollarText(length) => self.dollar(token, length, top),
            _ => {
                // U&: which character escapes may be said later, by UESCAPE
                let braces = next_braces(self.source(), token.start, token.end);
                let offset = braces.map_or(token.start, |braces| braces.start);
                Err(self.refuse(offset, "a placeholder stands in U& quotes").hint("use plain quotes around it"))
            }
        }
    }

    /// Copies a stretch, with each placeholder replaced as told.
    fn each(
        &mut self,
        from: usize,
        to: usize,
        value: impl Fn(&Self, Braces<'a>) -> Result<String, Refusal>,
    ) -> Result<(), Refusal> {
        let mut at = from;
        while let Some(braces) = next_braces(self.source(), at, to) {
            self.copy(at, braces.start);
            let text = value(self, braces)?;
            self.put(&text, braces.start);
            at = braces.end;
        }
        self.copy(at, to);
        Ok(())
    }

    fn no_body_in_single_quotes(&self, token: &Token, previous: Option<&Token>, top: bool) -> Result<(), Refusal> {
        let after_as = || previous.is_some_and(|word| word.text(self.source()).eq_ignore_ascii_case("as"));
        let body = match self.routine {
            Routine::No => false,
            Routine::Do { .. } => top,
            Routine::Create { .. } => top && after_as(),
        };
        if body {
            return Err(self
                .refuse(token.start, "a body in single quotes has placeholders")
                .because("in doubled quotes it cannot be told where a value would stand")
                .hint("write the body between dollar quotes: $body$ … $body$"));
        }
        Ok(())
    }

    fn value_in_string(&self, token: &Token, braces: Braces<'_>) -> Result<String, Refusal> {
        let placeholder = self.known(braces)?;
        self.no_literal_in_string(placeholder, braces)?;
        let value = self.values.sql(placeholder);
        let before = &self.source()[token.start..braces.start];
        // '… ''{{schema}}.t'' …' is a string in a string: its quotes would have to be doubled twice
        let escaped = if token.kind == TokenKind::EscapeText { before.matches("\\'").count() } else { 0 };
        let inner = (before.matches("''").count() + escaped) % 2 == 1;
        if inner && value.contains('\'') {
            return Err(self
                .refuse(braces.start, "the schema's name has a quote and would stand in a string inside a string")
                .hint("use quote_ident() and quote_literal(), or format(), in the template"));
        }
        let mut value = value.replace('\'', "''");
        if token.kind == TokenKind::EscapeText {
            if before.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1 {
                return Err(self
                    .refuse(braces.start, "a placeholder stands behind a backslash")
                    .hint("double the backslash, or take it away"));
            }
            value = value.replace('\\', "\\\\");
        }
        Ok(value)
    }

    /// A key or a name brings its own quotes: `'Hello {{store_name}}'` would greet `'O''Hara'`.
    fn no_literal_in_string(&self, placeholder: Placeholder, braces: Braces<'_>) -> Result<(), Refusal> {
        if matches!(placeholder, Placeholder::StoreKey | Placeholder::StoreName) {
            let word = braces.word;
            return Err(self
                .refuse(braces.start, &format!("`{{{{{word}}}}}` stands in a string"))
                .because("it is a value with quotes of its own")
                .hint(format!("write `'…' || {{{{{word}}}}} || '…'`; in dynamic SQL `using {{{{{word}}}}}`")));
        }
        Ok(())
    }

    fn value_in_ident(&self, braces: Braces<'_>) -> Result<String, Refusal> {
        match self.known(braces)? {
            Placeholder::SchemaRaw => Ok(self.values.schema.raw().replace('"', "\"\"")),
            _ => Err(self
                .refuse(braces.start, &format!("`{{{{{}}}}}` stands in double quotes", braces.word))
                .because("it brings its own quotes")
                .hint("take the quotes away, or write `{{schema_raw}}` between them")),
        }
    }

    fn dollar(&mut self, token: &Token, length: usize, top: bool) -> Result<(), Refusal> {
        let (body, end) = (token.start + length, token.end - length);
        self.copy(token.start, body);
        let rendered_at = self.sql.len();
        match self.routine {
            Routine::Create { sql: false } | Routine::Do { sql: false } => {
                self.each(body, end, |this, braces| this.value_in_other_language(braces))?;
            }
            Routine::Create { .. } | Routine::Do { .. } if top || tokens(&self.source()[body..end]).is_ok() => {
                self.code(body, end, &Frame::default(), false)?;
            }
            _ => self.each(body, end, |this, braces| {
                let placeholder = this.known(braces)?;
                this.no_literal_in_string(placeholder, braces)?;
                Ok(this.values.sql(placeholder))
            })?,
        }
        let rendered_end = self.sql.len();
        self.copy(end, token.end);
        let delimiter = &self.source()[end..token.end];
        if self.sql[rendered_at..].find(delimiter) != Some(rendered_end - rendered_at) {
            return Err(self
                .refuse(token.start, &format!("a value contains the dollar quote `{delimiter}`"))
                .hint("use another tag in the template, such as $template$ … $template$"));
        }
        Ok(())
    }

    /// Where the language is not ours to read, only what is harmless in any language goes in.
    fn value_in_other_language(&self, braces: Braces<'_>) -> Result<String, Refusal> {
        let value = self.values.sql(self.known(braces)?);
        let bare = match value.strip_prefix(['\'', '"']) {
            Some(rest) => &rest[..rest.rfind(['\'', '"']).unwrap_or(rest.len())],
            None => &value,
        };
        if bare.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ')) {
            return Ok(value);
        }
        Err(self
            .refuse(braces.start, &format!("the value of `{{{{{}}}}}` has signs in it", braces.word))
            .because("the body is in a language that tenantctl cannot read, so it cannot tell how to escape them")
            .hint("pass the value to the function, or read it from a table"))
    }
}

fn read(text: &str) -> Vec<(TokenKind, String)> {
    let found = tokens(text).unwrap_or_default(); // what is not closed is never what was meant
    found.iter().map(|token| (token.kind, token.text(text).to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(schema: &str, name: &str) -> Substitutions {
        Substitutions {
            schema: Ident::new(schema),
            shared: Ident::new("public"),
            store_key: Literal::cast("4", "integer").into(),
            store_name: Literal::text(name).into(),
        }
    }

    fn snippet(text: &str) -> String {
        render_snippet("t.toml", text, &values("store_4", "O'Hara")).unwrap()
    }

    fn refusal(text: &str, values: &Substitutions) -> Refusal {
        render_snippet("t.toml", text, values).expect_err(text)
    }

    #[test]
    fn a_value_is_quoted_for_where_it_stands() {
        let cases = [
            ("select {{schema}}.f( {{ store_key }} )", "select \"store_4\".f( '4'::integer )"),
            ("select * from {{shared}}.t where n={{store_name}}", "select * from \"public\".t where n='O''Hara'"),
            ("select '{{schema}}.products_id_seq'::regclass", "select '\"store_4\".products_id_seq'::regclass"),
            ("select '{{schema_raw}}'", "select 'store_4'"),
            (r"select E'\\{{schema_raw}}\n'", r"select E'\\store_4\n'"),
            ("select 1 as \"{{schema_raw}}_x\"", "select 1 as \"store_4_x\""),
            ("do $$ begin {{schema}}.f({{store_name}}); end $$", "do $$ begin \"store_4\".f('O''Hara'); end $$"),
            ("do $$ begin execute 'table {{schema}}.t'; end $$", "do $$ begin execute 'table \"store_4\".t'; end $$"),
            ("do $$ begin f($q$x {{store_key}}$q$); end $$", "do $$ begin f($q$x '4'::integer$q$); end $$"),
            ("select $$don't {{schema_raw}}$$", "select $$don't store_4$$"),
            ("select 1 /* {{schema}} {{nope}} */ + 1", "select 1 /* {{schema}} {{nope}} */ + 1"),
            ("select '{{1,2},{3,4}}'::int[]", "select '{{1,2},{3,4}}'::int[]"),
            ("select '{{}} {{a b}} {{ }} {{\"schema\"}}'", "select '{{}} {{a b}} {{ }} {{\"schema\"}}'"),
            ("select '{{{schema_raw}}}'", "select '{store_4}'"),
            ("-- head {{nope}}\n id = {{store_key}} -- tail\n", "id = '4'::integer"),
            ("id = {{store_key}};", "id = '4'::integer"),
        ];
        for (text, expected) in cases {
            assert_eq!(snippet(text), expected, "{text}");
        }
    }

    #[test]
    fn odd_schema_names_stay_one_name() {
        let odd = values("Weird \"Na'me\" ñandú 🦙", "x");
        let cases = [
            ("select {{schema}}.a", "select \"Weird \"\"Na'me\"\" ñandú 🦙\".a"),
            ("select '{{schema}}.a'", "select '\"Weird \"\"Na''me\"\" ñandú 🦙\".a'"),
            ("select '{{schema_raw}}'", "select 'Weird \"Na''me\" ñandú 🦙'"),
            ("select \"{{schema_raw}}\"", "select \"Weird \"\"Na'me\"\" ñandú 🦙\""),
            ("do $$begin f('{{schema}}.a');end$$", "do $$begin f('\"Weird \"\"Na''me\"\" ñandú 🦙\".a');end$$"),
        ];
        for (text, expected) in cases {
            assert_eq!(render_snippet("t", text, &odd).unwrap(), expected);
        }
        let backslash = values(r"a\'; b", "x");
        assert_eq!(render_snippet("t", "select E'{{schema_raw}}'", &backslash).unwrap(), r"select E'a\\''; b'");
    }

    #[test]
    fn a_placeholder_where_no_value_can_stand_is_refused() {
        let plain = values("store_4", "x");
        let cases = [
            ("select\n  {{schem}}.a", "t.toml:2:3: `{{schem}}` is no placeholder"),
            ("select {{schema_raw}}.a", "t.toml:1:8: `{{schema_raw}}` stands bare in code"),
            ("do $$ begin {{schema_raw}}.f(); end $$", "t.toml:1:13: `{{schema_raw}}` stands bare in code"),
            ("select \"ñ{{schema}}\"", "t.toml:1:10: `{{schema}}` stands in double quotes"),
            ("select 'Hola {{store_name}}'", "t.toml:1:14: `{{store_name}}` stands in a string"),
            ("select $$Hola {{store_name}}$$", "t.toml:1:15: `{{store_name}}` stands in a string"),
            ("select U&'{{schema}}'", "t.toml:1:11: a placeholder stands in U& quotes"),
            ("select U&\"{{schema_raw}}\"", "t.toml:1:11: a placeholder stands in U& quotes"),
            (r"select E'\{{schema}}'", "t.toml:1:11: a placeholder stands behind a backslash"),
            ("do 'begin {{schema}}.f(); end'", "t.toml:1:4: a body in single quotes has placeholders"),
            ("select E{{store_name}}", "t.toml:1:9: a placeholder runs into what stands beside it"),
            ("select U&{{schema}}", "t.toml:1:10: a placeholder runs into what stands beside it"),
            ("select {{schema}}{{shared}}", "t.toml:1:8: a placeholder runs into what stands beside it"),
            ("select {{store_key}}$$a$$", "t.toml:1:8: a placeholder runs into what stands beside it"),
            ("select E'a'\n{{store_name}}", "t.toml:2:1: a placeholder runs into what stands beside it"),
            ("do $$ begin f(e{{store_name}}); end $$", "t.toml:1:16: a placeholder runs into what stands beside it"),
            ("do $$ begin 'x {{schema}}; end $$", "t.toml:1:13: a string is not closed"),
            ("a; b", "t.toml:1:4: more than one expression"),
            ("true) or (true)", "t.toml:1:5: a parenthesis closes nothing"),
            ("a \\g", "t.toml:1:1: more than one expression"),
            (" -- ñ", "t.toml:1:1: there is no SQL in it"),
        ];
        for (text, message) in cases {
            assert_eq!(refusal(text, &plain).message, message);
        }
        assert_eq!(refusal("{{Schem}}", &plain).hint.unwrap(), "did you mean `{{schema}}`?");
        assert!(refusal("'{{customer}}'", &plain).because.unwrap().contains("{{store_name}}"));
    }

    #[test]
    fn a_value_that_cannot_stand_there_is_refused() {
        let cases = [
            ("select $a$ {{schema_raw}} $a$", "x$a$", "dollar quote `$a$`"),
            ("select $$ {{schema_raw}}$$", "x$", "dollar quote `$$`"),
            ("do $$ begin {{schema}}.f(); end $$", "x$$", "dollar quote `$$`"),
            ("do language plpython3u $$ {{schema}} $$", "x''", "has signs in it"),
            ("do $$ begin execute 'f(''{{schema}}'')'; end $$", "o'hara", "string inside a string"),
            ("select \"{{schema_raw}}_created_at_index\"", "ñandú_0123456789012345678901234567890123456789", "bytes"),
            ("select {{schema}}", "x\0", "NUL"),
        ];
        for (text, schema, message) in cases {
            assert!(refusal(text, &values(schema, "x")).message.contains(message), "{text}");
        }
        let quoted = refusal("do $$ begin f({{store_name}}); end $$", &values("s", "a$$; drop table t; $$"));
        assert!(quoted.message.contains("dollar quote"));
    }

    #[test]
    fn a_body_in_another_language_takes_harmless_values() {
        let text = "create function f() returns int language plpython3u as $$ x = {{store_name}} # don't $$";
        let rendered = render_snippet("t", text, &values("s", "La Ñandú 7")).unwrap();
        assert!(rendered.contains("x = 'La Ñandú 7' # don't"));
        assert!(refusal(text, &values("s", "O'Hara")).message.contains("signs"));
    }
}
