//! `backup`: all of a store schema in files; `backup check`: whether they are whole, without a database.

use anyhow::{Result, bail};

use super::open::{self, Opened, page_options_of};
use super::output::{Page, now};
use super::{Globals, StoreArgs, road};
use crate::backup::{self, Base, Form, Kept, Place, check};
use crate::config::BackupSettings;
use crate::conninfo::Environment;
use crate::error::{Exit, Refusal};
use crate::fleet::exit::{StoreExit, exit_of};
use crate::pg::dump::Program;
use crate::pg::journal::{self, MoveLine};
use crate::pg::lease::Lease;
use crate::plan::Finding;
use crate::report::{BackupReport, NextStep, Report};
use crate::stage::Stage;
use crate::step::backup::{Manner, backed_up, report_of, write};
use crate::store::Store;
use crate::view::explain;

/// Write all of a store's schema into files, and prove them
///
/// One snapshot: schema.sql, keys.sql, a file of COPY per table, load.sql for plain psql, contents.json with counts and
/// digests, SHA256SUMS. Tables are read side by side and compressed as they come; nothing has the backup's name before
/// all of it was read back. Needs the pg_dump of the server's major version, or a newer one. With --keep, older backups
/// of the store go once a new one is proven.
#[derive(clap::Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct BackupArgs {
    #[command(subcommand)]
    command: Option<BackupCommand>,
    #[command(flatten)]
    stores: StoreArgs,
    /// A folder that is there gets SCHEMA/TIME in it; else the folder or the .tar.zst file to make [default: [backup] to]
    #[arg(long, value_name = "PLACE")]
    to: Option<String>,
    /// Whole backups of each store that stay; older ones are deleted [default: [backup] keep, or all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    keep: Option<u32>,
    /// Tables that are read at once [default: [backup] jobs]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    jobs: Option<u8>,
}

#[derive(clap::Subcommand, Debug)]
enum BackupCommand {
    Check(CheckArgs),
}

/// Read every byte of a backup and say what is damaged
///
/// Sums, sizes, row counts and the digests of the rows; a file that is missing, cut, changed or too many is named. No
/// database is asked. Exit code 3 where something is damaged.
#[derive(clap::Args, Debug)]
struct CheckArgs {
    /// A backup, or a folder of backups
    #[arg(value_name = "PLACE")]
    place: Option<String>,
    /// Every backup of this store in the folder of [backup] to
    #[arg(short, long, value_name = "KEY", conflicts_with = "place")]
    store: Option<String>,
    /// Every backup in the folder of [backup] to
    #[arg(long, conflicts_with_all = ["place", "store"])]
    all: bool,
}

pub(super) async fn run(globals: &Globals, env: &Environment, line: &str, args: &BackupArgs) -> Result<Page> {
    match &args.command {
        Some(BackupCommand::Check(args)) => check_all(globals, env, args),
        None => write_all(globals, env, line, args).await,
    }
}

/// Where backups go.
enum Target {
    /// A place for backups of any store.
    Base(Base),
    /// This one.
    Exactly(Place),
}

fn target(to: Option<&str>, settings: &BackupSettings, several: bool) -> Result<Target> {
    let Some(to) = to else { return base(settings).map(Target::Base) };
    match (Base::parse(to)?, several) {
        (Base::Folder(folder), false) if !folder.is_dir() => Place::parse(to).map(Target::Exactly),
        (base, _) => Ok(Target::Base(base)),
    }
}

/// The place of `[backup] to`.
pub(super) fn base(settings: &BackupSettings) -> Result<Base> {
    match &settings.to {
        Some(to) => Base::parse(to),
        None => bail!(
            Refusal::new("nothing says where backups are")
                .hint("name a place, or set [backup] to in the configuration")
        ),
    }
}

/// A name for a backup of now: `20261125T031500Z`.
fn time_name(at: &str) -> String {
    at.chars().filter(|letter| !matches!(letter, '-' | ':')).collect()
}

