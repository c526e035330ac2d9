//! One store.

use super::{commands, open_question, title};
use crate::report::{Check, CheckVerdict, Report, StoreReport, TableReport, Verdict};
use crate::view::explain;
use crate::view::figures::{bytes, counted, date, grouped, seconds_of};
use crate::view::grid::{Cell, Column, Grid};
use crate::view::page::{Bar, Figure, Mark, Page, Part, Tile};
use crate::view::paint::Tone;
use crate::view::saying::{
    copy_verdict, in_groups, is_money, only_isolation, probes_verdict, sample_value, steps_of, table_verdict,
    tables_verdict, verdict_of,
};
use crate::view::text::forecast::rehearsal;
use crate::view::text::store::stage_before;
use crate::view::text::{isolation, plan, proof};
use crate::view::words::{Words, capital, fill};

/// Bars in a chart; a longer one cannot be read.
const BARS: usize = 30;
/// Checks that say whether the store stands on its own.
const ISOLATION: [&str; 2] = ["no_rows_of_other_stores", "nothing_points_at_shared"];

/// Everything about the only store of a report.
pub(super) fn whole(report: &Report, store: &StoreReport, page: &mut Page<'_>) {
    page.title(&title(report, page));
    let (mark, verdict) = verdict_of(store, page.words);
    page.marked(0, mark, &capital(&format!("{}{verdict}", stage_before(store, page.words))));
    facts(report, store, page);
    tiles(store, page);
    sections(report, store, page);
    next_steps(report, store, page);
    if !only_isolation(store) {
        result(store, page); // else nobody looked at what it would say
    }
}

/// The middle part, also for the stores of a fleet that went wrong.
pub(super) fn sections(report: &Report, store: &StoreReport, page: &mut Page<'_>) {
    if let Some(error) = &store.error {
        page.heading(page.words.error_heading);
        explain::lines(error, page.words).iter().for_each(|line| page.raw(line));
    }
    tables(store, page);
    proof::differences(&store.tables, page);
    verification(store, page);
    structure(store, page);
    supported(store, page);
    isolation::write(store, page);
    not_checked(store, page);
    proof::evidence(store, page);
    let own = report.findings.iter().filter(|finding| !store.findings.contains(finding));
    let findings: Vec<_> = store.findings.iter().chain(own).cloned().collect();
    plan::findings(&findings, false, page);
}

fn facts(report: &Report, store: &StoreReport, page: &mut Page<'_>) {
    let words = page.words;
    let zone = page.options.timezone.as_deref();
    let evidence = &store.evidence;
    let (label, when) = match (&evidence.switched_at, &evidence.verified_at) {
        (Some(when), _) => (words.migration_date, when),
        (None, Some(when)) => (words.verified_at, when),
        (None, None) => (words.date, &report.ended),
    };
    let mut facts = vec![];
    if !when.is_empty() {
        facts.push((label, date(when, zone, words)));
    }
    facts.push((words.store, format!("{} (ID: {})", store.name.as_deref().unwrap_or(words.unnamed), store.store)));
    facts.push((words.schema, store.schema.clone()));
    facts.extend(store.role.clone().map(|role| (words.role, role)));
    let stage = words.stage_with_code(store.stage);
    let stage = store.stage.map_or(stage.clone(), |of| format!("{stage}: {}", words.stage_sentence(of)));
    if store.rehearsal.is_none() {
        facts.push((words.stage, stage));
    }
    if store.bytes > 0 && store.evidence.mode.is_none() {
        let parts = [counted(store.row_count, words.row), bytes(store.bytes), seconds_of(store.seconds)];
        let parts = parts.each_ref().map(String::as_str);
        let copied = if store.seconds > 0.0 { fill(words.copied_text, &parts) } else { parts[..2].join(", ") };
        facts.push((words.copied, copied));
    }
    facts.extend(rehearsal(store, words));
    facts.extend(report.database.iter().map(|database| (words.database, words.database_text(database))));
    facts.extend(report.run.clone().map(|run| (words.run, run)));
    page.fields(Tone::Plain, &facts);
}

