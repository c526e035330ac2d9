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
        None => ServerError { message: words(error), ..ServerError::default() },
    }
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
