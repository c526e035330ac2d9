//! Moves as lists need them: which store, how far, whose. Without plan, template and blueprint a move takes some hundred
//! bytes instead of 0.3 MiB; who works on a store reads the whole move.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use tokio_postgres::Row;
use tokio_postgres::types::Json;

use super::moves::MoveKind;
use crate::ident::Ident;
use crate::pg::client::Client;
use crate::pg::failure::ServerResult;
use crate::stage::Stage;
use crate::store::{KeyType, Store, StoreKey};

/// A move in a list.
#[derive(Clone, Debug)]
pub struct MoveLine {
    /// Its id.
    pub id: i64,
    /// The store.
    pub store: Store,
    /// The shared schema.
    pub shared_schema: Ident,
    /// Rows or none.
    pub kind: MoveKind,
    /// How far it is.
    pub stage: Stage,
    /// The last run that worked on it.
    pub run: String,
}

const SELECT: &str = "select id, shared_schema, store_key, store_name, store_schema, kind, stage, run_id, key_type
    from tenantctl.move";

fn move_line(row: &Row) -> Result<MoveLine> {
    let Json(key_type): Json<KeyType> = row.try_get(8).server()?;
    let key = StoreKey::parse(row.get(2), &key_type)?;
    let stage: &str = row.get(6);
    let Some(stage) = Stage::of_word(stage) else { bail!("the journal has an unknown stage `{stage}`") };
    Ok(MoveLine {
        id: row.get(0),
        shared_schema: Ident::new(row.get::<_, String>(1)),
        store: Store { key, name: row.get(3), schema: Ident::new(row.get::<_, String>(4)) },
        kind: MoveKind::of_word(row.get(5)),
        stage,
        run: row.get(7),
    })
}

/// All live moves of a shared schema, without rehearsals and ready schemas.
///
/// # Errors
/// The server's error.
pub async fn live_moves(client: &Client, shared_schema: &Ident) -> Result<Vec<MoveLine>> {
    let sql =
        format!("{SELECT} where shared_schema = $1 and stage <> 'abandoned' and kind in ('move', 'new') order by id");
    client.query(&sql, &[&shared_schema.raw()]).await.server()?.iter().map(move_line).collect()
}

/// All moves of all shared schemas, abandoned ones too.
///
/// # Errors
/// The server's error.
pub async fn all_moves(client: &Client) -> Result<Vec<MoveLine>> {
    client.query(&format!("{SELECT} order by id"), &[]).await.server()?.iter().map(move_line).collect()
}

/// The moves that each run worked on, by its id.
///
/// # Errors
/// The server's error.
pub async fn moves_by_run(client: &Client) -> Result<BTreeMap<String, BTreeSet<i64>>> {
    let sql = "select run_id, move_id from tenantctl.event where move_id is not null group by 1, 2
               union select run_id, id from tenantctl.move";
    let mut by_run = BTreeMap::<String, BTreeSet<i64>>::new();
    for row in client.query(sql, &[]).await.server()? {
        by_run.entry(row.get(0)).or_default().insert(row.get(1));
    }
    Ok(by_run)
}
