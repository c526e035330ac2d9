//! Every word that the pages for people say, one value per language.
//!
//! Machine words (stages, codes, checks, keys of JSON) are English everywhere; here are only their titles. A `{}` is
//! filled by [`fill`], in the order of the sentence, so a translation keeps the order of its slots.

mod english;
mod phrases;
mod probing;
mod refusals;
mod spanish;
mod surroundings;
mod translate;

use std::borrow::Cow;
use std::sync::OnceLock;

use self::english::ENGLISH;
use self::spanish::SPANISH;
use crate::event::Step;
use crate::report::{Outcome, Texts};
use crate::stage::Stage;

/// A language of the report.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Spanish of Mexico.
    Es,
}

impl Lang {
    /// The key of this language in [`crate::report::Texts`].
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Es => "es",
        }
    }

    /// Its words.
    #[must_use]
    pub fn words(self) -> &'static Words {
        match self {
            Self::En => &ENGLISH,
            Self::Es => &SPANISH,
        }
    }

    /// Its words in letters that every terminal has. Made once and kept.
    #[must_use]
    pub fn ascii_words(self) -> &'static Words {
        static ASCII: [OnceLock<Words>; 2] = [OnceLock::new(), OnceLock::new()];
        ASCII[self as usize].get_or_init(|| self.words().in_ascii())
    }

    /// The language of this key.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        [Self::En, Self::Es].into_iter().find(|lang| lang.code() == code)
    }

    /// The text in this language, else in English, else in any.
    #[must_use]
    pub fn pick(self, texts: &Texts) -> &str {
        let text = texts.get(self.code()).or_else(|| texts.get("en")).or_else(|| texts.values().next());
        text.map_or("", String::as_str)
    }
}

/// A thing that is counted: one, and all other numbers.
pub type Noun = (&'static str, &'static str);

/// The struct, and how each of its texts is respelt.
macro_rules! words {
    ($(pub $field:ident: $type:ty,)*) => {
        /// The words of one language. What each field means is what its English says.
        #[expect(missing_docs, reason = "the English text is the documentation")]
        #[derive(Debug)]
        pub struct Words {
            $(pub $field: $type,)*
        }

        impl Words {
            /// The same words in letters that every terminal has.
            fn in_ascii(&self) -> Self {
                Self { $($field: self.$field.respelt(),)* }.with_ascii()
            }
        }
    };
}

