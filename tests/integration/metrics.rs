//! How the stores are: each number against what SQL says, in every form, while tables are locked and while the database
//! is away.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::faces::{holds, schema, validator};
use crate::running::{Person, eventually};
use crate::town::Town;

const PATIENCE: Duration = Duration::from_secs(60);

impl Town {
    /// The metrics of one store, with more words.
    #[track_caller]
    fn store_metrics(&self, store: &str, more: &[&str]) -> Value {
        let words = [&["metrics", "--store", store, "-f", "json"], more].concat();
        self.run(&words).exits(0).json()["metrics"]["stores"][0].take()
    }
}

/// What Prometheus' own reader makes of a text: the value of each metric of a store, and each name's type.
fn read_by_prometheus(text: &str, store: &str) -> Value {
    const READER: &str = "
import json, sys
from prometheus_client.parser import text_string_to_metric_families
values, types = {}, {}
for family in text_string_to_metric_families(sys.stdin.read()):
    for sample in family.samples:
        types[sample.name] = family.type
        if sample.labels.get('store', sys.argv[1]) == sys.argv[1]:
            values[sample.name] = sample.value
            values.setdefault('labels', {}).update(sample.labels)
print(json.dumps({'values': values, 'types': types}))";
    let python = concat!(env!("CARGO_MANIFEST_DIR"), "/target/python");
    let mut child = Command::new("python3")
        .args(["-c", READER, store])
        .env("PYTHONPATH", python)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let read = child.wait_with_output().unwrap();
    assert!(read.status.success(), "tests/install-tools.sh installs prometheus_client; else it refused\n{text}");
    serde_json::from_slice(&read.stdout).unwrap()
}

