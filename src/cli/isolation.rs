//! `verify --isolation`: tries to get out of each store schema as the store's role.

use anyhow::{Result, bail};

use super::Globals;
use super::open::{self, Opened};
use super::output::{Page, now};
use super::road;
use super::verify::{VerifyArgs, may_record};
use crate::conninfo::Environment;
use crate::error::{Exit, Refusal};
use crate::event::Event;
use crate::fleet::exit::{StoreExit, exit_of};
use crate::ident::Ident;
use crate::pg::journal::{self, MoveLine};
use crate::pg::lease::Lease;
use crate::pg::role::all_made;
use crate::plan::Finding;
use crate::report::{NextStep, Outcome, Report, StoreReport};
use crate::step::Means;
use crate::step::isolation::{Question, look};
use crate::step::role::not_configured;
use crate::view::explain;

/// What nobody looked at here.
const NOT_CHECKED: [&str; 3] = ["rows", "names_visible", "pooler"];

pub(super) async fn run(globals: &Globals, env: &Environment, line: &str, args: &VerifyArgs) -> Result<Page> {
    let started = now();
    let opened = Opened::open(globals, env, args.stores.guess()).await?;
    if opened.config.role()?.is_none() {
        bail!(not_configured());
    }
    let reader = opened.sessions.reader().await?;
    let ground = opened.ground(&reader).await?;
    let registry = opened.registry(&ground);
    let chosen = open::choose(&reader, &registry, &ground.key_type, &args.stores).await?;
    let moves = open::moves(&reader, &ground).await?;
    let store_roles = match moves.is_empty() {
        true => Vec::new(),
        false => all_made(&reader).await?,
    };
    let records = may_record(&reader).await?;
    drop(reader);
    drop(registry);
    let mut report = Report::new("verify", None, started);
    report.database = Some(opened.database());
    report.findings = chosen.left_out;
    let mut lease = None;
    if records {
        let held = Lease::open(&opened.sessions, &opened.run).await?;
        road::begin_run(&held, &opened, "verify", line, None).await?;
        report.run = Some(opened.run.clone());
        lease = Some(held);
    }
    let store_count = chosen.rows.len();
    if store_count > 1 {
        opened.observer.notice(&Event::RunStarted { run: &opened.run, command: "verify", store_count });
    }
    let means = opened.means()?;
    let mut exits = Vec::new();
    for row in &chosen.rows {
        let Some(of) = moves.iter().find(|of| of.store.key == row.key && road::has_schema(of.stage)) else {
            if store_count == 1 && !args.stores.all {
                let refusal = Refusal::new(format!("store {} has no schema whose role could be tried", row.key))
                    .hint(format!("`tenantctl migrate --store {}` makes schema and role", row.key));
                return refused(opened, lease, report, refusal).await;
            }
            report.findings.push(Finding::note("left_out", "left out: it has no schema").store(&row.key));
            continue;
        };
        let (store, exit) = one_store(&means, &ground.names(), &store_roles, of, lease.as_ref(), args).await;
        opened.observer.notice(&Event::StoreDone {
            store: &of.store,
            outcome: store.outcome,
            row_count: 0,
            elapsed: std::time::Duration::from_secs_f64(store.seconds),
        });
        exits.push(StoreExit { exit, begun: !matches!(exit, Exit::Refused | Exit::Held | Exit::Unreachable) });
        report.stores.push(store);
    }
    drop(means);
    if exits.is_empty() {
        let refusal = Refusal::new("none of these stores has a role to try")
            .hint("`tenantctl stores` shows the stage of each; `tenantctl role --all` their roles");
        return refused(opened, lease, report, refusal).await;
    }
    if let [store] = report.stores.as_slice()
        && store.outcome == Outcome::Differs
    {
        report.next_steps.push(NextStep {
            why: "give the role anew what it may have, once the leaks are mended".into(),
            command: format!("tenantctl role --store {} --make", store.store),
        });
    }
    match lease {
        Some(lease) => road::close(opened, &lease, report, Ok(exit_of(&exits))).await,
        None => {
            let options = opened.page_options();
            drop(opened);
            Ok(Page { report: report.end(exit_of(&exits), now()), options })
        }
    }
}

async fn refused(opened: Opened, lease: Option<Lease>, report: Report, refusal: Refusal) -> Result<Page> {
    match lease {
        Some(lease) => road::close(opened, &lease, report, Err(refusal.into())).await,
        None => Err(refusal.into()),
    }
}

async fn one_store(
    means: &Means<'_>,
    shared_tables: &[Ident],
    store_roles: &[Ident],
    of: &MoveLine,
    lease: Option<&Lease>,
    args: &VerifyArgs,
) -> (StoreReport, Exit) {
    let begun = std::time::Instant::now();
    let question = Question {
        shared: &of.shared_schema,
        shared_tables,
        store_roles,
        password_file: args.password_file.as_deref(),
        at: now(),
    };
    let mut store = StoreReport::of(&of.store);
    store.stage = Some(of.stage);
    store.evidence.mode = Some("isolation".into());
    store.not_checked.extend(NOT_CHECKED.map(str::to_owned));
    let exit = match look(means, &of.store, of.id, question).await {
        Ok(isolation) => {
            if let Some(lease) = lease {
                store.evidence.recorded =
                    journal::record_isolation(lease.client(), means.run, of.id, &isolation).await.is_ok();
            }
            store.isolation = Some(isolation);
            if store.differs() { Exit::Differs } else { Exit::Done }
        }
        Err(error) => {
            store.not_checked.clear();
            store.error = Some(explain::error_report(&error));
            if means.sessions.is_interrupted() { Exit::Interrupted } else { explain::exit_of(&error) }
        }
    };
    store.outcome = Outcome::of(exit);
    store.seconds = begun.elapsed().as_secs_f64();
    (store, exit)
}
