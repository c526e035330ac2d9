//! Asks a store's application whether it works: the probes of the configuration, one after the other.
//!
//! What they saw is evidence in the journal, and only by it a store becomes `validated`. A probe that fails is a result,
//! not an error; the last validation counts, so a validated store may be only switched again.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures_util::future::try_join;

use super::Means;
use crate::config::{Expect, HttpProbe, Probe, ProbeAct, SqlProbe};
use crate::error::Refusal;
use crate::event::{Event, Step};
use crate::ident::Ident;
use crate::pg::blueprint::substitutions;
use crate::pg::journal::{self, Clock, Move, Receipt, Validated};
use crate::pg::probe::{Outcome, Setting, may_act_as, rows_as_json, run};
use crate::pg::role;
use crate::pg::session::Session;
use crate::pg::unit::Unit;
use crate::probe::http::{Request, said};
use crate::probe::{Seen, command, json};
use crate::report::ProbeReport;
use crate::stage::Stage;
use crate::store::Store;
use crate::template::Script;

/// Between two looks for a signal.
const BEAT: Duration = Duration::from_millis(50);

/// What the probes of one store came to.
#[derive(Debug)]
pub struct Validation {
    /// What each saw, in the configuration's order.
    pub probes: Vec<ProbeReport>,
    /// The proof, where the store is validated by them.
    pub receipt: Option<Receipt<Validated>>,
}

impl Validation {
    /// Whether all passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.probes.iter().all(|probe| probe.passed)
    }
}

/// The probes that may be asked at a stage.
pub fn due(probes: &[Probe], stage: Stage) -> impl Iterator<Item = &Probe> {
    probes.iter().filter(move |probe| stage >= probe.stage && !matches!(stage, Stage::Reversed | Stage::Abandoned))
}

/// Asks all probes that are due, keeps what they saw, and with it the stage.
///
/// # Errors
/// A refusal where none is due, a signal, a lost connection, a lease that another run has now.
pub async fn validate(means: &Means<'_>, the_move: &Move) -> Result<Validation> {
    let begun = Instant::now();
    let store = &the_move.store;
    let due: Vec<&Probe> = due(means.probes, the_move.stage).collect();
    if due.is_empty() {
        return Err(nothing_due(the_move).into());
    }
    means.observer.notice(&Event::StepStarted { store, step: Step::Validate });
    let session = means.sessions.writer().await?;
    let (clock, made) = try_join(Clock::read(&session), role::made_for(&session, the_move.id)).await?;
    let acts_as = match made.filter(|_| due.iter().any(|probe| matches!(probe.act, ProbeAct::Sql(_)))) {
        Some((role, oid)) => acts_as(session, role, oid).await?,
        None => {
            drop(session);
            ActsAs::Nobody
        }
    };
    let mut probes = Vec::new();
    for probe in due {
        probes.push(Asking { means, the_move, probe, acts_as: &acts_as, clock: &clock }.report().await?);
    }
    let passed = probes.iter().all(|probe| probe.passed);
    let mut session = means.sessions.writer().await?;
    let unit = Unit::begin_transition(&mut session, the_move.id, the_move.epoch).await?;
    let next = match (the_move.stage, passed) {
        (Stage::Switched | Stage::Validated, true) => Some(Stage::Validated),
        (Stage::Validated, false) => Some(Stage::Switched),
        _ => None, // before the switch, or when the shared rows are gone: evidence, and no other stage
    };
    let advanced = async {
        match next {
            Some(next) => the_move.advance(unit.transaction(), means.run, next, &[]).await,
            None => Ok(()),
        }
    };
    let recorded = journal::record_validation(unit.transaction(), means.run, the_move.id, &probes);
    try_join(recorded, advanced).await?;
    unit.commit(means.observer, None).await?;
    let receipt = match next {
        Some(Stage::Validated) => Some(Receipt::reread(&session, the_move).await?),
        _ => None,
    };
    means.observer.notice(&Event::StepDone { store, step: Step::Validate, elapsed: begun.elapsed() });
    Ok(Validation { probes, receipt })
}

