//! Plans the move of each store: which schema, which rows, what stands in the way. Reads only.
//!
//! The template is tried in a transaction that is rolled back. What was planned is recorded by `begin` and is what the
//! later steps work from, also in another run, on another machine.

use std::sync::Arc;

use anyhow::Result;

use super::{Means, adopt, classes, clone, rehearsal, role};
use crate::config::{Registry as RegistryConfig, StoreSchema};
use crate::conninfo::mask;
use crate::error::Refusal;
use crate::event::{Event, Step};
use crate::ident::Ident;
use crate::pg::Client;
use crate::pg::blueprint::{MayNotCreate, Trial, TrialOf};
use crate::pg::catalog::{self, UniqueKey};
use crate::pg::census::Census;
use crate::pg::ground::Ground;
use crate::pg::journal::{MoveKind, MoveLine, NewMove, RecordedTemplate};
use crate::pg::ownership::Ownership;
use crate::pg::registry::{Registry, RegistryRow};
use crate::pg::role::StoreRole;
use crate::pg::session::Session;
use crate::pg::statement::{self, CopyStatement};
use crate::pg::{findings, rows};
use crate::plan::{CloneOf, Finding, Grade, Plan, PlannedTable, UnitKind};
use crate::stage::Stage;
use crate::store::{KeyFamily, Store};
use crate::template::Template;

/// What the plan of one store came to.
#[derive(Debug)]
pub struct PlannedStore {
    /// For people and for the journal.
    pub plan: Plan,
    /// What `begin` records; none where a finding stops it or the template could not be tried.
    pub new_move: Option<NewMove>,
    /// What it found; notes and stops.
    pub findings: Vec<Finding>,
}

impl PlannedStore {
    /// Whether something stops it.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.findings.iter().any(|finding| finding.grade == Grade::Stop)
    }
}

/// What a plan is made from.
pub struct PlanOf<'a> {
    /// The shared schema.
    pub ground: &'a Ground,
    /// The registry.
    pub registry: &'a Registry<'a>,
    /// Its configuration.
    pub registry_config: Option<&'a RegistryConfig>,
    /// `[store_schema]`.
    pub store_schema: &'a StoreSchema,
    /// The template.
    pub template: &'a Template,
    /// The template and base data as the journal records them.
    pub recorded: &'a RecordedTemplate,
    /// Rows or none.
    pub kind: MoveKind,
    /// `--adopt`.
    pub adopt: bool,
    /// `--sql`: list every statement.
    pub with_statements: bool,
    /// Of several stores: how many rows each has, counted for all at once.
    pub census: Option<&'a Census>,
    /// The store whose rows a new one begins with.
    pub clone_of: Option<&'a CloneOf>,
}

impl PlanOf<'_> {
    /// The store, with the schema that its rows go to.
    ///
    /// # Errors
    /// A refusal where neither registry nor pattern gives a usable name.
    pub fn store(&self, row: &RegistryRow) -> Result<Store, Refusal> {
        let mut store = store_of(self.store_schema, row)?;
        if self.kind == MoveKind::Rehearsal {
            store.schema = rehearsal::schema_name(&store.schema);
        }
        Ok(store)
    }

    /// How many rows of a shared table the census has for the store; none where its own condition may find others: over
    /// texts of a collation by which two of them are equal. What a load must find is counted again at its snapshot.
    fn counted(&self, store: &Store, owner: &Ownership) -> Option<u64> {
        let is_exact = self.kind.has_rows() && store.key.key_type().family != KeyFamily::Text;
        let tally = self.census.filter(|_| is_exact && !owner.by_condition())?.table(&owner.table.table)?;
        Some(tally.stores.get(store.key.text()).copied().unwrap_or(0))
    }
}

