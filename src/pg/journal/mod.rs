//! The journal: what was done to which store, kept in the database of the store schemas.
//!
//! `runs` one row per invocation · `moves` one row per store and its stages, `lines` the same for lists · `records` tables,
//! checks, events, and what was made · `registered` a move with the registry's row · `parts` what is loaded of a big table · `measures` what runs took · `validations` what the
//! probes saw · `new_stores` the newest of them · `clones` what a store began with that is a copy of another · `ready` schemas for stores to come · `alerts` what is amiss. The rows of a
//! step are written in the step's own transaction, never by an observer.

mod alerts;
mod clones;
mod lines;
mod measures;
mod moves;
mod new_stores;
mod parts;
mod ready;
mod receipts;
mod records;
mod registered;
mod runs;
mod validations;

pub use alerts::{AlertLook, alert_look, alert_states, record_alert_states, watch_alone};
pub use clones::{Cloned, ClonedTable, cloned_of, record_cloned};
pub use lines::{MoveLine, all_moves, live_moves, moves_by_run};
pub use measures::{
    backup_of, forecast_of, isolation_of, load_rate, measured, newest_structure, record_backup, record_forecast,
    record_isolation, record_measured, record_rehearsal, rehearsal_of,
};
pub use moves::{
    Move, MoveKind, NewMove, RecordedTemplate, begin, check_home, live_move, live_rehearsal, proven_versions,
    read_move, record_base_digests, record_proven, record_registry_before, record_samples, record_switch, reread,
    take_over,
};
pub use new_stores::newest_new_store;
pub use parts::{Part, forget_parts, parts_of, record_emptied, record_part};
pub use ready::{Ready, ReadyRecord, SharedSide, fit, hold_ready, mark_ready, of_claim, ready_moves, take_ready};
pub use receipts::{Begun, Copied, Created, Planned, Receipt, Switched, Validated, Verified};
pub use records::{
    Resource, ResourceState, TableRun, checks_of, forget_checks, forget_tables, keep_tables, record_check,
    record_event, record_resource, record_table, record_verdict, resources_of, rows_loaded, rows_loaded_by_table,
    table_runs_of,
};
pub use registered::begin_registered;
pub use runs::{
    NewRun, Paused, RecordedErrand, RunRow, begin_run, end_run, is_at_work, pause_run, paused_of, run_of, runs,
    runs_not_done, unpause_run,
};
pub use validations::{Clock, record_validation, validation_of};

use anyhow::{Result, bail};

use super::failure::ServerResult;
use super::session::Session;
use crate::error::Refusal;
use crate::ident::Literal;
use crate::pg::client::Client;

/// The journal as it was first, and what later versions add to it, each a step of its own.
const DDL: &str = include_str!("../sql/journal.sql");
const STEPS: &[(i32, &str)] = &[(2, include_str!("../sql/journal_2.sql")), (3, include_str!("../sql/journal_3.sql"))];

/// The version that this build writes. It reads older ones as they are.
const VERSION: i32 = STEPS[STEPS.len() - 1].0;

/// Whether there is a journal. Reading commands never make one.
///
/// # Errors
/// A refusal where its version is another, or the server's error.
pub async fn exists(client: &Client) -> Result<bool> {
    Ok(version(client).await?.is_some())
}

/// Whether there is one, of the version that this build writes.
///
/// # Errors
/// As [`exists`].
pub async fn is_current(client: &Client) -> Result<bool> {
    Ok(version(client).await? == Some(VERSION))
}

/// None where there is no journal.
async fn version(client: &Client) -> Result<Option<i32>> {
    let there: bool =
        client.query_one("select to_regclass('tenantctl.journal_version') is not null", &[]).await.server()?.get(0);
    if !there {
        return Ok(None);
    }
    let version: Option<i32> =
        client.query_one("select max(version) from tenantctl.journal_version", &[]).await.server()?.get(0);
    match version {
        Some(known @ 1..=VERSION) => Ok(Some(known)),
        other => bail!(
            Refusal::new(format!("the journal has version {}; this tenantctl knows {VERSION}", other.unwrap_or(0)))
                .hint("use the tenantctl that wrote it, or a newer one")
        ),
    }
}

/// Makes the journal where there is none, and brings an older one up to this version.
///
/// # Errors
/// The server's error, such as a missing right to create a schema.
pub async fn ensure(session: &mut Session) -> Result<()> {
    if version(session).await? == Some(VERSION) {
        return Ok(());
    }
    let transaction = session.transaction().await.server()?;
    // Two first runs at the same time: the second waits here and then finds the journal made.
    transaction
        .batch_execute("select pg_catalog.pg_advisory_xact_lock(hashtext('tenantctl.journal'))")
        .await
        .server()?;
    // From the table itself: what `to_regclass` remembers may be from before the wait.
    let sql =
        "select exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
               where n.nspname = 'tenantctl' and c.relname = 'journal_version')";
    let there: bool = transaction.query_one(sql, &[]).await.server()?.get(0);
    let tool_version = Literal::text(env!("CARGO_PKG_VERSION")).to_string();
    if !there {
        transaction.batch_execute(&DDL.replace("'{{tool_version}}'", &tool_version)).await.server()?;
    }
    for (number, step) in STEPS {
        let sql = "select not exists (select from tenantctl.journal_version where version = $1)";
        if transaction.query_one(sql, &[number]).await.server()?.get(0) {
            transaction.batch_execute(&step.replace("'{{tool_version}}'", &tool_version)).await.server()?;
        }
    }
    transaction.commit().await.server()?;
    match version(session).await? {
        Some(VERSION) => Ok(()),
        _ => bail!("the journal could not be made"),
    }
}
