//! The registry's row of a store that is not in it yet: its key is drawn first, so that all can be planned with it, and
//! the row is inserted later, in the transaction that records the move.

use std::error::Error;

use anyhow::{Context, Result, bail};
use bytes::BytesMut;
use futures_util::future::try_join;
use serde::{Deserialize, Serialize};
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};

use super::{Registry, RegistryRow, RegistryValues};
use crate::config::Registry as RegistryConfig;
use crate::error::Refusal;
use crate::ident::{Ident, Literal, list};
use crate::pg::blueprint::substitutions;
use crate::pg::client::{Client, Transaction};
use crate::pg::failure::ServerResult;
use crate::store::{Store, StoreKey};

/// Draws of a key before we give up: each met a store that is in the registry already.
const DRAWS: usize = 1000;

/// A row that is not in the registry yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewRow {
    /// As it will be read.
    pub row: RegistryRow,
    name: String,
    /// The column and its value, to the microsecond.
    created: Option<(Ident, String)>,
    key_was_drawn: bool,
}

impl NewRow {
    /// The same row with a name: it was drafted before there was one.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        let row = RegistryRow { name: Some(name.to_owned()), ..self.row };
        Self { row, name: name.to_owned(), ..self }
    }
}

/// A value as text, which the server reads as one of the column's type.
#[derive(Debug)]
struct AnyType<'a>(&'a str);

impl ToSql for AnyType<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

/// A column that a new row needs: its type, and what gives its value where nobody says one.
struct Column {
    sql_type: String,
    default: Option<String>,
}

impl Registry<'_> {
    /// What the row of a new store will be. The key is the one given, else what its column's default gives.
    ///
    /// # Errors
    /// A refusal where the configuration cannot make a row or the column gives no key; the server's error.
    pub async fn draft(&self, client: &Client, name: &str, key: Option<&StoreKey>) -> Result<NewRow> {
        let (config, _) = self.named()?;
        let table = config.table.raw();
        let (key, key_was_drawn) = match key {
            Some(key) => (key.clone(), false),
            None => {
                let default = column(client, config, &config.key).await?.default.ok_or_else(|| {
                    Refusal::new(format!("column {} of the registry {table} gives no key by itself", config.key.raw()))
                        .hint("name one: `--store KEY`")
                })?;
                (self.drawn(client, config, &default).await?, true)
            }
        };
        let mut created = None;
        if let Some(of) = &config.created {
            let Column { sql_type, default } = column(client, config, of).await?;
            let value = default.unwrap_or_else(|| "pg_catalog.now()".to_owned());
            let sql = format!(
                "select c::text, floor(extract(epoch from c) * 1000)::int8 from (select ({value})::{sql_type} as c) x"
            );
            let row = client.query_one(&sql, &[]).await.server()?;
            created = row.get::<_, Option<String>>(0).map(|text| (of.clone(), text, row.get::<_, i64>(1)));
        }
        Ok(NewRow {
            row: RegistryRow {
                key,
                name: Some(name.to_owned()),
                created_ms: created.as_ref().map(|(.., ms)| *ms),
                values: RegistryValues::default(),
                in_all: true,
            },
            name: name.to_owned(),
            created: created.map(|(column, text, _)| (column, text)),
            key_was_drawn,
        })
    }

    /// Inserts it; the caller commits it together with the move that it belongs to.
    ///
    /// # Errors
    /// A refusal where the registry does not take it, or somebody made the same meanwhile; the server's error.
    pub async fn insert(
        &self,
        transaction: &Transaction<'_>,
        new: &NewRow,
        store: &Store,
        shared: &Ident,
    ) -> Result<()> {
        let (config, name_column) = self.named()?;
        let table = config.table.raw();
        // Two of the same name at the same time: the second waits here, and then sees the first.
        let lock = "select pg_catalog.pg_advisory_xact_lock(hashtextextended('tenantctl new ' || $1::text, 0))";
        let twins = format!("select count(*) from {} where {name_column}::text = $1", config.table);
        let key_text = new.row.key.text();
        let mut columns = vec![config.key.clone(), name_column.clone()];
        let mut values = vec![AnyType(key_text), AnyType(&new.name)];
        if let Some((column, text)) = &new.created {
            columns.push(column.clone());
            values.push(AnyType(text));
        }
        // Sent together, done one after the other.
        let (_, twins) =
            try_join(async { transaction.execute_typed(lock, &[(&table, Type::TEXT)]).await.server() }, async {
                transaction.query_typed_one(&twins, &[(&new.name, Type::TEXT)]).await.server()
            })
            .await?;
        if new.key_was_drawn && twins.get::<_, i64>(0) > 0 {
            bail!(name_taken(&new.name, &table));
        }
        let mut sources: Vec<String> = (1..=values.len()).map(|number| format!("${number}")).collect();
        let given = substitutions(store, &store.schema, shared);
        for (column, script) in &config.new {
            columns.push(column.clone());
            sources.push(format!("({})", script.render(&given)?.join("")));
        }
        // The key was drawn from the column itself, so also one that is GENERATED ALWAYS takes it.
        let sql = format!(
            "insert into {} ({}) overriding system value values ({}) returning {}::text, {name_column}::text",
            config.table,
            list(columns),
            sources.join(", "),
            config.key
        );
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        let inserted = match transaction.query(&sql, &values).await.server() {
            Ok(rows) => rows,
            Err(error) if error.is_of_the_statement() || error.is(&["23502", "23505", "23514", "23503", "P0001"]) => {
                let hint = match error.sqlstate.as_deref() {
                    Some("23505") => "`tenantctl stores` lists the stores; the column's value must differ",
                    _ => "[registry] new gives the other columns their values; config.example.toml shows how",
                };
                let refusal = Refusal::new(format!("the registry {table} does not take store {key_text}")).hint(hint);
                return Err(anyhow::Error::new(error).context(refusal));
            }
            Err(error) => return Err(error.into()),
        };
        let is_ours = match inserted.as_slice() {
            [row] => {
                row.get::<_, Option<&str>>(0) == Some(key_text) && row.get::<_, Option<&str>>(1) == Some(&new.name)
            }
            _ => false,
        };
        if !is_ours {
            bail!(
                Refusal::new(format!(
                    "the registry {table} did not take the row of store {key_text} as it was written"
                ))
                .because("a trigger or a rule of the registry changed it")
                .hint("insert the row yourself, then `tenantctl create --new --store KEY`")
            );
        }
        Ok(())
    }

    /// The registry's configuration and its column of names.
    ///
    /// # Errors
    /// A refusal where there is none.
    pub fn named(&self) -> Result<(&RegistryConfig, &Ident), Refusal> {
        let named = self.config.and_then(|config| Some((config, config.name.as_ref()?)));
        named.ok_or_else(|| {
            Refusal::new("no row can be made for a new store: the registry's table or its column of names is not known")
                .hint("write [registry] table, key and name")
        })
    }

    async fn drawn(&self, client: &Client, config: &RegistryConfig, default: &str) -> Result<StoreKey> {
        let is_there = format!("select exists (select from {} where {}::text = $1)", config.table, config.key);
        for _ in 0..DRAWS {
            let text: Option<String> =
                client.query_one(&format!("select ({default})::text"), &[]).await.server()?.get(0);
            let text = text.unwrap_or_default();
            if !client.query_one(&is_there, &[&text]).await.server()?.get::<_, bool>(0) {
                return StoreKey::parse(&text, &self.key_type).map_err(Into::into);
            }
        }
        bail!(
            Refusal::new(format!("each of {DRAWS} keys that column {} gave is a store's already", config.key.raw()))
                .hint("set its sequence above the highest key, or name a key: `--store KEY`")
        )
    }
}