/// What concerns every store: tables that nobody decided about, rows of nobody.
///
/// # Errors
/// The server's error.
pub async fn plan_ground(means: &Means<'_>, of: &PlanOf<'_>) -> Result<Vec<Finding>> {
    let reader = means.sessions.reader().await?;
    let mut found = classes::undecided(of.ground, of.registry.table());
    let hidden = row_security(&reader, of.ground).await?;
    if !hidden.is_empty() {
        found.extend(hidden);
        return Ok(found); // any question about rows would be an error of the server
    }
    if of.kind.has_rows() {
        // Every shared table is read for it; whoever has no rows there need not wait for that.
        found.extend(findings::rows_of_nobody(&reader, of.ground, of.registry_config).await?);
    }
    for owner in &of.ground.owners {
        if of.ground.change_test(owner) == crate::plan::ChangeTest::Scan {
            found.push(
                Finding::note("no_index", format!("no index on its owner path ({}): each store's rows are found by reading the whole table, also inside the switch", owner.text()))
                    .table(&owner.table.table)
                    .hint("an index on the owner path makes the switch short"),
            );
        }
    }
    for key in &of.ground.keys {
        let from_outside = key.table.schema != *of.ground.shared();
        if from_outside && of.ground.owner(&key.parent.table).is_some() && key.parent.schema == *of.ground.shared() {
            let message = format!("`{}` refers to it by `{}` and is not moved", key.table.raw(), key.name.raw());
            found.push(Finding::note("referred_to_from_outside", message).table(&key.parent.table));
        }
    }
    Ok(found)
}

/// Row security that would hide rows is an error of every read, the next one already; said here in plain words.
pub(super) async fn row_security(client: &Client, ground: &Ground) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    for owner in &ground.owners {
        let is_on = ground.table(&owner.table.table).is_some_and(|table| table.row_security);
        if is_on && rows::are_hidden(client, &owner.table).await? {
            found.push(
                Finding::stop("row_security", "row security hides rows from this role")
                    .table(&owner.table.table)
                    .hint("connect as the table's owner or as a role with BYPASSRLS"),
            );
        }
    }
    Ok(found)
}

/// Plans stores that have no live move.
///
/// # Errors
/// The server's error, or a refusal of the template.
pub async fn plan(
    means: &Means<'_>,
    of: &PlanOf<'_>,
    rows: &[RegistryRow],
    moves: &[MoveLine],
) -> Result<Vec<PlannedStore>> {
    let mut planned = Vec::new();
    for row in rows {
        means.sessions.check()?;
        planned.push(plan_store(means, of, row, moves).await?);
    }
    Ok(planned)
}

async fn plan_store(means: &Means<'_>, of: &PlanOf<'_>, row: &RegistryRow, moves: &[MoveLine]) -> Result<PlannedStore> {
    let begun = std::time::Instant::now();
    let store = of.store(row)?;
    means.observer.notice(&Event::StepStarted { store: &store, step: Step::Plan });
    let reader = means.sessions.reader().await?;
    let mut found = schema_findings(&reader, of, row, &store, moves).await?;
    if of.kind.is_switched_at_last() {
        found.extend(role::findings(means, &reader, of.ground.shared(), &store).await?);
    }
    let role = role::role_of(means, of.ground.shared(), &store)?.filter(|_| of.kind.is_switched_at_last());
    let exists = catalog::schema_exists(&reader, &store.schema).await?;
    let mut plan = Plan {
        url: match of.kind {
            MoveKind::Rehearsal => None,
            _ => of.store_schema.application_url(&store.schema, store.key.text()),
        },
        store: store.clone(),
        tables: Vec::new(),
        clone_of: of.clone_of.cloned(),
        steps: ["create", "copy", "verify"].into_iter().map(str::to_owned).collect(),
        role: role.as_ref().map(|role| role.name.raw().to_owned()),
        statement_count: (0, 0),
        statements: Vec::new(),
    };
    if of.registry.can_switch() && of.kind.is_switched_at_last() {
        plan.steps.push("switch".into());
    }
    let hidden = row_security(&reader, of.ground).await?;
    if !hidden.is_empty() {
        found.extend(hidden); // in the ground's words, so that it is told once
        return Ok(PlannedStore { plan, new_move: None, findings: found });
    }
    let Some(trial) = try_template(means, of, &store).await? else {
        found.push(
            Finding::note("template_not_tried", "the template was not tried: this role may not create a schema")
                .store(&store.key)
                .hint("`migrate` needs CREATE on the database"),
        );
        plan.tables = count_without_template(means, &reader, of.ground, &store).await?;
        return Ok(PlannedStore { plan, new_move: None, findings: found });
    };
    plan.statement_count = (trial.blueprint.before.len(), trial.blueprint.after.len());
    found.extend(trial.findings.iter().cloned().map(|finding| finding.store(&store.key)));
    plan.tables = table_plans(means, &reader, of, &store, &trial, &mut found).await?;
    if let Some(source) = of.clone_of {
        found.extend(clone::findings(&reader, of.ground, source, &store, &trial.tables).await?);
    }
    if exists && of.adopt {
        found.extend(adopt::findings(means, &store, &trial.blueprint.structure).await?);
    }
    if of.kind.has_rows() {
        found.extend(findings::crossings(&reader, of.ground, &store).await?);
    }
    if of.with_statements {
        plan.statements = statements(of, &store, &trial, exists, role.as_ref())?;
    }
    let stopped = found.iter().any(|finding| finding.grade == Grade::Stop);
    let new_move = (!stopped).then(|| NewMove {
        kind: of.kind,
        adopted: exists && of.adopt,
        plan: plan.clone(),
        manifest: of.ground.manifest.clone(),
        template: of.recorded.clone(),
        blueprint: trial.blueprint.clone(),
        ddl_fingerprint: of.ground.fingerprint.clone(),
    });
    means.observer.notice(&Event::StepDone { store: &store, step: Step::Plan, elapsed: begun.elapsed() });
    Ok(PlannedStore { plan, new_move, findings: found })
}

