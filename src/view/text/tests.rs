//! What holds for every page.

use super::*;
use crate::report::{Outcome, Verdict};
use crate::view::specimen;
use crate::view::wrap::width;

pub(super) fn page(report: &Report, options: &Options) -> String {
    let mut out = vec![];
    write(report, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

pub(super) fn plain(report: &Report) -> String {
    page(report, &Options::default())
}

/// The page from the line that begins so, as many lines.
pub(super) fn from(page: &str, start: &str, count: usize) -> String {
    let lines = page.lines().skip_while(|line| !line.starts_with(start)).take(count);
    lines.map(|line| format!("{line}\n")).collect()
}

const NARROW: &str = r#"  table     shared   store  verdict
  core
  books          2       2  ✓ equal
  readers        2       2  ✓ equal
  more
  logs      21,486  21,486  ✓ equal
  carts          0       0  ✓ equal,
                            empty
  ──────────────────────────────────
  4 tables  21,490  21,490  ✓ proven
"#;

#[test]
fn a_narrow_page_leaves_numbers_whole() {
    let page = |width| page(&specimen::happy(), &Options { width, ..Options::default() });
    assert_eq!(from(&page(40), "  table", 10), NARROW);
    assert!(page(32).contains("  logs      21,486  ✓ equal\n"), "{}", page(32));
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
            assert!(["21,486", "21,490"].iter().any(|number| text.contains(number)), "{text}");
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
