//! The role of a store, and what came of trying to get out of its schema as it.

use super::ErrorReport;
use crate::plan::Grade;
use serde::{Deserialize, Serialize};

/// Whether a store's role can get out of its schema: what was tried as the role, and what the catalogs show.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Isolation {
    /// The role.
    pub role: String,
    /// How it was tried: `login`, `session_authorization`, `set_role`.
    pub way: String,
    /// Why it was not by login.
    pub way_reason: Option<String>,
    /// When, RFC 3339.
    pub at: String,
    /// What was tried, kind by kind; each attempt must be refused.
    pub attempts: Vec<Attempts>,
    /// Rights on relations outside the schema that the catalogs were asked for.
    pub rights_asked: u64,
    /// How many of them the role does not have.
    pub rights_denied: u64,
    /// Tables outside the schema that the configuration lets it use: `public.currencies: select`.
    pub common: Vec<String>,
    /// What leads out of the schema or into it; grade `stop`. Grade `note`: worth knowing.
    pub leaks: Vec<Leak>,
}

impl Isolation {
    /// Every attempt was refused, and the catalogs show no leak.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.attempts.iter().all(|of| of.not_refused.is_empty()) && self.faults().next().is_none()
    }

    /// How many attempts were made, and how many were refused.
    #[must_use]
    pub fn counts(&self) -> (u64, u64) {
        let refused = |of: &Attempts| of.refused.len() as u64;
        (self.attempts.iter().map(|of| of.tried).sum(), self.attempts.iter().map(refused).sum())
    }

    /// The leaks without the notes.
    pub fn faults(&self) -> impl Iterator<Item = &Leak> {
        self.leaks.iter().filter(|leak| leak.grade == Grade::Stop)
    }
}

/// Attempts of one kind.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Attempts {
    /// `select`, `truncate`, `set_role`, …
    pub kind: String,
    /// How many.
    pub tried: u64,
    /// What it was tried on and refused: SQLSTATE 42501, or nothing shown.
    pub refused: Vec<String>,
    /// What was not refused.
    pub not_refused: Vec<NotRefused>,
}

/// An attempt that was not refused.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct NotRefused {
    /// What it was tried on.
    pub object: String,
    /// What came instead of the refusal.
    pub got: String,
}

/// Something that leads out of a store schema, or into it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Leak {
    /// A word for scripts: `public_grant`, `security_definer`, `view`.
    pub code: String,
    /// `stop`: a leak. `note`: worth knowing.
    pub grade: Grade,
    /// What leaks.
    pub object: String,
    /// How, in a sentence fragment.
    pub message: String,
    /// The SQL that mends it.
    pub remedy: String,
}

/// The role of a store.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct RoleReport {
    /// The store's key.
    pub store: String,
    /// The store's name.
    pub name: Option<String>,
    /// The store schema.
    pub schema: String,
    /// The role's name.
    pub role: String,
    /// Whether it is there: `none`, `made`, `revoked`, or `foreign` where the journal does not know it as the store's.
    pub state: String,
    /// What was just done: `made`, `rotated`, `revoked`.
    pub deed: Option<String>,
    /// Whether it may log in.
    pub can_login: bool,
    /// Whether it has a password; none where we may not know.
    pub has_password: Option<bool>,
    /// Connections that it may have at once; none: any number.
    pub connection_limit: Option<u32>,
    /// Connections that it has.
    pub session_count: u64,
    /// Its search path in this database.
    pub search_path: Option<String>,
    /// Roles that may act as it.
    pub members: Vec<String>,
    /// Roles that it may act as.
    pub memberships: Vec<String>,
    /// What it was given in this database: `schema store_4: usage`.
    pub grants: Vec<String>,
    /// Connections that were ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_sessions: Option<u64>,
    /// Connections that we may not end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_sessions: Option<u64>,
    /// Its new password, where somebody asked to see it. It is nowhere else, and cannot be read back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Why nothing was done with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorReport>,
}
