//! The role of each store: made with its schema, shown, given a password, taken back.
//!
//! A role is a resource of the store's move, so `abandon` drops it with the schema. A rehearsal makes none, and a ready schema gets one with its store.

use anyhow::{Result, bail};

use super::Means;
use crate::config::RolePassword;
use crate::conninfo::Secret;
use crate::error::{Exit, Refusal};
use crate::ident::Ident;
use crate::pg::journal::{Move, record_event};
use crate::pg::role::{self, RoleFacts, StoreRole, Verifier};
use crate::pg::unit::Unit;
use crate::pg::{Client, Transaction};
use crate::plan::Finding;
use crate::report::RoleReport;
use crate::store::Store;

/// The role that a store shall have; none where no roles are configured.
///
/// # Errors
/// A refusal where the pattern gives no usable name.
pub fn role_of(means: &Means<'_>, shared: &Ident, store: &Store) -> Result<Option<StoreRole>, Refusal> {
    let Some(settings) = &means.role else { return Ok(None) };
    let database = &means.sessions.facts().database;
    Ok(Some(StoreRole {
        name: settings.name.role_name(store, database)?,
        schema: store.schema.clone(),
        shared: shared.clone(),
        database: Ident::new(database),
        login: settings.login,
        connection_limit: settings.connection_limit,
        common: settings.common.clone(),
        common_write: settings.common_write.clone(),
        owner: means.access.owner.clone(),
    }))
}

/// What would keep the store's role from being made.
///
/// # Errors
/// The server's error.
pub async fn findings(means: &Means<'_>, client: &Client, shared: &Ident, store: &Store) -> Result<Vec<Finding>> {
    let Some(of) = role_of(means, shared, store)? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for (lack, grant) in role::missing_rights(client, &of.common, &of.common_write).await? {
        found.push(Finding::stop("right_missing", lack).hint(grant)); // of all stores, so it is told once
    }
    if let Some(facts) = role::facts_of(client, &of.name).await? {
        let refusal = role::not_ours(&of.name, &facts);
        let message = match refusal.because {
            Some(because) => format!("{}; {because}", refusal.message),
            None => refusal.message,
        };
        let mut finding = Finding::stop("role_exists", message).store(&store.key);
        finding.hint = refusal.hint;
        found.push(finding);
    }
    Ok(found)
}

/// Makes the role in the transaction that makes the schema. A password that somebody shall see is not made here: nobody
/// would see it.
pub(super) async fn made_with_schema(means: &Means<'_>, transaction: &Transaction<'_>, the_move: &Move) -> Result<()> {
    if !the_move.kind.is_switched_at_last() {
        return Ok(());
    }
    let Some(of) = role_of(means, &the_move.shared_schema, &the_move.store)? else { return Ok(()) };
    let verifier = commanded(means, &of, &the_move.store).await?.as_ref().map(Verifier::of);
    role::make(transaction, the_move.id, &of, verifier.as_ref()).await
}

/// The password that the configured command prints; none where there is no command.
///
/// # Errors
/// The command's own.
pub async fn commanded(means: &Means<'_>, of: &StoreRole, store: &Store) -> Result<Option<Secret>> {
    let Some(RolePassword::Command(command)) = means.role.as_ref().map(|settings| settings.password.clone()) else {
        return Ok(None);
    };
    let (key, schema, name) = (store.key.text().to_owned(), store.schema.raw().to_owned(), of.name.raw().to_owned());
    let run = move || {
        command.password(&[("TENANTCTL_STORE", &key), ("TENANTCTL_SCHEMA", &schema), ("TENANTCTL_ROLE", &name)])
    };
    Ok(Some(tokio::task::spawn_blocking(run).await??))
}

/// What shall be done with a role.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Deed {
    /// Made, or given anew what it may have.
    Make,
    /// Given a new password.
    Rotate,
    /// Its login, password and rights taken back; it stays.
    Revoke,
}

impl Deed {
    fn word(self) -> &'static str {
        match self {
            Self::Make => "made",
            Self::Rotate => "rotated",
            Self::Revoke => "revoked",
        }
    }
}

