//! `restore`: a backup into a schema beside the live one, or into another database; `--swap` puts it in its place.

use anyhow::{Result, bail};

use super::open::Opened;
use super::output::{Page, now};
use super::reverse::{interrupted_or, one_move, typed_or_yes};
use super::{Globals, backup, open, road};
use crate::backup::{Base, Place, found, whole};
use crate::conninfo::Environment;
use crate::error::{Exit, Refusal};
use crate::ident::Ident;
use crate::pg::beside;
use crate::pg::journal::{self, MoveLine};
use crate::pg::lease::Lease;
use crate::report::{BackupReport, NextStep, Report, Restored};
use crate::stage::Stage;
use crate::step::restore::{check_swap, restore, swap};
use crate::store::{KeyFamily, KeyType, Store, StoreKey};
use crate::view::explain;

/// Restore a backup beside the live schema, or into another database
///
/// All of the backup is read and proven first, then loaded in one transaction and compared by digests. It never writes
/// over a schema: where the backup's own name is taken it becomes SCHEMA_restored. --swap then gives it the live schema's
/// name, owners and rights, and keeps the live one under another name. Another database needs no journal, and its server
/// may be newer.
#[derive(clap::Args, Debug)]
pub(crate) struct RestoreArgs {
    /// Store key; a backup of another store is refused
    #[arg(short, long, value_name = "KEY", required_unless_present = "from")]
    store: Option<String>,
    /// The backup, or a folder of backups with the store's newest [default: [backup] to]
    #[arg(long, value_name = "PLACE")]
    from: Option<String>,
    /// The schema to make [default: that of the backup, or with _restored where it is taken]
    #[arg(long = "as", value_name = "NAME")]
    name: Option<String>,
    /// Put it in the place of the live schema; without --from one that was restored before
    #[arg(long, requires = "store")]
    swap: bool,
}

pub(super) async fn run(globals: &Globals, env: &Environment, line: &str, args: &RestoreArgs) -> Result<Page> {
    let started = now();
    if args.swap && args.from.is_none() {
        return swap_only(globals, env, line, args, started).await;
    }
    let place = place_of(globals, env, args)?;
    let mut report = Report::new("restore", None, started);
    let mut checked = tokio::task::block_in_place(|| backup::checked(&place));
    if !checked.damages.is_empty() {
        let count = checked.damages.len();
        report.backups.push(checked);
        let refusal = Refusal::new(format!("the backup {place} is damaged: nothing was restored"))
            .because(format!("{count} of its files are not as they were written"))
            .hint("take another one: `tenantctl backup check --all` tells which are whole")
            .exit(Exit::Differs);
        report.error = Some(explain::error_report(&refusal.into()));
        return Ok(Page { report: report.end(Exit::Differs, now()), options: open::page_options_of(globals, env) });
    }
    if let Some(key) = &args.store
        && *key != checked.store
    {
        bail!(
            Refusal::new(format!("the backup is of store {}, not of store {key}", checked.store))
                .because(format!("contents.json of {place} says so"))
                .hint("name the right store, or its own backup")
        );
    }
    let opened = Opened::open(globals, env, 1).await?;
    report.database = Some(opened.database());
    let key_type = KeyType { sql: "text".into(), family: KeyFamily::Text };
    let own = Ident::new(&*checked.schema);
    let store =
        Store { key: StoreKey::parse(&checked.store, &key_type)?, name: checked.name.clone(), schema: own.clone() };
    let reader = opened.sessions.reader().await?;
    let into = match &args.name {
        Some(name) => Ident::parse(name)?,
        None if beside::exists(&reader, &own).await? => beside_name(&own, "_restored"),
        None => own.clone(),
    };
    if beside::exists(&reader, &into).await? {
        bail!(
            Refusal::new(format!("schema {} is there already", into.raw()))
                .because("a restore never writes over a schema")
                .hint("give --as another name, or drop it first")
        );
    }
    if args.swap && !beside::exists(&reader, &own).await? {
        bail!(
            Refusal::new(format!("there is no schema {} to swap with", own.raw()))
                .hint("restore it without --swap: it gets that name at once")
        );
    }
    let line_of_move = match journal::exists(&reader).await? {
        true => journal::all_moves(&reader).await?.into_iter().rev().find(|of| is_live(of, &store)),
        false => None,
    };
    drop(reader);
    if args.swap {
        let (_, the_move) = one_move(&opened, &checked.store).await?;
        typed_or_yes(globals, &opened, &the_move, &deed(&own))?;
    }
    let Some(of) = line_of_move else {
        // No journal here, or none that knows the store: another database.
        if args.swap {
            bail!(Refusal::new("no move of the store is here to swap with").hint("restore it without --swap"));
        }
        let done = restore_one(&opened, &store, &place, &into, &mut checked).await;
        done.map_err(|error| interrupted_or(&opened, error))?;
        report.backups.push(checked);
        let options = opened.page_options();
        drop(opened);
        return Ok(Page { report: report.end(Exit::Done, now()), options });
    };
    let lease = Lease::open(&opened.sessions, &opened.run).await?;
    road::begin_run(&lease, &opened, "restore", line, None).await?;
    report.run = Some(opened.run.clone());
    let ended = async {
        restore_one(&opened, &store, &place, &into, &mut checked).await?;
        let restored = Restored { from: place.to_string(), schema: into.raw().to_owned(), kept_as: None };
        journal::record_event(lease.client(), &opened.run, Some(of.id), "restored", &restored).await?;
        if args.swap {
            swapped(&opened, &lease, &of, &into, &mut checked).await?;
        } else if into != own {
            report.next_steps.push(next_step(&checked.store, args));
        }
        report.backups.push(checked);
        anyhow::Ok(Exit::Done)
    }
    .await;
    let ended = ended.map_err(|error| interrupted_or(&opened, error));
    road::close(opened, &lease, report, ended).await
}

