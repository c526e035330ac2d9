//! An error on stderr: what failed, why, where, and the way on.
//!
//! Finds refusals and server errors under any number of contexts; says nothing twice.

use std::io::{self, Write};

use super::paint::{Tone, develop, tint};
use super::words::Words;
use super::wrap::{clean, width, wrap};
use crate::error::{Exit, Refusal, ServerError};
use crate::report::ErrorReport;

/// The error as a value, for the report and for [`write()`].
#[must_use]
pub fn error_report(error: &anyhow::Error) -> ErrorReport {
    let refusal = find::<Refusal>(error);
    let server = find::<ServerError>(error);
    let mut texts: Vec<String> = vec![];
    for link in error.chain() {
        say(&mut texts, link.to_string());
    }
    if let Some(refusal) = refusal {
        let because = refusal.because.clone();
        match texts.iter().position(|text| *text == refusal.message) {
            // Its cause stands right behind it, before what lies deeper.
            Some(index) => because.into_iter().for_each(|because| insert(&mut texts, index + 1, because)),
            None => because.into_iter().for_each(|because| say(&mut texts, because)),
        }
    }
    if let Some(server) = server {
        say(&mut texts, server.to_string());
    }
    let is_of_rows = texts.first().is_some_and(|text| text.starts_with("template ") || text.starts_with("copying "));
    let mut texts = texts.into_iter();
    ErrorReport {
        message: texts.next().unwrap_or_default(),
        because: texts.collect(),
        hint: refusal
            .and_then(|refusal| refusal.hint.clone())
            .or_else(|| server?.hint.clone())
            .or_else(|| way_on(server?).map(str::to_owned))
            .or_else(|| broken_rule(server?).filter(|_| is_of_rows).map(str::to_owned)),
        exit_code: exit_of(error).code(),
        server: server.cloned(),
    }
}

/// What to do where the server refuses the connection or a right, and says no more than that.
fn way_on(server: &ServerError) -> Option<&'static str> {
    Some(match server.sqlstate.as_deref() {
        None if server.message.starts_with("looking up ") => {
            "check the host's name: -d, DATABASE_URL or PGHOST; `getent hosts NAME` asks as this program does"
        }
        // no code: the driver's own words
        None if !["connect", "communicat", "timed out", "Timeout"].iter().any(|word| server.message.contains(word)) => {
            return None;
        }
        None | Some("08001" | "08006") => {
            "see that the server is up and that host and port are right; `pg_isready` asks it"
        }
        Some("28P01" | "28000") => "check user and password: -d, DATABASE_URL, PGPASSWORD or ~/.pgpass",
        Some("3D000") => "check the database's name; `psql -l` lists the databases",
        Some("42501") => {
            "`tenantctl doctor --sql` prints the GRANTs that are missing (with `--for plan` or `--for verify` those of a \
             reader); or connect as a role that has them"
        }
        _ => return None,
    })
}

/// What to do where rows that are copied break a key or a check of the template.
fn broken_rule(server: &ServerError) -> Option<&'static str> {
    server.is(&["23502", "23503", "23505", "23514", "23P01"]).then_some(
        "the shared rows break this rule of the template: correct them or the rule; the same command then goes on",
    )
}

/// The exit code that this error alone gives.
#[must_use]
pub fn exit_of(error: &anyhow::Error) -> Exit {
    if let Some(refusal) = find::<Refusal>(error) {
        return refusal.exit;
    }
    match find::<ServerError>(error) {
        Some(server) if server.is_connection() || server.is_access() => Exit::Unreachable,
        _ => Exit::Failed,
    }
}

/// Writes the error in a language, as far as its sentences are known there; `color` puts ANSI colours in, and lines are
/// broken where a terminal has so many `columns`.
///
/// # Errors
/// Those of `out`.
pub fn write(
    error: &ErrorReport,
    words: &Words,
    color: bool,
    columns: Option<usize>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let lines = lines(error, words);
    let lines = match columns {
        Some(columns) => lines.iter().flat_map(|line| fitted(line, columns)).collect(),
        None => lines,
    };
    for line in lines {
        writeln!(out, "{}", develop(&line, color))?;
    }
    Ok(())
}

/// The lines, with tones as marks.
pub(super) fn lines(error: &ErrorReport, words: &Words) -> Vec<String> {
    let mut lines = vec![];
    let mut said: Vec<String> = vec![];
    let mut tell = |indent: &str, label: &str, tone: Tone, text: &str| {
        // A constraint or a detail of the server may stand in a message already; a hint is told even so.
        let again = said.iter().any(|known| *known == text || (label != words.hint && known.contains(text.trim())));
        if text.trim().is_empty() || (label != words.error && again) {
            return;
        }
        said.push(text.to_owned());
        let mut parts = text.trim().lines();
        let phrase = |part: &str| clean(&words.phrase(part));
        lines.push(format!("{indent}{} {}", tint(tone, label), phrase(parts.next().unwrap_or_default())));
        parts.for_each(|part| lines.push(format!("{indent}  {}", phrase(part))));
    };
    tell("", words.error, Tone::Bad, &error.message);
    error.because.iter().for_each(|because| tell("  ", words.because, Tone::Dim, because));
    if let Some(server) = &error.server {
        tell("  ", words.because, Tone::Dim, &server.to_string());
        let mut of_server = |label, text: &Option<String>| {
            text.iter().for_each(|text| tell("  ", label, Tone::Dim, text));
        };
        of_server(words.detail, &server.detail);
        of_server(words.context, &server.context);
        // PostgreSQL names the constraint in most messages; where it does not, it is the way to the cause.
        of_server(words.constraint, &server.constraint);
    }
    error.hint.iter().for_each(|hint| tell("", words.hint, Tone::Strong, hint));
    if let Some(hint) = error.server.as_ref().and_then(|server| server.hint.as_ref()) {
        tell("", words.hint, Tone::Strong, hint);
    }
    lines
}

