//! What comes out, and where: the result on stdout and in files, everything else on stderr.

use std::io::Read;
use std::process::Stdio;

use serde_json::Value;

use crate::app::three_stores;
use crate::town::{Ran, Town, finish};

const ESCAPE: char = '\u{1b}';

#[track_caller]
fn no_escapes(ran: &Ran) {
    assert!(!ran.stdout.contains(ESCAPE) && !ran.stderr.contains(ESCAPE), "{ran:?}");
}

#[test]
fn stdout_has_the_result_only_and_stderr_the_progress() {
    let town = three_stores();
    let ran = town.run(&["migrate", "--store", "4"]).exits(0);
    assert!(ran.stdout.starts_with("Migration report"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("started"), "{}", ran.stdout);
    assert!(
        ran.stderr.contains("store 4 plan: started") && ran.stderr.contains("store 4 Four: done"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("Migration report"), "{}", ran.stderr);
    no_escapes(&ran);
    for words in [
        &["stores"][..],
        &["tables"],
        &["status"],
        &["report"],
        &["config"],
        &["plan", "--store", "5"],
        &["template", "render", "--store", "4"],
    ] {
        let ran = town.run(words).exits(0);
        assert!(!ran.stdout.is_empty());
        no_escapes(&ran);
    }
}

#[test]
fn a_refusal_leaves_stdout_empty_in_text_and_one_document_in_json() {
    let town = three_stores();
    let text = town.run(&["migrate", "--store", "999"]).exits(2);
    assert!(text.stdout.is_empty() && text.stderr.starts_with("error: "), "{text:?}");
    let json = town.run(&["migrate", "--store", "999", "-f", "json"]).exits(2);
    assert_eq!(json.json()["error"]["exit_code"], 2);
    assert!(!json.stderr.contains("error: "), "{}", json.stderr);
}

#[test]
fn json_is_one_document_with_text_keys_whatever_happens() {
    let town = three_stores();
    let same = |words: &[&str], code: i32| -> Value {
        let ran = town.run(&[words, &["-f", "json"]].concat()).exits(code);
        let json = ran.json();
        assert_eq!((&json["schema_version"], &json["exit_code"]), (&1.into(), &code.into()), "{words:?}");
        for part in ["command", "started", "ended", "outcome"] {
            assert!(json[part].is_string(), "{words:?} has no {part}");
        }
        for store in json["stores"].as_array().into_iter().flatten() {
            assert!(store["store"].is_string(), "{words:?}");
        }
        assert_eq!(json["command"], words[0], "{words:?}");
        json
    };
    same(&["stores"], 0);
    same(&["tables"], 0);
    same(&["config"], 0);
    same(&["status"], 0);
    same(&["report"], 2);
    same(&["plan", "--store", "4"], 0);
    same(&["template", "check"], 0);
    same(&["template", "render", "--store", "4"], 0);
    same(&["create", "--store", "4"], 0);
    same(&["copy", "--store", "4"], 0);
    town.sql("delete from store_4.lines where id in (select id from store_4.lines limit 1)");
    let differs = same(&["verify", "--store", "4"], 3);
    assert_eq!(
        (&differs["outcome"], &differs["stores"][0]["tables"][2]["differences"][0]["kind"]),
        (&"differs".into(), &"missing".into())
    );
    same(&["migrate", "--store", "4"], 0);
    same(&["switch", "--store", "4"], 0);
    same(&["reverse", "--store", "4"], 2);
    same(&["reverse", "--store", "4", "--yes"], 0);
    same(&["abandon", "--store", "4", "--yes"], 0);
    same(&["resume"], 2);
}

#[test]
fn the_result_goes_to_files_in_the_format_of_their_ending() {
    let town = three_stores();
    let ran = town.run(&["migrate", "--store", "4", "-o", "x.json", "-o", "y.txt", "-f", "json"]).exits(0);
    let written: Value = serde_json::from_str(&town.read("x.json")).unwrap();
    assert_eq!(written, ran.json());
    assert!(town.read("y.txt").contains("✓ switched") && !town.read("y.txt").contains(ESCAPE));
    let names: Vec<_> = std::fs::read_dir(town.folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(names.len(), 4, "nothing half written is left: {names:?}");
    town.run(&["migrate", "--store", "999", "-o", "x.json"]).exits(2);
    let written: Value = serde_json::from_str(&town.read("x.json")).unwrap();
    assert_eq!((&written["outcome"], &written["exit_code"]), (&"refused".into(), &2.into()));
}

#[test]
fn a_file_that_cannot_be_written_is_told_before_anything_is_done() {
    let town = three_stores();
    for file in ["report.docx", "report", "no/such/folder/x.json"] {
        let before = town.untouched();
        let ran = town.run(&["migrate", "--store", "4", "-o", file]).says(file);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert_eq!(town.untouched(), before, "{file}");
        assert_eq!(town.stage("4"), "none");
    }
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let town = Town::sample();
    for words in [&["template", "render", "--store", "4"][..], &["stores", "-f", "json"]] {
        let mut child = town.command(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = [0; 10];
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut first).unwrap();
        drop(stdout); // `| head` has seen enough
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!stderr.contains("panicked") && !stderr.contains("error") && !stderr.contains("ipe"), "{stderr}");
        assert_eq!(output.status.code(), Some(0), "{words:?}: {stderr}");
    }
}

#[test]
fn colours_come_only_where_they_are_wanted() {
    let town = three_stores();
    town.run(&["migrate", "--store", "4", "--to", "verified"]).exits(0);
    no_escapes(&town.run(&["report"]));
    no_escapes(&town.run(&["report", "--color", "never"]));
    let forced = town.run(&["report", "--color", "always"]).exits(0);
    assert!(forced.stdout.contains(ESCAPE));
    let mut command = town.command(&["report"]);
    command.env("NO_COLOR", "1").env("CLICOLOR", "1");
    no_escapes(&finish(command));
    let mut command = town.command(&["report"]);
    command.env("CLICOLOR_FORCE", "1");
    assert!(finish(command).stdout.contains(ESCAPE));
    let json = town.run(&["report", "--color", "always", "-f", "json"]).exits(0);
    assert!(!json.stdout.contains(ESCAPE));
    json.json();
}

#[test]
fn a_locale_without_utf8_gets_ascii() {
    let town = three_stores();
    town.run(&["migrate", "--store", "4"]).exits(0);
    let mut command = town.command(&["report"]);
    command.env("LANG", "C").env("LC_ALL", "C");
    let ran = finish(command).exits(0);
    assert!(ran.stdout.is_ascii(), "{}", ran.stdout);
}

#[test]
fn machines_get_one_event_per_line() {
    let town = three_stores();
    let ran = town.run(&["migrate", "--store", "4,5", "--progress", "json"]).exits(0);
    let events: Vec<Value> =
        ran.stderr.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect();
    assert!(events.iter().all(|event| event["event"].is_string() && event["time"].is_string()));
    let of = |name: &str| events.iter().filter(|event| event["event"] == name).count();
    assert_eq!((of("run_started"), of("store_done")), (1, 2));
    let copied: Vec<_> =
        events.iter().filter(|event| event["event"] == "table_done" && event["step"] == "copy").collect();
    assert_eq!(copied.len(), 6);
    assert!(copied.iter().all(|event| event["row_count"].is_u64() && event["store"].is_string()));
    let failed = town.run(&["migrate", "--store", "999", "--progress", "json", "-f", "json"]).exits(2);
    failed.json();
    assert!(failed.stderr.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{}", failed.stderr);
}

#[test]
fn people_without_a_terminal_get_plain_lines() {
    let town = three_stores();
    let plain = town.run(&["migrate", "--store", "4", "--progress", "plain"]).exits(0);
    let lines: Vec<&str> = plain.stderr.lines().collect();
    for step in ["plan", "create", "copy", "verify", "switch"] {
        assert!(lines.iter().any(|line| line.contains(&format!("store 4 {step}: started"))), "{}", plain.stderr);
    }
    assert!(plain.stderr.contains("copy lines: 36 rows"), "{}", plain.stderr);
    no_escapes(&plain);
    let auto = town.run(&["migrate", "--store", "5"]).exits(0);
    assert_eq!(auto.stderr.lines().count(), lines.len(), "without a terminal plain is what auto means");
    let none = town.run(&["migrate", "--store", "3", "--progress", "none"]).exits(0);
    assert_eq!(none.stderr, "");
}

#[test]
fn bars_are_asked_for_in_vain_without_a_terminal() {
    let town = three_stores();
    let ran = town.run(&["migrate", "--store", "4", "--progress", "bar"]).exits(0);
    no_escapes(&ran);
    assert!(!ran.stderr.contains('\r'), "{:?}", ran.stderr);
}

#[test]
fn quiet_is_quiet_and_errors_are_told_all_the_same() {
    let town = three_stores();
    town.sql("alter table stores add constraint never check (schema_name is null)");
    let ran = town.run(&["migrate", "--store", "4", "-qq", "--to", "verified"]).exits(0);
    assert_eq!(ran.stderr, "");
    assert!(ran.stdout.contains("verified"));
    let ran = town.run(&["migrate", "--store", "4", "-qq"]).exits(1).says("never");
    assert!(!ran.stderr.contains("started"), "{}", ran.stderr);
    let ran = town.run(&["migrate", "--store", "999", "-qq"]).exits(2);
    assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
}

#[test]
fn a_narrow_page_leaves_no_table_out() {
    let town = Town::sample();
    town.run(&["migrate", "--store", "13,93", "-o", "wide.txt"]).exits(0);
    for width in ["60", "80", "200"] {
        let mut command = town.command(&["report", "--store", "13"]);
        command.env("COLUMNS", width);
        let ran = finish(command).exits(0);
        for table in ["whatsapp_logs", "order_items", "customer_history"] {
            assert!(ran.stdout.contains(table), "{table} is not in\n{}", ran.stdout);
        }
    }
    assert!(town.read("wide.txt").contains("Tienda de prueba"));
}

#[test]
fn a_secret_is_in_no_output_and_not_in_the_journal() {
    let town = three_stores();
    town.edit("tenantctl.toml", "postgresql://app@db", "postgresql://app:s3cr3t@db");
    let url = town.url().replace("postgres@", "postgres:hunter2@");
    let mut all = String::new();
    for words in [
        &["plan", "--store", "4"][..],
        &["migrate", "--store", "4"],
        &["report"],
        &["report", "-f", "json"],
        &["status"],
        &["config", "--origin"],
        &["migrate", "--store", "5"],
        &["plan", "--store", "3", "--sql"],
    ] {
        let words = [words, &["-d", &url]].concat();
        let ran = town.run(&words);
        all.push_str(&(ran.stdout + &ran.stderr));
    }
    assert!(!all.contains("hunter2") && !all.contains("s3cr3t"), "{all}");
    assert_eq!(
        town.value("select database_url from stores where id = 4"),
        "postgresql://app:s3cr3t@db/main?schema=store_4"
    );
    let journal = town.value("select string_agg(r::text, ' ') from tenantctl.run r");
    assert!(!journal.contains("hunter2"), "{journal}");
}
