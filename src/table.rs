//! Tables as the catalogs describe them: columns, types, keys.
//!
//! Values only; `pg/catalog` fills them, `step/plan` compares the shared table with the store table.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ident::{Ident, QualifiedTable};

/// A type, as far as moving a value needs to know it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct TypeName {
    /// `format_type` with its modifier, qualified and quoted: `numeric(12,2)`, `public.order_status`.
    pub sql: String,
    /// The type's oid.
    pub oid: u32,
    /// The type modifier (`atttypmod`), -1 for none.
    pub modifier: i32,
    /// What it is at bottom, domains looked through: the oid of the base type.
    pub base_oid: u32,
    /// The base type's modifier, from the column or from the domain.
    pub base_modifier: i32,
    /// The base type's kind.
    pub kind: TypeKind,
    /// The labels of an enum, in order; empty for all others.
    pub labels: Vec<String>,
    /// Whether the base type, or what it is made of, belongs to a user and not to PostgreSQL itself.
    pub user_defined: bool,
    /// Whether every value of it, and of what it is made of, can be sent and taken in binary.
    pub has_binary: bool,
}

/// What a base type is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TypeKind {
    /// A plain type: integer, text, jsonb.
    Base,
    /// An enum.
    Enum,
    /// An array, a range, a composite: its binary form carries oids of what it is made of.
    Container,
}

/// A column.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub type_name: TypeName,
    /// NOT NULL.
    pub not_null: bool,
    /// A default, an identity or a generation expression stands for a value that is not given.
    pub has_default: bool,
    /// GENERATED ALWAYS AS (…) STORED: never written, always compared.
    pub generated: bool,
}

/// A foreign key.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct ForeignKey {
    /// Its name.
    pub name: Ident,
    /// The table that refers.
    pub table: QualifiedTable,
    /// Its columns.
    pub columns: Vec<Ident>,
    /// The table that is referred to.
    pub parent: QualifiedTable,
    /// The columns of the parent, in the order of `columns`.
    pub parent_columns: Vec<Ident>,
    /// Whether existing rows were checked, or never shall be.
    pub validated: bool,
    /// The last column is a period, which must overlap the parent's and not equal it (18).
    #[serde(default)]
    pub has_period: bool,
}

/// A table, as far as selecting, copying and proving its rows needs to know it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Its name.
    pub name: QualifiedTable,
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// The columns of the primary key, else of a unique key over NOT NULL columns; empty: no key.
    pub key: Vec<Ident>,
    /// `reltuples`: the planner's estimate; -1 where it was never analysed.
    pub row_estimate: i64,
    /// Row security is on for it.
    pub row_security: bool,
    /// It is partitioned: all its rows lie in other tables. An heir's rows, in contrast, are the heir's own.
    pub is_partitioned: bool,
    /// It is itself a partition: its rows belong to another table.
    pub is_partition: bool,
    /// The tables of the same schema that it is a partition of or inherits from.
    pub parents: Vec<Ident>,
}

impl Table {
    /// The table in a FROM: its own rows and those of its partitions, not those of its heirs.
    #[must_use]
    pub fn relation(&self) -> Relation {
        Relation { table: self.name.clone(), only: !self.is_partitioned }
    }

    /// The column of this name.
    #[must_use]
    pub fn column(&self, name: &Ident) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == *name)
    }
}

/// A table as SQL reads it; `Display` is SQL text.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Relation {
    /// The table.
    pub table: QualifiedTable,
    /// Without the rows of its heirs.
    pub only: bool,
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.only { "only " } else { "" }, self.table)
    }
}

/// How one column is moved.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Passage {
    /// The same bytes on both sides; binary COPY is safe.
    Same,
    /// A wider type: the source is cast, then binary COPY is safe.
    Cast,
    /// Equal as text only: containers whose binary form carries oids, types that have no whole binary form.
    Text,
    /// Would lose something.
    Lossy,
}

/// Built-in types by oid (`pg_type.dat`): they never change between versions.
mod oid {
    pub(super) const INT8: u32 = 20;
    pub(super) const INT2: u32 = 21;
    pub(super) const INT4: u32 = 23;
    pub(super) const TEXT: u32 = 25;
    pub(super) const VARCHAR: u32 = 1043;
    pub(super) const NUMERIC: u32 = 1700;
}

