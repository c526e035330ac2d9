//! The slow trial while it runs: a statement at a time, and after each what the catalogs say that it made.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, bail};

use super::{TrialOf, label_of, refused, unit_of};
use crate::error::{Exit, Refusal, ServerError};
use crate::ident::{Ident, QualifiedTable};
use crate::pg::client::Transaction;
use crate::pg::failure::ServerResult;
use crate::pg::structure;
use crate::plan::{Blueprint, Finding, Structure, UnitKind};
use crate::template::{RenderedStatement, StatementKind};

/// How long the trial waits for a common table, and how often.
const OUTER_KEY_WAIT: &str = "savepoint foreign_key; set local lock_timeout = '50ms'";
/// Gives the common table's lock back at once, and the template's own `lock_timeout` and path too.
const OUTER_KEY_BACK: &str = "rollback to savepoint foreign_key; release savepoint foreign_key";
const OUTER_KEY_TRIES: u32 = 20;

/// Asked after nearly every statement of the second section. $1: schema.
const OUTER_KEYS: &str = "select c.relname::text, k.conname::text, pg_catalog.pg_get_constraintdef(k.oid),
            c.relkind = 'p', pn.nspname::text, p.relname::text
     from pg_catalog.pg_constraint k
     join pg_catalog.pg_class c on c.oid = k.conrelid
     join pg_catalog.pg_class p on p.oid = k.confrelid
     join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
     where c.relnamespace = (select n.oid from pg_catalog.pg_namespace n where n.nspname = $1)
       and k.contype = 'f' and p.relnamespace <> c.relnamespace and k.conparentid = 0
     order by 1, 2";
const KEY_COUNT: &str = "select count(*) from pg_catalog.pg_constraint k
     where k.connamespace = (select n.oid from pg_catalog.pg_namespace n where n.nspname = $1)
       and k.conparentid = 0";
const INDEXES: &str = "select c.relname::text, ic.relname::text from pg_catalog.pg_index i
     join pg_catalog.pg_class ic on ic.oid = i.indexrelid
     join pg_catalog.pg_class c on c.oid = i.indrelid
     where c.relnamespace = (select n.oid from pg_catalog.pg_namespace n where n.nspname = $1)";

/// The trial while it runs.
pub(super) struct Bench<'t, 'a> {
    pub(super) of: &'t TrialOf<'t>,
    pub(super) schema: &'t Ident,
    pub(super) transaction: &'t Transaction<'t>,
    pub(super) outer: Vec<(&'a RenderedStatement, UnitKind)>,
    pub(super) late: Vec<&'a RenderedStatement>,
    /// What the keys in `outer` add to the structure; they are not there any more when it is read.
    pub(super) expected: Structure,
    pub(super) findings: Vec<Finding>,
    /// The indexes as the last statement left them; none where another kind of statement ran since.
    pub(super) known_indexes: Option<BTreeSet<(String, String)>>,
    /// The same of keys.
    pub(super) known_keys: Option<Keys>,
}

/// The keys of the schema.
#[derive(Clone)]
pub(super) struct Keys {
    outer: Vec<OuterKey>,
    /// All constraints, of whatever kind.
    count: i64,
}

impl<'a> Bench<'_, 'a> {
    pub(super) async fn run_before(
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
    pub(super) async fn run_setting(
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
    pub(super) async fn run_after(&mut self, statement: &'a RenderedStatement) -> Result<Option<UnitKind>> {
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
    pub(super) async fn try_late(&mut self) -> Result<()> {
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

    pub(super) async fn note_inline_outer_keys(&mut self) -> Result<()> {
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
        let rows = self.transaction.query(OUTER_KEYS, &[&self.schema.raw()]).await.server()?;
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
        Ok(self.transaction.query_one(KEY_COUNT, &[&self.schema.raw()]).await.server()?.get(0))
    }

    async fn indexes(&self) -> Result<BTreeSet<(String, String)>> {
        let rows = self.transaction.query(INDEXES, &[&self.schema.raw()]).await.server()?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }
}

/// A foreign key that leaves the schema.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct OuterKey {
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
