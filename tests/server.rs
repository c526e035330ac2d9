//! The throw-away server starts, answers, and is gone with its folder however its owner ends.
//!
//! An owner that is to be killed is this test binary once more: [`owner`] does nothing unless a variable asks it to.

#![expect(clippy::unwrap_used, reason = "in tests it is fine; clippy.toml knows only functions marked as such")]

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;
use tenantctl::error::{Exit, Refusal};
use tenantctl::server::{BIN_VARIABLE, Server, ServerOptions};

const OWNER: &str = "TEST_SERVER_OWNER";

async fn ask(url: &str, question: &str) -> Result<String, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    let answering = tokio::spawn(connection);
    let answer = client.query_one(question, &[]).await.map(|row| row.get(0));
    drop(client);
    answering.await.unwrap()?;
    answer
}

#[tokio::test]
async fn it_answers_and_is_gone_with_its_folder() {
    let server = Server::start(&ServerOptions::default()).unwrap();
    let (port, folder) = (server.port(), server.folder().to_owned());
    assert_eq!(server.url("postgres"), format!("postgresql://postgres@127.0.0.1:{port}/postgres"));
    assert!(ask(&server.url("postgres"), "select version()").await.unwrap().starts_with("PostgreSQL "));
    assert_eq!(ask(&server.url("postgres"), "select upper('ñ')").await.unwrap(), "Ñ", "letters beyond ASCII");
    let said = "select concat_ws(' ', current_setting('fsync'), current_setting('timezone'), \
                current_setting('server_encoding'), current_setting('max_connections'))";
    assert_eq!(ask(&server.url("postgres"), said).await.unwrap(), "off UTC UTF8 200");
    drop(server);
    assert_gone(port, &folder);
}

#[tokio::test]
async fn an_open_connection_does_not_hold_it_up() {
    let server = Server::start(&ServerOptions::default()).unwrap();
    let (port, folder) = (server.port(), server.folder().to_owned());
    let (client, connection) = tokio_postgres::connect(&server.url("postgres"), tokio_postgres::NoTls).await.unwrap();
    let answering = tokio::spawn(connection);
    client.batch_execute("begin; create table t (id int)").await.unwrap();
    let start = Instant::now();
    server.stop().unwrap();
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_gone(port, &folder);
    let _ = answering.await.unwrap(); // the connection was cut
}

#[tokio::test]
async fn settings_reach_the_server() {
    let odd = r"it's C:\new";
    let settings = vec![("wal_level".into(), "logical".into()), ("cluster_name".into(), odd.into())];
    let server = Server::start(&ServerOptions { settings, ..ServerOptions::default() }).unwrap();
    assert_eq!(ask(&server.url("postgres"), "show wal_level").await.unwrap(), "logical");
    assert_eq!(ask(&server.url("postgres"), "show cluster_name").await.unwrap(), odd);
}

#[tokio::test]
async fn a_password_is_asked_for_and_a_wrong_one_refused() {
    let password = Some("p@ss/w:örd '".to_owned());
    let server = Server::start(&ServerOptions { password, ..ServerOptions::default() }).unwrap();
    assert_eq!(ask(&server.url("postgres"), "select current_user::text").await.unwrap(), "postgres");
    let wrong = format!("postgresql://postgres:wrong@127.0.0.1:{}/postgres", server.port());
    let refused = ask(&wrong, "select ''").await.unwrap_err();
    assert_eq!(refused.code().unwrap().code(), "28P01");
    assert!(!server.folder().join("password").exists(), "the password lies open in the server's folder");
}

#[tokio::test]
async fn two_servers_do_not_know_each_other() {
    let first = Server::start(&ServerOptions::default()).unwrap();
    let second = Server::start(&ServerOptions::default()).unwrap();
    let (port, folder) = (first.port(), first.folder().to_owned());
    drop(first);
    assert_gone(port, &folder);
    assert_eq!(ask(&second.url("postgres"), "select 'still here'").await.unwrap(), "still here");
}

#[tokio::test]
async fn a_kept_server_stays_until_a_person_stops_it() {
    let server = Server::start(&ServerOptions { keep: true, ..ServerOptions::default() }).unwrap();
    let (port, folder, url) = (server.port(), server.folder().to_owned(), server.url("postgres"));
    let stop_command = server.stop_command();
    drop(server);
    assert_eq!(ask(&url, "select 'kept'").await.unwrap(), "kept");
    let output = Command::new("sh").args(["-c", &stop_command]).output().unwrap();
    assert!(output.status.success(), "{stop_command}: {}", String::from_utf8_lossy(&output.stderr));
    assert_gone(port, &folder);
}

