//! `migrate` and its single steps: `create`, `copy`, `switch`. All are the same road with another end.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use anyhow::{Context, Result};
use jiff::Timestamp;

use super::forecast::{self, Meter};
use super::open::{self, Opened};
use super::output::{Page, now};
use super::pace::Pace;
use super::site::Site;
use super::{Globals, StoreArgs, clone, pool, register, rehearse, validate};
use crate::config::RolePassword;
use crate::conninfo::Environment;
use crate::error::Exit;
use crate::event::Event;
use crate::fleet::exit::exit_of;
use crate::fleet::road::{Until, is_there};
use crate::fleet::schedule::{Halt, Schedule};
use crate::forecast::{Forecast, Measured};
use crate::pg::census::Census;
use crate::pg::ground::Ground;
use crate::pg::journal::{self, MoveKind, NewRun, RecordedErrand};
use crate::pg::lease::Lease;
use crate::pg::registry::RegistryRow;
use crate::pg::rights::{self, Capacity};
use crate::pg::whose::Stores;
use crate::plan::Grade;
use crate::report::{Held, NextStep, Outcome, Report};
use crate::stage::Stage;
use crate::store::StoreKey;
use crate::view::explain;

/// Move stores: plan, create, copy, verify, switch, report
///
/// The same command goes on where an earlier run ended. On a terminal it shows what it is about to switch and asks
/// once; --yes, or no terminal, does not ask. The shared schema is written to by the switch only: the registry's row.
#[derive(clap::Args, Debug)]
pub(crate) struct MigrateArgs {
    #[command(flatten)]
    stores: StoreArgs,
    /// Stop at this stage
    #[arg(long, value_enum, value_name = "STAGE")]
    to: Option<To>,
    #[command(flatten)]
    how: How,
    /// Leave the application unasked: no probe after the switch
    #[arg(long)]
    no_validate: bool,
    #[command(flatten)]
    pace: Pace,
    /// Show the plan and stop
    #[arg(short = 'n', long)]
    dry_run: bool,
}

/// Make the store schema from the template
///
/// With --new for a store that has a row in the registry and no rows yet: schema, role, keys, base data, proof, switch,
/// probes of the application. --register inserts the row as well, together with the first row of the journal, so that the
/// same command can be given again. --pool N makes schemas before their stores come: --register takes one at once.
#[derive(clap::Args, Debug)]
pub(crate) struct CreateArgs {
    #[command(flatten)]
    stores: StoreArgs,
    /// The store is new: it has no rows in the shared schema
    #[arg(long)]
    new: bool,
    /// Leave the application of a new store unasked: no probe after the switch
    #[arg(long, requires = "new")]
    no_validate: bool,
    /// Insert the registry's row of the new store too; its key is that of --store, else the one that the registry gives
    #[arg(long, requires_all = ["new", "name"])]
    register: bool,
    /// The name of the store to register
    #[arg(long, value_name = "NAME", requires = "register")]
    name: Option<String>,
    /// Keep N schemas ready, made and proven, for stores to come; --register takes one where its key is not given
    #[arg(long, value_name = "N", conflicts_with_all = ["new", "store", "all", "stores_from", "except", "adopt"])]
    pool: Option<u16>,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    pace: Pace,
}

/// Copy the rows of stores whose schema stands, then make keys and indexes
///
/// Reads every table from one snapshot; the shared schema is never written to.
#[derive(clap::Args, Debug)]
pub(crate) struct CopyArgs {
    #[command(flatten)]
    stores: StoreArgs,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    pace: Pace,
}

/// Route the application to the store schema of verified stores
///
/// What changed since the copy is copied and proven again first. Then, for a moment, no shared table is written to
/// while the registry's row and the journal change together.
#[derive(clap::Args, Debug)]
pub(crate) struct SwitchArgs {
    #[command(flatten)]
    stores: StoreArgs,
    /// Record that a person gave the application its new URL; the registry is not written to
    #[arg(long)]
    by_hand: bool,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    pace: Pace,
}