/// The store of a registry row: the schema that the registry names, else one by the pattern.
///
/// # Errors
/// A refusal where neither gives a usable name.
pub fn store_of(config: &StoreSchema, row: &RegistryRow) -> Result<Store, Refusal> {
    let schema = match row.values.schema.as_deref().filter(|name| !name.is_empty()) {
        Some(name) => Ident::parse(name)?,
        None => config.schema_name(row.key.text(), row.name.as_deref(), row.created_ms)?,
    };
    Ok(Store { key: row.key.clone(), name: row.name.clone(), schema })
}

async fn schema_findings(
    reader: &Session,
    of: &PlanOf<'_>,
    row: &RegistryRow,
    store: &Store,
    moves: &[MoveLine],
) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    let name = store.schema.raw();
    if store.schema == *of.ground.shared() {
        found.push(
            Finding::stop("schema_is_shared", format!("its store schema would be the shared schema `{name}`"))
                .store(&store.key)
                .hint("correct the registry's schema column, or [store_schema] name"),
        );
        return Ok(found);
    }
    if row.values.schema.is_some() && of.kind.is_switched_at_last() {
        found.push(
            Finding::note("schema_reserved", format!("the registry already names schema `{name}`: an application that believes it finds nothing there yet"))
                .store(&store.key),
        );
    }
    if let Some(other) = moves.iter().find(|other| other.store.schema == store.schema && other.store.key != store.key) {
        found.push(
            Finding::stop("schema_taken", format!("schema `{name}` belongs to store {}", other.store.label()))
                .store(&store.key)
                .hint("make [store_schema] name tell the stores apart: {key} does"),
        );
    } else if catalog::schema_exists(reader, &store.schema).await? && !of.adopt {
        let objects = catalog::objects_in(reader, &store.schema).await?;
        let inside = match objects.as_slice() {
            [] => "it is empty".to_owned(),
            objects => {
                let shown = objects.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
                format!("it holds {} objects: {shown}{}", objects.len(), if objects.len() > 5 { ", …" } else { "" })
            }
        };
        found.push(
            Finding::stop(
                "schema_exists",
                format!("schema `{name}` exists and the journal does not know it; {inside}"),
            )
            .store(&store.key)
            .hint(match of.kind {
                MoveKind::Rehearsal => "a rehearsal needs this name for itself: rename the schema, or drop it",
                _ => "`--adopt` takes it over if it equals the template and has no rows; else rename or drop it",
            }),
        );
    }
    Ok(found)
}

