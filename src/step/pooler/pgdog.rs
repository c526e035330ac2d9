//! Lines for `pgdog.toml`: the sharded schemas of PgDog.
//!
//! The format is that of <https://docs.pgdog.dev/configuration/pgdog.toml/sharded_schemas>: a schema belongs to a shard,
//! and an entry without a name says where all others are.

use crate::report::PoolerReport;

pub(super) fn file(report: &PoolerReport, told: &[String]) -> String {
    let mut lines: Vec<String> = told.iter().map(|text| format!("# {text}")).collect();
    for text in [
        "",
        "How to use it: put it at the end of pgdog.toml, then `RELOAD` in the admin database. All stores are on the one",
        "server that [[databases]] calls shard 0; a store that moves to another server gets that one's number.",
        "PgDog sends a query to the shard of the schema that it names. It pins no role to a schema: role, password and pool",
        "size of each store's application stand in PgDog's file of logins, and are reckoned with above.",
        "",
    ] {
        lines.push(format!("# {text}").trim_end().to_owned());
    }
    let database = quoted(&report.database);
    for entry in &report.entries {
        lines
            .push(format!("[[sharded_schemas]]\ndatabase = {database}\nname = {}\nshard = 0\n", quoted(&entry.schema)));
    }
    lines.push(format!("# All other schemas.\n[[sharded_schemas]]\ndatabase = {database}\nshard = 0"));
    lines.join("\n") + "\n"
}

/// A basic string of TOML; names with control characters were refused before.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
