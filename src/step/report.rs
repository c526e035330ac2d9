//! A store's report, put together from what the journal has: the same after the run, next day, and in another language.

use crate::pg::Client;
use anyhow::Result;
use futures_util::future::try_join5;

use super::ticks::{Ticks, unasked};
use super::verify::Proof;
use crate::config::PlannedStep;
use crate::conninfo::mask;
use crate::digest::DIGEST_NAME;
use crate::pg::journal::{self, Move, MoveKind, TableRun};
use crate::pg::role;
use crate::report::{DigestPair, Evidence, Outcome, Rehearsal, Sides, StoreReport, TableReport, Verdict};
use crate::stage::Stage;

/// The report of a store, as far as its move is.
///
/// # Errors
/// The server's error.
pub async fn store_report(
    client: &Client,
    the_move: &Move,
    steps: &[PlannedStep],
    id_headroom: u64,
) -> Result<StoreReport> {
    let id = the_move.id;
    let (runs, role, checks, ticks, isolation) = try_join5(
        journal::table_runs_of(client, id),
        role::made_for(client, id),
        journal::checks_of(client, id),
        Ticks::read(client, the_move, steps),
        journal::isolation_of(client, id),
    )
    .await?;
    let mut report = StoreReport::of(&the_move.store);
    report.url = the_move.url.as_deref().map(mask);
    report.role = role.map(|(role, _)| role.raw().to_owned());
    report.stage = Some(the_move.stage);
    report.tables = match the_move.kind {
        MoveKind::Move | MoveKind::Rehearsal => {
            the_move.manifest.tables.iter().map(|entry| table_report(entry, &runs)).collect()
        }
        MoveKind::New | MoveKind::Ready => Vec::new(),
    };
    report.checks = checks;
    report.probes.clone_from(&ticks.probes);
    report.samples = the_move.samples.clone();
    if the_move.verified_at.is_none() {
        report.samples.clear(); // only the shared side was asked yet
    }
    report.evidence = Evidence {
        source_snapshot: the_move.snapshot.clone(),
        target_snapshot: the_move.verdict_snapshot.clone(),
        verified_at: the_move.verified_at.clone(),
        switched_at: the_move.switched_at.clone(),
        switch: the_move.switch.clone(),
        mode: None,
        recorded: true,
        id_headroom: Some(id_headroom),
    };
    report.error.clone_from(&the_move.error);
    report.isolation = isolation;
    finish(&mut report, the_move, steps, &ticks);
    if the_move.plan.clone_of.is_some()
        && let Some(cloned) = journal::cloned_of(client, id).await?
    {
        report.row_count = cloned.row_count();
        report.bytes = cloned.tables.iter().map(|table| table.byte_count).sum();
    }
    if the_move.kind == MoveKind::Rehearsal {
        (report.stage, report.steps) = (None, Vec::new()); // the store's own move is where it was
        let dropped = the_move.stage == Stage::Abandoned;
        let known = journal::rehearsal_of(client, the_move.id).await?;
        report.rehearsal = Some(known.unwrap_or(Rehearsal { dropped, disk_bytes: 0, steps: Vec::new() }));
    }
    Ok(report)
}

/// The report of a look at a store that leaves no verdict in the journal, or one of its own; `ticks` is
/// what ticks its boxes.
#[must_use]
pub fn proof_report(the_move: &Move, proof: Proof, mode: &str, steps: &[PlannedStep], ticks: &Ticks) -> StoreReport {
    let mut report = StoreReport::of(&the_move.store);
    report.url = the_move.url.as_deref().map(mask);
    report.stage = Some(the_move.stage);
    report.tables = proof.tables;
    report.checks = proof.checks;
    report.samples = proof.samples;
    report.evidence = Evidence {
        source_snapshot: proof.source_snapshot,
        target_snapshot: proof.target_snapshot,
        verified_at: the_move.verified_at.clone(),
        switched_at: the_move.switched_at.clone(),
        switch: the_move.switch.clone(),
        mode: Some(mode.to_owned()),
        recorded: proof.recorded,
        id_headroom: None,
    };
    report.not_checked.extend(proof.not_recorded.map(|why| format!("not_recorded_{why}")));
    finish(&mut report, the_move, steps, ticks);
    if report.differs() {
        report.outcome = Outcome::Differs;
    }
    report
}

fn finish(report: &mut StoreReport, the_move: &Move, steps: &[PlannedStep], ticks: &Ticks) {
    report.row_count = report
        .tables
        .iter()
        .filter_map(|table| table.live_row_count.or(table.row_count.target).or(table.row_count.source))
        .sum();
    report.bytes = report.tables.iter().map(|table| table.bytes).sum();
    report.steps = steps.iter().map(|step| ticks.step(step, the_move.stage)).collect();
    report.not_checked.extend(not_checked(report, the_move, ticks));
}

/// The report of a validation alone: what the probes saw, and which boxes that ticks.
///
/// # Errors
/// The server's error.
pub async fn validation_report(client: &Client, the_move: &Move, steps: &[PlannedStep]) -> Result<StoreReport> {
    let mut report = StoreReport::of(&the_move.store);
    report.url = the_move.url.as_deref().map(mask);
    report.stage = Some(the_move.stage);
    let ticks = Ticks::read(client, the_move, steps).await?;
    report.probes.clone_from(&ticks.probes);
    report.evidence.switched_at.clone_from(&the_move.switched_at);
    report.evidence.recorded = true;
    report.steps = steps.iter().map(|step| ticks.step(step, the_move.stage)).collect();
    report.not_checked.extend(unasked(&report.probes));
    if report.has_failed_probe() {
        report.outcome = Outcome::Differs;
    }
    Ok(report)
}

/// Codes; `view/words` says them.
fn not_checked(report: &StoreReport, the_move: &Move, ticks: &Ticks) -> Vec<String> {
    let mut open = Vec::new();
    if report.tables.iter().any(|table| table.verdict == Verdict::NotVerified) {
        open.push("rows_not_compared".to_owned());
    }
    if report.checks.is_empty() {
        open.push("structure".to_owned());
    }
    let by_condition =
        the_move.manifest.tables.iter().any(|entry| matches!(entry.owner, crate::manifest::OwnerPath::Condition(_)));
    if by_condition {
        open.push("conditions".to_owned());
    }
    open.extend(unasked(&ticks.probes));
    if report.isolation.is_none() {
        open.push("other_roles".to_owned());
    }
    open.push("performance".to_owned());
    if ticks.backup.is_none() {
        open.push("backup".to_owned());
    }
    open
}

fn table_report(entry: &crate::manifest::Entry, runs: &[TableRun]) -> TableReport {
    let mut report = TableReport::pending(&entry.name, entry.group.clone());
    let Some(run) = runs.iter().find(|run| run.table == entry.name) else { return report };
    let back = run.target_digest.as_deref().and_then(|digest| digest.split(':').next()?.parse().ok());
    report.row_count = Sides { source: Some(run.row_count), target: back };
    report.bytes = run.byte_count;
    report.seconds = run.seconds;
    report.digest = DigestPair {
        name: DIGEST_NAME.to_owned(),
        source: Some(run.source_digest.clone()),
        target: run.target_digest.clone(),
    };
    report.differences = run.differences.clone();
    report.difference_count = run.difference_count;
    (report.verdict, report.digest_equal) = match run.verdict.as_str() {
        "equal" => (Verdict::Equal, Some(true)),
        "differs" => (Verdict::Differs, Some(false)),
        _ => (Verdict::NotVerified, None),
    };
    report
}
