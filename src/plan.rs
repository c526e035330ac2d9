//! What will be done, as a value: findings, planned tables, and the blueprint of a store schema.
//!
//! `step/plan` makes it, a dry run prints it, the journal records it. Knows nothing of how it is carried out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ident::Ident;
use crate::store::{Store, StoreKey};

/// How grave a finding is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// Stops the move: exit 2.
    Stop,
    /// Worth knowing: exit 0.
    Note,
}

/// How many of a finding's rows are about one store.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct StoreCount {
    /// The store's key.
    pub store: String,
    /// Rows of this store.
    pub count: u64,
    /// Rows of other stores that refer to rows of this one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub referred_to: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// What finding each store's rows costs where no index leads to them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScanCost {
    /// Bytes that are read for one store.
    pub bytes: u64,
    /// For how many stores.
    pub store_count: u64,
    /// How long one pass for all stores took just now, with all that was asked in it.
    pub pass_seconds: f64,
}

/// Something the plan or the audit found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Its grade.
    pub grade: Grade,
    /// A word for scripts: `no_owner`, `unclassified_table`.
    pub code: String,
    /// The store it is about; none: all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
    /// The table it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// How many rows, where rows are counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Some of their keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
    /// Where all stores were asked about at once: those that it concerns, in the order of their keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stores: Vec<StoreCount>,
    /// What it will cost, where that is why it is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<ScanCost>,
    /// What it is, in a sentence fragment.
    pub message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Finding {
    /// A finding that stops.
    pub fn stop(code: &str, message: impl Into<String>) -> Self {
        Self::new(Grade::Stop, code, message)
    }

    /// A finding that is only told.
    pub fn note(code: &str, message: impl Into<String>) -> Self {
        Self::new(Grade::Note, code, message)
    }

    fn new(grade: Grade, code: &str, message: impl Into<String>) -> Self {
        Self {
            grade,
            code: code.to_owned(),
            store: None,
            table: None,
            count: None,
            keys: Vec::new(),
            stores: Vec::new(),
            cost: None,
            message: message.into(),
            hint: None,
        }
    }

    /// Names the table.
    #[must_use]
    pub fn table(mut self, table: &Ident) -> Self {
        self.table = Some(table.raw().to_owned());
        self
    }

    /// Names the store.
    #[must_use]
    pub fn store(mut self, key: &crate::store::StoreKey) -> Self {
        self.store = Some(key.text().to_owned());
        self
    }

    /// Says how many rows, with some of their keys.
    #[must_use]
    pub fn rows(mut self, count: u64, keys: Vec<String>) -> Self {
        self.count = Some(count);
        self.keys = keys;
        self
    }

    /// Says which stores have the rows.
    #[must_use]
    pub fn stores(mut self, stores: Vec<StoreCount>) -> Self {
        self.stores = stores;
        self
    }

    /// Says what it will cost.
    #[must_use]
    pub fn cost(mut self, cost: ScanCost) -> Self {
        self.cost = Some(cost);
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// COPY's format for a table, decided from the catalogs.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Every column's bytes mean the same on both sides.
    Binary,
    /// Some column's binary form carries oids of types that differ.
    Text,
}

/// How the change test before the switch finds a store's rows.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeTest {
    /// Over an index.
    Index,
    /// By reading the whole table.
    Scan,
}

/// One table of the plan.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct PlannedTable {
    /// Its name.
    pub table: Ident,
    /// Its heading in the report.
    pub group: Option<String>,
    /// How rows lead to the store, for people: `store_id`, `order_id → orders.id → store_id`.
    pub owner_path: String,
    /// The store's rows, counted when planned.
    pub row_count: u64,
    /// COPY's format.
    pub format: Format,
    /// How the change test finds the rows.
    pub change_test: ChangeTest,
    /// In how many parts it will be loaded; 1: by one connection.
    #[serde(default = "in_one")]
    pub parts: u8,
}

