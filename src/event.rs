//! What work tells while it works.
//!
//! Bars, plain lines, JSON events, logs and the pauses of tests are readers of this one stream. Nothing below `view`
//! prints.

use std::time::Duration;

use crate::ident::Ident;
use crate::report::{Connections, Outcome};
use crate::store::Store;

/// A listener. It must not fail and must not be slow.
pub trait Observer: Sync + Send {
    /// Takes notice.
    fn notice(&self, event: &Event<'_>);
}

/// A step of the road.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// Reading what would be done.
    Plan,
    /// Making the store schema.
    Create,
    /// Copying rows, then keys and indexes.
    Copy,
    /// Comparing both sides.
    Verify,
    /// Routing the application.
    Switch,
    /// Asking it whether it works.
    Validate,
    /// Routing it back.
    Reverse,
    /// Dropping what was made.
    Abandon,
    /// Writing all of a store schema into files.
    Backup,
    /// Loading such files.
    Restore,
}

impl Step {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Plan,
        Self::Create,
        Self::Copy,
        Self::Verify,
        Self::Switch,
        Self::Validate,
        Self::Reverse,
        Self::Abandon,
        Self::Backup,
        Self::Restore,
    ];

    /// Its word, for machines and people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Create => "create",
            Self::Copy => "copy",
            Self::Verify => "verify",
            Self::Switch => "switch",
            Self::Validate => "validate",
            Self::Reverse => "reverse",
            Self::Abandon => "abandon",
            Self::Backup => "backup",
            Self::Restore => "restore",
        }
    }
}

/// Points at which a test may stop the process (`TENANTCTL_PAUSE_AT=<word>[:<table>]`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Moment {
    /// The registry's row and the move of a new store are committed.
    Registered,
    /// The schema is committed.
    SchemaCommitted,
    /// A table's COPY is open, no byte was sent.
    BeforeFirstByte,
    /// Half of the table's expected rows were sent; in a pass for several stores, of the planned ones.
    HalfSent,
    /// CopyDone was sent.
    CopyDone,
    /// Before a table's COMMIT.
    BeforeTableCommit,
    /// A table's COMMIT was sent, its answer not read.
    CommitSent,
    /// Between two tables.
    BetweenTables,
    /// Half of the second section is done.
    HalfAfterLoad,
    /// The sequences are set.
    SequencesSet,
    /// The verdict is written.
    VerdictWritten,
    /// The switch has its lock.
    LockTaken,
    /// Before the switch's COMMIT.
    BeforeSwitchCommit,
    /// After the switch's COMMIT.
    AfterSwitchCommit,
    /// In `abandon`, before its COMMIT.
    InAbandon,
    /// In `reverse`, before its COMMIT.
    InReverse,
}

impl Moment {
    /// All of them, in the order of the road.
    pub const ALL: [Self; 16] = [
        Self::Registered,
        Self::SchemaCommitted,
        Self::BeforeFirstByte,
        Self::HalfSent,
        Self::CopyDone,
        Self::BeforeTableCommit,
        Self::CommitSent,
        Self::BetweenTables,
        Self::HalfAfterLoad,
        Self::SequencesSet,
        Self::VerdictWritten,
        Self::LockTaken,
        Self::BeforeSwitchCommit,
        Self::AfterSwitchCommit,
        Self::InAbandon,
        Self::InReverse,
    ];

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::SchemaCommitted => "schema_committed",
            Self::BeforeFirstByte => "before_first_byte",
            Self::HalfSent => "half_sent",
            Self::CopyDone => "copy_done",
            Self::BeforeTableCommit => "before_table_commit",
            Self::CommitSent => "commit_sent",
            Self::BetweenTables => "between_tables",
            Self::HalfAfterLoad => "half_after_load",
            Self::SequencesSet => "sequences_set",
            Self::VerdictWritten => "verdict_written",
            Self::LockTaken => "lock_taken",
            Self::BeforeSwitchCommit => "before_switch_commit",
            Self::AfterSwitchCommit => "after_switch_commit",
            Self::InAbandon => "in_abandon",
            Self::InReverse => "in_reverse",
        }
    }
}

