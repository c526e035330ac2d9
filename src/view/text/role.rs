//! The role of each store: one in full, several as a list.

use crate::report::{Report, RoleReport};
use crate::view::explain;
use crate::view::figures::grouped;
use crate::view::grid::{Cell, Column, Grid};
use crate::view::page::{Mark, Page};
use crate::view::paint::Tone;
use crate::view::words::fill;

pub(in crate::view) fn write(report: &Report, page: &mut Page<'_>) {
    match report.roles.as_slice() {
        [] => {}
        [one] => whole(one, page),
        many => {
            let grid = list(many, page);
            page.blank();
            page.grid(0, grid);
            many.iter().for_each(|role| secret(role, page));
        }
    }
    for role in report.roles.iter().filter(|role| role.error.is_some()) {
        page.blank();
        page.marked(0, Mark::Bad, &format!("{} {}", page.words.store, role.store));
        let lines = role.error.iter().flat_map(|error| explain::lines(error, page.words));
        lines.for_each(|line| page.raw(&format!("  {line}")));
    }
}

/// A mark and a word for what there is of it.
fn state(role: &RoleReport, page: &Page<'_>) -> (Mark, String) {
    let mark = match role.state.as_str() {
        "made" => Mark::Good,
        "foreign" => Mark::Bad,
        _ => Mark::Unknown,
    };
    (mark, page.words.role_state(role.deed.as_deref().unwrap_or(&role.state)).to_owned())
}

fn whole(role: &RoleReport, page: &mut Page<'_>) {
    let words = page.words;
    let (mark, text) = state(role, page);
    page.marked(0, mark, &format!("{} {}: {text}", words.role, role.role));
    page.blank();
    let name = role.name.as_deref().unwrap_or(words.unnamed);
    let mut fields = vec![(words.store, format!("{name} (ID: {})", role.store)), (words.schema, role.schema.clone())];
    if role.state != "none" {
        let limit = role.connection_limit.map_or(words.any_number.to_owned(), |limit| grouped(limit.into()));
        let none_or = |list: &[String]| if list.is_empty() { words.nobody.to_owned() } else { list.join(", ") };
        fields.push((words.login, login(role, page)));
        fields.push((words.connections, fill(words.of, &[&grouped(role.session_count), &limit])));
        fields.push((words.search_path, role.search_path.clone().unwrap_or_else(|| words.no_value.to_owned())));
        fields.push((words.members, none_or(&role.members)));
        fields.push((words.memberships, none_or(&role.memberships)));
    }
    page.fields(Tone::Plain, &fields);
    if !role.grants.is_empty() {
        page.heading(words.grants);
        role.grants.iter().for_each(|grant| page.marked(2, Mark::Note, grant));
    }
    if let Some(ended) = role.ended_sessions {
        page.blank();
        page.paragraph(0, Tone::Plain, &fill(words.ended_sessions, &[&grouped(ended)]));
    }
    if let Some(left) = role.left_sessions {
        page.marked(0, Mark::Bad, &fill(words.left_sessions, &[&grouped(left)]));
    }
    secret(role, page);
}

fn login(role: &RoleReport, page: &Page<'_>) -> String {
    let words = page.words;
    match (role.can_login, role.has_password) {
        (false, _) => words.login_no,
        (true, None) => words.login_yes,
        (true, Some(true)) => words.login_with_password,
        (true, Some(false)) => words.login_without_password,
    }
    .to_owned()
}

fn secret(role: &RoleReport, page: &mut Page<'_>) {
    if let Some(password) = &role.password {
        page.blank();
        page.paragraph(0, Tone::Strong, &fill(page.words.password_once, &[&role.role]));
        page.copyable(2, password);
    }
}

fn list(roles: &[RoleReport], page: &Page<'_>) -> Grid {
    let words = page.words;
    let mut grid = Grid::new(vec![
        Column::text(words.store).floor(8),
        Column::text(words.role),
        Column::text(words.verdict).floor(12),
        Column::text(words.login).spare(1).floor(8),
        Column::number(words.connections).spare(2),
        Column::text(words.search_path).spare(3).floor(16),
    ]);
    for role in roles {
        let (mark, text) = state(role, page);
        let (sign, tone) = page.sign(if role.error.is_some() { Mark::Bad } else { mark });
        grid.row(vec![
            Cell::new(&role.store),
            Cell::new(&role.role),
            Cell::toned(tone, format!("{sign} {text}")),
            Cell::new(if role.can_login { words.login_yes } else { words.login_no }),
            Cell::new(grouped(role.session_count)),
            Cell::toned(Tone::Dim, role.search_path.clone().unwrap_or_default()),
        ]);
    }
    grid
}
