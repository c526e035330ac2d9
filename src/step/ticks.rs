//! What ticks the boxes of a report: what probes saw of the store, whether a new store was made, whether
//! anybody looks at its alerts, which files are there.

use anyhow::Result;

use crate::config::{DoneWhen, PlannedStep};
use crate::pg::Client;
use crate::pg::journal::{self, AlertLook, Clock, Move};
use crate::report::{OpenStep, ProbeReport, StepEvidence};
use crate::stage::Stage;

/// What is known, read once for a report.
pub struct Ticks {
    /// Those of the store's last validation.
    pub probes: Vec<ProbeReport>,
    /// The store's newest backup.
    pub backup: Option<StepEvidence>,
    /// What is true whatever this store's stage is.
    others: Vec<(DoneWhen, StepEvidence)>,
}

impl Ticks {
    /// Reads what the steps ask for.
    ///
    /// # Errors
    /// The server's error.
    pub async fn read(client: &Client, the_move: &Move, steps: &[PlannedStep]) -> Result<Self> {
        let probes = journal::validation_of(client, the_move.id).await?;
        let mut others: Vec<(DoneWhen, StepEvidence)> = Vec::new();
        let asks_for_look = steps.iter().any(|step| matches!(step.done_when, DoneWhen::Metrics | DoneWhen::Alerts));
        let look = match asks_for_look {
            true => journal::alert_look(client, &the_move.shared_schema).await?,
            false => None,
        };
        for step in steps {
            let evidence = match &step.done_when {
                of if others.iter().any(|(known, _)| known == of) => None,
                DoneWhen::NewStore => {
                    let newest = journal::newest_new_store(client, &the_move.shared_schema).await?;
                    newest
                        .map(|(key, stage, at)| StepEvidence { at, seen: format!("store {key} was made new: {stage}") })
                }
                DoneWhen::Metrics | DoneWhen::Alerts => look.as_ref().map(|look| {
                    let AlertLook { at, rule_count, store_count, teller } = look;
                    let seen = match step.done_when {
                        DoneWhen::Metrics => format!("stores measured: {store_count}"),
                        _ => format!("{rule_count} rules, {store_count} stores; told: {teller}"),
                    };
                    StepEvidence { at: at.to_string(), seen }
                }),
                DoneWhen::File { path, written } if path.is_file() => Some(StepEvidence {
                    at: Clock::read(client).await?.now(),
                    seen: format!("file {written} is there"),
                }),
                _ => None,
            };
            others.extend(evidence.map(|evidence| (step.done_when.clone(), evidence)));
        }
        let backup = journal::backup_of(client, the_move.id).await?.filter(|(_, backup)| backup.proven);
        let backup = backup.map(|(at, backup)| StepEvidence {
            at,
            seen: format!(
                "{} tables with {} rows were written and read back: {}",
                backup.table_count, backup.row_count, backup.to
            ),
        });
        Ok(Self { probes, backup, others })
    }

    /// A step with its real state: a box is ticked by evidence only.
    pub(super) fn step(&self, step: &PlannedStep, stage: Stage) -> OpenStep {
        let of_store = match &step.done_when {
            DoneWhen::Probe(name) => {
                let probe = self.probes.iter().find(|probe| probe.probe == *name);
                probe.map(|probe| (probe.passed, StepEvidence { at: probe.at.clone(), seen: probe.seen.clone() }))
            }
            DoneWhen::Validated => self.validated(stage),
            DoneWhen::Backup => self.backup.clone().map(|evidence| (true, evidence)),
            _ => None,
        };
        let other = self.others.iter().find(|(of, _)| *of == step.done_when).map(|(_, evidence)| evidence.clone());
        let done = other.is_some() || stage.is_switched() && of_store.as_ref().is_some_and(|(passed, _)| *passed);
        let evidence = other.or(of_store.map(|(_, evidence)| evidence));
        OpenStep { text: step.text.clone(), done, done_when: step.done_when.to_string(), evidence }
    }

    fn validated(&self, stage: Stage) -> Option<(bool, StepEvidence)> {
        let last = self.probes.last()?;
        let passed = self.probes.iter().filter(|probe| probe.passed).count();
        let count = self.probes.len();
        let seen = match unasked(&self.probes) {
            None => format!("{passed} of {count} probes passed"),
            Some(_) => format!("{passed} of {count} probes passed, sql alone"),
        };
        // The box is about the application: SQL alone, which asks it nothing, leaves it open and says so.
        let is_asked = unasked(&self.probes).is_none();
        let is_validated = is_asked && (stage == Stage::Validated || stage == Stage::Purged && passed == count);
        Some((is_validated, StepEvidence { at: last.at.clone(), seen }))
    }
}

/// What of the application nobody asked. SQL in the store schema is none of its own deeds.
pub(super) fn unasked(probes: &[ProbeReport]) -> Option<String> {
    let asked = probes.iter().any(|probe| probe.kind != "sql");
    match (probes.is_empty(), asked) {
        (true, _) => Some("application".to_owned()),
        (false, false) => Some("application_sql".to_owned()),
        (false, true) => None,
    }
}
