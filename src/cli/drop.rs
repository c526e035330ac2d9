//! `drop`: a switched store leaves; its schema and its role go.

use anyhow::{Result, bail};

use super::open::Opened;
use super::output::{Page, now};
use super::reverse::{interrupted_or, one_move, typed_or_yes};
use super::{Globals, road};
use crate::conninfo::Environment;
use crate::error::{Exit, Refusal};
use crate::event::Event;
use crate::pg::journal;
use crate::pg::lease::Lease;
use crate::plan::Finding;
use crate::report::{Report, StoreReport};
use crate::step::abandon::{Farewell, say_farewell};

/// Drop the schema and the role of a switched store that leaves
///
/// Exactly what tenantctl made, and nothing outside the schema. Refused while the registry still routes the application
/// there: let its row go, or let `[registry] where` take it no more. Rows of the shared schema stay as they are. The
/// journal keeps the history, and a new move of the store may begin.
#[derive(clap::Args, Debug)]
pub(crate) struct DropArgs {
    /// Store key
    #[arg(short, long, value_name = "KEY")]
    store: String,
    /// Although the registry still routes its application there; the registry's row is left as it is
    #[arg(long)]
    still_routed: bool,
}

pub(super) async fn run(globals: &Globals, env: &Environment, line: &str, args: &DropArgs) -> Result<Page> {
    let started = now();
    let opened = Opened::open(globals, env, 1).await?;
    let (ground, the_move) = one_move(&opened, &args.store).await?;
    let store = &the_move.store;
    if !the_move.stage.is_switched() {
        bail!(
            Refusal::new(format!("store {} is {}, not switched", store.key, the_move.stage))
                .because("its rows are still those of the shared schema")
                .hint(format!("`tenantctl abandon --store {}` gives the move up and drops what it made", store.key))
        );
    }
    let registry = opened.registry(&ground);
    let farewell = Farewell { registry: &registry, still_routed: args.still_routed };
    let reader = opened.sessions.reader().await?;
    farewell.check(&reader, &the_move).await?; // before anybody types a key
    drop(reader);
    let warning = format!("schema {} will be dropped with all its rows; no copy of them is kept", store.schema.raw());
    opened.observer.notice(&Event::Warned { message: &warning });
    typed_or_yes(globals, &opened, &the_move, &format!("drop schema {} with all its rows", store.schema.raw()))?;
    let lease = Lease::open(&opened.sessions, &opened.run).await?;
    road::begin_run(&lease, &opened, "drop", line, None).await?;
    let mut report = Report::new("drop", Some(opened.run.clone()), started);
    report.database = Some(opened.database());
    let ended = async {
        lease.take(ground.shared(), &store.key).await?;
        let taken = journal::take_over(&lease, the_move.id).await?;
        let after = say_farewell(&opened.means()?, &taken, &farewell).await?;
        let mut dropped = StoreReport::of(&after.store);
        dropped.stage = Some(after.stage);
        let note = match after.adopted {
            true => format!("schema {} was there before tenantctl: it is empty now, and stays", store.schema.raw()),
            false => format!("schema {} is dropped, and its role if it had one", store.schema.raw()),
        };
        dropped.findings.push(Finding::note("dropped", note).store(&store.key));
        let rows = "its rows of the shared schema and its row of the registry are as they were";
        dropped.findings.push(Finding::note("shared_rows_stay", rows).store(&store.key));
        report.stores.push(dropped);
        anyhow::Ok(Exit::Done)
    }
    .await;
    let ended = ended.map_err(|error| interrupted_or(&opened, error));
    drop(registry);
    road::close(opened, &lease, report, ended).await
}
