//! `metrics`: how each store is, in a handful of questions; once, or as often as somebody scrapes it (`serve`).

mod serve;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::Globals;
use super::open::Opened;
use super::output::{self, Page, now};
use crate::conninfo::Environment;
use crate::error::{Exit, Refusal};
use crate::metric::{FleetMetrics, History};
use crate::pg::ground::Ground;
use crate::report::Report;
use crate::step::measure::{MeasureOf, measure};
use crate::store::Selection;
use crate::view::{prometheus, text};

/// Stores that a list for people shows, where nobody says otherwise.
const LISTED: usize = 20;

/// Show how the stores are: size, growth, dead rows, cache, connections, waits, backup, verdict
///
/// A handful of questions for all stores, however many there are; nothing is written to the database. Text lists the
/// largest stores, every other format has all of them; `--format html` is an overview to be opened in a browser.
#[derive(clap::Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct MetricsArgs {
    #[command(subcommand)]
    command: Option<MetricsCommand>,
    #[command(flatten)]
    which: WhichArgs,
    /// Also write the metrics here for Prometheus: whole, then renamed; `tenantctl_up 0` where the database is down
    #[arg(long, value_name = "FILE")]
    textfile: Option<PathBuf>,
    /// Stores that text lists; 0 is all [default: 20]
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// What they are sorted by
    #[arg(long, value_enum, default_value_t = SortBy::Size)]
    sort: SortBy,
}

#[derive(clap::Subcommand, Debug)]
enum MetricsCommand {
    Serve(serve::ServeArgs),
}

/// Which stores are measured, and how.
#[derive(clap::Args, Clone, Debug)]
pub(super) struct WhichArgs {
    /// Only these stores; integer keys may be listed and ranged: 4,7-93 [repeatable]
    #[arg(short, long, value_name = "KEY")]
    store: Vec<String>,
    /// Count rows and look up sizes on the disk, however long that takes
    #[arg(long)]
    exact: bool,
    /// Keeps readings between runs, so that growth in bytes and the time of the last write are known
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
}

/// What a list of stores is sorted by; the most first, and what is unknown last.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub(super) enum SortBy {
    /// The registry's own order
    Key,
    /// Bytes
    #[default]
    Size,
    /// Rows
    Rows,
    /// Growth in bytes a day; in rows where no store has bytes
    Growth,
    /// Share of dead rows
    Dead,
    /// Sessions that wait for locks
    Waits,
    /// Time in statements
    Time,
    /// Age of the proven backup; none first
    Backup,
}

pub(super) async fn run(globals: &Globals, env: &Environment, args: &MetricsArgs) -> Result<Page> {
    if let Some(MetricsCommand::Serve(serve)) = &args.command {
        return serve::run(globals, env, serve).await;
    }
    if let Some(path) = args.textfile.as_ref().or(args.which.history.as_ref()) {
        output::check_folder(path)?;
    }
    let taken = once(globals, env, args).await;
    if let Some(path) = &args.textfile {
        let down = Report::new("metrics", None, now());
        output::write_file(path, prometheus_text(taken.as_ref().map_or(&down, |page| &page.report)).as_bytes())?;
    }
    taken
}

async fn once(globals: &Globals, env: &Environment, args: &MetricsArgs) -> Result<Page> {
    let started = now();
    let mut history = Kept::read(args.which.history.as_deref())?;
    let opened = Opened::open(globals, env, 1).await?;
    let reader = opened.sessions.reader().await?;
    let ground = opened.ground(&reader).await?;
    drop(reader);
    let mut fleet = look(&opened, &ground, &args.which).await?;
    history.tell(&mut fleet)?;
    sort(&mut fleet, args.sort);
    let mut report = Report::new("metrics", None, started);
    report.database = Some(opened.database());
    report.metrics = Some(fleet);
    let listed = Some(args.limit.unwrap_or(LISTED)).filter(|limit| *limit > 0);
    let options = text::Options { listed, ..opened.page_options() };
    drop(opened);
    Ok(Page { report: report.end(Exit::Done, now()), options })
}

fn prometheus_text(report: &Report) -> String {
    let mut text = Vec::new();
    let _into_memory = prometheus::write(report, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// One look at the stores.
pub(super) async fn look(opened: &Opened, ground: &Ground, which: &WhichArgs) -> Result<FleetMetrics> {
    let registry = opened.registry(ground);
    let only = match which.store.as_slice() {
        [] => None,
        words => Some(Selection::parse(false, words, &[], &ground.key_type)?),
    };
    let of = MeasureOf {
        shared: ground.shared(),
        registry: &registry,
        store_schema: &opened.store_schema,
        only: only.as_ref(),
        exact: which.exact,
    };
    let fleet = measure(&opened.sessions, &of).await?;
    if let Some(missing) = only.iter().flat_map(|only| &only.keys).find(|key| !fleet.has(key.text())) {
        return Err(Refusal::new(format!("store {missing} is not in the registry"))
            .hint("`tenantctl stores` lists the stores")
            .into());
    }
    Ok(fleet)
}

/// The history, and the file that it is kept in; without one it is kept as long as we run.
pub(super) struct Kept {
    history: History,
    file: Option<PathBuf>,
}

impl Kept {
    /// Reads it; a file that is not there yet is an empty history.
    ///
    /// # Errors
    /// A file that cannot be read, or holds something else.
    pub(super) fn read(file: Option<&Path>) -> Result<Self> {
        let text = match file.map(std::fs::read_to_string) {
            None => None,
            Some(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => None,
            Some(text) => Some(text.context("reading the history")?),
        };
        let history = match text.as_deref().map(History::parse) {
            None => History::default(),
            Some(Some(history)) => history,
            Some(None) => {
                let name = file.map_or_else(String::new, |file| file.display().to_string());
                return Err(Refusal::new(format!("{name} holds no history of metrics"))
                    .hint("name another file, or remove it: a new one begins")
                    .into());
            }
        };
        Ok(Self { history, file: file.map(Path::to_owned) })
    }

    /// Fills in what earlier readings tell, and keeps this one.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(super) fn tell(&mut self, fleet: &mut FleetMetrics) -> Result<()> {
        self.history.tell(fleet);
        match &self.file {
            Some(file) => output::write_file(file, self.history.text().as_bytes()),
            None => Ok(()),
        }
    }
}

/// Puts the most first; what is equal stays in the order of the keys.
pub(super) fn sort(fleet: &mut FleetMetrics, by: SortBy) {
    let now = fleet.taken_at;
    let in_bytes = fleet.stores.iter().flat_map(|store| &store.growth).any(|growth| growth.bytes_per_day.is_some());
    fleet.sort_by_most(|store| match by {
        SortBy::Key => None,
        SortBy::Size => store.bytes.map(|bytes| bytes as f64),
        SortBy::Rows => store.rows.map(|rows| rows as f64),
        SortBy::Growth => {
            let growth = store.growth.as_ref()?;
            if in_bytes { growth.bytes_per_day } else { Some(growth.rows_per_day) }
        }
        SortBy::Dead => store.dead_row_ratio(),
        SortBy::Waits => store.lock_waits.map(|waits| waits as f64),
        SortBy::Time => store.query_seconds,
        SortBy::Backup if !store.has_schema => None,
        SortBy::Backup => Some(store.backup.as_ref().map_or(f64::INFINITY, |backup| backup.at.until(now))),
    });
}
