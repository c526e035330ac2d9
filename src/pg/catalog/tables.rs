//! Tables, their columns and types, and the type of a tenant column.

use std::collections::BTreeMap;

use anyhow::Result;
use futures_util::future::try_join;
use tokio_postgres::Row;

use super::{ask, ident, idents};
use crate::error::{Refusal, ServerError};
use crate::ident::{Ident, QualifiedTable};
use crate::pg::client::Client;
use crate::pg::failure::ServerResult;
use crate::store::{KeyFamily, KeyType};
use crate::table::{Column, Table, TypeKind, TypeName};

/// The ordinary and partitioned tables of a schema, partitions among them, by name.
///
/// # Errors
/// The server's.
pub async fn tables_of(client: &Client, schema: &Ident) -> Result<Vec<Table>> {
    let of_schema = &[schema.raw()];
    let of_columns = ask(client, include_str!("../sql/columns_of.sql"), of_schema);
    let of_tables = ask(client, include_str!("../sql/tables_of.sql"), of_schema);
    let (of_columns, of_tables) = try_join(of_columns, of_tables).await?;
    let mut columns: BTreeMap<String, Vec<Column>> = BTreeMap::new();
    for row in of_columns {
        columns.entry(row.try_get("table_name").server()?).or_default().push(column(&row)?);
    }
    let mut tables = Vec::new();
    for row in of_tables {
        let name = ident(&row, "name")?;
        tables.push(Table {
            columns: columns.remove(name.raw()).unwrap_or_default(),
            name: QualifiedTable::new(schema.clone(), name),
            key: idents(&row, "key")?,
            row_estimate: row.try_get("row_estimate").server()?,
            row_security: row.try_get("row_security").server()?,
            is_partitioned: row.try_get("is_partitioned").server()?,
            is_partition: row.try_get("is_partition").server()?,
            parents: idents(&row, "parents")?,
        });
    }
    Ok(tables)
}

fn column(row: &Row) -> Result<Column, ServerError> {
    let kind = match row.try_get("kind").server()? {
        "container" => TypeKind::Container,
        "enum" => TypeKind::Enum,
        _ => TypeKind::Base,
    };
    let type_name = TypeName {
        sql: row.try_get("type_sql").server()?,
        oid: row.try_get("type_oid").server()?,
        modifier: row.try_get("modifier").server()?,
        base_oid: row.try_get("base_oid").server()?,
        base_modifier: row.try_get("base_modifier").server()?,
        kind,
        labels: row.try_get("labels").server()?,
        user_defined: row.try_get("user_defined").server()?,
        has_binary: row.try_get("has_binary").server()?,
    };
    Ok(Column {
        name: ident(row, "name")?,
        type_name,
        not_null: row.try_get("not_null").server()?,
        has_default: row.try_get("has_default").server()?,
        generated: row.try_get("generated").server()?,
    })
}

/// The type of a tenant column, or of the registry's key; none where there is no such column.
///
/// A text type is given without its length: `'abcd'::varchar(3)` would cut the key silently and find another store.
///
/// # Errors
/// Refuses a type whose values cannot be store keys; the server's.
pub async fn key_type_of(client: &Client, table: &QualifiedTable, column: &Ident) -> Result<Option<KeyType>> {
    let names = [table.schema.raw(), table.table.raw(), column.raw()];
    let rows = ask(client, include_str!("../sql/key_type_of.sql"), &names).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let family = match KeyFamily::of_base(row.try_get("base_oid").server()?) {
        Some(family) => family,
        None => {
            let full: String = row.try_get("full_sql").server()?;
            let refusal = Refusal::new(format!("{}.{} cannot hold store keys", table.raw(), column.raw()))
                .because(format!("it is {full}"))
                .hint("a store key is an integer, a uuid, a text or a domain over one of these");
            return Err(refusal.into());
        }
    };
    let is_cut = family == KeyFamily::Text && row.try_get("has_modifier").server()?;
    let sql = row.try_get(if is_cut { "base_sql" } else { "type_sql" }).server()?;
    Ok(Some(KeyType { sql, family }))
}
