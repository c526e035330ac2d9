//! An entry per store for the pooler before the server, and whether the server has connections for all of them.
//!
//! Text and numbers only: who writes the file, and where to, `cli` says. A pooler in transaction mode keeps no `SET` of
//! a client, so an entry is safe where the role alone decides where it lands: it has a `search_path` of its own in this
//! database, and nobody else lands as it.

mod pgbouncer;
mod pgdog;

use anyhow::Result;

use super::Means;
use super::role;
use crate::config::PoolerSettings;
use crate::error::Refusal;
use crate::ident::Ident;
use crate::pg::pooler::{Room, room};
use crate::pg::session::Session;
use crate::plan::Finding;
use crate::report::{PoolerEntry, PoolerReport, RoleReport};
use crate::store::Store;

/// Whose file is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Software {
    /// PgBouncer: a file for `%include`.
    PgBouncer,
    /// PgDog: lines for its `pgdog.toml`.
    PgDog,
}

impl Software {
    /// Its word in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::PgBouncer => "pgbouncer",
            Self::PgDog => "pgdog",
        }
    }
}

/// The entry of a store.
///
/// # Errors
/// A refusal where clients would not land in the store's own schema as its own role; the server's error.
pub async fn entry(
    means: &Means<'_>,
    settings: &PoolerSettings,
    shared: &Ident,
    store: &Store,
    move_id: i64,
) -> Result<Result<PoolerEntry, Refusal>> {
    let role = role::show(means, shared, store, Some(move_id)).await?;
    if let Err(refusal) = lands_at_home(&role, store) {
        return Ok(Err(refusal));
    }
    let database = &means.sessions.facts().database;
    let name = match settings.name.entry(store, database) {
        Ok(name) => name,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let names = [role.role.as_str(), store.schema.raw(), database];
    if let Some(odd) = names.into_iter().find(|name| name.contains(char::is_control)) {
        return Ok(Err(Refusal::new(format!("no pooler's configuration can hold the name {odd:?}"))
            .hint("rename it: it has a line break or another control character in it")));
    }
    let most = settings.pool_size.saturating_mul(settings.processes);
    if role.connection_limit.is_some_and(|limit| limit < most) {
        let limit = role.connection_limit.unwrap_or_default();
        return Ok(Err(Refusal::new(format!(
            "role {} may have {limit} connections, and its entry takes {most}",
            role.role
        ))
        .hint(format!(
            "make [pooler] pool_size smaller, or `alter role {} connection limit {most}`",
            Ident::new(&role.role)
        ))));
    }
    Ok(Ok(PoolerEntry {
        store: store.key.text().to_owned(),
        name: store.name.clone(),
        schema: store.schema.raw().to_owned(),
        role: role.role,
        entry: name,
    }))
}

/// Whether who logs in as the role is in the store's schema without saying so.
fn lands_at_home(role: &RoleReport, store: &Store) -> Result<(), Refusal> {
    let key = &store.key;
    let make = format!("`tenantctl role --store {key} --make` gives it what it shall have");
    if role.state != "made" {
        let refusal = match role.state.as_str() {
            "revoked" => Refusal::new(format!("the role {} of store {key} has no rights: it was revoked", role.role)),
            _ => Refusal::new(format!("store {key} has no role of ours")),
        };
        return Err(refusal.hint(make));
    }
    if !role.can_login {
        return Err(Refusal::new(format!("role {} of store {key} may not log in", role.role))
            .because("a pooler logs in as the role of its entry")
            .hint("write [role] login = true, then `tenantctl role --store KEY --make`"));
    }
    let first = role.search_path.as_deref().map(|path| path.split(", ").next().unwrap_or_default());
    let names = [store.schema.raw().to_owned(), store.schema.to_string()];
    match first.is_some_and(|first| names.iter().any(|name| name == first)) {
        true => Ok(()),
        false => Err(Refusal::new(format!("role {} does not land in schema {}", role.role, store.schema.raw()))
            .because("its search_path in this database is another; through a pooler in transaction mode no client can set it")
            .hint(make)),
    }
}

/// Puts the entries and the server's connections together.
///
/// # Errors
/// A refusal where two stores would have one entry; the server's error.
pub async fn report(
    reader: &Session,
    settings: &PoolerSettings,
    software: Software,
    address: &str,
    database: &str,
    entries: Vec<PoolerEntry>,
) -> Result<PoolerReport> {
    let mut names: Vec<&str> = entries.iter().map(|entry| entry.entry.as_str()).collect();
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Refusal::new(format!("two stores would have the entry `{}`", twice[0]))
            .because("clients of one would land in the schema of the other")
            .hint("put {schema} or {key} into [pooler] name")
            .into());
    }
    let roles: Vec<&str> = entries.iter().map(|entry| entry.role.as_str()).collect();
    let room = room(reader, &roles).await?;
    let (host, port) = address.rsplit_once(':').unwrap_or((address, "5432"));
    Ok(budget(
        PoolerReport {
            software: software.word().to_owned(),
            mode: settings.mode.word().to_owned(),
            host: settings.host.clone().unwrap_or_else(|| host.to_owned()),
            port: settings.port.unwrap_or_else(|| port.parse().unwrap_or(5432)),
            database: database.to_owned(),
            pool_size: settings.pool_size,
            processes: settings.processes,
            entries,
            ..PoolerReport::default()
        },
        &room,
    ))
}

