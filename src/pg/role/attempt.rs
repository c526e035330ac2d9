//! Tries, as a store's role, to get out of its schema: each statement must be refused.
//!
//! All in one transaction that is rolled back, each statement behind a savepoint, with a short wait for locks. What the
//! catalogs say would be done is tried only where it does no harm to anybody: on no rows, never TRUNCATE or a function.

use anyhow::{Context, Result};
use futures_util::{StreamExt, stream};
use tokio_postgres::SimpleQueryMessage;

use super::StoreRole;
use crate::error::{Exit, Refusal, ServerError};
use crate::ident::{Ident, Literal, QualifiedTable};
use crate::pg::Client;
use crate::pg::failure::ServerResult;
use crate::pg::session::{Known, Sessions};
use crate::plan::Grade;
use crate::report::{Attempts, Leak, NotRefused};

/// Statements that are under way on the connection at once.
const AHEAD: usize = 64;

/// How long an attempt waits for a lock. A refusal takes none, or gives it back at once.
const LOCK_WAIT: &str = "200ms";

/// Names of relations in a sentence, before `and 7 more`.
const NAMED: usize = 5;

/// A relation outside the schema.
struct Target {
    table: QualifiedTable,
    /// What the catalogs say that the role may do with it: `select`.
    may: Vec<String>,
    /// Through what: `role`, `public`, `membership`.
    via: String,
    /// A column to write to, where a write is to be tried.
    to_try: Option<Ident>,
    /// Of a sequence, the table that draws from it.
    drawn_by: Option<QualifiedTable>,
}

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
    let may_become = |others: &[Other]| -> Vec<Attempt> { others.iter().map(|other| other.attempt()).collect() };
    let (way, way_reason, outcomes) = match login(sessions, role, can_login, known).await? {
        Ok(wire) => {
            attempts.extend(may_become(&others));
            attempts.extend(as_other_user(role, &others));
            let begun = wire.batch_execute("begin").await.server();
            begun?;
            ("login", None, perform(&wire, &attempts).await?)
        }
        Err(reason) => {
            let writer = sessions.writer().await?;
            let me = writer
                .query_one(
                    "select r.rolsuper, pg_catalog.pg_has_role(current_user, $1::text::name, 'member')
                     from pg_catalog.pg_roles r where r.rolname = session_user",
                    &[&role.name.raw()],
                )
                .await
                .server()?;
            let (is_superuser, is_member): (bool, bool) = (me.get(0), me.get(1));
            let name = &role.name;
            let (way, begin) = match is_superuser {
                true => ("session_authorization", format!("begin; set local session authorization {name}")),
                false => {
                    let later = sessions.facts().server_version >= 160_000;
                    let how = if later { " with set true, inherit false" } else { "" };
                    // Taken back with the transaction.
                    let grant = if is_member && !later {
                        String::new()
                    } else {
                        format!("grant {name} to current_user{how}; ")
                    };
                    ("set_role", format!("begin; {grant}set local role {name}"))
                }
            };
            if let Err(error) = writer.batch_execute(&begin).await.server() {
                let denied = error.is(&["42501"]);
                let refusal = Refusal::new(format!("role {} cannot be acted as", role.name.raw()))
                    .because(reason)
                    .hint(format!(
                        "give its password by --password-file, or `grant {name} to {}`",
                        sessions.facts().role
                    ))
                    .exit(if denied { Exit::Unreachable } else { Exit::Failed });
                return Err(anyhow::Error::new(error).context(refusal));
            }
            if is_superuser {
                attempts.extend(may_become(&others)); // else it is our own right that SET ROLE asks for
            }
            let outcomes = perform(&writer, &attempts).await;
            writer.discard();
            (way, Some(reason), outcomes?)
        }
    };
    let mut leaks = reachable(role, &targets);
    // Where SET ROLE could not be tried, the catalogs answer.
    if way == "set_role" {
        leaks.extend(others.iter().filter(|other| other.may).map(|other| Leak {
            code: "membership".into(),
            grade: Grade::Stop,
            object: format!("role {}", other.name.raw()),
            message: format!("role {} may become role {}", role.name.raw(), other.name.raw()),
            remedy: format!("revoke {} from {}", other.name, role.name),
        }));
    }
    let by_configuration: u64 =
        targets.iter().map(|target| (target.may.len() - forbidden(role, target).len()) as u64).sum();
    let rights_asked = rights_asked.saturating_sub(by_configuration);
    let allowed: u64 = targets.iter().map(|target| forbidden(role, target).len() as u64).sum();
    Ok(Tried {
        way: way.to_owned(),
        way_reason,
        attempts: by_kind(&attempts, &outcomes),
        rights_asked,
        rights_denied: rights_asked.saturating_sub(allowed),
        leaks,
    })
}