#[derive(clap::Args, Clone, Copy, Debug, Default)]
pub(crate) struct How {
    /// Take over an existing schema that equals the template and has no rows
    #[arg(long)]
    pub(super) adopt: bool,
    /// Go on with the recorded manifest and template where today's files differ
    #[arg(long)]
    pub(super) use_recorded: bool,
}

/// A stage to stop at.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum To {
    /// The schema stands
    Created,
    /// The rows are there
    Copied,
    /// All rows are proven equal
    Verified,
}

/// What is asked of the road.
#[derive(Clone, Copy, Debug)]
pub(super) struct Errand<'a> {
    pub(super) command: &'static str,
    pub(super) until: Until,
    pub(super) kind: MoveKind,
    /// The stage that a store must have reached before; none: the road begins with the plan.
    pub(super) from: Option<Stage>,
    pub(super) how: How,
    pub(super) pace: Pace,
    pub(super) ask: bool,
    /// Of the chosen stores, only so many of middle size.
    pub(super) median: Option<NonZeroUsize>,
    /// The name of a store whose row in the registry is to be made.
    pub(super) register: Option<&'a str>,
    /// The key of the store whose rows the new one begins with, as it was given.
    pub(super) clone_of: Option<&'a str>,
}

pub(super) async fn migrate(globals: &Globals, env: &Environment, line: &str, args: &MigrateArgs) -> Result<Page> {
    if args.dry_run {
        let plan = super::plan::PlanArgs { stores: args.stores.clone(), sql: false, adopt: args.how.adopt };
        return super::plan::run(globals, env, &plan).await;
    }
    let stage = match args.to {
        Some(To::Created) => Stage::Created,
        Some(To::Copied) => Stage::Copied,
        Some(To::Verified) => Stage::Verified,
        None if args.no_validate => Stage::Switched,
        None => Stage::Validated, // where the configuration has probes
    };
    let errand = Errand {
        command: "migrate",
        until: Until { stage, by_hand: false, insists: false },
        kind: MoveKind::Move,
        from: None,
        how: args.how,
        pace: args.pace,
        ask: stage >= Stage::Switched,
        median: None,
        register: None,
        clone_of: None,
    };
    work(globals, env, line, &args.stores, errand).await
}

pub(super) async fn create(globals: &Globals, env: &Environment, line: &str, args: &CreateArgs) -> Result<Page> {
    if let Some(count) = args.pool {
        return pool::keep(globals, env, line, count.into(), args.pace).await;
    }
    let (kind, stage) = match args.new {
        true if args.no_validate => (MoveKind::New, Stage::Switched),
        true => (MoveKind::New, Stage::Validated), // where the configuration has probes
        false => (MoveKind::Move, Stage::Created),
    };
    let until = Until { stage, by_hand: false, insists: false };
    let (how, pace) = (args.how, args.pace);
    let register = args.name.as_deref();
    let errand = Errand {
        command: "create",
        until,
        kind,
        from: None,
        how,
        pace,
        ask: false,
        median: None,
        register,
        clone_of: None,
    };
    let mut opened = Opened::open(globals, env, args.stores.guess()).await?;
    if let Some(name) = register
        && args.stores.is_silent()
    {
        if stage == Stage::Validated {
            with_probes(&mut opened)?;
        }
        if let Some(taken) = pool::take(&opened, line, name).await? {
            return close(opened, &taken.lease, taken.report, Ok(taken.exit)).await;
        }
    }
    work_on(opened, globals, line, &args.stores, errand).await
}

pub(super) async fn copy(globals: &Globals, env: &Environment, line: &str, args: &CopyArgs) -> Result<Page> {
    let errand = Errand {
        command: "copy",
        until: Until { stage: Stage::Copied, by_hand: false, insists: false },
        kind: MoveKind::Move,
        from: Some(Stage::Created),
        how: args.how,
        pace: args.pace,
        ask: false,
        median: None,
        register: None,
        clone_of: None,
    };
    work(globals, env, line, &args.stores, errand).await
}

