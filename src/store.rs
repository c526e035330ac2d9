//! A store: its key, its name, its schema; and what a person means by `--store 4,7-93`.
//!
//! Parse at the door: inside, a [`StoreKey`] is always a value of the tenant column's own type, checked when it was
//! made. Knows nothing of the registry; `pg/registry` fills a [`Store`].

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::Refusal;
use crate::ident::{Ident, Literal};

/// How keys of a type are written, compared and ranged.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyFamily {
    /// smallint, integer, bigint, and domains over these.
    Integer,
    /// uuid, and domains over it.
    Uuid,
    /// text, varchar, and domains over these.
    Text,
}

impl KeyFamily {
    /// The family of a base type by its oid (`pg_type.dat`); none where its values cannot be store keys.
    #[must_use]
    pub fn of_base(oid: u32) -> Option<Self> {
        match oid {
            20 | 21 | 23 => Some(Self::Integer),
            2950 => Some(Self::Uuid),
            25 | 1043 => Some(Self::Text),
            _ => None,
        }
    }
}

/// The tenant column's type, as the catalogs give it.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
pub struct KeyType {
    /// `format_type`, qualified and quoted by the server: `integer`, `"My Types".store_no`.
    pub sql: String,
    /// What it is at bottom.
    pub family: KeyFamily,
}

/// A store's key in canonical text: `04` becomes `4`, a uuid is lower case.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
pub struct StoreKey {
    text: String,
    key_type: KeyType,
}

impl StoreKey {
    /// What a person typed, read as the tenant column's type; `4; drop` is no integer and goes no further.
    ///
    /// # Errors
    /// Refuses what is no value of the type.
    pub fn parse(text: &str, key_type: &KeyType) -> Result<Self, Refusal> {
        let refuse = |what: &str| {
            Refusal::new(format!("`{text}` is no store key"))
                .because(format!("the tenant column is {}, and this is no {what}", key_type.sql))
                .hint("`tenantctl stores` lists the stores with their keys")
        };
        let canonical = match key_type.family {
            KeyFamily::Integer => {
                text.trim().parse::<i64>().map(|number| number.to_string()).map_err(|_| refuse("integer"))?
            }
            KeyFamily::Uuid => canonical_uuid(text.trim()).ok_or_else(|| refuse("uuid"))?,
            KeyFamily::Text if text.is_empty() || text.contains('\0') => return Err(refuse("usable text")),
            KeyFamily::Text => text.to_owned(),
        };
        Ok(Self { text: canonical, key_type: key_type.clone() })
    }

    /// The canonical text, for bind parameters cast on the server, for messages and JSON.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The type it is a value of.
    #[must_use]
    pub fn key_type(&self) -> &KeyType {
        &self.key_type
    }

    /// SQL text: `'4'::integer`. COPY takes no bind parameters.
    #[must_use]
    pub fn literal(&self) -> Literal {
        Literal::cast(&self.text, &self.key_type.sql)
    }

    fn number(&self) -> Option<i64> {
        match self.key_type.family {
            KeyFamily::Integer => self.text.parse().ok(),
            _ => None,
        }
    }
}

impl fmt::Display for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Ord for StoreKey {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.number(), other.number()) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => self.text.cmp(&other.text),
        }
    }
}

impl PartialOrd for StoreKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn canonical_uuid(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !matches!(c, '-' | '{' | '}')).collect();
    if digits.len() != 32 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let d = digits.to_ascii_lowercase();
    Some(format!("{}-{}-{}-{}-{}", &d[..8], &d[8..12], &d[12..16], &d[16..20], &d[20..]))
}

/// A store, with the schema that is or will be its own.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Store {
    /// Its key.
    pub key: StoreKey,
    /// Its name in the registry; none where there is no registry or no name.
    pub name: Option<String>,
    /// Its store schema.
    pub schema: Ident,
}

impl Store {
    /// `4 PECADORES ANONIMOS`, for messages.
    #[must_use]
    pub fn label(&self) -> String {
        match &self.name {
            Some(name) => format!("{} {name}", self.key),
            None => self.key.to_string(),
        }
    }
}

/// Which stores a command is about, before the registry is asked.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Selection {
    /// `--all`.
    pub all: bool,
    /// Named stores; each must exist.
    pub keys: Vec<StoreKey>,
    /// Ranges of integer keys, both ends included; gaps are skipped.
    pub ranges: Vec<(i64, i64)>,
    /// `--except`.
    pub except: Vec<StoreKey>,
    /// Ranges of `--except`.
    pub except_ranges: Vec<(i64, i64)>,
}

