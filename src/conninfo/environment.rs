//! What the process has around it: variables, home, user, current folder.
//!
//! Read once by `main` and handed on as a value, so that tests neither read nor change the real one.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// The surroundings of a run.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    /// The home folder.
    pub home: Option<PathBuf>,
    /// The name of the operating system's user; the default database user.
    pub os_user: Option<String>,
    /// The folder that relative paths of flags and variables start from.
    pub current_folder: PathBuf,
    /// Where a local server keeps its socket; none: a connection without a host goes to `localhost`.
    pub socket_folder: Option<PathBuf>,
}

impl Environment {
    /// The real surroundings. A variable that is not UTF-8 is left out: nothing of ours is written so.
    #[must_use]
    pub fn of_process() -> Self {
        let variables: BTreeMap<String, String> =
            std::env::vars_os().filter_map(|(n, v)| Some((n.into_string().ok()?, v.into_string().ok()?))).collect();
        let filled = |name: &str| variables.get(name).filter(|value| !value.is_empty()).cloned();
        let account = account(rustix::process::geteuid().as_raw());
        let home = filled("HOME").or_else(|| account.as_ref().map(|(_, home)| home.clone())).map(PathBuf::from);
        // libpq asks for the effective user, not for $USER, which `sudo` and `su` may leave behind
        let os_user = account.map(|(name, _)| name).or_else(|| filled("USER")).or_else(|| filled("LOGNAME"));
        Self {
            home,
            os_user,
            current_folder: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
            socket_folder: socket_folder(),
            variables,
        }
    }

    /// The same surroundings with one variable set.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// A variable, also an empty one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// A variable that has text in it; an empty one counts as not set.
    #[must_use]
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// All variables, by name.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // values of variables may be passwords; their names say enough
        f.debug_struct("Environment")
            .field("variables", &self.variables.keys())
            .field("home", &self.home)
            .field("os_user", &self.os_user)
            .field("current_folder", &self.current_folder)
            .field("socket_folder", &self.socket_folder)
            .finish()
    }
}

/// Name and home of a user from the local account file; users of a directory service are not in it.
fn account(uid: u32) -> Option<(String, String)> {
    let accounts = std::fs::read_to_string("/etc/passwd").ok()?;
    accounts.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        (fields.get(2)?.parse() == Ok(uid)).then_some(())?;
        Some(((*fields.first()?).to_owned(), (*fields.get(5)?).to_owned()))
    })
}

/// Debian and its kin keep the socket in the first place, PostgreSQL as built from source in the second.
fn socket_folder() -> Option<PathBuf> {
    let packaged = Path::new("/var/run/postgresql");
    if packaged.is_dir() {
        return Some(packaged.to_owned());
    }
    Path::new("/tmp/.s.PGSQL.5432").exists().then(|| PathBuf::from("/tmp"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_counts_as_not_set() {
        let env = Environment::default().with("PGHOST", "").with("PGPASSWORD", "hunter2");
        assert_eq!(env.get("PGHOST"), Some(""));
        assert_eq!(env.filled("PGHOST"), None);
        assert!(!format!("{env:?}").contains("hunter2"));
    }
}
