//! The long report, for Markdown and HTML: what a person who was not there wants to know, in the order of the questions.
//!
//! It says what the facts support and what nobody looked at. What is not about stores is told as on a terminal.

mod fleet;
mod metrics;
mod store;

use super::explain;
use super::page::Page;
use super::paint::Tone;
use super::saying::{is_idle, label};
use super::text::{audit, backup, balance, forecast, lists, plan, role};
use super::words::{capital, fill};
use crate::report::Report;

/// Fills the page.
pub(super) fn tell(report: &Report, page: &mut Page<'_>) {
    if page.options.only_sql {
        plan::statements(report, page);
        return;
    }
    plan::plans(report, page);
    match report.stores.as_slice() {
        [] => {}
        [one] if is_idle(one) => fleet::idle(one, page),
        [one] => store::whole(report, one, page),
        many => fleet::whole(report, many, page),
    }
    if let Some(looked_at) = &report.audit {
        audit::write(report, looked_at, capital, page);
    } else if report.plans.is_empty() && report.stores.is_empty() {
        if !report.findings.is_empty() {
            page.title(&title(report, page));
        }
        plan::findings(&report.findings, true, page);
    }
    if let Some(fleet) = &report.metrics {
        metrics::whole(fleet, page);
    }
    balance::write(report, page);
    forecast::write(report, page);
    lists::connections(report, page);
    lists::held(report, page);
    let has_list = !(report.tables.is_empty()
        && report.store_list.is_empty()
        && report.runs.is_empty()
        && report.settings.is_empty()
        && report.roles.is_empty()
        && report.backups.is_empty());
    if has_list {
        page.title(&title(report, page));
        lists::write(report, page);
        role::write(report, page);
        backup::write(report, page);
    }
    if let Some(error) = &report.error {
        if page.is_empty() {
            page.title(&title(report, page));
        }
        page.heading(page.words.error_heading);
        explain::lines(error, page.words).iter().for_each(|line| page.raw(line));
    }
    if report.stores.len() != 1 || report.stores.iter().any(is_idle) {
        commands(report, page);
    }
    plan::statements(report, page);
    if let Some(text) = report.text.as_ref().filter(|text| !text.is_empty()) {
        text.lines().for_each(|line| page.raw(&page.words.phrase(line)));
    }
    if page.is_empty() {
        page.paragraph(0, Tone::Dim, page.words.nothing_listed);
    }
}

/// What to type next.
fn commands(report: &Report, page: &mut Page<'_>) {
    if report.next_steps.is_empty() {
        return;
    }
    page.heading(page.words.commands);
    for step in &report.next_steps {
        page.copyable(2, &step.command);
        page.paragraph(4, Tone::Dim, &page.words.phrase(&step.why));
    }
}

/// The title of the whole document, also for the browser's tab.
pub(super) fn title(report: &Report, page: &Page<'_>) -> String {
    let words = page.words;
    if let Some(looked_at) = &report.audit {
        return audit::title(looked_at, page);
    }
    if let Some(fleet) = &report.metrics {
        return capital(&metrics::title(fleet, page));
    }
    match (report.stores.as_slice(), report.plans.as_slice()) {
        ([one], _) => format!("{}: {}", page.options.title(), one.name.as_deref().unwrap_or(&label(one))),
        ([], [one]) => format!("{} · {}", words.plan_title, one.store.label()),
        ([], []) => format!("tenantctl {}", report.command),
        ([], _) => words.plan_title.to_owned(),
        (many, _) => {
            format!("{}: {}", page.options.title(), super::figures::counted(many.len() as u64, words.store_noun))
        }
    }
}

/// `not checked: …`, where the report has this code.
fn open_question(codes: &[String], code: &str, page: &mut Page<'_>) {
    if codes.iter().any(|known| known == code) {
        let words = page.words;
        let text = fill(words.not_looked_at, &[words.not_checked_text(code)]);
        page.marked(2, super::page::Mark::Unknown, &text);
    }
}
