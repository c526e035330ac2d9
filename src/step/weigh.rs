//! Weighs stores before they are moved: their rows, how wide these are, what their schemas will take on disk.
//!
//! Reads only. What time that will take, `fleet/forecast` reckons.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Means;
use crate::forecast::{SchemaShape, StoreSize};
use crate::ident::Ident;
use crate::pg::census::Census;
use crate::pg::ground::Ground;
use crate::pg::journal;
use crate::pg::snapshot::repeatable_read;
use crate::pg::weight::{RowWeight, relation_names, row_weight};
use crate::store::{Store, StoreKey};

/// Bytes of a block.
const BLOCK: f64 = 8192.0;
/// Blocks of a free space map (manual, "Free Space Map"), which a table was seen to have from its second block on: one of
/// each level of its tree.
const FREE_SPACE_MAP: f64 = 3.0;

/// What some stores weigh, and what a store schema is made of.
#[derive(Clone, Debug)]
pub struct Weighed {
    /// In the order asked for.
    pub stores: Vec<StoreSize>,
    /// Of the newest move, or of the shared schema where there was none.
    pub shape: SchemaShape,
}

/// Weighs.
///
/// # Errors
/// The server's error.
pub async fn weigh(means: &Means<'_>, ground: &Ground, census: &Census, keys: &[StoreKey]) -> Result<Weighed> {
    let mut session = means.sessions.reader().await?;
    let mut names = Vec::new();
    if journal::exists(&session).await? {
        names = journal::newest_structure(&session).await?;
    }
    if names.is_empty() {
        let owned: Vec<String> = ground.names().iter().map(|name| name.raw().to_owned()).collect();
        let is_owned = |name: &String| owned.iter().any(|table| name.ends_with(&format!(" {table}")));
        names = relation_names(&session, ground.shared().raw()).await?;
        names.retain(|name| name.starts_with("sequence ") || is_owned(name));
    }
    let shape = SchemaShape::of_names(names.iter().map(String::as_str));
    let Some(first) = keys.first() else { return Ok(Weighed { stores: Vec::new(), shape }) };
    let reader = repeatable_read(&mut session).await?;
    let mut weights: BTreeMap<Ident, RowWeight> = BTreeMap::new();
    // Any store will do: a sample is of all rows.
    let any = Store { key: first.clone(), name: None, schema: ground.shared().clone() };
    for statement in ground.statements(&any, &ground.tables)? {
        means.sessions.check()?;
        let table = statement.source.table.clone();
        let row_count = census.table(&table).map_or(0, crate::pg::census::Tally::total);
        weights.insert(table, row_weight(&reader, &statement, row_count).await?);
    }
    let stores = keys.iter().map(|key| size(census, &weights, &shape, key.text())).collect();
    Ok(Weighed { stores, shape })
}

fn size(census: &Census, weights: &BTreeMap<Ident, RowWeight>, shape: &SchemaShape, key: &str) -> StoreSize {
    let mut size = StoreSize { disk_bytes: shape.sequence_count as f64 * BLOCK, ..StoreSize::default() };
    let rows_of = |table: &Ident| census.table(table).and_then(|of| of.stores.get(key)).copied().unwrap_or(0);
    for (table, weight) in weights {
        let rows = rows_of(table);
        size.row_count += rows;
        size.bytes += rows as f64 * weight.copy_bytes;
    }
    for (name, index_count) in &shape.tables {
        let table = Ident::new(name.trim_matches('"').replace("\"\"", "\""));
        let (rows, weight) = (rows_of(&table) as f64, weights.get(&table).copied().unwrap_or_default());
        size.disk_bytes += on_disk(rows, &weight, *index_count as f64);
    }
    size
}

/// A table takes whole blocks: an index one, with rows two, with rows for more than one block also a root; TOAST one for
/// its index.
fn on_disk(rows: f64, weight: &RowWeight, index_count: f64) -> f64 {
    let blocks = |bytes: f64| (bytes / BLOCK).ceil();
    if rows == 0.0 {
        return BLOCK * (1.0 + index_count);
    }
    let table = blocks(rows * weight.table_bytes).max(1.0);
    let map = if table > 1.0 { FREE_SPACE_MAP } else { 0.0 };
    let of_each = if index_count > 0.0 { blocks(rows * weight.index_bytes / index_count) } else { 0.0 };
    let index = if of_each > 1.0 { 2.0 + of_each } else { 2.0 };
    BLOCK * (1.0 + table + map + index_count * index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_without_rows_takes_a_block_for_each_index() {
        let weight = RowWeight { copy_bytes: 100.0, table_bytes: 120.0, index_bytes: 60.0 };
        assert!((on_disk(0.0, &weight, 3.0) / BLOCK - 4.0).abs() < 0.01);
        assert!((on_disk(1.0, &weight, 3.0) / BLOCK - 8.0).abs() < 0.01);
        // TOAST's, two and the map of the table, and of each of three indexes two, a root and their first.
        assert!((on_disk(100.0, &weight, 2.0) / BLOCK - (1.0 + 2.0 + 3.0 + 2.0 * 2.0)).abs() < 0.01);
        assert!((on_disk(500.0, &weight, 2.0) / BLOCK - (1.0 + 8.0 + 3.0 + 2.0 * 4.0)).abs() < 0.01);
        let large = on_disk(1e6, &weight, 3.0);
        assert!((large / 180e6 - 1.0).abs() < 0.01, "{large}");
    }
}
