//! What the rows themselves say against a move, or are worth knowing: with counts and example keys.

use anyhow::Result;

use super::catalog::UniqueKey;
use super::client::Client;
use super::failure::ServerResult;
use super::ground::Ground;
use super::inquiry::{Answer, EXAMPLES, Inquiry, keeps_to_the_store, key_text};
use super::ownership::Path;
use super::requalify::requalify;
use super::statement::CopyStatement;
use super::whose::Stores;
use crate::config::Registry as RegistryConfig;
use crate::error::ServerError;
use crate::ident::{Ident, list};
use crate::plan::Finding;
use crate::store::Store;
use crate::table::Table;

/// Rows of the shared tables that belong to no store: they stay where they are.
///
/// # Errors
/// The server's error.
pub async fn rows_of_nobody(
    client: &Client,
    ground: &Ground,
    registry: Option<&RegistryConfig>,
) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let stores = Stores::all(ground, registry);
    // Of a condition nobody can tell whether it takes a row for some store at all.
    for owner in ground.owners.iter().filter(|owner| !owner.by_condition()) {
        let Some(table) = ground.table(&owner.table.table) else { continue };
        let mut inquiry = Inquiry::of(ground, &stores, table, owner)?;
        let mut faults = vec![inquiry.unowned()];
        let (code, message) = match &owner.path {
            Path::Column(column) => {
                faults.extend(inquiry.of_unknown_store());
                ("no_owner", format!("rows have no `{}`: they belong to no store and stay", column.raw()))
            }
            _ => ("no_parent", format!("rows lead to no store by {}: they stay", owner.text())),
        };
        let answers = inquiry.ask(client, &faults, None).await?;
        if let Some(unowned) = answers.first().filter(|unowned| unowned.count > 0) {
            findings
                .push(Finding::note(code, message).table(&owner.table.table).rows(unowned.count, unowned.keys.clone()));
        }
        if let Some(unknown) = answers.get(1).filter(|unknown| unknown.count > 0) {
            findings.push(
                Finding::note(
                    "unknown_store",
                    format!("rows of {} stores that the registry lacks stay", unknown.stores.len()),
                )
                .table(&owner.table.table)
                .rows(unknown.count, largest(unknown))
                .hint("the keys are store keys; `--all` does not reach them"),
            );
        }
    }
    Ok(findings)
}

/// The keys of the stores with most rows.
fn largest(answer: &Answer) -> Vec<String> {
    let mut stores: Vec<_> = answer.stores.iter().collect();
    stores.sort_by_key(|(key, count)| (std::cmp::Reverse(*count), key));
    stores.into_iter().take(EXAMPLES).map(|(key, _)| key.clone()).collect()
}

/// Rows of this store that refer to rows which are not its own, and the reverse.
///
/// # Errors
/// The server's error.
pub async fn crossings(client: &Client, ground: &Ground, store: &Store) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let stores = Stores::One(store);
    let literal = store.key.literal();
    for key in &ground.keys {
        let (Some(child), Some(parent)) = (ground.owner_of(&key.table), ground.owner_of(&key.parent)) else {
            continue;
        };
        let Some(table) = ground.table(&key.table.table) else { continue };
        let by = key.name.raw();
        let there = key.parent.table.raw();
        // One at a time: each finds its rows over the store's own indexes.
        let inquire = || Inquiry::of(ground, &stores, table, child);
        let mut asked = Vec::new();
        if !key.validated {
            let mut inquiry = inquire()?;
            let fault = inquiry.dangling(key)?;
            let fault = inquiry.of_the_store(&literal, fault);
            let message = format!("rows of this store refer by `{by}` (not validated) to rows that do not exist");
            let hint = "correct the rows in the application; the store schema's key would refuse them";
            asked.push((inquiry, fault, Finding::stop("dangling_reference", message).hint(hint)));
        }
        if !keeps_to_the_store(child, key, parent) {
            let hint = "correct the rows in the application, or the owner path in [[tables]]";
            let mut inquiry = inquire()?;
            let fault = inquiry.from_the_store(&literal, key, parent)?;
            let message =
                format!("rows of this store refer by `{by}` to rows of `{there}` that are another store's or nobody's");
            asked.push((inquiry, fault, Finding::stop("refers_to_foreign_row", message).hint(hint)));
            let mut inquiry = inquire()?;
            let fault = inquiry.to_the_store(&literal, key, parent)?;
            let message = format!("rows of other stores refer by `{by}` to rows of this store in `{there}`");
            asked.push((inquiry, fault, Finding::stop("referred_to_by_foreign_row", message).hint(hint)));
        }
        for (inquiry, fault, finding) in asked {
            let answers = inquiry.ask(client, &[fault], None).await?;
            let found = answers.into_iter().filter(|answer| answer.count > 0);
            findings.extend(found.map(|answer| {
                finding.clone().table(&key.table.table).store(&store.key).rows(answer.count, answer.keys)
            }));
        }
    }
    Ok(findings)
}

const KEY: &str = "\"tenantctl key\"";

async fn count_with_keys(client: &Client, rows: &str) -> Result<(u64, Vec<String>)> {
    let sql = format!(
        "with found as materialized ({rows})
         select (select count(*) from found), array(select {KEY} from found limit {EXAMPLES})"
    );
    let row = client.query_one(&sql, &[]).await.server()?;
    let keys: Vec<Option<String>> = row.get(1);
    Ok((row.get::<_, i64>(0).unsigned_abs(), keys.into_iter().flatten().collect()))
}

