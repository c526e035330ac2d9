//! What may be said of a store, and how sure it is; the same in every format.
//!
//! Success is said only where [`StoreReport::proven`] says it; counts alone prove nothing.

use super::figures::{counted, grouped, money};
use super::page::Mark;
use super::words::{Words, fill};
use crate::report::{
    CheckVerdict, Connections, Difference, DifferenceKind, OpenStep, Outcome, Sample, StoreReport, TableReport, Verdict,
};
use crate::stage::Stage;

/// Nothing was done; what stands in the report is what an earlier run did, and `report` tells it.
pub(super) fn is_idle(store: &StoreReport) -> bool {
    store.already_done && store.outcome == Outcome::Done
}

/// `4 Blue Door Books`.
pub(super) fn label(store: &StoreReport) -> String {
    match &store.name {
        Some(name) => format!("{} {name}", store.store),
        None => store.store.clone(),
    }
}

/// What may be said of a store in a sentence: of its copy, then of its application.
pub(super) fn verdict_of(store: &StoreReport, words: &Words) -> (Mark, String) {
    let of_copy = || copy_verdict(store, words);
    let Some((mark, of_probes)) = probes_verdict(store, words) else { return of_copy() };
    if store.tables.is_empty() && store.checks.is_empty() && store.error.is_none() {
        return (mark, of_probes); // only the application was asked
    }
    let (of_copy_mark, of_copy) = of_copy();
    (if mark == Mark::Bad { mark } else { of_copy_mark }, format!("{of_copy}; {of_probes}"))
}

/// `4 probes passed`, `1 of 4 probes failed`; none where nobody asked the application.
pub(super) fn probes_verdict(store: &StoreReport, words: &Words) -> Option<(Mark, String)> {
    let all = counted(store.probes.len() as u64, words.probe_noun);
    let failed = store.probes.iter().filter(|probe| !probe.passed).count() as u64;
    match (store.probes.is_empty(), failed) {
        (true, _) => None,
        (_, 0) => Some((Mark::Good, fill(words.probes_passed, &[&all]))),
        (_, failed) => {
            let some = fill(words.of, &[&grouped(failed), &all]);
            Some((Mark::Bad, fill(words.probes_failed, &[&some])))
        }
    }
}

/// What may be said of a store's copy.
pub(super) fn copy_verdict(store: &StoreReport, words: &Words) -> (Mark, String) {
    let table_count = store.tables.len() as u64;
    let tables = counted(table_count, words.table_noun);
    let with = |verdict| store.tables.iter().filter(|table| table.verdict == verdict).count() as u64;
    let unfinished = matches!(store.outcome, Outcome::Failed | Outcome::Refused | Outcome::Interrupted);
    if unfinished {
        return (Mark::Bad, words.outcome_word(store.outcome).to_owned());
    }
    if let Some(isolation) = store.isolation.as_ref().filter(|_| only_isolation(store)) {
        return match isolation.holds() {
            true => (Mark::Good, words.isolated.to_owned()),
            false => (Mark::Bad, fill(words.leaks_in, &[&whereabouts(store, words)])),
        };
    }
    if store.stage == Some(Stage::Abandoned) {
        // There is nothing to prove.
        let left = store.findings.iter().any(|finding| finding.code == "dropped");
        let said = if left { words.has_left } else { words.stage_sentence(Stage::Abandoned) };
        return (Mark::Good, said.to_owned());
    }
    if store.differs() {
        return (Mark::Bad, fill(words.differs_in, &[&whereabouts(store, words)]));
    }
    if store.proven() {
        let compared = match store.cloned_as_sent().filter(|_| table_count == 0) {
            Some(of_clone) => words.phrase(&of_clone.detail).into_owned(),
            None => fill(words.all_equal, &[&tables]),
        };
        return (Mark::Good, format!("{}: {compared}", words.proven));
    }
    if is_untouched(store) {
        return (Mark::Good, fill(words.all_untouched, &[&tables]));
    }
    let compared = match with(Verdict::Equal) {
        0 => words.none_compared.to_owned(),
        count => fill(words.compared_of, &[&grouped(count), &tables]),
    };
    (Mark::Unknown, format!("{}: {compared}", words.not_proven))
}

