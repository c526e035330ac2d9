//! What becomes of every table of the shared schema, and which ones nobody has decided about.
//!
//! Fail closed: a table that could hold rows of a store and has no class stops the plan.

use std::collections::BTreeMap;

use crate::pg::Client;
use anyhow::Result;

use crate::ident::{Ident, QualifiedTable};
use crate::pg::catalog;
use crate::pg::ground::Ground;
use crate::pg::ownership::Path;
use crate::plan::Finding;
use crate::report::TableClass;
use crate::table::Table;

/// Every table of the shared schema with its class and why.
///
/// # Errors
/// The server's error.
pub async fn classes(client: &Client, ground: &Ground, registry: Option<&QualifiedTable>) -> Result<Vec<TableClass>> {
    let mut classes = Vec::new();
    let suspects = suspects(ground, registry);
    for table in &ground.tables {
        let size = catalog::relation_size(client, &table.name).await?.unwrap_or_default();
        let (class, why) = class_of(ground, registry, &suspects, table);
        classes.push(TableClass {
            table: table.name.table.raw().to_owned(),
            class: class.to_owned(),
            owner_path: ground.owner(&table.name.table).map(|owner| owner.text()),
            why,
            row_estimate: table.row_estimate,
            bytes: (size.table_bytes + size.index_bytes).unsigned_abs(),
        });
    }
    Ok(classes)
}

/// Tables that could hold rows of a store and that nobody has decided about.
#[must_use]
pub fn undecided(ground: &Ground, registry: Option<&QualifiedTable>) -> Vec<Finding> {
    let suspects = suspects(ground, registry);
    let undecided = ground.tables.iter().filter_map(|table| match class_of(ground, registry, &suspects, table) {
        ("undecided", why) if suspects.contains_key(&table.name.table) => Some(
            Finding::stop("unclassified_table", format!("could hold rows of a store and is listed nowhere: {why}"))
                .table(&table.name.table)
                .hint(format!(
                    "list it under [[tables]], or in [shared] common or ignore: \"{}\"",
                    table.name.table.raw()
                )),
        ),
        _ => None,
    });
    undecided.collect()
}

fn class_of(
    ground: &Ground,
    registry: Option<&QualifiedTable>,
    suspects: &BTreeMap<Ident, String>,
    table: &Table,
) -> (&'static str, String) {
    let name = &table.name.table;
    let manifest = &ground.manifest;
    if let Some(owner) = ground.owner(name) {
        return (
            "owned",
            format!(
                "listed, by {}",
                match owner.path {
                    Path::Column(_) => "its tenant column",
                    Path::Parent(..) => "its parent",
                    Path::Condition(_) => "a condition",
                }
            ),
        );
    }
    if manifest.ignore.contains(name) {
        return ("ignored", "listed in ignore".into());
    }
    if manifest.common.contains(name) {
        return ("common", "listed in common".into());
    }
    if registry == Some(&table.name) {
        return ("registry", "the application's table of stores".into());
    }
    if let Some(whole) = table.parents.iter().find_map(|parent| ground.table(parent)).filter(|_| table.is_partition) {
        let (class, _) = class_of(ground, registry, suspects, whole);
        return (class, format!("a partition of `{}`", whole.name.table.raw()));
    }
    match suspects.get(name) {
        Some(why) => ("undecided", why.clone()),
        None => ("common", "nothing leads from it to a store".into()),
    }
}

/// Tables from which something leads to a store, each with what leads there.
fn suspects(ground: &Ground, registry: Option<&QualifiedTable>) -> BTreeMap<Ident, String> {
    let manifest = &ground.manifest;
    let settled = |name: &Ident| manifest.common.contains(name) || manifest.ignore.contains(name);
    let mut reasons: BTreeMap<Ident, String> = BTreeMap::new();
    // A partition goes with its table.
    let whole = |table: &&Table| (!table.is_partition || table.parents.is_empty()) && registry != Some(&table.name);
    for table in ground.tables.iter().filter(whole) {
        if table.column(&manifest.tenant_column).is_some() {
            reasons.insert(table.name.table.clone(), format!("it has a column `{}`", manifest.tenant_column.raw()));
        }
    }
    let leads = |parent: &QualifiedTable, reasons: &BTreeMap<Ident, String>| {
        registry == Some(parent)
            || parent.schema == *ground.shared()
                && !settled(&parent.table)
                && (ground.owner(&parent.table).is_some() || reasons.contains_key(&parent.table))
    };
    loop {
        let by_key = ground.keys.iter().find(|key| {
            key.table.schema == *ground.shared()
                && key.table != key.parent
                && registry != Some(&key.table)
                && !reasons.contains_key(&key.table.table)
                && leads(&key.parent, &reasons)
        });
        let heir_of = |table: &Table, reasons: &BTreeMap<Ident, String>| {
            let of = |parent: &&Ident| leads(&QualifiedTable::new(ground.shared().clone(), (*parent).clone()), reasons);
            table.parents.iter().find(of).cloned()
        };
        let by_parent = || {
            let open = ground.tables.iter().filter(whole).filter(|table| !reasons.contains_key(&table.name.table));
            open.filter_map(|table| Some((table.name.table.clone(), heir_of(table, &reasons)?))).next()
        };
        let (table, why) = match by_key {
            Some(key) => (
                key.table.table.clone(),
                format!("its foreign key `{}` leads to `{}`", key.name.raw(), key.parent.table.raw()),
            ),
            None => match by_parent() {
                Some((table, parent)) => (table, format!("it inherits from `{}`", parent.raw())),
                None => return reasons,
            },
        };
        reasons.insert(table, why);
    }
}
