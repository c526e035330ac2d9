//! One description of a table's passage, and all statements that follow from it.
//!
//! The column list exists once, so both ends agree. Knows nothing of sessions.

use crate::error::Refusal;
use crate::ident::{Ident, QualifiedTable, list};
use crate::manifest::Entry;
use crate::plan::{Finding, Format};
use crate::store::{KeyFamily, StoreKey};
use crate::table::{Column, Passage, Relation, Table, passage};
use crate::template::Substitutions;

use super::ownership::Ownership;

/// How one table's rows of one store are read on both sides, and written on one.
#[derive(Clone, Debug)]
pub struct CopyStatement {
    /// The shared table.
    pub source: QualifiedTable,
    /// The store table.
    pub target: QualifiedTable,
    /// COPY's format, for both sides and for the digests.
    pub format: Format,
    /// Columns that are written, and whether the source is cast to the target's type.
    columns: Vec<(Ident, Option<String>)>,
    /// Columns that are compared beyond those: generated in the store schema.
    compared_only: Vec<(Ident, Option<String>)>,
    /// The store table's key; empty: none.
    pub key: Vec<Ident>,
    condition: String,
    source_only: bool,
    target_only: bool,
    /// Columns that are read with another store's key in place of the rows' own.
    rekey: Option<Rekey>,
}

/// Another store's key for rows that go to it.
#[derive(Clone, Debug)]
pub struct Rekey {
    /// The columns that hold the key.
    pub columns: Vec<Ident>,
    /// The key that is replaced; whatever else stands in such a column stays, for the checks to find.
    pub from: StoreKey,
    /// The key that is written.
    pub to: StoreKey,
}

/// A range of a table's blocks; the last one has no end, so that ranges in a row leave out no row.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BlockRange {
    /// The first block.
    pub from: u64,
    /// The first block of the next range.
    pub until: Option<u64>,
}

impl BlockRange {
    fn condition(self, table: &Ident) -> String {
        let from = format!("{table}.ctid >= '({},0)'", self.from);
        match self.until {
            Some(until) => format!("{from} and {table}.ctid < '({until},0)'"),
            None => from,
        }
    }
}

impl CopyStatement {
    /// Holds the shared table against the store table.
    ///
    /// # Errors
    /// A refusal for a condition that cannot be rendered.
    pub fn new(
        entry: &Entry,
        ownership: &Ownership,
        source: &Table,
        target: &Table,
        key: &StoreKey,
        substitutions: &Substitutions,
    ) -> Result<Self, Refusal> {
        let Passages { columns, compared_only, format } = passages(source, target, &entry.omit);
        Ok(Self {
            source: source.name.clone(),
            source_only: source.relation().only,
            target_only: target.relation().only,
            target: target.name.clone(),
            format,
            columns,
            compared_only,
            key: target.key.clone(),
            condition: ownership.condition(key, substitutions)?,
            rekey: None,
        })
    }

    /// All rows of a table of one store schema, on their way into another's. What the other schema generates is not
    /// compared: it may be made of the key.
    #[must_use]
    pub fn cloned(source: &Table, target: &Table, rekey: Rekey) -> Self {
        let Passages { mut columns, format, .. } = passages(source, target, &[]);
        // The key of an integer may be wider than the column; a text is not cast, which would cut it.
        if rekey.to.key_type().family == KeyFamily::Integer {
            for (name, cast) in columns.iter_mut().filter(|(name, _)| rekey.columns.contains(name)) {
                *cast = target.column(name).map(|column| column.type_name.sql.clone());
            }
        }
        Self { columns, format, rekey: Some(rekey), ..Self::within(source, target) }
    }

    /// These columns of all rows of one table: what was written there, to be read back.
    #[must_use]
    pub fn read_back(table: &Table, columns: &[Ident], format: Format) -> Self {
        let columns = columns.iter().map(|name| (name.clone(), None)).collect();
        Self { columns, format, ..Self::within(table, table) }
    }

    /// All rows, and no column yet.
    fn within(source: &Table, target: &Table) -> Self {
        Self {
            source: source.name.clone(),
            source_only: source.relation().only,
            target_only: target.relation().only,
            target: target.name.clone(),
            format: Format::Binary,
            columns: Vec::new(),
            compared_only: Vec::new(),
            key: target.key.clone(),
            condition: "true".into(),
            rekey: None,
        }
    }

    /// The shared table in a FROM, its heirs aside.
    #[must_use]
    pub fn from_source(&self) -> Relation {
        Relation { table: self.source.clone(), only: self.source_only }
    }

