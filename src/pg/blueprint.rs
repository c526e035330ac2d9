//! Learns what a template makes: runs it in a transaction that is rolled back, and reads the catalogs.
//!
//! The server is the validator and the catalogs are the truth; no SQL text is read for its meaning. A foreign key to a
//! common table is tried with a short wait and taken back at once, because its lock holds up the common table's writers.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio_postgres::{Statement, Transaction};

use super::catalog::{self, UniqueKey};
use super::failure::ServerResult;
use super::script;
use super::session::Session;
use super::structure;
use crate::error::{Exit, Refusal, ServerError};
use crate::ident::{Ident, QualifiedTable};
use crate::plan::{Blueprint, Finding, Structure, Unit, UnitKind};
use crate::store::Store;
use crate::table::Table;
use crate::template::{RenderedStatement, Section, StatementKind, Substitutions, Template};

/// How long the trial waits for a common table, and how often.
const OUTER_KEY_WAIT: &str = "savepoint foreign_key; set local lock_timeout = '50ms'";
/// Gives the common table's lock back at once, and the template's own `lock_timeout` and path too.
const OUTER_KEY_BACK: &str = "rollback to savepoint foreign_key; release savepoint foreign_key";
const OUTER_KEY_TRIES: u32 = 20;

/// Who owns a store schema and who may read it; part of what the template's structure is compared with.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// The owner, where it is not the role that made it.
    pub owner: Option<Ident>,
    /// Roles that may read.
    pub readers: Vec<Ident>,
}

/// What the trial learnt.
#[derive(Debug)]
pub struct Trial {
    /// Statements, units and the structure at the end.
    pub blueprint: Blueprint,
    /// The tables that the template makes.
    pub tables: Vec<Table>,
    /// Their unique keys.
    pub unique_keys: Vec<(Ident, UniqueKey)>,
    /// What is wrong with it, or worth knowing.
    pub findings: Vec<Finding>,
    /// Whose schema was tried.
    schema: Ident,
    /// Foreign keys to common tables, and comments on them, by their places in the template …
    apart: BTreeSet<(usize, usize)>,
    /// … and what they add to the structure.
    expected: Structure,
}

impl Trial {
    /// The same statements with another store's values; none where a foreign key to a common table would be another one,
    /// the schema's own name aside, or where one statement adds several: those wait for common tables as [`TrialOf::run`]
    /// does, briefly.
    fn blueprint_for(&self, schema: &Ident, rendered: &[RenderedStatement]) -> Option<Blueprint> {
        if self.blueprint.after.iter().any(|unit| unit.kind == UnitKind::Alone) {
            return None;
        }
        let unit_for = |unit: &Unit| {
            let place = (unit.line, unit.column);
            let sql = &rendered.iter().find(|statement| (statement.line, statement.column) == place)?.sql;
            let is_same = || unit.sql.replace(&self.schema.to_string(), &schema.to_string()) == *sql;
            let unit = || Unit { sql: sql.clone(), label: label_of(sql), ..unit.clone() };
            (!self.apart.contains(&place) || is_same()).then(unit)
        };
        let of_template = |unit: &&Unit| unit.line > 0;
        let units_for = |units: &[Unit]| units.iter().filter(of_template).map(unit_for).collect::<Option<Vec<Unit>>>();
        Some(Blueprint {
            before: units_for(&self.blueprint.before)?,
            after: units_for(&self.blueprint.after)?,
            settings: units_for(&self.blueprint.settings)?,
            structure: Structure::new(),
        })
    }

    /// Whether the trial ran a statement and let it stand.
    fn ran(&self, statement: &RenderedStatement) -> bool {
        let place = (statement.line, statement.column);
        let Blueprint { before, after, settings, .. } = &self.blueprint;
        let is_unit = before.iter().chain(after).chain(settings).any(|unit| (unit.line, unit.column) == place);
        is_unit && !self.apart.contains(&place)
    }
}

/// The context of an error: this role may not create a schema, so nothing was tried.
#[derive(Clone, Copy, Debug)]
pub struct MayNotCreate;

impl fmt::Display for MayNotCreate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("trying the template in a schema that is rolled back")
    }
}

