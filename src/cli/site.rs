//! What the road works with, opened once for all stores, and the stores of one wave on it.
//!
//! Each store of a wave sets out alone (plan, create), all are copied together, each is verified alone, and then they are
//! switched, together as far as that can be. A single store is a wave of one. Which stores make a wave, `fleet/schedule`
//! decides.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use futures_util::{StreamExt, stream};
use jiff::Timestamp;

use super::open::Opened;
use super::road::Errand;
use super::{clone, rehearse};
use crate::error::{Exit, Refusal, ServerError};
use crate::event::{Event, Step};
use crate::fleet::exit::StoreExit;
use crate::fleet::road::{Arrival, Until, is_there, travel};
use crate::fleet::schedule::{Ending, Policy, Schedule};
use crate::forecast::Forecast;
use crate::ident::Ident;
use crate::pg::census::Census;
use crate::pg::ground::{Ground, Grounds};
use crate::pg::journal::{self, Begun, Created, Move, MoveKind, MoveLine, Receipt, RecordedTemplate, Verified};
use crate::pg::lease::Lease;
use crate::pg::registry::{NewRow, Registry, RegistryRow};
use crate::plan::{Finding, Grade};
use crate::report::{Outcome, Rehearsal, StepTime, StoreReport};
use crate::stage::Stage;
use crate::step::clone::source as clone_source;
use crate::step::copy::copy;
use crate::step::gate::Gate;
use crate::step::plan::{PlanOf, PlannedStore, plan, plan_ground, store_of};
use crate::step::register::register;
use crate::step::rehearsal::schema_name;
use crate::step::switch::switch_together;
use crate::step::{Means, report::store_report};
use crate::store::{Store, StoreKey};
use crate::template::Template;
use crate::view::figures::counted;
use crate::view::text::forecast::in_short;
use crate::view::watch::Watch;
use crate::view::words::fill;
use crate::view::{ask, explain};

/// What the road works with, opened once for all stores.
pub(super) struct Site<'a> {
    pub(super) opened: &'a Opened,
    pub(super) means: Means<'a>,
    pub(super) ground: &'a Ground,
    registry: &'a Registry<'a>,
    template: Option<(Template, RecordedTemplate)>,
    pub(super) ground_findings: Vec<Finding>,
    pub(super) moves: Vec<MoveLine>,
    /// Of several stores: how many rows each has.
    pub(super) census: Option<Census>,
    /// Of a rehearsal: the store schemas of all stores.
    pub(super) taken: BTreeSet<Ident>,
    /// A store was not begun by this run, so what it took is not the whole.
    pub(super) went_on: Cell<bool>,
    /// Seconds of each step, summed over the stores.
    pub(super) steps: RefCell<BTreeMap<String, f64>>,
    /// Bytes that dropping rehearsals wrote to the log.
    pub(super) logged_by_drops: tokio::sync::Mutex<u64>,
    pub(super) errand: Errand<'a>,
    /// The registry's row of a store that is still to be registered.
    pub(super) new_row: Option<NewRow>,
    /// The key of the store whose rows the new one begins with.
    pub(super) clone_of: Option<StoreKey>,
    pub(super) may_ask: bool,
}

/// A store on its way.
struct Journey<'r> {
    at: usize,
    row: &'r RegistryRow,
    begun_at: Watch,
    begun: bool,
    already: bool,
    findings: Vec<Finding>,
    the_move: Option<Move>,
    took: Vec<StepTime>,
    /// None while it is on its way.
    outcome: Option<Result<Arrival>>,
}

impl<'r> Journey<'r> {
    fn new(at: usize, row: &'r RegistryRow) -> Self {
        let findings = Vec::new();
        Self {
            at,
            row,
            begun_at: Watch::start(),
            begun: false,
            already: false,
            findings,
            the_move: None,
            took: Vec::new(),
            outcome: None,
        }
    }

    fn has_taken(&mut self, step: Step, watch: &Watch) {
        self.took.push(StepTime { step: step.word().to_owned(), seconds: watch.elapsed().as_secs_f64() });
    }

