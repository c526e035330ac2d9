//! Where the password comes from, and reading it.
//!
//! Each call reads anew: a password may have been rotated since the last connection.

use std::fmt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::Context;

use super::environment::Environment;
use super::passfile::{self, Wanted};
use super::secret::Secret;
use super::{ConnInfo, Host};
use crate::error::Refusal;

/// Gives the connection string anew, with files and variables in it read again.
pub type ReadAgain = Arc<dyn Fn() -> Result<String, Refusal> + Send + Sync>;

/// A shell command whose first line of output is the password.
#[derive(Clone)]
pub struct PasswordCommand {
    /// The section that it stands in, for messages: `[database]`.
    pub section: String,
    /// What `sh -c` runs.
    pub command: String,
    /// Where it runs.
    pub folder: PathBuf,
    /// What it sees.
    pub env: Environment,
}

impl fmt::Debug for PasswordCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordCommand(***)") // its arguments may be a token
    }
}

/// Where the password comes from.
#[derive(Clone)]
pub enum PasswordSource {
    /// Nobody said: the server may not ask for one.
    Nowhere,
    /// It was given as text.
    Text(Secret),
    /// It stands in a connection string that refers to files or variables.
    Again(ReadAgain),
    /// A command prints it.
    Command(PasswordCommand),
    /// The password file may have it.
    File(PathBuf),
}

impl fmt::Debug for PasswordSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nowhere => f.write_str("Nowhere"),
            Self::Text(secret) => f.debug_tuple("Text").field(secret).finish(),
            Self::Again(_) => f.write_str("Again(***)"),
            Self::Command(command) => f.debug_tuple("Command").field(command).finish(),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}

impl ConnInfo {
    /// The password, read anew. With several hosts and a password file: that of the first host which has one.
    ///
    /// Blocks while files are read or the password command runs.
    ///
    /// # Errors
    /// Refuses a password file that others can read; fails where a file or the command does.
    pub fn password(&self) -> anyhow::Result<Option<Secret>> {
        for host in &self.hosts {
            if let Some(password) = self.password_for(host)? {
                return Ok(Some(password));
            }
        }
        Ok(None)
    }

    /// The password for one of the hosts, read anew; only a password file tells hosts apart.
    ///
    /// # Errors
    /// As [`ConnInfo::password`].
    pub fn password_for(&self, host: &Host) -> anyhow::Result<Option<Secret>> {
        match &self.password_source {
            PasswordSource::Nowhere => Ok(None),
            PasswordSource::Text(secret) => Ok(Some(secret.clone())),
            PasswordSource::Again(read) => {
                let pairs = super::pairs(&read()?)?;
                Ok(pairs.into_iter().rev().find(|(name, _)| name == "password").map(|(_, value)| Secret::new(value)))
            }
            PasswordSource::Command(command) => run(command).map(Some),
            PasswordSource::File(path) => {
                let wanted = Wanted {
                    host: &host.name,
                    is_socket: host.is_socket(),
                    port: host.port,
                    database: &self.database,
                    user: &self.user,
                };
                Ok(passfile::look_up(path, &wanted)?)
            }
        }
    }
}

fn run(command: &PasswordCommand) -> anyhow::Result<Secret> {
    command.password(&[])
}

impl PasswordCommand {
    /// Runs it; it sees these variables beside those that it would see anyhow.
    ///
    /// Blocks while it runs.
    ///
    /// # Errors
    /// Refuses a command that fails or prints nothing.
    pub fn password(&self, variables: &[(&str, &str)]) -> anyhow::Result<Secret> {
        let section = &self.section;
        let output = Command::new("/bin/sh")
            .args(["-c", &self.command])
            .current_dir(&self.folder)
            .envs(self.env.variables())
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("running {section} password_command"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
            return Err(Refusal::new(format!("{section} password_command failed ({})", output.status))
                .because(last.trim().to_owned())
                .hint("run the command by hand; its first line of output is the password")
                .into());
        }
        let printed = String::from_utf8(output.stdout)
            .with_context(|| format!("reading what {section} password_command printed"))?;
        match printed.lines().next() {
            Some(line) if !line.is_empty() => Ok(Secret::new(line)),
            _ => Err(Refusal::new(format!("{section} password_command printed no password")).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(text: &str) -> PasswordCommand {
        let env = Environment::default().with("TOKEN", "from the environment");
        let section = "[database]".to_owned();
        PasswordCommand { section, command: text.to_owned(), folder: PathBuf::from("/"), env }
    }

    #[test]
    fn the_first_line_is_the_password() {
        assert_eq!(run(&command("printf 'a b \\nsecond'")).unwrap().reveal(), "a b ");
        assert_eq!(run(&command("echo $TOKEN")).unwrap().reveal(), "from the environment");
        assert_eq!(run(&command("pwd")).unwrap().reveal(), "/");
    }

    #[test]
    fn a_command_that_fails_says_what_it_said() {
        let error = run(&command("echo locked >&2; exit 3")).unwrap_err();
        assert_eq!(error.downcast_ref::<Refusal>().unwrap().because.as_deref(), Some("locked"));
        assert!(run(&command("true")).is_err());
        assert!(!format!("{:?}", command("show --token hunter2")).contains("hunter2"));
    }
}