/// What a trial needs to know.
pub struct TrialOf<'a> {
    /// The template.
    pub template: &'a Template,
    /// Whose schema; its name is used where it is free.
    pub store: &'a Store,
    /// The shared schema.
    pub shared: &'a Ident,
    /// The shared tables.
    pub shared_tables: &'a [Ident],
    /// Owner and readers.
    pub access: &'a Access,
    /// The name to use where the store schema exists.
    pub spare_name: &'a Ident,
}

impl TrialOf<'_> {
    /// Runs the template and rolls it back.
    ///
    /// # Errors
    /// A refusal that names file, line, column and statement; or the server's error.
    pub async fn run(&self, session: &mut Session) -> Result<Trial> {
        let taken = catalog::schema_exists(session, &self.store.schema).await?;
        let schema = if taken { self.spare_name.clone() } else { self.store.schema.clone() };
        // The units are recorded with the store's own name, whatever name the trial runs under.
        let real = self.template.render(&substitutions(self.store, &self.store.schema, self.shared))?;
        let rendered = self.template.render(&substitutions(self.store, &schema, self.shared))?;
        let transaction = session.transaction().await.server()?;
        let made = transaction.batch_execute(&format!("create schema {schema}")).await.server();
        match made {
            Err(error) if error.is(&["42501"]) => return Err(anyhow::Error::new(error).context(MayNotCreate)),
            made => made.context("trying the template in a schema that is rolled back")?,
        }
        let id = script::transaction_id(&transaction).await?;
        let before = script::before(&transaction).await?;
        let questions = Questions::prepare(&transaction).await?;
        script::open_path(&transaction, &schema, self.shared).await?;
        let mut bench = Bench {
            of: self,
            schema: &schema,
            transaction: &transaction,
            questions: &questions,
            outer: vec![],
            late: vec![],
            expected: Structure::new(),
            findings: vec![],
            known_indexes: None,
            known_keys: None,
        };
        let mut blueprint = Blueprint::default();
        for (statement, real) in rendered.iter().zip(&real) {
            if statement.section == Section::BeforeLoad {
                bench.run_before(statement, real, &mut blueprint).await?;
            }
        }
        bench.note_inline_outer_keys().await?;
        for (statement, real) in rendered.iter().zip(&real) {
            if statement.section == Section::AfterLoad && statement.kind == StatementKind::Set {
                bench.run_setting(statement, real, &mut blueprint).await?;
            } else if statement.section == Section::AfterLoad
                && let Some(kind) = bench.run_after(statement).await?
            {
                blueprint.after.push(unit_of(real, kind));
            }
        }
        bench.try_late().await?;
        let Bench { mut outer, late, expected, mut findings, .. } = bench;
        let still: String = script::transaction_id(&transaction).await?;
        if still != id {
            bail!(Refusal::new("the template ended its own transaction"));
        }
        // Under the empty path the server qualifies what it names, and so must whoever runs it later.
        script::close_path(&transaction).await?;
        let grants = self.grants(&transaction, &schema).await?;
        for grant in &grants {
            let under_trial = grant.replace(&self.store.schema.to_string(), &schema.to_string());
            transaction
                .batch_execute(&under_trial)
                .await
                .server()
                .map_err(|error| self.not_granted(error))
                .with_context(|| format!("trying `{under_trial}`"))?;
        }
        findings.extend(self.strays(&transaction, &schema, &before).await?);
        let tables = catalog::tables_of(transaction.client(), &schema).await?;
        let unique_keys = catalog::unique_keys_of(transaction.client(), &schema).await?;
        let of_real = |statement: &RenderedStatement| {
            real.iter()
                .find(|real| (real.line, real.column) == (statement.line, statement.column))
                .unwrap_or(statement)
                .clone()
        };
        findings.extend(self.ties(&transaction, &schema).await?);
        blueprint.structure = structure::structure_of(transaction.client(), &schema).await?;
        blueprint.structure.extend(expected.clone());
        transaction.rollback().await.server()?;
        let apart = outer.iter().map(|(statement, _)| *statement).chain(late.iter().copied());
        let apart = apart.map(|statement| (statement.line, statement.column)).collect();
        for (statement, kind) in outer.drain(..) {
            blueprint.after.push(unit_of(&of_real(statement), kind));
        }
        blueprint.after.extend(late.into_iter().map(|statement| unit_of(&of_real(statement), UnitKind::Plain)));
        blueprint.after.extend(grants.into_iter().map(grant));
        Ok(Trial { blueprint, tables, unique_keys, findings, schema: self.store.schema.clone(), apart, expected })
    }

    /// Runs the template for another store after it was tried for one: which statement is what is known then, so all are
    /// run at once, and only what a store's key can change is read. None where that does not do: then [`Self::run`] says
    /// why.
    ///
    /// # Errors
    /// As [`Self::run`]; never one of the template.
    pub async fn run_again(&self, session: &mut Session, known: &Trial) -> Result<Option<Trial>> {
        if catalog::schema_exists(session, &self.store.schema).await? {
            return Ok(None);
        }
        let schema = &self.store.schema;
        let rendered = self.template.render(&substitutions(self.store, schema, self.shared))?;
        let Some(mut blueprint) = known.blueprint_for(schema, &rendered) else { return Ok(None) };
        let transaction = session.transaction().await.server()?;
        let before = script::before(&transaction).await?;
        let of_section = |section: Section| rendered.iter().filter(move |statement| statement.section == section);
        let in_turn = of_section(Section::BeforeLoad).chain(of_section(Section::AfterLoad));
        let mut script = format!("create schema {schema};\nset local search_path = {schema}, {};\n", self.shared);
        for statement in in_turn.filter(|statement| known.ran(statement)) {
            script.push_str(&format!("{}\n;\n", statement.sql)); // a comment may end it
        }
        if let Err(error) = transaction.batch_execute(&script).await.server() {
            return match error.is_of_the_statement() {
                true => Ok(None),
                false => Err(error.into()),
            };
        }
        script::close_path(&transaction).await?;
        let grants = self.grants(&transaction, schema).await?;
        transaction.batch_execute(&grants.join(";\n")).await.server()?;
        blueprint.after.extend(grants.into_iter().map(grant));
        let mut findings = known.findings.clone();
        let strays = self.strays(&transaction, schema, &before).await?;
        findings.extend(strays.into_iter().filter(|stray| !known.findings.contains(stray)));
        let tables = catalog::tables_of(transaction.client(), schema).await?;
        let unique_keys = catalog::unique_keys_of(transaction.client(), schema).await?;
        blueprint.structure = structure::structure_of(transaction.client(), schema).await?;
        blueprint.structure.extend(known.expected.clone());
        transaction.rollback().await.server()?;
        let expected = known.expected.clone();
        let (schema, apart) = (schema.clone(), known.apart.clone());
        Ok(Some(Trial { blueprint, tables, unique_keys, findings, schema, apart, expected }))
    }

    async fn grants(&self, transaction: &Transaction<'_>, schema: &Ident) -> Result<Vec<String>> {
        let mut statements = Vec::new();
        if let Some(owner) = &self.access.owner {
            let under_trial = script::ownership_statements(transaction, schema, owner).await?;
            statements.extend(under_trial.iter().map(|sql| {
                sql.replace(&format!("{}.", bare(schema)), &format!("{}.", bare(&self.store.schema)))
                    .replace(&format!("schema {} ", bare(schema)), &format!("schema {} ", bare(&self.store.schema)))
            }));
        }
        statements.extend(script::grants(&self.store.schema, &self.access.readers));
        Ok(statements)
    }

    /// What is missing for `[store_schema] owner` is a right, but not the one to make a schema.
    fn not_granted(&self, error: ServerError) -> anyhow::Error {
        let hint = match &self.access.owner {
            Some(owner) if error.is(&["42501"]) => format!(
                "`[store_schema] owner` wants this role to be a member of {owner}, and {owner} to have CREATE on the database"
            ),
            _ => "correct `[store_schema] owner` and `readers`".to_owned(),
        };
        let exit = if error.is_access() { Exit::Unreachable } else { Exit::Refused };
        match error.is_of_the_statement() {
            true => anyhow::Error::new(error)
                .context(Refusal::new("owner and readers cannot be given").hint(hint).exit(exit)),
            false => error.into(),
        }
    }

    async fn strays(
        &self,
        transaction: &Transaction<'_>,
        schema: &Ident,
        before: &script::Before,
    ) -> Result<Vec<Finding>> {
        let mut findings = Vec::new();
        if !script::counts_rows(transaction).await? {
            findings.push(
                Finding::stop(
                    "rows_not_counted",
                    "the server does not count the rows that are written (track_counts = off), so a template that writes to other schemas would not be seen",
                )
                .hint("set track_counts = on, for the server, the database or this role"),
            );
        }
        findings.extend(script::strays(transaction, schema, before).await?.into_iter().map(|stray| {
            let message = format!("the template makes or changes {stray}, outside the store schema");
            Finding::stop("template_reaches_out", message).hint("a template may only make objects in {{schema}}")
        }));
        Ok(findings)
    }

    async fn ties(&self, transaction: &Transaction<'_>, schema: &Ident) -> Result<Vec<Finding>> {
        let ties = catalog::pointing_at(transaction.client(), schema, self.shared, self.shared_tables).await?;
        let ties = ties.into_iter().map(|tie| {
            Finding::stop("points_at_shared", tie).hint("let it point at the store schema's own table or sequence")
        });
        Ok(ties.collect())
    }
}

