//! Whole connections from strings, variables and files.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

fn env(variables: &[(&str, &str)]) -> Environment {
    let mut bare = Environment::default();
    bare.os_user = Some("maria".to_owned());
    bare.current_folder = PathBuf::from("/work");
    bare.socket_folder = Some(PathBuf::from("/var/run/postgresql"));
    variables.iter().fold(bare, |env, (name, value)| env.with(*name, *value))
}

fn text(text: &str) -> ConnSources {
    let given =
        ConnText { text: text.to_owned(), origin: "-d".to_owned(), folder: PathBuf::from("/conf"), again: None };
    ConnSources { text: Some(given), ..ConnSources::default() }
}

fn resolve(string: &str, variables: &[(&str, &str)]) -> Result<ConnInfo, Refusal> {
    ConnInfo::resolve(&text(string), &env(variables))
}

#[test]
fn where_it_goes() {
    for (string, variables, want) in [
        ("", &[][..], "postgresql://maria@%2Fvar%2Frun%2Fpostgresql:5432/maria?sslmode=prefer"),
        ("shop", &[], "postgresql://maria@%2Fvar%2Frun%2Fpostgresql:5432/shop?sslmode=prefer"),
        ("postgres://app@db", &[], "postgresql://app@db:5432/app?sslmode=prefer"),
        ("postgres://app:s@db/shop", &[("PGHOST", "no")], "postgresql://app:***@db:5432/shop?sslmode=prefer"),
        (
            "postgres://db",
            &[("PGUSER", "u"), ("PGDATABASE", "d"), ("PGPORT", "5444"), ("PGPASSWORD", "p"), ("PGSSLMODE", "require")],
            "postgresql://u:***@db:5444/d?sslmode=require",
        ),
        ("host=a,b port=1,2 user=u", &[], "postgresql://u@a:1,b:2/u?sslmode=prefer"),
        ("host=a,b port=1 user=u", &[], "postgresql://u@a:1,b:1/u?sslmode=prefer"),
        ("postgres://u@[::1]:5433,h/d", &[], "postgresql://u@[::1]:5433,h:5432/d?sslmode=prefer"),
        ("hostaddr=10.0.0.1 user=u", &[], "postgresql://u@10.0.0.1:5432/u?sslmode=prefer"),
        ("host=db hostaddr=10.0.0.1 user=u", &[], "postgresql://u@db:5432/u?sslmode=prefer"),
        ("sslrootcert=system host=db", &[], "postgresql://maria@db:5432/maria?sslmode=verify-full"),
        ("postgres://h/d?user=x&dbname=y", &[], "postgresql://x@h:5432/y?sslmode=prefer"),
        (
            "",
            &[("PGHOST", ""), ("PGSSLMODE", "")],
            "postgresql://maria@%2Fvar%2Frun%2Fpostgresql:5432/maria?sslmode=prefer",
        ),
    ] {
        assert_eq!(resolve(string, variables).unwrap().masked_url(), want, "{string}");
    }
    let mut alone = env(&[]);
    alone.socket_folder = None;
    assert_eq!(ConnInfo::resolve(&ConnSources::default(), &alone).unwrap().hosts[0].name, "localhost");
}

#[test]
fn what_is_refused() {
    for (string, variables, want) in [
        ("postgres://h/d?sslmode=on", &[][..], "sslmode is `on` (-d)"),
        ("postgres://h/d", &[("PGSSLMODE", "no-verify")], "sslmode is `no-verify` (PGSSLMODE)"),
        ("postgres://h/d?sslmod=require", &[], "unknown connection parameter `sslmod` (-d)"),
        ("sslmode=require sslrootcert=system", &[], "too weak"),
        ("host=h sslnegotiation=direct", &[], "too weak"),
        ("host=a,b port=1,2,3", &[], "2 hosts and 3 ports"),
        ("host=a,b hostaddr=10.0.0.1", &[], "2 hosts and 1 addresses"),
        ("host=h port=70000", &[], "port is `70000`"),
        ("host=h port=0", &[], "port is `0`"),
        ("hostaddr=db", &[], "hostaddr is `db`"),
        ("host=h connect_timeout=soon", &[], "connect_timeout is `soon`"),
        ("host=h target_session_attrs=master", &[], "target_session_attrs is `master`"),
        ("mysql://h/d", &[], "`mysql://` begins no URL"),
        ("localhost:5432/shop", &[], "not `keyword=value"),
        ("host=h service=none", &[], "no service `none`"),
    ] {
        let refusal = resolve(string, variables).unwrap_err();
        assert!(refusal.message.contains(want), "{string}: {refusal:?}");
        assert!(refusal.hint.is_some(), "{string}");
    }
    let nobody = Environment::default();
    assert!(ConnInfo::resolve(&text("postgres://h/d"), &nobody).unwrap_err().hint.unwrap().contains("PGUSER"));
}

#[test]
fn times_and_keepalives() {
    let timeout = |string, variables: &[(&str, &str)]| resolve(string, variables).unwrap().connect_timeout;
    assert_eq!(timeout("host=h", &[]), Some(Duration::from_secs(10)));
    assert_eq!(timeout("host=h", &[("PGCONNECT_TIMEOUT", "3")]), Some(Duration::from_secs(3)));
    assert_eq!(timeout("host=h connect_timeout=0", &[]), None);
    let mut sources = text("host=h");
    sources.connect_timeout = Some(Duration::from_secs(7));
    let env = env(&[("PGCONNECT_TIMEOUT", "3")]);
    assert_eq!(ConnInfo::resolve(&sources, &env).unwrap().connect_timeout, Some(Duration::from_secs(7)));
    let info = resolve("host=h keepalives=0 keepalives_idle=5 tcp_user_timeout=1500", &[]).unwrap();
    assert!(!info.keepalives.enabled);
    assert_eq!(info.keepalives.idle, Some(Duration::from_secs(5)));
    assert_eq!(info.keepalives.user_timeout, Some(Duration::from_millis(1500)));
}

