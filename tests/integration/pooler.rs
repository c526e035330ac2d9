//! Through a real PgBouncer: a pooler that swallows what we ask of a session, or hands one session to two clients, is
//! refused before anything is looked at or made.

use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::app::three_stores;
use crate::running::{Person, eventually};
use crate::town::{Ran, Town, finish};

/// Debian's `nobody`: PgBouncer refuses root.
const NOBODY: u32 = 65534;

struct Pooler {
    process: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _reaped = self.process.wait();
    }
}

impl Pooler {
    /// `more`: lines of the section `[pgbouncer]`.
    fn before(town: &Town, mode: &str, more: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::write(path.join("users"), "\"postgres\" \"\"\n").unwrap();
        let users = path.join("users");
        let ini = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = trust\nauth_file = {}\npool_mode = {mode}\n{more}\n",
            town.port(),
            users.display()
        );
        std::fs::write(path.join("pgbouncer.ini"), ini).unwrap();
        let mut command = Command::new("pgbouncer");
        command.arg(path.join("pgbouncer.ini")).stdout(Stdio::null()).stderr(Stdio::null()).current_dir(path);
        if std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0) {
            command.uid(NOBODY).gid(NOBODY);
        }
        let process = command.spawn().unwrap_or_else(|error| {
            panic!("this test needs PgBouncer ({error}): apt-get install -y --no-install-recommends pgbouncer")
        });
        let pooler = Self { process, port, _folder: folder };
        eventually("PgBouncer listens", Duration::from_secs(20), || {
            std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        pooler
    }

    fn url(&self, town: &Town) -> String {
        format!("postgresql://postgres@127.0.0.1:{}/{}", self.port, town.database)
    }

    fn run(&self, town: &Town, words: &[&str]) -> Ran {
        let mut command = town.command(words);
        command.env("DATABASE_URL", self.url(town));
        finish(command)
    }

    /// Other clients that work at the same time for a moment: the pooler keeps a server process for each.
    fn warm(&self, town: &Town, count: usize) {
        let others: Vec<_> = (0..count).map(|_| Person::at(&self.url(town))).collect();
        for other in &others {
            other.does("begin");
        }
        for other in &others {
            other.does("rollback");
        }
    }
}

#[test]
fn a_pooler_is_refused_with_the_remedy_and_nothing_is_made() {
    let town = three_stores();
    for mode in ["transaction", "session"] {
        // As it comes, PgBouncer refuses what it does not know; told to ignore it, it swallows it.
        let strict = Pooler::before(&town, mode, "");
        let lenient = Pooler::before(&town, mode, "ignore_startup_parameters = options,extra_float_digits");
        for words in [&["doctor"][..], &["plan", "--store", "5"], &["migrate", "--store", "5"]] {
            strict
                .run(&town, words)
                .exits(5)
                .says("unsupported startup parameter")
                .says("connect to PostgreSQL itself");
            lenient
                .run(&town, words)
                .exits(2)
                .says("the session does not keep")
                .says("swallow startup options")
                .says("connect to PostgreSQL itself, or through a pooler in session mode");
        }
    }
    assert!(!town.has_schema("tenantctl"), "the journal was made through a pooler");
}

/// All that a session shall have, given by the database itself: so no pooler can keep it from us.
fn give_manners(town: &Town) {
    for setting in [
        "statement_timeout = 0",
        "idle_in_transaction_session_timeout = 0",
        "lock_timeout = '2s'",
        "jit = off",
        "row_security = off",
        "search_path = ''",
        "\"TimeZone\" = 'UTC'",
        "\"DateStyle\" = 'ISO'",
        "\"IntervalStyle\" = 'postgres'",
        "extra_float_digits = 3",
        "bytea_output = 'hex'",
        "xmloption = 'content'",
    ] {
        town.sql(&format!("alter database {} set {setting}", town.database));
    }
}

#[test]
fn one_server_process_for_two_clients_is_noticed_however_the_pooler_lends() {
    let town = three_stores();
    give_manners(&town);
    let swallowing = "ignore_startup_parameters = options,extra_float_digits\nserver_idle_timeout = 0";
    for lending in ["", "server_round_robin = 1", "default_pool_size = 1"] {
        let pooler = Pooler::before(&town, "transaction", &format!("{swallowing}\n{lending}"));
        for at_once in 1..=3 {
            if lending != "default_pool_size = 1" {
                pooler.warm(&town, at_once); // so many processes wait for the next client
            }
            pooler
                .run(&town, &["plan", "--store", "5"])
                .exits(2)
                .says("a pooler in transaction mode stands between us and the server")
                .says("hint: connect to PostgreSQL itself, or through a pooler in session mode");
        }
        let json = pooler.run(&town, &["doctor", "--format", "json"]).exits(2).json();
        let finding = &json["findings"][0];
        assert_eq!((&finding["code"], &finding["grade"]), (&"session".into(), &"stop".into()), "{json}");
        assert!(finding["hint"].as_str().unwrap().starts_with("connect to PostgreSQL itself"), "{json}");
        pooler.run(&town, &["migrate", "--store", "5"]).exits(2);
    }
    assert!(!town.has_schema("tenantctl"), "the journal was made through a pooler");

    // In session mode, and with the settings, a pooler is as good as none.
    let pooler = Pooler::before(&town, "session", swallowing);
    pooler.run(&town, &["doctor"]).exits(0);
    pooler.run(&town, &["migrate", "--store", "5"]).exits(0);
    town.three_tables_moved(5, "store_5");
}
