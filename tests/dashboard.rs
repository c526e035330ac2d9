//! The dashboard and the page of documentation name no metric that is not there.

use std::collections::BTreeSet;

use tenantctl::metric::{FLEET, LABELLED, NAMES};

fn known() -> BTreeSet<&'static str> {
    let of_stores = NAMES.iter().filter(|metric| metric.exported).map(|metric| metric.name);
    let of_all = FLEET.iter().map(|metric| metric.name).chain(LABELLED.iter().map(|(name, _)| *name));
    of_stores.chain(of_all).chain(["tenantctl_up"]).collect()
}

/// Every word of a text that begins as our metrics do.
fn named(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("tenantctl_") && *word != "tenantctl_store_").collect()
}

#[test]
fn the_dashboard_asks_for_metrics_that_are_there() {
    let text = std::fs::read_to_string("docs/grafana/stores.json").unwrap();
    let dashboard: serde_json::Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let asked: Vec<&str> = panels
        .iter()
        .flat_map(|panel| panel["targets"].as_array().unwrap())
        .map(|target| target["expr"].as_str().unwrap())
        .collect();
    assert!(asked.len() >= panels.len());
    for expression in asked {
        let names = named(expression);
        assert!(!names.is_empty() && names.is_subset(&known()), "{expression}");
    }
    assert!(named(&text).is_subset(&known()));
}

#[test]
fn the_documentation_has_every_metric_and_no_other() {
    let text = std::fs::read_to_string("docs/metrics.md").unwrap();
    let names = named(&text);
    let missing: Vec<_> = known().into_iter().filter(|name| !names.contains(name)).collect();
    assert!(missing.is_empty(), "docs/metrics.md does not say {missing:?}");
    let ages = NAMES.iter().filter(|metric| !metric.exported).map(|metric| metric.name);
    let all: BTreeSet<&str> = known().into_iter().chain(ages).collect();
    let strange: Vec<_> = names.difference(&all).collect();
    assert!(strange.is_empty(), "docs/metrics.md names {strange:?}");
}
