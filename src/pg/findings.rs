//! What the rows themselves say against a move, or are worth knowing: with counts and example keys.

use anyhow::Result;
use tokio_postgres::GenericClient;

use super::blueprint::substitutions;
use super::catalog::UniqueKey;
use super::failure::ServerResult;
use super::ground::Ground;
use super::ownership::{Ownership, Path};
use super::requalify::requalify;
use super::statement::CopyStatement;
use crate::config::Registry as RegistryConfig;
use crate::error::ServerError;
use crate::ident::{Ident, list};
use crate::plan::Finding;
use crate::store::Store;
use crate::table::{ForeignKey, Table};

/// How many keys a finding shows.
const EXAMPLES: usize = 5;

/// An alias that no application uses.
const ROW: &str = "\"tenantctl row\"";

/// Rows of the shared tables that belong to no store: they stay where they are.
///
/// # Errors
/// The server's error.
pub async fn rows_of_nobody(
    client: &impl GenericClient,
    ground: &Ground,
    registry: Option<&RegistryConfig>,
) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for owner in &ground.owners {
        let Some(table) = ground.table(&owner.table.table) else { continue };
        if let Some(somebodys) = owner.somebodys() {
            let rows = format!(
                "select {} from {} as {} where not ({somebodys})",
                keys_of(table),
                table.relation(),
                owner.table.table
            );
            let (count, keys) = count_with_keys(client, &rows).await?;
            if count > 0 {
                let (code, message) = match &owner.path {
                    Path::Column(column) => {
                        ("no_owner", format!("rows have no `{}`: they belong to no store and stay", column.raw()))
                    }
                    _ => ("no_parent", format!("rows lead to no store by {}: they stay", owner.text())),
                };
                findings.push(Finding::note(code, message).table(&owner.table.table).rows(count, keys));
            }
        }
        if let (Some(registry), Path::Column(column)) = (registry, &owner.path) {
            findings.extend(unknown_stores(client, owner, column, registry).await?);
        }
    }
    Ok(findings)
}

async fn unknown_stores(
    client: &impl GenericClient,
    owner: &Ownership,
    column: &Ident,
    registry: &RegistryConfig,
) -> Result<Option<Finding>> {
    let sql = format!(
        "select key, count from (select {column}::text as key, count(*) as count from {} where {column} is not null group by 1) as owners
         where not exists (select 1 from {} as registry where registry.{}::text = owners.key) order by count desc, key",
        owner.table, registry.table, registry.key
    );
    let rows = client.query(&sql, &[]).await.server()?;
    let count: i64 = rows.iter().map(|row| row.get::<_, i64>(1)).sum();
    let keys = rows.iter().take(EXAMPLES).map(|row| row.get(0)).collect();
    Ok((count > 0).then(|| {
        Finding::note("unknown_store", format!("rows of {} stores that the registry lacks stay", rows.len()))
            .table(&owner.table.table)
            .rows(count.unsigned_abs(), keys)
            .hint("the keys are store keys; `--all` does not reach them")
    }))
}

/// Rows of this store that refer to rows which are not its own, and the reverse.
///
/// # Errors
/// The server's error.
pub async fn crossings(client: &impl GenericClient, ground: &Ground, store: &Store) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for key in &ground.keys {
        let (Some(child), Some(parent)) = (owner_of(ground, &key.table), owner_of(ground, &key.parent)) else {
            continue;
        };
        if !key.validated {
            findings.extend(dangling(client, ground, store, key, child).await?);
        }
        if !leads_to_the_owner(child, key) {
            findings.extend(outgoing(client, ground, store, key, child, parent).await?);
            findings.extend(incoming(client, ground, store, key, child, parent).await?);
        }
    }
    Ok(findings)
}

fn owner_of<'a>(ground: &'a Ground, table: &crate::ident::QualifiedTable) -> Option<&'a Ownership> {
    ground.owners.iter().find(|owner| owner.table == *table)
}

/// The key is the owner path itself: parent and child cannot belong to different stores.
fn leads_to_the_owner(child: &Ownership, key: &ForeignKey) -> bool {
    let Path::Parent(parent, pairs) = &child.path else { return false };
    let of_key: Vec<_> = key.columns.iter().cloned().zip(key.parent_columns.iter().cloned()).collect();
    parent.table == key.parent && pairs.len() == of_key.len() && pairs.iter().all(|pair| of_key.contains(pair))
}

