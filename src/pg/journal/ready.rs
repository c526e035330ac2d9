//! Schemas that stand ready: moves without a store, made and proven, until a new store takes one.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use tokio_postgres::types::{Json, ToSql, Type};

use super::moves::{Design, Move, MoveKind, RecordedTemplate, hash_of, move_row, read_move, select_without_design};
use super::record_event;
use crate::ident::{Ident, Literal, QualifiedTable};
use crate::manifest::Manifest;
use crate::pg::blueprint::Access;
use crate::pg::client::Client;
use crate::pg::failure::ServerResult;
use crate::pg::registry::NewRow;
use crate::pg::rows::Counting;
use crate::pg::sequence::Later;
use crate::report::SwitchEvidence;
use crate::store::{KeyType, Store};
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
    /// How its sequences are set above the shared ids, as far as those go by then.
    pub to_raise: Option<Later>,
    /// The row that the registry will get, but for the name.
    pub row: NewRow,
    /// What is asked of the shared schema.
    pub shared: SharedSide,
}

/// What a claim asks of the shared schema: of use only where its tables are still what they were.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SharedSide {
    /// The tenant column's type.
    pub key_type: KeyType,
    /// Tables with a tenant column of their own.
    pub keyed_tables: Vec<(QualifiedTable, Ident)>,
    /// How the rows of its store are counted in each listed table.
    pub countings: Vec<Counting>,
}

/// A move that stands ready.
#[derive(Clone, Debug)]
pub struct Ready {
    /// The move.
    pub the_move: Move,
    /// What its store needs.
    pub record: ReadyRecord,
}

/// Another number makes the records of older versions of this program fit nothing, so that their schemas are made anew.
const FORM: u32 = 2;

/// 32 hex digits over all that is the same for every store: a ready schema of other files serves nobody.
#[must_use]
pub fn fit(manifest: &Manifest, template: &RecordedTemplate, access: &Access, id_headroom: u64) -> String {
    hash_of(&(FORM, manifest, template.hash(), &access.owner, &access.readers, id_headroom))
}

/// The oldest one that nobody else is taking, held for the transaction. None where none fits.
///
/// # Errors
/// The server's error.
pub async fn hold_ready(
    client: &Client,
    fit: &str,
    manifest: &Manifest,
    template: &RecordedTemplate,
) -> Result<Option<Ready>> {
    let shared = &manifest.shared_schema;
    // What it was planned with is what fits; only its plan is its own.
    let sql =
        format!("{} where {FITS} order by id limit 1 for update skip locked", select_without_design(", plan, ready"));
    let held = client.query_typed_opt(&sql, &[(&shared.raw(), Type::TEXT), (&fit, Type::TEXT)]).await.server()?;
    let Some(row) = held else { return Ok(None) };
    let record = row.try_get::<_, Json<ReadyRecord>>("ready").server()?.0;
    let design = Design {
        plan: row.try_get::<_, Json<_>>("plan").server()?.0,
        manifest: manifest.clone(),
        template: Arc::new(template.clone()),
        blueprint: Arc::default(),
    };
    Ok(Some(Ready { the_move: move_row(&row, Some(design))?, record }))
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
        let the_move = read_move(client, row.get(0)).await?;
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
pub async fn mark_ready(client: &Client, run: &str, the_move: &Move, record: &ReadyRecord) -> Result<()> {
    let sql = "update tenantctl.move set ready = $2 where id = $1 and epoch = $3 and stage = 'verified'";
    client.execute(sql, &[&the_move.id, &Json(record), &the_move.epoch]).await.server()?;
    let detail = BTreeMap::from([("schema", the_move.store.schema.raw())]);
    record_event(client, run, Some(the_move.id), "ready", &detail).await
}

/// What [`Move::advance`] sets for a claim besides the stage.
///
/// # Errors
/// None in practice: what cannot be written as JSON.
pub fn of_claim(base_digests: &BTreeMap<String, String>, switch: &SwitchEvidence) -> Result<[String; 2]> {
    let set = |column, value| format!("{column} = {}", Literal::cast(value, "jsonb"));
    Ok([set("base_digests", serde_json::to_string(base_digests)?), set("switch", serde_json::to_string(switch)?)])
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
               set store_name = $2, kind = $3, run_id = $4, epoch = $5, plan = $6, ready = null
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
