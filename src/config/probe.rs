//! `[validate]` and `[[probes]]`: what is asked of the application after the switch.
//!
//! Says what each probe is and which of its texts are secret. `probe` and `pg/probe` ask; `step/validate` decides.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use toml::Spanned;

use super::expand::{expand, expand_with, refers};
use super::origin::{Place, SourceFile};
use super::pattern::{BodyPattern, RequestPattern, without_braces};
use super::quantity;
use super::settings::Settings;
use super::text::{HttpText, ProbeText};
use super::value::Localized;
use crate::conninfo::{Secret, mask};
use crate::error::Refusal;
use crate::report::Texts;
use crate::stage::Stage;
use crate::store::Store;
use crate::template::Script;

/// `[validate]`, checked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ValidateSettings {
    /// Whether `migrate` ends with the probes.
    pub after_migrate: bool,
    /// How long one try of a probe may take.
    pub timeout: Duration,
    /// Further tries of a probe that fails.
    pub retries: u32,
    /// The wait before each of them.
    pub retry_wait: Duration,
}

/// One of `[[probes]]`.
#[derive(Clone, Debug)]
pub struct Probe {
    /// Its name, as `done_when = "probe:NAME"` has it.
    pub name: String,
    /// What people call it.
    pub title: Texts,
    /// What it does.
    pub act: ProbeAct,
    /// How long one try may take.
    pub timeout: Duration,
    /// Further tries.
    pub retries: u32,
    /// The wait before each of them.
    pub retry_wait: Duration,
    /// The stage that a store must have reached: `verified` or `switched`.
    pub stage: Stage,
    secrets: Vec<Secret>,
}

impl Probe {
    /// A text for people, a program's or a server's, without what is secret in this probe.
    #[must_use]
    pub fn masked(&self, text: &str) -> String {
        // The longest first: one secret may be a part of another.
        let mut secrets: Vec<&str> = self.secrets.iter().map(Secret::reveal).collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        let hidden = secrets.into_iter().fold(text.to_owned(), |text, secret| text.replace(secret, "***"));
        if hidden.contains("://") { mask_words(&hidden) } else { hidden }
    }
}

/// URLs inside a text lose their passwords.
fn mask_words(text: &str) -> String {
    let masked = |word: &str| if word.contains("://") { mask(word) } else { word.to_owned() };
    text.split(' ').map(masked).collect::<Vec<_>>().join(" ")
}

/// What a probe does.
#[derive(Clone, Debug)]
pub enum ProbeAct {
    /// Asks the application.
    Http(HttpProbe),
    /// Runs SQL in a transaction that is rolled back.
    Sql(SqlProbe),
    /// Runs a program.
    Command(CommandProbe),
}

impl ProbeAct {
    /// Its word: `http`, `sql`, `command`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Http(_) => "http",
            Self::Sql(_) => "sql",
            Self::Command(_) => "command",
        }
    }
}

/// One request, and what its answer must be.
#[derive(Clone, Debug)]
pub struct HttpProbe {
    url: RequestPattern,
    headers: Vec<(String, RequestPattern)>,
    body: Option<BodyPattern>,
    /// GET, POST …
    pub method: String,
    /// The status that the answer must have.
    pub status: u16,
    /// A path into the answer (RFC 9535) at which there must be values.
    pub json: Option<String>,
    /// A query whose rows those values must be.
    pub equals_query: Option<String>,
    /// The values may come in another order than the rows.
    pub any_order: bool,
}

impl HttpProbe {
    /// The URL for one store, its words percent-encoded.
    #[must_use]
    pub fn url(&self, store: &Store) -> Secret {
        Secret::new(self.url.encoded(store))
    }

    /// The headers for one store.
    #[must_use]
    pub fn headers(&self, store: &Store) -> Vec<(String, Secret)> {
        self.headers.iter().map(|(name, value)| (name.clone(), Secret::new(value.plain(store)))).collect()
    }

    /// The body for one store.
    #[must_use]
    pub fn body(&self, store: &Store) -> Option<Secret> {
        self.body.as_ref().map(|body| Secret::new(body.filled(store)))
    }
}

/// Statements, and what the last of them must give.
#[derive(Clone, Debug)]
pub struct SqlProbe {
    /// The statements, with their placeholders.
    pub script: Script,
    /// What is expected of the last one.
    pub expect: Expect,
}