    /// The proof that it is at a stage, where it is still under way.
    fn receipt<S: Begun>(&self) -> Option<Receipt<S>> {
        let the_move = self.the_move.as_ref().filter(|_| self.outcome.is_none())?;
        Receipt::read(the_move)
    }
}

/// A store's report, and its part in the run's exit code.
type Ended = (StoreReport, StoreExit);

impl<'a> Site<'a> {
    /// Opens it; nobody is asked, and nothing is found yet.
    ///
    /// # Errors
    /// What the configuration has against it.
    pub(super) fn new(
        opened: &'a Opened,
        ground: &'a Ground,
        registry: &'a Registry<'a>,
        template: Option<(Template, RecordedTemplate)>,
        moves: Vec<MoveLine>,
        errand: Errand<'a>,
    ) -> Result<Self> {
        Ok(Self {
            means: Means {
                strategy: errand.pace.strategy(),
                gate: Gate::new(errand.pace.limits(opened.config.throttle()?)),
                grounds: Grounds::of(ground.clone()),
                ..opened.means()?
            },
            opened,
            ground,
            registry,
            template,
            ground_findings: Vec::new(),
            moves,
            census: None,
            taken: BTreeSet::new(),
            went_on: Cell::new(false),
            steps: RefCell::default(),
            logged_by_drops: tokio::sync::Mutex::default(),
            errand,
            new_row: None,
            clone_of: None,
            may_ask: false,
        })
    }

    /// The stores of one wave, by their places: those that came to an end. The others were not begun, or are to be tried
    /// again.
    pub(super) async fn wave(
        &self,
        lease: &Lease,
        schedule: &mut Schedule,
        policy: &Policy,
        stores: &[(usize, &RegistryRow)],
    ) -> Vec<(usize, Ended)> {
        let (schedule, ended) = (&RefCell::new(schedule), &RefCell::new(Vec::new()));
        let jobs = policy.jobs.get();
        let set_out = stream::iter(stores.iter()).map(|(at, row)| async move {
            if !schedule.borrow_mut().may_begin(Timestamp::now()) {
                schedule.borrow_mut().put_back(*at);
                return None;
            }
            let mut journey = Journey::new(*at, row);
            self.set_out(lease, &mut journey).await;
            self.settle(lease, schedule, journey, ended).await
        });
        let mut under_way: Vec<Journey<'_>> = set_out.buffer_unordered(jobs).filter_map(async |on| on).collect().await;
        self.copy_together(lease, &mut under_way).await;
        let prove = stream::iter(under_way).map(|mut journey| async move {
            self.prove(lease, &mut journey).await;
            self.settle(lease, schedule, journey, ended).await
        });
        let mut proven: Vec<Journey<'_>> = prove.buffer_unordered(jobs).filter_map(async |on| on).collect().await;
        self.switch_together(lease, &mut proven).await;
        let switch = stream::iter(proven).map(|mut journey| async move {
            self.switch(lease, &mut journey).await;
            self.settle(lease, schedule, journey, ended).await
        });
        let switched: Vec<Journey<'_>> = switch.buffer_unordered(jobs).filter_map(async |on| on).collect().await;
        // Not between two switches: what an application takes for its answers must not make the next copy older.
        let ask = stream::iter(switched).map(|mut journey| async move {
            self.validate(lease, &mut journey).await;
            self.settle(lease, schedule, journey, ended).await
        });
        let late: Vec<Journey<'_>> = ask.buffer_unordered(jobs).filter_map(async |on| on).collect().await;
        if !late.is_empty() {
            self.means.sessions.close().await; // interrupted: the reports are still read
        }
        for journey in late {
            self.end(lease, schedule, journey, ended).await;
        }
        ended.take()
    }

