//! The report as text: the result on stdout, for every command.
//!
//! What is printed follows from the parts that the report has, not from the command. Errors of the whole command are
//! not here: they go to stderr (`explain`).

mod alerts;
pub(super) mod audit;
pub(super) mod backup;
pub(super) mod balance;
pub(super) mod fleet;
pub mod forecast;
#[cfg(test)]
mod golden;
pub(super) mod isolation;
pub(super) mod lists;
pub(super) mod metrics;
pub(super) mod plan;
pub(super) mod proof;
pub(super) mod role;
pub(super) mod store;
#[cfg(test)]
mod tests;
pub mod top;

use std::io::{self, Write};

pub use super::options::Options;
use super::page::Page;
use super::paint::Tone;
use crate::report::Report;

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
    if let Some(looked_at) = &report.audit {
        audit::write(report, looked_at, str::to_owned, &mut page);
    } else if report.plans.is_empty() && report.stores.is_empty() {
        plan::findings(&report.findings, true, &mut page);
    }
    balance::write(report, &mut page);
    forecast::write(report, &mut page);
    lists::connections(report, &mut page);
    lists::held(report, &mut page);
    lists::write(report, &mut page);
    role::write(report, &mut page);
    metrics::write(report, &mut page);
    alerts::write(report, &mut page);
    backup::write(report, &mut page);
    next_steps(report, &mut page);
    plan::statements(report, &mut page);
    if let Some(text) = &report.text {
        page.blank();
        text.lines().for_each(|line| page.raw(&page.words.phrase(line)));
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
        page.paragraph(4, Tone::Dim, &page.words.phrase(&step.why));
    }
}
