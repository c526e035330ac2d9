//! `metrics`: how each store is, in a handful of questions.

use std::path::PathBuf;

use anyhow::Result;

use super::Globals;
use super::open::Opened;
use super::output::{Page, now};
use crate::conninfo::Environment;
use crate::error::{Exit, Refusal};
use crate::metric::FleetMetrics;
use crate::pg::ground::Ground;
use crate::report::Report;
use crate::step::measure::{MeasureOf, measure};
use crate::store::Selection;
use crate::view::text;

/// Stores that a list for people shows, where nobody says otherwise.
const LISTED: usize = 20;

/// Show how the stores are: size, growth, dead rows, cache, connections, waits, backup, verdict
///
/// A handful of questions for all stores, however many there are; nothing is written to the database. Text shows the
/// largest stores first, other formats have all of them.
#[derive(clap::Args, Debug)]
pub(crate) struct MetricsArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// Stores that text lists; 0 is all [default: 20]
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// What text is sorted by
    #[arg(long, value_enum, default_value_t = SortBy::Size)]
    sort: SortBy,
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
    /// Growth in bytes a day, or rows where no bytes are known
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
    let started = now();
    let opened = Opened::open(globals, env, 1).await?;
    let reader = opened.sessions.reader().await?;
    let ground = opened.ground(&reader).await?;
    drop(reader);
    let mut fleet = look(&opened, &ground, &args.which).await?;
    let mut report = Report::new("metrics", None, started);
    report.database = Some(opened.database());
    sort(&mut fleet, args.sort);
    report.metrics = Some(fleet);
    let listed = Some(args.limit.unwrap_or(LISTED)).filter(|limit| *limit > 0);
    let options = text::Options { listed, ..opened.page_options() };
    drop(opened);
    Ok(Page { report: report.end(Exit::Done, now()), options })
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

/// Puts the most first; what is equal stays in the order of the keys.
pub(super) fn sort(fleet: &mut FleetMetrics, by: SortBy) {
    let now = fleet.taken_at;
    fleet.sort_by_most(|store| match by {
        SortBy::Key => None,
        SortBy::Size => store.bytes.map(|bytes| bytes as f64),
        SortBy::Rows => store.rows.map(|rows| rows as f64),
        SortBy::Growth => {
            let growth = store.growth.as_ref()?;
            Some(growth.bytes_per_day.unwrap_or(growth.rows_per_day))
        }
        SortBy::Dead => store.dead_row_ratio(),
        SortBy::Waits => store.lock_waits.map(|waits| waits as f64),
        SortBy::Time => store.query_seconds,
        SortBy::Backup if !store.has_schema => None,
        SortBy::Backup => Some(store.backup.as_ref().map_or(f64::INFINITY, |backup| backup.at.until(now))),
    });
}
