//! Splits SQL text into tokens and statements as psql does (its `psqlscan.l` is the model).
//!
//! Knows quotes, comments and where a statement ends; knows neither grammar nor placeholders. What a statement
//! may do is decided in `template`, whether it is right is decided by the server.

use crate::error::Refusal;

/// A place in a file; both count from 1, the column in characters.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

impl Place {
    /// The first character of a file.
    pub const START: Self = Self { line: 1, column: 1 };

    /// Where one stands after reading this text from here.
    #[must_use]
    pub fn after(self, text: &str) -> Self {
        match text.rfind('\n') {
            None => Self { line: self.line, column: self.column + text.chars().count() },
            Some(last) => {
                let newline_count = text.bytes().filter(|byte| *byte == b'\n').count();
                Self { line: self.line + newline_count, column: text[last + 1..].chars().count() + 1 }
            }
        }
    }
}

/// A refusal that begins with `file:line:column:`, as editors and CI read it.
pub(crate) fn refuse(file: &str, place: Place, message: &str) -> Refusal {
    Refusal::new(format!("{file}:{}:{}: {message}", place.line, place.column))
}

/// What a token is. Offsets and text stand in [`Token`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TokenKind {
    /// A bare keyword or identifier.
    Word,
    /// `"…"`.
    QuotedIdent,
    /// `U&"…"`.
    UnicodeIdent,
    /// `'…'`, also `N'…'`, `B'…'` and `X'…'`: only a doubled quote is special.
    Text,
    /// `E'…'`: a backslash takes the next character with it.
    EscapeText,
    /// `U&'…'`.
    UnicodeText,
    /// `$tag$…$tag$`; the length in bytes of one delimiter.
    DollarText(usize),
    /// `1`, `1.5e3`.
    Number,
    /// `$1`.
    Parameter,
    /// `-- …` without its newline, or `/* … */`.
    Comment,
    /// A backslash command of psql, to the end of its line.
    Backslash,
    /// Any other character.
    Symbol(char),
}

/// One token, as a range of bytes of the text it was read from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Its first byte.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
}

impl Token {
    /// Its text.
    #[must_use]
    pub fn text<'a>(&self, source: &'a str) -> &'a str {
        &source[self.start..self.end]
    }
}

/// One statement, from its first token to its last; comments around it and its `;` are not part of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Statement {
    text: String,
    tokens: Vec<Token>,
    place: Place,
    ended: bool,
}

impl Statement {
    /// The text as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The tokens, comments between them included; offsets are into [`Statement::text`].
    #[must_use]
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// The tokens without comments.
    pub fn significant(&self) -> impl Iterator<Item = &Token> {
        self.tokens.iter().filter(|token| token.kind != TokenKind::Comment)
    }

    /// Where its first token stands in the file.
    #[must_use]
    pub fn place(&self) -> Place {
        self.place
    }

    /// Whether a `;` ended it, and not the end of the file.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.ended
    }

    /// Whether it is a backslash command of psql.
    #[must_use]
    pub fn is_backslash(&self) -> bool {
        self.tokens.first().is_some_and(|token| token.kind == TokenKind::Backslash)
    }

    /// The bare words it begins with, in upper case: `ALTER TABLE ONLY "t"` gives the first three. A quoted
    /// identifier, and anything else that is no bare word, ends them: `"set"` is never `SET`.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        self.significant()
            .take_while(|token| token.kind == TokenKind::Word)
            .map(|token| token.text(&self.text).to_ascii_uppercase())
            .collect()
    }

    /// Where a byte of the text stands in the file.
    #[must_use]
    pub fn place_at(&self, offset: usize) -> Place {
        self.place.after(&self.text[..offset])
    }

    /// Where a server's error position (in characters, from 1) stands in the file. Past the end gives the end.
    #[must_use]
    pub fn place_of_position(&self, position: u32) -> Place {
        self.place_at(offset_of_position(&self.text, position))
    }
}

/// The byte at which a server's error position (in characters, from 1) stands.
pub(crate) fn offset_of_position(text: &str, position: u32) -> usize {
    let before = usize::try_from(position).unwrap_or(usize::MAX).saturating_sub(1);
    text.char_indices().nth(before).map_or(text.len(), |(offset, _)| offset)
}

