//! Alerts: fired once, repeated, cleared, over restarts, at a webhook and a program that are really there.

use std::time::Duration;

use serde_json::Value;
use tenantctl::metric::find;
use yaml_rust2::YamlLoader;

use crate::app::three_stores;
use crate::application::Application;
use crate::faces::{holds, schema, validator};
use crate::running::{eventually, start};
use crate::town::{Town, finish};

/// What the webhook got: what was told, of which store and rule, in order.
fn told(application: &Application) -> Vec<String> {
    let asked = application.mood.lock().unwrap().asked.clone();
    let mut told = Vec::new();
    for request in asked {
        let body: Value = serde_json::from_str(request.split_once("HTTP/1.1 ").unwrap().1).unwrap();
        for alert in body["alerts"].as_array().unwrap() {
            told.push(format!("{} {} {}", alert["told"], alert["store"], alert["alert"]).replace('"', ""));
        }
        assert!(body["text"].as_str().unwrap().contains("no_backup"), "{body}");
    }
    told
}

/// A move of store 4, switched; alerts are posted to the application, which says 503 while its mood is bad.
fn watched_town() -> (Town, Application) {
    let town = three_stores();
    let application = Application::of(&town);
    town.run(&["migrate", "--store", "4"]).exits(0);
    let alerting = format!(
        "\n[alerting]\nrepeat = \"2s\"\nwebhook = \"{}/flaky\"\ncommand = [\"tee\", \"-a\", \"told.jsonl\"]\n",
        application.url
    );
    town.write("tenantctl.toml", &format!("{}{alerting}", town.read("tenantctl.toml")));
    (town, application)
}

#[test]
fn an_alert_fires_once_repeats_and_clears_over_restarts() {
    let (town, application) = watched_town();
    let first = town.run(&["alerts", "-f", "json"]).exits(3).json();
    holds(&validator(&schema("report")), &first);
    assert_eq!(first["alerts"].as_array().unwrap().len(), 1, "{first:#}");
    let (alert, fires) = (&first["alerts"][0], "fires 4 no_backup");
    assert_eq!((&alert["told"], &alert["says"]), (&"fires".into(), &"backup_age_seconds is unknown".into()));
    assert_eq!(told(&application), [fires]);
    // The boxes of the first report are ticked by it.
    let boxes = "\n[[report.next_steps]]\ntext = \"Alerts\"\ndone_when = \"alerts\"\n\
                 [[report.next_steps]]\ntext = \"Metrics\"\ndone_when = \"metrics\"\n";
    town.write("tenantctl.toml", &format!("{}{boxes}", town.read("tenantctl.toml")));
    let page = town.run(&["report", "--store", "4"]).exits(0);
    page.says("[x] Alerts (").says("told: webhook and command").says("[x] Metrics (").says("stores measured: 1");
    // Once; nothing new, nobody is told.
    let again = town.run(&["alerts"]).exits(3);
    again.says("store 4").says("No proven backup");
    assert_eq!(told(&application), [fires]);
    // The watch goes on where the last one ended.
    for count in [2, 3] {
        let watch = start(town.command(&["alerts", "--watch", "1"]));
        eventually("a repetition", Duration::from_secs(60), || told(&application).len() >= count);
        watch.signal("INT");
        watch.end().exits(130);
    }
    assert!(told(&application)[1..].iter().all(|of| of == "repeats 4 no_backup"));
    // A second one tells nobody, and says so.
    let watch = start(town.command(&["alerts", "--watch", "1"]));
    eventually("the first one's look", Duration::from_secs(60), || {
        town.session_count() > 0 && {
            let holds = "select count(*) from pg_locks where locktype = 'advisory' and granted and database =
                     (select oid from pg_database where datname = current_database())";
            town.value(holds) != "0"
        }
    });
    town.run(&["alerts"]).exits(3).says("another one watches already");
    // Well again: told once, and forgotten.
    let backed_up = "insert into tenantctl.event (run_id, move_id, kind, detail)
        select run_id, id, 'backed_up', '{\"to\": \"x\", \"proven\": true}' from tenantctl.move where store_key = '4'";
    town.sql(backed_up);
    let cleared = || told(&application).iter().filter(|of| *of == "clears 4 no_backup").count();
    // First it is told, then written: who is stopped between the two tells it again.
    let forgotten = || town.value("select count(*) from tenantctl.alert") == "0";
    eventually("that it is over", Duration::from_secs(60), || cleared() == 1 && forgotten());
    watch.signal("TERM");
    watch.end().exits(130);
    town.run(&["alerts"]).exits(0).says("no alert fires");
    assert_eq!((cleared(), forgotten()), (1, true));
    // The program got the same.
    let of_program = town.read("told.jsonl");
    assert!(of_program.contains("\"told\":\"fires\"") && of_program.contains("\"told\":\"clears\""), "{of_program}");
    // What cannot be told is told at the next look.
    town.sql("delete from tenantctl.event where kind = 'backed_up'");
    application.mood.lock().unwrap().failures = 1;
    town.run(&["alerts"]).exits(1).says("nobody could be told").says("status 503");
    town.run(&["metrics"]).exits(0).says("no_backup");
    let fired = || told(&application).iter().filter(|of| *of == fires).count();
    assert_eq!(fired(), 2);
    town.run(&["alerts"]).exits(3);
    assert_eq!(fired(), 3);
    // Spanish; and who may not write the journal is told that nothing is remembered.
    town.run(&["alerts", "--lang", "es"])
        .exits(3)
        .says("Sin respaldo comprobado")
        .says("se desconoce backup_age_seconds");
    let reader = format!("{}_alerts", town.database);
    town.sql(&format!(
        "create role {reader} login; grant usage on schema tenantctl, store_4 to {reader};
         grant select on all tables in schema public, tenantctl, store_4 to {reader}"
    ));
    eventually("a repetition that it cannot write", Duration::from_secs(60), || {
        let mut command = town.command(&["alerts"]);
        command.env("DATABASE_URL", town.url().replace("postgres@", &format!("{reader}@")));
        finish(command).exits(3).stdout.contains("this role may not write the journal")
    });
}

