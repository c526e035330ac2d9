//! Gives a move up before the switch, or after it was reversed; or ends that of a switched store which leaves. Drops
//! exactly what the journal says we made.

use anyhow::{Context, Result, bail};

use super::Means;
use super::after_load::unit_name;
use super::archive::still_holds;
use super::backup::Kept;
use super::ours::are_all_ours;
use crate::error::{Exit, Refusal};
use crate::event::{Event, Moment, Step};
use crate::ident::QualifiedTable;
use crate::pg::ground::Ground;
use crate::pg::journal::{self, Move, MoveKind, Resource, ResourceState, record_resource, resources_of};
use crate::pg::registry::Registry;
use crate::pg::role::drop_role;
use crate::pg::session::Session;
use crate::pg::snapshot::repeatable_read;
use crate::pg::teardown::OuterKey;
use crate::pg::unit::Unit;
use crate::pg::{Client, catalog, lock, rows, scaffold, teardown};
use crate::plan::UnitKind;
use crate::stage::Stage;

/// Abandons one store.
///
/// # Errors
/// A refusal where the store is switched, where the schema holds what we did not make, or where something outside
/// depends on it; the server's error.
pub async fn abandon(means: &Means<'_>, the_move: &Move, lose_changes: bool) -> Result<Move> {
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
    let stands = what_we_made_stands(&session, the_move).await?;
    if stands && !lose_changes && the_move.stage != Stage::Reversed && the_move.kind == MoveKind::Move {
        only_our_rows(&mut session, the_move).await?;
    }
    tear_down(means, &mut session, the_move, stands, None).await?;
    means.observer.notice(&Event::StepDone { store, step: Step::Abandon, elapsed: begun.elapsed() });
    journal::reread(&session, the_move).await
}

/// Of a switched store that leaves: whether its application may still be routed to what goes.
pub struct LeavingStore<'a> {
    /// The registry.
    pub registry: &'a Registry<'a>,
    /// Somebody said that it may.
    pub still_routed: bool,
    /// What an archive has of it; rows that are no longer the same are not dropped.
    pub kept: Option<Kept>,
}

impl LeavingStore<'_> {
    /// # Errors
    /// A refusal where the registry routes the application there, or nobody can know; the server's error.
    pub async fn check(&self, client: &Client, the_move: &Move) -> Result<()> {
        if self.still_routed {
            return Ok(());
        }
        let key = &the_move.store.key;
        let Some(table) = self.registry.table() else {
            bail!(
                Refusal::new(format!("nobody can tell whether the application of store {key} still works there"))
                    .because("no registry is configured")
                    .hint("stop its application, then give --still-routed")
            );
        };
        match self.registry.store(client, key).await? {
            Some(row) if row.in_all => bail!(
                Refusal::new(format!("the registry {} still has store {key} among those at work", table.raw()))
                    .because(format!("its application may work in schema {}", the_move.store.schema.raw()))
                    .hint("take its row away, or let `[registry] where` take it no more; or give --still-routed")
            ),
            _ => Ok(()),
        }
    }
}

/// Drops what a switched store has, since it leaves; its rows in the shared schema stay.
///
/// # Errors
/// What [`LeavingStore::check`] refuses, and what stands in the schema or hangs on it that is not ours; the server's error.
pub async fn drop_store(means: &Means<'_>, the_move: &Move, leaving: &LeavingStore<'_>) -> Result<Move> {
    let begun = std::time::Instant::now();
    let store = &the_move.store;
    means.sessions.check()?;
    means.observer.notice(&Event::StepStarted { store, step: Step::Abandon });
    let mut session = means.sessions.writer().await?;
    let stands = what_we_made_stands(&session, the_move).await?;
    leaving.check(&session, the_move).await?;
    tear_down(means, &mut session, the_move, stands, Some(leaving)).await?;
    means.observer.notice(&Event::StepDone { store, step: Step::Abandon, elapsed: begun.elapsed() });
    journal::reread(&session, the_move).await
}

/// Whether the schema is there; refuses what is in it, or hangs on it, that we did not make.
async fn what_we_made_stands(session: &Session, the_move: &Move) -> Result<bool> {
    let schema = &the_move.store.schema;
    let made = resources_of(session, the_move.id, "schema").await?;
    let stands = made.iter().any(|schema| schema.state == ResourceState::Made)
        && catalog::schema_exists(session, schema).await?;
    if stands && !the_move.adopted {
        let known: Vec<String> =
            resources_of(session, the_move.id, "object").await?.into_iter().map(|object| object.name).collect();
        teardown::check(session, schema, &known).await?;
    }
    Ok(stands)
}