/// The trial while it runs.
struct Bench<'t, 'a> {
    of: &'t TrialOf<'t>,
    schema: &'t Ident,
    transaction: &'t Transaction<'t>,
    questions: &'t Questions,
    outer: Vec<(&'a RenderedStatement, UnitKind)>,
    late: Vec<&'a RenderedStatement>,
    /// What the keys in `outer` add to the structure; they are not there any more when it is read.
    expected: Structure,
    findings: Vec<Finding>,
    /// The indexes as the last statement left them; none where another kind of statement ran since.
    known_indexes: Option<BTreeSet<(String, String)>>,
    /// The same of keys.
    known_keys: Option<Keys>,
}

/// The keys of the schema.
#[derive(Clone)]
struct Keys {
    outer: Vec<OuterKey>,
    /// All constraints, of whatever kind.
    count: i64,
}

impl<'a> Bench<'_, 'a> {
    async fn run_before(
        &mut self,
        statement: &RenderedStatement,
        real: &RenderedStatement,
        blueprint: &mut Blueprint,
    ) -> Result<()> {
        if statement.kind == StatementKind::Set {
            return self.run_setting(statement, real, blueprint).await;
        }
        self.run_plainly(statement).await?;
        blueprint.before.push(unit_of(real, UnitKind::Plain));
        Ok(())
    }

