//! Giving up and going on, from every stage; and what `status`, `stores` and `report` say of them.

use crate::app::three_stores;
use crate::town::Town;

/// Brings store 4 to a stage; for `planned` its creation fails, once.
fn at_stage(stage: &str) -> Town {
    let town = three_stores();
    match stage {
        "planned" => {
            fail_second_schema(&town);
            town.run(&["migrate", "--store", "4"]).exits(1).says("creating schema store_4").says("not today");
        }
        "reversed" => {
            town.run(&["migrate", "--store", "4"]).exits(0);
            town.run(&["reverse", "--store", "4", "--yes"]).exits(0);
        }
        stage => drop(town.run(&["migrate", "--store", "4", "--to", stage]).exits(0)),
    }
    assert_eq!(town.stage("4"), stage);
    town
}

/// The plan tries the template, `create` makes the schema: it is the second CREATE SCHEMA that fails, and no other.
fn fail_second_schema(town: &Town) {
    town.sql(
        "create schema unkind;
         create sequence unkind.nth;
         create function unkind.refuse() returns event_trigger language plpgsql as $$
         begin
             if nextval('unkind.nth') = 3 then raise exception 'not today'; end if; -- the journal's is the first
         end $$;
         create event trigger unkind on ddl_command_start when tag in ('CREATE SCHEMA') execute function unkind.refuse()",
    );
}

#[test]
fn a_move_can_be_given_up_at_every_stage_and_begun_anew() {
    for stage in ["planned", "created", "copied", "verified", "reversed"] {
        let town = at_stage(stage);
        assert_eq!(town.has_schema("store_4"), stage != "planned", "{stage}");
        let shared = town.fingerprint("public");
        let report = town.run(&["abandon", "--store", "4", "--yes", "--format", "json"]).exits(0).json();
        assert_eq!(report["stores"][0]["stage"], "abandoned", "{stage}");
        assert!(!town.has_schema("store_4"), "{stage}");
        assert_eq!(town.fingerprint("public"), shared, "{stage}");
        assert_eq!(
            town.value("select count(*) from pg_constraint where conrelid::regclass::text like 'store\\_%'"),
            "0"
        );
        assert_eq!(town.stage("4"), "none");
        town.all_sessions_end();
        town.run(&["migrate", "--store", "4"]).exits(0);
        town.three_tables_moved(4, "store_4");
    }
}

#[test]
fn a_switched_move_is_not_given_up() {
    let town = three_stores();
    town.run(&["migrate", "--store", "4"]).exits(0);
    let before = town.fingerprint("store_4");
    town.refuses(
        &["abandon", "--store", "4", "--yes"],
        2,
        &["its application works in schema store_4", "tenantctl reverse"],
    );
    assert_eq!(town.fingerprint("store_4"), before);
}

#[test]
fn giving_up_never_drops_what_somebody_else_put_into_the_schema() {
    let town = at_stage("verified");
    town.sql("create table store_4.diary (words text); insert into store_4.diary values ('mine')");
    town.refuses(&["abandon", "--store", "4", "--yes"], 2, &["holds what tenantctl did not make: table diary"]);
    town.refuses(&["abandon", "--store", "4", "--yes", "--lose-changes"], 2, &["diary"]);
    assert_eq!(town.value("select words from store_4.diary"), "mine");
    town.three_tables_moved(4, "store_4");
    town.sql("drop table store_4.diary");
    town.run(&["abandon", "--store", "4", "--yes"]).exits(0);
}

#[test]
fn giving_up_never_drops_what_hangs_on_the_schema_from_outside() {
    let town = at_stage("verified");
    town.sql("create view public.peek as select * from store_4.orders");
    town.refuses(&["abandon", "--store", "4", "--yes"], 2, &["peek"]);
    assert_eq!(town.value("select count(*) from public.peek"), "12");
    assert_eq!(town.stage("4"), "verified");
}