/// Foreign keys to common tables first, each alone; then schema, role and stage in one transaction.
async fn tear_down(
    means: &Means<'_>,
    session: &mut Session,
    the_move: &Move,
    stands: bool,
    leaving: Option<&LeavingStore<'_>>,
) -> Result<()> {
    let schema = &the_move.store.schema;
    let mut now = the_move.clone();
    if stands && !the_move.adopted {
        let keys = teardown::outer_keys(session, schema).await?;
        if !keys.is_empty() {
            now = keys_will_go(means, session, the_move, &keys).await?;
            let dropped = teardown::drop_outer_keys(session, means.observer, &now, &keys).await;
            dropped.context("dropping foreign keys to common tables")?;
        }
    }
    let unit = Unit::begin_transition(session, the_move.id, the_move.epoch).await?;
    if let Some(leaving) = leaving {
        leaving.check(unit.client(), the_move).await?; // again: keys took their time
        if let Some(kept) = leaving.kept.as_ref().filter(|_| stands) {
            let tables: Vec<_> = kept.iter().map(|(table, _)| &table.name).collect();
            lock::share_own(unit.transaction(), &tables).await.context("locking the store schema")?;
            still_holds(unit.transaction(), kept).await?;
        }
        let detail = std::collections::BTreeMap::from([
            ("still_routed", leaving.still_routed),
            ("archived", leaving.kept.is_some()),
        ]);
        journal::record_event(unit.transaction(), means.run, Some(the_move.id), "dropped", &detail).await?;
    }
    if stands {
        match the_move.adopted {
            true => empty(&unit, the_move).await?,
            false => {
                let known = resources_of(unit.transaction(), the_move.id, "object").await?;
                let known: Vec<String> = known.into_iter().map(|object| object.name).collect();
                teardown::check(unit.client(), schema, &known).await?; // again: keys took their time
                teardown::drop_schema(unit.transaction(), schema).await?;
            }
        }
        let dropped = Resource::new("schema", schema.raw(), None, ResourceState::Dropped);
        record_resource(unit.transaction(), the_move.id, &[dropped]).await?;
    }
    drop_role(unit.transaction(), the_move.id).await.context("dropping the store's role")?;
    now.advance(unit.transaction(), means.run, Stage::Abandoned, &[]).await?;
    means.observer.notice(&Event::Reached { moment: Moment::InAbandon, table: None });
    unit.commit(means.observer, None).await
}

/// Rows that we did not load are nobody's to drop. Those of a reversed store were given up when it was reversed.
async fn only_our_rows(session: &mut Session, the_move: &Move) -> Result<()> {
    let transaction = repeatable_read(session).await?;
    let ground = Ground::read(transaction.client(), the_move.manifest.clone()).await?;
    let loaded = journal::table_runs_of(&transaction, the_move.id).await?;
    let tables = catalog::tables_of(transaction.client(), &the_move.store.schema).await?;
    let statements = ground.statements(&the_move.store, &tables)?;
    let mut strange = Vec::new();
    for table in tables.iter().filter(|table| !table.is_partition) {
        if !rows::has_rows(&transaction, &table.name).await? {
            continue;
        }
        let run = loaded.iter().find(|run| run.table == table.name.table);
        let statement = statements.iter().find(|statement| statement.target == table.name);
        let ours = match statement {
            None => false,
            Some(statement) => are_all_ours(&transaction, the_move.id, statement, run).await?,
        };
        if !ours {
            strange.push(table.name.table.raw().to_owned());
        }
    }
    match strange.is_empty() {
        true => Ok(()),
        false => bail!(
            Refusal::new(format!(
                "schema {} has rows that tenantctl did not load: {}",
                the_move.store.schema.raw(),
                strange.join(", ")
            ))
            .because("somebody wrote to the store schema; dropping it would lose those rows")
            .hint("save them first, or `--lose-changes` gives them up")
            .exit(Exit::Failed)
        ),
    }
}

/// Keys go one by one before the schema does. Before the first one goes, the journal says that they are not there and
/// that the copy is not whole: a run that ends in between can be given up once more, or be gone on with.
async fn keys_will_go(means: &Means<'_>, session: &mut Session, the_move: &Move, keys: &[OuterKey]) -> Result<Move> {
    let unit = Unit::begin_transition(session, the_move.id, the_move.epoch).await?;
    let mut gone = Vec::new();
    for key in keys {
        let made_by = the_move.blueprint.after.iter().position(|unit| match &unit.kind {
            UnitKind::OuterKey { table, name, .. } => *table == key.table && *name == key.name,
            _ => false,
        });
        gone.push(match made_by {
            Some(index) => Resource::new("unit", unit_name(index), None, ResourceState::Dropped),
            None => {
                let table = QualifiedTable::new(the_move.store.schema.clone(), key.table.clone());
                let again = format!("alter table {table} add constraint {} {}", key.name, key.definition);
                let name = format!("{}/{}", key.table.raw(), key.name.raw());
                Resource::new("foreign_key", name, Some(again), ResourceState::Off)
            }
        });
    }
    record_resource(unit.transaction(), the_move.id, &gone).await?;
    if matches!(the_move.stage, Stage::Copied | Stage::Verified) {
        the_move.advance(unit.transaction(), means.run, Stage::Created, &[]).await?;
    }
    unit.commit(means.observer, None).await?;
    journal::reread(session, the_move).await
}

/// A schema that was taken over is given back as it came: whole and empty.
async fn empty(unit: &Unit<'_>, the_move: &Move) -> Result<()> {
    scaffold::take_off(unit, the_move.id, &the_move.store.schema).await?;
    let tables: Vec<QualifiedTable> = catalog::tables_of(unit.client(), &the_move.store.schema)
        .await?
        .into_iter()
        .filter(|table| !table.is_partition)
        .map(|table| table.name)
        .collect();
    teardown::empty_tables(unit.transaction(), &tables).await?;
    for resource in scaffold::what_is_off(unit.transaction(), the_move.id).await? {
        scaffold::put_back(unit, the_move.id, &resource).await?;
    }
    Ok(())
}
