//! `create --pool N`: keeps N schemas ready for stores to come; and `create --new --register`, which takes one.

use std::collections::BTreeSet;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use futures_util::future::join;

use super::Globals;
use super::open::Opened;
use super::output::{Page, now};
use super::pace::Pace;
use super::road::{self, Errand, How};
use super::site::Site;
use crate::conninfo::Environment;
use crate::error::{Exit, Refusal};
use crate::event::Event;
use crate::fleet::road::Until;
use crate::ident::Ident;
use crate::pg::ground::Ground;
use crate::pg::journal::{self, Move, MoveKind, MoveLine, NewRun, RecordedTemplate};
use crate::pg::lease::Lease;
use crate::pg::registry::{NewRow, Registry, RegistryRow};
use crate::plan::{Finding, Grade};
use crate::report::{Evidence, NextStep, Outcome, Report, StoreReport};
use crate::stage::Stage;
use crate::step::Means;
use crate::step::abandon::abandon;
use crate::step::claim::{Claim, claim};
use crate::step::plan::store_of;
use crate::step::ready::{check_template, stand_ready, still_stands};
use crate::step::report::store_report;
use crate::step::validate::{Validation, validate};
use crate::template::Template;
use crate::view::explain;

/// Keeps so many ready: drops those that serve nobody, and those beyond the number; makes those that are missing.
pub(super) async fn keep(globals: &Globals, env: &Environment, line: &str, count: usize, pace: Pace) -> Result<Page> {
    let started = now();
    let opened = Opened::open(globals, env, count).await?;
    let reader = opened.sessions.reader().await?;
    let ground = opened.ground(&reader).await?;
    drop(reader);
    let registry = opened.registry(&ground);
    registry.named()?;
    if !registry.can_switch() {
        bail!(
            Refusal::new("no registry column receives the store schema, so no store could take a ready one")
                .hint("write [registry] schema_column or url_column")
        );
    }
    let (template, recorded) = opened.template(true)?;
    let mut writer = opened.sessions.writer().await?;
    journal::ensure(&mut writer).await.context("making the journal, schema tenantctl")?;
    let fit = journal::fit(&ground.manifest, &recorded, &opened.means()?.access, opened.store_schema.id_headroom);
    let (fitting, mut to_drop) = journal::ready_moves(&writer, ground.shared(), &fit, &ground.fingerprint).await?;
    let mut kept = 0;
    for ready in fitting {
        match kept < count && still_stands(&writer, &ready).await? {
            true => kept += 1,
            false => to_drop.push(ready.the_move),
        }
    }
    let mut rows = Vec::new();
    let mut names: BTreeSet<Ident> = BTreeSet::new();
    while kept + rows.len() < count {
        let mut row = registry.draft(&writer, "", None).await?;
        row.row.name = None;
        let store = store_of(&opened.store_schema, &row.row)
            .context("naming a schema whose store has no name yet: [store_schema] name")?;
        if rows.is_empty() {
            check_template(&template, &store, &ground)?;
        }
        if names.insert(store.schema) {
            rows.push(row); // else drawn in the same millisecond: the next one is later
        }
    }
    let moves = journal::live_moves(&writer, ground.shared()).await?;
    drop(writer);
    let mut lease = Lease::open(&opened.sessions, &opened.run).await?;
    road::begin_run(&lease, &opened, "create", line, None).await?;
    opened.observer.notice(&Event::RunStarted { run: &opened.run, command: "create", store_count: rows.len() });
    let mut report = Report::new("create", Some(opened.run.clone()), started);
    report.database = Some(opened.database());
    let pool = Pool { opened: &opened, ground: &ground, registry: &registry, pace };
    let ended = async {
        report.findings.extend(pool.drop_those(&lease, &to_drop).await?);
        let site = pool.site(template, recorded, moves)?;
        pool.make(site, &mut lease, &rows, &mut report).await
    };
    let ended = ended.await;
    let made = report.stores.iter().filter(|store| store.outcome == Outcome::Done).count();
    let message = format!("schemas that stand ready for new stores: {}", kept + made);
    report.findings.push(Finding::note("ready_schemas", message));
    report.next_steps.push(NextStep {
        why: "a new store takes one".into(),
        command: "tenantctl create --new --register --name NAME".into(),
    });
    drop(registry);
    road::close(opened, &lease, report, ended).await
}

struct Pool<'a> {
    opened: &'a Opened,
    ground: &'a Ground,
    registry: &'a Registry<'a>,
    pace: Pace,
}