/// None where this role may not create a schema.
async fn try_template(means: &Means<'_>, of: &PlanOf<'_>, store: &Store) -> Result<Option<Arc<Trial>>> {
    let mut writer = means.sessions.writer().await?;
    let names = of.ground.names();
    let spare = spare_name(means.run);
    let trial = TrialOf {
        template: of.template,
        store,
        shared: of.ground.shared(),
        shared_tables: &names,
        access: &means.access,
        spare_name: &spare,
    };
    let hash = of.template.hash();
    let mut known = means.trial.lock().await;
    let first = known.as_ref().filter(|(of, _)| *of == hash).map(|(_, first)| first.clone());
    let Some(first) = first else {
        // The first of a run: the others wait for what it learns.
        let tried = may_not_create(trial.run(&mut writer).await)?.map(Arc::new);
        *known = tried.clone().map(|tried| (hash, tried));
        return Ok(tried);
    };
    drop(known);
    match trial.run_again(&mut writer, &first).await? {
        Some(tried) => Ok(Some(Arc::new(tried))),
        None => Ok(may_not_create(trial.run(&mut writer).await)?.map(Arc::new)),
    }
}

/// None where the error is that.
fn may_not_create(tried: Result<Trial>) -> Result<Option<Trial>> {
    match tried {
        Ok(trial) => Ok(Some(trial)),
        Err(error) if error.downcast_ref::<MayNotCreate>().is_some() => Ok(None),
        Err(error) => Err(error),
    }
}

/// The trial's schema where the store's own name is taken; it never outlives its transaction.
#[must_use]
pub fn spare_name(run: &str) -> Ident {
    Ident::new(format!("tenantctl_trial_{run}"))
}

async fn table_plans(
    means: &Means<'_>,
    reader: &Session,
    of: &PlanOf<'_>,
    store: &Store,
    trial: &Trial,
    found: &mut Vec<Finding>,
) -> Result<Vec<PlannedTable>> {
    let mut tables = Vec::new();
    let statements = of.ground.statements(store, &trial.tables)?;
    let ask = || catalog::unique_keys_of(reader, of.ground.shared());
    let all_shared_keys = match of.kind.has_rows() {
        true => means.shared_keys.get_or_try_init(ask).await?.as_slice(),
        false => &[],
    };
    for (entry, owner) in of.ground.manifest.tables.iter().zip(&of.ground.owners) {
        let Some(source) = of.ground.table(&entry.name) else { continue };
        let target = trial.tables.iter().find(|table| table.name.table == entry.name);
        let in_the_way = statement::findings(entry, source, target);
        let passes = in_the_way.is_empty();
        found.extend(in_the_way.into_iter().map(|finding| finding.store(&store.key)));
        let Some((statement, target)) = statements.iter().find(|s| s.source.table == entry.name).zip(target) else {
            continue;
        };
        let row_count = match of.counted(store, owner) {
            Some(counted) => counted,
            None => rows::count_source(reader, statement).await?,
        };
        if passes && of.kind.has_rows() {
            let keys: Vec<_> =
                trial.unique_keys.iter().filter(|(table, _)| *table == entry.name).map(|(_, key)| key).collect();
            let of_table = all_shared_keys.iter().filter(|(table, _)| *table == entry.name);
            let shared_keys: Vec<UniqueKey> = of_table.map(|(_, key)| key.clone()).collect();
            found.extend(
                findings::refused_by_template(reader, of.ground, store, statement, target, &keys, &shared_keys).await?,
            );
        }
        if !of.kind.has_rows() && row_count > 0 {
            let message = format!("{row_count} rows of this store are in the shared schema; it is not new");
            found.push(
                Finding::stop("not_new", message)
                    .table(&entry.name)
                    .store(&store.key)
                    .hint(format!("`tenantctl migrate --store {}` moves them", store.key)),
            );
        }
        tables.push(PlannedTable {
            table: entry.name.clone(),
            group: entry.group.clone(),
            owner_path: owner.text(),
            row_count,
            format: statement.format,
            change_test: of.ground.change_test(owner),
            parts: match of.kind {
                MoveKind::Move | MoveKind::Rehearsal => parts(means, reader, statement, row_count).await?,
                MoveKind::New | MoveKind::Ready => 1,
            },
        });
    }
    for table in &trial.tables {
        if of.ground.manifest.entry(&table.name.table).is_none() && !table.is_partition {
            found.push(
                Finding::note(
                    "table_not_migrated",
                    "the template makes it and the manifest does not list it: it stays empty",
                )
                .table(&table.name.table),
            );
        }
    }
    Ok(tables)
}

