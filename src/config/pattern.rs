//! Patterns with words in braces: `store_{key}`.

use crate::conninfo::{Secret, encode};
use crate::error::Refusal;
use crate::ident::Ident;
use crate::store::Store;

/// Names that are never a store's: PostgreSQL's own and the journal's.
const RESERVED: &[&str] = &["information_schema", "public", "tenantctl"];

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Piece {
    Text(String),
    Word(&'static str),
}

pub(super) fn pieces(text: &str, words: &[&'static str]) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let known = words.iter().map(|word| format!("{{{word}}}")).collect::<Vec<_>>().join(" ");
        let (word, after) = after.split_once('}').ok_or_else(|| format!("`{{` without `}}`; words are {known}"))?;
        let found = words.iter().find(|known| **known == word);
        let found = found.ok_or_else(|| format!("unknown word `{{{word}}}`; words are {known}"))?;
        pieces.extend([Piece::Text(before.to_owned()), Piece::Word(found)]);
        rest = after;
    }
    match rest.contains('}') {
        true => Err("`}` without `{`".to_owned()),
        false => {
            pieces.push(Piece::Text(rest.to_owned()));
            Ok(pieces)
        }
    }
}

/// How a store schema is called where the registry names none.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NamePattern(Vec<Piece>);

impl NamePattern {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let pieces = pieces(text, &["key", "name", "created_ms"])?;
        if !pieces.iter().any(|piece| matches!(piece, Piece::Word(_))) {
            return Err(format!("`{text}` gives every store the same schema; put {{key}} into it"));
        }
        Ok(Self(pieces))
    }

    pub(super) fn has(&self, word: &str) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Word(found) if *found == word))
    }

    /// The name for one store. `{name}` becomes lower case with `_` for all but letters and digits;
    /// `{created_ms}` is milliseconds since 1970.
    ///
    /// # Errors
    /// Refuses where the store lacks a word of the pattern, a name over 63 bytes, and names that are PostgreSQL's own.
    pub fn schema_name(&self, key: &str, name: Option<&str>, created_ms: Option<i64>) -> Result<Ident, Refusal> {
        let lacks = |what: &str| {
            Refusal::new(format!("no schema name can be made for store {key}"))
                .because(format!("the pattern has {{{what}}}, and the registry has none for this store"))
                .hint("fill the registry's column, or use {key} in [store_schema] name")
        };
        let mut made = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => made.push_str(text),
                Piece::Word("key") => made.push_str(key),
                Piece::Word("name") => {
                    let plain = plain(name.unwrap_or_default());
                    made.push_str(&Some(plain).filter(|plain| !plain.is_empty()).ok_or_else(|| lacks("name"))?);
                }
                Piece::Word(_) => made.push_str(&created_ms.ok_or_else(|| lacks("created_ms"))?.to_string()),
            }
        }
        if made.starts_with("pg_") || RESERVED.contains(&made.as_str()) {
            return Err(Refusal::new(format!("`{made}` cannot be the schema of store {key}"))
                .because("the name has a meaning of its own")
                .hint("change [store_schema] name"));
        }
        Ident::parse(&made).map_err(|refusal| refusal.hint("make [store_schema] name shorter, such as `store_{key}`"))
    }
}

/// What tells one store of a database from another: the name of its role, or of its entry in a pooler.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct StorePattern(Vec<Piece>);

impl StorePattern {
    /// `what` it names, for a pattern that names all stores alike.
    pub(super) fn parse(text: &str, what: &str) -> Result<Self, String> {
        let pieces = pieces(text, &["key", "name", "schema", "database"])?;
        let tells_apart = |piece: &Piece| matches!(piece, Piece::Word(word) if *word != "database");
        match pieces.iter().any(tells_apart) {
            true => Ok(Self(pieces)),
            false => Err(format!("`{text}` gives every store the same {what}; put {{schema}} or {{key}} into it")),
        }
    }

    /// The name for one store; none where the pattern wants the store's name, and it has none that is left in lower case
    /// with `_` for all but letters and digits.
    pub(super) fn fill(&self, store: &Store, database: &str) -> Option<String> {
        let mut made = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => made.push_str(text),
                Piece::Word("key") => made.push_str(store.key.text()),
                Piece::Word("schema") => made.push_str(store.schema.raw()),
                Piece::Word("database") => made.push_str(database),
                Piece::Word(_) => {
                    let name = store.name.as_deref().map(plain).filter(|name| !name.is_empty());
                    made.push_str(&name?);
                }
            }
        }
        Some(made)
    }
}

/// Lower case, letters and digits, one `_` for each run of anything else.
pub(super) fn plain(name: &str) -> String {
    let lower = name.to_lowercase();
    lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_")
}

/// The URL that the application shall use for a store; it may carry the application's password.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UrlPattern(Secret);

const URL_WORDS: &[&str] = &["schema", "key"];

impl UrlPattern {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let pieces = pieces(text, URL_WORDS)?;
        if !pieces.iter().any(|piece| matches!(piece, Piece::Word(_))) {
            return Err("the URL is the same for every store; put {schema} into it".to_owned());
        }
        Ok(Self(Secret::new(text)))
    }

    /// The URL of one store, its words percent-encoded. Mask it before it is shown.
    #[must_use]
    pub fn application_url(&self, schema: &Ident, key: &str) -> String {
        let pieces = pieces(self.0.reveal(), URL_WORDS).unwrap_or_default(); // it was read before
        let made = pieces.into_iter().map(|piece| match piece {
            Piece::Text(text) => text,
            Piece::Word("key") => encode(key),
            Piece::Word(_) => encode(schema.raw()),
        });
        made.collect()
    }
}

