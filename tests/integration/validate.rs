//! The application is asked after the switch: what its probes see is evidence, ticks the boxes, and moves the stage.

use serde_json::Value;

use crate::app::three_stores;
use crate::application::{Application, TOKEN};
use crate::faces::{holds, schema, validator};
use crate::town::{Ran, Town, finish};

/// A town with probes beside its configuration, and the application that they ask.
fn town_with(probes: &str) -> (Town, Application) {
    let town = three_stores();
    let application = Application::of(&town);
    let config = format!("{}\n[validate]\nretry_wait = \"10ms\"\n{probes}", town.read("tenantctl.toml"));
    town.write("tenantctl.toml", &config);
    (town, application)
}

fn run(town: &Town, application: &Application, words: &[&str]) -> Ran {
    let mut command = town.with_probes(words);
    command.env("APP_URL", &application.url).env("APP_TOKEN", TOKEN).env("NO_PROXY", "127.0.0.1");
    finish(command)
}

/// What a probe of the only store of a document saw.
fn seen(document: &Value, probe: &str) -> (bool, String, u64) {
    let probes = document["stores"][0]["probes"].as_array().unwrap();
    let found = probes.iter().find(|of| of["probe"] == probe).unwrap_or_else(|| panic!("no {probe}: {document:#}"));
    (found["passed"] == true, found["seen"].as_str().unwrap().to_owned(), found["try_count"].as_u64().unwrap())
}

fn boxes(document: &Value) -> Vec<bool> {
    document["stores"][0]["steps"].as_array().unwrap().iter().map(|step| step["done"] == true).collect()
}

const GOOD: &str = r#"
[[probes]]
name = "customers"
title = { en = "The list of customers", es = "La lista de clientes" }
retries = 1
[probes.http]
url = "${APP_URL}/api/customers?store={key}&schema={schema}"
headers.Authorization = "Bearer ${APP_TOKEN}"
body = '{"store": "{{key}}"}'
json = "$.customers[*]"
equals_query = "select name, id from {{schema}}.customers order by id"

[[probes]]
name = "order"
expect = "rows"
sql = """
insert into customers (name) values ('probe');
insert into {{schema}}.orders (customer_id, number) select id, 'probe' from customers where name = 'probe';
insert into lines (order_id, what) select id, 'x' from orders where number = 'probe' returning id;
"""

[[probes]]
name = "webhook"
command = ["sh", "-c", "test \"$TENANTCTL_STORE $TENANTCTL_SCHEMA\" = '4 store_4' && test \"$1\" = \"$APP_TOKEN\"", "sh", "${APP_TOKEN}"]

[[report.next_steps]]
text = "Customers are listed"
done_when = "probe:customers"
[[report.next_steps]]
text = "Everything works"
done_when = "validated"
[[report.next_steps]]
text = "Somebody looked"
"#;

