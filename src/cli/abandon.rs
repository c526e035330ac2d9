//! `abandon`: gives a move up and drops what it made.

use anyhow::{Result, bail};

use super::open::Opened;
use super::output::{Page, now};
use super::reverse::{interrupted_or, one_move, typed_or_yes};
use super::{Globals, road};
use crate::conninfo::Environment;
use crate::error::{Exit, Refusal};
use crate::pg::ground::Ground;
use crate::pg::journal::{self, Move, MoveKind};
use crate::pg::lease::Lease;
use crate::report::{NextStep, Report, StoreReport};
use crate::step::abandon::abandon;
use crate::store::StoreKey;

/// Give up a move before the switch, or after it was reversed: drops exactly what tenantctl made
///
/// The shared rows are untouched, so a new `migrate` begins from nothing.
#[derive(clap::Args, Debug)]
pub(crate) struct AbandonArgs {
    /// Store key
    #[arg(short, long, value_name = "KEY")]
    store: String,
    /// Only what a rehearsal left, not the store's move
    #[arg(long)]
    rehearsal: bool,
    /// Also drop rows that tenantctl did not load
    #[arg(long)]
    lose_changes: bool,
}

pub(super) async fn run(globals: &Globals, env: &Environment, line: &str, args: &AbandonArgs) -> Result<Page> {
    let started = now();
    let opened = Opened::open(globals, env, 1).await?;
    let (ground, the_move) = match args.rehearsal {
        true => left_of_rehearsal(&opened, &args.store).await?,
        false => match one_move(&opened, &args.store).await {
            Err(error) if error.is::<Refusal>() => left_of_rehearsal(&opened, &args.store).await.map_err(|_| error)?,
            found => found?,
        },
    };
    if the_move.stage.is_switched() {
        bail!(
            Refusal::new(format!(
                "store {} is {}: its application works in schema {}",
                the_move.store.key,
                the_move.stage,
                the_move.store.schema.raw()
            ))
            .hint(format!("`tenantctl reverse --store {}` first", the_move.store.key))
        );
    }
    let schema = the_move.store.schema.raw();
    typed_or_yes(globals, &opened, &the_move, &format!("drop what was made in schema {schema}"))?;
    let lease = Lease::open(&opened.sessions, &opened.run).await?;
    road::begin_run(&lease, &opened, "abandon", line, None).await?;
    let mut report = Report::new("abandon", Some(opened.run.clone()), started);
    report.database = Some(opened.database());
    let ended = async {
        lease.take(ground.shared(), &the_move.store.key).await?;
        let taken = journal::take_over(&lease, the_move.id).await?;
        let after = abandon(&opened.means()?, &taken, args.lose_changes).await?;
        let mut store = StoreReport::of(&after.store);
        store.stage = Some(after.stage);
        report.stores.push(store);
        if after.kind == MoveKind::Rehearsal {
            return anyhow::Ok(Exit::Done);
        }
        report.next_steps.push(NextStep {
            why: "begin anew".into(),
            command: format!("tenantctl migrate --store {}", after.store.key),
        });
        anyhow::Ok(Exit::Done)
    }
    .await;
    let ended = ended.map_err(|error| interrupted_or(&opened, error));
    road::close(opened, &lease, report, ended).await
}

/// What a rehearsal of the store left.
async fn left_of_rehearsal(opened: &Opened, key: &str) -> Result<(Ground, Move)> {
    let reader = opened.sessions.reader().await?;
    let ground = opened.ground(&reader).await?;
    let key = StoreKey::parse(key, &ground.key_type)?;
    let left = match journal::exists(&reader).await? {
        true => journal::live_rehearsal(&reader, ground.shared(), &key).await?,
        false => None,
    };
    match left {
        Some(left) => Ok((ground, left)),
        None => bail!(
            Refusal::new(format!("no rehearsal of store {key} left anything"))
                .hint("`tenantctl status` shows the runs that are not done")
        ),
    }
}
