//! Many stores: one line each, then only what went wrong, in detail.

use super::{store, title};
use crate::report::{Report, StoreReport};
use crate::view::figures::{counted, grouped};
use crate::view::page::{Bar, Figure, Mark, Page, Part, Tile};
use crate::view::paint::Tone;
use crate::view::saying::{label, outcome_of, outcomes, tally, verdict_of};
use crate::view::text::fleet::{is_told, summary};
use crate::view::text::plan;
use crate::view::words::{capital, fill};

/// Bars in a chart; a longer one cannot be read.
const BARS: usize = 30;

/// A store for which nothing was left to do.
pub(super) fn idle(store: &StoreReport, page: &mut Page<'_>) {
    let words = page.words;
    let title = format!("{}: {}", page.options.title(), store.name.as_deref().unwrap_or(&store.store));
    page.title(&title);
    let text = match store.stage {
        Some(stage) => fill(words.already_done, &[&label(store), words.stage_word(stage)]),
        None => words.nothing_to_do.to_owned(),
    };
    page.marked(0, Mark::Good, &capital(&text));
}

/// All of them.
pub(super) fn whole(report: &Report, stores: &[StoreReport], page: &mut Page<'_>) {
    let words = page.words;
    page.title(&title(report, page));
    let marks: Vec<Mark> = stores.iter().map(|store| outcome_of(store, words).0).collect();
    let worst = [Mark::Bad, Mark::Unknown].into_iter().find(|mark| marks.contains(mark)).unwrap_or(Mark::Good);
    page.marked(0, worst, &tally(stores, words));
    // Those that want somebody's care, before the long list: who reads no further has read them.
    for store in stores.iter().filter(|store| is_told(store)) {
        let (mark, verdict) = verdict_of(store, words);
        page.marked(2, mark, &format!("{}: {verdict}", label(store)));
    }
    let mut facts = vec![];
    facts.extend(report.database.iter().map(|database| (words.database, words.database_text(database))));
    facts.extend(report.run.clone().map(|run| (words.run, run)));
    page.fields(Tone::Plain, &facts);
    let rows = stores.iter().map(|store| store.row_count).sum();
    let mut tiles = vec![
        Tile { label: capital(words.store_noun.1), value: grouped(stores.len() as u64) },
        Tile { label: capital(words.rows), value: grouped(rows) },
    ];
    let counts = outcomes(stores, words);
    tiles.extend(
        counts
            .iter()
            .map(|(_, word, count)| Tile { label: capital(words.said_of(*count, word)), value: grouped(*count) }),
    );
    page.figure(Figure::Tiles(tiles));
    let part = |(mark, word, count): &(Mark, &'static str, u64)| Part {
        label: words.said_of(*count, word).to_owned(),
        count: *count,
        // Well, and yet not the same as proven.
        mark: if *word == words.nothing_to_do { Mark::Note } else { *mark },
    };
    page.figure(Figure::Shares { title: words.outcome_chart.to_owned(), parts: counts.iter().map(part).collect() });
    bars(stores, page);
    page.heading(&capital(words.store_noun.1));
    let grid = summary(stores, page);
    page.grid(2, grid);
    for one in stores.iter().filter(|store| is_told(store)) {
        page.title(&fill(words.store_heading, &[&label(one)]));
        let (mark, verdict) = verdict_of(one, words);
        page.marked(0, mark, &capital(&verdict));
        store::sections(&Report::new("", None, ""), one, page);
    }
    plan::findings(&report.findings, true, page);
}

fn bars(stores: &[StoreReport], page: &mut Page<'_>) {
    let words = page.words;
    let mut largest: Vec<&StoreReport> = stores.iter().filter(|store| store.row_count > 0).collect();
    if largest.is_empty() {
        return;
    }
    largest.sort_by_key(|store| std::cmp::Reverse(store.row_count));
    let bars = largest.iter().take(BARS).map(|store| Bar {
        label: label(store),
        value: store.row_count,
        told: None,
        mark: match outcome_of(store, words).0 {
            Mark::Good => Mark::Note,
            mark => mark,
        },
    });
    let bars = bars.collect();
    let rest = largest.len().saturating_sub(BARS) as u64;
    let rest = (rest > 0).then(|| fill(words.more, &[&counted(rest, words.store_noun)]));
    page.figure(Figure::Bars { title: words.rows_per_store.to_owned(), bars, rest });
}
