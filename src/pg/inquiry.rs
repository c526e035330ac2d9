//! What may be wrong with the rows of one table, as one statement: the table is read once, for all stores and for every
//! fault that is asked about, and only rows at fault are kept.
//!
//! How a row leads to its store, `whose` knows; what is said of the answers, `findings` and `step/audit`.

use anyhow::Result;

use super::client::Client;
use super::failure::ServerResult;
use super::ground::Ground;
use super::ownership::{Ownership, Path};
use super::whose::{Joins, KeyExpression, Stores, Whose};
use crate::error::{Refusal, ServerError};
use crate::ident::{Ident, Literal, list};
use crate::table::{ForeignKey, Table};

/// How many keys an answer shows.
pub const EXAMPLES: usize = 5;

/// An alias that no application uses.
const ROW: &str = "\"tenantctl row\"";

/// A table that is asked.
pub struct Inquiry<'a> {
    ground: &'a Ground,
    table: &'a Table,
    joins: Joins<'a>,
    path: &'a Ownership,
    whose: Whose,
}

/// A fault that a row may have.
#[derive(Clone, Debug)]
pub struct Fault {
    condition: String,
    /// The stores whose row it is, as an array of their keys as text.
    stores: String,
    /// The store of the row that it refers to, where that is another one.
    referred: Option<String>,
}

/// What was found of one fault.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Answer {
    /// How many rows.
    pub count: u64,
    /// Some of their keys, the first in the order of the key.
    pub keys: Vec<String>,
    /// How many of them each store has, by its key as text.
    pub stores: Vec<(String, u64)>,
    /// How many of them refer to rows of each store.
    pub referred: Vec<(String, u64)>,
}

impl<'a> Inquiry<'a> {
    /// About the rows of a table, which belong to stores by this path.
    ///
    /// # Errors
    /// A refusal for a condition that cannot be asked.
    pub fn of(
        ground: &'a Ground,
        stores: &'a Stores<'a>,
        table: &'a Table,
        path: &'a Ownership,
    ) -> Result<Self, Refusal> {
        let mut joins = Joins::new(ground, stores);
        let whose = joins.owner(ROW, path)?;
        Ok(Self { ground, table, joins, path, whose })
    }

    /// The row leads to no store.
    #[must_use]
    pub fn unowned(&self) -> Fault {
        self.fault(format!("{} is null", self.whose.owner.sql))
    }

    /// The row leads to a store.
    #[must_use]
    pub fn owned(&self) -> Fault {
        self.fault(format!("{} is not null", self.whose.owner.sql))
    }

    /// The row leads to a store that the registry lacks; none where nobody can tell: without a registry, or by a
    /// condition, which is asked for known stores only.
    pub fn of_unknown_store(&mut self) -> Option<Fault> {
        if self.path.by_condition() {
            return None;
        }
        let known = self.joins.known_store(&self.whose.owner)?;
        Some(self.fault(format!("{} is not null and {known} is null", self.whose.owner.sql)))
    }

    /// The row leads to more than one store; none where that cannot be.
    #[must_use]
    pub fn of_several_stores(&self) -> Option<Fault> {
        let stores = format!("{}::text[]", self.whose.owners.as_ref()?);
        Some(Fault { stores, ..self.fault(self.whose.several()?) })
    }

    /// A column names another store than the owner path does.
    #[must_use]
    pub fn disagrees(&self, column: &Ident) -> Fault {
        let named = KeyExpression::column(self.ground, &self.path.table, ROW, column);
        // Null where one of them is: then nothing disagrees.
        let fault = self.fault(format!("not ({})", self.whose.owner.equals(&named)));
        Fault { stores: format!("array[{}::text, {}::text]", self.whose.owner.sql, named.sql), ..fault }
    }

    /// The row, a store's, refers to a row of another store.
    ///
    /// # Errors
    /// A refusal for a condition that cannot be asked.
    pub fn between_stores(&mut self, key: &ForeignKey, parent: &Ownership) -> Result<Fault, Refusal> {
        let there = self.parents_owner(key, parent)?;
        let one_owner = |whose: &Whose| whose.several().map(|several| format!(" and ({several}) is not true"));
        let condition = format!(
            "not ({}){}{}",
            self.whose.owner.equals(&there.owner),
            one_owner(&self.whose).unwrap_or_default(),
            one_owner(&there).unwrap_or_default()
        );
        Ok(Fault { referred: Some(there.owner.sql), ..self.fault(condition) })
    }

