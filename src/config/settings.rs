//! The layers of the configuration, merged key by key: default, file, profile, environment, flag.
//!
//! Answers with the winner's value, expanded when asked for, and refuses pointing at where it was written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::expand::{expand, expand_url, refers};
use super::origin::Origin;
use super::quantity;
use super::text::{KEYS, Key, Kind};
use super::value::{Localized, Value};
use crate::conninfo::{Environment, PasswordCommand, nearest};
use crate::error::Refusal;
use crate::ident::Ident;
use crate::report::Texts;

pub(super) struct Setting {
    pub(super) value: Value,
    pub(super) origin: Origin,
}

pub(super) struct Settings {
    values: BTreeMap<&'static str, Setting>,
    pub(super) env: Environment,
}

impl Settings {
    pub(super) fn new(env: &Environment) -> Self {
        Self { values: BTreeMap::new(), env: env.clone() }
    }

    /// A later layer outweighs an earlier one.
    pub(super) fn put(&mut self, key: &'static str, value: Value, origin: Origin) {
        self.values.insert(key, Setting { value, origin });
    }

    /// A value that comes as text, from a flag or a variable.
    pub(super) fn put_text(&mut self, key: &Key, text: &str, origin: Origin) -> Result<(), Refusal> {
        let value = match key.kind {
            Kind::Text => Value::Text(text.to_owned()),
            Kind::Localized => Localized::same(text).into(),
            Kind::Number => Value::Number(text.trim().parse().map_err(|_| {
                Refusal::new(format!("[{}: `{text}` is no whole number ({origin})", key.name.replacen('.', "] ", 1)))
            })?),
            Kind::Flag => Value::Flag(text.trim().parse().map_err(|_| {
                let key = key.name.replacen('.', "] ", 1);
                Refusal::new(format!("[{key}: `{text}` is neither `true` nor `false` ({origin})"))
            })?),
            Kind::List => Value::List(text.split(',').map(|item| item.trim().to_owned()).collect()),
        };
        self.put(key.name, value, origin);
        Ok(())
    }

    /// The `TENANTCTL_*` variables, and a warning for each that looks like one and is none.
    pub(super) fn put_environment(&mut self) -> Result<Vec<String>, Refusal> {
        let scalars: Vec<(String, &Key)> =
            KEYS.iter().filter(|key| key.kind != Kind::List).map(|key| (variable(key.name), key)).collect();
        let set: Vec<(String, String)> = self
            .env
            .variables()
            .filter(|(name, value)| name.starts_with("TENANTCTL_") && !value.is_empty())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let mut warnings = Vec::new();
        for (name, value) in set {
            if let Some((_, key)) = scalars.iter().find(|(variable, _)| *variable == name) {
                self.put_text(key, &value, Origin::Environment(name))?;
                continue;
            }
            let sections = KEYS.iter().filter_map(|key| key.name.split_once('.')).map(|(section, _)| section);
            if !sections.into_iter().any(|section| name.starts_with(&variable(section))) {
                continue; // not a key's: TENANTCTL_CONFIG, TENANTCTL_PROFILE, another program's
            }
            let known = scalars.iter().map(|(variable, _)| variable.as_str());
            warnings.push(match KEYS.iter().find(|key| variable(key.name) == name) {
                Some(_) => format!("{name} is ignored: a list is set in the configuration file only"),
                None => match nearest_variable(&name, known) {
                    Some(candidate) => format!("{name} names no key of the configuration; did you mean {candidate}?"),
                    None => format!("{name} names no key of the configuration"),
                },
            });
        }
        Ok(warnings)
    }

    pub(super) fn get(&self, key: &str) -> Option<&Setting> {
        self.values.get(key)
    }

    /// Whether anybody but the defaults says something in a section.
    pub(super) fn has_section(&self, section: &str) -> bool {
        self.of_section(section).any(|setting| !matches!(setting.origin, Origin::Default))
    }

    /// Whether all texts of a section can be expanded now; where not, the section is checked when it is needed.
    pub(super) fn is_ready(&self, section: &str) -> bool {
        self.of_section(section).all(|setting| match &setting.value {
            Value::Text(text) => self.expanded(text, setting).is_ok(),
            Value::List(items) => items.iter().all(|item| self.expanded(item, setting).is_ok()),
            Value::Texts(texts) => texts.values().all(|text| self.expanded(text, setting).is_ok()),
            Value::Number(_) | Value::Flag(_) => true,
        })
    }

    fn of_section<'a>(&'a self, section: &'a str) -> impl Iterator<Item = &'a Setting> {
        let inside = move |key: &str| key.strip_prefix(section).is_some_and(|rest| rest.starts_with('.'));
        self.values.iter().filter(move |(key, _)| inside(key)).map(|(_, setting)| setting)
    }

    /// The folder that a relative path in this value starts from.
    pub(super) fn folder<'a>(&'a self, setting: &'a Setting) -> &'a Path {
        setting.origin.place().map_or(&self.env.current_folder, |place| place.file.folder())
    }

    fn expanded(&self, text: &str, setting: &Setting) -> Result<String, Refusal> {
        match setting.origin.place() {
            Some(_) if refers(text) => expand(text, &self.env, self.folder(setting)),
            _ => Ok(text.to_owned()),
        }
    }

    /// A refusal of a key's value.
    pub(super) fn refuse(&self, key: &str, message: &str) -> Refusal {
        let named = format!("[{}: {message}", key.replacen('.', "] ", 1));
        match self.get(key).map(|setting| &setting.origin) {
            None => Refusal::new(named),
            Some(origin) => match origin.place() {
                Some(place) => place.refuse(&named),
                None => Refusal::new(format!("{named} ({origin})")),
            },
        }
    }

