//! Runs the template's statements in a transaction of the caller, and sees that nothing outside the schema changed.
//!
//! Sets a search path for the template's own text, only until the transaction ends. What then still binds to the shared
//! schema is found from the catalogs (`catalog::pointing_at`).

use std::collections::BTreeSet;

use anyhow::Result;

use super::client::Transaction;
use super::failure::ServerResult;
use crate::error::{Exit, Refusal, ServerError};
use crate::ident::{Ident, Literal, QualifiedTable};

/// Objects and rows outside the schema that this transaction made or changed.
const STRAYS: &str = include_str!("sql/strays.sql");

/// What it looks through, and in which catalogs there may be anything.
const WRITTEN: &str = include_str!("sql/strays_written.sql");
const TOUCHED: &str = include_str!("sql/strays_touched.sql");

/// The part of it that depends on what rows there are.
const ROWS_OUTSIDE: &str = include_str!("sql/rows_outside.sql");

/// What is true before the transaction does anything.
const TABLE_SETTINGS: &str = include_str!("sql/table_settings.sql");

/// What of a table (`c`) a statement can change without touching another catalog; empty: all is as usual.
const SETTINGS: &str = "pg_catalog.concat_ws(
    ' ', c.relacl::text, c.reloptions::text, case when c.relrowsecurity then 'row security' end,
    case when c.relforcerowsecurity then 'forced' end, nullif(c.relreplident, 'd'), nullif(c.relpersistence, 'p'),
    nullif(c.reltablespace, 0))";

/// What tables were like before, which [`strays`] must not blame this transaction for.
pub struct Before(String);

/// Reads it; at the beginning of the transaction.
///
/// # Errors
/// The server's error.
pub async fn before(transaction: &Transaction<'_>) -> Result<Before> {
    Ok(Before(transaction.query_one(&filled(TABLE_SETTINGS), &[]).await.server()?.get(0)))
}

/// Lets unqualified names of the template mean the store schema, then the shared schema.
///
/// # Errors
/// The server's error.
pub async fn open_path(transaction: &Transaction<'_>, store: &Ident, shared: &Ident) -> Result<()> {
    Ok(transaction.batch_execute(&format!("set local search_path = {store}, {shared}")).await.server()?)
}

/// Back to the session's manners.
///
/// # Errors
/// The server's error.
pub async fn close_path(transaction: &Transaction<'_>) -> Result<()> {
    Ok(transaction.batch_execute("set local search_path = ''").await.server()?)
}

fn filled(sql: &str) -> String {
    sql.replace("{{settings}}", SETTINGS).replace("{{rows_outside}}", ROWS_OUTSIDE)
}

/// Whether the server counts the rows that are written; else [`strays`] sees none.
///
/// # Errors
/// The server's error.
pub async fn counts_rows(transaction: &Transaction<'_>) -> Result<bool> {
    Ok(transaction.query_one("select current_setting('track_counts') = 'on'", &[]).await.server()?.get(0))
}

