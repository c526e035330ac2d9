//! What was done, as a value: the one document of every command, in every format.
//!
//! Steps fill it from what they saw and from the journal; `view` prints it. A difference is a result, not an error.

use serde::{Deserialize, Serialize};

use crate::error::{Exit, ServerError};
use crate::forecast::Forecast;
use crate::ident::Ident;
use crate::plan::{Finding, Grade, Plan};
use crate::stage::Stage;
use crate::store::Store;

/// The document. Optional parts are present where the command has them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// 1; grows when a reader would have to change.
    pub schema_version: u32,
    /// The command: `migrate`.
    pub command: String,
    /// The run's id, 8 hex digits; none for commands that leave no run.
    pub run: Option<String>,
    /// When it began, RFC 3339 in UTC.
    pub started: String,
    /// When it ended.
    pub ended: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The process exit code.
    pub exit_code: u8,
    /// `host:port/database as role`, without a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// The stores, in the order of their keys.
    #[serde(default)]
    pub stores: Vec<StoreReport>,
    /// What the plan found.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// `plan`: what would be done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plans: Vec<Plan>,
    /// `audit`: what was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit: Option<Audit>,
    /// `verify --all`: where each row of the shared tables is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub balance: Vec<BalancedTable>,
    /// What moving the stores should take; after the run, with what it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forecast: Option<Forecast>,
    /// `tables`: every table of the shared schema.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<TableClass>,
    /// `stores`: the registry with stages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub store_list: Vec<StoreLine>,
    /// `status`: runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<RunLine>,
    /// `config`: keys, masked values, origins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<Setting>,
    /// `template render`: SQL text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// `role`: the role of each store.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<RoleReport>,
    /// `pooler`: an entry per store, and the connections that they take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pooler: Option<PoolerReport>,
    /// What a run uses of the server's connections.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connections: Option<Connections>,
    /// What held the run back, and how long.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<Held>,
    /// Why nothing was done, where nothing was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorReport>,
    /// What to do next.
    #[serde(default)]
    pub next_steps: Vec<NextStep>,
}

impl Report {
    /// An empty document; times are RFC 3339.
    pub fn new(command: &str, run: Option<String>, started: impl Into<String>) -> Self {
        Self {
            schema_version: 1,
            command: command.to_owned(),
            run,
            started: started.into(),
            ended: String::new(),
            outcome: Outcome::Done,
            exit_code: 0,
            database: None,
            stores: Vec::new(),
            findings: Vec::new(),
            plans: Vec::new(),
            audit: None,
            balance: Vec::new(),
            forecast: None,
            tables: Vec::new(),
            store_list: Vec::new(),
            runs: Vec::new(),
            settings: Vec::new(),
            text: None,
            roles: Vec::new(),
            pooler: None,
            connections: None,
            held: Vec::new(),
            error: None,
            next_steps: Vec::new(),
        }
    }

    /// The findings that the exit code is about: what stops a migration, and in an audit every one that counts rows.
    pub fn faults(&self) -> impl Iterator<Item = &Finding> {
        let counts_rows = |finding: &Finding| self.audit.is_some() && finding.count.is_some_and(|count| count > 0);
        self.findings.iter().filter(move |finding| finding.grade == Grade::Stop || counts_rows(finding))
    }

    /// Closes the document with the exit code of its stores.
    #[must_use]
    pub fn end(mut self, exit: Exit, ended: impl Into<String>) -> Self {
        self.ended = ended.into();
        self.exit_code = exit.code();
        self.outcome = Outcome::of(exit);
        self
    }
}

/// How a run, or one store of it, ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As asked.
    Done,
    /// Not begun: a refusal.
    Refused,
    /// Begun and failed; rolled back or resumable.
    Failed,
    /// Differences were found.
    Differs,
    /// Some stores of a fleet failed.
    Partial,
    /// By a signal.
    Interrupted,
}

impl Outcome {
    /// The word for an exit code.
    #[must_use]
    pub fn of(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::Done,
            Exit::Failed | Exit::Unreachable => Self::Failed,
            Exit::Refused | Exit::Held => Self::Refused,
            Exit::Differs => Self::Differs,
            Exit::Partial => Self::Partial,
            Exit::Interrupted => Self::Interrupted,
        }
    }

    /// The word itself.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Differs => "differs",
            Self::Partial => "partial",
            Self::Interrupted => "interrupted",
        }
    }
}

