//! Backups: what is in one, that any damage is named, and that what is restored is what was there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::app::three_stores;
use crate::faces::{holds, schema, validator};
use crate::town::{Ran, Town, sql_at};

/// Store 4 is moved, has a role and odd rows, a function that names its schema, and a right that somebody gave by hand.
/// Nothing where no `pg_dump` can read this server, which is refused.
fn moved() -> Option<Town> {
    let town = three_stores();
    let config = town.read("tenantctl.toml");
    let role = "\n[role]\nname = \"{database} {schema}\"\nlogin = true\n[backup]\nto = \"backups\"\nlevel = 1\n";
    town.write("tenantctl.toml", &format!("{config}{role}"));
    fs::create_dir(town.folder.path().join("backups")).unwrap();
    town.run(&["migrate", "--store", "4", "--yes"]).exits(0);
    town.sql(
        r"insert into store_4.customers (store_id, name, email) values (4, E'tab\t nl\n back\\ \\. ñandú', null), (4, '\N', '');
          create function store_4.how_many() returns bigint language sql as 'select count(*) from store_4.customers';
          create table store_4.empty (a int, b text); grant select (number) on store_4.orders to public",
    );
    let server: u32 = town.value("select current_setting('server_version_num')::int / 10000").parse().unwrap();
    let said = Command::new("pg_dump").arg("--version").output().unwrap().stdout;
    let ours = tenantctl::pg::dump::major_of(String::from_utf8(said).unwrap().trim()).unwrap();
    if ours < server && !Path::new(&format!("/usr/lib/postgresql/{server}/bin/pg_dump")).exists() {
        town.refuses(&["backup", "--store", "4"], 2, &["no pg_dump of PostgreSQL"]);
        return None;
    }
    Some(town)
}

/// Every row of every table of the schema, where its sequences stand, and its keys.
fn all_of(url: &str, schema: &str) -> Vec<String> {
    let tables = ["customers", "orders", "lines", "empty"].map(|table| {
        format!("select coalesce(string_agg(t::text, ' | ' order by t::text), '') from {schema}.{table} t")
    });
    let sequences = format!(
        "select string_agg(sequencename || ' ' || last_value, ' | ' order by sequencename) from pg_sequences where schemaname = replace('{schema}', '\"', '')"
    );
    let keys = format!(
        "select string_agg(conname || contype::text, ' ' order by conname, contype) from pg_constraint
         where connamespace = '{schema}'::regnamespace and conname <> 'orders_currency_fkey'"
    );
    tables.iter().chain([&sequences, &keys]).map(|sql| sql_at(url, sql)[0][0].clone().unwrap_or_default()).collect()
}

fn backup(town: &Town, to: &str) -> Value {
    let report = town.run(&["backup", "--store", "4", "--to", to, "-f", "json"]).exits(0).json();
    holds(&validator(&schema("report")), &report);
    report["backups"][0].clone()
}

fn copy_of(from: &Path, to: &Path) {
    let copied = Command::new("cp").args(["-a".as_ref(), from.as_os_str(), to.as_os_str()]).status().unwrap();
    assert!(copied.success());
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 0x10;
    fs::write(path, bytes).unwrap();
}

fn files_of(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() { files.extend(files_of(&entry)) } else { files.push(entry) }
    }
    files.sort();
    files
}

/// `backup check` without a configuration, a database or even a server.
fn check(town: &Town, place: &str) -> Ran {
    let mut command = town.command(&["backup", "check", place, "-f", "json"]);
    command.env("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nowhere");
    crate::town::finish(command)
}

