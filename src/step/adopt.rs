//! Takes over a schema that somebody else made: only if it equals the template and is empty.

use anyhow::Result;

use super::Means;
use crate::ident::QualifiedTable;
use crate::pg::snapshot::repeatable_read;
use crate::pg::{catalog, rows, structure};
use crate::plan::{Finding, Structure};
use crate::store::Store;

/// What speaks against it.
///
/// # Errors
/// The server's error.
pub async fn findings(means: &Means<'_>, store: &Store, expected: &Structure) -> Result<Vec<Finding>> {
    let mut reader = means.sessions.reader().await?;
    let transaction = repeatable_read(&mut reader).await?;
    let found = structure::structure_of(transaction.client(), &store.schema).await?;
    let mut findings: Vec<Finding> = structure::differences(expected, &found)
        .into_iter()
        .map(|difference| {
            Finding::stop(
                "schema_differs",
                format!("schema `{}` is not what the template makes: {difference}", store.schema.raw()),
            )
            .store(&store.key)
        })
        .collect();
    for table in catalog::tables_of(transaction.client(), &store.schema).await? {
        let name = QualifiedTable::new(store.schema.clone(), table.name.table.clone());
        if rows::has_rows(&transaction, &name).await? {
            findings.push(
                Finding::stop("schema_has_rows", format!("`{}` has rows already", name.raw()))
                    .table(&table.name.table)
                    .store(&store.key)
                    .hint("only an empty schema is taken over"),
            );
        }
    }
    Ok(findings)
}
