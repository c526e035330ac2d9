//! Tables on a terminal: aligned, never broken inside a number, narrower by leaving columns out.
//!
//! comfy-table aligns and pads; which columns stay and where texts break is decided here, since it would break
//! `21,486` in two.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use super::paint::{Tone, tint};
use super::words::capital;
use super::wrap::{clean, width, wrap};

const GAP: u16 = 2;

/// A column.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) head: String,
    pub(super) right: bool,
    /// 0 stays; the highest goes first.
    spare: u8,
    /// A text may be broken down to this many columns.
    floor: usize,
    /// The head is a name of the database, not a word of ours.
    verbatim: bool,
}

impl Column {
    /// Texts, to the left; they wrap when there is no room.
    pub(super) fn text(head: &str) -> Self {
        Self { head: head.to_owned(), right: false, spare: 0, floor: 24, verbatim: false }
    }

    /// Numbers, to the right; never broken.
    pub(super) fn number(head: &str) -> Self {
        Self { right: true, ..Self::text(head) }
    }

    /// The head stays as it is, also where heads begin with a capital.
    pub(super) fn verbatim(mut self) -> Self {
        self.verbatim = true;
        self
    }

    /// The head where it stands over a printed table.
    pub(super) fn title(&self) -> String {
        if self.verbatim { self.head.clone() } else { capital(&self.head) }
    }

    /// Left out when it gets narrow, the highest rank first.
    pub(super) fn spare(mut self, rank: u8) -> Self {
        self.spare = rank;
        self
    }

    /// Wraps down to so many columns before another column is left out.
    pub(super) fn floor(mut self, floor: usize) -> Self {
        self.floor = floor;
        self
    }
}

/// A cell: its text, made safe, and its tone.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) tone: Tone,
    /// What it is sorted by, where that is not its text.
    pub(super) worth: Option<f64>,
}

impl Cell {
    pub(super) fn new(text: impl AsRef<str>) -> Self {
        Self::toned(Tone::Plain, text)
    }

    pub(super) fn toned(tone: Tone, text: impl AsRef<str>) -> Self {
        Self { text: clean(text.as_ref()), tone, worth: None }
    }

    /// Sorted by this number where a reader can sort; none comes last.
    pub(super) fn worth(mut self, number: Option<f64>) -> Self {
        self.worth = number;
        self
    }
}

/// A row.
#[derive(Clone, Debug)]
pub(super) enum Row {
    Cells(Vec<Cell>),
    /// A line over the rows that follow.
    Heading(String),
    /// A line above the total.
    Rule,
}

/// A table.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Row>,
    /// A reader may sort it, where it is shown in a browser.
    pub(super) sortable: bool,
}

impl Grid {
    pub(super) fn new(columns: Vec<Column>) -> Self {
        Self { columns, rows: vec![], sortable: false }
    }

    /// Leaves out the columns in which nothing stands.
    pub(super) fn without_empty_columns(mut self) -> Self {
        let filled = self.filled();
        for row in &mut self.rows {
            if let Row::Cells(cells) = row {
                *cells = filled.iter().map(|index| cells[*index].clone()).collect();
            }
        }
        self.columns = filled.iter().map(|index| self.columns[*index].clone()).collect();
        self
    }

