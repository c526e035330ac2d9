//! Whose row it is, as an expression over joins: for every row of a table at once, whatever store it belongs to.
//!
//! `ownership` says the same as a condition that finds one store's rows. What is asked of the rows, `inquiry` says.

use crate::config::Registry as RegistryConfig;
use crate::error::Refusal;
use crate::ident::{Ident, Literal, QualifiedTable, Value, list};
use crate::store::{KeyFamily, KeyType, Store};
use crate::template::{Substitutions, render_snippet};

use super::ground::Ground;
use super::ownership::{Ownership, Path};

/// The columns of the stores that are asked about.
const STORE: &str = "tenantctl store";
const NAME: &str = "tenantctl name";

/// The stores that are asked about.
#[derive(Clone, Debug)]
pub struct Stores {
    /// A `select` of their keys and names, each key once.
    select: String,
    one: Option<Literal>,
    /// Keys that are not among them are of stores that nobody knows.
    is_whole: bool,
}

impl Stores {
    /// One store alone. Of rows that a condition, or a parent that is no key, leads to other stores, nothing is known
    /// then but that they are not this one's.
    #[must_use]
    pub fn one(store: &Store) -> Self {
        let key = store.key.literal();
        let name = Literal::text(store.name.clone().unwrap_or_default());
        Self {
            select: format!("select {key} as \"{STORE}\", {name}::text as \"{NAME}\""),
            one: Some(key),
            is_whole: false,
        }
    }

    /// Every store of the registry, `[registry] where` or not; without one, every key in a tenant column.
    #[must_use]
    pub fn all(ground: &Ground, registry: Option<&RegistryConfig>) -> Self {
        let KeyType { sql: key_type, .. } = &ground.key_type;
        let select = match registry {
            Some(config) => {
                let name =
                    config.name.as_ref().map_or_else(|| "''".to_owned(), |name| format!("coalesce({name}::text, '')"));
                format!(
                    "select distinct {key}::text::{key_type} as \"{STORE}\", {name} as \"{NAME}\" from {table} where {key} is not null",
                    key = config.key,
                    table = config.table,
                )
            }
            None => {
                let keyed = ground.keyed_tables().into_iter();
                let parts = keyed.map(|(table, column)| {
                    format!("select {column}::text::{key_type} as \"{STORE}\", '' as \"{NAME}\" from {table} where {column} is not null")
                });
                let parts: Vec<String> = parts.collect();
                match parts.is_empty() {
                    true => format!("select null::{key_type} as \"{STORE}\", '' as \"{NAME}\" where false"),
                    false => parts.join(" union "),
                }
            }
        };
        Self { select, one: None, is_whole: registry.is_some() }
    }

    /// Whether a key that is not among them is of a store that the registry lacks.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// The key of the one store.
    #[must_use]
    pub fn only_key(&self) -> Option<&Literal> {
        self.one.as_ref()
    }
}

/// A store key as an expression.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyExpression {
    /// SQL text.
    pub sql: String,
    /// How it compares; none for a type that is no store key.
    pub family: Option<KeyFamily>,
}

impl KeyExpression {
    /// A column of a table in the FROM, by the alias of its row.
    #[must_use]
    pub fn column(ground: &Ground, table: &QualifiedTable, row: &str, column: &Ident) -> Self {
        let known = ground.table(&table.table).and_then(|table| table.column(column));
        let family = known.and_then(|column| KeyFamily::of_base(column.type_name.base_oid));
        Self { sql: format!("{row}.{column}"), family }
    }

    /// Whether both are the same key; null where one is. Keys of other types are compared as the text that they show.
    #[must_use]
    pub fn equals(&self, other: &Self) -> String {
        match self.family == other.family && matches!(self.family, Some(KeyFamily::Integer | KeyFamily::Uuid)) {
            true => format!("{} = {}", self.sql, other.sql),
            // Columns of two collations do not compare without being told how.
            false => format!("({}::text) collate \"C\" = ({}::text) collate \"C\"", self.sql, other.sql),
        }
    }
}