/// How many connections all pools together may open, and how many there are for them.
fn budget(mut report: PoolerReport, room: &Room) -> PoolerReport {
    report.needed = report.entries.len() as u64 * u64::from(report.pool_size) * u64::from(report.processes);
    report.max_connections = room.max_connections.unsigned_abs();
    report.reserved = room.reserved.unsigned_abs();
    report.others = room.others.unsigned_abs();
    report.database_limit = room.of_database.map(|(limit, _)| limit.unsigned_abs());
    report.database_others = room.of_database.map_or(0, |(_, others)| others.unsigned_abs());
    let of_server = of_server(&report);
    report.room = of_database(&report).map_or(of_server, |of_database| of_database.min(of_server));
    report.fits = report.needed <= report.room;
    report
}

/// What `max_connections` leaves for the pools.
fn of_server(report: &PoolerReport) -> u64 {
    report.max_connections.saturating_sub(report.reserved + report.others)
}

/// What the database's own limit leaves for them; none: it has none.
fn of_database(report: &PoolerReport) -> Option<u64> {
    report.database_limit.map(|limit| limit.saturating_sub(report.database_others))
}

/// The budget in a sentence, with the limit that leaves the least.
#[must_use]
pub fn budget_sentence(report: &PoolerReport) -> String {
    let PoolerReport { entries, pool_size, processes, needed, room, .. } = report;
    let pools = format!(
        "{} entries * pool_size {pool_size} * processes {processes} = {needed} connections at most",
        entries.len()
    );
    match report.database_limit {
        Some(limit) if of_database(report) < Some(of_server(report)) => format!(
            "{pools}; the database has room for {room} (its connection limit {limit}, {} used by others)",
            report.database_others
        ),
        _ => format!(
            "{pools}; the server has room for {room} (max_connections {}, {} reserved, {} used by others)",
            report.max_connections, report.reserved, report.others
        ),
    }
}

/// Told where it fits.
#[must_use]
pub fn budget_note(report: &PoolerReport) -> Finding {
    Finding::note("pooler_budget", budget_sentence(report))
}

/// What keeps the entries from being written: the server has no connections for them.
#[must_use]
pub fn does_not_fit(report: &PoolerReport) -> Refusal {
    let each = report.entries.len() as u64 * u64::from(report.processes);
    let hint = match report.room / each.max(1) {
        0 => format!(
            "{}, or let fewer processes pool ([pooler] processes), or fewer stores (--store)",
            more_room(report, each)
        ),
        size => format!("write [pooler] pool_size = {size}, or {}", more_room(report, report.needed)),
    };
    Refusal::new("the server has too few connections for the pools").because(budget_sentence(report)).hint(hint)
}

/// What must be raised so that so many connections fit: each limit that is in the way.
fn more_room(report: &PoolerReport, needed: u64) -> String {
    let setting = format!("set max_connections to {} or more", report.reserved + report.others + needed);
    let database = Ident::new(&report.database);
    let own_limit = format!("`alter database {database} connection limit {}`", report.database_others + needed);
    match (of_database(report).is_some_and(|room| room < needed), of_server(report) < needed) {
        (true, true) => format!("{own_limit} and {setting}"),
        (true, false) => own_limit,
        (false, _) => setting,
    }
}

