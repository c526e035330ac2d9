//! How the stores are: one in full, several as a list with what needs looking at first.

use crate::metric::{Basis, FleetMetrics, Moment, StoreMetrics, Verdict};
use crate::report::Report;
use crate::stage::Stage;
use crate::view::figures::{
    bytes, counted, date, grouped, percent, seconds_of, short_date, signed, signed_bytes, span,
};
use crate::view::grid::{Cell, Column, Grid};
use crate::view::page::{Mark, Page};
use crate::view::paint::Tone;
use crate::view::words::fill;

/// Alerts that a page about metrics lists; `alerts` is the command for them.
const ALERTS_SHOWN: usize = 20;

pub(in crate::view) fn write(report: &Report, page: &mut Page<'_>) {
    let Some(fleet) = &report.metrics else { return };
    match fleet.stores.as_slice() {
        [one] => whole(fleet, one, page),
        _ => {
            head(fleet, page);
            let most = page.options.listed.unwrap_or(usize::MAX);
            let grid = list(fleet, most, page);
            page.blank();
            page.grid(0, grid);
            let rest = fleet.stores.len().saturating_sub(most) as u64;
            if rest > 0 {
                page.paragraph(0, Tone::Dim, &fill(page.words.more, &[&grouped(rest)]));
            }
        }
    }
    alerts(fleet, page);
    notes(fleet, page);
}

/// What all of them come to, in one line.
fn head(fleet: &FleetMetrics, page: &mut Page<'_>) {
    let words = page.words;
    page.title(&fill(words.fleet_title, &[&fleet.database]));
    page.paragraph(0, Tone::Plain, &totals(fleet, page).join(" · "));
    page.paragraph(0, Tone::Dim, &asked(fleet, page));
}

/// `90 stores`, `12 in a schema of their own`, `1.4 GB`, `210,032 rows`.
pub(in crate::view) fn totals(fleet: &FleetMetrics, page: &Page<'_>) -> Vec<String> {
    let words = page.words;
    let moved = fleet.stores.iter().filter(|store| store.has_schema).count() as u64;
    let mut totals = vec![
        counted(fleet.stores.len() as u64, words.store_noun),
        format!("{} {}", grouped(moved), words.in_own_schema),
        bytes(fleet.sum(|store| store.bytes)),
        counted(fleet.sum(|store| store.rows), words.row),
    ];
    let waits = fleet.sum(|store| store.lock_waits);
    if waits > 0 {
        totals.push(format!("{}: {}", words.lock_waits, grouped(waits)));
    }
    totals
}

pub(in crate::view) fn asked(fleet: &FleetMetrics, page: &Page<'_>) -> String {
    let zone = page.options.timezone.as_deref();
    let at = date(&fleet.taken_at.to_string(), zone, page.words);
    fill(page.words.asked_at, &[&at, &seconds_of(fleet.seconds)])
}

/// What the numbers are and are not, as sentences.
pub(in crate::view) fn caveats(fleet: &FleetMetrics, page: &Page<'_>) -> Vec<String> {
    let words = page.words;
    let mut caveats = Vec::new();
    if !fleet.rows_are_exact {
        caveats.push(words.rows_estimated.to_owned());
    }
    if fleet.sizes_are_estimates {
        caveats.push(words.sizes_estimated.to_owned());
    }
    if let Some(since) = fleet.counted_since {
        caveats.push(fill(words.counted_since, &[&date(&since.to_string(), page.options.timezone.as_deref(), words)]));
    }
    caveats.extend(fleet.unknown.iter().map(|unknown| format!("{}: {}", unknown.what, words.phrase(&unknown.why))));
    caveats
}

/// What the numbers are and are not.
pub(in crate::view) fn notes(fleet: &FleetMetrics, page: &mut Page<'_>) {
    let caveats = caveats(fleet, page);
    if !caveats.is_empty() {
        page.heading(page.words.notes);
        caveats.iter().for_each(|caveat| page.marked(2, Mark::Note, caveat));
    }
}

/// Alerts that fire, where there are any.
pub(in crate::view) fn alerts(fleet: &FleetMetrics, page: &mut Page<'_>) {
    if fleet.stores.iter().all(|store| store.alerts.is_empty()) {
        return;
    }
    page.heading(page.words.firing);
    let all = || fleet.stores.iter().flat_map(|store| store.alerts.iter().map(move |alert| (store, alert)));
    for (store, alert) in all().take(ALERTS_SHOWN) {
        let mark = if alert.severity == "critical" { Mark::Bad } else { Mark::Unknown };
        let says = page.words.phrase(&alert.says).into_owned();
        page.marked(2, mark, &format!("{} {}: {}: {says}", page.words.store, store.store, alert.alert));
    }
    let rest = all().count().saturating_sub(ALERTS_SHOWN) as u64;
    if rest > 0 {
        page.paragraph(2, Tone::Dim, &fill(page.words.more, &[&grouped(rest)]));
    }
}

