//! `doctor`: what would stop a command, each thing with its remedy.

use anyhow::Result;

use super::open::{Opened, Prepared, page_options_of};
use super::output::{Page, now};
use super::{Globals, pooler};
use crate::conninfo::Environment;
use crate::error::Exit;
use crate::pg::ground::Ground;
use crate::plan::Finding;
use crate::report::Report;
use crate::step::Means;
use crate::step::doctor::{self, Diagnosis, Purpose};
use crate::step::leaktest::try_leaks;
use crate::view::explain;

/// Look for what would stop a command: server, rights, pooler, registry, template, journal
///
/// Changes nothing. Each finding comes with its remedy. Exit code 2 when something stops the command.
#[derive(clap::Args, Debug)]
pub(crate) struct DoctorArgs {
    /// The command that shall be possible
    #[arg(long = "for", value_name = "COMMAND", value_enum, default_value_t = For::Migrate)]
    purpose: For,
    /// Print only the GRANT statements that are missing
    #[arg(long)]
    sql: bool,
    /// Try whether clients can meet behind this pooler: where the URL has {entry}, {role}, {schema} or {key} in it,
    /// as two stores; else as two clients of the one URL, which all stores share
    #[arg(long, value_name = "URL", conflicts_with = "sql")]
    pooler: Option<String>,
}

/// The command that shall be possible.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
enum For {
    /// plan, audit, tables, stores, status, report
    Plan,
    /// verify
    Verify,
    /// migrate and its steps
    Migrate,
}

pub(super) async fn run(globals: &Globals, env: &Environment, args: &DoctorArgs) -> Result<Page> {
    let started = now();
    let mut found = Diagnosis::default();
    let opened = match Prepared::new(globals, env, 1)?.connect().await {
        Ok(opened) => opened,
        // What stands between, or is too old, stops every command; nothing else can be looked at.
        Err(error) if explain::exit_of(&error) == Exit::Refused && !args.sql => {
            found.error("session", &error);
            let mut report = Report::new("doctor", None, started);
            report.findings = found.findings;
            return Ok(Page { report: report.end(Exit::Refused, now()), options: page_options_of(globals, env) });
        }
        Err(error) => return Err(error),
    };
    let purpose = match args.purpose {
        For::Plan => Purpose::Plan,
        For::Verify => Purpose::Verify,
        For::Migrate => Purpose::Migrate,
    };
    let means = opened.means()?;
    if let Some(url) = &args.pooler {
        let doors = pooler::doors(&opened, env, url).await?;
        try_leaks(&means, &doors, &mut found).await?;
        let mut report = Report::new("doctor", None, started);
        report.database = Some(opened.database());
        let exit = if found.is_stopped() { Exit::Refused } else { Exit::Done };
        report.findings = found.findings;
        let options = opened.page_options();
        drop(means);
        drop(opened);
        return Ok(Page { report: report.end(exit, now()), options });
    }
    doctor::server(&means, purpose, &mut found).await?;
    let has_journal = doctor::journal(&means, purpose, &mut found).await?;
    doctor::making(&means, purpose, &mut found).await?;
    if let Some(ground) = ground(&opened, &means, &mut found).await? {
        doctor::rights(&means, purpose, &ground, opened.registry_config.as_ref(), &mut found).await?;
        match purpose {
            Purpose::Verify if has_journal => doctor::store_schemas(&means, &ground, &mut found).await?,
            Purpose::Plan | Purpose::Migrate if doctor::may_create(&means).await? => {
                template(&opened, &means, &ground, &mut found).await?;
            }
            Purpose::Plan | Purpose::Verify => {}
            Purpose::Migrate => doctor::references(&means, &ground, &mut found).await?,
        }
    }
    if found.is_partial {
        let message = "some things could not be looked at: give these rights, then run doctor again";
        found.findings.push(Finding::note("look_again", message));
    }
    if !found.is_stopped() {
        let command = match purpose {
            Purpose::Plan => "plan",
            Purpose::Verify => "verify",
            Purpose::Migrate => "migrate",
        };
        let message = format!("nothing was found that stops `tenantctl {command}`");
        found.findings.push(Finding::note("ready", message));
    }
    let mut report = Report::new("doctor", None, started);
    report.database = Some(opened.database());
    let exit = if found.is_stopped() { Exit::Refused } else { Exit::Done };
    if args.sql {
        report.text = Some(match found.grants.is_empty() {
            true => "-- no right is missing\n".to_owned(),
            false => {
                let again =
                    if found.is_partial { "-- then run doctor again: it could not look at everything\n" } else { "" };
                format!("{}\n{again}", found.grants.join("\n"))
            }
        });
    }
    // With --sql the text is a script; the findings are in JSON all the same.
    let is_script = args.sql && globals.format == super::FormatArg::Text;
    report.findings = if is_script { Vec::new() } else { found.findings };
    let options = opened.page_options();
    drop(means);
    drop(opened);
    Ok(Page { report: report.end(exit, now()), options })
}

/// The shared schema, where the configuration names one and the role may look at it.
async fn ground(opened: &Opened, means: &Means<'_>, found: &mut Diagnosis) -> Result<Option<Ground>> {
    let manifest = match opened.config.manifest() {
        Ok(manifest) => manifest,
        Err(error) => {
            found.error("configuration", &error.into());
            return Ok(None);
        }
    };
    let mut schemas = vec![&manifest.shared_schema];
    schemas.extend(opened.registry_config.as_ref().map(|registry| &registry.table.schema));
    schemas.dedup();
    if !doctor::schemas(means, &schemas, found).await? {
        return Ok(None);
    }
    let reader = opened.sessions.reader().await?;
    match opened.ground(&reader).await {
        Ok(ground) => Ok(Some(ground)),
        Err(error) => {
            found.error("ground", &error);
            Ok(None)
        }
    }
}

async fn template(opened: &Opened, means: &Means<'_>, ground: &Ground, found: &mut Diagnosis) -> Result<()> {
    let (template, _) = match opened.template(true) {
        Ok(template) => template,
        Err(error) => {
            found.error("template", &error);
            return Ok(());
        }
    };
    let registry = opened.registry(ground);
    match doctor::first_store(means, &registry).await {
        Ok(Some(row)) => doctor::template(means, ground, &opened.store_schema, &template, &row, found).await,
        Ok(None) => {
            found.findings.push(Finding::note("no_store", "there is no store to try the template for"));
            Ok(())
        }
        Err(error) => {
            found.error("registry", &error);
            Ok(())
        }
    }
}
