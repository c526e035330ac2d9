//! A town: a database of its own for one test, and the binary to run in it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde_json::Value;
use tempfile::TempDir;
use tenantctl::sample;
use tenantctl::server::{Server, ServerOptions};
use tokio_postgres::{Client, NoTls};

/// The one server of this test run; its watchdog ends it with the process.
fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        // Compiling the questions of tests costs more than asking them, and so do workers that go round hundreds of
        // databases that are gone before they matter.
        let settings = [("max_connections", "300"), ("jit", "off"), ("autovacuum", "off")];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Server::start(&ServerOptions { settings, ..ServerOptions::default() }).unwrap_or_else(|error| {
            let hint = error.chain().find_map(|cause| cause.downcast_ref::<tenantctl::error::Refusal>());
            panic!("no PostgreSQL for the tests: {error:#}; {hint:?}")
        })
    })
}

/// Runs SQL in a database, statement after statement, and gives the last result's rows as text.
pub(crate) fn sql_in(database: &str, sql: &str) -> Vec<Vec<Option<String>>> {
    sql_at(&server().url(database), sql)
}

/// The same on another server.
pub(crate) fn sql_at(url: &str, sql: &str) -> Vec<Vec<Option<String>>> {
    let (url, sql) = (url.to_owned(), sql.to_owned());
    on_a_runtime(async move {
        let client = connect(&url).await;
        let messages = client.simple_query(&sql).await.unwrap_or_else(|error| panic!("{sql}\n{error:?}"));
        let mut rows = Vec::new();
        for message in messages {
            match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => {
                    rows.push((0..row.len()).map(|i| row.get(i).map(str::to_owned)).collect());
                }
                tokio_postgres::SimpleQueryMessage::RowDescription(_) => rows.clear(),
                _ => {}
            }
        }
        rows
    })
}

/// Tests may be async or not; this works in both.
fn on_a_runtime<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work);
    std::thread::spawn(runtime).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// A connection of the test's own.
pub(crate) async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// A database with its configuration.
pub(crate) struct Town {
    pub(crate) database: String,
    pub(crate) folder: TempDir,
}

/// A database that is used no more and its files: a copy takes a twentieth of the time that a move takes.
pub(crate) struct Kept {
    database: String,
    files: Vec<(String, String)>,
}

impl Kept {
    /// A town of its own.
    pub(crate) fn copy(&self) -> Town {
        let town = Town::of_template(&self.database);
        for (name, text) in &self.files {
            town.write(name, text);
        }
        // To the product a copy is another database. Here its snapshots still mean something: the server is the same.
        town.sql(
            "update tenantctl.run set database_oid = (select oid from pg_database where datname = current_database())",
        );
        town
    }
}

/// What a run of the binary gave.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Asserts the exit code; a failure shows all that was printed.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Asserts that stderr or stdout contains a text, however the page breaks its lines.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        let unbroken = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            self.stderr.contains(text)
                || self.stdout.contains(text)
                || unbroken(&self.stdout).contains(&unbroken(text)),
            "`{text}` is not in\nstdout:\n{}\nstderr:\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// stdout as one JSON document.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{}\n{}", self.stdout, self.stderr))
    }
}

fn fresh_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("town_{}", NEXT.fetch_add(1, Ordering::SeqCst))
}

impl Town {
    /// The sample application with its 90 stores, its configuration and template.
    pub(crate) fn sample() -> Self {
        static TEMPLATE: OnceLock<()> = OnceLock::new();
        TEMPLATE.get_or_init(|| {
            sql_in("postgres", "create database sample_template");
            sql_in("sample_template", sample::SHARED);
            sql_in("sample_template", sample::DATA);
        });
        let town = Self::of_template("sample_template");
        sample::write_files(town.folder.path()).unwrap();
        town
    }

    /// An empty database, filled by a script; `config` and `template` are written as files.
    pub(crate) fn with(script: &str, config: &str, template: &str) -> Self {
        let town = Self::of_template("template0");
        town.sql(script);
        town.write("tenantctl.toml", config);
        town.write("store_schema.sql", template);
        town
    }

    /// The sample with store 13 at a stage, `switched` among them: moved once, copied for each test that begins there.
    pub(crate) fn sample_at(stage: &'static str) -> Self {
        static KEPT: Mutex<BTreeMap<&str, Arc<Kept>>> = Mutex::new(BTreeMap::new());
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        let at_stage = kept.entry(stage).or_insert_with(|| {
            let town = Self::sample();
            town.run(&["migrate", "--store", "13", "--to", stage][..if stage == "switched" { 3 } else { 5 }]).exits(0);
            Arc::new(town.kept())
        });
        let at_stage = at_stage.clone();
        drop(kept);
        at_stage.copy()
    }

    /// Keeps the town to be copied.
    pub(crate) fn kept(self) -> Kept {
        let files = std::fs::read_dir(self.folder.path()).unwrap().map(|file| {
            let file = file.unwrap();
            (file.file_name().into_string().unwrap(), std::fs::read_to_string(file.path()).unwrap())
        });
        Kept { files: files.collect(), database: self.database }
    }

