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
    let parents = table.parents.iter().filter_map(|parent| ground.table(parent));
    let of_parents = parents.map(|parent| (class_of(ground, registry, suspects, parent).0, &parent.name.table));
    let inherited = of_parents.map(|(class, parent)| (class, format!("a partition or heir of `{}`", parent.raw())));
    let mut inherited: Vec<_> = inherited.collect();
    if let Some(owned) = inherited.iter().position(|(class, _)| *class == "owned") {
        return inherited.swap_remove(owned); // its rows are read with its parent's
    }
    match suspects.get(name) {
        Some(why) => ("undecided", why.clone()),
        None => inherited.pop().unwrap_or_else(|| ("common", "nothing leads from it to a store".into())),
    }
}

/// Tables from which something leads to a store, each with what leads there.
fn suspects(ground: &Ground, registry: Option<&QualifiedTable>) -> BTreeMap<Ident, String> {
    let manifest = &ground.manifest;
    let settled = |name: &Ident| manifest.common.contains(name) || manifest.ignore.contains(name);
    let mut reasons: BTreeMap<Ident, String> = BTreeMap::new();
    // A partition has its parent's columns and goes with it; an heir may have the tenant column for itself.
    let has_column = |table: &Table| table.column(&manifest.tenant_column).is_some();
    let of_parent = |table: &Table| table.parents.iter().filter_map(|parent| ground.table(parent)).any(has_column);
    for table in ground.tables.iter().filter(|table| registry != Some(&table.name)) {
        if has_column(table) && !of_parent(table) {
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
        let next = ground.keys.iter().find(|key| {
            key.table.schema == *ground.shared()
                && key.table != key.parent
                && registry != Some(&key.table)
                && !reasons.contains_key(&key.table.table)
                && leads(&key.parent, &reasons)
        });
        let Some(key) = next else { return reasons };
        reasons.insert(
            key.table.table.clone(),
            format!("its foreign key `{}` leads to `{}`", key.name.raw(), key.parent.table.raw()),
        );
    }
}
