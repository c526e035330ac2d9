//! What is amiss in the stores: what fires first, then what may, then what is over.

use crate::alert::{Severity, Telling};
use crate::report::{AlertLine, Report};
use crate::view::figures::{date, grouped};
use crate::view::page::{Mark, Page};
use crate::view::paint::Tone;
use crate::view::words::fill;

/// Alerts that are shown of each kind; other formats have all of them.
const SHOWN: usize = 20;

pub(in crate::view) fn write(report: &Report, page: &mut Page<'_>) {
    if report.command != "alerts" || report.text.is_some() {
        return;
    }
    let words = page.words;
    let firing: Vec<&AlertLine> = report.alerts.iter().filter(|alert| alert.fires()).collect();
    let pending: Vec<&AlertLine> = report.alerts.iter().filter(|alert| alert.fired_at.is_none()).collect();
    let over: Vec<&AlertLine> = report.alerts.iter().filter(|alert| alert.told == Some(Telling::Clears)).collect();
    if firing.is_empty() && report.error.is_none() {
        page.marked(0, Mark::Good, words.nothing_fires);
    }
    for (heading, alerts) in [(words.firing, firing), (words.may_fire, pending), (words.over, over)] {
        if alerts.is_empty() {
            continue;
        }
        page.heading(heading);
        let rest = alerts.len().saturating_sub(SHOWN) as u64;
        alerts.into_iter().take(SHOWN).for_each(|alert| line(alert, page));
        if rest > 0 {
            page.paragraph(2, Tone::Dim, &fill(words.more, &[&grouped(rest)]));
        }
    }
}

fn line(alert: &AlertLine, page: &mut Page<'_>) {
    let words = page.words;
    let mark = match (alert.told, alert.severity) {
        (Some(Telling::Clears), _) => Mark::Good,
        (_, Severity::Critical) => Mark::Bad,
        (_, Severity::Warning) => Mark::Unknown,
        (_, Severity::Info) => Mark::Note,
    };
    let title = page.options.lang.pick(&alert.title);
    let name = alert.name.as_deref().map(|name| format!(" {name}")).unwrap_or_default();
    page.marked(2, mark, &format!("{} {}{name}: {title}", words.store, alert.store));
    let since = date(&alert.since.to_string(), page.options.timezone.as_deref(), words);
    let says = words.phrase(&alert.says).into_owned();
    page.paragraph(4, Tone::Dim, &format!("{says}; {} [{}]", fill(words.amiss_since, &[&since]), alert.alert));
}