    /// Plans and creates, as far as that is not done and asked for.
    async fn set_out(&self, lease: &Lease, journey: &mut Journey<'_>) {
        let set_out = async {
            self.means.pass().await?;
            lease.take(self.ground.shared(), &journey.row.key).await?;
            let live = match self.errand.kind {
                MoveKind::Rehearsal => self.clear(lease, journey.row).await.map(|()| None)?,
                _ => journal::live_move(lease.client(), self.ground.shared(), &journey.row.key).await?,
            };
            let planning = Watch::start();
            let the_move = match live {
                Some(live) => self.go_on(lease, live, journey).await?,
                None => self.begin(lease, journey).await?,
            };
            journey.has_taken(Step::Plan, &planning);
            journey.the_move = Some(the_move.clone());
            if is_there(the_move.stage, self.errand.until) {
                journey.already = true;
                return Ok(Some(Arrival::AlreadyThere));
            }
            journey.begun = true;
            if self.may_ask && !the_move.stage.is_switched() && !self.confirm(&the_move)? {
                bail!(
                    Refusal::new(format!("store {} is not switched: the answer was no", journey.row.key))
                        .hint("`--to verified` copies and proves without switching")
                );
            }
            if the_move.stage != Stage::Planned {
                self.went_on.set(true);
                return Ok(None);
            }
            let created = Until { stage: Stage::Created, ..self.errand.until };
            let creating = Watch::start();
            let arrival = self.travel(lease, &the_move, created, journey).await?;
            journey.has_taken(Step::Create, &creating);
            Ok((self.errand.until.stage == Stage::Created).then_some(arrival))
        };
        journey.outcome = set_out.await.transpose();
    }

