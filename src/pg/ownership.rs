//! Which rows belong to a store: the owner path of each shared table as SQL.
//!
//! Built from the manifest and the catalogs' foreign keys; knows no column list and no COPY (`statement` does).

use crate::error::Refusal;
use crate::ident::{Ident, QualifiedTable};
use crate::manifest::{Entry, Manifest, OwnerPath};
use crate::store::StoreKey;
use crate::table::{ForeignKey, Table};
use crate::template::{Substitutions, render_snippet};

/// The owner path of one shared table, ready to be turned into a condition.
#[derive(Clone, Debug)]
pub struct Ownership {
    /// The shared table.
    pub table: QualifiedTable,
    /// How it is owned.
    pub path: Path,
}

/// How a row leads to its store, resolved against the catalogs.
#[derive(Clone, Debug)]
pub enum Path {
    /// By a column.
    Column(Ident),
    /// By a parent row: pairs of (column here, column there).
    Parent(Box<Ownership>, Vec<(Ident, Ident)>),
    /// By a condition of the configuration.
    Condition(String),
}

/// Resolves every entry of the manifest.
///
/// # Errors
/// A refusal for a table or column that does not exist, or a parent without exactly one foreign key.
pub fn resolve(manifest: &Manifest, tables: &[Table], keys: &[ForeignKey]) -> Result<Vec<Ownership>, Refusal> {
    manifest.tables.iter().map(|entry| resolve_entry(manifest, entry, tables, keys)).collect()
}

fn resolve_entry(
    manifest: &Manifest,
    entry: &Entry,
    tables: &[Table],
    keys: &[ForeignKey],
) -> Result<Ownership, Refusal> {
    let table = tables.iter().find(|table| table.name.table == entry.name).ok_or_else(|| {
        let near = nearest(&entry.name, tables);
        let refusal = Refusal::new(format!(
            "the manifest names table `{}`, which schema `{}` does not have",
            entry.name.raw(),
            manifest.shared_schema.raw()
        ));
        match near {
            Some(name) => refusal.hint(format!("did you mean `{name}`?")),
            None => refusal.hint("correct [[tables]], or [shared] schema"),
        }
    })?;
    if let Some(whole) = table.parents.first().filter(|_| table.is_partition) {
        return Err(Refusal::new(format!("`{}` is a partition of `{}`", entry.name.raw(), whole.raw()))
            .hint(format!("list `{}` alone; its rows are read with all partitions", whole.raw())));
    }
    let has = |column: &Ident, of: &Table| match of.column(column) {
        Some(_) => Ok(()),
        None => Err(Refusal::new(format!("table `{}` has no column `{}`", of.name.raw(), column.raw()))
            .hint("give the table its own `tenant_column`, a `parent`, or a `rows` condition")),
    };
    if let Some(omitted) = entry.omit.iter().find(|column| table.column(column).is_none()) {
        has(omitted, table)?;
    }
    let path = match &entry.owner {
        OwnerPath::Column(column) => {
            has(column, table)?;
            Path::Column(column.clone())
        }
        OwnerPath::Condition(text) => Path::Condition(text.clone()),
        OwnerPath::Parent { table: parent, on } => {
            let parent_entry = manifest.entry(parent).ok_or_else(|| {
                Refusal::new(format!("the parent `{}` of `{}` is not listed", parent.raw(), entry.name.raw()))
            })?;
            let pairs = match on.is_empty() {
                true => pairs_of_key(table, parent, keys)?,
                false => on.clone(),
            };
            let parent = resolve_entry(manifest, parent_entry, tables, keys)?;
            for (here, there) in &pairs {
                has(here, table)?;
                if let Some(of) = tables.iter().find(|of| of.name == parent.table) {
                    has(there, of)?;
                }
            }
            Path::Parent(Box::new(parent), pairs)
        }
    };
    Ok(Ownership { table: table.name.clone(), path })
}

fn nearest(name: &Ident, tables: &[Table]) -> Option<String> {
    let shared_letters = |other: &str| {
        let other: Vec<char> = other.chars().collect();
        name.raw().chars().filter(|c| other.contains(c)).count()
    };
    let near = tables.iter().map(|table| table.name.table.raw());
    let best = near.max_by_key(|other| (shared_letters(other), usize::MAX - other.len().abs_diff(name.raw().len())))?;
    (best.to_lowercase() == name.raw().to_lowercase()
        || best.starts_with(name.raw())
        || name.raw().starts_with(best)
        || best.len().abs_diff(name.raw().len()) <= 1 && shared_letters(best) + 1 >= name.raw().chars().count())
    .then(|| best.to_owned())
}

