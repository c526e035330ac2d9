//! Alerts: what a rule says of a store's metrics, and what is to be told of it. Values and decisions only.
//!
//! `config/alert` reads the rules, `step/alerts` looks and tells, the journal keeps what was told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::metric::{FleetMetrics, Metric, Moment, StoreMetrics, Unit};

/// How grave an alert is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// To be seen some day.
    Info,
    /// To be seen today.
    Warning,
    /// To be seen now.
    Critical,
}

impl Severity {
    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    /// The severity of this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Info, Self::Warning, Self::Critical].into_iter().find(|of| of.word() == word)
    }
}

/// On which side of the threshold a value is too far.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// Greater than it.
    Above,
    /// Less than it.
    Below,
}

impl Comparison {
    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Above => "above",
            Self::Below => "below",
        }
    }

    /// As Prometheus writes it.
    #[must_use]
    pub fn sign(self) -> char {
        match self {
            Self::Above => '>',
            Self::Below => '<',
        }
    }

    fn holds(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::Above => value > threshold,
            Self::Below => value < threshold,
        }
    }
}

/// A rule.
#[derive(Clone)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// What people call it.
    pub title: BTreeMap<String, String>,
    /// What it looks at.
    pub metric: &'static Metric,
    /// On which side.
    pub comparison: Comparison,
    /// Of what, in the metric's unit.
    pub threshold: f64,
    /// For how long before it fires, in seconds.
    pub for_seconds: i64,
    /// How grave it is.
    pub severity: Severity,
    /// How long after it was told it is told again, in seconds.
    pub repeat_seconds: i64,
    /// Whether it fires where the value is unknown.
    pub fires_when_unknown: bool,
    /// Other thresholds by store key; none: not for this store.
    pub stores: BTreeMap<String, Option<f64>>,
}

impl Rule {
    /// The threshold for a store; none where the rule is not for it.
    #[must_use]
    pub fn threshold_of(&self, store: &str) -> Option<f64> {
        self.stores.get(store).copied().unwrap_or(Some(self.threshold))
    }

    /// What it finds in a store, as a fragment; none where all is well or the rule is not for it, and no word where the
    /// value is unknown. Only stores whose application works in their own schema are looked at.
    fn finds(&self, fleet: &FleetMetrics, store: &StoreMetrics) -> Found {
        let (true, Some(threshold)) = (store.switched && store.has_schema, self.threshold_of(&store.store)) else {
            return Found::Well;
        };
        let bare = self.metric.name.trim_start_matches("tenantctl_store_");
        match fleet.value(self.metric, store) {
            Some(value) if self.comparison.holds(value, threshold) => {
                let (value_text, limit) = (amount(self.metric.unit, value), amount(self.metric.unit, threshold));
                Found::Amiss(format!("{bare} is {value_text}, {} {limit}", self.comparison.word()), Some(value))
            }
            Some(_) => Found::Well,
            None if self.fires_when_unknown => Found::Amiss(format!("{bare} is unknown"), None),
            None => Found::Unknown,
        }
    }
}

enum Found {
    Well,
    Unknown,
    Amiss(String, Option<f64>),
}

/// A number in its unit, for people: `40 h`, `12 GiB`, `7 %`.
#[must_use]
pub fn amount(unit: Unit, value: f64) -> String {
    const SPANS: &[(f64, &str)] = &[(259_200.0, "d"), (7200.0, "h"), (120.0, "min")];
    const SIZES: &[(f64, &str)] = &[(1_073_741_824.0, "GiB"), (1_048_576.0, "MiB"), (1024.0, "KiB")];
    let scaled = |steps: &[(f64, &str)], least: &str| match steps.iter().find(|(from, _)| value.abs() >= *from) {
        Some((_, "d")) => format!("{} d", short(value / 86_400.0)),
        Some((_, "h")) => format!("{} h", short(value / 3600.0)),
        Some((_, "min")) => format!("{} min", short(value / 60.0)),
        Some((by, word)) => format!("{} {word}", short(value / by)),
        None => format!("{} {least}", short(value)),
    };
    match unit {
        Unit::Seconds => scaled(SPANS, "s"),
        Unit::Bytes => scaled(SIZES, "B"),
        Unit::Ratio => format!("{} %", short(value * 100.0)),
        Unit::Timestamp | Unit::Flag | Unit::Count => short(value),
    }
}