#[test]
fn paths_start_where_they_were_written() {
    let info = resolve("host=h sslrootcert=ca.pem sslmode=verify-ca", &[("PGSSLKEY", "key.pem")]).unwrap();
    assert_eq!(info.tls.root_cert, Some(RootCert::File(PathBuf::from("/conf/ca.pem"))));
    assert_eq!(info.tls.key, Some(PathBuf::from("/work/key.pem")));
}

#[test]
fn what_is_not_checked_is_said_once() {
    let warnings = |string| resolve(string, &[]).unwrap().warnings;
    assert!(matches!(&warnings("host=h sslmode=require")[..], [one] if one.contains("does not check who answers")));
    assert!(
        matches!(&warnings("host=h sslrootcert=ca.pem")[..], [one] if one.contains("sslrootcert (-d) is not used"))
    );
    for fine in ["host=h", "host=/tmp sslmode=require", "host=h sslmode=require sslrootcert=ca.pem"] {
        assert!(warnings(fine).is_empty(), "{fine}");
    }
}

#[test]
fn a_client_certificate_in_the_usual_place_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let usual = folder.path().join(".postgresql");
    std::fs::create_dir(&usual).unwrap();
    for name in ["postgresql.crt", "postgresql.key", "root.crt"] {
        std::fs::write(usual.join(name), "").unwrap();
    }
    let mut env = env(&[]);
    env.home = Some(folder.path().to_owned());
    let tls = ConnInfo::resolve(&text("host=h"), &env).unwrap().tls;
    assert_eq!(tls.cert, Some(usual.join("postgresql.crt")));
    assert_eq!(tls.key, Some(usual.join("postgresql.key")));
    assert_eq!(tls.root_cert, Some(RootCert::File(usual.join("root.crt"))));
    let tls = ConnInfo::resolve(&text("host=h sslcert=own.pem"), &env).unwrap().tls;
    assert_eq!(tls.cert, Some(PathBuf::from("/conf/own.pem")));
}

#[test]
fn a_mapper_leaves_its_schema_and_warnings() {
    let info = resolve("postgres://h/d?schema=shop&connection_limit=1&pgbouncer=true", &[]).unwrap();
    assert_eq!(info.orm_schema.as_deref(), Some("shop"));
    assert_eq!(info.warnings.len(), 2);
    assert!(info.warnings[0].contains("connection_limit"));
}

#[test]
fn the_password_is_read_anew_from_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let pass = folder.path().join(".pgpass");
    std::fs::write(&pass, "b:*:*:*:of b\n").unwrap();
    std::fs::set_permissions(&pass, std::fs::Permissions::from_mode(0o600)).unwrap();
    let mut env = env(&[]);
    env.home = Some(folder.path().to_owned());
    let password = |info: &ConnInfo| info.password().unwrap().map(|secret| secret.reveal().to_owned());

    let info = ConnInfo::resolve(&text("host=a,b user=u"), &env).unwrap();
    assert_eq!(password(&info).as_deref(), Some("of b"));
    assert_eq!(info.password_for(&info.hosts[0]).unwrap(), None);
    std::fs::write(&pass, "b:*:*:*:rotated\n").unwrap();
    assert_eq!(password(&info).as_deref(), Some("rotated"));

    let mut sources = text("postgres://u:first@h/d");
    let turn = Arc::new(AtomicU32::new(0));
    sources.text.as_mut().unwrap().again =
        Some(Arc::new(move || Ok(format!("postgres://u:turn{}@h/d", turn.fetch_add(1, Ordering::Relaxed)))));
    let info = ConnInfo::resolve(&sources, &env).unwrap();
    assert_eq!([password(&info).as_deref(), password(&info).as_deref()], [Some("turn0"), Some("turn1")]);

    let mut sources = text("postgres://u@b/d");
    let command = "echo from command".to_owned();
    sources.password_command =
        Some(PasswordCommand { section: "[database]".into(), command, folder: "/".into(), env: env.clone() });
    let env = env.with("PGPASSWORD", "from variable");
    assert_eq!(password(&ConnInfo::resolve(&sources, &env).unwrap()).as_deref(), Some("from command"));
    assert_eq!(password(&ConnInfo::resolve(&text("host=b"), &env).unwrap()).as_deref(), Some("from variable"));
}

#[test]
fn a_service_outweighs_variables_and_yields_to_the_string() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("services");
    std::fs::write(&file, "[app]\nhost=service\nport=6000\nuser=s\npassword=p\n").unwrap();
    let env = env(&[
        ("PGSERVICEFILE", file.to_str().unwrap()),
        ("PGSERVICE", "app"),
        ("PGPORT", "7000"),
        ("PGDATABASE", "d"),
        ("PGUSER", "v"),
    ]);
    let info = ConnInfo::resolve(&text("host=string"), &env).unwrap();
    assert_eq!(info.masked_url(), "postgresql://s:***@string:6000/d?sslmode=prefer");
}

#[test]
fn nothing_shows_the_password() {
    let info = resolve("postgres://u:hunter2@h/d", &[("PGPASSWORD", "hunter2")]).unwrap();
    assert!(!format!("{info:?} {} {:?}", info.masked_url(), text("postgres://u:hunter2@h")).contains("hunter2"));
}
