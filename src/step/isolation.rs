//! Tries to get out of a store schema as the store's role, and asks the catalogs what leads out of it.
//!
//! Changes nothing: what is tried is rolled back. Whether the store's rows are right, `verify` says.

use std::path::Path;

use anyhow::{Result, bail};

use super::Means;
use super::role::{commanded, not_configured, role_of};
use crate::config::RolePassword;
use crate::error::Refusal;
use crate::ident::{Ident, QualifiedTable};
use crate::pg::role::{self, Around};
use crate::pg::session::Known;
use crate::plan::Grade;
use crate::report::{Isolation, Leak};
use crate::store::Store;

/// What one store's look at its isolation is made with.
pub struct Question<'a> {
    /// The shared schema.
    pub shared: &'a Ident,
    /// The shared tables.
    pub shared_tables: &'a [Ident],
    /// The roles of all stores.
    pub store_roles: &'a [Ident],
    /// `--password-file`.
    pub password_file: Option<&'a Path>,
    /// When, RFC 3339.
    pub at: String,
}

/// Looks at one store.
///
/// # Errors
/// A refusal where it has no role, or with exit code 5 where nobody here can act as it; the server's error.
pub async fn look(means: &Means<'_>, store: &Store, move_id: i64, question: Question<'_>) -> Result<Isolation> {
    means.sessions.check()?;
    let Some(mut of) = role_of(means, question.shared, store)? else { bail!(not_configured()) };
    let reader = means.sessions.reader().await?;
    let made = role::made_for(&reader, move_id).await?;
    if let Some((name, _)) = &made {
        of.name = name.clone();
    }
    let facts = role::facts_of(&reader, &of.name).await?;
    let (Some(facts), Some((_, oid))) = (facts, made) else {
        bail!(
            Refusal::new(format!("store {} has no role of ours", store.key))
                .hint(format!("`tenantctl role --store {} --make` makes it", store.key))
        );
    };
    if oid != facts.oid {
        bail!(role::not_ours(&of.name, &facts));
    }
    let around = Around { shared_tables: question.shared_tables.to_vec(), store_roles: question.store_roles.to_vec() };
    let mut leaks = role::leaks(&reader, &of, &around).await?;
    drop(reader);
    let known = match (question.password_file, means.role.as_ref().map(|settings| &settings.password)) {
        (Some(path), _) => Known::File(path.to_owned()),
        (None, Some(RolePassword::Command(_))) if facts.can_login => match commanded(means, &of, store).await? {
            Some(password) => Known::Password(password),
            None => Known::Nothing,
        },
        _ => Known::Nothing,
    };
    let tried = role::try_all(means.sessions, &of, facts.can_login, &known, question.store_roles).await?;
    for leak in tried.leaks {
        // A role that it is a member of is told once.
        let is_known = |known: &Leak| known.code == leak.code && known.object == leak.object;
        if leak.code != "membership" || !leaks.iter().any(is_known) {
            leaks.push(leak);
        }
    }
    leaks.sort_by_key(|leak| leak.grade == Grade::Note); // stable: leaks first
    let common = |tables: &[QualifiedTable], rights: &str| -> Vec<String> {
        tables.iter().map(|table| format!("{}: {rights}", table.raw())).collect()
    };
    Ok(Isolation {
        role: of.name.raw().to_owned(),
        way: tried.way,
        way_reason: tried.way_reason,
        at: question.at,
        attempts: tried.attempts,
        rights_asked: tried.rights_asked,
        rights_denied: tried.rights_denied,
        common: [common(&of.common, "select"), common(&of.common_write, "select, insert, update, delete")].concat(),
        leaks,
    })
}
