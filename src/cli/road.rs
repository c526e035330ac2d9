//! `migrate` and its single steps: `create`, `copy`, `switch`. All are the same road with another end.

use anyhow::{Context, Result, bail};

use super::open::{self, Opened};
use super::output::{Page, now};
use super::{Globals, StoreArgs};
use crate::conninfo::Environment;
use crate::error::{Exit, Refusal, ServerError};
use crate::event::Event;
use crate::fleet::exit::{StoreExit, exit_of};
use crate::fleet::road::{Arrival, Until, travel};
use crate::pg::ground::Ground;
use crate::pg::journal::{self, Move, MoveKind, NewRun, RecordedErrand, RecordedTemplate};
use crate::pg::lease::Lease;
use crate::pg::registry::{Registry, RegistryRow};
use crate::plan::{Finding, Grade};
use crate::report::{NextStep, Outcome, Report, StoreReport};
use crate::stage::Stage;
use crate::step::plan::{PlanOf, PlannedStore, plan, plan_ground, store_of};
use crate::step::{Means, report::store_report};
use crate::template::Template;
use crate::view::figures::counted;
use crate::view::words::fill;
use crate::view::{ask, explain, watch};

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
    /// Show the plan and stop
    #[arg(short = 'n', long)]
    dry_run: bool,
}

/// Make the store schema from the template
///
/// With --new for a store that has a row in the registry and no rows yet: schema, keys, base data, proof, switch.
#[derive(clap::Args, Debug)]
pub(crate) struct CreateArgs {
    #[command(flatten)]
    stores: StoreArgs,
    /// The store is new: it has no rows in the shared schema
    #[arg(long)]
    new: bool,
    #[command(flatten)]
    how: How,
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
pub(super) struct Errand {
    pub(super) command: &'static str,
    pub(super) until: Until,
    pub(super) kind: MoveKind,
    /// The stage that a store must have reached before; none: the road begins with the plan.
    pub(super) from: Option<Stage>,
    pub(super) how: How,
    pub(super) ask: bool,
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
        None => Stage::Switched,
    };
    let errand = Errand {
        command: "migrate",
        until: Until { stage, by_hand: false, insists: false },
        kind: MoveKind::Move,
        from: None,
        how: args.how,
        ask: stage == Stage::Switched,
    };
    work(globals, env, line, &args.stores, errand).await
}

pub(super) async fn create(globals: &Globals, env: &Environment, line: &str, args: &CreateArgs) -> Result<Page> {
    let (kind, stage) = match args.new {
        true => (MoveKind::New, Stage::Switched),
        false => (MoveKind::Move, Stage::Created),
    };
    let until = Until { stage, by_hand: false, insists: false };
    let errand = Errand { command: "create", until, kind, from: None, how: args.how, ask: false };
    work(globals, env, line, &args.stores, errand).await
}

pub(super) async fn copy(globals: &Globals, env: &Environment, line: &str, args: &CopyArgs) -> Result<Page> {
    let errand = Errand {
        command: "copy",
        until: Until { stage: Stage::Copied, by_hand: false, insists: false },
        kind: MoveKind::Move,
        from: Some(Stage::Created),
        how: args.how,
        ask: false,
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
        ask: false,
    };
    work(globals, env, line, &args.stores, errand).await
}

/// What the road works with, opened once for all stores.
struct Site<'a> {
    opened: &'a Opened,
    means: Means<'a>,
    ground: &'a Ground,
    registry: &'a Registry<'a>,
    template: Option<(Template, RecordedTemplate)>,
    ground_findings: Vec<Finding>,
    moves: Vec<Move>,
    errand: Errand,
    may_ask: bool,
}

