//! The result on stdout and in files; an error on stderr.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, Result};

use super::{Format, Globals};
use crate::error::{Exit, Refusal};
use crate::report::Report;
use crate::view::{explain, json, terminal, text};

/// RFC 3339 in UTC, to the second.
pub(super) fn now() -> String {
    let now = jiff::Timestamp::now();
    now.round(jiff::Unit::Second).unwrap_or(now).to_string()
}

/// A document and how its text is laid out.
pub(super) struct Page {
    pub(super) report: Report,
    pub(super) options: text::Options,
}

impl From<Report> for Page {
    fn from(report: Report) -> Self {
        Self { report, options: text::Options::of_terminal() }
    }
}

/// Prints the document and returns its exit code.
pub(super) fn print(globals: &Globals, page: &Page) -> ExitCode {
    let Page { report, options } = page;
    let printed = match globals.format {
        Format::Json => terminal::to_stdout(|out| json::write(report, out)),
        Format::Text => terminal::to_stdout(|out| text::write(report, options, out)),
    };
    if let Some(error) = &report.error
        && globals.format == Format::Text
    {
        terminal::to_stderr(|out| explain::write(error, options.words(), terminal::stderr_has_color(), out));
    }
    let written = printed.context("writing the result").and_then(|()| write_files(globals, report));
    match written {
        Ok(()) => ExitCode::from(report.exit_code),
        Err(error) => {
            terminal::to_stderr(|out| {
                explain::write(&explain::error_report(&error), options.words(), terminal::stderr_has_color(), out)
            });
            ExitCode::from(if report.exit_code == 0 { Exit::Failed.code() } else { report.exit_code })
        }
    }
}

/// For usage errors, before the flags are known.
pub(super) fn print_json(report: &Report) -> ExitCode {
    let _told = terminal::to_stdout(|out| json::write(report, out));
    ExitCode::from(report.exit_code)
}

/// A command that came to nothing: the error, in the format that was asked for.
pub(super) fn failed(globals: &Globals, command: &str, started: &str, error: &anyhow::Error) -> ExitCode {
    let mut report = Report::new(command, None, started);
    report.error = Some(explain::error_report(error));
    print(globals, &report.end(explain::exit_of(error), now()).into())
}

fn write_files(globals: &Globals, report: &Report) -> Result<()> {
    for path in &globals.output {
        let mut bytes = Vec::new();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("json") => json::write(report, &mut bytes)?,
            Some("txt") => text::write(report, &text::Options::default(), &mut bytes)?,
            _ => {
                return Err(Refusal::new(format!("the ending of {} names no format", path.display()))
                    .hint("use .json or .txt")
                    .into());
            }
        }
        // Written beside and renamed, so that a reader never sees half of it.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(std::path::Path::new("."));
        let written = (|| {
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(&bytes)?;
            file.persist(path).map_err(|error| error.error)
        })();
        written.with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}
