//! Whose row it is, as an expression over joins: for every row of a table at once, whatever store it belongs to.
//!
//! `ownership` says the same as a condition that finds one store's rows. What is asked of the rows, `inquiry` says.

use crate::config::Registry as RegistryConfig;
use crate::error::Refusal;
use crate::ident::{Ident, Literal, QualifiedTable, Value, list};
use crate::store::{KeyFamily, Store};
use crate::template::{Substitutions, render_snippet};

use super::blueprint::substitutions;
use super::ground::Ground;
use super::ownership::{Ownership, Path};

/// The columns of the stores that are asked about.
const STORE: &str = "tenantctl store";
const NAME: &str = "tenantctl name";
/// Of a row: it is the store's that is asked about.
const MINE: &str = "tenantctl mine";

/// The stores that are asked about.
#[derive(Clone, Debug)]
pub enum Stores<'s> {
    /// One alone. Where a condition leads to stores, or a parent that is no key, nothing is known then of the rows of
    /// others but that they are not this one's.
    One(&'s Store),
    /// All of them.
    All {
        /// A `select` of their keys and names, each key once.
        select: String,
        /// There is a registry: a key that is not among them is of a store that it lacks.
        is_whole: bool,
    },
}

impl Stores<'_> {
    /// Every store of the registry, `[registry] where` or not; without one, every key in a tenant column.
    #[must_use]
    pub fn all(ground: &Ground, registry: Option<&RegistryConfig>) -> Self {
        let key_type = &ground.key_type.sql;
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
                let parts = ground.keyed_tables().into_iter().map(|(table, column)| {
                    format!("select {column}::text::{key_type}, '' from {table} where {column} is not null")
                });
                let none = format!("select null::{key_type} as \"{STORE}\", '' as \"{NAME}\" where false");
                std::iter::once(none).chain(parts).collect::<Vec<_>>().join(" union ")
            }
        };
        Self::All { select, is_whole: registry.is_some() }
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
    /// The keys of all its stores as an array, `owner` the first; none where there can be no more than one.
    pub owners: Option<String>,
    /// Whether it is a row of the one store that is asked about, where a condition says so.
    mine: Option<String>,
    /// Null says only that it is not the store's that is asked about.
    pub knows_one_only: bool,
}

impl Whose {
    /// The row leads to more than one store; none where that cannot be.
    #[must_use]
    pub fn several(&self) -> Option<String> {
        self.owners.as_ref().map(|owners| format!("cardinality({owners}) > 1"))
    }

    /// The row leads to this store, the one that is asked about.
    #[must_use]
    pub fn is(&self, key: &Literal) -> String {
        self.mine.clone().unwrap_or_else(|| format!("{} = {key}", self.owner.sql))
    }
}

/// Joins that grow as owners and parents are asked for; none of them multiplies rows.
#[derive(Debug)]
pub struct Joins<'a> {
    ground: &'a Ground,
    stores: &'a Stores<'a>,
    joins: Vec<String>,
    /// Parent rows that are joined already, with their alias.
    parents: Vec<(Lead, String)>,
    /// Rows whose owner is known already: the row's alias, the table by which it is known.
    owners: Vec<(String, QualifiedTable, Whose)>,
    /// Tables whose rows' stores are asked for by a condition, once for all joins: their place gives the name.
    by_condition: Vec<(QualifiedTable, String)>,
}

/// From a row, to a table, over pairs of (column here, column there) in order.
type Lead = (String, QualifiedTable, Vec<(Ident, Ident)>);

impl<'a> Joins<'a> {
    /// None yet.
    #[must_use]
    pub fn new(ground: &'a Ground, stores: &'a Stores<'a>) -> Self {
        Self { ground, stores, joins: Vec::new(), parents: Vec::new(), owners: Vec::new(), by_condition: Vec::new() }
    }

    /// As text behind the first relation of a FROM.
    #[must_use]
    pub fn text(&self) -> String {
        self.joins.concat()
    }

    /// What the joins read under a name: parts of a WITH, each with a comma behind it.
    #[must_use]
    pub fn with(&self) -> String {
        let parts = self.by_condition.iter().zip(1..);
        parts.map(|((_, select), at)| format!("\"tenantctl owners {at}\" as materialized ({select}),\n")).collect()
    }

