//! Puts together what is known of every store: the registry, the journal, the catalogs, the server's counters.
//!
//! Reads only. Two sessions ask side by side, since the sequences take as long as all the rest. What earlier readings
//! add, `metric::History` knows.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Result;

use super::plan::store_of;
use crate::config::StoreSchema;
use crate::error::ServerError;
use crate::ident::Ident;
use crate::metric::{Basis, FiringAlert, FleetMetrics, Growth, Moment, SequenceRoom, StoreMetrics, Unknown};
use crate::pg::journal;
use crate::pg::metrics::{self, MoveFacts, SchemaFacts, Sizes};
use crate::pg::registry::Registry;
use crate::pg::session::{Session, Sessions};
use crate::stage::Stage;
use crate::store::Selection;

/// To look up the size of a relation the server opens it, which takes 40 µs and keeps 5 kB in the session. So many are
/// looked up unasked: half a second's work.
const MEASURED_UNASKED: u64 = 10_000;
/// Growth since a move is said when it is a day old: the rows of now are an estimate, and those of the move are not.
const LEAST_SECONDS: f64 = 86_400.0;

/// What to measure.
pub struct MeasureOf<'a> {
    /// The shared schema.
    pub shared: &'a Ident,
    /// The registry.
    pub registry: &'a Registry<'a>,
    /// `[store_schema]`.
    pub store_schema: &'a StoreSchema,
    /// Only these stores; none is all.
    pub only: Option<&'a Selection>,
    /// Count rows and look up sizes, however long it takes.
    pub exact: bool,
}

/// Measures every store of the registry.
///
/// # Errors
/// The server's error.
pub async fn measure(sessions: &Sessions, of: &MeasureOf<'_>) -> Result<FleetMetrics> {
    let began = Instant::now();
    let (first, second) = (sessions.reader().await?, sessions.reader().await?);
    metrics::be_brief(&first).await?;
    metrics::be_brief(&second).await?;
    let mut moves: BTreeMap<String, MoveFacts> = BTreeMap::new();
    if journal::exists(&first).await? {
        moves.extend(metrics::moves(&first, of.shared).await?.into_iter().map(|of| (of.store.clone(), of)));
    }
    let mut stores = Vec::new();
    let mut roles = Vec::new();
    for row in of.registry.stores(&first).await? {
        if of.only.is_some_and(|only| !only.takes(&row.key)) {
            continue;
        }
        let the_move = moves.get(row.key.text());
        let schema = match the_move {
            Some(the_move) => the_move.schema.clone(),
            None => store_of(of.store_schema, &row).map(|store| store.schema.raw().to_owned()).unwrap_or_default(),
        };
        let store = StoreMetrics {
            store: row.key.text().to_owned(),
            name: row.name,
            schema,
            stage: "none".to_owned(),
            ..StoreMetrics::default()
        };
        stores.push(the_move.map_or_else(|| store.clone(), |the_move| with_move(store.clone(), the_move)));
        roles.push(the_move.and_then(|the_move| the_move.role.as_ref()).map_or(0, |(_, oid)| *oid));
    }
    // A registry that names the shared schema for those that are not moved says nothing of a schema of their own.
    let shared = of.shared.raw();
    let schemas: Vec<&str> =
        stores.iter().map(|store| store.schema.as_str()).map(|it| if it == shared { "" } else { it }).collect();
    let server = metrics::server(&first, &schemas).await?;
    let from_disk = of.exact || server.relation_count <= MEASURED_UNASKED;
    let mut sizes = if from_disk { Sizes::Disk } else { Sizes::Catalogs };
    let mut unknown = Vec::new();
    let of_roles: Vec<u32> = roles.iter().copied().filter(|role| *role != 0).collect();
    let other_questions = async {
        let sequences = metrics::sequences(&second, &schemas, from_disk).await;
        let sessions = metrics::sessions(&second, &of_roles).await?;
        let waits = metrics::waits(&second, &schemas, &roles).await?;
        let statements = match &server.statements_schema {
            Some(schema) => metrics::statements(&second, schema, &of_roles).await.map_err(|error| error.to_string()),
            None => Err("pg_stat_statements is not installed in this database".to_owned()),
        };
        anyhow::Ok((sequences, sessions, waits, statements))
    };
    let (facts, others) = futures_util::join!(metrics::schemas(&first, &schemas, sizes), other_questions);
    let (sequences, connections, waits, statements) = others?;
    let facts = match facts {
        Err(error) if is_locked(&error) => {
            unknown.push(Unknown {
                what: "bytes".into(),
                why: "not as they are on the disk: somebody has a table locked against all".into(),
            });
            sizes = Sizes::CatalogsAlone;
            metrics::schemas(&first, &schemas, sizes).await
        }
        facts => facts,
    }?;
    let sequences = match sequences {
        Err(error) if is_locked(&error) => {
            unknown.push(Unknown { what: "sequence".into(), why: LOCKED.into() });
            BTreeMap::new()
        }
        sequences => sequences?,
    };
    unknown.extend(what_is_unknown(&server, &stores));
    if let Err(why) = &statements {
        unknown.push(Unknown { what: "query_seconds".into(), why: why.clone() });
    }
    if connections.values().any(|of| of.active.is_none()) {
        let why = "the sessions of other roles are hidden: `grant pg_read_all_stats` shows them";
        unknown.push(Unknown { what: "active_connections".into(), why: why.into() });
    }
    for (store, role) in stores.iter_mut().zip(&roles) {
        let name = if store.schema == shared { String::new() } else { store.schema.clone() };
        if let Some(facts) = facts.get(&name) {
            let loaded = moves.get(&store.store).and_then(|the_move| the_move.loaded);
            fill(store, facts, sequences.get(&name), loaded, &server);
            let waiting = waits.get(&name).copied().unwrap_or_default();
            (store.lock_waits, store.lock_wait_seconds) = (Some(waiting.0), waiting.1.or(Some(0.0)));
        }
        if *role != 0 {
            let of_role = connections.get(role);
            store.connections = Some(of_role.map_or(0, |of| of.connections));
            store.active_connections = of_role.map_or(Some(0), |of| of.active);
            store.transaction_seconds =
                of_role.map_or(Some(0.0), |of| of.transaction_seconds.or(of.active.map(|_| 0.0)));
            if let Ok(statements) = &statements {
                let (seconds, calls) = statements.get(role).copied().unwrap_or_default();
                (store.query_seconds, store.query_calls) = (Some(seconds), Some(calls));
            }
        }
    }
    for state in journal::alert_states(&first, of.shared).await?.into_iter().filter(|state| state.fired_at.is_some()) {
        if let Some(store) = stores.iter_mut().find(|store| store.store == state.store) {
            let (severity, since) = (state.severity.word().to_owned(), Some(state.since));
            store.alerts.push(FiringAlert { alert: state.rule, severity, says: state.says, since });
        }
    }
    if of.exact {
        for store in stores.iter_mut().filter(|store| store.has_schema) {
            store.rows = Some(metrics::count_rows(&first, &Ident::new(store.schema.clone())).await?);
        }
    }
    if from_disk && server.relation_count > MEASURED_UNASKED {
        [first, second].into_iter().for_each(Session::discard); // hundreds of megabytes of opened relations go with them
    }
    Ok(FleetMetrics {
        taken_at: server.now,
        seconds: began.elapsed().as_secs_f64(),
        database: sessions.facts().database.clone(),
        shared_schema: shared.to_owned(),
        counted_since: server.counted_since,
        sizes_are_estimates: sizes != Sizes::Disk,
        rows_are_exact: of.exact,
        unknown,
        stores,
    })
}

