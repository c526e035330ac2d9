//! From the words of a command to a working place: configuration, connections, the ground, the chosen stores.

use std::collections::BTreeMap;
use std::io::Read;
use std::num::NonZeroUsize;
use std::sync::{Arc, Weak};

use anyhow::{Context, Result, bail};

use super::{Globals, StoreArgs};
use crate::config::{Config, ConfigSources, FlagValue, Probe, Registry as RegistryConfig};
use crate::conninfo::{ConnInfo, Environment};
use crate::error::{Exit, Refusal};
use crate::event::{Event, Observer};
use crate::manifest::Manifest;
use crate::pg::blueprint::Access;
use crate::pg::ground::{Ground, Grounds};
use crate::pg::journal::{self, MoveLine, RecordedTemplate};
use crate::pg::overheard;
use crate::pg::registry::{self, Registry, RegistryRow};
use crate::pg::session::{Session, Sessions};
use crate::plan::Finding;
use crate::step::gate::Gate;
use crate::step::{Means, Strategy};
use crate::store::{KeyType, Selection, StoreKey};
use crate::template::Template;
use crate::view::words::{Lang, Words};
use crate::view::{self, Detail, text};

/// Rows of a difference that are listed per table, where `--max-diffs` does not say otherwise.
pub(super) const MAX_DIFFS: usize = 10;

/// An open working place.
pub(super) struct Opened {
    pub(super) config: Config,
    pub(super) sessions: Arc<Sessions>,
    pub(super) run: String,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) registry_config: Option<RegistryConfig>,
    pub(super) orm_schema: Option<String>,
    pub(super) max_diffs: usize,
    /// Those that the command shall ask; none before it says so.
    pub(super) probes: Vec<Probe>,
    pub(super) store_schema: crate::config::StoreSchema,
    /// For progress and questions.
    pub(super) words: &'static Words,
}

/// All that is known before anybody connects.
pub(super) struct Prepared {
    config: Config,
    conninfo: ConnInfo,
    observer: Arc<dyn Observer>,
    run: String,
    words: &'static Words,
}

/// Loads the configuration; no connection yet.
pub(super) fn config(globals: &Globals, env: &Environment) -> Result<Config> {
    let mut flags = Vec::new();
    if let Some(value) = &globals.lock_timeout {
        flags.push(FlagValue { flag: "--lock-timeout", key: "session.lock_timeout", value: value.clone() });
    }
    if let Some(value) = globals.table_jobs {
        flags.push(FlagValue { flag: "--table-jobs", key: "copy.jobs", value: value.to_string() });
    }
    Config::load(
        &ConfigSources {
            config: globals.config.clone(),
            profile: globals.profile.clone(),
            database_url: globals.secret_url(),
            flags,
        },
        env,
    )
}

impl Prepared {
    /// Loads the configuration.
    ///
    /// # Errors
    /// What the configuration or the environment has against it.
    pub(super) fn new(globals: &Globals, env: &Environment, store_count: usize) -> Result<Self> {
        let config = config(globals, env)?;
        let page = page_options(&config);
        let words = text::Options { lang: globals.lang().unwrap_or(page.lang), ..page }.words();
        let observer = view::observer(globals.progress(), globals.quiet, globals.log(), store_count, words)?;
        let observer: Arc<dyn Observer> = Arc::from(observer);
        if globals.log().is_some_and(|log| log.detail == Detail::Statements) {
            overheard::listen(Arc::downgrade(&observer));
        }
        let conninfo = config.connection()?;
        for warning in config.warnings().iter().chain(&conninfo.warnings) {
            observer.notice(&Event::Warned { message: warning });
        }
        Ok(Self { config, conninfo, observer, run: format!("{:08x}", rand::random::<u32>()), words })
    }

    /// Connects.
    ///
    /// # Errors
    /// The connection's own, or a refusal of the server or of what stands before it.
    pub(super) async fn connect(self) -> Result<Opened> {
        let Self { config, conninfo, observer, run, words } = self;
        let sessions = Sessions::open(&conninfo, &run, config.session()?.lock_timeout, &observer).await?;
        let sessions = Arc::new(sessions);
        listen_for_signals(Arc::downgrade(&sessions));
        let registry_config = config.registry()?;
        let store_schema = config.store_schema()?;
        Ok(Opened {
            registry_config,
            sessions,
            run,
            observer,
            config,
            orm_schema: conninfo.orm_schema,
            max_diffs: MAX_DIFFS,
            probes: Vec::new(),
            store_schema,
            words,
        })
    }
}

