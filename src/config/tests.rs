//! Layers, profiles, refusals and masks, on whole files.

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::manifest::OwnerPath;

struct Desk {
    folder: tempfile::TempDir,
    env: Environment,
    args: ConfigSources,
}

impl Desk {
    fn with(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("tenantctl.toml"), text).unwrap();
        let mut env = Environment::default();
        env.current_folder = folder.path().to_owned();
        env.os_user = Some("maria".to_owned());
        Self { folder, env, args: ConfigSources::default() }
    }

    fn set(mut self, name: &str, value: &str) -> Self {
        self.env = self.env.with(name, value);
        self
    }

    fn profile(mut self, name: &str) -> Self {
        self.args.profile = Some(name.to_owned());
        self
    }

    fn load(&self) -> Config {
        Config::load(&self.args, &self.env).unwrap()
    }

    fn refusal(&self) -> Refusal {
        Config::load(&self.args, &self.env).unwrap_err().downcast().unwrap()
    }
}

const LAYERS: &str = "
[shared]
schema = \"of_file\"
tenant_column = \"shop_id\"
[copy]
jobs = 3
[profile.test.shared]
schema = \"of_profile\"
";

#[test]
fn the_stronger_layer_wins_key_by_key() {
    let schema = |desk: &Desk| desk.load().shared().unwrap().schema.raw().to_owned();
    let mut desk = Desk::with("");
    assert_eq!(schema(&desk), "public");
    desk = Desk::with(LAYERS);
    assert_eq!(schema(&desk), "of_file");
    desk = desk.profile("test");
    assert_eq!(schema(&desk), "of_profile");
    assert_eq!(desk.load().shared().unwrap().tenant_column.raw(), "shop_id");
    desk = desk.set("TENANTCTL_SHARED_SCHEMA", "of_variable").set("TENANTCTL_COPY_JOBS", "7");
    assert_eq!(schema(&desk), "of_variable");
    assert_eq!(desk.load().copy().unwrap().jobs.get(), 7);
    desk.args.flags.push(FlagValue { flag: "--schema", key: "shared.schema", value: "of_flag".to_owned() });
    assert_eq!(schema(&desk), "of_flag");

    let origins: BTreeMap<_, _> = desk.load().effective(true).into_iter().map(|e| (e.key, e.origin.unwrap())).collect();
    assert_eq!(origins["shared.schema"], "flag --schema");
    assert_eq!(origins["copy.jobs"], "environment TENANTCTL_COPY_JOBS");
    assert_eq!(origins["copy.piece"], "default");
    let path = desk.folder.path().join("tenantctl.toml");
    assert_eq!(origins["shared.tenant_column"], format!("file {}:4", path.display()));
    let desk = Desk::with(LAYERS).set("TENANTCTL_PROFILE", "test");
    let line = desk.load().effective(true).into_iter().find(|e| e.key == "shared.schema").unwrap();
    assert!(line.origin.unwrap().starts_with("profile test (") && line.value.to_string() == "\"of_profile\"");
}

#[test]
fn defaults_are_what_the_design_says() {
    let config = Desk::with("").load();
    let switch = config.switch().unwrap();
    assert_eq!((switch.lock_wait, switch.deadline), (Duration::from_millis(50), Duration::from_millis(300)));
    assert_eq!((switch.tries.get(), switch.rounds.get()), (20, 3));
    assert_eq!(config.copy().unwrap().piece, 32 << 20);
    assert_eq!(config.session().unwrap().lock_timeout, Duration::from_secs(2));
    assert_eq!(config.store_schema().unwrap().id_headroom, 10_000);
    assert_eq!(config.registry().unwrap(), None);
    assert_eq!(config.report().unwrap().language, Language::En);
}

