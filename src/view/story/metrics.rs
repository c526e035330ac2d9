//! The overview of the stores: numbers at one glance, what fires, charts of the largest and fastest, then every store.

use crate::metric::{FleetMetrics, StoreMetrics};
use crate::stage::Stage;
use crate::view::figures::{bytes, grouped, signed, signed_bytes};
use crate::view::page::{Bar, Figure, Mark, Page, Part, Tile};
use crate::view::paint::Tone;
use crate::view::text::metrics;
use crate::view::words::{capital, fill};

/// Bars in a chart: the top of the list, the rest is in the table.
const BARS: usize = 15;

/// The page's title.
pub(super) fn title(fleet: &FleetMetrics, page: &Page<'_>) -> String {
    match fleet.stores.as_slice() {
        [one] => format!("{} {}", page.words.store, one.name.as_deref().unwrap_or(&one.store)),
        _ => fill(page.words.fleet_title, &[&fleet.database]),
    }
}

/// All of it.
pub(super) fn whole(fleet: &FleetMetrics, page: &mut Page<'_>) {
    page.title(&capital(&title(fleet, page)));
    page.paragraph(0, Tone::Dim, &metrics::asked(fleet, page));
    if let [one] = fleet.stores.as_slice() {
        let fields = metrics::fields(fleet, one, page);
        page.fields(Tone::Plain, &fields);
        metrics::alerts(fleet, page);
        metrics::notes(fleet, page);
        return;
    }
    page.figure(Figure::Tiles(tiles(fleet, page)));
    metrics::alerts(fleet, page);
    stages(fleet, page);
    largest(fleet, page);
    fastest(fleet, page);
    page.heading(&capital(page.words.stores_column));
    let mut grid = metrics::list(fleet, usize::MAX, page);
    grid.sortable = true;
    page.grid(0, grid);
    metrics::notes(fleet, page);
}

fn tiles(fleet: &FleetMetrics, page: &Page<'_>) -> Vec<Tile> {
    let words = page.words;
    let tile = |label: &str, value: String| Tile { label: capital(label), value };
    let count = |is: fn(&StoreMetrics) -> bool| grouped(fleet.stores.iter().filter(|store| is(store)).count() as u64);
    let mut tiles = vec![
        tile(words.store_noun.1, grouped(fleet.stores.len() as u64)),
        tile(words.in_own_schema, count(|store| store.has_schema)),
        tile(words.size, bytes(fleet.sum(|store| store.bytes))),
        tile(words.heap_bytes, bytes(fleet.sum(|store| store.heap_bytes))),
        tile(words.index_bytes, bytes(fleet.sum(|store| store.index_bytes))),
        tile(words.toast_bytes, bytes(fleet.sum(|store| store.toast_bytes))),
        tile(words.rows, grouped(fleet.sum(|store| store.rows))),
    ];
    let growth = fleet.stores.iter().filter_map(|store| store.growth.as_ref());
    let by_bytes: Vec<f64> = growth.clone().filter_map(|growth| growth.bytes_per_day).collect();
    if !by_bytes.is_empty() {
        tiles.push(tile(words.growth, signed_bytes(by_bytes.iter().sum())));
    }
    let by_rows: Vec<f64> = growth.map(|growth| growth.rows_per_day).collect();
    if !by_rows.is_empty() {
        tiles.push(tile(words.row_growth, signed(by_rows.iter().sum())));
    }
    let alerts: usize = fleet.stores.iter().map(|store| store.alerts.len()).sum();
    tiles.extend((alerts > 0).then(|| tile(words.alerts, grouped(alerts as u64))));
    tiles.push(tile(words.lock_waits, grouped(fleet.sum(|store| store.lock_waits))));
    tiles
}

fn stages(fleet: &FleetMetrics, page: &mut Page<'_>) {
    let counts = fleet.by_stage();
    let of = |word: &str, label: &str, mark| {
        counts.get(word).map(|count| Part { label: label.to_owned(), count: *count, mark })
    };
    let mark = |stage: Stage| match stage {
        stage if stage.is_switched() => Mark::Good,
        Stage::Reversed => Mark::Bad,
        _ => Mark::Unknown,
    };
    let mut parts: Vec<Part> = Stage::ALL
        .into_iter()
        .rev()
        .filter_map(|stage| of(stage.word(), page.words.stage_word(stage), mark(stage)))
        .collect();
    parts.extend(of("none", page.words.no_move_yet, Mark::Note));
    page.figure(Figure::Shares { title: page.words.stage_chart.to_owned(), parts });
}

fn largest(fleet: &FleetMetrics, page: &mut Page<'_>) {
    let value = |store: &StoreMetrics| store.bytes.map(|bytes| bytes as f64);
    bars(fleet, page.words.size_chart, value, |value| bytes(whole_number(value)), page);
}

/// In bytes where any store has them, else in rows.
fn fastest(fleet: &FleetMetrics, page: &mut Page<'_>) {
    let by_bytes = |store: &StoreMetrics| store.growth.as_ref()?.bytes_per_day;
    let by_rows = |store: &StoreMetrics| store.growth.as_ref().map(|growth| growth.rows_per_day);
    match fleet.stores.iter().any(|store| by_bytes(store).is_some()) {
        true => bars(fleet, page.words.growth_bytes_chart, by_bytes, signed_bytes, page),
        false => bars(fleet, page.words.growth_chart, by_rows, signed, page),
    }
}

/// The stores with the most; those with nothing are not shown.
fn bars(
    fleet: &FleetMetrics,
    title: &str,
    value: impl Fn(&StoreMetrics) -> Option<f64>,
    told: fn(f64) -> String,
    page: &mut Page<'_>,
) {
    let mut stores: Vec<(&StoreMetrics, f64)> = fleet
        .stores
        .iter()
        .filter_map(|store| Some((store, value(store)?)))
        .filter(|(_, value)| *value >= 0.5)
        .collect();
    if stores.is_empty() {
        return;
    }
    stores.sort_by(|one, other| other.1.total_cmp(&one.1));
    let rest = stores.len().saturating_sub(BARS) as u64;
    let bars = stores.iter().take(BARS).map(|(store, value)| Bar {
        label: match &store.name {
            Some(name) => format!("{} {name}", store.store),
            None => store.store.clone(),
        },
        value: whole_number(*value),
        told: Some(told(*value)),
        mark: if store.alerts.is_empty() { Mark::Note } else { Mark::Bad },
    });
    let rest = (rest > 0).then(|| fill(page.words.more, &[&grouped(rest)]));
    page.figure(Figure::Bars { title: title.to_owned(), bars: bars.collect(), rest });
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "not below 0, and a cast of this kind stops at the end"
)]
fn whole_number(value: f64) -> u64 {
    value.max(0.0).round() as u64
}