words! {
        pub lang: Lang,
        pub ascii: bool,
        pub title: &'static str,
        pub plan_title: &'static str,
        pub audit_title: &'static str,
        pub months: [&'static str; 12],
        // nouns
        pub row: Noun,
        pub table_noun: Noun,
        pub store_noun: Noun,
        pub check_noun: Noun,
        pub sample_noun: Noun,
        pub statement: Noun,
        pub key_noun: Noun,
        pub finding_noun: Noun,
        pub fault_noun: Noun,
        pub byte: Noun,
        // labels of fields and columns
        pub store: &'static str,
        pub name: &'static str,
        pub schema: &'static str,
        pub stage: &'static str,
        pub date: &'static str,
        pub url: &'static str,
        pub database: &'static str,
        pub database_as: &'static str,
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
        pub keys_column: &'static str,
        pub hint: &'static str,
        pub steps: &'static str,
        pub template: &'static str,
        pub parts: &'static str,
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
        pub line_number: &'static str,
        pub lines_are_of: &'static str,
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
        pub in_parts: &'static str,
        pub copied_text: &'static str,
        pub nothing_listed: &'static str,
        pub audit_clean: &'static str,
        pub audit_faults: &'static str,
        pub no_fault: &'static str,
        // where each row is
        pub balance_heading: &'static str,
        pub balance_whole: &'static str,
        pub balance_open: &'static str,
        pub balance_switched: &'static str,
        pub balance_waiting: &'static str,
        pub balance_unknown: &'static str,
        pub balance_nobodys: &'static str,
        pub balanced: &'static str,
        pub balance_loaded: &'static str,
        pub balance_several: &'static str,
        // how the stores are
        pub fleet_title: &'static str,
        pub growth: &'static str,
        pub row_growth: &'static str,
        pub dead_rows: &'static str,
        pub rows_written: &'static str,
        pub last_write: &'static str,
        pub last_vacuum: &'static str,
        pub last_analyze: &'static str,
        pub cache_hits: &'static str,
        pub index_use: &'static str,
        pub sequence_left: &'static str,
        pub query_time: &'static str,
        pub lock_waits: &'static str,
        pub proven_backup: &'static str,
        pub alerts: &'static str,
        pub heap_bytes: &'static str,
        pub toast_bytes: &'static str,
        pub index_bytes: &'static str,
        pub not_known: &'static str,
        pub ago: &'static str,
        pub asked_at: &'static str,
        pub sizes_estimated: &'static str,
        pub rows_estimated: &'static str,
        pub counted_since: &'static str,
        pub since_reading: &'static str,
        pub since_move: &'static str,
        pub size_chart: &'static str,
        pub growth_chart: &'static str,
        pub stage_chart: &'static str,
        pub in_own_schema: &'static str,
        pub firing: &'static str,
        pub nothing_fires: &'static str,
        pub may_fire: &'static str,
        pub over: &'static str,
        pub amiss_since: &'static str,
        pub find_store: &'static str,
        pub growth_bytes_chart: &'static str,
        pub written_per_second: &'static str,
        pub grown_per_second: &'static str,
        pub blocks_per_second: &'static str,
        pub busy: &'static str,
        pub longest_wait: &'static str,
        pub top_keys: &'static str,
        pub sorted_by: &'static str,
        pub of_role: &'static str,
        pub forecast_heading: &'static str,
        pub forecast_field: &'static str,
        pub forecast_moves: &'static str,
        pub forecast_bytes: &'static str,
        pub forecast_time: &'static str,
        pub forecast_disk: &'static str,
        pub forecast_wal: &'static str,
        pub forecast_catalog: &'static str,
        pub forecast_relations: &'static str,
        pub forecast_memory: &'static str,
        pub forecast_per_backend: &'static str,
        pub forecast_dump: &'static str,
        pub forecast_locks: &'static str,
        pub forecast_locks_short: &'static str,
        pub forecast_unknown: &'static str,
        pub forecast_short: &'static str,
        pub forecast_by_moves: &'static str,
        pub forecast_by_rehearsals: &'static str,
        pub forecast_no_rates: &'static str,
        pub forecast_no_rates_before: &'static str,
        pub forecast_actual: &'static str,
        pub forecast_ratio: &'static str,
        pub rehearsal: &'static str,
        pub rehearsal_dropped: &'static str,
        pub rehearsal_stands: &'static str,
        pub rehearsal_steps: &'static str,
        pub refer_out: &'static str,
        pub refer_in: &'static str,
        pub scan_cost: &'static str,
        pub where_stands: &'static str,
        // a date: day, month, year, and the time with its zone
        pub date_text: &'static str,
        // stages in their order: a word, and what it means for the store
        pub stages: [&'static str; 9],
        pub stage_sentences: [&'static str; 9],
        // outcomes in their order
        pub outcomes: [&'static str; 6],
        // titles of codes; a code without one is said as it is
        pub check_titles: &'static [(&'static str, &'static str)],
        pub not_checked_texts: &'static [(&'static str, &'static str)],
        pub groups: &'static [(&'static str, &'static str)],
        pub classes: &'static [(&'static str, &'static str)],
        pub run_states: &'static [(&'static str, &'static str)],
        // verdicts and outcomes that are said of several
        pub plurals: &'static [(&'static str, &'static str)],
        // probes of the application
        pub application: &'static str,
        pub probe_noun: Noun,
        pub probes_passed: &'static str,
        pub probes_failed: &'static str,
        pub probe_failed: &'static str,
        pub probes_well: &'static str,
        pub probe_line_passed: &'static str,
        pub probe_line_failed: &'static str,
        pub probe_roles: &'static str,
        pub probe_own_roles: &'static str,
        pub probe_refused_roles: &'static str,
        pub result_probes: &'static str,
        // labels of errors
        pub error: &'static str,
        pub because: &'static str,
        pub detail: &'static str,
        pub context: &'static str,
        pub constraint: &'static str,
        // the long report
        pub migration_date: &'static str,
        pub tables_moved: &'static str,
        pub tables_plain: &'static str,
        pub group_heading: &'static str,
        pub verification: &'static str,
        pub rows_heading: &'static str,
        pub configuration: &'static str,
        pub database_url: &'static str,
        pub own_schema: &'static str,
        pub routed_since: &'static str,
        pub not_routed: &'static str,
        pub structure_heading: &'static str,
        pub empty: &'static str,
        pub not_compared_empty: &'static str,
        pub supported: &'static str,
        pub isolation: &'static str,
        // backups
        pub backup: &'static str,
        pub backup_deeds: &'static [(&'static str, &'static str)],
        pub kept_as: &'static str,
        pub deleted: &'static str,
        // roles and isolation
        pub role: &'static str,
        pub role_states: &'static [(&'static str, &'static str)],
        pub login: &'static str,
        pub login_no: &'static str,
        pub login_yes: &'static str,
        pub login_with_password: &'static str,
        pub login_without_password: &'static str,
        pub connections: &'static str,
        pub any_number: &'static str,
        pub search_path: &'static str,
        pub no_value: &'static str,
        pub nobody: &'static str,
        pub members: &'static str,
        pub memberships: &'static str,
        pub grants: &'static str,
        pub ended_sessions: &'static str,
        pub left_sessions: &'static str,
        pub password_once: &'static str,
        pub isolation_of: &'static str,
        pub attempts_refused: &'static str,
        pub attempts_of_all: &'static str,
        pub ways: &'static [(&'static str, &'static str)],
        pub way: &'static str,
        pub catalogs: &'static str,
        pub rights_denied: &'static str,
        pub common_tables: &'static str,
        pub attempt: &'static str,
        pub refused: &'static str,
        pub attempt_kinds: &'static [(&'static str, &'static str)],
        pub leaks: &'static str,
        pub leak_notes: &'static str,
        pub leak_noun: Noun,
        pub no_leaks: &'static str,
        pub not_refused: &'static str,
        pub isolated: &'static str,
        pub has_left: &'static str,
        pub leaky: &'static str,
        pub leaks_in: &'static str,
        pub attempt_noun: Noun,
        pub indexes: &'static str,
        pub not_looked_at: &'static str,
        pub next_steps: &'static str,
        pub commands: &'static str,
        pub result: &'static str,
        pub of: &'static str,
        pub result_checks: &'static str,
        pub result_samples: &'static str,
        pub result_open: &'static str,
        pub no_move_yet: &'static str,
        pub findings_heading: &'static str,
        pub error_heading: &'static str,
        pub rows_per_table: &'static str,
        pub rows_per_store: &'static str,
        pub verdict_chart: &'static str,
        pub outcome_chart: &'static str,
        pub duration: &'static str,
        pub equal_tables: &'static str,
        pub untouched_tables: &'static str,
        pub made_by: &'static str,
        // progress and questions
        pub steps_of_road: [&'static str; 10],
        pub run_line: &'static str,
        pub step_line: &'static str,
        pub table_line: &'static str,
        pub step_begun: &'static str,
        pub step_done: &'static str,
        pub store_begun: &'static str,
        pub store_done: &'static str,
        pub store_asked: &'static str,
        pub rows_expected: &'static str,
        pub unit_done: &'static str,
        pub still_running: &'static str,
        pub waiting: &'static str,
        pub budget: &'static str,
        pub held_by: &'static str,
        pub went_on: &'static str,
        pub held_in_all: &'static str,
        pub paused: &'static str,
        pub warning: &'static str,
        pub failed_count: &'static str,
        pub yes_or_no: &'static str,
        pub type_the_key: &'static str,
        pub of_profile: &'static str,
        pub to_switch: &'static str,
        pub to_switch_all: &'static str,
        pub may_switch: &'static str,
        // the demo
        pub demo_is_up: &'static str,
        pub server_stays: &'static str,
        pub stop_it: &'static str,
}

/// A text, or something made of texts, without letters beyond ASCII.
trait Respell {
    fn respelt(&self) -> Self;
}

impl Respell for Lang {
    fn respelt(&self) -> Self {
        *self
    }
}

impl Respell for bool {
    fn respelt(&self) -> Self {
        *self
    }
}

impl Respell for &'static str {
    fn respelt(&self) -> Self {
        if self.is_ascii() { self } else { Box::leak(ascii(self).into_boxed_str()) }
    }
}

impl Respell for Noun {
    fn respelt(&self) -> Self {
        (self.0.respelt(), self.1.respelt())
    }
}

impl<const N: usize> Respell for [&'static str; N] {
    fn respelt(&self) -> Self {
        self.map(|text| text.respelt())
    }
}

impl Respell for &'static [(&'static str, &'static str)] {
    fn respelt(&self) -> Self {
        Box::leak(self.iter().map(Respell::respelt).collect())
    }
}

/// Our own words without accents, for a terminal that has none.
fn ascii(text: &str) -> String {
    let plain = |c| match c {
        'á' => "a",
        'é' => "e",
        'í' => "i",
        'ó' => "o",
        'ú' | 'ü' => "u",
        'ñ' => "n",
        'Á' => "A",
        'É' => "E",
        'Í' => "I",
        'Ó' => "O",
        'Ú' => "U",
        'Ñ' => "N",
        '…' => "...",
        '¿' | '¡' => "",
        _ => "?",
    };
    text.chars().map(|c| if c.is_ascii() { c.to_string() } else { plain(c).to_owned() }).collect()
}

impl Words {
    fn with_ascii(self) -> Self {
        Self { ascii: true, ..self }
    }

    /// A stage as a word of this language.
    #[must_use]
    pub fn stage_word(&self, stage: Stage) -> &'static str {
        in_order(Stage::ALL, stage, self.stages)
    }

    /// What a stage means for the store.
    #[must_use]
    pub fn stage_sentence(&self, stage: Stage) -> &'static str {
        in_order(Stage::ALL, stage, self.stage_sentences)
    }

    /// The stage with its machine word, where that is another: commands want the machine word.
    #[must_use]
    pub fn stage_with_code(&self, stage: Option<Stage>) -> String {
        match stage {
            None => self.no_move.to_owned(),
            Some(stage) if self.stage_word(stage) == stage.word() => stage.word().to_owned(),
            Some(stage) => format!("{} ({stage})", self.stage_word(stage)),
        }
    }

    /// A step of the road as a word of this language.
    #[must_use]
    pub fn step_word(&self, step: Step) -> &'static str {
        in_order(Step::ALL, step, self.steps_of_road)
    }

    /// `127.0.0.1:5432/main as mover`, which the document has in English.
    #[must_use]
    pub fn database_text(&self, database: &str) -> String {
        let (place, role) = database.rsplit_once(" as ").unwrap_or((database, ""));
        if role.is_empty() { database.to_owned() } else { fill(self.database_as, &[place, role]) }
    }

    /// An outcome as a word of this language.
    #[must_use]
    pub fn outcome_word(&self, outcome: Outcome) -> &'static str {
        use Outcome::{Differs, Done, Failed, Interrupted, Partial, Refused};
        in_order([Done, Refused, Failed, Differs, Partial, Interrupted], outcome, self.outcomes)
    }

    /// The title of a check.
    #[must_use]
    pub fn check_title(&self, code: &str) -> String {
        titled(self.check_titles, code).map_or_else(|| code.replace('_', " "), str::to_owned)
    }

    /// What nobody looked at.
    #[must_use]
    pub fn not_checked_text<'c>(&self, code: &'c str) -> &'c str
    where
        'static: 'c,
    {
        titled(self.not_checked_texts, code).unwrap_or(code)
    }

    /// The name of a group of tables.
    #[must_use]
    pub fn group<'c>(&self, code: &'c str) -> &'c str
    where
        'static: 'c,
    {
        titled(self.groups, code).unwrap_or(code)
    }

    /// The class of a shared table.
    #[must_use]
    pub fn class_word<'c>(&self, code: &'c str) -> &'c str
    where
        'static: 'c,
    {
        titled(self.classes, code).unwrap_or(code)
    }

    /// What there is of a role, or what was done with it.
    #[must_use]
    pub fn role_state<'c>(&self, code: &'c str) -> &'c str
    where
        'static: 'c,
    {
        titled(self.role_states, code).unwrap_or(code)
    }

    /// What was done with a backup, or how it is.
    #[must_use]
    pub fn backup_deed<'c>(&self, code: &'c str) -> &'c str
    where
        'static: 'c,
    {
        titled(self.backup_deeds, code).unwrap_or(code)
    }

    /// How something was tried as a role.
    #[must_use]
    pub fn way_text<'c>(&self, code: &'c str) -> &'c str
    where
        'static: 'c,
    {
        titled(self.ways, code).unwrap_or(code)
    }

    /// What was tried as a role.
    #[must_use]
    pub fn attempt_kind<'c>(&self, code: &'c str) -> &'c str
    where
        'static: 'c,
    {
        titled(self.attempt_kinds, code).unwrap_or(code)
    }

    /// How a run ended, or that it did not.
    #[must_use]
    pub fn run_state<'c>(&self, code: &'c str) -> &'c str
    where
        'static: 'c,
    {
        titled(self.run_states, code).unwrap_or(code)
    }

    /// A verdict or an outcome, said of so many.
    #[must_use]
    pub fn said_of<'w>(&self, count: u64, word: &'w str) -> &'w str
    where
        'static: 'w,
    {
        if count == 1 { word } else { titled(self.plurals, word).unwrap_or(word) }
    }

    /// A sentence that was made in English, in this language where it is known.
    #[must_use]
    pub fn phrase<'t>(&self, english: &'t str) -> Cow<'t, str> {
        let told = match self.lang {
            Lang::En => None,
            Lang::Es => translate::spanish(english, self),
        };
        told.map_or(Cow::Borrowed(english), Cow::Owned)
    }
}

