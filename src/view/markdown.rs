//! The report as Markdown.

use std::io::{self, Write};

use super::options::Options;
use super::page::Page;
use super::story;
use crate::report::Report;

/// Writes the report; a plan asked for as SQL is only the SQL.
///
/// # Errors
/// Those of `out`.
pub fn write(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let options = options.for_file();
    let mut page = Page::new(&options);
    story::tell(report, &mut page);
    page.print_markdown(out)
}
