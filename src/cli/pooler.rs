//! `pooler`: an entry per store for PgBouncer or PgDog; and the ways through a pooler that `doctor --pooler` tries.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::open::{self, Opened};
use super::output::{Page, now};
use super::{Globals, StoreArgs, road};
use crate::conninfo::{ConnInfo, ConnSources, ConnText, Environment, encode};
use crate::error::{Exit, Refusal};
use crate::plan::Finding;
use crate::report::{NextStep, Report};
use crate::step::leaktest::Door;
use crate::step::plan::store_of;
use crate::step::pooler::{self, Software};
use crate::step::role;
use crate::view::explain;

/// Write an entry per store for the pooler before the server, pinned to the store's role
///
/// The file is for `%include` at the end of pgbouncer.ini, or for the end of pgdog.toml; it holds no password. Refused
/// where the server has too few connections for all pools, and where a role does not land in its store's schema by
/// itself: in transaction mode no client can say where it wants to be. Needs [role]; [pooler] has the sizes.
#[derive(clap::Args, Debug)]
pub(crate) struct PoolerArgs {
    #[command(flatten)]
    stores: StoreArgs,
    /// The pooler
    #[arg(long = "for", value_name = "POOLER", value_enum, default_value_t = For::Pgbouncer)]
    software: For,
    /// Write the entries to this file, whole or not at all; else they are the result on stdout
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// A pooler.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
enum For {
    /// A file for %include
    Pgbouncer,
    /// Sharded schemas for pgdog.toml
    Pgdog,
}

pub(super) async fn run(globals: &Globals, env: &Environment, line: &str, args: &PoolerArgs) -> Result<Page> {
    let started = now();
    let software = match args.software {
        For::Pgbouncer => Software::PgBouncer,
        For::Pgdog => Software::PgDog,
    };
    if let Some(path) = &args.file
        && !folder_of(path).is_dir()
    {
        bail!(
            Refusal::new(format!("there is no folder for {}", path.display()))
                .hint(format!("make {} first", folder_of(path).display()))
        );
    }
    let opened = Opened::open(globals, env, 1).await?;
    if opened.config.role()?.is_none() {
        bail!(role::not_configured());
    }
    let settings = opened.config.pooler()?;
    let reader = opened.sessions.reader().await?;
    let ground = opened.ground(&reader).await?;
    let registry = opened.registry(&ground);
    let chosen = open::choose(&reader, &registry, &ground.key_type, &args.stores).await?;
    let moves = open::moves(&reader, &ground).await?;
    let means = opened.means()?;
    let mut notes = chosen.left_out;
    let (mut entries, mut without) = (Vec::new(), Vec::new());
    for row in &chosen.rows {
        let of = moves.iter().find(|of| of.store.key == row.key && road::has_schema(of.stage));
        let entry = match of {
            Some(of) => pooler::entry(&means, &settings, ground.shared(), &of.store, of.id).await?,
            None => Err(role::no_schema(&store_of(&opened.store_schema, row)?)),
        };
        match entry {
            Ok(entry) => entries.push(entry),
            // Of all stores those that are not moved yet are no fault; one that leaks is.
            Err(_) if args.stores.all && of.is_none() => without.push(row.key.text().to_owned()),
            Err(refusal) => bail!(refusal),
        }
    }
    if !without.is_empty() {
        notes.push(no_entry(&without));
    }
    if entries.is_empty() {
        bail!(
            Refusal::new("none of these stores has a schema").hint("`tenantctl stores` shows the stage of each store")
        );
    }
    let facts = opened.sessions.facts();
    let mut made = pooler::report(&reader, &settings, software, &facts.address, &facts.database, entries).await?;
    let mut report = Report::new("pooler", None, started.clone());
    report.database = Some(opened.database());
    let mut exit = Exit::Done;
    if made.fits {
        let text = pooler::file(&made, software, line, &started, &notes);
        match &args.file {
            Some(path) => {
                write(path, &text)?;
                made.file = Some(path.display().to_string());
                report.findings = notes;
                report.findings.push(pooler::budget_note(&made));
                report.findings.push(Finding::note("pooler_written", format!("written to {}", path.display())));
                report.next_steps = next_steps(software);
            }
            None => {
                // On stdout the text is a file; what was found stands in its comments.
                report.findings = if globals.format == super::FormatArg::Text { Vec::new() } else { notes };
                report.text = Some(text);
            }
        }
    } else {
        exit = Exit::Refused;
        report.error = Some(explain::error_report(&pooler::does_not_fit(&made).into()));
    }
    report.pooler = Some(made);
    let options = opened.page_options();
    Ok(Page { report: report.end(exit, now()), options })
}

/// Stores that are not moved yet, in one note: there may be 90.
fn no_entry(keys: &[String]) -> Finding {
    const NAMED: usize = 5;
    let mut named = keys.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    if keys.len() > NAMED {
        named.push_str(&format!(" ... ({})", keys.len()));
    }
    Finding::note("pooler_no_entry", format!("no schema yet, so no entry: stores {named}"))
}

fn next_steps(software: Software) -> Vec<NextStep> {
    let step = |why: &str, command: &str| NextStep { why: why.into(), command: command.into() };
    let mut steps = Vec::new();
    if software == Software::PgBouncer {
        steps.push(step("let it read the file again", "psql -h HOST -p 6432 -U ADMIN pgbouncer -c RELOAD"));
        let url = "tenantctl doctor --pooler 'postgresql://USER@HOST:6432/{entry}'";
        steps.push(step("try whether two stores can meet behind it", url));
    }
    steps
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Written beside and renamed: a pooler that reloads meanwhile reads the old file or the new one.
fn write(path: &Path, text: &str) -> Result<()> {
    let written = || -> std::io::Result<()> {
        let readable = std::fs::Permissions::from_mode(0o666); // less what umask takes
        let mut file = tempfile::Builder::new().permissions(readable).tempfile_in(folder_of(path))?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    written().with_context(|| format!("writing {}", path.display()))
}

/// The ways through a pooler that a URL means: those of two stores where it has words for them, else the one.
///
/// # Errors
/// A refusal where there are not two stores with roles; the server's error.
pub(super) async fn doors(opened: &Opened, env: &Environment, url: &str) -> Result<Vec<Door>> {
    const WORDS: [&str; 4] = ["{entry}", "{role}", "{schema}", "{key}"];
    if !WORDS.iter().any(|word| url.contains(word)) {
        let conninfo = resolve(url, env)?;
        let host = conninfo.hosts.first().map(|host| format!("{}:{}", host.name, host.port)).unwrap_or_default();
        return Ok(vec![Door { name: format!("{host}/{}", conninfo.database), conninfo, home: None }]);
    }
    let settings = opened.config.pooler()?;
    let reader = opened.sessions.reader().await?;
    let ground = opened.ground(&reader).await?;
    let means = opened.means()?;
    let mut doors = Vec::new();
    let mut refused = None;
    for of in open::moves(&reader, &ground).await?.iter().filter(|of| road::has_schema(of.stage)) {
        if doors.len() == 2 {
            break;
        }
        let entry = match pooler::entry(&means, &settings, ground.shared(), &of.store, of.id).await? {
            Ok(entry) => entry,
            Err(refusal) => {
                refused = Some(refusal);
                continue;
            }
        };
        let values = [&entry.entry, &entry.role, &entry.schema, &entry.store];
        let of_store =
            WORDS.iter().zip(values).fold(url.to_owned(), |url, (word, value)| url.replace(word, &encode(value)));
        doors.push(Door {
            name: entry.entry,
            conninfo: resolve(&of_store, env)?,
            home: Some((entry.role, entry.schema)),
        });
    }
    match (doors.len(), refused) {
        (2.., _) => Ok(doors),
        (_, Some(refusal)) => bail!(refusal),
        _ => bail!(
            Refusal::new("two stores with a schema and a role are needed to see whether they can meet")
                .hint("`tenantctl role --all` shows the role of each store")
        ),
    }
}

fn resolve(url: &str, env: &Environment) -> Result<ConnInfo> {
    let text =
        ConnText { text: url.to_owned(), origin: "--pooler".into(), folder: env.current_folder.clone(), again: None };
    let sources = ConnSources { text: Some(text), ..ConnSources::default() };
    Ok(ConnInfo::resolve(&sources, env)?)
}
