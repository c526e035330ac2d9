//! `[pooler]`: what stands between the application and the server, as far as an entry per store needs it.
//!
//! What an entry looks like in a pooler's own file, `step/pooler` says.

use super::pattern::StorePattern;
use super::settings::Settings;
use crate::error::Refusal;
use crate::store::Store;

/// Names that a pooler keeps for itself: the consoles of PgBouncer and PgDog.
const RESERVED: &[&str] = &["pgbouncer", "admin"];

/// How a pooler lends its server connections.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PoolMode {
    /// For as long as a client stays.
    Session,
    /// For one transaction.
    Transaction,
}

impl PoolMode {
    /// Its word in configurations.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Transaction => "transaction",
        }
    }
}

/// How the database is called that a store's clients ask the pooler for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EntryPattern(StorePattern);

impl EntryPattern {
    fn parse(text: &str) -> Result<Self, String> {
        StorePattern::parse(text, "entry").map(Self)
    }

    /// The name of one store's entry. `{name}` becomes lower case with `_` for all but letters and digits.
    ///
    /// # Errors
    /// Refuses a name that a pooler keeps for itself, one over 63 bytes, and letters that PgBouncer does not read.
    pub fn entry(&self, store: &Store, database: &str) -> Result<String, Refusal> {
        let key = &store.key;
        let made = self.0.fill(store, database).ok_or_else(|| {
            Refusal::new(format!("no entry can be named for store {key}"))
                .because("the pattern has {name}, and the registry has none for this store")
                .hint("fill the registry's column, or use {key} in [pooler] name")
        })?;
        let refuse = |because: &str| {
            Refusal::new(format!("`{made}` cannot be the pooler's entry of store {key}"))
                .because(because)
                .hint("change [pooler] name, such as `store_{key}`")
        };
        if RESERVED.contains(&made.as_str()) {
            return Err(refuse("the name has a meaning of its own to poolers"));
        }
        if made.is_empty() || made.len() > 63 {
            return Err(refuse("a name has between 1 and 63 bytes"));
        }
        // PgBouncer 1.18 reads no other letters before the `=`, quoted or not.
        if !made.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c)) {
            return Err(refuse("PgBouncer takes letters of ASCII, digits, `_`, `-` and `.` only"));
        }
        Ok(made)
    }
}

/// `[pooler]`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PoolerSettings {
    /// The entry of a store.
    pub name: EntryPattern,
    /// The server, as the pooler reaches it; none: as we do.
    pub host: Option<String>,
    /// Its port; none: as ours.
    pub port: Option<u16>,
    /// Server connections of one entry, in each process of the pooler.
    pub pool_size: u32,
    /// Processes of the pooler, on all machines.
    pub processes: u32,
    /// How it lends them.
    pub mode: PoolMode,
}

pub(super) fn pooler(settings: &Settings) -> Result<PoolerSettings, Refusal> {
    let name_key = "pooler.name";
    let name = EntryPattern::parse(&settings.required(name_key)?).map_err(|why| settings.refuse(name_key, &why))?;
    let mode = match settings.required("pooler.mode")?.as_str() {
        "session" => PoolMode::Session,
        "transaction" => PoolMode::Transaction,
        other => {
            let message = format!("`{other}` is neither `session` nor `transaction`");
            return Err(settings.refuse("pooler.mode", &message));
        }
    };
    let host = settings.text("pooler.host")?;
    if host.as_ref().is_some_and(|host| host.chars().any(char::is_control)) {
        return Err(settings.refuse("pooler.host", "is no name of a host"));
    }
    let port = settings.get("pooler.port").map(|_| settings.number("pooler.port", 1, 65_535)).transpose()?;
    Ok(PoolerSettings {
        name,
        host,
        port,
        pool_size: settings.number("pooler.pool_size", 1, 10_000)?,
        processes: settings.number("pooler.processes", 1, 1_000)?,
        mode,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ident::Ident;
    use crate::store::{KeyFamily, KeyType, StoreKey};

    #[test]
    fn entries_are_named_and_the_poolers_own_names_are_refused() {
        let key_type = KeyType { sql: "text".into(), family: KeyFamily::Text };
        let store = |key: &str, schema: &str| Store {
            key: StoreKey::parse(key, &key_type).unwrap(),
            name: Some("Café d'Ola".into()),
            schema: Ident::new(schema),
        };
        let named = |pattern: &str, of: &Store| EntryPattern::parse(pattern).unwrap().entry(of, "shop");
        assert_eq!(named("{database}.{schema}", &store("ñ", "s-4")).as_deref(), Ok("shop.s-4"));
        assert_eq!(named("of_{key}", &store("4", "Weird Name")).as_deref(), Ok("of_4"));
        for schema in ["pgbouncer", "*", "two\nlines", "Weird Name", "ñandú", &"x".repeat(64)] {
            assert!(named("{schema}", &store("4", schema)).unwrap_err().hint.is_some(), "{schema}");
        }
        assert!(EntryPattern::parse("{database}").is_err());
    }
}
