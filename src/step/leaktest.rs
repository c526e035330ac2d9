//! Two clients through a real pooler: whether one can have what the other left in its session, and where each lands.
//!
//! Leaves nothing behind: what was set is taken off again, and the server itself is asked whether it is gone.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;

use super::Means;
use super::doctor::Diagnosis;
use crate::conninfo::ConnInfo;
use crate::error::{Exit, Refusal, ServerError};
use crate::pg::pooler::{Mark, Visitor};
use crate::plan::Finding;

/// Looks of each client: a pooler that takes turns comes round to every server process of a pool.
const LOOKS: usize = 24;

/// A pool that is used up makes a client wait for minutes.
const WAIT: Duration = Duration::from_secs(5);

/// What an entry that is missing or wrong wants.
const WRITE_AND_RELOAD: &str =
    "`tenantctl pooler --all --file FILE` writes the entries; then let the pooler read it: `RELOAD` in its console";

/// A way through the pooler.
pub struct Door {
    /// What it is called in findings: `store_4`, `pool:6432/main`.
    pub name: String,
    /// How a client connects.
    pub conninfo: ConnInfo,
    /// The role and the schema of the store, where it is a store's own.
    pub home: Option<(String, String)>,
}

/// Tries it. One door is what all stores share; two are those of two stores.
///
/// # Errors
/// The connection's own error, or the server's.
pub async fn try_leaks(means: &Means<'_>, doors: &[Door], found: &mut Diagnosis) -> Result<()> {
    let Some(first_door) = doors.first() else { return Ok(()) };
    for door in doors {
        lands(means, door, found).await?;
    }
    let mark = Mark::new();
    let first = Visitor::enter(means.sessions, &first_door.conninfo).await?;
    let mut inside = vec![first];
    let tried = look(means, doors, mark, &mut inside, found).await;
    // However it went: the mark goes.
    let wiped = wipe(means, &first_door.conninfo, mark, inside).await;
    tried?;
    if !wiped? {
        found.findings.push(
            Finding::note("pooler_mark_left", "a server process of the pooler keeps what the test set")
                .hint("let the pooler make new ones: `RECONNECT` in PgBouncer's console"),
        );
    }
    Ok(())
}

/// A store's entry that the pooler does not know: an error with a way on.
fn of_entry(door: &Door, error: anyhow::Error) -> anyhow::Error {
    let is_unknown = |said: &ServerError| said.is(&["3D000"]) || said.message.starts_with("no such database");
    let is_unknown = error.chain().filter_map(|cause| cause.downcast_ref()).any(is_unknown);
    match door.home.is_some() && is_unknown {
        true => error.context(
            Refusal::new(format!("the pooler has no entry {}", door.name))
                .hint(WRITE_AND_RELOAD)
                .exit(Exit::Unreachable),
        ),
        false => error,
    }
}

/// Whether the door leads into the store's schema, as the store's role.
async fn lands(means: &Means<'_>, door: &Door, found: &mut Diagnosis) -> Result<()> {
    let visitor = Visitor::enter(means.sessions, &door.conninfo).await.map_err(|error| of_entry(door, error))?;
    let landing = visitor.landing().await?;
    let schema = landing.schema.unwrap_or_else(|| "none".to_owned());
    let is_at_home = door.home.as_ref().is_none_or(|(role, home)| *role == landing.role && *home == schema);
    let message = format!("{} leads to schema {schema}, as role {}", door.name, landing.role);
    found.findings.push(match &door.home {
        Some((role, home)) if !is_at_home => {
            Finding::stop("pooler_entry", format!("{message}; it should be schema {home}, as role {role}"))
                .hint(WRITE_AND_RELOAD)
        }
        _ => Finding::note("pooler_entry", message),
    });
    Ok(())
}