/// It works in its own schema, and nobody wrote to its rows in the shared one since the switch.
fn is_untouched(store: &StoreReport) -> bool {
    !store.tables.is_empty() && store.tables.iter().all(|table| table.verdict == Verdict::Untouched)
}

/// It was only looked whether its role can get out of its schema.
pub(super) fn only_isolation(store: &StoreReport) -> bool {
    store.evidence.mode.as_deref() == Some("isolation")
}

/// The steps that are left to people: those of a store that has arrived, for others have a nearer one.
pub(super) fn steps_of(store: &StoreReport) -> &[OpenStep] {
    use Stage::{Abandoned, Copied, Created, Planned, Reversed};
    let is_under_way = matches!(store.stage, Some(Planned | Created | Copied | Reversed | Abandoned));
    if is_under_way || store.error.is_some() { &[] } else { &store.steps }
}

/// `2 tables (15 rows), 1 check`.
fn whereabouts(store: &StoreReport, words: &Words) -> String {
    let tables: Vec<&TableReport> = store.tables.iter().filter(|table| table.verdict == Verdict::Differs).collect();
    let rows: u64 = tables.iter().map(|table| table.difference_count).sum();
    let fails = store.checks.iter().filter(|check| check.verdict == CheckVerdict::Fail).count() as u64;
    let samples = store.samples.iter().filter(|sample| !sample.equal).count() as u64;
    let mut parts = vec![];
    if !tables.is_empty() {
        let tables = counted(tables.len() as u64, words.table_noun);
        parts.push(if rows > 0 { format!("{tables} ({})", counted(rows, words.row)) } else { tables });
    }
    if fails > 0 {
        parts.push(counted(fails, words.check_noun));
    }
    if samples > 0 {
        parts.push(counted(samples, words.sample_noun));
    }
    if let Some(isolation) = &store.isolation {
        let (tried, refused) = isolation.counts();
        let leaks = isolation.faults().count() as u64;
        if leaks > 0 {
            parts.push(counted(leaks, words.leak_noun));
        }
        if tried > refused {
            parts.push(counted(tried - refused, words.attempt_noun));
        }
    }
    parts.join(", ")
}

/// A word for the line of a store in a fleet; the sentence stands in the detail.
pub(super) fn outcome_of(store: &StoreReport, words: &Words) -> (Mark, &'static str) {
    match store.outcome {
        Outcome::Failed | Outcome::Refused | Outcome::Interrupted | Outcome::Partial => {
            (Mark::Bad, words.outcome_word(store.outcome))
        }
        _ if only_isolation(store) && store.differs() => (Mark::Bad, words.leaky),
        _ if only_isolation(store) => (Mark::Good, words.isolated),
        _ if store.differs() => (Mark::Bad, words.differs),
        _ if store.has_failed_probe() => (Mark::Bad, words.probe_failed),
        _ if is_idle(store) => (Mark::Good, words.nothing_to_do),
        _ if store.proven() => (Mark::Good, words.proven),
        _ if is_untouched(store) => (Mark::Good, words.untouched),
        _ if store.tables.is_empty() && !store.probes.is_empty() => (Mark::Good, words.probes_well),
        _ => (Mark::Unknown, words.not_proven),
    }
}

