//! The include file of PgBouncer.
//!
//! Names stand as they are, so `config/pooler` lets only plain ones through; values stand in single quotes, doubled inside.

use crate::report::PoolerReport;

pub(super) fn file(report: &PoolerReport, told: &[String]) -> String {
    let mut lines: Vec<String> = told.iter().map(|text| format!("; {text}")).collect();
    for text in [
        "",
        "How to use it: the last line of pgbouncer.ini says `%include /path/of/this/file`;",
        "then `RELOAD` in the console (psql -d pgbouncer) takes every change over.",
        "",
        "Each entry has one role, whoever asks for it, and so one pool: two stores never share a server connection. The",
        "schema comes from ALTER ROLE … IN DATABASE … SET search_path; there is no connect_query, which would run once per",
        "server connection and could be undone by any client.",
        "The roles' passwords stand in auth_file, or come by auth_query. PgBouncer lets everybody of auth_file into each entry:",
        "auth_type = hba, with a line per entry, keeps the clients of one store out of the others'.",
        "",
    ] {
        lines.push(format!("; {text}").trim_end().to_owned());
    }
    lines.push("[databases]".to_owned());
    for entry in &report.entries {
        lines.push(format!(
            "{} = host={} port={} dbname={} user={} pool_mode={} pool_size={} max_db_connections={}",
            entry.entry,
            quoted(&report.host),
            report.port,
            quoted(&report.database),
            quoted(&entry.role),
            report.mode,
            report.pool_size,
            report.pool_size
        ));
    }
    lines.join("\n") + "\n"
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
