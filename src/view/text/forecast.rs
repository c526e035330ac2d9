//! What a run should take, and beside it what it took.

use crate::event::Step;
use crate::forecast::{Forecast, MeasuredBy};
use crate::report::{Report, StepTime, StoreReport};
use crate::view::figures::{bytes, counted, grouped, seconds_of};
use crate::view::grid::{Cell, Column, Grid};
use crate::view::page::{Mark, Page};
use crate::view::paint::Tone;
use crate::view::words::{Words, fill};

/// Nothing where nobody reckoned; of one plan, a line among its facts says it.
pub(in crate::view) fn write(report: &Report, page: &mut Page<'_>) {
    let several = report.plans.len() != 1 || report.forecast.as_ref().is_some_and(|of| of.actual.is_some());
    let Some(forecast) = report.forecast.as_ref().filter(|_| several) else { return };
    page.heading(page.words.forecast_heading);
    match &forecast.actual {
        Some(_) => {
            let grid = compared(forecast, page);
            page.grid(2, grid);
        }
        None => page.fields(Tone::Plain, &fields(forecast, page.words)),
    }
    if let Some(needed) = forecast.catalog.locks_per_transaction_needed {
        page.marked(2, Mark::Bad, &fill(page.words.forecast_locks_short, &[&grouped(needed)]));
    }
    source(forecast, page);
}

/// One line, for a question.
#[must_use]
pub fn in_short(forecast: &Forecast, words: &Words) -> String {
    format!("{}: {}", words.forecast_field, figures(forecast, words))
}

/// Time, bytes and disk.
pub(super) fn figures(forecast: &Forecast, words: &Words) -> String {
    let time =
        forecast.seconds.map_or_else(|| words.forecast_unknown.to_owned(), |time| format!("~{}", seconds_of(time)));
    let disk = about(forecast.disk_bytes);
    fill(words.forecast_short, &[&time, &about(forecast.bytes), &disk])
}

fn about(count: u64) -> String {
    format!("~{}", bytes(count))
}

fn fields<'w>(forecast: &Forecast, words: &'w Words) -> Vec<(&'w str, String)> {
    let unknown = || words.forecast_unknown.to_owned();
    let catalog = &forecast.catalog;
    vec![
        (words.forecast_moves, counted(forecast.store_count, words.store_noun)),
        (words.rows, grouped(forecast.row_count)),
        (words.forecast_bytes, about(forecast.bytes)),
        (words.forecast_time, forecast.seconds.map_or_else(unknown, |time| format!("~{}", seconds_of(time)))),
        (words.forecast_disk, about(forecast.disk_bytes)),
        (words.forecast_wal, forecast.wal_bytes.map_or_else(unknown, about)),
        (
            words.forecast_catalog,
            fill(words.forecast_relations, &[&about(catalog.bytes), &grouped(catalog.relations_per_store)]),
        ),
        (words.forecast_memory, fill(words.forecast_per_backend, &[&about(catalog.backend_bytes)])),
        (
            words.forecast_dump,
            fill(words.forecast_locks, &[&grouped(catalog.dump_locks), &grouped(catalog.lock_limit)]),
        ),
    ]
}

/// Where time and log come from; without them, what gets them.
fn source(forecast: &Forecast, page: &mut Page<'_>) {
    let words = page.words;
    let (stores, rates) = (counted(forecast.rates.store_count, words.store_noun), &forecast.rates);
    let text = match rates.from {
        MeasuredBy::Moves => fill(words.forecast_by_moves, &[&stores, &bytes(rates.largest_table_bytes)]),
        MeasuredBy::Rehearsals => fill(words.forecast_by_rehearsals, &[&stores, &bytes(rates.largest_table_bytes)]),
        MeasuredBy::Nothing if forecast.actual.is_some() => words.forecast_no_rates_before.to_owned(),
        MeasuredBy::Nothing => words.forecast_no_rates.to_owned(),
    };
    page.paragraph(2, Tone::Dim, &text);
    if rates.from == MeasuredBy::Nothing && forecast.actual.is_none() {
        page.copyable(4, "tenantctl rehearse --all --median");
    }
}

fn compared(forecast: &Forecast, page: &Page<'_>) -> Grid {
    let words = page.words;
    let mut grid = Grid::new(vec![
        Column::text(""),
        Column::number(words.forecast_heading),
        Column::number(words.forecast_actual),
        Column::number(words.forecast_ratio).spare(1),
    ]);
    let Some(actual) = &forecast.actual else { return grid };
    let mut row = |label: &str, before: Option<f64>, after: Option<f64>, text: fn(f64) -> String| {
        let ratio = before.zip(after).filter(|(before, _)| *before > 0.0).map(|(before, after)| after / before);
        let or_unknown = |value: Option<f64>| value.map_or_else(|| page.sign(Mark::Unknown).0.to_owned(), text);
        grid.row(vec![
            Cell::new(label),
            Cell::new(or_unknown(before)),
            Cell::new(or_unknown(after)),
            Cell::new(ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"))),
        ]);
    };
    let number = |count: u64| Some(count as f64);
    row(words.stores_column, number(forecast.store_count), number(actual.store_count), |count| grouped(whole(count)));
    row(words.rows, number(forecast.row_count), number(actual.row_count), |count| grouped(whole(count)));
    row(words.forecast_bytes, number(forecast.bytes), number(actual.bytes), |count| bytes(whole(count)));
    row(words.forecast_time, forecast.seconds, Some(actual.seconds), seconds_of);
    row(words.forecast_disk, number(forecast.disk_bytes), number(actual.disk_bytes), |count| bytes(whole(count)));
    let log = |count: Option<u64>| count.map(|count| count as f64);
    row(words.forecast_wal, log(forecast.wal_bytes), log(actual.wal_bytes), |count| bytes(whole(count)));
    grid
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it was a whole number before")]
fn whole(value: f64) -> u64 {
    value as u64
}

/// Of a rehearsal: that it was one, what it took, and what became of it.
pub(in crate::view) fn rehearsal<'w>(store: &StoreReport, words: &'w Words) -> Vec<(&'w str, String)> {
    let Some(rehearsal) = &store.rehearsal else { return Vec::new() };
    let end = if rehearsal.dropped { words.rehearsal_dropped } else { words.rehearsal_stands };
    let mut fields = vec![(words.rehearsal, end.to_owned())];
    if rehearsal.disk_bytes > 0 {
        fields.push((words.forecast_disk, bytes(rehearsal.disk_bytes)));
    }
    if !rehearsal.steps.is_empty() {
        let word = |code: &str| {
            Step::ALL.into_iter().find(|step| step.word() == code).map_or("", |step| words.step_word(step))
        };
        let step = |of: &StepTime| format!("{} {}", word(&of.step), seconds_of(of.seconds));
        fields.push((words.rehearsal_steps, rehearsal.steps.iter().map(step).collect::<Vec<_>>().join(", ")));
    }
    fields
}