impl Opened {
    /// Loads the configuration and connects.
    ///
    /// # Errors
    /// What the configuration, the environment or the server has against it.
    pub(super) async fn open(globals: &Globals, env: &Environment, store_count: usize) -> Result<Self> {
        Prepared::new(globals, env, store_count)?.connect().await
    }

    /// `host:port/database as role`.
    pub(super) fn database(&self) -> String {
        let facts = self.sessions.facts();
        format!("{}/{} as {}", facts.address, facts.database, facts.role)
    }

    pub(super) fn means(&self) -> Result<Means<'_>> {
        let store_schema = self.store_schema.clone();
        Ok(Means {
            sessions: &self.sessions,
            grounds: Grounds::default(),
            observer: self.observer.as_ref(),
            strategy: Strategy::default(),
            stores_at_once: NonZeroUsize::MIN,
            turn: tokio::sync::RwLock::default(),
            looks: Default::default(),
            trial: tokio::sync::Mutex::new(None),
            shared_keys: tokio::sync::OnceCell::new(),
            gate: Gate::default(),
            run: &self.run,
            copy: self.config.copy()?,
            switch: self.config.switch()?,
            id_headroom: store_schema.id_headroom,
            role: self.config.role()?,
            access: Access { owner: store_schema.owner, readers: store_schema.readers },
            samples: self.config.report()?.samples,
            probes: &self.probes,
            max_diffs: self.max_diffs,
        })
    }

    /// The shared schema, held against the configuration's manifest.
    pub(super) async fn ground(&self, reader: &Session) -> Result<Ground> {
        let mut manifest: Manifest = self.config.manifest()?;
        if let Some(schema) = &self.orm_schema
            && !self.says_shared_schema()
        {
            manifest.shared_schema = crate::ident::Ident::parse(schema)?;
        }
        let ground = Ground::read(reader, manifest).await?;
        if let Some(config) = &self.registry_config {
            registry::check(reader, config).await?;
        }
        self.refuse_store_url(reader, &ground).await?;
        Ok(ground)
    }

    fn says_shared_schema(&self) -> bool {
        let said = self.config.effective(true);
        said.iter().any(|key| key.key == "shared.schema" && key.origin.as_deref().is_some_and(|o| o != "default"))
    }

    /// An operator who pastes a store's own URL must not split that store.
    async fn refuse_store_url(&self, reader: &Session, ground: &Ground) -> Result<()> {
        let Some(schema) = &self.orm_schema else { return Ok(()) };
        let registry = self.registry(ground);
        let in_registry =
            registry.stores(reader).await?.into_iter().find(|row| row.values.schema.as_ref() == Some(schema));
        let in_journal = match journal::exists(reader).await? {
            true => {
                let moves = journal::live_moves(reader, ground.shared()).await?;
                moves.into_iter().find(|of| of.store.schema.raw() == schema).map(|of| of.store.key)
            }
            false => None,
        };
        match in_registry.map(|row| row.key).or(in_journal) {
            Some(key) => bail!(
                Refusal::new(format!("the connection's `?schema={schema}` names the schema of store {key}"))
                    .because("it is a store's own URL; tenantctl works on the shared schema")
                    .hint("connect without `?schema=`")
            ),
            None => Ok(()),
        }
    }

    /// The registry, or the tenant columns in its place.
    pub(super) fn registry(&self, ground: &Ground) -> Registry<'_> {
        Registry::new(self.registry_config.as_ref(), ground.key_type.clone(), ground.keyed_tables())
    }

    /// The template and the base data, read and checked; both as the journal records them.
    pub(super) fn template(&self, with_base_data: bool) -> Result<(Template, RecordedTemplate)> {
        let store_schema = self.config.store_schema()?;
        let template = Template::read(store_schema.template()?)?;
        let mut recorded = RecordedTemplate {
            file: template.file().to_owned(),
            text: template.text().to_owned(),
            ..RecordedTemplate::default()
        };
        if with_base_data && let Some(path) = &store_schema.base_data {
            let base_data = Template::read(path)?;
            recorded.base_data_file = Some(base_data.file().to_owned());
            recorded.base_data = Some(base_data.text().to_owned());
        }
        Ok((template, recorded))
    }

    /// The report's options for a page of text.
    pub(super) fn page_options(&self) -> text::Options {
        page_options(&self.config)
    }
}

