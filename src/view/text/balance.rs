//! Where each row of the shared tables is: a verdict, and the sum of each table.

use crate::report::{BalancedTable, Report};
use crate::view::figures::{counted, grouped};
use crate::view::grid::{Cell, Column, Grid};
use crate::view::page::{Mark, Page};
use crate::view::words::fill;

/// Nothing where nobody counted.
pub(in crate::view) fn write(report: &Report, page: &mut Page<'_>) {
    if report.balance.is_empty() {
        return;
    }
    let words = page.words;
    page.heading(words.balance_heading);
    let total = counted(report.balance.iter().map(|table| table.row_count).sum(), words.row);
    let tables = counted(report.balance.len() as u64, words.table_noun);
    let (mark, verdict) = match report.balance.iter().filter(|table| !table.is_whole()).count() as u64 {
        0 => (Mark::Good, fill(words.balance_whole, &[&total, &tables])),
        count => (Mark::Bad, fill(words.balance_open, &[&counted(count, words.table_noun), &tables])),
    };
    page.marked(2, mark, &verdict);
    page.blank();
    let grid = grid(report, page);
    page.grid(2, grid);
}

fn grid(report: &Report, page: &Page<'_>) -> Grid {
    let words = page.words;
    let mut grid = Grid::new(vec![
        Column::text(words.table),
        Column::number(words.rows),
        Column::number(words.balance_switched),
        Column::number(words.balance_waiting),
        Column::number(words.balance_unknown).spare(1),
        Column::number(words.balance_nobodys).spare(2),
        Column::text(words.verdict).floor(12),
    ]);
    for table in &report.balance {
        let (mark, text) = verdict(table, page);
        let (sign, tone) = page.sign(mark);
        grid.row(vec![
            Cell::new(&table.table),
            Cell::new(grouped(table.row_count)),
            Cell::new(grouped(table.switched)),
            Cell::new(grouped(table.waiting)),
            Cell::new(grouped(table.unknown)),
            Cell::new(grouped(table.nobodys)),
            Cell::toned(tone, format!("{sign} {text}")),
        ]);
    }
    grid
}

fn verdict(table: &BalancedTable, page: &Page<'_>) -> (Mark, String) {
    match table.is_whole() {
        true => (Mark::Good, page.words.balanced.to_owned()),
        false => (Mark::Bad, fault(table, page.words)),
    }
}

/// What is wrong with a table's sum.
pub(in crate::view) fn fault(table: &BalancedTable, words: &crate::view::words::Words) -> String {
    match table.several {
        0 => fill(words.balance_loaded, &[&counted(table.loaded, words.row)]),
        several => fill(words.balance_several, &[&counted(several, words.row)]),
    }
}
