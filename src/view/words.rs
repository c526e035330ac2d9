//! Every word that the text report says, one value per language.
//!
//! Machine words (stages, codes, checks) are English everywhere and are not here. A `{}` is filled by [`fill`], in
//! the order of the sentence, so a translation keeps the order of its slots.

/// A language of the report.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Lang {
    /// English.
    #[default]
    En,
}

impl Lang {
    /// The key of this language in [`crate::report::Texts`].
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
        }
    }

    /// Its words.
    #[must_use]
    pub fn words(self) -> &'static Words {
        match self {
            Self::En => &ENGLISH,
        }
    }
}

/// A thing that is counted: one, and all other numbers.
pub type Noun = (&'static str, &'static str);

/// The words of one language. What each field means is what its English says.
#[expect(missing_docs, reason = "the English text is the documentation")]
#[derive(Debug)]
pub struct Words {
    pub title: &'static str,
    pub plan_title: &'static str,
    pub months: [&'static str; 12],
    // nouns
    pub row: Noun,
    pub table_noun: Noun,
    pub store_noun: Noun,
    pub check_noun: Noun,
    pub sample_noun: Noun,
    pub statement: Noun,
    pub byte: Noun,
    // labels of fields and columns
    pub store: &'static str,
    pub name: &'static str,
    pub schema: &'static str,
    pub stage: &'static str,
    pub date: &'static str,
    pub url: &'static str,
    pub database: &'static str,
    pub run: &'static str,
    pub copied: &'static str,
    pub table: &'static str,
    pub rows: &'static str,
    pub shared: &'static str,
    pub in_store: &'static str,
    pub now: &'static str,
    pub verdict: &'static str,
    pub outcome: &'static str,
    pub owner_path: &'static str,
    pub format: &'static str,
    pub change_test: &'static str,
    pub class: &'static str,
    pub why: &'static str,
    pub size: &'static str,
    pub kind: &'static str,
    pub key: &'static str,
    pub columns: &'static str,
    pub value: &'static str,
    pub origin: &'static str,
    pub command: &'static str,
    pub who: &'static str,
    pub started: &'static str,
    pub ended: &'static str,
    pub stores_column: &'static str,
    pub keys: &'static str,
    pub hint: &'static str,
    pub steps: &'static str,
    pub template: &'static str,
    // headings
    pub checks: &'static str,
    pub differences: &'static str,
    pub samples: &'static str,
    pub evidence: &'static str,
    pub not_checked: &'static str,
    pub open_steps: &'static str,
    pub next: &'static str,
    pub stops: &'static str,
    pub notes: &'static str,
    pub statements: &'static str,
    pub store_heading: &'static str,
    pub all_stores: &'static str,
    // verdicts and states
    pub equal: &'static str,
    pub equal_empty: &'static str,
    pub differs: &'static str,
    pub not_verified: &'static str,
    pub untouched: &'static str,
    pub pending: &'static str,
    pub missing: &'static str,
    pub proven: &'static str,
    pub not_proven: &'static str,
    pub none: &'static str,
    pub no_move: &'static str,
    pub unnamed: &'static str,
    pub other_tables: &'static str,
    pub index: &'static str,
    pub scan: &'static str,
    pub binary: &'static str,
    pub text: &'static str,
    pub row_missing: &'static str,
    pub row_extra: &'static str,
    pub row_changed: &'static str,
    pub after_switch: &'static str,
    pub unfinished: &'static str,
    pub not_in_all: &'static str,
    // sentences
    pub already_done: &'static str,
    pub nothing_to_do: &'static str,
    pub all_equal: &'static str,
    pub all_untouched: &'static str,
    pub compared_of: &'static str,
    pub none_compared: &'static str,
    pub differs_in: &'static str,
    pub rows_differ: &'static str,
    pub more: &'static str,
    pub sides_agree: &'static str,
    pub sides_differ: &'static str,
    pub no_rows: &'static str,
    pub compared: &'static str,
    pub against: &'static str,
    pub against_shared: &'static str,
    pub against_live: &'static str,
    pub shared_snapshot: &'static str,
    pub store_snapshot: &'static str,
    pub verified_at: &'static str,
    pub switched_at: &'static str,
    pub held: &'static str,
    pub held_text: &'static str,
    pub by_hand: &'static str,
    pub tries: Noun,
    pub rounds: Noun,
    pub recopied: &'static str,
    pub headroom: &'static str,
    pub headroom_text: &'static str,
    pub recorded: &'static str,
    pub recorded_yes: &'static str,
    pub recorded_no: &'static str,
    pub around_load: &'static str,
    pub copied_text: &'static str,
    pub nothing_listed: &'static str,
    pub where_stands: &'static str,
}

static ENGLISH: Words = Words {
    title: "Migration report",
    plan_title: "Migration plan",
    months: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    row: ("row", "rows"),
    table_noun: ("table", "tables"),
    store_noun: ("store", "stores"),
    check_noun: ("check", "checks"),
    sample_noun: ("sample", "samples"),
    statement: ("statement", "statements"),
    byte: ("byte", "bytes"),
    store: "store",
    name: "name",
    schema: "schema",
    stage: "stage",
    date: "date",
    url: "url",
    database: "database",
    run: "run",
    copied: "copied",
    table: "table",
    rows: "rows",
    shared: "shared",
    in_store: "store",
    now: "now",
    verdict: "verdict",
    outcome: "outcome",
    owner_path: "owner path",
    format: "format",
    change_test: "change test",
    class: "class",
    why: "why",
    size: "size",
    kind: "kind",
    key: "key",
    columns: "columns",
    value: "value",
    origin: "origin",
    command: "command",
    who: "who",
    started: "started",
    ended: "ended",
    stores_column: "stores",
    keys: "keys:",
    hint: "hint:",
    steps: "to do",
    template: "template",
    checks: "Checks",
    differences: "Differences",
    samples: "Samples",
    evidence: "Evidence",
    not_checked: "Not checked",
    open_steps: "Steps that are yours",
    next: "Next",
    stops: "Stops",
    notes: "Notes",
    statements: "Statements",
    store_heading: "Store {}",
    all_stores: "all stores",
    equal: "equal",
    equal_empty: "equal, empty",
    differs: "differs",
    not_verified: "not verified",
    untouched: "untouched",
    pending: "pending",
    missing: "missing",
    proven: "proven",
    not_proven: "not proven",
    none: "none",
    no_move: "none",
    unnamed: "(no name)",
    other_tables: "other tables",
    index: "index",
    scan: "whole table",
    binary: "binary",
    text: "text",
    row_missing: "missing",
    row_extra: "extra",
    row_changed: "changed",
    after_switch: "after the switch",
    unfinished: "unfinished",
    not_in_all: "not in --all",
    already_done: "store {} is already {}; nothing to do",
    nothing_to_do: "nothing to do",
    all_equal: "{} compared row by row, all equal",
    all_untouched: "the shared rows of {} are as they were at the switch",
    compared_of: "{} of {} compared row by row",
    none_compared: "no rows were compared",
    differs_in: "differs in {}",
    rows_differ: "{} differ",
    more: "… and {} more",
    sides_agree: "both sides agree",
    sides_differ: "the sides differ",
    no_rows: "no rows",
    compared: "compared",
    against: "against",
    against_shared: "the shared schema as it is now",
    against_live: "the shared rows as they were at the switch",
    shared_snapshot: "shared snapshot",
    store_snapshot: "store snapshot",
    verified_at: "verified",
    switched_at: "switched",
    held: "longest hold",
    held_text: "{} ms for other writers; {}, {}",
    by_hand: "told by a person, not done by tenantctl",
    tries: ("try", "tries"),
    rounds: ("round", "rounds"),
    recopied: "copied again",
    headroom: "id headroom",
    headroom_text: "sequences begin {} above the shared maximum",
    recorded: "recorded",
    recorded_yes: "in the journal",
    recorded_no: "not recorded",
    around_load: "{} before the load, {} after it",
    copied_text: "{}, {} in {}",
    nothing_listed: "nothing to list",
    where_stands: "where",
};

/// Puts the values into the slots of a sentence, in order.
#[must_use]
pub fn fill(sentence: &str, values: &[&str]) -> String {
    let mut parts = sentence.split("{}");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for (index, part) in parts.enumerate() {
        text.push_str(values.get(index).copied().unwrap_or_default());
        text.push_str(part);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_filled_in_order() {
        assert_eq!(fill("{} of {}, {}", &["1", "{}", "c"]), "1 of {}, c");
    }
}
