//! What two structures do not share, in lines for people.

use crate::plan::Structure;

/// How much of a definition a line shows.
const SHOWN: usize = 72;

/// `missing: index a_idx on orders`, `extra: …`, `differs: trigger t on orders: expected …, found …`; by name.
#[must_use]
pub fn differences(expected: &Structure, found: &Structure) -> Vec<String> {
    let mut lines: Vec<(&String, String)> = Vec::new();
    for (name, definition) in expected {
        match found.get(name) {
            None => lines.push((name, format!("missing: {name}"))),
            Some(other) if other != definition => {
                let (expected, found) = around_first_difference(definition, other);
                lines.push((name, format!("differs: {name}: expected {expected}, found {found}")));
            }
            Some(_) => {}
        }
    }
    let extra = found.keys().filter(|name| !expected.contains_key(*name));
    lines.extend(extra.map(|name| (name, format!("extra: {name}"))));
    lines.sort();
    lines.into_iter().map(|(_, line)| line).collect()
}

/// Both definitions on one line, cut so that the place where they part is seen.
fn around_first_difference(a: &str, b: &str) -> (String, String) {
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").chars().collect::<Vec<char>>();
    let (mut left, mut right) = (flat(a), flat(b));
    if left == right {
        (left, right) = (a.escape_debug().collect(), b.escape_debug().collect()); // only white space differs
    }
    let parting = left.iter().zip(&right).take_while(|(a, b)| a == b).count();
    let fits = left.len() <= SHOWN && right.len() <= SHOWN;
    let from = if fits { 0 } else { parting.saturating_sub(SHOWN / 3) };
    (excerpt(&left, from), excerpt(&right, from))
}

fn excerpt(text: &[char], from: usize) -> String {
    if text.is_empty() {
        return "nothing".to_owned();
    }
    let to = text.len().min(from + SHOWN);
    let middle: String = text.get(from..to).unwrap_or_default().iter().collect();
    let (before, after) = (if from > 0 { "…" } else { "" }, if to < text.len() { "…" } else { "" });
    format!("`{before}{middle}{after}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_parts_them_is_shown() {
        let structure = |pairs: &[(&str, String)]| -> Structure {
            pairs.iter().map(|(name, definition)| ((*name).to_owned(), definition.clone())).collect()
        };
        let long = "select 1;\n".repeat(30);
        let expected =
            structure(&[("a", "x".into()), ("b", format!("{long}end")), ("c", "on".into()), ("e", " x".into())]);
        let found =
            structure(&[("b", format!("{long}END")), ("c", "off".into()), ("d", "y".into()), ("e", "x".into())]);
        let lines = differences(&expected, &found);
        assert_eq!(lines[0], "missing: a");
        assert!(lines[1].starts_with("differs: b: expected `…") && lines[1].ends_with("END`"), "{}", lines[1]);
        assert_eq!(lines[2], "differs: c: expected `on`, found `off`");
        assert_eq!(lines[3], "extra: d");
        assert_eq!(lines[4], "differs: e: expected ` x`, found `x`");
        assert!(differences(&expected, &expected).is_empty());
    }
}
