//! The report's own queries, run read-only on both sides; equality is evidence.

use anyhow::{Context, Result};
use tokio_postgres::SimpleQueryMessage;

use super::blueprint::substitutions;
use super::client::Transaction;
use super::failure::ServerResult;
use crate::config::SampleQuery;
use crate::ident::Ident;
use crate::report::Sample;
use crate::store::Store;
use crate::template::render_snippet;

/// Rows that a sample keeps at most: it is an example, not a copy.
const MAX_ROWS: usize = 50;

/// What the server says where a table, view, column, function or type is not there.
const NOT_THERE: &[&str] = &["42P01", "42703", "42883", "42704", "3F000"];

/// Runs every sample with `{{schema}}` meaning `schema`. What a sample misses in the store schema is its answer: the
/// checks name the object, and they must come to speak.
///
/// # Errors
/// The server's error, naming the sample.
pub async fn run(
    transaction: &Transaction<'_>,
    queries: &[SampleQuery],
    store: &Store,
    schema: &Ident,
    shared: &Ident,
) -> Result<Vec<Sample>> {
    let mut samples = Vec::new();
    for query in queries {
        let name = query.title.get("en").cloned().unwrap_or_default();
        let values = substitutions(store, schema, shared);
        let sql = render_snippet("report.samples", &query.query, &values)?;
        transaction.batch_execute("savepoint sample").await.server()?;
        match transaction.simple_query(&sql).await.server() {
            Ok(messages) => samples.push(sample(query, &messages)),
            Err(error) if schema != shared && error.is(NOT_THERE) => {
                transaction.batch_execute("rollback to savepoint sample").await.server()?;
                let rows = vec![vec![Some(error.message.clone())]];
                samples.push(Sample { title: query.title.clone(), columns: vec!["error".into()], rows, equal: false });
            }
            Err(error) => return Err(error).with_context(|| format!("running the report's sample `{name}`")),
        }
    }
    Ok(samples)
}

fn sample(query: &SampleQuery, messages: &[SimpleQueryMessage]) -> Sample {
    let mut columns = Vec::new();
    let mut rows = Vec::new();
    for message in messages {
        match message {
            SimpleQueryMessage::RowDescription(description) => {
                columns = description.iter().map(|column| column.name().to_owned()).collect();
            }
            SimpleQueryMessage::Row(row) if rows.len() < MAX_ROWS => {
                rows.push((0..row.len()).map(|index| row.get(index).map(str::to_owned)).collect());
            }
            _ => {}
        }
    }
    Sample { title: query.title.clone(), columns, rows, equal: true }
}

/// The store schema's answers, each with whether the shared schema gave the same.
#[must_use]
pub fn compared(source: &[Sample], target: Vec<Sample>) -> Vec<Sample> {
    let with_verdict = target.into_iter().map(|mut sample| {
        let same = |other: &&Sample| other.title == sample.title;
        sample.equal = source.iter().find(same).is_none_or(|other| other.rows == sample.rows);
        sample
    });
    with_verdict.collect()
}