    fn of_template(template: &str) -> Self {
        static IN_FILES: OnceLock<&str> = OnceLock::new();
        let in_files = IN_FILES.get_or_init(|| {
            match sql_in("postgres", "select current_setting('server_version_num')::int >= 150000")[0][0].as_deref() {
                Some("t") => "strategy file_copy", // without fsync three times as fast as through the log
                _ => "",
            }
        });
        let database = fresh_name();
        // One at a time: a template database must not be in use while it is copied.
        static COPYING: Mutex<()> = Mutex::new(());
        let guard = COPYING.lock().unwrap_or_else(PoisonError::into_inner);
        sql_in("postgres", &format!("create database {database} template {template} {in_files}"));
        drop(guard);
        Self { database, folder: tempfile::tempdir().unwrap() }
    }

    /// Writes a file beside the configuration.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Reads a file beside the configuration.
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    /// Changes a file beside the configuration; the text to replace must be there.
    #[track_caller]
    pub(crate) fn edit(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "`{from}` is not in {name}");
        self.write(name, &text.replacen(from, to, 1));
    }

    /// The database's URL.
    pub(crate) fn url(&self) -> String {
        server().url(&self.database)
    }

    /// The server's port.
    pub(crate) fn port(&self) -> u16 {
        server().port()
    }

    /// Runs SQL in the town's database.
    pub(crate) fn sql(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        sql_in(&self.database, sql)
    }

    /// The one value that a query gives, as text.
    #[track_caller]
    pub(crate) fn value(&self, sql: &str) -> String {
        self.sql(sql)[0][0].clone().unwrap_or_else(|| "NULL".into())
    }

    /// A command that is ready to run: no terminal, no environment of the developer's own.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenantctl"));
        command.args(words).current_dir(self.folder.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars() {
            let ours = name.starts_with("PG") || name.starts_with("TENANTCTL_") || name == "DATABASE_URL";
            if ours || matches!(name.as_str(), "CI" | "NO_COLOR" | "GITHUB_ACTIONS") {
                command.env_remove(name);
            }
        }
        command.env("DATABASE_URL", self.url()).env("HOME", self.folder.path()).env("LANG", "C.UTF-8");
        // Most tests end with the switch; those of the application say so by `with_probes`.
        command.env("TENANTCTL_VALIDATE_AFTER_MIGRATE", "false");
        // Tests run beside each other on a busy machine; those about the deadline write their own, or take this away.
        if !self.read("tenantctl.toml").contains("[switch]") {
            command.env("TENANTCTL_SWITCH_DEADLINE", "5s");
        }
        command
    }

    /// A command that asks the application too, as it does where nobody says otherwise.
    pub(crate) fn with_probes(&self, words: &[&str]) -> Command {
        let mut command = self.command(words);
        command.env_remove("TENANTCTL_VALIDATE_AFTER_MIGRATE");
        command
    }

    /// Runs the binary to its end.
    pub(crate) fn run(&self, words: &[&str]) -> Ran {
        finish(self.command(words))
    }

    /// Starts the binary so that it stops at a moment, and waits until it has.
    pub(crate) fn paused(&self, moment: &str, words: &[&str]) -> Paused {
        let mut command = self.command(words);
        command.env("TENANTCTL_PAUSE_AT", moment).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            use std::io::BufRead;
            for line in std::io::BufReader::new(stderr).lines().map_while(Result::ok) {
                let _gone = sender.send(line);
            }
        });
        let mut seen = String::new();
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        loop {
            match receiver.recv_timeout(deadline.saturating_duration_since(std::time::Instant::now())) {
                Ok(line) if line.contains("paused at") => break,
                Ok(line) => seen.push_str(&(line + "\n")),
                Err(_) => {
                    let _killed = child.kill();
                    panic!("never paused at {moment}:\n{seen}");
                }
            }
        }
        Paused { child, stderr: receiver }
    }

    /// A digest of all rows of a schema, the journal aside: to see that nothing changed.
    pub(crate) fn fingerprint(&self, schema: &str) -> String {
        let tables = self.sql(&format!(
            "select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
             where n.nspname = '{}' and c.relkind in ('r', 'p') order by 1",
            schema.replace('\'', "''")
        ));
        let parts = tables.into_iter().map(|row| {
            let table = row[0].clone().unwrap();
            let rows = self.value(&format!(
                "select count(*) || ':' || coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) from {table} t"
            ));
            format!("{table} {rows}")
        });
        parts.collect::<Vec<_>>().join("\n")
    }

    /// Whether a schema exists.
    pub(crate) fn has_schema(&self, schema: &str) -> bool {
        self.value(&format!("select count(*) from pg_namespace where nspname = '{}'", schema.replace('\'', "''")))
            == "1"
    }

    /// Sessions of tenantctl in this database.
    pub(crate) fn session_count(&self) -> usize {
        let count = self.value(
            "select count(*) from pg_stat_activity where application_name like 'tenantctl/%' and datname = current_database()",
        );
        count.parse().unwrap()
    }
}

/// Runs a prepared command to its end.
pub(crate) fn finish(mut command: Command) -> Ran {
    let output = command.output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A run that stands still.
pub(crate) struct Paused {
    child: Child,
    stderr: std::sync::mpsc::Receiver<String>,
}

impl Paused {
    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// kill -9; asserts that it was alive until then and is dead afterwards.
    pub(crate) fn kill(mut self) -> String {
        assert!(self.child.try_wait().unwrap().is_none(), "it had ended before it was killed");
        self.child.kill().unwrap(); // SIGKILL
        let status = self.child.wait().unwrap();
        assert!(!status.success());
        self.stderr.try_iter().collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Paused {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}