/// What stands in a file, in order.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Piece {
    /// A comment that is in no statement.
    Comment {
        /// With its `--` or `/* */`.
        text: String,
        /// Where it begins.
        place: Place,
    },
    /// A statement.
    Statement(Statement),
}

/// Reads a file statement by statement; the file's name is for messages.
///
/// Lazy on purpose: the reader may refuse `COPY … FROM STDIN` before the data after it, which are no SQL, are read.
#[must_use]
pub fn pieces<'a>(file: &'a str, text: &'a str) -> Pieces<'a> {
    let mut scanner = Scanner::new(text, true);
    if text.starts_with('\u{feff}') {
        scanner.at = '\u{feff}'.len_utf8(); // editors of Windows put it there, psql skips it
    }
    Pieces { file, scanner, counted: (0, Place::START) }
}

/// All tokens of a piece of SQL that is no file, such as a function's body; a backslash is only a character there.
///
/// # Errors
/// What is not closed, as the offset where it begins and what it is.
pub fn tokens(text: &str) -> Result<Vec<Token>, Unclosed> {
    let mut scanner = Scanner::new(text, false);
    let mut tokens = Vec::new();
    while let Some(token) = scanner.next_token()? {
        tokens.push(token);
    }
    Ok(tokens)
}

/// Something that begins and never ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Unclosed {
    /// The byte at which it begins.
    pub start: usize,
    /// What it is: `string`, `comment`.
    pub what: &'static str,
    /// What would end it.
    pub end: &'static str,
}

/// The pieces of a file; see [`pieces`].
#[derive(Debug)]
pub struct Pieces<'a> {
    file: &'a str,
    scanner: Scanner<'a>,
    // How far lines are counted: a file is walked once, not once per statement.
    counted: (usize, Place),
}

impl Pieces<'_> {
    fn place(&mut self, offset: usize) -> Place {
        let (from, place) = self.counted;
        let place = place.after(&self.scanner.text[from..offset]);
        self.counted = (offset, place);
        place
    }

    fn refuse(&mut self, unclosed: Unclosed) -> Refusal {
        self.scanner.at = self.scanner.text.len(); // nothing after it can be trusted
        let place = self.place(unclosed.start);
        refuse(self.file, place, &format!("a {} is not closed", unclosed.what))
            .hint(format!("write {} where it ends", unclosed.end))
    }

    fn statement(&mut self, tokens: Vec<Token>, ended: bool) -> Piece {
        let (start, end) = match (tokens.first(), tokens.iter().rfind(|token| token.kind != TokenKind::Comment)) {
            (Some(first), Some(last)) => (first.start, last.end),
            _ => (self.scanner.at, self.scanner.at), // never: a statement begins with a token
        };
        let place = self.place(start);
        let shift = |token: &Token| Token { start: token.start - start, end: token.end - start, ..*token };
        let tokens = tokens.iter().filter(|token| token.end <= end).map(shift).collect();
        Piece::Statement(Statement { text: self.scanner.text[start..end].to_owned(), tokens, place, ended })
    }
}

impl Iterator for Pieces<'_> {
    type Item = Result<Piece, Refusal>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut tokens: Vec<Token> = Vec::new();
        let mut depth = Depth::default();
        loop {
            let token = match self.scanner.next_token() {
                Err(unclosed) => return Some(Err(self.refuse(unclosed))),
                Ok(None) if tokens.is_empty() => return None,
                Ok(None) => {
                    return Some(match depth.unclosed() {
                        Some(unclosed) => Err(self.refuse(unclosed)),
                        None => Ok(self.statement(tokens, false)),
                    });
                }
                Ok(Some(token)) => token,
            };
            match token.kind {
                TokenKind::Comment if tokens.is_empty() => {
                    let place = self.place(token.start);
                    return Some(Ok(Piece::Comment { text: token.text(self.scanner.text).to_owned(), place }));
                }
                TokenKind::Backslash if tokens.is_empty() => return Some(Ok(self.statement(vec![token], true))),
                TokenKind::Symbol(';') if depth.is_outside() && tokens.is_empty() => {} // an empty statement
                TokenKind::Symbol(';') if depth.is_outside() => return Some(Ok(self.statement(tokens, true))),
                _ => {
                    depth.take(&token, self.scanner.text);
                    tokens.push(token);
                }
            }
        }
    }
}