async fn write_all(globals: &Globals, env: &Environment, line: &str, args: &BackupArgs) -> Result<Page> {
    let started = now();
    let opened = Opened::open(globals, env, args.stores.guess()).await?;
    let settings = opened.config.backup()?;
    let keep = args.keep.or(settings.keep);
    let target = target(args.to.as_deref(), &settings, args.stores.guess() > 1)?;
    if let (Target::Exactly(place), Some(_)) = (&target, args.keep) {
        bail!(
            Refusal::new(format!("--keep has no meaning for the one backup {place}"))
                .hint("name a folder that is there: then backups go to SCHEMA/TIME in it")
        );
    }
    let reader = opened.sessions.reader().await?;
    let ground = opened.ground(&reader).await?;
    let registry = opened.registry(&ground);
    let chosen = open::choose(&reader, &registry, &ground.key_type, &args.stores).await?;
    let moves = open::moves(&reader, &ground).await?;
    drop(reader);
    drop(registry);
    let mut report = Report::new("backup", None, started);
    report.database = Some(opened.database());
    report.findings = chosen.left_out;
    let (mut about, mut not_moved) = (Vec::<&MoveLine>::new(), Vec::new());
    for row in &chosen.rows {
        let its = moves.iter().find(|of| of.store.key == row.key);
        match its.filter(|of| road::has_schema(of.stage) && of.stage != Stage::Created) {
            Some(of) => about.push(of),
            None if args.stores.all => not_moved.push(row.key.text()),
            None => bail!(
                Refusal::new(format!("store {} has no rows in a schema of its own", row.key))
                    .because("they are in the shared schema, with those of all others")
                    .hint(format!(
                        "`tenantctl migrate --store {}` gives it one; until then pg_dump takes the database",
                        row.key
                    ))
            ),
        }
    }
    if !not_moved.is_empty() {
        let keys = not_moved.join(", ");
        let why = format!("no rows in a schema of its own, so only in a backup of the whole database: stores {keys}");
        report.findings.push(Finding::note("not_moved", why));
    }
    if about.is_empty() {
        bail!(
            Refusal::new("none of these stores has a schema").hint("`tenantctl stores` shows the stage of each store")
        );
    }
    if let Target::Base(Base::Folder(folder)) = &target
        && !folder.is_dir()
    {
        bail!(Refusal::new(format!("there is no folder {}", folder.display())).hint("make it first"));
    }
    let lease = Lease::open(&opened.sessions, &opened.run).await?;
    road::begin_run(&lease, &opened, "backup", line, None).await?;
    report.run = Some(opened.run.clone());
    let mut exits = Vec::new();
    for of in &about {
        let plan = Writing { opened: &opened, lease: &lease, target: &target, settings: &settings, keep, args };
        let exit = match plan.one(of).await {
            Ok(written) => {
                report.backups.push(written);
                Exit::Done
            }
            Err(error) if about.len() == 1 || opened.sessions.is_interrupted() => {
                let error = super::reverse::interrupted_or(&opened, error);
                return road::close(opened, &lease, report, Err(error)).await;
            }
            Err(error) => {
                report.backups.push(failed(&of.store, explain::error_report(&error)));
                explain::exit_of(&error)
            }
        };
        exits.push(StoreExit { exit, begun: !matches!(exit, Exit::Refused | Exit::Held | Exit::Unreachable) });
    }
    report.next_steps = next_steps(&report.backups, &target);
    road::close(opened, &lease, report, Ok(exit_of(&exits))).await
}

fn failed(store: &Store, error: crate::report::ErrorReport) -> BackupReport {
    BackupReport {
        deed: "failed".into(),
        store: store.key.text().to_owned(),
        name: store.name.clone(),
        schema: store.schema.raw().to_owned(),
        error: Some(error),
        ..BackupReport::default()
    }
}

fn next_steps(backups: &[BackupReport], target: &Target) -> Vec<NextStep> {
    match (backups, target) {
        ([one], _) if one.proven => vec![NextStep {
            why: "prove it again, on any machine, without a database".into(),
            command: format!("tenantctl backup check {}", one.place),
        }],
        (_, Target::Base(base)) if backups.len() > 1 => vec![NextStep {
            why: "prove them again, on any machine, without a database".into(),
            command: format!("tenantctl backup check {base}"),
        }],
        _ => Vec::new(),
    }
}

/// What the backup of each store needs.
struct Writing<'a> {
    opened: &'a Opened,
    lease: &'a Lease,
    target: &'a Target,
    settings: &'a BackupSettings,
    keep: Option<u32>,
    args: &'a BackupArgs,
}

