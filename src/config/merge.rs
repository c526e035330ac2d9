//! Lays the layers of the configuration one over the other.

use std::path::PathBuf;
use std::sync::Arc;

use super::origin::{Origin, Place, SourceFile};
use super::settings::Settings;
use super::text::{self, FileText, KEYS};
use super::value::Value;
use super::{Config, ConfigSources, find};
use crate::conninfo::{Environment, nearest, orm_schema};
use crate::error::Refusal;

impl Config {
    pub(super) fn merge(args: &ConfigSources, env: &Environment) -> Result<Self, Refusal> {
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
            probes: text.probes,
            alerts: text.alerts,
            new_row: sections.registry.new,
            samples: sections.report.samples,
            next_steps: sections.report.next_steps,
            warnings,
        })
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
    if !profile.registry.new.is_empty() {
        return Err(Refusal::new(format!("profile `{name}` has [registry] new"))
            .hint("it is the same in every profile: write it under [registry]"));
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
