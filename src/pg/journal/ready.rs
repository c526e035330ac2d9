//! Schemas that stand ready: moves without a store, made and proven, until a new store takes one.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio_postgres::types::{Json, ToSql, Type};

use super::moves::{Move, MoveKind, RecordedTemplate, hash_of, move_row, reread, select_with};
use super::record_event;
use crate::ident::Ident;
use crate::manifest::Manifest;
use crate::pg::blueprint::Access;
use crate::pg::client::Client;
use crate::pg::failure::ServerResult;
use crate::pg::registry::NewRow;
use crate::store::Store;
use crate::table::Relation;

/// Which moves stand ready; $1 is the shared schema, $2 what they must be made of.
const FITS: &str = "shared_schema = $1 and kind = 'ready' and stage = 'verified' and ready ->> 'fit' = $2";

/// What of a ready schema its store needs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReadyRecord {
    /// [`fit`] of the files and settings that it was made of.
    pub fit: String,
    /// The catalogs' versions of all that is in it, when it was proven.
    pub versions: String,
    /// The catalogs' versions of the shared tables that the fingerprint is of; empty: not known.
    #[serde(default)]
    pub ground_versions: String,
    /// Its tables: none has rows but for base data, which comes with the store.
    pub tables: Vec<Relation>,
    /// What sets its sequences above the shared ids, as far as they go by then.
    pub raise: Option<String>,
    /// The row that the registry will get, but for the name.
    pub row: NewRow,
}

/// A move that stands ready.
#[derive(Clone, Debug)]
pub struct Ready {
    /// The move.
    pub the_move: Move,
    /// What its store needs.
    pub record: ReadyRecord,
}

/// 32 hex digits over all that is the same for every store: a ready schema of other files serves nobody.
#[must_use]
pub fn fit(manifest: &Manifest, template: &RecordedTemplate, access: &Access, id_headroom: u64) -> String {
    hash_of(&(manifest, template.hash(), &access.owner, &access.readers, id_headroom))
}

/// The oldest one that nobody else is taking, held for the transaction; and the shared schema as [`mark_ready`] was given
/// it. None where none fits.
///
/// # Errors
/// The server's error.
pub async fn hold_ready<G: DeserializeOwned>(client: &Client, shared: &Ident, fit: &str) -> Result<Option<(Ready, G)>> {
    let sql = format!("{} where {FITS} order by id limit 1 for update skip locked", select_with("ready, ready_ground"));
    let held = client.query_typed_opt(&sql, &[(&shared.raw(), Type::TEXT), (&fit, Type::TEXT)]).await.server()?;
    let Some(row) = held else { return Ok(None) };
    let record = row.try_get::<_, Json<ReadyRecord>>("ready").server()?.0;
    let ground = row.try_get::<_, Json<serde_json::Value>>("ready_ground").server()?.0;
    let ground = serde_json::from_value(ground).context("the journal's record of the shared schema")?;
    Ok(Some((Ready { the_move: move_row(&row)?, record }, ground)))
}

/// Those that fit, and the moves that serve nobody: of other files, or left half-made.
///
/// # Errors
/// The server's error.
pub async fn ready_moves(
    client: &Client,
    shared: &Ident,
    fit: &str,
    fingerprint: &str,
) -> Result<(Vec<Ready>, Vec<Move>)> {
    let sql = format!(
        "select id, coalesce({FITS} and ddl_fingerprint = $3, false) from tenantctl.move
         where shared_schema = $1 and kind = 'ready' and stage <> 'abandoned' order by id"
    );
    let (mut fitting, mut others) = (Vec::new(), Vec::new());
    for row in client.query(&sql, &[&shared.raw(), &fit, &fingerprint]).await.server()? {
        let the_move = reread(client, row.get(0)).await?;
        match row.get(1) {
            true => fitting.push(Ready { record: record_of(client, the_move.id).await?, the_move }),
            false => others.push(the_move),
        }
    }
    Ok((fitting, others))
}

async fn record_of(client: &Client, id: i64) -> Result<ReadyRecord> {
    let row = client.query_one("select ready from tenantctl.move where id = $1", &[&id]).await.server()?;
    Ok(row.try_get::<_, Json<ReadyRecord>>(0).server()?.0)
}

/// Says that a verified move stands ready.
///
/// # Errors
/// The server's error.
pub async fn mark_ready(
    client: &Client,
    run: &str,
    the_move: &Move,
    record: &ReadyRecord,
    ground: &impl Serialize,
) -> Result<()> {
    let sql = "update tenantctl.move set ready = $2, ready_ground = $4
               where id = $1 and epoch = $3 and stage = 'verified'";
    client
        .execute(sql, &[&the_move.id, &Json(record), &the_move.epoch, &Json(serde_json::to_value(ground)?)])
        .await
        .server()?;
    let detail = BTreeMap::from([("schema", the_move.store.schema.raw())]);
    record_event(client, run, Some(the_move.id), "ready", &detail).await
}

/// Makes it the move of a new store, in the transaction that holds it and inserts the registry's row.
///
/// # Errors
/// The server's error.
pub async fn take_ready(client: &Client, run: &str, ready: &Move, store: &Store) -> Result<Move> {
    let mut taken = Move { kind: MoveKind::New, run: run.to_owned(), epoch: ready.epoch + 1, ..ready.clone() };
    taken.store = store.clone();
    taken.plan.store = store.clone();
    let sql = "update tenantctl.move
               set store_name = $2, kind = $3, run_id = $4, epoch = $5, plan = $6, ready = null, ready_ground = null
               where id = $1";
    let kind = taken.kind.word();
    let values: [(&(dyn ToSql + Sync), Type); 6] = [
        (&taken.id, Type::INT8),
        (&store.name, Type::TEXT),
        (&kind, Type::TEXT),
        (&run, Type::TEXT),
        (&taken.epoch, Type::INT8),
        (&Json(&taken.plan), Type::JSONB),
    ];
    client.execute_typed(sql, &values).await.server()?;
    record_event(client, run, Some(ready.id), "taken", &BTreeMap::from([("schema", store.schema.raw())])).await?;
    Ok(taken)
}