#[test]
fn a_run_goes_on_from_the_stage_at_which_it_failed() {
    // planned: the first CREATE SCHEMA of the move failed
    let town = at_stage("planned");
    finishes_by_resume(&town);

    // created: a row is refused by a constraint that somebody added
    let town = at_stage("created");
    town.sql("alter table store_4.customers add constraint nobody check (name = '')");
    let ran = town.run(&["migrate", "--store", "4"]).exits(1).says("copying store 4, table customers").says("nobody");
    ran.says("the same command then goes on").says("tenantctl resume");
    assert_eq!(
        (town.stage("4").as_str(), town.value("select count(*) from store_4.customers").as_str()),
        ("created", "0")
    );
    town.sql("alter table store_4.customers drop constraint nobody");
    finishes_by_resume(&town);

    // copied: rows were changed behind our back, and are loaded again
    let town = at_stage("copied");
    town.sql("update store_4.lines set what = 'forged' where id = (select min(id) from store_4.lines)");
    town.run(&["migrate", "--store", "4"]).exits(3).says("lines").says("what");
    assert_eq!(town.stage("4"), "copied");
    finishes_by_resume(&town);

    // verified: the registry refuses its new value
    let town = at_stage("verified");
    town.sql("alter table public.stores add constraint never check (schema_name is null)");
    town.run(&["migrate", "--store", "4"]).exits(1).says("switching store 4").says("never");
    assert_eq!(town.stage("4"), "verified");
    town.sql("alter table public.stores drop constraint never");
    finishes_by_resume(&town);
}

#[track_caller]
fn finishes_by_resume(town: &Town) {
    town.run(&["status", "--check"]).exits(4).says("tenantctl resume");
    let report = town.run(&["resume", "--format", "json"]).exits(0).json();
    assert_eq!((&report["command"], &report["stores"][0]["stage"]), (&"resume".into(), &"switched".into()));
    town.three_tables_moved(4, "store_4");
    town.run(&["status", "--check"]).exits(0);
    town.refuses(&["resume"], 2, &["no run is unfinished"]);
}

#[test]
fn a_finished_run_that_is_resumed_has_nothing_to_do() {
    for stage in ["created", "copied", "verified"] {
        let town = three_stores();
        let run = town.run(&["migrate", "--store", "4", "--to", stage, "--format", "json"]).exits(0).json();
        let run = run["run"].as_str().unwrap().to_owned();
        let before = town.fingerprint("store_4");
        let report = town.run(&["resume", &run, "--format", "json"]).exits(0).json();
        assert_eq!(
            (&report["stores"][0]["stage"], &report["stores"][0]["already_done"]),
            (&stage.into(), &true.into())
        );
        assert_eq!(town.fingerprint("store_4"), before);
        town.run(&["resume", &run[..5]]).exits(0).says("already");
    }
}

#[test]
fn several_unfinished_runs_are_listed_and_one_must_be_named() {
    let town = three_stores();
    town.sql("alter table stores add constraint never check (schema_name is null)");
    let mut runs = Vec::new();
    for store in ["4", "5"] {
        let ran = town.run(&["migrate", "--store", store, "--format", "json"]).exits(1).json();
        runs.push(ran["run"].as_str().unwrap().to_owned());
    }
    town.refuses(&["resume"], 2, &["several runs are unfinished", &runs[0], &runs[1]]);
    town.sql("alter table stores drop constraint never");
    let report = town.run(&["resume", &runs[0], "--format", "json"]).exits(0).json();
    assert_eq!(report["stores"].as_array().unwrap().len(), 1);
    assert_eq!((town.stage("4"), town.stage("5")), ("switched".into(), "verified".into()));
    town.run(&["resume"]).exits(0);
    assert_eq!(town.stage("5"), "switched");
}

#[test]
fn only_the_stores_that_failed_are_taken_up_again() {
    let town = three_stores();
    town.sql("alter table stores add constraint not_five check (id <> 5 or schema_name is null)");
    let report = town.run(&["migrate", "--all", "--format", "json"]).exits(4).json();
    assert_eq!(report["outcome"], "partial");
    let stages: Vec<_> = ["3", "4", "5"].map(|store| town.stage(store)).into();
    assert_eq!(stages, ["switched", "switched", "verified"]);
    town.sql("alter table stores drop constraint not_five");
    let report = town.run(&["resume", "--format", "json"]).exits(0).json();
    assert_eq!(report["stores"].as_array().unwrap().len(), 1);
    assert_eq!(report["stores"][0]["store"], "5");
    town.three_tables_moved(5, "store_5");
}

#[test]
fn resume_without_a_journal_or_with_an_unknown_run_says_so() {
    let town = three_stores();
    town.refuses(&["resume"], 2, &["there is no journal"]);
    town.refuses(&["report"], 2, &["there is no journal"]);
    town.run(&["status"]).exits(0).says("no journal yet");
    assert!(!town.has_schema("tenantctl"), "reading commands make nothing");
    town.run(&["create", "--store", "4"]).exits(0);
    town.refuses(&["resume", "ffffffff"], 2, &["ffffffff"]);
    town.refuses(&["report", "ffffffff"], 2, &["ffffffff"]);
    town.refuses(&["report", "--store", "5"], 2, &["no move"]);
}

