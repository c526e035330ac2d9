//! `reverse`: the registry's old values again.

use anyhow::{Result, bail};

use super::open::{MAX_DIFFS, Opened};
use super::output::{Page, now};
use super::{Globals, road};
use crate::conninfo::Environment;
use crate::error::{Exit, Refusal};
use crate::pg::ground::Ground;
use crate::pg::journal::{self, Move};
use crate::pg::lease::Lease;
use crate::report::{NextStep, Outcome, Report};
use crate::stage::Stage;
use crate::step::report::store_report;
use crate::step::reverse::{reverse, would_lose};
use crate::store::StoreKey;
use crate::view::{ask, explain};

/// Route the application of a switched store back to the shared schema
///
/// The registry's row gets the values again that it had before the switch. Refused with exit code 1 while rows of the
/// store schema were changed since: they would be lost.
#[derive(clap::Args, Debug)]
pub(crate) struct ReverseArgs {
    /// Store key
    #[arg(short, long, value_name = "KEY")]
    store: String,
    /// Give up what the application wrote to the store schema since the switch
    #[arg(long)]
    lose_changes: bool,
    /// Rows listed per table
    #[arg(long, value_name = "N", default_value_t = MAX_DIFFS)]
    max_diffs: usize,
}

pub(super) async fn run(globals: &Globals, env: &Environment, line: &str, args: &ReverseArgs) -> Result<Page> {
    let started = now();
    let mut opened = Opened::open(globals, env, 1).await?;
    opened.max_diffs = args.max_diffs;
    let (ground, the_move) = one_move(&opened, &args.store).await?;
    if !matches!(the_move.stage, Stage::Switched | Stage::Validated) {
        bail!(
            Refusal::new(format!("store {} is {}, not switched", args.store, the_move.stage))
                .hint(format!("`tenantctl abandon --store {}` gives up a move before the switch", args.store))
        );
    }
    typed_or_yes(globals, &opened, &the_move, "switch its application back to the shared schema")?;
    let registry = opened.registry(&ground);
    let lease = Lease::open(&opened.sessions, &opened.run).await?;
    road::begin_run(&lease, &opened, "reverse", line, None).await?;
    let mut report = Report::new("reverse", Some(opened.run.clone()), started);
    report.database = Some(opened.database());
    let ended = async {
        lease.take(ground.shared(), &the_move.store.key).await?;
        let taken = journal::take_over(&lease, the_move.id).await?;
        let means = opened.means()?;
        let reversed = reverse(&means, &registry, &taken, args.lose_changes).await?;
        let after = journal::reread(lease.client(), &taken).await?;
        let steps = opened.config.report()?.next_steps;
        let mut store = store_report(lease.client(), &after, &steps, means.id_headroom).await?;
        store.tables = reversed.tables.clone();
        let exit = if reversed.done { Exit::Done } else { Exit::Failed };
        store.outcome = Outcome::of(exit);
        if !reversed.done {
            store.error = Some(explain::error_report(&would_lose(&taken, &reversed.tables).into()));
        }
        report.stores.push(store);
        if reversed.done {
            report.next_steps.push(NextStep {
                why: "drop its schema; until then it cannot be moved anew".into(),
                command: format!("tenantctl abandon --store {}", after.store.key),
            });
        }
        anyhow::Ok(exit)
    }
    .await;
    let ended = ended.map_err(|error| interrupted_or(&opened, error));
    drop(registry);
    road::close(opened, &lease, report, ended).await
}

/// A statement that a signal cancelled fails in its own words; the signal is the reason.
pub(super) fn interrupted_or(opened: &Opened, error: anyhow::Error) -> anyhow::Error {
    match opened.sessions.is_interrupted() {
        true => error.context(Refusal::new("interrupted; nothing was changed").exit(Exit::Interrupted)),
        false => error,
    }
}

/// The live move of the one store that a command is about.
pub(super) async fn one_move(opened: &Opened, key: &str) -> Result<(Ground, Move)> {
    let reader = opened.sessions.reader().await?;
    let ground = opened.ground(&reader).await?;
    let key = StoreKey::parse(key, &ground.key_type)?;
    let live = match journal::exists(&reader).await? {
        true => journal::live_move(&reader, ground.shared(), &key).await?,
        false => None,
    };
    match live {
        Some(live) => Ok((ground, live)),
        None => bail!(
            Refusal::new(format!("store {key} has no move in the journal"))
                .hint("`tenantctl stores` shows the stage of each store")
        ),
    }
}

/// Destructive commands want the store's key typed; in scripts --yes.
pub(super) fn typed_or_yes(globals: &Globals, opened: &Opened, the_move: &Move, deed: &str) -> Result<()> {
    if globals.yes {
        return Ok(());
    }
    let key = the_move.store.key.text();
    if !globals.may_ask() {
        bail!(
            Refusal::new(format!("this would {deed}, store {}", the_move.store.label()))
                .because("there is no terminal to ask on")
                .hint("give --yes to say that it is meant")
        );
    }
    match ask::typed(key, opened.words)? {
        true => Ok(()),
        false => bail!(Refusal::new(format!("store {key} is left as it is: the key was not typed"))),
    }
}
