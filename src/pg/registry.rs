//! The registry: the application's own table of stores.
//!
//! Read for keys, names and what the application believes; written by `switch` and `reverse` alone, in their
//! transaction, and by `new_row` for a store that is not in it yet. Where there is no registry, the stores are the keys that occur in the shared tables.

mod new_row;

pub use new_row::{NewRow, name_taken};

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use tokio_postgres::types::{ToSql, Type};

use super::client::Client;
use super::failure::ServerResult;
use crate::config::Registry as RegistryConfig;
use crate::error::{Refusal, ServerError};
use crate::ident::{Ident, Literal, QualifiedTable, list};
use crate::store::{KeyType, StoreKey};

/// A store as the registry describes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RegistryRow {
    /// Its key.
    pub key: StoreKey,
    /// Its name.
    pub name: Option<String>,
    /// Its `created` column in milliseconds since 1970.
    pub created_ms: Option<i64>,
    /// What the application believes.
    pub values: RegistryValues,
    /// Whether `[registry] where` takes it.
    pub in_all: bool,
}

/// The two columns that route the application.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct RegistryValues {
    /// The schema column.
    pub schema: Option<String>,
    /// The URL column.
    pub url: Option<String>,
}

/// Where the stores are listed.
pub struct Registry<'a> {
    config: Option<&'a RegistryConfig>,
    key_type: KeyType,
    keyed_tables: Vec<(QualifiedTable, Ident)>,
}

/// The condition is the one part of the query that a person wrote: an error in it is one of the configuration.
fn of_condition(config: &RegistryConfig, error: ServerError) -> anyhow::Error {
    let is_of_sql = error.sqlstate.as_deref().is_some_and(|code| code.starts_with("42") && code != "42501");
    match config.condition.as_deref().filter(|_| is_of_sql) {
        Some(condition) => anyhow::Error::new(error).context(
            Refusal::new(format!(
                "reading the registry {} with its `[registry] where`, `{condition}`",
                config.table.raw()
            ))
            .hint("correct the condition: it is SQL over the registry's own columns"),
        ),
        None => anyhow::Error::new(error),
    }
}

impl<'a> Registry<'a> {
    /// The registry of the configuration; `keyed_tables` (table, tenant column) stand in where there is none.
    #[must_use]
    pub fn new(
        config: Option<&'a RegistryConfig>,
        key_type: KeyType,
        keyed_tables: Vec<(QualifiedTable, Ident)>,
    ) -> Self {
        Self { config, key_type, keyed_tables }
    }

    /// The registry's table.
    #[must_use]
    pub fn table(&self) -> Option<&QualifiedTable> {
        self.config.map(|config| &config.table)
    }

    /// Whether a column receives the schema or the URL, so that a switch can be made.
    #[must_use]
    pub fn can_switch(&self) -> bool {
        self.config.is_some_and(|config| config.schema_column.is_some() || config.url_column.is_some())
    }

    /// The values that a switch writes: those with a column.
    #[must_use]
    pub fn values_for(&self, schema: &Ident, url: Option<&str>) -> RegistryValues {
        let has = |column: fn(&RegistryConfig) -> &Option<Ident>| self.config.is_some_and(|c| column(c).is_some());
        RegistryValues {
            schema: has(|config| &config.schema_column).then(|| schema.raw().to_owned()),
            url: url.filter(|_| has(|config| &config.url_column)).map(str::to_owned),
        }
    }

    /// All stores, in the order of their keys.
    ///
    /// # Errors
    /// The server's error; a key that the tenant column's type cannot hold.
    pub async fn stores(&self, client: &Client) -> Result<Vec<RegistryRow>> {
        let mut rows = match self.config {
            Some(config) => {
                let found = client.query(&self.select(config), &[]).await.server();
                let found = found.map_err(|error| of_condition(config, error))?;
                found.iter().map(|row| self.registry_row(row)).collect::<Result<Vec<_>>>()?
            }
            None => self.keys_in_tables(client).await?,
        };
        rows.sort_by(|a, b| a.key.cmp(&b.key));
        if let Some(config) = self.config
            && let Some(twins) = rows.chunk_by(|a, b| a.key == b.key).find(|twins| twins.len() > 1)
        {
            bail!(not_one(config, &twins[0].key, twins.len()));
        }
        Ok(rows)
    }

    /// One store.
    ///
    /// # Errors
    /// A refusal where the registry has several rows of this key, or the server's error.
    pub async fn store(&self, client: &Client, key: &StoreKey) -> Result<Option<RegistryRow>> {
        let Some(config) = self.config else {
            return Ok(self.keys_in_tables(client).await?.into_iter().find(|row| row.key == *key));
        };
        let sql = format!("{} where {}::text = $1", self.select(config), config.key);
        let rows = client.query(&sql, &[&key.text()]).await.server();
        let rows = rows.map_err(|error| of_condition(config, error))?;
        match rows.as_slice() {
            [] => Ok(None),
            [row] => self.registry_row(row).map(Some),
            rows => bail!(not_one(config, key, rows.len())),
        }
    }