#[test]
fn the_rules_of_prometheus_are_the_same() {
    let town = three_stores();
    let own = "\n[[alerts]]\nname = \"big \\\"one\\\"\"\n";
    let alerts = "\n[[alerts]]\nname = \"big\"\nmetric = \"bytes\"\nabove = \"2GiB\"\nfor = \"10min\"\n\
                  title = \"it's \\\"big\\\": really\"\nstores = { \"a.b\" = \"1GiB\", \"7\" = \"off\" }\n";
    let plain = town.read("tenantctl.toml");
    town.write("tenantctl.toml", &format!("{plain}{own}"));
    town.run(&["alerts", "--prometheus-rules"]).exits(2).says("its name must be letters");
    town.write("tenantctl.toml", &format!("{plain}{alerts}"));
    let mut command = town.command(&["alerts", "--prometheus-rules"]);
    command.env("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none"); // no database is asked
    let text = finish(command).exits(0).stdout;
    let yaml = YamlLoader::load_from_str(&text).unwrap().remove(0);
    let rules = yaml["groups"][0]["rules"].as_vec().unwrap();
    let expression = |name: &str| {
        let of = rules.iter().filter(|rule| rule["alert"].as_str() == Some(name));
        of.map(|rule| rule["expr"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        expression("no_backup"),
        [
            "((time() - tenantctl_store_backup_timestamp_seconds > 129600) or (tenantctl_store_switched unless on (store) \
          tenantctl_store_backup_timestamp_seconds)) and on (store) tenantctl_store_switched == 1"
        ]
    );
    let of_big = expression("big");
    assert!(of_big[0].starts_with("(tenantctl_store_bytes{store!~\"7|a\\\\.b\"} > 2147483648)"), "{of_big:?}");
    assert!(of_big[1].starts_with("(tenantctl_store_bytes{store=~\"a\\\\.b\"} > 1073741824)"), "{of_big:?}");
    // Every series is one that `metrics` gives.
    for rule in rules {
        let text = rule["expr"].as_str().unwrap();
        for name in
            text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| word.starts_with("tenantctl_"))
        {
            assert!(find(name).is_some_and(|metric| metric.exported), "{name} in {text}");
        }
        assert!(["info", "warning", "critical"].contains(&rule["labels"]["severity"].as_str().unwrap()));
    }
}
