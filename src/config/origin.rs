//! Where a value comes from, and how a message points at it.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::Refusal;

/// A configuration file and its text.
pub(super) struct SourceFile {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

impl SourceFile {
    /// The folder that its relative paths start from.
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }
}

/// A piece of a configuration file, in bytes.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) file: Arc<SourceFile>,
    pub(super) span: Range<usize>,
}

impl Place {
    fn before(&self) -> &str {
        self.file.text.get(..self.span.start).unwrap_or(&self.file.text)
    }

    /// From 1.
    pub(super) fn line(&self) -> usize {
        self.before().matches('\n').count() + 1
    }

    /// A refusal that shows the line and a caret:
    ///
    /// ```text
    /// tenantctl.toml:2:1: unknown key `scheam`
    ///   |
    /// 2 | scheam = "public"
    ///   | ^^^^^^
    /// ```
    pub(super) fn refuse(&self, message: &str) -> Refusal {
        let number = self.line();
        let line_start = self.before().rfind('\n').map_or(0, |at| at + 1);
        let line = self.file.text.get(line_start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        let indent = self.before().get(line_start..).unwrap_or_default().chars().count();
        let width = self.file.text.get(self.span.clone()).and_then(|piece| piece.lines().next()).unwrap_or_default();
        let carets = "^".repeat(width.chars().count().max(1));
        let gutter = " ".repeat(number.to_string().len());
        let shown = hide_secrets(line);
        Refusal::new(format!(
            "{}:{number}:{}: {message}\n{gutter} |\n{number} | {shown}\n{gutter} | {}{carets}",
            self.file.path.display(),
            indent + 1,
            // a tab stays a tab, so that the caret stands below its letter
            line.chars().take(indent).map(|c| if c == '\t' { '\t' } else { ' ' }).collect::<String>(),
        ))
    }
}

/// Stars over what may be a password, one per letter, so that carets stay in place.
fn hide_secrets(line: &str) -> String {
    let lower = line.to_ascii_lowercase();
    let mut hidden: Vec<char> = line.chars().collect();
    let mut hide = |from: usize, to: usize| {
        let (from, to) = (line[..from].chars().count(), line[..to].chars().count());
        hidden[from..to].iter_mut().for_each(|c| *c = '*');
    };
    if let Some(start) = line.find("://").map(|at| at + 3) {
        match (line[start..].find(':'), line.rfind('@')) {
            (Some(colon), Some(at)) if start + colon < at => hide(start + colon + 1, at),
            _ => {}
        }
    }
    for word in ["password", "authorization", "cookie", "token", "secret", "api-key"] {
        if let Some(at) = lower.find(word) {
            hide(at + word.len(), line.len());
        }
    }
    hidden.into_iter().collect()
}

/// Who said a value.
#[derive(Clone)]
pub(super) enum Origin {
    Flag(String),
    Environment(String),
    Profile(String, Place),
    File(Place),
    /// `?schema=` of the connection string.
    OrmUrl,
    Default,
}

impl Origin {
    pub(super) fn place(&self) -> Option<&Place> {
        match self {
            Self::Profile(_, place) | Self::File(place) => Some(place),
            Self::Flag(_) | Self::Environment(_) | Self::OrmUrl | Self::Default => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = |place: &Place| format!("{}:{}", place.file.path.display(), place.line());
        match self {
            Self::Flag(flag) => write!(f, "flag {flag}"),
            Self::Environment(variable) => write!(f, "environment {variable}"),
            Self::Profile(name, place) => write!(f, "profile {name} ({})", at(place)),
            Self::File(place) => write!(f, "file {}", at(place)),
            Self::OrmUrl => f.write_str("?schema= of the database URL"),
            Self::Default => f.write_str("default"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str, piece: &str) -> Place {
        let start = text.find(piece).unwrap();
        let file = SourceFile { path: PathBuf::from("t.toml"), text: text.to_owned() };
        Place { file: Arc::new(file), span: start..start + piece.len() }
    }

    #[test]
    fn the_caret_stands_below_the_piece() {
        let refusal = place("[shared]\nñ = 1\nschéma = \"x\" # é\n", "\"x\"").refuse("no");
        assert_eq!(refusal.message, "t.toml:3:10: no\n  |\n3 | schéma = \"x\" # é\n  |          ^^^");
    }

    #[test]
    fn a_password_in_the_line_is_hidden() {
        for line in ["url = \"postgres://u:hunter2@h/d\" x", "url = \"host=h password=hunter2\""] {
            let message = place(line, "url").refuse("no").message;
            assert!(!message.contains("hunter2"), "{message}");
        }
    }
}