async fn targets(client: &Client, role: &StoreRole) -> Result<(Vec<Target>, u64)> {
    let sql = include_str!("../sql/isolation_relations.sql");
    let rows = client.query(sql, &[&role.name.raw(), &role.schema.raw(), &role.shared.raw()]).await.server()?;
    let asked = rows.first().map_or(0, |row| row.get::<_, i64>(5).unsigned_abs());
    let target = |row: &tokio_postgres::Row| Target {
        table: QualifiedTable::new(Ident::new(row.get::<_, String>(0)), Ident::new(row.get::<_, String>(1))),
        may: row.get(2),
        via: row.get(3),
        to_try: row.get::<_, Option<String>>(4).map(Ident::new),
        drawn_by: row
            .get::<_, Option<String>>(6)
            .zip(row.get::<_, Option<String>>(7))
            .map(|(schema, table)| QualifiedTable::new(Ident::new(schema), Ident::new(table))),
    };
    Ok((rows.iter().map(target).collect(), asked))
}

/// What the configuration lets the role do with a table outside its schema.
fn allowed(role: &StoreRole, table: &QualifiedTable) -> &'static [&'static str] {
    if role.common_write.contains(table) {
        &["select", "insert", "update", "delete"]
    } else if role.common.contains(table) {
        &["select"]
    } else {
        &[]
    }
}

/// What the catalogs let it do, and the configuration does not.
fn forbidden<'t>(role: &StoreRole, target: &'t Target) -> Vec<&'t str> {
    let draws = target.drawn_by.as_ref().is_some_and(|table| role.common_write.contains(table));
    let allowed = if draws { &["usage"] } else { allowed(role, &target.table) };
    target.may.iter().map(String::as_str).filter(|right| !allowed.contains(right)).collect()
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

/// A session of the role's own, or why there is none.
async fn login(
    sessions: &Sessions,
    role: &StoreRole,
    can_login: bool,
    known: &Known,
) -> Result<Result<crate::pg::dial::Wire, String>> {
    if !can_login {
        return Ok(Err("the role may not log in".into()));
    }
    match sessions.login(&role.name, known).await {
        Ok(Some(wire)) => Ok(Ok(wire)),
        Ok(None) => Ok(Err("its password is not known".into())),
        Err(error) => {
            sessions.check()?;
            let said = error.chain().find_map(|cause| cause.downcast_ref::<ServerError>().map(ToString::to_string));
            Ok(Err(format!("its login failed: {}", said.unwrap_or_else(|| error.to_string()))))
        }
    }
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

/// What the catalogs let the role do outside its schema: relations of one schema with the same rights in one sentence.
fn reachable(role: &StoreRole, targets: &[Target]) -> Vec<Leak> {
    let mut groups: Vec<(&Ident, Vec<&str>, &str, Vec<&QualifiedTable>)> = Vec::new();
    for target in targets {
        let rights = forbidden(role, target);
        if rights.is_empty() {
            continue;
        }
        let schema = &target.table.schema;
        match groups.iter_mut().find(|(of, known, via, _)| *of == schema && *known == rights && *via == target.via) {
            Some((.., tables)) => tables.push(&target.table),
            None => groups.push((schema, rights, &target.via, vec![&target.table])),
        }
    }
    let leak = |(schema, rights, via, tables): (&Ident, Vec<&str>, &str, Vec<&QualifiedTable>)| {
        let rights = rights.join(", ");
        let mut named: Vec<String> = tables.iter().take(NAMED).map(|table| table.raw()).collect();
        if tables.len() > NAMED {
            named.push(format!("and {} more", tables.len() - NAMED));
        }
        let (through, from) = match via {
            "role" => ("by a grant to it", role.name.to_string()),
            "public" => ("by a grant to everybody (PUBLIC)", "public".to_owned()),
            _ => ("through a role that it is a member of, or as a superuser", String::new()),
        };
        let on = match tables.as_slice() {
            [one] => one.to_string(),
            many => many.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        };
        Leak {
            code: "reachable".into(),
            grade: Grade::Stop,
            object: if tables.len() == 1 { named[0].clone() } else { format!("schema {}", schema.raw()) },
            message: format!("role {} may {} {} {through}", role.name.raw(), rights.to_uppercase(), named.join(", ")),
            remedy: match from.is_empty() {
                true => "-- take the membership or the attribute back that stands among the leaks".to_owned(),
                false => format!("revoke {rights} on {on} from {from}"),
            },
        }
    };
    groups.into_iter().map(leak).collect()
}
