//! The command list and the flags that every command has.
//!
//! A command is its words, then its deed: one file each. The doc comments are the help.

mod abandon;
mod alerts;
mod audit;
mod backup;
mod clone;
mod completions;
mod config;
mod demo;
mod doctor;
mod drop;
mod examples;
mod forecast;
mod isolation;
mod ledger;
mod list;
mod metrics;
mod open;
mod output;
mod pace;
mod pause;
mod plan;
mod pool;
mod pooler;
mod register;
mod rehearse;
mod report;
mod restore;
mod resume;
mod reverse;
mod road;
mod role;
mod site;
mod status;
mod stores;
mod template;
mod top;
mod validate;
mod verify;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use tokio::runtime::{Builder, Runtime};

use crate::conninfo::{Environment, Secret};
use crate::error::Exit;
use crate::report::Report;
use crate::view::words::Lang;
use crate::view::{Detail, Format, LogOptions, ProgressMode, explain, terminal};

/// Move a PostgreSQL application from one shared schema to one schema per store, and prove that nothing was lost
#[derive(Debug, Parser)]
#[command(name = "tenantctl", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = "Try it without a database of your own: tenantctl demo\n\
    Exit codes: 0 done, 1 failed, 2 refused, 3 differences, 4 some stores failed,\n\
    5 cannot connect, 6 another run holds the store, 130 interrupted")]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

/// Flags of every command.
#[derive(Args, Clone, Debug)]
pub(crate) struct Globals {
    /// Configuration file [default: the nearest tenantctl.toml upwards]
    #[arg(short, long, global = true, value_name = "FILE", help_heading = "Global options")]
    config: Option<PathBuf>,
    /// Profile of the configuration, such as `production`
    #[arg(short = 'P', long, global = true, value_name = "NAME", help_heading = "Global options")]
    profile: Option<String>,
    /// Database to connect to, as a URL or as keywords
    #[arg(short, long, global = true, value_name = "URL", help_heading = "Global options")]
    database_url: Option<String>,
    /// Format of the result on stdout
    #[arg(short, long, global = true, value_enum, default_value_t = FormatArg::Text, help_heading = "Global options")]
    format: FormatArg,
    /// Also write the result to a file; .json .jsonl .md .xml .html .txt .prom decides the format [repeatable]
    #[arg(short, long, global = true, value_name = "FILE", help_heading = "Global options")]
    output: Vec<PathBuf>,
    /// How progress is shown on stderr
    #[arg(long, global = true, value_enum, default_value_t = Progress::Auto, help_heading = "Global options")]
    progress: Progress,
    /// When to colour
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, help_heading = "Global options")]
    color: Color,
    /// Language of the pages for people [default: [report] language]
    #[arg(long, global = true, value_enum, help_heading = "Global options")]
    lang: Option<LangArg>,
    /// Less on stderr: -q only warnings, -qq nothing but errors
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Global options")]
    quiet: u8,
    /// Log on stderr: -v steps, -vv also tables, locks and connections, -vvv also SQL
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Global options")]
    verbose: u8,
    /// Form of the log; given alone it means -v
    #[arg(long, global = true, value_enum, value_name = "FORM", help_heading = "Global options")]
    log_format: Option<LogFormat>,
    /// Answer yes to every question
    #[arg(short, long, global = true, help_heading = "Global options")]
    yes: bool,
    /// Never ask: fail instead
    #[arg(long, global = true, help_heading = "Global options")]
    no_input: bool,
    /// Longest wait for a lock outside the switch, such as 2s
    #[arg(long, global = true, value_name = "TIME", help_heading = "Global options")]
    lock_timeout: Option<String>,
    /// Tables of one store that are loaded at once
    #[arg(long, global = true, value_name = "N", help_heading = "Global options")]
    table_jobs: Option<u8>,
}

/// A format of the result.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum FormatArg {
    /// For people
    Text,
    /// One document for machines
    Json,
    /// A line per store, then one for the run
    Jsonl,
    /// For wikis, issues and summaries of CI jobs
    Markdown,
    /// For the test view of a CI server
    Junit,
    /// One file for a browser or a printer
    Html,
    /// Of metrics alone: Prometheus' text
    Prometheus,
}

