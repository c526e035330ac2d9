//! Plans, what they found, and the statements.

use super::forecast::figures;
use crate::event::Step;
use crate::plan::{ChangeTest, Finding, Format, Grade, Plan, PlannedTable, StoreCount};
use crate::report::Report;
use crate::view::figures::{bytes, counted, grouped, seconds_of};
use crate::view::grid::{Cell, Column, Grid};
use crate::view::page::{Mark, Page};
use crate::view::paint::Tone;
use crate::view::words::fill;

/// Plans in full up to this many; more of them get a line each, since their tables are the same.
const IN_FULL: usize = 3;

pub(in crate::view) fn plans(report: &Report, page: &mut Page<'_>) {
    if report.plans.is_empty() {
        return;
    }
    if report.plans.len() > IN_FULL {
        overview(report, page);
    } else {
        report.plans.iter().for_each(|plan| one(report, plan, page));
    }
    findings(&report.findings, report.plans.len() > 1, page);
}

fn one(report: &Report, plan: &Plan, page: &mut Page<'_>) {
    let words = page.words;
    page.title(&format!("{} · {}", words.plan_title, plan.store.label()));
    page.fields(Tone::Plain, &facts(report, plan, page));
    page.blank();
    let mut grid = Grid::new(vec![
        Column::text(words.table),
        Column::text(words.owner_path).spare(1).floor(16),
        Column::number(words.rows),
        Column::text(words.format).spare(3).floor(6),
        Column::text(words.change_test).spare(2).floor(11),
    ]);
    let mut group = None;
    for table in &plan.tables {
        if table.group.is_some() && group != Some(&table.group) {
            grid.heading(words.group(table.group.as_deref().unwrap_or_default()));
            group = Some(&table.group);
        }
        grid.row(table_row(table, page));
    }
    grid.rule();
    let sum = grouped(plan.row_count());
    let count = counted(plan.tables.len() as u64, words.table_noun);
    grid.row(vec![Cell::new(count), Cell::new(""), Cell::new(sum), Cell::new(""), Cell::new("")]);
    page.grid(2, grid);
}

fn facts<'w>(report: &Report, plan: &Plan, page: &Page<'w>) -> Vec<(&'w str, String)> {
    let words = page.words;
    let (before, after) = plan.statement_count;
    let mut facts = vec![];
    facts.extend(report.database.iter().map(|database| (words.database, words.database_text(database))));
    facts.push((words.schema, plan.store.schema.raw().to_owned()));
    facts.push((words.steps, steps(plan, page)));
    if before + after > 0 {
        let before = counted(before as u64, words.statement);
        facts.push((words.template, fill(words.around_load, &[&before, &grouped(after as u64)])));
    }
    let split = plan.tables.iter().filter(|table| table.parts > 1);
    let split: Vec<String> =
        split.map(|table| fill(words.in_parts, &[table.table.raw(), &table.parts.to_string()])).collect();
    facts.extend((!split.is_empty()).then(|| (words.parts, split.join(", "))));
    if report.plans.len() == 1 {
        facts.extend(report.forecast.iter().map(|of| (words.forecast_field, figures(of, words))));
    }
    facts.extend(plan.role.clone().map(|role| (words.role, role)));
    facts.extend(plan.url.clone().map(|url| (words.url, url)));
    facts
}

fn steps(plan: &Plan, page: &Page<'_>) -> String {
    let word = |code: &String| {
        let step = Step::ALL.into_iter().find(|step| step.word() == code);
        step.map_or(code.as_str(), |step| page.words.step_word(step)).to_owned()
    };
    match plan.steps.is_empty() {
        true => page.words.nothing_to_do.to_owned(),
        false => plan.steps.iter().map(word).collect::<Vec<_>>().join(", "),
    }
}

fn table_row(table: &PlannedTable, page: &Page<'_>) -> Vec<Cell> {
    let words = page.words;
    let format = match table.format {
        Format::Binary => Cell::toned(Tone::Dim, words.binary),
        Format::Text => Cell::new(words.text),
    };
    let test = match table.change_test {
        ChangeTest::Index => Cell::toned(Tone::Dim, words.index),
        ChangeTest::Scan => Cell::toned(Tone::Doubt, words.scan),
    };
    let path = page.plain(&table.owner_path);
    vec![Cell::new(table.table.raw()), Cell::toned(Tone::Dim, path), Cell::new(grouped(table.row_count)), format, test]
}

