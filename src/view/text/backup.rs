//! What was done with backups: one in full, several as a list; what is damaged in each.

use crate::report::{BackupReport, Report};
use crate::view::explain;
use crate::view::figures::{bytes, counted, grouped, seconds_of, short_date};
use crate::view::grid::{Cell, Column, Grid};
use crate::view::page::{Mark, Page};
use crate::view::paint::Tone;

pub(in crate::view) fn write(report: &Report, page: &mut Page<'_>) {
    match report.backups.as_slice() {
        [] => {}
        [one] => whole(one, page),
        many => {
            let grid = list(many, page);
            page.blank();
            page.grid(0, grid);
            for backup in many {
                details(backup, page);
            }
        }
    }
}

/// A mark and a word for how it is.
fn state(backup: &BackupReport, page: &Page<'_>) -> (Mark, String) {
    let (mark, code) = match (backup.deed.as_str(), backup.damages.is_empty()) {
        ("failed", _) => (Mark::Bad, "failed"),
        (_, false) => (Mark::Bad, "damaged"),
        (deed, true) => (Mark::Good, deed),
    };
    (mark, page.words.backup_deed(code).to_owned())
}

fn whole(backup: &BackupReport, page: &mut Page<'_>) {
    let words = page.words;
    let (mark, text) = state(backup, page);
    let of =
        if backup.store.is_empty() { words.backup.to_owned() } else { format!("{} {}", words.store, backup.store) };
    page.marked(0, mark, &format!("{of}: {text}"));
    page.blank();
    let mut fields = Vec::new();
    if !backup.store.is_empty() {
        let name = backup.name.as_deref().unwrap_or(words.unnamed);
        fields.push((words.store, format!("{name} (ID: {})", backup.store)));
        fields.push((words.schema, backup.schema.clone()));
    }
    if let Some(kept) = &backup.kept_as {
        fields.push((words.kept_as, kept.clone()));
    }
    fields.push((words.backup, backup.place.clone()));
    if let Some(at) = &backup.at {
        fields.push((words.date, short_date(at, page.options.timezone.as_deref())));
    }
    if !backup.tables.is_empty() {
        let tables = counted(backup.tables.len() as u64, words.table_noun);
        fields.push((words.rows, format!("{} ({tables})", grouped(backup.row_count))));
    }
    if backup.bytes > 0 {
        fields.push((words.size, bytes(backup.bytes)));
    }
    fields.push((words.forecast_time, seconds_of(backup.seconds)));
    page.fields(Tone::Plain, &fields);
    if !backup.tables.is_empty() {
        let mut grid = Grid::new(vec![Column::text(words.table).verbatim(), Column::number(words.rows)]);
        for table in &backup.tables {
            let tone = if table.digest_equal == Some(false) { Tone::Bad } else { Tone::Plain };
            grid.row(vec![Cell::toned(tone, &table.table), Cell::new(grouped(table.row_count))]);
        }
        page.blank();
        page.grid(0, grid);
    }
    details(backup, page);
}

/// What a list has no room for.
fn details(backup: &BackupReport, page: &mut Page<'_>) {
    let words = page.words;
    let has_any = !(backup.damages.is_empty() && backup.notes.is_empty() && backup.deleted.is_empty());
    if !has_any && backup.error.is_none() {
        return;
    }
    page.blank();
    if backup.error.is_some() || !backup.damages.is_empty() {
        let of =
            if backup.place.is_empty() { format!("{} {}", words.store, backup.store) } else { backup.place.clone() };
        page.marked(0, Mark::Bad, &of);
    }
    for damage in &backup.damages {
        page.marked(2, Mark::Bad, &format!("{}: {}", damage.file, words.phrase(&damage.what)));
    }
    for note in &backup.notes {
        let text = words.phrase(note).into_owned();
        page.marked(2, Mark::Note, &text);
    }
    for deleted in &backup.deleted {
        page.marked(2, Mark::Note, &format!("{}: {deleted}", words.deleted));
    }
    let lines = backup.error.iter().flat_map(|error| explain::lines(error, page.words));
    lines.for_each(|line| page.raw(&format!("  {line}")));
}

fn list(backups: &[BackupReport], page: &Page<'_>) -> Grid {
    let words = page.words;
    let mut grid = Grid::new(vec![
        Column::text(words.store).floor(6),
        Column::text(words.outcome).floor(12),
        Column::number(words.rows),
        Column::number(words.size).spare(1),
        Column::text(words.backup).spare(2).floor(24),
    ]);
    for backup in backups {
        let (mark, text) = state(backup, page);
        let (sign, tone) = page.sign(mark);
        grid.row(vec![
            Cell::new(&backup.store),
            Cell::toned(tone, format!("{sign} {text}")),
            Cell::new(grouped(backup.row_count)),
            Cell::new(bytes(backup.bytes)),
            Cell::toned(Tone::Dim, &backup.place),
        ]);
    }
    grid
}
