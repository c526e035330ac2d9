//! Looks for what would stop a command, each thing with its remedy. Changes nothing.
//!
//! Asks for exactly the rights that the command needs, so that a reader is not told to get an owner's.

use anyhow::Result;

use super::plan::{spare_name, store_of};
use super::{Means, classes};
use crate::config::{Registry as RegistryConfig, StoreSchema};
use crate::error::{Refusal, ServerError};
use crate::ident::{Ident, QualifiedTable};
use crate::pg::blueprint::TrialOf;
use crate::pg::ground::Ground;
use crate::pg::registry::{Registry, RegistryRow};
use crate::pg::rights::{self, Right};
use crate::pg::role;
use crate::pg::session::Session;
use crate::pg::{catalog, journal, rows, statement};
use crate::plan::{Finding, Grade};
use crate::template::Template;

/// The command that shall be possible.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// `plan`, `audit`, `tables`, `stores`, `status`, `report`.
    Plan,
    /// `verify`.
    Verify,
    /// `migrate` and its steps.
    Migrate,
}

/// What was found, and the statements that give what is missing.
#[derive(Debug, Default)]
pub struct Diagnosis {
    /// Stops and notes.
    pub findings: Vec<Finding>,
    /// Each once, in the order to run them.
    pub grants: Vec<String>,
    /// A right that lacks kept something from being looked at: once it is given, look again.
    pub is_partial: bool,
}

impl Diagnosis {
    /// Whether something stops the command.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.findings.iter().any(|finding| finding.grade == Grade::Stop)
    }

    /// An error that the command would meet.
    pub fn error(&mut self, code: &str, error: &anyhow::Error) {
        let mut texts: Vec<String> = error.chain().map(ToString::to_string).collect();
        let refusal = error.downcast_ref::<Refusal>();
        texts.extend(refusal.and_then(|refusal| refusal.because.clone()));
        let mut finding = Finding::stop(code, texts.join(": "));
        finding.hint = refusal.and_then(|refusal| refusal.hint.clone());
        self.findings.push(finding);
    }

    /// Asks for a right; what lacks is a finding with its GRANT.
    async fn need(&mut self, session: &Session, who: &Who<'_>, right: Right, why: &str) -> Result<bool> {
        let given = rights::has(session, &right).await?;
        if !given {
            let grant = right.grant(who.database, who.role);
            let message = format!("role {} lacks {}: {why}", who.role, right.words());
            let mut finding = Finding::stop("right_missing", message).hint(grant.clone());
            if let Right::Table(table, _) | Right::Update(table, _) = &right {
                finding = finding.table(&table.table);
            }
            self.findings.push(finding);
            if !self.grants.contains(&grant) {
                self.grants.push(grant);
            }
        }
        Ok(given)
    }

    /// Asks for the rights on a store schema; those that lack are one finding, or 90 stores would fill a book.
    async fn need_all(
        &mut self,
        session: &Session,
        who: &Who<'_>,
        rights: &[Right],
        key: &str,
        schema: &Ident,
    ) -> Result<()> {
        let mut grants = vec![];
        for right in rights {
            if !rights::has(session, right).await? {
                grants.push(right.grant(who.database, who.role));
            }
        }
        let Some(first) = grants.first() else { return Ok(()) };
        let message = format!(
            "role {} lacks {} rights on schema {}: verify reads store {key} ([store_schema] readers gives them to new ones)",
            who.role,
            grants.len(),
            schema.raw()
        );
        let hint = match grants.len() {
            1 => first.clone(),
            _ => "`tenantctl doctor --for verify --sql` prints the GRANTs".to_owned(),
        };
        self.findings.push(Finding::stop("right_missing", message).hint(hint));
        self.grants.extend(grants);
        Ok(())
    }
}

/// Who asks.
#[derive(Clone, Copy)]
struct Who<'a> {
    role: &'a str,
    database: &'a str,
}

fn who<'a>(means: &'a Means<'_>) -> Who<'a> {
    let facts = means.sessions.facts();
    Who { role: &facts.role, database: &facts.database }
}