/// To which store a row leads.
#[derive(Clone, Debug)]
pub struct Whose {
    /// Its store's key; null where there is none.
    pub owner: KeyExpression,
    /// True where it leads to more than one store, of which `owner` is one; none where that cannot be.
    pub several: Option<String>,
    /// Null says only that it is not the store's that is asked about.
    pub knows_one_only: bool,
}

/// Joins that grow as owners and parents are asked for; none of them multiplies rows.
#[derive(Debug)]
pub struct Joins<'a> {
    ground: &'a Ground,
    stores: &'a Stores,
    joins: Vec<String>,
    /// Parent rows that are joined already, with their alias.
    known: Vec<(Lead, String)>,
}

/// From a row, to a table, over pairs of (column here, column there) in order.
type Lead = (String, QualifiedTable, Vec<(Ident, Ident)>);

impl<'a> Joins<'a> {
    /// None yet.
    #[must_use]
    pub fn new(ground: &'a Ground, stores: &'a Stores) -> Self {
        Self { ground, stores, joins: Vec::new(), known: Vec::new() }
    }

    /// The stores that are asked about.
    #[must_use]
    pub fn stores(&self) -> &'a Stores {
        self.stores
    }

    /// As text behind the first relation of a FROM.
    #[must_use]
    pub fn text(&self) -> String {
        self.joins.concat()
    }

    /// To which store the row of this alias leads.
    ///
    /// # Errors
    /// A refusal for a condition that cannot be asked for all stores at once.
    pub fn owner(&mut self, row: &str, of: &Ownership) -> Result<Whose, Refusal> {
        match &of.path {
            Path::Column(column) => Ok(Whose {
                owner: KeyExpression::column(self.ground, &of.table, row, column),
                several: None,
                knows_one_only: false,
            }),
            Path::Parent(parent, pairs) => {
                let there: Vec<&Ident> = pairs.iter().map(|(_, there)| there).collect();
                match is_key(self.ground, &parent.table, &there) {
                    true => {
                        let parent_row = self.parent(row, &parent.table, pairs);
                        self.owner(&parent_row, parent)
                    }
                    false => self.owner_of_many(row, parent, pairs),
                }
            }
            Path::Condition(text) => self.owner_by_condition(row, of, text),
        }
    }

    /// The row of a table to which the columns of this row lead: its alias; all null where there is none.
    pub fn parent(&mut self, row: &str, parent: &QualifiedTable, pairs: &[(Ident, Ident)]) -> String {
        let mut pairs = pairs.to_vec();
        pairs.sort();
        let lead = (row.to_owned(), parent.clone(), pairs);
        if let Some((_, alias)) = self.known.iter().find(|(known, _)| *known == lead) {
            return alias.clone();
        }
        let met = |alias: &str| {
            let pairs = lead.2.iter().map(|(here, there)| format!("{alias}.{there} = {row}.{here}"));
            pairs.collect::<Vec<_>>().join(" and ")
        };
        let alias = self.join(&relation(self.ground, parent), met);
        self.known.push((lead, alias.clone()));
        alias
    }

    /// The store of this key among those that are asked about; null where it is not.
    pub fn known_store(&mut self, owner: &KeyExpression) -> String {
        let family = Some(self.ground.key_type.family);
        let store = |alias: &str| KeyExpression { sql: format!("{alias}.\"{STORE}\""), family };
        let alias = self.join(&format!("({})", self.stores.select), |alias| owner.equals(&store(alias)));
        store(&alias).sql
    }

    /// Adds a join; its condition is told its alias.
    fn join(&mut self, relation: &str, condition: impl FnOnce(&str) -> String) -> String {
        let alias = format!("\"tenantctl {}\"", self.joins.len() + 1);
        self.joins.push(format!("\n left join {relation} as {alias} on {}", condition(&alias)));
        alias
    }

    /// Over columns that name no single parent row: the stores of all of them.
    fn owner_of_many(&mut self, row: &str, parent: &Ownership, pairs: &[(Ident, Ident)]) -> Result<Whose, Refusal> {
        const PARENT: &str = "\"tenantctl parent\"";
        let mut inner = Joins::new(self.ground, self.stores);
        let whose = inner.owner(PARENT, parent)?;
        let owned = match &self.stores.one {
            Some(key) => format!("{} = {key}", whose.owner.sql),
            None => format!("{} is not null", whose.owner.sql),
        };
        let there = pairs.iter().zip(0..).map(|((_, there), at)| format!("{PARENT}.{there} as \"column {at}\""));
        let select = format!(
            "(select {}, array_agg(distinct {}) as owners, bool_or({}) as several\n  from {} as {PARENT}{}\n  where {owned} group by {})",
            list(there),
            whose.owner.sql,
            whose.several.as_deref().unwrap_or("false"),
            relation(self.ground, &parent.table),
            inner.text(),
            list(1..=pairs.len()),
        );
        let alias = self.join(&select, |alias| {
            let met = pairs.iter().zip(0..).map(|((here, _), at)| format!("{alias}.\"column {at}\" = {row}.{here}"));
            met.collect::<Vec<_>>().join(" and ")
        });
        Ok(Whose {
            owner: KeyExpression { sql: format!("{alias}.owners[1]"), family: whose.owner.family },
            several: Some(format!("(cardinality({alias}.owners) > 1 or {alias}.several)")),
            knows_one_only: self.stores.one.is_some(),
        })
    }

    /// The condition, asked for each of the stores; rows are told apart by their place.
    fn owner_by_condition(&mut self, row: &str, of: &Ownership, text: &str) -> Result<Whose, Refusal> {
        const ASKED: &str = "tenantctl asked";
        let column = |name: &str| Value::Column(Ident::new(ASKED), Ident::new(name));
        let rendered = |schema: &str| {
            let values = Substitutions {
                schema: Ident::new(schema),
                shared: self.ground.shared().clone(),
                store_key: column(STORE),
                store_name: column(NAME),
            };
            render_snippet("rows", text, &values)
        };
        let condition = rendered("a")?;
        if condition != rendered("b")? {
            return Err(Refusal::new(format!(
                "the `rows` condition of table `{}` names the store's schema",
                of.table.table.raw()
            ))
            .because("it cannot be asked for all stores at once")
            .hint("say it with {{store_key}} or {{store_name}}"));
        }
        let name = &of.table.table;
        // `offset 0` keeps the condition together, so that what it reads is read once for each store.
        let select = format!(
            "(select found.relation, found.place, array_agg(\"{ASKED}\".\"{STORE}\") as owners\n  from ({}) as \"{ASKED}\" cross join lateral (select {name}.tableoid as relation, {name}.ctid as place from {} as {name} where ({condition}) offset 0) as found\n  group by 1, 2)",
            self.stores.select,
            relation(self.ground, &of.table),
        );
        let place = |alias: &str| format!("{alias}.relation = {row}.tableoid and {alias}.place = {row}.ctid");
        let alias = self.join(&select, place);
        Ok(Whose {
            owner: KeyExpression { sql: format!("{alias}.owners[1]"), family: Some(self.ground.key_type.family) },
            several: Some(format!("cardinality({alias}.owners) > 1")),
            knows_one_only: self.stores.one.is_some(),
        })
    }
}

/// A table in a FROM: of a shared table its own rows and those of its partitions.
fn relation(ground: &Ground, table: &QualifiedTable) -> String {
    match ground.table(&table.table).filter(|_| table.schema == *ground.shared()) {
        Some(known) => known.relation().to_string(),
        None => table.to_string(),
    }
}

/// Whether the columns name one row at most: the table's key is among them, or a foreign key refers to them.
fn is_key(ground: &Ground, table: &QualifiedTable, columns: &[&Ident]) -> bool {
    let by_key = ground
        .table(&table.table)
        .is_some_and(|known| !known.key.is_empty() && known.key.iter().all(|column| columns.contains(&column)));
    by_key
        || ground
            .keys
            .iter()
            .any(|key| key.parent == *table && key.parent_columns.iter().all(|column| columns.contains(&column)))
}