/// A URL or a header that asks the application, with `{schema}`, `{key}` and `{name}` in it; it may carry a secret.
#[derive(Clone, Debug)]
pub(super) struct RequestPattern(Secret);

const REQUEST_WORDS: &[&str] = &["schema", "key", "name"];

impl RequestPattern {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        pieces(text, REQUEST_WORDS).map(|_| Self(Secret::new(text)))
    }

    /// For a URL: the words percent-encoded.
    pub(super) fn encoded(&self, store: &Store) -> String {
        self.made(store, encode)
    }

    /// For a header: the words as they are.
    pub(super) fn plain(&self, store: &Store) -> String {
        self.made(store, str::to_owned)
    }

    fn made(&self, store: &Store, shape: impl Fn(&str) -> String) -> String {
        let words = words_of(store);
        let pieces = pieces(self.0.reveal(), REQUEST_WORDS).unwrap_or_default(); // it was read before
        let made = pieces.into_iter().map(|piece| match piece {
            Piece::Text(text) => text,
            Piece::Word(word) => {
                words.iter().find(|(known, _)| *known == word).map_or_else(String::new, |(_, of)| shape(of))
            }
        });
        with_braces(&made.collect::<String>())
    }
}

/// A value whose braces are no words of a pattern, wherever it is put in; [`with_braces`] gives them back.
pub(super) fn without_braces(value: &str) -> String {
    value.replace('{', "\u{e000}").replace('}', "\u{e001}")
}

fn with_braces(made: &str) -> String {
    made.replace('\u{e000}', "{").replace('\u{e001}', "}")
}

/// The body of a request, in which braces are common: its words have two, `{{key}}`.
#[derive(Clone, Debug)]
pub(super) struct BodyPattern {
    text: Secret,
    is_form: bool,
}

impl BodyPattern {
    pub(super) fn parse(text: &str, is_form: bool) -> Result<Self, String> {
        let word = |rest: &str| rest.split_once("}}").map(|(word, _)| word.trim().to_owned());
        for word in text.split("{{").skip(1).filter_map(word) {
            let is_word = !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || c == '_');
            if is_word && !REQUEST_WORDS.contains(&word.as_str()) {
                return Err(format!("unknown word `{{{{{word}}}}}`"));
            }
        }
        Ok(Self { text: Secret::new(text), is_form })
    }

    /// For one store: escaped as the inside of a JSON text, or percent-encoded in a form.
    pub(super) fn filled(&self, store: &Store) -> String {
        let mut body = self.text.reveal().to_owned();
        for (word, value) in words_of(store) {
            let value = if self.is_form { encode(&value) } else { inside_json(&value) };
            body = body.replace(&format!("{{{{{word}}}}}"), &without_braces(&value));
        }
        with_braces(&body)
    }
}

/// As it stands between the quotes of a JSON text.
fn inside_json(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\\' => escaped.extend(['\\', c]),
            c if u32::from(c) < 0x20 => escaped.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The words of patterns that ask the application.
fn words_of(store: &Store) -> [(&'static str, String); 3] {
    [
        ("schema", store.schema.raw().to_owned()),
        ("key", store.key.text().to_owned()),
        ("name", store.name.clone().unwrap_or_default()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made() {
        let made = |pattern: &str, name, created| {
            NamePattern::parse(pattern).unwrap().schema_name("4", name, created).map(|name| name.raw().to_owned())
        };
        assert_eq!(made("store_{key}", None, None).as_deref(), Ok("store_4"));
        assert_eq!(made("store_{created_ms}", None, Some(1_751_248_005_649)).as_deref(), Ok("store_1751248005649"));
        assert_eq!(made("{name}_{key}", Some("Café — d'Ola "), None).as_deref(), Ok("café_d_ola_4"));
        assert!(made("{name}", Some("—"), None).is_err());
        assert!(made("{name}", None, None).unwrap_err().because.unwrap().contains("{name}"));
        assert!(made("s_{created_ms}", None, None).is_err());
        assert!(made("pg_{key}", None, None).is_err());
        assert!(made("{name}", Some("public"), None).is_err());
        assert!(made("{name}", Some(&"x".repeat(64)), None).unwrap_err().hint.is_some());
    }

    #[test]
    fn patterns_that_cannot_work_are_refused() {
        for pattern in ["store", "store_{id}", "store_{key", "store_key}", "{{key}}", ""] {
            assert!(NamePattern::parse(pattern).is_err(), "{pattern}");
        }
        assert!(NamePattern::parse("store_{id}").unwrap_err().contains("{key} {name} {created_ms}"));
        for pattern in ["postgresql://app@db/main", "postgresql://app@db/{schem}"] {
            assert!(UrlPattern::parse(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn the_url_is_encoded_and_hidden() {
        let pattern = UrlPattern::parse("postgresql://app:pw@db/main?schema={schema}&k={key}").unwrap();
        let url = pattern.application_url(&Ident::new("Weird schema"), "a&b");
        assert_eq!(url, "postgresql://app:pw@db/main?schema=Weird%20schema&k=a%26b");
        assert!(!format!("{pattern:?}").contains("pw"));
    }
}
