//! What can go wrong, as values: a refusal, a server's error, an exit code.
//!
//! Knows neither the driver (`pg/failure.rs` fills [`ServerError`]) nor the terminal (`view/explain.rs` prints).

use std::fmt;

use serde::{Deserialize, Serialize};

/// How the process ends. The numbers are a promise to scripts.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// 0: done, no differences.
    Done,
    /// 1: failed; rolled back or resumable.
    Failed,
    /// 2: usage, configuration or a refusal; nothing changed.
    Refused,
    /// 3: differences found.
    Differs,
    /// 4: a fleet run in which some stores failed, or `status --check` found an unfinished run.
    Partial,
    /// 5: cannot connect: network, TLS, authentication, permission.
    Unreachable,
    /// 6: another run holds the store.
    Held,
    /// 130: interrupted by SIGINT or SIGTERM.
    Interrupted,
}

impl Exit {
    /// The process exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Refused => 2,
            Self::Differs => 3,
            Self::Partial => 4,
            Self::Unreachable => 5,
            Self::Held => 6,
            Self::Interrupted => 130,
        }
    }
}

/// An answer of ours that says no, why, and what to do.
///
/// Lower-case fragments without a full stop; the hint is a thing to do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    /// What is refused.
    pub message: String,
    /// Why, where the message does not say it all.
    pub because: Option<String>,
    /// The way on.
    pub hint: Option<String>,
    /// The exit code; [`Exit::Refused`] unless told otherwise.
    pub exit: Exit,
}

impl Refusal {
    /// A refusal with exit code 2.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), because: None, hint: None, exit: Exit::Refused }
    }

    /// Adds the cause.
    #[must_use]
    pub fn because(mut self, because: impl Into<String>) -> Self {
        self.because = Some(because.into());
        self
    }

    /// Adds the way on.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Another exit code.
    #[must_use]
    pub fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

/// An error that PostgreSQL, or the connection to it, reported; all that the server said of it.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct ServerError {
    /// SQLSTATE (manual, appendix A); none where the connection failed before the server spoke.
    pub sqlstate: Option<String>,
    /// The primary message.
    pub message: String,
    /// DETAIL.
    pub detail: Option<String>,
    /// HINT.
    pub hint: Option<String>,
    /// CONTEXT: `COPY orders, line 881`.
    pub context: Option<String>,
    /// The schema of the object in question.
    pub schema: Option<String>,
    /// The table in question.
    pub table: Option<String>,
    /// The column in question.
    pub column: Option<String>,
    /// The constraint in question.
    pub constraint: Option<String>,
    /// Where in the statement, in characters from 1.
    pub position: Option<u32>,
    /// The driver says that it is about the connection: closed, not made, timed out, without TLS.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub of_connection: bool,
}

impl ServerError {
    /// Whether the code is one of these.
    #[must_use]
    pub fn is(&self, sqlstates: &[&str]) -> bool {
        self.sqlstate.as_deref().is_some_and(|code| sqlstates.contains(&code))
    }

    /// The connection is gone or never was: the driver says so, or class 08, or the server is going down (57P01 … 57P03).
    #[must_use]
    pub fn is_connection(&self) -> bool {
        match self.sqlstate.as_deref() {
            None => self.of_connection,
            Some(code) => code.starts_with("08") || matches!(code, "57P01" | "57P02" | "57P03"),
        }
    }

    /// The statement itself is at fault: not the connection, a cancel, a lock that was not given, a server out of room.
    #[must_use]
    pub fn is_of_the_statement(&self) -> bool {
        let Some(code) = self.sqlstate.as_deref() else { return false };
        // 40: deadlock, serialization; 53: out of disk, memory, connections; 57: cancelled, shutting down; 58: I/O.
        !self.is_connection()
            && code != "55P03"
            && !["40", "53", "57", "58"].iter().any(|class| code.starts_with(class))
    }

    /// Authentication, a missing database, a missing right: it will not pass by trying again.
    #[must_use]
    pub fn is_access(&self) -> bool {
        self.is(&["28P01", "28000", "3D000", "42501"])
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.sqlstate {
            Some(code) => write!(f, " ({code})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ServerError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_a_promise() {
        let all = [
            (Exit::Done, 0),
            (Exit::Failed, 1),
            (Exit::Refused, 2),
            (Exit::Differs, 3),
            (Exit::Partial, 4),
            (Exit::Unreachable, 5),
            (Exit::Held, 6),
            (Exit::Interrupted, 130),
        ];
        for (exit, code) in all {
            assert_eq!(exit.code(), code);
        }
    }

    #[test]
    fn a_lost_connection_is_told_from_a_refused_statement() {
        let error = |code: Option<&str>| ServerError { sqlstate: code.map(str::to_owned), ..ServerError::default() };
        assert!(!error(None).is_connection()); // a value that the driver could not read
        assert!(ServerError { of_connection: true, ..ServerError::default() }.is_connection());
        assert!(error(Some("08006")).is_connection());
        assert!(!error(Some("23505")).is_connection());
        assert!(error(Some("28P01")).is_access());
        let of_the_statement = |code| error(code).is_of_the_statement();
        assert!(of_the_statement(Some("42601")) && of_the_statement(Some("23505")));
        for code in [None, Some("08006"), Some("57014"), Some("57P01"), Some("55P03"), Some("53100"), Some("40P01")] {
            assert!(!of_the_statement(code), "{code:?}");
        }
    }
}
