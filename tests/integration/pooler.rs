//! Through a real PgBouncer: a pooler that swallows what we ask of a session, or hands one session to two clients, is
//! refused before anything is looked at or made.

use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::app::three_stores;
use crate::running::eventually;
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

    fn run(&self, town: &Town, words: &[&str]) -> Ran {
        let mut command = town.command(words);
        command.env("DATABASE_URL", format!("postgresql://postgres@127.0.0.1:{}/{}", self.port, town.database));
        finish(command)
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
                .says("a pooler in between may swallow")
                .says("connect to PostgreSQL itself, or through a pooler in session mode");
        }
    }
    assert!(!town.has_schema("tenantctl"), "the journal was made through a pooler");
}
