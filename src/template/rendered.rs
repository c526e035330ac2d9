//! A statement with a store's values in it, and the way back from it to the template.

use super::division::{Section, StatementKind};
use crate::lexer::{Place, offset_of_position};

/// A statement, ready to run.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RenderedStatement {
    /// The text, without `;`.
    pub sql: String,
    /// The line of the template on which it begins, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// When it runs.
    pub section: Section,
    /// What later steps must know of it.
    pub kind: StatementKind,
    pub(super) map: SourceMap,
}

impl RenderedStatement {
    /// Where a server's error position (in characters, from 1) stands in the template; inside a value: its
    /// placeholder.
    #[must_use]
    pub fn place_of_position(&self, position: u32) -> Place {
        self.map.place_of(&self.sql, offset_of_position(&self.sql, position))
    }
}

/// The settings that stand before a statement in the template. A statement that gets a transaction of its own needs
/// them there first, since they were SET LOCAL in another.
pub fn settings_for<'a>(
    all: &'a [RenderedStatement],
    statement: &RenderedStatement,
) -> impl Iterator<Item = &'a RenderedStatement> {
    let place = (statement.line, statement.column);
    all.iter().filter(move |other| other.kind == StatementKind::Set && (other.line, other.column) < place)
}

/// For stretches of a rendered text: where they came from.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct SourceMap(Vec<Stretch>);

#[derive(Clone, Debug, Eq, PartialEq)]
struct Stretch {
    start: usize,
    place: Place,
    copied: bool,
}

impl SourceMap {
    /// From here on the text is the template's.
    pub(super) fn copied(&mut self, start: usize, place: Place) {
        if !self.0.last().is_some_and(|last| last.copied) {
            self.0.push(Stretch { start, place, copied: true });
        }
    }

    /// From here on the text stands for something else.
    pub(super) fn replaced(&mut self, start: usize, place: Place) {
        self.0.push(Stretch { start, place, copied: false });
    }

    /// Where a byte of the rendered text stands in the template.
    pub(super) fn place_of(&self, sql: &str, offset: usize) -> Place {
        let next = self.0.partition_point(|stretch| stretch.start <= offset);
        match next.checked_sub(1).and_then(|index| self.0.get(index)) {
            None => Place::START,
            Some(stretch) if stretch.copied => stretch.place.after(&sql[stretch.start..offset]),
            Some(stretch) => stretch.place,
        }
    }
}
