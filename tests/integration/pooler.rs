//! Through a real PgBouncer: a pooler that swallows what we ask of a session, or hands one session to two clients, is
//! refused before anything is looked at or made.

use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::app::three_stores;
use crate::faces::{holds, schema, validator};
use crate::running::{Person, eventually};
use crate::town::{Ran, Town, finish, sql_at};

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
        Self::start(&format!("* = host=127.0.0.1 port={}", town.port()), "", mode, more, None)
    }

    /// With the entries that `pooler` wrote, and nothing else; clients come as `postgres`, entries log in as themselves.
    fn with_entries(town: &Town, more: &str) -> Self {
        let roles: String = ["3", "4"].map(|key| format!("\"{} store_{key}\" \"\"\n", town.database)).concat();
        Self::start("", &roles, "session", more, Some(&town.read("stores.ini")))
    }

    fn start(databases: &str, users_more: &str, mode: &str, more: &str, included: Option<&str>) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::write(path.join("users"), format!("\"postgres\" \"\"\n{users_more}")).unwrap();
        let users = path.join("users");
        let mut ini = format!(
            "[databases]\n{databases}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = trust\nauth_file = {}\npool_mode = {mode}\n{more}\n",
            users.display()
        );
        if let Some(text) = included {
            std::fs::write(path.join("stores.ini"), text).unwrap();
            ini.push_str(&format!("%include {}\n", path.join("stores.ini").display()));
        }
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

/// Session locks of this database, the marks of `doctor --pooler` among them.
const LOCKS: &str = "select count(*) from pg_locks l join pg_database d on d.oid = l.database
                     where l.locktype = 'advisory' and d.datname = current_database()";

/// Two stores with roles that may log in, and an odd name for one schema.
fn two_stores_with_roles() -> Town {
    let town = three_stores();
    town.sql("revoke create on schema public from public");
    let config = town.read("tenantctl.toml");
    let role = "\n[role]\nname = \"{database} {schema}\"\nlogin = true\ncommon = [\"currencies\"]\n";
    town.write("tenantctl.toml", &format!("{config}{role}\n[pooler]\nname = \"{{database}}.{{key}}\"\n"));
    town.run(&["migrate", "--store", "3,4", "--yes"]).exits(0);
    town
}

#[test]
fn an_entry_per_store_keeps_two_stores_apart_in_both_modes_and_a_shared_one_is_refused() {
    let town = two_stores_with_roles();
    let report = town.run(&["pooler", "--all", "--file", "stores.ini", "-f", "json"]).exits(0).json();
    holds(&validator(&schema("report")), &report);
    let made = &report["pooler"];
    assert_eq!((&made["needed"], &made["fits"]), (&4.into(), &true.into()), "{report}");
    assert_eq!(made["entries"].as_array().unwrap().len(), 2);
    assert!(report["findings"].to_string().contains("no schema yet, so no entry: stores 5"), "{report}");
    let written = town.read("stores.ini");
    assert_eq!(town.run(&["pooler", "--all"]).exits(0).stdout.lines().last(), written.lines().last());

    for mode in ["transaction", "session"] {
        town.run(&["pooler", "--store", "3,4", "--file", "stores.ini"]).exits(0).says("4 connections at most");
        town.write(
            "stores.ini",
            &town.read("stores.ini").replace("pool_mode=transaction", &format!("pool_mode={mode}")),
        );
        for lending in ["", "server_round_robin = 1"] {
            let pooler = Pooler::with_entries(&town, lending);
            let url = |entry: &str| format!("postgresql://postgres@127.0.0.1:{}/{entry}", pooler.port);
            town.run(&["doctor", "--pooler", &url("{entry}")])
                .exits(0)
                .says("never met, in 24 looks")
                .says(&format!("{mode} mode"))
                .says("leads to schema store_3");
            // By hand, as the application would: each sees its own rows under the same bare name, and not the other's.
            for key in ["3", "4"] {
                let entry = url(&format!("{}.{key}", town.database));
                let sees = "select string_agg(distinct store_id::text, ',') from orders";
                assert_eq!(sql_at(&entry, sees)[0][0].as_deref(), Some(key));
                let other = if key == "3" { "4" } else { "3" };
                let error = Person::at(&entry)
                    .begins(&format!("select * from store_{other}.orders"))
                    .recv()
                    .unwrap()
                    .unwrap_err();
                assert!(error.contains("permission denied"), "{error}");
            }
            assert_eq!(town.value(LOCKS), "0");
        }
    }

    // One entry for all stores: in transaction mode one store's SET is the next one's.
    for (mode, more, code, says) in [
        ("transaction", "", 2, "SET search_path"),
        ("transaction", "server_round_robin = 1", 2, "tenantctl pooler --all"),
        ("session", "", 0, "all stores have one role"),
        ("session", "server_reset_query =", 2, "server_reset_query = DISCARD ALL"),
    ] {
        let pooler = Pooler::before(&town, mode, more);
        town.run(&["doctor", "--pooler", &pooler.url(&town)]).exits(code).says(says);
        assert_eq!(town.value(LOCKS), "0", "{mode} {more}");
    }

    // One that the pooler does not know, as before RELOAD, has a way on.
    let entries = town.read("stores.ini");
    let known: Vec<&str> = entries.lines().filter(|line| !line.starts_with(&format!("{}.4 ", town.database))).collect();
    town.write("stores.ini", &format!("{}\n", known.join("\n")));
    let pooler = Pooler::with_entries(&town, "");
    let url = format!("postgresql://postgres@127.0.0.1:{}/{{entry}}", pooler.port);
    let missed = town.run(&["doctor", "--pooler", &url]).exits(5);
    missed
        .says(&format!("the pooler has no entry {}.4", town.database))
        .says("hint: `tenantctl pooler --all --file FILE`");
    town.write("stores.ini", &entries);

    // An entry that leads to another store is refused, and so is a role that does not land by itself.
    let four = format!("user='{} store_4'", town.database);
    town.write("stores.ini", &town.read("stores.ini").replace(&four, &four.replace("store_4", "store_3")));
    let pooler = Pooler::with_entries(&town, "");
    let url = format!("postgresql://postgres@127.0.0.1:{}/{{entry}}", pooler.port);
    town.run(&["doctor", "--pooler", &url]).exits(2).says("it should be schema store_4").says("RELOAD");
    let role = format!("\"{} store_4\"", town.database);
    town.sql(&format!("alter role {role} in database {} reset search_path", town.database));
    town.run(&["pooler", "--all", "--file", "other.ini"]).exits(2).says("does not land in schema store_4");
    assert!(!town.folder.path().join("other.ini").exists());
    town.run(&["role", "--store", "4", "--make"]).exits(0);
}