    /// The store table in a FROM, its heirs aside.
    #[must_use]
    pub fn from_target(&self) -> Relation {
        Relation { table: self.target.clone(), only: self.target_only }
    }

    /// `copy (select …) to stdout`: the rows that are written.
    #[must_use]
    pub fn copy_out(&self) -> String {
        format!("copy ({}) to stdout{}", self.source_select(&self.columns, &self.condition), self.options())
    }

    /// `copy (select …) to stdout`: those of the rows that are written which lie in a range of blocks.
    #[must_use]
    pub fn copy_out_range(&self, range: BlockRange) -> String {
        format!("copy ({}) to stdout{}", self.range_rows(range), self.options())
    }

    /// `select` of the rows that are written and lie in a range of blocks.
    #[must_use]
    pub fn range_rows(&self, range: BlockRange) -> String {
        self.source_select(&self.columns, &format!("{} and {}", self.condition, range.condition(&self.source.table)))
    }

    /// `copy (select …) to stdout`: a share of the shared table's blocks, of whatever stores.
    #[must_use]
    pub fn copy_sample(&self, percent: f64) -> String {
        let (from, table) = (self.from_source(), &self.source.table);
        let columns = list(self.read(&self.columns));
        format!(
            "copy (select {columns} from {from} as {table} tablesample system ({percent})) to stdout{}",
            self.options()
        )
    }

    /// `copy … from stdin`.
    #[must_use]
    pub fn copy_in(&self) -> String {
        let columns = list(self.columns.iter().map(|(name, _)| name));
        format!("copy {} ({columns}) from stdin{}", self.target, self.options())
    }

    /// Whether the bytes that are written are all that is compared.
    #[must_use]
    pub fn copies_all(&self) -> bool {
        self.compared_only.is_empty()
    }

    /// `copy (select …) to stdout`: all that is compared, of the shared schema.
    #[must_use]
    pub fn source_digest(&self) -> String {
        format!("copy ({}) to stdout{}", self.source_rows(), self.options())
    }

    /// `copy (select …) to stdout`: all that is compared, of the store schema.
    #[must_use]
    pub fn target_digest(&self) -> String {
        format!("copy ({}) to stdout{}", self.target_rows(), self.options())
    }

    /// `copy (select …) to stdout`: what was written, of the store schema.
    #[must_use]
    pub fn written(&self) -> String {
        let columns = list(self.columns.iter().map(|(name, _)| name));
        let (from, table) = (self.from_target(), &self.target.table);
        format!("copy (select {columns} from {from} as {table}) to stdout{}", self.options())
    }

    /// `select` of all that is compared, of the shared schema.
    #[must_use]
    pub fn source_rows(&self) -> String {
        let all: Vec<_> = self.columns.iter().chain(&self.compared_only).cloned().collect();
        self.source_select(&all, &self.condition)
    }

    /// `select` of all that is compared, of the store schema.
    #[must_use]
    pub fn target_rows(&self) -> String {
        format!("select {} from {} as {}", list(self.compared()), self.from_target(), self.target.table)
    }

    /// `select` of all that is compared and lies in a range of blocks, of the store schema.
    #[must_use]
    pub fn target_range_rows(&self, range: BlockRange) -> String {
        format!("{} where {}", self.target_rows(), range.condition(&self.target.table))
    }

    /// `copy (select …) to stdout`: all that is compared and lies in a range of blocks, of the store schema.
    #[must_use]
    pub fn target_range_digest(&self, range: BlockRange) -> String {
        format!("copy ({}) to stdout{}", self.target_range_rows(range), self.options())
    }

    /// The columns that are compared.
    #[must_use]
    pub fn compared(&self) -> Vec<Ident> {
        self.columns.iter().chain(&self.compared_only).map(|(name, _)| name.clone()).collect()
    }

    /// `select count(*)` of the store's rows in the shared schema.
    #[must_use]
    pub fn source_count(&self) -> String {
        format!("select count(*) from {} as {} where {}", self.from_source(), self.source.table, self.condition)
    }

    /// The condition under which a row of the shared table belongs to the store.
    #[must_use]
    pub fn condition(&self) -> &str {
        &self.condition
    }

    fn source_select(&self, columns: &[(Ident, Option<String>)], condition: &str) -> String {
        let table = &self.source.table;
        format!("select {} from {} as {table} where {condition}", list(self.read(columns)), self.from_source())
    }

