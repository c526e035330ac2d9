//! The report as JUnit: a suite per store, a case per table, check and sample; a refusal is one `<error>` case named
//! after the command.
//!
//! Names and types are the same in every language, since CI servers compare runs by them; messages are the reader's.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::explain;
use super::figures::counted;
use super::options::Options;
use super::paint::develop;
use super::saying::{key_of, kind_of, label, table_verdict};
use super::text::balance::fault;
use super::words::{Words, fill};
use super::wrap::clean;
use crate::plan::Finding;
use crate::report::{
    Audit, BalancedTable, Check, CheckVerdict, ErrorReport, Isolation, Outcome, ProbeReport, Report, Sample,
    StoreReport, TableReport, Verdict,
};

/// Writes the document.
///
/// # Errors
/// Those of `out`.
pub fn write(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let words = options.lang.words();
    let mut suites: Vec<Suite> = report.stores.iter().map(|store| of_store(report, store, words)).collect();
    suites.extend(report.audit.as_ref().map(|audit| of_audit(report, audit, words)));
    suites.extend(of_balance(report, words));
    let own = own_case(report, words);
    if suites.is_empty() || own.result != Told::Passed {
        suites.push(Suite { name: report.command.clone(), cases: vec![own], ..Suite::default() });
    }
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let total = |of: fn(&Suite) -> usize| suites.iter().map(of).sum::<usize>();
    let _ = writeln!(
        text,
        "<testsuites name=\"tenantctl {}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3}\">",
        escaped(&report.command),
        total(|suite| suite.cases.len()),
        total(|suite| suite.count(|told| matches!(told, Told::Failed { .. }))),
        total(|suite| suite.count(|told| matches!(told, Told::Error { .. }))),
        total(|suite| suite.count(|told| matches!(told, Told::Skipped { .. }))),
        suites.iter().map(|suite| suite.seconds).sum::<f64>(),
    );
    suites.iter().for_each(|suite| suite.put(&report.started, &mut text));
    text.push_str("</testsuites>\n");
    out.write_all(text.as_bytes())
}

#[derive(Default)]
struct Suite {
    name: String,
    seconds: f64,
    properties: Vec<(&'static str, String)>,
    cases: Vec<Case>,
}

struct Case {
    class: String,
    name: String,
    seconds: f64,
    result: Told,
}

#[derive(Debug, PartialEq)]
enum Told {
    Passed,
    Failed { kind: &'static str, message: String, text: String },
    Error { message: String, text: String },
    Skipped { message: String },
}

impl Suite {
    fn count(&self, is: impl Fn(&Told) -> bool) -> usize {
        self.cases.iter().filter(|case| is(&case.result)).count()
    }

