//! What supports the claims about one store, and what speaks against them.

use crate::report::{Check, CheckVerdict, Difference, OpenStep, ProbeReport, Sample, StoreReport, TableReport};
use crate::view::figures::counted;
use crate::view::figures::{date, grouped};
use crate::view::grid::{Cell, Column, Grid};
use crate::view::page::{Mark, Page};
use crate::view::paint::Tone;
use crate::view::saying::{is_money, is_number, key_of, kind_of, sample_value};
use crate::view::words::fill;

/// Lines of a list before `… and 12 more`; JSON has them all.
const SHOWN: usize = 10;

pub(super) fn checks(checks: &[Check], page: &mut Page<'_>) {
    if checks.is_empty() {
        return;
    }
    page.heading(page.words.checks);
    let mut grid = Grid::new(vec![Column::text("").floor(4), Column::text(""), Column::text("")]);
    for check in checks {
        let (sign, tone) = page.sign(mark_of(check.verdict));
        let name = page.words.check_title(&check.check);
        let detail = page.plain(&page.words.phrase(&check.detail));
        grid.row(vec![Cell::toned(tone, sign), Cell::new(name), Cell::toned(Tone::Dim, detail)]);
    }
    page.grid(2, grid);
    failures(checks, page);
}

/// What is wrong, check by check.
fn failures(checks: &[Check], page: &mut Page<'_>) {
    for check in checks.iter().filter(|check| !check.items.is_empty()) {
        page.blank();
        let title = page.words.check_title(&check.check);
        page.paragraph(2, Tone::Plain, &format!("{title}:"));
        some(&check.items, check.items.len() as u64, page, |item, page| {
            page.marked(4, Mark::Note, &page.words.phrase(item));
        });
    }
}

/// What the application was asked, and what was seen.
pub(super) fn probes(probes: &[ProbeReport], page: &mut Page<'_>) {
    if probes.is_empty() {
        return;
    }
    page.heading(page.words.application);
    let mut grid = Grid::new(vec![Column::text("").floor(4), Column::text("").floor(12), Column::text("").floor(24)]);
    for probe in probes {
        let (sign, tone) = page.sign(if probe.passed { Mark::Good } else { Mark::Bad });
        let tone_of_text = if probe.passed { Tone::Dim } else { Tone::Plain };
        let title = page.options.lang.pick(&probe.title).to_owned();
        let seen = page.plain(&seen_of(probe, page));
        grid.row(vec![Cell::toned(tone, sign), Cell::new(title), Cell::toned(tone_of_text, seen)]);
    }
    page.grid(2, grid);
    if let Some(text) = roles_of(probes, page) {
        page.paragraph(2, Tone::Dim, &text);
    }
}

/// `sql: 4 statements, 1 row (2 tries)`.
pub(in crate::view) fn seen_of(probe: &ProbeReport, page: &Page<'_>) -> String {
    let words = page.words;
    let tries = match probe.try_count {
        0 | 1 => String::new(),
        count => format!(" ({})", counted(u64::from(count), words.tries)),
    };
    format!("{}: {}{tries}", probe.kind, words.phrase(&probe.seen))
}

/// As whom sql probes ran.
pub(in crate::view) fn roles_of(probes: &[ProbeReport], page: &Page<'_>) -> Option<String> {
    let (role, own) = probes.iter().find_map(|probe| probe.role.as_ref().zip(probe.own_role))?;
    let refused = probes.iter().find_map(|probe| probe.refused_role.as_ref());
    Some(match refused {
        _ if own => fill(page.words.probe_own_roles, &[role]),
        Some(refused) => fill(page.words.probe_refused_roles, &[role, refused]),
        None => fill(page.words.probe_roles, &[role]),
    })
}

pub(in crate::view) fn mark_of(verdict: CheckVerdict) -> Mark {
    match verdict {
        CheckVerdict::Pass => Mark::Good,
        CheckVerdict::Fail => Mark::Bad,
        CheckVerdict::NotChecked => Mark::Unknown,
    }
}

/// The first items, then how many more there are in all.
fn some<T>(items: &[T], total: u64, page: &mut Page<'_>, mut show: impl FnMut(&T, &mut Page<'_>)) {
    items.iter().take(SHOWN).for_each(|item| show(item, page));
    more(items.len().min(SHOWN), total, page);
}

fn more(shown: usize, total: u64, page: &mut Page<'_>) {
    let rest = total.saturating_sub(shown as u64);
    if rest > 0 {
        let text = fill(page.words.more, &[&grouped(rest)]);
        page.paragraph(4, Tone::Dim, &text);
    }
}

pub(in crate::view) fn differences(tables: &[TableReport], page: &mut Page<'_>) {
    let differing: Vec<_> = tables.iter().filter(|table| table.difference_count > 0).collect();
    if differing.is_empty() {
        return;
    }
    let words = page.words;
    page.heading(words.differences);
    for (index, table) in differing.iter().enumerate() {
        if index > 0 {
            page.blank();
        }
        let rows = counted(table.difference_count, words.row);
        page.paragraph(2, Tone::Plain, &format!("{}: {}", table.table, fill(words.rows_differ, &[&rows])));
        let mut grid = Grid::new(vec![
            Column::text(words.kind).floor(7),
            Column::text(words.key),
            Column::text(words.columns).spare(1).floor(12),
        ]);
        for difference in table.differences.iter().take(SHOWN) {
            grid.row(difference_row(difference, page));
        }
        if !table.differences.is_empty() {
            page.grid(4, grid);
        }
        more(table.differences.len().min(SHOWN), table.difference_count, page);
    }
}

