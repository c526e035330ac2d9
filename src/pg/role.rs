//! The role of a store: made, shown, given a password, taken back.
//!
//! Roles are the whole server's, so a role is ours only where the journal has its oid. `attempt` tries what such a role
//! may reach, `leak` asks the catalogs; which role a store has, `step` says.

mod attempt;
mod leak;
mod password;

use anyhow::{Result, bail};
pub use attempt::{Tried, try_all};
pub use leak::{Around, leaks};
pub use password::{Verifier, generated};
use tokio_postgres::{Client, GenericClient, Transaction};

use super::failure::ServerResult;
use super::journal::{Resource, ResourceState, record_resource, resources_of};
use super::session::Sessions;
use crate::error::{Exit, Refusal};
use crate::ident::{Ident, Literal, QualifiedTable, list};

/// What a store's role may do with the tables of its schema.
const ON_TABLES: &str = "select, insert, update, delete";

/// Before the name of a role among the units of a move.
const UNIT: &str = "role/";

/// A store's role as it shall be.
#[derive(Clone, Debug)]
pub struct StoreRole {
    /// Its name.
    pub name: Ident,
    /// The store schema.
    pub schema: Ident,
    /// The shared schema.
    pub shared: Ident,
    /// The database, for its settings.
    pub database: Ident,
    /// Whether it may log in.
    pub login: bool,
    /// Connections that it may have at once; -1: any number.
    pub connection_limit: i32,
    /// Tables outside its schema that it may read.
    pub common: Vec<QualifiedTable>,
    /// Tables outside its schema that it may also write.
    pub common_write: Vec<QualifiedTable>,
    /// The role that owns the schema, where it is not the one that makes it.
    pub owner: Option<Ident>,
}

impl StoreRole {
    /// The statement that makes it; without a password.
    #[must_use]
    pub fn create(&self) -> String {
        format!("create role {}{}", self.name, self.attributes())
    }

    fn attributes(&self) -> String {
        let login = if self.login { "login" } else { "nologin" };
        format!(" {login} connection limit {}", self.connection_limit)
    }

    /// The statements that give it what it may have, in order.
    #[must_use]
    pub fn grants(&self) -> Vec<String> {
        let Self { name, schema, database, .. } = self;
        let mark = Literal::text(format!("tenantctl: schema {} of database {}", schema.raw(), database.raw()));
        let mut all = vec![
            format!("comment on role {name} is {mark}"),
            format!("alter role {name} in database {database} set search_path = {}", list(self.search_path())),
            format!("grant usage on schema {schema} to {name}"),
            format!("grant {ON_TABLES} on all tables in schema {schema} to {name}"),
            format!("grant usage, select on all sequences in schema {schema} to {name}"),
            format!("grant execute on all routines in schema {schema} to {name}"),
        ];
        let makers = std::iter::once(String::new()).chain(self.owner.iter().map(|owner| format!(" for role {owner}")));
        for maker in makers {
            let defaults = format!("alter default privileges{maker} in schema {schema} grant");
            all.push(format!("{defaults} {ON_TABLES} on tables to {name}"));
            all.push(format!("{defaults} usage, select on sequences to {name}"));
            all.push(format!("{defaults} execute on routines to {name}"));
        }
        for schema in self.common_schemas() {
            all.push(format!("grant usage on schema {schema} to {name}"));
        }
        all.extend(self.common.iter().map(|table| format!("grant select on {table} to {name}")));
        all.extend(self.common_write.iter().map(|table| format!("grant {ON_TABLES} on {table} to {name}")));
        all
    }

    /// Its own schema first; the shared one where it may read something there.
    fn search_path(&self) -> Vec<&Ident> {
        let mut path = vec![&self.schema];
        path.extend(Some(&self.shared).filter(|shared| self.common_schemas().contains(shared)));
        path
    }

    /// The schemas of the tables that it may read or write outside its own, each once.
    fn common_schemas(&self) -> Vec<&Ident> {
        let mut schemas: Vec<&Ident> = self.all_common().map(|table| &table.schema).collect();
        schemas.sort();
        schemas.dedup();
        schemas
    }

