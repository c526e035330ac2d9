//! The report as one HTML file.

use std::io::{self, Write};

use super::options::Options;
use super::page::Page;
use super::story;
use super::words::fill;
use crate::report::Report;

/// Writes the report.
///
/// # Errors
/// Those of `out`.
pub fn write(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let options = options.for_file();
    let mut page = Page::new(&options);
    story::tell(report, &mut page);
    let title = story::title(report, &page);
    let foot = fill(page.words.made_by, &[env!("CARGO_PKG_VERSION")]);
    page.print_html(&title, &foot, out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::specimen;

    fn html(report: &Report) -> String {
        let mut out = vec![];
        write(report, &Options::default(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_name_of_the_database_is_only_text() {
        let evil = "<img src=x onerror='a()'>\"&\u{1b}";
        let mut reports = [specimen::happy(), specimen::with_differences(), specimen::fleet(), specimen::plan()];
        for report in &mut reports {
            report.database = Some(evil.into());
            for store in &mut report.stores {
                (store.name, store.schema, store.url) = (Some(evil.into()), evil.into(), Some(evil.into()));
                for table in &mut store.tables {
                    (table.table, table.group) = (evil.into(), Some(evil.into()));
                    table.differences.iter_mut().for_each(|difference| difference.columns.push(evil.into()));
                }
                store.checks.iter_mut().for_each(|check| check.items.push(evil.into()));
                store.samples.iter_mut().for_each(|sample| sample.columns[0] = evil.into());
            }
            for plan in &mut report.plans {
                plan.statements.push(evil.into());
            }
            let page = html(report);
            assert!(!page.contains("<img"), "{page}");
            assert!(page.contains("&lt;img src=x onerror=&#39;a()&#39;&gt;&quot;&amp;"), "{page}");
        }
    }

    #[test]
    fn it_needs_no_other_file_and_no_script() {
        let page = html(&specimen::happy());
        for word in ["<script", "<link", "<img", "@import", "url(", " onload="] {
            assert!(!page.contains(word), "{word}");
        }
        assert!(page.contains("prefers-color-scheme: dark") && page.contains("@media print"));
    }

    #[test]
    fn the_overview_can_be_sorted_and_is_whole_without_it() {
        let mut report = specimen::metrics(40);
        let fleet = report.metrics.as_mut().unwrap();
        fleet.stores[0].name = Some("</script><img src=x>".into());
        let page = html(&report);
        assert_eq!((page.matches("<script>").count(), page.matches("</script>").count()), (1, 1), "{page}");
        assert!(page.contains("<table class=\"sortable\">") && page.contains(" data-worth=\"300000\">300.0 kB</td>"));
        assert_eq!(page.matches("<tr>").count(), 41, "every store has its row");
        for word in ["<link", "<img", "@import", "url(", " onload="] {
            assert!(!page.contains(word), "{word}");
        }
    }

    #[test]
    fn numbers_in_charts_are_text() {
        let page = html(&specimen::happy());
        assert!(page.contains(">21,486</text>"), "{page}");
        assert!(page.contains("<b>3</b> equal"), "{page}");
    }
}