/// The server itself: its version, whether it takes writes, what is left of its connections.
///
/// # Errors
/// The server's error.
pub async fn server(means: &Means<'_>, purpose: Purpose, found: &mut Diagnosis) -> Result<()> {
    let facts = means.sessions.facts();
    let writer = means.sessions.writer().await?;
    let capacity = rights::capacity(&writer).await?;
    let version = facts.server_version;
    found.findings.push(Finding::note(
        "server",
        format!(
            "PostgreSQL {}.{} at {}, database {}, as role {}; {} of {} connections are free",
            version / 10_000,
            version % 10_000,
            facts.address,
            facts.database,
            facts.role,
            capacity.free_connections.max(0),
            capacity.max_connections
        ),
    ));
    let writes = purpose == Purpose::Migrate;
    if writes && capacity.is_standby {
        found.findings.push(
            Finding::stop("standby", "the server is a standby and takes no writes")
                .hint("connect to the primary; among several hosts target_session_attrs=primary finds it"),
        );
    } else if writes && capacity.is_read_only {
        found.findings.push(
            Finding::stop("read_only", "the server makes every transaction read-only")
                .hint("look at default_transaction_read_only of the server, the database and the role"),
        );
    }
    let wanted = connections_of(means, purpose) - 2; // a reader and a writer are there already
    if capacity.free_connections < wanted {
        found.findings.push(
            Finding::stop(
                "connections",
                format!("{} connections are free; {wanted} more are needed", capacity.free_connections.max(0)),
            )
            .hint("lower --table-jobs, or raise max_connections (or the limit of role or database)"),
        );
    }
    Ok(())
}

/// Reader and writer of each table that is loaded at once, the lease, the snapshot's holder.
fn connections_of(means: &Means<'_>, purpose: Purpose) -> i64 {
    match purpose {
        Purpose::Plan => 3,
        Purpose::Verify | Purpose::Migrate => 2 * i64::from(means.copy.jobs.get()) + 3,
    }
}

/// The journal: its version, and the rights to it. Whether there is one that can be read.
///
/// # Errors
/// The server's error.
pub async fn journal(means: &Means<'_>, purpose: Purpose, found: &mut Diagnosis) -> Result<bool> {
    let reader = means.sessions.reader().await?;
    let schema = Ident::new("tenantctl");
    if !catalog::schema_exists(&reader, &schema).await? {
        let message = "there is no journal yet: no command has worked on a store of this database";
        found.findings.push(Finding::note("no_journal", message));
        return Ok(false);
    }
    let who = who(means);
    let why = "the journal is read";
    let mut may_read = found.need(&reader, &who, Right::Use(schema.clone()), why).await?;
    for table in rights::tables_in(&reader, &schema).await? {
        may_read &= found.need(&reader, &who, Right::Table(table.clone(), &["select"]), why).await?;
        if purpose == Purpose::Migrate {
            for right in [&["insert"], &["update"], &["delete"]] as [&'static [&'static str]; 3] {
                found.need(&reader, &who, Right::Table(table.clone(), right), "the journal is written").await?;
            }
        }
    }
    if may_read && let Err(error) = journal::exists(&reader).await {
        found.error("journal_version", &error);
        may_read = false;
    }
    found.is_partial |= !may_read;
    if purpose == Purpose::Verify {
        let writes = Right::Table(QualifiedTable::new(schema, Ident::new("run")), &["insert"]);
        if !rights::has(&reader, &writes).await? {
            let message = "this role may not write the journal: `verify` prints its verdict and does not record it";
            found.findings.push(Finding::note("not_recorded", message));
        }
    }
    Ok(may_read)
}

/// Whether the schemas that every look at the catalogs names may be used; without that there is no ground.
///
/// # Errors
/// The server's error.
pub async fn schemas(means: &Means<'_>, schemas: &[&Ident], found: &mut Diagnosis) -> Result<bool> {
    let reader = means.sessions.reader().await?;
    let mut may_go_on = true;
    for schema in schemas {
        if catalog::schema_exists(&reader, schema).await? {
            may_go_on &= found.need(&reader, &who(means), Right::Use((*schema).clone()), "its tables are read").await?;
        }
    }
    found.is_partial |= !may_go_on;
    Ok(may_go_on)
}