fn nothing_due(the_move: &Move) -> Refusal {
    let key = &the_move.store.key;
    Refusal::new(format!("store {key} is {}: no probe may be asked there", the_move.stage))
        .because("probes ask an application that is routed to the store schema")
        .hint(format!(
            "`tenantctl switch --store {key}` routes it; a probe with stage = \"verified\" may be asked before"
        ))
}

/// One probe of one store.
struct Asking<'a> {
    means: &'a Means<'a>,
    the_move: &'a Move,
    probe: &'a Probe,
    acts_as: &'a ActsAs,
    clock: &'a Clock,
}

impl Asking<'_> {
    fn store(&self) -> &Store {
        &self.the_move.store
    }

    /// Tries until it passes, or the tries are up.
    async fn report(&self) -> Result<ProbeReport> {
        let Self { means, probe, .. } = self;
        let begun = Instant::now();
        let (mut number, store) = (0, self.store());
        let (passed, seen) = loop {
            number += 1;
            means.sessions.check()?;
            means.observer.notice(&Event::ProbeStarted { store, probe: &probe.name, number });
            let tried = Instant::now();
            let (passed, seen) = match self.or_signal(self.ask()).await?? {
                Ok(seen) => (true, probe.masked(&seen)),
                Err(why) => (false, probe.masked(&why)),
            };
            let elapsed = tried.elapsed();
            means.observer.notice(&Event::ProbeTried {
                store,
                probe: &probe.name,
                number,
                passed,
                seen: &seen,
                elapsed,
            });
            if passed || number > probe.retries {
                break (passed, seen);
            }
            self.or_signal(tokio::time::sleep(probe.retry_wait)).await?;
        };
        let asks_sql = matches!(probe.act, ProbeAct::Sql(_));
        let own = self.acts_as.role();
        let role = own.map_or(means.sessions.facts().role.as_str(), Ident::raw).to_owned();
        let refused = match self.acts_as {
            ActsAs::Refused(role) if asks_sql => Some(role.raw().to_owned()),
            _ => None,
        };
        Ok(ProbeReport {
            probe: probe.name.clone(),
            title: probe.title.clone(),
            kind: probe.act.word().to_owned(),
            passed,
            seen,
            try_count: number,
            seconds: begun.elapsed().as_secs_f64(),
            at: self.clock.now(),
            role: asks_sql.then_some(role),
            own_role: asks_sql.then_some(own.is_some()),
            refused_role: refused,
        })
    }

    /// Waits for work, or for a signal that ends it.
    async fn or_signal<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        let signal = async {
            loop {
                tokio::time::sleep(BEAT).await;
                if let Err(error) = self.means.sessions.check() {
                    return error;
                }
            }
        };
        tokio::select! {
            done = work => Ok(done),
            error = signal => Err(error),
        }
    }

    async fn ask(&self) -> Result<Seen> {
        match &self.probe.act {
            ProbeAct::Http(http) => self.http(http).await,
            ProbeAct::Sql(sql) => self.sql(sql).await,
            ProbeAct::Command(program) => Ok(command::run(program, &self.variables(), self.probe.timeout).await),
        }
    }

    /// What a program is told of the store.
    fn variables(&self) -> [(&'static str, String); 4] {
        let store = self.store();
        [
            ("TENANTCTL_STORE", store.key.text().to_owned()),
            ("TENANTCTL_STORE_NAME", store.name.clone().unwrap_or_default()),
            ("TENANTCTL_SCHEMA", store.schema.raw().to_owned()),
            ("TENANTCTL_STORE_URL", self.the_move.url.clone().unwrap_or_default()),
        ]
    }

    fn statements(&self, script: &Script) -> Result<Vec<String>> {
        let store = self.store();
        Ok(script.render(&substitutions(store, &store.schema, &self.the_move.shared_schema))?)
    }

    async fn sql(&self, probe: &SqlProbe) -> Result<Seen> {
        let statements = self.statements(&probe.script)?;
        let role = self.acts_as.role();
        let setting = Setting { schema: &self.store().schema, role, timeout: self.probe.timeout };
        let ran = run(self.means.sessions.writer().await?, &statements, &setting).await;
        let answer = match ran.with_context(|| format!("running probe {}", self.probe.name))? {
            Outcome::Ran(answer) => answer,
            Outcome::TooSlow => return Ok(Err(format!("not done within {}", said(self.probe.timeout)))),
            Outcome::Refused(_, error) if statements.len() == 1 => return Ok(Err(error.to_string())),
            Outcome::Refused(number, error) => return Ok(Err(format!("statement {number}: {error}"))),
        };
        let (rows, count) = (counted(answer.row_count, "row"), counted(statements.len() as u64, "statement"));
        Ok(match (probe.expect, answer.row_count) {
            (Expect::Rows, 0) => Err("no row, where one was expected".to_owned()),
            (Expect::NoRows, 1..) => {
                let first = answer.first.map(|first| format!(": {}", cut(&first))).unwrap_or_default();
                Err(format!("{rows}, where none was expected{first}"))
            }
            _ => Ok(format!("{count}, {rows}")),
        })
    }

    async fn http(&self, probe: &HttpProbe) -> Result<Seen> {
        let answer = match Request::of(probe, self.store(), self.probe.timeout).send().await {
            Ok(answer) => answer,
            Err(why) => return Ok(Err(why)),
        };
        if answer.status != probe.status {
            return Ok(Err(format!("status {} instead of {}", answer.status, probe.status)));
        }
        let (path, query) = match (&probe.json, &probe.equals_query) {
            (None, _) => return Ok(Ok(format!("status {}", answer.status))),
            (Some(path), None) => {
                let found = json::values(path, &answer.body).map(|found| counted(found.len() as u64, "value"));
                return Ok(found.map(|values| format!("status {}, {values} at {path}", answer.status)));
            }
            (Some(path), Some(query)) => (path, query),
        };
        let values = match json::at(path, &answer.body) {
            Ok(values) => values,
            Err(why) => return Ok(Err(why)),
        };
        // After the answer: what the application wrote meanwhile is in both.
        let script = Script::parse(&format!("probes.{}.http.equals_query", self.probe.name), query)?;
        let statements = self.statements(&script)?;
        let setting = Setting { schema: &self.store().schema, role: None, timeout: self.probe.timeout };
        let rows = match rows_as_json(self.means.sessions.reader().await?, &statements, &setting).await? {
            Outcome::Ran(rows) => rows,
            Outcome::TooSlow => {
                return Ok(Err(format!("the query was not done within {}", said(self.probe.timeout))));
            }
            Outcome::Refused(_, error) => return Ok(Err(format!("the query: {error}"))),
        };
        let equal = json::compare(&values, &rows, probe.any_order);
        Ok(equal.map(|count| {
            let values = if count == 1 { "value equal" } else { "values equal" };
            format!("status {}, {count} {values} to the query's", answer.status)
        }))
    }
}

/// As whom sql probes run.
enum ActsAs {
    /// As we are: the store has no role of its own.
    Nobody,
    /// As the store's own role, as its application does.
    Own(Ident),
    /// As we are: the server does not let us act as the store's own role.
    Refused(Ident),
}

impl ActsAs {
    fn role(&self) -> Option<&Ident> {
        match self {
            Self::Own(role) => Some(role),
            Self::Nobody | Self::Refused(_) => None,
        }
    }
}

/// The role that the journal knows as the store's, where it is still the same one.
async fn acts_as(session: Session, role: Ident, oid: u32) -> Result<ActsAs> {
    let is_ours = role::oid_of(&session, &role).await? == Some(oid);
    Ok(match is_ours {
        false => ActsAs::Nobody,
        true if may_act_as(session, &role).await? => ActsAs::Own(role),
        true => ActsAs::Refused(role),
    })
}

fn counted(count: u64, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

fn cut(text: &str) -> String {
    const MOST: usize = 100;
    match text.chars().count() > MOST {
        true => format!("{}…", text.chars().take(MOST).collect::<String>()),
        false => text.to_owned(),
    }
}
