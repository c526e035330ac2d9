//! Made-up values that the tests of this floor print. A book shop, since the code knows no application.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::error::Exit;
use crate::event::{Event, Step};
use crate::ident::Ident;
use crate::metric::{Basis, FleetMetrics, Growth, Moment, StoreMetrics, Unknown};
use crate::plan::{ChangeTest, Finding, Format, Plan, PlannedTable};
use crate::report::*;
use crate::stage::Stage;
use crate::store::{KeyFamily, KeyType, Store, StoreKey};

/// A stream that tests read back.
#[derive(Clone, Default)]
pub(super) struct Paper(Arc<Mutex<Vec<u8>>>);

impl Paper {
    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) fn store() -> Store {
    store_of("4", "Blue Door Books")
}

pub(super) fn store_of(key: &str, name: &str) -> Store {
    let integer = KeyType { sql: "integer".into(), family: KeyFamily::Integer };
    let schema = Ident::new(format!("store_{key}"));
    Store { key: StoreKey::parse(key, &integer).unwrap(), name: Some(name.into()), schema }
}

/// A short run of one store.
pub(super) fn events(mut take: impl FnMut(&Event<'_>)) {
    let (store, table) = (store(), Ident::new("logs"));
    let (store, table, step) = (&store, &table, Step::Copy);
    let elapsed = Duration::from_millis;
    take(&Event::RunStarted { run: "8f3c21aa", command: "migrate", store_count: 1 });
    take(&Event::StepStarted { store, step });
    take(&Event::TableStarted { store, step, table, row_count: 21_486 });
    take(&Event::TableProgress { store, table, row_count: 8000, byte_count: 800_000 });
    let (row_count, byte_count) = (21_486, 1_500_000);
    take(&Event::TableDone { store, step, table, row_count, byte_count, elapsed: elapsed(300) });
    take(&Event::UnitDone { store, label: "create index", index: 1, count: 2, elapsed: elapsed(40) });
    take(&Event::StepDone { store, step, elapsed: elapsed(400) });
    take(&Event::Warned { message: "the disk is nearly full" });
    take(&Event::StoreDone { store, outcome: Outcome::Done, row_count, elapsed: elapsed(500) });
}

pub(super) fn table(
    name: &str,
    group: &str,
    source: Option<u64>,
    target: Option<u64>,
    verdict: Verdict,
) -> TableReport {
    TableReport {
        row_count: Sides { source, target },
        verdict,
        digest_equal: matches!(verdict, Verdict::Equal | Verdict::Differs).then_some(verdict == Verdict::Equal),
        digest: DigestPair { name: "xxh3-128-sum/1".into(), ..DigestPair::default() },
        ..TableReport::pending(&Ident::new(name), Some(group.into()))
    }
}

fn texts(english: &str) -> Texts {
    Texts::from([("en".to_owned(), english.to_owned()), ("es".to_owned(), format!("{english} (es)"))])
}

pub(super) fn step(text: &str, done: bool) -> OpenStep {
    OpenStep { text: texts(text), done, done_when: "never".into(), evidence: None }
}

pub(super) fn happy() -> Report {
    let mut report = Report::new("migrate", Some("8f3c21aa".into()), "2025-05-04T06:27:15Z");
    report.database = Some("db.example:5432/main as mover".into());
    let equal = |name: &str, group: &str, rows| table(name, group, Some(rows), Some(rows), Verdict::Equal);
    let mut one = StoreReport::of(&store());
    one.stage = Some(Stage::Switched);
    one.url = Some("postgresql://app:***@db.example/main?schema=store_4".into());
    (one.row_count, one.bytes, one.seconds) = (21_490, 1_512_000, 0.42);
    one.tables = vec![equal("books", "core", 2), equal("logs", "more", 21_486), equal("readers", "core", 2)];
    one.tables.push(equal("carts", "more", 0));
    one.checks = vec![
        Check::of("foreign_keys_validated", "14 of 14", vec![]),
        Check::of("sequences_above_maximum", "4 of 4", vec![]),
        Check::not_checked("row_security", "no right to read pg_policy"),
    ];
    one.samples = vec![Sample {
        title: texts("Dearest books"),
        columns: vec!["title".into(), "price".into()],
        rows: vec![
            vec![Some("An Atlas of Quiet Rivers".into()), Some("38250.00".into())],
            vec![Some("Ferns".into()), Some("615.00".into())],
        ],
        equal: true,
    }];
    one.evidence = Evidence {
        source_snapshot: Some("762:780:762,765".into()),
        target_snapshot: Some("791:791:".into()),
        verified_at: Some("2025-05-04T06:27:15Z".into()),
        switched_at: Some("2025-05-04T06:27:16Z".into()),
        switch: Some(SwitchEvidence {
            longest_hold_ms: 12.34,
            try_count: 1,
            round_count: 2,
            recopied: vec!["logs".into()],
            by_hand: false,
        }),
        mode: None,
        recorded: true,
        id_headroom: Some(100_000),
    };
    one.not_checked = vec!["backup".into()];
    one.steps = vec![step("Place a test order", true), step("Tell the shop's owner", false)];
    report.stores = vec![one];
    report.next_steps =
        vec![NextStep { why: "keeps the proof".into(), command: "tenantctl report --store 4 -o report.json".into() }];
    report.end(Exit::Done, "2025-05-04T06:27:16Z")
}

pub(super) fn with_differences() -> Report {
    let mut report = Report::new("verify", Some("8f3c21aa".into()), "2025-05-04T06:27:15Z");
    let key = |line: Option<&str>, id: &str| {
        vec![("line".to_owned(), line.map(str::to_owned)), ("id".to_owned(), Some(id.to_owned()))]
    };
    let changed = Difference {
        kind: DifferenceKind::Changed,
        key: key(Some("2"), "1"),
        columns: vec!["price".into()],
        after_switch: false,
    };
    let gone = Difference { kind: DifferenceKind::Missing, key: key(None, "9"), columns: vec![], after_switch: true };
    let mut logs = table("logs", "core", Some(21_486), Some(21_485), Verdict::Differs);
    logs.differences = vec![changed, gone];
    logs.difference_count = 14;
    let mut one = StoreReport::of(&store());
    one.stage = Some(Stage::Copied);
    one.outcome = Outcome::Differs;
    one.evidence.mode = Some("shared".into());
    one.tables = vec![
        logs,
        table("carts", "core", Some(0), Some(0), Verdict::Equal),
        table("notes", "core", Some(3), None, Verdict::Differs),
        table("later", "core", None, None, Verdict::Pending),
    ];
    one.checks = vec![Check::of("triggers", "1 of 2", vec!["trigger `touch` is missing on `logs`".into()])];
    report.stores = vec![one];
    report.end(Exit::Differs, "2025-05-04T06:27:16Z")
}

pub(super) fn fleet() -> Report {
    let mut report = Report::new("migrate", Some("8f3c21aa".into()), "2025-05-04T06:27:15Z");
    let mut fine = happy().stores.remove(0);
    fine.name = Some("Blue Door Books".into());
    let mut differs = with_differences().stores.remove(0);
    (differs.store, differs.name) = ("5".into(), Some("Книги и чай".into()));
    let mut failed = StoreReport::of(&store_of("93", "The Long Room Of Rare And Forgotten Printed Maps"));
    failed.outcome = Outcome::Failed;
    failed.stage = Some(Stage::Created);
    failed.error = Some(ErrorReport {
        message: "copying store 93, table logs".into(),
        because: vec!["connection closed".into()],
        hint: Some("run `tenantctl resume 8f3c21aa`".into()),
        exit_code: 1,
        server: None,
    });
    let mut idle = StoreReport::of(&store_of("94", "Done Before"));
    (idle.already_done, idle.stage) = (true, Some(Stage::Switched));
    report.stores = vec![fine, differs, failed, idle];
    report.end(Exit::Partial, "2025-05-04T06:27:16Z")
}

pub(super) fn plan() -> Report {
    let mut report = Report::new("plan", None, "2025-05-04T06:27:15Z");
    report.database = Some("db.example:5432/main as mover".into());
    let table = |name: &str, path: &str, rows, format, test| PlannedTable {
        table: Ident::new(name),
        group: Some("core".into()),
        owner_path: path.into(),
        row_count: rows,
        format,
        change_test: test,
        parts: if format == Format::Text { 2 } else { 1 },
    };
    report.plans = vec![Plan {
        store: store(),
        tables: vec![
            table("orders", "shop_id", 4, Format::Binary, ChangeTest::Index),
            table("order_lines", "order_id → orders.id → shop_id", 21_486, Format::Text, ChangeTest::Scan),
        ],
        url: Some("postgresql://app@db.example/main?schema=store_4".into()),
        steps: vec!["create".into(), "copy".into(), "verify".into(), "switch".into()],
        role: None,
        clone_of: None,
        statement_count: (31, 12),
        statements: vec!["create schema \"store_4\"".into()],
    }];
    let keys = vec!["12".into(), "15".into()];
    report.findings = vec![
        Finding::note("no_owner", "rows without an owner").table(&Ident::new("logs")).rows(211, vec![]),
        Finding::stop("foreign_row", "rows refer to a row of another store")
            .table(&Ident::new("order_lines"))
            .rows(14, keys)
            .hint("repair the rows, or list the table under `[shared] common`"),
    ];
    report.end(Exit::Refused, "2025-05-04T06:27:16Z")
}

/// So many stores, each larger than the one before; the last is not moved.
pub(super) fn metrics(count: u64) -> Report {
    let at = |seconds: i64| Some(Moment(1_751_536_800 + seconds));
    let store = |number: u64| {
        let store = StoreMetrics {
            store: number.to_string(),
            name: Some(format!("Shop {number}")),
            schema: format!("store_{number}"),
            stage: "none".into(),
            ..StoreMetrics::default()
        };
        let size = 1_000 * number * number;
        match number == count {
            true => store,
            false => StoreMetrics {
                has_schema: true,
                stage: "switched".into(),
                switched: true,
                stage_since: at(0),
                verdict: Some(crate::metric::Verdict::Proven),
                verified_at: at(0),
                table_count: Some(2),
                rows: Some(size),
                dead_rows: Some(number),
                bytes: Some(size * 300),
                heap_bytes: Some(size * 200),
                index_bytes: Some(size * 90),
                toast_bytes: Some(size * 10),
                growth: Some(Growth {
                    since: Moment(1_751_450_400),
                    basis: Basis::Reading,
                    rows_per_day: 100.0 / number as f64,
                    bytes_per_day: Some(30_000.0 / number as f64),
                }),
                lock_waits: Some(number - 1),
                ..store
            },
        }
    };
    let mut report = Report::new("metrics", None, "2025-07-03T10:00:00Z");
    report.metrics = Some(FleetMetrics {
        taken_at: Moment(1_751_536_800),
        seconds: 0.1,
        database: "main".into(),
        shared_schema: "public".into(),
        counted_since: None,
        sizes_are_estimates: false,
        rows_are_exact: false,
        unknown: vec![Unknown {
            what: "connections".into(),
            why: "1 of 2 moved stores have no role of their own".into(),
        }],
        stores: (1..=count).map(store).collect(),
    });
    report.end(Exit::Done, "2025-07-03T10:00:01Z")
}
