//! One store: what happened, each table, and the sections of proof.
//!
//! Success is said only where [`StoreReport::proven`] says it; counts alone prove nothing.

use super::forecast::rehearsal;
use super::{isolation, plan, proof};
use crate::report::{Report, StoreReport, TableReport, Verdict};
use crate::stage::Stage;
use crate::view::explain;
use crate::view::figures::counted;
use crate::view::figures::{bytes, date, grouped, seconds_of};
use crate::view::grid::{Cell, Column, Grid};
use crate::view::page::{Mark, Page};
use crate::view::paint::Tone;
use crate::view::saying::{in_groups, is_idle, label, steps_of, table_verdict, tables_verdict, verdict_of};
use crate::view::words::{Words, fill};

/// Everything about the only store of a report.
pub(super) fn whole(report: &Report, store: &StoreReport, page: &mut Page<'_>) {
    if is_idle(store) {
        already_done(store, page);
        return;
    }
    let title = page.options.title().to_owned();
    page.title(&format!("{title} · {}", store.name.as_deref().unwrap_or(&store.store)));
    conclusion(store, page);
    page.blank();
    page.fields(Tone::Plain, &facts(report, store, page));
    if !store.tables.is_empty() {
        page.blank();
        let grid = tables(store, page);
        page.grid(2, grid);
    }
    sections(report, store, page);
}

/// The sections under the table, for a whole report and for the failures of a fleet.
pub(super) fn sections(report: &Report, store: &StoreReport, page: &mut Page<'_>) {
    if let Some(error) = &store.error {
        page.blank();
        let columns = page.options.width;
        let lines = explain::lines(error, page.words).into_iter().map(|line| format!("  {line}"));
        lines.for_each(|line| explain::fitted(&line, columns).iter().for_each(|line| page.raw(line)));
    }
    proof::checks(&store.checks, page);
    proof::differences(&store.tables, page);
    proof::probes(&store.probes, page);
    proof::samples(&store.samples, page);
    isolation::write(store, page);
    proof::evidence(store, page);
    proof::not_checked(&store.not_checked, page);
    proof::open_steps(steps_of(store), page);
    let own = report.findings.iter().filter(|finding| !store.findings.contains(finding));
    let findings: Vec<_> = store.findings.iter().chain(own).cloned().collect();
    plan::findings(&findings, false, page);
}

fn already_done(store: &StoreReport, page: &mut Page<'_>) {
    let words = page.words;
    let sentence = match store.stage {
        Some(stage) => fill(words.already_done, &[&label(store), words.stage_word(stage)]),
        None => format!("{} {}: {}", words.store, label(store), words.nothing_to_do),
    };
    page.marked(0, Mark::Good, &sentence);
}

/// The one line that a hurried reader reads.
fn conclusion(store: &StoreReport, page: &mut Page<'_>) {
    let (mark, text) = verdict_of(store, page.words);
    page.marked(0, mark, &format!("{}{text}", stage_before(store, page.words)));
}

/// `switched, `; of a rehearsal, that it is one.
pub(in crate::view) fn stage_before(store: &StoreReport, words: &Words) -> String {
    match (&store.rehearsal, store.stage) {
        (Some(_), _) => format!("{}: ", words.rehearsal),
        (None, Some(stage)) => format!("{}, ", words.stage_word(stage)),
        (None, None) => String::new(),
    }
}