fn difference_row(difference: &Difference, page: &Page<'_>) -> Vec<Cell> {
    let words = page.words;
    let mut columns = difference.columns.join(", ");
    if difference.after_switch {
        columns = format!("{columns} ({})", words.after_switch).trim_start().to_owned();
    }
    vec![Cell::toned(Tone::Bad, kind_of(difference, words)), Cell::new(key_of(difference)), Cell::new(columns)]
}

pub(super) fn samples(samples: &[Sample], page: &mut Page<'_>) {
    if samples.is_empty() {
        return;
    }
    let words = page.words;
    page.heading(words.samples);
    for (index, sample) in samples.iter().enumerate() {
        if index > 0 {
            page.blank();
        }
        let (mark, verdict) =
            if sample.equal { (Mark::Good, words.sides_agree) } else { (Mark::Bad, words.sides_differ) };
        let title = page.options.lang.pick(&sample.title);
        page.marked(2, mark, &format!("{title}: {verdict}"));
        sample_rows(4, sample, page);
    }
}

/// The rows of a sample, as many as fit on a page.
pub(in crate::view) fn sample_rows(indent: usize, sample: &Sample, page: &mut Page<'_>) {
    if sample.rows.is_empty() {
        page.paragraph(indent, Tone::Dim, page.words.no_rows);
        return;
    }
    let columns = sample.columns.iter().enumerate().map(|(index, name)| {
        let right = is_number(sample, index) || is_money(sample, index);
        let column = if right { Column::number(name) } else { Column::text(name).floor(16) };
        column.verbatim()
    });
    let mut grid = Grid::new(columns.collect());
    for row in 0..sample.rows.len().min(SHOWN) {
        let cell = |index| match sample_value(sample, row, index, page.options.currency.as_deref()) {
            Some(text) => Cell::new(text),
            None => Cell::toned(Tone::Dim, "null"),
        };
        grid.row((0..sample.columns.len()).map(cell).collect());
    }
    page.grid(indent, grid);
    more(sample.rows.len().min(SHOWN), sample.rows.len() as u64, page);
}

pub(in crate::view) fn evidence(store: &StoreReport, page: &mut Page<'_>) {
    let words = page.words;
    let evidence = &store.evidence;
    let zone = page.options.timezone.as_deref();
    let mut fields = vec![];
    let compared = store.tables.iter().filter(|table| table.digest_equal.is_some()).count() as u64;
    if compared > 0 {
        let name = store.tables.iter().map(|table| table.digest.name.as_str()).find(|name| !name.is_empty());
        let tables = counted(compared, words.table_noun);
        fields.push((words.compared, name.map_or(tables.clone(), |name| format!("{tables} · {name}"))));
    }
    match evidence.mode.as_deref() {
        Some("shared") => fields.push((words.against, words.against_shared.to_owned())),
        Some("isolation") => {}
        Some("live") => fields.push((words.against, words.against_live.to_owned())),
        Some(other) => fields.push((words.against, other.to_owned())),
        None => {}
    }
    let mut text = |label, value: Option<String>| fields.extend(value.map(|value| (label, value)));
    text(words.shared_snapshot, evidence.source_snapshot.clone());
    text(words.store_snapshot, evidence.target_snapshot.clone());
    text(words.verified_at, evidence.verified_at.as_deref().map(|when| date(when, zone, words)));
    text(words.switched_at, evidence.switched_at.as_deref().map(|when| date(when, zone, words)));
    if let Some(switch) = &evidence.switch {
        text(
            words.held,
            Some(match switch.by_hand {
                true => words.by_hand.to_owned(),
                false => fill(
                    words.held_text,
                    &[
                        &format!("{:.1}", switch.longest_hold_ms),
                        &counted(u64::from(switch.try_count), words.tries),
                        &counted(u64::from(switch.round_count), words.rounds),
                    ],
                ),
            }),
        );
        text(words.recopied, (!switch.recopied.is_empty()).then(|| switch.recopied.join(", ")));
    }
    let looked_at = evidence.verified_at.is_some() || compared > 0 || store.isolation.is_some();
    let headroom = evidence.id_headroom.filter(|_| looked_at);
    text(words.headroom, headroom.map(|ids| fill(words.headroom_text, &[&grouped(ids)])));
    if looked_at {
        let recorded = if evidence.recorded { words.recorded_yes } else { words.recorded_no };
        text(words.recorded, Some(recorded.to_owned()));
    }
    if !fields.is_empty() {
        page.heading(words.evidence);
        page.fields(Tone::Dim, &fields);
    }
}

pub(super) fn not_checked(items: &[String], page: &mut Page<'_>) {
    if items.is_empty() {
        return;
    }
    page.heading(page.words.not_checked);
    items.iter().for_each(|item| page.marked(2, Mark::Unknown, page.words.not_checked_text(item)));
}

pub(super) fn open_steps(steps: &[OpenStep], page: &mut Page<'_>) {
    if steps.is_empty() {
        return;
    }
    page.heading(page.words.open_steps);
    for step in steps {
        let text = step_text(step, page);
        page.marked(2, if step.done { Mark::Done } else { Mark::Open }, &text);
    }
}

/// What is to do, and what was seen of it.
pub(in crate::view) fn step_text(step: &OpenStep, page: &Page<'_>) -> String {
    let text = page.options.lang.pick(&step.text).to_owned();
    match &step.evidence {
        None => text,
        Some(of) => {
            let when = date(&of.at, page.options.timezone.as_deref(), page.words);
            format!("{text} ({when}: {})", page.words.phrase(&of.seen))
        }
    }
}