pub(super) async fn work(
    globals: &Globals,
    env: &Environment,
    line: &str,
    stores: &StoreArgs,
    errand: Errand,
) -> Result<Page> {
    let started = now();
    let many = if stores.all || stores.stores_from.is_some() || stores.store.len() > 1 { 2 } else { 1 };
    let opened = Opened::open(globals, env, many).await?;
    let reader = opened.sessions.reader().await?;
    let ground = opened.ground(&reader).await?;
    let registry = opened.registry(&ground);
    let chosen = open::choose(&reader, &registry, &ground.key_type, stores).await?;
    drop(reader);
    let template = match errand.from {
        None => Some(opened.template(errand.kind == MoveKind::New)?),
        Some(_) => opened.template(false).ok(), // only to tell whether it differs from the recorded one
    };
    let mut writer = opened.sessions.writer().await?;
    journal::ensure(&mut writer).await.context("making the journal, schema tenantctl")?;
    let moves = journal::live_moves(&writer, ground.shared()).await?;
    drop(writer);
    let mut lease = Lease::open(&opened.sessions, &opened.run).await?;
    let recorded = RecordedErrand {
        stores: chosen.rows.iter().map(|row| row.key.text().to_owned()).collect(),
        until: errand.until.stage,
        by_hand: errand.until.by_hand,
        kind: errand.kind,
    };
    begin_run(&lease, &opened, errand.command, line, Some(&recorded)).await?;
    opened.observer.notice(&Event::RunStarted {
        run: &opened.run,
        command: errand.command,
        store_count: chosen.rows.len(),
    });
    let mut site = Site {
        means: opened.means()?,
        opened: &opened,
        ground: &ground,
        registry: &registry,
        template,
        ground_findings: Vec::new(),
        moves,
        errand,
        may_ask: errand.ask && !globals.yes && globals.may_ask(),
    };
    let mut report = Report::new(errand.command, Some(opened.run.clone()), started);
    report.database = Some(opened.database());
    report.findings = chosen.left_out;
    let fresh = chosen.rows.iter().any(|row| !site.moves.iter().any(|of| of.store.key == row.key));
    if fresh && errand.from.is_none() {
        let findings = site.plan_ground().await;
        match findings {
            Ok(findings) => site.ground_findings = findings,
            Err(error) => return close(opened, &lease, report, Err(error)).await,
        }
        report.findings.extend(site.ground_findings.clone());
    }
    let mut exits = Vec::new();
    let mut rows = chosen.rows.iter();
    for row in rows.by_ref() {
        let (store, exit) = site.one_store(&mut lease, row).await;
        exits.push(exit.store);
        report.stores.push(store);
        if exit.ends_all {
            break; // what keeps one store out keeps out all that follow
        }
    }
    report.stores.extend(rows.map(|row| site.not_begun(row)));
    report.next_steps = next_steps(&report, &opened.run, registry.can_switch());
    close(opened, &lease, report, Ok(exit_of(&exits))).await
}