/// The line, broken between words where it is too long. Excerpts of a file stay as they are: a caret points at a column.
pub(super) fn fitted(line: &str, columns: usize) -> Vec<String> {
    let indent = line.len() - line.trim_start().len();
    let is_excerpt = line.trim_start().trim_start_matches(|c: char| c.is_ascii_digit()).trim_start().starts_with('|');
    if is_excerpt || width(line) <= columns || columns < indent + 20 {
        return vec![line.to_owned()];
    }
    let mut broken = wrap(line, columns - indent - 2).into_iter();
    let first = broken.next().map(|first| format!("{}{first}", " ".repeat(indent)));
    first.into_iter().chain(broken.map(|more| format!("{}{more}", " ".repeat(indent + 2)))).collect()
}

/// As a context or as a cause: anyhow finds the first, the chain the second.
fn find<E: std::error::Error + Send + Sync + 'static>(error: &anyhow::Error) -> Option<&E> {
    error.downcast_ref::<E>().or_else(|| error.chain().find_map(|link| link.downcast_ref::<E>()))
}

fn say(texts: &mut Vec<String>, text: String) {
    let index = texts.len();
    insert(texts, index, text);
}

/// Many errors repeat their cause in their own text (`a: b` caused by `b`); it is said once.
fn insert(texts: &mut Vec<String>, index: usize, text: String) {
    let tail = format!(": {text}");
    if text.is_empty() || texts.iter().any(|known| *known == text || known.ends_with(&tail)) {
        return;
    }
    // The same with its code says more.
    let shorter = |known: &&mut String| text.strip_prefix(known.as_str()).is_some_and(|rest| rest.starts_with(" ("));
    if let Some(known) = texts.iter_mut().find(shorter) {
        *known = text;
        return;
    }
    texts.insert(index, text);
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;
    use crate::view::words::Lang;

    fn told(error: &anyhow::Error) -> String {
        let mut out = vec![];
        write(&error_report(error), Lang::En.words(), false, None, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn duplicate() -> ServerError {
        ServerError {
            sqlstate: Some("23505".into()),
            message: "duplicate key value violates unique constraint \"orders_order_number_key\"".into(),
            detail: Some("Key (order_number)=(7) already exists.".into()),
            context: Some("COPY orders, line 881".into()),
            constraint: Some("orders_order_number_key".into()),
            ..ServerError::default()
        }
    }

    #[test]
    fn a_server_error_is_told_with_all_that_the_server_said() {
        let error = anyhow::Error::new(duplicate()).context("copying store 4, table orders");
        assert_eq!(
            told(&error),
            "error: copying store 4, table orders\n  \
               because: duplicate key value violates unique constraint \"orders_order_number_key\" (23505)\n  \
               detail: Key (order_number)=(7) already exists.\n  \
               where: COPY orders, line 881\n\
             hint: the shared rows break this rule of the template: correct them or the rule; the same command then goes on\n"
        );
        assert_eq!(exit_of(&error), Exit::Failed);
    }

    #[test]
    fn a_refusal_between_contexts_keeps_its_cause_and_its_hint() {
        let refusal = Refusal::new("store 4 cannot be copied")
            .because("store 4 has no schema yet")
            .hint("run `tenantctl create --store 4` first")
            .exit(Exit::Held);
        let error = Err::<(), _>(anyhow::Error::new(duplicate())).context(refusal).context("copying store 4");
        let error = error.unwrap_err();
        assert_eq!(
            told(&error).lines().take(4).collect::<Vec<_>>(),
            [
                "error: copying store 4",
                "  because: store 4 cannot be copied",
                "  because: store 4 has no schema yet",
                "  because: duplicate key value violates unique constraint \"orders_order_number_key\" (23505)",
            ]
        );
        assert!(told(&error).ends_with("hint: run `tenantctl create --store 4` first\n"));
        assert_eq!(exit_of(&error), Exit::Held);
    }

    #[test]
    fn a_long_line_is_broken_between_words_and_an_excerpt_is_not() {
        let long = "  because: look for this host, database and user in /root/.pgpass";
        assert_eq!(fitted(long, 40), ["  because: look for this host,", "    database and user in /root/.pgpass"]);
        let excerpt = "  12 | url = \"postgresql://app@db/main?schema={schema}\"";
        assert_eq!(fitted(excerpt, 40), [excerpt]);
    }

    #[test]
    fn nothing_is_said_twice() {
        let error = anyhow::anyhow!("no such file").context("reading a.toml: no such file");
        assert_eq!(told(&error), "error: reading a.toml: no such file\n");
        let error = anyhow::Error::new(Refusal::new("no").because("no"));
        assert_eq!(told(&error), "error: no\n");
    }

    #[test]
    fn exits_follow_the_error() {
        let server = |code: Option<&str>| {
            let (sqlstate, of_connection) = (code.map(str::to_owned), code.is_none());
            anyhow::Error::new(ServerError { sqlstate, of_connection, ..ServerError::default() })
        };
        let cases = [(None, Exit::Unreachable), (Some("28P01"), Exit::Unreachable), (Some("42501"), Exit::Unreachable)];
        for (code, exit) in cases {
            assert_eq!(exit_of(&server(code).context("connecting")), exit, "{code:?}");
        }
        assert_eq!(exit_of(&server(Some("23505"))), Exit::Failed);
        assert_eq!(exit_of(&anyhow::anyhow!("disk full")), Exit::Failed);
        assert_eq!(exit_of(&anyhow::Error::new(Refusal::new("no")).context("x")), Exit::Refused);
    }
}