#[test]
fn every_damage_of_a_backup_is_found_and_named_and_nothing_of_it_is_restored() {
    let Some(town) = moved() else { return };
    let folder = town.folder.path();
    let (left, of_another) = (folder.join(".whole.tenantctl-00000000"), folder.join(".hole.tenantctl-00000000"));
    fs::create_dir(&left).unwrap(); // of a run that was killed
    fs::create_dir(&of_another).unwrap();
    let written = backup(&town, "whole");
    assert!(!left.exists() && of_another.exists());
    assert_eq!((&written["row_count"], &written["proven"]), (&56.into(), &true.into()));
    let report = check(&town, "whole").exits(0).json();
    holds(&validator(&schema("report")), &report);
    assert_eq!(report["backups"][0]["tables"].as_array().unwrap().len(), 4);
    let summed =
        Command::new("sha256sum").args(["-c", "--quiet", "SHA256SUMS"]).current_dir(folder.join("whole")).status();
    assert!(summed.unwrap().success());

    // A byte of each file flipped, each file cut, each taken away, one too many: named by its own name.
    let damaged = folder.join("damaged");
    let names: Vec<String> = files_of(&folder.join("whole"))
        .iter()
        .map(|path| path.strip_prefix(folder.join("whole")).unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(names.len(), 7 + 4);
    let planted = |name: &str, damage: &dyn Fn(&Path)| {
        copy_of(&folder.join("whole"), &damaged);
        damage(&damaged.join(name));
        let report = check(&town, "damaged").exits(3).json();
        let files = report["backups"][0]["damages"].as_array().unwrap();
        assert!(files.iter().any(|of| of["file"] == name), "{name} is not named: {report}");
        fs::remove_dir_all(&damaged).unwrap();
    };
    for name in &names {
        let bytes = fs::read(folder.join("whole").join(name)).unwrap().len();
        if bytes > 0 {
            planted(name, &|path| flip(path, bytes / 2));
            planted(name, &|path| fs::write(path, &fs::read(path).unwrap()[..bytes - 1]).unwrap());
        }
        planted(name, &|path| fs::remove_file(path).unwrap());
    }
    planted("data/0009.copy.zst", &|path| fs::write(path, "").unwrap());
    planted("data/0002.copy.zst", &|path| {
        let (rows, sums) =
            (fs::read(path.with_file_name("0001.copy.zst")).unwrap(), path.parent().unwrap().parent().unwrap());
        fs::write(path, rows).unwrap(); // another table's rows, with the sum put right by somebody
        let anew = "sha256sum $(cut -c67- SHA256SUMS) > S && mv S SHA256SUMS";
        assert!(Command::new("sh").args(["-c", anew]).current_dir(sums).status().unwrap().success());
    });

    // The one file: any byte of it, also where no entry would be another, and any end.
    backup(&town, "whole.tar.zst");
    let whole = fs::read(folder.join("whole.tar.zst")).unwrap();
    for at in (0..whole.len()).step_by(whole.len() / 60).chain([5, whole.len() - 90, whole.len() - 1]) {
        copy_of(&folder.join("whole.tar.zst"), &folder.join("damaged.tar.zst"));
        flip(&folder.join("damaged.tar.zst"), at);
        check(&town, "damaged.tar.zst").exits(3).says("is damaged");
        fs::write(folder.join("damaged.tar.zst"), &whole[..at]).unwrap();
        check(&town, "damaged.tar.zst").exits(3).says("is damaged");
    }
    let before = town.untouched();
    town.run(&["restore", "--store", "4", "--from", "damaged.tar.zst"]).exits(3).says("nothing was restored");
    town.run(&["restore", "--store", "5", "--from", "whole.tar.zst"]).exits(2).says("is of store 4, not of store 5");
    town.run(&["backup", "check", "damaged.tar.zst", "--lang", "es"]).exits(3).says("dañado");
    assert_eq!(town.untouched(), before);
}

#[test]
fn a_backup_is_restored_beside_elsewhere_and_by_psql_and_takes_the_live_place_with_its_rights() {
    let Some(town) = moved() else { return };
    let folder = town.folder.path();
    let rows = all_of(&town.url(), "store_4");
    let in_folder = backup(&town, "backups");
    let place = in_folder["place"].as_str().unwrap();
    assert!(place.starts_with("backups/store_4/2") && folder.join(place).is_dir(), "{place}");
    backup(&town, "one.tar.zst");

    // Beside, from either form; the live schema has its name all the while, and nobody there waits.
    let person = crate::running::Person::at(&town.url());
    person.does("begin; update store_4.customers set email = 'busy' where id = 1; update store_4.orders set total = 1");
    let words = ["restore", "--store", "4", "--from", "one.tar.zst", "-f", "json"];
    let report = town.run(&words).exits(0).json();
    holds(&validator(&schema("report")), &report);
    person.does("rollback");
    assert_eq!(report["backups"][0]["schema"], "store_4_restored");
    assert!(report["backups"][0]["notes"][0].as_str().unwrap().contains("how_many"), "{report}");
    town.run(&["restore", "--store", "4", "--as", "Another One"]).exits(0);
    assert_eq!(all_of(&town.url(), "store_4_restored"), rows);
    assert_eq!(all_of(&town.url(), "\"Another One\""), rows);
    town.refuses(&words[..5], 2, &["store_4_restored is there already"]);

    // Elsewhere: by us, and by psql alone from what `tar` unpacks and from the folder.
    let url = |name: &str| {
        town.sql(&format!("create database {}_{name}", town.database));
        town.url().replace(&format!("/{}", town.database), &format!("/{}_{name}", town.database))
    };
    let other = url("other");
    let ran = town.run(&["restore", "--from", "one.tar.zst", "-d", &other]).exits(0);
    ran.says("1 foreign keys that lead out of the schema are left out");
    fs::create_dir(folder.join("unpacked")).unwrap();
    let tar =
        Command::new("tar").args(["--zstd", "-xf", "../one.tar.zst"]).current_dir(folder.join("unpacked")).status();
    assert!(tar.unwrap().success());
    check(&town, "unpacked").exits(0);
    let mut urls = vec![other];
    for (name, from) in [("unpacked", folder.join("unpacked")), ("folder", folder.join(place))] {
        let url = url(name);
        let mut psql = Command::new("psql");
        let loaded = psql.args(["-X", "-q", "-d", &url, "-f", "load.sql"]).current_dir(from).output().unwrap();
        assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));
        urls.push(url);
    }
    for url in urls {
        assert_eq!(all_of(&url, "store_4"), rows, "{url}");
    }

    // Rows are lost; the restored schema takes the live one's place, and its role works there as before.
    town.sql("delete from store_4.lines; update store_4.customers set name = 'spoilt'");
    town.refuses(&["restore", "--store", "4", "--swap"], 2, &["--yes"]);
    town.sql("create view public.watcher as select count(*) as n from store_4.orders");
    town.run(&["restore", "--store", "4", "--swap", "--yes"]).exits(2).says("watcher");
    town.sql("drop view public.watcher");
    let report = town.run(&["restore", "--store", "4", "--swap", "--yes", "-f", "json"]).exits(0).json();
    holds(&validator(&schema("report")), &report);
    let kept = report["backups"][0]["kept_as"].as_str().unwrap();
    assert_eq!(all_of(&town.url(), "store_4"), rows);
    assert_eq!(town.value(&format!("select count(*) from {kept}.customers where name = 'spoilt'")), "8");
    let role = format!("set role \"{} store_4\"; ", town.database);
    assert_eq!(town.value(&format!("{role} select store_4.how_many()")), "8");
    town.sql(&format!("{role} insert into store_4.customers (store_id, name) values (4, 'after')"));
    let of_column = "select has_column_privilege('public', 'store_4.orders', 'number', 'select')::text
                     || has_table_privilege('public', 'store_4.orders', 'select')";
    assert_eq!(town.value(of_column), "truefalse");
    assert_eq!(town.value("select count(*) from pg_constraint where conname = 'orders_currency_fkey' and connamespace = 'store_4'::regnamespace"), "1");
    let enters = format!("select has_schema_privilege('{} store_4', '{kept}', 'usage')", town.database);
    assert_eq!(town.value(&enters), "f", "its role would reach what is kept");
    town.run(&["verify", "--store", "4", "--live"]).exits(3);
    let kinds = "select string_agg(kind, ' ' order by id) from tenantctl.event where kind in ('backed_up', 'restored')";
    assert_eq!(town.value(kinds), "backed_up backed_up restored restored restored");
    let kept_of = "select detail->>'proven' || (detail->>'row_count') || (detail->>'table_count') from tenantctl.event
                   where kind = 'backed_up' and detail ?& array['to','format','bytes','snapshot','seconds'] limit 1";
    assert_eq!(town.value(kept_of), "true564");
}