impl Writing<'_> {
    async fn one(&self, of: &MoveLine) -> Result<BackupReport> {
        let (store, means) = (&of.store, self.opened.means()?);
        means.pass().await?;
        let at = now();
        let form = if self.settings.tar { Form::Tar } else { Form::Folder };
        let place = match self.target {
            Target::Exactly(place) => place.clone(),
            Target::Base(base) => base.place(store.schema.raw(), &time_name(&at), form)?,
        };
        backup::clear(&place, async |run| journal::is_at_work(self.lease.client(), run).await).await?;
        let manner = Manner {
            form: place.form(),
            level: self.settings.level,
            jobs: self.args.jobs.unwrap_or(self.settings.jobs).into(),
            program: Program::OrNewer,
            at,
        };
        let mut report = write(&means, store, &place, &manner).await?;
        if !of.stage.is_switched() {
            report.notes.push(format!(
                "store {} is {}: its application works on the shared schema, not on these rows",
                store.key, of.stage
            ));
        }
        journal::record_backup(self.lease.client(), &self.opened.run, of.id, &backed_up(&report)).await?;
        if let (Target::Base(base), Some(keep)) = (self.target, self.keep) {
            let database = &self.opened.sessions.facts().database;
            let all = backup::found(base)?;
            for old in backup::pass_over(&all, &place, store.key.text(), database, keep as usize) {
                old.place.delete()?;
                report.deleted.push(old.place.to_string());
            }
        }
        Ok(report)
    }
}

fn check_all(globals: &Globals, env: &Environment, args: &CheckArgs) -> Result<Page> {
    let started = now();
    let places = match &args.place {
        Some(place) => those_of(place)?,
        None if args.store.is_none() && !args.all => bail!(
            Refusal::new("no backup is named").hint("name one, or a folder of them; or give --store KEY or --all")
        ),
        None => {
            let base = base(&open::config(globals, env)?.backup()?)?;
            let all = backup::found(&base)?;
            let is_its = |of: &Kept| match (&args.store, &of.contents) {
                (Some(key), Some(contents)) => contents.store == *key,
                _ => true, // whose a damaged one is nobody knows: it is looked at
            };
            let places: Vec<Place> = all.into_iter().filter(is_its).map(|of| of.place).collect();
            if places.is_empty() {
                bail!(Refusal::new(format!("no backup is in {base}")).hint("write one: `tenantctl backup`"));
            }
            places
        }
    };
    let mut report = Report::new("backup", None, started);
    report.backups = places.iter().map(checked).collect();
    let damaged: Vec<&BackupReport> = report.backups.iter().filter(|backup| !backup.damages.is_empty()).collect();
    let is_damaged = !damaged.is_empty();
    if let Some(first) = damaged.first() {
        let refusal = Refusal::new(match (damaged.len(), report.backups.len()) {
            (1, 1) => format!("the backup {} is damaged", first.place),
            (count, all) => format!("{count} of {all} backups are damaged"),
        });
        let refusal = refusal.hint("write another one while the store is well: `tenantctl backup`").exit(Exit::Differs);
        report.error = Some(explain::error_report(&refusal.into()));
    }
    let options = page_options_of(globals, env);
    Ok(Page { report: report.end(if is_damaged { Exit::Differs } else { Exit::Done }, now()), options })
}

/// A backup, or all of a place of backups.
fn those_of(text: &str) -> Result<Vec<Place>> {
    let place = Place::parse(text)?;
    if !place.exists()? {
        bail!(Refusal::new(format!("{place} is not there")).hint("name a backup, or a folder of backups"));
    }
    if !place.looks_like_one()? {
        let all = backup::found(&Base::parse(text)?)?;
        if !all.is_empty() {
            return Ok(all.into_iter().map(|of| of.place).collect());
        }
    }
    Ok(vec![place])
}

/// Reads all of one.
pub(super) fn checked(place: &Place) -> BackupReport {
    let begun = std::time::Instant::now();
    let jobs = std::thread::available_parallelism().map_or(1, |cores| cores.get().min(8));
    let checked = check(place, jobs);
    let mut report = match &checked.contents {
        Some(contents) => report_of(contents, place, place.form()),
        None => {
            BackupReport { place: place.to_string(), format: place.form().word().to_owned(), ..BackupReport::default() }
        }
    };
    report.deed = "checked".into();
    report.bytes = checked.bytes;
    report.proven = checked.damages.is_empty();
    report.tables = checked.tables;
    report.damages = checked.damages;
    report.seconds = begun.elapsed().as_secs_f64();
    report
}
