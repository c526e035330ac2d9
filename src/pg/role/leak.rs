//! What the catalogs show that may lead out of a store schema, or into it: grants, functions, views, keys, memberships.
//!
//! Asks only; what a role really may do, `attempt` tries.

use anyhow::Result;

use super::StoreRole;
use crate::ident::Ident;
use crate::pg::Client;
use crate::pg::failure::ServerResult;
use crate::plan::Grade;
use crate::report::Leak;

const LEAKS: &str = include_str!("../sql/isolation_leaks.sql");

/// What is known of the stores around.
#[derive(Clone, Debug, Default)]
pub struct Around {
    /// The shared tables.
    pub shared_tables: Vec<Ident>,
    /// The roles of all stores.
    pub store_roles: Vec<Ident>,
}

/// Leaks and notes about one store's role, each with what mends it.
///
/// # Errors
/// The server's error.
pub async fn leaks(client: &Client, role: &StoreRole, around: &Around) -> Result<Vec<Leak>> {
    let schemas: Vec<&str> = role.all_common().map(|table| table.schema.raw()).collect();
    let names: Vec<&str> = role.all_common().map(|table| table.table.raw()).collect();
    let shared_tables: Vec<&str> = around.shared_tables.iter().map(Ident::raw).collect();
    let store_roles: Vec<&str> = around.store_roles.iter().map(Ident::raw).collect();
    let rows = client
        .query(
            LEAKS,
            &[&role.name.raw(), &role.schema.raw(), &role.shared.raw(), &schemas, &names, &shared_tables, &store_roles],
        )
        .await
        .server()?;
    let leak = |row: &tokio_postgres::Row| Leak {
        code: row.get(0),
        grade: if row.get(1) { Grade::Stop } else { Grade::Note },
        object: row.get(2),
        message: row.get(3),
        remedy: row.get(4),
    };
    Ok(rows.iter().map(leak).collect())
}
