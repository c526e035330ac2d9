//! One frame of `top`: the stores that do most, as many as fit.

use std::io::{self, Write};

use super::metrics::{stage_text, totals};
use crate::metric::{FleetMetrics, Pace, StoreMetrics};
use crate::view::figures::{bytes, grouped, percent, seconds_of, signed_bytes};
use crate::view::grid::{Cell, Column, Grid};
use crate::view::options::Options;
use crate::view::page::Page;
use crate::view::paint::Tone;
use crate::view::words::{Words, fill};

/// What the stores are sorted by, the most first; what is equal, by size.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Order {
    /// Rows written.
    #[default]
    Written,
    /// Bytes grown.
    Grown,
    /// Waits for locks.
    Waits,
    /// Time in statements.
    Time,
    /// Blocks asked for.
    Blocks,
    /// Size.
    Size,
}

impl Order {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Written, Self::Grown, Self::Waits, Self::Time, Self::Blocks, Self::Size];

    /// The next one, round and round.
    #[must_use]
    pub fn next(self) -> Self {
        let place = Self::ALL.iter().position(|order| *order == self).unwrap_or(0);
        Self::ALL[(place + 1) % Self::ALL.len()]
    }

    fn head(self, words: &Words) -> &str {
        match self {
            Self::Written => words.written_per_second,
            Self::Grown => words.grown_per_second,
            Self::Waits => words.lock_waits,
            Self::Time => words.busy,
            Self::Blocks => words.blocks_per_second,
            Self::Size => words.size,
        }
    }

    fn worth(self, store: &StoreMetrics, pace: &Pace) -> f64 {
        let count = |value: Option<u64>| value.unwrap_or(0) as f64;
        match self {
            Self::Written => pace.written.unwrap_or(0.0),
            Self::Grown => pace.grown.unwrap_or(0.0),
            Self::Waits => count(store.lock_waits) + store.lock_wait_seconds.unwrap_or(0.0) / 1e6,
            Self::Time => pace.busy.unwrap_or(0.0),
            Self::Blocks => pace.blocks.unwrap_or(0.0),
            Self::Size => count(store.bytes),
        }
    }
}

/// What a frame shows.
pub struct Frame<'a> {
    /// The stores now.
    pub fleet: &'a FleetMetrics,
    /// What each did since the look before; as many as there are stores.
    pub paces: &'a [Pace],
    /// The clock in UTC: `19:42:01`.
    pub clock: &'a str,
    /// What they are sorted by.
    pub order: Order,
    /// Stores at most.
    pub most: usize,
    /// Somebody may press keys.
    pub has_keys: bool,
}

/// Lines of a frame that are no store: title, totals, keys, an empty one, the heads, the rest.
pub const LINES_AROUND: usize = 7;

/// Writes the frame.
///
/// # Errors
/// Those of `out`.
pub fn write(frame: &Frame<'_>, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(options);
    let words = page.words;
    let title = fill(words.fleet_title, &[&frame.fleet.database]);
    let sorted = fill(words.sorted_by, &[frame.order.head(words)]);
    page.paragraph(0, Tone::Strong, &format!("{title} · {} UTC · {sorted}", frame.clock));
    page.paragraph(0, Tone::Plain, &totals(frame.fleet, &page).join(" · "));
    if frame.has_keys {
        page.paragraph(0, Tone::Dim, words.top_keys);
    }
    page.blank();
    let grid = grid(frame, &page);
    page.grid(0, grid);
    let rest = frame.fleet.stores.len().saturating_sub(frame.most) as u64;
    if rest > 0 {
        page.paragraph(0, Tone::Dim, &fill(words.more, &[&grouped(rest)]));
    }
    page.print(out)
}

