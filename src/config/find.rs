//! Finds the configuration file.

use std::path::{Path, PathBuf};

use super::origin::SourceFile;
use crate::conninfo::Environment;
use crate::error::Refusal;

/// What the search gave.
pub(super) struct Search {
    pub(super) file: Option<SourceFile>,
    /// Where it was looked for, for the message of those who need one.
    pub(super) looked: String,
}

/// `--config`, `$TENANTCTL_CONFIG`, the nearest `tenantctl.toml` upwards, `$XDG_CONFIG_HOME/tenantctl/config.toml`.
///
/// # Errors
/// Refuses where a file that was named is not there, or one that is there cannot be read.
pub(super) fn find(named: Option<&Path>, env: &Environment) -> Result<Search, Refusal> {
    let here = &env.current_folder;
    if let Some(path) = named {
        return read(&here.join(path), "--config");
    }
    if let Some(path) = env.filled("TENANTCTL_CONFIG") {
        return read(&here.join(path), "TENANTCTL_CONFIG");
    }
    let upwards = here.ancestors().map(|folder| folder.join("tenantctl.toml")).find(|path| path.is_file());
    let settings = env.filled("XDG_CONFIG_HOME").map(PathBuf::from);
    let settings = settings.or_else(|| env.home.as_ref().map(|home| home.join(".config")));
    let own = settings.map(|folder| folder.join("tenantctl/config.toml"));
    match upwards.or_else(|| own.clone().filter(|path| path.is_file())) {
        Some(path) => read(&path, "found"),
        None => {
            let mut looked = format!("looked for tenantctl.toml in {} and every folder above it", here.display());
            if let Some(own) = own {
                looked.push_str(&format!(", and for {}", own.display()));
            }
            Ok(Search { file: None, looked })
        }
    }
}

fn read(path: &Path, why: &str) -> Result<Search, Refusal> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Search { file: Some(SourceFile { path: path.to_owned(), text }), looked: String::new() }),
        Err(error) => Err(Refusal::new(format!("the configuration file {} cannot be read ({why})", path.display()))
            .because(error.to_string())
            .hint("name a file that is there; without one, the nearest tenantctl.toml upwards is taken")),
    }
}