fn pairs_of_key(table: &Table, parent: &Ident, keys: &[ForeignKey]) -> Result<Vec<(Ident, Ident)>, Refusal> {
    let leading: Vec<&ForeignKey> = keys
        .iter()
        .filter(|key| key.table == table.name && key.parent.table == *parent && key.parent.schema == table.name.schema)
        .filter(|key| !key.has_period) // its parent is not one row
        .collect();
    match leading.as_slice() {
        [key] => Ok(key.columns.iter().cloned().zip(key.parent_columns.iter().cloned()).collect()),
        [] => Err(Refusal::new(format!("table `{}` has no foreign key to `{}`", table.name.raw(), parent.raw()))
            .hint(format!("name the columns: on = \"{}_id = id\"", parent.raw().trim_end_matches('s')))),
        _ => Err(Refusal::new(format!(
            "table `{}` has {} foreign keys to `{}`",
            table.name.raw(),
            leading.len(),
            parent.raw()
        ))
        .hint(format!("say which one owns: on = \"{}\"", first_pair(leading[0])))),
    }
}

fn first_pair(key: &ForeignKey) -> String {
    let pairs = key.columns.iter().zip(&key.parent_columns);
    pairs.map(|(here, there)| format!("{} = {}", here.raw(), there.raw())).collect::<Vec<_>>().join(", ")
}

impl Ownership {
    /// The condition under which a row belongs to the store, over the table under its own name.
    ///
    /// # Errors
    /// A refusal for a placeholder that the condition may not have.
    pub fn condition(&self, key: &StoreKey, substitutions: &Substitutions) -> Result<String, Refusal> {
        Ok(match &self.path {
            Path::Column(column) => format!("{}.{column} = {}", self.table.table, key.literal()),
            Path::Condition(text) => format!("({})", render_snippet("rows", text, substitutions)?),
            Path::Parent(parent, pairs) => format!(
                "exists (select 1 from {} as {} where {} and {})",
                parent.table,
                parent.table.table,
                joined(&self.table.table, &parent.table.table, pairs),
                parent.condition(key, substitutions)?
            ),
        })
    }

    /// The columns that hold the store's key: the tenant column, and those that refer to a parent's.
    #[must_use]
    pub fn key_columns(&self) -> Vec<Ident> {
        match &self.path {
            Path::Column(column) => vec![column.clone()],
            Path::Condition(_) => Vec::new(),
            Path::Parent(parent, pairs) => {
                let of_parent = parent.key_columns();
                let refers = pairs.iter().filter(|(_, there)| of_parent.contains(there));
                refers.map(|(here, _)| here.clone()).collect()
            }
        }
    }

    /// For people: `store_id`, or `order_id → orders.id → store_id`.
    #[must_use]
    pub fn text(&self) -> String {
        match &self.path {
            Path::Column(column) => column.raw().to_owned(),
            Path::Condition(text) => format!("rows: {}", text.split_whitespace().collect::<Vec<_>>().join(" ")),
            Path::Parent(parent, pairs) => {
                let (here, there): (Vec<_>, Vec<_>) = pairs.iter().map(|(a, b)| (a.raw(), b.raw())).unzip();
                format!("{} → {}.{} → {}", here.join("+"), parent.table.table.raw(), there.join("+"), parent.text())
            }
        }
    }

    /// The tables whose rows decide about ours, nearest first.
    #[must_use]
    pub fn parents(&self) -> Vec<&QualifiedTable> {
        let mut parents = Vec::new();
        let mut here = &self.path;
        while let Path::Parent(parent, _) = here {
            parents.push(&parent.table);
            here = &parent.path;
        }
        parents
    }

    /// Whether a condition of the configuration decides, here or at a parent: then only the rows themselves can tell
    /// whether something changed.
    #[must_use]
    pub fn by_condition(&self) -> bool {
        match &self.path {
            Path::Column(_) => false,
            Path::Condition(_) => true,
            Path::Parent(parent, _) => parent.by_condition(),
        }
    }

    /// The columns by which rows are looked up: they want an index.
    #[must_use]
    pub fn lookup_columns(&self) -> Option<Vec<&Ident>> {
        match &self.path {
            Path::Column(column) => Some(vec![column]),
            Path::Parent(_, pairs) => Some(pairs.iter().map(|(here, _)| here).collect()),
            Path::Condition(_) => None,
        }
    }
}

fn joined(here: &Ident, there: &Ident, pairs: &[(Ident, Ident)]) -> String {
    pairs.iter().map(|(a, b)| format!("{there}.{b} = {here}.{a}")).collect::<Vec<_>>().join(" and ")
}