/// Parentheses, and `BEGIN ATOMIC … END` of a routine; inside them a `;` ends nothing.
///
/// psql counts every `BEGIN` of `CREATE FUNCTION`; here the first must be followed by `ATOMIC`, so that a function
/// may be called `begin`. Valid text that psql splits rightly is split the same way.
#[derive(Debug, Default)]
struct Depth {
    parentheses: Vec<usize>,
    // The first bare words, as psql looks at them: CREATE [OR REPLACE] {FUNCTION | PROCEDURE}.
    words: Vec<String>,
    begin: Option<usize>,
    atomic: Option<(usize, usize)>,
}

impl Depth {
    fn is_outside(&self) -> bool {
        self.parentheses.is_empty() && self.atomic.is_none()
    }

    fn unclosed(&self) -> Option<Unclosed> {
        let parenthesis =
            self.parentheses.last().map(|start| Unclosed { start: *start, what: "parenthesis", end: "`)`" });
        let body = self.atomic.map(|(start, _)| Unclosed { start, what: "BEGIN ATOMIC body", end: "END" });
        parenthesis.or(body)
    }

    fn take(&mut self, token: &Token, text: &str) {
        let begin = self.begin.take();
        match token.kind {
            TokenKind::Comment => self.begin = begin,
            TokenKind::Symbol('(') => self.parentheses.push(token.start),
            TokenKind::Symbol(')') => {
                self.parentheses.pop();
            }
            TokenKind::Word => self.take_word(token, text, begin),
            _ => {}
        }
    }

    fn take_word(&mut self, token: &Token, text: &str, begin: Option<usize>) {
        let word = token.text(text).to_ascii_uppercase();
        if self.is_routine() && self.parentheses.is_empty() {
            match (word.as_str(), &mut self.atomic) {
                ("BEGIN", None) => self.begin = Some(token.start),
                ("ATOMIC", none @ None) => *none = begin.map(|start| (start, 1)),
                ("CASE", Some((_, depth))) => *depth += 1,
                ("END", Some((_, 1))) => self.atomic = None,
                ("END", Some((_, depth))) => *depth -= 1,
                _ => {}
            }
        }
        if self.words.len() < 4 {
            self.words.push(word);
        }
    }

    fn is_routine(&self) -> bool {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        matches!(
            words.as_slice(),
            ["CREATE", "FUNCTION" | "PROCEDURE", ..] | ["CREATE", "OR", "REPLACE", "FUNCTION" | "PROCEDURE", ..]
        )
    }
}

#[derive(Debug)]
struct Scanner<'a> {
    text: &'a str,
    at: usize,
    // Whether a backslash begins a command, as in a file that psql reads.
    commands: bool,
}

