//! The ground a move stands on: the shared schema as the catalogs describe it, held against a manifest.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Result, bail};

use super::blueprint::substitutions;
use super::catalog;
use super::client::Client;
use super::journal::Move;
use super::ownership::{Ownership, Path, resolve};
use super::statement::CopyStatement;
use super::versions::versions_of;
use crate::error::Refusal;
use crate::ident::{Ident, QualifiedTable};
use crate::manifest::Manifest;
use crate::plan::ChangeTest;
use crate::store::{KeyType, Store};
use crate::table::{ForeignKey, Table};

/// The shared schema and how its rows lead to stores.
#[derive(Clone, Debug)]
pub struct Ground {
    /// The manifest.
    pub manifest: Manifest,
    /// Every table of the shared schema.
    pub tables: Vec<Table>,
    /// Foreign keys that touch it.
    pub keys: Vec<ForeignKey>,
    /// The owner path of each shared table, in the manifest's order.
    pub owners: Vec<Ownership>,
    /// Leading columns of the valid indexes of each table.
    pub indexes: BTreeMap<Ident, Vec<Vec<Ident>>>,
    /// The tenant column's type.
    pub key_type: KeyType,
    /// What a move depends on, as a hash.
    pub fingerprint: String,
}

impl Ground {
    /// Reads the catalogs.
    ///
    /// # Errors
    /// A refusal for a schema, table or column that does not exist; the server's error.
    pub async fn read(client: &Client, manifest: Manifest) -> Result<Self> {
        let shared = &manifest.shared_schema;
        if !catalog::schema_exists(client, shared).await? {
            bail!(Refusal::new(format!("there is no schema `{}`", shared.raw())).hint("correct [shared] schema"));
        }
        let tables = catalog::tables_of(client, shared).await?;
        let keys = catalog::foreign_keys_touching(client, shared).await?;
        let owners = resolve(&manifest, &tables, &keys)?;
        let indexes = catalog::index_columns(client, shared).await?;
        let key_type = key_type(client, &owners).await?;
        let names = manifest.names();
        let fingerprint = catalog::ddl_fingerprint(client, shared, &names).await?;
        Ok(Self { manifest, tables, keys, owners, indexes, key_type, fingerprint })
    }

    /// The shared schema.
    #[must_use]
    pub fn shared(&self) -> &Ident {
        &self.manifest.shared_schema
    }

    /// The shared tables' names, in the manifest's order.
    #[must_use]
    pub fn names(&self) -> Vec<Ident> {
        self.manifest.names()
    }

    /// A table of the shared schema.
    #[must_use]
    pub fn table(&self, name: &Ident) -> Option<&Table> {
        self.tables.iter().find(|table| table.name.table == *name)
    }

    /// The owner path of a shared table.
    #[must_use]
    pub fn owner(&self, name: &Ident) -> Option<&Ownership> {
        self.owners.iter().find(|owner| owner.table.table == *name)
    }

    /// The owner path of a table of any schema: its own, or that of the shared table that it is a partition of.
    #[must_use]
    pub fn owner_of(&self, table: &QualifiedTable) -> Option<&Ownership> {
        if table.schema != *self.shared() {
            return None;
        }
        self.owner(&table.table).or_else(|| {
            let known = self.table(&table.table).filter(|known| known.is_partition)?;
            self.owner_of(&QualifiedTable::new(table.schema.clone(), known.parents.first()?.clone()))
        })
    }

    /// Tables that have a tenant column of their own, for applications without a registry.
    #[must_use]
    pub fn keyed_tables(&self) -> Vec<(QualifiedTable, Ident)> {
        let keyed = self.owners.iter().filter_map(|owner| match &owner.path {
            Path::Column(column) => Some((owner.table.clone(), column.clone())),
            _ => None,
        });
        keyed.collect()
    }

    /// How each table of a store is read and written; tables that the store schema lacks are left out.
    ///
    /// # Errors
    /// A refusal for a condition that cannot be rendered.
    pub fn statements(&self, store: &Store, store_tables: &[Table]) -> Result<Vec<CopyStatement>> {
        let values = substitutions(store, &store.schema, self.shared());
        let mut statements = Vec::new();
        for (entry, owner) in self.manifest.tables.iter().zip(&self.owners) {
            let (Some(source), Some(target)) =
                (self.table(&entry.name), store_tables.iter().find(|table| table.name.table == entry.name))
            else {
                continue;
            };
            let mut statement = CopyStatement::new(entry, owner, source, target, &store.key, &values)?;
            statement.target = QualifiedTable::new(store.schema.clone(), entry.name.clone());
            statements.push(statement);
        }
        Ok(statements)
    }

