//! The throw-away PostgreSQL server of `tenantctl demo` and of the tests.
//!
//! Finds the server programs, makes a cluster in a temporary folder, starts it on a free port of 127.0.0.1, and leaves
//! nothing behind however its owner ends. Speaks to no database: `pg/session` connects to [`Server::url`].

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fmt, thread};

use anyhow::{Context as _, anyhow, bail};
use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;

use crate::error::Refusal;

/// The database superuser of the throw-away server.
pub const SUPERUSER: &str = "postgres";

/// The variable that names the folder of the server programs.
pub const BIN_VARIABLE: &str = "TENANTCTL_PG_BIN";

const START_TIMEOUT: Duration = Duration::from_secs(30);
const START_POLL: Duration = Duration::from_millis(5);
/// Between choosing a port and binding it somebody else may take it.
const PORT_TRIES: usize = 5;
const LOG_TAIL_LINES: usize = 12;

/// The rows are thrown away with the server, so nothing is made safe against a crash of the machine.
const SETTINGS: &[(&str, &str)] = &[
    ("fsync", "off"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
    ("max_connections", "200"),
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
    ("lc_messages", "C"),
];

/// Runs beside the server as the server's user, so it can hurt nobody else's process or file. Reads the process to
/// end (an empty line: none); the end of its input means that the owner is gone, or wants the server gone. It waits
/// for `postmaster.pid` too and not for the process alone: where PID 1 reaps nobody, and while we live, an ended
/// process stays visible.
const WATCHDOG: &str = r#"
trap '' HUP INT QUIT TERM
pid=
while read -r line; do
  [ "$line" = keep ] && exit 0
  pid=$line
done
alive() { [ -e "$1/data/postmaster.pid" ] && kill -s 0 -- "-$pid" 2>/dev/null; }
if [ -n "$pid" ]; then
  kill -s QUIT -- "-$pid" 2>/dev/null
  tries=0
  while alive "$1" && [ "$tries" -lt 100 ]; do sleep 0.05; tries=$((tries + 1)); done
  alive "$1" && kill -s KILL -- "-$pid" 2>/dev/null
fi
tries=0
until rm -rf -- "$1" 2>/dev/null || [ "$tries" -ge 50 ]; do sleep 0.1; tries=$((tries + 1)); done
"#;

/// What a server shall be like. The default: found by itself, trusting every local user, gone with its owner.
#[derive(Clone, Default)]
pub struct ServerOptions {
    /// The folder of `initdb`, `postgres` and `pg_ctl`; none: `TENANTCTL_PG_BIN`, then the usual places.
    pub bin: Option<PathBuf>,
    /// Settings beyond ours, as in `postgresql.conf`; a later one wins, the port and the address are ours.
    pub settings: Vec<(String, String)>,
    /// Let the server outlive its owner; [`Server::stop_command`] tells a person how to end it.
    pub keep: bool,
    /// The superuser's password, asked for by scram-sha-256. None: everyone on this machine is trusted, and so could
    /// run programs as the server's user.
    pub password: Option<String>,
}

impl fmt::Debug for ServerOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerOptions")
            .field("bin", &self.bin)
            .field("settings", &self.settings)
            .field("keep", &self.keep)
            .field("password", &self.password.as_ref().map(|_| "***"))
            .finish()
    }
}

/// A running server. Dropping it stops it and removes its folder, unless it is to be kept.
pub struct Server {
    programs: Programs,
    account: Option<Account>,
    folder: TempDir,
    port: u16,
    password: Option<String>,
    postgres: Option<Child>,
    watchdog: Option<Watchdog>,
    keep: bool,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("folder", &self.folder.path()).field("port", &self.port).finish_non_exhaustive()
    }
}

impl Server {
    /// Makes a cluster and starts it; returns when it takes connections, usually within a second.
    ///
    /// # Errors
    /// A [`Refusal`] where the server programs, a user to run them as, or a folder for that user are missing; an error
    /// with the last lines of the server's own words where it does not start.
    pub fn start(options: &ServerOptions) -> anyhow::Result<Self> {
        let programs = Programs::find(options.bin.as_deref())?;
        let account = Account::to_run_as()?;
        let folder = tempfile::Builder::new()
            .prefix("tenantctl-server-")
            .tempdir_in(base_folder(account.as_ref())?)
            .context("making a folder for the throw-away server")?;
        if let Some(account) = &account {
            chown(folder.path(), Some(account.uid), Some(account.gid))
                .with_context(|| format!("giving {} to user {}", folder.path().display(), account.name))?;
        }
        let watchdog = Watchdog::start(folder.path(), account.as_ref())?;
        // From here on dropping the value cleans up, also after an error halfway.
        let mut server = Self {
            programs,
            account,
            folder,
            port: 0,
            password: options.password.clone(),
            postgres: None,
            watchdog: Some(watchdog),
            keep: false,
        };
        server.init()?;
        server.run(&options.settings)?;
        if options.keep {
            server.release()?;
        }
        Ok(server)
    }

