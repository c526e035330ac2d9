//! Locks that others feel: on the shared tables at the switch, on the store's own at a reversal.
//!
//! `lock_timeout` counts for each lock alone, so what is left of the time for all is set anew before each.

use std::time::{Duration, Instant};

use anyhow::Result;
use tokio_postgres::types::Type;

use super::client::Client;
use super::failure::ServerResult;
use crate::ident::{Ident, QualifiedTable, list};

/// Sessions that hold a lock on a shared table and sit idle: waiting behind them is in vain.
const IDLE_HOLDERS: &str = include_str!("sql/idle_holders.sql");

/// SHARE locks in the given order, waiting no longer than `wait` for all of them together. Where nobody is in the way they
/// are all taken in one message; else one after the other.
///
/// # Errors
/// The server's error; 55P03 where a lock was not granted in time.
pub async fn share(client: &Client, tables: &[&QualifiedTable], wait: Duration) -> Result<()> {
    if tables.is_empty() {
        return Ok(());
    }
    let began = Instant::now();
    let at_once = format!(
        "savepoint at_once; lock table {} in share mode nowait; release savepoint at_once; set local lock_timeout = '{}ms'",
        list(tables),
        wait.as_millis()
    );
    match client.batch_execute(&at_once).await.server() {
        Ok(()) => return Ok(()),
        Err(error) if error.is(&["55P03"]) => {
            let back = "rollback to savepoint at_once; release savepoint at_once";
            client.batch_execute(back).await.server()?;
        }
        Err(error) => return Err(error.into()),
    }
    for table in tables {
        let left = wait.saturating_sub(began.elapsed()).as_millis().max(1);
        client
            .batch_execute(&format!("set local lock_timeout = '{left}ms'; lock table {table} in share mode"))
            .await
            .server()?;
    }
    Ok(client.batch_execute(&format!("set local lock_timeout = '{}ms'", wait.as_millis())).await.server()?)
}

/// SHARE locks on a store's own tables; nobody but the store waits, as long as the session's `lock_timeout` lets us.
///
/// # Errors
/// The server's error.
pub async fn share_own(client: &Client, tables: &[&QualifiedTable]) -> Result<()> {
    match tables.is_empty() {
        true => Ok(()),
        false => Ok(client.batch_execute(&format!("lock table {} in share mode", list(tables))).await.server()?),
    }
}

/// Whether this transaction may have written rows outside a schema, the journal and one more table.
///
/// # Errors
/// The server's error.
pub async fn is_written_outside(client: &Client, schema: &Ident, but: Option<&QualifiedTable>) -> Result<bool> {
    let (but, schema) = (but.map(ToString::to_string), schema.raw());
    let sql = include_str!("sql/locked_for_writing.sql");
    Ok(client.query_typed_one(sql, &[(&schema, Type::TEXT), (&but, Type::TEXT)]).await.server()?.get(0))
}

/// The tables that a query reads, as the planner sees it.
///
/// # Errors
/// The server's error.
pub async fn read_by(client: &Client, query: &str) -> Result<Vec<QualifiedTable>> {
    let sql = format!("explain (verbose, costs off, format json) {query}");
    let plan: serde_json::Value = client.query_one(&sql, &[]).await.server()?.get(0);
    let mut tables = Vec::new();
    let mut nodes = vec![&plan];
    while let Some(node) = nodes.pop() {
        let text = |key: &str| node.get(key).and_then(serde_json::Value::as_str);
        if let (Some(schema), Some(table)) = (text("Schema"), text("Relation Name")) {
            tables.push(QualifiedTable::new(Ident::new(schema), Ident::new(table)));
        }
        match node {
            serde_json::Value::Array(items) => nodes.extend(items),
            serde_json::Value::Object(fields) => nodes.extend(fields.values()),
            _ => {}
        }
    }
    tables.sort();
    tables.dedup();
    Ok(tables)
}

/// Who sits idle in a transaction that holds a lock we would wait for: pid, application, table, since when.
///
/// # Errors
/// The server's error.
pub async fn idle_holder(client: &Client, tables: &[&QualifiedTable]) -> Result<Option<String>> {
    let names: Vec<String> = tables.iter().map(ToString::to_string).collect();
    let row = client.query_opt(IDLE_HOLDERS, &[&names]).await.server()?;
    Ok(row.map(|row| {
        let (pid, application, since, table): (i32, String, String, String) =
            (row.get(0), row.get(1), row.get(2), row.get(3));
        format!("pid {pid} ({application}) sits idle in a transaction that holds {table}, since {since}")
    }))
}
