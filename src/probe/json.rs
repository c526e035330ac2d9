//! The values at a path of a JSON answer, and whether they are the rows of a query.
//!
//! Numbers are compared as numbers, `1` and `1.0` are equal; a text is never a number. Where a row has several columns,
//! the value must be an object that has these columns; what else it has is not asked.

use std::collections::HashMap;

use crate::metric::Moment;
use crate::report::AlertLine;
use serde_json::Value;
use serde_json_path::JsonPath;

/// Values that a reason names before it only counts.
const NAMED: usize = 3;
/// Values among which a mistake of type is looked for; one is like the next.
const LOOKED_AT: usize = 50;
/// Below it every whole number is exact in 64 bits of floating point: 2^53.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// What is new of alerts, as webhooks and programs get it: `text` for people, as chat programs show it, and all facts.
#[must_use]
pub fn news_json(news: &[&AlertLine], database: &str, at: Moment) -> String {
    let lines = news.iter().map(|of| {
        let told = of.told.map(|told| told.word()).unwrap_or_default();
        let name = of.name.as_deref().map(|name| format!(" ({name})")).unwrap_or_default();
        format!("{} {told}: store {}{name}: {}: {}", of.severity.word(), of.store, of.alert, of.says)
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    serde_json::json!({ "text": text, "database": database, "at": at, "alerts": news }).to_string()
}

/// The values at a path of an answer; at least one.
///
/// # Errors
/// For people: no JSON, or nothing there.
pub fn values(path: &str, answer: &str) -> Result<Vec<Value>, String> {
    let found = at(path, answer)?;
    match found.is_empty() {
        true => Err(format!("nothing in the answer is at {path}")),
        false => Ok(found),
    }
}

/// The values at a path of an answer, in their order; perhaps none.
///
/// # Errors
/// For people: no JSON.
pub fn at(path: &str, answer: &str) -> Result<Vec<Value>, String> {
    let document: Value = serde_json::from_str(answer).map_err(|error| format!("the answer is no JSON: {error}"))?;
    let path = JsonPath::parse(path).map_err(|error| format!("no JSON path: {}", error.message()))?;
    Ok(path.query(&document).all().into_iter().cloned().collect())
}

/// Holds values against the rows of a query, each as JSON text; gives how many they are.
///
/// # Errors
/// For people: which values are missing, which are there and should not be, or which stand elsewhere.
pub fn compare(values: &[Value], rows: &[String], any_order: bool) -> Result<usize, String> {
    let mut expected = Vec::new();
    for row in rows {
        let row: Value =
            serde_json::from_str(row).map_err(|error| format!("a row of the query is no JSON: {error}"))?;
        expected.push(row);
    }
    let columns: Option<Vec<String>> = match expected.first() {
        Some(Value::Object(row)) => Some(row.keys().cloned().collect()),
        _ => None,
    };
    let asked: Vec<String> = values.iter().map(|value| canonical(&projected(value, columns.as_deref()))).collect();
    let wanted: Vec<String> = expected.iter().map(canonical).collect();
    if asked == wanted {
        return Ok(values.len());
    }
    let missing = beyond(&expected, &wanted, &asked);
    let extra = beyond(values, &asked, &wanted);
    if !missing.is_empty() || !extra.is_empty() {
        return Err(difference(&missing, &extra));
    }
    let elsewhere = asked.iter().zip(&wanted).position(|(asked, wanted)| asked != wanted);
    match elsewhere.filter(|_| !any_order) {
        Some(at) => Err(format!("in another order: {} where {} should be", shown(&values[at]), shown(&expected[at]))),
        None => Ok(values.len()),
    }
}

/// Those whose canonical text stands here more often than there: each text there takes one away.
fn beyond<'v>(all: &'v [Value], here: &[String], there: &[String]) -> Vec<&'v Value> {
    let mut counts = HashMap::<&str, usize>::new();
    there.iter().for_each(|text| *counts.entry(text).or_default() += 1);
    let is_left = |text: &str| match counts.get_mut(text) {
        Some(count @ 1..) => {
            *count -= 1;
            false
        }
        _ => true,
    };
    let left: Vec<bool> = here.iter().map(String::as_str).map(is_left).collect();
    all.iter().zip(left).filter(|(_, left)| *left).map(|(value, _)| value).collect()
}

/// Of an object the columns that are asked for.
fn projected(value: &Value, columns: Option<&[String]>) -> Value {
    match (value, columns) {
        (Value::Object(object), Some(columns)) => {
            let asked = columns.iter().filter_map(|name| Some((name.clone(), object.get(name)?.clone())));
            Value::Object(asked.collect())
        }
        _ => value.clone(),
    }
}