#[test]
fn a_kept_server_can_be_stopped_by_its_owner() {
    let server = Server::start(&ServerOptions { keep: true, ..ServerOptions::default() }).unwrap();
    let (port, folder) = (server.port(), server.folder().to_owned());
    server.stop().unwrap();
    assert_gone(port, &folder);
}

#[test]
fn a_server_that_does_not_start_says_why_in_its_own_words() {
    let settings = vec![("no_such_setting".into(), "1".into())];
    let error = Server::start(&ServerOptions { settings, ..ServerOptions::default() }).unwrap_err();
    let chain: Vec<String> = error.chain().map(ToString::to_string).collect();
    assert_eq!(chain[0], "the throw-away PostgreSQL server did not start");
    assert!(chain[1].contains("unrecognized configuration parameter \"no_such_setting\""), "{chain:?}");
}

#[test]
fn a_named_folder_without_the_programs_is_refused() {
    let empty = tempfile::tempdir().unwrap();
    let bin = Some(empty.path().to_owned());
    let error = Server::start(&ServerOptions { bin, ..ServerOptions::default() }).unwrap_err();
    let refusal = error.downcast_ref::<Refusal>().unwrap();
    assert!(refusal.message.contains(empty.path().to_str().unwrap()), "{}", refusal.message);
    assert_eq!(refusal.because.as_deref(), Some("initdb, postgres, pg_ctl missing there"));
    assert!(refusal.hint.as_deref().unwrap().contains(BIN_VARIABLE));
    assert_eq!(refusal.exit, Exit::Refused);
}

#[test]
fn the_variable_is_taken_at_its_word() {
    let empty = tempfile::tempdir().unwrap();
    let told = Owner::spawn("start", |command| command.env(BIN_VARIABLE, empty.path())).told();
    let refusal = format!("refused: no PostgreSQL server programs in `{}`", empty.path().display());
    assert_eq!(told, [refusal]);
}

#[test]
fn an_owner_that_is_killed_leaves_nothing() {
    let mut owner = Owner::spawn("two", |command| command);
    let servers = [owner.server(), owner.server()];
    for (port, folder) in &servers {
        assert!(TcpStream::connect(("127.0.0.1", *port)).is_ok(), "the server was never there");
        assert!(folder.is_dir());
    }
    owner.child.kill().unwrap();
    owner.child.wait().unwrap();
    for (port, folder) in &servers {
        assert_gone_within(Duration::from_secs(5), *port, folder);
    }
}

#[test]
fn control_c_ends_the_owner_and_the_server_after_it() {
    let mut owner = Owner::spawn("start", |command| command.process_group(0));
    let (port, folder) = owner.server();
    kill_process_group(Pid::from_child(&owner.child), Signal::INT).unwrap(); // what the terminal does
    // Not where the suite itself was begun with SIGINT ignored, as a shell does in the background: then it says so.
    soon("Control-C ends the owner", Duration::from_secs(30), || owner.child.try_wait().unwrap());
    assert_gone_within(Duration::from_secs(5), port, &folder);
}

#[test]
fn an_owner_that_is_killed_in_initdb_leaves_nothing() {
    let place = open_folder();
    let mut owner = Owner::spawn("start", |command| command.env("TMPDIR", place.path()));
    let folder = soon("initdb begins", Duration::from_secs(5), || {
        let entry = fs::read_dir(place.path()).unwrap().next()?.unwrap().path();
        entry.join("data/base").is_dir().then_some(entry)
    });
    owner.child.kill().unwrap();
    owner.child.wait().unwrap();
    soon("initdb and its folder are gone", Duration::from_secs(15), || {
        (!folder.exists() && processes_of(&folder).is_empty()).then_some(())
    });
}

#[test]
#[cfg(target_os = "linux")] // finds the watchdog by /proc
fn without_its_watchdog_the_owner_still_leaves_nothing() {
    let server = Server::start(&ServerOptions::default()).unwrap();
    let (port, folder) = (server.port(), server.folder().to_owned());
    let watchdog = processes_of(&folder).into_iter().find(|(_, line)| line.contains("tenantctl-watchdog")).unwrap().0;
    rustix::process::kill_process(Pid::from_raw(watchdog).unwrap(), Signal::KILL).unwrap();
    server.stop().unwrap();
    assert_gone(port, &folder);
}