/// Does it. With the report comes the new password, where one was made or asked for from a command.
///
/// # Errors
/// A refusal, or the server's error; then nothing was changed.
pub async fn perform(
    means: &Means<'_>,
    the_move: &Move,
    deed: Deed,
    will_be_seen: bool,
) -> Result<(RoleReport, Option<Secret>)> {
    let store = &the_move.store;
    let Some(of) = role_of(means, &the_move.shared_schema, store)? else { bail!(not_configured()) };
    let mut session = means.sessions.writer().await?;
    let ours = role::made_for(&session, the_move.id).await?;
    let name = match (&ours, deed) {
        (Some((name, _)), Deed::Make) if *name != of.name => bail!(
            Refusal::new(format!("store {} has role {} already", store.key, name.raw()))
                .because(format!("[role] name gives {}", of.name.raw()))
                .hint(format!("alter role {name} rename to {}; or change [role] name back", of.name))
        ),
        (Some((name, _)), _) => name.clone(),
        (None, Deed::Make) => of.name.clone(),
        (None, _) => bail!(
            Refusal::new(format!("store {} has no role of ours", store.key))
                .hint(format!("`tenantctl role --store {} --make` makes it", store.key))
        ),
    };
    let password = match (deed, means.role.as_ref().map(|settings| &settings.password)) {
        (Deed::Make | Deed::Rotate, Some(RolePassword::Command(_))) => commanded(means, &of, store).await?,
        (Deed::Make | Deed::Rotate, Some(RolePassword::Generate)) if will_be_seen => Some(role::generated()?),
        (Deed::Rotate, Some(RolePassword::Generate)) => bail!(
            Refusal::new("nobody would see the new password")
                .because("the server keeps its verifier only, and tenantctl keeps nothing")
                .hint("give --show-password, or --password-file FILE")
        ),
        (Deed::Rotate, _) => bail!(
            Refusal::new(format!("role {} has no password that could be rotated", of.name.raw()))
                .hint("write [role] login = true, and password = \"generate\" or a password_command")
        ),
        _ => None,
    };
    let verifier = password.as_ref().map(Verifier::of);
    let unit = Unit::begin(&mut session, the_move.id, the_move.epoch).await?;
    match deed {
        Deed::Make => role::make(unit.transaction(), the_move.id, &of, verifier.as_ref()).await?,
        Deed::Rotate => {
            if let Some(verifier) = &verifier {
                role::set_password(unit.transaction(), &name, verifier).await?;
            }
        }
        Deed::Revoke => role::revoke(unit.transaction(), &name).await?,
    }
    let detail = std::collections::BTreeMap::from([("role", name.raw())]);
    let kind = format!("role_{}", deed.word());
    record_event(unit.transaction(), means.run, Some(the_move.id), &kind, &detail).await?;
    unit.commit(means.observer, None).await?;
    let ended = match deed {
        Deed::Revoke => Some(role::end_sessions(means.sessions, &name).await?),
        _ => None,
    };
    let facts = role::facts_of(&session, &name).await?;
    let mut report = role_report(store, &name, true, facts);
    report.deed = Some(deed.word().to_owned());
    report.ended_sessions = ended.map(|(ended, _)| ended);
    report.left_sessions = ended.map(|(_, left)| left).filter(|left| *left > 0);
    Ok((report, password))
}

/// The role of a store as it is. `move_id` is that of its move, if it has one.
///
/// # Errors
/// A refusal where no roles are configured; the server's error.
pub async fn show(means: &Means<'_>, shared: &Ident, store: &Store, move_id: Option<i64>) -> Result<RoleReport> {
    let Some(of) = role_of(means, shared, store)? else { bail!(not_configured()) };
    let reader = means.sessions.reader().await?;
    let ours = match move_id {
        Some(id) => role::made_for(&reader, id).await?,
        None => None,
    };
    let name = ours.as_ref().map_or(&of.name, |(name, _)| name);
    let facts = role::facts_of(&reader, name).await?;
    let is_ours = ours.as_ref().zip(facts.as_ref()).is_some_and(|((_, oid), facts)| *oid == facts.oid);
    Ok(role_report(store, name, is_ours, facts))
}

/// No `[role]` stands in the configuration.
#[must_use]
pub fn not_configured() -> Refusal {
    Refusal::new("no role is configured").hint("write [role] name = \"{schema}\"; config.example.toml shows every key")
}

/// A store whose schema nobody has made has no place for a role.
#[must_use]
pub fn no_schema(store: &Store) -> Refusal {
    Refusal::new(format!("store {} has no schema of ours yet", store.key))
        .hint(format!("`tenantctl create --store {}` makes schema and role", store.key))
        .exit(Exit::Refused)
}

fn role_report(store: &Store, name: &Ident, is_ours: bool, facts: Option<RoleFacts>) -> RoleReport {
    let state = match &facts {
        None => "none",
        Some(_) if !is_ours => "foreign",
        Some(facts) if facts.grants.is_empty() => "revoked",
        Some(_) => "made",
    };
    let mut report = RoleReport {
        store: store.key.text().to_owned(),
        name: store.name.clone(),
        schema: store.schema.raw().to_owned(),
        role: name.raw().to_owned(),
        state: state.to_owned(),
        deed: None,
        can_login: false,
        has_password: None,
        connection_limit: None,
        session_count: 0,
        search_path: None,
        members: Vec::new(),
        memberships: Vec::new(),
        grants: Vec::new(),
        ended_sessions: None,
        left_sessions: None,
        password: None,
        error: None,
    };
    if let Some(facts) = facts {
        report.can_login = facts.can_login;
        report.has_password = facts.has_password;
        report.connection_limit = u32::try_from(facts.connection_limit).ok();
        report.session_count = facts.session_count.unsigned_abs();
        report.search_path = facts.search_path;
        report.members = facts.members;
        report.memberships = facts.memberships;
        report.grants = facts.grants;
    }
    report
}