/// The numbers that a manager asks for.
fn tiles(store: &StoreReport, page: &mut Page<'_>) {
    let words = page.words;
    let mut tiles = vec![];
    let mut tile = |label: &str, value: String| tiles.push(Tile { value, label: capital(label) });
    if !store.tables.is_empty() {
        tile(words.rows, grouped(store.row_count));
        let live = store.tables.iter().any(|table| table.verdict == Verdict::Untouched);
        let (good, label) =
            if live { (Verdict::Untouched, words.untouched_tables) } else { (Verdict::Equal, words.equal_tables) };
        let compared = store.tables.iter().filter(|table| table.verdict == good).count();
        let of = [grouped(compared as u64), grouped(store.tables.len() as u64)];
        tile(label, fill(words.of, &of.each_ref().map(String::as_str)));
    }
    if !store.checks.is_empty() {
        tile(words.checks, passed(&store.checks, words));
    }
    if store.seconds > 0.0 {
        tile(words.duration, seconds_of(store.seconds));
    }
    if let Some(switch) = store.evidence.switch.as_ref().filter(|switch| !switch.by_hand) {
        tile(words.held, format!("{:.1} ms", switch.longest_hold_ms));
    }
    page.figure(Figure::Tiles(tiles));
}

/// `5 of 5`.
fn passed(checks: &[Check], words: &Words) -> String {
    let good = checks.iter().filter(|check| check.verdict == CheckVerdict::Pass).count() as u64;
    fill(words.of, &[&grouped(good), &grouped(checks.len() as u64)])
}

fn tables(store: &StoreReport, page: &mut Page<'_>) {
    if store.tables.is_empty() {
        return;
    }
    let words = page.words;
    let count = counted(store.tables.len() as u64, words.table_noun);
    let are_there = store.tables.iter().all(|table| table.verdict != Verdict::Pending);
    page.heading(&match are_there {
        true => fill(words.tables_moved, &[&count, &counted(store.row_count, words.row)]),
        false => fill(words.tables_plain, &[&count]),
    });
    charts(store, page);
    let ordered = in_groups(&store.tables);
    let has_groups = ordered.iter().any(|table| table.group.is_some());
    let mut number = 0;
    let mut rest = ordered.as_slice();
    while let Some(first) = rest.first() {
        let length = rest.iter().take_while(|table| table.group == first.group).count();
        let (group, others) = rest.split_at(length);
        rest = others;
        if has_groups {
            let heading = match &first.group {
                Some(name) => capital(&fill(words.group_heading, &[words.group(name)])),
                None => capital(words.other_tables),
            };
            page.sub(Some(worst(group, words)), &heading);
        }
        let grid = table_grid(group, &mut number, page);
        page.grid(2, grid);
    }
}

fn worst(tables: &[&TableReport], words: &Words) -> Mark {
    let marks: Vec<Mark> = tables.iter().map(|table| table_verdict(table, words).0).collect();
    [Mark::Bad, Mark::Unknown].into_iter().find(|mark| marks.contains(mark)).unwrap_or(Mark::Good)
}

fn table_grid(tables: &[&TableReport], number: &mut u64, page: &Page<'_>) -> Grid {
    let words = page.words;
    let mut grid = Grid::new(vec![
        Column::number("#"),
        Column::text(words.table),
        Column::number(words.shared),
        Column::number(words.in_store),
        Column::number(words.now),
        Column::text(words.verdict),
    ]);
    for table in tables {
        *number += 1;
        let (mark, verdict) = table_verdict(table, words);
        let (sign, tone) = page.sign(mark);
        let side = |count: Option<u64>| match (count, table.verdict) {
            (Some(count), _) => Cell::new(grouped(count)),
            // A look after the switch does not compare with the store schema: nothing is missing there.
            (None, Verdict::Differs | Verdict::Equal) if table.live_row_count.is_none() => {
                Cell::toned(Tone::Bad, words.missing)
            }
            (None, _) => Cell::toned(Tone::Dim, "–"),
        };
        let live = table.live_row_count.map_or_else(String::new, grouped);
        // After the switch the copy is not counted again: what is there now is.
        let target = if live.is_empty() { side(table.row_count.target) } else { Cell::new("") };
        grid.row(vec![
            Cell::toned(Tone::Dim, grouped(*number)),
            Cell::new(&table.table),
            side(table.row_count.source),
            target,
            Cell::new(live),
            Cell::toned(tone, format!("{sign} {verdict}")),
        ]);
    }
    grid
}

