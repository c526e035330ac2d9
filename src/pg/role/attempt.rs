//! Tries, as a store's role, to get out of its schema: each statement must be refused.
//!
//! All in one transaction that is rolled back, each statement behind a savepoint, with a short wait for locks. What the
//! catalogs say would be done is tried only where it does no harm to anybody: on no rows, never TRUNCATE or a function.

use anyhow::{Context, Result};
use futures_util::{StreamExt, stream};
use tokio_postgres::SimpleQueryMessage;

use super::StoreRole;
use super::reach::{Target, allowed, forbidden, reachable, targets};
use super::way::Way;
use crate::ident::{Ident, Literal};
use crate::pg::Client;
use crate::pg::failure::ServerResult;
use crate::pg::session::{Known, Sessions};
use crate::plan::Grade;
use crate::report::{Attempts, Leak, NotRefused};

/// Statements that are under way on the connection at once.
const AHEAD: usize = 64;

/// How long an attempt waits for a lock. A refusal takes none, or gives it back at once.
const LOCK_WAIT: &str = "200ms";

/// A statement that must be refused.
struct Attempt {
    kind: &'static str,
    object: String,
    /// What must come back where no error does; none: anything is too much.
    answer: Option<&'static str>,
    /// None where the catalogs say that it would be done, and it is better not tried.
    sql: Option<String>,
}

/// What came of all attempts.
#[derive(Debug)]
pub struct Tried {
    /// `login`, `session_authorization`, `set_role`.
    pub way: String,
    /// Why it was not by login.
    pub way_reason: Option<String>,
    /// Kind by kind.
    pub attempts: Vec<Attempts>,
    /// Rights on relations outside the schema that the catalogs were asked for, but for those of the configuration.
    pub rights_asked: u64,
    /// How many of them the role does not have.
    pub rights_denied: u64,
    /// Rights that it has and should not.
    pub leaks: Vec<Leak>,
}

/// Tries everything.
///
/// # Errors
/// A refusal with exit code 5 where nobody here can act as the role; the server's error.
pub async fn try_all(
    sessions: &Sessions,
    role: &StoreRole,
    can_login: bool,
    known: &Known,
    store_roles: &[Ident],
) -> Result<Tried> {
    let reader = sessions.reader().await?;
    let (targets, rights_asked) = targets(&reader, role).await?;
    let mut attempts = of_tables(role, &targets);
    of_schemas(&reader, role, &mut attempts).await?;
    attempts.push(listing(role));
    attempts.push(Attempt {
        kind: "create_schema",
        object: role.database.raw().to_owned(),
        answer: None,
        sql: Some("create schema tenantctl_attempt".into()),
    });
    let others = others(&reader, sessions, role, store_roles).await?;
    drop(reader);
    let (way, way_reason) = Way::take(sessions, role, can_login, known).await?;
    let mut leaks = reachable(role, &targets);
    match way {
        // It is our own right that SET ROLE would ask for, so the catalogs answer.
        Way::SetRole(_) => leaks.extend(others.iter().filter(|other| other.may).map(|other| other.leak(role))),
        _ => attempts.extend(others.iter().map(Other::attempt)),
    }
    if let Way::Login(_) = way {
        attempts.extend(as_other_user(role, &others));
    }
    let word = way.word();
    let outcomes = perform(way.client(), &attempts).await;
    way.leave();
    let count = |rights: fn(&StoreRole, &Target) -> usize| -> u64 {
        targets.iter().map(|target| rights(role, target) as u64).sum()
    };
    let by_configuration = count(|role, target| target.may.len() - forbidden(role, target).len());
    let rights_asked = rights_asked.saturating_sub(by_configuration);
    Ok(Tried {
        way: word.to_owned(),
        way_reason,
        attempts: by_kind(&attempts, &outcomes?),
        rights_asked,
        rights_denied: rights_asked.saturating_sub(count(|role, target| forbidden(role, target).len())),
        leaks,
    })
}

fn of_tables(role: &StoreRole, targets: &[Target]) -> Vec<Attempt> {
    let mut attempts = Vec::new();
    for target in targets {
        let Some(column) = &target.to_try else { continue };
        let table = &target.table;
        let statements = [
            ("select", format!("select 1 from {table} limit 1")),
            ("insert", format!("insert into {table} select where false")),
            ("update", format!("update {table} set {column} = default where false")),
            ("delete", format!("delete from {table} where false")),
            ("truncate", format!("truncate {table}")),
        ];
        for (kind, sql) in statements {
            if allowed(role, table).contains(&kind) {
                continue;
            }
            let would_be_done = kind == "truncate" && target.may.iter().any(|right| right == "truncate");
            attempts.push(Attempt { kind, object: table.raw(), answer: None, sql: (!would_be_done).then_some(sql) });
        }
    }
    attempts
}

async fn of_schemas(client: &Client, role: &StoreRole, attempts: &mut Vec<Attempt>) -> Result<()> {
    let sql = include_str!("../sql/isolation_schemas.sql");
    for row in client.query(sql, &[&role.name.raw(), &role.schema.raw()]).await.server()? {
        let (schema, may_enter) = (Ident::new(row.get::<_, String>(0)), row.get::<_, bool>(1));
        attempts.push(Attempt {
            kind: "create",
            object: schema.raw().to_owned(),
            answer: None,
            sql: Some(format!("create table {schema}.tenantctl_attempt ()")),
        });
        // A function of a schema that the role may enter runs with its own rights, or stands among the leaks.
        if let Some(call) = row.get::<_, Option<String>>(2).filter(|_| !may_enter) {
            let object = call.split_once(' ').map_or(call.as_str(), |(_, call)| call);
            let object = object.split_once('(').map_or(object, |(name, _)| name).replace('"', "");
            attempts.push(Attempt { kind: "call", object, answer: None, sql: Some(call) });
        }
    }
    Ok(())
}