    /// To which store the row of this alias leads.
    ///
    /// # Errors
    /// A refusal for a condition that cannot be asked for all stores at once.
    pub fn owner(&mut self, row: &str, of: &Ownership) -> Result<Whose, Refusal> {
        if let Some((_, _, whose)) = self.owners.iter().find(|(alias, table, _)| alias == row && *table == of.table) {
            return Ok(whose.clone());
        }
        let whose = match &of.path {
            Path::Column(column) => Whose {
                owner: KeyExpression::column(self.ground, &of.table, row, column),
                owners: None,
                mine: None,
                knows_one_only: false,
            },
            Path::Parent(parent, pairs) => {
                let there: Vec<&Ident> = pairs.iter().map(|(_, there)| there).collect();
                match is_key(self.ground, &parent.table, &there) {
                    true => {
                        let parent_row = self.parent(row, &parent.table, pairs)?;
                        self.owner(&parent_row, parent)?
                    }
                    false => self.owner_of_many(row, parent, pairs)?,
                }
            }
            Path::Condition(text) => match self.stores {
                Stores::One(store) => {
                    let mine = format!("{row}.\"{MINE}\"");
                    let key = store.key.literal();
                    let owner = self.key_expression(format!("case when {mine} then {key} end"));
                    Whose { owner, owners: None, mine: Some(mine), knows_one_only: true }
                }
                Stores::All { select, .. } => self.owner_by_condition(row, of, text, select)?,
            },
        };
        self.owners.push((row.to_owned(), of.table.clone(), whose.clone()));
        Ok(whose)
    }

    /// The row of a table to which the columns of this row lead: its alias; all null where there is none.
    ///
    /// # Errors
    /// A refusal for a condition that cannot be rendered.
    pub fn parent(&mut self, row: &str, parent: &QualifiedTable, pairs: &[(Ident, Ident)]) -> Result<String, Refusal> {
        let mut pairs = pairs.to_vec();
        pairs.sort();
        let lead = (row.to_owned(), parent.clone(), pairs);
        if let Some((_, alias)) = self.parents.iter().find(|(known, _)| *known == lead) {
            return Ok(alias.clone());
        }
        let met = |alias: &str| {
            let pairs = lead.2.iter().map(|(here, there)| format!("{alias}.{there} = {row}.{here}"));
            pairs.collect::<Vec<_>>().join(" and ")
        };
        let alias = self.join(&self.relation(parent)?, met);
        self.parents.push((lead, alias.clone()));
        Ok(alias)
    }

    /// The same over a foreign key with PERIOD, which several rows may meet in parts: one of them.
    ///
    /// # Errors
    /// A refusal for a condition that cannot be rendered.
    pub fn parent_in_time(
        &mut self,
        row: &str,
        parent: &QualifiedTable,
        pairs: &[(Ident, Ident)],
    ) -> Result<String, Refusal> {
        const MET: &str = "\"tenantctl met\"";
        let last = pairs.len().saturating_sub(1);
        let met = pairs.iter().enumerate().map(|(at, (here, there))| {
            let meets = if at == last { "&&" } else { "=" }; // the period stands last
            format!("{MET}.{there} {meets} {row}.{here}")
        });
        let met = met.collect::<Vec<_>>().join(" and ");
        let relation = self.relation(parent)?;
        let place = if relation.starts_with('(') { String::new() } else { format!("{MET}.tableoid, ") }; // it has it
        let one = format!("lateral (select {place}{MET}.* from {relation} as {MET} where {met} limit 1)");
        Ok(self.join(&one, |_| "true".to_owned()))
    }

    /// The store of this key among those that are asked about, null where it is not; none without a registry.
    pub fn known_store(&mut self, owner: &KeyExpression) -> Option<String> {
        let Stores::All { select, is_whole: true } = self.stores else { return None };
        let family = Some(self.ground.key_type.family);
        let store = |alias: &str| KeyExpression { sql: format!("{alias}.\"{STORE}\""), family };
        let alias = self.join(&format!("({select})"), |alias| owner.equals(&store(alias)));
        Some(store(&alias).sql)
    }

    /// A table in a FROM: of a shared table its own rows and those of its partitions. Where rows are a store's by a
    /// condition and one store is asked about, each says whether it is that store's.
    ///
    /// # Errors
    /// A refusal for a condition that cannot be rendered.
    pub fn relation(&self, table: &QualifiedTable) -> Result<String, Refusal> {
        let relation = relation(self.ground, table);
        let (Stores::One(store), Some(owner)) = (self.stores, self.ground.owner_of(table)) else { return Ok(relation) };
        let Path::Condition(text) = &owner.path else { return Ok(relation) };
        let condition = render_snippet("rows", text, &substitutions(store, &store.schema, self.ground.shared()))?;
        let name = &owner.table.table;
        Ok(format!(
            "(select {name}.*, {name}.tableoid, {name}.ctid, ({condition}) as \"{MINE}\" from {relation} as {name})"
        ))
    }

