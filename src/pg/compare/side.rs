//! One side of a comparison: a stream of rows as text, in the order of the key.

use std::cmp::Ordering;
use std::pin::Pin;

use futures_util::TryStreamExt;
use tokio_postgres::types::Type;
use tokio_postgres::{Row, RowStream};

use crate::error::ServerError;
use crate::ident::{Ident, list};
use crate::pg::client::Client;
use crate::pg::failure::ServerResult;
use crate::pg::overheard::sent;

/// Where the rows of one side come from.
#[derive(Clone)]
pub struct Side<'a> {
    /// A connection of its own, in whatever transaction its caller opened.
    pub client: &'a Client,
    /// `select … from …`, giving at least the columns that are compared.
    pub select: String,
}

impl Side<'_> {
    /// Sends the question and reads the first row. A row has the values of the key, then those of the rest.
    pub(super) async fn open(&self, key: &[Ident], rest: &[&Ident]) -> Result<Rows, ServerError> {
        // Bytes of UTF-8, whatever the database's collation and encoding are: so both sides and we agree on the order.
        let order = key.iter().map(|name| format!("pg_catalog.convert_to({}, 'UTF8')", text_of(name)));
        let order = if key.is_empty() { String::new() } else { format!(" order by {}", list(order)) };
        let values = list(key.iter().chain(rest.iter().copied()).map(text_of));
        let sql = format!("select {values} from ({}) as rows{order}", self.select);
        let no_parameters: [(&str, Type); 0] = [];
        sent(&sql);
        let stream = self.client.query_typed_raw(&sql, no_parameters).await.server()?;
        let mut rows = Rows { stream: Box::pin(stream), next: None, key_len: key.len() };
        rows.read().await?;
        Ok(rows)
    }
}

/// A value as its type writes it. A cast to text would not do: it takes the blanks off `char`, and a user's cast may
/// take off anything. `is not null` would not do: a composite of NULLs is not NULL.
fn text_of(name: &Ident) -> String {
    format!("case when pg_catalog.num_nonnulls(rows.{name}) = 1 then pg_catalog.concat(rows.{name}) end")
}

/// The rows of one side, one of them in hand.
pub(super) struct Rows {
    stream: Pin<Box<RowStream>>,
    next: Option<Row>,
    key_len: usize,
}

impl Rows {
    pub(super) fn peek(&self) -> Option<&Row> {
        self.next.as_ref()
    }

    /// The row in hand and, unless only one is wanted, all that follow it with the same key.
    pub(super) async fn take_key(&mut self, only_one: bool) -> Result<Vec<Row>, ServerError> {
        let Some(first) = self.next.take() else { return Ok(Vec::new()) };
        let mut run = vec![first];
        self.read().await?;
        while let (false, Some(next)) = (only_one, &self.next) {
            if order(&run[0], next, 0..self.key_len)? != Ordering::Equal {
                break;
            }
            run.extend(self.next.take());
            self.read().await?;
        }
        Ok(run)
    }

    async fn read(&mut self) -> Result<(), ServerError> {
        self.next = self.stream.try_next().await.server()?;
        Ok(())
    }
}

/// How two rows stand to each other in these values: by bytes, NULL last, as `order by` has it.
pub(super) fn order(a: &Row, b: &Row, values: std::ops::Range<usize>) -> Result<Ordering, ServerError> {
    for at in values {
        let ordering = match (value(a, at)?, value(b, at)?) {
            (Some(a), Some(b)) => a.as_bytes().cmp(b.as_bytes()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        };
        if ordering != Ordering::Equal {
            return Ok(ordering);
        }
    }
    Ok(Ordering::Equal)
}

/// A value as text, NULL told from everything else.
pub(super) fn value(row: &Row, at: usize) -> Result<Option<&str>, ServerError> {
    row.try_get(at).server()
}
