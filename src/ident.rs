//! Names and values as SQL text.
//!
//! The one author of quotes: no other file writes `"` or `'` around a name or a value. Knows nothing of
//! where a name comes from; the catalogs and the configuration do.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::Refusal;

/// The longest name PostgreSQL keeps, in bytes (`NAMEDATALEN - 1`, manual section 4.1.1).
pub const MAX_IDENT_BYTES: usize = 63;

/// A name of PostgreSQL: a schema, table, column, constraint.
///
/// `Display` is SQL text (`"store_4"`); [`Ident::raw`] is for bind parameters and messages.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ident(String);

impl Ident {
    /// A name that the server gave us, or that we know to be one.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// A name that a person or a pattern made.
    ///
    /// # Errors
    /// Refuses what PostgreSQL could not keep: nothing, a NUL, more than [`MAX_IDENT_BYTES`] (it would be cut
    /// silently).
    pub fn parse(name: &str) -> Result<Self, Refusal> {
        if name.is_empty() {
            return Err(Refusal::new("a name is empty"));
        }
        if name.contains('\0') {
            return Err(Refusal::new(format!("the name {name:?} has a NUL byte")));
        }
        if name.len() > MAX_IDENT_BYTES {
            return Err(Refusal::new(format!(
                "the name `{name}` has {} bytes; PostgreSQL keeps {MAX_IDENT_BYTES}",
                name.len()
            )));
        }
        Ok(Self(name.to_owned()))
    }

    /// The bare name, for bind parameters and messages, never for SQL text.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.replace('"', "\"\""))
    }
}

/// A table with its schema; `Display` is SQL text, [`QualifiedTable::raw`] is for messages.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct QualifiedTable {
    /// The schema.
    pub schema: Ident,
    /// The table.
    pub table: Ident,
}

impl QualifiedTable {
    /// Both halves of the name.
    #[must_use]
    pub fn new(schema: Ident, table: Ident) -> Self {
        Self { schema, table }
    }

    /// Reads `schema.table` or `table` as a person writes it; double quotes keep dots and capitals
    /// (`"Weird Name".t`). Nothing is folded to lower case: a name is what is written.
    ///
    /// # Errors
    /// Refuses more than two parts, an open quote, or a part that [`Ident::parse`] refuses.
    pub fn parse(text: &str, default_schema: &Ident) -> Result<Self, Refusal> {
        let mut parts = vec![String::new()];
        let mut quoted = false;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '"' if quoted && chars.peek() == Some(&'"') => {
                    chars.next();
                    last(&mut parts).push('"');
                }
                '"' => quoted = !quoted,
                '.' if !quoted => parts.push(String::new()),
                c => last(&mut parts).push(c),
            }
        }
        let refuse = || Refusal::new(format!("`{text}` is no table name")).hint("write `table` or `schema.table`");
        if quoted {
            return Err(refuse());
        }
        match parts.as_slice() {
            [table] => Ok(Self::new(default_schema.clone(), Ident::parse(table)?)),
            [schema, table] => Ok(Self::new(Ident::parse(schema)?, Ident::parse(table)?)),
            _ => Err(refuse()),
        }
    }

    /// `schema.table` without quotes, for messages.
    #[must_use]
    pub fn raw(&self) -> String {
        format!("{}.{}", self.schema.raw(), self.table.raw())
    }
}

fn last(parts: &mut [String]) -> &mut String {
    let end = parts.len() - 1; // `parts` begins with one and only grows
    &mut parts[end]
}

impl fmt::Display for QualifiedTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.table)
    }
}

/// A value as SQL text, with an optional cast: `'4'::integer`.
///
/// Sessions pin `standard_conforming_strings = on`, so a backslash is a backslash.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Literal {
    text: String,
    cast: Option<String>,
}

impl Literal {
    /// A text value.
    pub fn text(value: impl Into<String>) -> Self {
        Self { text: value.into(), cast: None }
    }

    /// A value cast to a type; `type_sql` comes from `format_type` of the catalogs, never from a person.
    pub fn cast(value: impl Into<String>, type_sql: impl Into<String>) -> Self {
        Self { text: value.into(), cast: Some(type_sql.into()) }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", self.text.replace('\'', "''"))?;
        match &self.cast {
            Some(cast) => write!(f, "::{cast}"),
            None => Ok(()),
        }
    }
}

/// A value as a statement has it: written out, or in a column of a relation that it reads.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Value {
    /// Written out.
    Literal(Literal),
    /// In a column: the relation's alias, the column.
    Column(Ident, Ident),
}

impl From<Literal> for Value {
    fn from(literal: Literal) -> Self {
        Self::Literal(literal)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(literal) => literal.fmt(f),
            Self::Column(relation, column) => write!(f, "{relation}.{column}"),
        }
    }
}

/// `"a", "b", "c"`.
pub fn list<T: fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_names_are_quoted() {
        assert_eq!(Ident::new("order").to_string(), "\"order\"");
        assert_eq!(Ident::new("Weird \"Name\"").to_string(), "\"Weird \"\"Name\"\"\"");
        assert_eq!(Ident::new("ñandú").to_string(), "\"ñandú\"");
    }

    #[test]
    fn a_name_that_would_be_cut_is_refused() {
        assert!(Ident::parse(&"ñ".repeat(31)).is_ok());
        assert!(Ident::parse(&"ñ".repeat(32)).is_err());
        assert!(Ident::parse("").is_err());
        assert!(Ident::parse("a\0b").is_err());
    }

    #[test]
    fn a_value_cannot_leave_its_quotes() {
        assert_eq!(Literal::text("O'Hara \\").to_string(), "'O''Hara \\'");
        assert_eq!(Literal::cast("4", "integer").to_string(), "'4'::integer");
        assert_eq!(Value::from(Literal::text("4")).to_string(), "'4'");
        assert_eq!(Value::Column(Ident::new("a b"), Ident::new("c")).to_string(), "\"a b\".\"c\"");
    }

    #[test]
    fn a_table_is_read_as_written() {
        let public = Ident::new("public");
        let table = |text| QualifiedTable::parse(text, &public);
        assert_eq!(table("stores").unwrap().raw(), "public.stores");
        assert_eq!(table("\"a.b\".\"c\"\"d\"").unwrap().to_string(), "\"a.b\".\"c\"\"d\"");
        assert!(table("a.b.c").is_err());
        assert!(table("\"a").is_err());
    }
}