/// As in PostgreSQL's scanner every character beyond ASCII belongs to an identifier.
fn begins_word(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

fn continues_word(c: char) -> bool {
    begins_word(c) || c.is_ascii_digit() || c == '$'
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}

fn length_while(text: &str, keep: impl Fn(char) -> bool) -> usize {
    text.find(|c| !keep(c)).unwrap_or(text.len())
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str, commands: bool) -> Self {
        Self { text, at: 0, commands }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn next_token(&mut self) -> Result<Option<Token>, Unclosed> {
        self.at += length_while(self.rest(), is_space);
        let start = self.at;
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(None) };
        let kind = match first {
            '-' if rest.starts_with("--") => {
                self.at += length_while(rest, |c| c != '\n' && c != '\r');
                TokenKind::Comment
            }
            '/' if rest.starts_with("/*") => self.block_comment()?,
            '\'' => self.string(1, false)?,
            '"' => self.quoted_ident(1, TokenKind::QuotedIdent)?,
            'e' | 'E' if rest[1..].starts_with('\'') => self.string(2, true)?,
            'b' | 'B' | 'x' | 'X' | 'n' | 'N' if rest[1..].starts_with('\'') => self.string(2, false)?,
            'u' | 'U' if rest[1..].starts_with("&'") => {
                self.string(3, false)?;
                TokenKind::UnicodeText
            }
            'u' | 'U' if rest[1..].starts_with("&\"") => self.quoted_ident(3, TokenKind::UnicodeIdent)?,
            '$' => self.dollar()?,
            '\\' if self.commands => {
                self.at += length_while(rest, |c| c != '\n' && c != '\r');
                TokenKind::Backslash
            }
            c if begins_word(c) => {
                self.at += length_while(rest, continues_word);
                TokenKind::Word
            }
            c if c.is_ascii_digit() => self.number(),
            c => {
                self.at += c.len_utf8();
                TokenKind::Symbol(c)
            }
        };
        Ok(Some(Token { kind, start, end: self.at }))
    }

    fn block_comment(&mut self) -> Result<TokenKind, Unclosed> {
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            let rest = self.rest();
            if rest.starts_with("/*") {
                depth += 1;
                self.at += 2;
            } else if rest.starts_with("*/") {
                depth -= 1;
                self.at += 2;
                if depth == 0 {
                    return Ok(TokenKind::Comment);
                }
            } else {
                match rest.chars().next() {
                    Some(c) => self.at += c.len_utf8(),
                    None => return Err(Unclosed { start, what: "comment", end: "`*/`" }),
                }
            }
        }
    }

    /// A string and the strings that continue it: a quote after white space with a newline in it goes on in the
    /// same manner, so in `E'a'⏎'\''` the backslash of the second line still counts. So does the server read it;
    /// psql, which reads line by line, forgets the E and can split such text wrongly.
    fn string(&mut self, prefix: usize, backslashes: bool) -> Result<TokenKind, Unclosed> {
        let start = self.at;
        self.at += prefix;
        loop {
            self.until_quote('\'', backslashes).ok_or(Unclosed { start, what: "string", end: "`'`" })?;
            match continuation(self.rest()) {
                Some(length) => self.at += length,
                None => return Ok(if backslashes { TokenKind::EscapeText } else { TokenKind::Text }),
            }
        }
    }

    fn quoted_ident(&mut self, prefix: usize, kind: TokenKind) -> Result<TokenKind, Unclosed> {
        let start = self.at;
        self.at += prefix;
        self.until_quote('"', false).ok_or(Unclosed { start, what: "quoted identifier", end: "`\"`" })?;
        Ok(kind)
    }

    /// Goes behind the closing quote; a doubled one closes nothing.
    fn until_quote(&mut self, quote: char, backslashes: bool) -> Option<()> {
        let mut chars = self.rest().char_indices().peekable();
        while let Some((offset, c)) = chars.next() {
            if backslashes && c == '\\' {
                chars.next();
            } else if c == quote {
                if chars.peek().is_some_and(|(_, next)| *next == quote) {
                    chars.next();
                } else {
                    self.at += offset + quote.len_utf8();
                    return Some(());
                }
            }
        }
        None
    }

    fn dollar(&mut self) -> Result<TokenKind, Unclosed> {
        let rest = self.rest();
        let digits = length_while(&rest[1..], |c| c.is_ascii_digit());
        if digits > 0 {
            self.at += 1 + digits;
            return Ok(TokenKind::Parameter);
        }
        let tag = length_while(&rest[1..], |c| continues_word(c) && c != '$');
        if !rest[1 + tag..].starts_with('$') {
            self.at += 1;
            return Ok(TokenKind::Symbol('$'));
        }
        let length = tag + 2;
        match rest[length..].find(&rest[..length]) {
            Some(body) => {
                self.at += length + body + length;
                Ok(TokenKind::DollarText(length))
            }
            None => Err(Unclosed { start: self.at, what: "dollar quote", end: "the same `$tag$`" }),
        }
    }

    fn number(&mut self) -> TokenKind {
        let digits = |text: &str| length_while(text, |c| c.is_ascii_digit() || c == '_');
        self.at += digits(self.rest());
        if self.rest().starts_with('.') && !self.rest().starts_with("..") {
            self.at += 1;
            self.at += digits(self.rest());
        }
        let rest = self.rest();
        if rest.starts_with(['e', 'E']) {
            let sign = usize::from(rest[1..].starts_with(['+', '-']));
            if rest[1 + sign..].starts_with(|c: char| c.is_ascii_digit()) {
                self.at += 1 + sign + digits(&rest[1 + sign..]);
            }
        }
        TokenKind::Number
    }
}