    /// A dump of a newer server sets what an older one does not know; that alone is no reason to refuse it.
    async fn run_setting(
        &mut self,
        statement: &RenderedStatement,
        real: &RenderedStatement,
        blueprint: &mut Blueprint,
    ) -> Result<()> {
        match attempt(self.transaction, &statement.sql).await {
            Ok(()) => blueprint.settings.push(unit_of(real, UnitKind::Plain)),
            Err(error) if error.is(&["42704"]) => {
                let message = format!("line {}: {error}; the setting is left out", statement.line);
                self.findings.push(Finding::note("setting_unknown", message));
            }
            Err(error) => return Err(refused(self.of.template.file(), statement, &error)),
        }
        Ok(())
    }

    async fn run_plainly(&self, statement: &RenderedStatement) -> Result<()> {
        let ran = self.transaction.batch_execute(&statement.sql).await.server();
        ran.map_err(|error| refused(self.of.template.file(), statement, &error))
    }

    /// Runs a statement of the second section; none where it has to wait for the very end.
    async fn run_after(&mut self, statement: &'a RenderedStatement) -> Result<Option<UnitKind>> {
        let (known_indexes, known_keys) = (self.known_indexes.take(), self.known_keys.take());
        match statement.kind {
            StatementKind::AddForeignKey => self.run_foreign_key(statement, known_keys).await,
            StatementKind::Comment if !self.outer.is_empty() => match attempt(self.transaction, &statement.sql).await {
                Ok(()) => Ok(Some(UnitKind::Plain)),
                Err(error) if error.is(&["42704"]) => {
                    self.late.push(statement); // a comment on a key that is not there yet
                    Ok(None)
                }
                Err(error) => Err(refused(self.of.template.file(), statement, &error)),
            },
            StatementKind::CreateIndex | StatementKind::AddKey => {
                let before = match known_indexes {
                    Some(known) => known,
                    None => self.indexes().await?,
                };
                self.run_plainly(statement).await?;
                let now = self.indexes().await?;
                let made: Vec<_> = now.difference(&before).cloned().collect();
                self.known_indexes = Some(now);
                let mut tables: Vec<&String> = made.iter().map(|(table, _)| table).collect();
                tables.dedup();
                Ok(Some(match (tables.as_slice(), made.first()) {
                    ([table], Some((_, name))) => UnitKind::Index {
                        table: Ident::new(*table),
                        side_by_side: statement.kind == StatementKind::CreateIndex
                            && made.len() == 1
                            && statement.sql.to_lowercase().contains(&name.to_lowercase()),
                    },
                    _ => UnitKind::Plain,
                }))
            }
            _ => {
                self.run_plainly(statement).await?;
                Ok(Some(UnitKind::Plain))
            }
        }
    }

