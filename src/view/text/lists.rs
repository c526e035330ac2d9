//! Plain lists: tables, stores, runs, settings.

use crate::report::{Report, RunLine, Setting, StoreLine, TableClass};
use crate::stage::Stage;
use crate::view::figures::{bytes, grouped, seconds_of, short_date};
use crate::view::grid::{Cell, Column, Grid};
use crate::view::page::Page;
use crate::view::paint::Tone;
use crate::view::saying;
use crate::view::words::{capital, fill};

pub(in crate::view) fn write(report: &Report, page: &mut Page<'_>) {
    if !report.tables.is_empty() {
        let grid = tables(&report.tables, page);
        show(grid, page);
    }
    if !report.store_list.is_empty() {
        let grid = stores(&report.store_list, page);
        show(grid, page);
        left_out(&report.store_list, page);
    }
    if !report.runs.is_empty() {
        let grid = runs(&report.runs, page);
        show(grid, page);
        paused(&report.runs, page);
        let only = report.runs.len() == 1;
        report.runs.iter().filter(|run| only || run.ended.is_none()).for_each(|run| stores_of(run, page));
    }
    if !report.settings.is_empty() {
        let file = report.settings.iter().find_map(|setting| Some(line_of(&setting.origin)?.0));
        let grid = settings(&report.settings, file, page);
        show(grid, page);
        if let Some(file) = file {
            page.blank();
            page.paragraph(0, Tone::Dim, &fill(page.words.lines_are_of, &[file]));
        }
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
    ]);
    for store in stores {
        let stage = Stage::of_word(&store.stage);
        let tone = match stage {
            Some(stage) if stage.is_switched() => Tone::Good,
            Some(_) => Tone::Plain,
            None => Tone::Dim,
        };
        grid.row(vec![
            Cell::new(&store.store),
            Cell::new(store.name.as_deref().unwrap_or(words.unnamed)),
            Cell::new(&store.schema),
            Cell::toned(
                tone,
                match stage {
                    Some(stage) => words.stage_word(stage),
                    None if store.stage == "rehearsal" => words.rehearsal,
                    None => words.no_move,
                },
            ),
            Cell::new(store.row_count.map_or_else(String::new, grouped)),
            Cell::new(store.bytes.map_or_else(String::new, bytes)),
        ]);
    }
    grid
}

/// The stores that `[registry] where` does not take.
fn left_out(stores: &[StoreLine], page: &mut Page<'_>) {
    let keys: Vec<&str> = stores.iter().filter(|store| !store.in_all).map(|store| store.store.as_str()).collect();
    if !keys.is_empty() {
        page.blank();
        page.paragraph(0, Tone::Dim, &format!("{}: {}", page.words.not_in_all, keys.join(", ")));
    }
}

fn runs(runs: &[RunLine], page: &Page<'_>) -> Grid {
    let words = page.words;
    let zone = page.options.timezone.as_deref();
    let mut grid = Grid::new(vec![
        Column::text(words.run).floor(8),
        Column::text(words.outcome).floor(12),
        // Where nobody named a time zone, the reader must know which it is.
        Column::text(&if zone.is_some() { words.started.to_owned() } else { format!("{} (UTC)", words.started) })
            .spare(1)
            .floor(16),
        Column::text(words.ended).spare(3).floor(5),
        Column::number(words.stores_column).spare(5),
        Column::text(words.who).spare(4).floor(16),
        Column::text(words.command).spare(2).floor(28),
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
            Cell::new(ended(run, zone)),
            Cell::new(grouped(run.stores.len() as u64)),
            Cell::new(&run.who),
            Cell::toned(Tone::Dim, &run.command_line),
        ]);
    }
    grid
}

/// Runs that somebody paused.
fn paused(runs: &[RunLine], page: &mut Page<'_>) {
    for run in runs {
        let Some(paused) = &run.paused else { continue };
        let since = short_date(&paused.since, page.options.timezone.as_deref());
        page.blank();
        page.paragraph(0, Tone::Doubt, &fill(page.words.paused, &[&run.run, &since, &paused.by]));
    }
}

/// What a run over several stores uses of the server's connections.
pub(in crate::view) fn connections(report: &Report, page: &mut Page<'_>) {
    let Some(connections) = report.connections.as_ref().filter(|_| report.plans.len() > 1) else { return };
    page.blank();
    page.paragraph(0, Tone::Plain, &capital(&saying::connections(connections, page.words)));
}