#[test]
fn a_store_is_validated_by_evidence_until_a_probe_fails() {
    let (town, application) = town_with(GOOD);
    let moved = run(&town, &application, &["migrate", "--store", "4", "--yes", "-f", "json"]).exits(0).json();
    assert_eq!(moved["stores"][0]["stage"], "validated", "{moved:#}");
    assert_eq!(seen(&moved, "customers").1, "status 200, 6 values equal to the query's");
    assert_eq!(seen(&moved, "order").1, "3 statements, 1 row");
    assert_eq!(seen(&moved, "webhook").1, "exit code 0");
    let asked = application.mood.lock().unwrap().asked.join("\n");
    assert_eq!(asked, "POST /api/customers?store=4&schema=store_4 HTTP/1.1 {\"store\": \"4\"}");
    let held = town.fingerprint("store_4");

    // Boxes and evidence are the journal's, so the report of another day has them too.
    let report = run(&town, &application, &["report", "--store", "4", "-f", "json"]).exits(0).json();
    assert_eq!(boxes(&report), [true, true, false]);
    assert_eq!(report["stores"][0]["steps"][1]["evidence"]["seen"], "3 of 3 probes passed");
    run(&town, &application, &["report", "--store", "4", "-f", "markdown", "--lang", "es"])
        .exits(0)
        .says("✅ La lista de clientes: http: estado 200, 6 valores iguales a los de la consulta")
        .says("- [x] Everything works (");

    // The server answers with what another store has.
    application.reads(Some("public"));
    let words = ["validate", "--store", "4", "--progress", "json", "-f", "json"];
    let failed = run(&town, &application, &words).exits(3);
    failed.stderr.lines().for_each(|line| {
        holds(&validator(&schema("event")), &serde_json::from_str(line).unwrap());
    });
    let document = failed.json();
    holds(&validator(&schema("report")), &document);
    let (passed, why, tries) = seen(&document, "customers");
    assert!(!passed && why.contains("customer 1 of Three") && why.contains("(+9)"), "{why}");
    assert_eq!((tries, boxes(&document)), (2, vec![false, false, false]));
    let next: Vec<_> = document["next_steps"].as_array().unwrap().iter().map(|step| &step["command"]).collect();
    assert_eq!(next, ["tenantctl validate --store 4", "tenantctl reverse --store 4"]);
    assert_eq!(town.stage("4"), "switched");
    let times = "select switched_at < validated_at, validated_at is null from tenantctl.move";
    assert_eq!(town.sql(times)[0][1].as_deref(), Some("t"));
    run(&town, &application, &["validate", "--store", "4"]).exits(3).says("✗ switched, 1 of 3 probes failed");
    run(&town, &application, &["validate", "--store", "4", "-f", "junit"])
        .exits(3)
        .says("<failure type=\"probe\" message=\"not in the query: ");
    run(&town, &application, &["validate", "--store", "4", "-f", "html"]).exits(3).says("customer 1 of Three");
    let report = run(&town, &application, &["report", "--store", "4", "-f", "json"]).exits(0).json();
    assert_eq!((&report["stores"][0]["outcome"], boxes(&report)), (&"differs".into(), vec![false, false, false]));
    run(&town, &application, &["verify", "--store", "4", "--live"]).exits(0); // its rows are what they were

    application.reads(None);
    let again = run(&town, &application, &["validate", "--all", "-f", "json"]).exits(0).json();
    assert_eq!((boxes(&again), town.stage("4")), (vec![true, true, false], "validated".to_owned()));
    let left_out = again["findings"].as_array().unwrap();
    assert_eq!(left_out.len(), 2, "{left_out:?}");
    assert_eq!(town.fingerprint("store_4"), held, "a probe left something behind");
    run(&town, &application, &["validate", "--store", "5"]).exits(2).says("store 5 has no move in the journal");
    run(&town, &application, &["reverse", "--store", "4", "--yes"]).exits(0);
    run(&town, &application, &["validate", "--store", "4"]).exits(2).says("store 4 is reversed, not switched");
}

const FAILING: &str = r#"
[[probes]]
name = "flaky"
retries = 3
http = { url = "${APP_URL}/flaky" }
[[probes]]
name = "slow"
timeout = "200ms"
retries = 0
http = { url = "${APP_URL}/slow" }
[[probes]]
name = "status"
retries = 0
http = { url = "${APP_URL}/nowhere" }
[[probes]]
name = "nobody"
retries = 0
http = { url = "http://127.0.0.1:1/" }
[[probes]]
name = "page"
retries = 0
http = { url = "${APP_URL}/page", json = "$.x" }
[[probes]]
name = "text"
retries = 0
http = { url = "${APP_URL}/ids_as_text", json = "$[*]", equals_query = "select 2" }
[[probes]]
name = "echo"
retries = 0
[probes.http]
url = "${APP_URL}/echo"
headers.Authorization = "Bearer ${APP_TOKEN}"
json = "$[*]"
equals_query = "select 'nothing'"
[[probes]]
name = "others"
expect = "none"
retries = 0
sql = "select id, name from customers order by id; select store_id from {{shared}}.customers where store_id <> {{store_key}} order by 1"
[[probes]]
name = "key"
retries = 0
sql = "insert into lines (order_id, what) values (0, 'x')"
[[probes]]
name = "late"
retries = 0
sql = """
alter table orders add constraint later unique (total) deferrable initially deferred;
insert into orders (number, total) values ('p', 1), ('q', 1);
"""
[[probes]]
name = "sleep"
timeout = "200ms"
retries = 0
sql = "select pg_sleep(30)"
[[probes]]
name = "procedure"
retries = 0
sql = "do $$ begin insert into customers (name) values ('x'); commit; end $$"
[[probes]]
name = "exit"
retries = 0
command = ["sh", "-c", "echo $0 postgresql://u:pw-of-the-url@h/d >&2; exit 7", "${APP_TOKEN}"]
[[probes]]
name = "hang"
timeout = "300ms"
retries = 0
command = ["sh", "-c", "(sleep 30; touch survived) & wait"]
[[probes]]
name = "no_program"
retries = 0
command = ["./nowhere"]
[[report.next_steps]]
text = "It answers"
done_when = "probe:status"
"#;

