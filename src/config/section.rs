//! The sections in their checked form.

use std::collections::BTreeMap;
use std::num::{NonZeroU8, NonZeroU32};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::pattern::{NamePattern, UrlPattern};
use super::settings::Settings;
use crate::error::Refusal;
use crate::ident::{Ident, QualifiedTable};
use crate::template::Script;

/// `[shared]`: the schema whose tables are keyed by store.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Shared {
    /// The shared schema.
    pub schema: Ident,
    /// The tenant column where a table does not name its own.
    pub tenant_column: Ident,
    /// Tables that look owned but stay for all.
    pub common: Vec<Ident>,
    /// Tables that tenantctl shall not look at.
    pub ignore: Vec<Ident>,
}

/// `[registry]`: the application's table of stores.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Registry {
    /// The table.
    pub table: QualifiedTable,
    /// Its column with the store key.
    pub key: Ident,
    /// Its column with the store's name.
    pub name: Option<Ident>,
    /// Its column with the time of creation; gives `{created_ms}`.
    pub created: Option<Ident>,
    /// Its column that names the store schema; `switch` writes it.
    pub schema_column: Option<Ident>,
    /// Its column that receives [`StoreSchema::url`]; `switch` writes it.
    pub url_column: Option<Ident>,
    /// `where`: which stores `--all` means, in SQL.
    pub condition: Option<String>,
    /// What a new store's row has in its other columns: a query of one value each.
    pub new: Vec<(Ident, Script)>,
}

/// `[store_schema]`: what is made for a store.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoreSchema {
    /// Its name where the registry names none.
    pub name: NamePattern,
    /// The URL that the application shall use; never our own connection.
    pub url: Option<UrlPattern>,
    template: Option<PathBuf>,
    /// SQL for new stores.
    pub base_data: Option<PathBuf>,
    /// How far above the shared maximum its sequences begin.
    pub id_headroom: u64,
    /// The role that shall own it; none: the role that creates it.
    pub owner: Option<Ident>,
    /// Roles that may read it.
    pub readers: Vec<Ident>,
}

impl StoreSchema {
    /// The SQL that makes a store schema.
    ///
    /// # Errors
    /// Refuses where the configuration names none.
    pub fn template(&self) -> Result<&Path, Refusal> {
        self.template.as_deref().ok_or_else(|| {
            Refusal::new("no template is configured")
                .hint("write [store_schema] template = \"store_schema.sql\"; `pg_dump --schema-only` is a beginning")
        })
    }

    /// The name of a store's schema; see [`NamePattern::schema_name`].
    ///
    /// # Errors
    /// As [`NamePattern::schema_name`].
    pub fn schema_name(&self, key: &str, name: Option<&str>, created_ms: Option<i64>) -> Result<Ident, Refusal> {
        self.name.schema_name(key, name, created_ms)
    }

    /// The URL that the application shall use for a store, if one is configured. Mask it before it is shown.
    #[must_use]
    pub fn application_url(&self, schema: &Ident, key: &str) -> Option<String> {
        self.url.as_ref().map(|pattern| pattern.application_url(schema, key))
    }
}

/// `[copy]`: how rows are moved.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CopySettings {
    /// Tables and parts of tables of one store that are loaded at the same time.
    pub jobs: NonZeroU8,
    /// Bytes after which a COPY is ended and the next begun, so that an error of the target is seen early.
    pub piece: u64,
    /// Bytes of a store's rows of one table that are worth a writer of their own.
    pub split_bytes: u64,
}

impl CopySettings {
    /// In how many parts so many bytes of one table are loaded; 1: it is not split.
    #[must_use]
    pub fn parts(&self, bytes: u64) -> u8 {
        let parts = bytes.checked_div(self.split_bytes).unwrap_or(1);
        u8::try_from(parts).unwrap_or(u8::MAX).clamp(1, self.jobs.get())
    }
}

/// `[switch]`: how long others may wait.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SwitchSettings {
    /// The longest wait for all locks of one try.
    pub lock_wait: Duration,
    /// The longest time for locks and work together.
    pub deadline: Duration,
    /// Tries for the locks in one round.
    pub tries: NonZeroU32,
    /// Rounds of copying again what changed.
    pub rounds: NonZeroU32,
}

/// `[throttle]`: beyond what nothing new begins.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ThrottleSettings {
    /// How far the worst replica may be behind; none: however far.
    pub max_lag: Option<Duration>,
    /// Client backends of others in the database that may be active; none: however many.
    pub max_active: Option<u32>,
    /// Bytes of WAL a second that the server may write; none: however many.
    pub max_wal_rate: Option<u64>,
    /// Backends of others that may wait for a lock of ours.
    pub max_lock_waits: u32,
}

/// `[session]`: manners of every session.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SessionSettings {
    /// The longest wait for one lock, outside the switch.
    pub lock_timeout: Duration,
}

pub(super) fn shared(settings: &Settings) -> Result<Shared, Refusal> {
    Ok(Shared {
        schema: settings.required_name("shared.schema")?,
        tenant_column: settings.required_name("shared.tenant_column")?,
        common: settings.names("shared.common")?,
        ignore: settings.names("shared.ignore")?,
    })
}

