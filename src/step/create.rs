//! Makes the store schema and the store's role: the template's first section, in one transaction with its journal row.

use anyhow::{Context, Result, bail};

use super::{Means, role};
use crate::error::{Exit, Refusal};
use crate::event::{Event, Moment, Step};
use crate::pg::catalog;
use crate::pg::journal::{Created, Move, Planned, Receipt, Resource, ResourceState, record_resource};
use crate::pg::unit::Unit;
use crate::pg::{rows, scaffold, script};
use crate::stage::Stage;

/// Makes the schemas of these stores.
pub async fn create(means: &Means<'_>, receipts: &[Receipt<Planned>]) -> Vec<Result<Receipt<Created>>> {
    let mut created = Vec::new();
    for receipt in receipts {
        created.push(create_one(means, receipt.the_move()).await.with_context(|| {
            format!(
                "creating schema {} for store {}",
                receipt.the_move().store.schema.raw(),
                receipt.the_move().store.key
            )
        }));
    }
    created
}

async fn create_one(means: &Means<'_>, the_move: &Move) -> Result<Receipt<Created>> {
    let begun = std::time::Instant::now();
    let store = &the_move.store;
    means.sessions.check()?;
    means.observer.notice(&Event::StepStarted { store, step: Step::Create });
    let mut session = means.sessions.writer().await?;
    if catalog::schema_exists(&session, &store.schema).await? != the_move.adopted {
        let what = if the_move.adopted {
            "is gone since it was planned"
        } else {
            "was made by somebody else since it was planned"
        };
        bail!(
            Refusal::new(format!("schema {} {what}", store.schema.raw()))
                .hint(format!("`tenantctl abandon --store {}` and plan anew", store.key))
        );
    }
    let unit = Unit::begin_transition(&mut session, the_move.id, the_move.epoch).await?;
    let before = script::before(unit.transaction()).await?;
    if !the_move.adopted {
        script::create_schema(unit.transaction(), &store.schema).await?;
        run_first_section(&unit, the_move).await?;
    }
    if the_move.adopted {
        for table in catalog::tables_of(unit.client(), &store.schema).await? {
            if rows::has_rows(unit.transaction(), &table.name).await? {
                bail!(
                    Refusal::new(format!("{} has rows by now; only an empty schema is taken over", table.name.raw()))
                        .hint(format!("`tenantctl abandon --store {}`", store.key))
                );
            }
        }
    }
    let strays = script::strays(unit.transaction(), &store.schema, &before).await?;
    if let Some(stray) = strays.iter().find(|stray| !stray.contains("tenantctl.")) {
        bail!(Refusal::new(format!("the template makes or changes {stray}, outside the store schema")));
    }
    record(&unit, the_move).await?;
    role::made_with_schema(means, unit.transaction(), the_move).await?;
    the_move.advance(unit.transaction(), means.run, Stage::Created, &[]).await?;
    unit.commit(means.observer, None).await?;
    means.observer.notice(&Event::Reached { moment: Moment::SchemaCommitted, table: None });
    means.observer.notice(&Event::StepDone { store, step: Step::Create, elapsed: begun.elapsed() });
    Receipt::reread(&session, the_move).await
}

/// Statement by statement, so that an error names its line.
async fn run_first_section(unit: &Unit<'_>, the_move: &Move) -> Result<()> {
    let id = script::transaction_id(unit.transaction()).await?;
    script::open_path(unit.transaction(), &the_move.store.schema, &the_move.shared_schema).await?;
    let blueprint = &the_move.blueprint;
    let mut settings = blueprint.settings.iter().peekable();
    for statement in &blueprint.before {
        while let Some(setting) = settings.next_if(|s| (s.line, s.column) < (statement.line, statement.column)) {
            script::run(unit.transaction(), &setting.sql).await?;
        }
        if let Err(error) = script::run(unit.transaction(), &statement.sql).await {
            let (file, place) = (&the_move.template.file, (statement.line, statement.column));
            return Err(script::template_failure(file, place, &statement.sql, &error, Exit::Failed));
        }
    }
    script::close_path(unit.transaction()).await?;
    if script::transaction_id(unit.transaction()).await? != id {
        bail!(Refusal::new("the template ended its own transaction"));
    }
    Ok(())
}

async fn record(unit: &Unit<'_>, the_move: &Move) -> Result<()> {
    let schema = &the_move.store.schema;
    let mut resources = vec![Resource::new("schema", schema.raw(), None, ResourceState::Made)];
    for object in catalog::objects_in(unit.client(), schema).await? {
        resources.push(Resource::new("object", object, None, ResourceState::Made));
    }
    if the_move.adopted {
        let done = (0..the_move.blueprint.after.len())
            .map(|index| Resource::new("unit", super::after_load::unit_name(index), None, ResourceState::Made));
        resources.extend(done);
    }
    record_resource(unit.transaction(), the_move.id, &resources).await?;
    // What stands in the way of the load is taken off here, while nobody else knows the schema.
    scaffold::take_off(unit, the_move.id, schema).await
}
