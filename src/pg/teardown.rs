//! Drops exactly what the journal says we made, and never reaches out of the schema.
//!
//! Outgoing foreign keys go first, one by one with a short wait: dropping one takes an exclusive lock on the *common*
//! table, and everybody would queue behind a schema drop that waits for it.

use std::time::Duration;

use anyhow::{Result, bail};

use super::catalog;
use super::client::Client;
use super::failure::ServerResult;
use super::journal::Move;
use super::session::Session;
use super::unit::Unit;
use crate::error::{Exit, Refusal};
use crate::event::Observer;
use crate::ident::{Ident, QualifiedTable};

/// Foreign keys of the schema to tables outside it.
const OUTER_KEYS: &str =
    "select c.relname::text, k.conname::text, p.oid::regclass::text, pg_catalog.pg_get_constraintdef(k.oid)
    from pg_catalog.pg_constraint k
    join pg_catalog.pg_class c on c.oid = k.conrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_class p on p.oid = k.confrelid
    where n.nspname = $1 and k.contype = 'f' and p.relnamespace <> n.oid and k.conparentid = 0 order by 1, 2";

/// Objects outside the schema that depend on something in it.
const DEPENDENTS: &str = include_str!("sql/dependents.sql");

/// Waits of 50 ms for a common table, with a pause between them.
const TRIES: u32 = 60;

/// What stands in the schema that the journal does not know, and what outside hangs on it; both refuse a drop.
///
/// # Errors
/// A refusal that names them.
pub async fn check(client: &Client, schema: &Ident, known: &[String]) -> Result<()> {
    let strangers: Vec<String> =
        catalog::objects_in(client, schema).await?.into_iter().filter(|object| !known.contains(object)).collect();
    if !strangers.is_empty() {
        bail!(
            Refusal::new(format!(
                "schema {} holds what tenantctl did not make: {}",
                schema.raw(),
                strangers.join(", ")
            ))
            .hint("move it to another schema, or drop it yourself; then try again")
        );
    }
    let dependents = dependents(client, schema).await?;
    if !dependents.is_empty() {
        bail!(
            Refusal::new(format!("outside schema {} something depends on it: {}", schema.raw(), dependents.join(", ")))
                .hint("drop that first; tenantctl never cascades out of the schema")
        );
    }
    Ok(())
}

/// What outside the schema depends on something in it.
///
/// # Errors
/// The server's error.
pub async fn dependents(client: &Client, schema: &Ident) -> Result<Vec<String>> {
    Ok(client.query(DEPENDENTS, &[&schema.raw()]).await.server()?.iter().map(|row| row.get(0)).collect())
}

/// A foreign key to a table outside the schema.
pub struct OuterKey {
    /// The table that has it.
    pub table: Ident,
    /// Its name.
    pub name: Ident,
    /// The table it refers to, for messages.
    pub common: String,
    /// `foreign key (…) references …`.
    pub definition: String,
}

/// The foreign keys to common tables.
///
/// # Errors
/// The server's error.
pub async fn outer_keys(client: &Client, schema: &Ident) -> Result<Vec<OuterKey>> {
    let rows = client.query(OUTER_KEYS, &[&schema.raw()]).await.server()?;
    let key = |row: &tokio_postgres::Row| OuterKey {
        table: Ident::new(row.get::<_, String>(0)),
        name: Ident::new(row.get::<_, String>(1)),
        common: row.get(2),
        definition: row.get(3),
    };
    Ok(rows.iter().map(key).collect())
}

/// Drops these keys, each in a unit of its own.
///
/// # Errors
/// A refusal with exit code 1 where a common table stays busy, or the server's error.
pub async fn drop_outer_keys(
    session: &mut Session,
    observer: &dyn Observer,
    the_move: &Move,
    keys: &[OuterKey],
) -> Result<()> {
    for OuterKey { table, name, common, .. } in keys {
        let qualified = QualifiedTable::new(the_move.store.schema.clone(), table.clone());
        let order = format!("alter table {qualified} drop constraint {name}");
        let mut tries = 0;
        loop {
            tries += 1;
            let unit = Unit::begin(session, the_move.id, the_move.epoch).await?;
            unit.batch_execute("set local lock_timeout = '50ms'").await.server()?;
            match unit.batch_execute(&order).await.server() {
                Ok(()) => {
                    unit.commit(observer, None).await?;
                    break;
                }
                Err(error) if error.is(&["55P03"]) && tries < TRIES => {
                    drop(unit);
                    tokio::time::sleep(Duration::from_millis(rand::random_range(50..250))).await;
                }
                Err(error) if error.is(&["55P03"]) => bail!(
                    Refusal::new(format!(
                        "{common} stays busy: its readers leave no moment to drop a foreign key to it"
                    ))
                    .hint("try again when it is quieter; nothing else was dropped")
                    .exit(Exit::Failed)
                ),
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}

/// Drops the schema with all that is in it; `check` and `drop_outer_keys` come first.
///
/// # Errors
/// The server's error.
pub async fn drop_schema(client: &Client, schema: &Ident) -> Result<()> {
    Ok(client.batch_execute(&format!("drop schema if exists {schema} cascade")).await.server()?)
}

/// Empties the tables of a schema that was taken over, not made.
///
/// # Errors
/// The server's error; a foreign key from outside refuses the truncation.
pub async fn empty_tables(client: &Client, tables: &[QualifiedTable]) -> Result<()> {
    if tables.is_empty() {
        return Ok(());
    }
    Ok(client.batch_execute(&format!("truncate {}", crate::ident::list(tables))).await.server()?)
}