pub(super) async fn switch(globals: &Globals, env: &Environment, line: &str, args: &SwitchArgs) -> Result<Page> {
    let errand = Errand {
        command: "switch",
        until: Until { stage: Stage::Switched, by_hand: args.by_hand, insists: true },
        kind: MoveKind::Move,
        from: Some(Stage::Verified),
        how: args.how,
        pace: args.pace,
        ask: false,
        median: None,
        register: None,
        clone_of: None,
    };
    work(globals, env, line, &args.stores, errand).await
}

pub(super) async fn work(
    globals: &Globals,
    env: &Environment,
    line: &str,
    stores: &StoreArgs,
    errand: Errand<'_>,
) -> Result<Page> {
    work_on(Opened::open(globals, env, stores.guess()).await?, globals, line, stores, errand).await
}

async fn work_on(
    mut opened: Opened,
    globals: &Globals,
    line: &str,
    stores: &StoreArgs,
    mut errand: Errand<'_>,
) -> Result<Page> {
    let started = now();
    if errand.until.stage == Stage::Validated {
        errand.until.stage = with_probes(&mut opened)?;
    }
    let reader = opened.sessions.reader().await?;
    let ground = opened.ground(&reader).await?;
    let registry = opened.registry(&ground);
    let (mut chosen, new_row) = match errand.register {
        Some(name) => register::choose(&opened, &ground, &registry, name, stores).await?,
        None => (open::choose(&reader, &registry, &ground.key_type, stores).await?, None),
    };
    let clone_of = match errand.clone_of {
        Some(key) => Some(clone::source_key(key, &ground.key_type, &chosen.rows)?),
        None => None,
    };
    let is_rehearsal = errand.kind == MoveKind::Rehearsal;
    let taken = match is_rehearsal {
        true => rehearse::taken_names(&reader, &opened, &ground, &registry).await?,
        false => BTreeSet::new(),
    };
    drop(reader);
    let template = match errand.from {
        None => Some(opened.template(!errand.kind.has_rows() && clone_of.is_none())?),
        Some(_) => opened.template(false).ok(), // only to tell whether it differs from the recorded one
    };
    let mut writer = opened.sessions.writer().await?;
    journal::ensure(&mut writer).await.context("making the journal, schema tenantctl")?;
    let moves = journal::live_moves(&writer, ground.shared()).await?;
    drop(writer);
    if is_rehearsal && stores.all {
        rehearse::still_to_move(&mut chosen, &moves)?;
    }
    let mut census = None;
    if let Some(count) = errand.median {
        let counted = take_census(&opened, &ground).await?;
        rehearse::of_middle_size(&mut chosen.rows, count, &counted);
        census = Some(counted);
    }
    let mut lease = Lease::open(&opened.sessions, &opened.run).await?;
    let recorded = RecordedErrand {
        stores: chosen.rows.iter().map(|row| row.key.text().to_owned()).collect(),
        until: errand.until.stage,
        by_hand: errand.until.by_hand,
        kind: errand.kind,
        register: new_row.as_ref().and(errand.register).map(str::to_owned),
        clone_of: clone_of.as_ref().map(|key| key.text().to_owned()),
    };
    begin_run(&lease, &opened, errand.command, line, Some(&recorded)).await?;
    opened.observer.notice(&Event::RunStarted {
        run: &opened.run,
        command: errand.command,
        store_count: chosen.rows.len(),
    });
    let mut site = Site::new(&opened, &ground, &registry, template, moves, errand)?;
    site.may_ask = errand.ask && !globals.yes && globals.may_ask();
    site.taken = taken;
    site.new_row = new_row;
    site.clone_of = clone_of;
    site.census = census;
    let mut report = Report::new(errand.command, Some(opened.run.clone()), started);
    report.database = Some(opened.database());
    report.findings = chosen.left_out;
    let fresh = chosen.rows.iter().any(|row| !site.moves.iter().any(|of| of.store.key == row.key));
    if (fresh || is_rehearsal) && errand.from.is_none() {
        let findings = site.plan_ground().await;
        match findings {
            Ok(findings) => site.ground_findings = findings,
            Err(error) => return close(opened, &lease, report, Err(error)).await,
        }
        report.findings.extend(site.ground_findings.clone());
    }
    let travelled = travel_all(&mut site, &mut lease, &chosen.rows, &mut report).await;
    let held = site.means.gate.held().await.into_iter();
    report.held = held.map(|(limit, of)| Held { limit: limit.word().into(), seconds: of.as_secs_f64() }).collect();
    report.next_steps = match is_rehearsal {
        true => rehearse::next_steps(&report, &opened.run),
        false => next_steps(&report, &opened.run, registry.can_switch()),
    };
    if !is_rehearsal {
        report.next_steps.extend(for_its_role(&report, &opened)?);
    }
    drop(site);
    close(opened, &lease, report, travelled).await
}

