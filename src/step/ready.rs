//! Schemas that stand ready: what a new store of the next key will need, made and proven before anybody asks for it.
//!
//! Its key, and what else names it, are drawn as for a store that is registered; the registry's row comes with the
//! store. `claim` takes one.

use anyhow::{Result, bail};

use super::switch::countings;
use super::verify::tables_beside;
use super::{Means, base_data};
use crate::error::Refusal;
use crate::ident::{Literal, QualifiedTable};
use crate::manifest::Manifest;
use crate::pg::blueprint::substitutions;
use crate::pg::ground::Ground;
use crate::pg::journal::{self, Move, Ready, ReadyRecord, SharedSide};
use crate::pg::registry::{NewRow, Registry};
use crate::pg::teardown::empty_tables;
use crate::pg::unit::Unit;
use crate::pg::versions::{versions, versions_of};
use crate::pg::{Client, catalog, rows, sequence};
use crate::store::Store;
use crate::template::Template;

/// Refuses what a schema cannot be made of before its store has a name.
///
/// # Errors
/// A refusal with the template's line, or with the table whose condition wants the name.
pub fn check_template(template: &Template, store: &Store, ground: &Ground) -> Result<()> {
    let unnamed = substitutions(store, &store.schema, ground.shared());
    let mut named = unnamed.clone();
    named.store_name = Literal::text("a name").into();
    let (unnamed, named) = (template.render(&unnamed)?, template.render(&named)?);
    match unnamed.iter().zip(&named).find(|(a, b)| a.sql != b.sql) {
        None => shared_side(ground, store).map(drop),
        Some((statement, _)) => bail!(
            Refusal::new(format!("{}:{}: the template says {{{{store_name}}}}", template.file(), statement.line))
                .because("a ready schema is made before its store has a name")
                .hint("put what needs the name into [store_schema] base_data, which runs when the store comes")
        ),
    }
}

/// What its store will ask of the shared schema, told before it has a name.
///
/// # Errors
/// A refusal where a condition wants the name.
fn shared_side(ground: &Ground, store: &Store) -> Result<SharedSide> {
    let countings = |store: &Store| ground.statements(store, &ground.tables).map(|of| countings(&of));
    let unnamed = countings(store)?;
    let named = countings(&Store { name: Some("a name".to_owned()), ..store.clone() })?;
    if let Some((of, _)) = unnamed.iter().zip(&named).find(|(a, b)| a.sql != b.sql) {
        bail!(
            Refusal::new(format!("the rows condition of table {} says {{{{store_name}}}}", of.table.raw()))
                .because("a ready schema is made before its store has a name")
                .hint("say {{store_key}} there, or make new stores without a pool")
        );
    }
    Ok(SharedSide { key_type: ground.key_type.clone(), keyed_tables: ground.keyed_tables(), countings: unnamed })
}

/// Whether one is still what was proven, and without a row.
///
/// # Errors
/// The server's error.
pub async fn still_stands(client: &Client, ready: &Ready) -> Result<bool> {
    Ok(is_still_defined(client, ready).await? && !rows::any(client, &ready.record.tables).await?)
}

/// Whether its definitions are still those that were proven. Asks the catalogs alone: no lock on a table is waited for.
pub(super) async fn is_still_defined(client: &Client, ready: &Ready) -> Result<bool> {
    Ok(versions(client, &ready.the_move.store.schema).await? == ready.record.versions)
}

/// Says in the journal that a verified schema stands ready. The registry's row and the base data are tried first, with a
/// name of their own.
///
/// # Errors
/// A refusal where the registry does not take the row; what the base data has against it; the server's error.
pub async fn stand_ready(
    means: &Means<'_>,
    registry: &Registry<'_>,
    ground: &Ground,
    the_move: &Move,
    row: &NewRow,
) -> Result<()> {
    let mut session = means.sessions.writer().await?;
    let unit = Unit::begin(&mut session, the_move.id, the_move.epoch).await?;
    let mut named = the_move.clone();
    let name = format!("{} {}", the_move.store.schema.raw(), means.run);
    registry.insert(unit.transaction(), &row.clone().named(&name), &named.store, ground.shared()).await?;
    named.store.name = Some(name);
    base_data::try_out(unit.transaction(), &named).await?;
    drop(unit); // nothing of it stays but dead rows
    let unit = Unit::begin_transition(&mut session, the_move.id, the_move.epoch).await?;
    let tables = tables_beside(unit.client(), the_move, &[]).await?;
    let names: Vec<QualifiedTable> = tables.iter().map(|of| of.table.clone()).collect();
    empty_tables(unit.transaction(), &names).await?; // without a byte there is no row to look for
    let versions = versions(unit.transaction(), &the_move.store.schema).await?;
    let ground_versions = ground_versions(unit.client(), ground).await?;
    let fit = journal::fit(&the_move.manifest, &the_move.template, &means.access, means.id_headroom);
    let (shared, schema) = (ground.shared(), &the_move.store.schema);
    let to_raise = sequence::later(unit.client(), shared, schema).await?;
    let shared = shared_side(ground, &the_move.store)?;
    let record = ReadyRecord { fit, versions, ground_versions, tables, to_raise, row: row.clone(), shared };
    journal::mark_ready(unit.transaction(), means.run, the_move, &record).await?;
    unit.commit(means.observer, None).await
}

/// The versions of the shared tables; empty where they are no longer what the ground says. The versions come first, so
/// that no change between the two questions is missed.
async fn ground_versions(client: &Client, ground: &Ground) -> Result<String> {
    let versions = versions_of(client, ground.shared(), &ground.names()).await?;
    let now = catalog::ddl_fingerprint(client, ground.shared(), &ground.names()).await?;
    Ok(if now == ground.fingerprint { versions } else { String::new() })
}

/// Whether the shared tables are still what a schema was made for, as of now.
///
/// # Errors
/// The server's error.
pub(super) async fn ground_still_stands(client: &Client, manifest: &Manifest, ready: &Ready) -> Result<bool> {
    let shared = &manifest.shared_schema;
    let names = manifest.names();
    let is_same = versions_of(client, shared, &names).await? == ready.record.ground_versions;
    Ok(is_same || catalog::ddl_fingerprint(client, shared, &names).await? == ready.the_move.ddl_fingerprint)
}