    /// Where a database of this server is: `postgresql://postgres@127.0.0.1:PORT/DATABASE`, with the password if any.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let password = self.password.as_deref().map(|it| format!(":{}", percent_encoded(it))).unwrap_or_default();
        format!("postgresql://{SUPERUSER}{password}@127.0.0.1:{}/{}", self.port, percent_encoded(database))
    }

    /// The TCP port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder that holds the cluster (`data`) and the server's log (`server.log`).
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The shell command by which a person ends a server that was kept, and removes its folder.
    #[must_use]
    pub fn stop_command(&self) -> String {
        let pg_ctl = self.programs.path("pg_ctl");
        let stop = format!("{} -D {} -m fast stop", shell_quoted(&pg_ctl), shell_quoted(&self.data()));
        let stop = match &self.account {
            // pg_ctl refuses root just as the server does; `-s`, because `nobody` has no shell of its own
            Some(account) => format!("su {} -s /bin/sh -c {}", account.name, shell_quoted(Path::new(&stop))),
            None => stop,
        };
        format!("{stop} && rm -rf {}", shell_quoted(self.folder()))
    }

    /// Stops the server, also one that was to be kept, and removes its folder.
    ///
    /// # Errors
    /// Where the server cannot be signalled or its folder stays.
    pub fn stop(mut self) -> anyhow::Result<()> {
        self.end()
    }

    fn data(&self) -> PathBuf {
        self.folder().join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder().join("server.log")
    }

    /// initdb. `C.UTF-8` sorts by code point and knows letters beyond ASCII; where the system lacks it, `C` does.
    fn init(&mut self) -> anyhow::Result<()> {
        let said = match self.init_with("C.UTF-8")? {
            Some(said) if said.contains("locale") => self.init_with("C")?,
            said => said,
        };
        match said {
            None => Ok(()),
            Some(said) => Err(anyhow!(last_lines(&said)).context("initdb failed")),
        }
    }

    /// What initdb said if it failed.
    fn init_with(&mut self, locale: &str) -> anyhow::Result<Option<String>> {
        let mut initdb = self.command("initdb");
        initdb.args(["--no-sync", "--encoding=UTF8", "--username", SUPERUSER, "--locale", locale, "--pgdata"]);
        initdb.arg(self.data());
        let password_file = self.folder().join("password");
        match &self.password {
            None => initdb.arg("--auth=trust"),
            Some(password) => {
                self.write_private(&password_file, password)?;
                initdb.arg("--auth=scram-sha-256").arg("--pwfile").arg(&password_file)
            }
        };
        let said = File::create(self.log())?;
        initdb.stdout(said.try_clone()?).stderr(said);
        let mut child = self.spawn(&mut initdb)?;
        let status = child.wait().context("waiting for initdb")?;
        self.watch(None)?;
        if self.password.is_some() {
            fs::remove_file(&password_file)?;
        }
        if status.success() { Ok(None) } else { Ok(Some(self.log_text())) }
    }

    fn run(&mut self, settings: &[(String, String)]) -> anyhow::Result<()> {
        for _ in 0..PORT_TRIES {
            self.port = free_port()?;
            self.write_settings(settings)?;
            let mut postgres = self.command("postgres");
            postgres.arg("-D").arg(self.data());
            let log = File::create(self.log())?;
            postgres.stdout(log.try_clone()?).stderr(log);
            let mut child = self.spawn(&mut postgres)?;
            match self.wait_until_ready(&mut child) {
                Ok(true) => {
                    self.postgres = Some(child);
                    return Ok(());
                }
                Ok(false) if self.log_text().contains("could not bind") => {}
                Ok(false) => break,
                Err(error) => {
                    self.postgres = Some(child); // for `end`
                    return Err(error);
                }
            }
        }
        Err(anyhow!(last_lines(&self.log_text())).context("the throw-away PostgreSQL server did not start"))
    }

    /// Whether it is ready; false where it ended.
    fn wait_until_ready(&mut self, child: &mut Child) -> anyhow::Result<bool> {
        let start = Instant::now();
        let pid_file = self.data().join("postmaster.pid");
        loop {
            // line 8 is the server's state, written for pg_ctl
            let text = fs::read_to_string(&pid_file).unwrap_or_default();
            if text.lines().nth(7).is_some_and(|state| state.trim_end() == "ready") {
                return Ok(true);
            }
            if child.try_wait()?.is_some() {
                self.watch(None)?;
                return Ok(false);
            }
            if start.elapsed() > START_TIMEOUT {
                let message = format!("the throw-away PostgreSQL server is not ready after {START_TIMEOUT:?}");
                return Err(anyhow!(last_lines(&self.log_text())).context(message));
            }
            thread::sleep(START_POLL);
        }
    }

    /// In the file and not on the command line, so that a kept server can be restarted by `pg_ctl`. Ours come first
    /// and may be overruled, but for where the server listens. A socket's path has at most 107 bytes on Linux and 103
    /// on macOS, whose temporary folders are long.
    fn write_settings(&self, settings: &[(String, String)]) -> anyhow::Result<()> {
        let folder = self.folder().to_string_lossy().into_owned();
        let sockets = if folder.len() > 80 { "" } else { &folder };
        let port = self.port.to_string();
        let listen = [("unix_socket_directories", sockets), ("listen_addresses", "127.0.0.1"), ("port", &port)];
        let asked = settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let mut text = String::from("\n# tenantctl\n");
        for (name, value) in SETTINGS.iter().copied().chain(asked).chain(listen) {
            let value = value.replace('\\', "\\\\").replace('\'', "''").replace('\n', "\\n");
            text.push_str(&format!("{name} = '{value}'\n"));
        }
        let file = self.data().join("postgresql.conf");
        let mut file = File::options().append(true).open(file).context("opening the server's settings")?;
        file.write_all(text.as_bytes()).context("writing the server's settings")
    }

    /// A server program, in a folder that its user may enter, deaf to the settings of the person at the keyboard, in a
    /// process group of its own that Ctrl-C does not reach.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.path(program));
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            let secret = text == "DATABASE_URL" || text.starts_with("TENANTCTL_"); // no need to know
            if secret || text.starts_with("PG") || text.starts_with("LC_") || text.starts_with("LANG") {
                command.env_remove(&name);
            }
        }
        command.env("LC_ALL", "C").env("TZ", "UTC").current_dir(self.folder()).stdin(Stdio::null());
        run_as(&mut command, self.account.as_ref());
        command
    }

    fn spawn(&mut self, command: &mut Command) -> anyhow::Result<Child> {
        let child = command.spawn().with_context(|| {
            let user = self.account.as_ref().map(|it| format!(" as user {}", it.name)).unwrap_or_default();
            format!("running {}{user}", command.get_program().to_string_lossy())
        })?;
        self.watch(Some(child.id()))?;
        Ok(child)
    }

    fn watch(&mut self, pid: Option<u32>) -> anyhow::Result<()> {
        match &mut self.watchdog {
            Some(watchdog) => watchdog.tell(&pid.map(|pid| pid.to_string()).unwrap_or_default()),
            None => Ok(()),
        }
    }

    /// Nobody watches any more; the server stays.
    fn release(&mut self) -> anyhow::Result<()> {
        if let Some(mut watchdog) = self.watchdog.take() {
            watchdog.tell("keep")?;
            watchdog.end();
        }
        self.folder.disable_cleanup(true);
        self.keep = true;
        Ok(())
    }

    /// Writes a file that the server's user alone can read, such as the key of its certificate.
    ///
    /// # Errors
    /// Where the file cannot be written or given to that user.
    pub fn write_private(&self, path: &Path, text: &str) -> anyhow::Result<()> {
        let mut file = File::create_new(path).or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => File::options().write(true).truncate(true).open(path),
            _ => Err(error),
        })?;
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
        if let Some(account) = &self.account {
            chown(path, Some(account.uid), Some(account.gid))?;
        }
        Ok(file.write_all(text.as_bytes())?)
    }

    fn log_text(&self) -> String {
        fs::read(self.log()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// The same road as after a kill -9 of the owner: the watchdog does it. What it left (it was killed itself, or
    /// the server was to be kept) is done here.
    fn end(&mut self) -> anyhow::Result<()> {
        if let Some(mut watchdog) = self.watchdog.take() {
            watchdog.end();
        }
        if let Some(mut postgres) = self.postgres.take() {
            if postgres.try_wait()?.is_none() {
                kill_process(Pid::from_child(&postgres), Signal::QUIT).context("stopping the throw-away server")?;
            }
            postgres.wait()?;
        }
        match fs::remove_dir_all(self.folder()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("removing {}", self.folder().display()))
            }
            _ => Ok(()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !self.keep {
            // An error here has nobody to be told to; who wants to know calls `stop`.
            let _ = self.end();
        }
    }
}

/// The shell on a pipe: it reads [`WATCHDOG`]'s lines from us. The write end is close-on-exec, as all of std's pipes,
/// so neither the server nor any other child holds it open after us.
struct Watchdog {
    shell: Child,
    pipe: Option<ChildStdin>,
}

impl Watchdog {
    fn start(folder: &Path, account: Option<&Account>) -> anyhow::Result<Self> {
        let mut command = Command::new("/bin/sh");
        command.args([OsStr::new("-c"), OsStr::new(WATCHDOG), OsStr::new("tenantctl-watchdog"), folder.as_os_str()]);
        // Holding our output open would keep the reader of `tenantctl demo | …` waiting.
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).current_dir("/");
        run_as(&mut command, account);
        let mut shell = command.spawn().context("starting the watchdog of the throw-away server")?;
        let pipe = shell.stdin.take();
        Ok(Self { shell, pipe })
    }

    fn tell(&mut self, line: &str) -> anyhow::Result<()> {
        let Some(pipe) = &mut self.pipe else { bail!("the watchdog of the throw-away server has ended") };
        pipe.write_all(format!("{line}\n").as_bytes()).context("speaking to the watchdog of the throw-away server")
    }

    fn end(&mut self) {
        self.pipe = None;
        let _ = self.shell.wait(); // it was ours to wait for; there is no other error
    }
}

