//! Parts: what each of several writers loaded of one big table, until the table is whole.
//!
//! A part's row is written by the transaction that loads the part, as a unit of its own among the move's resources. It
//! says no more than which rows are ours; once all parts are committed the table's own row says it for all of them. A
//! table has that row or parts, never both.

use anyhow::Result;

use super::records::{Resource, ResourceState, record_event, record_resource, resources_of};
use crate::digest::{Digest, DigestText};
use crate::ident::Ident;
use crate::pg::client::Client;
use crate::pg::failure::ServerResult;

/// A part that is committed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Part {
    /// The table.
    pub table: Ident,
    /// Which of its parts, from 1.
    pub number: usize,
    /// Its rows as they were written.
    pub digest: Digest,
}

impl Part {
    /// `part/2/orders`, among the names of units.
    fn name(&self) -> String {
        format!("part/{}/{}", self.number, self.table.raw())
    }

    fn of(resource: &Resource) -> Option<Self> {
        let (number, table) = resource.name.strip_prefix("part/")?.split_once('/')?;
        let digest = DigestText(resource.definition.clone()?).digest()?;
        Some(Self { table: Ident::new(table), number: number.parse().ok()?, digest })
    }
}

/// Writes that a part is loaded, in the transaction that loaded it.
///
/// # Errors
/// The server's error.
pub async fn record_part(client: &Client, move_id: i64, part: &Part) -> Result<()> {
    let digest = DigestText::from(&part.digest).0;
    let resource = Resource::new("unit", part.name(), Some(digest), ResourceState::Made);
    record_resource(client, move_id, &[resource]).await
}

/// The parts of a table that are committed and not yet made whole.
///
/// # Errors
/// The server's error.
pub async fn parts_of(client: &Client, move_id: i64, table: &Ident) -> Result<Vec<Part>> {
    let units = resources_of(client, move_id, "unit").await?;
    Ok(units.iter().filter_map(Part::of).filter(|part| part.table == *table).collect())
}

/// Forgets parts, in the transaction that makes the table whole or empties it.
///
/// # Errors
/// The server's error.
pub async fn forget_parts(client: &Client, move_id: i64, parts: &[Part]) -> Result<()> {
    if parts.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = parts.iter().map(Part::name).collect();
    let sql = "delete from tenantctl.resource where move_id = $1 and kind = 'unit' and name = any($2)";
    client.execute(sql, &[&move_id, &names]).await.server()?;
    Ok(())
}

/// Forgets all that is known to be in a table, in the transaction that empties it.
///
/// # Errors
/// The server's error.
pub async fn record_emptied(client: &Client, run: &str, move_id: i64, table: &Ident) -> Result<()> {
    let parts = parts_of(client, move_id, table).await?;
    forget_parts(client, move_id, &parts).await?;
    let sql = "delete from tenantctl.table_run where move_id = $1 and table_name = $2";
    client.execute(sql, &[&move_id, &table.raw()]).await.server()?;
    let detail = std::collections::BTreeMap::from([("table", table.raw())]);
    record_event(client, run, Some(move_id), "table_emptied", &detail).await
}
