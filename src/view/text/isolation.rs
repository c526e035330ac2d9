//! Whether a store's role can get out of its schema: what was tried, how, and what leaks.

use crate::plan::Grade;
use crate::report::{Isolation, Leak, StoreReport};
use crate::view::figures::{counted, date, grouped};
use crate::view::grid::{Cell, Column, Grid};
use crate::view::page::{Mark, Page};
use crate::view::paint::Tone;
use crate::view::words::{Words, fill};

/// Attempts before `… and 12 more`; JSON has them all.
const SHOWN: usize = 10;

/// Leaks: each wants to be mended.
const LEAKS_SHOWN: usize = 30;

pub(in crate::view) fn write(store: &StoreReport, page: &mut Page<'_>) {
    let Some(isolation) = &store.isolation else { return };
    page.heading(page.words.isolation_of);
    told(isolation, 2, page);
}

/// What came of it: of the attempts, and of the question to the catalogs.
pub(in crate::view) fn verdicts(isolation: &Isolation, words: &Words) -> [(Mark, String); 2] {
    let (tried, refused) = isolation.counts();
    let mark = if tried == refused { Mark::Good } else { Mark::Bad };
    let leaks = match isolation.faults().count() as u64 {
        0 => (Mark::Good, words.no_leaks.to_owned()),
        count => (Mark::Bad, fill(words.leaks_in, &[&counted(count, words.leak_noun)])),
    };
    [(mark, fill(words.attempts_refused, &[&grouped(refused), &grouped(tried)])), leaks]
}

/// The section without its heading.
pub(in crate::view) fn told(isolation: &Isolation, indent: usize, page: &mut Page<'_>) {
    let words = page.words;
    for (mark, text) in verdicts(isolation, words) {
        page.marked(indent, mark, &text);
    }
    page.blank();
    let way = words.way_text(&isolation.way);
    let way = match &isolation.way_reason {
        Some(reason) => format!("{way}: {}", words.phrase(reason)),
        None => way.to_owned(),
    };
    let zone = page.options.timezone.as_deref();
    let mut fields = vec![
        (words.role, isolation.role.clone()),
        (words.way, way),
        (
            words.catalogs,
            fill(words.rights_denied, &[&grouped(isolation.rights_denied), &grouped(isolation.rights_asked)]),
        ),
    ];
    if !isolation.common.is_empty() {
        fields.push((words.common_tables, isolation.common.join("; ")));
    }
    fields.push((words.date, date(&isolation.at, zone, words)));
    page.fields(Tone::Plain, &fields);
    page.blank();
    let grid = attempts(isolation, page);
    page.grid(indent, grid);
    not_refused(isolation, indent, page);
    leaks(isolation, page);
}

fn attempts(isolation: &Isolation, page: &Page<'_>) -> Grid {
    let words = page.words;
    let mut grid = Grid::new(vec![
        Column::text(words.attempt),
        Column::number(words.way),
        Column::number(words.refused),
        Column::text("").floor(4),
    ]);
    for of in &isolation.attempts {
        let mark = if of.not_refused.is_empty() { Mark::Good } else { Mark::Bad };
        let (sign, tone) = page.sign(mark);
        grid.row(vec![
            Cell::new(words.attempt_kind(&of.kind)),
            Cell::new(grouped(of.tried)),
            Cell::new(grouped(of.refused.len() as u64)),
            Cell::toned(tone, sign),
        ]);
    }
    grid
}

fn not_refused(isolation: &Isolation, indent: usize, page: &mut Page<'_>) {
    let words = page.words;
    let all: Vec<_> =
        isolation.attempts.iter().flat_map(|of| of.not_refused.iter().map(move |one| (&of.kind, one))).collect();
    if all.is_empty() {
        return;
    }
    page.heading(words.not_refused);
    for (kind, one) in all.iter().take(SHOWN) {
        let text = format!("{} {}: {}", words.attempt_kind(kind), one.object, words.phrase(&one.got));
        page.marked(indent, Mark::Bad, &text);
    }
    more(all.len().saturating_sub(SHOWN), page);
}

fn more(rest: usize, page: &mut Page<'_>) {
    if rest > 0 {
        page.paragraph(4, Tone::Dim, &fill(page.words.more, &[&grouped(rest as u64)]));
    }
}

fn leaks(isolation: &Isolation, page: &mut Page<'_>) {
    if isolation.leaks.is_empty() {
        return;
    }
    let words = page.words;
    for (grade, heading) in [(Grade::Stop, words.leaks), (Grade::Note, words.leak_notes)] {
        let of_grade: Vec<&Leak> = isolation.leaks.iter().filter(|leak| leak.grade == grade).collect();
        if of_grade.is_empty() {
            continue;
        }
        page.heading(&format!("{heading} ({})", grouped(of_grade.len() as u64)));
        for leak in of_grade.iter().take(LEAKS_SHOWN) {
            let mark = if grade == Grade::Stop { Mark::Bad } else { Mark::Note };
            page.marked(2, mark, &format!("{} [{}]", words.phrase(&leak.message), leak.code));
            page.copyable(4, &leak.remedy);
        }
        more(of_grade.len().saturating_sub(LEAKS_SHOWN), page);
    }
}
