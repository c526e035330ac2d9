//! `[database]`: what `conninfo` needs to make a connection of it.

use std::sync::Arc;
use std::time::Duration;

use super::origin::Origin;
use super::value::Value;
use super::{Config, expand};
use crate::conninfo::{ConnInfo, ConnSources, ConnText, ReadAgain};
use crate::error::Refusal;

impl Config {
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
                    Some(Arc::new(read) as ReadAgain)
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
        let password_command = settings.command("database.password_command");
        Ok(ConnSources { text, password_command, connect_timeout: self.connect_timeout()? })
    }

    pub(super) fn connect_timeout(&self) -> Result<Option<Duration>, Refusal> {
        let key = "database.connect_timeout";
        self.settings.get(key).map(|_| self.settings.duration(key)).transpose()
    }
}