#[test]
fn a_value_that_makes_no_sense_is_pointed_at() {
    for (text, want) in [
        ("[switch]\ndeadline = \"300\"", "tenantctl.toml:2:12: [switch] deadline: `300` has no unit"),
        ("[switch]\nlock_wait = \"300ms\"", "leaves no time for the work"),
        ("[session]\nlock_timeout = \"0s\"", "longer than nothing"),
        ("[copy]\njobs = 0", "0 is not between 1 and 64"),
        ("[copy]\npiece = \"1KiB\"", "`1KiB` is not between 1MiB and 1GiB"),
        ("[store_schema]\nname = \"s_{id}\"", "unknown word `{id}`"),
        ("[store_schema]\nname = \"s_{created_ms}\"", "needs [registry] created"),
        ("[registry]\ntable = \"stores\"", "[registry] key: is missing"),
        ("[registry]\ntable = \"a.b.c\"\nkey = \"id\"", "`a.b.c` is no table name"),
        ("[registry]\ntable = \"s\"\nkey = \"id\"\nnew.x = \"1); select (2\"", "x is more than one value"),
        ("[registry]\ntable = \"s\"\nkey = \"id\"\nnew.id = \"1\"", "gives column id a value"),
        ("[registry]\ntable = \"s\"\nkey = \"id\"\nurl_column = \"u\"", "[store_schema] url, which is not there"),
        ("[database]\nconnect_timeout = \"5\"", "has no unit"),
        ("[report]\nlanguage = \"fr\"", "neither `en` nor `es`"),
        ("[report]\ntimezone = \"Mars/Base\"", "no time zone"),
        ("[report]\ncurrency = \"peso\"", "no currency code"),
        ("[[report.next_steps]]\ntext = \"x\"\ndone_when = \"soon\"", "tenantctl.toml:3:13: `soon` is nothing"),
        (
            "[[tables]]\nname = \"a\"\nparent = \"b\"\nrows = \"x\"",
            "tenantctl.toml:2:8: table `a` has more than one owner",
        ),
        ("[[tables]]\nname = \"a\"\non = \"b = c\"", "`on` without `parent`"),
        ("[[tables]]\nname = \"a\"\nparent = \"a\"\non = \"b\"", "an `on` that cannot be read"),
        ("[[tables]]\nname = \"a\"\nparent = \"b\"", "names `b` as parent"),
        ("[[profile.x.report.next_steps]]\ntext = \"x\"", "samples or next steps"),
    ] {
        let desk = if text.contains("profile.x") { Desk::with(text).profile("x") } else { Desk::with(text) };
        let refusal = desk.refusal();
        assert!(refusal.message.contains(want), "{text}: {}", refusal.message);
    }
    let by_variable = Desk::with("").set("TENANTCTL_SWITCH_DEADLINE", "300").refusal();
    assert!(by_variable.message.ends_with("(environment TENANTCTL_SWITCH_DEADLINE)"), "{by_variable}");
    assert!(Desk::with("").set("TENANTCTL_COPY_JOBS", "x").refusal().message.starts_with("[copy] jobs: `x`"));
}

#[test]
fn a_missing_variable_breaks_only_those_who_need_it() {
    let mut desk = Desk::with("[database]\nurl = \"${DATABASE_URL}\"\n[shared]\nschema = \"${SCHEMA}\"");
    let config = desk.load();
    assert_eq!(config.effective(false)[0].value.to_string(), "\"${DATABASE_URL}\"");
    let refusal: Refusal = config.connection().unwrap_err().downcast().unwrap();
    assert!(refusal.message.contains("DATABASE_URL is not set\n"), "{refusal}");
    assert!(refusal.hint.unwrap().ends_with("or give -d"));
    assert!(config.shared().is_err());
    desk.args.database_url = Some(Secret::new("postgres://u@h/d"));
    assert_eq!(desk.load().connection().unwrap().masked_url(), "postgresql://u@h:5432/d?sslmode=prefer");
}

#[test]
fn the_connection_string_has_one_winner() {
    let database = |desk: &Desk| desk.load().connection().unwrap().database;
    let file = "[database]\nurl = \"postgres://h/of_file\"";
    let mut desk = Desk::with("").set("DATABASE_URL", "postgres://h/of_the_application");
    assert_eq!(database(&desk), "of_the_application");
    desk = Desk::with(file).set("DATABASE_URL", "postgres://h/of_the_application");
    assert_eq!(database(&desk), "of_file");
    desk = desk.set("TENANTCTL_DATABASE_URL", "postgres://h/of_ours");
    assert_eq!(database(&desk), "of_ours");
    desk.args.database_url = Some(Secret::new("postgres://h/of_flag"));
    assert_eq!(database(&desk), "of_flag");
    assert_eq!(database(&Desk::with("").set("PGDATABASE", "of_libpq")), "of_libpq");
}

