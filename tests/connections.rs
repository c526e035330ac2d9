//! Connections as libpq users expect them: the real binary against real servers with a private certificate authority.
//!
//! A server of its own for each kind of certificate. The role `app` is let in only over TLS (but for the tests that say
//! otherwise); the tests' own connections are the superuser's, without TLS.

#![expect(clippy::unwrap_used, reason = "in tests it is fine; clippy.toml knows only functions marked as such")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, date_time_ymd,
};
use tempfile::TempDir;
use tenantctl::server::{Server, ServerOptions};
use tokio_postgres::{NoTls, SimpleQueryMessage};

// ---- the authority and its certificates -----------------------------------------------------------------------------

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate and its key, as PEM.
struct Signed {
    certificate: String,
    key: String,
}

fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, "db.test");
    params
}

fn sign(params: &CertificateParams, authority: &Authority) -> Signed {
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    Signed { certificate: certificate.pem(), key: key.serialize_pem() }
}

fn self_signed(params: &CertificateParams) -> Signed {
    let key = KeyPair::generate().unwrap();
    Signed { certificate: params.self_signed(&key).unwrap().pem(), key: key.serialize_pem() }
}

// ---- a server, and the binary to run against it ---------------------------------------------------------------------

const APP_OVER_TLS: &str = "hostssl all app 127.0.0.1/32 scram-sha-256\n";

struct House {
    server: Server,
    folder: TempDir,
}

struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Ran {
    #[track_caller]
    fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    fn says(self, text: &str) -> Self {
        let all = format!("{}{}", self.stdout, self.stderr);
        assert!(all.contains(text), "`{text}` is not in\n{all}");
        self
    }

    #[track_caller]
    fn keeps_silent_on(self, text: &str) -> Self {
        let all = format!("{}{}", self.stdout, self.stderr);
        assert!(!all.contains(text), "`{text}` is in\n{all}");
        self
    }
}

impl House {
    /// `app_line`: the line of pg_hba.conf for role `app`.
    fn without_tls(app_line: &str) -> Self {
        let server = Server::start(&ServerOptions::default()).unwrap();
        let house = Self { server, folder: tempfile::tempdir().unwrap() };
        house.sql("alter system set password_encryption = 'scram-sha-256'"); // up to 13 the default is md5
        house.sql("select pg_reload_conf()");
        house.wait_for("scram", || house.sql("show password_encryption")[0] == "scram-sha-256");
        house.sql("create role app superuser login password 'secret'; create role admin superuser login");
        let hba = format!("host all postgres 127.0.0.1/32 trust\nlocal all all trust\n{app_line}");
        house.install("pg_hba.conf", &hba);
        house.sql("select pg_reload_conf()");
        house.wait_for("pg_hba.conf", || {
            house.sql("select count(*) from pg_hba_file_rules where user_name = '{app}'")[0] == "1"
        });
        house
    }

    fn with(signed: &Signed, authority: &Authority, app_line: &str) -> Self {
        let house = Self::without_tls(app_line);
        house.install("own.crt", &signed.certificate);
        house.install("own.key", &signed.key);
        house.install("clients.crt", &authority.pem());
        for setting in
            ["ssl_cert_file = 'own.crt'", "ssl_key_file = 'own.key'", "ssl_ca_file = 'clients.crt'", "ssl = on"]
        {
            house.sql(&format!("alter system set {setting}"));
        }
        house.sql("select pg_reload_conf()");
        // A new connection shows what the postmaster itself has loaded.
        house.wait_for("TLS", || house.sql("show ssl")[0] == "on");
        house.write("ca.pem", &authority.pem());
        house
    }

