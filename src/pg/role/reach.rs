//! Relations outside a store schema, and what the catalogs let the store's role do with them.
//!
//! Asks only; what is tried of it, `attempt` says.

use anyhow::Result;

use super::StoreRole;
use crate::ident::{Ident, QualifiedTable};
use crate::pg::Client;
use crate::pg::failure::ServerResult;
use crate::plan::Grade;
use crate::report::Leak;

/// Names of relations in a sentence, before `… (+7)`.
const NAMED: usize = 5;

/// A relation outside the schema.
pub(super) struct Target {
    pub(super) table: QualifiedTable,
    /// What the catalogs say that the role may do with it: `select`.
    pub(super) may: Vec<String>,
    /// Through what: `role`, `public`, `membership`.
    via: String,
    /// A column to write to, where a write is to be tried.
    pub(super) to_try: Option<Ident>,
    /// Of a sequence, the table that draws from it.
    drawn_by: Option<QualifiedTable>,
}

/// The relations that are worth a word, and how many rights were asked for.
///
/// # Errors
/// The server's error.
pub(super) async fn targets(client: &Client, role: &StoreRole) -> Result<(Vec<Target>, u64)> {
    let sql = include_str!("../sql/isolation_relations.sql");
    let rows = client.query(sql, &[&role.name.raw(), &role.schema.raw(), &role.shared.raw()]).await.server()?;
    let asked = rows.first().map_or(0, |row| row.get::<_, i64>(5).unsigned_abs());
    let target = |row: &tokio_postgres::Row| Target {
        table: QualifiedTable::new(Ident::new(row.get::<_, String>(0)), Ident::new(row.get::<_, String>(1))),
        may: row.get(2),
        via: row.get(3),
        to_try: row.get::<_, Option<String>>(4).map(Ident::new),
        drawn_by: row
            .get::<_, Option<String>>(6)
            .zip(row.get::<_, Option<String>>(7))
            .map(|(schema, table)| QualifiedTable::new(Ident::new(schema), Ident::new(table))),
    };
    Ok((rows.iter().map(target).collect(), asked))
}

/// What the configuration lets the role do with a table outside its schema.
pub(super) fn allowed(role: &StoreRole, table: &QualifiedTable) -> &'static [&'static str] {
    if role.common_write.contains(table) {
        &["select", "insert", "update", "delete"]
    } else if role.common.contains(table) {
        &["select"]
    } else {
        &[]
    }
}

/// What the catalogs let it do, and the configuration does not.
pub(super) fn forbidden<'t>(role: &StoreRole, target: &'t Target) -> Vec<&'t str> {
    let draws = target.drawn_by.as_ref().is_some_and(|table| role.common_write.contains(table));
    let allowed = if draws { &["usage"] } else { allowed(role, &target.table) };
    target.may.iter().map(String::as_str).filter(|right| !allowed.contains(right)).collect()
}

/// What the catalogs let the role do outside its schema: relations of one schema with the same rights in one sentence.
pub(super) fn reachable(role: &StoreRole, targets: &[Target]) -> Vec<Leak> {
    let mut groups: Vec<(&Ident, Vec<&str>, &str, Vec<&QualifiedTable>)> = Vec::new();
    for target in targets {
        let rights = forbidden(role, target);
        if rights.is_empty() {
            continue;
        }
        let schema = &target.table.schema;
        match groups.iter_mut().find(|(of, known, via, _)| *of == schema && *known == rights && *via == target.via) {
            Some((.., tables)) => tables.push(&target.table),
            None => groups.push((schema, rights, &target.via, vec![&target.table])),
        }
    }
    let leak = |(schema, rights, via, tables): (&Ident, Vec<&str>, &str, Vec<&QualifiedTable>)| {
        let rights = rights.join(", ");
        let mut named: Vec<String> = tables.iter().take(NAMED).map(|table| table.raw()).collect();
        if tables.len() > NAMED {
            named.push(format!("… (+{})", tables.len() - NAMED));
        }
        let (through, from) = match via {
            "role" => ("by a grant to it", role.name.to_string()),
            "public" => ("by a grant to everybody (PUBLIC)", "public".to_owned()),
            _ => ("through a role that it is a member of, or as a superuser", String::new()),
        };
        let on = match tables.as_slice() {
            [one] => one.to_string(),
            many => many.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        };
        Leak {
            code: "reachable".into(),
            grade: Grade::Stop,
            object: if tables.len() == 1 { named[0].clone() } else { format!("schema {}", schema.raw()) },
            message: format!("role {} may {} {} {through}", role.name.raw(), rights.to_uppercase(), named.join(", ")),
            remedy: match from.is_empty() {
                true => "-- take the membership or the attribute back that stands among the leaks".to_owned(),
                false => format!("revoke {rights} on {on} from {from}"),
            },
        }
    };
    groups.into_iter().map(leak).collect()
}
