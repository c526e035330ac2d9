//! Makes a role and takes it back: attributes, grants, password, connections, each said in the journal.

use anyhow::{Context, Result, bail};

use super::facts::{UNIT, facts_of, made_for, not_ours, oid_of};
use super::password::Verifier;
use super::{ON_TABLES, StoreRole};
use crate::error::{Exit, Refusal};
use crate::ident::{Ident, Literal, QualifiedTable};
use crate::pg::client::{Client, Transaction};
use crate::pg::failure::ServerResult;
use crate::pg::journal::{Resource, ResourceState, record_resource};
use crate::pg::session::Sessions;

/// Makes the role, or gives it anew what it may have, and says so in the journal.
///
/// # Errors
/// A refusal where a role of this name is not ours, or where a grant could not be given; the server's error.
pub async fn make(
    transaction: &Transaction<'_>,
    move_id: i64,
    role: &StoreRole,
    verifier: Option<&Verifier>,
) -> Result<()> {
    let first = match oid_of(transaction, &role.name).await? {
        None => role.create(),
        Some(there) => match made_for(transaction, move_id).await? {
            Some((name, oid)) if name == role.name && oid == there => {
                format!("alter role {}{}", role.name, role.attributes())
            }
            _ => match facts_of(transaction.client(), &role.name).await? {
                Some(facts) => bail!(not_ours(&role.name, &facts)),
                None => role.create(), // dropped since
            },
        },
    };
    transaction.batch_execute(&format!("{first};\n{}", role.grants().join(";\n"))).await.server()?;
    if role.login {
        may_connect(transaction, role).await?;
    }
    may_draw(transaction, role).await?;
    check_common(transaction, role).await?;
    if let Some(verifier) = verifier {
        set_password(transaction, &role.name, verifier).await?;
    }
    let oid = oid_of(transaction, &role.name).await?.context("the role that was just made")?;
    let made =
        Resource::new("unit", format!("{UNIT}{}", role.name.raw()), Some(format!("oid {oid}")), ResourceState::Made);
    record_resource(transaction, move_id, &[made]).await
}

/// Who logs in must be let into the database, where that is not everybody's right.
async fn may_connect(transaction: &Transaction<'_>, role: &StoreRole) -> Result<()> {
    let connects = "select pg_catalog.has_database_privilege($1::text::name, current_database(), 'connect')";
    if !transaction.query_one(connects, &[&role.name.raw()]).await.server()?.get::<_, bool>(0) {
        let grant = format!("grant connect on database {} to {}", role.database, role.name);
        transaction.batch_execute(&grant).await.server()?;
    }
    Ok(())
}

/// Who adds rows to a common table must draw from the sequences of its columns.
async fn may_draw(transaction: &Transaction<'_>, role: &StoreRole) -> Result<()> {
    let sql = "select format('%I.%I', n.nspname, s.relname)
               from pg_catalog.pg_depend d join pg_catalog.pg_class s on s.oid = d.objid and s.relkind = 'S'
               join pg_catalog.pg_namespace n on n.oid = s.relnamespace
               where d.classid = 'pg_catalog.pg_class'::regclass and d.refclassid = 'pg_catalog.pg_class'::regclass
                 and d.refobjid = $1::text::regclass and d.refobjsubid > 0 and d.deptype = 'a' order by 1";
    for table in &role.common_write {
        for row in transaction.query(sql, &[&table.to_string()]).await.server()? {
            let grant = format!("grant usage on sequence {} to {}", row.get::<_, String>(0), role.name);
            transaction.batch_execute(&grant).await.server()?;
        }
    }
    Ok(())
}

/// A grant without the right to give it is only a warning of the server; so each is asked for.
async fn check_common(transaction: &Transaction<'_>, role: &StoreRole) -> Result<()> {
    let sql = "select wanted.place
               from unnest($2::text[], $3::text[], $4::text[]) with ordinality wanted (name, part_of, may, place)
               where not (pg_catalog.has_table_privilege($1::text::name, wanted.name, wanted.may)
                          and pg_catalog.has_schema_privilege($1::text::name, wanted.part_of, 'usage'))
               order by wanted.place limit 1";
    let of_writes = role.common_write.iter().map(|table| (table, ON_TABLES));
    let all: Vec<(&QualifiedTable, &str)> = (role.common.iter().map(|table| (table, "select")).chain(of_writes))
        .flat_map(|(table, rights)| rights.split(", ").map(move |right| (table, right)))
        .collect();
    let tables: Vec<String> = all.iter().map(|(table, _)| table.to_string()).collect();
    let schemas: Vec<&str> = all.iter().map(|(table, _)| table.schema.raw()).collect();
    let rights: Vec<&str> = all.iter().map(|(_, right)| *right).collect();
    let name = role.name.raw();
    let Some(row) = transaction.query_opt(sql, &[&name, &tables, &schemas, &rights]).await.server()? else {
        return Ok(());
    };
    let at = usize::try_from(row.get::<_, i64>(0) - 1)?;
    let Some((table, right)) = all.get(at) else { return Ok(()) };
    bail!(
        Refusal::new(format!("{right} on {} could not be given to role {name}", table.raw()))
            .because("the server only warns where the right to give it is missing")
            .hint("`tenantctl doctor --sql` prints the GRANTs that are missing")
            .exit(Exit::Unreachable)
    );
}