#[test]
fn more_connections_than_there_are_get_refused_with_numbers_that_fit() {
    let town = two_stores_with_roles();
    let sized = |config: &str, size: u32| {
        town.write("tenantctl.toml", &format!("{config}pool_size = {size}\nprocesses = 2\n"));
    };
    let config = town.read("tenantctl.toml");
    sized(&config, 300);
    let refused = town.run(&["pooler", "--all", "-f", "json"]).exits(2).json();
    holds(&validator(&schema("report")), &refused);
    assert_eq!((&refused["pooler"]["needed"], &refused["pooler"]["fits"]), (&1200.into(), &false.into()));
    assert_eq!(refused["pooler"]["database_limit"], serde_json::Value::Null);
    let others = &refused["pooler"]["others"];
    let most = 1200 + others.as_u64().unwrap() + refused["pooler"]["reserved"].as_u64().unwrap();
    let hint = refused["error"]["hint"].as_str().unwrap();
    assert!(hint.ends_with(&format!("set max_connections to {most} or more")), "{hint}");

    // Other tests come and go on this server; the limit of a database of its own is nobody else's.
    town.sql(&format!("alter database {} connection limit 41", town.database));
    town.nobody_is_connected();
    let refused = town.run(&["pooler", "--all", "-f", "json"]).exits(2).json();
    holds(&validator(&schema("report")), &refused);
    let made = &refused["pooler"];
    assert_eq!((&made["database_limit"], &made["database_others"], &made["room"]), (&41.into(), &0.into(), &41.into()));
    let because = refused["error"]["because"][0].as_str().unwrap();
    assert!(because.ends_with("the database has room for 41 (its connection limit 41, 0 used by others)"), "{because}");
    let hint = refused["error"]["hint"].as_str().unwrap();
    let limit = format!("`alter database \"{}\" connection limit 1200` and set max_connections to ", town.database);
    assert!(hint.starts_with(&format!("write [pooler] pool_size = 10, or {limit}")), "{hint}");
    town.run(&["pooler", "--all", "--lang", "es"])
        .exits(2)
        .says("la base de datos tiene lugar para 41 (su límite de conexiones 41, 0 usadas por otros)")
        .says("escriba pool_size = 10 en [pooler], o dé `alter database");
    sized(&config, 11);
    let only = format!("pool_size = 10, or `alter database \"{}\" connection limit 44`\n", town.database);
    town.run(&["pooler", "--all"]).exits(2).says(&only);
    sized(&config, 10);
    town.run(&["pooler", "--all", "--for", "pgdog"])
        .exits(0)
        .says("= 40 connections at most; the database has room for 41")
        .says("name = \"store_3\"\nshard = 0");
}