/// Names of the backups of store 4.
fn kept(town: &Town) -> Vec<String> {
    let entries = fs::read_dir(town.folder.path().join("backups/store_4")).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn older_backups_go_once_a_new_one_is_proven_and_a_full_disk_leaves_them_all() {
    let Some(town) = moved() else { return };
    let folder = town.folder.path().join("backups/store_4");
    town.run(&["backup", "--store", "4"]).exits(0);
    let first = kept(&town)[0].clone();
    for name in ["20200101T000000Z", "20200102T000000Z", "20200103T000000Z", "20200104T000000Z"] {
        copy_of(&folder.join(&first), &folder.join(name));
    }
    fs::remove_file(folder.join("20200103T000000Z/data/0001.copy.zst")).unwrap();
    let contents = fs::read_to_string(folder.join("20200104T000000Z/contents.json")).unwrap();
    fs::write(folder.join("20200104T000000Z/contents.json"), contents.replace("\"store\": \"4\"", "\"store\": \"5\""))
        .unwrap();
    fs::create_dir(folder.join(".20200105T000000Z.tenantctl-00000000")).unwrap(); // of a run that was killed

    // The names of backups are a second apart.
    std::thread::sleep(Duration::from_millis(1100));
    // No byte more than 1 KiB in a file: nothing is written, nothing goes, and it is said why.
    let mut full = Command::new("sh");
    let limited = town.command(&["backup", "--store", "4", "--keep", "1"]);
    full.args(["-c", "trap '' XFSZ; ulimit -f 2; exec \"$0\" \"$@\""])
        .arg(limited.get_program())
        .args(limited.get_args());
    full.envs(limited.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir(town.folder.path());
    crate::town::finish(full).exits(1).says("there is no room for the backup").says("hint: make room");
    assert_eq!(kept(&town).len(), 5, "{:?}", kept(&town));

    let report = town.run(&["backup", "--all", "--keep", "2", "-f", "json"]).exits(0).json();
    holds(&validator(&schema("report")), &report);
    let deleted: Vec<&str> =
        report["backups"][0]["deleted"].as_array().unwrap().iter().map(|place| place.as_str().unwrap()).collect();
    assert!(
        deleted.len() == 2 && deleted[0].ends_with("20200101T000000Z") && deleted[1].ends_with("20200102T000000Z"),
        "{deleted:?}"
    );
    let left = kept(&town);
    assert!(left.len() == 4 && left.contains(&first), "{left:?}");
    assert!(report["findings"][0]["message"].as_str().unwrap().contains("stores 3, 5"), "{report}");

    // What is whole and what is not, of the folder and of the store; the newest whole one is taken.
    town.run(&["backup", "check", "--all"]).exits(3).says("2 of 4 backups are damaged");
    town.run(&["backup", "check", "--store", "4"]).exits(3).says("20200103T000000Z");
    fs::remove_dir_all(folder.join(left.last().unwrap())).unwrap();
    town.run(&["restore", "--store", "4"]).exits(0).says(&first);
    town.refuses(&["backup", "--store", "5"], 2, &["no rows in a schema of its own"]);
    let steps = town.run(&["report", "--store", "4", "-f", "json"]).exits(0).json();
    assert!(!steps["stores"][0]["not_checked"].as_array().unwrap().contains(&"backup".into()), "{steps}");
}

/// A server that speaks like S3, with one user and the bucket `vault`; it looks at signatures.
struct Vault {
    child: Child,
    url: String,
    key: String,
    secret: String,
}

impl Drop for Vault {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _gone = self.child.wait();
    }
}

impl Vault {
    fn open() -> Self {
        let installed = "/tmp/tenantctl-tools/moto/bin/moto_server";
        let program = std::env::var("TENANTCTL_MOTO").unwrap_or_else(|_| installed.to_owned());
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(&program);
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]).env("INITIAL_NO_AUTH_ACTION_COUNT", "4");
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = child.unwrap_or_else(|error| panic!("{program}: {error}; run tests/install-tools.sh"));
        let mut vault =
            Self { child, url: format!("http://127.0.0.1:{port}"), key: String::new(), secret: String::new() };
        crate::running::eventually("the bucket's server", Duration::from_secs(60), || {
            std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        let of_iam =
            |action: &str| vault.ask("POST", "", "iam", format!("{action}&UserName=keeper&Version=2010-05-08").into());
        of_iam("Action=CreateUser");
        let made = String::from_utf8(of_iam("Action=CreateAccessKey")).unwrap();
        let all = "%7B%22Version%22:%222012-10-17%22,%22Statement%22:%5B%7B%22Effect%22:%22Allow%22,%22Action%22:%22s3:*%22,%22Resource%22:%22*%22%7D%5D%7D";
        of_iam(&format!("Action=PutUserPolicy&PolicyName=all&PolicyDocument={all}"));
        vault.ask("PUT", "vault", "s3", Vec::new());
        let field = |name: &str| made.split_once(&format!("<{name}>")).unwrap().1.split_once('<').unwrap().0.to_owned();
        (vault.key, vault.secret) = (field("AccessKeyId"), field("SecretAccessKey"));
        vault
    }

    /// A request without a right signature.
    fn ask(&self, method: &str, path: &str, service: &str, body: Vec<u8>) -> Vec<u8> {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}/{path}", self.url));
        request = request.header("authorization", format!("AWS4-HMAC-SHA256 Credential=x/20200101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=x"));
        if service == "iam" {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        let agent: ureq::Agent = ureq::Agent::config_builder().allow_non_standard_methods(true).build().into();
        let mut answer =
            agent.run(request.body(body).unwrap()).unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        answer.body_mut().with_config().limit(1 << 30).read_to_vec().unwrap()
    }

    fn run(&self, town: &Town, secret: &str, words: &[&str]) -> Ran {
        let mut command = town.command(words);
        command.env("AWS_ENDPOINT", &self.url).env("AWS_REGION", "us-east-1");
        command.env("AWS_ACCESS_KEY_ID", &self.key).env("AWS_SECRET_ACCESS_KEY", secret);
        crate::town::finish(command)
    }
}

#[test]
fn a_bucket_keeps_backups_as_a_folder_does() {
    let Some(town) = moved() else { return };
    let vault = Vault::open();
    // More than one part of an upload.
    town.sql("insert into store_4.empty select n, (select string_agg(md5(n::text || m), '') from generate_series(1, 3000) m) from generate_series(1, 160) n");
    let rows = all_of(&town.url(), "store_4");
    town.edit("tenantctl.toml", "to = \"backups\"", "to = \"s3://vault/nightly\"");
    let run = |words: &[&str]| vault.run(&town, &vault.secret, words);
    vault
        .run(&town, "wrong", &["backup", "--store", "4"])
        .exits(5)
        .says("does not let us in")
        .says("AWS_ACCESS_KEY_ID");
    let report = run(&["backup", "--store", "4", "-f", "json"]).exits(0).json();
    holds(&validator(&schema("report")), &report);
    let place = report["backups"][0]["place"].as_str().unwrap();
    assert!(
        place.starts_with("s3://vault/nightly/store_4/2") && report["backups"][0]["bytes"].as_u64() > Some(7 << 20),
        "{report}"
    );
    run(&["backup", "check", place]).exits(0);
    run(&["restore", "--store", "4"]).exits(0);
    assert_eq!(all_of(&town.url(), "store_4_restored"), rows);

    // A byte of an object, and an object: named. Then the one behind it is as good as ever, and rotation knows it.
    std::thread::sleep(Duration::from_millis(1100));
    run(&["backup", "--store", "4"]).exits(0);
    vault.ask("POST", "moto-api/reset-auth", "s3", b"1000".to_vec());
    let path = place.strip_prefix("s3://").unwrap();
    let mut bytes = vault.ask("GET", &format!("{path}/data/0002.copy.zst"), "s3", Vec::new());
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    vault.ask("PUT", &format!("{path}/data/0002.copy.zst"), "s3", bytes);
    vault.ask("DELETE", &format!("{path}/keys.sql"), "s3", Vec::new());
    let report = run(&["backup", "check", "--all", "-f", "json"]).exits(3).json();
    let files: Vec<&str> =
        report["backups"][0]["damages"].as_array().unwrap().iter().map(|of| of["file"].as_str().unwrap()).collect();
    assert_eq!(
        (files, report["backups"].as_array().unwrap().len()),
        (vec!["data/0002.copy.zst", "keys.sql"], 2),
        "{report}"
    );
    std::thread::sleep(Duration::from_millis(1100));
    let report = run(&["backup", "--store", "4", "--keep", "1", "-f", "json"]).exits(0).json();
    assert_eq!(
        report["backups"][0]["deleted"].as_array().unwrap().len(),
        1,
        "the damaged one is nobody's to delete: {report}"
    );
}