/// The folder of the server programs.
struct Programs {
    bin: PathBuf,
}

impl Programs {
    const NEEDED: [&str; 3] = ["initdb", "postgres", "pg_ctl"];

    fn find(bin: Option<&Path>) -> Result<Self, Refusal> {
        let named = env::var_os(BIN_VARIABLE).filter(|it| !it.is_empty()).map(PathBuf::from);
        // A folder that somebody named is taken or refused: another version than the one asked for would be a lie.
        if let Some(bin) = bin.map(Path::to_owned).or(named) {
            let missing = Self::missing(&bin);
            if !missing.is_empty() {
                return Err(Refusal::new(format!("no PostgreSQL server programs in `{}`", bin.display()))
                    .because(format!("{} missing there", missing.join(", ")))
                    .hint(format!("let {BIN_VARIABLE} name the folder of initdb, or leave it unset")));
            }
            return Ok(Self { bin });
        }
        Self::first_of(Self::usual_places())
    }

    fn first_of(places: Vec<PathBuf>) -> Result<Self, Refusal> {
        let found = places.into_iter().find(|bin| Self::missing(bin).is_empty());
        found.map(|bin| Self { bin }).ok_or_else(|| {
            Refusal::new("no PostgreSQL server programs on this machine")
                .because("neither pg_config, PATH nor the distributions' folders lead to initdb, postgres and pg_ctl")
                .hint(
                    "apt-get install -y postgresql (Fedora: dnf install -y postgresql-server; \
                     macOS: brew install postgresql@17)",
                )
        })
    }

