//! Reads `postgresql://user:password@host:port,host:port/database?parameter=value` into keywords.
//!
//! What a keyword means, `parameter.rs` and `resolve.rs` know. No message shows a piece of the URL:
//! where it cannot be read, any piece may be part of the password.

use super::percent::decode;
use crate::error::Refusal;

/// Whether this is a URL of PostgreSQL; returns what follows the scheme.
pub(super) fn after_scheme(text: &str) -> Option<&str> {
    ["postgresql://", "postgres://"].iter().find_map(|scheme| text.strip_prefix(scheme))
}

/// Keywords and values in the order of the URL; a later one outweighs an earlier one.
pub(super) fn parse(after_scheme: &str) -> Result<Vec<(String, String)>, Refusal> {
    let mut found = Vec::new();
    let mut add = |keyword: &str, value: String| found.push((keyword.to_owned(), value));

    let authority_end = after_scheme.find('/').unwrap_or(after_scheme.len());
    let rest = match after_scheme[..authority_end].find('@') {
        Some(at) => {
            let (user, password) = match after_scheme[..at].split_once(':') {
                Some((user, password)) => (user, Some(password)),
                None => (&after_scheme[..at], None),
            };
            if !user.is_empty() {
                add("user", decode(user, "user")?);
            }
            if let Some(password) = password {
                add("password", decode(password, "password")?);
            }
            &after_scheme[at + 1..]
        }
        None => after_scheme,
    };

    let (before_query, query) = match rest.split_once('?') {
        Some((before, query)) => (before, Some(query)),
        None => (rest, None),
    };
    let (hosts, database) = match before_query.split_once('/') {
        Some((hosts, database)) => (hosts, database),
        None => (before_query, ""),
    };
    let (hosts, ports) = hosts_and_ports(hosts)?;
    if hosts.iter().any(|host| !host.is_empty()) {
        add("host", hosts.join(","));
    }
    if ports.iter().any(|port| !port.is_empty()) {
        add("port", ports.join(","));
    }
    if database.contains('@') {
        // `u:123/x@h/db`: a piece of the password would show as the database's name
        return Err(unreadable("`@` behind the host"));
    }
    if !database.is_empty() {
        add("dbname", decode(database, "database")?);
    }
    for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (keyword, value) = parameter(pair)?;
        match (keyword.as_str(), value.as_str()) {
            ("ssl", "true") => add("sslmode", "require".to_owned()), // JDBC's word, which libpq takes too
            ("ssl", _) => return Err(Refusal::new("the database URL says `ssl`").hint("write sslmode=… instead")),
            _ => add(&keyword, value),
        }
    }
    Ok(found)
}

fn parameter(pair: &str) -> Result<(String, String), Refusal> {
    match pair.split_once('=') {
        Some((keyword, value)) if !value.contains('=') => {
            Ok((decode(keyword, "parameters")?, decode(value, "parameters")?))
        }
        _ => Err(Refusal::new("a parameter of the database URL is not `name=value`")
            .hint("write `=` inside a value as `%3D`, `&` as `%26`")),
    }
}

fn hosts_and_ports(text: &str) -> Result<(Vec<String>, Vec<String>), Refusal> {
    let mut hosts = Vec::new();
    let mut ports = Vec::new();
    for piece in text.split(',') {
        let (host, port) = match piece.strip_prefix('[') {
            Some(inside) => {
                let (host, after) = inside.split_once(']').ok_or_else(|| unreadable("`[` without `]`"))?;
                if host.is_empty() || !(after.is_empty() || after.starts_with(':')) {
                    return Err(unreadable("an IPv6 address is `[address]` or `[address]:port`"));
                }
                (host, after.strip_prefix(':').unwrap_or_default())
            }
            None => piece.split_once(':').unwrap_or((piece, "")),
        };
        if !port.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(unreadable("a port that is no number"));
        }
        if host.contains('@') {
            return Err(unreadable("two `@`"));
        }
        hosts.push(decode(host, "host")?);
        ports.push(port.to_owned());
    }
    Ok((hosts, ports))
}

fn unreadable(because: &str) -> Refusal {
    Refusal::new("the host part of the database URL cannot be read")
        .because(because)
        .hint("a password with `@`, `:`, `/` or `?` is written percent-encoded: `@` is %40, `:` %3A, `/` %2F, `?` %3F")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<String, Refusal> {
        let pairs = parse(after_scheme(url).expect("a URL"))?;
        Ok(pairs.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn the_forms_of_the_manual() {
        for (url, want) in [
            ("postgresql://", ""),
            ("postgresql://localhost", "host=localhost"),
            ("postgres://localhost:5433", "host=localhost port=5433"),
            ("postgresql://localhost/mydb", "host=localhost dbname=mydb"),
            ("postgresql://user@localhost", "user=user host=localhost"),
            ("postgresql://user:secret@localhost", "user=user password=secret host=localhost"),
            (
                "postgresql://other@localhost/otherdb?connect_timeout=10&application_name=myapp",
                "user=other host=localhost dbname=otherdb connect_timeout=10 application_name=myapp",
            ),
            ("postgresql://host1:123,host2:456/db", "host=host1,host2 port=123,456 dbname=db"),
            ("postgresql://h1,h2:5433/db", "host=h1,h2 port=,5433 dbname=db"),
            ("postgresql:///mydb?host=localhost&port=5433", "dbname=mydb host=localhost port=5433"),
            ("postgresql://[2001:db8::1234]/database", "host=2001:db8::1234 dbname=database"),
            ("postgresql://[::1]:5433,[::2]/db", "host=::1,::2 port=5433, dbname=db"),
            ("postgresql://%2Fvar%2Flib%2Fpostgresql/dbname", "host=/var/lib/postgresql dbname=dbname"),
            ("postgresql:///db?host=/var/run", "dbname=db host=/var/run"),
            ("postgresql://h?sslmode=require", "host=h sslmode=require"),
            ("postgresql://h/db?ssl=true", "host=h dbname=db sslmode=require"),
            ("postgres://u%40x:p%40s%2F%3A@h/d%20b", "user=u@x password=p@s/: host=h dbname=d b"),
            ("postgres://u:a:b#c@h/db?", "user=u password=a:b#c host=h dbname=db"),
            ("postgres://u:@h", "user=u password= host=h"),
            ("postgres://:5433/db", "port=5433 dbname=db"),
        ] {
            assert_eq!(read(url).as_deref(), Ok(want), "{url}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused_without_showing_the_password() {
        for url in [
            "postgres://u:hunter2/x@h/db",
            "postgres://u:hunter2@x@h/db",
            "postgres://u:123/hunter2@h/db",
            "postgres://u:hunter2%@h/db",
            "postgres://u:p@[::1/db",
            "postgres://u:p@[::1]x/db",
            "postgres://h/db?sslmode",
            "postgres://h/db?options=-c a=b",
        ] {
            let refusal = read(url).unwrap_err();
            assert!(refusal.hint.is_some(), "{url}");
            assert!(!format!("{refusal:?}").contains("hunter2"), "{url}");
        }
    }
}