#[test]
fn a_rotated_password_is_read_again() {
    let desk = Desk::with("[database]\nurl = \"postgres://u:${file:pw}@h/d\"");
    std::fs::write(desk.folder.path().join("pw"), "p@ss\n").unwrap();
    let info = desk.load().connection().unwrap();
    assert_eq!(info.password().unwrap().unwrap().reveal(), "p@ss");
    std::fs::write(desk.folder.path().join("pw"), "new/one").unwrap();
    assert_eq!(info.password().unwrap().unwrap().reveal(), "new/one");

    let desk =
        Desk::with("[database]\nurl = \"postgres://u@h/d\"\npassword_command = \"cat pw\"\nconnect_timeout = \"3s\"");
    std::fs::write(desk.folder.path().join("pw"), "from command").unwrap();
    let info = desk.load().connection().unwrap();
    assert_eq!(info.password().unwrap().unwrap().reveal(), "from command");
    assert_eq!(info.connect_timeout, Some(Duration::from_secs(3)));
}

#[test]
fn a_mappers_schema_counts_where_nobody_says_better() {
    let url = "postgres://h/d?schema=shop";
    let schema = |desk: &Desk| desk.load().shared().unwrap().schema.raw().to_owned();
    assert_eq!(schema(&Desk::with("").set("DATABASE_URL", url)), "shop");
    assert_eq!(schema(&Desk::with("[shared]\nschema = \"own\"").set("DATABASE_URL", url)), "own");
}

#[test]
fn passwords_are_masked_everywhere() {
    let text = "[database]\nurl = \"postgres://u:hunter2@h/d\"\npassword_command = \"show hunter2\"\n\
                [store_schema]\nurl = \"postgres://app:hunter2@h/{schema}\"";
    let config = Desk::with(text).set("TENANTCTL_REPORT_TITLE", "t").load();
    let shown = format!("{config:?} {:?} {:?}", config.store_schema().unwrap(), config.effective(true));
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("postgres://u:***@h/d") && shown.contains("show …"));
    let url = config.store_schema().unwrap().application_url(&crate::ident::Ident::new("s 4"), "4");
    assert_eq!(url.as_deref(), Some("postgres://app:hunter2@h/s%204"));
}

#[test]
fn without_a_file_there_is_a_connection_but_no_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let mut env = Environment::default().with("DATABASE_URL", "postgres://u@h/d");
    env.current_folder = folder.path().to_owned();
    env.home = Some(folder.path().to_owned());
    let config = Config::load(&ConfigSources::default(), &env).unwrap();
    assert!(config.path().is_none() && config.connection().is_ok());
    let refusal = config.manifest().unwrap_err();
    assert!(refusal.because.unwrap().contains(".config/tenantctl/config.toml"));
    assert!(refusal.hint.unwrap().contains("tenantctl.toml"));
}

#[test]
fn the_file_is_found_where_it_is_looked_for() {
    let mut desk = Desk::with("[shared]\nschema = \"upwards\"");
    let schema = |desk: &Desk| desk.load().shared().unwrap().schema.raw().to_owned();
    let deep = desk.folder.path().join("a/b");
    std::fs::create_dir_all(&deep).unwrap();
    desk.env.current_folder = deep.clone();
    assert_eq!(schema(&desk), "upwards");
    std::fs::write(deep.join("x.toml"), "[shared]\nschema = \"variable\"").unwrap();
    std::fs::write(deep.join("y.toml"), "[shared]\nschema = \"flag\"").unwrap();
    desk = desk.set("TENANTCTL_CONFIG", "x.toml");
    assert_eq!(schema(&desk), "variable");
    desk.args.config = Some(PathBuf::from("y.toml"));
    assert_eq!(schema(&desk), "flag");
    desk.args.config = Some(PathBuf::from("z.toml"));
    assert!(desk.refusal().message.contains("z.toml cannot be read (--config)"));

    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(home.path().join("tenantctl")).unwrap();
    std::fs::write(home.path().join("tenantctl/config.toml"), "[shared]\nschema = \"xdg\"").unwrap();
    let mut env = Environment::default().with("XDG_CONFIG_HOME", home.path().to_str().unwrap());
    env.current_folder = home.path().to_owned();
    let config = Config::load(&ConfigSources::default(), &env).unwrap();
    assert_eq!(config.shared().unwrap().schema.raw(), "xdg");
}

