//! The trial for the next stores of a run, once it is known for one: told without running anything where the template
//! says the same for both but for the schema's name, else run in one go.

use super::{Trial, TrialOf, bare, grant, label_of, substitutions};
use crate::ident::Ident;
use crate::pg::catalog::{self, UniqueKey};
use crate::pg::failure::ServerResult;
use crate::pg::script;
use crate::pg::session::Session;
use crate::pg::structure;
use crate::plan::{Blueprint, Structure, Unit, UnitKind};
use crate::table::Table;
use crate::template::{RenderedStatement, Section};

use anyhow::Result;

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
            let unit_for = || Unit { sql: sql.clone(), label: label_of(sql), ..unit.clone() };
            (!self.apart.contains(&place) || self.says_the_same(&unit.sql, schema, sql)).then(unit_for)
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

    /// Whether a statement is what another one says of another schema.
    fn says_the_same(&self, known: &str, schema: &Ident, sql: &str) -> bool {
        known.replace(&self.schema.to_string(), &schema.to_string()) == sql
    }

    /// Whether the trial ran a statement and let it stand.
    fn ran(&self, statement: &RenderedStatement) -> bool {
        let place = (statement.line, statement.column);
        let Blueprint { before, after, settings, .. } = &self.blueprint;
        let is_unit = before.iter().chain(after).chain(settings).any(|unit| (unit.line, unit.column) == place);
        is_unit && !self.apart.contains(&place)
    }

    /// The tables, as they would be in another schema; none where a type's name does not say in which it lies.
    fn tables_in(&self, schema: &Ident) -> Option<Vec<Table>> {
        let (of_known, of_other) = (format!("{}.", bare(&self.schema)), format!("{}.", bare(schema)));
        let mut tables = self.tables.clone();
        for table in &mut tables {
            if table.name.schema != self.schema {
                return None; // it was tried under a spare name, and so are its types
            }
            table.name.schema = schema.clone();
            for column in &mut table.columns {
                let name = &mut column.type_name.sql;
                if let Some(rest) = name.strip_prefix(&of_known) {
                    *name = format!("{of_other}{rest}");
                } else if name.contains(self.schema.raw()) {
                    return None;
                }
            }
        }
        Some(tables)
    }

    /// Whether the keys' own SQL speaks of the schema: it is written by the server, not by the template.
    fn keys_name_the_schema(&self) -> bool {
        let texts = |key: &UniqueKey| [key.expressions.join(" "), key.predicate.clone().unwrap_or_default()].concat();
        self.unique_keys.iter().any(|(_, key)| texts(key).contains(self.schema.raw()))
    }
}

impl TrialOf<'_> {
    /// The trial for another store after it was tried for one; none where that does not do: then [`Self::run`] says why.
    ///
    /// Where key and name of the store are nowhere in the template, what it makes is the same but for the schema's name,
    /// and nothing is run: `create` and `verify` hold the real schema against it. Else all statements are run at once,
    /// since it is known what each is, and only what a store's key can change is read.
    ///
    /// # Errors
    /// As [`Self::run`]; never one of the template.
    pub async fn run_again(&self, session: &mut Session, known: &Trial) -> Result<Option<Trial>> {
        if catalog::schema_exists(session, &self.store.schema).await? {
            return Ok(None);
        }
        let rendered = self.template.render(&substitutions(self.store, &self.store.schema, self.shared))?;
        let Some(blueprint) = known.blueprint_for(&self.store.schema, &rendered) else { return Ok(None) };
        match self.told(known, &rendered, blueprint.clone())? {
            Some(told) => Ok(Some(told)),
            None => self.run_at_once(session, known, &rendered, blueprint).await,
        }
    }

    /// What another store's trial says of this one; none where they may differ in more than the schema's name.
    fn told(&self, known: &Trial, rendered: &[RenderedStatement], mut blueprint: Blueprint) -> Result<Option<Trial>> {
        let schema = &self.store.schema;
        let units = known.blueprint.before.iter().chain(&known.blueprint.after).chain(&known.blueprint.settings);
        let mut of_template = units.filter(|unit| unit.line > 0);
        let is_same = of_template.all(|unit| {
            let now = rendered.iter().find(|now| (now.line, now.column) == (unit.line, unit.column));
            now.is_some_and(|now| known.says_the_same(&unit.sql, schema, &now.sql))
        });
        // A table of the schema's own name would be written as the schema is.
        let elsewhere = self.template.render(&substitutions(self.store, self.spare_name, self.shared))?;
        let is_named = |name: &Ident| elsewhere.iter().any(|statement| statement.sql.contains(name.raw()));
        if !is_same || self.access.owner.is_some() || is_named(&known.schema) || is_named(schema) {
            return Ok(None);
        }
        let Some(tables) = known.tables_in(schema).filter(|_| !known.keys_name_the_schema()) else { return Ok(None) };
        blueprint.after.extend(script::grants(schema, &self.access.readers).into_iter().map(grant));
        blueprint.structure = known.blueprint.structure.clone();
        Ok(Some(Trial {
            blueprint,
            tables,
            unique_keys: known.unique_keys.clone(),
            findings: known.findings.clone(),
            schema: schema.clone(),
            apart: known.apart.clone(),
            expected: known.expected.clone(),
        }))
    }

    async fn run_at_once(
        &self,
        session: &mut Session,
        known: &Trial,
        rendered: &[RenderedStatement],
        mut blueprint: Blueprint,
    ) -> Result<Option<Trial>> {
        let schema = &self.store.schema;
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
}
