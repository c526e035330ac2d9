//! `create --new --register`: which row the registry shall get, or that an earlier run of the same command made it.

use anyhow::{Result, bail};

use super::StoreArgs;
use super::open::{self, Chosen, Opened};
use crate::error::Refusal;
use crate::pg::ground::Ground;
use crate::pg::journal::MoveKind;
use crate::pg::registry::{NewRow, Registry, RegistryRow, name_taken};
use crate::store::{KeyType, StoreKey};

/// The store to make, and its row where there is none yet.
///
/// # Errors
/// A refusal where another store has the key, or a finished one the name; the server's error.
pub(super) async fn choose(
    opened: &Opened,
    ground: &Ground,
    registry: &Registry<'_>,
    name: &str,
    args: &StoreArgs,
) -> Result<(Chosen, Option<NewRow>)> {
    let key = key_of(args, &ground.key_type)?;
    let (config, _) = registry.named()?;
    let table = config.table.raw();
    let reader = opened.sessions.reader().await?;
    let rows = registry.stores(&reader).await?;
    let chosen = |row: &RegistryRow| Chosen { rows: vec![row.clone()], left_out: Vec::new() };
    match &key {
        Some(key) => {
            if let Some(row) = rows.iter().find(|row| row.key == *key) {
                if row.name.as_deref() != Some(name) {
                    bail!(
                        Refusal::new(format!(
                            "store {key} is in the registry {table} as {}",
                            row.name.as_deref().unwrap_or("one without a name")
                        ))
                        .hint("leave --register out to make its schema, or name another key")
                    );
                }
                return Ok((chosen(row), None)); // an earlier run of the same command
            }
        }
        None => {
            let moves = open::moves(&reader, ground).await?;
            let begun = |row: &&RegistryRow| {
                let is_begun = |of: &crate::pg::journal::MoveLine| {
                    of.store.key == row.key && of.kind == MoveKind::New && !of.stage.is_switched()
                };
                moves.iter().any(is_begun)
            };
            let mut named = rows.iter().filter(|row| row.name.as_deref() == Some(name)).peekable();
            if named.peek().is_some() {
                return match named.find(begun) {
                    Some(row) => Ok((chosen(row), None)),
                    None => bail!(name_taken(name, &table)),
                };
            }
        }
    }
    drop(reader);
    let writer = opened.sessions.writer().await?;
    let new_row = registry.draft(&writer, name, key.as_ref()).await?;
    Ok((chosen(&new_row.row), Some(new_row)))
}

/// The one key that is named, if any.
fn key_of(args: &StoreArgs, key_type: &KeyType) -> Result<Option<StoreKey>> {
    if args.all || args.stores_from.is_some() || !args.except.is_empty() || args.store.len() > 1 {
        bail!(
            Refusal::new("--register makes one store")
                .hint("give its name, and --store KEY where the registry gives no key by itself")
        );
    }
    Ok(args.store.first().map(|text| StoreKey::parse(text, key_type)).transpose()?)
}
