//! Plain lists: tables, stores, runs, settings.

use crate::report::{Report, RunLine, Setting, StoreLine, TableClass};
use crate::stage::Stage;
use crate::view::figures::{bytes, grouped, short_date};
use crate::view::grid::{Cell, Column, Grid};
use crate::view::page::Page;
use crate::view::paint::Tone;

pub(in crate::view) fn write(report: &Report, page: &mut Page<'_>) {
    if !report.tables.is_empty() {
        let grid = tables(&report.tables, page);
        show(grid, page);
    }
    if !report.store_list.is_empty() {
        let grid = stores(&report.store_list, page);
        show(grid, page);
    }
    if !report.runs.is_empty() {
        let grid = runs(&report.runs, page);
        show(grid, page);
        report.runs.iter().for_each(|run| stores_of(run, page));
    }
    if !report.settings.is_empty() {
        let grid = settings(&report.settings, page);
        show(grid, page);
    }
}

fn show(grid: Grid, page: &mut Page<'_>) {
    page.blank();
    page.grid(0, grid);
}

fn tables(tables: &[TableClass], page: &Page<'_>) -> Grid {
    let words = page.words;
    let mut grid = Grid::new(vec![
        Column::text(words.table),
        Column::text(words.class).floor(11),
        Column::text(words.owner_path).spare(2).floor(16),
        Column::text(words.why).spare(3).floor(24),
        Column::number(words.rows).spare(4),
        Column::number(words.size).spare(5),
    ]);
    for table in tables {
        let tone = if table.class == "undecided" { Tone::Bad } else { Tone::Plain };
        grid.row(vec![
            Cell::new(&table.table),
            Cell::toned(tone, words.class_word(&table.class)),
            Cell::new(page.plain(table.owner_path.as_deref().unwrap_or_default())),
            Cell::toned(Tone::Dim, page.plain(&words.phrase(&table.why))),
            // The planner's estimate, so it says so.
            Cell::new(
                u64::try_from(table.row_estimate).map_or_else(|_| "?".to_owned(), |rows| format!("~{}", grouped(rows))),
            ),
            Cell::new(bytes(table.bytes)),
        ]);
    }
    grid
}

fn stores(stores: &[StoreLine], page: &Page<'_>) -> Grid {
    let words = page.words;
    let mut grid = Grid::new(vec![
        Column::text(words.store).floor(8),
        Column::text(words.name).spare(1).floor(16),
        Column::text(words.schema).spare(3),
        Column::text(words.stage).floor(10),
        Column::number(words.rows).spare(2),
        Column::number(words.size).spare(4),
        Column::text("").spare(5).floor(4),
    ]);
    for store in stores {
        let stage = Stage::of_word(&store.stage);
        let tone = match stage {
            Some(stage) if stage.is_switched() => Tone::Good,
            Some(_) => Tone::Plain,
            None => Tone::Dim,
        };
        let skipped = if store.in_all { "" } else { words.not_in_all };
        grid.row(vec![
            Cell::new(&store.store),
            Cell::new(store.name.as_deref().unwrap_or(words.unnamed)),
            Cell::new(&store.schema),
            Cell::toned(tone, stage.map_or(words.no_move, |stage| words.stage_word(stage))),
            Cell::new(store.row_count.map_or_else(String::new, grouped)),
            Cell::new(store.bytes.map_or_else(String::new, bytes)),
            Cell::toned(Tone::Dim, skipped),
        ]);
    }
    grid
}

fn runs(runs: &[RunLine], page: &Page<'_>) -> Grid {
    let words = page.words;
    let zone = page.options.timezone.as_deref();
    let mut grid = Grid::new(vec![
        Column::text(words.run).floor(8),
        Column::text(words.outcome).floor(12),
        Column::text(words.started).spare(1).floor(16),
        Column::text(words.ended).spare(3).floor(16),
        Column::number(words.stores_column).spare(5),
        Column::text(words.who).spare(4).floor(16),
        Column::text(words.command).spare(2).floor(20),
    ]);
    for run in runs {
        let tone = match run.outcome.as_str() {
            "done" => Tone::Good,
            "running" => Tone::Plain,
            "unfinished" => Tone::Doubt,
            _ => Tone::Bad,
        };
        grid.row(vec![
            Cell::new(&run.run),
            Cell::toned(tone, words.run_state(&run.outcome)),
            Cell::new(short_date(&run.started, zone)),
            Cell::new(run.ended.as_deref().map_or_else(String::new, |ended| short_date(ended, zone))),
            Cell::new(grouped(run.stores.len() as u64)),
            Cell::new(&run.who),
            Cell::toned(Tone::Dim, &run.command_line),
        ]);
    }
    grid
}

/// Who did not end says where each store stands; of the others `stores` tells.
fn stores_of(run: &RunLine, page: &mut Page<'_>) {
    if run.ended.is_some() || run.stores.is_empty() {
        return;
    }
    page.heading(&format!("{} {}", page.words.run, run.run));
    let grid = stores(&run.stores, page);
    page.grid(2, grid);
}

fn settings(settings: &[Setting], page: &Page<'_>) -> Grid {
    let words = page.words;
    let mut grid = Grid::new(vec![
        Column::text(words.key),
        Column::text(words.value),
        Column::text(words.origin).spare(1).floor(16),
    ]);
    for setting in settings {
        grid.row(vec![Cell::new(&setting.key), Cell::new(&setting.value), Cell::toned(Tone::Dim, &setting.origin)]);
    }
    grid
}
