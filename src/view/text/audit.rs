//! An audit: what was looked at, a verdict, and what was found.

use super::plan;
use crate::report::{Audit, AuditedTable, Report};
use crate::view::figures::{bytes, counted, grouped};
use crate::view::grid::{Cell, Column, Grid};
use crate::view::page::{Mark, Page};
use crate::view::paint::Tone;
use crate::view::words::fill;

/// `spell` is how a verdict is written that stands alone: as a heading it begins with a capital.
pub(in crate::view) fn write(report: &Report, audit: &Audit, spell: fn(&str) -> String, page: &mut Page<'_>) {
    let words = page.words;
    page.title(&title(audit, page));
    let (mark, verdict) = verdict(report, audit, page);
    page.marked(0, mark, &spell(&verdict));
    page.blank();
    let mut facts = vec![];
    facts.extend(report.database.iter().map(|database| (words.database, words.database_text(database))));
    facts.push((words.shared_snapshot, audit.snapshot.clone()));
    page.fields(Tone::Plain, &facts);
    page.blank();
    let grid = tables(audit, page);
    page.grid(2, grid);
    plan::findings(&report.findings, true, page);
}

/// `Audit of the shared schema · 90 stores`.
pub(in crate::view) fn title(audit: &Audit, page: &Page<'_>) -> String {
    format!("{} · {}", page.words.audit_title, counted(audit.store_count, page.words.store_noun))
}

/// Whether anything is wrong, in a sentence.
fn verdict(report: &Report, audit: &Audit, page: &Page<'_>) -> (Mark, String) {
    let words = page.words;
    let tables = counted(audit.tables.len() as u64, words.table_noun);
    let keys = counted(audit.tables.iter().map(|table| table.key_count).sum(), words.key_noun);
    match report.faults().count() as u64 {
        0 => (Mark::Good, fill(words.audit_clean, &[&tables, &keys])),
        count => (Mark::Bad, fill(words.audit_faults, &[&counted(count, words.finding_noun), &tables, &keys])),
    }
}

fn tables(audit: &Audit, page: &Page<'_>) -> Grid {
    let words = page.words;
    let mut grid = Grid::new(vec![
        Column::text(words.table),
        Column::text(words.owner_path).spare(2).floor(16),
        Column::number(words.rows).spare(4),
        Column::number(words.size).spare(3),
        Column::number(words.keys_column).spare(5),
        Column::number(words.duration).spare(6),
        Column::text(words.verdict).floor(12),
    ]);
    for table in &audit.tables {
        let (mark, text) = of_table(table, page);
        let (sign, tone) = page.sign(mark);
        grid.row(vec![
            Cell::new(&table.table),
            Cell::toned(Tone::Dim, page.plain(&table.owner_path)),
            Cell::new(estimated(table)),
            Cell::new(bytes(table.bytes)),
            Cell::new(grouped(table.key_count)),
            Cell::toned(Tone::Dim, crate::view::figures::seconds_of(table.seconds)),
            Cell::toned(tone, format!("{sign} {text}")),
        ]);
    }
    grid
}

/// The planner's estimate, so it says so.
fn estimated(table: &AuditedTable) -> String {
    u64::try_from(table.row_estimate).map_or_else(|_| "?".to_owned(), |rows| format!("~{}", grouped(rows)))
}

fn of_table(table: &AuditedTable, page: &Page<'_>) -> (Mark, String) {
    match table.fault_count {
        0 => (Mark::Good, page.words.no_fault.to_owned()),
        count => (Mark::Bad, counted(count, page.words.fault_noun)),
    }
}