    pub(super) fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(Row::Cells(cells));
    }

    /// A line over the rows that follow.
    pub(super) fn heading(&mut self, text: &str) {
        self.rows.push(Row::Heading(clean(text)));
    }

    /// A line above the total.
    pub(super) fn rule(&mut self) {
        self.rows.push(Row::Rule);
    }

    /// Its lines, at most `limit` columns wide where the numbers allow; tones are still marks.
    pub(super) fn lines(&self, limit: usize, rule: &str) -> Vec<String> {
        let (kept, widths) = self.fit(limit);
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        let mut heights = vec![];
        let head = |column: &Column| Cell::toned(Tone::Dim, &column.head);
        let heads: Vec<Cell> = self.columns.iter().map(head).collect();
        let bodies = self.rows.iter().filter_map(|row| match row {
            Row::Cells(cells) => Some(cells),
            Row::Heading(_) | Row::Rule => None,
        });
        for cells in std::iter::once(&heads).chain(bodies) {
            let texts: Vec<Vec<String>> =
                kept.iter().zip(&widths).map(|(index, width)| self.folded(*index, &cells[*index], *width)).collect();
            heights.push(texts.iter().map(Vec::len).max().unwrap_or(1));
            table.add_row(texts.iter().map(|lines| lines.join("\n")).collect::<Vec<_>>());
        }
        for (position, index) in kept.iter().enumerate() {
            let Some(column) = table.column_mut(position) else { continue };
            let right = self.columns[*index].right;
            column.set_cell_alignment(if right { CellAlignment::Right } else { CellAlignment::Left });
            column.set_padding((0, if position + 1 == kept.len() { 0 } else { GAP }));
        }
        self.woven(&table, &heights, rule)
    }

    /// Puts headings and rules between the lines of the table.
    fn woven(&self, table: &Table, heights: &[usize], rule: &str) -> Vec<String> {
        let mut drawn = table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().into_iter();
        let mut heights = heights.iter();
        let mut lines: Vec<Option<String>> = vec![]; // none: a rule
        let mut take =
            |lines: &mut Vec<_>| lines.extend(drawn.by_ref().take(heights.next().copied().unwrap_or(1)).map(Some));
        take(&mut lines);
        if self.columns.iter().all(|column| column.head.is_empty()) {
            lines.clear();
        }
        for row in &self.rows {
            match row {
                Row::Cells(_) => take(&mut lines),
                Row::Heading(text) => lines.push(Some(tint(Tone::Strong, text))),
                Row::Rule => lines.push(None),
            }
        }
        let longest = lines.iter().flatten().map(|line| width(line)).max().unwrap_or(0);
        lines.into_iter().map(|line| line.unwrap_or_else(|| tint(Tone::Dim, &rule.repeat(longest)))).collect()
    }

    fn folded(&self, index: usize, cell: &Cell, limit: usize) -> Vec<String> {
        let lines = if self.columns[index].right { vec![cell.text.clone()] } else { wrap(&cell.text, limit) };
        lines.iter().map(|line| tint(cell.tone, line)).collect()
    }

    /// The columns that stay, and the width of each.
    fn fit(&self, limit: usize) -> (Vec<usize>, Vec<usize>) {
        let full: Vec<usize> = (0..self.columns.len()).map(|index| self.full_width(index)).collect();
        let least = |index: usize| match self.columns[index].right {
            true => full[index],
            false => full[index].min(self.columns[index].floor.max(width(&self.columns[index].head))),
        };
        let mut kept: Vec<usize> = (0..self.columns.len()).collect();
        let gaps = |count: usize| usize::from(GAP) * count.saturating_sub(1);
        let sum = |kept: &[usize]| kept.iter().map(|index| least(*index)).sum::<usize>() + gaps(kept.len());
        while sum(&kept) > limit {
            let spare = kept.iter().copied().filter(|index| self.columns[*index].spare > 0);
            let Some(gone) = spare.max_by_key(|index| self.columns[*index].spare) else { break };
            kept.retain(|index| *index != gone);
        }
        let mut room = limit.saturating_sub(sum(&kept));
        let mut widths = vec![];
        for index in &kept {
            let more = room.min(full[*index] - least(*index));
            room -= more;
            widths.push(least(*index) + more);
        }
        // Nothing is left to leave out: the widest text gives way, numbers never.
        let mut over = sum(&kept).saturating_sub(limit);
        while over > 0 {
            let texts = (0..kept.len()).filter(|position| !self.columns[kept[*position]].right);
            let Some(widest) = texts.max_by_key(|position| widths[*position]) else { break };
            if widths[widest] <= 8 {
                break;
            }
            widths[widest] -= 1;
            over -= 1;
        }
        (kept, widths)
    }

    /// The columns in which anything stands.
    pub(super) fn filled(&self) -> Vec<usize> {
        let stands = |index: usize| {
            self.rows.iter().any(|row| matches!(row, Row::Cells(cells) if !cells[index].text.is_empty()))
        };
        (0..self.columns.len()).filter(|index| stands(*index)).collect()
    }

    fn full_width(&self, index: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| match row {
            Row::Cells(cells) => Some(width(&cells[index].text)),
            Row::Heading(_) | Row::Rule => None,
        });
        cells.chain([width(&self.columns[index].head)]).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::paint::develop;

    fn lines(grid: &Grid, limit: usize) -> Vec<String> {
        grid.lines(limit, "-").iter().map(|line| develop(line, false)).collect()
    }

    fn grid() -> Grid {
        let mut grid = Grid::new(vec![
            Column::text("name").floor(8),
            Column::number("rows"),
            Column::text("note").spare(1).floor(6),
        ]);
        grid.heading("core");
        grid.row(vec![Cell::new("orders"), Cell::new("21,486"), Cell::toned(Tone::Good, "all well")]);
        grid.rule();
        grid.row(vec![Cell::new("1 table"), Cell::new("21,486"), Cell::new("")]);
        grid
    }

    #[test]
    fn columns_are_aligned() {
        assert_eq!(
            lines(&grid(), 80),
            [
                "name       rows  note",
                "core",
                "orders   21,486  all well",
                "-------------------------",
                "1 table  21,486",
            ]
        );
    }

    #[test]
    fn texts_break_first_then_columns_go_and_numbers_stay_whole() {
        assert_eq!(lines(&grid(), 23)[2..4], ["orders   21,486  all", "                 well"]);
        assert_eq!(lines(&grid(), 16)[2], "orders   21,486");
        assert_eq!(lines(&grid(), 5)[2], "orders   21,486");
    }
}