impl FormatArg {
    fn format(self) -> Format {
        match self {
            Self::Text => Format::Text,
            Self::Json => Format::Json,
            Self::Jsonl => Format::Jsonl,
            Self::Markdown => Format::Markdown,
            Self::Junit => Format::Junit,
            Self::Html => Format::Html,
            Self::Prometheus => Format::Prometheus,
        }
    }
}

/// A language.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum LangArg {
    /// English
    En,
    /// Spanish
    Es,
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Progress {
    /// Bars on a terminal, else plain lines
    Auto,
    /// Bars
    Bar,
    /// A line at the start and end of each thing
    Plain,
    /// One JSON event per line
    Json,
    /// Nothing
    None,
}

/// When to colour.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Color {
    /// On a terminal, unless NO_COLOR or TERM=dumb says no
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The form of the log.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum LogFormat {
    /// A line per event
    Text,
    /// An object per line, with time, level and event
    Json,
}

impl Globals {
    /// The log that was asked for.
    fn log(&self) -> Option<LogOptions> {
        let detail = match self.verbose {
            0 if self.log_format.is_none() => return None,
            0 | 1 => Detail::Steps,
            2 => Detail::Tables,
            _ => Detail::Statements,
        };
        Some(LogOptions { detail, json: self.log_format == Some(LogFormat::Json) })
    }

    fn progress(&self) -> ProgressMode {
        match self.progress {
            Progress::Auto => ProgressMode::Auto,
            Progress::Bar => ProgressMode::Bar,
            Progress::Plain => ProgressMode::Plain,
            Progress::Json => ProgressMode::Json,
            Progress::None => ProgressMode::None,
        }
    }

    fn format(&self) -> Format {
        self.format.format()
    }

    /// The language that was asked for on the command line.
    fn lang(&self) -> Option<Lang> {
        self.lang.map(|lang| match lang {
            LangArg::En => Lang::En,
            LangArg::Es => Lang::Es,
        })
    }

    fn secret_url(&self) -> Option<Secret> {
        self.database_url.clone().map(Secret::new)
    }

    /// Whether a question may be asked at all.
    fn may_ask(&self) -> bool {
        !self.no_input
            && std::io::IsTerminal::is_terminal(&std::io::stdin())
            && std::io::IsTerminal::is_terminal(&std::io::stderr())
    }
}

/// Which stores a command is about.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct StoreArgs {
    /// Store key; integer keys may be listed and ranged: 4,7-93 [repeatable]
    #[arg(short, long, value_name = "KEY")]
    store: Vec<String>,
    /// File with a key per line, # begins a comment; - reads stdin
    #[arg(long, value_name = "FILE")]
    stores_from: Option<PathBuf>,
    /// Every store of the registry that `[registry] where` takes
    #[arg(long, conflicts_with_all = ["store", "stores_from"])]
    all: bool,
    /// Leave these stores out
    #[arg(long, value_name = "KEY")]
    except: Vec<String>,
}

impl StoreArgs {
    /// Whether nothing is said of stores.
    fn is_silent(&self) -> bool {
        self.store.is_empty() && !self.all && self.stores_from.is_none() && self.except.is_empty()
    }

    /// How many stores the progress is laid out for, before anybody has looked: one, or several.
    fn guess(&self) -> usize {
        let is_list = |key: &String| {
            key.contains(',')
                || key.split_once('-').is_some_and(|(from, to)| [from, to].iter().all(|n| n.parse::<i64>().is_ok()))
        };
        let are_several =
            self.all || self.stores_from.is_some() || self.store.len() > 1 || self.store.iter().any(is_list);
        if are_several { 2 } else { 1 }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::DemoArgs),
    Doctor(doctor::DoctorArgs),
    Audit(audit::AuditArgs),
    Plan(plan::PlanArgs),
    Rehearse(rehearse::RehearseArgs),
    #[command(alias = "onboard")]
    Migrate(road::MigrateArgs),
    Create(road::CreateArgs),
    Clone(clone::CloneArgs),
    Copy(road::CopyArgs),
    Verify(verify::VerifyArgs),
    Switch(road::SwitchArgs),
    Validate(validate::ValidateArgs),
    Resume(resume::ResumeArgs),
    Pause(pause::PauseArgs),
    Reverse(reverse::ReverseArgs),
    Abandon(abandon::AbandonArgs),
    Backup(backup::BackupArgs),
    Restore(restore::RestoreArgs),
    Archive(drop::ArchiveArgs),
    Drop(drop::DropArgs),
    Role(role::RoleArgs),
    Pooler(pooler::PoolerArgs),
    Status(status::StatusArgs),
    Report(report::ReportArgs),
    Stores(stores::StoresArgs),
    Tables(list::TablesArgs),
    Metrics(metrics::MetricsArgs),
    Alerts(alerts::AlertsArgs),
    Top(top::TopArgs),
    Config(config::ConfigArgs),
    #[command(subcommand)]
    Template(template::TemplateCommand),
    Completions(completions::CompletionsArgs),
    Man(completions::ManArgs),
}