/// One thing that happened.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// A run began.
    RunStarted {
        /// Its id.
        run: &'a str,
        /// The command.
        command: &'a str,
        /// How many stores it is about.
        store_count: usize,
    },
    /// A step of a store began.
    StepStarted {
        /// The store.
        store: &'a Store,
        /// The step.
        step: Step,
    },
    /// A step of a store is done.
    StepDone {
        /// The store.
        store: &'a Store,
        /// The step.
        step: Step,
        /// How long it took.
        elapsed: Duration,
    },
    /// A table is about to be read.
    TableStarted {
        /// The store.
        store: &'a Store,
        /// The step: copy or verify.
        step: Step,
        /// The table.
        table: &'a Ident,
        /// Rows expected.
        row_count: u64,
    },
    /// A table goes on; told at most some ten times a second.
    TableProgress {
        /// The store.
        store: &'a Store,
        /// The table.
        table: &'a Ident,
        /// Rows so far.
        row_count: u64,
        /// Bytes so far.
        byte_count: u64,
    },
    /// A table is done.
    TableDone {
        /// The store.
        store: &'a Store,
        /// The step.
        step: Step,
        /// The table.
        table: &'a Ident,
        /// Rows.
        row_count: u64,
        /// Bytes.
        byte_count: u64,
        /// How long it took.
        elapsed: Duration,
    },
    /// A table is being audited for all stores at once.
    TableAudited {
        /// The table, bare.
        table: &'a Ident,
        /// Which one it is, from 1.
        index: usize,
        /// Of how many.
        count: usize,
    },
    /// A unit of the template's second section is done.
    UnitDone {
        /// The store.
        store: &'a Store,
        /// `create index`.
        label: &'a str,
        /// Which, from 1.
        index: usize,
        /// Of how many.
        count: usize,
        /// How long its transaction took; a small store's units share one.
        elapsed: Duration,
    },
    /// The switch tried for its lock on the shared tables.
    LockTried {
        /// The store.
        store: &'a Store,
        /// Which try, from 1.
        number: u32,
        /// `taken`; `busy` where a writer holds a table; `deadline` where it took too long; `failed`.
        result: &'a str,
        /// How long writers of other stores may have waited.
        elapsed: Duration,
    },
    /// A connection was made.
    Connected {
        /// What it is for: `reader`, `writer`, `lease`.
        session: &'a str,
        /// `host:port`.
        address: &'a str,
        /// How long it took.
        elapsed: Duration,
    },
    /// One of several servers was not taken.
    HostMissed {
        /// `host:port`.
        address: &'a str,
        /// What it has against us, for people.
        reason: &'a str,
    },
    /// SQL is sent; secrets are masked. Told only where somebody listens for it.
    Statement {
        /// The SQL, its values left out.
        sql: &'a str,
    },
    /// Work waits for somebody.
    Waiting {
        /// The store.
        store: &'a Store,
        /// For what, for people.
        reason: &'a str,
    },
    /// What the run will use of the server's connections.
    Budgeted {
        /// The numbers.
        connections: &'a Connections,
    },
    /// How a shared table is read for the stores of a wave.
    ReadChosen {
        /// The table.
        table: &'a Ident,
        /// How many stores have rows to be loaded.
        store_count: usize,
        /// Once for all, or once for each.
        one_pass: bool,
        /// For people.
        why: &'a str,
    },
    /// Nothing new begins, since a limit is passed or the run is paused.
    Held {
        /// Which: `pause`, `max_lag`, `max_active`, `max_wal_rate`, `max_lock_waits`.
        limit: &'a str,
        /// Its value: seconds, backends, bytes a second; of a pause none.
        value: Option<f64>,
        /// For people.
        reason: &'a str,
        /// RFC 3339.
        since: &'a str,
    },
    /// It goes on.
    WentOn {
        /// What held it last.
        limit: &'a str,
        /// How long.
        elapsed: Duration,
    },
    /// A probe of a store's application begins a try.
    ProbeStarted {
        /// The store.
        store: &'a Store,
        /// The probe's name.
        probe: &'a str,
        /// Which try, from 1.
        number: u32,
    },
    /// A try of a probe ended.
    ProbeTried {
        /// The store.
        store: &'a Store,
        /// The probe's name.
        probe: &'a str,
        /// Which try, from 1.
        number: u32,
        /// Whether it saw what it should.
        passed: bool,
        /// What it saw, for people; secrets are masked.
        seen: &'a str,
        /// How long the try took.
        elapsed: Duration,
    },
    /// A store is finished in this run.
    StoreDone {
        /// The store.
        store: &'a Store,
        /// How.
        outcome: Outcome,
        /// Its rows.
        row_count: u64,
        /// How long it took.
        elapsed: Duration,
    },
    /// Something worth knowing that stops nothing.
    Warned {
        /// For people.
        message: &'a str,
    },
    /// A moment at which tests may stop.
    Reached {
        /// Which.
        moment: Moment,
        /// The table, where there is one.
        table: Option<&'a Ident>,
    },
}
