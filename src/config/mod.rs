//! The configuration: found, read, merged, checked.
//!
//! The text form (`text.rs`) says which keys there are; the checked forms say what they mean. A value is expanded
//! when it is needed, so a missing DATABASE_URL breaks neither `config` nor a run with `-d`. What a connection string
//! means, `conninfo` knows; whether tables and columns exist, `pg` asks.

mod effective;
mod expand;
mod find;
mod origin;
mod pattern;
mod quantity;
mod report;
mod section;
mod settings;
mod table;
mod text;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use effective::Effective;
pub use pattern::{NamePattern, UrlPattern};
pub use report::{DoneWhen, Language, PlannedStep, ReportSettings, SampleQuery};
pub use section::{CopySettings, Registry, SessionSettings, Shared, StoreSchema, SwitchSettings};
pub use text::Value;

use crate::conninfo::{ConnInfo, ConnSources, ConnText, Environment, PasswordCommand, nearest, orm_schema};
use crate::error::Refusal;
use crate::manifest::Manifest;
use origin::{Origin, Place, SourceFile};
use settings::Settings;
use text::{FileText, KEYS, NextStepText, SampleText, TableText};

/// What the command line says about the configuration.
#[derive(Clone, Debug, Default)]
pub struct ConfigSources {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--profile`; else `TENANTCTL_PROFILE`.
    pub profile: Option<String>,
    /// `--database-url`.
    pub database_url: Option<crate::conninfo::Secret>,
    /// Flags that set a key.
    pub flags: Vec<FlagValue>,
}

/// A flag that sets a key.
#[derive(Clone, Debug)]
pub struct FlagValue {
    /// `--lock-timeout`, for messages.
    pub flag: &'static str,
    /// `session.lock_timeout`.
    pub key: &'static str,
    /// Its text.
    pub value: String,
}

/// The merged configuration. Sections are checked when it is loaded, as far as their values can be known by then.
pub struct Config {
    settings: Settings,
    file: Option<Arc<SourceFile>>,
    looked: String,
    profile: Option<String>,
    tables: Vec<TableText>,
    samples: Vec<SampleText>,
    next_steps: Vec<NextStepText>,
    warnings: Vec<String>,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").field("path", &self.path()).field("values", &self.effective(true)).finish()
    }
}

/// Every key that a configuration file may have: `shared.schema`, `tables.parent`.
pub fn keys() -> impl Iterator<Item = &'static str> {
    KEYS.iter().map(|key| key.name).chain(text::REPEATED_KEYS.iter().copied())
}

impl Config {
    /// Finds the file, merges the layers and checks them: flag, `TENANTCTL_*`, profile, file, default.
    ///
    /// # Errors
    /// A [`Refusal`] where a named file or profile is missing, a key is unknown, or a value makes no sense.
    pub fn load(args: &ConfigSources, env: &Environment) -> anyhow::Result<Self> {
        let config = Self::merge(args, env)?;
        config.check()?;
        Ok(config)
    }

    fn merge(args: &ConfigSources, env: &Environment) -> Result<Self, Refusal> {
        let search = find::find(args.config.as_deref(), env)?;
        let file = search.file.map(Arc::new);
        let mut text = file.as_ref().map(text::parse).transpose()?.unwrap_or_default();
        let mut settings = Settings::new(env);

        let defaults = SourceFile { path: PathBuf::from("defaults"), text: include_str!("defaults.toml").to_owned() };
        for (key, _, value) in text::parse(&Arc::new(defaults))?.sections().found() {
            settings.put(key, value, Origin::Default);
        }
        if let Some(url) = env.filled("DATABASE_URL") {
            settings.put("database.url", Value::Text(url.to_owned()), Origin::Environment("DATABASE_URL".to_owned()));
        }
        let mut sections = text.sections();
        if let Some(file) = &file {
            for (key, span, value) in sections.found() {
                settings.put(key, value, Origin::File(Place { file: Arc::clone(file), span }));
            }
        }
        let profile = args.profile.clone().or_else(|| env.filled("TENANTCTL_PROFILE").map(str::to_owned));
        if let Some(name) = &profile {
            put_profile(&mut settings, &mut text, name, file.as_ref(), &search.looked)?;
        }
        let warnings = settings.put_environment()?;
        if let Some(url) = &args.database_url {
            settings.put("database.url", Value::Text(url.reveal().to_owned()), Origin::Flag("-d".to_owned()));
        }
        for given in &args.flags {
            let key = KEYS.iter().find(|key| key.name == given.key);
            let key =
                key.ok_or_else(|| Refusal::new(format!("{} sets `{}`, which is no key", given.flag, given.key)))?;
            settings.put_text(key, &given.value, Origin::Flag(given.flag.to_owned()))?;
        }
        put_orm_schema(&mut settings);
        Ok(Self {
            settings,
            file,
            looked: search.looked,
            profile,
            tables: text.tables,
            samples: sections.report.samples,
            next_steps: sections.report.next_steps,
            warnings,
        })
    }

    /// Checks what can be checked now; a section that waits for a variable is checked when it is needed.
    fn check(&self) -> Result<(), Refusal> {
        let ready = |section| self.settings.is_ready(section);
        if ready("database") {
            self.connect_timeout()?;
        }
        if ready("shared") {
            self.shared()?;
            if ready("registry") {
                self.registry()?;
            }
            if !self.tables.is_empty() && !table::refer(&self.tables) {
                self.manifest()?;
            }
        }
        if ready("store_schema") {
            self.store_schema()?;
        }
        if ready("report") && !self.repeated().refers() {
            self.report()?;
        }
        if ready("copy") && ready("switch") && ready("session") {
            self.copy()?;
            self.switch()?;
            self.session()?;
        }
        Ok(())
    }

    /// The configuration file, if there is one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.file.as_ref().map(|file| file.path.as_path())
    }

    /// The profile in use.
    #[must_use]
    pub fn profile(&self) -> Option<&str> {
        self.profile.as_deref()
    }

    /// What looks like a mistake but stops nothing, a sentence each.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// How to connect.
    ///
    /// # Errors
    /// A [`Refusal`] where the connection string cannot be expanded or read; see [`ConnInfo::resolve`].
    pub fn connection(&self) -> anyhow::Result<ConnInfo> {
        Ok(ConnInfo::resolve(&self.connection_sources()?, &self.settings.env)?)
    }

    fn connection_sources(&self) -> Result<ConnSources, Refusal> {
        let settings = &self.settings;
        let url = settings.url("database.url").map_err(|refusal| match refusal.hint {
            Some(hint) => Refusal { hint: Some(format!("{hint}, or give -d")), ..refusal },
            None => refusal,
        })?;
        let text = url.zip(settings.get("database.url")).map(|(text, setting)| {
            let folder = settings.folder(setting).to_owned();
            let again = match (&setting.value, setting.origin.place()) {
                (Value::Text(written), Some(_)) if expand::refers(written) => {
                    let (written, env, folder) = (written.clone(), settings.env.clone(), folder.clone());
                    let read = move || expand::expand_url(&written, &env, &folder);
                    Some(Arc::new(read) as crate::conninfo::ReadAgain)
                }
                _ => None,
            };
            let origin = match &setting.origin {
                Origin::Flag(flag) => flag.clone(),
                Origin::Environment(name) => name.clone(),
                _ => "[database] url".to_owned(),
            };
            ConnText { text, origin, folder, again }
        });
        // the command is not expanded: `${VAR}` in it is the shell's
        let password_command = settings.get("database.password_command").and_then(|setting| match &setting.value {
            Value::Text(command) if !command.trim().is_empty() => Some(PasswordCommand {
                command: command.clone(),
                folder: settings.folder(setting).to_owned(),
                env: settings.env.clone(),
            }),
            _ => None,
        });
        Ok(ConnSources { text, password_command, connect_timeout: self.connect_timeout()? })
    }

    fn connect_timeout(&self) -> Result<Option<std::time::Duration>, Refusal> {
        let key = "database.connect_timeout";
        self.settings.get(key).map(|_| self.settings.duration(key)).transpose()
    }

    /// `[shared]`.
    ///
    /// # Errors
    /// Refuses a value that cannot be expanded or makes no sense, here and below.
    pub fn shared(&self) -> Result<Shared, Refusal> {
        section::shared(&self.settings)
    }

    /// `[registry]`, if there is one.
    ///
    /// # Errors
    /// As [`Config::shared`].
    pub fn registry(&self) -> Result<Option<Registry>, Refusal> {
        section::registry(&self.settings)
    }

    /// `[store_schema]`.
    ///
    /// # Errors
    /// As [`Config::shared`].
    pub fn store_schema(&self) -> Result<StoreSchema, Refusal> {
        section::store_schema(&self.settings)
    }

    /// `[copy]`.
    ///
    /// # Errors
    /// As [`Config::shared`].
    pub fn copy(&self) -> Result<CopySettings, Refusal> {
        section::copy(&self.settings)
    }

    /// `[switch]`.
    ///
    /// # Errors
    /// As [`Config::shared`].
    pub fn switch(&self) -> Result<SwitchSettings, Refusal> {
        section::switch(&self.settings)
    }

    /// `[session]`.
    ///
    /// # Errors
    /// As [`Config::shared`].
    pub fn session(&self) -> Result<SessionSettings, Refusal> {
        section::session(&self.settings)
    }

    /// `[report]`.
    ///
    /// # Errors
    /// As [`Config::shared`].
    pub fn report(&self) -> Result<ReportSettings, Refusal> {
        report::report(&self.settings, &self.repeated())
    }

    fn repeated(&self) -> report::Repeated<'_> {
        report::Repeated { file: self.file.as_ref(), samples: &self.samples, next_steps: &self.next_steps }
    }

    /// The shared tables and their owner paths.
    ///
    /// # Errors
    /// Refuses where there is no configuration file, and what [`Manifest::check`] refuses.
    pub fn manifest(&self) -> Result<Manifest, Refusal> {
        let Some(file) = &self.file else {
            return Err(Refusal::new("no configuration says which tables hold the stores' rows")
                .because(self.looked.clone())
                .hint("write tenantctl.toml with a [[tables]] section per table (config.example.toml shows how), or name one with --config"));
        };
        table::manifest(self.shared()?, &self.tables, file, &self.settings.env)
    }

    /// Every key that has a value, masked; `with_origin` adds who said it.
    #[must_use]
    pub fn effective(&self, with_origin: bool) -> Vec<Effective> {
        effective::effective(&self.settings, with_origin)
    }
}

fn put_profile(
    settings: &mut Settings,
    text: &mut FileText,
    name: &str,
    file: Option<&Arc<SourceFile>>,
    looked: &str,
) -> Result<(), Refusal> {
    let Some(file) = file else {
        return Err(
            Refusal::new(format!("there is no profile `{name}`, for there is no configuration file")).because(looked)
        );
    };
    let Some(profile) = text.profile.get_mut(name) else {
        let known: Vec<&str> = text.profile.keys().map(String::as_str).collect();
        let refusal = Refusal::new(format!("{} has no profile `{name}`", file.path.display()));
        return Err(match nearest(name, known.iter().copied()) {
            Some(candidate) => refusal.hint(format!("did you mean `{candidate}`?")),
            None if known.is_empty() => refusal.hint(format!("add a section [profile.{name}.database]")),
            None => refusal.hint(format!("profiles are {}", known.join(", "))),
        });
    };
    if !profile.report.samples.is_empty() || !profile.report.next_steps.is_empty() {
        return Err(Refusal::new(format!("profile `{name}` has samples or next steps"))
            .hint("they are the same in every profile: write them under [report]"));
    }
    for (key, span, value) in profile.found() {
        settings.put(key, value, Origin::Profile(name.to_owned(), Place { file: Arc::clone(file), span }));
    }
    Ok(())
}

/// The mapper's `?schema=` says where the application's tables are, where nobody said so in our own words.
fn put_orm_schema(settings: &mut Settings) {
    let is_said = settings.get("shared.schema").is_some_and(|setting| !matches!(setting.origin, Origin::Default));
    if is_said {
        return;
    }
    // a string that cannot be expanded or read is refused by those who need a connection
    let schema = settings.url("database.url").ok().flatten().and_then(|text| orm_schema(&text));
    if let Some(schema) = schema {
        settings.put("shared.schema", Value::Text(schema), Origin::OrmUrl);
    }
}

#[cfg(test)]
mod tests;
