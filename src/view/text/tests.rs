//! The pages as people see them, with made-up values.

use super::*;
use crate::report::{Outcome, Verdict};
use crate::view::specimen;
use crate::view::wrap::width;

fn page(report: &Report, options: &Options) -> String {
    let mut out = vec![];
    write(report, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn plain(report: &Report) -> String {
    page(report, &Options::default())
}

/// The page from the line that begins so, as many lines.
fn from(page: &str, start: &str, count: usize) -> String {
    let lines = page.lines().skip_while(|line| !line.starts_with(start)).take(count);
    lines.map(|line| format!("{line}\n")).collect()
}

const HAPPY: &str = r#"Migration report · Blue Door Books
──────────────────────────────────
✓ switched, proven: 4 tables compared row by row, all equal

  store     Blue Door Books (ID: 4)
  schema    store_4
  stage     switched
  date      3 July 2025, 06:27 UTC
  copied    14,741 rows, 1.5 MB in 0.4 s
  database  db.example:5432/main as mover
  run       8f3c21aa
  url       postgresql://app:***@db.example/main?schema=store_4

  table     shared   store  verdict
  core
  books          2       2  ✓ equal
  readers        2       2  ✓ equal
  more
  logs      14,737  14,737  ✓ equal
  carts          0       0  ✓ equal, empty
  ────────────────────────────────────────
  4 tables  14,741  14,741  ✓ proven

Checks
  ✓  foreign keys validated   14 of 14
  ✓  sequences above maximum  4 of 4
  –  row security             no right to read pg_policy

Samples
  ✓ Dearest books: both sides agree
    title                        price
    An Atlas of Quiet Rivers  49410.00
    Ferns                       714.00

Evidence
  compared         4 tables · xxh3-128-sum/1
  against          the shared schema as it is now
  shared snapshot  762:780:762,765
  store snapshot   791:791:
  verified         3 July 2025, 06:27 UTC
  switched         3 July 2025, 06:27 UTC
  longest hold     12.3 ms for other writers; 1 try, 2 rounds
  copied again     logs
  id headroom      sequences begin 100,000 above the shared maximum
  recorded         in the journal

Not checked
  – files outside the database

Steps that are yours
  [x] Place a test order
  [ ] Tell the shop's owner

Next
  tenantctl report --store 4 -o report.json
    keeps the proof
"#;

#[test]
fn a_proven_store_says_what_supports_it() {
    assert_eq!(plain(&specimen::happy()), HAPPY);
}

const DIFFERENCES: &str = r#"Migration report · Blue Door Books
──────────────────────────────────
✗ copied, differs in 2 tables (14 rows), 1 check

  store   Blue Door Books (ID: 4)
  schema  store_4
  stage   copied
  date    3 July 2025, 06:27 UTC
  run     8f3c21aa

  table     shared    store  verdict
  core
  logs      14,737   14,736  ✗ differs
  carts          0        0  ✓ equal, empty
  notes          3  missing  ✗ differs
  later          –        –  – pending
  ─────────────────────────────────────────
  4 tables  14,740   14,736  ✗ differs

Checks
  ✗  triggers  1 of 2

  triggers:
    • trigger `touch` is missing on `logs`

Differences
  logs: 14 rows differ
    kind     key              columns
    changed  line=2, id=1     price
    missing  line=null, id=9  (after the switch)
    … and 12 more

Evidence
  compared  3 tables · xxh3-128-sum/1
  recorded  not recorded
"#;

#[test]
fn differences_are_told_and_missing_is_not_empty() {
    assert_eq!(plain(&specimen::with_differences()), DIFFERENCES);
}

const PLAN: &str = r#"Migration plan · 4 Blue Door Books
──────────────────────────────────
  database  db.example:5432/main as mover
  schema    store_4
  to do     create, copy, verify, switch
  template  31 statements before the load, 12 after it
  url       postgresql://app@db.example/main?schema=store_4

  table        owner path                        rows  format  change test
  core
  orders       shop_id                              4  binary  index
  order_lines  order_id → orders.id → shop_id  14,737  text    whole table
  ────────────────────────────────────────────────────────────────────────
  2 tables                                     14,741

Stops (1)
  ✗ order_lines · 14 rows: rows refer to a row of another store [foreign_row]
    keys: 12, 15, … and 12 more
    hint: repair the rows, or list the table under `[shared] common`

Notes (1)
  • logs · 211 rows: rows without an owner [no_owner]

-- store 4 Blue Door Books
create schema "store_4";
"#;

#[test]
fn a_plan_tells_its_stops_first() {
    assert_eq!(plain(&specimen::plan()), PLAN);
}

const FLEET: &str = r#"Migration report · 4 stores
───────────────────────────
  run  8f3c21aa

  store  name                       schema    stage       rows  outcome
  4      Blue Door Books            store_4   switched  14,741  ✓ proven
  5      Книги и чай                store_4   copied         0  ✗ differs
  93     The Long Room Of Rare And  store_93  created        –  ✗ failed
         Forgotten Printed Maps
  94     Done Before                store_94  switched       –  ✓ nothing to do

  4 stores: 1 proven, 1 differs, 1 failed, 1 nothing to do; 14,741 rows

Store 5 Книги и чай
───────────────────
✗ differs in 2 tables (14 rows), 1 check
"#;

#[test]
fn a_fleet_is_a_line_per_store_and_the_failures_in_detail() {
    let page = plain(&specimen::fleet());
    assert!(page.starts_with(FLEET), "{page}");
    assert_eq!(
        from(&page, "✗ failed", 5),
        "✗ failed\n\n  error: copying store 93, table logs\n    because: connection closed\n  \
         hint: run `tenantctl resume 8f3c21aa`\n"
    );
    assert!(!page.contains("Store 4 ") && !page.contains("Store 94 "), "{page}");
}

const NARROW: &str = r#"  table     shared   store  verdict
  core
  books          2       2  ✓ equal
  readers        2       2  ✓ equal
  more
  logs      14,737  14,737  ✓ equal
  carts          0       0  ✓ equal,
                            empty
  ──────────────────────────────────
  4 tables  14,741  14,741  ✓ proven
"#;

#[test]
fn a_narrow_page_leaves_numbers_whole() {
    let page = |width| page(&specimen::happy(), &Options { width, ..Options::default() });
    assert_eq!(from(&page(40), "  table", 10), NARROW);
    assert!(page(32).contains("  logs      14,737  ✓ equal\n"), "{}", page(32));
    assert!(page(24).contains("  4 tables  ✓ proven\n"), "{}", page(24));
}

#[test]
fn ascii_is_enough() {
    let text = page(&specimen::happy(), &Options { unicode: false, ..Options::default() });
    assert!(text.is_ascii(), "{text}");
    assert_eq!(
        from(&text, "Checks", 4),
        "Checks\n  ok  foreign keys validated   14 of 14\n  ok  sequences above maximum  4 of 4\n  \
         -   row security             no right to read pg_policy\n"
    );
    let text = page(&specimen::with_differences(), &Options { unicode: false, ..Options::default() });
    assert!(text.contains("  FAIL  triggers  1 of 2\n") && text.contains("... and 12 more"), "{text}");
}

#[test]
fn counts_alone_prove_nothing() {
    let mut report = specimen::happy();
    for table in &mut report.stores[0].tables {
        (table.verdict, table.digest_equal) = (Verdict::NotVerified, None);
    }
    let text = plain(&report);
    assert!(text.contains("– switched, not proven: no rows were compared\n"), "{text}");
    assert!(text.contains("– not proven\n"), "{text}");
    assert!(!text.contains("✓ proven") && !text.contains("100 %") && !text.contains("100%"), "{text}");
}

#[test]
fn a_store_that_is_done_is_one_line() {
    let mut report = specimen::fleet();
    report.stores.drain(..3);
    assert_eq!(plain(&report), "✓ store 94 Done Before is already switched; nothing to do\n");
}

#[test]
fn no_line_is_wider_than_the_page() {
    let name = "a_name_that_is_as_long_as_a_name_may_be_in_postgres_which_is_63";
    let mut reports = [specimen::happy(), specimen::with_differences(), specimen::fleet(), specimen::plan()];
    for report in &mut reports {
        for store in &mut report.stores {
            (store.name, store.schema, store.url) = (Some(name.repeat(3)), name.to_owned(), None);
            store.tables.iter_mut().for_each(|table| table.table = name.to_owned());
            store.checks.iter_mut().for_each(|check| check.items.push(name.repeat(2)));
            for sample in &mut store.samples {
                sample.rows[0][0] = Some("書".repeat(60));
            }
        }
        let plans = report.plans.iter_mut().flat_map(|plan| &mut plan.tables);
        plans.for_each(|table| table.table = crate::ident::Ident::new(name));
        for columns in [60, 80, 200] {
            let text = page(report, &Options { width: columns, ..Options::default() });
            for line in text.lines().filter(|line| !line.contains("://") && !line.starts_with("  schema ")) {
                assert!(width(line) <= columns, "{columns}: {line}");
            }
            assert!(["14,737", "14,741"].iter().any(|number| text.contains(number)), "{text}");
        }
    }
}

#[test]
fn an_error_alone_says_nothing_on_stdout() {
    let mut report = Report::new("copy", None, "");
    report.error = Some(crate::report::ErrorReport::default());
    report.outcome = Outcome::Refused;
    assert_eq!(plain(&report), "");
    report.error = None;
    assert_eq!(plain(&report), "nothing to list\n");
}

#[test]
fn a_name_of_the_database_cannot_command_the_terminal() {
    let mut report = specimen::happy();
    report.stores[0].name = Some("a\u{1b}[2J\u{e0061}".into());
    assert!(!page(&report, &Options::default()).contains(['\u{1b}', '\u{e0061}']));
}

#[test]
fn colours_only_where_wanted() {
    let text = page(&specimen::happy(), &Options { color: true, ..Options::default() });
    assert!(text.contains("\u{1b}[32m✓ proven\u{1b}[0m"), "{text}");
}

#[test]
fn only_statements_are_a_script() {
    let text = page(&specimen::plan(), &Options { only_sql: true, ..Options::default() });
    assert_eq!(text, "-- store 4 Blue Door Books\ncreate schema \"store_4\";\n");
}

#[test]
#[ignore = "for a person to look at: cargo test look -- --ignored --nocapture; WIDTH, ASCII and PLAIN change it"]
fn look() {
    for report in [specimen::happy(), specimen::with_differences(), specimen::fleet(), specimen::plan()] {
        let color = std::env::var_os("PLAIN").is_none();
        let width = std::env::var("WIDTH").ok().and_then(|text| text.parse().ok()).unwrap_or(80);
        let unicode = std::env::var_os("ASCII").is_none();
        println!("{}\n", page(&report, &Options { color, width, unicode, ..Options::default() }));
    }
}