pub(in crate::view) fn stage_text(store: &StoreMetrics, page: &Page<'_>) -> (Tone, &'static str) {
    match Stage::of_word(&store.stage) {
        Some(stage) if stage.is_switched() => (Tone::Good, page.words.stage_word(stage)),
        Some(stage) => (Tone::Plain, page.words.stage_word(stage)),
        None => (Tone::Dim, page.words.no_move),
    }
}

pub(in crate::view) fn verdict_text(verdict: Verdict, page: &Page<'_>) -> (Tone, &'static str) {
    match verdict {
        Verdict::Proven => (Tone::Good, page.words.proven),
        Verdict::Differs => (Tone::Bad, page.words.differs),
        Verdict::NotVerified => (Tone::Doubt, page.words.not_verified),
    }
}

/// A number and its text, empty where it is unknown.
fn number(value: Option<f64>, text: impl Fn(f64) -> String) -> Cell {
    Cell::new(value.map_or_else(String::new, text)).worth(value)
}

fn count(value: Option<u64>) -> Cell {
    Cell::new(value.map_or_else(String::new, grouped)).worth(value.map(|value| value as f64))
}

/// A share that wants a look below the bound.
fn low(share: Option<f64>, bound: f64) -> Cell {
    let tone = if share.is_some_and(|share| share < bound) { Tone::Doubt } else { Tone::Plain };
    Cell { tone, ..number(share, percent) }
}

/// The stores, at most so many, in the columns in which anything stands.
pub(in crate::view) fn list(fleet: &FleetMetrics, most: usize, page: &Page<'_>) -> Grid {
    let words = page.words;
    let mut grid = Grid::new(vec![
        Column::text(words.store).floor(8),
        Column::text(words.name).spare(1).floor(16),
        Column::text(words.stage).floor(10),
        Column::text(words.verdict).spare(13).floor(10),
        Column::number(words.alerts),
        Column::number(words.size),
        Column::number(words.growth).spare(2),
        Column::number(words.rows).spare(3),
        Column::number(words.row_growth).spare(4),
        Column::number(words.dead_rows).spare(8),
        Column::number(words.last_write).spare(7),
        Column::number(words.last_vacuum).spare(14),
        Column::number(words.cache_hits).spare(9),
        Column::number(words.index_use).spare(11),
        Column::number(words.sequence_left).spare(12),
        Column::number(words.connections).spare(10),
        Column::number(words.query_time).spare(10),
        Column::number(words.lock_waits).spare(6),
        Column::number(words.proven_backup).spare(5),
    ]);
    let age = |at: Option<Moment>| number(at.map(|at| at.until(fleet.taken_at)), span);
    for store in fleet.stores.iter().take(most) {
        let (tone, stage) = stage_text(store, page);
        let place = Stage::ALL.iter().position(|stage| stage.word() == store.stage).map_or(-1.0, |place| place as f64);
        let (verdict_tone, verdict) = store.verdict.map_or((Tone::Plain, ""), |verdict| verdict_text(verdict, page));
        let any = |count: u64| Some(count).filter(|count| *count > 0);
        let growth = store.growth.as_ref();
        grid.row(vec![
            Cell::new(&store.store),
            Cell::new(store.name.as_deref().unwrap_or(words.unnamed)),
            Cell::toned(tone, stage).worth(Some(place)),
            Cell::toned(verdict_tone, verdict),
            Cell { tone: Tone::Bad, ..count(any(store.alerts.len() as u64)) },
            Cell::new(store.bytes.map_or_else(String::new, bytes)).worth(store.bytes.map(|bytes| bytes as f64)),
            number(growth.and_then(|growth| growth.bytes_per_day), signed_bytes),
            count(store.rows),
            number(growth.map(|growth| growth.rows_per_day), signed),
            number(store.dead_row_ratio(), percent),
            age(store.last_write),
            age(store.last_vacuum),
            low(store.cache_hit_ratio(), 0.9),
            number(store.index_use_ratio(), percent),
            low(store.sequence.as_ref().map(|room| room.left_ratio), 0.1),
            count(store.connections),
            number(store.query_seconds, seconds_of),
            Cell { tone: Tone::Bad, ..count(store.lock_waits.and_then(any)) },
            age(store.backup.as_ref().map(|backup| backup.at)),
        ]);
    }
    grid.without_empty_columns()
}