    async fn run_foreign_key(
        &mut self,
        statement: &'a RenderedStatement,
        known: Option<Keys>,
    ) -> Result<Option<UnitKind>> {
        let before = match known {
            Some(known) => known,
            None => self.keys().await?,
        };
        let lock_timeout: String =
            self.transaction.query_one("select current_setting('lock_timeout')", &[]).await.server()?.get(0);
        self.add_briefly(statement).await?;
        let now = self.keys().await?;
        let added: Vec<_> = now.outer.iter().filter(|key| !before.outer.contains(key)).cloned().collect();
        if let ([key], 1) = (added.as_slice(), now.count - before.count) {
            let with = structure::constraints_of(self.transaction.client(), self.schema).await?;
            self.transaction.batch_execute(OUTER_KEY_BACK).await.server()?;
            let without = self.structure_now(Part::Constraints).await?;
            self.expected.extend(new_in(with, &without).map(|(name, definition)| (name, validated(&definition))));
            let name = Ident::new(&key.name);
            if key.parent.schema == *self.of.shared && self.of.shared_tables.contains(&key.parent.table) {
                let tie = format!("foreign key {} of {} refers to {}", name.raw(), key.table, key.parent.raw());
                self.findings
                    .push(Finding::stop("points_at_shared", tie).hint("let it point at the store schema's own table"));
            }
            if key.is_partitioned {
                self.findings.push(
                    Finding::note(
                        "key_checked_at_once",
                        format!("foreign key `{}` of a partitioned table is checked when it is added: writers of the common table wait as long", name.raw()),
                    )
                    .table(&Ident::new(&key.table)),
                );
            }
            let kind = UnitKind::OuterKey {
                table: Ident::new(&key.table),
                name,
                definition: key.definition.trim_end_matches(" NOT VALID").to_owned(),
                // One that is not enforced (18) looks at no rows, and can never be validated.
                at_once: key.is_partitioned || key.definition.ends_with(" NOT ENFORCED"),
            };
            self.outer.push((statement, kind));
            self.known_keys = Some(before); // it was taken back
            return Ok(None);
        }
        let restore = "select pg_catalog.set_config('lock_timeout', $1, true)";
        self.transaction.query_one(restore, &[&lock_timeout]).await.server()?;
        self.transaction.batch_execute("release savepoint foreign_key").await.server()?;
        self.known_keys = Some(now);
        if !added.is_empty() {
            self.findings.push(
                Finding::note(
                    "keys_in_one_statement",
                    format!(
                        "line {} adds several foreign keys at once; writers of the common tables wait for all of them",
                        statement.line
                    ),
                )
                .hint("write one ALTER TABLE for each foreign key to a common table"),
            );
            return Ok(Some(UnitKind::Alone));
        }
        Ok(Some(UnitKind::Plain))
    }

    /// Runs a statement that may want a common table, behind a savepoint that is left open; gives way where the table
    /// is busy, because everybody who comes later would wait behind us.
    async fn add_briefly(&self, statement: &RenderedStatement) -> Result<()> {
        for _ in 0..OUTER_KEY_TRIES {
            self.transaction.batch_execute(OUTER_KEY_WAIT).await.server()?;
            match self.transaction.batch_execute(&statement.sql).await.server() {
                Ok(()) => return Ok(()),
                Err(error) if error.is(&["55P03"]) => {
                    self.transaction.batch_execute(OUTER_KEY_BACK).await.server()?;
                    tokio::time::sleep(Duration::from_millis(rand::random_range(20..120))).await;
                }
                Err(error) => return Err(refused(self.of.template.file(), statement, &error)),
            }
        }
        bail!(
            Refusal::new(format!("the common table of foreign key `{}` stays busy", label_of(&statement.sql)))
                .because(format!("template {}, line {}", self.of.template.file(), statement.line))
                .hint("try again when it is quieter; somebody may sit idle in a transaction that wrote to the table")
                .exit(Exit::Failed)
        )
    }