/// A text that two values have in common where they are equal.
fn canonical(value: &Value) -> String {
    match value {
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(whole), ..) => whole.to_string(),
            (_, Some(whole), _) => whole.to_string(),
            (.., Some(real)) if real.fract() == 0.0 && real.abs() < EXACT => format!("{real:.0}"),
            _ => number.to_string(),
        },
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Value::Object(object) => {
            let mut pairs: Vec<String> =
                object.iter().map(|(name, value)| format!("{name:?}:{}", canonical(value))).collect();
            pairs.sort_unstable();
            format!("{{{}}}", pairs.join(","))
        }
        other => other.to_string(),
    }
}

fn difference(missing: &[&Value], extra: &[&Value]) -> String {
    // The same thing as a text and as a number is one mistake, not two.
    let alike = missing.iter().take(LOOKED_AT).find_map(|row| {
        let is_alike = |value: &&&Value| bare(value) == bare(row) && kind(value) != kind(row);
        extra.iter().take(LOOKED_AT).find(is_alike).map(|value| (value, row))
    });
    if let Some((value, row)) = alike {
        return format!("{} {} where the query has {} {}", kind(value), shown(value), kind(row), shown(row));
    }
    match (missing.is_empty(), extra.is_empty()) {
        (false, true) => format!("not in the answer: {}", list(missing)),
        (true, _) => format!("not in the query: {}", list(extra)),
        (false, false) => format!("not in the answer: {}; not in the query: {}", list(missing), list(extra)),
    }
}

fn list(values: &[&Value]) -> String {
    let named: Vec<String> = values.iter().take(NAMED).map(|value| shown(value)).collect();
    match values.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} (+{more})", named.join(", ")),
    }
}

/// A value as a reason names it: no longer than a line.
fn shown(value: &Value) -> String {
    const MOST: usize = 60;
    let text = value.to_string();
    match text.chars().count() > MOST {
        true => format!("{}…", text.chars().take(MOST).collect::<String>()),
        false => text,
    }
}

fn bare(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "the boolean",
        Value::Number(_) => "the number",
        Value::String(_) => "the text",
        Value::Array(_) => "the list",
        Value::Object(_) => "the object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(answer: &str, rows: &[&str], any_order: bool) -> Result<usize, String> {
        let rows: Vec<String> = rows.iter().map(|row| (*row).to_owned()).collect();
        compare(&at("$[*]", answer).unwrap(), &rows, any_order)
    }

    #[test]
    fn numbers_are_numbers_and_texts_are_texts() {
        assert_eq!(held("[1, 49410.0]", &["1", "49410.00"], false), Ok(2));
        assert!(held("[9007199254740993]", &["9007199254740992"], false).is_err());
        assert_eq!(held("[\"1\"]", &["1"], false).unwrap_err(), "the text \"1\" where the query has the number 1");
        assert_eq!(held("[]", &[], false), Ok(0));
        assert_eq!(held("[{\"id\": 1, \"more\": 2}]", &["{\"id\":1}"], false), Ok(1));
        assert!(held("[{\"id\": 1}]", &["{\"id\":1,\"name\":\"x\"}"], false).is_err());
        assert_eq!(held("[0.5, 1e2]", &["0.50", "100"], false), Ok(2));
    }

    #[test]
    fn the_first_values_that_differ_are_named() {
        assert_eq!(held("[1, 2]", &["1"], false).unwrap_err(), "not in the query: 2");
        assert_eq!(held("[1]", &["1", "1"], false).unwrap_err(), "not in the answer: 1");
        let rows = ["1", "2", "3", "4", "5"];
        assert_eq!(
            held("[\"é\"]", &rows, true).unwrap_err(),
            "not in the answer: 1, 2, 3 (+2); not in the query: \"é\""
        );
        assert_eq!(held("[2, 1]", &["1", "2"], false).unwrap_err(), "in another order: 2 where 1 should be");
        assert_eq!(held("[2, 1]", &["1", "2"], true), Ok(2));
    }

    #[test]
    fn a_path_must_lead_somewhere() {
        assert_eq!(values("$.a", "{\"b\": 1}").unwrap_err(), "nothing in the answer is at $.a");
        assert!(values("$.a", "<html>").unwrap_err().starts_with("the answer is no JSON: "));
        assert_eq!(values("$.a[*].id", "{\"a\": [{\"id\": 1}, {\"id\": 2}]}").unwrap().len(), 2);
    }
}