impl Command {
    /// The command's name, in JSON and in the journal.
    fn name(&self) -> &'static str {
        match self {
            Self::Demo(_) => "demo",
            Self::Doctor(_) => "doctor",
            Self::Audit(_) => "audit",
            Self::Plan(_) => "plan",
            Self::Rehearse(_) => "rehearse",
            Self::Migrate(_) => "migrate",
            Self::Create(_) => "create",
            Self::Clone(_) => "clone",
            Self::Copy(_) => "copy",
            Self::Verify(_) => "verify",
            Self::Switch(_) => "switch",
            Self::Validate(_) => "validate",
            Self::Resume(_) => "resume",
            Self::Pause(_) => "pause",
            Self::Reverse(_) => "reverse",
            Self::Abandon(_) => "abandon",
            Self::Backup(_) => "backup",
            Self::Restore(_) => "restore",
            Self::Archive(_) => "archive",
            Self::Drop(_) => "drop",
            Self::Role(_) => "role",
            Self::Pooler(_) => "pooler",
            Self::Status(_) => "status",
            Self::Report(_) => "report",
            Self::Stores(_) => "stores",
            Self::Tables(_) => "tables",
            Self::Metrics(_) => "metrics",
            Self::Alerts(_) => "alerts",
            Self::Top(_) => "top",
            Self::Config(_) => "config",
            Self::Template(_) => "template",
            Self::Completions(_) => "completions",
            Self::Man(_) => "man",
        }
    }
}

impl Command {
    /// Where stores travel, one thread: most of what is sent is small and waits for its answer, and to wake another thread
    /// for both takes longer than they do. Whoever reads or writes files meanwhile, or stands still at a moment while
    /// what was sent before shall arrive, has more.
    fn runtime(&self) -> std::io::Result<Runtime> {
        let travels = matches!(
            self,
            Self::Create(_)
                | Self::Copy(_)
                | Self::Verify(_)
                | Self::Switch(_)
                | Self::Validate(_)
                | Self::Migrate(_)
                | Self::Resume(_)
                | Self::Rehearse(_)
        );
        let stands_still = std::env::var_os(crate::view::pause::VARIABLE).is_some();
        match travels && !stands_still {
            true => Builder::new_current_thread().enable_all().build(),
            false => Builder::new_multi_thread().worker_threads(2).enable_all().build(),
        }
    }
}

