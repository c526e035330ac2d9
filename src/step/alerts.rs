//! Looks at the stores by the rules, tells what is new to those who shall know, and keeps what was told.
//!
//! What is told is told at least once: what nobody could be told of stays to be told at the next look.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;

use super::measure::{MeasureOf, measure};
use crate::alert::{Judged, Rule, State, Telling, judge};
use crate::config::AlertingSettings;
use crate::metric::{FleetMetrics, Moment};
use crate::pg::journal::{self, AlertLook};
use crate::pg::session::{Session, Sessions};
use crate::probe::{command, http, json::news_json};
use crate::report::AlertLine;

/// What is looked at, by what, and who is told.
pub struct AlertsOf<'a> {
    /// Connections.
    pub sessions: &'a Sessions,
    /// The stores.
    pub stores: MeasureOf<'a>,
    /// The rules.
    pub rules: &'a [Rule],
    /// Who is told.
    pub alerting: &'a AlertingSettings,
}

/// What is known between two looks.
pub struct Watch {
    /// The session that keeps others from telling the same; none where another one has it already.
    alone: Option<Session>,
    /// What a role that may not write the journal must remember by itself.
    states: Option<Vec<State>>,
}

/// A look.
#[derive(Debug)]
pub struct Looked {
    /// What is amiss, and what is well again; the gravest first.
    pub alerts: Vec<AlertLine>,
    /// The stores that it is about.
    pub fleet: FleetMetrics,
    /// Why somebody who should know was not told, each a fragment.
    pub untold: Vec<String>,
    /// Whether what was told is kept: `another` tells already, the journal may `not be written`.
    pub kept: Kept,
}

/// Whether a look is remembered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kept {
    /// In the journal.
    InJournal,
    /// For as long as this command runs: this role may not write the journal.
    InMemory,
    /// By the other one that watches; nobody was told by this one.
    ByAnother,
}

impl AlertsOf<'_> {
    /// Begins to watch.
    ///
    /// # Errors
    /// The server's error.
    pub async fn begin(&self) -> Result<Watch> {
        let mut session = self.sessions.writer().await?;
        let alone = journal::watch_alone(&session, self.stores.shared).await?;
        let mut states = None;
        if alone && let Err(error) = journal::ensure(&mut session).await {
            if !is_refused(&error) {
                return Err(error);
            }
            states = Some(Vec::new());
        }
        Ok(Watch { alone: alone.then_some(session), states })
    }

    /// Looks once, and tells what is new.
    ///
    /// # Errors
    /// The server's error.
    pub async fn look(&self, watch: &mut Watch) -> Result<Looked> {
        let fleet = measure(self.sessions, &self.stores).await?;
        let before = match &watch.states {
            Some(states) => states.clone(),
            None => journal::alert_states(&*self.sessions.reader().await?, self.stores.shared).await?,
        };
        let mut judged = judge(self.rules, &fleet, &before);
        let Some(session) = &mut watch.alone else {
            judged.iter_mut().for_each(|of| of.telling = None);
            let alerts = judged.iter().map(|of| self.line(of, &fleet)).collect();
            return Ok(Looked { alerts, fleet, untold: Vec::new(), kept: Kept::ByAnother });
        };
        let alerts: Vec<AlertLine> = judged.iter().map(|of| self.line(of, &fleet)).collect();
        let untold = self.tell(&alerts, &fleet).await;
        let states = judged.into_iter().filter_map(|of| after(of, fleet.taken_at, untold.is_empty()));
        let states: Vec<State> = states.collect();
        let mut kept = Kept::InJournal;
        if watch.states.is_none()
            && let Err(error) =
                journal::record_alert_states(session, self.stores.shared, &states, &self.look_of(&fleet)).await
        {
            if !is_refused(&error) {
                return Err(error);
            }
            watch.states = Some(Vec::new());
        }
        if let Some(remembered) = &mut watch.states {
            (*remembered, kept) = (states, Kept::InMemory);
        }
        Ok(Looked { alerts, fleet, untold, kept })
    }

    fn line(&self, of: &Judged, fleet: &FleetMetrics) -> AlertLine {
        let Judged { state, value, telling } = of;
        let rule = self.rules.iter().find(|rule| rule.name == state.rule);
        let store = fleet.stores.iter().find(|store| store.store == state.store);
        AlertLine {
            alert: state.rule.clone(),
            title: rule.map_or_else(|| BTreeMap::from([("en".into(), state.rule.clone())]), |rule| rule.title.clone()),
            store: state.store.clone(),
            name: store.and_then(|store| store.name.clone()),
            schema: store.map(|store| store.schema.clone()).unwrap_or_default(),
            severity: state.severity,
            metric: rule.map(|rule| rule.metric.name.trim_start_matches("tenantctl_store_").to_owned()),
            comparison: rule.map(|rule| rule.comparison),
            threshold: rule.and_then(|rule| rule.threshold_of(&state.store)),
            value: *value,
            says: state.says.clone(),
            since: state.since,
            fired_at: state.fired_at,
            told: *telling,
        }
    }

    /// As evidence that somebody looks.
    fn look_of(&self, fleet: &FleetMetrics) -> AlertLook {
        let AlertingSettings { webhook, command, .. } = self.alerting;
        let tellers = [webhook.as_ref().map(|_| "webhook"), command.as_ref().map(|_| "command")];
        let tellers: Vec<&str> = tellers.into_iter().flatten().collect();
        AlertLook {
            at: fleet.taken_at,
            rule_count: self.rules.len(),
            store_count: fleet.stores.iter().filter(|store| store.switched && store.has_schema).count(),
            teller: if tellers.is_empty() { "nobody".to_owned() } else { tellers.join(" and ") },
        }
    }

    /// Tells webhook and program what is new. Why that did not do, where it did not.
    async fn tell(&self, alerts: &[AlertLine], fleet: &FleetMetrics) -> Vec<String> {
        let news: Vec<&AlertLine> = alerts.iter().filter(|alert| alert.told.is_some()).collect();
        let mut untold = Vec::new();
        if news.is_empty() {
            return untold;
        }
        let body = news_json(&news, &fleet.database, fleet.taken_at);
        let timeout: Duration = self.alerting.timeout;
        if let Some(webhook) = &self.alerting.webhook {
            match http::post(webhook, body.clone(), timeout).await {
                Ok(answer) if (200..300).contains(&answer.status) => {}
                Ok(answer) => untold.push(format!("webhook: status {}", answer.status)),
                Err(why) => untold.push(format!("webhook: {why}")),
            }
        }
        if let Some(program) = &self.alerting.command
            && let Err(why) = command::run_with(program, &[], Some(&body), timeout).await
        {
            untold.push(format!("command: {why}"));
        }
        untold
    }
}

/// What is known after a look; nothing of what is over and was told.
fn after(of: Judged, now: Moment, is_told: bool) -> Option<State> {
    match (of.telling, is_told) {
        (Some(Telling::Clears), true) => None,
        (Some(Telling::Fires | Telling::Repeats), true) => Some(State { told_at: Some(now), ..of.state }),
        _ => Some(of.state),
    }
}

/// Whether the server said no to this role.
fn is_refused(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<crate::error::ServerError>().is_some_and(|error| error.is(&["42501", "25006"]))
    })
}
