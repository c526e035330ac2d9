//! `[report]`: what only the application's people can say in a report.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::expand::{expand, refers};
use super::origin::{Place, SourceFile};
use super::settings::Settings;
use super::text::{NextStepText, SampleText};
use crate::conninfo::nearest;
use crate::error::Refusal;
use crate::report::Texts;

/// `[report]`, checked. Every text is there in every language.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReportSettings {
    /// The heading.
    pub title: Option<Texts>,
    /// The language where no `--lang` says otherwise.
    pub language: Language,
    /// An IANA time zone, such as `America/Mexico_City`; `UTC` by default.
    pub timezone: String,
    /// An ISO 4217 code, such as `MXN`.
    pub currency: Option<String>,
    /// Queries to show from both sides.
    pub samples: Vec<SampleQuery>,
    /// What is left to people.
    pub next_steps: Vec<PlannedStep>,
}

/// A language of the report.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Language {
    /// English.
    En,
    /// Spanish.
    Es,
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::En => "en",
            Self::Es => "es",
        })
    }
}

/// One of `[[report.samples]]`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SampleQuery {
    /// Its heading.
    pub title: Texts,
    /// SQL with `{{schema}}` and `{{store_key}}` still in it.
    pub query: String,
}

/// One of `[[report.next_steps]]`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PlannedStep {
    /// What is to do.
    pub text: Texts,
    /// What would tick it.
    pub done_when: DoneWhen,
}

/// The evidence that ticks a step.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum DoneWhen {
    /// The store is validated.
    Validated,
    /// A probe of this name has passed.
    Probe(String),
    /// A new store was made and is in use.
    NewStore,
    /// A file is there.
    File {
        /// Where it is looked for.
        path: PathBuf,
        /// As the configuration names it, seen from its own folder.
        written: String,
    },
    /// There is a backup of the store.
    Backup,
    /// `alerts` has measured the stores.
    Metrics,
    /// `alerts` has held the stores against its rules.
    Alerts,
    /// Nothing that we can see.
    Never,
}

impl DoneWhen {
    fn parse(text: &str, folder: &Path) -> Option<Self> {
        match text {
            "validated" => Some(Self::Validated),
            "new_store" => Some(Self::NewStore),
            "backup" => Some(Self::Backup),
            "metrics" => Some(Self::Metrics),
            "alerts" => Some(Self::Alerts),
            "never" => Some(Self::Never),
            _ => match text.split_once(':')? {
                (_, "") => None,
                ("probe", name) => Some(Self::Probe(name.to_owned())),
                ("file", name) => Some(Self::File { path: folder.join(name), written: name.to_owned() }),
                _ => None,
            },
        }
    }
}

impl fmt::Display for DoneWhen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Validated => f.write_str("validated"),
            Self::Probe(name) => write!(f, "probe:{name}"),
            Self::NewStore => f.write_str("new_store"),
            Self::File { written, .. } => write!(f, "file:{written}"),
            Self::Backup => f.write_str("backup"),
            Self::Metrics => f.write_str("metrics"),
            Self::Alerts => f.write_str("alerts"),
            Self::Never => f.write_str("never"),
        }
    }
}

/// The parts of `[report]` that repeat, and the file they stand in.
pub(super) struct Repeated<'a> {
    pub(super) file: Option<&'a Arc<SourceFile>>,
    pub(super) samples: &'a [SampleText],
    pub(super) next_steps: &'a [NextStepText],
    pub(super) probes: Vec<&'a str>,
}

impl Repeated<'_> {
    /// Whether a text refers to something that may be missing now.
    pub(super) fn refers(&self) -> bool {
        let in_texts = |texts: &Texts| texts.values().any(|text| refers(text));
        self.samples.iter().any(|sample| refers(&sample.query) || in_texts(&sample.title.as_ref().0))
            || self.next_steps.iter().any(|step| in_texts(&step.text.as_ref().0))
    }

    fn place(&self, span: std::ops::Range<usize>, message: &str) -> Refusal {
        match self.file {
            Some(file) => Place { file: Arc::clone(file), span }.refuse(message),
            None => Refusal::new(message),
        }
    }
}

pub(super) fn report(settings: &Settings, repeated: &Repeated<'_>) -> Result<ReportSettings, Refusal> {
    let language = match settings.required("report.language")?.as_str() {
        "en" => Language::En,
        "es" => Language::Es,
        other => return Err(settings.refuse("report.language", &format!("`{other}` is neither `en` nor `es`"))),
    };
    let timezone = settings.required("report.timezone")?;
    // UTC needs no database of time zones, which small images lack
    if timezone != "UTC" && jiff::tz::TimeZone::get(&timezone).is_err() {
        return Err(settings
            .refuse("report.timezone", &format!("`{timezone}` is no time zone that this system knows"))
            .hint("write an IANA name such as `America/Mexico_City`; in a small image install tzdata"));
    }
    let currency = settings.text("report.currency")?;
    let is_code = |code: &str| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    if let Some(code) = currency.as_ref().filter(|code| !is_code(code)) {
        return Err(settings
            .refuse("report.currency", &format!("`{code}` is no currency code"))
            .hint("write three capital letters of ISO 4217, such as `MXN`"));
    }
    let folder = repeated.file.map_or(settings.env.current_folder.as_path(), |file| file.folder());
    let expanded = |text: &str| expand(text, &settings.env, folder);
    let texts = |texts: &Texts| -> Result<Texts, Refusal> {
        texts.iter().map(|(name, text)| Ok((name.clone(), expanded(text)?))).collect()
    };
    let samples = repeated.samples.iter().map(|sample| {
        if sample.query.trim().is_empty() {
            return Err(repeated.place(sample.title.span(), "the sample has no query"));
        }
        Ok(SampleQuery { title: texts(&sample.title.as_ref().0)?, query: expanded(&sample.query)? })
    });
    let folder = repeated.file.map_or(Path::new(""), |file| file.folder());
    let next_steps = repeated.next_steps.iter().map(|step| {
        let done_when = match &step.done_when {
            None => DoneWhen::Never,
            Some(text) => DoneWhen::parse(text.as_ref(), folder).ok_or_else(|| {
                repeated
                    .place(text.span(), &format!("`{}` is nothing that ticks a step", text.as_ref()))
                    .hint("write validated, probe:NAME, new_store, file:PATH, backup, metrics, alerts or never")
            })?,
        };
        // A name that is nearly a probe's would leave its box open for ever; others may come later.
        if let (DoneWhen::Probe(name), Some(text)) = (&done_when, &step.done_when)
            && !repeated.probes.contains(&name.as_str())
            && let Some(near) = nearest(name, repeated.probes.iter().copied())
        {
            return Err(repeated
                .place(text.span(), &format!("there is no probe `{name}`"))
                .hint(format!("did you mean `probe:{near}`?")));
        }
        Ok(PlannedStep { text: texts(&step.text.as_ref().0)?, done_when })
    });
    Ok(ReportSettings {
        title: settings.texts("report.title")?,
        language,
        timezone,
        currency,
        samples: samples.collect::<Result<_, Refusal>>()?,
        next_steps: next_steps.collect::<Result<_, Refusal>>()?,
    })
}