/// The only store of the page.
fn whole(fleet: &FleetMetrics, store: &StoreMetrics, page: &mut Page<'_>) {
    let words = page.words;
    page.title(&format!("{} {}", words.store, store.name.as_deref().unwrap_or(&store.store)));
    page.paragraph(0, Tone::Dim, &asked(fleet, page));
    page.blank();
    let fields = fields(fleet, store, page);
    page.fields(Tone::Plain, &fields);
}

pub(in crate::view) fn fields<'w>(
    fleet: &FleetMetrics,
    store: &StoreMetrics,
    page: &Page<'w>,
) -> Vec<(&'w str, String)> {
    let words = page.words;
    let zone = page.options.timezone.as_deref();
    let at = |moment: Moment| {
        let ago = fill(words.ago, &[&span(moment.until(fleet.taken_at))]);
        format!("{}, {ago}", short_date(&moment.to_string(), zone))
    };
    let name = store.name.as_deref().unwrap_or(words.unnamed);
    let stage = stage_text(store, page).1.to_owned();
    let mut fields = vec![
        (words.store, format!("{name} (ID: {})", store.store)),
        (words.schema, store.schema.clone()),
        (words.stage, store.stage_since.map_or_else(|| stage.clone(), |since| format!("{stage}, {}", at(since)))),
    ];
    if let Some(verdict) = store.verdict {
        let text = verdict_text(verdict, page).1.to_owned();
        fields
            .push((words.verdict, store.verified_at.map_or_else(|| text.clone(), |of| format!("{text}, {}", at(of)))));
    }
    if let Some(all) = store.bytes {
        let parts = [
            (words.heap_bytes, store.heap_bytes),
            (words.index_bytes, store.index_bytes),
            (words.toast_bytes, store.toast_bytes),
        ];
        let parts = parts.map(|(label, part)| format!("{label} {}", bytes(part.unwrap_or(0)))).join(", ");
        fields.push((words.size, format!("{} ({parts})", bytes(all))));
    }
    fields.extend(store.rows.map(|rows| (words.rows, grouped(rows))));
    if let Some(growth) = &store.growth {
        let since = short_date(&growth.since.to_string(), zone);
        let basis = match growth.basis {
            Basis::Move => fill(words.since_move, &[&since]),
            Basis::Reading => fill(words.since_reading, &[&since]),
        };
        let rows = format!("{} {}", signed(growth.rows_per_day), words.rows);
        let by = growth.bytes_per_day.map_or(rows.clone(), |bytes| format!("{}, {rows}", signed_bytes(bytes)));
        fields.push((words.growth, format!("{by}, {basis}")));
    }
    fields.extend(
        store
            .dead_rows
            .zip(store.dead_row_ratio())
            .map(|(dead, share)| (words.dead_rows, format!("{} ({})", grouped(dead), percent(share)))),
    );
    fields.extend(store.rows_written.map(|written| (words.rows_written, grouped(written))));
    fields.extend(store.last_write.map(|of| (words.last_write, at(of))));
    fields.extend(store.last_vacuum.map(|of| (words.last_vacuum, at(of))));
    fields.extend(store.last_analyze.map(|of| (words.last_analyze, at(of))));
    fields.extend(store.cache_hit_ratio().map(|share| (words.cache_hits, percent(share))));
    fields.extend(store.index_use_ratio().map(|share| (words.index_use, percent(share))));
    fields.extend(
        store
            .sequence
            .as_ref()
            .map(|room| (words.sequence_left, format!("{} ({})", percent(room.left_ratio), room.sequence))),
    );
    if let (Some(role), Some(connections)) = (&store.role, store.connections) {
        let active = store.active_connections.map_or_else(|| "?".to_owned(), grouped);
        fields.push((words.connections, fill(words.of_role, &[role, &grouped(connections), &active])));
    }
    fields.extend(store.query_seconds.zip(store.query_calls).map(|(seconds, calls)| {
        (words.query_time, format!("{}, {}", seconds_of(seconds), counted(calls, words.statement)))
    }));
    if let Some(waits) = store.lock_waits {
        let longest = store.lock_wait_seconds.filter(|_| waits > 0).map(|it| format!(" ({})", seconds_of(it)));
        fields.push((words.lock_waits, format!("{}{}", grouped(waits), longest.unwrap_or_default())));
    }
    fields.push((
        words.proven_backup,
        store.backup.as_ref().map_or_else(
            || words.none.to_owned(),
            |backup| {
                let to = backup.to.as_ref().map_or_else(String::new, |to| format!(", {to}"));
                format!("{}{to}", at(backup.at))
            },
        ),
    ));
    fields
}