    /// The row, a store's, refers to a row that leads to no store.
    ///
    /// # Errors
    /// A refusal for a condition that cannot be asked.
    pub fn to_nobody(&mut self, key: &ForeignKey, parent: &Ownership) -> Result<Fault, Refusal> {
        let there = self.parents_owner(key, parent)?.owner.sql;
        let row = self.parent(key)?;
        Ok(self
            .fault(format!("{} is not null and {row}.tableoid is not null and {there} is null", self.whose.owner.sql)))
    }

    /// A row of this store refers to a row that is not its own.
    ///
    /// # Errors
    /// A refusal for a condition that cannot be asked.
    pub fn from_the_store(&mut self, store: &Literal, key: &ForeignKey, parent: &Ownership) -> Result<Fault, Refusal> {
        let theirs = self.parents_owner(key, parent)?.is(store);
        let row = self.parent(key)?;
        let fault = self.fault(format!("{row}.tableoid is not null and not coalesce({theirs}, false)"));
        Ok(self.of_the_store(store, fault))
    }

    /// The fault where it is this store's row that has it.
    #[must_use]
    pub fn of_the_store(&self, store: &Literal, fault: Fault) -> Fault {
        Fault { condition: format!("{} and {}", self.whose.is(store), fault.condition), ..fault }
    }

    /// A row of somebody else refers to a row of this store.
    ///
    /// # Errors
    /// A refusal for a condition that cannot be asked.
    pub fn to_the_store(&mut self, store: &Literal, key: &ForeignKey, parent: &Ownership) -> Result<Fault, Refusal> {
        let theirs = self.parents_owner(key, parent)?.is(store);
        let somebodys = match self.whose.knows_one_only {
            true => String::new(),
            false => format!("{} is not null and ", self.whose.owner.sql),
        };
        Ok(self.fault(format!("{theirs} and {somebodys}not coalesce({}, false)", self.whose.is(store))))
    }

    /// The row refers to a row that does not exist, under a key that was never validated.
    ///
    /// # Errors
    /// A refusal for a condition that cannot be asked.
    pub fn dangling(&mut self, key: &ForeignKey) -> Result<Fault, Refusal> {
        let row = self.parent(key)?;
        let given = key.columns.iter().map(|column| format!("{ROW}.{column} is not null and "));
        Ok(self.fault(format!("{}{row}.tableoid is null", given.collect::<String>())))
    }

    /// The row breaks a check, whose columns are bare in the text that the catalogs give.
    #[must_use]
    pub fn breaks(&self, check: &str) -> Fault {
        let name = &self.table.name.table;
        self.fault(format!("exists (select from (select {ROW}.*) as {name} where ({check}) is false)"))
    }

    fn fault(&self, condition: String) -> Fault {
        Fault { condition, stores: format!("array[{}::text]", self.whose.owner.sql), referred: None }
    }

    fn parent(&mut self, key: &ForeignKey) -> Result<String, Refusal> {
        let pairs: Vec<_> = key.columns.iter().cloned().zip(key.parent_columns.iter().cloned()).collect();
        match key.has_period {
            true => self.joins.parent_in_time(ROW, &key.parent, &pairs),
            false => self.joins.parent(ROW, &key.parent, &pairs),
        }
    }

    fn parents_owner(&mut self, key: &ForeignKey, parent: &Ownership) -> Result<Whose, Refusal> {
        let row = self.parent(key)?;
        self.joins.owner(&row, parent)
    }

    /// Asks about all these faults; `only` takes rows that are, or refer to rows that are, of stores with these keys.
    ///
    /// # Errors
    /// The server's error.
    pub async fn ask(&self, client: &Client, faults: &[Fault], only: Option<&[String]>) -> Result<Vec<Answer>> {
        let mut answers = vec![Answer::default(); faults.len()];
        if faults.is_empty() {
            return Ok(answers);
        }
        let rows = client.query(&self.statement(faults)?, &[&only]).await.server()?;
        for row in &rows {
            let Some(answer) = usize::try_from(row.get::<_, i32>(0)).ok().and_then(|at| answers.get_mut(at)) else {
                continue;
            };
            let count = row.get::<_, i64>(3).unsigned_abs();
            match (row.get::<_, &str>(1), row.get::<_, Option<String>>(2)) {
                ("store", Some(store)) => answer.stores.push((store, count)),
                ("referred", Some(store)) => answer.referred.push((store, count)),
                _ => {
                    answer.count = count;
                    answer.keys = row.get::<_, Vec<Option<String>>>(4).into_iter().flatten().collect();
                }
            }
        }
        Ok(answers)
    }

