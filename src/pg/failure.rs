//! Turns a driver's error into a [`ServerError`] value, so that nobody above needs the driver to read SQLSTATE.
//!
//! Leaves to `view/explain` what is said of it, and to the caller whether it is tried again.

use std::error::Error;

use tokio_postgres::error::{DbError, ErrorPosition};

use crate::error::ServerError;

/// All that the server said; where it said nothing, the words of the cause and no SQLSTATE.
#[must_use]
pub fn server_error(error: &tokio_postgres::Error) -> ServerError {
    match error.as_db_error() {
        Some(said) => from_server(said),
        None => ServerError { message: words(error), of_connection: is_of_connection(error), ..ServerError::default() },
    }
}

/// The driver keeps the kind to itself and says it in words (tokio-postgres 0.7, `Kind`); those that are left out are
/// about a value, a column or a row.
const OF_CONNECTION: [&str; 8] = [
    "connection closed",
    "error communicating with the server",
    "error connecting to server",
    "error performing TLS handshake",
    "timeout waiting for server",
    "authentication error",
    "invalid configuration",
    "invalid connection string",
];

fn is_of_connection(error: &tokio_postgres::Error) -> bool {
    let said = error.to_string();
    error.is_closed() || OF_CONNECTION.iter().any(|words| said.starts_with(words))
}

/// `client.query(…).await.server()?`
pub trait ServerResult<T> {
    /// The driver's error as a value of ours.
    ///
    /// # Errors
    /// The same error, translated.
    fn server(self) -> Result<T, ServerError>;
}

impl<T> ServerResult<T> for Result<T, tokio_postgres::Error> {
    fn server(self) -> Result<T, ServerError> {
        self.map_err(|error| server_error(&error))
    }
}

fn from_server(said: &DbError) -> ServerError {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let (position, inner) = match said.position() {
        Some(ErrorPosition::Original(position)) => (Some(*position), None),
        // The position is in a statement that a function ran, not in ours; that statement is worth more than a number.
        Some(ErrorPosition::Internal { query, .. }) => (None, Some(query.as_str())),
        None => (None, None),
    };
    let context: Vec<&str> = [inner, said.where_()].into_iter().flatten().collect();
    ServerError {
        sqlstate: Some(said.code().code().to_owned()),
        message: said.message().to_owned(),
        detail: owned(said.detail()),
        hint: owned(said.hint()),
        context: (!context.is_empty()).then(|| context.join("\n")),
        schema: owned(said.schema()),
        table: owned(said.table()),
        column: owned(said.column()),
        constraint: owned(said.constraint()),
        position,
        of_connection: false,
    }
}

/// `error connecting to server: Connection refused (os error 111)`: each cause once, though some repeat their own.
pub(super) fn words(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let said = next.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = next.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_where_nobody_listens_is_about_the_connection() {
        let refused = tokio_postgres::connect("host=127.0.0.1 port=1 user=x", tokio_postgres::NoTls).await;
        let error = refused.map(drop).server().unwrap_err();
        assert!(error.is_connection(), "{error:?}");
    }

    #[test]
    fn a_string_that_is_no_url_is_about_the_connection() {
        let error = "postgresql://x@:port".parse::<tokio_postgres::Config>().map(drop).server().unwrap_err();
        assert!(error.is_connection(), "{error:?}");
    }
}
