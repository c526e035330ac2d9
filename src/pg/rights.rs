//! What this role may do, and what the server has left: named questions for `doctor`. Reads catalogs only, no rows.

use anyhow::Result;

use super::client::Client;
use super::failure::ServerResult;
use crate::ident::{Ident, QualifiedTable};

/// Something that a role may or may not do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Right {
    /// Make schemas in the database.
    CreateSchemas,
    /// Use a schema.
    Use(Ident),
    /// One of these on a table; the last is the one to grant.
    Table(QualifiedTable, &'static [&'static str]),
    /// Write a column.
    Update(QualifiedTable, Ident),
    /// Act as another role.
    Become(Ident),
}

impl Right {
    /// For people: `SELECT on shop.orders`.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::CreateSchemas => "CREATE on the database".to_owned(),
            Self::Use(schema) => format!("USAGE on schema {}", schema.raw()),
            Self::Table(table, any) => format!("{} on {}", any.join(" or ").to_uppercase(), table.raw()),
            Self::Update(table, column) => format!("UPDATE of {} in {}", column.raw(), table.raw()),
            Self::Become(role) => format!("membership in role {}", role.raw()),
        }
    }

    /// The statement that gives it.
    #[must_use]
    pub fn grant(&self, database: &str, role: &str) -> String {
        let (database, role) = (Ident::new(database), Ident::new(role));
        match self {
            Self::CreateSchemas => format!("grant create on database {database} to {role};"),
            Self::Use(schema) => format!("grant usage on schema {schema} to {role};"),
            Self::Table(table, any) => {
                format!("grant {} on {table} to {role};", any.last().copied().unwrap_or_default())
            }
            Self::Update(table, column) => format!("grant update ({column}) on {table} to {role};"),
            Self::Become(other) => format!("grant {other} to {role};"),
        }
    }
}

/// A relation by its name, without the right to use its schema.
const RELATION: &str =
    "(select c.oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1::text and c.relname::text = $2)";

/// Whether this role has it; what does not exist, nobody has.
///
/// # Errors
/// The server's error.
pub async fn has(client: &Client, right: &Right) -> Result<bool> {
    let row = match right {
        Right::CreateSchemas => {
            client.query_one("select pg_catalog.has_database_privilege(current_database(), 'create')", &[]).await
        }
        Right::Use(schema) => {
            let sql = "select coalesce((select pg_catalog.has_schema_privilege(oid, 'usage')
                 from pg_catalog.pg_namespace where nspname = $1::text), false)";
            client.query_one(sql, &[&schema.raw()]).await
        }
        Right::Table(table, any) => {
            let sql = format!("select coalesce(pg_catalog.has_table_privilege({RELATION}, $3), false)");
            client.query_one(&sql, &[&table.schema.raw(), &table.table.raw(), &any.join(", ")]).await
        }
        Right::Update(table, column) => {
            let sql =
                format!("select coalesce(pg_catalog.has_column_privilege({RELATION}, $3::text, 'update'), false)");
            client.query_one(&sql, &[&table.schema.raw(), &table.table.raw(), &column.raw()]).await
        }
        Right::Become(role) => {
            let sql = "select coalesce((select pg_catalog.pg_has_role(oid, 'member')
                 from pg_catalog.pg_roles where rolname::text = $1), false)";
            client.query_one(sql, &[&role.raw()]).await
        }
    };
    Ok(row.server()?.get(0))
}

/// The tables of a schema, by name.
///
/// # Errors
/// The server's error.
pub async fn tables_in(client: &Client, schema: &Ident) -> Result<Vec<QualifiedTable>> {
    relations_in(client, schema, &["r", "p"]).await
}

/// The sequences of a schema, by name; to read where one stands needs SELECT on it.
///
/// # Errors
/// The server's error.
pub async fn sequences_in(client: &Client, schema: &Ident) -> Result<Vec<QualifiedTable>> {
    relations_in(client, schema, &["S"]).await
}

async fn relations_in(client: &Client, schema: &Ident, kinds: &[&str]) -> Result<Vec<QualifiedTable>> {
    let sql =
        "select c.relname::text from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
         where n.nspname = $1::text and c.relkind::text = any ($2) order by 1";
    let rows = client.query(sql, &[&schema.raw(), &kinds]).await.server()?;
    Ok(rows.iter().map(|row| QualifiedTable::new(schema.clone(), Ident::new(row.get::<_, String>(0)))).collect())
}

/// Whether there is such a role.
///
/// # Errors
/// The server's error.
pub async fn role_exists(client: &Client, role: &Ident) -> Result<bool> {
    let sql = "select exists (select from pg_catalog.pg_roles where rolname::text = $1)";
    Ok(client.query_one(sql, &[&role.raw()]).await.server()?.get(0))
}

/// What the server has, and what is left of it.
#[derive(Clone, Copy, Debug)]
pub struct Capacity {
    /// Connections that this role may still open.
    pub free_connections: i64,
    /// `max_connections`.
    pub max_connections: i64,
    /// Locks that all transactions together may hold.
    pub locks: i64,
    /// `max_locks_per_transaction`.
    pub locks_per_transaction: i64,
    /// The server takes no writes: it is a standby.
    pub is_standby: bool,
    /// It, the database or the role says that transactions shall be read-only.
    pub is_read_only: bool,
}

const CAPACITY: &str = "
    select least(s.max_connections - case when r.rolsuper then 0 else s.reserved end - b.used,
                 case when r.rolconnlimit < 0 then 1000000 else r.rolconnlimit - b.mine end,
                 case when d.datconnlimit < 0 then 1000000 else d.datconnlimit - b.here end)::int8,
           s.max_connections, s.per_transaction * (s.max_connections + s.prepared), s.per_transaction,
           pg_catalog.pg_is_in_recovery(),
           current_setting('transaction_read_only') = 'on'
    from pg_catalog.pg_roles r, pg_catalog.pg_database d,
         (select current_setting('max_connections')::int8 as max_connections,
                 current_setting('superuser_reserved_connections')::int8
                   + coalesce(current_setting('reserved_connections', true)::int8, 0) as reserved, -- the latter since 16
                 current_setting('max_locks_per_transaction')::int8 as per_transaction,
                 current_setting('max_prepared_transactions')::int8 as prepared) s,
         (select count(*) filter (where backend_type = 'client backend' or backend_type is null) as used,
                 count(*) filter (where usename = current_user) as mine,
                 count(*) filter (where datname = current_database()) as here
          from pg_catalog.pg_stat_activity) b
    where r.rolname = current_user and d.datname = current_database()";

/// What the server has left. Ask a session that may write: of a reader everything is read-only.
///
/// # Errors
/// The server's error.
pub async fn capacity(client: &Client) -> Result<Capacity> {
    let row = client.query_one(CAPACITY, &[]).await.server()?;
    Ok(Capacity {
        free_connections: row.get(0),
        max_connections: row.get(1),
        locks: row.get(2),
        locks_per_transaction: row.get(3),
        is_standby: row.get(4),
        is_read_only: row.get(5),
    })
}