/// How many stores ended so, in the order of their first.
pub(super) fn outcomes(stores: &[StoreReport], words: &Words) -> Vec<(Mark, &'static str, u64)> {
    let mut counts: Vec<(Mark, &'static str, u64)> = vec![];
    for store in stores {
        let (mark, word) = outcome_of(store, words);
        match counts.iter_mut().find(|(_, known, _)| *known == word) {
            Some((_, _, count)) => *count += 1,
            None => counts.push((mark, word, 1)),
        }
    }
    counts
}

/// `90 stores: 88 proven, 1 differs, 1 failed; 1,234,567 rows`.
pub(super) fn tally(stores: &[StoreReport], words: &Words) -> String {
    let parts = outcomes(stores, words);
    let part = |(_, word, count): &(Mark, &str, u64)| format!("{} {}", grouped(*count), words.said_of(*count, word));
    let parts: Vec<String> = parts.iter().map(part).collect();
    let count = counted(stores.len() as u64, words.store_noun);
    let only_asked =
        stores.iter().all(|store| store.tables.is_empty()) && stores.iter().any(|of| !of.probes.is_empty());
    // Where no row was looked at, none is counted.
    let counted_things = match stores.iter().all(only_isolation) {
        true => attempts(stores, words),
        false if only_asked => return format!("{count}: {}", parts.join(", ")),
        false => counted(stores.iter().map(|store| store.row_count).sum(), words.row),
    };
    format!("{count}: {}; {counted_things}", parts.join(", "))
}

/// `1,554 of 1,554 attempts refused (by login: 2)`.
fn attempts(stores: &[StoreReport], words: &Words) -> String {
    let (mut tried, mut refused, mut ways) = (0, 0, Vec::<(&str, u64)>::new());
    for isolation in stores.iter().filter_map(|store| store.isolation.as_ref()) {
        let counts = isolation.counts();
        (tried, refused) = (tried + counts.0, refused + counts.1);
        match ways.iter_mut().find(|(way, _)| *way == isolation.way) {
            Some((_, count)) => *count += 1,
            None => ways.push((&isolation.way, 1)),
        }
    }
    let way = |(way, count): &(&str, u64)| format!("{}: {}", words.way_text(way), grouped(*count));
    let ways: Vec<String> = ways.iter().map(way).collect();
    fill(words.attempts_of_all, &[&grouped(refused), &grouped(tried), &ways.join(", ")])
}

/// A word for a table.
pub(super) fn table_verdict(table: &TableReport, words: &Words) -> (Mark, &'static str) {
    match table.verdict {
        Verdict::Equal if is_empty(table) => (Mark::Good, words.equal_empty),
        Verdict::Equal => (Mark::Good, words.equal),
        Verdict::Differs => (Mark::Bad, words.differs),
        Verdict::NotVerified => (Mark::Unknown, words.not_verified),
        Verdict::Untouched => (Mark::Good, words.untouched),
        Verdict::Pending => (Mark::Unknown, words.pending),
    }
}

/// A word for all tables of a store.
pub(super) fn tables_verdict(store: &StoreReport, words: &Words) -> (Mark, &'static str) {
    let all = |verdict| store.tables.iter().all(|table| table.verdict == verdict);
    if store.tables.iter().any(|table| table.verdict == Verdict::Differs) {
        (Mark::Bad, words.differs)
    } else if store.proven() {
        (Mark::Good, words.proven)
    } else if all(Verdict::Equal) {
        (Mark::Good, words.said_of(store.tables.len() as u64, words.equal)) // a check or a sample says otherwise
    } else if all(Verdict::Untouched) {
        (Mark::Good, words.said_of(store.tables.len() as u64, words.untouched))
    } else {
        (Mark::Unknown, words.not_proven)
    }
}

/// Both sides were counted and have no rows.
fn is_empty(table: &TableReport) -> bool {
    table.row_count.source == Some(0) && table.row_count.target == Some(0)
}

/// The groups in the order of their first table, each with all its tables.
pub(super) fn in_groups(tables: &[TableReport]) -> Vec<&TableReport> {
    let mut groups: Vec<&Option<String>> = vec![];
    for table in tables {
        if !groups.contains(&&table.group) {
            groups.push(&table.group);
        }
    }
    groups.into_iter().flat_map(|group| tables.iter().filter(move |table| table.group == *group)).collect()
}

/// `line=2, id=1`.
pub(super) fn key_of(difference: &Difference) -> String {
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "null".to_owned());
    let parts = difference.key.iter().map(|(column, text)| format!("{column}={}", value(text)));
    parts.collect::<Vec<_>>().join(", ")
}