fn overview(report: &Report, page: &mut Page<'_>) {
    let words = page.words;
    page.title(&format!("{} · {}", words.plan_title, counted(report.plans.len() as u64, words.store_noun)));
    if let Some(database) = &report.database {
        page.fields(Tone::Plain, &[(words.database, words.database_text(database))]);
        page.blank();
    }
    let mut grid = Grid::new(vec![
        Column::text(words.store).floor(8),
        Column::text(words.name).spare(2).floor(16),
        Column::text(words.schema).spare(3),
        Column::number(words.rows),
        Column::text(words.steps).spare(1).floor(14),
    ]);
    for plan in &report.plans {
        grid.row(vec![
            Cell::new(plan.store.key.text()),
            Cell::new(plan.store.name.as_deref().unwrap_or(words.unnamed)),
            Cell::new(plan.store.schema.raw()),
            Cell::new(grouped(plan.row_count())),
            Cell::new(steps(plan, page)),
        ]);
    }
    grid.rule();
    let sum = grouped(report.plans.iter().map(Plan::row_count).sum());
    grid.row(vec![Cell::new(""), Cell::new(""), Cell::new(""), Cell::new(sum), Cell::new("")]);
    page.grid(2, grid);
}

/// What was found, stops first.
pub(in crate::view) fn findings(findings: &[Finding], with_store: bool, page: &mut Page<'_>) {
    for (grade, heading, mark) in
        [(Grade::Stop, page.words.stops, Mark::Bad), (Grade::Note, page.words.notes, Mark::Note)]
    {
        let chosen: Vec<&Finding> = findings.iter().filter(|finding| finding.grade == grade).collect();
        if chosen.is_empty() {
            continue;
        }
        page.heading(&format!("{heading} ({})", chosen.len()));
        chosen.into_iter().for_each(|found| finding(found, mark, with_store, page));
    }
}

fn finding(finding: &Finding, mark: Mark, with_store: bool, page: &mut Page<'_>) {
    let words = page.words;
    let mut head = vec![];
    if let Some(store) = finding.store.as_ref().filter(|_| with_store) {
        head.push(format!("{} {store}", words.store));
    }
    head.extend(finding.table.clone());
    head.extend(finding.count.map(|count| counted(count, words.row)));
    let head = if head.is_empty() { String::new() } else { format!("{}: ", head.join(" · ")) };
    page.marked(2, mark, &format!("{head}{} [{}]", words.phrase(&finding.message), finding.code));
    if !finding.keys.is_empty() {
        let rest = finding.count.unwrap_or(0).saturating_sub(finding.keys.len() as u64);
        let more = if rest > 0 { format!(", {}", fill(words.more, &[&grouped(rest)])) } else { String::new() };
        page.paragraph(4, Tone::Dim, &format!("{} {}{more}", words.keys, finding.keys.join(", ")));
    }
    if !finding.stores.is_empty() {
        page.paragraph(4, Tone::Dim, &format!("{}: {}", words.stores_column, stores_of(finding, page)));
    }
    if let Some(cost) = &finding.cost {
        let whole = bytes(cost.bytes.saturating_mul(cost.store_count));
        let stores = counted(cost.store_count, words.store_noun);
        let pass = seconds_of(cost.pass_seconds);
        page.paragraph(4, Tone::Dim, &fill(words.scan_cost, &[&bytes(cost.bytes), &whole, &stores, &pass]));
    }
    if let Some(hint) = &finding.hint {
        page.paragraph(4, Tone::Plain, &format!("{} {}", words.hint, words.phrase(hint)));
    }
}

/// `4 (2 out, 1 in), 7 (1 in)`: those with most rows first.
fn stores_of(finding: &Finding, page: &Page<'_>) -> String {
    const SHOWN: usize = 8;
    let words = page.words;
    // Where rows of stores refer to rows of others, each has rows on either side; else rows of its own are all.
    let both_ways = finding.stores.iter().any(|store| store.referred_to > 0);
    let mut stores: Vec<&StoreCount> = finding.stores.iter().collect();
    stores.sort_by_key(|store| std::cmp::Reverse(store.count + store.referred_to));
    let told = |store: &&StoreCount| {
        let mut parts = vec![];
        if !both_ways {
            parts.push(grouped(store.count));
        } else {
            parts.extend((store.count > 0).then(|| fill(words.refer_out, &[&grouped(store.count)])));
            parts.extend((store.referred_to > 0).then(|| fill(words.refer_in, &[&grouped(store.referred_to)])));
        }
        format!("{} ({})", store.store, parts.join(", "))
    };
    let mut parts: Vec<String> = stores.iter().take(SHOWN).map(told).collect();
    let rest = stores.len().saturating_sub(SHOWN) as u64;
    parts.extend((rest > 0).then(|| fill(words.more, &[&grouped(rest)])));
    parts.join(", ")
}

/// Every statement as it would be sent: a script that psql reads.
pub(in crate::view) fn statements(report: &Report, page: &mut Page<'_>) {
    for plan in report.plans.iter().filter(|plan| !plan.statements.is_empty()) {
        page.blank();
        page.raw(&format!("-- store {}", crate::view::wrap::clean(&plan.store.label())));
        for statement in &plan.statements {
            let statement = statement.trim_end();
            let end = if statement.ends_with(';') { "" } else { ";" };
            page.raw(&format!("{statement}{end}"));
        }
    }
}
