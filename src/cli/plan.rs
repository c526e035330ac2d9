//! `plan`: what `migrate` would do, and what stands in its way.

use anyhow::Result;

use super::open::{self, Opened};
use super::output::{Page, now};
use super::pace::Pace;
use super::{Globals, StoreArgs, forecast};
use crate::conninfo::Environment;
use crate::error::Exit;
use crate::pg::census::Census;
use crate::pg::journal::{self, MoveKind};
use crate::pg::rights;
use crate::pg::whose::Stores;
use crate::plan::{Finding, Grade, Plan};
use crate::report::{NextStep, Report};
use crate::step::plan::{PlanOf, open_steps, plan, plan_ground};
use crate::store::StoreKey;

/// Show what migrate would do; changes nothing
///
/// Counts the stores' rows, tries the template in a transaction that is rolled back, and looks for what stops a move.
/// Ends with a forecast: bytes, time, disk, connections, what the catalogs will cost; time by what the journal measured.
/// Exit code 2 when something stops one.
#[derive(clap::Args, Debug)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(super) stores: StoreArgs,
    /// Print every statement
    #[arg(long)]
    pub(super) sql: bool,
    /// Plan to take over an existing schema that equals the template and has no rows
    #[arg(long)]
    pub(super) adopt: bool,
}

pub(super) async fn run(globals: &Globals, env: &Environment, args: &PlanArgs) -> Result<Page> {
    let started = now();
    let opened = Opened::open(globals, env, 1).await?;
    let reader = opened.sessions.reader().await?;
    let ground = opened.ground(&reader).await?;
    let registry = opened.registry(&ground);
    let chosen = open::choose(&reader, &registry, &ground.key_type, &args.stores).await?;
    let moves = open::moves(&reader, &ground).await?;
    drop(reader);
    let (template, recorded) = opened.template(false)?;
    let means = opened.means()?;
    let of = PlanOf {
        ground: &ground,
        registry: &registry,
        registry_config: opened.registry_config.as_ref(),
        store_schema: &opened.store_schema,
        template: &template,
        recorded: &recorded,
        kind: MoveKind::Move,
        adopt: args.adopt,
        with_statements: args.sql,
        census: None,
        clone_of: None,
    };
    let mut report = Report::new("plan", None, started);
    report.database = Some(opened.database());
    report.findings = chosen.left_out;
    report.findings.extend(plan_ground(&means, &of).await?);
    // Rows that are hidden from this role cannot be planned for; that they are is said already.
    let hidden = report.findings.iter().any(|finding| finding.code == "row_security");
    for row in &chosen.rows {
        match moves.iter().find(|live| live.store.key == row.key) {
            Some(live) => {
                let steps = open_steps(live.stage, registry.can_switch());
                report.findings.push(
                    Finding::note(
                        "move_exists",
                        format!("its move is {} already; the recorded plan counts", live.stage),
                    )
                    .store(&row.key),
                );
                report
                    .plans
                    .push(Plan { steps, ..journal::read_move(&*means.sessions.reader().await?, live.id).await?.plan });
            }
            None if hidden => {}
            None => {
                for planned in plan(&means, &of, std::slice::from_ref(row), &moves).await? {
                    report.findings.extend(planned.findings);
                    report.plans.push(planned.plan);
                }
            }
        }
    }
    let capacity = rights::capacity(&*means.sessions.reader().await?).await?;
    let keys: Vec<StoreKey> =
        report.plans.iter().filter(|plan| !plan.steps.is_empty()).map(|plan| plan.store.key.clone()).collect();
    if !hidden && !keys.is_empty() {
        let stores = Stores::all(&ground, opened.registry_config.as_ref());
        let reader = opened.sessions.reader().await?;
        // A condition that cannot be asked for all stores at once leaves the plan without a forecast.
        if let Ok(census) = Census::take(&reader, &ground, &stores).await {
            drop(reader);
            let switches = registry.can_switch();
            report.forecast = Some(forecast::of_stores(&means, &ground, &census, &keys, &capacity, switches).await?);
        }
    }
    let budget = Pace::default().budget(chosen.rows.len(), means.copy.jobs.get(), &capacity);
    if !budget.are_enough() {
        let message = format!("a run needs {} connections, and this role may open {} more", budget.most, budget.free);
        let remedy = "end idle sessions, raise max_connections or the role's limit, or load fewer tables at once \
                      (--table-jobs)";
        report.findings.push(Finding::stop("connections", message).hint(remedy));
    }
    report.connections = Some(budget);
    for plan in &mut report.plans {
        plan.url = plan.url.as_deref().map(crate::conninfo::mask);
    }
    let stopped = report.findings.iter().any(|finding| finding.grade == Grade::Stop);
    if let ([only], false) = (report.plans.as_slice(), stopped)
        && !only.steps.is_empty()
    {
        report
            .next_steps
            .push(NextStep { why: "do it".into(), command: format!("tenantctl migrate --store {}", only.store.key) });
    }
    let exit = if stopped { Exit::Refused } else { Exit::Done };
    let mut options = opened.page_options();
    options.only_sql = args.sql;
    drop(means);
    drop(opened);
    Ok(Page { report: report.end(exit, now()), options })
}