/// One store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoreReport {
    /// Its key, always a string.
    pub store: String,
    /// Its name.
    pub name: Option<String>,
    /// Its store schema.
    pub schema: String,
    /// The URL that the application has, password masked; none where none is configured.
    pub url: Option<String>,
    /// Its own role, where one was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// How far its move is; none before the first move.
    pub stage: Option<Stage>,
    /// How it ended in this run.
    pub outcome: Outcome,
    /// Nothing was left to do.
    pub already_done: bool,
    /// Rows in its schema, where they were counted.
    pub row_count: u64,
    /// Bytes that were copied.
    pub bytes: u64,
    /// From the first step to the last.
    pub seconds: f64,
    /// Each table, in the manifest's order.
    pub tables: Vec<TableReport>,
    /// What was checked beside the rows.
    pub checks: Vec<Check>,
    /// What the last validation asked of the application, and what it saw.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub probes: Vec<ProbeReport>,
    /// Queries of the configuration, run on both sides.
    pub samples: Vec<Sample>,
    /// What supports the claims.
    pub evidence: Evidence,
    /// What nobody looked at, as codes: `application`, `other_roles`, `backup`.
    pub not_checked: Vec<String>,
    /// The application's own next steps, with their real state.
    pub steps: Vec<OpenStep>,
    /// The plan's findings for this store, notes too.
    pub findings: Vec<Finding>,
    /// Why it failed.
    pub error: Option<ErrorReport>,
    /// `rehearse`: it was no move, only the rehearsal of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rehearsal: Option<Rehearsal>,
    /// `verify --isolation`, the newest: whether its role can get out of its schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolation: Option<Isolation>,
}

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

/// What a rehearsal of a store came to, its rows and checks aside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rehearsal {
    /// Its schema is gone again.
    pub dropped: bool,
    /// Bytes that its schema took on disk.
    pub disk_bytes: u64,
    /// Each step and how long it took; stores of one wave are copied together.
    pub steps: Vec<StepTime>,
}

/// A step and its time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepTime {
    /// `plan`, `create`, `copy`, `verify`, `switch`, `validate`, `abandon`.
    pub step: String,
    /// How long it took.
    pub seconds: f64,
}

impl StoreReport {
    /// Nothing is known of it yet.
    #[must_use]
    pub fn of(store: &Store) -> Self {
        Self {
            store: store.key.text().to_owned(),
            name: store.name.clone(),
            schema: store.schema.raw().to_owned(),
            url: None,
            role: None,
            stage: None,
            outcome: Outcome::Done,
            already_done: false,
            row_count: 0,
            bytes: 0,
            seconds: 0.0,
            tables: Vec::new(),
            checks: Vec::new(),
            probes: Vec::new(),
            samples: Vec::new(),
            evidence: Evidence::default(),
            not_checked: Vec::new(),
            steps: Vec::new(),
            findings: Vec::new(),
            error: None,
            rehearsal: None,
            isolation: None,
        }
    }

    /// Whether a table differs or a check fails; where only the isolation was looked at, whether it does not hold.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.tables.iter().any(|table| table.verdict == Verdict::Differs)
            || self.checks.iter().any(|check| check.verdict == CheckVerdict::Fail)
            || self.samples.iter().any(|sample| !sample.equal)
            || self.evidence.mode.as_deref() == Some("isolation")
                && self.isolation.as_ref().is_some_and(|isolation| !isolation.holds())
    }

    /// Whether a probe failed when it was asked last. The copy may be proven all the same.
    #[must_use]
    pub fn has_failed_probe(&self) -> bool {
        self.probes.iter().any(|probe| !probe.passed)
    }

    /// All tables were compared row by row and none differs.
    #[must_use]
    pub fn proven(&self) -> bool {
        !self.tables.is_empty() && self.tables.iter().all(|table| table.verdict == Verdict::Equal) && !self.differs()
    }
}

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

/// A probe of the application, and what it saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProbeReport {
    /// Its name: `create_order`.
    pub probe: String,
    /// What people call it, per language.
    pub title: Texts,
    /// `http`, `sql`, `command`.
    pub kind: String,
    /// Whether it saw what it should.
    pub passed: bool,
    /// What it saw; where it failed, why. Secrets are masked.
    pub seen: String,
    /// How often it was tried.
    pub try_count: u32,
    /// How long all tries took, with the waits between them.
    pub seconds: f64,
    /// When it ended, RFC 3339.
    pub at: String,
    /// Of an sql probe: the role that it ran as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Of an sql probe: whether that role is the store's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_role: Option<bool>,
    /// Of an sql probe: the store's own role, where the server did not let us act as it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_role: Option<String>,
}

/// A text in several languages: `{"es": …, "en": …}`.
pub type Texts = std::collections::BTreeMap<String, String>;

/// A query of the configuration, run on both sides.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Its title per language.
    pub title: Texts,
    /// Column names.
    pub columns: Vec<String>,
    /// Rows of the store schema, as text.
    pub rows: Vec<Vec<Option<String>>>,
    /// Both sides gave the same.
    pub equal: bool,
}

