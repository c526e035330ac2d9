//! What was done, as a value: the one document of every command, in every format.
//!
//! Steps fill it from what they saw and from the journal; `view` prints it. A difference is a result, not an error.

mod alert;
mod audit;
mod backup;
mod isolation;
mod lists;
mod pooler;
mod table;

use serde::{Deserialize, Serialize};

use crate::error::{Exit, ServerError};
use crate::forecast::Forecast;
use crate::metric::FleetMetrics;
use crate::plan::{Finding, Grade, Plan};
use crate::stage::Stage;
use crate::store::Store;

pub use alert::AlertLine;
pub use audit::{Audit, AuditedTable, BalancedTable};
pub use backup::{BACKUP_FORMAT, BackedUp, BackupContents, BackupReport, BackupTable, Damage, Restored, TableFile};
pub use isolation::{Attempts, Isolation, Leak, NotRefused, RoleReport};
pub use lists::{PausedLine, RunLine, Setting, StoreLine, TableClass};
pub use pooler::{PoolerEntry, PoolerReport};
pub use table::{Check, CheckVerdict, Difference, DifferenceKind, DigestPair, Sides, TableReport, Verdict};

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
    /// `backup`, `restore`: what was done with which backup.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backups: Vec<BackupReport>,
    /// What a run uses of the server's connections.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connections: Option<Connections>,
    /// What held the run back, and how long.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<Held>,
    /// `metrics`: how the stores are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<FleetMetrics>,
    /// `alerts`: what is amiss by the rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<AlertLine>,
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
            backups: Vec::new(),
            connections: None,
            held: Vec::new(),
            metrics: None,
            alerts: Vec::new(),
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

    /// All tables were compared row by row, with the shared rows or with those that a clone was made of, and none differs.
    #[must_use]
    pub fn proven(&self) -> bool {
        let are_equal = match self.tables.is_empty() {
            true => self.cloned_as_sent().is_some(),
            false => self.tables.iter().all(|table| table.verdict == Verdict::Equal),
        };
        are_equal && !self.differs()
    }

    /// Of a clone: the check that its rows are those that were sent, where they are.
    #[must_use]
    pub fn cloned_as_sent(&self) -> Option<&Check> {
        self.checks.iter().find(|check| check.check == EQUALS_ITS_SOURCE && check.verdict == CheckVerdict::Pass)
    }
}

/// The check of a store that began as a copy of another's schema.
pub const EQUALS_ITS_SOURCE: &str = "equals_its_source";

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
