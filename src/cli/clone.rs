//! `clone`: `create --new` with the rows of another store's schema in place of base data.

use anyhow::{Result, bail};

use super::output::Page;
use super::pace::Pace;
use super::road::{self, Errand, How};
use super::{Globals, StoreArgs};
use crate::conninfo::Environment;
use crate::error::Refusal;
use crate::fleet::road::Until;
use crate::pg::journal::{Move, MoveKind};
use crate::pg::registry::RegistryRow;
use crate::stage::Stage;
use crate::store::{KeyType, StoreKey};

/// Begin a new store as a copy of another store's schema
///
/// Schema from the template, role, every row of the other store with the new store's key in its place, keys, sequences,
/// proof, switch, probes of the application. The other store's schema and the shared one are only read. Tables that the
/// manifest does not list are as the template makes them; base data is left out. The same command goes on where an earlier
/// run ended.
#[derive(clap::Args, Debug)]
pub(crate) struct CloneArgs {
    /// The store to copy: its application works in its own schema
    #[arg(short, long, value_name = "KEY")]
    store: String,
    /// The new store: it has a row in the registry, and no rows in the shared schema
    #[arg(long, value_name = "KEY")]
    to: String,
    /// Leave the application unasked: no probe after the switch
    #[arg(long)]
    no_validate: bool,
    /// Go on with the recorded manifest and template where today's files differ
    #[arg(long)]
    use_recorded: bool,
    #[command(flatten)]
    pace: Pace,
}

pub(super) async fn run(globals: &Globals, env: &Environment, line: &str, args: &CloneArgs) -> Result<Page> {
    let stage = if args.no_validate { Stage::Switched } else { Stage::Validated };
    let errand = Errand {
        command: "clone",
        until: Until { stage, by_hand: false, insists: false },
        kind: MoveKind::New,
        from: None,
        how: How { use_recorded: args.use_recorded, ..How::default() },
        pace: args.pace,
        ask: false,
        median: None,
        register: None,
        clone_of: Some(&args.store),
    };
    let stores = StoreArgs { store: vec![args.to.clone()], ..StoreArgs::default() };
    road::work(globals, env, line, &stores, errand).await
}

/// The key of the store to copy, which is another one than the store that is made.
///
/// # Errors
/// A refusal where it is no key, or the same store; or where several stores are to be made.
pub(super) fn source_key(text: &str, key_type: &KeyType, chosen: &[RegistryRow]) -> Result<StoreKey> {
    let key = StoreKey::parse(text, key_type)?;
    match chosen {
        [to] if to.key == key => bail!(
            Refusal::new(format!("store {key} cannot be a clone of itself"))
                .hint("name another store with --to; `tenantctl stores` lists them")
        ),
        [_] => Ok(key),
        _ => bail!(Refusal::new("clone makes one store").hint("give it again for each: `--to KEY`")),
    }
}

/// Refuses to go on with a move that is another one than was asked for.
///
/// # Errors
/// A refusal where the store is a clone and shall not be, is none and shall be, or is one of another store.
pub(super) fn check_same(live: &Move, wanted: Option<&StoreKey>) -> Result<()> {
    let key = &live.store.key;
    let of = live.plan.clone_of.as_ref().map(|of| &of.store);
    match (of, wanted) {
        (Some(of), Some(wanted)) if of == wanted => Ok(()),
        (Some(of), None) if !live.stage.is_switched() => bail!(
            Refusal::new(format!("store {key} is being made as a clone of store {of}"))
                .hint(format!("`tenantctl resume` goes on with it; its stage is {}", live.stage))
        ),
        (_, None) => Ok(()),
        (_, Some(wanted)) => bail!(
            Refusal::new(format!("store {key} has a move already, and it is no clone of store {wanted}"))
                .because(format!("its stage is {}", live.stage))
                .hint("name a store with --to that has no schema yet; `tenantctl stores` lists them")
        ),
    }
}
