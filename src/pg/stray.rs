//! Writes to a store's shared rows after its switch: by an application that was not told.

use anyhow::Result;

use super::client::Transaction;
use super::failure::ServerResult;
use super::journal::TableRun;
use super::statement::CopyStatement;
use crate::ident::{Ident, list};
use crate::report::{Difference, DifferenceKind};

/// The rows whose version is newer than the load, and, where rows are gone, those that only the store schema has.
/// At most `max` are listed, all are counted.
///
/// # Errors
/// The server's error.
pub async fn writes(
    transaction: &Transaction<'_>,
    statement: &CopyStatement,
    run: &TableRun,
    row_count: u64,
    max: usize,
) -> Result<(Vec<Difference>, u64)> {
    let key: Vec<Ident> = match statement.key.is_empty() {
        true => statement.compared(),
        false => statement.key.clone(),
    };
    let (mut listed, mut count) = (Vec::new(), 0);
    let newer = newer_rows(statement, &key, &run.snapshot);
    for (kind, sql) in [(DifferenceKind::Changed, newer), (DifferenceKind::Extra, gone_rows(statement, &key))] {
        // Fewer old rows than were loaded: some were deleted, or written to and listed already.
        if kind == DifferenceKind::Extra && row_count.saturating_sub(count) >= run.row_count {
            continue;
        }
        for row in transaction.query(&sql, &[]).await.server()? {
            count += 1;
            if listed.len() < max {
                let values = key.iter().enumerate().map(|(index, column)| (column.raw().to_owned(), row.get(index)));
                listed.push(Difference { kind, key: values.collect(), columns: Vec::new(), after_switch: true });
            }
        }
    }
    Ok((listed, count))
}

fn newer_rows(statement: &CopyStatement, key: &[Ident], snapshot: &str) -> String {
    let name = &statement.source.table;
    let xmin: i64 = snapshot.split(':').next().and_then(|xmin| xmin.parse().ok()).unwrap_or(0);
    format!(
        "select {} from {} as {name} where {} and pg_catalog.age({name}.xmin) <= pg_catalog.age('{}'::xid)",
        list(key.iter().map(|column| format!("{name}.{column}::text"))),
        statement.from_source(),
        statement.condition(),
        xmin.rem_euclid(1 << 32)
    )
}

/// A load leaves one row version for all rows; those that the application made or changed later are newer. Only the
/// former can have been deleted from the shared table since.
fn gone_rows(statement: &CopyStatement, key: &[Ident]) -> String {
    let name = &statement.source.table;
    let joined: Vec<String> =
        key.iter().map(|column| format!("{name}.{column}::text is not distinct from kept.{column}::text")).collect();
    format!(
        "select {} from {} as kept
         where pg_catalog.age(kept.xmin) = (select max(pg_catalog.age(xmin)) from {})
           and not exists (select 1 from {} as {name} where {} and {})",
        list(key.iter().map(|column| format!("kept.{column}::text"))),
        statement.from_target(),
        statement.from_target(),
        statement.from_source(),
        statement.condition(),
        joined.join(" and ")
    )
}
