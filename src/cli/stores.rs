//! `stores`: the stores of the registry, and how far each one is.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Globals;
use super::open::{self, Opened};
use super::output::{Page, now};
use crate::conninfo::Environment;
use crate::error::Exit;
use crate::pg::catalog;
use crate::pg::journal;
use crate::report::{Report, StoreLine};
use crate::step::plan::store_of;

/// List the stores: key, name, schema, stage, rows, size
#[derive(clap::Args, Debug)]
pub(crate) struct StoresArgs {}

pub(super) async fn run(globals: &Globals, env: &Environment, _args: &StoresArgs) -> Result<Page> {
    let started = now();
    let opened = Opened::open(globals, env, 1).await?;
    let reader = opened.sessions.reader().await?;
    let ground = opened.ground(&reader).await?;
    let registry = opened.registry(&ground);
    let moves = open::moves(&reader, &ground).await?;
    let sizes: BTreeMap<String, u64> = catalog::schema_sizes(&reader).await?;
    let loaded = if moves.is_empty() { BTreeMap::new() } else { journal::rows_loaded(&reader).await? };
    let mut report = Report::new("stores", None, started);
    report.database = Some(opened.database());
    for row in registry.stores(&reader).await? {
        let live = moves.iter().find(|of| of.store.key == row.key);
        let schema = match live {
            Some(live) => live.store.schema.raw().to_owned(),
            None => store_of(&opened.store_schema, &row).map(|store| store.schema.raw().to_owned()).unwrap_or_default(),
        };
        report.store_list.push(StoreLine {
            store: row.key.text().to_owned(),
            name: row.name,
            stage: live.map_or_else(|| "none".to_owned(), |live| live.stage.word().to_owned()),
            in_all: row.in_all,
            row_count: live.and_then(|live| loaded.get(&live.id).copied()),
            bytes: live.and_then(|_| sizes.get(&schema).copied()),
            schema,
        });
    }
    let options = opened.page_options();
    drop(reader);
    drop(registry);
    drop(opened);
    Ok(Page { report: report.end(Exit::Done, now()), options })
}