/// Rights on tables, registry and store schemas; row security; tables that nobody decided about.
///
/// # Errors
/// The server's error.
pub async fn rights(
    means: &Means<'_>,
    purpose: Purpose,
    ground: &Ground,
    registry: Option<&RegistryConfig>,
    found: &mut Diagnosis,
) -> Result<()> {
    let reader = means.sessions.reader().await?;
    let who = who(means);
    found.findings.extend(classes::undecided(ground, registry.map(|registry| &registry.table)));
    for owner in &ground.owners {
        let table = &owner.table;
        let read = Right::Table(table.clone(), &["select"]);
        let may_read = found.need(&reader, &who, read, "the store's rows are read").await?;
        if may_read && rows::are_hidden(&reader, table).await? {
            found.findings.push(
                Finding::stop("row_security", "row security hides rows from this role")
                    .table(&table.table)
                    .hint("connect as the table's owner or as a role with BYPASSRLS"),
            );
        }
        if purpose == Purpose::Migrate && registry.is_some() {
            let lock: &'static [&'static str] = match means.sessions.facts().server_version {
                170_000.. => &["update", "delete", "truncate", "maintain"],
                _ => &["delete", "truncate", "update"],
            };
            let why = "the switch holds the table in SHARE mode for a moment";
            found.need(&reader, &who, Right::Table(table.clone(), lock), why).await?;
        }
    }
    if purpose == Purpose::Migrate {
        for sequence in rights::sequences_in(&reader, ground.shared()).await? {
            let why = "the store's own sequences begin above the shared ones";
            found.need(&reader, &who, Right::Table(sequence, &["select"]), why).await?;
        }
    }
    if let Some(registry) = registry {
        let read = Right::Table(registry.table.clone(), &["select"]);
        found.need(&reader, &who, read, "the registry names the stores").await?;
        if purpose == Purpose::Migrate {
            for column in [&registry.schema_column, &registry.url_column].into_iter().flatten() {
                let write = Right::Update(registry.table.clone(), column.clone());
                found.need(&reader, &who, write, "the switch writes it").await?;
            }
        }
    }
    Ok(())
}

/// What making store schemas takes: CREATE, and the roles that shall own and read them.
///
/// # Errors
/// The server's error.
pub async fn making(means: &Means<'_>, purpose: Purpose, found: &mut Diagnosis) -> Result<()> {
    let reader = means.sessions.reader().await?;
    match purpose {
        Purpose::Verify => return Ok(()),
        Purpose::Plan => {
            if !rights::has(&reader, &Right::CreateSchemas).await? {
                let message =
                    "the template is not tried: this role may not create a schema, which `plan` would roll back";
                found.findings.push(Finding::note("template_not_tried", message));
            }
            return Ok(());
        }
        Purpose::Migrate => {}
    }
    let who = who(means);
    found.need(&reader, &who, Right::CreateSchemas, "each store gets a schema").await?;
    for role in means.access.owner.iter().chain(&means.access.readers) {
        if !rights::role_exists(&reader, role).await? {
            found.findings.push(
                Finding::stop(
                    "role_missing",
                    format!("[store_schema] names role {}, which does not exist", role.raw()),
                )
                .hint(format!("create role {role};")),
            );
        }
    }
    if let Some(settings) = &means.role {
        for (lack, grant) in role::missing_rights(&reader, &settings.common, &settings.common_write).await? {
            found.findings.push(Finding::stop("right_missing", lack).hint(grant.clone()));
            found.grants.push(grant);
        }
    }
    if let Some(owner) = &means.access.owner
        && rights::role_exists(&reader, owner).await?
    {
        found.need(&reader, &who, Right::Become(owner.clone()), "store schemas are given to it").await?;
    }
    Ok(())
}

/// Store schemas that `verify` reads.
///
/// # Errors
/// The server's error.
pub async fn store_schemas(means: &Means<'_>, ground: &Ground, found: &mut Diagnosis) -> Result<()> {
    let reader = means.sessions.reader().await?;
    let who = who(means);
    for of in journal::live_moves(&reader, ground.shared()).await? {
        let schema = &of.store.schema;
        if !catalog::schema_exists(&reader, schema).await? {
            continue;
        }
        let mut needed = vec![Right::Use(schema.clone())];
        let mut relations = rights::tables_in(&reader, schema).await?;
        relations.extend(rights::sequences_in(&reader, schema).await?);
        needed.extend(relations.into_iter().map(|relation| Right::Table(relation, &["select"])));
        found.need_all(&reader, &who, &needed, of.store.key.text(), schema).await?;
    }
    Ok(())
}

