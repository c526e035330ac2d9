//! The formats of the result, and which ending of a file means which.

use std::io::{self, Write};
use std::path::Path;

use super::options::Options;
use super::{html, json, jsonl, junit, markdown, prometheus, text};
use crate::report::Report;

/// A format of the result.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Format {
    /// For people, on a terminal.
    #[default]
    Text,
    /// One document for machines.
    Json,
    /// A line per store, then one for the run.
    Jsonl,
    /// For wikis, issues and the summary of a CI job.
    Markdown,
    /// For the test view of a CI server.
    Junit,
    /// One file for a browser or a printer.
    Html,
    /// How the stores are, for Prometheus; other reports have nothing for it.
    Prometheus,
}

impl Format {
    /// The endings that name a format.
    pub const ENDINGS: [(&'static str, Self); 7] = [
        ("json", Self::Json),
        ("jsonl", Self::Jsonl),
        ("md", Self::Markdown),
        ("xml", Self::Junit),
        ("html", Self::Html),
        ("txt", Self::Text),
        ("prom", Self::Prometheus),
    ];

    /// The format that the ending of a file names.
    #[must_use]
    pub fn of_path(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?;
        Self::ENDINGS.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(ending)).map(|(_, format)| format)
    }

    /// Whether a program reads it; else errors of the whole command are told on stderr too, where a person sees them
    /// while the document goes into a file.
    #[must_use]
    pub fn is_for_programs(self) -> bool {
        matches!(self, Self::Json | Self::Jsonl)
    }

    /// Writes the document.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(self, report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Text => text::write(report, options, out),
            Self::Json => json::write(report, out),
            Self::Jsonl => jsonl::write(report, out),
            Self::Markdown => markdown::write(report, options, out),
            Self::Junit => junit::write(report, options, out),
            Self::Html => html::write(report, options, out),
            Self::Prometheus => prometheus::write(report, out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_names_the_format() {
        assert_eq!(Format::of_path(Path::new("a/b.md")), Some(Format::Markdown));
        assert_eq!(Format::of_path(Path::new("B.XML")), Some(Format::Junit));
        assert_eq!(Format::of_path(Path::new("report.pdf")), None);
        assert_eq!(Format::of_path(Path::new("json")), None);
    }
}
