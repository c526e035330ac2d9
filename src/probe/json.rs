//! The values at a path of a JSON answer, and whether they are the rows of a query.
//!
//! Numbers are compared as numbers, `1` and `1.0` are equal; a text is never a number. Where a row has several columns,
//! the value must be an object that has these columns; what else it has is not asked.

use serde_json::Value;
use serde_json_path::JsonPath;

/// Values that a reason names before it only counts.
const NAMED: usize = 3;

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
    // Each value takes one row that equals it; what is left on either side is what differs.
    let mut missing: Vec<&Value> = expected.iter().collect();
    let mut extra = Vec::new();
    for value in values {
        match missing.iter().position(|row| equal(value, row)) {
            Some(place) => drop(missing.remove(place)),
            None => extra.push(value),
        }
    }
    if !missing.is_empty() || !extra.is_empty() {
        return Err(difference(&missing, &extra));
    }
    let elsewhere = values.iter().zip(&expected).find(|(value, row)| !equal(value, row));
    match elsewhere.filter(|_| !any_order) {
        Some((value, row)) => Err(format!("in another order: {} where {} should be", shown(value), shown(row))),
        None => Ok(values.len()),
    }
}

fn difference(missing: &[&Value], extra: &[&Value]) -> String {
    // The same thing as a text and as a number is one mistake, not two.
    let alike = missing.iter().find_map(|row| {
        let is_alike = |value: &&&Value| bare(value) == bare(row) && kind(value) != kind(row);
        extra.iter().find(is_alike).map(|value| (value, row))
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

/// Whether a value is what the query has.
fn equal(value: &Value, row: &Value) -> bool {
    match (value, row) {
        (Value::Number(one), Value::Number(other)) => {
            let whole = |of: &serde_json::Number| of.as_i64().map(i128::from).or(of.as_u64().map(i128::from));
            match (whole(one), whole(other)) {
                (Some(one), Some(other)) => one == other,
                _ => one.as_f64() == other.as_f64(),
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| equal(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            other.iter().all(|(name, row)| one.get(name).is_some_and(|value| equal(value, row)))
        }
        _ => value == row,
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
        assert_eq!(held("[9007199254740993]", &["9007199254740992"], false).is_err(), true);
        assert_eq!(held("[\"1\"]", &["1"], false).unwrap_err(), "the text \"1\" where the query has the number 1");
        assert_eq!(held("[]", &[], false), Ok(0));
        assert_eq!(held("[{\"id\": 1, \"more\": 2}]", &["{\"id\":1}"], false), Ok(1));
        assert_eq!(held("[{\"id\": 1}]", &["{\"id\":1,\"name\":\"x\"}"], false).is_err(), true);
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