/// What held the run back.
pub(in crate::view) fn held(report: &Report, page: &mut Page<'_>) {
    if report.held.is_empty() {
        return;
    }
    let in_all = seconds_of(report.held.iter().map(|held| held.seconds).sum());
    let each: Vec<String> =
        report.held.iter().map(|held| format!("{} {}", held.limit, seconds_of(held.seconds))).collect();
    page.blank();
    page.paragraph(0, Tone::Plain, &fill(page.words.held_in_all, &[&in_all, &each.join(", ")]));
}

/// On the day of its start the time is enough.
fn ended(run: &RunLine, zone: Option<&str>) -> String {
    let Some(ended) = &run.ended else { return String::new() };
    let (started, ended) = (short_date(&run.started, zone), short_date(ended, zone));
    match (started.split_once(' '), ended.split_once(' ')) {
        (Some((first, _)), Some((last, time))) if first == last => time.to_owned(),
        _ => ended,
    }
}

/// Where each store of a run stands.
fn stores_of(run: &RunLine, page: &mut Page<'_>) {
    if run.stores.is_empty() {
        return;
    }
    page.heading(&format!("{} {}", page.words.run, run.run));
    if run.stores.len() > 1 {
        let counts = by_stage(&run.stores).into_iter().map(|(stage, count)| {
            let word = Stage::of_word(&stage).map_or(page.words.rehearsal, |stage| page.words.stage_word(stage));
            format!("{} {word}", grouped(count))
        });
        let counts = counts.collect::<Vec<_>>().join(" · ");
        page.paragraph(2, Tone::Plain, &counts);
    }
    let room = page.options.lines.map_or(usize::MAX, |lines| lines.saturating_sub(AROUND_A_WATCHED_LIST).max(1));
    if run.stores.len() <= room {
        let grid = stores(&run.stores, page);
        page.grid(2, grid);
        return;
    }
    let mut under_way: Vec<StoreLine> = run.stores.clone();
    under_way.sort_by_key(|store| std::cmp::Reverse(heat(store))); // stable: the order of the run within
    let rest = under_way.split_off(room).len() as u64;
    let grid = stores(&under_way, page);
    page.grid(2, grid);
    page.paragraph(2, Tone::Dim, &fill(page.words.more, &[&grouped(rest)]));
}

/// What stands around the list of stores of a watched run: its own line with a head, headings, counts, the rest, and the
/// cursor.
const AROUND_A_WATCHED_LIST: usize = 12;

/// How many stores are at each stage, in the order of the stages.
fn by_stage(stores: &[StoreLine]) -> Vec<(String, u64)> {
    let mut counts: Vec<(String, u64)> = Vec::new();
    for store in stores {
        match counts.iter_mut().find(|(stage, _)| *stage == store.stage) {
            Some((_, count)) => *count += 1,
            None => counts.push((store.stage.clone(), 1)),
        }
    }
    counts.sort_by_key(|(stage, _)| Stage::of_word(stage));
    counts
}

/// How soon a store has something new to show: those that are furthest on their way, then those that have not begun, then
/// those that have arrived.
fn heat(store: &StoreLine) -> u8 {
    match Stage::of_word(&store.stage) {
        Some(Stage::Verified) => 5,
        Some(Stage::Copied) => 4,
        Some(Stage::Created) => 3,
        Some(Stage::Planned) => 2,
        Some(_) => 0,
        None => 1,
    }
}

/// `file /etc/tenantctl.toml:12` is a line of a file.
fn line_of(origin: &str) -> Option<(&str, &str)> {
    origin.strip_prefix("file ")?.rsplit_once(':')
}

/// The file is named once, under the list; a path in each row would leave no room for the values.
fn settings(settings: &[Setting], file: Option<&str>, page: &Page<'_>) -> Grid {
    let words = page.words;
    let mut grid = Grid::new(vec![
        Column::text(words.key),
        Column::text(words.value),
        Column::text(words.origin).spare(1).floor(16),
    ]);
    if settings.iter().all(|setting| setting.origin.is_empty()) {
        grid.columns.pop();
    }
    for setting in settings {
        let origin = match line_of(&setting.origin) {
            Some((path, line)) if Some(path) == file => fill(words.line_number, &[line]),
            _ => setting.origin.clone(),
        };
        grid.row(vec![Cell::new(&setting.key), Cell::new(&setting.value), Cell::toned(Tone::Dim, origin)]);
    }
    grid
}
