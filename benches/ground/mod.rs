//! What the benchmarks stand on: a throw-away server with durable settings, an application of four tables, `psql`, and a
//! stopwatch. Says nothing about what is measured; each bench does.

#![allow(dead_code, reason = "each bench uses a part of it")]
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, reason = "a bench may panic, and prints")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs};

use serde_json::{Value, json};
use tenantctl::server::{Server, ServerOptions};

/// The stores' keys begin here.
pub(crate) const FIRST_STORE: u32 = 1;

/// A number behind a flag of the command line: `cargo bench --bench fleet -- --rows 3000000`.
pub(crate) fn flag(name: &str, default: u64) -> u64 {
    let mut args = env::args().skip_while(|arg| arg != name);
    args.nth(1).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} takes a number, not `{text}`")))
}

/// Whether a flag without a value is there.
pub(crate) fn has(name: &str) -> bool {
    env::args().any(|arg| arg == name)
}

/// The server, the application's database, and the files of `tenantctl`.
pub(crate) struct Ground {
    application: &'static Application,
    server: Server,
    folder: tempfile::TempDir,
    database: String,
}

impl Ground {
    /// A server as it is after `initdb`: what is committed is on the disk.
    pub(crate) fn start() -> Self {
        Self::of(&SHOP)
    }

    /// The same, of another application.
    pub(crate) fn of(application: &'static Application) -> Self {
        let durable = [("fsync", "on"), ("synchronous_commit", "on"), ("full_page_writes", "on")];
        let settings = durable.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let server = Server::start(&ServerOptions { settings, ..ServerOptions::default() }).unwrap();
        let ground = Self { application, server, folder: tempfile::tempdir().unwrap(), database: "shop".into() };
        ground.in_database("postgres", "create database shop");
        fs::write(ground.folder.path().join("template.sql"), application.template).unwrap();
        fs::write(ground.config(), application.config()).unwrap();
        ground
    }

    /// Fills the shared schema: so many stores and rows, an index on the owner paths or none.
    pub(crate) fn fill(&self, stores: u64, rows: u64, indexed: bool) {
        let script =
            self.application.shared.replace("{stores}", &stores.to_string()).replace("{rows}", &rows.to_string());
        self.sql(&script);
        if indexed {
            self.sql(self.application.indexes);
        }
        self.sql("vacuum analyze");
    }

    /// As before any store was moved.
    pub(crate) fn reset(&self) {
        let schemas = self.sql(
            "select schema_name from public.stores where schema_name is not null union
             select nspname from pg_namespace where nspname like 'store\\_%' or nspname = 'tenantctl'",
        );
        let drops: String =
            schemas.lines().map(|schema| format!("drop schema if exists {schema} cascade;\n")).collect();
        self.sql(&format!("{drops} update public.stores set schema_name = null; vacuum analyze; checkpoint"));
    }

    /// The rows of a statement, as text.
    pub(crate) fn sql(&self, script: &str) -> String {
        self.in_database(&self.database, script)
    }

    fn in_database(&self, database: &str, script: &str) -> String {
        let mut psql = self.psql();
        psql.env("PGDATABASE", database).args(["-qAtX", "-v", "ON_ERROR_STOP=1", "-f", "-"]);
        let mut child = psql.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("psql must be installed");
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), script.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "psql failed");
        String::from_utf8(output.stdout).unwrap()
    }

    /// `psql` with the connection in its environment.
    pub(crate) fn psql(&self) -> Command {
        let mut psql = Command::new("psql");
        self.connect(&mut psql);
        psql
    }

    /// A shell that connects by its environment.
    pub(crate) fn shell(&self, script: &str) -> Command {
        let mut shell = Command::new("bash");
        shell.args(["-euo", "pipefail", "-c", script]).current_dir(self.folder.path());
        self.connect(&mut shell);
        shell
    }

    fn connect(&self, command: &mut Command) {
        command
            .env("PGHOST", "127.0.0.1")
            .env("PGPORT", self.server.port().to_string())
            .env("PGUSER", tenantctl::server::SUPERUSER)
            .env("PGDATABASE", &self.database)
            .env("PGOPTIONS", "-c client_min_messages=warning");
    }

    /// `tenantctl` on the application.
    pub(crate) fn tenantctl(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenantctl"));
        command
            .args(args)
            .env("DATABASE_URL", self.server.url(&self.database))
            .env("TENANTCTL_CONFIG", self.config())
            .env_remove("TENANTCTL_DATABASE_URL")
            .stdin(Stdio::null());
        command
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("tenantctl.toml")
    }

    /// A file that shell scripts find in their folder.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// What was measured on: processors, memory, versions, settings.
    pub(crate) fn about(&self) -> Value {
        let names =
            "'fsync','synchronous_commit','full_page_writes','shared_buffers','work_mem','maintenance_work_mem',
             'max_wal_size','wal_level','max_connections','max_parallel_workers_per_gather'";
        let settings = self.sql(&format!(
            "select name || '=' || current_setting(name) from pg_settings where name in ({names}) order by 1"
        ));
        let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        json!({
            "processors": std::thread::available_parallelism().map_or(0, usize::from),
            "memory": memory.lines().next(),
            "server": self.sql("show server_version").trim(),
            "settings": settings.lines().collect::<Vec<_>>(),
        })
    }
}

