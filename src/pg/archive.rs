//! The rows of a store schema as a backup has them: lines of COPY's text form, read at a snapshot and loaded again.
//!
//! A line is a row, so a file has the digest of the rows that went into it. The files themselves are `backup`'s; what they
//! hold and in which order they are loaded, `step/backup` says; the definitions come from `dump`.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};

use super::catalog;
use super::failure::ServerResult;
use super::pump::Pump;
use super::session::Session;
use super::transfer::{DigestOnly, StoreCopy, transfer};
use super::{Client, Transaction};
use crate::digest::Digest;
use crate::error::Refusal;
use crate::ident::{Ident, Literal, QualifiedTable, list};
use crate::plan::Format;
use crate::report::TableFile;
use crate::table::Relation;

/// Bytes of one COPY of the load.
const PIECE_BYTES: u64 = 32 * 1024 * 1024;

const ESTIMATES: &str = "select c.relname::text, greatest(c.reltuples, 0)::bigint
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = $1::text and c.relkind in ('r', 'p')";

/// A table whose rows are kept.
#[derive(Clone, Debug)]
pub struct ArchivedTable {
    /// The table.
    pub name: QualifiedTable,
    /// Rows, as the planner believes; for the order and the progress alone.
    pub estimate: u64,
    relation: Relation,
    columns: Vec<Ident>,
}

/// The tables of a schema; a partitioned one with its partitions' rows.
///
/// # Errors
/// A refusal for a table without a column that can be written, and for names that no line of a file can hold; the
/// server's error.
pub async fn tables(client: &Client, schema: &Ident) -> Result<Vec<ArchivedTable>> {
    let mut found = Vec::new();
    let estimates: BTreeMap<String, u64> = client
        .query(ESTIMATES, &[&schema.raw()])
        .await
        .server()?
        .iter()
        .map(|row| (row.get(0), u64::try_from(row.get::<_, i64>(1)).unwrap_or_default()))
        .collect();
    for table in catalog::tables_of(client, schema).await?.into_iter().filter(|table| !table.is_partition) {
        let columns: Vec<Ident> =
            table.columns.iter().filter(|column| !column.generated).map(|column| column.name.clone()).collect();
        if columns.is_empty() {
            bail!(
                Refusal::new(format!(
                    "no row of {} could be loaded again: it has no column to write",
                    table.name.raw()
                ))
                .hint("drop it, or give it a column")
            );
        }
        let odd = columns.iter().chain([schema, &table.name.table]).find(|name| name.raw().contains(char::is_control));
        if let Some(odd) = odd.map(Ident::raw) {
            bail!(
                Refusal::new(format!(
                    "psql cannot load {} from a file: {odd:?} has a control character",
                    table.name.raw()
                ))
                .hint("rename it first")
            );
        }
        let estimate = estimates.get(table.name.table.raw()).copied().unwrap_or_default();
        found.push(ArchivedTable { estimate, relation: table.relation(), name: table.name, columns });
    }
    Ok(found)
}

impl ArchivedTable {
    fn copy_out(&self) -> String {
        format!("copy (select {} from {}) to stdout", list(&self.columns), self.relation)
    }

    /// What loads it from a file, as `psql` has it.
    #[must_use]
    pub fn psql_load(&self, file: &str) -> String {
        let from = match file.ends_with(".zst") {
            true => format!("program 'zstd -dc {file}'"),
            false => format!("'{file}'"),
        };
        format!("\\copy {} ({}) from {from}", self.name, list(&self.columns))
    }

    /// Its columns, in the order of its lines.
    #[must_use]
    pub fn columns(&self) -> &[Ident] {
        &self.columns
    }

    /// The digest of its rows.
    ///
    /// # Errors
    /// The server's error.
    pub async fn digest(&self, reader: &Transaction<'_>) -> Result<Digest> {
        transfer(reader, &self.copy_out(), Format::Text, &mut DigestOnly::default(), |_| ())
            .await
            .with_context(|| self.reading())
    }

    /// Begins to read its rows, a line each.
    ///
    /// # Errors
    /// The server's.
    pub async fn rows(&self, reader: &Transaction<'_>) -> Result<Pump> {
        Pump::start(reader, &self.copy_out()).await.with_context(|| self.reading())
    }

    /// What is being done, for an error.
    #[must_use]
    pub fn reading(&self) -> String {
        format!("reading table {}", self.name.table.raw())
    }
}

/// The load of a file's lines into a table of a schema.
///
/// # Errors
/// The server's error.
pub async fn load<'a>(writer: &'a Transaction<'a>, schema: &Ident, table: &TableFile) -> Result<StoreCopy<'a>> {
    let name = QualifiedTable::new(schema.clone(), Ident::new(&*table.table));
    let copy_in = format!("copy {name} ({}) from stdin", list(table.columns.iter().map(|name| Ident::new(&**name))));
    StoreCopy::open(writer, copy_in, Format::Text, PIECE_BYTES).await
}

/// The statements that set the sequences of a schema where they stand now.
///
/// # Errors
/// The server's error.
pub async fn sequences(client: &Client, schema: &Ident) -> Result<String> {
    let sql =
        "select c.relname::text from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
               where n.nspname = $1::text and c.relkind = 'S' order by 1";
    let mut statements = Vec::new();
    for row in client.query(sql, &[&schema.raw()]).await.server()? {
        let sequence = QualifiedTable::new(schema.clone(), Ident::new(row.get::<_, String>(0)));
        let now = client.query_one(&format!("select last_value, is_called from {sequence}"), &[]).await.server()?;
        let (value, is_called): (i64, bool) = (now.get(0), now.get(1));
        let name = Literal::text(sequence.to_string());
        statements.push(format!("  perform pg_catalog.setval({name}, {value}, {is_called});"));
    }
    Ok(match statements.is_empty() {
        true => String::new(),
        // In a block, so that psql prints no row for each.
        false => format!("do $tenantctl$ begin\n{}\nend $tenantctl$;\n", statements.join("\n")),
    })
}

/// Types outside the schema that its columns have: they must be there before the archive is loaded.
///
/// # Errors
/// The server's error.
pub async fn outer_types(client: &Client, schema: &Ident) -> Result<Vec<String>> {
    let sql = "select distinct pg_catalog.format_type(t.oid, null)
               from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
               join pg_catalog.pg_namespace n on n.oid = c.relnamespace
               join pg_catalog.pg_type t on t.oid = a.atttypid join pg_catalog.pg_namespace of_type on of_type.oid = t.typnamespace
               where n.nspname = $1::text and a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p')
                 and of_type.nspname::text not in ($1, 'pg_catalog', 'information_schema') order by 1";
    Ok(client.query(sql, &[&schema.raw()]).await.server()?.iter().map(|row| row.get(0)).collect())
}

/// A transaction, never to be committed, in which the schema steps aside: its name is free for what is loaded to try it.
///
/// # Errors
/// The server's error, such as a right that lacks.
pub async fn begin_trial<'a>(writer: &'a mut Session, schema: &Ident, aside: &Ident) -> Result<Transaction<'a>> {
    let transaction = writer.transaction().await.server()?;
    transaction.batch_execute(&format!("alter schema {schema} rename to {aside}")).await.server()?;
    Ok(transaction)
}

/// Runs a file's statements.
///
/// # Errors
/// The server's error.
pub async fn perform(writer: &Transaction<'_>, script: &str) -> Result<()> {
    Ok(writer.batch_execute(script).await.server()?)
}