/// What plans that know no parts mean.
fn in_one() -> u8 {
    1
}

/// Whose rows a new store begins with.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct CloneOf {
    /// The other store's key.
    pub store: StoreKey,
    /// Its store schema.
    pub schema: Ident,
}

/// What `migrate` would do for one store.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The store.
    pub store: Store,
    /// Its tables, in the manifest's order.
    pub tables: Vec<PlannedTable>,
    /// The URL the application will get.
    pub url: Option<String>,
    /// The role that is made with the schema, where roles are configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The store whose rows it begins with; none: it has rows of its own, or base data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clone_of: Option<CloneOf>,
    /// Steps that are still to be done: `create`, `copy`, `verify`, `switch`; empty when all is done.
    pub steps: Vec<String>,
    /// How many statements of the template run before and after the load.
    pub statement_count: (usize, usize),
    /// Every statement, where asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<String>,
}

impl Plan {
    /// What is planned for a shared table.
    #[must_use]
    pub fn table(&self, name: &Ident) -> Option<&PlannedTable> {
        self.tables.iter().find(|table| table.table == *name)
    }

    /// How many rows the store had of a shared table when it was planned.
    #[must_use]
    pub fn rows_of(&self, name: &Ident) -> u64 {
        self.table(name).map_or(0, |table| table.row_count)
    }

    /// How many rows it had in all.
    #[must_use]
    pub fn row_count(&self) -> u64 {
        self.tables.iter().map(|table| table.row_count).sum()
    }
}

/// Objects of a schema by name, each with its definition, as text that is the same in every schema.
pub type Structure = BTreeMap<String, String>;

/// What the template makes, learnt by running it in a transaction that is rolled back.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Blueprint {
    /// Before the load.
    pub before: Vec<Unit>,
    /// After the load, each a unit with its journal row.
    pub after: Vec<Unit>,
    /// Settings of the template, wherever they stand; each unit runs under those above it.
    #[serde(default)]
    pub settings: Vec<Unit>,
    /// The schema after the whole template, object by object.
    pub structure: Structure,
}

impl Blueprint {
    /// The settings that stand above a unit in the template.
    pub fn settings_above<'a>(&'a self, unit: &'a Unit) -> impl Iterator<Item = &'a Unit> {
        let place = (unit.line, unit.column);
        self.settings.iter().filter(move |setting| (setting.line, setting.column) < place)
    }
}

/// One statement of the template and what it does.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Unit {
    /// Its line in the template, from 1.
    pub line: usize,
    /// Its column in the template, from 1.
    pub column: usize,
    /// The statement.
    pub sql: String,
    /// For people: `create index`, `alter table`.
    pub label: String,
    /// How it is run.
    pub kind: UnitKind,
}

/// How a unit is run.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitKind {
    /// As it is written, in its turn.
    Plain,
    /// As it is written, in a transaction of its own: until its end, writers of common tables wait.
    Alone,
    /// As it is written; may run beside other indexes of other tables.
    Index {
        /// The table, bare.
        table: Ident,
        /// It may run beside its neighbours of the same table too: it locks the table against writers only, and its name
        /// is its own, not the next that is free.
        #[serde(default)]
        side_by_side: bool,
    },
    /// A foreign key to a common table: added NOT VALID in a short transaction, then validated, so that nobody waits.
    OuterKey {
        /// The table of the store schema.
        table: Ident,
        /// The key's name.
        name: Ident,
        /// `pg_get_constraintdef`, without NOT VALID.
        definition: String,
        /// Added in one go: a partitioned table has no NOT VALID (up to 17), NOT ENFORCED (18) nothing to validate.
        #[serde(default)]
        at_once: bool,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_in_json_says_only_what_it_knows() {
        let finding = Finding::note("no_owner", "rows without an owner").table(&Ident::new("logs")).rows(2, vec![]);
        let json = serde_json::to_value(&finding).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"grade":"note","code":"no_owner","table":"logs","count":2,"message":"rows without an owner"})
        );
    }
}