fn grid(frame: &Frame<'_>, page: &Page<'_>) -> Grid {
    let words = page.words;
    let mut grid = Grid::new(vec![
        Column::text(words.store).floor(8),
        Column::text(words.name).spare(1).floor(28),
        Column::text(words.stage).spare(7).floor(10),
        Column::number(words.size),
        Column::number(words.grown_per_second).spare(2),
        Column::number(words.written_per_second),
        Column::number(words.blocks_per_second).spare(4),
        Column::number(words.busy).spare(3),
        Column::number(words.connections).spare(6),
        Column::number(words.lock_waits),
        Column::number(words.longest_wait).spare(5),
    ]);
    // A line per store: a name that breaks would take the place of another one.
    let most_letters = if page.options.width < 110 { 16 } else { 28 };
    let mut stores: Vec<(&StoreMetrics, &Pace)> = frame.fleet.stores.iter().zip(frame.paces).collect();
    let worth = |(store, pace): &(&StoreMetrics, &Pace)| (frame.order.worth(store, pace), store.bytes.unwrap_or(0));
    stores.sort_by(|one, other| {
        let ((one, size), (other, other_size)) = (worth(one), worth(other));
        other.total_cmp(&one).then(other_size.cmp(&size))
    });
    let some = |value: Option<f64>, least: f64, text: &dyn Fn(f64) -> String| {
        value.map_or_else(String::new, |value| if value.abs() < least { "0".to_owned() } else { text(value) })
    };
    for (store, pace) in stores.into_iter().take(frame.most) {
        let (tone, stage) = stage_text(store, page);
        let waits = store.lock_waits.filter(|waits| *waits > 0);
        let name = store.name.as_deref().unwrap_or(words.unnamed);
        grid.row(vec![
            Cell::new(&store.store),
            Cell::new(crate::view::wrap::cut(name, most_letters, page.options.unicode)),
            Cell::toned(tone, stage),
            Cell::new(store.bytes.map_or_else(String::new, bytes)),
            Cell::new(some(pace.grown, 0.5, &signed_bytes)),
            Cell::new(some(pace.written, 0.05, &rate)),
            Cell::new(some(pace.blocks, 0.05, &rate)),
            Cell::new(some(pace.busy, 0.0005, &percent)),
            Cell::new(store.connections.map_or_else(String::new, |all| {
                let active = store.active_connections.map_or_else(|| "?".to_owned(), grouped);
                format!("{active}/{}", grouped(all))
            })),
            Cell::toned(Tone::Bad, waits.map_or_else(String::new, grouped)),
            Cell::toned(Tone::Bad, waits.and(store.lock_wait_seconds).map_or_else(String::new, seconds_of)),
        ]);
    }
    grid.without_empty_columns()
}

/// `0.5`, `12`, `1,234`.
fn rate(number: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded, and not below 0")]
    let whole = number.round() as u64;
    if number < 9.95 { format!("{number:.1}") } else { grouped(whole) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::specimen;

    fn lines(order: Order, most: usize) -> Vec<String> {
        let report = specimen::metrics(4);
        let fleet = report.metrics.unwrap();
        let paces: Vec<Pace> =
            (0..4).map(|place| Pace { written: Some(f64::from(place)), ..Pace::default() }).collect();
        let frame = Frame { fleet: &fleet, paces: &paces, clock: "10:00:00", order, most, has_keys: false };
        let mut out = vec![];
        write(&frame, &Options::default(), &mut out).unwrap();
        String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn who_does_most_stands_first_and_the_rest_is_counted() {
        let written = lines(Order::Written, 2);
        assert!(written[4].starts_with('4') && written[5].starts_with('3'), "{written:#?}");
        assert_eq!(written.last().map(String::as_str), Some("… and 2 more"));
        let waits = lines(Order::Waits, 9);
        assert!(waits[4].starts_with('3') && waits[4].contains(" 2"), "{waits:#?}");
        assert!(written.len() <= LINES_AROUND + 2 && written.iter().all(|line| line.chars().count() <= 80));
    }

    #[test]
    fn the_orders_go_round() {
        let mut order = Order::default();
        for _ in Order::ALL {
            order = order.next();
        }
        assert_eq!(order, Order::default());
    }
}
