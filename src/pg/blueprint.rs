//! Learns what a template makes: runs it in a transaction that is rolled back, and reads the catalogs.
//!
//! The server is the validator and the catalogs are the truth; no SQL text is read for its meaning. A foreign key to a
//! common table is tried with a short wait and taken back at once, because its lock holds up the common table's writers.
//!
//! `bench` is the trial while it runs, `again` what the next stores of a run make of it.

mod again;
mod bench;

use std::collections::BTreeSet;
use std::fmt;

use anyhow::{Context, Result, bail};
use bench::Bench;

use super::catalog::{self, UniqueKey};
use super::client::Transaction;
use super::failure::ServerResult;
use super::script;
use super::session::Session;
use super::structure;
use crate::error::{Exit, Refusal, ServerError};
use crate::ident::Ident;
use crate::plan::{Blueprint, Finding, Structure, Unit, UnitKind};
use crate::store::Store;
use crate::table::Table;
use crate::template::{RenderedStatement, Section, StatementKind, Substitutions, Template};

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
        script::open_path(&transaction, &schema, self.shared).await?;
        let mut bench = Bench {
            of: self,
            schema: &schema,
            transaction: &transaction,
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