/// What this transaction did outside the schema, as fragments: `table public.notes`, `rows of public.orders`.
///
/// # Errors
/// The server's error.
pub async fn strays(transaction: &Transaction<'_>, schema: &Ident, before: &Before) -> Result<Vec<String>> {
    let touched = transaction.query(TOUCHED, &[]).await.server()?;
    let touched: Vec<String> = touched.iter().map(|row| row.get(0)).collect();
    if touched.is_empty() {
        return rows_written_outside(transaction, schema).await;
    }
    let sql = filled(STRAYS).replace("{{written}}", &written_in(&touched));
    let rows = transaction.query(&sql, &[&schema.raw(), &before.0]).await.server()?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// The parts of [`WRITTEN`] that read these catalogs.
fn written_in(catalogs: &[String]) -> String {
    let reads =
        |part: &&str| catalogs.iter().any(|name| part.contains(&format!("select 'pg_catalog.{name}'::regclass")));
    let parts: Vec<&str> = WRITTEN.split("\nunion all\n").filter(reads).collect();
    parts.join("\nunion all\n")
}

/// The tables outside the schema to which this transaction wrote rows, by name; the part of [`strays`] that depends on what
/// rows there are.
///
/// # Errors
/// The server's error.
pub async fn rows_written_outside(transaction: &Transaction<'_>, schema: &Ident) -> Result<Vec<String>> {
    let rows = transaction.query(ROWS_OUTSIDE, &[&schema.raw()]).await.server()?;
    let tables: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    Ok(tables.into_iter().collect())
}

/// A template's failure as a refusal: file, line, column, statement, and what the server said.
#[must_use]
pub fn template_error(file: &str, line: usize, column: usize, sql: &str, error: &ServerError) -> Refusal {
    let first_line = sql.lines().next().unwrap_or_default();
    let statement = match first_line.chars().count() > 72 || sql.lines().count() > 1 {
        true => format!("{}…", first_line.chars().take(72).collect::<String>()),
        false => first_line.to_owned(),
    };
    let mut because = error.to_string();
    if let Some(detail) = &error.detail {
        because.push_str(&format!("; {detail}"));
    }
    let hint =
        error.hint.clone().unwrap_or_else(|| "mend the template; `tenantctl template check` tries it".to_owned());
    Refusal::new(format!("template {file}, line {line}, column {column}: {statement}")).because(because).hint(hint)
}

/// A template's failure with this exit code where the statement is at fault; a lost connection, a cancel, a lock that
/// was not given and a server out of room keep their own, under the same name of the place.
#[must_use]
pub fn template_failure(
    file: &str,
    (line, column): (usize, usize),
    sql: &str,
    error: &ServerError,
    exit: Exit,
) -> anyhow::Error {
    let refusal = template_error(file, line, column, sql, error).exit(exit);
    match error.is_of_the_statement() {
        true => refusal.into(),
        false => anyhow::Error::new(error.clone()).context(refusal.message),
    }
}

/// The id of this transaction, to see that a statement did not end it.
///
/// # Errors
/// The server's error.
pub async fn transaction_id(transaction: &Transaction<'_>) -> Result<String> {
    Ok(transaction.query_one("select pg_catalog.pg_current_xact_id()::text", &[]).await.server()?.get(0))
}

/// `grant` statements that give a store schema its owner and its readers.
#[must_use]
pub fn grants(schema: &Ident, readers: &[Ident]) -> Vec<String> {
    let mut statements = Vec::new();
    for reader in readers {
        statements.push(format!("grant usage on schema {schema} to {reader}"));
        // Of the sequences too: `verify` reads where they stand.
        for kind in ["tables", "sequences"] {
            statements.push(format!("grant select on all {kind} in schema {schema} to {reader}"));
            statements.push(format!("alter default privileges in schema {schema} grant select on {kind} to {reader}"));
        }
    }
    statements
}

/// `alter … owner to` for all that lies in the schema, from the catalogs.
///
/// # Errors
/// The server's error.
pub async fn ownership_statements(transaction: &Transaction<'_>, schema: &Ident, owner: &Ident) -> Result<Vec<String>> {
    let sql = include_str!("sql/ownership.sql").replace("{{owner}}", &Literal::text(owner.raw()).to_string());
    let rows = transaction.query(&sql, &[&schema.raw()]).await.server()?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Makes the schema.
///
/// # Errors
/// The server's error.
pub async fn create_schema(transaction: &Transaction<'_>, schema: &Ident) -> Result<()> {
    Ok(transaction.batch_execute(&format!("create schema {schema}")).await.server()?)
}

/// Runs one statement as it is written.
///
/// # Errors
/// The server's error.
pub async fn run(transaction: &Transaction<'_>, sql: &str) -> Result<(), ServerError> {
    transaction.batch_execute(sql).await.server()
}

/// Adds a foreign key to a common table, waiting at most 50 ms for it; whether it got the lock. Without looking at rows,
/// unless it is `at_once`.
/// A key that is there already, from a run that ended before it validated, is left.
///
/// # Errors
/// The server's error.
pub async fn add_outer_key(
    transaction: &Transaction<'_>,
    table: &QualifiedTable,
    name: &Ident,
    definition: &str,
    at_once: bool,
) -> Result<bool> {
    let exists = "select 1 from pg_catalog.pg_constraint where conrelid = to_regclass($1) and conname = $2";
    if transaction.query_opt(exists, &[&table.to_string(), &name.raw()]).await.server()?.is_some() {
        return Ok(true);
    }
    transaction.batch_execute("set local lock_timeout = '50ms'").await.server()?;
    let how = if at_once { "" } else { " not valid" };
    let add = format!("alter table {table} add constraint {name} {definition}{how}");
    match transaction.batch_execute(&add).await.server() {
        Ok(()) => Ok(true),
        Err(error) if error.is(&["55P03"]) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Validates a foreign key; nobody waits for it.
///
/// # Errors
/// The server's error, such as a row that the key refuses.
pub async fn validate_key(transaction: &Transaction<'_>, table: &QualifiedTable, name: &Ident) -> Result<()> {
    Ok(transaction.batch_execute(&format!("alter table {table} validate constraint {name}")).await.server()?)
}

/// Fills the schema's materialized views anew, in the order in which they were made.
///
/// # Errors
/// The server's error.
pub async fn refresh_views(transaction: &Transaction<'_>, schema: &Ident) -> Result<()> {
    let sql =
        "select c.relname::text from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
               where n.nspname = $1 and c.relkind = 'm' order by c.oid";
    for row in transaction.query(sql, &[&schema.raw()]).await.server()? {
        let view = QualifiedTable::new(schema.clone(), Ident::new(row.get::<_, String>(0)));
        transaction.batch_execute(&format!("refresh materialized view {view}")).await.server()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_statement_s_own_errors_blame_the_template() {
        let failure = |code: &str| {
            let error = ServerError { sqlstate: Some(code.into()), message: "no".into(), ..ServerError::default() };
            template_failure("t.sql", (3, 1), "create table t ()", &error, Exit::Refused)
        };
        assert_eq!(failure("42P07").downcast_ref::<Refusal>().map(|refusal| refusal.exit), Some(Exit::Refused));
        for code in ["57014", "55P03", "08006"] {
            let error = failure(code);
            assert!(error.downcast_ref::<Refusal>().is_none() && error.downcast_ref::<ServerError>().is_some());
            assert_eq!(error.to_string(), "template t.sql, line 3, column 1: create table t ()");
        }
    }

    #[test]
    fn every_catalog_that_may_be_touched_has_its_part() {
        let names: Vec<String> =
            TOUCHED.split('\'').filter(|text| text.starts_with("pg_")).map(str::to_owned).collect();
        let names: Vec<String> = names.into_iter().filter(|name| name != "pg_catalog.").collect();
        assert_eq!(names.len(), 17, "{names:?}");
        for name in &names {
            let part = written_in(std::slice::from_ref(name));
            assert!(part.contains(&format!("from pg_catalog.{name} ")), "{name}: {part}");
            assert!(!part.contains("union all"), "{part}");
        }
        assert_eq!(written_in(&names).len(), WRITTEN.len(), "a part that nobody asks for");
    }
}