/// The template, tried in a transaction that is rolled back.
pub async fn template(
    means: &Means<'_>,
    ground: &Ground,
    store_schema: &StoreSchema,
    template: &Template,
    row: &RegistryRow,
    found: &mut Diagnosis,
) -> Result<()> {
    let store = store_of(store_schema, row)?;
    let (names, spare) = (ground.names(), spare_name(means.run));
    let trial = TrialOf {
        template,
        store: &store,
        shared: ground.shared(),
        shared_tables: &names,
        access: &means.access,
        spare_name: &spare,
    };
    let mut writer = means.sessions.writer().await?;
    let tried = trial.run(&mut writer).await;
    drop(writer);
    let trial = match tried {
        Ok(trial) => trial,
        Err(error) => {
            // The template may refer to common tables; a right that lacks there is better said than the server's words.
            let denied =
                error.chain().any(|cause| cause.downcast_ref::<ServerError>().is_some_and(|e| e.is(&["42501"])));
            let before = found.grants.len();
            if denied {
                references(means, ground, found).await?;
            }
            if found.grants.len() == before {
                found.error("template_fails", &error);
            }
            return Ok(());
        }
    };
    found.findings.extend(trial.findings);
    for entry in &ground.manifest.tables {
        let target = trial.tables.iter().find(|table| table.name.table == entry.name);
        if let Some(source) = ground.table(&entry.name) {
            found.findings.extend(statement::findings(entry, source, target));
        }
    }
    let object_count = trial.blueprint.structure.len();
    found.findings.push(Finding::note(
        "template_tried",
        format!("{}: makes {object_count} objects; tried for store {}", template.file(), store.label()),
    ));
    let reader = means.sessions.reader().await?;
    let capacity = rights::capacity(&reader).await?;
    // A schema is made, and dropped, in transactions that lock each of its objects; others want some as well.
    if i64::try_from(object_count).unwrap_or(i64::MAX) * 2 > capacity.locks {
        found.findings.push(
            Finding::stop(
                "locks",
                format!(
                    "a store schema has {object_count} objects; all transactions together have {} locks",
                    capacity.locks
                ),
            )
            .hint(format!("raise max_locks_per_transaction (now {}) and restart", capacity.locks_per_transaction)),
        );
    }
    Ok(())
}

/// Whether the template can be tried.
///
/// # Errors
/// The server's error.
pub async fn may_create(means: &Means<'_>) -> Result<bool> {
    let reader = means.sessions.reader().await?;
    rights::has(&reader, &Right::CreateSchemas).await
}

/// The right to refer to tables that stay: where the shared tables have foreign keys to them, the template's have, too.
/// For a template that cannot be tried, or that failed for want of a right.
///
/// # Errors
/// The server's error.
pub async fn references(means: &Means<'_>, ground: &Ground, found: &mut Diagnosis) -> Result<()> {
    let reader = means.sessions.reader().await?;
    let mut parents: Vec<&QualifiedTable> = Vec::new();
    for key in &ground.keys {
        let stays = ground.owner(&key.parent.table).is_none() || key.parent.schema != *ground.shared();
        if stays && ground.owner(&key.table.table).is_some() && !parents.contains(&&key.parent) {
            parents.push(&key.parent);
        }
    }
    for parent in parents {
        let right = Right::Table(parent.clone(), &["references"]);
        found.need(&reader, &who(means), right, "foreign keys of the store schemas lead there").await?;
    }
    Ok(())
}

/// The first store of the registry, to try the template for.
///
/// # Errors
/// The server's error, or a key that cannot be read.
pub async fn first_store(means: &Means<'_>, registry: &Registry<'_>) -> Result<Option<RegistryRow>> {
    let reader = means.sessions.reader().await?;
    Ok(registry.stores(&reader).await?.into_iter().next())
}
