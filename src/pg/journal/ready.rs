//! Schemas that stand ready: moves without a store, made and proven, until a new store takes one.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use tokio_postgres::types::Json;
use tokio_postgres::{Client, GenericClient};

use super::moves::{Move, MoveKind, RecordedTemplate, SELECT, hash_of, move_row, reread};
use super::record_event;
use crate::ident::Ident;
use crate::manifest::Manifest;
use crate::pg::blueprint::Access;
use crate::pg::failure::ServerResult;
use crate::pg::ground::RecordedGround;
use crate::pg::registry::NewRow;
use crate::store::Store;
use crate::table::Relation;

/// What a ready schema was made of.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReadyRecord {
    /// [`fit`] of the files and settings.
    pub fit: String,
    /// Row versions of all that is in it, when it was proven.
    pub versions: String,
    /// Its tables: none has rows but for base data, which comes with the store.
    pub tables: Vec<Relation>,
    /// The row that the registry will get, but for the name.
    pub row: NewRow,
    /// The shared schema as it was then.
    pub ground: RecordedGround,
}

/// A move that stands ready, with what it was made of.
#[derive(Clone, Debug)]
pub struct Ready {
    /// The move.
    pub the_move: Move,
    /// What it was made of.
    pub record: ReadyRecord,
}

/// 32 hex digits over all that is the same for every store: a ready schema of other files serves nobody.
#[must_use]
pub fn fit(manifest: &Manifest, template: &RecordedTemplate, access: &Access) -> String {
    hash_of(&(manifest, template.hash(), &access.owner, &access.readers))
}

/// Whether any stands ready, and its record: the oldest one's.
///
/// # Errors
/// The server's error.
pub async fn ready_for(client: &impl GenericClient, shared: &Ident, fit: &str) -> Result<Option<ReadyRecord>> {
    let sql = "select ready from tenantctl.move
               where shared_schema = $1 and kind = 'ready' and stage = 'verified' and ready ->> 'fit' = $2
               order by id limit 1";
    let row = client.query_opt(sql, &[&shared.raw(), &fit]).await.server()?;
    Ok(row.map(|row| row.try_get::<_, Json<ReadyRecord>>(0).server()).transpose()?.map(|Json(record)| record))
}

/// The oldest one that nobody else is taking, held for the transaction.
///
/// # Errors
/// The server's error.
pub async fn hold_ready(client: &impl GenericClient, shared: &Ident, fit: &str) -> Result<Option<Ready>> {
    let of = "select id, ready from tenantctl.move
              where shared_schema = $1 and kind = 'ready' and stage = 'verified' and ready ->> 'fit' = $2
              order by id limit 1";
    let of = format!("{of} for update skip locked");
    let Some(row) = client.query_opt(&of, &[&shared.raw(), &fit]).await.server()? else { return Ok(None) };
    let Json(record) = row.try_get(1).server()?;
    let of_move = client.query_one(&format!("{SELECT} where id = $1"), &[&row.get::<_, i64>(0)]).await.server()?;
    Ok(Some(Ready { the_move: move_row(&of_move)?, record }))
}

/// How many fit, and those that serve nobody: of other files, or left half-made.
///
/// # Errors
/// The server's error.
pub async fn ready_moves(client: &Client, shared: &Ident, fit: &str, fingerprint: &str) -> Result<(Vec<Move>, Vec<Move>)> {
    let sql = "select id, coalesce(ready ->> 'fit' = $2 and ddl_fingerprint = $3 and stage = 'verified', false)
               from tenantctl.move where shared_schema = $1 and kind = 'ready' and stage <> 'abandoned' order by id";
    let (mut fitting, mut others) = (Vec::new(), Vec::new());
    for row in client.query(sql, &[&shared.raw(), &fit, &fingerprint]).await.server()? {
        let of = if row.get(1) { &mut fitting } else { &mut others };
        of.push(reread(client, row.get(0)).await?);
    }
    Ok((fitting, others))
}

/// Says that a verified move stands ready.
///
/// # Errors
/// The server's error.
pub async fn mark_ready(client: &impl GenericClient, run: &str, the_move: &Move, record: &ReadyRecord) -> Result<()> {
    let sql = "update tenantctl.move set ready = $2 where id = $1 and epoch = $3 and stage = 'verified'";
    client.execute(sql, &[&the_move.id, &Json(record), &the_move.epoch]).await.server()?;
    let detail = BTreeMap::from([("schema", the_move.store.schema.raw())]);
    record_event(client, run, Some(the_move.id), "ready", &detail).await
}

/// Makes it the move of a new store, in the transaction that inserts the registry's row.
///
/// # Errors
/// The server's error.
pub async fn take_ready(client: &impl GenericClient, run: &str, ready: &Move, store: &Store) -> Result<Move> {
    let mut plan = ready.plan.clone();
    plan.store = store.clone();
    let sql = "update tenantctl.move
               set store_name = $2, kind = $3, run_id = $4, epoch = epoch + 1, plan = $5, ready = null where id = $1";
    let kind = MoveKind::New.word();
    client.execute(sql, &[&ready.id, &store.name, &kind, &run, &Json(&plan)]).await.server()?;
    record_event(client, run, Some(ready.id), "taken", &BTreeMap::from([("schema", store.schema.raw())])).await?;
    let row = client.query_one(&format!("{SELECT} where id = $1"), &[&ready.id]).await.server()?;
    move_row(&row)
}