/// Rows that refer to nothing, under a key that was never validated: the store schema's own key would refuse them.
async fn dangling(
    client: &impl GenericClient,
    ground: &Ground,
    store: &Store,
    key: &ForeignKey,
    child: &Ownership,
) -> Result<Option<Finding>> {
    let values = substitutions(store, &store.schema, ground.shared());
    let Some(table) = ground.table(&key.table.table) else { return Ok(None) };
    let given: Vec<String> = key.columns.iter().map(|column| format!("{ROW}.{column} is not null")).collect();
    let rows = format!(
        "select {ROW}.* from ({}) as {ROW} where {} and not exists (select 1 from {} as {} where {})",
        child_rows(table, key, &child.condition(&store.key, &values)?),
        given.join(" and "),
        key.parent,
        key.parent.table,
        joined(key)
    );
    let (count, keys) = count_with_keys(client, &only_keys(&rows)).await?;
    Ok((count > 0).then(|| {
        let message =
            format!("rows of this store refer by `{}` (not validated) to rows that do not exist", key.name.raw());
        Finding::stop("dangling_reference", message)
            .table(&key.table.table)
            .store(&store.key)
            .rows(count, keys)
            .hint("correct the rows in the application; the store schema's key would refuse them")
    }))
}

async fn outgoing(
    client: &impl GenericClient,
    ground: &Ground,
    store: &Store,
    key: &ForeignKey,
    child: &Ownership,
    parent: &Ownership,
) -> Result<Option<Finding>> {
    let values = substitutions(store, &store.schema, ground.shared());
    let Some(table) = ground.table(&key.table.table) else { return Ok(None) };
    let rows = format!(
        "select {ROW}.* from ({}) as {ROW} where exists (select 1 from {} as {} where {} and not coalesce(({}), false))",
        child_rows(table, key, &child.condition(&store.key, &values)?),
        key.parent,
        key.parent.table,
        joined(key),
        parent.condition(&store.key, &values)?
    );
    let (count, keys) = count_with_keys(client, &only_keys(&rows)).await?;
    Ok((count > 0).then(|| {
        let message = format!(
            "rows of this store refer by `{}` to rows of `{}` that are another store's or nobody's",
            key.name.raw(),
            key.parent.table.raw()
        );
        Finding::stop("refers_to_foreign_row", message)
            .table(&key.table.table)
            .store(&store.key)
            .rows(count, keys)
            .hint("correct the rows in the application, or the owner path in [[tables]]")
    }))
}

async fn incoming(
    client: &impl GenericClient,
    ground: &Ground,
    store: &Store,
    key: &ForeignKey,
    child: &Ownership,
    parent: &Ownership,
) -> Result<Option<Finding>> {
    let values = substitutions(store, &store.schema, ground.shared());
    let Some(table) = ground.table(&key.table.table) else { return Ok(None) };
    let own = child.condition(&store.key, &values)?;
    let of_others = match child.somebodys() {
        Some(somebodys) => format!("({somebodys}) and not coalesce(({own}), false)"),
        None => format!("not coalesce(({own}), false)"),
    };
    let rows = format!(
        "select {ROW}.* from ({}) as {ROW} where exists (select 1 from {} as {} where {} and {})",
        child_rows(table, key, &of_others),
        key.parent,
        key.parent.table,
        joined(key),
        parent.condition(&store.key, &values)?
    );
    let (count, keys) = count_with_keys(client, &only_keys(&rows)).await?;
    Ok((count > 0).then(|| {
        let message = format!(
            "rows of other stores refer by `{}` to rows of this store in `{}`",
            key.name.raw(),
            key.parent.table.raw()
        );
        Finding::stop("referred_to_by_foreign_row", message)
            .table(&key.table.table)
            .store(&store.key)
            .rows(count, keys)
            .hint("correct the rows in the application, or the owner path in [[tables]]")
    }))
}

/// The child's key as `tenantctl key`, and the columns of the foreign key.
fn child_rows(table: &Table, key: &ForeignKey, condition: &str) -> String {
    let name = &table.name.table;
    let columns = list(key.columns.iter().map(|column| format!("{name}.{column}")));
    format!("select {}, {columns} from {} as {name} where {condition}", keys_of(table), table.relation())
}

fn joined(key: &ForeignKey) -> String {
    let period = key.columns.last().filter(|_| key.has_period);
    let pairs = key.columns.iter().zip(&key.parent_columns).map(|(here, there)| {
        let meets = if Some(here) == period { "&&" } else { "=" };
        format!("{}.{there} {meets} {ROW}.{here}", key.parent.table)
    });
    pairs.collect::<Vec<_>>().join(" and ")
}

fn only_keys(rows: &str) -> String {
    format!("select {KEY} from ({rows}) as {ROW}")
}

const KEY: &str = "\"tenantctl key\"";

/// A row's key as one text: `7`, or `(7, a)`; without a key its place in the table.
fn keys_of(table: &Table) -> String {
    let name = &table.name.table;
    match table.key.as_slice() {
        [] => format!("{name}.ctid::text as {KEY}"),
        [column] => format!("{name}.{column}::text as {KEY}"),
        columns => {
            let parts = columns.iter().map(|column| format!("{name}.{column}::text")).collect::<Vec<_>>();
            format!("'(' || concat_ws(', ', {}) || ')' as {KEY}", list(parts))
        }
    }
}

async fn count_with_keys(client: &impl GenericClient, rows: &str) -> Result<(u64, Vec<String>)> {
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
    client: &impl GenericClient,
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
            "select {} from {} as {name} where {} and {name}.{} is null",
            keys_of(source),
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
    client: &impl GenericClient,
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
