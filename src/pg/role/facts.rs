//! What there is of a role: in the catalogs, and in the journal, which alone says that it is ours.

use anyhow::Result;
use tokio_postgres::types::Type;

use crate::error::Refusal;
use crate::ident::Ident;
use crate::pg::client::Client;
use crate::pg::failure::ServerResult;
use crate::pg::journal::{Resource, ResourceState, resources_of};

/// Before the name of a role among the units of a move.
pub(super) const UNIT: &str = "role/";

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
    let row = client.query_opt(include_str!("../sql/role_facts.sql"), &[&role.raw()]).await.server()?;
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

/// The oid of a role; none where there is no such role.
///
/// # Errors
/// The server's error.
pub async fn oid_of(client: &Client, role: &Ident) -> Result<Option<u32>> {
    let sql = "select oid from pg_catalog.pg_roles where rolname = $1::text::name";
    Ok(client.query_typed_opt(sql, &[(&role.raw(), Type::TEXT)]).await.server()?.map(|row| row.get(0)))
}

/// The role that the journal says was made for a move: its name and oid.
///
/// # Errors
/// The server's error.
pub async fn made_for(client: &Client, move_id: i64) -> Result<Option<(Ident, u32)>> {
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
