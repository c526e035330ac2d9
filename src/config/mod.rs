//! The configuration: found, read, merged, checked.
//!
//! The text form (`text.rs`) says which keys there are; the checked forms say what they mean. A value is expanded
//! when it is needed, so a missing DATABASE_URL breaks neither `config` nor a run with `-d`. What a connection string
//! means, `conninfo` knows; whether tables and columns exist, `pg` asks.

mod alert;
mod backup;
mod connection;
mod effective;
mod expand;
mod find;
mod merge;
mod origin;
mod pattern;
mod pooler;
mod probe;
pub mod quantity;
mod report;
mod role;
mod section;
mod settings;
mod table;
mod text;
mod value;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use alert::{AlertingSettings, Webhook};
pub use backup::BackupSettings;
pub use effective::Effective;
pub use pattern::{NamePattern, UrlPattern};
pub use pooler::{PoolMode, PoolerSettings};
pub use probe::{CommandProbe, Expect, HttpProbe, Probe, ProbeAct, SqlProbe, ValidateSettings};
pub use report::{DoneWhen, Language, PlannedStep, ReportSettings, SampleQuery};
pub use role::{RolePassword, RolePattern, RoleSettings};
pub use section::{CopySettings, Registry, SessionSettings, Shared, StoreSchema, SwitchSettings, ThrottleSettings};
pub use value::Value;

use crate::alert::Rule;
use crate::conninfo::{Environment, Secret};
use crate::error::Refusal;
use crate::manifest::Manifest;
use origin::SourceFile;
use settings::Settings;
use text::{AlertText, KEYS, NextStepText, ProbeText, SampleText, TableText};

/// What the command line says about the configuration.
#[derive(Clone, Debug, Default)]
pub struct ConfigSources {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--profile`; else `TENANTCTL_PROFILE`.
    pub profile: Option<String>,
    /// `--database-url`.
    pub database_url: Option<Secret>,
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
    probes: Vec<ProbeText>,
    alerts: Vec<AlertText>,
    new_row: BTreeMap<String, String>,
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
        if ready("role") && ready("shared") {
            self.role()?;
        }
        if ready("pooler") {
            self.pooler()?;
        }
        if ready("backup") {
            self.backup()?;
        }
        if ready("report") && !self.repeated().refers() {
            self.report()?;
        }
        if ready("validate") {
            self.validate()?;
            if !probe::refer(&self.probes) {
                self.probes()?;
            }
        }
        if ready("throttle") {
            self.throttle()?;
        }
        if ready("alerting") {
            self.alerting()?;
            self.alerts()?;
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
        section::registry(&self.settings, &self.new_row)
    }

    /// `[store_schema]`.
    ///
    /// # Errors
    /// As [`Config::shared`].
    pub fn store_schema(&self) -> Result<StoreSchema, Refusal> {
        section::store_schema(&self.settings)
    }

    /// `[role]`, if there is one.
    ///
    /// # Errors
    /// As [`Config::shared`].
    pub fn role(&self) -> Result<Option<RoleSettings>, Refusal> {
        role::role(&self.settings)
    }

    /// `[pooler]`.
    ///
    /// # Errors
    /// As [`Config::shared`].
    pub fn pooler(&self) -> Result<PoolerSettings, Refusal> {
        pooler::pooler(&self.settings)
    }

    /// `[backup]`.
    ///
    /// # Errors
    /// As [`Config::shared`].
    pub fn backup(&self) -> Result<BackupSettings, Refusal> {
        backup::backup(&self.settings)
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

    /// `[throttle]`.
    ///
    /// # Errors
    /// As [`Config::shared`].
    pub fn throttle(&self) -> Result<ThrottleSettings, Refusal> {
        section::throttle(&self.settings)
    }

    /// `[session]`.
    ///
    /// # Errors
    /// As [`Config::shared`].
    pub fn session(&self) -> Result<SessionSettings, Refusal> {
        section::session(&self.settings)
    }

    /// `[validate]`.
    ///
    /// # Errors
    /// As [`Config::shared`].
    pub fn validate(&self) -> Result<ValidateSettings, Refusal> {
        probe::validate(&self.settings)
    }

    /// `[[probes]]`.
    ///
    /// # Errors
    /// As [`Config::shared`].
    pub fn probes(&self) -> Result<Vec<Probe>, Refusal> {
        probe::probes(&self.settings, &self.probes, self.file.as_ref())
    }

    /// `[alerting]`.
    ///
    /// # Errors
    /// As [`Config::shared`].
    pub fn alerting(&self) -> Result<AlertingSettings, Refusal> {
        alert::alerting(&self.settings)
    }

    /// The shipped alerts and `[[alerts]]`.
    ///
    /// # Errors
    /// As [`Config::shared`].
    pub fn alerts(&self) -> Result<Vec<Rule>, Refusal> {
        alert::rules(&self.settings, &self.alerts, self.file.as_ref())
    }

    /// `[report]`.
    ///
    /// # Errors
    /// As [`Config::shared`].
    pub fn report(&self) -> Result<ReportSettings, Refusal> {
        report::report(&self.settings, &self.repeated())
    }

    fn repeated(&self) -> report::Repeated<'_> {
        report::Repeated {
            file: self.file.as_ref(),
            samples: &self.samples,
            next_steps: &self.next_steps,
            probes: self.probes.iter().map(|probe| probe.name.as_ref().as_str()).collect(),
        }
    }

    /// The shared tables and their owner paths.
    ///
    /// # Errors
    /// Refuses where there is no configuration file, and what [`Manifest::check`] refuses.
    pub fn manifest(&self) -> Result<Manifest, Refusal> {
        let Some(file) = &self.file else {
            return Err(Refusal::new("no configuration says which tables hold the stores' rows")
                .because(self.looked.clone())
                .hint(
                    "write tenantctl.toml with a [[tables]] section per table (config.example.toml shows how), \
                     or name one with --config",
                ));
        };
        table::manifest(self.shared()?, &self.tables, file, &self.settings.env)
    }

    /// Every key that has a value, masked; `with_origin` adds who said it.
    #[must_use]
    pub fn effective(&self, with_origin: bool) -> Vec<Effective> {
        effective::effective(&self.settings, with_origin)
    }
}

#[cfg(test)]
mod tests;