/// Reads the words and does the deed.
pub fn run(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.collect();
    let parsed = examples::added_to(Cli::command())
        .try_get_matches_from(&arguments)
        .and_then(|mut matches| Cli::from_arg_matches_mut(&mut matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return usage_error(&error, &arguments),
    };
    terminal::set_color(match cli.globals.color {
        Color::Auto => terminal::ColorMode::Auto,
        Color::Always => terminal::ColorMode::Always,
        Color::Never => terminal::ColorMode::Never,
    });
    let name = cli.command.name();
    let started = output::now();
    if let Err(refusal) = output::check(&cli.globals, name) {
        // Nothing can be written where it was asked for, so only stdout is told.
        let globals = Globals { output: vec![], ..cli.globals };
        return output::failed(&globals, name, &started, refusal.into());
    }
    let runtime = match cli.command.runtime() {
        Ok(runtime) => runtime,
        Err(error) => return output::failed(&cli.globals, name, &started, anyhow::Error::new(error)),
    };
    let line = command_line(&arguments);
    let performed = runtime.block_on(async {
        let performed = perform(&cli, &line).await;
        // Connections say goodbye to the server, whose log would else speak of a reset.
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        performed
    });
    let exit = match performed {
        Ok(page) => output::print(&cli.globals, &page),
        Err(error) => output::failed(&cli.globals, name, &started, error),
    };
    // A connection that is being cancelled must not keep the process.
    runtime.shutdown_timeout(std::time::Duration::from_millis(200));
    exit
}

async fn perform(cli: &Cli, line: &str) -> anyhow::Result<output::Page> {
    let globals = &cli.globals;
    let env = Environment::of_process();
    match &cli.command {
        Command::Demo(args) => demo::run(globals, args),
        Command::Doctor(args) => doctor::run(globals, &env, args).await,
        Command::Audit(args) => audit::run(globals, &env, args).await,
        Command::Plan(args) => plan::run(globals, &env, args).await,
        Command::Rehearse(args) => rehearse::run(globals, &env, line, args).await,
        Command::Migrate(args) => road::migrate(globals, &env, line, args).await,
        Command::Create(args) => road::create(globals, &env, line, args).await,
        Command::Clone(args) => clone::run(globals, &env, line, args).await,
        Command::Copy(args) => road::copy(globals, &env, line, args).await,
        Command::Switch(args) => road::switch(globals, &env, line, args).await,
        Command::Validate(args) => validate::run(globals, &env, line, args).await,
        Command::Verify(args) => verify::run(globals, &env, line, args).await,
        Command::Resume(args) => resume::run(globals, &env, line, args).await,
        Command::Pause(args) => pause::run(globals, &env, args).await,
        Command::Reverse(args) => reverse::run(globals, &env, line, args).await,
        Command::Abandon(args) => abandon::run(globals, &env, line, args).await,
        Command::Backup(args) => backup::run(globals, &env, line, args).await,
        Command::Restore(args) => restore::run(globals, &env, line, args).await,
        Command::Archive(args) => drop::archive(globals, &env, line, args).await,
        Command::Drop(args) => drop::drop(globals, &env, line, args).await,
        Command::Role(args) => role::run(globals, &env, line, args).await,
        Command::Pooler(args) => pooler::run(globals, &env, line, args).await,
        Command::Status(args) => status::run(globals, &env, args).await,
        Command::Report(args) => report::run(globals, &env, args).await,
        Command::Stores(args) => stores::run(globals, &env, args).await,
        Command::Tables(args) => list::run(globals, &env, args).await,
        Command::Metrics(args) => metrics::run(globals, &env, args).await,
        Command::Alerts(args) => alerts::run(globals, &env, args).await,
        Command::Top(args) => top::run(globals, &env, args).await,
        Command::Config(args) => config::run(globals, &env, args),
        Command::Template(command) => template::run(globals, &env, command).await,
        Command::Completions(args) => completions::completions(args),
        Command::Man(args) => completions::man(args),
    }
}

/// The command line for the journal, secrets masked.
fn command_line(arguments: &[OsString]) -> String {
    let words: Vec<String> = arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let masked = words.iter().skip(1).map(|word| match word.contains("://") || word.contains("password") {
        true => crate::conninfo::mask(word),
        false => word.clone(),
    });
    std::iter::once("tenantctl".to_owned()).chain(masked).collect::<Vec<_>>().join(" ")
}

/// clap's own words; as a document where one for machines was asked for.
fn usage_error(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    let format = asked_format(arguments).filter(|format| error.use_stderr() && *format != Format::Text);
    if let Some(format) = format {
        let text = error.to_string();
        let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        let refusal = crate::error::Refusal::new(message).hint("`tenantctl --help` lists the commands");
        let mut report = Report::new("usage", None, output::now());
        report.error = Some(explain::error_report(&refusal.into()));
        let report = report.end(Exit::Refused, output::now());
        if !format.is_for_programs() {
            let _told = error.print();
        }
        return output::print_as(format, &report);
    }
    let _told = error.print();
    ExitCode::from(if error.use_stderr() { Exit::Refused.code() } else { 0 })
}

/// The format that the words name, as far as they can be read without clap.
fn asked_format(arguments: &[OsString]) -> Option<Format> {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let named = words.iter().enumerate().find_map(|(index, word)| match *word {
        "-f" | "--format" => words.get(index + 1).copied(),
        word => word.strip_prefix("--format=").or_else(|| word.strip_prefix("-f")),
    })?;
    FormatArg::from_str(named.trim_start_matches('='), true).ok().map(FormatArg::format)
}
