//! An event as its name and its facts, in an order that people can read: which store and step come first.
//!
//! Absent facts are absent fields; numbers are numbers, times are seconds. `lines` and `log` write them.

use serde_json::Value;

use crate::event::Event;
use crate::store::Store;

/// What a machine is told of an event.
pub(super) struct Fields {
    pub(super) name: &'static str,
    pub(super) facts: Vec<(&'static str, Value)>,
}

impl Fields {
    fn of(name: &'static str) -> Self {
        Self { name, facts: Vec::new() }
    }

    fn put(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.facts.push((name, value.into()));
        self
    }

    fn store(self, store: &Store) -> Self {
        self.put("store", store.key.text())
    }
}

/// Every event has a name and facts.
pub(super) fn fields(event: &Event<'_>) -> Fields {
    let seconds = |elapsed: &std::time::Duration| elapsed.as_secs_f64();
    match event {
        Event::RunStarted { run, command, store_count } => {
            Fields::of("run_started").put("run", *run).put("command", *command).put("store_count", *store_count)
        }
        Event::StepStarted { store, step } => Fields::of("step_started").store(store).put("step", step.word()),
        Event::StepDone { store, step, elapsed } => {
            Fields::of("step_done").store(store).put("step", step.word()).put("seconds", seconds(elapsed))
        }
        Event::TableStarted { store, step, table, row_count } => {
            let of_table = Fields::of("table_started").store(store).put("step", step.word()).put("table", table.raw());
            of_table.put("row_count", *row_count)
        }
        Event::TableProgress { store, table, row_count, byte_count } => {
            let of_table = Fields::of("table_progress").store(store).put("table", table.raw());
            of_table.put("row_count", *row_count).put("byte_count", *byte_count)
        }
        Event::TableDone { store, step, table, row_count, byte_count, elapsed } => {
            let of_table = Fields::of("table_done").store(store).put("step", step.word()).put("table", table.raw());
            of_table.put("row_count", *row_count).put("byte_count", *byte_count).put("seconds", seconds(elapsed))
        }
        Event::UnitDone { store, label, index, count, elapsed } => {
            let of_unit = Fields::of("unit_done").store(store).put("label", *label);
            of_unit.put("index", *index).put("count", *count).put("seconds", seconds(elapsed))
        }
        Event::TableAudited { table, index, count } => {
            Fields::of("table_audited").put("table", table.raw()).put("index", *index).put("count", *count)
        }
        Event::Waiting { store, reason } => Fields::of("waiting").store(store).put("reason", *reason),
        Event::Budgeted { connections: of } => Fields::of("budgeted")
            .put("most", of.most)
            .put("free", of.free)
            .put("max_connections", of.max_connections)
            .put("wave", of.wave)
            .put("stores_at_once", of.stores_at_once),
        Event::ReadChosen { table, store_count, one_pass, why } => Fields::of("read_chosen")
            .put("table", table.raw())
            .put("store_count", *store_count)
            .put("one_pass", *one_pass)
            .put("why", *why),
        Event::Held { limit, value, reason, since } => {
            let held = Fields::of("held").put("limit", *limit);
            let held = value.iter().fold(held, |held, value| held.put("value", *value));
            held.put("reason", *reason).put("since", *since)
        }
        Event::WentOn { limit, elapsed } => Fields::of("went_on").put("limit", *limit).put("seconds", seconds(elapsed)),
        Event::LockTried { store, number, result, elapsed } => {
            let of_try = Fields::of("lock_tried").store(store).put("number", *number);
            of_try.put("result", *result).put("seconds", seconds(elapsed))
        }
        Event::ProbeStarted { store, probe, number } => {
            Fields::of("probe_started").store(store).put("probe", *probe).put("number", *number)
        }
        Event::ProbeTried { store, probe, number, passed, seen, elapsed } => {
            let of_probe = Fields::of("probe_tried").store(store).put("probe", *probe).put("number", *number);
            of_probe.put("passed", *passed).put("seen", *seen).put("seconds", seconds(elapsed))
        }
        Event::Connected { session, address, elapsed } => {
            Fields::of("connected").put("session", *session).put("address", *address).put("seconds", seconds(elapsed))
        }
        Event::HostMissed { address, reason } => {
            Fields::of("host_missed").put("address", *address).put("reason", *reason)
        }
        Event::Statement { sql } => Fields::of("statement").put("sql", *sql),
        Event::StoreDone { store, outcome, row_count, elapsed } => {
            let of_store = Fields::of("store_done").store(store).put("outcome", outcome.word());
            of_store.put("row_count", *row_count).put("seconds", seconds(elapsed))
        }
        Event::Warned { message } => Fields::of("warned").put("message", *message),
        Event::Reached { moment, table } => {
            let reached = Fields::of("reached").put("moment", moment.word());
            match table {
                Some(table) => reached.put("table", table.raw()),
                None => reached,
            }
        }
    }
}
