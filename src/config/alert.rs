//! `[alerting]` and `[[alerts]]`: what is watched in the stores, and who is told.
//!
//! Rules that everybody wants are shipped in `alerts.toml`; one of the same name in the file takes the place of one.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use toml::Spanned;

use super::origin::{Place, SourceFile};
use super::probe::CommandProbe;
use super::quantity;
use super::settings::Settings;
use super::text::{self, AlertText, ThresholdText};
use super::value::Localized;
use crate::alert::{Comparison, Rule, Severity};
use crate::conninfo::{Secret, nearest};
use crate::error::Refusal;
use crate::metric::{Metric, NAMES, Unit, find};

/// `[alerting]`, checked.
#[derive(Clone, Debug)]
pub struct AlertingSettings {
    /// How long after it was told an alert is told again, where its rule says nothing else.
    pub repeat: Duration,
    /// How often `--watch` looks.
    pub every: Duration,
    /// Where alerts are posted to.
    pub webhook: Option<Webhook>,
    /// What is run with them on its stdin.
    pub command: Option<CommandProbe>,
    /// How long telling may take.
    pub timeout: Duration,
}

/// An address that alerts are posted to.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// The URL.
    pub url: Secret,
    /// `Name`, value.
    pub headers: Vec<(String, Secret)>,
}

pub(super) fn alerting(settings: &Settings) -> Result<AlertingSettings, Refusal> {
    let mut headers = Vec::new();
    for header in settings.list("alerting.webhook_headers")? {
        let Some((name, value)) = header.split_once(':') else {
            return Err(Refusal::new("[alerting] webhook_headers: a header has no `:`")
                .hint("write each as \"Name: value\", such as \"Authorization: Bearer ${TOKEN}\""));
        };
        headers.push((name.trim().to_owned(), Secret::new(value.trim())));
    }
    let webhook = settings.text("alerting.webhook")?.map(|url| Webhook { url: Secret::new(url), headers });
    let words: Vec<Secret> = settings.list("alerting.command")?.into_iter().map(Secret::new).collect();
    let folder = match settings.get("alerting.command") {
        Some(setting) => settings.folder(setting).to_owned(),
        None => PathBuf::new(),
    };
    Ok(AlertingSettings {
        repeat: settings.duration("alerting.repeat")?,
        every: settings.duration("alerting.every")?,
        webhook,
        command: (!words.is_empty()).then_some(CommandProbe { words, exit_code: 0, folder }),
        timeout: settings.duration("alerting.timeout")?,
    })
}

/// All rules: the shipped ones, and those of the file.
pub(super) fn rules(
    settings: &Settings,
    alerts: &[AlertText],
    file: Option<&Arc<SourceFile>>,
) -> Result<Vec<Rule>, Refusal> {
    let repeat = settings.duration("alerting.repeat")?;
    let shipped = SourceFile { path: PathBuf::from("alerts.toml"), text: include_str!("alerts.toml").to_owned() };
    let shipped = Arc::new(shipped);
    let of_shipped = text::parse(&shipped)?.alerts;
    let mut rules: Vec<Rule> = Vec::new();
    let mut own: Vec<&str> = Vec::new();
    let of_file = alerts.iter().filter_map(|text| Some((text, file?)));
    for (text, file) in of_shipped.iter().map(|text| (text, &shipped)).chain(of_file) {
        let reader = Reader { text, file };
        let name = text.name.as_ref().as_str();
        if Arc::ptr_eq(file, &shipped) {
            rules.extend(reader.rule(repeat)?);
            continue;
        }
        if own.contains(&name) {
            return Err(reader.refuse("there are two of this name").hint("give each alert a name of its own"));
        }
        own.push(name);
        rules.retain(|rule| rule.name != name);
        rules.extend(reader.rule(repeat)?);
    }
    Ok(rules)
}

struct Reader<'a> {
    text: &'a AlertText,
    file: &'a Arc<SourceFile>,
}

