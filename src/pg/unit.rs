//! A unit of work: one transaction that also writes its journal row.
//!
//! The guard at its start makes sure that the lease is still ours; the question after its COMMIT makes sure that the
//! server really committed. Knows nothing of what is done in between.

use std::future::Future;
use std::ops::Deref;
use std::pin::pin;
use std::task::Poll;

use anyhow::{Context, Result, bail};
use tokio_postgres::SimpleQueryMessage;

use super::client::Transaction;
use super::failure::ServerResult;
use super::session::Session;
use crate::error::{Exit, Refusal};
use crate::event::{Event, Moment, Observer};
use crate::ident::{Ident, list};

/// An open transaction that works on one move. Dropped without [`Unit::commit`], it rolls back.
pub struct Unit<'a> {
    transaction: Transaction<'a>,
    /// The transaction's id, for the question after its COMMIT.
    id: String,
}

impl<'a> Unit<'a> {
    /// Begins, and holds the move's row so that its epoch cannot change while we work.
    ///
    /// # Errors
    /// A refusal when another run has taken the store over, or the server's error.
    pub async fn begin(session: &'a mut Session, move_id: i64, epoch: i64) -> Result<Self> {
        Self::guarded(session, move_id, epoch, "for key share").await
    }

    /// Begins with the move's row held against everybody: for a change of its stage.
    ///
    /// # Errors
    /// A refusal when another run has taken the store over, or the server's error.
    pub async fn begin_transition(session: &'a mut Session, move_id: i64, epoch: i64) -> Result<Self> {
        Self::guarded(session, move_id, epoch, "for update").await
    }

    /// The same for several moves, by id and epoch: their stages change together, or none does.
    ///
    /// # Errors
    /// A refusal when another run has taken one of them over, or the server's error.
    pub async fn begin_transitions(session: &'a mut Session, moves: &[(i64, i64)]) -> Result<Self> {
        let held = list(moves.iter().map(|(id, epoch)| format!("({id}, {epoch})")));
        let sql = format!(
            "begin; select pg_catalog.pg_current_xact_id()::text from tenantctl.move
             where (id, epoch) in ({held}) order by id for update"
        );
        let (transaction, answer) = session.begin(&sql).await.server()?;
        let is_row = |message: &&SimpleQueryMessage| matches!(message, SimpleQueryMessage::Row(_));
        match first_text(&answer) {
            Some(id) if answer.iter().filter(is_row).count() == moves.len() => Ok(Self { transaction, id }),
            _ => bail!(lease_lost()),
        }
    }

    /// Begins where no move is chosen yet: what follows holds the row that it takes.
    ///
    /// # Errors
    /// The server's error.
    pub async fn begin_to_choose(session: &'a mut Session) -> Result<Self> {
        let (transaction, answer) =
            session.begin("begin; select pg_catalog.pg_current_xact_id()::text").await.server()?;
        let id = first_text(&answer).context("the transaction's id")?;
        Ok(Self { transaction, id })
    }

    /// One message: whether the lease is ours, and the transaction's id.
    async fn guarded(session: &'a mut Session, move_id: i64, epoch: i64, strength: &str) -> Result<Self> {
        let sql = format!(
            "begin; select pg_catalog.pg_current_xact_id()::text from tenantctl.move
             where id = {move_id} and epoch = {epoch} {strength}"
        );
        let (transaction, answer) = session.begin(&sql).await.server()?;
        match first_text(&answer) {
            Some(id) => Ok(Self { transaction, id }),
            None => bail!(lease_lost()),
        }
    }

    /// Commits and asks the server whether it did.
    ///
    /// The driver's `Ok` is no proof: COMMIT of an aborted transaction is answered with ROLLBACK, and the driver
    /// takes it for success (sfackler/rust-postgres #1334).
    ///
    /// # Errors
    /// The server's error, or that the transaction was rolled back.
    pub async fn commit(self, observer: &dyn Observer, table: Option<&Ident>) -> Result<()> {
        let Self { transaction, id } = self;
        // In one message; the question is a transaction of its own, since COMMIT has ended the first.
        let sql = format!("commit; select pg_catalog.pg_xact_status('{id}'::xid8)");
        let answer = {
            let mut commit = pin!(transaction.simple_query(&sql));
            let sent = std::future::poll_fn(|context| Poll::Ready(commit.as_mut().poll(context))).await;
            observer.notice(&Event::Reached { moment: Moment::CommitSent, table });
            match sent {
                Poll::Ready(answer) => answer.server()?,
                Poll::Pending => commit.await.server()?,
            }
        };
        match first_text(&answer).as_deref() {
            Some("committed") => {
                transaction.is_over();
                Ok(())
            }
            other => bail!("the server rolled the transaction back ({})", other.unwrap_or("status unknown")),
        }
    }
}

impl<'a> Unit<'a> {
    /// The transaction, where a function wants any client.
    #[must_use]
    pub fn transaction(&self) -> &Transaction<'a> {
        &self.transaction
    }
}

impl<'a> Deref for Unit<'a> {
    type Target = Transaction<'a>;
    fn deref(&self) -> &Transaction<'a> {
        &self.transaction
    }
}

/// The first column of the first row.
fn first_text(answer: &[SimpleQueryMessage]) -> Option<String> {
    answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    })
}

fn lease_lost() -> Refusal {
    Refusal::new("another run has taken this store over")
        .hint("`tenantctl status` shows who works on it")
        .exit(Exit::Held)
}
