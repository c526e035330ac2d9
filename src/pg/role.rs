//! The role of a store: made, shown, given a password, taken back.
//!
//! Roles are the whole server's, so a role is ours only where the journal has its oid. `attempt` tries what such a role
//! may reach, `leak` asks the catalogs; which role a store has, `step` says.

mod attempt;
mod facts;
mod leak;
mod making;
mod password;
mod reach;
mod way;

pub use attempt::{Tried, try_all};
pub use facts::{RoleFacts, all_made, facts_of, made_for, not_ours, oid_of};
pub use leak::{Around, leaks};
pub use making::{drop_role, end_sessions, make, missing_rights, revoke, set_password};
pub use password::{Verifier, generated};
pub(super) use way::acting_as;

use crate::ident::{Ident, Literal, QualifiedTable, list};

/// What a store's role may do with the tables of its schema.
const ON_TABLES: &str = "select, insert, update, delete";

/// A store's role as it shall be.
#[derive(Clone, Debug)]
pub struct StoreRole {
    /// Its name.
    pub name: Ident,
    /// The store schema.
    pub schema: Ident,
    /// The shared schema.
    pub shared: Ident,
    /// The database, for its settings.
    pub database: Ident,
    /// Whether it may log in.
    pub login: bool,
    /// Connections that it may have at once; -1: any number.
    pub connection_limit: i32,
    /// Tables outside its schema that it may read.
    pub common: Vec<QualifiedTable>,
    /// Tables outside its schema that it may also write.
    pub common_write: Vec<QualifiedTable>,
    /// The role that owns the schema, where it is not the one that makes it.
    pub owner: Option<Ident>,
}

impl StoreRole {
    /// The statement that makes it; without a password.
    #[must_use]
    pub fn create(&self) -> String {
        format!("create role {}{}", self.name, self.attributes())
    }

    fn attributes(&self) -> String {
        let login = if self.login { "login" } else { "nologin" };
        format!(" {login} connection limit {}", self.connection_limit)
    }

    /// The statements that give it what it may have, in order.
    #[must_use]
    pub fn grants(&self) -> Vec<String> {
        let Self { name, schema, database, .. } = self;
        let mark = Literal::text(format!("tenantctl: schema {} of database {}", schema.raw(), database.raw()));
        let mut all = vec![
            format!("comment on role {name} is {mark}"),
            format!("alter role {name} in database {database} set search_path = {}", list(self.search_path())),
            format!("grant usage on schema {schema} to {name}"),
            format!("grant {ON_TABLES} on all tables in schema {schema} to {name}"),
            format!("grant usage, select on all sequences in schema {schema} to {name}"),
            format!("grant execute on all routines in schema {schema} to {name}"),
        ];
        let makers = std::iter::once(String::new()).chain(self.owner.iter().map(|owner| format!(" for role {owner}")));
        for maker in makers {
            let defaults = format!("alter default privileges{maker} in schema {schema} grant");
            all.push(format!("{defaults} {ON_TABLES} on tables to {name}"));
            all.push(format!("{defaults} usage, select on sequences to {name}"));
            all.push(format!("{defaults} execute on routines to {name}"));
        }
        for schema in self.common_schemas() {
            all.push(format!("grant usage on schema {schema} to {name}"));
        }
        all.extend(self.common.iter().map(|table| format!("grant select on {table} to {name}")));
        all.extend(self.common_write.iter().map(|table| format!("grant {ON_TABLES} on {table} to {name}")));
        all
    }

    /// Its own schema first; the shared one where it may read something there.
    fn search_path(&self) -> Vec<&Ident> {
        let mut path = vec![&self.schema];
        path.extend(Some(&self.shared).filter(|shared| self.common_schemas().contains(shared)));
        path
    }

    /// The schemas of the tables that it may read or write outside its own, each once.
    fn common_schemas(&self) -> Vec<&Ident> {
        let mut schemas: Vec<&Ident> = self.all_common().map(|table| &table.schema).collect();
        schemas.sort();
        schemas.dedup();
        schemas
    }

    /// All tables that it may read outside its schema.
    pub fn all_common(&self) -> impl Iterator<Item = &QualifiedTable> {
        self.common.iter().chain(&self.common_write)
    }
}