    /// All tables that it may read outside its schema.
    pub fn all_common(&self) -> impl Iterator<Item = &QualifiedTable> {
        self.common.iter().chain(&self.common_write)
    }
}

/// What the catalogs say of a role.
#[derive(Clone, Debug)]
pub struct RoleFacts {
    /// Its oid.
    pub oid: u32,
    /// Whether it may log in.
    pub can_login: bool,
    /// Connections that it may have at once; -1: any number.
    pub connection_limit: i32,
    /// Whether it has a password; none where we may not know.
    pub has_password: Option<bool>,
    /// Its search path in this database.
    pub search_path: Option<String>,
    /// Roles that may act as it.
    pub members: Vec<String>,
    /// Roles that it may act as.
    pub memberships: Vec<String>,
    /// `usage on schema store_4`, in this database.
    pub grants: Vec<String>,
    /// Its connections, in any database.
    pub session_count: i64,
    /// What the comment on it says.
    pub comment: Option<String>,
}

/// What there is of a role; none where there is no such role.
///
/// # Errors
/// The server's error.
pub async fn facts_of(client: &Client, role: &Ident) -> Result<Option<RoleFacts>> {
    let row = client.query_opt(include_str!("sql/role_facts.sql"), &[&role.raw()]).await.server()?;
    let Some(row) = row else { return Ok(None) };
    let oid: u32 = row.get(0);
    let may_see = "select pg_catalog.has_column_privilege('pg_catalog.pg_authid', 'rolpassword', 'select')";
    let has_password = match client.query_one(may_see, &[]).await.server()?.get(0) {
        true => {
            let sql = "select rolpassword is not null from pg_catalog.pg_authid where oid = $1";
            Some(client.query_one(sql, &[&oid]).await.server()?.get(0))
        }
        false => None,
    };
    Ok(Some(RoleFacts {
        oid,
        can_login: row.get(1),
        connection_limit: row.get(2),
        has_password,
        search_path: row.get(3),
        members: row.get(4),
        memberships: row.get(5),
        grants: row.get(6),
        session_count: row.get(7),
        comment: row.get(8),
    }))
}

/// The role that the journal says was made for a move: its name and oid.
///
/// # Errors
/// The server's error.
pub async fn made_for(client: &impl GenericClient, move_id: i64) -> Result<Option<(Ident, u32)>> {
    let units = resources_of(client, move_id, "unit").await?;
    let made = units.iter().rev().filter(|unit| unit.state == ResourceState::Made);
    Ok(made.filter_map(of_unit).next())
}

fn of_unit(unit: &Resource) -> Option<(Ident, u32)> {
    let oid = unit.definition.as_deref()?.strip_prefix("oid ")?.parse().ok()?;
    Some((Ident::new(unit.name.strip_prefix(UNIT)?), oid))
}

/// The roles of all stores, as the journal has them.
///
/// # Errors
/// The server's error.
pub async fn all_made(client: &Client) -> Result<Vec<Ident>> {
    let sql = "select distinct pg_catalog.substr(name, 6) from tenantctl.resource
               where kind = 'unit' and name like 'role/%' and state = 'made' order by 1";
    Ok(client.query(sql, &[]).await.server()?.iter().map(|row| Ident::new(row.get::<_, String>(0))).collect())
}

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
    let ours = made_for(transaction, move_id).await?;
    match (facts_of(transaction.client(), &role.name).await?, ours) {
        (None, _) => transaction.batch_execute(&role.create()).await.server()?,
        (Some(facts), Some((name, oid))) if name == role.name && oid == facts.oid => {
            let again = format!("alter role {}{}", role.name, role.attributes());
            transaction.batch_execute(&again).await.server()?;
        }
        (Some(facts), _) => bail!(not_ours(&role.name, &facts)),
    }
    transaction.batch_execute(&role.grants().join(";\n")).await.server()?;
    let connects = "select pg_catalog.has_database_privilege($1::text::name, current_database(), 'connect')";
    let may_connect: bool = transaction.query_one(connects, &[&role.name.raw()]).await.server()?.get(0);
    if role.login && !may_connect {
        let grant = format!("grant connect on database {} to {}", role.database, role.name);
        transaction.batch_execute(&grant).await.server()?;
    }
    may_draw(transaction, role).await?;
    check_common(transaction, role).await?;
    if let Some(verifier) = verifier {
        set_password(transaction, &role.name, verifier).await?;
    }
    let oid: u32 = transaction
        .query_one("select oid from pg_catalog.pg_roles where rolname::text = $1", &[&role.name.raw()])
        .await
        .server()?
        .get(0);
    let made =
        Resource::new("unit", format!("{UNIT}{}", role.name.raw()), Some(format!("oid {oid}")), ResourceState::Made);
    record_resource(transaction, move_id, &[made]).await
}

