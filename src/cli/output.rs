//! The result on stdout and in files; an error on stderr.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};

use super::Globals;
use super::open::page_options_of;
use crate::conninfo::Environment;
use crate::error::{Exit, Refusal};
use crate::report::Report;
use crate::view::{Format, explain, github, terminal, text};

/// RFC 3339 in UTC, to the second.
pub(super) fn now() -> String {
    let now = jiff::Timestamp::now();
    now.round(jiff::Unit::Second).unwrap_or(now).to_string()
}

/// A document and how its pages are laid out.
pub(super) struct Page {
    pub(super) report: Report,
    pub(super) options: text::Options,
}

impl From<Report> for Page {
    fn from(report: Report) -> Self {
        Self { report, options: text::Options::of_terminal() }
    }
}

/// Refuses what could not be written, before the command does any work.
///
/// # Errors
/// A file whose ending names no format, or whose folder does not exist; the same file twice; a format that only another
/// command has.
pub(super) fn check(globals: &Globals, command: &str) -> Result<(), Refusal> {
    let mut formats = globals.output.iter().filter_map(|path| Format::of_path(path)).chain([globals.format()]);
    if command != "metrics" && formats.any(|format| format == Format::Prometheus) {
        return Err(Refusal::new(format!("{command} has nothing for Prometheus")).hint("`tenantctl metrics` has"));
    }
    for (index, path) in globals.output.iter().enumerate() {
        if Format::of_path(path).is_none() {
            let endings: Vec<String> = Format::ENDINGS.iter().map(|(ending, _)| format!(".{ending}")).collect();
            return Err(Refusal::new(format!("the ending of {} names no format", path.display()))
                .hint(format!("use one of {}", endings.join(" "))));
        }
        check_folder(path)?;
        if globals.output[..index].contains(path) {
            return Err(Refusal::new(format!("{} is named twice", path.display())).hint("name each file once"));
        }
    }
    Ok(())
}

/// Refuses a file whose folder does not exist.
pub(super) fn check_folder(path: &Path) -> Result<(), Refusal> {
    match folder_of(path).is_dir() {
        true => Ok(()),
        false => Err(Refusal::new(format!("there is no folder for {}", path.display()))
            .hint(format!("make {} first", folder_of(path).display()))),
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Prints the document and returns its exit code.
pub(super) fn print(globals: &Globals, page: &Page) -> ExitCode {
    let report = &page.report;
    let options = text::Options { lang: globals.lang().unwrap_or(page.options.lang), ..page.options.clone() };
    let format = globals.format();
    let printed = terminal::to_stdout(|out| format.write(report, &options, out)).context("writing the result");
    if let Some(error) = report.error.as_ref().filter(|_| !format.is_for_programs()) {
        terminal::to_stderr(|out| {
            explain::write(error, options.words(), terminal::stderr_has_color(), terminal::stderr_columns(), out)
        });
    }
    // A password is shown where it was asked for, and nowhere else.
    let report = &without_passwords(report);
    let mut written = printed.and_then(|()| write_files(globals, report, &options));
    // The demo's own commands have told theirs.
    if github::is_here() && report.command != "demo" {
        github::annotate(report, &options);
        written = written.and(github::summarize(report, &options).context("writing the step's summary"));
    }
    match written {
        Ok(()) => ExitCode::from(report.exit_code),
        Err(error) => {
            let error = explain::error_report(&error);
            terminal::to_stderr(|out| {
                explain::write(&error, options.words(), terminal::stderr_has_color(), terminal::stderr_columns(), out)
            });
            ExitCode::from(if report.exit_code == 0 { Exit::Failed.code() } else { report.exit_code })
        }
    }
}

/// For usage errors, before the flags are known.
pub(super) fn print_as(format: Format, report: &Report) -> ExitCode {
    let _told = terminal::to_stdout(|out| format.write(report, &text::Options::default(), out));
    ExitCode::from(report.exit_code)
}

/// Whether a signal came; some commands end without ever asking their sessions.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Notes that a signal came.
pub(super) fn interrupted() {
    INTERRUPTED.store(true, Ordering::SeqCst);
}

/// A command that came to nothing: the error, in the format that was asked for. A statement that a signal cancelled
/// fails in its own words; the signal is the reason.
pub(super) fn failed(globals: &Globals, command: &str, started: &str, mut error: anyhow::Error) -> ExitCode {
    if INTERRUPTED.load(Ordering::SeqCst) && explain::exit_of(&error) != Exit::Interrupted {
        error = error.context(Refusal::new("interrupted").exit(Exit::Interrupted));
    }
    let mut report = Report::new(command, None, started);
    report.error = Some(explain::error_report(&error));
    let report = report.end(explain::exit_of(&error), now());
    print(globals, &Page { report, options: page_options_of(globals, &Environment::of_process()) })
}

/// The document as files and summaries of CI jobs get it.
fn without_passwords(report: &Report) -> Report {
    let mut report = report.clone();
    report.roles.iter_mut().for_each(|role| role.password = None);
    report
}

fn write_files(globals: &Globals, report: &Report, options: &text::Options) -> Result<()> {
    for path in &globals.output {
        let format = Format::of_path(path).unwrap_or_default(); // checked before
        let mut bytes = Vec::new();
        format.write(report, &options.for_file(), &mut bytes)?;
        write_file(path, &bytes)?;
    }
    Ok(())
}

/// Writes a file beside its place and renames it, so that a reader never sees half of it.
///
/// # Errors
/// The disk's.
pub(super) fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let written = (|| {
        let readable = std::fs::Permissions::from_mode(0o666); // less what umask takes
        let mut file = tempfile::Builder::new().permissions(readable).tempfile_in(folder_of(path))?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?; // else a power cut could leave the name with nothing behind it
        file.persist(path).map_err(|error| error.error)
    })();
    written.map(drop).with_context(|| format!("writing {}", path.display()))
}