const LOCKED: &str = "somebody has a table locked against all";

/// It was waited for a lock, in vain.
fn is_locked(error: &ServerError) -> bool {
    error.sqlstate.as_deref() == Some("55P03")
}

fn with_move(store: StoreMetrics, the_move: &MoveFacts) -> StoreMetrics {
    StoreMetrics {
        role: the_move.role.as_ref().map(|(name, _)| name.clone()),
        switched: Stage::of_word(&the_move.stage).is_some_and(Stage::is_switched),
        stage: the_move.stage.clone(),
        stage_since: the_move.stage_since,
        verdict: the_move.verdict,
        verified_at: the_move.verified_at,
        backup: the_move.backup.clone(),
        ..store
    }
}

/// What the catalogs and counters say of a store that has a schema.
fn fill(
    store: &mut StoreMetrics,
    facts: &SchemaFacts,
    sequence: Option<&SequenceRoom>,
    loaded: Option<(u64, Moment)>,
    server: &metrics::ServerFacts,
) {
    store.has_schema = true;
    store.table_count = Some(facts.table_count);
    store.rows = Some(facts.rows);
    store.bytes = Some(facts.heap_bytes + facts.index_bytes + facts.toast_bytes);
    store.heap_bytes = Some(facts.heap_bytes);
    store.index_bytes = Some(facts.index_bytes);
    store.toast_bytes = Some(facts.toast_bytes);
    store.last_vacuum = facts.last_vacuum;
    store.last_analyze = facts.last_analyze;
    store.sequence = sequence.cloned();
    if server.counts {
        store.dead_rows = Some(facts.dead_rows);
        store.rows_written = Some(facts.rows_written);
        store.blocks_hit = Some(facts.blocks_hit);
        store.blocks_read = Some(facts.blocks_read);
        store.index_scans = Some(facts.index_scans);
        store.sequential_scans = Some(facts.sequential_scans);
    }
    store.growth = loaded.and_then(|(rows, since)| {
        let seconds = since.until(server.now);
        let grown = facts.rows as f64 - rows as f64;
        (seconds >= LEAST_SECONDS).then(|| Growth {
            since,
            basis: Basis::Move,
            rows_per_day: grown / (seconds / 86_400.0),
            bytes_per_day: None,
        })
    });
}

fn what_is_unknown(server: &metrics::ServerFacts, stores: &[StoreMetrics]) -> Vec<Unknown> {
    let mut unknown = Vec::new();
    if !server.counts {
        unknown.push(Unknown { what: "rows_written".into(), why: "track_counts is off, so nothing is counted".into() });
    }
    let (own, without) =
        stores.iter().fold((0_u64, 0_u64), |(own, without), store| match (store.stage.as_str(), &store.role) {
            ("none", _) => (own, without),
            (_, Some(_)) => (own + 1, without),
            (_, None) => (own, without + 1),
        });
    if without > 0 {
        let why = format!("{without} of {} moved stores have no role of their own", own + without);
        unknown.push(Unknown { what: "connections".into(), why });
    }
    unknown
}
