//! The report as one JSON document, in the shape that `docs/json` promises.
//!
//! Fields keep the order of the values in `report.rs`; numbers are numbers and never grouped.

use std::fmt;
use std::io::{self, Write};

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::report::Report;

/// Writes the document, pretty, with a line break at its end.
///
/// # Errors
/// Those of `out`.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let document = Node::of(report)?;
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

/// JSON that remembers the order of its fields.
#[derive(Debug, PartialEq)]
pub(super) enum Node {
    Map(Vec<(String, Node)>),
    List(Vec<Node>),
    Leaf(Value),
}

/// Nodes on the way down.
struct Found<'a> {
    found: Vec<&'a mut Node>,
}

impl<'a> Found<'a> {
    fn under(self, field: &str) -> Self {
        Self { found: self.found.into_iter().flat_map(|node| node.under(field).found).collect() }
    }
}

impl Node {
    /// The document in its promised shape.
    pub(super) fn of(report: &Report) -> io::Result<Self> {
        // Over text and not over `Value`, whose maps would forget the order of the fields.
        let text = serde_json::to_string(report)?;
        let mut document: Self = serde_json::from_str(&text)?;
        for difference in document.under("stores").under("tables").under("differences").found {
            difference.pairs_to_object("key");
        }
        for plan in document.under("plans").found {
            plan.flatten_store();
            plan.name_pair("statement_count", ["before_load", "after_load"]);
        }
        Ok(document)
    }

    /// Takes a list out of the document.
    pub(super) fn take_list(&mut self, name: &str) -> Vec<Self> {
        let Self::Map(fields) = self else { return vec![] };
        let Some(place) = fields.iter().position(|(field, _)| field == name) else { return vec![] };
        match fields.remove(place).1 {
            Self::List(members) => members,
            Self::Map(_) | Self::Leaf(_) => vec![],
        }
    }

    /// The same with a `type` as its first field.
    pub(super) fn with_type(self, name: &str) -> Self {
        let fields = match self {
            Self::Map(fields) => fields,
            Self::List(_) | Self::Leaf(_) => vec![],
        };
        let first = ("type".to_owned(), Self::Leaf(name.into()));
        Self::Map(std::iter::once(first).chain(fields).collect())
    }

    /// On one line.
    pub(super) fn text(&self) -> io::Result<String> {
        Ok(serde_json::to_string(self)?)
    }

    fn field(&mut self, name: &str) -> Option<&mut Node> {
        match self {
            Self::Map(fields) => fields.iter_mut().find(|(field, _)| field == name).map(|(_, node)| node),
            Self::List(_) | Self::Leaf(_) => None,
        }
    }

    /// The members of the list in this field.
    fn under(&mut self, name: &str) -> Found<'_> {
        let found = match self.field(name) {
            Some(Self::List(members)) => members.iter_mut().collect(),
            _ => vec![],
        };
        Found { found }
    }

    /// A plan's store has the same three fields as everywhere; its key is a string.
    fn flatten_store(&mut self) {
        let Self::Map(fields) = self else { return };
        let Some(place) = fields.iter().position(|(field, _)| field == "store") else { return };
        let (_, Self::Map(parts)) = fields.remove(place) else { return };
        let parts = parts.into_iter().map(|(name, node)| match (name.as_str(), node) {
            ("key", Self::Map(key)) => {
                let text = key.into_iter().find(|(name, _)| name == "text").map(|(_, text)| text);
                ("store".to_owned(), text.unwrap_or(Self::Leaf(Value::Null)))
            }
            (_, node) => (name, node),
        });
        fields.splice(place..place, parts);
    }

    /// `[27, 89]` becomes an object.
    fn name_pair(&mut self, name: &str, names: [&str; 2]) {
        let Some(field) = self.field(name) else { return };
        let Self::List(members) = field else { return };
        let pairs = names.into_iter().map(str::to_owned).zip(members.drain(..));
        *field = Self::Map(pairs.collect());
    }

    /// `[["id", "1"]]` becomes `{"id": "1"}`.
    fn pairs_to_object(&mut self, name: &str) {
        let Some(field) = self.field(name) else { return };
        let Self::List(pairs) = field else { return };
        let object = pairs.drain(..).filter_map(|pair| match pair {
            Self::List(pair) => match <[Node; 2]>::try_from(pair) {
                Ok([Self::Leaf(Value::String(column)), value]) => Some((column, value)),
                _ => None,
            },
            Self::Map(_) | Self::Leaf(_) => None,
        });
        *field = Self::Map(object.collect());
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Map(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, node) in fields {
                    map.serialize_entry(name, node)?;
                }
                map.end()
            }
            Self::List(members) => {
                let mut list = serializer.serialize_seq(Some(members.len()))?;
                for member in members {
                    list.serialize_element(member)?;
                }
                list.end()
            }
            Self::Leaf(value) => value.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut fields = vec![];
        while let Some(entry) = map.next_entry()? {
            fields.push(entry);
        }
        Ok(Node::Map(fields))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut members = vec![];
        while let Some(member) = list.next_element()? {
            members.push(member);
        }
        Ok(Node::List(members))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Leaf(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Leaf(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Leaf(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Leaf(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Leaf(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Leaf(value.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::specimen;

    fn written(report: &Report) -> String {
        let mut out = vec![];
        write(report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_document_has_the_promised_shape() {
        let text = written(&specimen::with_differences());
        let json: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["schema_version"], 1);
        assert_eq!(json["stores"][0]["store"], "4");
        let table = &json["stores"][0]["tables"][0];
        assert_eq!(table["row_count"], serde_json::json!({"source": 21_486, "target": 21_485}));
        assert_eq!(
            table["differences"][0],
            serde_json::json!({"kind": "changed", "key": {"line": "2", "id": "1"}, "columns": ["price"]})
        );
        assert_eq!(table["differences"][1]["key"], serde_json::json!({"line": null, "id": "9"}));
        assert!(!text.contains("21,486"));
    }

    #[test]
    fn a_plan_names_its_store_as_all_do() {
        let json: Value = serde_json::from_str(&written(&specimen::plan())).unwrap();
        let plan = &json["plans"][0];
        assert_eq!((&plan["store"], &plan["name"]), (&"4".into(), &"Blue Door Books".into()));
        assert_eq!(plan["statement_count"], serde_json::json!({"before_load": 31, "after_load": 12}));
    }

    #[test]
    fn fields_and_key_columns_keep_their_order() {
        let text = written(&specimen::with_differences());
        assert!(text.starts_with("{\n  \"schema_version\": 1,\n  \"command\": \"verify\",\n  \"run\""));
        assert!(text.ends_with("}\n"));
        let line = text.find("\"line\": \"2\"").unwrap();
        assert!(line < text.find("\"id\": \"1\"").unwrap());
    }

    #[test]
    fn large_numbers_arrive_whole() {
        let mut report = specimen::happy();
        report.stores[0].row_count = u64::MAX;
        report.stores[0].seconds = 0.4;
        let text = written(&report);
        assert!(text.contains("\"row_count\": 18446744073709551615"));
        assert!(text.contains("\"seconds\": 0.4"));
    }
}