fn next_step(key: &str, args: &RestoreArgs) -> NextStep {
    let of_name =
        args.name.as_ref().map_or_else(String::new, |name| format!(" --as '{}'", name.replace('\'', "'\\''")));
    NextStep {
        why: "look at it; then give it the live schema's place".into(),
        command: format!("tenantctl restore --store {key} --swap{of_name}"),
    }
}

fn deed(own: &Ident) -> String {
    format!("put the restored schema in the place of {}", own.raw())
}

/// Its move still has a schema, this one.
fn is_live(of: &MoveLine, store: &Store) -> bool {
    of.store.key.text() == store.key.text()
        && of.store.schema == store.schema
        && !matches!(of.stage, Stage::Abandoned | Stage::Purged)
}

async fn restore_one(
    opened: &Opened,
    store: &Store,
    place: &Place,
    into: &Ident,
    report: &mut BackupReport,
) -> Result<()> {
    let loaded = restore(&opened.means()?, store, place, into).await?;
    report.deed = "restored".into();
    report.schema = into.raw().to_owned();
    report.notes.extend(loaded.notes);
    report.seconds += loaded.seconds;
    Ok(())
}

/// The backup that is meant: the one that is named, or the store's newest whole one.
fn place_of(globals: &Globals, env: &Environment, args: &RestoreArgs) -> Result<Place> {
    if let Some(from) = &args.from {
        let place = Place::parse(from)?;
        if !place.exists()? {
            bail!(Refusal::new(format!("{place} is not there")).hint("name a backup"));
        }
        if args.store.is_none() || place.looks_like_one()? {
            return Ok(place);
        }
    }
    let base = match &args.from {
        Some(from) => Base::parse(from)?,
        None => backup::base(&open::config(globals, env)?.backup()?)?,
    };
    let key = args.store.as_deref().unwrap_or_default();
    let mut of_store = found(&base)?;
    of_store.retain(|of| of.contents.as_ref().is_some_and(|contents| contents.store == key) && whole(of));
    of_store.sort_by(|one, other| one.time.cmp(&other.time));
    match of_store.pop() {
        Some(newest) => Ok(newest.place),
        None => bail!(
            Refusal::new(format!("no whole backup of store {key} is in {base}"))
                .hint("name one with --from, or write one: `tenantctl backup`")
        ),
    }
}

/// A name like this one with something behind it, in the 63 bytes that a name may have.
fn beside_name(name: &Ident, behind: &str) -> Ident {
    let mut front = name.raw().to_owned();
    while front.len() + behind.len() > 63 {
        front.pop();
    }
    Ident::new(front + behind)
}

async fn swap_only(
    globals: &Globals,
    env: &Environment,
    line: &str,
    args: &RestoreArgs,
    started: String,
) -> Result<Page> {
    let opened = Opened::open(globals, env, 1).await?;
    let (_, the_move) = one_move(&opened, args.store.as_deref().unwrap_or_default()).await?;
    let own = the_move.store.schema.clone();
    let restored = match &args.name {
        Some(name) => Ident::parse(name)?,
        None => beside_name(&own, "_restored"),
    };
    let reader = opened.sessions.reader().await?;
    let moves = journal::all_moves(&reader).await?;
    check_swap(&reader, &restored, &kept_name(&own)).await?;
    drop(reader);
    typed_or_yes(globals, &opened, &the_move, &deed(&own))?;
    let lease = Lease::open(&opened.sessions, &opened.run).await?;
    road::begin_run(&lease, &opened, "restore", line, None).await?;
    let mut report = Report::new("restore", Some(opened.run.clone()), started);
    report.database = Some(opened.database());
    let ended = async {
        let Some(of) = moves.into_iter().find(|of| of.id == the_move.id) else { bail!("the move is gone") };
        let mut backup = BackupReport {
            store: of.store.key.text().to_owned(),
            name: of.store.name.clone(),
            ..BackupReport::default()
        };
        swapped(&opened, &lease, &of, &restored, &mut backup).await?;
        report.backups.push(backup);
        anyhow::Ok(Exit::Done)
    }
    .await;
    let ended = ended.map_err(|error| interrupted_or(&opened, error));
    road::close(opened, &lease, report, ended).await
}

/// What the live schema is called afterwards.
fn kept_name(own: &Ident) -> Ident {
    let time: String = now().chars().filter(char::is_ascii_digit).collect();
    beside_name(own, &format!("_before_restore_{time}"))
}

async fn swapped(
    opened: &Opened,
    lease: &Lease,
    of: &MoveLine,
    restored: &Ident,
    report: &mut BackupReport,
) -> Result<()> {
    let begun = std::time::Instant::now();
    lease.take(&of.shared_schema, &of.store.key).await?;
    let taken = journal::take_over(lease, of.id).await?;
    let swapped = swap(&opened.means()?, &taken, restored, &kept_name(&taken.store.schema)).await?;
    report.deed = "swapped".into();
    report.place = swapped.from;
    report.schema = swapped.schema;
    report.kept_as = swapped.kept_as;
    report.seconds += begun.elapsed().as_secs_f64();
    Ok(())
}