/// At most one digit behind the point, and none where it is 0.
fn short(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// What is known of one rule for one store.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct State {
    /// The store's key.
    pub store: String,
    /// The rule's name.
    pub rule: String,
    /// How grave it was.
    pub severity: Severity,
    /// What was found last, as a fragment.
    pub says: String,
    /// Since when it is amiss.
    pub since: Moment,
    /// When it fired; none while it has not been amiss for long enough.
    pub fired_at: Option<Moment>,
    /// When that was told last.
    pub told_at: Option<Moment>,
}

/// What is to be told of an alert.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Telling {
    /// It fires.
    Fires,
    /// It still fires.
    Repeats,
    /// It is well again.
    Clears,
}

impl Telling {
    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Fires => "fires",
            Self::Repeats => "repeats",
            Self::Clears => "clears",
        }
    }
}

/// What a look came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// What is amiss now; a state that cleared stands here once more, to be told and forgotten.
    pub state: State,
    /// The value; none where it is unknown.
    pub value: Option<f64>,
    /// What is to be told.
    pub telling: Option<Telling>,
}

impl Judged {
    /// Whether it fires now.
    #[must_use]
    pub fn fires(&self) -> bool {
        self.state.fired_at.is_some() && self.telling != Some(Telling::Clears)
    }
}

/// Holds every store against every rule; `before` is what is known from earlier looks. The gravest come first.
#[must_use]
pub fn judge(rules: &[Rule], fleet: &FleetMetrics, before: &[State]) -> Vec<Judged> {
    let now = fleet.taken_at;
    let known = |rule: &str, store: &str| before.iter().find(|state| state.rule == rule && state.store == store);
    let mut judged = Vec::new();
    for rule in rules {
        for store in &fleet.stores {
            let earlier = known(&rule.name, &store.store);
            let (says, value) = match (rule.finds(fleet, store), earlier) {
                (Found::Amiss(says, value), _) => (says, value),
                // Nobody knows whether it is well again.
                (Found::Unknown, Some(earlier)) => (earlier.says.clone(), None),
                (Found::Well | Found::Unknown, _) => {
                    judged.extend(earlier.and_then(cleared));
                    continue;
                }
            };
            let mut state = State {
                store: store.store.clone(),
                rule: rule.name.clone(),
                severity: rule.severity,
                says,
                since: earlier.map_or(now, |earlier| earlier.since),
                fired_at: earlier.and_then(|earlier| earlier.fired_at),
                told_at: earlier.and_then(|earlier| earlier.told_at),
            };
            if state.fired_at.is_none() && state.since.until(now) >= rule.for_seconds as f64 {
                state.fired_at = Some(now);
            }
            let telling = match (state.fired_at, state.told_at) {
                (None, _) => None,
                (Some(_), None) => Some(Telling::Fires),
                (Some(_), Some(told)) => (told.until(now) >= rule.repeat_seconds as f64).then_some(Telling::Repeats),
            };
            judged.push(Judged { state, value, telling });
        }
    }
    // Of a rule or a store that is no more.
    let is_judged = |state: &State| {
        rules.iter().any(|rule| rule.name == state.rule) && fleet.stores.iter().any(|store| store.store == state.store)
    };
    judged.extend(before.iter().filter(|state| !is_judged(state)).filter_map(cleared));
    judged.sort_by_key(|of| std::cmp::Reverse(of.state.severity));
    judged
}