/// The last stage of a road that leads to the end: `validated` where there are probes to ask there. What they lack, such
/// as a variable, is found before anything is moved.
fn with_probes(opened: &mut Opened) -> Result<Stage> {
    if !opened.config.validate()?.after_migrate {
        return Ok(Stage::Switched);
    }
    opened.probes = opened.config.probes()?;
    Ok(if opened.probes.is_empty() { Stage::Switched } else { Stage::Validated })
}

/// All stores, wave by wave.
pub(super) async fn travel_all(
    site: &mut Site<'_>,
    lease: &mut Lease,
    rows: &[RegistryRow],
    report: &mut Report,
) -> Result<Exit> {
    let is_stopped = site.ground_findings.iter().any(|finding| finding.grade == Grade::Stop);
    if rows.len() > 1 && site.errand.from.is_none() && !is_stopped && site.census.is_none() {
        // Only for the order: a condition that cannot be asked for all stores at once stops nobody.
        site.census = take_census(site.opened, site.ground).await.ok();
    }
    let mut order: Vec<usize> = (0..rows.len()).collect();
    if let Some(census) = &site.census {
        order.sort_by_key(|at| (census.rows_of(rows[*at].key.text()), *at)); // an early failure costs little
    }
    let capacity = rights::capacity(&*site.means.sessions.writer().await?).await?;
    let budget = site.errand.pace.budget(rows.len(), site.means.copy.jobs.get(), &capacity);
    if rows.len() > 1 {
        site.means.observer.notice(&Event::Budgeted { connections: &budget });
    }
    let policy = site.errand.pace.policy(rows.len(), &budget);
    report.connections = Some(budget);
    site.means.stores_at_once = policy.jobs;
    report.forecast = forecast_of(site, lease, rows, &capacity).await;
    if rows.len() > 1 && site.may_ask {
        site.confirm_all(rows, report.forecast.as_ref())?;
        site.may_ask = false;
    }
    let meter = Meter::start(lease.client()).await;
    let mut schedule = Schedule::new(policy, &order);
    let mut ended: Vec<Option<_>> = rows.iter().map(|_| None).collect();
    while let Some(wave) = schedule.next_wave(Timestamp::now()) {
        tokio::time::sleep(wave.pause).await;
        if lease.client().is_closed() {
            match Lease::open(site.means.sessions, site.means.run).await {
                Ok(opened) => *lease = opened,
                Err(error) => {
                    report.error = Some(explain::error_report(&error));
                    wave.stores.iter().for_each(|at| schedule.put_back(*at));
                    break;
                }
            }
        }
        let stores: Vec<(usize, &RegistryRow)> = wave.stores.iter().map(|at| (*at, &rows[*at])).collect();
        for (at, store) in site.wave(lease, &mut schedule, &policy, &stores).await {
            ended[at] = Some(store);
        }
    }
    let finished: Vec<_> = ended.iter().flatten().map(|(store, exit)| (store, exit)).collect();
    let measured = meter.stop(lease.client(), site, &finished).await;
    keep(site, lease, measured, report).await;
    let (mut exits, mut left) = (Vec::new(), 0);
    for (row, ended) in rows.iter().zip(ended) {
        match ended {
            Some((store, exit)) => {
                report.stores.push(store);
                exits.push(exit);
            }
            None => {
                left += 1;
                report.stores.push(site.not_begun(row, &not_begun(schedule.halt(), rows)));
            }
        }
    }
    let exit = exit_of(&exits);
    Ok(match exit {
        Exit::Done | Exit::Differs if left > 0 => Exit::Partial,
        exit => exit,
    })
}