pub(super) fn registry(settings: &Settings, new: &BTreeMap<String, String>) -> Result<Option<Registry>, Refusal> {
    if !settings.has_section("registry") {
        return Ok(None);
    }
    let schema = settings.required_name("shared.schema")?;
    let table = QualifiedTable::parse(&settings.required("registry.table")?, &schema)
        .map_err(|inner| Refusal { hint: inner.hint, ..settings.refuse("registry.table", &inner.message) })?;
    let registry = Registry {
        table,
        key: settings.required_name("registry.key")?,
        name: settings.name("registry.name")?,
        created: settings.name("registry.created")?,
        schema_column: settings.name("registry.schema_column")?,
        url_column: settings.name("registry.url_column")?,
        condition: settings.text("registry.where")?,
        new: new.iter().map(new_column).collect::<Result<_, Refusal>>()?,
    };
    let written = [Some(&registry.key), registry.name.as_ref(), registry.created.as_ref()];
    if let Some((column, _)) = registry.new.iter().find(|(column, _)| written.contains(&Some(column))) {
        return Err(Refusal::new(format!("[registry] new gives column {} a value", column.raw()))
            .because("key, name and time of creation are written as they are")
            .hint("take it out"));
    }
    if registry.url_column.is_some() && settings.get("store_schema.url").is_none() {
        return Err(settings
            .refuse("registry.url_column", "receives [store_schema] url, which is not there")
            .hint("write [store_schema] url = \"postgresql://…?schema={schema}\", or leave url_column out"));
    }
    Ok(Some(registry))
}

/// The value stands in a query of its own, so that it cannot be more than a value.
fn new_column((column, value): (&String, &String)) -> Result<(Ident, Script), Refusal> {
    let origin = format!("registry.new.{column}");
    let script = Script::parse(&origin, &format!("select ({value}\n)"))?;
    match script.statement_count() {
        1 => Ok((Ident::new(column), script)),
        _ => Err(Refusal::new(format!("[registry] new: {column} is more than one value"))
            .hint("write one SQL expression: \"true\", \"lower({{store_name}})\"")),
    }
}

pub(super) fn store_schema(settings: &Settings) -> Result<StoreSchema, Refusal> {
    let pattern_key = "store_schema.name";
    let name =
        NamePattern::parse(&settings.required(pattern_key)?).map_err(|why| settings.refuse(pattern_key, &why))?;
    for (word, column) in [("name", "registry.name"), ("created_ms", "registry.created")] {
        if name.has(word) && settings.get(column).is_none() {
            let (_, key) = column.split_once('.').unwrap_or_default();
            return Err(settings
                .refuse(pattern_key, &format!("{{{word}}} needs [registry] {key}, which is not there"))
                .hint(format!("write [registry] {key} = \"…\", or use {{key}}")));
        }
    }
    let url_key = "store_schema.url";
    let url = settings.url(url_key)?.map(|text| UrlPattern::parse(&text)).transpose();
    Ok(StoreSchema {
        name,
        url: url.map_err(|why| settings.refuse(url_key, &why))?,
        template: settings.path("store_schema.template")?,
        base_data: settings.path("store_schema.base_data")?,
        id_headroom: settings.number("store_schema.id_headroom", 0, 1_000_000_000_000)?,
        owner: settings.name("store_schema.owner")?,
        readers: settings.names("store_schema.readers")?,
    })
}

pub(super) fn copy(settings: &Settings) -> Result<CopySettings, Refusal> {
    let jobs: u8 = settings.number("copy.jobs", 1, 64)?;
    Ok(CopySettings {
        jobs: NonZeroU8::new(jobs).unwrap_or(NonZeroU8::MIN),
        piece: settings.bytes("copy.piece", "1MiB", "1GiB")?,
        split_bytes: settings.bytes("copy.split_bytes", "64KiB", "1024GiB")?,
    })
}

pub(super) fn switch(settings: &Settings) -> Result<SwitchSettings, Refusal> {
    let count = |key| settings.number::<u32>(key, 1, 1000).map(|n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN));
    let switch = SwitchSettings {
        lock_wait: settings.duration("switch.lock_wait")?,
        deadline: settings.duration("switch.deadline")?,
        tries: count("switch.tries")?,
        rounds: count("switch.rounds")?,
    };
    if switch.lock_wait >= switch.deadline {
        return Err(settings
            .refuse("switch.lock_wait", "leaves no time for the work")
            .because("lock_wait is a part of deadline")
            .hint("make lock_wait shorter than deadline; 50ms and 300ms are the defaults"));
    }
    Ok(switch)
}

pub(super) fn throttle(settings: &Settings) -> Result<ThrottleSettings, Refusal> {
    let said = |key| settings.get(key).is_some();
    let count = |key| settings.number::<u32>(key, 0, 1_000_000);
    Ok(ThrottleSettings {
        max_lag: said("throttle.max_lag").then(|| settings.duration("throttle.max_lag")).transpose()?,
        max_active: said("throttle.max_active").then(|| count("throttle.max_active")).transpose()?,
        max_wal_rate: said("throttle.max_wal_rate")
            .then(|| settings.bytes("throttle.max_wal_rate", "1KiB", "1024GiB"))
            .transpose()?,
        max_lock_waits: count("throttle.max_lock_waits")?,
    })
}

pub(super) fn session(settings: &Settings) -> Result<SessionSettings, Refusal> {
    Ok(SessionSettings { lock_timeout: settings.duration("session.lock_timeout")? })
}