/// Gives the role a password; the server gets no more than its verifier.
///
/// # Errors
/// The server's error.
pub async fn set_password(client: &Client, role: &Ident, verifier: &Verifier) -> Result<()> {
    let order = format!("alter role {role} password {}", Literal::text(verifier.text()));
    Ok(client.batch_execute(&order).await.server()?)
}

/// Takes everything back that the role may do in this database, and its login; the role itself stays.
///
/// # Errors
/// The server's error.
pub async fn revoke(transaction: &Transaction<'_>, role: &Ident) -> Result<()> {
    transaction.batch_execute(&format!("alter role {role} nologin password null")).await.server()?;
    take_back(transaction, role).await
}

/// Drops the role of a move where it is ours; whether there was one to drop.
///
/// # Errors
/// A refusal where something else still hangs on it; the server's error.
pub async fn drop_role(transaction: &Transaction<'_>, move_id: i64) -> Result<Option<Ident>> {
    let Some((name, oid)) = made_for(transaction, move_id).await? else { return Ok(None) };
    let is_there = facts_of(transaction.client(), &name).await?.is_some_and(|facts| facts.oid == oid);
    if is_there {
        take_back(transaction, &name).await?;
        if let Err(error) = transaction.batch_execute(&format!("drop role {name}")).await.server() {
            if !error.is(&["2BP01"]) {
                return Err(error.into());
            }
            bail!(
                Refusal::new(format!("role {} has more than tenantctl gave it", name.raw()))
                    .because(error.detail.unwrap_or(error.message))
                    .hint(format!("take it back, in every database (`drop owned by {name}`), then try again"))
            );
        }
    }
    let dropped = Resource::new("unit", format!("{UNIT}{}", name.raw()), None, ResourceState::Dropped);
    record_resource(transaction, move_id, &[dropped]).await?;
    Ok(is_there.then_some(name))
}

async fn take_back(transaction: &Transaction<'_>, role: &Ident) -> Result<()> {
    let rows = transaction.query(include_str!("../sql/role_revokes.sql"), &[&role.raw()]).await.server()?;
    let all: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    Ok(transaction.batch_execute(&all.join(";\n")).await.server()?)
}

/// Ends the connections of a role, in any database; how many were ended and how many would not.
///
/// # Errors
/// The server's error.
pub async fn end_sessions(sessions: &Sessions, role: &Ident) -> Result<(u64, u64)> {
    let writer = sessions.writer().await?;
    let sql =
        "select pid from pg_catalog.pg_stat_activity where usename::text = $1 and pid <> pg_catalog.pg_backend_pid()";
    let (mut ended, mut left) = (0, 0);
    for row in writer.query(sql, &[&role.raw()]).await.server()? {
        let pid: i32 = row.get(0);
        match writer.query_one("select pg_catalog.pg_terminate_backend($1)", &[&pid]).await.server() {
            Ok(_) => ended += 1,
            Err(error) if error.is(&["42501"]) => left += 1,
            Err(error) => return Err(error.into()),
        }
    }
    Ok((ended, left))
}

/// Whether there is such a relation; whether this role may give the right on it, and the use of its schema unless
/// everybody has that.
const MAY_GIVE: &str = "
    select pg_catalog.has_table_privilege(c.oid, $3::text || ' with grant option'),
           pg_catalog.has_schema_privilege(n.oid, 'usage with grant option')
             or exists (select from pg_catalog.aclexplode(n.nspacl) x where x.grantee = 0 and x.privilege_type = 'USAGE')
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname::text = $1 and c.relname::text = $2";

/// What making roles takes, and lacks: a sentence and the statement that gives it.
///
/// # Errors
/// The server's error.
pub async fn missing_rights(
    client: &Client,
    common: &[QualifiedTable],
    common_write: &[QualifiedTable],
) -> Result<Vec<(String, String)>> {
    let mut missing = Vec::new();
    let sql = "select rolname::text, rolcreaterole or rolsuper from pg_catalog.pg_roles where rolname = current_user";
    let me = client.query_one(sql, &[]).await.server()?;
    let (name, may_make): (String, bool) = (me.get(0), me.get(1));
    let ident = Ident::new(&name);
    if !may_make {
        missing.push((
            format!("role {name} lacks CREATEROLE: each store gets a role"),
            format!("alter role {ident} createrole;"),
        ));
    }
    let of_writes = common_write.iter().map(|table| (table, ON_TABLES));
    for (table, rights) in common.iter().map(|table| (table, "select")).chain(of_writes) {
        for right in rights.split(", ") {
            let row = client.query_opt(MAY_GIVE, &[&table.schema.raw(), &table.table.raw(), &right]).await.server()?;
            let Some(row) = row else {
                missing.push((
                    format!("[role] names table {}, which does not exist", table.raw()),
                    "-- correct [role] common and common_write".to_owned(),
                ));
                break;
            };
            let (may_give, may_open): (bool, bool) = (row.get(0), row.get(1));
            if !may_give {
                missing.push((
                    format!("role {name} may not give {} on {}", right.to_uppercase(), table.raw()),
                    format!("grant {right} on {table} to {ident} with grant option;"),
                ));
            }
            let schema = &table.schema;
            let of_schema = (
                format!("role {name} may not give USAGE on schema {}", schema.raw()),
                format!("grant usage on schema {schema} to {ident} with grant option;"),
            );
            if !may_open && !missing.contains(&of_schema) {
                missing.push(of_schema);
            }
        }
    }
    Ok(missing)
}
