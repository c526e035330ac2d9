//! Connections that are cut in the middle of a conversation, and backends that are ended by somebody.
//!
//! Whatever was cut: the run does not end well, says nothing that is not so, and the next one comes to the same end.

use std::time::Duration;

use serde_json::Value;

use crate::proxy::{Point, Proxy, Reach, Speaker};
use crate::running::{Person, eventually};
use crate::town::{Ran, Town, finish};

const STORE: &str = "13";
const SCHEMA: &str = "store_1751273256223";

fn through(town: &Town, proxy: &Proxy, words: &[&str]) -> Ran {
    let mut command = town.command(words);
    // The proxy reads along, so there must be no TLS, nor the question for it.
    let url = town.url().replace(&format!(":{}/", town.port()), &format!(":{}/", proxy.port())) + "?sslmode=disable";
    command.env("DATABASE_URL", url);
    finish(command)
}

/// What the run printed is no more than what the journal and the schemas hold.
#[track_caller]
fn says_only_what_is_so(town: &Town, ran: &Ran) {
    let report: Value = ran.json();
    assert_ne!(report["outcome"], "done", "{report}");
    let switched = town.value("select schema_name is not null from stores where id = 13") == "t";
    for store in report["stores"].as_array().unwrap() {
        assert_ne!(store["outcome"], "done", "{store}");
        if store["stage"] == "switched" {
            assert!(switched, "it says switched");
        }
        for table in store["tables"].as_array().unwrap().iter().filter(|table| table["verdict"] == "equal") {
            let verdict = format!(
                "select verdict from tenantctl.table_run where table_name = '{}'",
                table["table"].as_str().unwrap()
            );
            assert_eq!(town.value(&verdict), "equal", "{table}");
        }
    }
    if town.value("select to_regclass('tenantctl.move') is not null") == "t" {
        let ahead = town.value(
            "select count(*) from tenantctl.table_run t where rows_loaded <> (xpath('/row/c/text()',
                query_to_xml(format('select count(*) as c from %I.%I', (select store_schema from tenantctl.move m where m.id = t.move_id), t.table_name), false, true, '')))[1]::text::int",
        );
        assert_eq!(ahead, "0", "the journal is ahead of the rows");
        let stage = town.sql("select stage from tenantctl.move");
        let stage = stage.first().and_then(|row| row[0].clone()).unwrap_or_default();
        assert_eq!(stage == "switched", switched, "the registry and stage `{stage}` disagree");
    }
}

/// Goes on over a whole connection and looks at the end with eyes of its own.
#[track_caller]
fn comes_to_the_same_end(town: &Town) {
    eventually("the sessions of the cut run are gone", Duration::from_secs(3), || town.session_count() == 0);
    let has_move = town.value("select to_regclass('tenantctl.move') is not null") == "t"
        && town.value("select count(*) from tenantctl.move") == "1";
    let ran = match has_move && town.stage(STORE) != "switched" {
        true => town.run(&["resume", "--format", "json"]),
        false => town.run(&["migrate", "--store", STORE, "--format", "json"]),
    };
    assert_eq!(ran.exits(0).json()["outcome"], "done");
    assert_eq!(town.stage(STORE), "switched");
    town.holds_the_shared_rows(STORE, SCHEMA);
}

/// Cut somewhere in the whole of a run.
fn cut_and_resumed(point: Point, reach: Reach) {
    cut_in(&Town::sample(), point, reach);
}

/// Cut while rows are on their way.
fn copy_cut_and_resumed(point: Point, reach: Reach) {
    cut_in(&Town::sample_at("created"), point, reach);
}

fn cut_in(town: &Town, point: Point, reach: Reach) {
    let proxy = Proxy::before(town.port(), point, reach);
    let ran = through(town, &proxy, &["migrate", "--store", STORE, "--format", "json"]);
    assert!(proxy.has_cut(), "{point:?} was never reached\n{}", ran.stderr);
    assert!(matches!(ran.code, 1 | 5), "{point:?}: exit {}\n{}\n{}", ran.code, ran.stdout, ran.stderr);
    says_only_what_is_so(town, &ran);
    comes_to_the_same_end(town);
}