/// Writes how the run ended; a run that came to nothing is a failure of its own.
pub(super) async fn close(opened: Opened, lease: &Lease, mut report: Report, ended: Result<Exit>) -> Result<Page> {
    opened.sessions.close();
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

pub(super) async fn begin_run(
    lease: &Lease,
    opened: &Opened,
    command: &str,
    line: &str,
    errand: Option<&RecordedErrand>,
) -> Result<()> {
    let os_user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_else(|_| "unknown".into());
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let run = NewRun { id: &opened.run, command, command_line: line, os_user: &os_user, host: &host, errand };
    journal::begin_run(lease.client(), &run, opened.sessions.facts()).await
}

impl Site<'_> {
    fn plan_of(&self) -> Result<PlanOf<'_>> {
        let (template, recorded) = self.template.as_ref().context("the template was not read")?;
        Ok(PlanOf {
            ground: self.ground,
            registry: self.registry,
            registry_config: self.opened.registry_config.as_ref(),
            store_schema: self.store_schema(),
            template,
            recorded,
            kind: self.errand.kind,
            adopt: self.errand.how.adopt,
            with_statements: false,
        })
    }

    fn store_schema(&self) -> &crate::config::StoreSchema {
        &self.opened.store_schema
    }

    async fn plan_ground(&self) -> Result<Vec<Finding>> {
        plan_ground(&self.means, &self.plan_of()?).await
    }

    /// One store, whatever happens to it: its report and how it ended.
    async fn one_store(&self, lease: &mut Lease, row: &RegistryRow) -> (StoreReport, Ended) {
        let begun_at = watch::Watch::start();
        let mut story = Story { begun: false, findings: Vec::new(), already: false, the_move: None };
        let outcome = self.journey(lease, row, &mut story).await;
        let store = match &story.the_move {
            Some(the_move) => the_move.store.clone(),
            None => store_of(self.store_schema(), row).unwrap_or(crate::store::Store {
                key: row.key.clone(),
                name: row.name.clone(),
                schema: crate::ident::Ident::new(""),
            }),
        };
        let exit = match &outcome {
            Ok(Arrival::Differs) => Exit::Differs,
            Ok(_) => Exit::Done,
            Err(error) => self.exit_of(error),
        };
        let ends_all = exit == Exit::Interrupted || outcome.as_ref().is_err_and(ends_all);
        if exit == Exit::Interrupted {
            self.means.sessions.close();
        }
        let mut report = match self.report_of(lease, story.the_move.as_ref()).await {
            Some(report) => report,
            None => StoreReport::of(&store),
        };
        if let Err(error) = outcome {
            let mut told = explain::error_report(&error);
            told.exit_code = exit.code();
            if told.hint.is_none() && story.begun && exit != Exit::Refused {
                told.hint = Some(format!("all that is done is kept; go on with `tenantctl resume {}`", self.means.run));
            }
            if let Some(the_move) = &story.the_move {
                // The lease may be lost with the connection; then the journal keeps the stage, which is the truth.
                let _kept = the_move.record_error(lease.client(), self.means.run, &told).await;
            }
            report.error = Some(told);
        }
        let _given = lease.give_back(self.ground.shared(), &row.key).await; // else it goes with the session
        report.findings = story.findings;
        report.already_done = story.already;
        report.outcome = Outcome::of(exit);
        report.seconds = begun_at.elapsed().as_secs_f64();
        self.means.observer.notice(&Event::StoreDone {
            store: &store,
            outcome: report.outcome,
            row_count: report.row_count,
            elapsed: begun_at.elapsed(),
        });
        (report, Ended { store: StoreExit { exit, begun: story.begun }, ends_all })
    }

    /// The report of a store behind one that ended the run.
    fn not_begun(&self, row: &RegistryRow) -> StoreReport {
        let schema = store_of(self.store_schema(), row).map_or_else(|_| String::new(), |s| s.schema.raw().to_owned());
        let store = crate::store::Store {
            key: row.key.clone(),
            name: row.name.clone(),
            schema: crate::ident::Ident::new(schema),
        };
        let mut report = StoreReport::of(&store);
        report.outcome = Outcome::Interrupted;
        let refusal = Refusal::new("not begun: the run ended before it").exit(Exit::Failed);
        report.error = Some(explain::error_report(&refusal.into()));
        report
    }

    /// A statement that a signal cancelled fails in its own words; the signal is the reason.
    fn exit_of(&self, error: &anyhow::Error) -> Exit {
        match self.means.sessions.is_interrupted() {
            true => Exit::Interrupted,
            false => explain::exit_of(error),
        }
    }

    async fn journey(&self, lease: &mut Lease, row: &RegistryRow, story: &mut Story) -> Result<Arrival> {
        self.means.sessions.check()?;
        lease.take(self.ground.shared(), &row.key).await?;
        let live = journal::live_move(lease.client(), self.ground.shared(), &row.key).await?;
        let the_move = match live {
            Some(live) => self.go_on(lease, live, story).await?,
            None => self.begin(lease, row, story).await?,
        };
        story.the_move = Some(the_move.clone());
        if the_move.stage >= self.errand.until.stage && the_move.stage.is_switched() {
            story.already = true;
            return Ok(Arrival::AlreadyThere);
        }
        story.begun = true;
        if self.may_ask && !self.confirm(&the_move)? {
            bail!(
                Refusal::new(format!("store {} is not switched: the answer was no", row.key))
                    .hint("`--to verified` copies and proves without switching")
            );
        }
        let id = the_move.id;
        let client = lease.client();
        let arrival = travel(&self.means, self.registry, &the_move, self.errand.until, async || {
            journal::reread(client, id).await
        })
        .await;
        if let Ok(now) = journal::reread(lease.client(), id).await {
            story.the_move = Some(now);
        }
        let arrival = arrival?;
        story.already = matches!(arrival, Arrival::AlreadyThere);
        Ok(arrival)
    }

    /// A new move: plan it, and record the plan.
    async fn begin(&self, lease: &Lease, row: &RegistryRow, story: &mut Story) -> Result<Move> {
        if let Some(from) = self.errand.from {
            let missing = match from {
                Stage::Created => "has no schema yet",
                _ => "is not verified yet",
            };
            let command = if from == Stage::Created { "create" } else { "migrate --to verified" };
            bail!(
                Refusal::new(format!("store {} {missing}", row.key))
                    .hint(format!("run `tenantctl {command} --store {}` first", row.key))
            );
        }
        let planned: PlannedStore = plan(&self.means, &self.plan_of()?, std::slice::from_ref(row), &self.moves)
            .await?
            .pop()
            .context("no store was planned")?;
        story.findings.clone_from(&planned.findings);
        let own = planned.findings.iter().filter(|finding| !self.ground_findings.contains(finding));
        let all = self.ground_findings.iter().chain(own);
        let stops: Vec<&Finding> = all.filter(|finding| finding.grade == Grade::Stop).collect();
        if let Some(first) = stops.first() {
            let more = match stops.len() {
                1 => String::new(),
                count => format!(", and {} more", count - 1),
            };
            let table = first.table.as_ref().map(|table| format!("{table}: ")).unwrap_or_default();
            bail!(
                Refusal::new(format!("the plan of store {} found what stops it", row.key))
                    .because(format!("{table}{}{more}", first.message))
                    .hint(
                        first
                            .hint
                            .clone()
                            .unwrap_or_else(|| format!("`tenantctl plan --store {}` tells all of it", row.key))
                    )
            );
        }
        let new_move = planned.new_move.ok_or_else(|| {
            Refusal::new("this role may not create a schema, so the move cannot begin")
                .hint(format!(
                    "grant create on database {} to {}",
                    self.means.sessions.facts().database,
                    self.means.sessions.facts().role
                ))
                .exit(Exit::Unreachable)
        })?;
        journal::begin(lease, self.ground.shared(), &new_move).await
    }

    /// A move that exists: the recorded plan counts, and today's files must say the same.
    async fn go_on(&self, lease: &mut Lease, live: Move, story: &mut Story) -> Result<Move> {
        story.the_move = Some(live.clone());
        let key = &live.store.key;
        if live.stage >= self.errand.until.stage && live.stage.is_switched() {
            return Ok(live);
        }
        if self.errand.command == "create" && live.kind != self.errand.kind {
            let what = match live.kind {
                MoveKind::Move => "has rows that are being moved; it is not new",
                MoveKind::New => "is being made as a new one",
            };
            bail!(
                Refusal::new(format!("store {key} {what}"))
                    .hint(format!("`tenantctl resume` goes on with it; its stage is {}", live.stage))
            );
        }
        if live.stage == Stage::Reversed {
            bail!(
                Refusal::new(format!(
                    "store {key} was switched and reversed; its schema {} still stands",
                    live.store.schema.raw()
                ))
                .hint(format!("`tenantctl abandon --store {key}` drops it and clears the way"))
            );
        }
        if let Some(from) = self.errand.from
            && live.stage < from
        {
            let command = if from == Stage::Created { "create" } else { "migrate --to verified" };
            bail!(
                Refusal::new(format!("store {key} is {}, not {from} yet", live.stage))
                    .hint(format!("run `tenantctl {command} --store {key}` first"))
            );
        }
        if let Some((_, recorded)) = self.template.as_ref().filter(|_| !self.errand.how.use_recorded) {
            let differing = live.differs_from(&self.ground.manifest, recorded);
            if !differing.is_empty() {
                bail!(
                    Refusal::new(format!("store {key} was planned with other files: {} changed", differing.join(" and ")))
                        .hint(format!(
                            "`--use-recorded` goes on with the recorded ones; or `tenantctl abandon --store {key}` and begin anew"
                        ))
                );
            }
        }
        journal::check_home(lease.client(), live.id, self.means.sessions.facts()).await?;
        journal::take_over(lease, live.id).await
    }

    /// The one question of `migrate`, before anything is made.
    fn confirm(&self, the_move: &Move) -> Result<bool> {
        let rows: u64 = the_move.plan.tables.iter().map(|table| table.row_count).sum();
        let words = self.opened.words;
        let profile = self.opened.config.profile().map(|name| fill(words.of_profile, &[name])).unwrap_or_default();
        let (rows, tables) = (counted(rows, words.row), counted(the_move.plan.tables.len() as u64, words.table_noun));
        let (label, schema) = (the_move.store.label(), the_move.store.schema.raw());
        let lines = [
            format!("{profile}{}", self.opened.database()),
            fill(words.to_switch, &[&label, &rows, &tables, schema]),
            words.may_switch.to_owned(),
        ];
        Ok(ask::confirm(&lines, words)?)
    }

    async fn report_of(&self, lease: &Lease, the_move: Option<&Move>) -> Option<StoreReport> {
        let steps = self.opened.config.report().map(|report| report.next_steps).unwrap_or_default();
        store_report(lease.client(), the_move?, &steps, self.means.id_headroom).await.ok()
    }
}

