//! `completions` and `man`: the command line's own words, for shells and for `man`.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{CommandFactory, ValueEnum};

use super::output::{Page, now};
use super::{Cli, examples};
use crate::error::Exit;
use crate::report::Report;

/// Print the completions for a shell
///
/// For bash: tenantctl completions bash > /etc/bash_completion.d/tenantctl
#[derive(clap::Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// A shell that can complete.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    /// bash
    Bash,
    /// elvish
    Elvish,
    /// fish
    Fish,
    /// PowerShell
    Powershell,
    /// zsh
    Zsh,
}

/// Print the man page, or write one per command into a folder
#[derive(clap::Args, Debug)]
pub(crate) struct ManArgs {
    /// Folder for tenantctl.1, tenantctl-migrate.1, …
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

pub(super) fn completions(args: &CompletionsArgs) -> Result<Page> {
    use clap_complete::Shell as Kind;
    let kind = match args.shell {
        Shell::Bash => Kind::Bash,
        Shell::Elvish => Kind::Elvish,
        Shell::Fish => Kind::Fish,
        Shell::Powershell => Kind::PowerShell,
        Shell::Zsh => Kind::Zsh,
    };
    let mut script = Vec::new();
    clap_complete::generate(kind, &mut Cli::command(), "tenantctl", &mut script);
    page("completions", String::from_utf8(script)?)
}

pub(super) fn man(args: &ManArgs) -> Result<Page> {
    let mut command = examples::added_to(Cli::command()).disable_help_subcommand(true);
    command.build();
    let Some(folder) = &args.folder else {
        let mut text = Vec::new();
        clap_mangen::Man::new(command).render(&mut text)?;
        return page("man", String::from_utf8(text)?);
    };
    std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    clap_mangen::generate_to(command, folder).with_context(|| format!("writing into {}", folder.display()))?;
    page("man", format!("the man pages are in {}\n", folder.display()))
}

fn page(command: &str, text: String) -> Result<Page> {
    let mut report = Report::new(command, None, now());
    report.text = Some(text);
    Ok(report.end(Exit::Done, now()).into())
}