    fn wrap(&self, key: &str, inner: Refusal) -> Refusal {
        Refusal { because: inner.because, hint: inner.hint, ..self.refuse(key, &inner.message) }
    }

    /// A text; an empty one counts as not given.
    pub(super) fn text(&self, key: &str) -> Result<Option<String>, Refusal> {
        let Some(setting) = self.get(key) else { return Ok(None) };
        let Value::Text(text) = &setting.value else { return Ok(None) };
        let text = self.expanded(text, setting).map_err(|inner| self.wrap(key, inner))?;
        Ok(Some(text).filter(|text| !text.trim().is_empty()))
    }

    /// A URL, in which inserted passwords are percent-encoded.
    pub(super) fn url(&self, key: &str) -> Result<Option<String>, Refusal> {
        let Some(setting) = self.get(key) else { return Ok(None) };
        let Value::Text(text) = &setting.value else { return Ok(None) };
        let text = match setting.origin.place() {
            Some(_) => expand_url(text, &self.env, self.folder(setting)).map_err(|inner| self.wrap(key, inner))?,
            None => text.clone(),
        };
        Ok(Some(text).filter(|text| !text.trim().is_empty()))
    }

    pub(super) fn required(&self, key: &str) -> Result<String, Refusal> {
        self.text(key)?.ok_or_else(|| self.refuse(key, "is missing"))
    }

    pub(super) fn name(&self, key: &str) -> Result<Option<Ident>, Refusal> {
        self.text(key)?.map(|text| Ident::parse(&text).map_err(|inner| self.wrap(key, inner))).transpose()
    }

    pub(super) fn required_name(&self, key: &str) -> Result<Ident, Refusal> {
        self.name(key)?.ok_or_else(|| self.refuse(key, "is missing"))
    }

    pub(super) fn names(&self, key: &str) -> Result<Vec<Ident>, Refusal> {
        let names = self.list(key)?.into_iter().map(|item| Ident::parse(&item));
        names.map(|name| name.map_err(|inner| self.wrap(key, inner))).collect()
    }

    /// A list of texts; none where nobody says anything.
    pub(super) fn list(&self, key: &str) -> Result<Vec<String>, Refusal> {
        let Some(setting) = self.get(key) else { return Ok(Vec::new()) };
        let Value::List(items) = &setting.value else { return Ok(Vec::new()) };
        items.iter().map(|item| self.expanded(item, setting).map_err(|inner| self.wrap(key, inner))).collect()
    }

    pub(super) fn texts(&self, key: &str) -> Result<Option<Texts>, Refusal> {
        let Some(setting) = self.get(key) else { return Ok(None) };
        let Value::Texts(texts) = &setting.value else { return Ok(None) };
        let expanded = |text: &String| self.expanded(text, setting).map_err(|inner| self.wrap(key, inner));
        texts.iter().map(|(name, text)| Ok((name.clone(), expanded(text)?))).collect::<Result<_, _>>().map(Some)
    }

    /// A path, from the folder of the file it is written in.
    pub(super) fn path(&self, key: &str) -> Result<Option<PathBuf>, Refusal> {
        let text = self.text(key)?;
        Ok(text.zip(self.get(key)).map(|(text, setting)| self.folder(setting).join(text)))
    }

    /// A number between two bounds.
    pub(super) fn number<N: TryFrom<i64>>(&self, key: &str, from: i64, to: i64) -> Result<N, Refusal> {
        match self.get(key).map(|setting| &setting.value) {
            Some(Value::Number(number)) => N::try_from(*number)
                .ok()
                .filter(|_| (from..=to).contains(number))
                .ok_or_else(|| self.refuse(key, &format!("{number} is not between {from} and {to}"))),
            _ => Err(self.refuse(key, "is missing")),
        }
    }

    /// Yes or no; no where nobody says anything.
    pub(super) fn flag(&self, key: &str) -> bool {
        matches!(self.get(key).map(|setting| &setting.value), Some(Value::Flag(true)))
    }

    /// A shell command as it is written: `${VAR}` in it is the shell's.
    pub(super) fn command(&self, key: &str) -> Option<PasswordCommand> {
        let setting = self.get(key)?;
        match &setting.value {
            Value::Text(command) if !command.trim().is_empty() => Some(PasswordCommand {
                section: format!("[{}]", key.split('.').next().unwrap_or_default()),
                command: command.clone(),
                folder: self.folder(setting).to_owned(),
                env: self.env.clone(),
            }),
            _ => None,
        }
    }

    /// A duration of at least a millisecond: to PostgreSQL, zero is "for ever".
    pub(super) fn duration(&self, key: &str) -> Result<Duration, Refusal> {
        let duration = quantity::duration(&self.required(key)?).map_err(|message| self.refuse(key, &message))?;
        match duration.is_zero() {
            true => Err(self.refuse(key, "must be longer than nothing")),
            false => Ok(duration),
        }
    }

    /// A size in bytes between two bounds.
    pub(super) fn bytes(&self, key: &str, from: &str, to: &str) -> Result<u64, Refusal> {
        let read = |text: &str| quantity::bytes(text).map_err(|message| self.refuse(key, &message));
        let text = self.required(key)?;
        let bytes = read(&text)?;
        match (read(from)?..=read(to)?).contains(&bytes) {
            true => Ok(bytes),
            false => Err(self.refuse(key, &format!("`{text}` is not between {from} and {to}"))),
        }
    }
}

/// `TENANTCTL_SHARED_SCHEMA` for `shared.schema`.
pub(super) fn variable(key: &str) -> String {
    format!("TENANTCTL_{}", key.replace('.', "_").to_uppercase())
}

fn nearest_variable<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let lower: Vec<String> = known.map(str::to_lowercase).collect();
    nearest(name, lower.iter().map(String::as_str)).map(str::to_uppercase)
}
