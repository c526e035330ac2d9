//! `top`: which stores write, grow, wait and use time, just now.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::Globals;
use super::metrics::{WhichArgs, look};
use super::open::Opened;
use super::output::{self, Page};
use crate::conninfo::Environment;
use crate::error::{Exit, Refusal};
use crate::metric::{FleetMetrics, Pace};
use crate::pg::ground::Ground;
use crate::report::Report;
use crate::view::screen::Screen;
use crate::view::text::top::{self, Frame, LINES_AROUND, Order};
use crate::view::{Format, figures, terminal, text};

/// Stores that a frame lists where there is no screen to fill.
const LISTED: usize = 10;

/// Show which stores write, grow, wait and use time, again and again
///
/// On a terminal: s sorts by the next column, q leaves. In a pipe: a block every few seconds. Rates are those since the
/// look before.
#[derive(clap::Args, Debug)]
pub(crate) struct TopArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// What they are sorted by, the most first
    #[arg(long, value_enum, default_value_t = SortArg::Written)]
    sort: SortArg,
    /// Seconds between two looks
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3600))]
    interval: u64,
    /// Stores that are listed [default: what fits, 10 in a pipe]
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Look twice, print once, and end
    #[arg(long)]
    once: bool,
}

/// What the list is sorted by.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
enum SortArg {
    /// Rows written a second
    Written,
    /// Bytes grown a second
    Grown,
    /// Sessions that wait for locks
    Waits,
    /// Time in statements of the store's role
    Time,
    /// Blocks asked for a second
    Blocks,
    /// Size
    Size,
}

impl SortArg {
    fn order(self) -> Order {
        match self {
            Self::Written => Order::Written,
            Self::Grown => Order::Grown,
            Self::Waits => Order::Waits,
            Self::Time => Order::Time,
            Self::Blocks => Order::Blocks,
            Self::Size => Order::Size,
        }
    }
}

pub(super) async fn run(globals: &Globals, env: &Environment, args: &TopArgs) -> Result<Page> {
    if globals.format() != Format::Text || !globals.output.is_empty() {
        bail!(Refusal::new("top shows text only").hint("`tenantctl metrics` has every format"));
    }
    // A spinner would only draw over what is watched.
    let opened = Opened::open(&Globals { quiet: globals.quiet.max(1), ..globals.clone() }, env, 1).await?;
    let reader = opened.sessions.reader().await?;
    let ground = opened.ground(&reader).await?;
    drop(reader);
    let mut options = opened.page_options();
    options.lang = globals.lang().unwrap_or(options.lang);
    let screen = if args.once { None } else { Screen::take() };
    let shown = watch(&opened, &ground, args, screen.as_ref(), &options).await;
    drop(screen); // the terminal is the user's again before anything is said
    let exit = shown?;
    drop(opened);
    let quiet = Report { text: Some(String::new()), ..Report::new("top", None, output::now()) };
    Ok(Page { report: quiet.end(exit, output::now()), options })
}

/// Looks until somebody has seen enough.
async fn watch(
    opened: &Opened,
    ground: &Ground,
    args: &TopArgs,
    screen: Option<&Screen>,
    options: &text::Options,
) -> Result<Exit> {
    let mut order = args.sort.order();
    let mut before: Option<(FleetMetrics, Instant)> = None;
    loop {
        let began = Instant::now();
        let fleet = match look(opened, ground, &args.which).await {
            Err(_) if opened.sessions.is_interrupted() => return Ok(Exit::Interrupted),
            fleet => fleet?,
        };
        let paces = match &before {
            Some((before, at)) => fleet.paces(before, began.duration_since(*at).as_secs_f64()),
            None => vec![Pace::default(); fleet.stores.len()],
        };
        let is_first = before.is_none();
        let took = began.elapsed();
        // At most half of the time is spent on looking, however many stores there are.
        let until = began + Duration::from_secs(args.interval).max(took * 2);
        let clock = figures::clock();
        loop {
            let frame = |order| Frame {
                fleet: &fleet,
                paces: &paces,
                clock: &clock,
                order,
                most: args.limit.unwrap_or_else(|| room(screen)),
                has_keys: screen.is_some_and(Screen::has_keys),
            };
            match screen {
                Some(screen) => screen.draw(&text_of(&frame(order), options)),
                None if is_first => {} // without a look before there is nothing to tell yet
                None => {
                    let frame = text_of(&frame(order), options);
                    terminal::to_stdout(|out| writeln!(out, "{frame}"))?;
                }
            }
            if args.once && !is_first {
                return Ok(Exit::Done);
            }
            match wait(opened, screen, until).await {
                Woken::Time => break,
                Woken::Signal => return Ok(Exit::Interrupted),
                Woken::Key('q') => return Ok(Exit::Done),
                Woken::Key('s') => order = order.next(),
                Woken::Key(_) => {}
            }
        }
        before = Some((fleet, began));
    }
}

enum Woken {
    Time,
    Signal,
    Key(char),
}

async fn wait(opened: &Opened, screen: Option<&Screen>, until: Instant) -> Woken {
    loop {
        if opened.sessions.is_interrupted() {
            return Woken::Signal;
        }
        if let Some(key) = screen.and_then(Screen::key) {
            return Woken::Key(key);
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Woken::Time;
        }
        tokio::time::sleep(left.min(Duration::from_millis(50))).await;
    }
}

/// Stores that fit.
fn room(screen: Option<&Screen>) -> usize {
    match screen.and_then(|_| terminal::stdout_lines()) {
        Some(lines) => lines.saturating_sub(LINES_AROUND).max(1),
        None => LISTED,
    }
}

fn text_of(frame: &Frame<'_>, options: &text::Options) -> String {
    let options = text::Options { width: terminal::stdout_width(), ..options.clone() };
    let mut text = Vec::new();
    let _into_memory = top::write(frame, &options, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}