/// A word for a row that differs.
pub(super) fn kind_of(difference: &Difference, words: &Words) -> &'static str {
    match difference.kind {
        DifferenceKind::Missing => words.row_missing,
        DifferenceKind::Extra => words.row_extra,
        DifferenceKind::Changed => words.row_changed,
    }
}

/// A column of a sample whose values are all numbers.
pub(super) fn is_number(sample: &Sample, index: usize) -> bool {
    let mut values = values_of(sample, index).peekable();
    values.peek().is_some() && values.all(|value| value.trim_start_matches('$').replace(',', "").parse::<f64>().is_ok())
}

fn values_of(sample: &Sample, index: usize) -> impl Iterator<Item = &str> {
    sample.rows.iter().filter_map(move |row| row.get(index)?.as_deref())
}

/// A column of amounts: every value has two decimals, and its name says that it is money. A rating of 4.50 is none.
pub(super) fn is_money(sample: &Sample, index: usize) -> bool {
    const NAMES: [&str; 22] = [
        "amount",
        "balance",
        "cost",
        "costo",
        "discount",
        "descuento",
        "fee",
        "importe",
        "iva",
        "monto",
        "paid",
        "pago",
        "precio",
        "price",
        "refund",
        "revenue",
        "saldo",
        "shipping",
        "subtotal",
        "tax",
        "total",
        "venta",
    ];
    let name = sample.columns.get(index).map(|name| name.to_lowercase()).unwrap_or_default();
    let named = name.split(|c: char| !c.is_alphanumeric()).any(|word| NAMES.contains(&word.trim_end_matches('s')));
    let two_decimals = |value: &str| {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        value
            .trim_start_matches('-')
            .split_once('.')
            .is_some_and(|(whole, cents)| digits(whole) && digits(cents) && cents.len() == 2)
    };
    let mut values = values_of(sample, index).peekable();
    named && values.peek().is_some() && values.all(two_decimals)
}

/// A value of a sample as people read it; none: null.
pub(super) fn sample_value(sample: &Sample, row: usize, index: usize, currency: Option<&str>) -> Option<String> {
    let value = sample.rows.get(row)?.get(index)?.as_deref()?;
    Some(match currency {
        Some(currency) if is_money(sample, index) => money(value, currency),
        _ => value.to_owned(),
    })
}

/// What of the server's connections is used.
pub(super) fn connections(of: &Connections, words: &Words) -> String {
    let count = |count: usize| grouped(count as u64);
    let stores = counted(of.stores_at_once as u64, words.store_noun);
    let values = [count(of.most), count(of.free), of.max_connections.to_string(), stores, count(of.wave)];
    fill(words.budget, &values.each_ref().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Texts;

    #[test]
    fn money_is_what_its_name_and_its_digits_say() {
        let of = |name: &str, value: &str| Sample {
            title: Texts::new(),
            columns: vec![name.into()],
            rows: vec![vec![Some(value.into())], vec![None]],
            equal: true,
        };
        assert_eq!(sample_value(&of("price", "49410.00"), 0, 0, Some("MXN")).as_deref(), Some("$49,410.00 MXN"));
        assert_eq!(sample_value(&of("total_amount", "0.50"), 0, 0, Some("MXN")).as_deref(), Some("$0.50 MXN"));
        for (name, value) in [("rating", "4.50"), ("price", "4.5"), ("price", "on sale"), ("total", "17")] {
            assert_eq!(sample_value(&of(name, value), 0, 0, Some("MXN")).as_deref(), Some(value));
        }
        assert_eq!(sample_value(&of("price", "1.00"), 0, 0, None).as_deref(), Some("1.00"));
        assert_eq!(sample_value(&of("price", "1.00"), 1, 0, Some("MXN")), None);
    }
}
