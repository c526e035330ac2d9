//! The definitions of a schema, by the server's own `pg_dump`: nothing else knows all that a schema may hold.
//!
//! Finds the program, lends it the connection, and gives back its text.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::session::Sessions;
use super::teardown::OuterKey;
use crate::conninfo::{ConnInfo, RootCert};
use crate::error::{Exit, Refusal};
use crate::ident::Ident;

/// What `pg_dump` says of a schema.
#[derive(Clone, Debug)]
pub struct Definitions {
    /// What stands before the rows: schema, types, tables, functions.
    pub before: String,
    /// What comes after them: keys, indexes, triggers.
    pub after: String,
    /// Foreign keys to tables outside the schema, taken out of `after`.
    pub outer: String,
    /// `pg_dump (PostgreSQL) 15.14`.
    pub version: String,
}

/// Majors above the server's whose program is taken where a newer one will do.
const NEWER: u32 = 10;

/// Which `pg_dump` will do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Program {
    /// Only that of the server's major version: one that is newer writes what the server may not read.
    Same,
    /// A newer one where there is no other: what it writes, its own version reads, and later ones.
    OrNewer,
}

/// The program for a server's major version, and what it says of itself.
///
/// # Errors
/// A refusal where there is none.
pub fn find(major: u32, which: Program) -> Result<(PathBuf, String), Refusal> {
    let last = if which == Program::Same { major } else { major + NEWER };
    let of_path = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
    // Debian's in PATH is a script that looks for one of those below, and takes longer than they do.
    let in_path = of_path.unwrap_or_default().into_iter().map(|folder| folder.join("pg_dump"));
    let in_path = in_path.filter(|program| !program.canonicalize().is_ok_and(|it| it.ends_with("pg_wrapper")));
    let of_distributions = (major..=last).flat_map(|major| {
        [format!("/usr/lib/postgresql/{major}/bin/pg_dump"), format!("/usr/pgsql-{major}/bin/pg_dump")]
    });
    let mut best: Option<(u32, PathBuf, String)> = None;
    for program in in_path.chain(of_distributions.map(PathBuf::from)).filter(|program| program.is_file()) {
        let Ok(said) = Command::new(&program).arg("--version").stderr(Stdio::null()).output() else { continue };
        let version = String::from_utf8_lossy(&said.stdout).trim().to_owned();
        let Some(found) = major_of(&version) else { continue };
        if (major..=last).contains(&found) && best.as_ref().is_none_or(|(best, ..)| found < *best) {
            best = Some((found, program, version));
        }
    }
    if let Some((_, program, version)) = best {
        return Ok((program, version));
    }
    Err(Refusal::new(format!("no pg_dump of PostgreSQL {major} is here"))
        .because("the schema's definitions are written by the program of the server's own version")
        .hint(format!("install it (Debian: `apt-get install postgresql-client-{major}`), or put it into PATH")))
}

/// The major version in `pg_dump (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)`.
#[must_use]
pub fn major_of(version: &str) -> Option<u32> {
    version.split_once("(PostgreSQL) ")?.1.split(['.', ' ', 'b', 'r', 'd']).next()?.parse().ok()
}

/// The definitions as a snapshot has them; the sessions lend their connection.
///
/// # Errors
/// A refusal where there is no such program; its own words where it fails.
pub async fn definitions(
    sessions: &Sessions,
    schema: &Ident,
    snapshot: &str,
    outer: &[OuterKey],
    which: Program,
) -> Result<Definitions> {
    let (program, version) = find(sessions.facts().server_version / 10_000, which)?;
    let section = async |name: &str| -> Result<String> {
        let mut command = Command::new(&program);
        lend(&mut command, sessions.conninfo(), &sessions.facts().address)?;
        command.args(["--schema-only", "--no-owner", "--no-privileges", "--no-password", "--strict-names"]);
        command.arg(format!("--section={name}")).arg(format!("--snapshot={snapshot}"));
        command.arg(format!("--schema={schema}")).stdin(Stdio::null()); // in quotes: a name, no pattern
        let mut command = tokio::process::Command::from(command);
        let ran =
            command.kill_on_drop(true).output().await.with_context(|| format!("running {}", program.display()))?;
        if !ran.status.success() {
            bail!(
                Refusal::new(format!("pg_dump could not write the definitions of schema {}", schema.raw()))
                    .because(String::from_utf8_lossy(&ran.stderr).trim().to_owned())
                    .hint("run it by hand to see more")
                    .exit(Exit::Failed)
            );
        }
        let text = String::from_utf8(ran.stdout).context("reading what pg_dump wrote")?;
        // Commands of psql, which no server understands.
        let is_sql = |line: &&str| !line.starts_with("\\restrict ") && !line.starts_with("\\unrestrict ");
        Ok(text.lines().filter(is_sql).map(|line| format!("{line}\n")).collect())
    };
    let (before, mut after) = tokio::try_join!(section("pre-data"), section("post-data"))?;
    let mut set_apart = String::new();
    for key in outer {
        // As pg_dump writes it, from the same function of the server; found again, or the archive would not load alone.
        let tail = format!(" {};\n", key.definition);
        let found = after.match_indices("ADD CONSTRAINT ").find_map(|(at, _)| {
            let from = after[..at].rfind("ALTER TABLE ")?;
            let until = at + after[at..].find(&tail)? + tail.len();
            let text = &after[from..until];
            let is_one = text.matches(";\n").count() == tail.matches(";\n").count();
            let plain = text.replace('"', "");
            let is_it = plain.contains(&format!("ADD CONSTRAINT {} ", key.name.raw().replace('"', "")))
                && plain.contains(&format!(".{}\n", key.table.raw().replace('"', "")));
            (is_one && is_it).then_some((from, until))
        });
        let Some((from, until)) = found else {
            bail!(
                Refusal::new(format!("foreign key {} could not be set apart from the others", key.name.raw()))
                    .because(format!("it leads to {}, outside the schema", key.common))
                    .hint("drop it, or take the comment off that it has; then try again")
            );
        };
        set_apart.push_str(&after[from..until]);
        after.replace_range(from..until, "");
    }
    Ok(Definitions { before, after, outer: set_apart, version })
}

/// The connection as the program's environment has it: nothing of it stands on a command line.
fn lend(command: &mut Command, conninfo: &ConnInfo, address: &str) -> Result<()> {
    let (host, port) = address.rsplit_once(':').unwrap_or((address, "5432"));
    command.env("PGHOST", host).env("PGPORT", port).env("PGUSER", &conninfo.user).env("PGDATABASE", &conninfo.database);
    command.env("PGSSLMODE", conninfo.ssl_mode.to_string()).env("PGCLIENTENCODING", "UTF8");
    command.env("PGAPPNAME", "tenantctl/backup").env_remove("PGOPTIONS").env_remove("PGSERVICE");
    match &conninfo.tls.root_cert {
        Some(RootCert::File(path)) => command.env("PGSSLROOTCERT", path),
        Some(RootCert::System) => command.env("PGSSLROOTCERT", "system"),
        None => command,
    };
    for (name, path) in [("PGSSLCERT", &conninfo.tls.cert), ("PGSSLKEY", &conninfo.tls.key)] {
        if let Some(path) = path {
            command.env(name, path);
        }
    }
    match conninfo.password()? {
        Some(password) => command.env("PGPASSWORD", password.reveal()),
        None => command.env_remove("PGPASSWORD"),
    };
    Ok(())
}
