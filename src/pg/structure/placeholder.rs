//! Puts `{{schema}}` where a text names the schema it lies in.

use crate::ident::{Ident, Literal};

/// What stands for the schema's name.
const PLACEHOLDER: &str = "{{schema}}";

/// The ways in which a schema's name can stand in a text.
pub(super) struct Placeholder {
    /// The quoted ones first: the bare name is part of them.
    spellings: Vec<String>,
}

impl Placeholder {
    pub(super) fn new(schema: &Ident) -> Self {
        let mut spellings = Vec::new();
        for name in [schema.to_string(), schema.raw().to_owned()] {
            // Inside a string literal its apostrophes are doubled.
            let literal = Literal::text(name.clone()).to_string();
            for spelling in [literal[1..literal.len() - 1].to_owned(), name] {
                if !spellings.contains(&spelling) {
                    spellings.push(spelling);
                }
            }
        }
        Self { spellings }
    }

    /// The text with the placeholder for each whole token that is the name.
    pub(super) fn put(&self, text: &str) -> String {
        self.spellings.iter().fold(text.to_owned(), |text, spelling| put_one(&text, spelling))
    }
}

fn put_one(text: &str, spelling: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(spelling) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let after = &from[spelling.len()..];
        let quoted = spelling.starts_with('"');
        let whole = quoted || !(out.ends_with(is_word) || after.starts_with(is_word));
        out.push_str(if whole { PLACEHOLDER } else { spelling });
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_name_is_replaced() {
        let put = |schema: &str, text: &str| Placeholder::new(&Ident::new(schema)).put(text);
        assert_eq!(
            put("store_4", "store_4.f() store_40 my_store_4 'store_4'"),
            "{{schema}}.f() store_40 my_store_4 '{{schema}}'"
        );
        assert_eq!(put("store_4", "\"store_4\".t"), "{{schema}}.t");
        assert_eq!(put("a\"b", "\"a\"\"b\".t, a\"b"), "{{schema}}.t, {{schema}}");
        assert_eq!(put("it's", "'\"it''s\".t' it's"), "'{{schema}}.t' {{schema}}");
    }
}
