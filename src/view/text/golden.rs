//! Whole pages as people see them, with made-up values.

use super::tests::{from, plain};
use crate::view::specimen;

const HAPPY: &str = r#"Migration report · Blue Door Books
──────────────────────────────────
✓ switched, proven: 4 tables compared row by row, all equal

  store     Blue Door Books (ID: 4)
  schema    store_4
  stage     switched
  date      4 May 2025, 06:27 UTC
  copied    21,490 rows, 1.5 MB in 0.4 s
  database  db.example:5432/main as mover
  run       8f3c21aa
  url       postgresql://app:***@db.example/main?schema=store_4

  table     shared   store  verdict
  core
  books          2       2  ✓ equal
  readers        2       2  ✓ equal
  more
  logs      21,486  21,486  ✓ equal
  carts          0       0  ✓ equal, empty
  ────────────────────────────────────────
  4 tables  21,490  21,490  ✓ proven

Checks
  ✓  foreign keys validated   14 of 14
  ✓  sequences above maximum  4 of 4
  –  row security             no right to read pg_policy

Samples
  ✓ Dearest books: both sides agree
    title                        price
    An Atlas of Quiet Rivers  38250.00
    Ferns                       615.00

Evidence
  compared         4 tables · xxh3-128-sum/1
  shared snapshot  762:780:762,765
  store snapshot   791:791:
  verified         4 May 2025, 06:27 UTC
  switched         4 May 2025, 06:27 UTC
  longest hold     12.3 ms for other writers; 1 try, 2 rounds
  copied again     logs
  id headroom      sequences begin 100,000 above the shared maximum
  recorded         in the journal

Not checked
  – a backup of the store schema

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
  date    4 May 2025, 06:27 UTC
  run     8f3c21aa

  table     shared    store  verdict
  core
  logs      21,486   21,485  ✗ differs
  carts          0        0  ✓ equal, empty
  notes          3  missing  ✗ differs
  later          –        –  – pending
  ─────────────────────────────────────────
  4 tables  21,489   21,485  ✗ differs

Checks
  ✗  triggers  1 of 2

  triggers:
    • trigger `touch` is missing on `logs`

Differences
  logs: differences in 14 rows
    kind     key              columns
    changed  line=2, id=1     price
    missing  line=null, id=9  (after the switch)
    … and 12 more

Evidence
  compared  3 tables · xxh3-128-sum/1
  against   the shared schema as it is now
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
  parts     order_lines in 2
  url       postgresql://app@db.example/main?schema=store_4

  table        owner path                        rows  format  change test
  core
  orders       shop_id                              4  binary  index
  order_lines  order_id → orders.id → shop_id  21,486  text    whole table
  ────────────────────────────────────────────────────────────────────────
  2 tables                                     21,490

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
  4      Blue Door Books            store_4   switched  21,490  ✓ proven
  5      Книги и чай                store_4   copied         0  ✗ differs
  93     The Long Room Of Rare And  store_93  created        –  ✗ failed
         Forgotten Printed Maps
  94     Done Before                store_94  switched       –  ✓ nothing to do

  4 stores: 1 proven, 1 differs, 1 failed, 1 nothing to do; 21,490 rows

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
