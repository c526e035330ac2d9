//! The stages of a move and which may follow which.
//!
//! The journal's check constraints say the same in SQL (`pg/sql/journal.sql`).

use std::fmt;

use serde::{Deserialize, Serialize};

/// How far one store's move is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The plan is recorded; nothing is made.
    Planned,
    /// The store schema stands, without rows.
    Created,
    /// All rows are there, all keys and indexes, true at one snapshot.
    Copied,
    /// Proven equal row by row at that snapshot.
    Verified,
    /// The application is routed to the store schema.
    Switched,
    /// Probes of the application passed after the switch.
    Validated,
    /// The shared rows are gone.
    Purged,
    /// Switched back; the registry has its old values again.
    Reversed,
    /// Given up before the switch, or left after it; what was made is dropped.
    Abandoned,
}

impl Stage {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Planned,
        Self::Created,
        Self::Copied,
        Self::Verified,
        Self::Switched,
        Self::Validated,
        Self::Purged,
        Self::Reversed,
        Self::Abandoned,
    ];

    /// The word in the journal, in JSON and on the terminal.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Created => "created",
            Self::Copied => "copied",
            Self::Verified => "verified",
            Self::Switched => "switched",
            Self::Validated => "validated",
            Self::Purged => "purged",
            Self::Reversed => "reversed",
            Self::Abandoned => "abandoned",
        }
    }

    /// The stage of this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.word() == word)
    }

    /// Whether one transition leads there. A failure keeps the stage.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        use Stage::{Abandoned, Copied, Created, Planned, Purged, Reversed, Switched, Validated, Verified};
        matches!(
            (self, next),
            (Planned, Created)
                | (Created, Copied)
                | (Copied | Verified, Created) // rows changed since: they are loaded again
                | (Copied | Verified, Verified)
                | (Verified, Copied) // a later look found a difference
                | (Verified, Switched)
                | (Switched | Validated, Validated) // probes passed, again
                | (Validated, Switched) // a later look saw a probe fail
                | (Switched | Validated, Purged | Reversed)
                | (Planned | Created | Copied | Verified | Reversed, Abandoned)
                | (Switched | Validated, Abandoned) // `drop`: the store leaves
        )
    }

    /// The application is, or was last, routed to the store schema.
    #[must_use]
    pub fn is_switched(self) -> bool {
        matches!(self, Self::Switched | Self::Validated | Self::Purged)
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lead_back() {
        for stage in Stage::ALL {
            assert_eq!(Stage::of_word(stage.word()), Some(stage));
        }
    }

    #[test]
    fn nothing_is_switched_that_was_not_verified() {
        for stage in Stage::ALL {
            // A validated store is switched already; its switch stays what it was.
            let may = matches!(stage, Stage::Verified | Stage::Validated);
            assert_eq!(stage.may_become(Stage::Switched), may);
        }
    }

    #[test]
    fn what_is_abandoned_never_comes_back() {
        // That `abandon` drops nothing switched, `step/abandon` says; `drop` is for that.
        assert!(Stage::ALL.iter().all(|next| !Stage::Abandoned.may_become(*next)));
    }
}