    #[track_caller]
    fn wait_for(&self, what: &str, mut done: impl FnMut() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !done() {
            assert!(Instant::now() < deadline, "{what} did not come");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// A file in the server's data folder, its user's own.
    fn install(&self, name: &str, text: &str) {
        self.server.write_private(&self.server.folder().join("data").join(name), text).unwrap();
    }

    /// A file beside the binary; nobody else may read it.
    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    /// The first column of the last statement's rows.
    fn sql(&self, sql: &str) -> Vec<String> {
        self.sql_in("postgres", sql)
    }

    fn sql_in(&self, database: &str, sql: &str) -> Vec<String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&self.server.url(database), NoTls).await.unwrap();
            tokio::spawn(connection);
            let messages = client.simple_query(sql).await.unwrap_or_else(|error| panic!("{sql}\n{error:?}"));
            let rows = messages.into_iter().filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or_default().to_owned()),
                _ => None,
            });
            rows.collect()
        })
    }

    /// `host=db.test hostaddr=127.0.0.1 …`, as role `app` without a password.
    fn bare(&self, more: &str) -> String {
        format!("host=db.test hostaddr=127.0.0.1 port={} user=app dbname=postgres {more}", self.server.port())
    }

    /// The same with the password.
    fn string(&self, more: &str) -> String {
        self.bare(&format!("password=secret {more}"))
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenantctl"));
        command.args(words).current_dir(self.folder.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars() {
            let ours = name.starts_with("PG") || name.starts_with("TENANTCTL_") || name.starts_with("SSL_");
            if ours || matches!(name.as_str(), "DATABASE_URL" | "CI" | "NO_COLOR" | "GITHUB_ACTIONS") {
                command.env_remove(name);
            }
        }
        command.env("HOME", self.folder.path()).env("LANG", "C.UTF-8");
        command
    }

    fn status(&self, connection: &str) -> Ran {
        run(self.command(&["status", "-d", connection]))
    }

    /// A shop of three stores in its own database, whose copy waits at its first order until [`House::go_on`]:
    /// store 4 cannot be loaded while somebody holds the advisory lock 99.
    fn with_shop(&self) {
        self.sql("create database shop");
        self.sql_in("shop", include_str!("fixtures/three_stores.sql"));
        self.sql_in(
            "shop",
            "create function public.waits() returns boolean language plpgsql as
             'begin perform pg_catalog.pg_advisory_xact_lock_shared(99); return true; end'",
        );
        self.write("tenantctl.toml", include_str!("fixtures/three_stores.toml"));
        let template = include_str!("fixtures/three_stores_template.sql");
        let number = "number text not null,";
        assert!(template.contains(number));
        let slow = format!("{number} constraint waits check (public.waits()),");
        self.write("store_schema.sql", &template.replacen(number, &slow, 1));
    }
}