fn charts(store: &StoreReport, page: &mut Page<'_>) {
    let words = page.words;
    let mut parts: Vec<Part> = vec![];
    for table in &store.tables {
        let (mark, label) = table_verdict(table, words);
        match parts.iter_mut().find(|part| part.label == label) {
            Some(part) => part.count += 1,
            // An empty table is equal too, and easily so.
            None => {
                let mark = if label == words.equal_empty { Mark::Note } else { mark };
                parts.push(Part { label: label.to_owned(), count: 1, mark });
            }
        }
    }
    for part in &mut parts {
        part.label = words.said_of(part.count, &part.label).to_owned();
    }
    page.figure(Figure::Shares { title: words.verdict_chart.to_owned(), parts });
    let mut tables: Vec<&TableReport> = store.tables.iter().collect();
    tables.sort_by_key(|table| std::cmp::Reverse(rows_of(table)));
    let bars = tables.iter().take(BARS).map(|table| Bar {
        label: table.table.clone(),
        value: rows_of(table).unwrap_or(0),
        told: None,
        mark: match table_verdict(table, words).0 {
            Mark::Good => Mark::Note, // the colour of numbers: only what is not well stands out
            mark => mark,
        },
    });
    let bars = bars.collect();
    let rest = tables.len().saturating_sub(BARS) as u64;
    let rest = (rest > 0).then(|| fill(words.more, &[&grouped(rest)]));
    page.figure(Figure::Bars { title: words.rows_per_table.to_owned(), bars, rest });
}

fn rows_of(table: &TableReport) -> Option<u64> {
    table.live_row_count.or(table.row_count.target).or(table.row_count.source)
}

fn verification(store: &StoreReport, page: &mut Page<'_>) {
    let words = page.words;
    let compared = store.tables.iter().any(|table| table.digest_equal.is_some());
    if !compared && store.samples.is_empty() && store.probes.is_empty() && store.url.is_none() {
        return;
    }
    page.heading(words.verification);
    if !store.tables.is_empty() {
        let (mark, _) = tables_verdict(store, words);
        page.sub(Some(mark), words.rows_heading);
        let (_, verdict) = copy_verdict(store, words);
        page.paragraph(2, Tone::Plain, &capital(&verdict));
    }
    application(store, page);
    if !store.samples.is_empty() {
        let mark = if store.samples.iter().all(|sample| sample.equal) { Mark::Good } else { Mark::Bad };
        page.sub(Some(mark), words.samples);
        for sample in &store.samples {
            let (mark, verdict) =
                if sample.equal { (Mark::Good, words.sides_agree) } else { (Mark::Bad, words.sides_differ) };
            let title = page.options.lang.pick(&sample.title).to_owned();
            page.marked(2, mark, &format!("{title} ({verdict}):"));
            // A thing and its price read best as a line each.
            if sample.columns.len() == 2 && is_money(sample, 1) && sample.rows.len() <= 10 {
                for row in 0..sample.rows.len() {
                    let value = |index| {
                        let value = sample_value(sample, row, index, page.options.currency.as_deref());
                        value.unwrap_or_else(|| "null".to_owned())
                    };
                    page.paragraph(4, Tone::Plain, &format!("{} ({})", value(0), value(1)));
                }
            } else {
                proof::sample_rows(4, sample, page);
            }
        }
    }
    if let Some(url) = &store.url {
        let switched = store.stage.is_some_and(crate::stage::Stage::is_switched);
        page.sub(Some(if switched { Mark::Good } else { Mark::Unknown }), words.configuration);
        page.fields(Tone::Plain, &[(words.database_url, url.clone()), (words.own_schema, store.schema.clone())]);
        let (mark, text) = routed(store, page);
        page.marked(2, mark, &text);
    }
}