#[test]
fn mistakes_in_names_get_a_proposal() {
    let profiles = "[profile.staging.database]\nurl = \"x\"\n[profile.production.database]\nurl = \"y\"";
    assert_eq!(Desk::with(profiles).profile("stagging").refusal().hint.as_deref(), Some("did you mean `staging`?"));
    assert!(Desk::with(profiles).profile("qqq").refusal().hint.unwrap().contains("production, staging"));
    let config = Desk::with("").set("TENANTCTL_SHARED_SCHEAM", "x").set("TENANTCTL_SHARED_COMMON", "a").load();
    assert_eq!(config.warnings().len(), 2);
    assert!(config.warnings()[1].contains("did you mean TENANTCTL_SHARED_SCHEMA?"), "{:?}", config.warnings());
}

#[test]
fn tables_become_a_manifest() {
    let text = "
[[tables]]
name = \"parents\"
group = \"core\"
[[tables]]
name = \"children\"
parent = \"parents\"
on = \"parent_id = id, region = region\"
omit = [\"store_id\"]
[[tables]]
name = \"others\"
tenant_column = \"shop\"
[[tables]]
name = \"odd\"
rows = \"id in (select id from {{shared}}.x where k = {{store_key}})\"
";
    let manifest = Desk::with(text).load().manifest().unwrap();
    let owners: Vec<&OwnerPath> = manifest.tables.iter().map(|entry| &entry.owner).collect();
    assert!(matches!(owners[0], OwnerPath::Column(name) if name.raw() == "store_id"));
    assert!(matches!(owners[1], OwnerPath::Parent { table, on } if table.raw() == "parents" && on.len() == 2));
    assert!(matches!(owners[2], OwnerPath::Column(name) if name.raw() == "shop"));
    assert!(matches!(owners[3], OwnerPath::Condition(rows) if rows.contains("{{store_key}}")));
    assert_eq!(manifest.tables[1].omit.len(), 1);
}

#[test]
fn paths_start_at_the_file() {
    let desk = Desk::with("[store_schema]\ntemplate = \"t/x.sql\"");
    let store_schema = desk.load().store_schema().unwrap();
    assert_eq!(store_schema.template().unwrap(), desk.folder.path().join("t/x.sql"));
    assert!(Desk::with("").load().store_schema().unwrap().template().is_err());
}

#[test]
fn a_text_has_every_language() {
    let text = "[report]\ntitle = \"same\"\n[[report.samples]]\ntitle.es = \"solo\"\nquery = \"select 1\"\n\
                [[report.next_steps]]\ntext = { es = \"uno\", en = \"one\" }\ndone_when = \"probe:order\"";
    let report = Desk::with(text).load().report().unwrap();
    assert_eq!(report.title.unwrap()["es"], "same");
    assert_eq!(report.samples[0].title["en"], "solo");
    assert_eq!(report.next_steps[0].text["en"], "one");
    assert_eq!(report.next_steps[0].done_when, DoneWhen::Probe("order".to_owned()));
}

#[test]
fn a_role_is_named_and_no_password_stands_in_the_configuration() {
    assert!(Desk::with("").load().role().unwrap().is_none());
    let role = |keys: &str| Desk::with(&format!("[role]\nname = \"{{schema}}\"\n{keys}"));
    let made = role("login = true\ncommon = [\"currencies\", \"other.t\"]").load().role().unwrap().unwrap();
    assert!(made.login && matches!(made.password, RolePassword::Generate) && made.connection_limit == -1);
    assert_eq!(made.common.iter().map(|table| table.raw()).collect::<Vec<_>>(), ["public.currencies", "other.t"]);
    let by_variable = role("").set("TENANTCTL_ROLE_LOGIN", "true").set("TENANTCTL_ROLE_PASSWORD", "none");
    assert!(matches!(by_variable.load().role().unwrap().unwrap().password, RolePassword::None));
    let secret = role("login = true\npassword = \"hunter2\"").refusal();
    assert!(!format!("{secret:?}").contains("hunter2") && secret.hint.unwrap().contains("password_command"));
    for (keys, message) in [
        ("password = \"generate\"", "cannot log in"),
        ("login = true\npassword = \"command\"", "needs [role] password_command"),
        ("login = true\npassword = \"none\"\npassword_command = \"echo\"", "leaves no use for password_command"),
        ("connection_limit = -2", "not between"),
        ("common = [\"t\"]\ncommon_write = [\"public.t\"]", "stands in common_write too"),
        ("common = [\"a.b.c\"]", "is no table name"),
    ] {
        let refusal = role(keys).refusal();
        assert!(refusal.message.contains(message), "{keys}: {refusal:?}");
    }
    assert!(Desk::with("[role]\nlogin = true").refusal().message.contains("[role] name: is missing"));
}