/// Tables that information_schema shows to those who may do something with them.
fn listing(role: &StoreRole) -> Attempt {
    let own = Literal::text(role.schema.raw());
    let common: Vec<String> = role
        .all_common()
        .map(|table| format!("({}, {})", Literal::text(table.schema.raw()), Literal::text(table.table.raw())))
        .collect();
    let but_common = match common.is_empty() {
        true => String::new(),
        false => format!(" and (t.table_schema::text, t.table_name::text) not in ({})", common.join(", ")),
    };
    let sql = format!(
        "select count(*) from information_schema.tables t
         where t.table_schema::text not in ({own}, 'information_schema') and t.table_schema::text !~ '^pg_'{but_common}
           and not exists (
             select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
             join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid
             where n.nspname = t.table_schema and c.relname = t.table_name and d.deptype = 'e'
           )"
    );
    Attempt { kind: "list", object: "information_schema.tables".into(), answer: Some("0"), sql: Some(sql) }
}

/// Another role that would be worth becoming.
struct Other {
    name: Ident,
    is_superuser: bool,
    may: bool,
}

impl Other {
    fn attempt(&self) -> Attempt {
        Attempt {
            kind: "set_role",
            object: self.name.raw().to_owned(),
            answer: None,
            sql: Some(format!("set local role {}", self.name)),
        }
    }

    fn leak(&self, role: &StoreRole) -> Leak {
        Leak {
            code: "membership".into(),
            grade: Grade::Stop,
            object: format!("role {}", self.name.raw()),
            message: format!("role {} may become role {}", role.name.raw(), self.name.raw()),
            remedy: format!("revoke {} from {}", self.name, role.name),
        }
    }
}

async fn others(client: &Client, sessions: &Sessions, role: &StoreRole, store_roles: &[Ident]) -> Result<Vec<Other>> {
    let right = if sessions.facts().server_version >= 160_000 { "set" } else { "member" };
    let sql = include_str!("../sql/isolation_roles.sql").replace("{{become}}", right);
    let store_roles: Vec<&str> = store_roles.iter().map(Ident::raw).collect();
    let rows = client.query(&sql, &[&role.name.raw(), &role.schema.raw(), &store_roles]).await.server()?;
    let other = |row: &tokio_postgres::Row| Other {
        name: Ident::new(row.get::<_, String>(0)),
        is_superuser: row.get(1),
        may: row.get(2),
    };
    Ok(rows.iter().map(other).collect())
}

/// What only a session of the role's own can try.
fn as_other_user(role: &StoreRole, others: &[Other]) -> Vec<Attempt> {
    let mut attempts = vec![Attempt {
        kind: "reset_role",
        object: role.name.raw().to_owned(),
        answer: Some("t"),
        sql: Some(format!("reset role; select current_user::text = {}", Literal::text(role.name.raw()))),
    }];
    attempts.extend(others.iter().find(|other| other.is_superuser).map(|other| Attempt {
        kind: "session_authorization",
        object: other.name.raw().to_owned(),
        answer: None,
        sql: Some(format!("set local session authorization {}", other.name)),
    }));
    attempts
}

/// One statement after the other, many under way at once; the transaction is rolled back. The end of each: none where it
/// was refused for want of a right, else what came instead.
async fn perform(client: &Client, attempts: &[Attempt]) -> Result<Vec<Option<String>>> {
    // Row security must act as it does for the application: our manners turn it into the very error that we look for.
    let settings = format!(
        "set local lock_timeout = '{LOCK_WAIT}'; set local row_security = on; set local statement_timeout = '10s';
         savepoint tenantctl"
    );
    client.batch_execute(&settings).await.server().context("beginning the attempts")?;
    let outcomes = stream::iter(attempts.iter().map(|attempt| one(client, attempt))).buffered(AHEAD).collect().await;
    client.batch_execute("rollback").await.server().context("rolling the attempts back")?;
    Ok(outcomes)
}

async fn one(client: &Client, attempt: &Attempt) -> Option<String> {
    let Some(sql) = &attempt.sql else { return Some("not tried: the catalogs say that it would be done".into()) };
    let mut outcome = None;
    for _ in 0..3 {
        outcome = match client.simple_query(&format!("rollback to savepoint tenantctl; {sql}")).await.server() {
            Err(error) if error.is(&["42501"]) => return None,
            Err(error) if error.is(&["55P03", "57014"]) => Some(error.to_string()), // a lock that somebody else has
            Err(error) => return Some(error.to_string()),
            Ok(messages) => {
                let value = messages.iter().find_map(|message| match message {
                    SimpleQueryMessage::Row(row) => row.get(0),
                    _ => None,
                });
                return match attempt.answer {
                    Some(answer) if value == Some(answer) => None,
                    Some(_) => Some(format!("the answer was {}", value.unwrap_or("nothing"))),
                    None => Some("it was done, and rolled back".into()),
                };
            }
        };
    }
    outcome
}

fn by_kind(attempts: &[Attempt], outcomes: &[Option<String>]) -> Vec<Attempts> {
    let mut kinds: Vec<Attempts> = Vec::new();
    for (attempt, outcome) in attempts.iter().zip(outcomes) {
        let at = kinds.iter().position(|of| of.kind == attempt.kind).unwrap_or_else(|| {
            kinds.push(Attempts { kind: attempt.kind.to_owned(), ..Attempts::default() });
            kinds.len() - 1
        });
        let of = &mut kinds[at];
        of.tried += 1;
        match outcome {
            None => of.refused.push(attempt.object.clone()),
            Some(got) => of.not_refused.push(NotRefused { object: attempt.object.clone(), got: got.clone() }),
        }
    }
    kinds
}
