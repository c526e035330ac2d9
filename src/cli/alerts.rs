//! `alerts`: what is amiss in the stores by the rules of the configuration, and who is told.

use std::time::Duration;

use anyhow::{Result, bail};

use super::Globals;
use super::open::Opened;
use super::output::{self, Page, now};
use crate::alert::Telling;
use crate::conninfo::Environment;
use crate::error::{Exit, Refusal};
use crate::event::Event;
use crate::plan::Finding;
use crate::report::{AlertLine, Report};
use crate::step::alerts::{AlertsOf, Kept, Looked};
use crate::step::measure::MeasureOf;
use crate::view::{Format, rule_file};

/// How often in a second a watch looks for a signal.
const BEATS: u32 = 10;

/// Hold every store against the [[alerts]]; exit code 3 where one fires
///
/// Looks once, tells the webhook and the program of [alerting] what is new, and remembers in the journal what it told: an
/// alert is told when it fires, again after [alerting] repeat, and when it is well again. Rules are shipped; those of the
/// configuration come to them, or take their place by name.
#[derive(clap::Args, Debug)]
pub(crate) struct AlertsArgs {
    /// Keep looking, every [alerting] every, or as said; prints what is told
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    watch: Option<Option<u64>>,
    /// Print the same rules as a rule file for Prometheus, and stop; needs no database
    #[arg(long, conflicts_with = "watch")]
    prometheus_rules: bool,
}

pub(super) async fn run(globals: &Globals, env: &Environment, args: &AlertsArgs) -> Result<Page> {
    let started = now();
    if args.prometheus_rules {
        let config = super::open::config(globals, env)?;
        let mut report = Report::new("alerts", None, started);
        report.text = Some(rule_file::write(&config.alerts()?));
        return Ok(Page { report: report.end(Exit::Done, now()), options: super::open::page_options(&config) });
    }
    let formats = [Format::Text, Format::Json, Format::Jsonl];
    if args.watch.is_some() && !formats.contains(&globals.format()) {
        bail!(Refusal::new("--watch shows text, json or jsonl").hint("leave --format out, or --watch"));
    }
    let quiet = if args.watch.is_some() { globals.quiet.max(1) } else { globals.quiet };
    let opened = Opened::open(&Globals { quiet, ..globals.clone() }, env, 1).await?;
    let reader = opened.sessions.reader().await?;
    let ground = opened.ground(&reader).await?;
    drop(reader);
    let (rules, alerting) = (opened.config.alerts()?, opened.config.alerting()?);
    let registry = opened.registry(&ground);
    let of = AlertsOf {
        sessions: &opened.sessions,
        stores: MeasureOf {
            shared: ground.shared(),
            registry: &registry,
            store_schema: &opened.store_schema,
            only: None,
            exact: false,
        },
        rules: &rules,
        alerting: &alerting,
    };
    let mut watch = of.begin().await?;
    let options = opened.page_options();
    let Some(every) = args.watch else {
        let looked = of.look(&mut watch).await?;
        let report = report_of(&opened, looked, started);
        return Ok(Page { report, options });
    };
    let every = every.map_or(alerting.every, Duration::from_secs);
    let mut said = false;
    while !opened.sessions.is_interrupted() {
        match of.look(&mut watch).await {
            Ok(looked) => {
                let is_news = looked.alerts.iter().any(|alert| alert.told.is_some()) || !looked.untold.is_empty();
                let report = report_of(&opened, looked, now());
                if is_news || !said {
                    let _exit = output::print(globals, &Page { report, options: options.clone() });
                    said = true;
                }
            }
            Err(_) if opened.sessions.is_interrupted() => break,
            // The server may be back at the next look; whoever watches must not end with it.
            Err(error) => {
                let message = format!("this look came to nothing: {error:#}");
                opened.observer.notice(&Event::Warned { message: &message });
            }
        }
        let beats = (every.as_millis() / (1000 / u128::from(BEATS))).max(1);
        for _ in 0..beats {
            if opened.sessions.is_interrupted() {
                break;
            }
            tokio::time::sleep(Duration::from_secs(1) / BEATS).await;
        }
    }
    let quiet = Report { text: Some(String::new()), ..Report::new("alerts", None, now()) };
    Ok(Page { report: quiet.end(Exit::Interrupted, now()), options })
}

fn report_of(opened: &Opened, looked: Looked, started: String) -> Report {
    let Looked { alerts, fleet, untold, kept } = looked;
    let mut report = Report::new("alerts", None, started);
    report.database = Some(opened.database());
    let stores = fleet.stores.iter().filter(|store| store.switched && store.has_schema).count();
    report.findings.push(Finding::note("alerts_looked_at", format!("stores that were looked at: {stores}")));
    match kept {
        Kept::InJournal => {}
        Kept::InMemory => report.findings.push(
            Finding::note("alerts_not_kept", "what was told is not kept: this role may not write the journal")
                .hint("grant insert, delete on table tenantctl.alert"),
        ),
        Kept::ByAnother => {
            let message = "another one watches already and tells; nobody was told by this one";
            report.findings.push(Finding::note("alerts_told_by_another", message));
        }
    }
    let fires = alerts.iter().any(AlertLine::fires);
    let clears = alerts.iter().filter(|alert| alert.told == Some(Telling::Clears)).count();
    if clears > 0 {
        report.findings.push(Finding::note("alerts_cleared", format!("alerts that are over: {clears}")));
    }
    report.alerts = alerts;
    if !untold.is_empty() {
        let refusal = Refusal::new("nobody could be told")
            .because(untold.join("; "))
            .hint("look at [alerting]; the next look tells it again");
        report.error = Some(crate::view::explain::error_report(&refusal.exit(Exit::Failed).into()));
        return report.end(Exit::Failed, now());
    }
    report.end(if fires { Exit::Differs } else { Exit::Done }, now())
}