/// Language, title, time zone and currency of the configuration.
pub(super) fn page_options(config: &Config) -> text::Options {
    let mut options = text::Options::of_terminal();
    if let Ok(report) = config.report() {
        options.lang = Lang::of_code(&report.language.to_string()).unwrap_or_default();
        options.timezone = Some(report.timezone);
        options.currency = report.currency;
        options.titles = report.title;
    }
    options
}

/// The same where a command came to nothing: as far as the configuration can be read at all.
pub(super) fn page_options_of(globals: &Globals, env: &Environment) -> text::Options {
    config(globals, env).map_or_else(|_| text::Options::of_terminal(), |config| page_options(&config))
}

/// The first signal cancels what is in flight, so that it rolls back; the second ends the process at once.
/// On a thread of its own: while an operator thinks about a question, nothing else of ours runs.
fn listen_for_signals(sessions: Weak<Sessions>) {
    std::thread::spawn(move || {
        // Without it a signal ends the process as ever, and the journal says how far it was.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map(|runtime| runtime.block_on(listen(sessions)))
    });
}

async fn listen(sessions: Weak<Sessions>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return; // then a signal ends the process as ever, and the journal says how far it was
    };
    for count in 0.. {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        super::output::interrupted();
        if count > 0 {
            std::process::exit(i32::from(Exit::Interrupted.code()));
        }
        let Some(sessions) = sessions.upgrade() else { continue };
        tokio::spawn(async move {
            while !sessions.is_closing() {
                sessions.interrupt().await; // again: a statement may have begun after the last telling
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        });
    }
}

/// What was chosen, and what was left out and why.
pub(super) struct Chosen {
    pub(super) rows: Vec<RegistryRow>,
    pub(super) left_out: Vec<Finding>,
}

/// The stores that a command is about, in the order of their keys.
///
/// # Errors
/// A refusal where none is named, or a named one does not exist.
pub(super) async fn choose(
    reader: &Session,
    registry: &Registry<'_>,
    key_type: &KeyType,
    args: &StoreArgs,
) -> Result<Chosen> {
    let mut words = args.store.clone();
    if let Some(path) = &args.stores_from {
        words.extend(keys_from(path)?);
    }
    if words.is_empty() && !args.all {
        bail!(
            Refusal::new("no store is named")
                .hint("`--store KEY` names one, `--all` takes every store; `tenantctl stores` lists them")
        );
    }
    let selection = Selection::parse(args.all, &words, &args.except, key_type)?;
    let all: BTreeMap<StoreKey, RegistryRow> =
        registry.stores(reader).await?.into_iter().map(|row| (row.key.clone(), row)).collect();
    for key in &selection.keys {
        if !all.contains_key(key) {
            let refusal = match registry.table() {
                Some(table) => Refusal::new(format!("store {key} is not in the registry {}", table.raw())),
                None => Refusal::new(format!("store {key} has no row in any shared table")),
            };
            bail!(refusal.hint("`tenantctl stores` lists the stores"));
        }
    }
    let mut chosen = Chosen { rows: Vec::new(), left_out: Vec::new() };
    for (key, row) in all {
        if selection.excepts(&key) {
            continue;
        }
        let named = selection.keys.contains(&key);
        if !selection.takes(&key) {
            continue;
        }
        match args.all && !named && !row.in_all {
            true => chosen
                .left_out
                .push(Finding::note("left_out", "left out: `[registry] where` does not take it").store(&key)),
            false => chosen.rows.push(row),
        }
    }
    if chosen.rows.is_empty() {
        bail!(Refusal::new("no store is left after the selection").hint("`tenantctl stores` lists the stores"));
    }
    Ok(chosen)
}

/// A key per line; `#` begins a comment.
fn keys_from(path: &std::path::Path) -> Result<Vec<String>> {
    let text = match path == std::path::Path::new("-") {
        true => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).context("reading store keys from stdin")?;
            text
        }
        false => std::fs::read_to_string(path).map_err(|error| {
            Refusal::new(format!("reading store keys from {}", path.display()))
                .because(error.to_string())
                .hint("name a file with a key per line, or - for stdin")
        })?,
    };
    let keys = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim().to_owned());
    Ok(keys.filter(|key| !key.is_empty()).collect())
}

/// The live moves of the shared schema; none where there is no journal.
pub(super) async fn moves(reader: &Session, ground: &Ground) -> Result<Vec<MoveLine>> {
    match journal::exists(reader).await? {
        true => journal::live_moves(reader, ground.shared()).await,
        false => Ok(Vec::new()),
    }
}