    /// Adds a join; its condition is told its alias.
    fn join(&mut self, relation: &str, condition: impl FnOnce(&str) -> String) -> String {
        let alias = format!("\"tenantctl {}\"", self.joins.len() + 1);
        self.joins.push(format!("\n left join {relation} as {alias} on {}", condition(&alias)));
        alias
    }

    fn key_expression(&self, sql: String) -> KeyExpression {
        KeyExpression { sql, family: Some(self.ground.key_type.family) }
    }

    /// Over columns that name no single parent row: the stores of all of them.
    fn owner_of_many(&mut self, row: &str, parent: &Ownership, pairs: &[(Ident, Ident)]) -> Result<Whose, Refusal> {
        const PARENT: &str = "\"tenantctl parent\"";
        let mut inner = Joins::new(self.ground, self.stores);
        inner.by_condition = std::mem::take(&mut self.by_condition);
        let whose = inner.owner(PARENT, parent)?;
        let (owner, each) = match &whose.owners {
            Some(owners) => ("owner_of.key".to_owned(), format!(" cross join unnest({owners}) as owner_of (key)")),
            None => (whose.owner.sql.clone(), String::new()),
        };
        let owned = match self.stores {
            Stores::One(store) => whose.is(&store.key.literal()),
            Stores::All { .. } => format!("{owner} is not null"),
        };
        let there = pairs.iter().zip(0..).map(|((_, there), at)| format!("{PARENT}.{there} as \"column {at}\""));
        let select = format!(
            "(select {}, array_agg(distinct {owner}) as owners\n  from {} as {PARENT}{}{each}\n  where {owned} group by {})",
            list(there),
            inner.relation(&parent.table)?,
            inner.text(),
            list(1..=pairs.len()),
        );
        self.by_condition = inner.by_condition;
        let alias = self.join(&select, |alias| {
            let met = pairs.iter().zip(0..).map(|((here, _), at)| format!("{alias}.\"column {at}\" = {row}.{here}"));
            met.collect::<Vec<_>>().join(" and ")
        });
        Ok(Whose {
            owner: KeyExpression { sql: format!("{alias}.owners[1]"), family: whose.owner.family },
            owners: Some(format!("{alias}.owners")),
            mine: None,
            knows_one_only: matches!(self.stores, Stores::One(_)),
        })
    }

    /// The condition, asked for each of the stores; rows are told apart by their place.
    fn owner_by_condition(&mut self, row: &str, of: &Ownership, text: &str, stores: &str) -> Result<Whose, Refusal> {
        let known = self.by_condition.iter().position(|(table, _)| *table == of.table);
        let index = match known {
            Some(index) => index,
            None => {
                let select = self.places_by_condition(of, text, stores)?;
                self.by_condition.push((of.table.clone(), select));
                self.by_condition.len() - 1
            }
        };
        let place = |alias: &str| format!("{alias}.relation = {row}.tableoid and {alias}.place = {row}.ctid");
        let alias = self.join(&format!("\"tenantctl owners {}\"", index + 1), place);
        Ok(Whose {
            owner: self.key_expression(format!("{alias}.owners[1]")),
            owners: Some(format!("{alias}.owners")),
            mine: None,
            knows_one_only: false,
        })
    }

    fn places_by_condition(&self, of: &Ownership, text: &str, stores: &str) -> Result<String, Refusal> {
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
        let name = &of.table.table;
        if condition != rendered("b")? {
            return Err(Refusal::new(format!(
                "the `rows` condition of table `{}` names the store's schema",
                name.raw()
            ))
            .because("it cannot be asked for all stores at once")
            .hint("say it with {{store_key}} or {{store_name}}"));
        }
        let key = format!("\"{ASKED}\".\"{STORE}\"");
        // `offset 0` keeps the condition together, so that it is planned as it is for one store.
        Ok(format!(
            "select found.relation, found.place, array_agg({key} order by {key}) as owners
  from ({stores}) as \"{ASKED}\"
  cross join lateral (
    select {name}.tableoid as relation, {name}.ctid as place from {} as {name} where ({condition}) offset 0
  ) as found
  group by 1, 2",
            relation(self.ground, &of.table),
        ))
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
        || ground.keys.iter().any(|key| {
            key.parent == *table && !key.has_period && key.parent_columns.iter().all(|column| columns.contains(&column))
        })
}