/// Counts for a role that may not try the template.
async fn count_without_template(
    means: &Means<'_>,
    reader: &Session,
    ground: &Ground,
    store: &Store,
) -> Result<Vec<PlannedTable>> {
    let mut tables = Vec::new();
    let statements = ground.statements(store, &ground.tables)?;
    for ((entry, owner), statement) in ground.manifest.tables.iter().zip(&ground.owners).zip(&statements) {
        let row_count = rows::count_source(reader, statement).await?;
        tables.push(PlannedTable {
            table: entry.name.clone(),
            group: entry.group.clone(),
            owner_path: owner.text(),
            row_count,
            format: statement.format,
            change_test: ground.change_test(owner),
            parts: parts(means, reader, statement, row_count).await?,
        });
    }
    Ok(tables)
}

/// Fewer rows than these are not worth the question how big they are.
const ROWS_WORTH_A_PART: u64 = 1000;

/// In how many parts a store's rows of a table are loaded, by what they should take on disk.
///
/// # Errors
/// The server's error.
pub async fn parts(means: &Means<'_>, client: &Client, statement: &CopyStatement, row_count: u64) -> Result<u8> {
    if row_count < ROWS_WORTH_A_PART || means.copy.jobs.get() == 1 {
        return Ok(1);
    }
    let size = catalog::relation_size(client, &statement.source).await?.unwrap_or_default();
    Ok(means.copy.parts(size.bytes_of(row_count)))
}

/// Every statement of the move, in order, for `--sql`.
fn statements(
    of: &PlanOf<'_>,
    store: &Store,
    trial: &Trial,
    exists: bool,
    role: Option<&StoreRole>,
) -> Result<Vec<String>> {
    let mut all = Vec::new();
    if !exists {
        all.push(format!("create schema {}", store.schema));
        all.push(format!("set local search_path = {}, {}", store.schema, of.ground.shared()));
        all.extend(trial.blueprint.before.iter().map(|unit| unit.sql.clone()));
    }
    if let Some(role) = role {
        all.push(role.create());
        all.extend(role.grants());
    }
    if of.kind.has_rows() {
        for statement in of.ground.statements(store, &trial.tables)? {
            all.push(statement.copy_out());
            all.push(statement.copy_in());
        }
    }
    if !exists {
        all.extend(trial.blueprint.after.iter().map(|unit| match &unit.kind {
            UnitKind::OuterKey { table, name, definition, at_once: true } => {
                format!("alter table {}.{table} add constraint {name} {definition}", store.schema)
            }
            UnitKind::OuterKey { table, name, definition, at_once: false } => format!(
                "alter table {}.{table} add constraint {name} {definition} not valid;\nalter table {}.{table} validate constraint {name}",
                store.schema, store.schema
            ),
            _ => unit.sql.clone(),
        }));
    }
    if of.registry.can_switch() {
        let mut tables: Vec<_> = of.ground.owners.iter().map(|owner| &owner.table).collect();
        tables.sort(); // the order in which the switch takes them
        all.extend(tables.into_iter().map(|table| format!("lock table {table} in share mode")));
        let url = of.store_schema.application_url(&store.schema, store.key.text());
        let values = of.registry.values_for(&store.schema, url.as_deref().map(mask).as_deref());
        all.extend(of.registry.update_sql(&store.key, &values));
    }
    Ok(all)
}

/// What a store's plan still has to do, by the stage of its move.
#[must_use]
pub fn open_steps(stage: Stage, can_switch: bool) -> Vec<String> {
    let all: &[&str] = match stage {
        Stage::Planned => &["create", "copy", "verify", "switch"],
        Stage::Created => &["copy", "verify", "switch"],
        Stage::Copied => &["verify", "switch"],
        Stage::Verified => &["switch"],
        _ => &[],
    };
    all.iter().filter(|step| can_switch || **step != "switch").map(|step| (*step).to_owned()).collect()
}