const READER: &str = "reader";
const WRITER: &str = "writer";

/// The end of binary COPY.
const TRAILER: &[u8] = b"\xff\xff";

#[test]
fn the_reader_is_cut_in_the_first_row() {
    copy_cut_and_resumed(Point::Row { role: READER, speaker: Speaker::Server, nth: 1 }, Reach::One);
}

#[test]
fn the_reader_is_cut_in_the_middle_of_a_table() {
    copy_cut_and_resumed(Point::Row { role: READER, speaker: Speaker::Server, nth: 200 }, Reach::One);
}

#[test]
fn the_reader_is_cut_within_the_trailer() {
    let point = Point::Within { role: READER, speaker: Speaker::Server, kind: b'd', ending: TRAILER };
    copy_cut_and_resumed(point, Reach::One);
}

#[test]
fn the_reader_is_cut_just_after_copy_done() {
    // All rows and the word that they are all have arrived: the table may count. If it does, it is whole.
    let point = Point::After { role: READER, speaker: Speaker::Server, kind: b'c', beginning: b"", nth: 1 };
    let town = Town::sample_at("created");
    let proxy = Proxy::before(town.port(), point, Reach::One);
    let ran = through(&town, &proxy, &["migrate", "--store", STORE, "--format", "json"]);
    assert!(proxy.has_cut());
    match ran.code {
        0 => town.holds_the_shared_rows(STORE, SCHEMA),
        _ => says_only_what_is_so(&town, &ran),
    }
    comes_to_the_same_end(&town);
}

#[test]
fn the_reader_is_cut_instead_of_copy_done() {
    let point = Point::Before { role: READER, speaker: Speaker::Server, kind: b'c', beginning: b"", nth: 3 };
    copy_cut_and_resumed(point, Reach::One);
}

#[test]
fn the_reader_of_the_proof_is_cut() {
    // The copy sends 630 rows and 15 trailers; what comes after is the proof.
    copy_cut_and_resumed(Point::Row { role: READER, speaker: Speaker::Server, nth: 900 }, Reach::One);
}

#[test]
fn the_writer_is_cut_in_its_first_rows() {
    copy_cut_and_resumed(Point::Row { role: WRITER, speaker: Speaker::Client, nth: 1 }, Reach::One);
}

#[test]
fn the_writer_is_cut_in_a_later_table() {
    copy_cut_and_resumed(Point::Row { role: WRITER, speaker: Speaker::Client, nth: 7 }, Reach::One);
}

#[test]
fn the_writer_is_cut_within_the_trailer() {
    let point = Point::Within { role: WRITER, speaker: Speaker::Client, kind: b'd', ending: TRAILER };
    copy_cut_and_resumed(point, Reach::One);
}

#[test]
fn the_writer_is_cut_just_after_copy_done() {
    let point = Point::After { role: WRITER, speaker: Speaker::Client, kind: b'c', beginning: b"", nth: 1 };
    copy_cut_and_resumed(point, Reach::One);
}

#[test]
fn the_answer_to_the_writers_copy_is_lost() {
    let point = Point::Before { role: WRITER, speaker: Speaker::Server, kind: b'C', beginning: b"COPY ", nth: 2 };
    copy_cut_and_resumed(point, Reach::One);
}

#[test]
fn all_is_cut_just_after_copy_done() {
    let point = Point::After { role: WRITER, speaker: Speaker::Client, kind: b'c', beginning: b"", nth: 2 };
    copy_cut_and_resumed(point, Reach::All);
}

#[test]
fn the_answer_to_a_commit_is_lost_whichever_commit_it_is() {
    // The journal made, the schema created, tables loaded, indexes made … up to the switch.
    for nth in [1, 2, 8, 20, 30] {
        let point = Point::Before { role: WRITER, speaker: Speaker::Server, kind: b'C', beginning: b"COMMIT", nth };
        cut_and_resumed(point, Reach::All);
    }
}