impl Reader<'_> {
    fn refuse(&self, message: &str) -> Refusal {
        let place = Place { file: Arc::clone(self.file), span: self.text.name.span() };
        place.refuse(&format!("alert `{}`: {message}", self.text.name.as_ref()))
    }

    /// None where it is switched off.
    fn rule(&self, repeat: Duration) -> Result<Option<Rule>, Refusal> {
        let name = self.text.name.as_ref();
        if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-')) {
            return Err(self.refuse("its name must be letters, digits, `_` and `-`").hint("a name such as no_backup"));
        }
        if self.text.off {
            return Ok(None);
        }
        let metric = self.metric()?;
        let (comparison, threshold) = match (&self.text.above, &self.text.below) {
            (Some(above), None) => (Comparison::Above, above),
            (None, Some(below)) => (Comparison::Below, below),
            _ => {
                return Err(self
                    .refuse("says not on which side of what a value is too far")
                    .hint("give it one of `above` and `below`, such as above = \"36h\""));
            }
        };
        let threshold = self.threshold(metric, threshold)?.ok_or_else(|| self.refuse("a threshold cannot be `off`"))?;
        let mut stores = BTreeMap::new();
        for (store, text) in &self.text.stores {
            stores.insert(store.clone(), self.threshold(metric, text)?);
        }
        let severity = match self.text.severity.as_deref() {
            None => Severity::Warning,
            Some(word) => Severity::of_word(word).ok_or_else(|| {
                self.refuse(&format!("severity: `{word}` is none")).hint("write one of info, warning, critical")
            })?,
        };
        let fires_when_unknown = match self.text.when_unknown.as_deref() {
            None | Some("quiet") => false,
            Some("fires") => true,
            Some(word) => {
                return Err(self
                    .refuse(&format!("when_unknown: `{word}` is neither `quiet` nor `fires`"))
                    .hint("`fires` says that an unknown value is as bad as one that is too far"));
            }
        };
        let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        Ok(Some(Rule {
            name: name.clone(),
            title: self.text.title.as_ref().map_or_else(|| Localized::same(name).0, |Localized(texts)| texts.clone()),
            metric,
            comparison,
            threshold,
            for_seconds: self.text.duration.as_ref().map_or(Ok(0), |text| self.duration("for", text).map(seconds))?,
            severity,
            repeat_seconds: seconds(
                self.text.repeat.as_ref().map_or(Ok(repeat), |text| self.duration("repeat", text))?,
            ),
            fires_when_unknown,
            stores,
        }))
    }

    fn metric(&self) -> Result<&'static Metric, Refusal> {
        let Some(name) = self.text.metric.as_ref().map(Spanned::as_ref) else {
            return Err(self
                .refuse("names no metric")
                .hint("such as metric = \"backup_age_seconds\"; docs/metrics.md has all of them"));
        };
        find(name).ok_or_else(|| {
            let bare = |metric: &'static Metric| metric.name.trim_start_matches("tenantctl_store_");
            let refusal = self.refuse(&format!("there is no metric `{name}`"));
            match nearest(name, NAMES.iter().map(bare)) {
                Some(near) => refusal.hint(format!("did you mean `{near}`?")),
                None => {
                    refusal.hint(format!("the metrics are {}", NAMES.iter().map(bare).collect::<Vec<_>>().join(", ")))
                }
            }
        })
    }

    /// In the metric's unit; none for `off`.
    fn threshold(&self, metric: &Metric, text: &ThresholdText) -> Result<Option<f64>, Refusal> {
        let text = match text {
            ThresholdText::Whole(number) => return Ok(Some(*number as f64)),
            ThresholdText::Number(number) if number.is_finite() => return Ok(Some(*number)),
            ThresholdText::Number(_) => return Err(self.refuse("a threshold must be a number")),
            ThresholdText::Text(text) if text == "off" => return Ok(None),
            ThresholdText::Text(text) => text,
        };
        let value = match metric.unit {
            Unit::Seconds => quantity::duration(text).map(|duration| duration.as_secs_f64()),
            Unit::Bytes => quantity::bytes(text).map(|bytes| bytes as f64),
            _ => Err(format!("`{text}` is no number")),
        };
        value.map(Some).map_err(|message| {
            self.refuse(&message).hint(match metric.unit {
                Unit::Seconds => "write a whole number with a unit, such as 36h, or a number of seconds",
                Unit::Bytes => "write a whole number with a unit, such as 10GiB, or a number of bytes",
                _ => "write a number without quotes",
            })
        })
    }

    fn duration(&self, key: &str, text: &str) -> Result<Duration, Refusal> {
        quantity::duration(text)
            .map_err(|message| self.refuse(&format!("{key}: {message}")).hint("write such as 10min"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conninfo::Environment;

    fn rules_of(text: &str) -> Result<Vec<Rule>, Refusal> {
        let mut settings = Settings::new(&Environment::default());
        settings.put(
            "alerting.repeat",
            super::super::value::Value::Text("4h".into()),
            super::super::origin::Origin::Default,
        );
        let file = Arc::new(SourceFile { path: PathBuf::from("tenantctl.toml"), text: text.to_owned() });
        rules(&settings, &text::parse(&file)?.alerts, Some(&file))
    }

    #[test]
    fn a_rule_of_the_file_takes_the_place_of_a_shipped_one() {
        let shipped = rules_of("").unwrap();
        assert!(shipped.len() >= 5 && shipped.iter().all(|rule| rule.title.contains_key("es")));
        let text = "[[alerts]]\nname = \"no_backup\"\noff = true\n[[alerts]]\nname = \"big\"\nmetric = \"bytes\"\n\
                    above = \"2GiB\"\nfor = \"10min\"\nstores = { \"4\" = 100, \"x y\" = \"off\" }";
        let own = rules_of(text).unwrap();
        assert_eq!(own.len(), shipped.len());
        let big = own.last().unwrap();
        assert_eq!((big.threshold, big.for_seconds, big.repeat_seconds), (2_147_483_648.0, 600, 14_400));
        assert_eq!(
            (big.threshold_of("4"), big.threshold_of("x y"), big.threshold_of("5")),
            (Some(100.0), None, Some(big.threshold))
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused_where_it_stands() {
        for (rule, says) in [
            ("metric = \"byts\"\nabove = 1", "did you mean `bytes`"),
            ("metric = \"bytes\"", "on which side"),
            ("metric = \"bytes\"\nabove = 1\nbelow = 1", "on which side"),
            ("metric = \"bytes\"\nabove = \"36h\"", "unknown unit"),
            ("metric = \"rows\"\nabove = \"many\"", "no number"),
            ("above = 1", "names no metric"),
            ("metric = \"rows\"\nabove = 1\nseverity = \"bad\"", "critical"),
            ("metric = \"rows\"\nabove = 1\nwhen_unknown = \"bad\"", "quiet"),
            ("metric = \"rows\"\nabove = 1\nfor = \"bad\"", "for:"),
        ] {
            let error = rules_of(&format!("[[alerts]]\nname = \"x\"\n{rule}")).err().unwrap();
            let told = format!("{error} {}", error.hint.clone().unwrap_or_default());
            assert!(told.contains(says) && told.contains("tenantctl.toml:2:"), "{told}");
        }
    }
}