/// What the application was asked, and what was seen.
fn application(store: &StoreReport, page: &mut Page<'_>) {
    let Some((mark, verdict)) = probes_verdict(store, page.words) else { return };
    page.sub(Some(mark), page.words.application);
    page.paragraph(2, Tone::Plain, &capital(&verdict));
    for probe in &store.probes {
        let title = page.options.lang.pick(&probe.title).to_owned();
        let text = format!("{title}: {}", proof::seen_of(probe, page));
        page.marked(2, if probe.passed { Mark::Good } else { Mark::Bad }, &text);
    }
    if let Some(text) = proof::roles_of(&store.probes, page) {
        page.paragraph(2, Tone::Dim, &capital(&text));
    }
}

/// Whether the application is routed to the schema, and since when.
fn routed(store: &StoreReport, page: &Page<'_>) -> (Mark, String) {
    let words = page.words;
    let switched = store.stage.is_some_and(crate::stage::Stage::is_switched);
    match &store.evidence.switched_at {
        Some(when) if switched => {
            let when = date(when, page.options.timezone.as_deref(), words);
            let by_hand = store.evidence.switch.as_ref().is_some_and(|switch| switch.by_hand);
            let by_hand = if by_hand { format!(" ({})", words.by_hand) } else { String::new() };
            (Mark::Good, format!("{}{by_hand}", fill(words.routed_since, &[&when])))
        }
        _ => (Mark::Unknown, words.not_routed.to_owned()),
    }
}

fn structure(store: &StoreReport, page: &mut Page<'_>) {
    let stands = store.stage.is_some_and(|stage| {
        use crate::stage::Stage::{Abandoned, Planned};
        !matches!(stage, Planned | Abandoned)
    });
    if store.tables.is_empty() || !stands {
        return;
    }
    let words = page.words;
    page.heading(words.structure_heading);
    let branch = |table: &TableReport| {
        let rows = match (table.verdict, rows_of(table)) {
            (Verdict::Pending, _) | (_, None) => words.not_compared_empty.to_owned(),
            (Verdict::NotVerified, Some(rows)) => format!("{}, {}", counted(rows, words.row), words.not_verified),
            (_, Some(rows)) => counted(rows, words.row),
        };
        format!("{} ({rows})", table.table)
    };
    let branches: Vec<String> = in_groups(&store.tables).into_iter().map(branch).collect();
    page.tree(&store.schema, branches);
}

fn supported(store: &StoreReport, page: &mut Page<'_>) {
    if store.checks.is_empty() {
        return;
    }
    let words = page.words;
    page.heading(words.supported);
    let (isolation, others): (Vec<_>, Vec<_>) =
        store.checks.iter().partition(|check| ISOLATION.contains(&check.check.as_str()));
    for (heading, checks, question) in
        [(words.isolation, isolation, "other_roles"), (words.indexes, others, "performance")]
    {
        if checks.is_empty() {
            continue;
        }
        let marks: Vec<Mark> = checks.iter().map(|check| proof::mark_of(check.verdict)).collect();
        // The rows are the store's own; whether others reach them, the attempts of its role say.
        let tried = match &store.isolation {
            Some(isolation) if question == "other_roles" => isolation::verdicts(isolation, words).to_vec(),
            _ => Vec::new(),
        };
        let all: Vec<Mark> = marks.iter().copied().chain(tried.iter().map(|(mark, _)| *mark)).collect();
        let worst = [Mark::Bad, Mark::Unknown].into_iter().find(|mark| all.contains(mark)).unwrap_or(Mark::Good);
        page.sub(Some(worst), heading);
        for (check, mark) in checks.iter().zip(marks) {
            let title = capital(&words.check_title(&check.check));
            page.marked(2, mark, &format!("{title}: {}", words.phrase(&check.detail)));
            for item in check.items.iter().take(10) {
                page.paragraph(4, Tone::Plain, &words.phrase(item));
            }
            if check.items.len() > 10 {
                page.paragraph(4, Tone::Dim, &fill(words.more, &[&grouped(check.items.len() as u64 - 10)]));
            }
        }
        for (mark, text) in tried {
            page.marked(2, mark, &capital(&text));
        }
        open_question(&store.not_checked, question, page);
    }
}

