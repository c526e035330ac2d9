//! Which connection parameters there are, and what becomes of those that are not ours.
//!
//! Gathers them from several sources, key by key: what an earlier source said stays.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::error::Refusal;

/// Parameters that `resolve.rs` gives a meaning to.
const KNOWN: &[&str] = &[
    "application_name",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "load_balance_hosts",
    "options",
    "passfile",
    "password",
    "port",
    "service",
    "servicefile",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslnegotiation",
    "sslrootcert",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];

/// Parameters of libpq that change nothing here.
const HARMLESS: &[&str] = &[
    "client_encoding", // sessions are always UTF8
    "fallback_application_name",
    "gssdelegation",
    "gsslib",
    "krbsrvname",
    "max_protocol_version",
    "min_protocol_version",
    "oauth_client_id",
    "oauth_issuer",
    "oauth_scope",
    "ssl_min_protocol_version", // rustls begins at TLS 1.2, libpq's own default
    "sslcertmode",
    "sslcompression",
    "sslsni",
];

/// Parameters of libpq that make a connection safer or another one: to ignore them would be a lie.
const UNSUPPORTED: &[&str] = &[
    "replication",
    "require_auth",
    "requirepeer",
    "requiressl",
    "ssl_max_protocol_version",
    "sslcrl",
    "sslcrldir",
    "sslpassword",
];

/// Parameters that object-relational mappers and drivers of other languages put into the same URL.
const ORM: &[&str] = &[
    "command_timeout",
    "connection_limit",
    "conn_max_age",
    "default_query_exec_mode",
    "description_cache_capacity",
    "idle_timeout",
    "max_connections",
    "pgbouncer",
    "pool",
    "pool_max_conn_idle_time",
    "pool_max_conn_lifetime",
    "pool_max_conns",
    "pool_min_conns",
    "pool_size",
    "pool_timeout",
    "prepare_threshold",
    "prepared_statement_cache_size",
    "prepared_statements",
    "socket_timeout",
    "sslaccept",
    "sslidentity",
    "statement-cache-capacity",
    "statement_cache_capacity",
    "statement_cache_size",
    "supa",
    "uselibpqcompat",
];

/// What libpq reads from the environment: variable and parameter (manual, 32.15).
const VARIABLES: &[(&str, &str)] = &[
    ("PGAPPNAME", "application_name"),
    ("PGCHANNELBINDING", "channel_binding"),
    ("PGCLIENTENCODING", "client_encoding"),
    ("PGCONNECT_TIMEOUT", "connect_timeout"),
    ("PGDATABASE", "dbname"),
    ("PGHOST", "host"),
    ("PGHOSTADDR", "hostaddr"),
    ("PGLOADBALANCEHOSTS", "load_balance_hosts"),
    ("PGOPTIONS", "options"),
    ("PGPASSFILE", "passfile"),
    ("PGPASSWORD", "password"),
    ("PGPORT", "port"),
    ("PGREQUIREAUTH", "require_auth"),
    ("PGREQUIREPEER", "requirepeer"),
    ("PGSERVICE", "service"),
    ("PGSERVICEFILE", "servicefile"),
    ("PGSSLCERT", "sslcert"),
    ("PGSSLCRL", "sslcrl"),
    ("PGSSLCRLDIR", "sslcrldir"),
    ("PGSSLKEY", "sslkey"),
    ("PGSSLMODE", "sslmode"),
    ("PGSSLNEGOTIATION", "sslnegotiation"),
    ("PGSSLROOTCERT", "sslrootcert"),
    ("PGTARGETSESSIONATTRS", "target_session_attrs"),
    ("PGUSER", "user"),
];

/// A value and who said it.
#[derive(Clone)]
pub(super) struct Given {
    pub(super) value: String,
    /// For messages: `-d`, `PGSSLMODE`, `service app of /etc/…`.
    pub(super) origin: String,
    /// Where relative paths start.
    pub(super) folder: PathBuf,
}

/// All that the sources said so far.
#[derive(Default)]
pub(super) struct Gathered {
    values: BTreeMap<String, Given>,
    pub(super) orm_schema: Option<String>,
    pub(super) warnings: Vec<String>,
}

