//! A statement as a list of words, names and signs, to see what kind it is.
//!
//! No parser: the server is one. This looks only as far as deciding where a statement runs needs it.

use crate::lexer::{Statement, TokenKind};

/// A token as the rules look at it; a placeholder in code counts as the name that it will be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Lexeme {
    /// A bare word, in upper case.
    Word(String),
    /// A quoted identifier without its quotes, or a placeholder as written.
    Name(String),
    /// A plain string without its quotes.
    Text(String),
    /// Anything else; strings of other kinds are `'`.
    Sign(char),
}

/// The lexemes of a statement, each with the byte offset of its token.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) lexemes: Vec<Lexeme>,
    pub(super) offsets: Vec<usize>,
}

impl Shape {
    pub(super) fn of(statement: &Statement) -> Self {
        Self::new(statement.text(), statement.tokens().iter().copied())
    }

    pub(super) fn new(text: &str, tokens: impl Iterator<Item = crate::lexer::Token>) -> Self {
        let mut shape = Self { lexemes: Vec::new(), offsets: Vec::new() };
        let mut skip_to = 0;
        for token in tokens.filter(|token| token.kind != TokenKind::Comment) {
            if token.start < skip_to {
                continue;
            }
            let written = token.text(text);
            let lexeme = match token.kind {
                TokenKind::Symbol('{') => match super::placeholder::braces_at(text, token.start) {
                    Some(braces) => {
                        skip_to = braces.end;
                        Lexeme::Name(text[token.start..braces.end].to_owned())
                    }
                    None => Lexeme::Sign('{'),
                },
                TokenKind::Word => Lexeme::Word(written.to_ascii_uppercase()),
                TokenKind::QuotedIdent => Lexeme::Name(written[1..written.len() - 1].replace("\"\"", "\"")),
                TokenKind::UnicodeIdent => Lexeme::Name(written.to_owned()),
                TokenKind::Text => {
                    let start = written.find('\'').map_or(0, |quote| quote + 1);
                    Lexeme::Text(written[start..written.len() - 1].replace("''", "'"))
                }
                TokenKind::Symbol(c) => Lexeme::Sign(c),
                TokenKind::Number | TokenKind::Parameter => Lexeme::Sign('0'),
                TokenKind::EscapeText | TokenKind::UnicodeText | TokenKind::DollarText(_) => Lexeme::Sign('\''),
                TokenKind::Backslash => Lexeme::Sign('\\'),
                TokenKind::Comment => continue,
            };
            shape.lexemes.push(lexeme);
            shape.offsets.push(token.start);
        }
        shape
    }

    /// All of it.
    pub(super) fn view(&self) -> View<'_> {
        View(&self.lexemes)
    }
}

/// A stretch of lexemes, eaten from the front.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a>(pub(super) &'a [Lexeme]);

impl<'a> View<'a> {
    /// The bare word at a place, or nothing.
    pub(super) fn word(&self, index: usize) -> &'a str {
        match self.0.get(index) {
            Some(Lexeme::Word(word)) => word,
            _ => "",
        }
    }

    /// Whether it begins with these bare words.
    pub(super) fn begins(&self, words: &str) -> bool {
        words.split(' ').enumerate().all(|(index, word)| self.word(index) == word)
    }

    /// Eats these bare words where it begins with them.
    pub(super) fn eat(&mut self, words: &str) -> bool {
        let begins = self.begins(words);
        if begins {
            self.0 = &self.0[words.split(' ').count()..];
        }
        begins
    }

    /// Eats the first of these that it begins with; says which.
    pub(super) fn eat_any<'w>(&mut self, choices: &[&'w str]) -> Option<&'w str> {
        choices.iter().copied().find(|words| self.eat(words))
    }

    /// Eats one sign.
    pub(super) fn eat_sign(&mut self, sign: char) -> bool {
        let begins = self.0.first() == Some(&Lexeme::Sign(sign));
        if begins {
            self.0 = &self.0[1..];
        }
        begins
    }

    /// Eats a name such as `a."b".c`; its last part as PostgreSQL keeps it.
    pub(super) fn eat_name(&mut self) -> Option<String> {
        let mut last = None;
        loop {
            last = match self.0.first() {
                Some(Lexeme::Word(word)) => Some(word.to_lowercase()),
                Some(Lexeme::Name(name)) => Some(name.clone()),
                _ => return last,
            };
            self.0 = &self.0[1..];
            if !self.eat_sign('.') {
                return last;
            }
        }
    }

    /// Whether this bare word stands anywhere.
    pub(super) fn has_word(&self, word: &str) -> bool {
        self.0.iter().any(|lexeme| matches!(lexeme, Lexeme::Word(other) if other == word))
    }

    /// Whether these bare words stand one after the other somewhere.
    pub(super) fn has_words(&self, words: &str) -> bool {
        (0..self.0.len()).any(|start| View(&self.0[start..]).begins(words))
    }

    /// Whether a name stands anywhere.
    pub(super) fn names_any(&self, names: &[String]) -> bool {
        self.0.iter().any(|lexeme| match lexeme {
            Lexeme::Word(word) => names.iter().any(|name| *name == word.to_lowercase()),
            Lexeme::Name(name) => names.contains(name),
            _ => false,
        })
    }

    /// The stretches between commas that are in no parentheses.
    pub(super) fn between_commas(&self) -> Vec<View<'a>> {
        let mut depth = 0_i32;
        self.0
            .split(|lexeme| {
                match lexeme {
                    Lexeme::Sign('(' | '[') => depth += 1,
                    Lexeme::Sign(')' | ']') => depth -= 1,
                    _ => {}
                }
                depth == 0 && *lexeme == Lexeme::Sign(',')
            })
            .map(View)
            .collect()
    }
}
