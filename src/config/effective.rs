//! The effective configuration, for people: every value, who said it, secrets masked.

use serde::Serialize;

use super::origin::Origin;
use super::settings::Settings;
use super::text::KEYS;
use super::value::Value;
use crate::conninfo::mask;

/// One key and what it is.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Effective {
    /// `shared.schema`.
    pub key: &'static str,
    /// Its value, masked. A value that cannot be expanded now is shown as written.
    pub value: Value,
    /// `flag -d`, `environment NAME`, `profile NAME (PATH:LINE)`, `file PATH:LINE`, `default`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
}

pub(super) fn effective(settings: &Settings, with_origin: bool) -> Vec<Effective> {
    let shown = KEYS.iter().filter_map(|key| {
        let setting = settings.get(key.name)?;
        let value = match &setting.value {
            Value::Text(text) => Value::Text(shown(settings, key.name, text, &setting.origin)),
            other => other.clone(),
        };
        let origin = with_origin.then(|| setting.origin.to_string());
        Some(Effective { key: key.name, value, origin })
    });
    shown.collect()
}

fn shown(settings: &Settings, key: &str, written: &str, origin: &Origin) -> String {
    match key {
        // the arguments of a command may be a token
        "database.password_command" | "role.password_command" => match written.split_once(char::is_whitespace) {
            Some((program, _)) => format!("{program} …"),
            None => written.to_owned(),
        },
        "database.url" | "store_schema.url" => {
            let expanded = settings.url(key).ok().flatten();
            expanded.map_or_else(|| mask(written), |text| mask(&text))
        }
        // the content of a file is a secret until somebody says otherwise
        _ if origin.place().is_some() && written.contains("${file:") => written.to_owned(),
        _ => {
            let text = settings.text(key).ok().flatten().unwrap_or_else(|| written.to_owned());
            if text.contains("://") { mask(&text) } else { text }
        }
    }
}