#[test]
fn a_failed_start_leaves_nothing() {
    let place = open_folder();
    let told = Owner::spawn("fail", |command| command.env("TMPDIR", place.path())).told();
    assert_eq!(told, ["failed: the throw-away PostgreSQL server did not start"]);
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
}

#[test]
fn a_temporary_folder_closed_to_others_does_not_stop_it() {
    let closed = tempfile::tempdir().unwrap(); // mode 0700; only root needs to look elsewhere
    let mut owner = Owner::spawn("start", |command| command.env("TMPDIR", closed.path()));
    let (port, folder) = owner.server();
    drop(owner);
    assert_gone_within(Duration::from_secs(5), port, &folder);
}

#[test]
fn the_settings_of_the_person_at_the_keyboard_do_not_reach_it() {
    let mut owner = Owner::spawn("start", |command| {
        command.env("PGDATA", "/nowhere").env("PGPORT", "1").env("LC_ALL", "xx_XX").env("TZ", "Nowhere/Town")
    });
    let (port, _) = owner.server();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_ok());
}

/// No test of its own: the process that the tests above kill.
#[test]
fn owner() {
    let Ok(deed) = std::env::var(OWNER) else { return };
    let count = if deed == "two" { 2 } else { 1 };
    let settings = if deed == "fail" { vec![("no_such_setting".into(), "1".into())] } else { Vec::new() };
    let options = ServerOptions { settings, ..ServerOptions::default() };
    let mut servers = Vec::new();
    for _ in 0..count {
        match Server::start(&options) {
            Ok(server) => {
                println!("told server {} {}", server.port(), server.folder().display());
                servers.push(server);
            }
            Err(error) if error.is::<Refusal>() => return println!("told refused: {error}"),
            Err(error) => return println!("told failed: {error}"),
        }
    }
    loop {
        thread::park();
    }
}

struct Owner {
    child: Child,
    lines: Box<dyn Iterator<Item = String>>,
}

impl Owner {
    fn spawn(deed: &str, with: impl FnOnce(&mut Command) -> &mut Command) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "owner", "--nocapture"]).env(OWNER, deed).stdout(Stdio::piped());
        let mut child = with(&mut command).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // the test harness writes around it, also on the same line
        let told = lines.map_while(Result::ok).filter_map(|line| Some(line.split_once("told ")?.1.to_owned()));
        Self { child, lines: Box::new(told) }
    }

    fn server(&mut self) -> (u16, PathBuf) {
        let line = self.lines.next().expect("the owner ended without a server");
        let words: Vec<&str> = line.split(' ').collect();
        let ["server", port, folder] = words[..] else { panic!("the owner said {line:?}") };
        (port.parse().unwrap(), PathBuf::from(folder))
    }

    fn told(mut self) -> Vec<String> {
        self.lines.by_ref().collect()
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder as open as /tmp, so that root's server goes there too.
fn open_folder() -> TempDir {
    let place = tempfile::tempdir().unwrap();
    fs::set_permissions(place.path(), Permissions::from_mode(0o1777)).unwrap();
    place
}

fn soon<T>(what: &str, within: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(start.elapsed() < within, "{what}: not within {within:?}");
        thread::sleep(Duration::from_millis(10));
    }
}

fn assert_gone(port: u16, folder: &Path) {
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "something still listens on {port}");
    assert!(!folder.exists(), "{} is still there", folder.display());
    assert_eq!(processes_of(folder), []);
}

fn assert_gone_within(within: Duration, port: u16, folder: &Path) {
    soon("the server and its folder are gone", within, || {
        let gone =
            TcpStream::connect(("127.0.0.1", port)).is_err() && !folder.exists() && processes_of(folder).is_empty();
        gone.then_some(())
    });
}

/// Processes whose command line names the folder, with it; an ended one that nobody has reaped has none.
fn processes_of(folder: &Path) -> Vec<(i32, String)> {
    let folder = folder.to_str().unwrap();
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() }; // no Linux: port and folder must do
    let processes = entries.flatten().filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        Some((pid, String::from_utf8_lossy(&fs::read(entry.path().join("cmdline")).ok()?).into_owned()))
    });
    processes.filter(|(_, line)| line.contains(folder)).collect()
}
