//! Probes of whole files: what each says, what is refused, what is masked.

use super::*;
use crate::config::{Config, ConfigSources};
use crate::conninfo::Environment;
use crate::ident::Ident;
use crate::store::{KeyFamily, KeyType, StoreKey};

fn load(text: &str) -> Result<Vec<Probe>, Refusal> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tenantctl.toml"), text).unwrap();
    std::fs::write(folder.path().join("token"), "of the file\n").unwrap();
    let mut env = Environment::default().with("APP", "https://app.example").with("TOKEN", "hunter2-{co}");
    env.current_folder = folder.path().to_owned();
    let loaded = Config::load(&ConfigSources::default(), &env).and_then(|config| Ok(config.probes()?));
    loaded.map_err(|error| error.downcast().unwrap())
}

fn store() -> Store {
    let text = KeyType { sql: "text".into(), family: KeyFamily::Text };
    let key = StoreKey::parse("a/b \"c\"", &text).unwrap();
    Store { key, name: Some("O'Hara & \"co\"".into()), schema: Ident::new("Weird schema") }
}

#[test]
fn a_request_has_the_stores_words_each_in_its_own_escape() {
    let probes = load(
        "[validate]\nretries = 0\n[[probes]]\nname = \"p\"\ntimeout = \"2s\"\n[probes.http]\n\
         url = \"${APP}/x?s={key}&t=${TOKEN}\"\nheaders.X-Store = \"{key}\"\nheaders.Authorization = \"Bearer abcdef\"\n\
         body = '{\"key\": \"{{key}}\", \"n\": \"{{name}}\"}'\n\
         [[probes]]\nname = \"form\"\n[probes.http]\nurl = \"http://h/\"\nbody = \"k={{key}}\"\n\
         headers.Content-Type = \"application/x-www-form-urlencoded\"",
    )
    .unwrap();
    let [ProbeAct::Http(json), ProbeAct::Http(form)] = [&probes[0].act, &probes[1].act] else { panic!("{probes:?}") };
    let store = store();
    assert_eq!(json.url(&store).reveal(), "https://app.example/x?s=a%2Fb%20%22c%22&t=hunter2-{co}");
    assert_eq!(json.method, "POST");
    assert_eq!(json.headers(&store)[1].1.reveal(), "a/b \"c\"");
    assert_eq!(json.body(&store).unwrap().reveal(), r#"{"key": "a/b \"c\"", "n": "O'Hara & \"co\""}"#);
    assert_eq!(form.body(&store).unwrap().reveal(), "k=a%2Fb%20%22c%22");
    assert_eq!((probes[0].timeout, probes[0].retries), (Duration::from_secs(2), 0));
    assert_eq!((probes[1].timeout, probes[1].stage), (Duration::from_secs(10), Stage::Switched));
}

#[test]
fn what_came_by_a_reference_and_what_headers_hide_is_masked() {
    let probes = load(
        "[[probes]]\nname = \"p\"\n[probes.http]\nurl = \"${APP}/x?t=${TOKEN}\"\n\
         headers.Authorization = \"Bearer abcdef\"\nheaders.X-App = \"${file:token}\"",
    )
    .unwrap();
    let told = probes[0].masked("https://app.example/x?t=hunter2-{co}: abcdef, of the file, postgres://u:pw@h/d");
    assert_eq!(told, "https://app.example/x?t=***: ***, ***, postgres://u:***@h/d");
    for hidden in ["hunter2", "abcdef", "of the file"] {
        assert!(!format!("{probes:?}").contains(hidden));
    }
}

#[test]
fn a_probe_that_cannot_work_is_refused_with_a_way_on() {
    for (text, message) in [
        ("name = \"p\"", "probe `p`: says nothing to ask"),
        ("name = \"p\"\nsql = \"select 1\"\ncommand = [\"x\"]", "probe `p`: is of several kinds"),
        ("name = \"p q\"\nsql = \"select 1\"", "its name must be letters"),
        ("name = \"p\"\nhtpp = { url = \"x\" }", "unknown key `htpp`"),
        ("name = \"p\"\nsql = \"select 1; commit\"", "COMMIT may not stand in a probe"),
        ("name = \"p\"\nsql = \"select {{schma}}\"", "`{{schma}}` is no placeholder"),
        ("name = \"p\"\nsql = \"select 1\"\nexpect = \"row\"", "expect: `row` is nothing"),
        ("name = \"p\"\nsql = \"select 1\"\nexit_code = 1", "`exit_code` belongs to probes of kind command"),
        ("name = \"p\"\nsql = \"select 1\"\nstage = \"created\"", "stage: `created` is neither"),
        ("name = \"p\"\nsql = \"select 1\"\ntimeout = \"5\"", "timeout: `5` has no unit"),
        ("name = \"p\"\nsql = \"select 1\"\nretries = 101", "retries: 101 is not between 0 and 100"),
        ("name = \"p\"\ncommand = []", "command: there is no program in it"),
        ("name = \"p\"\nhttp = { url = \"app.example\" }", "http.url: it begins with neither"),
        ("name = \"p\"\nhttp = { url = \"http://h/{id}\" }", "http.url: unknown word `{id}`"),
        ("name = \"p\"\nhttp = { url = \"http://h\", json = \"$.[\" }", "http.json: `$.[` is no JSON path"),
        ("name = \"p\"\nhttp = { url = \"http://h\", status = 20 }", "http.status: 20 is no status"),
        ("name = \"p\"\nhttp = { url = \"http://h\", method = \"BREW\" }", "http.method: `BREW` is no method"),
        ("name = \"p\"\nhttp = { url = \"http://h\", equals_query = \"select 1\" }", "equals_query needs http.json"),
        ("name = \"p\"\nhttp = { url = \"http://h\", body = \"{{id}}\" }", "http.body: unknown word `{{id}}`"),
        (
            "name = \"p\"\nsql = \"select 1\"\n[[probes]]\nname = \"p\"\nsql = \"select 1\"",
            "there are two of this name",
        ),
        (
            "name = \"order\"\nsql = \"select 1\"\n[[report.next_steps]]\ntext = \"x\"\ndone_when = \"probe:oder\"",
            "there is no probe `oder`",
        ),
        ("name = \"p\"\nhttp = { url = \"${NONE}\" }", "http.url: the environment variable NONE is not set"),
    ] {
        let refusal = load(&format!("[[probes]]\n{text}")).expect_err(text);
        assert!(refusal.message.contains(message), "{text}: {}", refusal.message);
        assert!(refusal.hint.is_some(), "{text}");
    }
}

#[test]
fn a_line_with_a_secret_is_not_shown() {
    let text =
        "name = \"p\"\nhttp = { url = \"http://h\", headers = { Authorization = \"Bearer abcdef\" }, bdy = \"x\" }";
    let refusal = load(&format!("[[probes]]\n{text}")).unwrap_err();
    assert!(refusal.message.contains("unknown key `bdy`") && !refusal.message.contains("abcdef"), "{refusal:?}");
}