    /// Whether the store's rows of a table are found over an index, all the way to the tenant column.
    #[must_use]
    pub fn change_test(&self, owner: &Ownership) -> ChangeTest {
        match self.unindexed(owner).is_empty() {
            true => ChangeTest::Index,
            false => ChangeTest::Scan,
        }
    }

    /// The steps of an owner path that no index is known to help with, nearest first.
    #[must_use]
    pub fn unindexed<'o>(&self, owner: &'o Ownership) -> Vec<&'o Ownership> {
        let mut found = Vec::new();
        let mut here = owner;
        loop {
            let indexed = here.lookup_columns().is_some_and(|columns| {
                let indexes = self.indexes.get(&here.table.table).map(Vec::as_slice).unwrap_or_default();
                indexes.iter().any(|leading| {
                    leading.len() >= columns.len()
                        && leading[..columns.len()].iter().all(|column| columns.contains(&column))
                })
            });
            if !indexed {
                found.push(here);
            }
            match &here.path {
                Path::Parent(parent, _) => here = parent,
                _ => return found,
            }
        }
    }
}

/// The ground that a run read last, for all its steps and stores: read again only where the manifest is another one or
/// the shared tables were altered. What the fingerprint does not say, such as which indexes there are, is as old as that.
#[derive(Debug, Default)]
pub struct Grounds(Mutex<Option<Known>>);

/// A ground that was read, and the catalogs' versions of its tables from before a moment at which it was true; empty: not
/// known.
#[derive(Clone, Debug)]
struct Known {
    ground: Arc<Ground>,
    versions: String,
}

impl Grounds {
    /// With a ground that was read already.
    #[must_use]
    pub fn of(ground: Ground) -> Self {
        Self(Mutex::new(Some(Known { ground: Arc::new(ground), versions: String::new() })))
    }

    /// The ground of a manifest.
    ///
    /// # Errors
    /// As [`Ground::read`].
    pub async fn of_manifest(&self, client: &Client, manifest: &Manifest) -> Result<Arc<Ground>> {
        let names = manifest.names();
        // Before whatever is read: no change since is missed.
        let versions = versions_of(client, &manifest.shared_schema, &names).await?;
        let last = self.last().clone().filter(|known| known.ground.manifest == *manifest);
        let ground = match last {
            Some(known) if known.versions == versions => return Ok(known.ground),
            Some(Known { ground, .. })
                if catalog::ddl_fingerprint(client, ground.shared(), &names).await? == ground.fingerprint =>
            {
                ground
            }
            _ => Arc::new(Ground::read(client, manifest.clone()).await?),
        };
        *self.last() = Some(Known { ground: ground.clone(), versions });
        Ok(ground)
    }

    /// The ground of a recorded move: its own manifest, the same definitions.
    ///
    /// # Errors
    /// A refusal where the shared tables were altered since the plan.
    pub async fn of_move(&self, client: &Client, the_move: &Move) -> Result<Arc<Ground>> {
        let ground = self.of_manifest(client, &the_move.manifest).await?;
        if ground.fingerprint != the_move.ddl_fingerprint {
            bail!(
                Refusal::new(format!("the shared tables were altered since store {} was planned", the_move.store.key))
                    .hint(format!(
                        "`tenantctl abandon --store {}`, mend the template, and begin anew",
                        the_move.store.key
                    ))
            );
        }
        Ok(ground)
    }

    fn last(&self) -> MutexGuard<'_, Option<Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The type of the first tenant column; a manifest without any takes text.
async fn key_type(client: &Client, owners: &[Ownership]) -> Result<KeyType> {
    for owner in owners {
        if let Path::Column(column) = &owner.path
            && let Some(key_type) = catalog::key_type_of(client, &owner.table, column).await?
        {
            return Ok(key_type);
        }
    }
    Ok(KeyType { sql: "text".into(), family: crate::store::KeyFamily::Text })
}
