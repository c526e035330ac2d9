//! What a look at one table gave, and at the checks beside.

use crate::ident::Ident;
use serde::{Deserialize, Serialize};

/// Both sides of one number.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Sides {
    /// In the shared schema.
    pub source: Option<u64>,
    /// In the store schema.
    pub target: Option<u64>,
}

/// What is said of a table.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Equal row by row.
    Equal,
    /// Not equal.
    Differs,
    /// Copied and not yet compared.
    NotVerified,
    /// After the switch, `--live`: the shared rows are as they were at the switch.
    Untouched,
    /// Not begun.
    Pending,
}

/// One table of one store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableReport {
    /// Its name.
    pub table: String,
    /// Its heading.
    pub group: Option<String>,
    /// Rows on both sides.
    pub row_count: Sides,
    /// Bytes of the source's rows as COPY sends them.
    pub bytes: u64,
    /// Time of its copy, in seconds.
    pub seconds: f64,
    /// Whether both digests agree; none: not compared.
    pub digest_equal: Option<bool>,
    /// `name rows:bytes:sum`, both sides.
    pub digest: DigestPair,
    /// The verdict.
    pub verdict: Verdict,
    /// Rows that differ, `--max-diffs` at most.
    #[serde(default)]
    pub differences: Vec<Difference>,
    /// How many rows differ in all.
    #[serde(default)]
    pub difference_count: u64,
    /// `--live`: rows now in the store schema; counted, not judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live_row_count: Option<u64>,
}

impl TableReport {
    /// Not begun.
    #[must_use]
    pub fn pending(table: &Ident, group: Option<String>) -> Self {
        Self {
            table: table.raw().to_owned(),
            group,
            row_count: Sides::default(),
            bytes: 0,
            seconds: 0.0,
            digest_equal: None,
            digest: DigestPair::default(),
            verdict: Verdict::Pending,
            differences: Vec::new(),
            difference_count: 0,
            live_row_count: None,
        }
    }
}

/// Both digests, as `rows:bytes:sum`.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct DigestPair {
    /// Algorithm and version.
    pub name: String,
    /// Of the shared rows.
    pub source: Option<String>,
    /// Of the store schema's rows.
    pub target: Option<String>,
}

/// What kind of difference a row is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// In the shared schema only.
    Missing,
    /// In the store schema only.
    Extra,
    /// In both, with other values.
    Changed,
}

/// One row that differs.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// What kind.
    pub kind: DifferenceKind,
    /// The key's columns and values as text; for a table without a key, all columns.
    pub key: Vec<(String, Option<String>)>,
    /// The columns that differ, for a changed row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// The application may have made it: the store was switched before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub after_switch: bool,
}

/// What is said of a check.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckVerdict {
    /// As it must be.
    Pass,
    /// Not as it must be.
    Fail,
    /// Could not be looked at; the detail says why.
    NotChecked,
}

/// A check beside the rows.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// A word for scripts: `foreign_keys_validated`.
    pub check: String,
    /// The verdict.
    pub verdict: CheckVerdict,
    /// `14 of 14`.
    pub detail: String,
    /// What is wrong, item by item.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<String>,
}

impl Check {
    /// Passes where `items`, the list of what is wrong, is empty.
    pub fn of(check: &str, detail: impl Into<String>, items: Vec<String>) -> Self {
        let verdict = if items.is_empty() { CheckVerdict::Pass } else { CheckVerdict::Fail };
        Self { check: check.to_owned(), verdict, detail: detail.into(), items }
    }

    /// Was not looked at.
    pub fn not_checked(check: &str, why: impl Into<String>) -> Self {
        Self { check: check.to_owned(), verdict: CheckVerdict::NotChecked, detail: why.into(), items: Vec::new() }
    }
}