    /// Comments that need a key which was taken back: each is tried again behind its key.
    async fn try_late(&mut self) -> Result<()> {
        let mut waiting: Vec<(&RenderedStatement, Option<ServerError>)> =
            self.late.iter().map(|statement| (*statement, None)).collect();
        for (key, _) in &self.outer {
            if waiting.is_empty() {
                break;
            }
            self.add_briefly(key).await?;
            let mut still = Vec::new();
            let count = waiting.len();
            for (statement, _) in waiting {
                if let Err(error) = attempt(self.transaction, &statement.sql).await {
                    still.push((statement, Some(error)));
                }
            }
            waiting = still;
            let with = match waiting.len() < count {
                true => structure::remarks_of(self.transaction.client(), self.schema).await?,
                false => Structure::new(),
            };
            self.transaction.batch_execute(OUTER_KEY_BACK).await.server()?;
            if !with.is_empty() {
                let without = self.structure_now(Part::Remarks).await?;
                self.expected.extend(new_in(with, &without));
            }
        }
        match waiting.first() {
            Some((statement, Some(error))) => Err(refused(self.of.template.file(), statement, error)),
            _ => Ok(()),
        }
    }

    /// A part of the structure, without any trace of the question.
    async fn structure_now(&self, part: Part) -> Result<Structure> {
        self.transaction.batch_execute("savepoint path").await.server()?;
        let structure = match part {
            Part::Constraints => structure::constraints_of(self.transaction.client(), self.schema).await?,
            Part::Remarks => structure::remarks_of(self.transaction.client(), self.schema).await?,
        };
        self.transaction.batch_execute("rollback to savepoint path; release savepoint path").await.server()?;
        Ok(structure)
    }

    async fn note_inline_outer_keys(&mut self) -> Result<()> {
        for OuterKey { table, name, .. } in self.outer_keys().await? {
            self.findings.push(
                Finding::note(
                    "inline_outer_key",
                    format!("foreign key `{name}` to a common table stands before the load: it costs a check per row, and its lock holds up the common table's writers while the schema is made"),
                )
                .table(&Ident::new(table))
                .hint("move it behind the line `-- tenantctl: after the load`"),
            );
        }
        Ok(())
    }

    /// Foreign keys that leave the schema.
    async fn outer_keys(&self) -> Result<Vec<OuterKey>> {
        // Definitions must be qualified, whatever path the template runs under.
        self.transaction.batch_execute("savepoint path; set local search_path = ''").await.server()?;
        let rows = self.transaction.query(&self.questions.outer_keys, &[&self.schema.raw()]).await.server()?;
        self.transaction.batch_execute("rollback to savepoint path; release savepoint path").await.server()?;
        let key = |row: &tokio_postgres::Row| OuterKey {
            table: row.get(0),
            name: row.get(1),
            definition: row.get(2),
            is_partitioned: row.get(3),
            parent: QualifiedTable::new(Ident::new(row.get::<_, String>(4)), Ident::new(row.get::<_, String>(5))),
        };
        Ok(rows.iter().map(key).collect())
    }

    async fn keys(&self) -> Result<Keys> {
        Ok(Keys { outer: self.outer_keys().await?, count: self.key_count().await? })
    }

    async fn key_count(&self) -> Result<i64> {
        Ok(self.transaction.query_one(&self.questions.key_count, &[&self.schema.raw()]).await.server()?.get(0))
    }

    async fn indexes(&self) -> Result<BTreeSet<(String, String)>> {
        let rows = self.transaction.query(&self.questions.indexes, &[&self.schema.raw()]).await.server()?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }
}

/// What is asked after nearly every statement of the second section, planned once for the whole trial.
struct Questions {
    outer_keys: Statement,
    key_count: Statement,
    indexes: Statement,
}

