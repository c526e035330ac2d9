//! The alerts as a rule file for Prometheus: the same rules over the metrics that `metrics` gives it.

use std::collections::BTreeMap;

use crate::alert::{Rule, amount};
use crate::metric::Metric;

/// The file's text, YAML.
#[must_use]
pub fn write(rules: &[Rule]) -> String {
    let mut text =
        String::from("# Written by `tenantctl alerts --prometheus-rules`.\ngroups:\n  - name: tenantctl\n    rules:\n");
    for rule in rules {
        // Of several stores with the same threshold of their own, one rule.
        let mut own: BTreeMap<u64, (f64, Vec<&str>)> = BTreeMap::new();
        for (store, threshold) in &rule.stores {
            if let Some(threshold) = threshold {
                own.entry(threshold.to_bits()).or_insert_with(|| (*threshold, Vec::new())).1.push(store);
            }
        }
        let but: Vec<&str> = rule.stores.keys().map(String::as_str).collect();
        let others = if but.is_empty() { String::new() } else { format!("store!~{}", quoted(&any_of(&but))) };
        write_rule(&mut text, rule, rule.threshold, &others);
        for (threshold, stores) in own.values() {
            write_rule(&mut text, rule, *threshold, &format!("store=~{}", quoted(&any_of(stores))));
        }
    }
    text
}

fn write_rule(text: &mut String, rule: &Rule, threshold: f64, which: &str) {
    let which = if which.is_empty() { String::new() } else { format!("{{{which}}}") };
    let (value, series) = value_of(rule.metric, &which);
    let sign = rule.comparison.sign();
    let mut expression = format!("({value} {sign} {threshold})");
    if rule.fires_when_unknown {
        expression = format!("({expression} or (tenantctl_store_switched{which} unless on (store) {series}))");
    }
    let title = rule.title.get("en").or_else(|| rule.title.values().next()).unwrap_or(&rule.name);
    let limit = amount(rule.metric.unit, threshold);
    let summary = format!("store {{{{ $labels.store }}}}: {title}");
    let description = format!("{} {} {limit}", rule.metric.name, rule.comparison.word());
    let lines = [
        format!("      - alert: {}", quoted(&rule.name)),
        format!("        expr: {}", quoted(&format!("{expression} and on (store) tenantctl_store_switched == 1"))),
        format!("        for: {}s", rule.for_seconds),
        "        labels:".to_owned(),
        format!("          severity: {}", rule.severity.word()),
        "        annotations:".to_owned(),
        format!("          summary: {}", quoted(&summary)),
        format!("          description: {}", quoted(&description)),
    ];
    text.push_str(&lines.join("\n"));
    text.push('\n');
}

/// The value as Prometheus reckons it, and the series that it comes from. Ages it has from timestamps.
fn value_of(metric: &Metric, which: &str) -> (String, String) {
    match metric.name.strip_suffix("_age_seconds") {
        Some(bare) if !metric.exported => {
            let series = format!("{bare}_timestamp_seconds{which}");
            (format!("time() - {series}"), series)
        }
        _ => (format!("{}{which}", metric.name), format!("{}{which}", metric.name)),
    }
}

/// A regular expression (RE2) that matches each of these and nothing else.
fn any_of(words: &[&str]) -> String {
    let escaped = |word: &&str| {
        let literal = |c: char| if c.is_alphanumeric() || c == '_' { c.to_string() } else { format!("\\{c}") };
        word.chars().map(literal).collect::<String>()
    };
    words.iter().map(escaped).collect::<Vec<_>>().join("|")
}

/// In double quotes, as YAML and Prometheus read them.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