/// What one run of something took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken {
    /// From start to end.
    pub(crate) time: Duration,
    /// The process's own peak memory, in KiB; 0 where `/proc` does not tell.
    pub(crate) peak_kib: u64,
}

/// Runs it to its end, which must be a good one.
pub(crate) fn time(command: &mut Command) -> Taken {
    let quiet = command.stdout(Stdio::null()).stderr(Stdio::piped());
    let begun = Instant::now();
    let mut child = quiet.spawn().unwrap();
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut errors = child.stderr.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut errors, &mut text).map(|_| text)
    });
    let mut peak_kib = 0;
    let ended = loop {
        peak_kib = peak_of(&status).unwrap_or(0).max(peak_kib);
        match child.try_wait().unwrap() {
            Some(ended) => break ended,
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let time = begun.elapsed();
    let errors = reader.join().unwrap().unwrap();
    assert!(ended.success(), "{command:?} ended with {ended}\n{errors}");
    Taken { time, peak_kib }
}

fn peak_of(status: &Path) -> Option<u64> {
    let text = fs::read_to_string(status).ok()?;
    text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse().ok())
}

/// Several contestants, in turns, so that a slow minute of the machine hits all of them.
pub(crate) struct Race {
    rounds: BTreeMap<&'static str, Vec<Taken>>,
}

impl Race {
    /// So many rounds; before each turn the ground is as it was.
    pub(crate) fn run(ground: &Ground, rounds: u64, contestants: &[(&'static str, &dyn Fn() -> Taken)]) -> Self {
        let mut taken = BTreeMap::<&'static str, Vec<Taken>>::new();
        for round in 1..=rounds {
            for (name, contestant) in contestants {
                ground.reset();
                let it = contestant();
                eprintln!("round {round} of {rounds}: {name} {:.2} s", it.time.as_secs_f64());
                taken.entry(name).or_default().push(it);
            }
        }
        ground.reset();
        Self { rounds: taken }
    }

    /// The median time, in seconds.
    pub(crate) fn median(&self, name: &str) -> f64 {
        let mut times: Vec<f64> = self.rounds[name].iter().map(|taken| taken.time.as_secs_f64()).collect();
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    }

    /// All of it, and each time over that of `tenantctl`'s rivals.
    pub(crate) fn as_json(&self, rivals: &[(&str, &str)]) -> Value {
        let of = |name: &str| {
            let times: Vec<f64> = self.rounds[name].iter().map(|taken| taken.time.as_secs_f64()).collect();
            let peak = self.rounds[name].iter().map(|taken| taken.peak_kib).max();
            json!({ "seconds": times, "median": self.median(name), "peak_kib": peak })
        };
        let all: BTreeMap<_, _> = self.rounds.keys().map(|name| (*name, of(name))).collect();
        let ratio = |(ours, rival): &(&str, &str)| {
            (format!("{ours} / {rival}"), json!((self.median(ours) / self.median(rival) * 1000.0).round() / 1000.0))
        };
        json!({ "times": all, "ratios": rivals.iter().map(ratio).collect::<serde_json::Map<_, _>>() })
    }
}

/// Prints the result, for people and programs alike.
pub(crate) fn tell(bench: &str, ground: &Ground, results: Value) {
    let all = json!({ "bench": bench, "about": ground.about(), "results": results });
    println!("{}", serde_json::to_string_pretty(&all).unwrap());
}

/// What is moved.
pub(crate) struct Application {
    /// Tables and rows; `{stores}` and `{rows}` are filled in.
    shared: &'static str,
    /// Indexes on the owner paths.
    indexes: &'static str,
    /// The store schema.
    pub(crate) template: &'static str,
    /// The condition of each table, for those who move it by hand.
    pub(crate) tables: &'static [(&'static str, &'static str)],
}

impl Application {
    fn config(&self) -> String {
        let tables = self.tables.iter().map(|(table, rows)| {
            let parent = if rows.contains("select id from public.orders") { "parent = \"orders\"\n" } else { "" };
            format!("\n[[tables]]\nname = \"{table}\"\n{parent}")
        });
        format!("{CONFIG}{}", tables.collect::<String>())
    }
}

/// Four tables; half of the rows are messages.
pub(crate) const SHOP: Application = Application {
    shared: include_str!("shared.sql"),
    indexes: "create index on public.orders (store_id); create index on public.order_items (order_id);
        create index on public.messages (store_id); create index on public.notes (store_id);",
    template: include_str!("template.sql"),
    tables: &[
        ("orders", "store_id = :store"),
        ("order_items", "order_id in (select id from public.orders where store_id = :store)"),
        ("messages", "store_id = :store"),
        ("notes", "store_id = :store"),
    ],
};

/// One table: about 200 bytes a row, a jsonb column, a key and two indexes.
pub(crate) const ONE_TABLE: Application = Application {
    shared: include_str!("one_table.sql"),
    indexes: "create index on public.messages (store_id);",
    template: include_str!("one_table_template.sql"),
    tables: &[("messages", "store_id = :store")],
};

/// The line between the sections of a template.
pub(crate) const AFTER: &str = "-- tenantctl: after the load";
const CONFIG: &str = include_str!("tenantctl.toml");