    /// Locks a store's row and reads it.
    ///
    /// # Errors
    /// A refusal where the row is gone, or the server's error.
    pub async fn lock_row(&self, client: &Client, key: &StoreKey) -> Result<RegistryValues> {
        let Some(config) = self.config else { return Ok(RegistryValues::default()) };
        let sql = format!(
            "select {}, {} from {} where {}::text = $1 for no key update",
            text_of(config.schema_column.as_ref()),
            text_of(config.url_column.as_ref()),
            config.table,
            config.key
        );
        let rows = client.query_typed(&sql, &[(&key.text(), Type::TEXT)]).await.server()?;
        let [row] = rows.as_slice() else { bail!(not_one(config, key, rows.len())) };
        Ok(RegistryValues { schema: row.get(0), url: row.get(1) })
    }

    /// Writes what the application shall believe, and reads it back.
    ///
    /// # Errors
    /// The server's error, or that a trigger of the registry wrote something else.
    pub async fn write(&self, client: &Client, key: &StoreKey, values: &RegistryValues) -> Result<()> {
        let Some(config) = self.config else { return Ok(()) };
        self.write_columns(client, config, key, &written(config, values)).await
    }

    /// The statement that a switch sends, with values in place: for people, so give it a masked URL.
    #[must_use]
    pub fn update_sql(&self, key: &StoreKey, values: &RegistryValues) -> Option<String> {
        let config = self.config?;
        let sets = written(config, values).into_iter().map(|(column, value)| match value {
            Some(value) => format!("{column} = {}", Literal::text(value)),
            None => format!("{column} = null"),
        });
        let sets = list(sets);
        let key = Literal::text(key.text());
        (!sets.is_empty()).then(|| format!("update {} set {sets} where {}::text = {key}", config.table, config.key))
    }

    /// Writes both columns back as they were, also to NULL.
    ///
    /// # Errors
    /// The server's error, or that a trigger of the registry wrote something else.
    pub async fn restore(&self, client: &Client, key: &StoreKey, values: &RegistryValues) -> Result<()> {
        let Some(config) = self.config else { return Ok(()) };
        let columns: Vec<(&Ident, &Option<String>)> = [
            config.schema_column.as_ref().map(|column| (column, &values.schema)),
            config.url_column.as_ref().map(|column| (column, &values.url)),
        ]
        .into_iter()
        .flatten()
        .collect();
        self.write_columns(client, config, key, &columns).await
    }

    async fn write_columns(
        &self,
        client: &Client,
        config: &RegistryConfig,
        key: &StoreKey,
        columns: &[(&Ident, &Option<String>)],
    ) -> Result<()> {
        if columns.is_empty() {
            return Ok(());
        }
        // Both in one statement: a check constraint over both columns sees no half of it.
        let numbered = || columns.iter().zip(1..);
        let sets = list(numbered().map(|((column, _), at)| format!("{column} = ${at}::text")));
        let key_at = columns.len() + 1;
        let sql = format!("update {} set {sets} where {}::text = ${key_at}", config.table, config.key);
        let key_text = key.text();
        let mut values: Vec<(&(dyn ToSql + Sync), Type)> =
            columns.iter().map(|(_, value)| (*value as _, Type::TEXT)).collect();
        values.push((&key_text, Type::TEXT));
        let changed = client.execute_typed(&sql, &values).await.server()?;
        if changed != 1 {
            bail!(
                Refusal::new(format!(
                    "writing the registry {} changed {changed} rows of store {key}",
                    config.table.raw()
                ))
                .because("a trigger or a rule of the registry keeps it from being written")
                .hint("let the role that tenantctl connects as write it")
            );
        }
        let read = list(columns.iter().map(|(column, _)| text_of(Some(column))));
        let sql = format!("select {read} from {} where {}::text = $1", config.table, config.key);
        let now = client.query_typed_one(&sql, &[(&key_text, Type::TEXT)]).await.server()?;
        for ((column, value), at) in columns.iter().zip(0..) {
            if now.get::<usize, Option<String>>(at) != **value {
                bail!(
                    Refusal::new(format!(
                        "the registry's column `{}` did not take the value written to it",
                        column.raw()
                    ))
                    .because("a trigger or a rule of the registry changed it")
                    .hint("let the value through, or give the column to tenantctl alone")
                );
            }
        }
        Ok(())
    }