/// How a store ended, and whether the stores behind it would end the same way.
struct Ended {
    store: StoreExit,
    ends_all: bool,
}

/// A lost server, a refused password or a missing right does not pass from one store to the next.
fn ends_all(error: &anyhow::Error) -> bool {
    let of_server = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<ServerError>())
        .any(|error| error.is_connection() || error.is_access());
    of_server || crate::view::explain::exit_of(error) == Exit::Unreachable // a certificate, a password that cannot be read
}

/// What is known of a store's journey so far, also when it fails.
struct Story {
    begun: bool,
    already: bool,
    findings: Vec<Finding>,
    the_move: Option<Move>,
}

fn next_steps(report: &Report, run: &str, can_switch: bool) -> Vec<NextStep> {
    let mut steps = Vec::new();
    let unfinished = report
        .stores
        .iter()
        .filter(|store| store.outcome == Outcome::Failed || store.outcome == Outcome::Interrupted)
        .count();
    if unfinished > 0 {
        steps.push(NextStep {
            why: format!("{unfinished} of {} stores are not done", report.stores.len()),
            command: format!("tenantctl resume {run}"),
        });
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
            (Outcome::Done, Some(Stage::Switched)) => {
                ("look at it every night", format!("tenantctl verify --store {} --live", store.store))
            }
            _ => return steps,
        };
        steps.push(NextStep { why: why.into(), command });
    }
    steps
}
