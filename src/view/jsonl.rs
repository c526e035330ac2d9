//! The report as JSON lines: one per store, then one for the run, so that scripts read a fleet line by line.

use std::io::{self, Write};

use super::json::Node;
use crate::report::Report;

/// Writes the lines. Each has a `type`: `store`, and at the end `run`, which is the document without its stores.
///
/// # Errors
/// Those of `out`.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut document = Node::of(report)?;
    for store in document.take_list("stores") {
        writeln!(out, "{}", store.with_type("store").text()?)?;
    }
    writeln!(out, "{}", document.with_type("run").text()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::specimen;

    #[test]
    fn a_line_per_store_and_one_for_the_run() {
        let mut out = vec![];
        write(&specimen::fleet(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 5);
        assert_eq!((&lines[1]["type"], &lines[1]["store"]), (&"store".into(), &"5".into()));
        assert_eq!(lines[1]["tables"][0]["differences"][0]["key"], serde_json::json!({"line": "2", "id": "1"}));
        assert_eq!((&lines[4]["type"], &lines[4]["outcome"]), (&"run".into(), &"partial".into()));
        assert!(lines[4].get("stores").is_none());
        assert!(text.starts_with("{\"type\":\"store\",\"store\":\"4\""));
    }
}
