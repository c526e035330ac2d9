//! One snapshot that several sessions read at.
//!
//! Knows nothing of tables. A session that imports it borrows the snapshot, so it cannot outlive it.

use anyhow::{Context, Result};

use super::client::{Client, Transaction};
use super::failure::ServerResult;
use super::session::Session;
use crate::ident::Literal;

/// An open read-only transaction whose snapshot others may import.
pub struct Snapshot<'a> {
    transaction: Transaction<'a>,
    exported: String,
    text: String,
}

impl<'a> Snapshot<'a> {
    /// Exports the snapshot of a new transaction.
    ///
    /// # Errors
    /// The server's error.
    pub async fn export(session: &'a mut Session) -> Result<Self> {
        let transaction = repeatable_read(session).await?;
        let row = transaction
            .query_one("select pg_catalog.pg_export_snapshot(), pg_catalog.pg_current_snapshot()::text", &[])
            .await
            .server()?;
        Ok(Self { exported: row.get(0), text: row.get(1), transaction })
    }

    /// `pg_current_snapshot()`: xmin, xmax and what was in progress.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What another program imports it by.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.exported
    }

    /// The transaction that holds it; may be used to read.
    #[must_use]
    pub fn transaction(&self) -> &Transaction<'a> {
        &self.transaction
    }

    /// Asks on the connection that holds it; a question that fails leaves the snapshot to others.
    ///
    /// # Errors
    /// The question's own, or the server's.
    pub async fn ask<T>(&self, question: impl AsyncFnOnce(&Client) -> Result<T>) -> Result<T> {
        self.transaction.batch_execute("savepoint question").await.server()?;
        let answer = question(self.transaction.client()).await;
        let end = if answer.is_ok() { "release" } else { "rollback to" };
        let ended = self.transaction.batch_execute(&format!("{end} savepoint question")).await.server();
        let answer = answer?;
        ended?;
        Ok(answer)
    }

    /// A transaction of another session that sees the same.
    ///
    /// # Errors
    /// The server's error.
    pub async fn import<'b>(&self, session: &'b mut Session) -> Result<Transaction<'b>> {
        let transaction = repeatable_read(session).await?;
        let set = format!("set transaction snapshot {}", Literal::text(&self.exported));
        if let Err(error) = transaction.batch_execute(&set).await.server() {
            // Without its holder a snapshot is gone; then the lost connection is the reason, and may pass.
            self.transaction.batch_execute("select").await.server().context("the session that holds the snapshot")?;
            return Err(error.into());
        }
        Ok(transaction)
    }
}

/// A read-only transaction that sees one moment.
///
/// # Errors
/// The server's error.
pub async fn repeatable_read(session: &mut Session) -> Result<Transaction<'_>> {
    let (transaction, _) = session.begin("begin isolation level repeatable read read only").await.server()?;
    Ok(transaction)
}