    fn path(&self, program: &str) -> PathBuf {
        self.bin.join(program)
    }

    fn missing(bin: &Path) -> Vec<&'static str> {
        Self::NEEDED.into_iter().filter(|program| !bin.join(program).is_file()).collect()
    }

    fn usual_places() -> Vec<PathBuf> {
        let mut places = Vec::new();
        if let Ok(output) = Command::new("pg_config").arg("--bindir").stderr(Stdio::null()).output() {
            places.push(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
        }
        places.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
        places.extend(newest_first("/usr/lib/postgresql", ""));
        places.extend(newest_first("/usr", "pgsql-"));
        places.extend(newest_first("/opt/homebrew/opt", "postgresql"));
        places.extend(newest_first("/usr/local/opt", "postgresql"));
        places
    }
}

/// `parent/PREFIX…/bin`, the highest version in front.
fn newest_first(parent: &str, prefix: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else { return Vec::new() };
    let mut found: Vec<(u32, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let rest = name.strip_prefix(prefix)?.trim_start_matches('@');
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            Some((digits.parse().unwrap_or(0), entry.path().join("bin")))
        })
        .collect();
    found.sort();
    found.into_iter().rev().map(|(_, bin)| bin).collect()
}

/// The operating system's user of the server. PostgreSQL refuses root.
struct Account {
    name: &'static str,
    uid: u32,
    gid: u32,
}