    /// Copies those that wait for it, from one snapshot.
    async fn copy_together(&self, lease: &Lease, under_way: &mut [Journey<'_>]) {
        let mut waiting: Vec<&mut Journey<'_>> =
            under_way.iter_mut().filter(|journey| journey.receipt::<Created>().is_some()).collect();
        let receipts: Vec<Receipt<Created>> = waiting.iter().filter_map(|journey| journey.receipt()).collect();
        let copying = Watch::start();
        let copied = copy(&self.means, &receipts).await;
        for (journey, copied) in waiting.iter_mut().zip(copied) {
            journey.has_taken(Step::Copy, &copying);
            match copied {
                Ok(receipt) => journey.the_move = Some(receipt.the_move().clone()),
                Err(error) => journey.outcome = Some(Err(error)),
            }
            if self.errand.until.stage == Stage::Copied && journey.outcome.is_none() {
                journey.outcome = Some(Ok(Arrival::Arrived));
            }
            if journey.outcome.as_ref().is_some_and(Result::is_err) {
                self.see(lease, journey).await;
            }
        }
    }

    /// Verifies, where the road leads further: then it is still under way.
    async fn prove(&self, lease: &Lease, journey: &mut Journey<'_>) {
        let Some(the_move) = journey.the_move.clone().filter(|_| journey.outcome.is_none()) else { return };
        let stage = self.errand.until.stage.min(Stage::Verified);
        let proving = Watch::start();
        let arrival = self.travel(lease, &the_move, Until { stage, ..self.errand.until }, journey).await;
        journey.has_taken(Step::Verify, &proving);
        let is_under_way = matches!(arrival, Ok(Arrival::Arrived | Arrival::AlreadyThere));
        if !is_under_way || stage == self.errand.until.stage {
            journey.outcome = Some(arrival);
        }
    }

    /// Those that can be switched in one transaction are; the others go on alone.
    async fn switch_together(&self, lease: &Lease, under_way: &mut [Journey<'_>]) {
        if !self.errand.until.switches() || self.errand.until.by_hand || self.means.pass().await.is_err() {
            return;
        }
        let mut waiting: Vec<(&mut Journey<'_>, Receipt<Verified>)> =
            under_way.iter_mut().filter_map(|journey| journey.receipt().map(|receipt| (journey, receipt))).collect();
        let receipts: Vec<Receipt<Verified>> = waiting.iter().map(|(_, receipt)| receipt.clone()).collect();
        let switching = Watch::start();
        let switched = switch_together(&self.means, self.registry, &receipts).await;
        // Of a time that they shared each has its part: what all took is their sum.
        let each = switching.elapsed().as_secs_f64() / switched.iter().flatten().count().max(1) as f64;
        for ((journey, _), switched) in waiting.iter_mut().zip(switched) {
            let Some(switched) = switched else {
                self.see(lease, journey).await; // whatever became of it
                continue;
            };
            journey.the_move = Some(switched.the_move().clone());
            journey.took.push(StepTime { step: Step::Switch.word().to_owned(), seconds: each });
            if self.errand.until.stage == Stage::Switched {
                journey.outcome = Some(Ok(Arrival::Arrived));
            }
        }
    }

    /// From wherever it is over the switch; then it is still under way where its application shall be asked.
    async fn switch(&self, lease: &Lease, journey: &mut Journey<'_>) {
        let Some(the_move) = journey.the_move.clone().filter(|_| journey.outcome.is_none()) else { return };
        if the_move.stage.is_switched() {
            return; // together with others
        }
        let stage = self.errand.until.stage.min(Stage::Switched);
        let switching = Watch::start();
        let arrival = self.travel(lease, &the_move, Until { stage, ..self.errand.until }, journey).await;
        journey.has_taken(Step::Switch, &switching);
        let is_under_way = matches!(arrival, Ok(Arrival::Arrived | Arrival::AlreadyThere));
        if !is_under_way || stage == self.errand.until.stage {
            journey.outcome = Some(arrival);
        }
    }

    /// Asks the application of a switched store.
    async fn validate(&self, lease: &Lease, journey: &mut Journey<'_>) {
        let Some(the_move) = journey.the_move.clone().filter(|_| journey.outcome.is_none()) else { return };
        let asking = Watch::start();
        journey.outcome = Some(self.travel(lease, &the_move, self.errand.until, journey).await);
        journey.has_taken(Step::Validate, &asking);
    }

    async fn travel(&self, lease: &Lease, the_move: &Move, until: Until, journey: &mut Journey<'_>) -> Result<Arrival> {
        let reread = async || journal::reread(lease.client(), the_move).await;
        let arrival = Box::pin(travel(&self.means, self.registry, the_move, until, reread)).await;
        self.see(lease, journey).await;
        arrival
    }

    /// What the journal says of it now.
    async fn see(&self, lease: &Lease, journey: &mut Journey<'_>) {
        if let Some(the_move) = &journey.the_move
            && let Ok(now) = journal::reread(lease.client(), the_move).await
        {
            journey.the_move = Some(now);
        }
    }

    /// Gives the journey back where it is still under way, or where a signal ended it: then its end is told when all
    /// have ended.
    async fn settle<'r>(
        &self,
        lease: &Lease,
        schedule: &RefCell<&mut Schedule>,
        journey: Journey<'r>,
        ended: &RefCell<Vec<(usize, Ended)>>,
    ) -> Option<Journey<'r>> {
        if journey.outcome.is_none() || self.means.sessions.is_interrupted() && !self.means.sessions.is_closing() {
            return Some(journey);
        }
        self.end(lease, schedule, journey, ended).await;
        None
    }

    /// Tells how a store ended, or that it will be tried again.
    async fn end(
        &self,
        lease: &Lease,
        schedule: &RefCell<&mut Schedule>,
        mut journey: Journey<'_>,
        ended: &RefCell<Vec<(usize, Ended)>>,
    ) {
        let mut rehearsal = None;
        if self.is_rehearsal()
            && let Some(the_move) = journey.the_move.clone()
        {
            let (of, dropped) = self.drop_rehearsal(lease, &the_move).await;
            journey.took.extend(of.steps.clone());
            if let (Err(error), Some(Ok(_))) = (dropped, &journey.outcome) {
                journey.outcome = Some(Err(error));
            }
            let of = Rehearsal { steps: journey.took.clone(), ..of };
            // For `report`; where it cannot be written, that tells less.
            let _kept = journal::record_rehearsal(lease.client(), self.means.run, the_move.id, &of).await;
            rehearsal = Some(of);
        }
        for took in &journey.took {
            *self.steps.borrow_mut().entry(took.step.clone()).or_default() += took.seconds;
        }
        let Journey { at, row, begun_at, begun, already, findings, the_move, took: _, outcome } = journey;
        let outcome = outcome.unwrap_or_else(|| Err(Refusal::new("interrupted").exit(Exit::Interrupted).into()));
        let exit = match &outcome {
            Ok(Arrival::Differs) => Exit::Differs,
            Ok(_) => Exit::Done,
            Err(error) => self.exit_of(error),
        };
        let store = match &the_move {
            Some(the_move) => the_move.store.clone(),
            None => self.store(row),
        };
        let is_last_word = schedule.borrow_mut().tell(at, ending(exit, outcome.as_ref().err()));
        let mut report = match self.report_of(lease, the_move.as_ref()).await {
            Some(report) => report,
            None => StoreReport::of(&store),
        };
        report.rehearsal = rehearsal.or(report.rehearsal);
        if let Err(error) = outcome {
            let mut told = explain::error_report(&error);
            told.exit_code = exit.code();
            if let Some(of) = &report.rehearsal {
                told.hint = match of.dropped {
                    true => told.hint.or_else(|| Some("what the rehearsal made is dropped; rehearse again".into())),
                    false => Some(rehearse::leftover(&report)),
                };
            } else if told.hint.is_none() && begun && exit != Exit::Refused {
                told.hint = Some(format!("all that is done is kept; go on with `tenantctl resume {}`", self.means.run));
            }
            if let Some(the_move) = &the_move {
                // The lease may be lost with the connection; then the journal keeps the stage, which is the truth.
                let _kept = the_move.record_error(lease.client(), self.means.run, &told).await;
            }
            if !is_last_word {
                let reason = format!("another try: {}", told.message);
                self.means.observer.notice(&Event::Waiting { store: &store, reason: &reason });
            }
            report.error = Some(told);
        }
        let _given = lease.give_back(self.ground.shared(), &row.key).await; // else it goes with the session
        report.findings = findings;
        report.already_done = already;
        report.outcome = Outcome::of(exit);
        report.seconds = begun_at.elapsed().as_secs_f64();
        if is_last_word {
            self.means.observer.notice(&Event::StoreDone {
                store: &store,
                outcome: report.outcome,
                row_count: report.row_count,
                elapsed: begun_at.elapsed(),
            });
        }
        // Also of one that is tried again: should the run end before, this is how it stands.
        ended.borrow_mut().push((at, (report, StoreExit { exit, begun })));
    }

    /// The report of a store that was not begun.
    pub(super) fn not_begun(&self, row: &RegistryRow, why: &str) -> StoreReport {
        // An earlier run may have begun it.
        let earlier = self.moves.iter().find(|of| of.store.key == row.key && !self.is_rehearsal());
        let mut report = earlier.map_or_else(|| StoreReport::of(&self.store(row)), |of| StoreReport::of(&of.store));
        report.stage = earlier.map(|of| of.stage);
        report.outcome = Outcome::Interrupted;
        report.error = Some(explain::error_report(&Refusal::new(why).exit(Exit::Failed).into()));
        report
    }

    pub(super) fn is_rehearsal(&self) -> bool {
        self.errand.kind == MoveKind::Rehearsal
    }

    /// A store that has no move yet; without a schema where none can be named.
    fn store(&self, row: &RegistryRow) -> Store {
        let unnamed = || Store { key: row.key.clone(), name: row.name.clone(), schema: Ident::new("") };
        let mut store = store_of(self.store_schema(), row).unwrap_or_else(|_| unnamed());
        if self.is_rehearsal() {
            store.schema = schema_name(&store.schema);
        }
        store
    }

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
            census: self.census.as_ref(),
            clone_of: None,
        })
    }

    fn store_schema(&self) -> &crate::config::StoreSchema {
        &self.opened.store_schema
    }

    pub(super) async fn plan_ground(&self) -> Result<Vec<Finding>> {
        plan_ground(&self.means, &self.plan_of()?).await
    }

    /// A statement that a signal cancelled fails in its own words; the signal is the reason.
    fn exit_of(&self, error: &anyhow::Error) -> Exit {
        match self.means.sessions.is_interrupted() {
            true => Exit::Interrupted,
            false => explain::exit_of(error),
        }
    }

    /// A new move: plan it, and record the plan.
    async fn begin(&self, lease: &Lease, journey: &mut Journey<'_>) -> Result<Move> {
        let row = journey.row;
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
        let schema = self.store(row).schema;
        if self.is_rehearsal() && self.taken.contains(&schema) {
            bail!(
                Refusal::new(format!("a rehearsal of store {} would take the name of another store's schema", row.key))
                    .because(format!("schema {} is what another store has, or will have", schema.raw()))
                    .hint("change [store_schema] name, or that store's row in the registry")
            );
        }
        let clone_of = match &self.clone_of {
            Some(key) => Some(clone_source(lease.client(), self.ground.shared(), key).await?),
            None => None,
        };
        let of = PlanOf { clone_of: clone_of.as_ref(), ..self.plan_of()? };
        let planned: PlannedStore = plan(&self.means, &of, std::slice::from_ref(row), &self.moves)
            .await?
            .pop()
            .context("no store was planned")?;
        journey.findings.clone_from(&planned.findings);
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
        match &self.new_row {
            Some(new_row) => register(&self.means, self.registry, new_row, self.ground.shared(), &new_move).await,
            None => journal::begin(lease, self.ground.shared(), &new_move).await,
        }
    }

    /// A move that exists: the recorded plan counts, and today's files must say the same.
    async fn go_on(&self, lease: &Lease, live: Move, journey: &mut Journey<'_>) -> Result<Move> {
        journey.the_move = Some(live.clone());
        let key = &live.store.key;
        if matches!(self.errand.command, "create" | "clone") {
            clone::check_same(&live, self.clone_of.as_ref())?;
        }
        if live.stage >= self.errand.until.stage && live.stage.is_switched() {
            return Ok(live);
        }
        if self.errand.command == "create" && live.kind != self.errand.kind {
            let what = match live.kind {
                MoveKind::Move => "has rows that are being moved; it is not new",
                MoveKind::New => "is being made as a new one",
                MoveKind::Rehearsal => "is being rehearsed",
                MoveKind::Ready => "is no store: its schema stands ready for one",
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
        // Behind the switch nothing of the files is used any more.
        let files_count = !self.errand.how.use_recorded && !live.stage.is_switched();
        if let Some((_, recorded)) = self.template.as_ref().filter(|_| files_count) {
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
        let rows = the_move.plan.row_count();
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

    /// The same question for several stores.
    pub(super) fn confirm_all(&self, rows: &[RegistryRow], forecast: Option<&Forecast>) -> Result<()> {
        let words = self.opened.words;
        let profile = self.opened.config.profile().map(|name| fill(words.of_profile, &[name])).unwrap_or_default();
        let stores = counted(rows.len() as u64, words.store_noun);
        let row_count = self.census.as_ref().map(|of| rows.iter().map(|row| of.rows_of(row.key.text())).sum());
        let row_count = counted(row_count.unwrap_or(0), words.row);
        let mut lines =
            vec![format!("{profile}{}", self.opened.database()), fill(words.to_switch_all, &[&stores, &row_count])];
        lines.extend(forecast.map(|of| in_short(of, words)));
        lines.push(words.may_switch.to_owned());
        match ask::confirm(&lines, words)? {
            true => Ok(()),
            false => bail!(
                Refusal::new("nothing was begun: the answer was no")
                    .hint("`--to verified` copies and proves without switching")
            ),
        }
    }

    async fn report_of(&self, lease: &Lease, the_move: Option<&Move>) -> Option<StoreReport> {
        let steps = self.opened.config.report().map(|report| report.next_steps).unwrap_or_default();
        store_report(lease.client(), the_move?, &steps, self.means.id_headroom).await.ok()
    }
}

/// What its end means for the others.
fn ending(exit: Exit, error: Option<&anyhow::Error>) -> Ending {
    let of_server = |is: fn(&ServerError) -> bool| {
        error.is_some_and(|error| error.chain().filter_map(|cause| cause.downcast_ref::<ServerError>()).any(is))
    };
    match exit {
        Exit::Done => Ending::Well,
        Exit::Interrupted => Ending::EndsAll,
        _ if of_server(ServerError::is_access) => Ending::EndsAll,
        _ if of_server(ServerError::is_connection) => Ending::Lost,
        Exit::Unreachable => Ending::EndsAll, // a certificate, a password that cannot be read
        _ if of_server(|error| error.is(&["40001", "40P01"])) => Ending::MayPass,
        _ => Ending::Failed,
    }
}
