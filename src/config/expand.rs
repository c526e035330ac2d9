//! `${VAR}`, `${VAR:-otherwise}` and `${file:path}` in a text of the configuration file.
//!
//! Only texts of the file are expanded, and only when the value is needed: a shell has expanded flags already.

use std::path::Path;

use crate::conninfo::{Environment, encode};
use crate::error::Refusal;

/// Whether there is anything to expand.
pub(super) fn refers(text: &str) -> bool {
    text.contains("${")
}

/// The text with every reference replaced; `$${` stands for `${` itself.
pub(super) fn expand(text: &str, env: &Environment, folder: &Path) -> Result<String, Refusal> {
    replace(text, env, folder, |_, value| value)
}

/// As [`expand`]; each value is given its form by the caller, who is told where its reference stands.
pub(super) fn expand_with(
    text: &str,
    env: &Environment,
    folder: &Path,
    form: impl FnMut(usize, String) -> String,
) -> Result<String, Refusal> {
    replace(text, env, folder, form)
}

/// As [`expand`], for a URL: what is put between `://` and `@` is percent-encoded, so a password is written as it is.
pub(super) fn expand_url(text: &str, env: &Environment, folder: &Path) -> Result<String, Refusal> {
    let user_info =
        text.find("://").map(|at| at + 3).and_then(|start| Some(start..start + user_info_end(&text[start..])?));
    let is_encoded = |at: usize| user_info.as_ref().is_some_and(|range| range.contains(&at));
    replace(text, env, folder, |at, value| if is_encoded(at) { encode(&value) } else { value })
}

/// Where the `@` is that ends user and password; one inside a reference is not it.
fn user_info_end(text: &str) -> Option<usize> {
    let mut inside = false;
    for (at, c) in text.char_indices() {
        match c {
            '$' if text[at..].starts_with("${") => inside = true,
            '}' => inside = false,
            '@' if !inside => return Some(at),
            '/' if !inside => return None,
            _ => {}
        }
    }
    None
}

fn replace(
    text: &str,
    env: &Environment,
    folder: &Path,
    mut form: impl FnMut(usize, String) -> String,
) -> Result<String, Refusal> {
    let mut expanded = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(found) = text[at..].find("${").map(|offset| at + offset) {
        if text[at..found].ends_with('$') {
            expanded.push_str(&text[at..found - 1]);
            expanded.push_str("${");
            at = found + 2;
            continue;
        }
        let inside = found + 2;
        let end = text[inside..].find('}').map(|offset| inside + offset);
        let end =
            end.ok_or_else(|| Refusal::new("`${` without `}`").hint("write `$${` for the characters themselves"))?;
        expanded.push_str(&text[at..found]);
        let value = value_of(&text[inside..end], env, folder)?;
        expanded.push_str(&form(found, value));
        at = end + 1;
    }
    expanded.push_str(&text[at..]);
    Ok(expanded)
}

fn value_of(reference: &str, env: &Environment, folder: &Path) -> Result<String, Refusal> {
    if let Some(path) = reference.strip_prefix("file:") {
        let path = folder.join(path);
        let text = std::fs::read_to_string(&path)
            .map_err(|error| Refusal::new(format!("{} cannot be read", path.display())).because(error.to_string()))?;
        // files that editors and secret stores write end in a newline that nobody means
        return Ok(text
            .strip_suffix('\n')
            .map(|text| text.strip_suffix('\r').unwrap_or(text))
            .unwrap_or(&text)
            .to_owned());
    }
    let (name, otherwise) = match reference.split_once(":-") {
        Some((name, otherwise)) => (name, Some(otherwise)),
        None => (reference, None),
    };
    let is_name = |name: &str| {
        !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    if name.is_empty() || !is_name(name) {
        return Err(
            Refusal::new("`${…}` does not name a variable").hint("write ${VAR}, ${VAR:-otherwise} or ${file:path}")
        );
    }
    match (env.get(name), otherwise) {
        (None | Some(""), Some(otherwise)) => Ok(otherwise.to_owned()),
        (Some(value), _) => Ok(value.to_owned()),
        (None, None) => Err(Refusal::new(format!("the environment variable {name} is not set"))
            .hint(format!("set it, or write ${{{name}:-otherwise}}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_replaced() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("pw"), "p@s/s\n").unwrap();
        let env = Environment::default().with("A", "a").with("EMPTY", "").with("URL", "postgres://u:p%40@h/d");
        for (text, want) in [
            ("plain $A $$", Some("plain $A $$")),
            ("${A}-${A}", Some("a-a")),
            ("${EMPTY}|${EMPTY:-x}|${NONE:-y z}|${NONE:-}", Some("|x|y z|")),
            ("$${A} ${A}", Some("${A} a")),
            ("${file:pw}", Some("p@s/s")),
            ("${NONE}", None),
            ("${A", None),
            ("${}", None),
            ("${1A}", None),
            ("${file:none}", None),
        ] {
            assert_eq!(expand(text, &env, folder.path()).ok().as_deref(), want, "{text}");
        }
        for (text, want) in [
            ("postgres://app:${file:pw}@db/x?a=${A}", "postgres://app:p%40s%2Fs@db/x?a=a"),
            ("postgres://app:${NONE:-@/}@db", "postgres://app:%40%2F@db"),
            ("${URL}", "postgres://u:p%40@h/d"),
            ("postgres://${NONE:-h:1}/d", "postgres://h:1/d"),
            ("host=h password=${file:pw}", "host=h password=p@s/s"),
        ] {
            assert_eq!(expand_url(text, &env, folder.path()).as_deref(), Ok(want));
        }
    }
}
