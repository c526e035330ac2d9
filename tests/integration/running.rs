//! Runs that go on while the test looks, and people who hold transactions open meanwhile.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::town::{Ran, Town, connect};

const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for a condition; a test that waits in vain says for what.
#[track_caller]
pub(crate) fn eventually(what: &str, within: Duration, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + within;
    while !condition() {
        assert!(Instant::now() < deadline, "not within {within:?}: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The binary at work.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    stderr: String,
    stdout: Option<JoinHandle<String>>,
}

/// Starts a prepared command.
pub(crate) fn start(mut command: Command) -> Running {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(err).lines().map_while(Result::ok) {
            let _gone = sender.send(line);
        }
    });
    let stdout = std::thread::spawn(move || {
        let mut text = String::new();
        out.read_to_string(&mut text).unwrap();
        text
    });
    Running { child, lines, stderr: String::new(), stdout: Some(stdout) }
}

impl Running {
    /// Waits for a line on stderr that contains the text.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("`{text}` was never said:\n{}", self.stderr);
            };
            let found = line.contains(text);
            self.stderr.push_str(&(line + "\n"));
            if found {
                return;
            }
        }
    }

    /// Waits for a line on stderr that begins with the text, and gives the line without it.
    #[track_caller]
    pub(crate) fn wait_for_word(&mut self, text: &str) -> String {
        self.wait_for(text);
        let line = self.stderr.lines().rev().find_map(|line| line.strip_prefix(text));
        line.unwrap_or_else(|| panic!("no line begins with `{text}`:\n{}", self.stderr)).to_owned()
    }

    /// Sends a signal: `INT`, `TERM`, `STOP`, `CONT`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status().unwrap();
        assert!(sent.success(), "the process has gone before its signal");
    }

    /// Waits for the end.
    #[track_caller]
    pub(crate) fn end(mut self) -> Ran {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > deadline {
                self.stderr.extend(self.lines.try_iter().map(|line| line + "\n"));
                panic!("it does not end:\n{}", self.stderr);
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let stdout = self.stdout.take().unwrap().join().unwrap();
        while let Ok(line) = self.lines.recv_timeout(Duration::from_secs(5)) {
            self.stderr.push_str(&(line + "\n"));
        }
        Ran { code: status.code().unwrap_or(-1), stdout, stderr: std::mem::take(&mut self.stderr) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Somebody with a session of their own, who may leave a transaction open. Gone when dropped.
pub(crate) struct Person {
    wishes: Sender<(String, Sender<Result<(), String>>)>,
}

impl Person {
    /// Connects under a name that `pg_stat_activity` shows.
    pub(crate) fn named(town: &Town, name: &str) -> Self {
        Self::at(&format!("{}?application_name={name}", town.url()))
    }

    /// Connects by a URL.
    pub(crate) fn at(url: &str) -> Self {
        let url = url.to_owned();
        let (wishes, inbox) = channel::<(String, Sender<Result<(), String>>)>();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let client = runtime.block_on(connect(&url));
            for (sql, answer) in inbox {
                let done = runtime.block_on(client.batch_execute(&sql));
                let _gone = answer.send(done.map_err(|error| format!("{error:?}")));
            }
        });
        Self { wishes }
    }

    /// Runs SQL and waits for its end.
    #[track_caller]
    pub(crate) fn does(&self, sql: &str) {
        self.begins(sql).recv().unwrap().unwrap_or_else(|error| panic!("{sql}\n{error}"));
    }

    /// Runs SQL; its end is told later.
    pub(crate) fn begins(&self, sql: &str) -> Receiver<Result<(), String>> {
        let (answer, told) = channel();
        self.wishes.send((sql.to_owned(), answer)).unwrap();
        told
    }
}

impl Town {
    /// Starts the binary.
    pub(crate) fn start(&self, words: &[&str]) -> Running {
        start(self.command(words))
    }

    /// Waits until a session of tenantctl stands in front of somebody's lock on a table.
    #[track_caller]
    pub(crate) fn wait_for_lock_queue(&self, table: &str) {
        let sql = format!(
            "select count(*) from pg_locks l join pg_stat_activity a using (pid)
             where not l.granted and l.relation = '{table}'::regclass and a.application_name like 'tenantctl/%'"
        );
        eventually("a run waits for the lock", PATIENCE, || self.value(&sql) != "0");
    }

    /// What the journal says of a store's last move, abandoned ones too.
    pub(crate) fn journal_stage(&self, store: &str) -> String {
        self.value(&format!("select stage from tenantctl.move where store_key = '{store}' order by id desc limit 1"))
    }

    /// Whether a store's schema holds exactly its rows of the shared schema, table by table, generated columns too.
    /// Asks in its own way: nothing of this is the product's.
    #[track_caller]
    pub(crate) fn holds_the_shared_rows(&self, store: &str, schema: &str) {
        // Enums of the two schemas are two types: the rows are compared as JSON.
        let differences = OWNED.map(|(table, condition)| {
            let shared =
                format!("select to_jsonb(t) from public.{table} t where {}", condition.replace("{store}", store));
            let held = format!("select to_jsonb(t) from {schema}.{table} t");
            format!("select '{table}' from (({shared} except all {held}) union all ({held} except all {shared})) x")
        });
        let differing = self.sql(&differences.join(" union all "));
        assert!(differing.is_empty(), "rows differ in {differing:?}");
    }
}

/// The sample's tables and which rows are a store's, written down a second time on purpose.
const OWNED: [(&str, &str); 15] = [
    ("products", "store_id = {store}"),
    ("customers", "store_id = {store}"),
    ("orders", "store_id = {store}"),
    ("auto_responses", "store_id = {store}"),
    ("order_items", "order_id in (select id from public.orders where store_id = {store})"),
    ("conversations", "store_id = {store}"),
    ("messages", "conversation_id in (select id from public.conversations where store_id = {store})"),
    ("users", "store_id = {store}"),
    ("store_settings", "store_id = {store}"),
    ("whatsapp_settings", "store_id = {store}"),
    ("notifications", "store_id = {store}"),
    ("assignment_rules", "store_id = {store}"),
    ("customer_history", "customer_id in (select id from public.customers where store_id = {store})"),
    ("shopping_cart", "customer_id in (select id from public.customers where store_id = {store})"),
    ("whatsapp_logs", "store_id = {store}"),
];