/// What, where, when.
pub(in crate::view) fn facts<'w>(report: &Report, store: &StoreReport, page: &Page<'w>) -> Vec<(&'w str, String)> {
    let words = page.words;
    let zone = page.options.timezone.as_deref();
    let name = store.name.as_deref().unwrap_or(words.unnamed);
    let mut facts = vec![(words.store, format!("{name} (ID: {})", store.store)), (words.schema, store.schema.clone())];
    facts.extend(store.role.clone().map(|role| (words.role, role)));
    if store.rehearsal.is_none() {
        facts.push((words.stage, stage_of(store, words)));
    }
    let when = store.evidence.switched_at.as_ref().or(store.evidence.verified_at.as_ref()).unwrap_or(&report.ended);
    if !when.is_empty() {
        facts.push((words.date, date(when, zone, words)));
    }
    if store.bytes > 0 && store.evidence.mode.is_none() {
        let parts = [counted(store.row_count, words.row), bytes(store.bytes), seconds_of(store.seconds)];
        let parts = parts.each_ref().map(String::as_str);
        // The journal has no time of the whole.
        let copied = if store.seconds > 0.0 { fill(words.copied_text, &parts) } else { parts[..2].join(", ") };
        facts.push((words.copied, copied));
    }
    facts.extend(rehearsal(store, words));
    if let Some(database) = &report.database {
        facts.push((words.database, words.database_text(database)));
    }
    if let Some(run) = &report.run {
        facts.push((words.run, run.clone()));
    }
    facts.extend(store.url.clone().map(|url| (words.url, url)));
    facts
}

/// A switch that was taken back is said in full: the rest of the page speaks of the time before.
fn stage_of(store: &StoreReport, words: &Words) -> String {
    let stage = words.stage_with_code(store.stage);
    match store.stage {
        Some(Stage::Reversed) => format!("{stage}: {}", words.stage_sentence(Stage::Reversed)),
        _ => stage,
    }
}

/// Each table with both counts and its verdict.
pub(in crate::view) fn tables(store: &StoreReport, page: &Page<'_>) -> Grid {
    let words = page.words;
    let live = store.tables.iter().any(|table| table.live_row_count.is_some());
    let mut columns = vec![
        Column::text(words.table),
        Column::number(words.shared).spare(3),
        Column::number(words.in_store).spare(1),
        Column::text(words.verdict).floor(10),
    ];
    if live {
        columns.insert(3, Column::number(words.now).spare(2));
    }
    let mut grid = Grid::new(columns);
    let mut group = None;
    let grouped_tables = store.tables.iter().any(|table| table.group.is_some());
    for table in in_groups(&store.tables) {
        if grouped_tables && group != Some(&table.group) {
            grid.heading(table.group.as_deref().map_or(words.other_tables, |group| words.group(group)));
            group = Some(&table.group);
        }
        let (mark, verdict) = table_verdict(table, words);
        let (sign, tone) = page.sign(mark);
        let mut cells = vec![
            Cell::new(&table.table),
            count_cell(table.row_count.source, table, page),
            count_cell(table.row_count.target, table, page),
            Cell::toned(tone, format!("{sign} {verdict}")),
        ];
        if live {
            cells.insert(3, Cell::new(table.live_row_count.map_or_else(String::new, grouped)));
        }
        grid.row(cells);
    }
    grid.rule();
    grid.row(total(store, live, page));
    grid
}

fn count_cell(count: Option<u64>, table: &TableReport, page: &Page<'_>) -> Cell {
    match (count, table.verdict) {
        (Some(count), _) => Cell::new(grouped(count)),
        (None, Verdict::Differs | Verdict::Equal) => Cell::toned(Tone::Bad, page.words.missing),
        (None, _) => Cell::toned(Tone::Dim, page.sign(Mark::Unknown).0),
    }
}

fn total(store: &StoreReport, live: bool, page: &Page<'_>) -> Vec<Cell> {
    // Nothing counted is not a sum of 0.
    let sum = |side: fn(&TableReport) -> Option<u64>| match store.tables.iter().any(|table| side(table).is_some()) {
        true => Cell::new(grouped(store.tables.iter().filter_map(side).sum())),
        false => Cell::toned(Tone::Dim, page.sign(Mark::Unknown).0),
    };
    let words = page.words;
    let (mark, verdict) = tables_verdict(store, words);
    let (sign, tone) = page.sign(mark);
    let mut cells = vec![
        Cell::new(counted(store.tables.len() as u64, words.table_noun)),
        sum(|table| table.row_count.source),
        sum(|table| table.row_count.target),
        Cell::toned(tone, format!("{sign} {verdict}")),
    ];
    if live {
        cells.insert(3, sum(|table| table.live_row_count));
    }
    cells
}
