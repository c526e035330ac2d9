//! A schema beside another: one steps aside, one takes the other's name, and what rights one has the other gets.
//!
//! Renaming a schema locks its row in the catalog and no table, so nobody who works in it waits.

use anyhow::{Result, bail};

use super::client::Client;
use super::failure::ServerResult;
use super::session::Session;
use super::{Transaction, catalog, teardown};
use crate::error::{Exit, Refusal};
use crate::ident::{Ident, Literal, QualifiedTable, list};

const RIGHTS_LIKE: &str = include_str!("sql/rights_like.sql");

/// Functions of a schema whose text or settings name another.
const NAMING: &str = "select p.oid::regprocedure::text from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where n.nspname = $1::text
      and (p.prosrc ~ ('(^|[^[:alnum:]_])' || $3 || '($|[^[:alnum:]_])')
           or exists (select from pg_catalog.unnest(p.proconfig) c where pg_catalog.strpos(c, $2) > 0))
    order by 1";

/// Who has a right on a schema, its owner aside, as SQL has the name.
const ENTERED_BY: &str = "select distinct case g.grantee when 0 then 'public' else pg_catalog.quote_ident(r.rolname) end
    from pg_catalog.pg_namespace n, pg_catalog.aclexplode(n.nspacl) g left join pg_catalog.pg_roles r on r.oid = g.grantee
    where n.nspname = $1::text and g.grantee <> n.nspowner and (g.grantee = 0 or r.oid is not null)";

/// Whether there is such a schema.
///
/// # Errors
/// The server's error.
pub async fn exists(client: &Client, schema: &Ident) -> Result<bool> {
    let sql = "select exists (select from pg_catalog.pg_namespace where nspname = $1::text)";
    Ok(client.query_one(sql, &[&schema.raw()]).await.server()?.get(0))
}

/// Another name for a schema.
///
/// # Errors
/// The server's error.
pub async fn rename(client: &Client, from: &Ident, to: &Ident) -> Result<()> {
    Ok(client.batch_execute(&format!("alter schema {from} rename to {to}")).await.server()?)
}

/// What is said of a schema.
///
/// # Errors
/// The server's error.
pub async fn comment_of(client: &Client, schema: &Ident) -> Result<Option<String>> {
    let sql =
        "select pg_catalog.obj_description(oid, 'pg_namespace') from pg_catalog.pg_namespace where nspname = $1::text";
    Ok(client.query_opt(sql, &[&schema.raw()]).await.server()?.and_then(|row| row.get(0)))
}

/// Says something of a schema, or nothing any more.
///
/// # Errors
/// The server's error.
pub async fn comment(client: &Client, schema: &Ident, text: Option<&str>) -> Result<()> {
    let text = text.map_or_else(|| "null".to_owned(), |text| Literal::text(text).to_string());
    Ok(client.batch_execute(&format!("comment on schema {schema} is {text}")).await.server()?)
}

/// The functions of a schema whose text names another schema: they do there what they say, wherever they stand.
///
/// # Errors
/// The server's error.
pub async fn functions_that_name(client: &Client, schema: &Ident, named: &Ident) -> Result<Vec<String>> {
    let mut pattern = String::new();
    for letter in named.raw().chars() {
        if !letter.is_alphanumeric() && letter != '_' {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    let rows = client.query(NAMING, &[&schema.raw(), &named.raw(), &pattern]).await.server()?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Runs what may fail for want of a table outside; then nothing of it is done, and that is what is given back.
///
/// # Errors
/// The server's error, where it is another.
pub async fn perform_where_it_can(transaction: &Transaction<'_>, script: &str) -> Result<Option<String>> {
    transaction.batch_execute("savepoint outer_keys").await.server()?;
    match transaction.batch_execute(script).await.server() {
        Ok(()) => Ok(None),
        Err(error) if error.is(&["42P01", "3F000", "42703", "42830", "23503"]) => {
            transaction.batch_execute("rollback to savepoint outer_keys").await.server()?;
            Ok(Some(error.message))
        }
        Err(error) => Err(error.into()),
    }
}

/// Begins a transaction that writes.
///
/// # Errors
/// The server's error.
pub async fn begin(writer: &mut Session) -> Result<Transaction<'_>> {
    Ok(writer.transaction().await.server()?)
}

/// Ends it.
///
/// # Errors
/// The server's error.
pub async fn commit(transaction: Transaction<'_>) -> Result<()> {
    Ok(transaction.commit().await.server()?)
}

/// `restored` takes the name of `live`, with its owners and rights; `live` is kept under another. Writers of `live` are
/// waited for: who comes later looks the name up anew.
///
/// # Errors
/// A refusal where something outside hangs on the live schema's objects, or its writers do not end; the server's error.
pub async fn swap(transaction: &Transaction<'_>, live: &Ident, restored: &Ident, kept: &Ident) -> Result<()> {
    let dependents = teardown::dependents(transaction.client(), live).await?;
    if !dependents.is_empty() {
        bail!(
            Refusal::new(format!("outside schema {} something depends on it: {}", live.raw(), dependents.join(", ")))
                .because("it would go on with the rows from before")
                .hint("drop that first, and make it again afterwards")
        );
    }
    let tables = catalog::tables_of(transaction.client(), live).await?;
    let tables: Vec<QualifiedTable> = tables.into_iter().map(|table| table.name).collect();
    if !tables.is_empty() {
        let lock = format!("lock table {} in share row exclusive mode", list(&tables));
        match transaction.batch_execute(&lock).await.server() {
            Err(error) if error.is(&["55P03"]) => bail!(
                Refusal::new(format!("somebody writes in schema {} and does not end", live.raw()))
                    .hint("stop the store's application, or give a longer --lock-timeout; nothing was changed")
                    .exit(Exit::Failed)
            ),
            locked => locked?,
        }
    }
    for row in transaction.query(RIGHTS_LIKE, &[&live.raw(), &restored.raw()]).await.server()? {
        let statement: String = row.get(0);
        transaction.batch_execute(&statement).await.server()?;
    }
    let said = comment_of(transaction, live).await?;
    comment(transaction, restored, said.as_deref()).await?;
    // Nobody but its owner enters what is kept: the store's role would reach two schemas.
    for row in transaction.query(ENTERED_BY, &[&live.raw()]).await.server()? {
        let role: String = row.get(0);
        transaction.batch_execute(&format!("revoke all on schema {live} from {role}")).await.server()?;
    }
    rename(transaction, live, kept).await?;
    rename(transaction, restored, live).await
}