async fn look(
    means: &Means<'_>,
    doors: &[Door],
    mark: Mark,
    inside: &mut Vec<Visitor>,
    found: &mut Diagnosis,
) -> Result<()> {
    let [door, others @ ..] = doors else { return Ok(()) };
    let mut processes = BTreeSet::from([inside[0].leave(mark).await?]);
    let mut seen = BTreeSet::new();
    // A second client of the same entry tells how the pooler lends.
    let entering = async {
        let second = Visitor::enter(means.sessions, &door.conninfo).await?;
        second.landing().await?;
        anyhow::Ok(second)
    };
    let mut is_shared = false;
    if let Ok(second) = tokio::time::timeout(WAIT, entering).await {
        let second = second?;
        for _ in 0..LOOKS {
            let (process, kinds) = second.sees(mark).await?;
            is_shared |= processes.contains(&process) || !kinds.is_empty();
            seen.extend(kinds);
        }
        for _ in 0..LOOKS {
            is_shared |= processes.insert(inside[0].landing().await?.pid);
        }
        inside.push(second);
    }
    if is_shared {
        let kinds: Vec<&str> = seen.into_iter().collect();
        let what = if kinds.is_empty() { "the state of a session".to_owned() } else { kinds.join(", ") };
        found.findings.push(match others {
            [] => Finding::stop("pooler_leak", format!("two clients of {} meet: what one leaves, the other has ({what})", door.name))
                .hint(
                    "give each store an entry and a role of its own: `tenantctl pooler --all --file FILE`; then \
                     `tenantctl doctor --pooler 'postgresql://USER@HOST:PORT/{entry}'`",
                ),
            _ => Finding::note(
                "pooler_transaction",
                format!("transaction mode: clients of one entry meet; not safe there: {what}; safe: transactions, SET LOCAL, pg_advisory_xact_lock"),
            ),
        });
    }
    for other in others {
        let visitor = Visitor::enter(means.sessions, &other.conninfo).await?;
        let mut met = BTreeSet::new();
        for _ in 0..LOOKS {
            let (process, kinds) = visitor.sees(mark).await?;
            met.extend(kinds);
            if processes.contains(&process) {
                met.insert("the same server process");
            }
        }
        inside.push(visitor);
        found.findings.push(match met.is_empty() {
            true => Finding::note(
                "pooler_apart",
                format!("clients of {} and of {} never met, in {LOOKS} looks", door.name, other.name),
            ),
            false => {
                let met: Vec<&str> = met.into_iter().collect();
                Finding::stop(
                    "pooler_leak",
                    format!("clients of {} and of {} meet: {}", door.name, other.name, met.join(", ")),
                )
                .hint(
                    "pin the role of each entry (`user=`), or the pools are one: `tenantctl pooler --all --file FILE`",
                )
            }
        });
    }
    if !is_shared {
        after_session(means, door, others.is_empty(), mark, inside, found).await?;
    }
    Ok(())
}

/// In session mode the next client gets the process when this one left.
async fn after_session(
    means: &Means<'_>,
    door: &Door,
    is_for_all: bool,
    mark: Mark,
    inside: &mut Vec<Visitor>,
    found: &mut Diagnosis,
) -> Result<()> {
    inside.remove(0);
    let direct = means.sessions.reader().await?;
    let is_reset = mark.goes(&direct).await?;
    found.findings.push(match (is_reset, is_for_all) {
        (true, false) => Finding::note(
            "pooler_session",
            "session mode: a client has its server process alone, and nothing of it is left for the next",
        ),
        (true, true) => Finding::note(
            "pooler_session",
            "session mode: SET search_path by each client is safe; but all stores have one role, which may reach every schema",
        )
        .hint("an entry per store, with its own role, keeps them apart: `tenantctl pooler --all`"),
        (false, _) => Finding::stop(
            "pooler_leak",
            format!("the next client of {} has what the last one left: the pooler resets nothing", door.name),
        )
        .hint("write server_reset_query = DISCARD ALL into pgbouncer.ini"),
    });
    Ok(())
}

/// Whether the mark is gone.
async fn wipe(means: &Means<'_>, conninfo: &ConnInfo, mark: Mark, mut inside: Vec<Visitor>) -> Result<bool> {
    let direct = means.sessions.reader().await?;
    if !mark.is_there(&direct).await? {
        return Ok(true);
    }
    if let Ok(Ok(one_more)) = tokio::time::timeout(WAIT, Visitor::enter(means.sessions, conninfo)).await {
        inside.push(one_more);
    }
    for _ in 0..LOOKS {
        for visitor in &inside {
            // Whoever cannot wipe it leaves it to the next.
            let _failed = tokio::time::timeout(WAIT, visitor.wipe(mark)).await;
        }
        if !mark.is_there(&direct).await? {
            return Ok(true);
        }
    }
    drop(inside);
    mark.goes(&direct).await
}