/// What the last statement of an sql probe must give.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Expect {
    /// No error, however many rows.
    NoError,
    /// At least one row, read or written.
    Rows,
    /// No row.
    NoRows,
}

/// A program, and how it must end.
#[derive(Clone, Debug)]
pub struct CommandProbe {
    /// The program, then its words; no shell reads them.
    pub words: Vec<Secret>,
    /// The exit code that it must end with.
    pub exit_code: i32,
    /// The configuration's folder, in which it runs.
    pub folder: PathBuf,
}

pub(super) fn validate(settings: &Settings) -> Result<ValidateSettings, Refusal> {
    Ok(ValidateSettings {
        after_migrate: settings.flag("validate.after_migrate"),
        timeout: settings.duration("validate.timeout")?,
        retries: settings.number("validate.retries", 0, MOST_RETRIES)?,
        retry_wait: settings.duration("validate.retry_wait")?,
    })
}

const MOST_RETRIES: i64 = 100;

/// Whether a text refers to something that may be missing now.
pub(super) fn refer(probes: &[ProbeText]) -> bool {
    probes.iter().any(|probe| {
        let http = probe.http.iter().flat_map(|http| {
            let texts = [Some(http.url.as_ref()), http.body.as_ref(), http.equals_query.as_ref()];
            texts.into_iter().flatten().chain(http.headers.values())
        });
        http.chain(&probe.sql).chain(probe.command.iter().flatten()).any(|text| refers(text))
    })
}

pub(super) fn probes(
    settings: &Settings,
    probes: &[ProbeText],
    file: Option<&Arc<SourceFile>>,
) -> Result<Vec<Probe>, Refusal> {
    let defaults = validate(settings)?;
    let mut checked: Vec<Probe> = Vec::new();
    for text in probes {
        let Some(file) = file else { continue }; // without a file there are none
        let reader = Reader { text, file, settings };
        let probe = reader.probe(&defaults)?;
        if checked.iter().any(|other| other.name == probe.name) {
            return Err(reader.refuse("there are two of this name").hint("give each probe a name of its own"));
        }
        checked.push(probe);
    }
    Ok(checked)
}

/// One probe of the file.
struct Reader<'a> {
    text: &'a ProbeText,
    file: &'a Arc<SourceFile>,
    settings: &'a Settings,
}

