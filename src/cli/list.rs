//! `tables`: every table of the shared schema and what becomes of it.

use anyhow::Result;

use super::Globals;
use super::open::Opened;
use super::output::{Page, now};
use crate::conninfo::Environment;
use crate::error::Exit;
use crate::report::Report;
use crate::step::classes::{classes, undecided};

/// List every table of the shared schema: class, owner path and why; what is undecided
#[derive(clap::Args, Debug)]
pub(crate) struct TablesArgs {}

pub(super) async fn run(globals: &Globals, env: &Environment, _args: &TablesArgs) -> Result<Page> {
    let started = now();
    let opened = Opened::open(globals, env, 1).await?;
    let reader = opened.sessions.reader().await?;
    let ground = opened.ground(&reader).await?;
    let registry = opened.registry(&ground);
    let mut report = Report::new("tables", None, started);
    report.database = Some(opened.database());
    report.tables = classes(&reader, &ground, registry.table()).await?;
    report.findings = undecided(&ground, registry.table());
    let options = opened.page_options();
    drop(reader);
    drop(registry);
    drop(opened);
    Ok(Page { report: report.end(Exit::Done, now()), options })
}