/// A store of this name is there.
#[must_use]
pub fn name_taken(name: &str, table: &str) -> Refusal {
    Refusal::new(format!("the registry {table} has a store named {name} already"))
        .because("the command may have been given before, so no second row is made")
        .hint("`tenantctl stores` lists it; `--store KEY` makes another one of the same name")
}

async fn column(client: &Client, config: &RegistryConfig, column: &Ident) -> Result<Column> {
    let found = columns_of(client, config, std::slice::from_ref(column)).await?;
    found.into_iter().next().with_context(|| format!("column {} of the registry", column.raw()))
}

/// In the order of the names.
async fn columns_of(client: &Client, config: &RegistryConfig, columns: &[Ident]) -> Result<Vec<Column>> {
    let sql = "select pg_catalog.format_type(a.atttypid, a.atttypmod), pg_catalog.pg_get_expr(d.adbin, d.adrelid),
                      case when a.attidentity <> ''
                           then pg_catalog.pg_get_serial_sequence($1, wanted.name) end
               from unnest($2::text[]) with ordinality wanted (name, place)
               join pg_catalog.pg_attribute a on a.attname::text = wanted.name
               left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum and a.attgenerated = ''
               where a.attrelid = $1::text::regclass and not a.attisdropped
               order by wanted.place";
    let names: Vec<&str> = columns.iter().map(Ident::raw).collect();
    let table = config.table.to_string();
    let found = client.query_typed(sql, &[(&table, Type::TEXT), (&names, Type::TEXT_ARRAY)]).await.server()?;
    let column = |row: &tokio_postgres::Row| {
        let sequence: Option<String> = row.get(2);
        let of_identity = sequence.map(|name| format!("pg_catalog.nextval({}::text::regclass)", Literal::text(name)));
        Column { sql_type: row.get(0), default: row.get::<_, Option<String>>(1).or(of_identity) }
    };
    Ok(found.iter().map(column).collect())
}