/// A state that is over, to be told where it was told that it fires.
fn cleared(state: &State) -> Option<Judged> {
    state.told_at.map(|_| Judged { state: state.clone(), value: None, telling: Some(Telling::Clears) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::find;

    fn rule() -> Rule {
        Rule {
            name: "big".into(),
            title: BTreeMap::new(),
            metric: find("bytes").unwrap(),
            comparison: Comparison::Above,
            threshold: 100.0,
            for_seconds: 60,
            severity: Severity::Warning,
            repeat_seconds: 600,
            fires_when_unknown: false,
            stores: BTreeMap::from([("5".to_owned(), Some(1000.0)), ("6".to_owned(), None)]),
        }
    }

    fn fleet(at: i64, bytes: &[(&str, Option<u64>)]) -> FleetMetrics {
        let store = |(key, bytes): &(&str, Option<u64>)| StoreMetrics {
            store: (*key).to_owned(),
            bytes: *bytes,
            has_schema: true,
            switched: true,
            ..StoreMetrics::default()
        };
        FleetMetrics { taken_at: Moment(at), stores: bytes.iter().map(store).collect(), ..FleetMetrics::default() }
    }

    /// A look, and what is known after it where all was told.
    fn look(at: i64, bytes: &[(&str, Option<u64>)], before: &[State]) -> (Vec<(String, Option<Telling>)>, Vec<State>) {
        let judged = judge(&[rule()], &fleet(at, bytes), before);
        let told = judged.iter().map(|of| (of.state.store.clone(), of.telling)).collect();
        let kept = judged
            .into_iter()
            .filter(|of| of.telling != Some(Telling::Clears))
            .map(|of| State { told_at: of.telling.map(|_| Moment(at)).or(of.state.told_at), ..of.state });
        (told, kept.collect())
    }

    #[test]
    fn an_alert_fires_once_repeats_and_clears() {
        let much = [("4", Some(200)), ("5", Some(200)), ("6", Some(200))];
        let said = |telling| vec![("4".to_owned(), telling)];
        let (told, states) = look(0, &much, &[]);
        assert_eq!(told, said(None)); // not for long enough
        let (told, states) = look(59, &much, &states);
        assert_eq!(told, said(None));
        let (told, states) = look(60, &much, &states);
        assert_eq!(told, said(Some(Telling::Fires)));
        let (told, states) = look(659, &much, &states);
        assert_eq!(told, said(None));
        let (told, states) = look(660, &much, &states);
        assert_eq!(told, said(Some(Telling::Repeats)));
        let (told, states) = look(700, &[("4", None)], &states);
        assert_eq!(told, said(None)); // unknown is not well
        let (told, states) = look(800, &[("4", Some(1))], &states);
        assert_eq!((told, states.len()), (said(Some(Telling::Clears)), 0));
    }

    #[test]
    fn what_was_short_is_never_told_and_what_is_gone_clears() {
        let (_, states) = look(0, &[("4", Some(200))], &[]);
        assert_eq!(look(30, &[("4", Some(1))], &states), (Vec::new(), Vec::new()));
        let (_, states) = look(70, &[("4", Some(200))], &states);
        assert_eq!(look(80, &[], &states).0, [("4".to_owned(), Some(Telling::Clears))]);
        let unknown = Rule { fires_when_unknown: true, for_seconds: 0, ..rule() };
        let judged = judge(&[unknown], &fleet(0, &[("4", None)]), &[]);
        assert_eq!((judged[0].state.says.as_str(), judged[0].fires()), ("bytes is unknown", true));
    }

    #[test]
    fn amounts_are_for_people() {
        let amounts = [
            (Unit::Seconds, 129_600.0, "36 h"),
            (Unit::Seconds, 45.0, "45 s"),
            (Unit::Seconds, 864_000.0, "10 d"),
            (Unit::Bytes, 10_737_418_240.0, "10 GiB"),
            (Unit::Ratio, 0.075, "7.5 %"),
            (Unit::Count, 1_000_000.0, "1000000"),
        ];
        for (unit, value, text) in amounts {
            assert_eq!(amount(unit, value), text);
        }
    }
}
