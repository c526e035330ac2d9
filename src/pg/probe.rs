//! Runs a probe's SQL: its statements in one transaction that is never committed, and its queries as JSON.
//!
//! What may stand in them, `template::Script` has decided; what an answer means, `step/validate` decides.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures_util::future::join_all;
use tokio_postgres::SimpleQueryMessage;

use super::client::{SENT_AT_ONCE, Transaction};
use super::failure::ServerResult;
use super::role::acting_as;
use super::session::Session;
use crate::error::{Refusal, ServerError};
use crate::ident::Ident;

const TRANSACTION_ID: &str = "select pg_catalog.pg_current_xact_id()::text";

/// Where and as whom a probe runs.
#[derive(Clone, Debug)]
pub struct Setting<'a> {
    /// The store schema: the one place where names without a schema are found.
    pub schema: &'a Ident,
    /// The store's own role; none: the role that we are.
    pub role: Option<&'a Ident>,
    /// How long all of it may take.
    pub timeout: Duration,
}

/// What the last statement of a probe gave.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Answer {
    /// Rows read or written.
    pub row_count: u64,
    /// The first row that was read: `id=5, name=x`.
    pub first: Option<String>,
}

/// What came of statements or of a query.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome<T> {
    /// It ran.
    Ran(T),
    /// The server refused a statement, from 1.
    Refused(usize, Box<ServerError>),
    /// It took too long.
    TooSlow,
}

/// Whether the server lets us act as a role, in a transaction that is rolled back.
///
/// # Errors
/// The server's error, where it is not that we may not.
pub async fn may_act_as(mut session: Session, role: &Ident) -> Result<bool> {
    let (_, acting) = acting_as(&session, role).await?;
    let transaction = session.transaction().await.server()?;
    match transaction.batch_execute(&acting).await.server() {
        Ok(()) => {}
        Err(error) if error.is(&["42501"]) => {
            transaction.rollback().await.server()?;
            return Ok(false);
        }
        Err(error) => {
            drop(transaction);
            session.discard();
            return Err(error.into());
        }
    }
    transaction.rollback().await.server()?;
    Ok(true)
}

/// Runs statements in a transaction that is rolled back, whatever happens. Constraints that wait for COMMIT are asked
/// before.
///
/// # Errors
/// The server's error, where it is not about a statement.
pub async fn run(mut session: Session, statements: &[String], setting: &Setting<'_>) -> Result<Outcome<Answer>> {
    let ran = tokio::time::timeout(setting.timeout, perform(&mut session, statements, setting)).await;
    given_back(session, ran).await
}

/// The rows of a query, each as JSON: an object by column, or where the query has one column that column's value.
///
/// # Errors
/// The server's error, where it is not about the query.
pub async fn rows_as_json(
    mut session: Session,
    query: &[String],
    setting: &Setting<'_>,
) -> Result<Outcome<Vec<String>>> {
    let ran = tokio::time::timeout(setting.timeout, ask(&mut session, query, setting)).await;
    given_back(session, ran).await
}

/// A session that may still be at work is ended, not given back.
async fn given_back<T>(
    session: Session,
    ran: Result<Result<Outcome<T>>, tokio::time::error::Elapsed>,
) -> Result<Outcome<T>> {
    match ran {
        Ok(Ok(outcome)) => Ok(outcome),
        Ok(Err(error)) => {
            session.discard();
            Err(error)
        }
        Err(_) => {
            session.abandon().await;
            Ok(Outcome::TooSlow)
        }
    }
}

/// A transaction in which names are found in the store schema alone, and what `first` gives in it: all in one message.
async fn begin<'a>(
    session: &'a mut Session,
    setting: &Setting<'_>,
    first: &str,
) -> Result<(Transaction<'a>, Option<String>)> {
    let millis = setting.timeout.as_millis();
    // Planned as in the application, not as our own questions are.
    let mut sql = format!(
        "begin; set local search_path = {}; set local statement_timeout = {millis}; set local plan_cache_mode = auto; ",
        setting.schema
    );
    if let Some(role) = setting.role {
        // What its policies hide from it is hidden, as it is from the application.
        sql.push_str(&format!("set local row_security = on; {}; ", acting_as(session, role).await?.1));
    }
    sql.push_str(first);
    let (transaction, answer) = session.begin(&sql).await.server().context("beginning a probe")?;
    Ok((transaction, first_value(&answer)))
}

