//! Gives a move up before the switch, or after it was reversed: drops exactly what the journal says we made.

use anyhow::{Context, Result, bail};

use super::Means;
use crate::error::Refusal;
use crate::event::{Event, Moment, Step};
use crate::ident::QualifiedTable;
use crate::pg::journal::{self, Move, Resource, ResourceState, record_resource, resources_of};
use crate::pg::unit::Unit;
use crate::pg::{catalog, scaffold, teardown};
use crate::stage::Stage;

/// Abandons one store.
///
/// # Errors
/// A refusal where the store is switched, where the schema holds what we did not make, or where something outside
/// depends on it; the server's error.
pub async fn abandon(means: &Means<'_>, the_move: &Move) -> Result<Move> {
    let begun = std::time::Instant::now();
    let store = &the_move.store;
    let schema = &store.schema;
    means.sessions.check()?;
    means.observer.notice(&Event::StepStarted { store, step: Step::Abandon });
    if the_move.stage.is_switched() {
        bail!(
            Refusal::new(format!(
                "store {} is {}: its application works in schema {}",
                store.key,
                the_move.stage,
                schema.raw()
            ))
            .hint(format!("`tenantctl reverse --store {}` first", store.key))
        );
    }
    let mut session = means.sessions.writer().await?;
    let made = resources_of(&*session, the_move.id, "schema").await?;
    let stands = made.iter().any(|schema| schema.state == ResourceState::Made);
    let exists = catalog::schema_exists(&session, schema).await?;
    if stands && exists && !the_move.adopted {
        let known: Vec<String> =
            resources_of(&*session, the_move.id, "object").await?.into_iter().map(|object| object.name).collect();
        teardown::check(&session, schema, &known).await?;
        teardown::drop_outer_keys(&mut session, schema).await.context("dropping foreign keys to common tables")?;
    }
    let unit = Unit::begin_transition(&mut session, the_move.id, the_move.epoch).await?;
    if stands && exists {
        match the_move.adopted {
            true => empty(&unit, the_move).await?,
            false => teardown::drop_schema(unit.transaction(), schema).await?,
        }
        let dropped = Resource::new("schema", schema.raw(), None, ResourceState::Dropped);
        record_resource(unit.transaction(), the_move.id, &[dropped]).await?;
    }
    the_move.advance(unit.transaction(), means.run, Stage::Abandoned, &[]).await?;
    means.observer.notice(&Event::Reached { moment: Moment::InAbandon, table: None });
    unit.commit(means.observer, None).await?;
    means.observer.notice(&Event::StepDone { store, step: Step::Abandon, elapsed: begun.elapsed() });
    journal::reread(&session, the_move.id).await
}

/// A schema that was taken over is given back as it came: whole and empty.
async fn empty(unit: &Unit<'_>, the_move: &Move) -> Result<()> {
    scaffold::take_off(unit, the_move.id, &the_move.store.schema).await?;
    let tables: Vec<QualifiedTable> = catalog::tables_of(unit.client(), &the_move.store.schema)
        .await?
        .into_iter()
        .filter(|table| !table.is_child)
        .map(|table| table.name)
        .collect();
    teardown::empty_tables(unit.transaction(), &tables).await?;
    for resource in scaffold::what_is_off(unit.transaction(), the_move.id).await? {
        scaffold::put_back(unit, the_move.id, &resource).await?;
    }
    Ok(())
}
