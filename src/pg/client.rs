//! A connection that keeps what it was asked twice as a prepared statement, and the transactions on it.
//!
//! To plan one of the long questions to the catalogs takes as long as to answer it, and a run asks each of them for every
//! store. What is asked once, as most statements with a store's name in them, is not kept. Knows no statement.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::ops::Deref;
use std::sync::{Mutex, PoisonError};

use futures_util::FutureExt as _;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Error, Row, SimpleQueryMessage, Statement};

use super::overheard::sent;

/// A session keeps at most so many statements: most take up to 100 kB in the server, that for a structure about 2 MB.
const KEPT: usize = 150;

/// So many texts are remembered as asked once; then all are forgotten.
const REMEMBERED: usize = 4_000;

/// Statements that are sent before the first of them answers. `join_all` sends up to 30 in their order.
pub const SENT_AT_ONCE: usize = 16;

/// What a statement is given.
type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

/// The same, with types.
type TypedValues<'a> = &'a [(&'a (dyn ToSql + Sync), Type)];

/// A connection as `pg` lends it out; what it can do beyond being passed on is `pg`'s own affair.
pub struct Client {
    wire: tokio_postgres::Client,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    hasher: RandomState,
    asked_once: HashSet<u64>,
    kept: HashMap<String, Statement>,
}

/// What is known of a text.
enum Text {
    Kept(Statement),
    AskedBefore,
    New,
}

impl Client {
    /// A new connection, which was asked nothing yet.
    #[must_use]
    pub fn new(wire: tokio_postgres::Client) -> Self {
        Self { wire, known: Mutex::default() }
    }

    fn look_up(&self, sql: &str) -> Text {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(statement) = known.kept.get(sql) {
            return Text::Kept(statement.clone());
        }
        if known.kept.len() >= KEPT {
            return Text::New;
        }
        if known.asked_once.len() >= REMEMBERED {
            known.asked_once.clear();
        }
        let hash = known.hasher.hash_one(sql);
        match known.asked_once.insert(hash) {
            true => Text::New,
            false => Text::AskedBefore,
        }
    }

    /// The statement, where it is kept, or is from now on.
    async fn kept(&self, sql: &str, types: &[Type]) -> Result<Option<Statement>, Error> {
        match self.look_up(sql) {
            Text::Kept(statement) => Ok(Some(statement)),
            Text::New => Ok(None),
            Text::AskedBefore => {
                let statement = self.wire.prepare_typed(sql, types).await?;
                let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
                known.kept.insert(sql.to_owned(), statement.clone());
                Ok(Some(statement))
            }
        }
    }

    /// What a kept statement answered. One whose columns became others, since somebody altered a table, is not kept any
    /// more: the next time it is asked anew.
    fn told<T>(&self, sql: &str, answer: Result<T, Error>) -> Result<T, Error> {
        let is_stale = |error: &Error| error.code() == Some(&SqlState::FEATURE_NOT_SUPPORTED);
        if answer.as_ref().is_err_and(is_stale) {
            self.known.lock().unwrap_or_else(PoisonError::into_inner).kept.remove(sql);
        }
        answer
    }

    /// The rows of a statement. One without values has columns of built-in types only: to learn of another type the driver
    /// asks in between, and waits for ever where the rows fill the connection first.
    ///
    /// # Errors
    /// The driver's.
    pub async fn query(&self, sql: &str, values: Values<'_>) -> Result<Vec<Row>, Error> {
        if values.is_empty() {
            return self.query_typed(sql, &[]).await;
        }
        match self.kept(sql, &[]).await? {
            Some(statement) => self.told(sql, self.wire.query(&statement, values).await),
            None => self.wire.query(sql, values).await,
        }
    }

    /// Its only row.
    ///
    /// # Errors
    /// The driver's.
    pub async fn query_one(&self, sql: &str, values: Values<'_>) -> Result<Row, Error> {
        if values.is_empty() {
            return self.query_typed_one(sql, &[]).await;
        }
        match self.kept(sql, &[]).await? {
            Some(statement) => self.told(sql, self.wire.query_one(&statement, values).await),
            None => self.wire.query_one(sql, values).await,
        }
    }

    /// Its only row, where it has one.
    ///
    /// # Errors
    /// The driver's.
    pub async fn query_opt(&self, sql: &str, values: Values<'_>) -> Result<Option<Row>, Error> {
        match self.kept(sql, &[]).await? {
            Some(statement) => self.told(sql, self.wire.query_opt(&statement, values).await),
            None => self.wire.query_opt(sql, values).await,
        }
    }

    /// How many rows it changed.
    ///
    /// # Errors
    /// The driver's.
    pub async fn execute(&self, sql: &str, values: Values<'_>) -> Result<u64, Error> {
        match self.kept(sql, &[]).await? {
            Some(statement) => self.told(sql, self.wire.execute(&statement, values).await),
            None => self.wire.execute(sql, values).await,
        }
    }

    /// The rows of a statement whose values have these types: the first time in one round trip, without a named statement.
    ///
    /// # Errors
    /// The driver's.
    pub async fn query_typed(&self, sql: &str, values: TypedValues<'_>) -> Result<Vec<Row>, Error> {
        let types: Vec<Type> = values.iter().map(|(_, of_type)| of_type.clone()).collect();
        match self.kept(sql, &types).await? {
            Some(statement) => {
                let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|(value, _)| *value).collect();
                self.told(sql, self.wire.query(&statement, &values).await)
            }
            None => {
                sent(sql);
                self.wire.query_typed(sql, values).await
            }
        }
    }

    /// Its only row.
    ///
    /// # Errors
    /// The driver's.
    pub async fn query_typed_one(&self, sql: &str, values: TypedValues<'_>) -> Result<Row, Error> {
        let types: Vec<Type> = values.iter().map(|(_, of_type)| of_type.clone()).collect();
        match self.kept(sql, &types).await? {
            Some(statement) => {
                let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|(value, _)| *value).collect();
                self.told(sql, self.wire.query_one(&statement, &values).await)
            }
            None => {
                sent(sql);
                self.wire.query_typed_one(sql, values).await
            }
        }
    }

    /// Its only row, where it has one; never kept.
    ///
    /// # Errors
    /// The driver's.
    pub async fn query_typed_opt(&self, sql: &str, values: TypedValues<'_>) -> Result<Option<Row>, Error> {
        sent(sql);
        self.wire.query_typed_opt(sql, values).await
    }

    /// How many rows it changed; never kept.
    ///
    /// # Errors
    /// The driver's.
    pub async fn execute_typed(&self, sql: &str, values: TypedValues<'_>) -> Result<u64, Error> {
        sent(sql);
        self.wire.execute_typed(sql, values).await
    }

    /// Begins a transaction.
    ///
    /// # Errors
    /// The driver's.
    pub async fn transaction(&mut self) -> Result<Transaction<'_>, Error> {
        self.begin("begin").await.map(|(transaction, _)| transaction)
    }

    /// Begins a transaction by these statements, of which the first is `begin`, sent as one message; what they answered.
    ///
    /// # Errors
    /// The driver's.
    pub async fn begin(&mut self, sql: &str) -> Result<(Transaction<'_>, Vec<SimpleQueryMessage>), Error> {
        let transaction = Transaction { client: self, is_over: false }; // from here on its drop rolls back
        let answer = transaction.wire.simple_query(sql).await?;
        Ok((transaction, answer))
    }
}

