//! Many stores: one line each, then only what went wrong, in detail.

use super::{plan, store};
use crate::report::{Outcome, Report, StoreReport};
use crate::view::figures::counted;
use crate::view::figures::grouped;
use crate::view::grid::{Cell, Column, Grid};
use crate::view::page::{Mark, Page};
use crate::view::paint::Tone;
use crate::view::saying;
use crate::view::words::fill;

pub(super) fn write(report: &Report, stores: &[StoreReport], page: &mut Page<'_>) {
    let words = page.words;
    let title = page.options.title().to_owned();
    page.title(&format!("{title} · {}", counted(stores.len() as u64, words.store_noun)));
    let mut facts = vec![];
    facts.extend(report.database.iter().map(|database| (words.database, words.database_text(database))));
    facts.extend(report.run.clone().map(|run| (words.run, run)));
    page.fields(Tone::Plain, &facts);
    page.blank();
    let grid = summary(stores, page);
    page.grid(2, grid);
    page.blank();
    page.paragraph(2, Tone::Plain, &saying::tally(stores, words));
    for one in stores.iter().filter(|store| is_told(store)) {
        let heading = fill(words.store_heading, &[&saying::label(one)]);
        page.title(&heading);
        let (mark, verdict) = saying::verdict_of(one, words);
        page.marked(0, mark, &verdict);
        store::sections(&Report::new("", None, ""), one, page);
    }
    plan::findings(&report.findings, true, page);
}

/// Only failures and differences are told in detail.
pub(in crate::view) fn is_told(store: &StoreReport) -> bool {
    store.differs() || store.has_failed_probe() || store.error.is_some() || !matches!(store.outcome, Outcome::Done)
}

/// A line for each store.
pub(in crate::view) fn summary(stores: &[StoreReport], page: &Page<'_>) -> Grid {
    let words = page.words;
    let mut grid = Grid::new(vec![
        Column::text(words.store).floor(8),
        Column::text(words.name).spare(2).floor(16),
        Column::text(words.schema).spare(3),
        Column::text(words.stage).spare(1).floor(10),
        Column::number(words.rows).spare(4),
        Column::text(words.outcome).floor(16),
    ]);
    for store in stores {
        let (mark, text) = saying::outcome_of(store, words);
        let (sign, tone) = page.sign(mark);
        // Not counted is not none.
        let counted = store.row_count > 0 || !store.tables.is_empty();
        let rows = if counted { grouped(store.row_count) } else { page.sign(Mark::Unknown).0.to_owned() };
        grid.row(vec![
            Cell::new(&store.store),
            Cell::new(store.name.as_deref().unwrap_or(words.unnamed)),
            Cell::new(&store.schema),
            Cell::new(match store.rehearsal {
                Some(_) => words.rehearsal,
                None => store.stage.map_or(words.no_move, |stage| words.stage_word(stage)),
            }),
            Cell::new(rows),
            Cell::toned(tone, format!("{sign} {text}")),
        ]);
    }
    grid
}
