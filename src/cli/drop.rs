//! `drop` and `archive`: a switched store leaves; its schema and its role go, with `archive` into a folder first.

use std::path::{Path, PathBuf};

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
use crate::step::abandon::{LeavingStore, drop_store};
use crate::step::archive;

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

/// Keep all of a switched store's schema in a folder, prove it, then drop schema and role
///
/// One snapshot: schema.sql, keys.sql, a file of COPY per table, load.sql for plain psql, contents.json with counts and
/// digests. It is loaded again in a transaction that is rolled back, and compared by digests, before anything is dropped;
/// rows that change meanwhile stop the drop. Needs the pg_dump of the server's major version. Foreign keys out of the
/// schema are in outer_keys.sql.
#[derive(clap::Args, Debug)]
pub(crate) struct ArchiveArgs {
    /// Store key
    #[arg(short, long, value_name = "KEY")]
    store: String,
    /// The folder to make; it must not be there yet
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
    /// Although the registry still routes its application there; the registry's row is left as it is
    #[arg(long)]
    still_routed: bool,
}

pub(super) async fn drop(globals: &Globals, env: &Environment, line: &str, args: &DropArgs) -> Result<Page> {
    leave(globals, env, line, &Leaving { command: "drop", key: &args.store, still_routed: args.still_routed, to: None })
        .await
}

pub(super) async fn archive(globals: &Globals, env: &Environment, line: &str, args: &ArchiveArgs) -> Result<Page> {
    let (key, to) = (&args.store, Some(args.to.as_path()));
    leave(globals, env, line, &Leaving { command: "archive", key, still_routed: args.still_routed, to }).await
}

/// What both commands say.
struct Leaving<'a> {
    command: &'static str,
    key: &'a str,
    still_routed: bool,
    to: Option<&'a Path>,
}

async fn leave(globals: &Globals, env: &Environment, line: &str, args: &Leaving<'_>) -> Result<Page> {
    let started = now();
    let opened = Opened::open(globals, env, 1).await?;
    let (ground, the_move) = one_move(&opened, args.key).await?;
    let store = &the_move.store;
    if !the_move.stage.is_switched() {
        bail!(
            Refusal::new(format!("store {} is {}, not switched", store.key, the_move.stage))
                .because("its rows are still those of the shared schema")
                .hint(format!("`tenantctl abandon --store {}` gives the move up and drops what it made", store.key))
        );
    }
    let registry = opened.registry(&ground);
    let mut leaving = LeavingStore { registry: &registry, still_routed: args.still_routed, kept: None };
    if let Some(folder) = args.to {
        archive::check(&opened.means()?, folder)?;
    }
    let reader = opened.sessions.reader().await?;
    leaving.check(&reader, &the_move).await?; // before anybody types a key
    std::mem::drop(reader);
    let schema = store.schema.raw();
    let warning = match args.to {
        Some(folder) => format!("schema {schema} will be dropped once all of it is in {}", folder.display()),
        None => format!("schema {schema} will be dropped with all its rows; no copy of them is kept"),
    };
    opened.observer.notice(&Event::Warned { message: &warning });
    typed_or_yes(globals, &opened, &the_move, &format!("drop schema {} with all its rows", store.schema.raw()))?;
    let lease = Lease::open(&opened.sessions, &opened.run).await?;
    road::begin_run(&lease, &opened, args.command, line, None).await?;
    let mut report = Report::new(args.command, Some(opened.run.clone()), started);
    report.database = Some(opened.database());
    let ended = async {
        lease.take(ground.shared(), &store.key).await?;
        let taken = journal::take_over(&lease, the_move.id).await?;
        let means = opened.means()?;
        let mut notes = Vec::new();
        if let Some(folder) = args.to {
            let kept = archive::write(&means, &taken, folder, &report.started).await?;
            let row_count: u64 = kept.iter().map(|(_, digest)| digest.row_count).sum();
            let note = format!(
                "{} tables with {row_count} rows are in {}: loaded again, and equal by their digests",
                kept.len(),
                folder.display()
            );
            notes.push(Finding::note("archived", note).store(&store.key));
            leaving.kept = Some(kept);
        }
        let after = drop_store(&means, &taken, &leaving).await?;
        let mut dropped = StoreReport::of(&after.store);
        dropped.findings = notes;
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
    std::mem::drop(registry);
    road::close(opened, &lease, report, ended).await
}