impl<'a> Pool<'a> {
    fn site(&self, template: Template, recorded: RecordedTemplate, moves: Vec<MoveLine>) -> Result<Site<'a>> {
        let errand = Errand {
            command: "create",
            until: Until { stage: Stage::Verified, by_hand: false, insists: false },
            kind: MoveKind::Ready,
            from: None,
            how: How::default(),
            pace: self.pace,
            ask: false,
            median: None,
            register: None,
            clone_of: None,
        };
        Site::new(self.opened, self.ground, self.registry, Some((template, recorded)), moves, errand)
    }

    async fn drop_those(&self, lease: &Lease, moves: &[Move]) -> Result<Option<Finding>> {
        let means = self.opened.means()?;
        for the_move in moves {
            lease.take(self.ground.shared(), &the_move.store.key).await?;
            let taken = journal::take_over(lease, the_move.id).await?;
            abandon(&means, &taken, true).await?;
        }
        let names: Vec<&str> = moves.iter().map(|of| of.store.schema.raw()).collect();
        let message = format!("dropped, since they serve nobody: {}", names.join(", "));
        Ok((!names.is_empty()).then(|| Finding::note("ready_schemas_dropped", message)))
    }

    async fn make(&self, mut site: Site<'a>, lease: &mut Lease, rows: &[NewRow], report: &mut Report) -> Result<Exit> {
        if rows.is_empty() {
            return Ok(Exit::Done);
        }
        site.ground_findings = site.plan_ground().await?;
        let stops = site.ground_findings.iter().filter(|finding| finding.grade == Grade::Stop);
        report.findings.extend(stops.cloned());
        let wanted: Vec<RegistryRow> = rows.iter().map(|row| row.row.clone()).collect();
        let mut exit = road::travel_all(&mut site, lease, &wanted, report).await?;
        report.forecast = None; // of rows, and there are none
        for store in &mut report.stores {
            let Some(row) = rows.iter().find(|row| row.row.key.text() == store.store) else { continue };
            in_short(store);
            if store.outcome != Outcome::Done {
                continue;
            }
            if let Err(error) = self.ready(&site.means, lease, row).await {
                store.outcome = Outcome::Failed;
                store.error = Some(explain::error_report(&error));
                exit = explain::exit_of(&error);
            }
        }
        Ok(exit)
    }

    async fn ready(&self, means: &Means<'_>, lease: &Lease, row: &NewRow) -> Result<()> {
        let live = journal::live_move(lease.client(), self.ground.shared(), &row.row.key).await?;
        stand_ready(means, self.registry, self.ground, &live.context("the move that was just made")?, row).await
    }
}

/// What a page of many tells of one: its checks are in the journal.
fn in_short(store: &mut StoreReport) {
    let StoreReport { tables, checks, samples, steps, not_checked, .. } = store;
    tables.clear();
    checks.clear();
    samples.clear();
    steps.clear();
    not_checked.clear();
    store.evidence = Evidence::default();
}

/// A new store that has a ready schema now.
pub(super) struct Taken {
    pub(super) lease: Lease,
    pub(super) report: Report,
    pub(super) exit: Exit,
}

/// Gives a new store a schema that stands ready, and asks the probes that the run has. None where none fits: then it is
/// made in the ordinary way.
///
/// # Errors
/// What [`claim`] refuses; the server's error.
pub(super) async fn take(opened: &Opened, line: &str, name: &str) -> Result<Option<Taken>> {
    let begun = Instant::now();
    let mut report = Report::new("create", Some(opened.run.clone()), now());
    report.database = Some(opened.database());
    let manifest = opened.config.manifest()?;
    if opened.orm_schema.is_some() {
        return Ok(None); // whose schema that is, only the whole ground can tell
    }
    let (_, recorded) = opened.template(true)?;
    let means = opened.means()?;
    let fit = journal::fit(&manifest, &recorded, &means.access, means.id_headroom);
    let (os_user, host) = road::who();
    let run =
        NewRun { id: &opened.run, command: "create", command_line: line, os_user: &os_user, host: &host, errand: None };
    let registry = opened.registry_config.as_ref();
    let of = Claim { fit: &fit, name, manifest: &manifest, template: &recorded, registry, run: &run };
    let Some(claimed) = claim(&means, &of).await? else { return Ok(None) };
    let (lease, asked) = join(Lease::open(&opened.sessions, &opened.run), ask(&means, &claimed)).await;
    let lease = lease?;
    let (mut exit, mut validated, mut failed) = (Exit::Done, None, None);
    match asked {
        Ok(None) => {}
        Ok(Some(Validation { receipt: Some(receipt), .. })) => validated = Some(receipt.the_move().clone()),
        Ok(Some(_)) => exit = Exit::Differs,
        Err(error) => failed = Some(error),
    }
    let now = match validated {
        Some(the_move) => the_move,
        None => journal::reread(lease.client(), &claimed).await?,
    };
    let steps = opened.config.report()?.next_steps;
    let mut store = store_report(lease.client(), &now, &steps, means.id_headroom).await?;
    if let Some(error) = failed {
        exit = explain::exit_of(&error);
        store.error = Some(explain::error_report(&error));
    }
    store.outcome = Outcome::of(exit);
    store.seconds = begun.elapsed().as_secs_f64();
    store.findings.push(Finding::note("ready_schema", "it took a schema that stood ready").store(&now.store.key));
    means.observer.notice(&Event::StoreDone {
        store: &now.store,
        outcome: store.outcome,
        row_count: store.row_count,
        elapsed: begun.elapsed(),
    });
    report.stores.push(store);
    report.next_steps = road::next_steps(&report, &opened.run, true);
    report.next_steps.extend(road::for_its_role(&report, opened)?);
    Ok(Some(Taken { lease, report, exit }))
}

/// Asks the probes that the run has; nothing where there are none.
async fn ask(means: &Means<'_>, claimed: &Move) -> Result<Option<Validation>> {
    match means.probes.is_empty() {
        true => Ok(None),
        false => validate(means, claimed).await.map(Some),
    }
}
