//! What stands in the way of a load, taken off and put back exactly as the template left it.
//!
//! Foreign keys between tables of the store schema (also in a ring) are dropped and made again from
//! `pg_get_constraintdef`; user triggers are disabled and get their state back. Nothing that indexes hang on is
//! touched, and no table outside the schema is locked. The journal remembers, so a crash in between loses nothing.

use anyhow::Result;

use super::catalog;
use super::client::Client;
use super::failure::ServerResult;
use super::journal::{Resource, ResourceState, record_resource, resources_of};
use super::unit::Unit;
use crate::ident::{Ident, Literal, QualifiedTable};

/// Foreign keys of the schema among its own tables, with what makes them again.
const INNER_KEYS: &str = include_str!("sql/inner_keys.sql");

/// Takes off the inner foreign keys and the user triggers, and writes down what was taken off.
///
/// # Errors
/// The server's error.
pub async fn take_off(unit: &Unit<'_>, move_id: i64, schema: &Ident) -> Result<()> {
    let mut resources = Vec::new();
    for row in unit.query(INNER_KEYS, &[&schema.raw()]).await.server()? {
        let (table, name): (String, String) = (row.get(0), row.get(1));
        let (definition, comment): (String, Option<String>) = (row.get(2), row.get(3));
        let (qualified, key) = (QualifiedTable::new(schema.clone(), Ident::new(&table)), Ident::new(&name));
        let mut again = format!("alter table {qualified} add constraint {key} {definition}");
        if let Some(comment) = comment {
            again.push_str(&format!("; comment on constraint {key} on {qualified} is {}", Literal::text(comment)));
        }
        unit.batch_execute(&format!("alter table {qualified} drop constraint {key}")).await.server()?;
        resources.push(Resource::new("foreign_key", format!("{table}/{name}"), Some(again), ResourceState::Off));
    }
    for trigger in catalog::user_triggers_of(unit.client(), schema).await? {
        if trigger.enabled == 'D' {
            continue;
        }
        let qualified = QualifiedTable::new(schema.clone(), trigger.table.clone());
        let word = match trigger.enabled {
            'R' => "enable replica trigger",
            'A' => "enable always trigger",
            _ => "enable trigger",
        };
        let again = format!("alter table {qualified} {word} {}", trigger.name);
        unit.batch_execute(&format!("alter table {qualified} disable trigger {}", trigger.name)).await.server()?;
        let name = format!("{}/{}", trigger.table.raw(), trigger.name.raw());
        resources.push(Resource::new("trigger", name, Some(again), ResourceState::Off));
    }
    record_resource(unit.transaction(), move_id, &resources).await
}

/// What is off and must come back; triggers first, they are instant.
///
/// # Errors
/// The server's error.
pub async fn what_is_off(client: &Client, move_id: i64) -> Result<Vec<Resource>> {
    let mut off = resources_of(client, move_id, "trigger").await?;
    off.extend(resources_of(client, move_id, "foreign_key").await?);
    off.retain(|resource| resource.state == ResourceState::Off);
    Ok(off)
}

/// Puts one of them back, in the caller's unit.
///
/// # Errors
/// The server's error, such as a row that the key refuses.
pub async fn put_back(unit: &Unit<'_>, move_id: i64, resource: &Resource) -> Result<()> {
    if let Some(definition) = &resource.definition {
        unit.batch_execute(definition).await.server()?;
    }
    let made = Resource { state: ResourceState::Made, ..resource.clone() };
    record_resource(unit.transaction(), move_id, &[made]).await
}
