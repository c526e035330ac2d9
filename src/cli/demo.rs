//! `demo`: a throw-away PostgreSQL with the sample application, and each command as it is run.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::output::{Page, now};
use super::{FormatArg, Globals};
use crate::error::{Exit, Refusal};
use crate::pg::load_sample::run_scripts;
use crate::report::Report;
use crate::sample;
use crate::server::{Server, ServerOptions};
use crate::view::figures::seconds;
use crate::view::words::fill;
use crate::view::{terminal, text};

/// Try it: a throw-away PostgreSQL, a sample application with 90 stores, and one store moved
///
/// Shows each command as it runs it: plan, migrate, verify, report. Leaves nothing behind unless --keep is given.
#[derive(clap::Args, Debug)]
pub(crate) struct DemoArgs {
    /// Store to move, from 4 to 93
    #[arg(short, long, value_name = "KEY", default_value = "4")]
    store: String,
    /// Leave the server running; prints its URL and how to stop it
    #[arg(long)]
    keep: bool,
}

const DATABASE: &str = "demo";

pub(super) fn run(globals: &Globals, args: &DemoArgs) -> Result<Page> {
    let started = now();
    if globals.format != FormatArg::Text {
        bail!(Refusal::new("the demo prints what each command prints: text").hint("leave --format out"));
    }
    let begun = Instant::now();
    let server = Server::start(&ServerOptions { keep: args.keep, ..ServerOptions::default() })?;
    let url = server.url(DATABASE);
    let folder =
        tempfile::Builder::new().prefix("tenantctl-demo-").tempdir().context("making a folder for the demo")?;
    let config = sample::write_files(folder.path())?;
    let runtime = tokio::runtime::Handle::current();
    let admin = server.url("postgres");
    tokio::task::block_in_place(|| {
        runtime.block_on(async {
            run_scripts(&admin, &[&format!("create database {DATABASE}")]).await?;
            run_scripts(&url, &[sample::SHARED, sample::DATA]).await
        })
    })?;
    let words = text::Options { lang: globals.lang().unwrap_or_default(), ..text::Options::of_terminal() }.words();
    say(&format!("# {}\n", fill(words.demo_is_up, &[&seconds(begun.elapsed())])))?;
    let mut exit = Exit::Done.code();
    let road: &[&[&str]] = &[
        &["plan", "--store", &args.store],
        &["migrate", "--store", &args.store, "--yes"],
        &["verify", "--store", &args.store, "--live"],
        &["report", "--store", &args.store],
    ];
    for step in road {
        say(&format!("\n$ tenantctl {}\n", step.join(" ")))?;
        let status = Command::new(std::env::current_exe()?)
            .args(*step)
            .arg("--config")
            .arg(&config)
            .arg("--progress")
            .args(["none", "--lang", words.lang.code()])
            .env("DATABASE_URL", &url)
            .env_remove("TENANTCTL_DATABASE_URL")
            .stdin(Stdio::null())
            .status()
            .context("running tenantctl")?;
        if !status.success() {
            exit = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(Exit::Failed.code());
            break;
        }
    }
    if args.keep {
        let kept = folder.keep();
        say(&format!(
            "\n# {}\n#   export DATABASE_URL={url}\n#   export TENANTCTL_CONFIG={}\n# {}\n#   {}\n",
            words.server_stays,
            kept.join("tenantctl.toml").display(),
            words.stop_it,
            server.stop_command()
        ))?;
    }
    let mut report = Report::new("demo", None, started);
    report.text = Some(String::new());
    report.exit_code = exit;
    report.ended = now();
    Ok(report.into())
}

fn say(text: &str) -> Result<()> {
    Ok(terminal::to_stdout(|out| out.write_all(text.as_bytes()))?)
}