fn not_checked(store: &StoreReport, page: &mut Page<'_>) {
    if store.not_checked.is_empty() {
        return;
    }
    page.heading(page.words.not_checked);
    for code in &store.not_checked {
        page.marked(2, Mark::Unknown, &capital(page.words.not_checked_text(code)));
    }
}

fn next_steps(report: &Report, store: &StoreReport, page: &mut Page<'_>) {
    let steps = steps_of(store);
    if !steps.is_empty() {
        page.heading(page.words.next_steps);
        for step in steps {
            let text = proof::step_text(step, page);
            page.marked(2, if step.done { Mark::Done } else { Mark::Open }, &text);
        }
    }
    commands(report, page);
}

/// The end says once more what is proven, and what is not.
fn result(store: &StoreReport, page: &mut Page<'_>) {
    let words = page.words;
    page.heading(words.result);
    let name = store.name.as_deref().unwrap_or(&store.store);
    let stage = store.stage.map_or(words.no_move_yet, |stage| words.stage_sentence(stage));
    page.paragraph(2, Tone::Strong, &format!("{name}: {stage}."));
    if !store.tables.is_empty() {
        let (mark, verdict) = copy_verdict(store, words);
        page.marked(2, mark, &format!("{} ({})", capital(&verdict), counted(store.row_count, words.row)));
    }
    if !store.checks.is_empty() {
        let fails = store.checks.iter().any(|check| check.verdict == CheckVerdict::Fail);
        let all = store.checks.iter().all(|check| check.verdict == CheckVerdict::Pass);
        let mark = if fails {
            Mark::Bad
        } else if all {
            Mark::Good
        } else {
            Mark::Unknown
        };
        page.marked(2, mark, &fill(words.result_checks, &[&passed(&store.checks, words)]));
    }
    if !store.samples.is_empty() {
        let equal = store.samples.iter().filter(|sample| sample.equal).count();
        let mark = if equal == store.samples.len() { Mark::Good } else { Mark::Bad };
        let count = fill(words.of, &[&grouped(equal as u64), &grouped(store.samples.len() as u64)]);
        page.marked(2, mark, &fill(words.result_samples, &[&count]));
    }
    if let Some(isolation) = &store.isolation {
        let [(tried, attempts), (found, leaks)] = isolation::verdicts(isolation, words);
        let mark = if [tried, found].contains(&Mark::Bad) { Mark::Bad } else { Mark::Good };
        page.marked(2, mark, &format!("{}; {leaks}", capital(&attempts)));
    }
    let (mark, text) = routed(store, page);
    page.marked(2, mark, &text);
    if let Some((mark, _)) = probes_verdict(store, words) {
        let passed = store.probes.iter().filter(|probe| probe.passed).count() as u64;
        let count = fill(words.of, &[&grouped(passed), &grouped(store.probes.len() as u64)]);
        page.marked(2, mark, &fill(words.result_probes, &[&count]));
    }
    open_question(&store.not_checked, "application", page);
    open_question(&store.not_checked, "application_sql", page);
    let steps = steps_of(store);
    let open = steps.iter().filter(|step| !step.done).count();
    if open > 0 {
        let count = fill(words.of, &[&grouped(open as u64), &grouped(steps.len() as u64)]);
        page.marked(2, Mark::Unknown, &fill(words.result_open, &[&count]));
    }
}