/// What supports the claims.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The snapshot at which the shared rows were read (`pg_current_snapshot`).
    pub source_snapshot: Option<String>,
    /// The snapshot at which the store schema was read back.
    pub target_snapshot: Option<String>,
    /// When it was proven, RFC 3339.
    pub verified_at: Option<String>,
    /// When it was switched, RFC 3339.
    pub switched_at: Option<String>,
    /// The switch itself.
    pub switch: Option<SwitchEvidence>,
    /// `shared` or `live`: what `verify` compared with.
    pub mode: Option<String>,
    /// Whether the verdict stands in the journal; else why not.
    pub recorded: bool,
    /// How far above the shared maximum the sequences begin.
    pub id_headroom: Option<u64>,
}

/// How the switch went.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SwitchEvidence {
    /// The longest time that writers of the shared tables were held up, in milliseconds.
    pub longest_hold_ms: f64,
    /// Tries for the lock.
    pub try_count: u32,
    /// Rounds of copying again what had changed.
    pub round_count: u32,
    /// Tables that were copied again.
    pub recopied: Vec<String>,
    /// Told by a person, not done by us.
    pub by_hand: bool,
}

/// A step that only the application's people can do.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct OpenStep {
    /// Its text per language.
    pub text: Texts,
    /// Whether evidence ticks it.
    pub done: bool,
    /// What would tick it: `validated`, `probe:NAME`, `backup`, `never`.
    pub done_when: String,
    /// What ticks it, or what speaks against it; none where nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<StepEvidence>,
}

/// What somebody saw, and when.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct StepEvidence {
    /// RFC 3339.
    pub at: String,
    /// For people, in English.
    pub seen: String,
}

/// A command that leads on.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct NextStep {
    /// Why.
    pub why: String,
    /// What to type.
    pub command: String,
}

/// An error, as far as a person or a script can use it.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct ErrorReport {
    /// What failed.
    pub message: String,
    /// Why, outermost first.
    #[serde(default)]
    pub because: Vec<String>,
    /// The way on.
    pub hint: Option<String>,
    /// The exit code that this error alone would give.
    pub exit_code: u8,
    /// All that the server said.
    pub server: Option<ServerError>,
}

/// What an audit looked at; what it found stands in the findings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Audit {
    /// Stores whose rows were looked for.
    pub store_count: u64,
    /// The snapshot at which all rows were read (`pg_current_snapshot`).
    pub snapshot: String,
    /// The shared tables, in the manifest's order.
    pub tables: Vec<AuditedTable>,
}

/// One shared table that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditedTable {
    /// Its name.
    pub table: String,
    /// How its rows lead to a store.
    pub owner_path: String,
    /// The planner's estimate; -1 where unknown.
    pub row_estimate: i64,
    /// Bytes of its rows, with what is stored out of line.
    pub bytes: u64,
    /// Foreign keys whose rows were looked at.
    pub key_count: u64,
    /// How many faults its rows have; a row may have several.
    pub fault_count: u64,
    /// How long it took.
    pub seconds: f64,
}

/// Where the rows of one shared table are: each of them is counted once.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct BalancedTable {
    /// Its name.
    pub table: String,
    /// All its rows.
    pub row_count: u64,
    /// Rows of switched stores.
    pub switched: u64,
    /// Rows that were loaded for those stores and proven, by the journal.
    pub loaded: u64,
    /// Rows of stores of the registry that are not switched.
    pub waiting: u64,
    /// Rows of stores that the registry lacks.
    pub unknown: u64,
    /// Rows that lead to no store.
    pub nobodys: u64,
    /// Rows that lead to more than one store.
    pub several: u64,
}

impl BalancedTable {
    /// Every row is in exactly one place: in one store schema where its store is switched, else in the shared table only.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let sum = self.switched + self.waiting + self.unknown + self.nobodys;
        sum == self.row_count && self.switched == self.loaded && self.several == 0
    }
}

/// A table of the shared schema and what becomes of it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct TableClass {
    /// Its name.
    pub table: String,
    /// `owned`, `common`, `ignored`, `undecided`, `registry`.
    pub class: String,
    /// How its rows lead to a store.
    pub owner_path: Option<String>,
    /// Why it has this class.
    pub why: String,
    /// The planner's estimate; -1 where unknown.
    pub row_estimate: i64,
    /// Bytes with indexes and TOAST.
    pub bytes: u64,
}

