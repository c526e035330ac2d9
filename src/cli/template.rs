//! `template check` and `template render`.

use anyhow::{Context, Result};

use super::open::{self, Opened};
use super::output::{Page, now};
use super::{Globals, StoreArgs};
use crate::conninfo::Environment;
use crate::error::Exit;
use crate::pg::blueprint::{TrialOf, substitutions};
use crate::pg::registry::RegistryRow;
use crate::pg::statement;
use crate::plan::{Finding, Grade};
use crate::report::Report;
use crate::step::plan::{spare_name, store_of};
use crate::template::Template;

/// Check the template, or render it for a store
#[derive(clap::Subcommand, Debug)]
pub(crate) enum TemplateCommand {
    /// Try the template in a transaction that is rolled back, and hold it against the manifest
    ///
    /// Exit code 2 when something would stop a migration.
    Check {
        /// Store whose values stand in [default: the first of the registry]
        #[arg(short, long, value_name = "KEY")]
        store: Option<String>,
    },
    /// Print the SQL for one store
    Render {
        /// Store key
        #[arg(short, long, value_name = "KEY")]
        store: String,
        /// The base data instead of the template
        #[arg(long)]
        base_data: bool,
    },
}

pub(super) async fn run(globals: &Globals, env: &Environment, command: &TemplateCommand) -> Result<Page> {
    match command {
        TemplateCommand::Check { store } => check(globals, env, store.as_deref()).await,
        TemplateCommand::Render { store, base_data } => render(globals, env, store, *base_data).await,
    }
}

async fn check(globals: &Globals, env: &Environment, key: Option<&str>) -> Result<Page> {
    let started = now();
    let opened = Opened::open(globals, env, 1).await?;
    let (template, _) = opened.template(true)?;
    let reader = opened.sessions.reader().await?;
    let ground = opened.ground(&reader).await?;
    let row = one_row(&opened, &reader, &ground, key).await?;
    drop(reader);
    let store = store_of(&opened.store_schema, &row)?;
    let means = opened.means()?;
    let names = ground.names();
    let trial = TrialOf {
        template: &template,
        store: &store,
        shared: ground.shared(),
        shared_tables: &names,
        access: &means.access,
        spare_name: &spare_name(&opened.run),
    };
    let mut writer = opened.sessions.writer().await?;
    let trial = trial.run(&mut writer).await?;
    drop(writer);
    let mut report = Report::new("template", None, started);
    report.database = Some(opened.database());
    report.findings.extend(trial.findings);
    for entry in &ground.manifest.tables {
        let target = trial.tables.iter().find(|table| table.name.table == entry.name);
        if let Some(source) = ground.table(&entry.name) {
            report.findings.extend(statement::findings(entry, source, target));
        }
    }
    let (before, after) = (trial.blueprint.before.len(), trial.blueprint.after.len());
    report.findings.push(Finding::note(
        "template_tried",
        format!(
            "{}: {before} statements before the load, {after} after it, make {} objects; tried for store {}",
            template.file(),
            trial.blueprint.structure.len(),
            store.label()
        ),
    ));
    let stopped = report.findings.iter().any(|finding| finding.grade == Grade::Stop);
    let exit = if stopped { Exit::Refused } else { Exit::Done };
    let options = opened.page_options();
    drop(means);
    drop(opened);
    Ok(Page { report: report.end(exit, now()), options })
}

async fn render(globals: &Globals, env: &Environment, key: &str, base_data: bool) -> Result<Page> {
    let started = now();
    let opened = Opened::open(globals, env, 1).await?;
    let (mut template, recorded) = opened.template(base_data)?;
    if base_data {
        let (file, text) = recorded.base_data_file.zip(recorded.base_data).context("no base data is configured")?;
        template = Template::parse(&file, &text)?;
    }
    let reader = opened.sessions.reader().await?;
    let ground = opened.ground(&reader).await?;
    let row = one_row(&opened, &reader, &ground, Some(key)).await?;
    drop(reader);
    let store = store_of(&opened.store_schema, &row)?;
    let values = substitutions(&store, &store.schema, ground.shared());
    let statements = template.render(&values)?;
    let mut text = String::new();
    for statement in &statements {
        text.push_str(statement.sql.trim_end());
        text.push_str(";\n\n");
    }
    let mut report = Report::new("template", None, started);
    report.text = Some(text.trim_end().to_owned() + "\n");
    let options = opened.page_options();
    drop(opened);
    Ok(Page { report: report.end(Exit::Done, now()), options })
}

async fn one_row(
    opened: &Opened,
    reader: &crate::pg::session::Session,
    ground: &crate::pg::ground::Ground,
    key: Option<&str>,
) -> Result<RegistryRow> {
    let registry = opened.registry(ground);
    let args = match key {
        Some(key) => StoreArgs { store: vec![key.to_owned()], ..StoreArgs::default() },
        None => StoreArgs { all: true, ..StoreArgs::default() },
    };
    let chosen = open::choose(reader, &registry, &ground.key_type, &args).await?;
    chosen.rows.into_iter().next().context("no store to try it for")
}
