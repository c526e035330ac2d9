//! The forecast of a run and what it took: gathered from the census, the journal and the server.

use anyhow::Result;

use super::site::Site;
use crate::error::Exit;
use crate::fleet::exit::StoreExit;
use crate::fleet::forecast::{Known, forecast};
use crate::forecast::{Forecast, LoadRate, Measured};
use crate::ident::Ident;
use crate::pg::census::Census;
use crate::pg::ground::Ground;
use crate::pg::journal;
use crate::pg::rights::Capacity;
use crate::pg::weight::{self, lockable};
use crate::pg::{Client, catalog};
use crate::report::StoreReport;
use crate::step::Means;
use crate::step::weigh::weigh;
use crate::store::StoreKey;
use crate::view::watch::Watch;

/// What moving these stores should take.
pub(super) async fn of_stores(
    means: &Means<'_>,
    ground: &Ground,
    census: &Census,
    keys: &[StoreKey],
    capacity: &Capacity,
    switches: bool,
) -> Result<Forecast> {
    let weighed = weigh(means, ground, census, keys).await?;
    let reader = means.sessions.reader().await?;
    let (measured, load) = match journal::exists(&reader).await? {
        true => (journal::measured(&reader).await?, journal::load_rate(&reader).await?),
        false => (Vec::new(), LoadRate::default()),
    };
    Ok(forecast(&Known {
        stores: &weighed.stores,
        shape: &weighed.shape,
        measured: &measured,
        load,
        switches,
        lockable: lockable(&reader).await?,
        lock_limit: capacity.locks.unsigned_abs(),
        locks_per_transaction: capacity.locks_per_transaction.unsigned_abs(),
    }))
}

/// Measures a run from the first store's plan on.
pub(super) struct Meter {
    watch: Watch,
    log_before: Option<u64>,
}

impl Meter {
    pub(super) async fn start(client: &Client) -> Self {
        Self { log_before: weight::log_position(client).await, watch: Watch::start() }
    }

    /// What the stores took that this run began and brought to their end.
    pub(super) async fn stop(self, client: &Client, site: &Site<'_>, ended: &[(&StoreReport, &StoreExit)]) -> Measured {
        let dropped = *site.logged_by_drops.lock().await;
        let seconds = self.watch.elapsed().as_secs_f64();
        let log = weight::log_position(client).await;
        let done: Vec<&StoreReport> = ended
            .iter()
            .filter(|(store, of)| of.exit == Exit::Done && of.begun && !store.already_done)
            .map(|(store, _)| *store)
            .collect();
        let schemas: Vec<Ident> = done.iter().map(|store| Ident::new(&store.schema)).collect();
        let rehearsed = done.iter().filter_map(|store| store.rehearsal.as_ref());
        let disk_bytes = match site.is_rehearsal() {
            true => rehearsed.map(|of| of.disk_bytes).sum(),
            false => catalog::size_of_schemas(client, &schemas).await.unwrap_or(0),
        };
        Measured {
            store_count: done.len() as u64,
            row_count: done.iter().map(|store| store.row_count).sum(),
            bytes: done.iter().map(|store| store.bytes).sum(),
            seconds,
            disk_bytes,
            wal_bytes: log.zip(self.log_before).map(|(now, before)| now.saturating_sub(before + dropped)),
            jobs: site.means.stores_at_once.get() as u64,
            rehearsal: site.is_rehearsal(),
            steps: site.steps.take(),
        }
    }
}