#[test]
fn each_way_to_fail_is_told_and_no_secret_with_it() {
    let (town, application) = town_with(FAILING);
    application.mood.lock().unwrap().failures = 2;
    let ran = run(&town, &application, &["migrate", "--store", "4", "--yes", "-f", "json", "-vvv"]).exits(3);
    let document = ran.json();
    assert_eq!(document["stores"][0]["stage"], "switched");
    assert_eq!(seen(&document, "flaky"), (true, "status 200".to_owned(), 3));
    for (probe, why) in [
        ("slow", "no answer within 200 ms"),
        ("status", "status 404 instead of 200"),
        ("nobody", "no answer: "),
        ("page", "the answer is no JSON: "),
        ("text", "the text \"2\" where the query has the number 2"),
        ("echo", "not in the answer: \"nothing\"; not in the query: \"***\""),
        ("others", "12 rows, where none was expected: store_id=3"),
        ("key", "violates foreign key constraint"),
        ("late", "statement 2: duplicate key value violates unique constraint"),
        ("sleep", "not done within 200 ms"),
        ("procedure", "invalid transaction termination"),
        ("exit", "exit code 7: *** postgresql://u:***@h/d"),
        ("hang", "did not end within 300 ms"),
        ("no_program", "./nowhere cannot be started: "),
    ] {
        let (passed, seen, tries) = seen(&document, probe);
        assert!(!passed && seen.contains(why) && tries == 1, "{probe}: {seen}");
    }
    let journal = town.value("select string_agg(detail::text, ' ') from tenantctl.event")
        + &town.value("select string_agg(report::text || command_line, ' ') from tenantctl.run");
    for secret in [TOKEN, "pw-of-the-url"] {
        assert!(![&ran.stdout, &ran.stderr, &journal].iter().any(|text| text.contains(secret)), "{secret}");
    }
    town.moved("public.customers", "store_id = 4", "store_4.customers");
    assert!(!town.folder.path().join("survived").exists());

    // Who leaves the application unasked from then on is done with the run.
    run(&town, &application, &["resume", "-y", "--no-validate"]).exits(0).says("already switched");
    let status = run(&town, &application, &["status", "-f", "json"]).exits(0).json();
    assert_eq!((&status["runs"][0]["outcome"], &status["runs"][1]["outcome"]), (&"done".into(), &"differs".into()));
    run(&town, &application, &["migrate", "--store", "4", "--yes"]).exits(3);

    // The run is not done; once what failed is mended, it goes on with the application alone.
    let status = run(&town, &application, &["status", "-f", "json"]).exits(0).json();
    assert_eq!(status["runs"][0]["outcome"], "unfinished");
    let config = town.read("tenantctl.toml");
    let (kept, _) = config.split_once("[[probes]]\nname = \"slow\"").unwrap();
    town.write("tenantctl.toml", kept);
    let resumed = run(&town, &application, &["resume", "-y", "-f", "json"]).exits(0).json();
    assert_eq!(resumed["stores"][0]["stage"], "validated");
    assert_eq!(seen(&resumed, "flaky").2, 1);

    // Nothing begins with a probe that cannot be read, and a run can leave the application unasked.
    town.write("tenantctl.toml", &format!("{kept}\n[[probes]]\nname = \"x\"\nhttp = {{ url = \"${{NOWHERE}}/\" }}"));
    run(&town, &application, &["migrate", "--store", "5", "--yes"]).exits(2).says("NOWHERE is not set").says("hint: ");
    assert_eq!(town.stage("5"), "none");
    run(&town, &application, &["migrate", "--store", "5", "--yes", "--no-validate"]).exits(0);
    assert_eq!(town.stage("5"), "switched");
}