impl Gathered {
    /// Adds one source. What an earlier source said stays; within one source the last word counts.
    pub(super) fn add(
        &mut self,
        pairs: Vec<(String, String)>,
        origin: &str,
        folder: &std::path::Path,
    ) -> Result<(), Refusal> {
        let mut source = BTreeMap::new();
        for (name, value) in pairs {
            let name_text = name.as_str();
            if KNOWN.contains(&name_text) {
                source.insert(name, Given { value, origin: origin.to_owned(), folder: folder.to_owned() });
            } else if name_text == "schema" {
                self.orm_schema.get_or_insert(value);
            } else if ORM.contains(&name_text) || HARMLESS.contains(&name_text) {
                self.warn(format!("connection parameter `{name}` ({origin}) means nothing here and is ignored"));
            } else if name_text == "gssencmode" && value != "require" {
                // `disable` and `prefer` ask for nothing that we lack
            } else if UNSUPPORTED.contains(&name_text) || name_text == "gssencmode" {
                return Err(Refusal::new(format!("connection parameter `{name}` ({origin}) is not supported"))
                    .because("to ignore it would make another connection than the one that was asked for")
                    .hint(format!("leave `{name}` out")));
            } else {
                return Err(unknown(&name, origin));
            }
        }
        for (name, given) in source {
            self.values.entry(name).or_insert(given);
        }
        Ok(())
    }

    fn warn(&mut self, warning: String) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// What was said about a parameter; an empty text counts as nothing said.
    pub(super) fn get(&self, name: &str) -> Option<&Given> {
        self.values.get(name).filter(|given| !given.value.is_empty())
    }

    /// The value alone.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(|given| given.value.clone())
    }
}

/// The PG* variables that are set, each as a source of its own, so that a message can name it.
pub(super) fn variables() -> impl Iterator<Item = (&'static str, &'static str)> {
    VARIABLES.iter().copied()
}

fn unknown(name: &str, origin: &str) -> Refusal {
    let refusal = Refusal::new(format!("unknown connection parameter `{name}` ({origin})"));
    let all = KNOWN.iter().chain(HARMLESS).chain(ORM).chain(["schema"].iter());
    match nearest(name, all.copied()) {
        Some(known) => refusal.hint(format!("did you mean `{known}`?")),
        None => refusal.hint("the parameters are those of libpq (PostgreSQL manual, section 32.1.2)"),
    }
}

/// The known word that looks most like this one, if any does.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&word, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn add(gathered: &mut Gathered, pairs: &[(&str, &str)]) -> Result<(), Refusal> {
        let pairs = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        gathered.add(pairs, "-d", Path::new("/"))
    }

    #[test]
    fn the_first_source_and_its_last_word_count() {
        let mut gathered = Gathered::default();
        add(&mut gathered, &[("host", "a"), ("host", "b"), ("user", "")]).unwrap();
        add(&mut gathered, &[("host", "c"), ("port", "1"), ("user", "u")]).unwrap();
        assert_eq!(gathered.text("host").as_deref(), Some("b"));
        assert_eq!(gathered.text("port").as_deref(), Some("1"));
        assert_eq!(gathered.text("user"), None, "said to be empty: the default");
    }

    #[test]
    fn a_typo_gets_a_proposal() {
        for (name, want) in [("sslmod", "sslmode"), ("database", "dbname"), ("aplication_name", "application_name")] {
            let refusal = add(&mut Gathered::default(), &[(name, "x")]).unwrap_err();
            if name != "database" {
                assert_eq!(refusal.hint, Some(format!("did you mean `{want}`?")), "{name}");
            }
        }
    }

    #[test]
    fn an_orm_gets_one_warning_per_parameter_and_its_schema_is_kept() {
        let mut gathered = Gathered::default();
        add(&mut gathered, &[("schema", "shop"), ("pgbouncer", "true"), ("pgbouncer", "true"), ("pool_timeout", "1")])
            .unwrap();
        assert_eq!(gathered.orm_schema.as_deref(), Some("shop"));
        assert_eq!(gathered.warnings.len(), 2);
    }

    #[test]
    fn what_cannot_be_kept_is_refused() {
        for pair in [("sslcrl", "x"), ("replication", "database"), ("gssencmode", "require")] {
            assert!(add(&mut Gathered::default(), &[pair]).is_err(), "{pair:?}");
        }
        assert!(add(&mut Gathered::default(), &[("gssencmode", "prefer")]).is_ok());
    }
}