    fn put(&self, started: &str, text: &mut String) {
        let _ = writeln!(
            text,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3}\" timestamp=\"{}\">",
            escaped(&self.name),
            self.cases.len(),
            self.count(|told| matches!(told, Told::Failed { .. })),
            self.count(|told| matches!(told, Told::Error { .. })),
            self.count(|told| matches!(told, Told::Skipped { .. })),
            self.seconds,
            escaped(started.trim_end_matches('Z')),
        );
        if !self.properties.is_empty() {
            text.push_str("    <properties>\n");
            for (name, value) in &self.properties {
                let _ = writeln!(text, "      <property name=\"{name}\" value=\"{}\"/>", escaped(value));
            }
            text.push_str("    </properties>\n");
        }
        self.cases.iter().for_each(|case| case.put(text));
        text.push_str("  </testsuite>\n");
    }
}

impl Case {
    fn put(&self, text: &mut String) {
        let _ = write!(
            text,
            "    <testcase classname=\"{}\" name=\"{}\" time=\"{:.3}\"",
            escaped(&self.class),
            escaped(&self.name),
            self.seconds
        );
        let inner = match &self.result {
            Told::Passed => {
                text.push_str("/>\n");
                return;
            }
            Told::Failed { kind, message, text } => {
                format!("<failure type=\"{kind}\" message=\"{}\">{}</failure>", escaped(message), escaped(text))
            }
            Told::Error { message, text } => {
                format!("<error type=\"error\" message=\"{}\">{}</error>", escaped(message), escaped(text))
            }
            Told::Skipped { message } => format!("<skipped message=\"{}\"/>", escaped(message)),
        };
        let _ = writeln!(text, ">\n      {inner}\n    </testcase>");
    }
}

/// A case per kind of attempt, and one per leak; one where there is none, so that a clean store has it too.
fn of_isolation(isolation: &Isolation, class: &str, words: &Words) -> Vec<Case> {
    let case = |name: String, result| Case { class: class.to_owned(), name, seconds: 0.0, result };
    let mut cases: Vec<Case> = isolation
        .attempts
        .iter()
        .map(|of| {
            let lines: Vec<String> =
                of.not_refused.iter().map(|one| format!("{}: {}", one.object, words.phrase(&one.got))).collect();
            let result = match lines.is_empty() {
                true => Told::Passed,
                false => Told::Failed {
                    kind: "isolation",
                    message: format!("{}: {}", words.not_refused, counted(lines.len() as u64, words.attempt_noun)),
                    text: lines.join("\n"),
                },
            };
            case(format!("isolation {}", of.kind), result)
        })
        .collect();
    let leaks: Vec<_> = isolation.faults().collect();
    if leaks.is_empty() {
        cases.push(case("isolation leaks".into(), Told::Passed));
    }
    cases.extend(leaks.into_iter().map(|leak| {
        let result =
            Told::Failed { kind: "leak", message: words.phrase(&leak.message).into_owned(), text: leak.remedy.clone() };
        case(format!("isolation leak {} {}", leak.code, leak.object), result)
    }));
    cases
}

fn of_store(report: &Report, store: &StoreReport, words: &Words) -> Suite {
    let class = format!("store {}", store.store);
    let case = |name: String, seconds, result| Case { class: class.clone(), name, seconds, result };
    let mut cases = vec![];
    cases.extend(
        store.tables.iter().map(|table| case(format!("table {}", table.table), table.seconds, of_table(table, words))),
    );
    cases.extend(store.checks.iter().map(|check| case(format!("check {}", check.check), 0.0, of_check(check, words))));
    cases.extend(
        store.probes.iter().map(|probe| case(format!("probe {}", probe.probe), probe.seconds, of_probe(probe, words))),
    );
    cases.extend(store.samples.iter().map(|sample| {
        let title = sample.title.get("en").or_else(|| sample.title.values().next()).cloned().unwrap_or_default();
        case(format!("sample {title}"), 0.0, of_sample(sample, words))
    }));
    cases.extend(store.isolation.iter().flat_map(|isolation| of_isolation(isolation, &class, words)));
    let failed = matches!(store.outcome, Outcome::Failed | Outcome::Refused | Outcome::Interrupted);
    if let Some(error) = &store.error {
        cases.push(case(report.command.clone(), 0.0, of_error(error, words)));
    } else if failed {
        let message = words.outcome_word(store.outcome).to_owned();
        cases.push(case(report.command.clone(), 0.0, Told::Error { message, text: String::new() }));
    } else if cases.is_empty() {
        cases.push(case(report.command.clone(), 0.0, Told::Passed));
    }
    let mut properties = vec![("schema", store.schema.clone())];
    properties.extend(store.stage.map(|stage| ("stage", stage.word().to_owned())));
    properties.extend(report.run.clone().map(|run| ("run", run)));
    Suite { name: format!("store {}", label(store)), seconds: store.seconds, properties, cases }
}

/// An audit: a case per shared table, and one for each other table that something was found of.
fn of_audit(report: &Report, audit: &Audit, words: &Words) -> Suite {
    let faults: Vec<&Finding> = report.faults().collect();
    let shared = audit.tables.iter().map(|table| (table.table.as_str(), table.seconds));
    let is_shared = |name: &str| audit.tables.iter().any(|table| table.table == name);
    let mut others: Vec<&str> = faults.iter().filter_map(|fault| fault.table.as_deref()).collect();
    others.retain(|name| !is_shared(name));
    others.sort_unstable();
    others.dedup();
    let cases = shared.chain(others.into_iter().map(|name| (name, 0.0))).map(|(name, seconds)| {
        let of_table = faults.iter().filter(|fault| fault.table.as_deref() == Some(name));
        let lines: Vec<String> = of_table.flat_map(|fault| with_keys(fault, words)).collect();
        let result = match lines.first() {
            None => Told::Passed,
            Some(first) => Told::Failed { kind: "audit", message: first.clone(), text: lines.join("\n") },
        };
        Case { class: report.command.clone(), name: format!("table {name}"), seconds, result }
    });
    let properties = vec![("snapshot", audit.snapshot.clone())];
    let seconds = audit.tables.iter().map(|table| table.seconds).sum();
    Suite { name: report.command.clone(), seconds, properties, cases: cases.collect() }
}

/// Where each row is: a case per shared table.
fn of_balance(report: &Report, words: &Words) -> Option<Suite> {
    let case = |table: &BalancedTable| {
        let message = fault(table, words);
        let result = match table.is_whole() {
            true => Told::Passed,
            false => Told::Failed { kind: "balance", text: message.clone(), message },
        };
        Case { class: report.command.clone(), name: format!("every row of {}", table.table), seconds: 0.0, result }
    };
    let cases: Vec<Case> = report.balance.iter().map(case).collect();
    (!cases.is_empty()).then(|| Suite { name: "shared tables".into(), cases, ..Suite::default() })
}

/// What was found, and under it the keys and the stores.
fn with_keys(finding: &Finding, words: &Words) -> Vec<String> {
    let mut lines = vec![clean(&of_finding(finding, words))];
    if !finding.keys.is_empty() {
        lines.push(clean(&format!("  {} {}", words.keys, finding.keys.join(", "))));
    }
    let stores: Vec<&str> = finding.stores.iter().map(|store| store.store.as_str()).collect();
    if !stores.is_empty() {
        lines.push(clean(&format!("  {}: {}", words.stores_column, stores.join(", "))));
    }
    lines
}

fn of_finding(finding: &Finding, words: &Words) -> String {
    let mut head: Vec<String> = finding.store.iter().map(|store| format!("{} {store}", words.store)).collect();
    head.extend(finding.table.clone());
    head.extend(finding.count.map(|count| counted(count, words.row)));
    let head = if head.is_empty() { String::new() } else { format!("{}: ", head.join(" · ")) };
    format!("{head}{} [{}]", words.phrase(&finding.message), finding.code)
}

/// The command itself: what it failed of, or what stops it; an audit's tables say so themselves.
fn own_case(report: &Report, words: &Words) -> Case {
    let faults: Vec<&Finding> =
        report.faults().filter(|fault| report.audit.is_none() || fault.table.is_none()).collect();
    let result = match (&report.error, faults.as_slice()) {
        (Some(error), _) => of_error(error, words),
        (None, []) => Told::Passed,
        (None, faults) => {
            let lines: Vec<String> = faults.iter().map(|fault| of_finding(fault, words)).collect();
            Told::Error { message: lines.first().cloned().unwrap_or_default(), text: lines.join("\n") }
        }
    };
    Case { class: "tenantctl".to_owned(), name: report.command.clone(), seconds: 0.0, result }
}

fn of_probe(probe: &ProbeReport, words: &Words) -> Told {
    let message = words.phrase(&probe.seen).into_owned();
    match probe.passed {
        true => Told::Passed,
        false => Told::Failed { kind: "probe", text: format!("{}: {message}", probe.kind), message },
    }
}

fn of_table(table: &TableReport, words: &Words) -> Told {
    let (_, verdict) = table_verdict(table, words);
    match table.verdict {
        Verdict::Equal | Verdict::Untouched => Told::Passed,
        Verdict::NotVerified | Verdict::Pending => Told::Skipped { message: verdict.to_owned() },
        Verdict::Differs => {
            let side = |count: Option<u64>| count.map_or_else(|| words.missing.to_owned(), |count| count.to_string());
            let rows = counted(table.difference_count, words.row);
            let message = format!(
                "{}: {}, {} {}, {} {}",
                table.table,
                fill(words.rows_differ, &[&rows]),
                words.shared,
                side(table.row_count.source),
                words.in_store,
                side(table.row_count.target.or(table.live_row_count)),
            );
            let mut lines: Vec<String> = vec![];
            for difference in &table.differences {
                let mut line = format!("{} {}", kind_of(difference, words), key_of(difference));
                if !difference.columns.is_empty() {
                    let _ = write!(line, " ({}: {})", words.columns, difference.columns.join(", "));
                }
                if difference.after_switch {
                    let _ = write!(line, " ({})", words.after_switch);
                }
                lines.push(clean(&line));
            }
            let rest = table.difference_count.saturating_sub(table.differences.len() as u64);
            if rest > 0 {
                lines.push(fill(words.more, &[&rest.to_string()]));
            }
            Told::Failed { kind: "differs", message, text: lines.join("\n") }
        }
    }
}

fn of_check(check: &Check, words: &Words) -> Told {
    let detail = words.phrase(&check.detail).into_owned();
    match check.verdict {
        CheckVerdict::Pass => Told::Passed,
        CheckVerdict::NotChecked => Told::Skipped { message: detail },
        CheckVerdict::Fail => {
            let items: Vec<String> = check.items.iter().map(|item| clean(&words.phrase(item))).collect();
            let message = format!("{}: {detail}", words.check_title(&check.check));
            Told::Failed { kind: "check", message, text: items.join("\n") }
        }
    }
}

fn of_sample(sample: &Sample, words: &Words) -> Told {
    match sample.equal {
        true => Told::Passed,
        false => Told::Failed { kind: "sample", message: words.sides_differ.to_owned(), text: String::new() },
    }
}

fn of_error(error: &ErrorReport, words: &Words) -> Told {
    let lines: Vec<String> = explain::lines(error, words).iter().map(|line| develop(line, false)).collect();
    Told::Error { message: words.phrase(&error.message).into_owned(), text: lines.join("\n") }
}

/// Text that is only text in XML 1.0, which forbids most control characters even when they are escaped.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            '\r' => out.push_str("&#13;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                let _ = write!(out, "\\u{{{:x}}}", c as u32);
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::specimen;
    use crate::view::words::Lang;