/// What the stores that are still to be moved should take; none where one store is all, or somebody else's condition
/// cannot be asked for all: then the run is no worse for it.
async fn forecast_of(site: &Site<'_>, lease: &Lease, rows: &[RegistryRow], capacity: &Capacity) -> Option<Forecast> {
    let census = site.census.as_ref().filter(|_| rows.len() > 1)?;
    let is_done = |row: &RegistryRow| {
        !site.is_rehearsal()
            && site.moves.iter().any(|of| of.store.key == row.key && is_there(of.stage, site.errand.until))
    };
    let keys: Vec<StoreKey> = rows.iter().filter(|row| !is_done(row)).map(|row| row.key.clone()).collect();
    let switches = site.errand.until.switches();
    let forecast = forecast::of_stores(&site.means, site.ground, census, &keys, capacity, switches).await.ok()?;
    let _kept = journal::record_forecast(lease.client(), site.means.run, &forecast).await; // the report has it too
    Some(forecast)
}

/// Keeps what the run took, for the next forecast and beside this one's.
async fn keep(site: &Site<'_>, lease: &Lease, measured: Measured, report: &mut Report) {
    if measured.store_count == 0 || site.means.sessions.is_interrupted() {
        return;
    }
    let whole_road = site.errand.from.is_none() && site.errand.until.stage >= Stage::Verified;
    if whole_road && site.errand.kind.has_rows() && !site.went_on.get() {
        // Where it cannot be written, the next forecast knows less.
        let _kept = journal::record_measured(lease.client(), site.means.run, &measured).await;
    }
    if let Some(forecast) = &mut report.forecast {
        forecast.actual = Some(measured);
        let _kept = journal::record_forecast(lease.client(), site.means.run, forecast).await;
    }
}

/// How many rows each store has.
async fn take_census(opened: &Opened, ground: &Ground) -> Result<Census> {
    let reader = opened.sessions.reader().await?;
    Census::take(&reader, ground, &Stores::all(ground, opened.registry_config.as_ref())).await
}

/// Why a store was not begun.
fn not_begun(halt: Option<Halt>, rows: &[RegistryRow]) -> String {
    match halt {
        Some(Halt::Canary(at)) => format!("not begun: canary store {} did not end well", rows[at].key),
        Some(Halt::Failures(count)) => format!("not begun: {count} stores failed before it"),
        Some(Halt::Time(_)) => "not begun: the time was up".into(),
        Some(Halt::Ended) | None => "not begun: the run ended before it".into(),
    }
}

/// Writes how the run ended; a run that came to nothing is a failure of its own.
pub(super) async fn close(opened: Opened, lease: &Lease, mut report: Report, ended: Result<Exit>) -> Result<Page> {
    opened.sessions.close().await;
    let exit = match ended {
        Ok(exit) => exit,
        Err(error) => {
            report.error = Some(explain::error_report(&error));
            explain::exit_of(&error)
        }
    };
    let report = report.end(exit, now());
    let mut written = journal::end_run(lease.client(), &opened.run, exit, &report).await;
    if written.is_err() {
        written = journal::end_run(lease.client(), &opened.run, exit, &report).await; // a late cancel may have hit it
    }
    if let Err(error) = written {
        let message = format!("how the run ended could not be written to the journal: {error:#}");
        opened.observer.notice(&Event::Warned { message: &message });
    }
    let options = opened.page_options();
    drop(opened); // bars step aside before the page begins
    Ok(Page { report, options })
}