/// A store of the registry.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct StoreLine {
    /// Its key.
    pub store: String,
    /// Its name.
    pub name: Option<String>,
    /// Its store schema, named or to be named.
    pub schema: String,
    /// `none` before the first move; `rehearsal` of one that was no move.
    pub stage: String,
    /// Whether `[registry] where` takes it into `--all`.
    pub in_all: bool,
    /// Rows that were copied; none where nothing was.
    pub row_count: Option<u64>,
    /// Bytes of its schema; none where there is none.
    pub bytes: Option<u64>,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunLine {
    /// Its id.
    pub run: String,
    /// The command line, secrets masked.
    pub command_line: String,
    /// Who: `user@host`.
    pub who: String,
    /// When it began, RFC 3339.
    pub started: String,
    /// When it ended; none: unfinished.
    pub ended: Option<String>,
    /// `done`, `failed`, …; `running` or `unfinished` where it did not end.
    pub outcome: String,
    /// Where it runs and somebody paused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<PausedLine>,
    /// Its stores with the stage of each.
    pub stores: Vec<StoreLine>,
}

/// Who paused a run.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct PausedLine {
    /// RFC 3339.
    pub since: String,
    /// `user@host`.
    pub by: String,
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

/// What an archive holds: its `contents.json`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct ArchiveContents {
    /// 1; grows when a reader would have to change.
    pub format: u32,
    /// The store's key.
    pub store: String,
    /// The store's name.
    pub name: Option<String>,
    /// The schema that `load.sql` makes.
    pub schema: String,
    /// The database that it was in.
    pub database: String,
    /// The snapshot at which it was read (`pg_current_snapshot`).
    pub snapshot: String,
    /// `server_version_num`.
    pub server_version: u32,
    /// The version of tenantctl.
    pub tool_version: String,
    /// What `pg_dump --version` says.
    pub pg_dump: String,
    /// The run that made it.
    pub run: String,
    /// Algorithm and version of the digests.
    pub digest_name: String,
    /// Types outside the schema that must be there before it is loaded.
    pub outer_types: Vec<String>,
    /// Foreign keys that lead out of the schema, in `outer_keys.sql`.
    pub outer_key_count: u64,
    /// The tables.
    pub tables: Vec<ArchivedFile>,
}

/// The rows of one table.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct ArchivedFile {
    /// The table.
    pub table: String,
    /// Its file, in COPY's text form: a line per row.
    pub file: String,
    /// Lines.
    pub row_count: u64,
    /// `row_count:byte_count:sum` over the lines.
    pub digest: String,
}

/// Entries of a pooler, and the connections that they take.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct PoolerReport {
    /// `pgbouncer`, `pgdog`.
    pub software: String,
    /// How it lends server connections: `session`, `transaction`.
    pub mode: String,
    /// The server, as the pooler reaches it.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The database.
    pub database: String,
    /// Server connections of one entry, in each process of the pooler.
    pub pool_size: u32,
    /// Processes of the pooler.
    pub processes: u32,
    /// Connections that all entries together may open.
    pub needed: u64,
    /// Connections that the server has for them.
    pub room: u64,
    /// The server's setting.
    pub max_connections: u64,
    /// Kept by the server for superusers and the like.
    pub reserved: u64,
    /// Used by neither these roles nor tenantctl.
    pub others: u64,
    /// Whether what is needed is there.
    pub fits: bool,
    /// The file that was written; none: it is the text.
    pub file: Option<String>,
    /// The entries.
    pub entries: Vec<PoolerEntry>,
}

/// The entry of a store.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct PoolerEntry {
    /// The store's key.
    pub store: String,
    /// The store's name.
    pub name: Option<String>,
    /// The store schema.
    pub schema: String,
    /// The role that everybody has who asks for the entry.
    pub role: String,
    /// What clients ask for.
    pub entry: String,
}

/// What a run uses of the server's connections.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Connections {
    /// As many as it opens at most.
    pub most: usize,
    /// As many as this role may still open.
    pub free: usize,
    /// The server's setting.
    pub max_connections: usize,
    /// Stores that are copied together.
    pub wave: usize,
    /// Stores that are worked on at once.
    pub stores_at_once: usize,
}

impl Connections {
    /// Whether they are there.
    #[must_use]
    pub fn are_enough(&self) -> bool {
        self.most <= self.free
    }
}

/// How long a limit kept a run from beginning anything new.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// `pause`, `max_lag`, `max_active`, `max_wal_rate`, `max_lock_waits`.
    pub limit: String,
    /// In all.
    pub seconds: f64,
}

/// A key of the configuration.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    /// `shared.schema`.
    pub key: String,
    /// Its value, secrets masked.
    pub value: String,
    /// `flag`, `environment NAME`, `profile NAME`, `file PATH:LINE`, `default`.
    pub origin: String,
}