impl Selection {
    /// Reads what was given to `--store` and `--except`. Integer keys may be listed and ranged (`4,7-93`); text and
    /// uuid keys are taken as they are, since they may hold commas.
    ///
    /// # Errors
    /// Refuses keys that are none, and ranges that run backwards.
    pub fn parse(all: bool, stores: &[String], except: &[String], key_type: &KeyType) -> Result<Self, Refusal> {
        let (keys, ranges) = keys_and_ranges(stores, key_type)?;
        let (except, except_ranges) = keys_and_ranges(except, key_type)?;
        Ok(Self { all, keys, ranges, except, except_ranges })
    }

    /// Whether a store of the registry is meant by `--all` or a range, and not excepted.
    #[must_use]
    pub fn takes(&self, key: &StoreKey) -> bool {
        (self.all || self.keys.contains(key) || within(&self.ranges, key)) && !self.excepts(key)
    }

    /// Whether `--except` names it.
    #[must_use]
    pub fn excepts(&self, key: &StoreKey) -> bool {
        self.except.contains(key) || within(&self.except_ranges, key)
    }
}

fn within(ranges: &[(i64, i64)], key: &StoreKey) -> bool {
    key.number().is_some_and(|number| ranges.iter().any(|(from, to)| (*from..=*to).contains(&number)))
}

type KeysAndRanges = (Vec<StoreKey>, Vec<(i64, i64)>);

fn keys_and_ranges(words: &[String], key_type: &KeyType) -> Result<KeysAndRanges, Refusal> {
    let mut keys = Vec::new();
    let mut ranges = Vec::new();
    for word in words {
        if key_type.family != KeyFamily::Integer {
            keys.push(StoreKey::parse(word, key_type)?);
            continue;
        }
        for part in word.split(',').map(str::trim) {
            match range(part) {
                Some((from, to)) if from > to => {
                    return Err(
                        Refusal::new(format!("the range `{part}` runs backwards")).hint(format!("write `{to}-{from}`"))
                    );
                }
                Some(range) => ranges.push(range),
                None => keys.push(StoreKey::parse(part, key_type)?),
            }
        }
    }
    keys.sort();
    keys.dedup();
    Ok((keys, ranges))
}

/// `7-93`; a leading minus belongs to the number.
fn range(part: &str) -> Option<(i64, i64)> {
    let dash = part.char_indices().skip(1).find(|(_, c)| *c == '-')?.0;
    Some((part[..dash].trim().parse().ok()?, part[dash + 1..].trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(family: KeyFamily) -> KeyType {
        KeyType { sql: "t".into(), family }
    }

    #[test]
    fn a_key_is_a_value_of_its_type() {
        let cases = [
            (KeyFamily::Integer, "04", Some("4")),
            (KeyFamily::Integer, "-7", Some("-7")),
            (KeyFamily::Integer, "4; drop", None),
            (KeyFamily::Integer, "", None),
            (KeyFamily::Uuid, "{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}", Some("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")),
            (KeyFamily::Uuid, "a0eebc99", None),
            (KeyFamily::Text, "O'Hara, 4-7", Some("O'Hara, 4-7")),
            (KeyFamily::Text, "", None),
        ];
        for (family, text, expected) in cases {
            let key = StoreKey::parse(text, &of(family)).ok();
            assert_eq!(key.as_ref().map(StoreKey::text), expected, "{text}");
        }
    }

    #[test]
    fn integer_keys_order_as_numbers() {
        let key = |text| StoreKey::parse(text, &of(KeyFamily::Integer)).unwrap();
        assert!(key("9") < key("10"));
        assert_eq!(key("4").literal().to_string(), "'4'::t");
    }

    #[test]
    fn lists_and_ranges_are_for_integers() {
        let words = |text: &str| vec![text.to_owned()];
        let integer = of(KeyFamily::Integer);
        let selection = Selection::parse(false, &words("4, 7-9,4"), &words("8"), &integer).unwrap();
        let taken = |text| selection.takes(&StoreKey::parse(text, &integer).unwrap());
        assert_eq!(selection.keys.len(), 1);
        assert!(taken("4") && taken("7") && taken("9"));
        assert!(!taken("8") && !taken("5"));
        assert!(Selection::parse(false, &words("9-4"), &[], &integer).is_err());
        let text = Selection::parse(false, &words("a,b-c"), &[], &of(KeyFamily::Text)).unwrap();
        assert_eq!(text.keys[0].text(), "a,b-c");
    }
}
