//! What a GitHub job shows beside the log: the ten worst things as annotations, and the report in the step's summary.
//!
//! Annotations are lines that begin with `::error`; the runner reads them on stderr too, so stdout stays one document.

use std::io::{self, Write};

use super::figures::counted;
use super::options::Options;
use super::saying::{label, only_isolation};
use super::words::{Words, fill};
use super::wrap::clean;
use super::{markdown, terminal};
use crate::report::{CheckVerdict, ErrorReport, Isolation, Report, Verdict};

/// Annotations that GitHub shows per step and kind.
const MOST: usize = 10;
/// GitHub refuses a summary above 1 MiB.
const SUMMARY_BYTES: usize = 1_000_000;

/// Whether this is a step of a GitHub job.
#[must_use]
pub fn is_here() -> bool {
    std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true")
}

/// Tells the worst things on stderr.
pub fn annotate(report: &Report, options: &Options) {
    let lines = annotations(report, options.lang.words());
    terminal::to_stderr(|out| lines.iter().try_for_each(|line| writeln!(out, "{line}")));
}

/// Appends the report to the step's summary, where the job has one and there is something to say.
///
/// # Errors
/// Those of the file.
pub fn summarize(report: &Report, options: &Options) -> io::Result<()> {
    let is_told =
        !report.stores.is_empty() || !report.plans.is_empty() || report.audit.is_some() || report.error.is_some();
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| is_told && !path.is_empty()) else {
        return Ok(());
    };
    let mut text = vec![];
    markdown::write(report, options, &mut text)?;
    let mut text = String::from_utf8_lossy(&text).into_owned();
    if text.len() > SUMMARY_BYTES {
        let end = (0..=SUMMARY_BYTES).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        let end = text[..end].rfind("\n\n").unwrap_or(0);
        text.truncate(end);
        text.push_str("\n\n…\n");
    }
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(format!("{text}\n").as_bytes())
}

fn annotations(report: &Report, words: &Words) -> Vec<String> {
    let mut worst: Vec<(u8, u64, String, String)> = vec![]; // rank, weight, title, message
    let command = format!("tenantctl {}", report.command);
    if let Some(error) = &report.error {
        let text = sentence(error, words);
        worst.push((0, 0, command.clone(), text));
    }
    for store in &report.stores {
        let title = fill(words.store_heading, &[&label(store)]);
        if let Some(error) = &store.error {
            worst.push((0, 1, title.clone(), sentence(error, words)));
        }
        for table in store.tables.iter().filter(|table| table.verdict == Verdict::Differs) {
            let rows = fill(words.rows_differ, &[&counted(table.difference_count, words.row)]);
            worst.push((1, table.difference_count, title.clone(), format!("{}: {rows}", table.table)));
        }
        for check in store.checks.iter().filter(|check| check.verdict == CheckVerdict::Fail) {
            let text = format!("{}: {}", words.check_title(&check.check), words.phrase(&check.detail));
            worst.push((2, check.items.len() as u64, title.clone(), text));
        }
        for probe in store.probes.iter().filter(|probe| !probe.passed) {
            let text = format!("{}: {}", words.lang.pick(&probe.title), words.phrase(&probe.seen));
            worst.push((1, u64::MAX, title.clone(), text));
        }
        for leak in store.isolation.iter().flat_map(Isolation::faults).filter(|_| only_isolation(store)) {
            worst.push((1, 0, title.clone(), format!("{} [{}]", words.phrase(&leak.message), leak.code)));
        }
        for sample in store.samples.iter().filter(|sample| !sample.equal) {
            worst.push((3, 0, title.clone(), format!("{}: {}", words.lang.pick(&sample.title), words.sides_differ)));
        }
    }
    for finding in report.faults() {
        let table = finding.table.as_ref().map_or_else(String::new, |table| format!("{table}: "));
        let text = format!("{table}{} [{}]", words.phrase(&finding.message), finding.code);
        let title = finding.store.as_ref().map_or_else(|| command.clone(), |store| fill(words.store_heading, &[store]));
        worst.push((1, finding.count.unwrap_or(0), title, text));
    }
    worst.sort_by_key(|(rank, weight, ..)| (*rank, std::cmp::Reverse(*weight)));
    let line = |(_, _, title, text): &(u8, u64, String, String)| {
        format!("::error title={}::{}", property(&clean(title)), data(&clean(text)))
    };
    worst.iter().take(MOST).map(line).collect()
}

/// `copying store 93, table logs: connection closed`.
fn sentence(error: &ErrorReport, words: &Words) -> String {
    let texts = std::iter::once(&error.message).chain(&error.because);
    texts.map(|text| words.phrase(text)).collect::<Vec<_>>().join(": ")
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::specimen;
    use crate::view::words::Lang;

    #[test]
    fn the_worst_come_first_and_ten_at_most() {
        let mut report = specimen::fleet();
        let lines = annotations(&report, Lang::En.words());
        assert_eq!(
            lines[0],
            "::error title=Store 93 The Long Room Of Rare And Forgotten Printed Maps::copying store 93, table logs: connection closed"
        );
        assert_eq!(lines[1], "::error title=Store 5 Книги и чай::logs: differences in 14 rows");
        assert_eq!(lines.len(), 4);
        let more = vec![report.stores[1].clone(); 9];
        report.stores.extend(more);
        assert_eq!(annotations(&report, Lang::En.words()).len(), 10);
    }

    #[test]
    fn a_name_cannot_begin_another_command() {
        let mut report = specimen::fleet();
        report.stores[1].name = Some("a,b::c\n::warning::100%".into());
        let lines = annotations(&report, Lang::Es.words());
        assert_eq!(
            lines[1],
            "::error title=Tienda 5 a%2Cb%3A%3Ac\\n%3A%3Awarning%3A%3A100%25::logs: diferencias en 14 registros"
        );
    }
}