    fn xml(report: &Report) -> String {
        let mut out = vec![];
        write(report, &Options::default(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_suite_per_store_and_a_case_per_thing() {
        let text = xml(&specimen::fleet());
        assert!(
            text.contains(
                "<testsuites name=\"tenantctl migrate\" tests=\"15\" failures=\"3\" errors=\"1\" skipped=\"2\""
            ),
            "{text}"
        );
        assert!(text.contains("<testsuite name=\"store 4 Blue Door Books\" tests=\"8\" failures=\"0\""), "{text}");
        assert!(text.contains("<testcase classname=\"store 4\" name=\"table logs\" time=\"0.000\"/>"), "{text}");
        assert!(
            text.contains(
                "<failure type=\"differs\" message=\"logs: differences in 14 rows, shared 21486, store 21485\">\
                 changed line=2, id=1 (columns: price)&#10;missing line=null, id=9 (after the switch)&#10;… and 12 more</failure>"
            ),
            "{text}"
        );
        assert!(text.contains("<skipped message=\"no right to read pg_policy\"/>"), "{text}");
        assert!(
            text.contains("<error type=\"error\" message=\"copying store 93, table logs\">error: copying"),
            "{text}"
        );
    }

    #[test]
    fn a_refusal_is_one_error_named_after_the_command() {
        let mut report = Report::new("copy", None, "2025-05-04T06:27:15Z");
        report.error = Some(ErrorReport { message: "no <store>\u{1b}".into(), ..ErrorReport::default() });
        let text = xml(&report);
        assert!(text.contains("tests=\"1\" failures=\"0\" errors=\"1\""), "{text}");
        assert!(text.contains("name=\"copy\" time=\"0.000\">"), "{text}");
        assert!(text.contains("message=\"no &lt;store&gt;\\u{1b}\""), "{text}");
        let text = xml(&specimen::plan());
        assert!(text.contains("errors=\"1\"") && text.contains("[foreign_row]"), "{text}");
    }

    #[test]
    fn messages_are_the_readers_and_names_are_not() {
        let mut out = vec![];
        write(&specimen::with_differences(), &Options { lang: Lang::Es, ..Options::default() }, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("name=\"table logs\"") && text.contains("diferencias en 14 registros"), "{text}");
    }
}