/// The configuration of the sample with the probe of its application, as the operator leaves out the comment signs.
fn with_shipped_probe(shipped: &str) -> String {
    let from = shipped.find("# [[probes]]").expect("the shipped probe of the application");
    let (before, rest) = shipped.split_at(from);
    let (probe, after) = rest.split_once("\n\n").expect("an empty line after it");
    let probe: Vec<&str> = probe.lines().map(|line| line.strip_prefix("# ").unwrap_or(line)).collect();
    let next_step =
        "[[report.next_steps]]\ntext.es = \"La API devuelve los productos\"\ndone_when = \"probe:products\"\n";
    format!("{before}{}\n\n{after}\n{next_step}", probe.join("\n"))
}

#[test]
fn the_sample_s_own_report_is_ticked_by_its_application_and_one_probe_that_fails_opens_the_box() {
    let town = Town::sample();
    let application = Application::of(&town);
    town.write("tenantctl.toml", &with_shipped_probe(&town.read("tenantctl.toml")));
    run(&town, &application, &["migrate", "--store", "4", "--yes"]).exits(0);
    assert_eq!(town.stage("4"), "validated");
    let page = |words: &[&str]| {
        let report = ["report", "--store", "4", "--lang", "es", "--format", "markdown"];
        run(&town, &application, &[&report, words].concat()).exits(0).stdout
    };
    let ticked = page(&[]);
    for line in [
        "✅ GET /api/products devuelve los productos del schema migrado: http: estado 200, 2 valores iguales",
        "✅ Crear un pedido con sus partidas: sql: 4 sentencias, 1 registro",
        "- [x] Probar la creación de órdenes (",
        "- [x] Verificar la integración con WhatsApp (",
        "- [x] Confirmar todas las funcionalidades (",
        "- [x] La API devuelve los productos (",
        ": 5 de 5 pruebas con éxito)",
    ] {
        assert!(ticked.contains(line), "{line} is not in\n{ticked}");
    }
    assert!(!ticked.contains("a aplicación misma"), "the application was asked:\n{ticked}");

    // The application goes on reading the shared schema, as if nobody had told it.
    application.reads(Some("public"));
    run(&town, &application, &["validate", "--store", "4", "--lang", "es"]).exits(3).says("no está en la consulta: ");
    assert_eq!(town.stage("4"), "switched");
    let open = page(&[]);
    for line in ["- [ ] Confirmar todas las funcionalidades", "- [ ] La API devuelve los productos"] {
        assert!(open.contains(line), "{line} is not in\n{open}");
    }
    assert!(open.contains("- [x] Probar la creación de órdenes ("), "its own probe passed:\n{open}");

    // Without its token it does not answer, and what it is told stands nowhere.
    application.reads(None);
    let mut command = town.with_probes(&["validate", "--store", "4"]);
    command.env("APP_URL", &application.url).env("APP_TOKEN", "forgotten").env("NO_PROXY", "127.0.0.1");
    finish(command).exits(3).says("status 401 instead of 200");
    let asked = run(&town, &application, &["validate", "--store", "4"]).exits(0);
    assert!(!asked.stdout.contains(TOKEN) && !asked.stderr.contains(TOKEN));
    assert_eq!(page(&[]).matches("- [x]").count(), ticked.matches("- [x]").count());
}