impl Account {
    /// None: the user that we are.
    fn to_run_as() -> Result<Option<Self>, Refusal> {
        if !geteuid().is_root() {
            return Ok(None);
        }
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let account = Self::named("postgres", &users).or_else(|| Self::named("nobody", &users));
        account.map(Some).ok_or_else(|| {
            Refusal::new("no user to run the throw-away server as")
                .because("PostgreSQL refuses root, and /etc/passwd has neither postgres nor nobody")
                .hint("run tenantctl as another user than root")
        })
    }

    fn named(name: &'static str, users: &str) -> Option<Self> {
        users.lines().find_map(|line| {
            let mut fields = line.strip_prefix(name)?.strip_prefix(':')?.split(':').skip(1);
            let uid = fields.next()?.parse().ok().filter(|uid| *uid != 0)?;
            Some(Self { name, uid, gid: fields.next()?.parse().ok()? })
        })
    }
}

fn run_as(command: &mut Command, account: Option<&Account>) {
    command.process_group(0);
    if let Some(account) = account {
        command.uid(account.uid).gid(account.gid);
    }
}

/// The temporary folder, or the system's own where root's (`TMPDIR=/root/tmp`) is closed to the server's user. The
/// watchdog runs as that user and removes its folder there, so that user must be able to write.
fn base_folder(account: Option<&Account>) -> Result<PathBuf, Refusal> {
    let own = env::temp_dir();
    let Some(account) = account else { return Ok(own) };
    let bits = |path: &Path| fs::metadata(path).map(|it| it.permissions().mode()).unwrap_or(0);
    let open = |path: &PathBuf| bits(path) & 0o003 == 0o003 && path.ancestors().all(|it| bits(it) & 0o001 != 0);
    let mut candidates = [own, PathBuf::from("/tmp"), PathBuf::from("/var/tmp")].into_iter();
    candidates.find_map(|path| path.canonicalize().ok().filter(open)).ok_or_else(|| {
        Refusal::new(format!("no folder in which user {} may run the throw-away server", account.name))
            .hint("let TMPDIR name a folder that every user may write to, as /tmp usually is")
    })
}

fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("looking for a free port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    if lines.is_empty() {
        return String::from("it wrote nothing to its log");
    }
    lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n")
}

fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
        encoded
    })
}

/// For a person's shell.
fn shell_quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-@".contains(&byte)) {
        return text.into_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_read_from_the_list_of_users() {
        let users = "root:x:0:0:root:/root:/bin/sh\npostgresql:x:9:9::/:\npostgres:x:101:104:,,,:/var/lib:/bin/bash\n";
        let account = Account::named("postgres", users).unwrap();
        assert_eq!((account.uid, account.gid), (101, 104));
        assert!(Account::named("root", users).is_none());
        assert!(Account::named("nobody", users).is_none());
    }

    #[test]
    fn the_newest_version_comes_first() {
        let parent = tempfile::tempdir().unwrap();
        for name in ["postgresql@9", "postgresql@17", "postgresql", "mysql"] {
            fs::create_dir(parent.path().join(name)).unwrap();
        }
        let found = newest_first(parent.path().to_str().unwrap(), "postgresql");
        let names: Vec<&str> =
            found.iter().map(|it| it.parent().unwrap().file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["postgresql@17", "postgresql@9", "postgresql"]);
    }

    #[test]
    fn a_machine_without_a_server_is_told_how_to_get_one() {
        let client_only = tempfile::tempdir().unwrap();
        File::create(client_only.path().join("initdb")).unwrap();
        let refusal = Programs::first_of(vec![client_only.path().to_owned()]).err().unwrap();
        assert!(refusal.hint.unwrap().starts_with("apt-get install -y postgresql "));
    }

    #[test]
    fn odd_characters_survive_the_url_and_the_shell() {
        assert_eq!(percent_encoded("p@ss/w:ö rd"), "p%40ss%2Fw%3A%C3%B6%20rd");
        assert_eq!(shell_quoted(Path::new("/tmp/it's here")), r"'/tmp/it'\''s here'");
    }

    #[test]
    fn debug_keeps_the_password() {
        let options = ServerOptions { password: Some("geheim".to_owned()), ..ServerOptions::default() };
        assert!(!format!("{options:?}").contains("geheim"));
    }
}