#[test]
fn a_move_keeps_to_its_recorded_files_and_says_which_changed() {
    let town = at_stage("created");
    town.edit("store_schema.sql", "what text not null", "what text");
    town.refuses(
        &["migrate", "--store", "4"],
        2,
        &["planned with other files: the template changed", "--use-recorded", "abandon"],
    );
    town.edit(
        "tenantctl.toml",
        "[[tables]]\nname = \"lines\"\nparent",
        "[[tables]]\nname = \"lines\"\non = \"order_id = id\"\nparent",
    );
    town.refuses(&["copy", "--store", "4"], 2, &["the manifest (", "and the template changed"]);
    town.run(&["migrate", "--store", "4", "--use-recorded"]).exits(0);
    town.three_tables_moved(4, "store_4");
    assert_eq!(
        town.value(
            "select is_nullable from information_schema.columns where table_schema = 'store_4' and column_name = 'what'"
        ),
        "NO",
        "the recorded template counts"
    );
}

#[test]
fn shared_tables_altered_after_the_plan_stop_the_move() {
    let town = at_stage("created");
    town.sql("alter table public.lines add column colour text");
    town.run(&["migrate", "--store", "4"]).exits(2).says("the shared tables were altered").says("abandon");
    assert_eq!(town.stage("4"), "created");
    town.sql("alter table public.lines drop column colour");
    town.run(&["migrate", "--store", "4"]).exits(0);
}

#[test]
fn status_stores_and_report_tell_the_same_of_each_stage() {
    let town = three_stores();
    for (words, stage) in [
        (&["migrate", "--store", "4", "--to", "created"][..], "created"),
        (&["migrate", "--store", "4", "--to", "copied"], "copied"),
        (&["migrate", "--store", "4", "--to", "verified"], "verified"),
        (&["switch", "--store", "4"], "switched"),
        (&["reverse", "--store", "4", "--yes"], "reversed"),
    ] {
        let done = town.run(words).exits(0);
        assert!(done.stdout.contains(stage), "{}", done.stdout);
        assert_eq!(town.stage("4"), stage);
        let status = town.run(&["status", "--format", "json"]).exits(0).json();
        assert_eq!(status["runs"][0]["stores"][0]["stage"], stage);
        assert_eq!(status["runs"][0]["command_line"], format!("tenantctl {}", words.join(" ")));
        let report = town.run(&["report", "--store", "4", "--format", "json"]).exits(0).json();
        let store = &report["stores"][0];
        assert_eq!(store["stage"], stage);
        let verdicts: Vec<&str> =
            store["tables"].as_array().unwrap().iter().map(|table| table["verdict"].as_str().unwrap()).collect();
        let expected = match stage {
            "created" => "pending",
            "copied" => "not_verified",
            _ => "equal",
        };
        assert_eq!(verdicts, [expected; 3], "{stage}");
        let text = town.run(&["report", "--store", "4"]).exits(0).stdout;
        assert!(text.contains("Four") && text.contains(stage), "{text}");
        assert_eq!(text.contains("✓ proven") || text.contains("proven equal"), expected == "equal", "{stage}:\n{text}");
    }
    let list = town.run(&["stores"]).exits(0).stdout;
    for word in ["Three", "Four", "Five", "store_4", "reversed", "none"] {
        assert!(list.contains(word), "{list}");
    }
    let abandoned = town.run(&["abandon", "--store", "4", "--yes"]).exits(0).stdout;
    assert!(abandoned.contains("abandoned"), "{abandoned}");
    let status = town.run(&["status", "--store", "5", "--format", "json"]).exits(0).json();
    assert!(status["runs"].is_null() || status["runs"].as_array().unwrap().is_empty());
}

#[test]
fn the_report_next_day_says_what_the_run_said() {
    let town = three_stores();
    let then = town.run(&["migrate", "--store", "4", "--format", "json"]).exits(0).json();
    let now = town.run(&["report", then["run"].as_str().unwrap(), "--format", "json"]).exits(0).json();
    for part in
        ["tables", "checks", "evidence", "stage", "row_count", "bytes", "schema", "url", "not_checked", "outcome"]
    {
        assert_eq!(then["stores"][0][part], now["stores"][0][part], "{part}");
    }
}
