//! `config.example.toml` is read by everybody who begins: it must load, be complete, and tell the true defaults.

use std::path::Path;

use tenantctl::config::{Config, ConfigSources, DoneWhen, keys};
use tenantctl::conninfo::Environment;
use tenantctl::manifest::OwnerPath;

const EXAMPLE: &str = include_str!("../config.example.toml");

fn load(profile: Option<&str>) -> Config {
    let args = ConfigSources {
        config: Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("config.example.toml")),
        profile: profile.map(str::to_owned),
        ..ConfigSources::default()
    };
    // no variable is set: the example must load on a machine that has none
    Config::load(&args, &Environment::default()).expect("the example loads")
}

#[test]
fn the_example_loads_and_means_what_it_says() {
    let config = load(None);
    let manifest = config.manifest().unwrap();
    assert_eq!(manifest.tables.len(), 15);
    let core: Vec<&str> =
        manifest.tables.iter().filter(|t| t.group.as_deref() == Some("core")).map(|t| t.name.raw()).collect();
    assert_eq!(core, ["products", "customers", "orders", "auto_responses"]);
    let parents: Vec<(&str, &str)> = manifest
        .tables
        .iter()
        .filter_map(|entry| match &entry.owner {
            OwnerPath::Parent { table, .. } => Some((entry.name.raw(), table.raw())),
            OwnerPath::Column(_) | OwnerPath::Condition(_) => None,
        })
        .collect();
    let want = [("order_items", "orders"), ("messages", "conversations"), ("customer_history", "customers")];
    assert_eq!(parents, want);

    let registry = config.registry().unwrap().unwrap();
    assert_eq!(registry.table.raw(), "public.stores");
    let schema = config.store_schema().unwrap().schema_name("4", None, Some(1_751_248_005_649)).unwrap();
    assert_eq!(schema.raw(), "store_1751248005649");
    let report = config.report().unwrap();
    assert_eq!(report.next_steps[0].done_when, DoneWhen::Probe("create_order".to_owned()));
    assert!(config.warnings().is_empty());
}

#[test]
fn the_profile_changes_single_keys() {
    let config = load(Some("test"));
    assert_eq!(config.copy().unwrap().jobs.get(), 1);
    assert_eq!(config.copy().unwrap().piece, 32 << 20);
}

/// The keys of the example, as `section.key`; commented ones do not count.
fn keys_of_example() -> Vec<String> {
    let mut section = String::new();
    let mut found = Vec::new();
    for line in EXAMPLE.lines().map(str::trim) {
        if let Some(head) = line.strip_prefix('[') {
            section = head.trim_matches(['[', ']']).to_owned();
        } else if let Some((key, _)) = line.split_once('=').filter(|_| !line.starts_with('#')) {
            let key = key.trim().split('.').next().unwrap_or_default(); // `title.es` is the key `title`
            found.push(format!("{section}.{key}"));
        }
    }
    found
}

#[test]
fn every_key_stands_in_the_example() {
    let found = keys_of_example();
    let missing: Vec<&str> = keys().filter(|key| !found.iter().any(|other| other == key)).collect();
    assert_eq!(missing, Vec::<&str>::new());
}

#[test]
fn the_defaults_it_tells_are_true() {
    let mut env = Environment::default();
    env.current_folder = "/".into();
    let config = Config::load(&ConfigSources::default(), &env).unwrap();
    let mut told = 0;
    for effective in config.effective(false) {
        let (section, key) = effective.key.split_once('.').unwrap();
        let after = EXAMPLE.split_once(&format!("\n[{section}]\n")).unwrap().1;
        let comment = after.split_once(&format!("\n{key} = ")).unwrap().0;
        let default = comment.rsplit_once("Default: ").unwrap().1.trim();
        let value = effective.value.to_string();
        if value != "[]" {
            assert!(default.contains(&value), "{}: says `{default}`, is {value}", effective.key);
            told += 1;
        }
    }
    assert!(told >= 12, "{told}");
}
