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
