//! How the stores are, in Prometheus' text format (0.0.4).
//!
//! What is unknown is left out: a series that is not there is not 0.

use std::io::{self, Write};

use crate::metric::{FLEET, FleetMetrics, LABELLED, NAMES, StoreMetrics};
use crate::report::Report;

/// The media type of the text.
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Writes the metrics of a report; of one that came to nothing, that the database did not answer. Other commands have
/// nothing for Prometheus.
///
/// # Errors
/// Those of `out`.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if report.command != "metrics" {
        return Ok(());
    }
    head(out, "tenantctl_up", "gauge", "1 where the database answered")?;
    writeln!(out, "tenantctl_up {}", u8::from(report.metrics.is_some()))?;
    let Some(fleet) = &report.metrics else { return Ok(()) };
    for metric in FLEET {
        if let Some(value) = (metric.of)(fleet) {
            head(out, metric.name, "gauge", metric.help)?;
            writeln!(out, "{} {value}", metric.name)?;
        }
    }
    for (name, help) in LABELLED {
        head(out, name, "gauge", help)?;
        labelled(fleet, name, out)?;
    }
    let labels: Vec<String> = fleet.stores.iter().map(labels).collect();
    for metric in NAMES.iter().filter(|metric| metric.exported) {
        let values = fleet.stores.iter().map(|store| fleet.value(metric, store));
        let known: Vec<(&String, f64)> =
            labels.iter().zip(values).filter_map(|(labels, value)| Some((labels, value?))).collect();
        if known.is_empty() {
            continue;
        }
        head(out, metric.name, metric.kind.word(), metric.help)?;
        for (labels, value) in known {
            writeln!(out, "{}{{{labels}}} {value}", metric.name)?;
        }
    }
    Ok(())
}

fn head(out: &mut dyn Write, name: &str, kind: &str, help: &str) -> io::Result<()> {
    writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}")
}

fn labelled(fleet: &FleetMetrics, name: &str, out: &mut dyn Write) -> io::Result<()> {
    match name {
        "tenantctl_stores" => {
            for (stage, count) in fleet.by_stage() {
                writeln!(out, "{name}{{stage=\"{}\"}} {count}", escaped(stage))?;
            }
        }
        "tenantctl_store_info" => {
            for store in &fleet.stores {
                let role = store.role.as_deref().unwrap_or_default();
                let verdict = store.verdict.map_or("", |verdict| verdict.word());
                let more = [("stage", store.stage.as_str()), ("role", role), ("verdict", verdict)];
                let more: Vec<String> = more.iter().map(|(label, it)| format!("{label}=\"{}\"", escaped(it))).collect();
                writeln!(out, "{name}{{{},{}}} 1", labels(store), more.join(","))?;
            }
        }
        _ => {
            for store in &fleet.stores {
                for alert in &store.alerts {
                    let (rule, severity) = (escaped(&alert.alert), escaped(&alert.severity));
                    writeln!(out, "{name}{{{},alert=\"{rule}\",severity=\"{severity}\"}} 1", labels(store))?;
                }
            }
        }
    }
    Ok(())
}

fn labels(store: &StoreMetrics) -> String {
    let name = store.name.as_deref().unwrap_or_default();
    let labels = [("store", store.store.as_str()), ("schema", &store.schema), ("name", name)];
    labels.map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).join(",")
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::specimen;

    #[test]
    fn a_name_cannot_break_out_of_its_label() {
        let mut report = specimen::metrics(3);
        let fleet = report.metrics.as_mut().unwrap();
        fleet.stores[0].name = Some("a \"b\" \\ c\nd} 1".into());
        let mut out = vec![];
        write(&report, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains(r#"name="a \"b\" \\ c\nd} 1"} "#), "{text}");
        for line in text.lines() {
            let value = line.rsplit_once(' ').unwrap().1;
            assert!(line.starts_with("# ") || value.parse::<f64>().is_ok(), "{line}");
        }
    }

    #[test]
    fn a_database_that_is_down_is_said() {
        let mut out = vec![];
        write(&Report::new("metrics", None, ""), &mut out).unwrap();
        assert!(String::from_utf8(out).unwrap().ends_with("\ntenantctl_up 0\n"));
    }
}