/// Rows that the template's unique keys and NOT NULL columns would refuse.
///
/// # Errors
/// The server's error.
pub async fn refused_by_template(
    client: &Client,
    ground: &Ground,
    store: &Store,
    statement: &CopyStatement,
    target: &Table,
    unique_keys: &[&UniqueKey],
    shared_keys: &[UniqueKey],
) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let Some(source) = ground.table(&statement.source.table) else { return Ok(findings) };
    let name = &source.name.table;
    let keys = unique_keys.iter().map(|key| in_shared_words(key, &target.name.schema, ground.shared()));
    for key in keys.filter(|key| !is_implied(ground, key, shared_keys)) {
        match duplicates(client, source, statement, &key).await {
            Ok((0, _)) => {}
            Ok((count, keys)) => {
                let message = format!(
                    "the template's key `{}` ({}) would refuse rows that share a value",
                    key.name.raw(),
                    list(&key.expressions)
                );
                findings.push(
                    Finding::stop("duplicate_key", message)
                        .table(name)
                        .store(&store.key)
                        .rows(count, keys)
                        .hint("correct the rows in the application, or the key in the template"),
                );
            }
            Err(NotAsked::Because(why)) => {
                let message = format!("rows were not held against the template's key `{}`: {why}", key.name.raw());
                findings.push(
                    Finding::note("key_not_checked", message)
                        .table(name)
                        .store(&store.key)
                        .hint("where rows meet in it, the copy fails when the key is made, and says which"),
                );
            }
            Err(NotAsked::Failed(error)) => return Err(error),
        }
    }
    for column in target.columns.iter().filter(|column| column.not_null && !column.generated) {
        let Some(of_source) = source.column(&column.name).filter(|of_source| !of_source.not_null) else { continue };
        let rows = format!(
            "select {} as {KEY} from {} as {name} where {} and {name}.{} is null",
            key_text(source, &name.to_string()),
            source.relation(),
            statement.condition(),
            of_source.name
        );
        let (count, keys) = count_with_keys(client, &rows).await?;
        if count > 0 {
            let message = format!("column `{}` is NULL in rows, and the template does not allow it", column.name.raw());
            findings.push(Finding::stop("null_not_allowed", message).table(name).store(&store.key).rows(count, keys));
        }
    }
    Ok(findings)
}

/// Why a key's question has no answer.
enum NotAsked {
    /// The shared table cannot be asked so.
    Because(String),
    /// Nothing can be asked.
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for NotAsked {
    fn from(error: anyhow::Error) -> Self {
        match error.downcast_ref::<ServerError>() {
            Some(said) if said.is_of_the_statement() => Self::Because(said.to_string()),
            _ => Self::Failed(error),
        }
    }
}

/// Rows of the store that share what the key says must be unique.
async fn duplicates(
    client: &Client,
    source: &Table,
    statement: &CopyStatement,
    key: &UniqueKey,
) -> Result<(u64, Vec<String>), NotAsked> {
    if key.is_exclusion {
        return Err(NotAsked::Because("it is an exclusion constraint".to_owned()));
    }
    let name = &source.name.table;
    let parts: Vec<String> = match &key.columns {
        Some(columns) => columns.iter().map(|column| format!("{name}.{column}")).collect(),
        None => key.expressions.iter().map(|expression| format!("({expression})")).collect(),
    };
    let no_nulls: String = match key.nulls_not_distinct {
        true => String::new(),
        false => parts.iter().map(|part| format!(" and {part} is not null")).collect(),
    };
    let partial = key.predicate.as_ref().map(|predicate| format!(" and ({predicate})")).unwrap_or_default();
    let rows = format!(
        "select concat_ws(', ', {}) as {KEY} from {} as {name} where {}{no_nulls}{partial} group by {} having count(*) > 1",
        list(parts.iter().map(|part| format!("{part}::text"))),
        source.relation(),
        statement.condition(),
        list(&parts)
    );
    Ok(count_with_keys(client, &rows).await?)
}

/// The key as the shared schema would say it: types and functions of the same name are there, as a rule.
fn in_shared_words(key: &UniqueKey, schema: &Ident, shared: &Ident) -> UniqueKey {
    let say = |sql: &String| requalify(sql, schema, shared);
    UniqueKey {
        expressions: key.expressions.iter().map(say).collect(),
        predicate: key.predicate.as_ref().map(say),
        operators: key.operators.iter().map(say).collect(),
        ..key.clone()
    }
}

/// The shared schema already refuses what the template's key would: it has the same key, or one over some of its
/// parts, the tenant column aside.
fn is_implied(ground: &Ground, key: &UniqueKey, shared_keys: &[UniqueKey]) -> bool {
    let tenant = &ground.manifest.tenant_column;
    let is_tenant = |expression: &str| expression == tenant.raw() || expression == tenant.to_string();
    let parts = |key: &UniqueKey| -> Vec<(String, Option<String>)> {
        let operators = key.operators.iter().cloned().map(Some).chain(std::iter::repeat(None));
        key.expressions.iter().cloned().zip(operators).collect()
    };
    let of_key = parts(key);
    shared_keys
        .iter()
        .filter(|shared| shared.predicate.is_none() && shared.is_exclusion == key.is_exclusion)
        .filter(|shared| shared.nulls_not_distinct || !key.nulls_not_distinct)
        .any(|shared| {
            parts(shared).iter().all(|part| {
                let (expression, operator) = part;
                let is_equality = operator.as_deref().is_none_or(|operator| operator == "operator(pg_catalog.=)");
                of_key.contains(part) || is_tenant(expression) && is_equality
            })
        })
}