impl Questions {
    async fn prepare(transaction: &Transaction<'_>) -> Result<Self, ServerError> {
        let prepare = async |sql: &str| transaction.prepare(sql).await.server();
        Ok(Self {
            outer_keys: prepare(
                "select c.relname::text, k.conname::text, pg_catalog.pg_get_constraintdef(k.oid), c.relkind = 'p',
                        pn.nspname::text, p.relname::text
                 from pg_catalog.pg_constraint k
                 join pg_catalog.pg_class c on c.oid = k.conrelid
                 join pg_catalog.pg_class p on p.oid = k.confrelid
                 join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
                 where c.relnamespace = (select n.oid from pg_catalog.pg_namespace n where n.nspname = $1)
                   and k.contype = 'f' and p.relnamespace <> c.relnamespace and k.conparentid = 0
                 order by 1, 2",
            )
            .await?,
            key_count: prepare(
                "select count(*) from pg_catalog.pg_constraint k
                 where k.connamespace = (select n.oid from pg_catalog.pg_namespace n where n.nspname = $1)
                   and k.conparentid = 0",
            )
            .await?,
            indexes: prepare(
                "select c.relname::text, ic.relname::text from pg_catalog.pg_index i
                 join pg_catalog.pg_class ic on ic.oid = i.indexrelid
                 join pg_catalog.pg_class c on c.oid = i.indrelid
                 where c.relnamespace = (select n.oid from pg_catalog.pg_namespace n where n.nspname = $1)",
            )
            .await?,
        })
    }
}

/// A foreign key that leaves the schema.
#[derive(Clone, Debug, Eq, PartialEq)]
struct OuterKey {
    table: String,
    name: String,
    /// `pg_get_constraintdef`.
    definition: String,
    /// Up to 17 it cannot be added without looking at rows.
    is_partitioned: bool,
    /// The table it refers to.
    parent: QualifiedTable,
}

/// A part of a structure.
#[derive(Clone, Copy)]
enum Part {
    Constraints,
    Remarks,
}

/// What only the first of two structures has.
fn new_in(with: Structure, without: &Structure) -> impl Iterator<Item = (String, String)> {
    with.into_iter().filter(|(name, _)| !without.contains_key(name))
}

/// A key to a common table is validated in the end, also one that the template adds NOT VALID.
fn validated(definition: &str) -> String {
    definition.replace("; not validated", "").replace(" NOT VALID", "")
}

/// A statement that may fail without ending the transaction.
async fn attempt(transaction: &Transaction<'_>, sql: &str) -> Result<(), ServerError> {
    transaction.batch_execute("savepoint attempt").await.server()?;
    match transaction.batch_execute(sql).await.server() {
        Ok(()) => transaction.batch_execute("release savepoint attempt").await.server(),
        Err(error) => {
            transaction.batch_execute("rollback to savepoint attempt; release savepoint attempt").await.server()?;
            Err(error)
        }
    }
}

fn refused(file: &str, statement: &RenderedStatement, error: &ServerError) -> anyhow::Error {
    let place = error.position.map(|position| statement.place_of_position(position));
    let place = place.map_or((statement.line, statement.column), |place| (place.line, place.column));
    script::template_failure(file, place, &statement.sql, error, Exit::Refused)
}

fn unit_of(statement: &RenderedStatement, kind: UnitKind) -> Unit {
    Unit {
        line: statement.line,
        column: statement.column,
        label: label_of(&statement.sql),
        sql: statement.sql.clone(),
        kind,
    }
}

/// The first words of a statement, for progress, without the schema of its tables: `create index orders_status_idx`.
fn label_of(sql: &str) -> String {
    let bare = |word: &'_ str| match word.strip_prefix('"').and_then(|name| name.split_once("\".")) {
        Some((_, rest)) => rest.to_owned(),
        None => word.to_owned(),
    };
    let words: Vec<String> = sql.split_whitespace().take(7).map(bare).collect();
    let mut label = words.join(" ");
    if label.chars().count() > 60 {
        label = label.chars().take(59).chain(['…']).collect();
    }
    label
}

/// The name as the server writes it in `format('%I')`: quoted only where it must be.
fn bare(name: &Ident) -> String {
    let plain = name
        .raw()
        .chars()
        .enumerate()
        .all(|(index, c)| c == '_' || c.is_ascii_lowercase() || index > 0 && c.is_ascii_digit());
    if plain { name.raw().to_owned() } else { name.to_string() }
}

/// What is given to owner and readers; of no line of the template.
fn grant(sql: String) -> Unit {
    Unit { line: 0, column: 0, label: label_of(&sql), sql, kind: UnitKind::Plain }
}

/// The placeholders of a store under a schema name.
#[must_use]
pub fn substitutions(store: &Store, schema: &Ident, shared: &Ident) -> Substitutions {
    Substitutions {
        schema: schema.clone(),
        shared: shared.clone(),
        store_key: store.key.literal().into(),
        store_name: crate::ident::Literal::text(store.name.clone().unwrap_or_default()).into(),
    }
}
