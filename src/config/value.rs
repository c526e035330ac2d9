//! Values of the text form: a text, a number, yes or no, a list, a text per language.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::report::Texts;

/// A value as written.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// A text.
    Text(String),
    /// A number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
    /// A list of texts.
    List(Vec<String>),
    /// A text per language.
    Texts(Texts),
}

impl fmt::Display for Value {
    /// As TOML writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |text: &String| toml::Value::String(text.clone()).to_string();
        match self {
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::Number(number) => write!(f, "{number}"),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::List(items) => write!(f, "[{}]", items.iter().map(quoted).collect::<Vec<_>>().join(", ")),
            Self::Texts(texts) => {
                let pairs: Vec<String> =
                    texts.iter().map(|(name, text)| format!("{name} = {}", quoted(text))).collect();
                write!(f, "{{ {} }}", pairs.join(", "))
            }
        }
    }
}

/// A text, the same in every language or one per language.
#[derive(Debug)]
pub(super) struct Localized(pub(super) Texts);

impl Localized {
    /// The same text in every language.
    pub(super) fn same(text: &str) -> Self {
        Self(["en", "es"].map(|language| (language.to_owned(), text.to_owned())).into())
    }
}

impl<'de> Deserialize<'de> for Localized {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Localized;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or a text per language: `{ en = \"…\", es = \"…\" }`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Localized, E> {
                Ok(Localized::same(text))
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Localized, A::Error> {
                let given = PerLanguage::deserialize(de::value::MapAccessDeserializer::new(map))?;
                // who wrote one language wants it rather than nothing in the other
                let (en, es) = match (given.en, given.es) {
                    (Some(en), Some(es)) => (en, es),
                    (Some(one), None) | (None, Some(one)) => (one.clone(), one),
                    (None, None) => return Err(de::Error::custom("the text is there in no language")),
                };
                Ok(Localized([("en".to_owned(), en), ("es".to_owned(), es)].into()))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PerLanguage {
    en: Option<String>,
    es: Option<String>,
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<Vec<String>> for Value {
    fn from(items: Vec<String>) -> Self {
        Self::List(items)
    }
}

impl From<Localized> for Value {
    fn from(texts: Localized) -> Self {
        Self::Texts(texts.0)
    }
}