    /// The same where the question itself may fail, such as a function that a check calls: then why. What was asked
    /// before in the transaction stays.
    ///
    /// # Errors
    /// The server's error, where it is not about the statement.
    pub async fn try_ask(
        &self,
        client: &Client,
        faults: &[Fault],
        only: Option<&[String]>,
    ) -> Result<Result<Vec<Answer>, ServerError>> {
        client.batch_execute("savepoint question").await.server()?;
        let answers = match self.ask(client, faults, only).await {
            Ok(answers) => Ok(answers),
            Err(error) => match error.downcast::<ServerError>()? {
                error if error.is_of_the_statement() => Err(error),
                error => return Err(error.into()),
            },
        };
        client.batch_execute("rollback to savepoint question; release savepoint question").await.server()?;
        Ok(answers)
    }

    fn statement(&self, faults: &[Fault]) -> Result<String, Refusal> {
        let order = order_of(self.table);
        let ordered = order.iter().zip(0..).map(|(part, at)| format!("{part} as o{at}"));
        let columns = faults.iter().zip(0..).map(|(fault, at)| {
            let referred = fault.referred.as_deref().unwrap_or("null");
            format!(
                "({}) as is{at}, {} as stores{at}, ({referred})::text as referred{at}",
                fault.condition, fault.stores
            )
        });
        let values = (0..faults.len()).map(|at| format!("({at}, is{at}, stores{at}, referred{at})"));
        // One fault may be found over an index. Of several the planner would think that most rows have one; in a CASE it
        // takes them for rare, as they are, and reads with parallel workers.
        let condition = match faults {
            [fault] => fault.condition.clone(),
            faults => {
                let any = faults.iter().map(|fault| format!("({})", fault.condition)).collect::<Vec<_>>().join(" or ");
                format!("case when {any} then 1 end = 1")
            }
        };
        let order_names = || (0..order.len()).map(|at| format!("o{at}"));
        Ok(format!(
            "with {with}found as materialized (
  select fault.at, fault.stores, fault.referred, key, {names}
  from (
    select {key} as key, {ordered},
      {columns}
    from {table} as {ROW}{joins}
    where {condition}
    offset 0
  ) as row
  cross join lateral (values {values}) as fault (at, is_so, stores, referred)
  where fault.is_so and ($1::text[] is null or fault.stores && $1 or fault.referred = any ($1))
)
select at, 'all', null, count(*),
  array(select key from found as shown where shown.at = found.at order by {shown} limit {EXAMPLES})
from found group by at
union all
select at, 'store', store, count(*), null from found cross join unnest(stores) as store where store is not null group by at, store
union all
select at, 'referred', referred, count(*), null from found where referred is not null group by at, referred",
            names = list(order_names()),
            key = key_text(self.table, ROW),
            ordered = list(ordered),
            columns = columns.collect::<Vec<_>>().join(",\n      "),
            with = self.joins.with(),
            table = self.joins.relation(&self.table.name)?,
            joins = self.joins.text(),
            values = list(values),
            shown = list(order_names()),
        ))
    }
}

/// A row's key as one text: `7`, or `(7, a)`; without a key its place in the table.
#[must_use]
pub fn key_text(table: &Table, row: &str) -> String {
    match table.key.as_slice() {
        [] => format!("{row}.ctid::text"),
        [column] => format!("{row}.{column}::text"),
        columns => {
            let parts = columns.iter().map(|column| format!("{row}.{column}::text")).collect::<Vec<_>>();
            format!("'(' || concat_ws(', ', {}) || ')'", list(parts))
        }
    }
}

/// What orders rows as their key does.
fn order_of(table: &Table) -> Vec<String> {
    match table.key.as_slice() {
        [] => vec![format!("{ROW}.tableoid"), format!("{ROW}.ctid")],
        columns => columns.iter().map(|column| format!("{ROW}.{column}")).collect(),
    }
}

/// The key cannot lead from a row of one store to a row of another: it is the owner path itself, or both sides name
/// the store in it.
#[must_use]
pub fn keeps_to_the_store(child: &Ownership, key: &ForeignKey, parent: &Ownership) -> bool {
    let pairs: Vec<(&Ident, &Ident)> = key.columns.iter().zip(&key.parent_columns).collect();
    match (&child.path, &parent.path) {
        (Path::Parent(table, path), _) if table.table == key.parent => {
            path.len() == pairs.len() && path.iter().all(|(here, there)| pairs.contains(&(here, there)))
        }
        (Path::Column(here), Path::Column(there)) => pairs.contains(&(here, there)),
        _ => false,
    }
}