/// The file; `line` is the command that made it, `now` when.
#[must_use]
pub fn file(report: &PoolerReport, software: Software, line: &str, now: &str, notes: &[Finding]) -> String {
    let mut told = vec![
        format!("written by tenantctl {} at {now}: {line}", env!("CARGO_PKG_VERSION")),
        "Do not edit: run the command again. It holds no password.".to_owned(),
        budget_sentence(report),
    ];
    told.extend(notes.iter().map(|note| match &note.store {
        Some(store) => format!("store {store}: {}", note.message),
        None => note.message.clone(),
    }));
    // A comment ends with its line; the command line may hold anything.
    let told: Vec<String> = told.iter().map(|text| text.replace(char::is_control, " ")).collect();
    match software {
        Software::PgBouncer => pgbouncer::file(report, &told),
        Software::PgDog => pgdog::file(report, &told),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(key: &str, schema: &str) -> PoolerEntry {
        PoolerEntry {
            store: key.into(),
            name: None,
            schema: schema.into(),
            role: format!("o'{schema}"),
            entry: format!("of-{key}"),
        }
    }

    #[test]
    fn the_budget_counts_stores_pools_and_processes_against_what_is_left() {
        let of = |processes, of_database| {
            let report = PoolerReport {
                database: "Shop".into(),
                pool_size: 5,
                processes,
                entries: vec![entry("4", "a"), entry("5", "b")],
                ..PoolerReport::default()
            };
            let room = Room { max_connections: 30, reserved: 3, others: 5, of_database };
            budget(report, &room)
        };
        let (fits, too_many) = (of(2, None), of(3, None));
        assert_eq!((fits.needed, fits.room, fits.fits), (20, 22, true));
        assert_eq!((too_many.needed, too_many.fits), (30, false));
        let hint = |report: &PoolerReport| does_not_fit(report).hint.unwrap();
        assert_eq!(hint(&too_many), "write [pooler] pool_size = 3, or set max_connections to 38 or more");
        assert!(hint(&of(20, None)).starts_with("set max_connections to 48 or more, or let fewer processes pool"));

        // The database's own limit, where it leaves less.
        let limited = of(2, Some((21, 2)));
        assert_eq!((limited.room, limited.fits), (19, false));
        assert!(
            budget_sentence(&limited)
                .ends_with("the database has room for 19 (its connection limit 21, 2 used by others)")
        );
        let raise = "write [pooler] pool_size = 4, or `alter database \"Shop\" connection limit 22`";
        assert_eq!(hint(&limited), raise);
        let both = "write [pooler] pool_size = 3, or `alter database \"Shop\" connection limit 32` and set max_connections to 38 or more";
        assert_eq!(hint(&of(3, Some((21, 2)))), both);
        assert!(hint(&of(5, Some((9, 2)))).starts_with("`alter database \"Shop\" connection limit 12`, or let fewer"));
        assert!(of(2, Some((25, 2))).fits && budget_sentence(&of(2, Some((25, 2)))).contains("(max_connections 30,"));
    }

    #[test]
    fn odd_names_are_quoted_as_each_pooler_reads_them() {
        let report = PoolerReport {
            host: "db".into(),
            port: 5432,
            database: "shop \"x\"".into(),
            mode: "transaction".into(),
            pool_size: 2,
            entries: vec![entry("4", "Weird \"Name\"")],
            ..PoolerReport::default()
        };
        let ini = file(&report, Software::PgBouncer, "tenantctl\npooler", "now", &[]);
        assert!(ini.contains("\nof-4 = host='db' port=5432 dbname='shop \"x\"' user='o''Weird \"Name\"'"));
        assert!(
            ini.lines().all(|line| line.is_empty() || [';', '[', 'o'].iter().any(|c| line.starts_with(*c))),
            "{ini}"
        );
        let toml = file(&report, Software::PgDog, "tenantctl pooler", "now", &[]);
        assert!(toml.contains("database = \"shop \\\"x\\\"\"\nname = \"Weird \\\"Name\\\"\"\nshard = 0\n"), "{toml}");
    }
}
