//! Charts as inline SVG: bars and shares. Every number in them is text that can be selected and copied.

use super::Mark;
use super::html::escaped;
use crate::view::figures::grouped;
use crate::view::wrap::{clean, cut, width};

/// A chart, or a row of tiles with one number each.
#[derive(Debug)]
pub(in crate::view) enum Figure {
    /// Horizontal bars, one under the other, on one scale that begins at nothing.
    Bars { title: String, bars: Vec<Bar>, rest: Option<String> },
    /// One bar in parts, and what the parts are.
    Shares { title: String, parts: Vec<Part> },
    /// Numbers at one glance.
    Tiles(Vec<Tile>),
}

/// A bar.
#[derive(Debug)]
pub(in crate::view) struct Bar {
    pub(in crate::view) label: String,
    pub(in crate::view) value: u64,
    /// The value as it is told, where that is not its digits.
    pub(in crate::view) told: Option<String>,
    pub(in crate::view) mark: Mark,
}

/// A part of a whole.
#[derive(Debug)]
pub(in crate::view) struct Part {
    pub(in crate::view) label: String,
    pub(in crate::view) count: u64,
    pub(in crate::view) mark: Mark,
}

/// A number and what it is.
#[derive(Debug)]
pub(in crate::view) struct Tile {
    pub(in crate::view) value: String,
    pub(in crate::view) label: String,
}

const WIDTH: usize = 760;
const ROW: usize = 26;
/// About the width of a letter at the size of the labels.
const LETTER: usize = 8;

pub(super) fn draw(figure: &Figure) -> String {
    match figure {
        Figure::Bars { title, bars, rest } => self::bars(title, bars, rest.as_deref()),
        Figure::Shares { title, parts } => shares(title, parts),
        Figure::Tiles(tiles) => {
            let tile = |tile: &Tile| {
                format!("<div><dt>{}</dt><dd>{}</dd></div>", escaped(&clean(&tile.label)), escaped(&clean(&tile.value)))
            };
            format!("<dl class=\"tiles\">{}</dl>\n", tiles.iter().map(tile).collect::<String>())
        }
    }
}

fn bars(title: &str, bars: &[Bar], rest: Option<&str>) -> String {
    let labels: Vec<String> = bars.iter().map(|bar| cut(&clean(&bar.label), 32, true)).collect();
    let left = labels.iter().map(|label| width(label)).max().unwrap_or(0) * LETTER + 16;
    let told = |bar: &Bar| bar.told.as_deref().map_or_else(|| grouped(bar.value), clean);
    let values: Vec<String> = bars.iter().map(told).collect();
    let right = values.iter().map(String::len).max().unwrap_or(0) * LETTER + 16;
    let room = WIDTH.saturating_sub(left + right).max(80);
    let most = bars.iter().map(|bar| bar.value).max().unwrap_or(0).max(1);
    let height = bars.len() * ROW + 4;
    let mut svg = String::new();
    for (index, ((bar, label), value)) in bars.iter().zip(&labels).zip(&values).enumerate() {
        let middle = index * ROW + ROW / 2 + 2;
        let share = u128::from(bar.value) * room as u128 * 10 / u128::from(most);
        // The smallest number is still seen; none is none.
        let tenths = if bar.value > 0 { share.max(20) } else { 0 };
        svg.push_str(&format!(
            "<text class=\"label\" x=\"{}\" y=\"{middle}\">{}<title>{}</title></text>\
             <rect class=\"{}\" x=\"{left}\" y=\"{}\" width=\"{}.{}\" height=\"14\" rx=\"2\"/>\
             <text class=\"value\" x=\"{}\" y=\"{middle}\">{value}</text>\n",
            left - 12,
            escaped(label),
            escaped(&clean(&bar.label)),
            class(bar.mark),
            middle - 7,
            tenths / 10,
            tenths % 10,
            left as u128 + tenths / 10 + 8,
        ));
    }
    let rest = rest.map_or(String::new(), |rest| format!("<p class=\"rest\">{}</p>", escaped(&clean(rest))));
    framed(title, &format!("0 0 {WIDTH} {height}"), &svg, &rest)
}

fn shares(title: &str, parts: &[Part]) -> String {
    let total = parts.iter().map(|part| part.count).sum::<u64>().max(1);
    let gaps = parts.iter().filter(|part| part.count > 0).count().saturating_sub(1) * 3;
    let room = WIDTH - gaps;
    let mut x = 0.0_f64;
    let mut svg = String::new();
    #[expect(clippy::cast_precision_loss, reason = "a drawing")]
    for part in parts.iter().filter(|part| part.count > 0) {
        let wide = part.count as f64 / total as f64 * room as f64;
        let class = class(part.mark);
        svg.push_str(&format!(
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"0\" width=\"{wide:.1}\" height=\"18\" rx=\"3\"/>\n"
        ));
        x += wide + 3.0;
    }
    let legend = parts.iter().map(|part| {
        let (class, label) = (class(part.mark), escaped(&clean(&part.label)));
        format!("<li><i class=\"{class}\"></i><b>{}</b> {label}</li>", grouped(part.count))
    });
    let legend = format!("<ul class=\"legend\">{}</ul>", legend.collect::<String>());
    framed(title, &format!("0 0 {WIDTH} 18"), &svg, &legend)
}

fn framed(title: &str, view_box: &str, svg: &str, under: &str) -> String {
    let title = escaped(&clean(title));
    format!(
        "<figure><figcaption>{title}</figcaption>\n<svg role=\"img\" aria-label=\"{title}\" viewBox=\"{view_box}\">\n{svg}</svg>{under}</figure>\n"
    )
}

fn class(mark: Mark) -> &'static str {
    match mark {
        Mark::Good | Mark::Done => "good",
        Mark::Bad => "bad",
        Mark::Unknown | Mark::Open => "doubt",
        Mark::Note => "plain",
    }
}