/// The member at the same place.
fn in_order<T: PartialEq, const N: usize>(all: [T; N], one: T, words: [&'static str; N]) -> &'static str {
    all.iter().position(|other| *other == one).map_or("", |place| words[place])
}

fn titled(titles: &[(&'static str, &'static str)], code: &str) -> Option<&'static str> {
    titles.iter().find(|(known, _)| *known == code).map(|(_, title)| *title)
}

/// The first letter large: labels become headings.
#[must_use]
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

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
    fn both_languages_have_the_same_slots() {
        let slots = |text: &str| text.matches("{}").count();
        let (english, spanish) = (format!("{ENGLISH:#?}"), format!("{SPANISH:#?}"));
        for name in ["all_equal", "compared_of", "around_load", "in_parts", "held_text", "date_text", "tables_moved"] {
            let line = |text: &str| text.lines().find(|line| line.starts_with(&format!("    {name}:"))).map(slots);
            assert!(line(&english).is_some_and(|count| count > 0));
            assert_eq!(line(&english), line(&spanish), "{name}");
        }
        assert_eq!(english.lines().map(slots).sum::<usize>(), spanish.lines().map(slots).sum::<usize>());
        let codes = |words: &Words| words.not_checked_texts.iter().map(|(code, _)| *code).collect::<Vec<_>>();
        assert_eq!(codes(&ENGLISH), codes(&SPANISH));
    }

    #[test]
    fn every_word_can_be_said_in_ascii() {
        assert!(format!("{:?}", Lang::Es.ascii_words()).is_ascii());
        // A question keeps its mark; a letter that has no plain form would add one.
        let marks = |text: &str| text.matches('?').count();
        assert_eq!(marks(&format!("{:?}", Lang::Es.ascii_words())), marks(&format!("{SPANISH:?}")));
        assert_eq!(Lang::Es.ascii_words().run, "ejecucion");
        assert_eq!(Lang::En.ascii_words().more, "... and {} more");
    }

    #[test]
    fn machine_words_have_titles() {
        let words = Lang::Es.words();
        assert_eq!(words.stage_with_code(Some(Stage::Switched)), "conmutada (switched)");
        assert_eq!(Lang::En.words().stage_with_code(Some(Stage::Switched)), "switched");
        assert_eq!(words.outcome_word(Outcome::Failed), "falló");
        assert_eq!(words.check_title("foreign_keys_validated"), "llaves foráneas validadas");
        assert_eq!(words.check_title("a_new_check"), "a new check");
        assert_eq!(words.phrase("4 of 4"), "4 de 4");
        assert_eq!(capital("índices"), "Índices");
    }

    #[test]
    fn slots_are_filled_in_order() {
        assert_eq!(fill("{} of {}, {}", &["1", "{}", "c"]), "1 of {}, c");
    }
}