#[test]
fn every_number_is_what_sql_says() {
    let town = Town::sample_at("switched");
    let odd = r#"O'Hara "7" \ ñandú"#;
    town.sql(&format!("update public.stores set name = '{}' where id = 13", odd.replace('\'', "''")));
    // A role is the whole server's, and other tests make theirs for the same schema.
    let config = town.read("tenantctl.toml") + "\n[role]\nname = \"metrics_{schema}\"\nlogin = true\n";
    town.write("tenantctl.toml", &config);
    town.run(&["role", "--store", "13", "--make"]).exits(0);
    let schema_name = town.value("select store_schema from tenantctl.move where store_key = '13'");
    let role = town.value("select substr(name, 6) from tenantctl.resource where name like 'role/%'");
    let person = Person::at(&town.url().replace("postgres@", &format!("{role}@")));
    person.does("begin; select 1");
    town.sql("insert into tenantctl.event (run_id, move_id, kind, detail, at)
              select run_id, id, 'backed_up', '{\"proven\": true, \"to\": \"/backups/13\", \"bytes\": 5, \"row_count\": 7}',
                     now() - interval '2 days' from tenantctl.move where store_key = '13'");
    town.sql("vacuum analyze");

    let document = town.run(&["metrics", "--exact", "-f", "json", "--sort", "key"]).exits(0).json();
    holds(&validator(&schema("report")), &document);
    let stores = document["metrics"]["stores"].as_array().unwrap();
    assert_eq!(stores.len(), 90);
    let of = |key: &str| stores.iter().find(|store| store["store"] == key).unwrap();
    let (moved, waiting) = (of("13"), of("4"));
    let sizes = format!(
        "from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = '{schema_name}' and c.relkind = 'r'"
    );
    for (field, sql) in [
        ("bytes", format!("select sum(pg_total_relation_size(c.oid)) {sizes}")),
        ("index_bytes", format!("select sum(pg_indexes_size(c.oid)) {sizes}")),
        ("toast_bytes", format!("select sum(pg_total_relation_size(nullif(c.reltoastrelid, 0))) {sizes}")),
        ("table_count", format!("select count(*) {sizes}")),
        ("rows", "select sum(rows_loaded) from tenantctl.table_run".to_owned()),
    ] {
        assert_eq!(moved[field].to_string(), town.value(&sql), "{field}");
    }
    assert_eq!((&moved["name"], &moved["role"]), (&odd.into(), &role.as_str().into()));
    assert_eq!((&moved["stage"], &moved["verdict"]), (&"switched".into(), &"proven".into()));
    assert_eq!((&moved["connections"], &moved["lock_waits"]), (&1.into(), &0.into()));
    assert_eq!((&moved["backup"]["bytes"], &moved["backup"]["to"]), (&5.into(), &"/backups/13".into()));
    assert!(moved["last_vacuum"].is_string() && moved["last_analyze"].is_string(), "{moved:#}");
    let left = moved["sequence"]["left_ratio"].as_f64().unwrap();
    let sequence = moved["sequence"]["sequence"].as_str().unwrap();
    let stands =
        town.value(&format!("select last_value from \"{schema_name}\".\"{sequence}\"")).parse::<f64>().unwrap();
    assert!((left - (1.0 - stands / 2_147_483_647.0)).abs() < 1e-6, "{sequence} {left} {stands}");
    for field in ["bytes", "rows", "growth", "connections", "backup", "last_write"] {
        assert!(waiting[field].is_null(), "store 4 has no {field}: {waiting:#}");
    }
    assert_eq!((&waiting["stage"], &waiting["has_schema"]), (&"none".into(), &false.into()));

    let text = town.run(&["metrics", "-f", "prometheus", "--textfile", "stores.prom"]).exits(0).stdout;
    let read = read_by_prometheus(&text, "13");
    assert_eq!(read["values"]["tenantctl_up"], 1.0);
    assert_eq!(read["values"]["tenantctl_store_bytes"].as_f64(), moved["bytes"].as_f64());
    assert_eq!(read["values"]["labels"]["name"], odd);
    assert_eq!(read["types"]["tenantctl_store_rows_written_total"], "counter");
    assert!(read_by_prometheus(&text, "4")["values"].get("tenantctl_store_bytes").is_none());
    let written = town.read("stores.prom");
    let same = |line: &&str| !line.starts_with("tenantctl_asked") && line.starts_with('#');
    assert!(written.lines().filter(same).eq(text.lines().filter(same)) && written.ends_with('\n'));
    let names: Vec<_> = std::fs::read_dir(town.folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert!(!names.iter().any(|name| name.to_string_lossy().starts_with(".tmp")), "{names:?}");

    let mut away = town.command(&["metrics", "--textfile", "stores.prom"]);
    away.env("DATABASE_URL", "postgresql://postgres@127.0.0.1:1/away");
    crate::town::finish(away).exits(5);
    assert!(town.read("stores.prom").ends_with("\ntenantctl_up 0\n"));
    town.run(&["stores", "-f", "prometheus"]).exits(2).says("stores has nothing for Prometheus");
    town.run(&["metrics", "--store", "999"]).exits(2).says("store 999 is not in the registry");
    drop(person);
}

#[test]
fn growth_and_waits_are_seen_while_a_table_is_locked() {
    let town = Town::sample_at("switched");
    let schema_name = town.value("select store_schema from tenantctl.move where store_key = '13'");
    let table = format!("\"{schema_name}\".notifications");
    let first = town.store_metrics("13", &["--history", "history.json"]);
    assert!(first["growth"].is_null() && first["last_write"].is_null(), "{first:#}");
    // Two days later, as far as journal and history know.
    town.sql("update tenantctl.move set copied_at = copied_at - interval '2 days'");
    let taken =
        town.value("select to_char(now() at time zone 'UTC' - interval '2 days', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')");
    let history: Value = serde_json::from_str(&town.read("history.json")).unwrap();
    let at = history["stores"][&schema_name]["readings"][0]["at"].as_str().unwrap().to_owned();
    town.edit("history.json", &at, &taken);
    town.sql(&format!("create table {table}_new as select * from {table}, generate_series(1, 3000)"));
    eventually("the counters arrive", PATIENCE, || {
        let grown = town.store_metrics("13", &[]);
        grown["rows_written"].as_u64() > first["rows_written"].as_u64()
    });
    let of_move = town.store_metrics("13", &[]);
    assert_eq!(of_move["growth"]["basis"], "move");
    assert!(of_move["growth"]["rows_per_day"].as_f64().unwrap() > 0.0, "{of_move:#}");
    let second = town.store_metrics("13", &["--history", "history.json"]);
    assert_eq!(second["growth"]["basis"], "reading");
    let by = second["growth"]["bytes_per_day"].as_f64().unwrap();
    let grown = second["bytes"].as_f64().unwrap() - first["bytes"].as_f64().unwrap();
    assert!((by - grown / 2.0).abs() < grown / 100.0, "{by} a day is not half of {grown}");
    assert!(second["last_write"].is_string());
    town.write("history.json", "tenantctl_up 1");
    town.run(&["metrics", "--history", "history.json"]).exits(2).says("holds no history of metrics");

    let (holder, waiter) = (Person::named(&town, "holder"), Person::named(&town, "waiter"));
    holder.does(&format!("begin; lock table {table} in access exclusive mode"));
    let waited = waiter.begins(&format!("select count(*) from {table}"));
    eventually("the waiter waits", PATIENCE, || town.value("select count(*) from pg_locks where not granted") == "1");
    let locked = town.store_metrics("13", &[]);
    assert_eq!(locked["lock_waits"], 1, "one of the application's, and not our own: {locked:#}");
    assert!(locked["lock_wait_seconds"].as_f64().unwrap() >= 0.0 && locked["bytes"].as_u64().unwrap() > 0);
    holder.does("rollback");
    waited.recv().unwrap().unwrap();

    let top = town.run(&["top", "--once", "--interval", "1", "--limit", "2", "--sort", "size"]).exits(0);
    let lines: Vec<&str> = top.stdout.lines().collect();
    assert!(lines[0].starts_with("Stores of") && lines[3].starts_with("store"), "{}", top.stdout);
    assert!(lines[4].starts_with("13 ") && lines[6] == "… and 88 more", "{}", top.stdout);
    town.run(&["top", "-f", "json"]).exits(2);
}

/// Asks over HTTP and gives status and body.
fn get(address: &str, request: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "{request} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split_whitespace().nth(1).unwrap().to_owned(), body.to_owned())
}

#[test]
fn the_server_answers_while_the_database_is_away_and_ends_when_told() {
    let town = Town::sample_at("switched");
    let mut serving = town.start(&["metrics", "serve", "--listen", "127.0.0.1:0"]);
    let address = serving.wait_for_word("http://");
    let address = address.trim_end_matches("/metrics");
    let scrapes: Vec<_> = (0..20)
        .map(|_| {
            let address = address.to_owned();
            std::thread::spawn(move || get(&address, "GET /metrics"))
        })
        .collect();
    for scrape in scrapes {
        let (status, text) = scrape.join().unwrap();
        assert_eq!((status.as_str(), text.contains("\ntenantctl_up 1\n")), ("200", true), "{text}");
        assert!(text.contains("tenantctl_store_bytes{store=\"13\""));
    }
    assert!(town.session_count() <= 4, "20 scrapes are one question: {} sessions", town.session_count());
    assert_eq!(get(address, "GET /healthz"), ("200".into(), "ok\n".into()));
    assert_eq!(get(address, "GET /nothing").0, "404");
    assert_eq!(get(address, "POST /metrics").0, "405");
    let (status, page) = get(address, "GET /");
    assert!(status == "200" && page.contains("<table class=\"sortable\">"), "{status}");

    let name = &town.database;
    crate::town::sql_in("postgres", &format!("alter database {name} allow_connections false"));
    crate::town::sql_in(
        "postgres",
        &format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"),
    );
    eventually("the database is away", PATIENCE, || get(address, "GET /metrics").1.ends_with("\ntenantctl_up 0\n"));
    assert_eq!(get(address, "GET /").0, "503");
    crate::town::sql_in("postgres", &format!("alter database {name} allow_connections true"));
    eventually("it is back", PATIENCE, || get(address, "GET /metrics").1.contains("\ntenantctl_up 1\n"));
    serving.signal("TERM");
    let ran = serving.end().exits(0);
    assert!(ran.stdout.is_empty(), "{ran:?}");
}
