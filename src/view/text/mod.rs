//! The report as text: the result on stdout, for every command.
//!
//! What is printed follows from the parts that the report has, not from the command. Errors of the whole command are
//! not here: they go to stderr (`explain`).

mod fleet;
#[cfg(test)]
mod golden;
mod lists;
mod page;
mod plan;
mod proof;
mod store;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use self::page::Page;
use super::paint::Tone;
use super::terminal;
use super::words::Lang;
use crate::report::Report;

/// How the text shall look.
#[derive(Clone, Debug)]
pub struct Options {
    /// Columns at most. What is copied with the mouse (URLs, commands, SQL) is never broken.
    pub width: usize,
    /// With ANSI colours.
    pub color: bool,
    /// With letters beyond ASCII of our own; names are printed as they are.
    pub unicode: bool,
    /// The language.
    pub lang: Lang,
    /// IANA name of the time zone of dates; UTC where there is none.
    pub timezone: Option<String>,
    /// The title over a store's report; ours where there is none.
    pub title: Option<String>,
    /// Only the statements of a plan, as a script.
    pub only_sql: bool,
}

impl Default for Options {
    /// 80 columns, no colour: what goes into a file.
    fn default() -> Self {
        Self { width: 80, color: false, unicode: true, lang: Lang::En, timezone: None, title: None, only_sql: false }
    }
}

impl Options {
    /// As stdout and the locale want it; call [`terminal::set_color`] before.
    #[must_use]
    pub fn of_terminal() -> Self {
        Self {
            width: terminal::stdout_width(),
            color: terminal::stdout_has_color(),
            unicode: terminal::has_unicode(),
            ..Self::default()
        }
    }
}

/// Writes the result. A report that has nothing but an error writes nothing.
///
/// # Errors
/// Those of `out`.
pub fn write(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(options);
    if options.only_sql {
        plan::statements(report, &mut page);
        return page.print(out);
    }
    plan::plans(report, &mut page);
    match report.stores.as_slice() {
        [] => {}
        [one] => store::whole(report, one, &mut page),
        many => fleet::write(report, many, &mut page),
    }
    if report.plans.is_empty() && report.stores.is_empty() {
        plan::findings(&report.findings, true, &mut page);
    }
    lists::write(report, &mut page);
    next_steps(report, &mut page);
    plan::statements(report, &mut page);
    if let Some(text) = &report.text {
        page.blank();
        text.lines().for_each(|line| page.raw(line));
    }
    if page.is_empty() && report.error.is_none() && report.text.is_none() {
        page.paragraph(0, Tone::Dim, page.words.nothing_listed);
    }
    page.print(out)
}

fn next_steps(report: &Report, page: &mut Page<'_>) {
    if report.next_steps.is_empty() {
        return;
    }
    page.heading(page.words.next);
    for step in &report.next_steps {
        page.copyable(2, &step.command);
        page.paragraph(4, Tone::Dim, &step.why);
    }
}