    fn select(&self, config: &RegistryConfig) -> String {
        let created = match &config.created {
            Some(column) => format!("floor(extract(epoch from {column}) * 1000)::int8"),
            None => "null::int8".to_owned(),
        };
        let condition = config.condition.as_deref().unwrap_or("true");
        format!(
            "select {}::text, {}, {created}, {}, {}, coalesce(({condition}), false) from {}",
            config.key,
            text_of(config.name.as_ref()),
            text_of(config.schema_column.as_ref()),
            text_of(config.url_column.as_ref()),
            config.table
        )
    }

    fn registry_row(&self, row: &tokio_postgres::Row) -> Result<RegistryRow> {
        let key: Option<String> = row.get(0);
        let key = key.ok_or_else(|| Refusal::new("the registry has a row without a key"))?;
        Ok(RegistryRow {
            key: StoreKey::parse(&key, &self.key_type)?,
            name: row.get(1),
            created_ms: row.get(2),
            values: RegistryValues { schema: row.get(3), url: row.get(4) },
            in_all: row.get(5),
        })
    }

    async fn keys_in_tables(&self, client: &Client) -> Result<Vec<RegistryRow>> {
        let parts = self.keyed_tables.iter().map(|(table, column)| {
            format!("select distinct {column}::text as key from {table} where {column} is not null")
        });
        let sql = parts.collect::<Vec<_>>().join(" union ");
        if sql.is_empty() {
            return Ok(Vec::new());
        }
        let rows = client.query(&sql, &[]).await.server()?;
        rows.iter()
            .map(|row| {
                Ok(RegistryRow {
                    key: StoreKey::parse(row.get(0), &self.key_type)?,
                    name: None,
                    created_ms: None,
                    values: RegistryValues::default(),
                    in_all: true,
                })
            })
            .collect()
    }
}

fn not_one(config: &RegistryConfig, key: &StoreKey, count: usize) -> Refusal {
    let table = config.table.raw();
    match count {
        0 => Refusal::new(format!("store {key} is no longer in the registry {table}"))
            .hint("put its row back, or `tenantctl abandon` the move"),
        _ => Refusal::new(format!("the registry {table} has {count} rows of store {key}"))
            .hint("[registry] key must name one row; correct the rows or the configuration"),
    }
}

/// The columns that a switch writes, with their values.
fn written<'v>(config: &'v RegistryConfig, values: &'v RegistryValues) -> Vec<(&'v Ident, &'v Option<String>)> {
    let schema = config.schema_column.as_ref().map(|column| (column, &values.schema));
    let url = config.url_column.as_ref().filter(|_| values.url.is_some() || values.schema.is_none());
    schema.into_iter().chain(url.map(|column| (column, &values.url))).collect()
}

fn text_of(column: Option<&Ident>) -> String {
    column.map_or_else(|| "null::text".to_owned(), |column| format!("{column}::text"))
}

/// The columns of a registry that must exist.
#[must_use]
pub fn columns_of(config: &RegistryConfig) -> Vec<&Ident> {
    let optional = [&config.name, &config.created, &config.schema_column, &config.url_column];
    std::iter::once(&config.key).chain(optional.into_iter().flatten()).collect()
}

/// Whether a store has this name; nobody has one where names are not known.
///
/// # Errors
/// The server's error.
pub async fn is_named(client: &Client, config: Option<&RegistryConfig>, name: &str) -> Result<bool> {
    let Some((config, column)) = config.and_then(|config| Some((config, config.name.as_ref()?))) else {
        return Ok(false);
    };
    let sql = format!("select exists (select from {} where {column}::text = $1)", config.table);
    Ok(client.query_typed_one(&sql, &[(&name, Type::TEXT)]).await.server()?.get(0))
}

/// Refuses a configured registry whose table or columns do not exist.
///
/// # Errors
/// A refusal that names what is missing, or the server's error.
pub async fn check(client: &Client, config: &RegistryConfig) -> Result<()> {
    let rows = client
        .query(
            "select attname::text from pg_catalog.pg_attribute
             where attrelid = to_regclass($1) and attnum > 0 and not attisdropped",
            &[&config.table.to_string()],
        )
        .await
        .server()?;
    let found: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    if found.is_empty() {
        bail!(
            Refusal::new(format!("there is no table {} for the registry", config.table.raw()))
                .hint("correct [registry] table; capitals and dots inside a name want double quotes")
        );
    }
    let missing: Vec<&Ident> =
        columns_of(config).into_iter().filter(|column| !found.contains(&column.raw().to_owned())).collect();
    if !missing.is_empty() {
        bail!(
            Refusal::new(format!("the registry {} has no column {}", config.table.raw(), list(missing)))
                .hint(format!("its columns are {}", found.join(", ")))
        );
    }
    Ok(())
}