    /// Columns as they are read from the shared table, which goes by its own name.
    fn read(&self, columns: &[(Ident, Option<String>)]) -> Vec<String> {
        let table = &self.source.table;
        let column = |(name, cast): &(Ident, Option<String>)| match (&self.rekey, cast) {
            (Some(Rekey { columns, from, to }), cast) if columns.contains(name) => {
                let (from, to) = (from.literal(), to.literal());
                let value = format!("(case when {table}.{name} = {from} then {to} else {table}.{name} end)");
                cast.as_ref().map_or_else(|| value.clone(), |cast| format!("{value}::{cast}"))
            }
            (_, Some(cast)) => format!("{table}.{name}::{cast}"),
            (_, None) => format!("{table}.{name}"),
        };
        columns.iter().map(column).collect()
    }

    /// The columns that are written, as they are read from the shared table.
    #[must_use]
    pub fn written_columns(&self) -> Vec<String> {
        self.read(&self.columns)
    }

    /// All columns that are compared, as they are read from the shared table.
    #[must_use]
    pub fn compared_columns(&self) -> Vec<String> {
        self.read(&self.columns.iter().chain(&self.compared_only).cloned().collect::<Vec<_>>())
    }

    /// `copy (…) to stdout` of any `select`, in this table's format.
    #[must_use]
    pub fn copy_select(&self, select: &str) -> String {
        format!("copy ({select}) to stdout{}", self.options())
    }

    /// Whether both read the same columns of the same table in the same way, whatever the store.
    #[must_use]
    pub fn reads_like(&self, other: &Self) -> bool {
        let passage = |of: &Self| (of.source.clone(), of.format, of.columns.clone(), of.compared_only.clone());
        passage(self) == passage(other)
    }

    fn options(&self) -> &'static str {
        match self.format {
            Format::Binary => " (format binary)",
            Format::Text => "",
        }
    }
}

/// How the columns of a table pass into another.
struct Passages {
    columns: Vec<(Ident, Option<String>)>,
    compared_only: Vec<(Ident, Option<String>)>,
    format: Format,
}

fn passages(source: &Table, target: &Table, omit: &[Ident]) -> Passages {
    let mut passages = Passages { columns: Vec::new(), compared_only: Vec::new(), format: Format::Binary };
    for column in source.columns.iter().filter(|column| !omit.contains(&column.name)) {
        let Some(counterpart) = target.column(&column.name) else { continue };
        let way = passage(&column.type_name, &counterpart.type_name);
        if way == Passage::Text {
            passages.format = Format::Text;
        }
        let cast = (way == Passage::Cast).then(|| counterpart.type_name.sql.clone());
        match counterpart.generated {
            true => passages.compared_only.push((column.name.clone(), cast)),
            false => passages.columns.push((column.name.clone(), cast)),
        }
    }
    passages
}

/// What stands in the way of a table's passage.
#[must_use]
pub fn findings(entry: &Entry, source: &Table, target: Option<&Table>) -> Vec<Finding> {
    let Some(target) = target else {
        let message = format!("the template makes no table `{}`", entry.name.raw());
        return vec![
            Finding::stop("table_missing_in_template", message)
                .table(&entry.name)
                .hint("add it to the template, or list it as common or ignored"),
        ];
    };
    let mut found = Vec::new();
    for column in source.columns.iter().filter(|column| !entry.omit.contains(&column.name)) {
        match target.column(&column.name) {
            None => found.push(
                Finding::stop(
                    "column_missing_in_template",
                    format!("the template lacks column `{}`", column.name.raw()),
                )
                .table(&entry.name)
                .hint(format!(
                    "add it to the template, or `omit = [\"{}\"]` in its [[tables]] section",
                    column.name.raw()
                )),
            ),
            Some(counterpart) => found.extend(lossy(entry, column, counterpart)),
        }
    }
    for column in &target.columns {
        let given = source.column(&column.name).is_some() && !entry.omit.contains(&column.name);
        if !given && column.not_null && !column.has_default && !column.generated {
            let message =
                format!("the template requires column `{}`, which {} lacks", column.name.raw(), source.name.raw());
            found.push(
                Finding::stop("column_missing_in_source", message)
                    .table(&entry.name)
                    .hint("give it a default, or allow NULL"),
            );
        }
    }
    found
}

fn lossy(entry: &Entry, column: &Column, counterpart: &Column) -> Option<Finding> {
    (passage(&column.type_name, &counterpart.type_name) == Passage::Lossy).then(|| {
        let message = format!(
            "column `{}` is {} here and {} in the template: it cannot be converted without loss",
            column.name.raw(),
            column.type_name.sql,
            counterpart.type_name.sql
        );
        Finding::stop("type_would_lose", message)
            .table(&entry.name)
            .hint("give the template's column the same type, or a wider one")
    })
}