/// Whether a move has made its schema, and it still stands.
pub(super) fn has_schema(stage: Stage) -> bool {
    !matches!(stage, Stage::Planned | Stage::Abandoned | Stage::Purged)
}

pub(super) async fn begin_run(
    lease: &Lease,
    opened: &Opened,
    command: &str,
    line: &str,
    errand: Option<&RecordedErrand>,
) -> Result<()> {
    let (os_user, host) = who();
    let run = NewRun { id: &opened.run, command, command_line: line, os_user: &os_user, host: &host, errand };
    journal::begin_run(lease.client(), &run, opened.sessions.facts()).await
}

/// The user of this machine, and its name.
pub(super) fn who() -> (String, String) {
    let os_user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_else(|_| "unknown".into());
    (os_user, rustix::system::uname().nodename().to_string_lossy().into_owned())
}

/// A role that was just made with a login and without a password.
pub(super) fn for_its_role(report: &Report, opened: &Opened) -> Result<Option<NextStep>> {
    let Some(role) = opened.config.role()? else { return Ok(None) };
    let [store] = report.stores.as_slice() else { return Ok(None) };
    let is_new = store.outcome == Outcome::Done && !store.already_done && store.stage.is_some();
    Ok((is_new && role.login && matches!(role.password, RolePassword::Generate)).then(|| NextStep {
        why: "give its role a password, and show it once".into(),
        command: format!("tenantctl role --store {} --rotate --show-password", store.store),
    }))
}

pub(super) fn next_steps(report: &Report, run: &str, can_switch: bool) -> Vec<NextStep> {
    let mut steps = Vec::new();
    let is_open = |outcome| matches!(outcome, Outcome::Failed | Outcome::Interrupted | Outcome::Refused);
    // Where every store was refused nothing was begun, and there is nothing to go on with.
    let unfinished = match report.stores.iter().all(|store| store.outcome == Outcome::Refused) {
        true => 0,
        false => report.stores.iter().filter(|store| is_open(store.outcome)).count(),
    };
    if unfinished > 0 {
        steps.push(NextStep {
            why: format!("{unfinished} of {} stores are not done", report.stores.len()),
            command: format!("tenantctl resume {run}"),
        });
    }
    let failed: Vec<_> = report.stores.iter().filter(|store| store.has_failed_probe()).collect();
    match failed.as_slice() {
        [] => {}
        [store] => {
            steps.extend(validate::after_failure(store));
            return steps;
        }
        several => steps.push(NextStep {
            why: format!("{} stores failed a probe; ask all again", several.len()),
            command: "tenantctl validate --all".into(),
        }),
    }
    if let [store] = report.stores.as_slice() {
        let (why, command) = match (store.outcome, store.stage) {
            (Outcome::Differs, _) => ("see the rows again", format!("tenantctl verify --store {}", store.store)),
            (Outcome::Done, Some(Stage::Created)) => {
                ("copy its rows", format!("tenantctl copy --store {}", store.store))
            }
            (Outcome::Done, Some(Stage::Copied)) => {
                ("prove the copy", format!("tenantctl verify --store {}", store.store))
            }
            (Outcome::Done, Some(Stage::Verified)) if !can_switch => (
                "give the application its URL or schema, then record that you did",
                format!("tenantctl switch --store {} --by-hand", store.store),
            ),
            (Outcome::Done, Some(Stage::Verified)) => {
                ("route the application to it", format!("tenantctl switch --store {}", store.store))
            }
            (Outcome::Done, Some(Stage::Switched | Stage::Validated)) => {
                ("look at it every night", format!("tenantctl verify --store {} --live", store.store))
            }
            _ => return steps,
        };
        steps.push(NextStep { why: why.into(), command });
    }
    steps
}
