//! What is checked beside the rows: structure, keys, sequences, foreign rows, ties to the shared schema.
//!
//! Each check reads the catalogs or the rows as they are; none believes the journal about the schema itself.

use anyhow::Result;

use super::client::{Client, Transaction};
use super::failure::ServerResult;
use super::ground::Ground;
use super::journal::Move;
use super::ownership::{Ownership, Path};
use super::{catalog, sequence, structure};
use crate::ident::Ident;
use crate::report::Check;
use crate::table::Table;

/// Whether ids are held against the shared schema too: before the switch they must stand above it; afterwards the other
/// stores go on and pass them, which the headroom is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ids {
    /// Above the shared maximum and the store's own.
    AboveShared,
    /// Above the store's own.
    AboveOwn,
}

/// All checks, in the order of the report; the store schema's tables as they are at the snapshot. The ground is none where the shared tables are no longer what was planned.
///
/// # Errors
/// The server's error.
pub async fn checks(
    transaction: &Transaction<'_>,
    ground: Option<&Ground>,
    tables: &[Table],
    the_move: &Move,
    ids: Ids,
) -> Result<Vec<Check>> {
    let schema = &the_move.store.schema;
    let client = transaction.client();
    let mut checks = Vec::new();
    let found = structure::structure_of(client, schema).await?;
    let differences = structure::differences(&the_move.blueprint.structure, &found);
    let detail = format!("{} objects compared with the template", the_move.blueprint.structure.len());
    checks.push(Check::of("structure_equals_template", detail, differences));
    checks.push(foreign_keys(client, schema).await?);
    checks.push(sequences(client, the_move, ids).await?);
    match ground {
        Some(ground) => checks.push(foreign_rows(transaction, ground, tables, the_move).await?),
        None => checks.push(Check::not_checked("no_rows_of_other_stores", "the shared tables were altered since")),
    }
    if let (Some(ground), Ids::AboveShared) = (ground, ids) {
        checks.push(all_columns(ground, tables));
    }
    let names = the_move.manifest.names();
    let ties = catalog::pointing_at(client, schema, &the_move.shared_schema, &names).await?;
    checks.push(Check::of("nothing_points_at_shared", "foreign keys, defaults, views, policies, functions", ties));
    Ok(checks)
}

/// A column that the shared table got since the plan would be compared by nobody.
fn all_columns(ground: &Ground, tables: &[Table]) -> Check {
    let (mut count, mut missing) = (0, Vec::new());
    for entry in &ground.manifest.tables {
        let target = tables.iter().find(|table| table.name.table == entry.name);
        for column in ground.table(&entry.name).into_iter().flat_map(|table| &table.columns) {
            if entry.omit.contains(&column.name) {
                continue;
            }
            count += 1;
            if target.is_none_or(|target| target.column(&column.name).is_none()) {
                missing.push(format!("{}.{} is not in the store schema", entry.name.raw(), column.name.raw()));
            }
        }
    }
    Check::of("all_columns_compared", format!("{} of {count} columns", count - missing.len()), missing)
}

async fn foreign_keys(client: &Client, schema: &Ident) -> Result<Check> {
    let keys = catalog::foreign_keys_touching(client, schema).await?;
    let own: Vec<_> = keys.iter().filter(|key| key.table.schema == *schema).collect();
    let open: Vec<String> = own
        .iter()
        .filter(|key| !key.validated)
        .map(|key| format!("foreign key {} of {} is not validated", key.name.raw(), key.table.table.raw()))
        .collect();
    Ok(Check::of("foreign_keys_validated", format!("{} of {}", own.len() - open.len(), own.len()), open))
}

async fn sequences(client: &Client, the_move: &Move, ids: Ids) -> Result<Check> {
    let shared = (ids == Ids::AboveShared).then_some(&the_move.shared_schema);
    let (count, behind) = sequence::behind(client, shared, &the_move.store.schema).await?;
    let above = match ids {
        Ids::AboveShared => "above the shared maximum",
        Ids::AboveOwn => "above the store's own maximum",
    };
    Ok(Check::of("sequences_ahead", format!("{count} sequences, {above}"), behind))
}

/// Rows of the store schema that carry another store's key, or whose parent is not there.
async fn foreign_rows(
    transaction: &Transaction<'_>,
    ground: &Ground,
    tables: &[Table],
    the_move: &Move,
) -> Result<Check> {
    let mut foreign = Vec::new();
    let mut looked = 0;
    for (entry, owner) in ground.manifest.tables.iter().zip(&ground.owners) {
        let Some(table) = tables.iter().find(|table| table.name.table == entry.name) else { continue };
        let Some(condition) = foreign_row(owner, the_move) else { continue };
        if owner.lookup_columns().into_iter().flatten().any(|column| table.column(column).is_none()) {
            continue; // left out on purpose: `omit`
        }
        looked += 1;
        let sql = format!("select count(*) from {} as {} where {condition}", table.relation(), entry.name);
        let count: i64 = transaction.query_one(&sql, &[]).await.server()?.get(0);
        if count > 0 {
            foreign.push(format!("{}: {count} rows", entry.name.raw()));
        }
    }
    Ok(Check::of("no_rows_of_other_stores", format!("{looked} of {} tables", ground.owners.len()), foreign))
}

fn foreign_row(owner: &Ownership, the_move: &Move) -> Option<String> {
    let table = &owner.table.table;
    match &owner.path {
        Path::Column(column) => Some(format!("{table}.{column} is distinct from {}", the_move.store.key.literal())),
        Path::Parent(parent, pairs) => {
            let name = &parent.table.table;
            let joined: Vec<String> =
                pairs.iter().map(|(here, there)| format!("{name}.{there} = {table}.{here}")).collect();
            Some(format!(
                "not exists (select 1 from {}.{name} as {name} where {})",
                the_move.store.schema,
                joined.join(" and ")
            ))
        }
        Path::Condition(_) => None,
    }
}
