//! Where each row of the shared tables is, once stores are switched: all are counted in one pass per table, at one
//! snapshot, and held against what the journal says was loaded and proven.
//!
//! That the rows themselves are equal, `verify` and `live` prove store by store; this says that none is forgotten.

use std::collections::BTreeSet;

use anyhow::Result;

use super::Means;
use crate::config::Registry as RegistryConfig;
use crate::pg::census::Census;
use crate::pg::ground::Ground;
use crate::pg::journal::{MoveLine, rows_loaded_by_table};
use crate::pg::snapshot::repeatable_read;
use crate::pg::whose::Stores;
use crate::report::BalancedTable;

/// Counts.
///
/// # Errors
/// The server's error, or a refusal of a condition that cannot be asked for all stores at once.
pub async fn balance(
    means: &Means<'_>,
    ground: &Ground,
    registry: Option<&RegistryConfig>,
    known: &BTreeSet<String>,
    moves: &[MoveLine],
) -> Result<Vec<BalancedTable>> {
    let mut session = means.sessions.reader().await?;
    let transaction = repeatable_read(&mut session).await?;
    let census = Census::take(&transaction, ground, &Stores::all(ground, registry)).await?;
    let loaded = rows_loaded_by_table(&transaction).await?;
    let switched: Vec<&MoveLine> = moves.iter().filter(|of| of.stage.is_switched()).collect();
    let mut tables = Vec::new();
    for name in ground.names() {
        let Some(tally) = census.table(&name) else { continue };
        let mut table = BalancedTable {
            table: name.raw().to_owned(),
            row_count: tally.total(),
            nobodys: tally.nobodys,
            several: tally.several,
            ..BalancedTable::default()
        };
        for (store, count) in &tally.stores {
            match switched.iter().any(|of| of.store.key.text() == store) {
                true => table.switched += count,
                false if known.contains(store) => table.waiting += count,
                false => table.unknown += count,
            }
        }
        table.loaded = switched.iter().filter_map(|of| loaded.get(&(of.id, name.clone()))).sum();
        tables.push(table);
    }
    Ok(tables)
}