/// How many commits a whole run has; the last one of a writer is the switch's.
fn commit_count() -> usize {
    let town = Town::sample_at("verified");
    let point = |nth| Point::Before { role: WRITER, speaker: Speaker::Server, kind: b'C', beginning: b"COMMIT", nth };
    // Sequences are raised and committed first, then the switch.
    let mut nth = 1;
    loop {
        let proxy = Proxy::before(town.port(), point(nth), Reach::All);
        let ran = through(&town, &proxy, &["switch", "--store", STORE]);
        if ran.code == 0 || town.stage(STORE) == "switched" {
            return nth;
        }
        nth += 1;
    }
}

#[test]
fn the_answer_to_the_commit_of_the_switch_is_lost() {
    let nth = commit_count();
    let point = Point::Before { role: WRITER, speaker: Speaker::Server, kind: b'C', beginning: b"COMMIT", nth };
    for reach in [Reach::One, Reach::All] {
        let town = Town::sample_at("verified");
        let proxy = Proxy::before(town.port(), point, reach);
        let ran = through(&town, &proxy, &["switch", "--store", STORE, "--format", "json"]);
        assert!(proxy.has_cut());
        // It was committed. With a way to the server left, the journal decides; without one nothing is claimed.
        assert_eq!(town.stage(STORE), "switched");
        match reach {
            Reach::One => assert_eq!(ran.exits(0).json()["stores"][0]["stage"], "switched"),
            Reach::All => assert_ne!(ran.code, 0, "{ran:?}"),
        }
        let again = town.run(&["switch", "--store", STORE, "--format", "json"]).exits(0).json();
        assert_eq!(again["stores"][0]["already_done"], true);
        town.holds_the_shared_rows(STORE, SCHEMA);
    }
}

#[test]
fn whatever_byte_the_connections_are_cut_at_the_next_run_comes_to_the_same_end() {
    let town = Town::sample();
    let proxy = Proxy::before(town.port(), Point::Nowhere, Reach::All);
    through(&town, &proxy, &["migrate", "--store", STORE]).exits(0);
    let total = proxy.byte_count();
    for part in 0..6 {
        // Spread over the run, and off the round numbers.
        let bytes = total / 7 * (part + 1) - total / 97 * (part % 3);
        cut_and_resumed(Point::Bytes(bytes), Reach::All);
    }
}

#[test]
fn a_server_that_cannot_be_reached_is_exit_code_5() {
    let town = Town::sample();
    let proxy = Proxy::before(town.port(), Point::Bytes(10), Reach::All);
    let ran = through(&town, &proxy, &["migrate", "--store", STORE, "--format", "json"]).exits(5);
    says_only_what_is_so(&town, &ran);
    comes_to_the_same_end(&town);
}

/// Ends the backends of a role while the copy stands in front of a lock.
fn ended_by_an_administrator(role: &str) {
    let town = Town::sample_at("created");
    town.edit("tenantctl.toml", "[store_schema]\n", "[session]\nlock_timeout = \"60s\"\n\n[store_schema]\n");
    let blocker = Person::named(&town, "blocker");
    // Rows cannot be loaded, but the catalogs can be read: the copy stands in the middle.
    blocker.does(&format!("begin; lock table {SCHEMA}.whatsapp_logs in share mode"));
    let run = town.start(&["migrate", "--store", STORE, "--format", "json"]);
    town.wait_for_lock_queue(&format!("{SCHEMA}.whatsapp_logs"));
    let ended = town.value(&format!(
        "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = current_database() and application_name like 'tenantctl/%/{role}'"
    ));
    assert_ne!(ended, "0");
    blocker.does("rollback");
    let ran = run.end();
    assert!(matches!(ran.code, 1 | 5), "{role}: {ran:?}");
    says_only_what_is_so(&town, &ran);
    comes_to_the_same_end(&town);
}

#[test]
fn the_reader_is_ended_by_an_administrator() {
    ended_by_an_administrator("reader");
}

#[test]
fn the_writer_is_ended_by_an_administrator() {
    ended_by_an_administrator("writer");
}

#[test]
fn the_lease_is_ended_by_an_administrator() {
    ended_by_an_administrator("lease");
}