/// The length up to and with the quote that continues a string, where the text does so: white space, comments to
/// the end of the line, at least one newline, a quote.
fn continuation(text: &str) -> Option<usize> {
    let mut at = 0;
    let mut newline = false;
    loop {
        let space = length_while(&text[at..], is_space);
        newline |= text[at..at + space].contains(['\n', '\r']);
        at += space;
        let rest = &text[at..];
        if rest.starts_with("--") {
            at += length_while(rest, |c| c != '\n' && c != '\r');
        } else {
            return (newline && rest.starts_with('\'')).then_some(at + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statements(text: &str) -> Vec<Statement> {
        pieces("t.sql", text)
            .filter_map(|piece| match piece.unwrap() {
                Piece::Statement(statement) => Some(statement),
                Piece::Comment { .. } => None,
            })
            .collect()
    }

    fn texts(text: &str) -> Vec<String> {
        statements(text).iter().map(|statement| statement.text().to_owned()).collect()
    }

    #[test]
    fn statements_end_where_psql_ends_them() {
        let cases: &[(&str, &[&str])] = &[
            ("", &[]),
            (" ;; ; -- nothing\n;", &[]),
            ("a; b", &["a", "b"]),
            ("select ';'; b", &["select ';'", "b"]),
            ("select 'it''s; fine'; b", &["select 'it''s; fine'", "b"]),
            (r"select '\'; b", &[r"select '\'", "b"]),
            (r"select E'\'; still'; b", &[r"select E'\'; still'", "b"]),
            (r"select e'\\'; b", &[r"select e'\\'", "b"]),
            ("select E'a'\n  -- and\n '\\';'; b", &["select E'a'\n  -- and\n '\\';'", "b"]),
            ("select E'a' '\\'; b", &["select E'a' '\\'", "b"]),
            (r"select U&'\0041;'; b", &[r"select U&'\0041;'", "b"]),
            (r"select B'01;', X'1F;', n';'; b", &[r"select B'01;', X'1F;', n';'", "b"]),
            ("select 1 as \"a;\"\"b\"; b", &["select 1 as \"a;\"\"b\"", "b"]),
            ("select 1 as U&\"a;\"; b", &["select 1 as U&\"a;\"", "b"]),
            ("select $$a;b$$; b", &["select $$a;b$$", "b"]),
            ("select $t$a;$$;$T$;$t$; b", &["select $t$a;$$;$T$;$t$", "b"]),
            ("select $ñandú$;$ñandú$; b", &["select $ñandú$;$ñandú$", "b"]),
            ("select a$b$; c$b$", &["select a$b$", "c$b$"]),
            ("execute p($1); $2", &["execute p($1)", "$2"]),
            ("select $1$$;$$; b", &["select $1$$;$$", "b"]),
            ("select 1$$;$$; b", &["select 1$$;$$", "b"]),
            ("a -- ; not\n; b", &["a", "b"]),
            ("a /* ; /* ; */ ; */ c; b", &["a /* ; /* ; */ ; */ c", "b"]),
            ("a */* ; */ c; b", &["a */* ; */ c", "b"]),
            ("a - -- '\n c; b", &["a - -- '\n c", "b"]),
            ("create rule r as on insert to t do (a; b); c", &["create rule r as on insert to t do (a; b)", "c"]),
            ("a); b", &["a)", "b"]),
            ("select '🦙;'; \"ñandú 🦙\";", &["select '🦙;'", "\"ñandú 🦙\""]),
            ("\u{feff}a; b", &["a", "b"]),
            ("a;\r\nb;\r\n", &["a", "b"]),
            ("\\restrict x'y\nselect 1;\n\\unrestrict x'y\n", &["\\restrict x'y", "select 1", "\\unrestrict x'y"]),
        ];
        for (text, expected) in cases {
            assert_eq!(texts(text), *expected, "{text}");
        }
    }

    #[test]
    fn a_body_in_begin_atomic_is_one_statement() {
        let bodies = [
            "create function f() returns int begin atomic select 1; select 2; end",
            "CREATE OR REPLACE FUNCTION f(a int) RETURNS int BEGIN /* ; */ ATOMIC SELECT CASE WHEN a=1 THEN 2 END; END",
            "create procedure \"Weird \"\"Name\"\"\"() begin atomic insert into t select case when (case 1 when 1 then \
             true end) then case 2 when 3 then 4 end end; end",
        ];
        for body in bodies {
            assert_eq!(texts(&format!("{body}; b")), [body, "b"]);
        }
        let plain = "create function begin() returns int language sql as 'select 1'";
        assert_eq!(texts(&format!("{plain}; b")), [plain, "b"]);
        assert_eq!(texts("begin; atomic; b"), ["begin", "atomic", "b"]);
        assert_eq!(texts("create table t (); begin atomic; b").len(), 3);
    }

    #[test]
    fn what_is_not_closed_is_named_with_its_place() {
        let cases = [
            ("a;\n  'b", "t.sql:2:3: a string is not closed"),
            ("a;\n  E'b\\'", "t.sql:2:3: a string is not closed"),
            ("ñ🦙 \"b", "t.sql:1:4: a quoted identifier is not closed"),
            ("a /* /* */", "t.sql:1:3: a comment is not closed"),
            ("a;\n\n$x$ $$ ;", "t.sql:3:1: a dollar quote is not closed"),
            ("a (b; c;", "t.sql:1:3: a parenthesis is not closed"),
            ("create function f() begin atomic a;", "t.sql:1:21: a BEGIN ATOMIC body is not closed"),
        ];
        for (text, message) in cases {
            let all: Vec<_> = pieces("t.sql", text).collect();
            assert_eq!(all.last().unwrap().as_ref().unwrap_err().message, message);
        }
    }

    #[test]
    fn the_statement_before_a_broken_one_is_still_given() {
        let mut pieces = pieces("t.sql", "copy t from stdin;\nit's data\n\\.\n");
        assert!(pieces.next().unwrap().is_ok());
        assert!(pieces.next().unwrap().is_err());
        assert!(pieces.next().is_none());
    }

    #[test]
    fn a_position_of_the_server_is_found_in_the_file() {
        let all = statements("-- head\n\n  select 'ñ🦙', x\nfrom nowhere; b");
        let statement = &all[0];
        assert_eq!(statement.place(), Place { line: 3, column: 3 });
        assert_eq!(statement.place_of_position(1), Place { line: 3, column: 3 });
        assert_eq!(statement.place_of_position(14), Place { line: 3, column: 16 }); // x
        assert_eq!(statement.place_of_position(21), Place { line: 4, column: 6 }); // nowhere
        assert_eq!(statement.place_of_position(999), Place { line: 4, column: 13 });
        assert_eq!(all[1].place(), Place { line: 4, column: 15 });
    }

    #[test]
    fn leading_words_stop_at_the_first_that_is_none() {
        let words = |text: &str| statements(text)[0].words();
        assert_eq!(words("alter /* x */ Table only \"T\" add"), ["ALTER", "TABLE", "ONLY"]);
        assert_eq!(words("\"set\" x").len(), 0);
        assert_eq!(words("set ñandú = 1"), ["SET", "ñANDú"]);
    }

    #[test]
    fn comments_between_statements_are_pieces() {
        let all: Vec<Piece> = pieces("t.sql", "-- one\na -- in\n b; /* two */").map(Result::unwrap).collect();
        assert_eq!(all.len(), 3);
        assert_eq!(all[0], Piece::Comment { text: "-- one".into(), place: Place::START });
        assert_eq!(all[2], Piece::Comment { text: "/* two */".into(), place: Place { line: 3, column: 5 } });
    }

    #[test]
    fn every_byte_is_in_a_token_or_is_white_space() {
        let text = "select E'\\'ñ', \"🦙\", $a$ x $a$, 1.5e-3, a..b, $1 /* c */ -- d\n from t[1:2] where a@>'{}'";
        let mut at = 0;
        for token in tokens(text).unwrap() {
            assert!(text[at..token.start].chars().all(is_space));
            at = token.end;
        }
        assert_eq!(at, text.len());
    }
}