impl Reader<'_> {
    fn name(&self) -> &str {
        self.text.name.as_ref()
    }

    fn folder(&self) -> &Path {
        self.file.folder()
    }

    /// Points at the name: other lines may have a secret.
    fn refuse(&self, message: &str) -> Refusal {
        let place = Place { file: Arc::clone(self.file), span: self.text.name.span() };
        place.refuse(&format!("probe `{}`: {message}", self.name()))
    }

    fn wrap(&self, key: &str, inner: Refusal) -> Refusal {
        Refusal { because: inner.because, hint: inner.hint, ..self.refuse(&format!("{key}: {}", inner.message)) }
    }

    fn probe(&self, defaults: &ValidateSettings) -> Result<Probe, Refusal> {
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        if self.name().is_empty() || !self.name().chars().all(is_name) {
            return Err(self
                .refuse("its name must be letters, digits, `_` and `-`")
                .hint("a name such as create_order; `title` says the rest"));
        }
        let mut secrets = Vec::new();
        let act = match (&self.text.http, &self.text.sql, &self.text.command) {
            (Some(http), None, None) => ProbeAct::Http(self.http(http, &mut secrets)?),
            (None, Some(sql), None) => ProbeAct::Sql(self.sql(sql, &mut secrets)?),
            (None, None, Some(words)) => ProbeAct::Command(self.command(words, &mut secrets)?),
            (None, None, None) => {
                return Err(self.refuse("says nothing to ask").hint(
                    "give it one of http = { url = \"…\" }, sql = \"…\", command = [\"…\"]; config.example.toml shows each",
                ));
            }
            _ => return Err(self.refuse("is of several kinds").hint("keep one of http, sql and command")),
        };
        for (key, is_there, kind) in
            [("expect", self.text.expect.is_some(), "sql"), ("exit_code", self.text.exit_code.is_some(), "command")]
        {
            if is_there && act.word() != kind {
                return Err(self.refuse(&format!("`{key}` belongs to probes of kind {kind}")).hint("take it out"));
            }
        }
        let stage = match self.text.stage.as_ref().map(Spanned::as_ref).map(String::as_str) {
            None | Some("switched") => Stage::Switched,
            Some("verified") => Stage::Verified,
            Some(other) => {
                return Err(self
                    .refuse(&format!("stage: `{other}` is neither `verified` nor `switched`"))
                    .hint("`switched` asks the application; `verified` may be asked before it too"));
            }
        };
        let title = match &self.text.title {
            Some(Localized(texts)) => texts.clone(),
            None => Localized::same(self.name()).0,
        };
        // What is short is no secret, and would put stars into every number.
        secrets.retain(|secret| secret.chars().count() >= 4);
        Ok(Probe {
            name: self.name().to_owned(),
            title,
            act,
            timeout: self.duration("timeout", self.text.timeout.as_ref(), defaults.timeout)?,
            retries: match self.text.retries.as_ref().map(Spanned::as_ref) {
                None => defaults.retries,
                Some(count) => u32::try_from(*count).ok().filter(|_| *count <= MOST_RETRIES).ok_or_else(|| {
                    self.refuse(&format!("retries: {count} is not between 0 and {MOST_RETRIES}"))
                        .hint("the first try is not counted")
                })?,
            },
            retry_wait: self.duration("retry_wait", self.text.retry_wait.as_ref(), defaults.retry_wait)?,
            stage,
            secrets: secrets.into_iter().map(Secret::new).collect(),
        })
    }

    fn duration(&self, key: &str, said: Option<&Spanned<String>>, default: Duration) -> Result<Duration, Refusal> {
        let Some(text) = said else { return Ok(default) };
        match quantity::duration(text.as_ref()) {
            Ok(duration) if duration.is_zero() => Err(self.refuse(&format!("{key}: must be longer than nothing"))),
            Ok(duration) => Ok(duration),
            Err(message) => Err(self.refuse(&format!("{key}: {message}"))),
        }
        .map_err(|refusal| refusal.hint("write a whole number with a unit, such as 10s"))
    }

    /// Expands a text whose references are secret.
    fn secret(&self, key: &str, text: &str, secrets: &mut Vec<String>) -> Result<String, Refusal> {
        let form = |_: usize, value: String| {
            secrets.push(value.clone());
            value
        };
        expand_with(text, &self.settings.env, self.folder(), form).map_err(|inner| self.wrap(key, inner))
    }

    /// The same for a pattern: braces of a value are not its own.
    fn secret_in_pattern(&self, key: &str, text: &str, secrets: &mut Vec<String>) -> Result<String, Refusal> {
        let form = |_: usize, value: String| {
            let plain = without_braces(&value);
            secrets.push(value);
            plain
        };
        expand_with(text, &self.settings.env, self.folder(), form).map_err(|inner| self.wrap(key, inner))
    }

    fn http(&self, http: &HttpText, secrets: &mut Vec<String>) -> Result<HttpProbe, Refusal> {
        // What a URL begins with is a place and no secret, unless a file keeps it.
        let written = http.url.as_ref();
        let form = |at: usize, value: String| {
            let plain = without_braces(&value);
            if at > 0 || written.starts_with("${file:") {
                secrets.push(value);
            }
            plain
        };
        let url = expand_with(written, &self.settings.env, self.folder(), form);
        let url = url.map_err(|inner| self.wrap("http.url", inner))?;
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(self
                .refuse("http.url: it begins with neither `http://` nor `https://`")
                .hint("write the whole URL, such as https://app.example/api/list?store={key}"));
        }
        let pattern = |key: &str, text: &str| {
            RequestPattern::parse(text)
                .map_err(|why| self.refuse(&format!("{key}: {why}")).hint("the words are {schema}, {key} and {name}"))
        };
        let mut headers = Vec::new();
        for (name, value) in &http.headers {
            let key = format!("http.headers.{name}");
            let value = self.secret_in_pattern(&key, value, secrets)?;
            if is_secret_header(name) {
                let bare = value.split_once(' ').map_or(value.as_str(), |(_, bare)| bare); // `Bearer …`
                secrets.extend([value.clone(), bare.to_owned()]);
            }
            headers.push((name.clone(), pattern(&key, &value)?));
        }
        let body = match &http.body {
            None => None,
            Some(body) => {
                let body = self.secret_in_pattern("http.body", body, secrets)?;
                let is_form = http.headers.iter().any(|(name, value)| {
                    name.eq_ignore_ascii_case("content-type") && value.contains("x-www-form-urlencoded")
                });
                let body = BodyPattern::parse(&body, is_form).map_err(|why| {
                    self.refuse(&format!("http.body: {why}")).hint("the words are {{schema}}, {{key}} and {{name}}")
                })?;
                Some(body)
            }
        };
        let method = http.method.as_ref().map(Spanned::as_ref).map(|method| method.to_ascii_uppercase());
        let method = method.unwrap_or_else(|| if body.is_some() { "POST" } else { "GET" }.to_owned());
        if !METHODS.contains(&method.as_str()) {
            return Err(self
                .refuse(&format!("http.method: `{method}` is no method that a probe can use"))
                .hint(format!("write one of {}", METHODS.join(", "))));
        }
        let status = http.status.as_ref().map_or(200, |status| *status.as_ref());
        let status = u16::try_from(status).ok().filter(|status| (100..=599).contains(status)).ok_or_else(|| {
            self.refuse(&format!("http.status: {status} is no status of HTTP")).hint("write one from 100 to 599")
        })?;
        if let Some(path) = &http.json
            && let Err(error) = serde_json_path::JsonPath::parse(path.as_ref())
        {
            return Err(self
                .refuse(&format!("http.json: `{}` is no JSON path: {}", path.as_ref(), error.message()))
                .hint("write a path such as `$.list[*].id`, as RFC 9535 has them"));
        }
        let equals_query =
            http.equals_query.as_ref().map(|query| self.secret("http.equals_query", query, secrets)).transpose()?;
        if let Some(query) = &equals_query {
            if http.json.is_none() {
                return Err(self
                    .refuse("http.equals_query needs http.json, which says where the values are")
                    .hint("write json = \"$[*].id\", or another path"));
            }
            Script::parse(&self.origin("http.equals_query"), query)?;
        } else if http.any_order {
            return Err(self.refuse("http.any_order belongs to http.equals_query").hint("take it out"));
        }
        Ok(HttpProbe {
            url: pattern("http.url", &url)?,
            headers,
            body,
            method,
            status,
            json: http.json.as_ref().map(|path| path.as_ref().clone()),
            equals_query,
            any_order: http.any_order,
        })
    }

    fn sql(&self, sql: &str, secrets: &mut Vec<String>) -> Result<SqlProbe, Refusal> {
        let sql = self.secret("sql", sql, secrets)?;
        let expect = match self.text.expect.as_ref().map(Spanned::as_ref).map(String::as_str) {
            None | Some("no_error") => Expect::NoError,
            Some("rows") => Expect::Rows,
            Some("none") => Expect::NoRows,
            Some(other) => {
                return Err(self
                    .refuse(&format!("expect: `{other}` is nothing that the last statement can give"))
                    .hint("write rows, none or no_error"));
            }
        };
        Ok(SqlProbe { script: Script::parse(&self.origin("sql"), &sql)?, expect })
    }

    fn command(&self, words: &[String], secrets: &mut Vec<String>) -> Result<CommandProbe, Refusal> {
        if words.first().is_none_or(|program| program.trim().is_empty()) {
            return Err(self
                .refuse("command: there is no program in it")
                .hint("write command = [\"program\", \"word\"]"));
        }
        let mut all = Vec::new();
        for (index, word) in words.iter().enumerate() {
            all.push(Secret::new(match index {
                0 => expand(word, &self.settings.env, self.folder()).map_err(|inner| self.wrap("command", inner))?,
                _ => self.secret("command", word, secrets)?,
            }));
        }
        let code = self.text.exit_code.as_ref().map_or(0, |code| *code.as_ref());
        let exit_code = i32::try_from(code).ok().filter(|code| (0..=255).contains(code));
        Ok(CommandProbe {
            words: all,
            exit_code: exit_code.ok_or_else(|| {
                self.refuse(&format!("exit_code: {code} is not between 0 and 255")).hint("0 is usual")
            })?,
            folder: self.folder().to_owned(),
        })
    }

    /// Where SQL stands, for its messages.
    fn origin(&self, key: &str) -> String {
        format!("probes.{}.{key}", self.name())
    }
}

const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// Headers whose value is a secret also where it stands in the file.
fn is_secret_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["auth", "cookie", "token", "secret", "key", "password"].iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests;
