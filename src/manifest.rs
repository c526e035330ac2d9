//! The tables of the shared schema and how each row leads to its store.
//!
//! A value: `config` fills it, `pg/registry` and `step/plan` hold it against the catalogs. Nothing else is called manifest.

use serde::{Deserialize, Serialize};

use crate::error::Refusal;
use crate::ident::Ident;

/// What the configuration says about the shared tables.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The schema whose tables are keyed by store.
    pub shared_schema: Ident,
    /// The tenant column where a table does not name its own.
    pub tenant_column: Ident,
    /// The shared tables, in the order of the report.
    pub tables: Vec<Entry>,
    /// Tables that look owned but stay for all.
    pub common: Vec<Ident>,
    /// Tables that tenantctl shall not look at.
    pub ignore: Vec<Ident>,
}

/// One shared table.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its name in the shared schema and in every store schema.
    pub name: Ident,
    /// The heading it stands under in the report, such as `core`.
    pub group: Option<String>,
    /// How a row leads to its store.
    pub owner: OwnerPath,
    /// Columns that the store schema shall not have, such as the tenant column itself.
    pub omit: Vec<Ident>,
}

/// How a row leads to its store.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnerPath {
    /// By a column that holds the store key.
    Column(Ident),
    /// By a parent row in another shared table.
    Parent {
        /// The parent table.
        table: Ident,
        /// Pairs of (column here, column of the parent); empty: over the foreign key.
        on: Vec<(Ident, Ident)>,
    },
    /// By a condition in SQL with `{{shared}}` and `{{store_key}}` still in it.
    Condition(String),
}

impl Manifest {
    /// The tables' names, in its order.
    #[must_use]
    pub fn names(&self) -> Vec<Ident> {
        self.tables.iter().map(|entry| entry.name.clone()).collect()
    }

    /// The entry of a table.
    #[must_use]
    pub fn entry(&self, table: &Ident) -> Option<&Entry> {
        self.tables.iter().find(|entry| entry.name == *table)
    }

    /// Looks for what no catalog is needed to see.
    ///
    /// # Errors
    /// Refuses a table named twice or in two classes, a parent that is not listed, and a ring of parents.
    pub fn check(&self) -> Result<(), Refusal> {
        if self.tables.is_empty() {
            return Err(Refusal::new("the manifest names no table").hint("add a [[tables]] section per shared table"));
        }
        for (index, entry) in self.tables.iter().enumerate() {
            let name = entry.name.raw();
            if self.tables[..index].iter().any(|other| other.name == entry.name) {
                return Err(Refusal::new(format!("the manifest names table `{name}` twice")));
            }
            if self.common.contains(&entry.name) || self.ignore.contains(&entry.name) {
                return Err(Refusal::new(format!("table `{name}` is listed in [[tables]] and as common or ignored"))
                    .hint("keep one of the two"));
            }
            self.check_parents(entry)?;
        }
        match self.common.iter().find(|name| self.ignore.contains(name)) {
            Some(name) => Err(Refusal::new(format!("table `{}` is both common and ignored", name.raw()))),
            None => Ok(()),
        }
    }

    fn check_parents(&self, entry: &Entry) -> Result<(), Refusal> {
        let mut walked = vec![&entry.name];
        let mut here = entry;
        while let OwnerPath::Parent { table, .. } = &here.owner {
            if walked.contains(&table) {
                return Err(Refusal::new(format!("the owner path of table `{}` runs in a ring", entry.name.raw()))
                    .hint("give one table of the ring a tenant_column or a `rows` condition"));
            }
            walked.push(table);
            here = self.entry(table).ok_or_else(|| {
                Refusal::new(format!(
                    "table `{}` names `{}` as parent, which is not in [[tables]]",
                    here.name.raw(),
                    table.raw()
                ))
                .hint("list the parent too, or give the table a `rows` condition")
            })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, parent: Option<&str>) -> Entry {
        let owner = match parent {
            Some(table) => OwnerPath::Parent { table: Ident::new(table), on: vec![] },
            None => OwnerPath::Column(Ident::new("store_id")),
        };
        Entry { name: Ident::new(name), group: None, owner, omit: vec![] }
    }

    fn manifest(tables: Vec<Entry>) -> Manifest {
        Manifest {
            shared_schema: Ident::new("public"),
            tenant_column: Ident::new("store_id"),
            tables,
            common: vec![],
            ignore: vec![],
        }
    }

    #[test]
    fn a_ring_of_parents_is_refused() {
        let ring = manifest(vec![entry("a", Some("b")), entry("b", Some("a"))]);
        assert!(ring.check().unwrap_err().message.contains("ring"));
        assert!(manifest(vec![entry("a", Some("a"))]).check().is_err());
    }

    #[test]
    fn a_parent_must_be_listed() {
        assert!(manifest(vec![entry("items", Some("orders"))]).check().unwrap_err().message.contains("`orders`"));
        assert!(manifest(vec![entry("items", Some("orders")), entry("orders", None)]).check().is_ok());
    }

    #[test]
    fn a_table_has_one_class() {
        let mut twice = manifest(vec![entry("a", None)]);
        twice.common.push(Ident::new("a"));
        assert!(twice.check().is_err());
        assert!(manifest(vec![entry("a", None), entry("a", None)]).check().is_err());
        assert!(manifest(vec![]).check().is_err());
    }
}