/// A role of this name that the journal does not know as the store's.
#[must_use]
pub fn not_ours(role: &Ident, facts: &RoleFacts) -> Refusal {
    let refusal = Refusal::new(format!("role {} exists, and the journal does not know it as this store's", role.raw()));
    let refusal = match &facts.comment {
        Some(comment) => refusal.because(format!("its comment says: {comment}")),
        None => refusal.because("roles are the whole server's: somebody else, or another database, may use it"),
    };
    refusal.hint(format!("change [role] name, such as {{database}}_{{schema}}, or `drop role {role}`"))
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
    for (table, privileges) in role
        .common
        .iter()
        .map(|table| (table, &["select"][..]))
        .chain(role.common_write.iter().map(|table| (table, &["select", "insert", "update", "delete"][..])))
    {
        for privilege in privileges {
            let sql = "select pg_catalog.has_table_privilege($1::text::name, $2::text, $3::text)";
            let given =
                transaction.query_one(sql, &[&role.name.raw(), &table.to_string(), privilege]).await.server()?;
            if !given.get::<_, bool>(0) {
                bail!(
                    Refusal::new(format!(
                        "{privilege} on {} could not be given to role {}",
                        table.raw(),
                        role.name.raw()
                    ))
                    .because("the server only warns where the right to give it is missing")
                    .hint(format!("grant {privilege} on {table} to current_user with grant option; as its owner"))
                    .exit(Exit::Unreachable)
                );
            }
        }
    }
    Ok(())
}

/// Gives the role a password; the server gets no more than its verifier.
///
/// # Errors
/// The server's error.
pub async fn set_password(client: &impl GenericClient, role: &Ident, verifier: &Verifier) -> Result<()> {
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
    let rows = transaction.query(include_str!("sql/role_revokes.sql"), &[&role.raw()]).await.server()?;
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

/// What making roles takes, and lacks: a sentence and the statement that gives it.
///
/// # Errors
/// The server's error.
pub async fn missing_rights(client: &Client, role: Option<&StoreRole>) -> Result<Vec<(String, String)>> {
    let mut missing = Vec::new();
    let me = client
        .query_one(
            "select rolname::text, rolcreaterole or rolsuper, rolsuper from pg_catalog.pg_roles where rolname = current_user",
            &[],
        )
        .await
        .server()?;
    let (name, may_make, is_superuser): (String, bool, bool) = (me.get(0), me.get(1), me.get(2));
    let ident = Ident::new(&name);
    if !may_make {
        missing.push((
            format!("role {name} lacks CREATEROLE: each store gets a role"),
            format!("alter role {ident} createrole;"),
        ));
    }
    for (table, privileges) in role.into_iter().filter(|_| !is_superuser).flat_map(|role| {
        role.common.iter().map(|t| (t, "select")).chain(role.common_write.iter().map(|t| (t, ON_TABLES)))
    }) {
        for privilege in privileges.split(", ") {
            let sql = "select coalesce((select pg_catalog.has_table_privilege(c.oid, $3::text || ' with grant option')
                 from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                 where n.nspname::text = $1 and c.relname::text = $2), false)";
            let asked = client.query_one(sql, &[&table.schema.raw(), &table.table.raw(), &privilege]).await.server()?;
            if !asked.get::<_, bool>(0) {
                missing.push((
                    format!("role {name} may not give {} on {}", privilege.to_uppercase(), table.raw()),
                    format!("grant {privilege} on {table} to {ident} with grant option;"),
                ));
            }
        }
    }
    Ok(missing)
}