fn run(mut command: Command) -> Ran {
    let output = command.output().unwrap();
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn finish(child: Child) -> Ran {
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

// ---- certificates ---------------------------------------------------------------------------------------------------

#[test]
fn a_good_certificate_is_checked_as_much_as_was_asked_for() {
    let authority = authority("Ours");
    let house = House::with(&sign(&params(&["db.test"]), &authority), &authority, APP_OVER_TLS);
    house.write("wrong.pem", &self::authority("Another").pem());

    for good in [
        "sslmode=verify-full sslrootcert=ca.pem",
        "sslmode=verify-ca sslrootcert=ca.pem",
        "sslmode=require sslrootcert=ca.pem",
        "sslmode=prefer",
        "sslmode=allow",
        "",
        "sslmode=verify-full sslrootcert=ca.pem channel_binding=require",
    ] {
        house.status(&house.string(good)).exits(0).says("no journal yet").keeps_silent_on("does not check");
    }
    house.status(&house.string("sslmode=require")).exits(0).says("does not check who answers");
    house.status(&house.string("sslmode=disable")).exits(5).says("no pg_hba.conf entry");

    // the name
    let elsewhere = house.string("sslmode=verify-full sslrootcert=ca.pem").replace("host=db.test", "host=other.test");
    house
        .status(&elsewhere)
        .exits(5)
        .says("the certificate is not for other.test")
        .says("it is for")
        .says("db.test")
        .says("hint: ");
    house.status(&elsewhere.replace("verify-full", "verify-ca")).exits(0);

    // the root
    for mode in ["verify-full", "verify-ca", "require"] {
        let wrong = house.string(&format!("sslmode={mode} sslrootcert=wrong.pem"));
        house
            .status(&wrong)
            .exits(5)
            .says("comes from no trusted root")
            .says("CN=Ours")
            .says("wrong.pem")
            .says("hint: ");
    }
    house
        .status(&house.string("sslmode=verify-full"))
        .exits(5)
        .says("needs root certificates")
        .says("sslrootcert=system");
    house.status(&house.string("sslmode=verify-full sslrootcert=none.pem")).exits(5).says("none.pem (sslrootcert)");
    house.write("empty.pem", "nothing\n");
    house.status(&house.string("sslmode=verify-full sslrootcert=empty.pem")).exits(5).says("has no certificate");

    // the operating system's roots, and the usual place
    let mut system = house.command(&["status", "-d", &house.string("sslrootcert=system")]);
    system.env("SSL_CERT_FILE", house.folder.path().join("ca.pem"));
    run(system).exits(0);
    house.status(&house.string("sslrootcert=system")).exits(5).says("the operating system");
    fs::create_dir(house.folder.path().join(".postgresql")).unwrap();
    house.write(".postgresql/root.crt", &authority.pem());
    house.status(&house.string("sslmode=verify-full")).exits(0);

    // a socket has no TLS to check, and a password that is wrong is told as such
    let socket = format!(
        "host={} port={} user=admin dbname=postgres sslmode=verify-full",
        house.server.folder().display(),
        house.server.port()
    );
    house.status(&socket).exits(0);
    house.status(&house.bare("password=wrong")).exits(5).says("28P01").says("connection string");
    house.status(&house.string("sslmode=require sslnegotiation=direct")).exits(
        match house.sql("show server_version_num")[0].as_str() {
            version if version >= "170000" => 0,
            _ => 5,
        },
    );
}

#[test]
fn an_expired_certificate_is_told_with_its_date() {
    let authority = authority("Ours");
    let mut old = params(&["db.test"]);
    (old.not_before, old.not_after) = (date_time_ymd(2019, 1, 1), date_time_ymd(2020, 2, 29));
    let house = House::with(&sign(&old, &authority), &authority, APP_OVER_TLS);
    let ran = house.status(&house.string("sslmode=verify-ca sslrootcert=ca.pem"));
    ran.exits(5).says("has expired").says("2020-02-29").says("hint: ");
    house.status(&house.string("sslmode=require")).exits(0);
}

#[test]
fn a_self_signed_certificate_is_good_where_it_is_the_root_itself() {
    let mut own = params(&["db.test"]);
    own.is_ca = IsCa::Ca(BasicConstraints::Unconstrained); // as `openssl req -x509` makes it
    let signed = self_signed(&own);
    let house = House::with(&signed, &authority("Clients"), APP_OVER_TLS);
    house.write("server.pem", &signed.certificate);
    let full = house.string("sslmode=verify-full sslrootcert=server.pem");
    house.status(&full).exits(0);
    house.status(&full.replace("host=db.test", "host=other.test")).exits(5).says("is not for other.test");
    house.status(&house.string("sslmode=verify-ca sslrootcert=ca.pem")).exits(5).says("put this very certificate into");
}

#[test]
fn a_self_signed_certificate_that_is_the_root_itself_still_expires() {
    let mut own = params(&["db.test"]);
    own.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    (own.not_before, own.not_after) = (date_time_ymd(2019, 1, 1), date_time_ymd(2020, 2, 29));
    let signed = self_signed(&own);
    let house = House::with(&signed, &authority("Clients"), APP_OVER_TLS);
    house.write("server.pem", &signed.certificate);
    house.status(&house.string("sslmode=verify-ca sslrootcert=server.pem")).exits(5).says("has expired");
}

#[test]
fn a_certificate_without_subject_alt_name_names_no_host() {
    let authority = authority("Ours");
    let house = House::with(&sign(&params(&[]), &authority), &authority, APP_OVER_TLS);
    let ran = house.status(&house.string("sslmode=verify-full sslrootcert=ca.pem"));
    ran.exits(5).says("names no host").says("subjectAltName=DNS:db.test");
    house.status(&house.string("sslmode=verify-ca sslrootcert=ca.pem")).exits(0);
}

#[test]
fn a_client_certificate_is_given_where_the_server_wants_one() {
    let authority = authority("Ours");
    let house =
        House::with(&sign(&params(&["db.test"]), &authority), &authority, "hostssl all app 127.0.0.1/32 cert\n");
    let mut client = CertificateParams::new(vec![]).unwrap();
    client.distinguished_name.push(DnType::CommonName, "app");
    client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let good = sign(&client, &authority);
    house.write("app.crt", &good.certificate);
    let key = house.write("app.key", &good.key);
    let stranger = sign(&client, &self::authority("Another"));
    house.write("stranger.crt", &stranger.certificate);
    house.write("stranger.key", &stranger.key);

    let full = house.bare("sslmode=verify-full sslrootcert=ca.pem");
    house.status(&format!("{full} sslcert=app.crt sslkey=app.key")).exits(0);
    house.status(&full).exits(5).says("certificate");
    house
        .status(&format!("{full} sslcert=stranger.crt sslkey=stranger.key"))
        .exits(5)
        .says("does not accept the client's certificate");
    house.status(&format!("{full} sslcert=app.crt sslkey=stranger.key")).exits(5).says("must belong together");
    house.status(&format!("{full} sslcert=app.crt")).exits(5).says("has no key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    house.status(&format!("{full} sslcert=app.crt sslkey=app.key")).exits(5).says("0644").says("chmod 600");
}

#[test]
fn a_server_without_tls_is_refused_or_taken_as_it_is() {
    let house = House::without_tls("host all app 127.0.0.1/32 scram-sha-256\n");
    house.status(&house.string("sslmode=require")).exits(5).says("the server has no TLS").says("sslmode=disable");
    house.status(&house.string("sslmode=require sslnegotiation=direct")).exits(5).says("sslnegotiation=direct needs");
    for good in ["sslmode=prefer", "sslmode=allow", "sslmode=disable", ""] {
        house.status(&house.string(good)).exits(0);
    }
    house.status(&house.string("channel_binding=require")).exits(5);
}

#[test]
fn a_server_that_wants_no_tls_from_us_is_reached_without() {
    let authority = authority("Ours");
    let signed = sign(&params(&["db.test"]), &authority);
    let house = House::with(&signed, &authority, "hostnossl all app 127.0.0.1/32 scram-sha-256\n");
    house.status(&house.string("sslmode=prefer")).exits(0);
    house.status(&house.string("sslmode=require")).exits(5).says("pg_hba.conf");
    house.status(&house.bare("password=wrong sslmode=prefer")).exits(5);
}

// ---- hosts, services, passwords -------------------------------------------------------------------------------------

/// A port of 127.0.0.1 where nobody listens.
fn dead_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn hosts_are_tried_in_their_order() {
    let house = House::without_tls("host all app 127.0.0.1/32 scram-sha-256\n");
    let (port, dead) = (house.server.port(), dead_port());
    let two = |more: &str| format!("host=127.0.0.1,127.0.0.1 port={dead},{port} user=app dbname=postgres {more}");
    let json = house.command(&["status", "--format", "json", "-d", &two("password=secret")]);
    run(json).exits(0).says(&format!("\"127.0.0.1:{port}/postgres as app\"")); // the one that answered
    house.status(&two("password=secret load_balance_hosts=random")).exits(0);
    for target in ["read-write", "primary", "prefer-standby", "any"] {
        house.status(&two(&format!("password=secret target_session_attrs={target}"))).exits(0);
    }
    for target in ["standby", "read-only"] {
        let ran = house.status(&two(&format!("password=secret target_session_attrs={target}")));
        ran.exits(5).says("it is a primary").says(&format!("127.0.0.1:{dead}")).says("refused");
    }
    house.sql("alter role app set default_transaction_read_only = on");
    house.status(&two("password=secret target_session_attrs=read-write")).exits(5).says("takes no writes");
    house.status(&two("password=secret target_session_attrs=read-only")).exits(0);
    house.sql("alter role app reset default_transaction_read_only");

    // each host has its own line in the password file
    house.write("pass", &format!("127.0.0.1:{dead}:*:*:no\n127.0.0.1:{port}:*:*:secret\n"));
    house.status(&two("passfile=pass")).exits(0);
    let mut by_variable = house.command(&["status", "-d", &two("")]);
    by_variable.env("PGPASSFILE", house.folder.path().join("pass"));
    run(by_variable).exits(0);
    fs::set_permissions(house.folder.path().join("pass"), fs::Permissions::from_mode(0o644)).unwrap();
    house.status(&two("passfile=pass")).exits(5).says("0644").says("chmod 600");

    // a server that says no ends the search, as in libpq
    let backwards = format!("host=127.0.0.1,127.0.0.1 port={port},{dead} user=app dbname=postgres password=wrong");
    house.status(&backwards).exits(5).says("28P01").keeps_silent_on("refused");

    // options of the user's come first, ours win
    let options = "password=secret options='-c work_mem=77MB -c DateStyle=German -c statement_timeout=1'";
    house.status(&two(options)).exits(0);
    house.status(&two("password=secret options='-c nonsense=1'")).exits(5).says("nonsense");
    house.status("host=127.0.0.1 port=1 user=app").exits(5).says("refused");
    house.status("host=no-such-host.invalid user=app").exits(5).says("no-such-host.invalid");
}

#[test]
fn a_service_file_is_enough() {
    let authority = authority("Ours");
    let house = House::with(&sign(&params(&["db.test"]), &authority), &authority, APP_OVER_TLS);
    let service = format!(
        "[shop]\nhost=db.test\nhostaddr=127.0.0.1\nport={}\nuser=app\ndbname=postgres\nsslmode=verify-full\nsslrootcert=ca.pem\n",
        house.server.port()
    );
    house.write(".pg_service.conf", &service);
    house.write(".pgpass", "db.test:*:*:app:secret\n");
    house.status("service=shop").exits(0);
    let mut by_variable = house.command(&["status", "-d", "user=app"]);
    by_variable.env("PGSERVICE", "shop");
    run(by_variable).exits(0);
    house.status("service=other").exits(2).says("there is no service `other`");
}

#[test]
fn a_password_command_that_fails_is_what_the_user_sees() {
    let house = House::without_tls("host all app 127.0.0.1/32 scram-sha-256\n");
    let config = |command: &str| {
        house.write(
            "tenantctl.toml",
            &format!("[database]\nurl = \"{}\"\npassword_command = \"{command}\"\n", house.bare("")),
        );
        run(house.command(&["status"]))
    };
    config("echo secret").exits(0);
    config("echo the vault is sealed >&2; exit 3").exits(5).says("password_command failed").says("the vault is sealed");
    config("echo wrong").exits(5).says("28P01").says("password_command by hand");
}

// ---- in mid-run -----------------------------------------------------------------------------------------------------

/// Holds advisory lock 99 until told to let go.
struct Held {
    child: Child,
}

impl Held {
    fn at(house: &House) -> Self {
        let url = house.server.url("shop");
        let script = "select pg_advisory_lock(99)\\; select pg_sleep(600)";
        let child = Command::new("psql")
            .args(["-X", "-q", &url, "-c", &script.replace("\\;", ";")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        house.wait_for("the lock", || {
            house.sql_in("shop", "select count(*) from pg_locks where locktype = 'advisory' and objid = 99 and granted")
                [0]
                == "1"
        });
        Self { child }
    }

    fn let_go(mut self, house: &House) {
        house.sql_in("shop", "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objid = 99 and granted and mode = 'ExclusiveLock'");
        let _gone = self.child.wait();
    }
}

const WAITING: &str = "select count(*) from pg_stat_activity a join pg_stat_ssl s using (pid)
     where application_name like 'tenantctl/%' and query ilike 'copy%' and wait_event_type = 'Lock' and s.ssl";

const OURS: &str = "select count(*) from pg_stat_activity where application_name like 'tenantctl/%'";

#[test]
fn a_signal_cancels_a_copy_over_tls() {
    let authority = authority("Ours");
    let house = House::with(&sign(&params(&["db.test"]), &authority), &authority, APP_OVER_TLS);
    house.with_shop();
    let held = Held::at(&house);
    let url = house.string("sslmode=verify-full sslrootcert=ca.pem").replace("dbname=postgres", "dbname=shop");
    let mut command = house.command(&["migrate", "--store", "4", "--yes", "--lock-timeout", "600s", "-d", &url]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    house.wait_for("a copy that waits", || house.sql_in("shop", WAITING)[0] == "1");
    let began = Instant::now();
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let ran = finish(child).exits(130);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    ran.says("tenantctl ");
    house.wait_for("the end of our sessions", || house.sql_in("shop", OURS)[0] == "0");
    held.let_go(&house);
    run(house.command(&["migrate", "--store", "4", "--yes", "-d", &url])).exits(0);
}

#[test]
fn a_password_that_is_rotated_in_mid_run_is_read_anew() {
    let authority = authority("Ours");
    let house = House::with(&sign(&params(&["db.test"]), &authority), &authority, APP_OVER_TLS);
    house.with_shop();
    house.write("password", "secret\n");
    let held = Held::at(&house);
    let url = house.bare("sslmode=verify-full sslrootcert=ca.pem").replace("dbname=postgres", "dbname=shop");
    let config = format!(
        "[database]\nurl = \"{url}\"\npassword_command = \"echo read >> reads; cat password\"\n\n{}",
        include_str!("fixtures/three_stores.toml")
    );
    house.write("tenantctl.toml", &config);
    let mut command = house.command(&["migrate", "--store", "4", "--yes", "--lock-timeout", "600s"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    house.wait_for("a copy that waits", || house.sql_in("shop", WAITING)[0] == "1");
    let reads = || fs::read_to_string(house.folder.path().join("reads")).unwrap().lines().count();
    let before = reads();
    house.sql("alter role app password 'rotated'");
    house.write("password", "rotated\n");
    // Idle connections go, as a server's idle timeout has it, so that the run must make new ones.
    house.sql_in("shop", "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'tenantctl/%' and state = 'idle' and application_name not like '%/lease'");
    held.let_go(&house);
    finish(child).exits(0);
    assert!(reads() > before, "no connection was made after the password was rotated");
}

/// Made by `openssl x509 -req`, as PostgreSQL's manual has it; OpenSSL 3.0 and older write version 1 then.
#[test]
fn a_certificate_of_version_1_encrypts_and_proves_nothing() {
    let old = Signed {
        certificate: include_str!("fixtures/version_1.crt").to_owned(),
        key: include_str!("fixtures/version_1.key").to_owned(),
    };
    let house = House::with(&old, &authority("Ours"), APP_OVER_TLS);
    house.write("server.pem", &old.certificate);
    for version in ["TLSv1.3", "TLSv1.2"] {
        house.sql(&format!("alter system set ssl_max_protocol_version = '{version}'"));
        house.sql("select pg_reload_conf()");
        house.wait_for(version, || house.sql("show ssl_max_protocol_version")[0] == version);
        house.status(&house.string("sslmode=require channel_binding=require")).exits(0);
    }
    let checked = house.string("sslmode=verify-ca sslrootcert=server.pem");
    house.status(&checked).exits(5).says("of version 1").says("subjectAltName=DNS:db.test");
    house.sql("alter system set ssl_min_protocol_version = 'TLSv1'");
    house.sql("alter system set ssl_max_protocol_version = 'TLSv1.1'");
    house.sql("select pg_reload_conf()");
    house.wait_for("TLSv1.1", || house.sql("show ssl_max_protocol_version")[0] == "TLSv1.1");
    house.status(&house.string("sslmode=require")).exits(5).says("TLS 1.2 or later");
}
