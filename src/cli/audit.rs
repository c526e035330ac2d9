//! `audit`: what is wrong in the shared schema, for all stores at once.

use anyhow::Result;

use super::open::{self, Opened};
use super::output::{Page, now};
use super::{Globals, StoreArgs};
use crate::conninfo::Environment;
use crate::error::Exit;
use crate::report::{NextStep, Report};
use crate::step::audit::{AuditOf, audit};

/// Look for what is wrong in the shared schema before anything moves; exit code 3 where there is something
///
/// Reads each table once for all stores, at one snapshot, and changes nothing: rows without a store, rows of stores that
/// the registry lacks, rows that refer to another store's row, rows that break a key or check that was never validated,
/// rows that two owner paths give to different stores, tables that hang from a store's rows and are listed nowhere,
/// owner paths without an index. Exit code 3 when rows are at fault or something would stop a migration; a note without
/// rows, such as a missing index, leaves it 0.
#[derive(clap::Args, Debug)]
pub(crate) struct AuditArgs {
    #[command(flatten)]
    stores: StoreArgs,
}

pub(super) async fn run(globals: &Globals, env: &Environment, args: &AuditArgs) -> Result<Page> {
    let started = now();
    let opened = Opened::open(globals, env, 1).await?;
    let reader = opened.sessions.reader().await?;
    let ground = opened.ground(&reader).await?;
    let registry = opened.registry(&ground);
    let mut report = Report::new("audit", None, started);
    report.database = Some(opened.database());
    let StoreArgs { store, stores_from, except, all: _ } = &args.stores;
    let (only, store_count) = match store.is_empty() && stores_from.is_none() && except.is_empty() {
        true => (None, registry.stores(&reader).await?.len()),
        false => {
            let all = store.is_empty() && stores_from.is_none();
            let words = StoreArgs { all, ..args.stores.clone() };
            let chosen = open::choose(&reader, &registry, &ground.key_type, &words).await?;
            report.findings = chosen.left_out;
            let keys: Vec<String> = chosen.rows.iter().map(|row| row.key.text().to_owned()).collect();
            let count = keys.len();
            (Some(keys), count)
        }
    };
    drop(reader);
    let means = opened.means()?;
    let of = AuditOf {
        ground: &ground,
        registry_config: opened.registry_config.as_ref(),
        store_count: store_count as u64,
        only,
    };
    let audited = audit(&means, &of).await?;
    report.findings.extend(audited.findings);
    report.audit = audited.audit;
    let exit = match (&report.audit, report.faults().next()) {
        (None, _) => Exit::Refused, // hidden rows: nothing could be looked at
        (Some(_), Some(_)) => Exit::Differs,
        (Some(_), None) => Exit::Done,
    };
    if exit == Exit::Done {
        report.next_steps.push(NextStep {
            why: "what the template says to each store's rows".into(),
            command: "tenantctl plan --all".into(),
        });
    }
    let options = opened.page_options();
    drop(means);
    drop(opened);
    Ok(Page { report: report.end(exit, now()), options })
}