/// Whether a value of one type arrives unchanged in another.
#[must_use]
pub fn passage(source: &TypeName, target: &TypeName) -> Passage {
    match passage_in_binary(source, target) {
        Passage::Same | Passage::Cast if !(source.has_binary && target.has_binary) => Passage::Text,
        way => way,
    }
}

fn passage_in_binary(source: &TypeName, target: &TypeName) -> Passage {
    if source.base_oid == target.base_oid {
        return match source.base_modifier == target.base_modifier || widens(source, target) {
            true => Passage::Same,
            false => Passage::Lossy,
        };
    }
    match (source.kind, target.kind) {
        (TypeKind::Enum, TypeKind::Enum) => match source.labels.iter().all(|label| target.labels.contains(label)) {
            true => Passage::Same, // enum_send writes the label, not an oid
            false => Passage::Lossy,
        },
        (TypeKind::Container, TypeKind::Container) if source.user_defined && target.user_defined => Passage::Text,
        (TypeKind::Base, TypeKind::Base) => base_passage(source, target),
        _ => Passage::Lossy,
    }
}

/// The same base type with a modifier that only gives more room.
fn widens(source: &TypeName, target: &TypeName) -> bool {
    match source.base_oid {
        oid::VARCHAR => {
            target.base_modifier == -1 || (source.base_modifier != -1 && target.base_modifier >= source.base_modifier)
        }
        oid::NUMERIC => target.base_modifier == -1,
        _ => false,
    }
}

fn base_passage(source: &TypeName, target: &TypeName) -> Passage {
    let wider =
        matches!((source.base_oid, target.base_oid), (oid::INT2, oid::INT4 | oid::INT8) | (oid::INT4, oid::INT8));
    let same_text = source.base_oid == oid::VARCHAR && target.base_oid == oid::TEXT;
    let exact = target.base_oid == oid::NUMERIC && target.base_modifier == -1;
    let from_integer = matches!(source.base_oid, oid::INT2 | oid::INT4 | oid::INT8);
    match wider || same_text || (exact && from_integer) {
        true => Passage::Cast,
        false => Passage::Lossy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(oid: u32, modifier: i32) -> TypeName {
        TypeName {
            sql: String::new(),
            oid,
            modifier,
            base_oid: oid,
            base_modifier: modifier,
            kind: TypeKind::Base,
            labels: vec![],
            user_defined: false,
            has_binary: true,
        }
    }

    #[test]
    fn a_type_without_a_binary_form_goes_as_text() {
        let aclitem = TypeName { has_binary: false, ..base(1033, -1) };
        assert_eq!(passage(&aclitem, &aclitem), Passage::Text);
        assert_eq!(passage(&aclitem, &base(oid::TEXT, -1)), Passage::Lossy);
    }

    fn enumeration(oid: u32, labels: &[&str]) -> TypeName {
        let labels = labels.iter().map(|label| (*label).to_owned()).collect();
        TypeName { kind: TypeKind::Enum, labels, user_defined: true, ..base(oid, -1) }
    }

    #[test]
    fn what_passes_and_what_would_lose() {
        let text_only = TypeName { has_binary: false, ..base(3615, -1) };
        let cases = [
            (text_only.clone(), text_only, Passage::Text),
            (base(oid::INT4, -1), base(oid::INT4, -1), Passage::Same),
            (base(oid::INT4, -1), base(oid::INT8, -1), Passage::Cast),
            (base(oid::INT8, -1), base(oid::INT4, -1), Passage::Lossy),
            (base(oid::VARCHAR, 24), base(oid::VARCHAR, 54), Passage::Same),
            (base(oid::VARCHAR, 54), base(oid::VARCHAR, 24), Passage::Lossy),
            (base(oid::VARCHAR, 54), base(oid::TEXT, -1), Passage::Cast),
            (base(oid::TEXT, -1), base(oid::VARCHAR, 54), Passage::Lossy),
            (base(oid::NUMERIC, 786_438), base(oid::NUMERIC, 524_294), Passage::Lossy),
            (base(oid::NUMERIC, 786_438), base(oid::NUMERIC, -1), Passage::Same),
            (enumeration(1, &["a"]), enumeration(2, &["a", "b"]), Passage::Same),
            (enumeration(1, &["a", "c"]), enumeration(2, &["a", "b"]), Passage::Lossy),
        ];
        for (source, target, expected) in cases {
            assert_eq!(passage(&source, &target), expected, "{} to {}", source.base_oid, target.base_oid);
        }
    }
}
