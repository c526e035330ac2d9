//! Walks two ordered streams of rows side by side and notes where they part.

use std::cmp::Ordering;

use tokio_postgres::Row;

use super::side::{Rows, order, value};
use crate::error::ServerError;
use crate::ident::Ident;
use crate::report::{Difference, DifferenceKind};

/// What was found so far.
pub(super) struct Merge<'a> {
    key: &'a [Ident],
    rest: &'a [&'a Ident],
    max: usize,
    listed: Vec<Difference>,
    count: u64,
}

impl<'a> Merge<'a> {
    pub(super) fn new(key: &'a [Ident], rest: &'a [&'a Ident], max: usize) -> Self {
        Self { key, rest, max, listed: Vec::new(), count: 0 }
    }

    pub(super) fn found(self) -> (Vec<Difference>, u64) {
        (self.listed, self.count)
    }

    /// Takes the next key from the side that has it, or from both; false: nothing is left.
    pub(super) async fn step(&mut self, source: &mut Rows, target: &mut Rows) -> Result<bool, ServerError> {
        let ordering = match (source.peek(), target.peek()) {
            (None, None) => return Ok(false),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(source), Some(target)) => order(source, target, 0..self.key.len())?,
        };
        let (mut missing, mut extra) = match ordering {
            Ordering::Less => (source.take_key(true).await?, Vec::new()),
            Ordering::Greater => (Vec::new(), target.take_key(true).await?),
            // Where every column is of the key, equal keys are equal rows: one by one, so that no run is kept.
            Ordering::Equal => {
                let only_one = self.rest.is_empty();
                (source.take_key(only_one).await?, target.take_key(only_one).await?)
            }
        };
        self.pair(&mut missing, &mut extra)?;
        self.note_all(DifferenceKind::Missing, &missing)?;
        self.note_all(DifferenceKind::Extra, &extra)?;
        Ok(true)
    }

    /// Takes from both what they share; of what is left, two and two are a changed row.
    fn pair(&mut self, source: &mut Vec<Row>, target: &mut Vec<Row>) -> Result<(), ServerError> {
        let mut unpaired = Vec::new();
        for row in source.drain(..) {
            let mut twin = None;
            for (at, other) in target.iter().enumerate() {
                if self.changed(&row, other)?.is_empty() {
                    twin = Some(at);
                    break;
                }
            }
            match twin {
                Some(at) => drop(target.swap_remove(at)),
                None => unpaired.push(row),
            }
        }
        let changed = unpaired.len().min(target.len());
        for (row, other) in unpaired.drain(..changed).zip(target.drain(..changed)) {
            let columns = self.changed(&row, &other)?;
            self.note(DifferenceKind::Changed, &row, columns)?;
        }
        *source = unpaired;
        Ok(())
    }

    /// The columns outside the key in which two rows differ.
    fn changed(&self, a: &Row, b: &Row) -> Result<Vec<String>, ServerError> {
        let mut columns = Vec::new();
        for (at, column) in (self.key.len()..).zip(self.rest) {
            if value(a, at)? != value(b, at)? {
                columns.push(column.raw().to_owned());
            }
        }
        Ok(columns)
    }

    fn note_all(&mut self, kind: DifferenceKind, rows: &[Row]) -> Result<(), ServerError> {
        rows.iter().try_for_each(|row| self.note(kind, row, Vec::new()))
    }

    fn note(&mut self, kind: DifferenceKind, row: &Row, columns: Vec<String>) -> Result<(), ServerError> {
        self.count += 1;
        if self.listed.len() < self.max {
            let mut key = Vec::new();
            for (at, name) in self.key.iter().enumerate() {
                key.push((name.raw().to_owned(), value(row, at)?.map(str::to_owned)));
            }
            self.listed.push(Difference { kind, key, columns, after_switch: false });
        }
        Ok(())
    }
}