impl Deref for Client {
    type Target = tokio_postgres::Client;
    fn deref(&self) -> &tokio_postgres::Client {
        &self.wire
    }
}

/// An open transaction. Dropped before its end, it is rolled back.
pub struct Transaction<'a> {
    client: &'a Client,
    is_over: bool,
}

impl Transaction<'_> {
    /// Commits. No proof that the server did: COMMIT of an aborted transaction is answered with ROLLBACK, which the driver
    /// takes for success; `pg/unit` asks.
    ///
    /// # Errors
    /// The driver's.
    pub async fn commit(mut self) -> Result<(), Error> {
        self.is_over = true;
        self.client.wire.batch_execute("commit").await
    }

    /// Rolls back.
    ///
    /// # Errors
    /// The driver's.
    pub async fn rollback(mut self) -> Result<(), Error> {
        self.is_over = true;
        self.client.wire.batch_execute("rollback").await
    }

    /// It has ended by a statement of its own.
    pub fn is_over(mut self) {
        self.is_over = true;
    }

    /// The connection that it is on.
    #[must_use]
    pub fn client(&self) -> &Client {
        self.client
    }
}

impl Deref for Transaction<'_> {
    type Target = Client;
    fn deref(&self) -> &Client {
        self.client
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            // The driver sends when it is asked for the first time; the answer is nobody's.
            let _sent = self.client.wire.batch_execute("rollback").now_or_never();
        }
    }
}