async fn perform(session: &mut Session, statements: &[String], setting: &Setting<'_>) -> Result<Outcome<Answer>> {
    let (transaction, before) = begin(session, setting, TRANSACTION_ID).await?;
    let mut answer = Answer::default();
    let mut at_the_end = None;
    let last = format!("set constraints all immediate; {TRANSACTION_ID}; rollback");
    // Sent together, done one after the other; those after the first that fails find the transaction aborted.
    let all: Vec<&String> = statements.iter().chain([&last]).collect();
    let mut answers = Vec::new();
    for some in all.chunks(SENT_AT_ONCE) {
        answers.extend(join_all(some.iter().map(|statement| transaction.simple_query(statement))).await);
        if answers.last().is_some_and(Result::is_err) {
            break;
        }
    }
    for (index, answer_to) in answers.into_iter().enumerate() {
        match answer_to.server() {
            Ok(messages) if index < statements.len() => answer = answer_of(&messages),
            Ok(messages) => at_the_end = first_value(&messages),
            Err(error) if error.is_connection() => return Err(error.into()),
            Err(error) if error.is(&["57014"]) => {
                transaction.rollback().await.server()?;
                return Ok(Outcome::TooSlow);
            }
            Err(error) => {
                transaction.rollback().await.server()?;
                return Ok(Outcome::Refused((index + 1).min(statements.len()), error.into()));
            }
        }
    }
    transaction.is_over();
    if at_the_end != before {
        bail!(
            Refusal::new("a statement of a probe ended its transaction")
                .because("what stood before it may have been committed")
                .hint("take out what commits: a procedure, or a function that opens a connection of its own")
        );
    }
    Ok(Outcome::Ran(answer))
}

async fn ask(session: &mut Session, query: &[String], setting: &Setting<'_>) -> Result<Outcome<Vec<String>>> {
    let [query] = query else {
        bail!(Refusal::new("equals_query has more than one statement").hint("write one query, and no `;` in it"));
    };
    let (transaction, _) = begin(session, setting, "").await?;
    // Of one column its values, of several a row: the row's own JSON tells how many there are.
    let sql = format!(
        "select case when (select pg_catalog.count(*) from pg_catalog.json_object_keys(pg_catalog.row_to_json(q))) = 1
                then (select value::text from pg_catalog.json_each(pg_catalog.row_to_json(q)))
                else pg_catalog.row_to_json(q)::text end
         from ({query}\n) q"
    );
    match transaction.simple_query(&sql).await.server() {
        Ok(messages) => {
            let rows = rows_of(&messages).map(|row| row.get(0).unwrap_or("null").to_owned()).collect();
            transaction.rollback().await.server()?;
            Ok(Outcome::Ran(rows))
        }
        Err(error) if error.is_connection() => Err(error.into()),
        Err(error) => {
            transaction.rollback().await.server()?;
            Ok(if error.is(&["57014"]) { Outcome::TooSlow } else { Outcome::Refused(1, error.into()) })
        }
    }
}

fn first_value(messages: &[SimpleQueryMessage]) -> Option<String> {
    rows_of(messages).next().and_then(|row| row.get(0)).map(str::to_owned)
}

fn rows_of(messages: &[SimpleQueryMessage]) -> impl Iterator<Item = &tokio_postgres::SimpleQueryRow> {
    messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    })
}

fn answer_of(messages: &[SimpleQueryMessage]) -> Answer {
    let row_count = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::CommandComplete(count) => Some(*count),
        _ => None,
    });
    let first = rows_of(messages).next().map(|row| {
        let value = |index| row.get(index).unwrap_or("null");
        let columns = row.columns().iter().enumerate();
        columns.map(|(index, column)| format!("{}={}", column.name(), value(index))).collect::<Vec<_>>().join(", ")
    });
    Answer { row_count: row_count.unwrap_or(0), first }
}
