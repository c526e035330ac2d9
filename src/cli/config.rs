//! `config`: what the configuration comes to.

use anyhow::Result;

use super::output::{Page, now};
use super::{Globals, open};
use crate::conninfo::Environment;
use crate::error::Exit;
use crate::report::{Report, Setting};

/// Show the effective configuration, secrets masked
///
/// A value comes from a flag, else from TENANTCTL_SHARED_SCHEMA (for `[shared] schema`, and so on), else from the
/// profile, the file, or the default.
#[derive(clap::Args, Debug)]
pub(crate) struct ConfigArgs {
    /// Say where each value comes from
    #[arg(long)]
    origin: bool,
}

pub(super) fn run(globals: &Globals, env: &Environment, args: &ConfigArgs) -> Result<Page> {
    let started = now();
    let config = open::config(globals, env)?;
    let mut report = Report::new("config", None, started);
    for setting in config.effective(args.origin) {
        report.settings.push(Setting {
            key: setting.key.to_owned(),
            value: setting.value.to_string(),
            origin: setting.origin.unwrap_or_default(),
        });
    }
    Ok(Page { report: report.end(Exit::Done, now()), options: open::page_options(&config) })
}
