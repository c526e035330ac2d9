//! What may not stand in a template, why, and what to write instead.
//!
//! A template runs inside tenantctl's transactions, on its sessions, in one schema: what would end the transaction,
//! outlive it, or reach beyond the schema is refused here by its words, and what slips through (a DO block that
//! builds its SQL) by the checks of `step/create`.

use super::shape::{Lexeme, Shape, View};
use crate::error::Refusal;
use crate::lexer::{Statement, TokenKind, refuse, tokens};

const IN_TRANSACTION: &str = "tenantctl runs the template in transactions of its own, each with its journal row";
const NEXT_TO: &str = "tenantctl makes the store schema and finds names there first, then in the shared schema";
const AS_SPLIT: &str = "the text is split and escaped as UTF-8 with standard_conforming_strings on";
const WHOLE: &str = "it belongs to the whole database, not to one store schema";

/// Refuses a statement that may not stand in a template.
pub(super) fn check(file: &str, statement: &Statement, shape: &Shape) -> Result<(), Refusal> {
    if let Some(token) = statement.tokens().iter().find(|token| token.kind == TokenKind::Backslash) {
        let command = token.text(statement.text()).split_whitespace().next().unwrap_or_default();
        return Err(refuse(file, statement.place_at(token.start), &format!("`{command}` is a command of psql"))
            .because("no psql runs the template")
            .hint("take it out, and put the text of an included file in its place"));
    }
    let view = shape.view();
    let (what, because, hint) = match leading(view) {
        Some(refused) => refused,
        None => match within(statement, shape) {
            Some((index, what, because, hint)) => {
                let offset = shape.offsets.get(index).copied().unwrap_or_default();
                return Err(refuse(file, statement.place_at(offset), &what).because(because).hint(hint));
            }
            None => return Ok(()),
        },
    };
    Err(refuse(file, statement.place(), &format!("{what} may not stand in a template")).because(because).hint(hint))
}

type Refused = (String, &'static str, &'static str);

/// What the first words decide.
fn leading(view: View<'_>) -> Option<Refused> {
    let refused = |what: &str, because, hint| Some((what.to_owned(), because, hint));
    let first = view.word(0);
    match first {
        "BEGIN" | "COMMIT" | "END" | "ROLLBACK" | "ABORT" | "SAVEPOINT" | "RELEASE" => {
            refused(first, IN_TRANSACTION, "take it out; everything is undone where something fails")
        }
        "START" => refused("START TRANSACTION", IN_TRANSACTION, "take it out"),
        "PREPARE" if view.word(1) == "TRANSACTION" => refused("PREPARE TRANSACTION", IN_TRANSACTION, "take it out"),
        "PREPARE" | "LISTEN" | "LOAD" | "DISCARD" => {
            refused(first, "it would stay on the session after the transaction", "take it out")
        }
        "VACUUM" => refused(first, "it cannot run in a transaction", "take it out; tenantctl analyzes what it loads"),
        "COPY" => refused(
            first,
            "a template has no data stream and reads no file",
            "write INSERT INTO … VALUES …; `pg_dump --inserts` writes it so",
        ),
        "REINDEX" | "REFRESH" => concurrently(view),
        "SET" | "RESET" => setting(view),
        "CREATE" | "ALTER" | "DROP" | "REASSIGN" => object(view),
        "COMMENT" if view.word(1) == "ON" => object(View(&view.0[1..])),
        _ => None,
    }
}

fn concurrently(view: View<'_>) -> Option<Refused> {
    let what = format!("{} … CONCURRENTLY", view.word(0));
    let hint = "leave CONCURRENTLY out; nobody is routed to the schema yet, so nobody waits";
    view.has_word("CONCURRENTLY").then_some((what, "it cannot run in a transaction", hint))
}

fn object(view: View<'_>) -> Option<Refused> {
    let mut rest = view;
    let verb = match view.word(0) {
        "ON" => "COMMENT ON",
        verb => verb,
    };
    rest.0 = &rest.0[1..];
    if matches!((verb, rest.word(0)), ("DROP" | "REASSIGN", "OWNED")) {
        return Some((format!("{verb} OWNED"), "it reaches everything that a role owns", "name what is meant"));
    }
    let wide =
        ["DATABASE", "TABLESPACE", "ROLE", "USER", "GROUP", "SYSTEM", "SUBSCRIPTION", "PUBLICATION", "EVENT TRIGGER"];
    if let Some(wide) = rest.eat_any(&wide) {
        // a role may be commented on, but only ever for all
        return Some((format!("{verb} {wide}"), WHOLE, "do it once, by hand, outside the template"));
    }
    if rest.begins("EXTENSION") {
        let hint = "install it once for the database: CREATE EXTENSION … SCHEMA <shared schema>; names are found there";
        return Some((format!("{verb} EXTENSION"), WHOLE, hint));
    }
    if rest.begins("SCHEMA") && verb != "COMMENT ON" {
        let hint = match verb {
            "ALTER" => "take it out; [store_schema] owner and readers say who may use it",
            _ => "take it out, and write `{{schema}}.` or nothing in front of the names",
        };
        return Some((format!("{verb} SCHEMA"), "the store schema is made, named and dropped by tenantctl", hint));
    }
    let index = rest.eat_any(&["INDEX", "UNIQUE INDEX", "TABLE"]).is_some() && rest.has_word("CONCURRENTLY");
    if index { concurrently(view) } else { None }
}

/// Settings that are tenantctl's own; one has a value that may be said again.
fn own_setting(name: &str) -> Option<(&'static str, &'static str)> {
    Some(match name {
        "search_path" | "schema" => (
            NEXT_TO,
            "take it out; write `{{schema}}.`, `{{shared}}.` or nothing in front of names. \
             pg_dump's set_config('search_path', '', false) can go with no other change than `public.` → `{{schema}}.`",
        ),
        "role" | "session_authorization" => (
            "everything is made by the role that tenantctl connects as",
            "take it out; [store_schema] owner says to whom the schema belongs",
        ),
        "transaction_isolation" | "transaction_read_only" | "transaction_deferrable" => (IN_TRANSACTION, "take it out"),
        _ => return None,
    })
}

fn setting(view: View<'_>) -> Option<Refused> {
    let verb = view.word(0);
    let mut rest = View(&view.0[1..]);
    let qualifier = rest.eat_any(&["SESSION AUTHORIZATION", "SESSION", "LOCAL"]);
    let refuse = |name: &str| own_setting(name).map(|(because, hint)| (format!("{verb} {name}"), because, hint));
    if qualifier == Some("SESSION AUTHORIZATION") || rest.begins("SESSION AUTHORIZATION") {
        return refuse("session_authorization");
    }
    if rest.begins("TRANSACTION") || qualifier == Some("SESSION") && rest.begins("CHARACTERISTICS") {
        return Some((format!("{verb} TRANSACTION"), IN_TRANSACTION, "take it out"));
    }
    if verb == "RESET" && rest.begins("ALL") {
        let because = "it would take back what tenantctl has set for the session";
        return Some(("RESET ALL".to_owned(), because, "reset the settings that the template sets, by name"));
    }
    let name = match rest.0.first()? {
        Lexeme::Word(name) | Lexeme::Name(name) => name.to_lowercase(),
        _ => return None,
    };
    // `SET SCHEMA 'x'` is search_path, `SET schema = 'x'` is no setting at all and the server says so
    if let Some(refused) = refuse(&name) {
        return Some(refused);
    }
    let value = rest.0.iter().skip(1).find_map(|lexeme| match lexeme {
        Lexeme::Word(word) if word == "TO" => None,
        Lexeme::Word(word) => Some(word.to_lowercase()),
        Lexeme::Name(value) | Lexeme::Text(value) => Some(value.to_lowercase()),
        Lexeme::Sign(_) => None,
    });
    match (name.as_str(), value.as_deref()) {
        ("standard_conforming_strings", Some("on" | "true" | "yes")) => None,
        ("client_encoding" | "names", Some("utf8" | "utf-8" | "unicode")) => None,
        ("standard_conforming_strings" | "client_encoding" | "names", _) => Some((
            format!("{verb} {name}"),
            AS_SPLIT,
            "take it out; save the file as UTF-8, and write E'…' where a backslash shall escape",
        )),
        _ => None,
    }
}

type RefusedAt = (usize, String, &'static str, &'static str);

/// What may stand anywhere in a statement, and in the body of DO.
fn within(statement: &Statement, shape: &Shape) -> Option<RefusedAt> {
    let view = shape.view();
    if view.begins("CREATE") && (view.has_word("FUNCTION") || view.has_word("PROCEDURE")) {
        return None; // a function's body and its SET clauses count when it is called
    }
    if let Some(found) = set_config(view).or_else(|| draws(view)) {
        return Some(found);
    }
    if !view.begins("DO") {
        return None;
    }
    let body = statement.tokens().iter().find_map(|token| match token.kind {
        TokenKind::DollarText(length) => Some(&statement.text()[token.start + length..token.end - length]),
        _ => None,
    })?;
    let inner = Shape::new(body, tokens(body).ok()?.into_iter());
    let sets = |name: &str| {
        ["SET", "SET LOCAL", "SET SESSION"].iter().any(|set| inner.view().has_words(&format!("{set} {name}")))
    };
    let found = set_config(inner.view())
        .or_else(|| draws(inner.view()))
        .map(|(_, what, because, hint)| (what, because, hint))
        .or_else(|| {
            let name = ["search_path", "role"].into_iter().find(|name| sets(&name.to_uppercase()))?;
            own_setting(name)
                .map(|(because, hint)| (format!("SET {name} in a DO block may not stand in a template"), because, hint))
        });
    found.map(|(what, because, hint)| (0, what, because, hint))
}

fn set_config(view: View<'_>) -> Option<RefusedAt> {
    (0..view.0.len()).find_map(|index| {
        let named = match &view.0[index] {
            Lexeme::Word(word) => word == "SET_CONFIG",
            Lexeme::Name(name) => name == "set_config",
            _ => false,
        };
        if !named || view.0.get(index + 1) != Some(&Lexeme::Sign('(')) {
            return None;
        }
        let (what, because, hint) = set_config_call(View(&view.0[index + 2..]))?;
        Some((index, what, because, hint))
    })
}

/// A call that moves a sequence, which no rollback undoes: only one of the store schema's own may be meant. A default
/// that draws is no call; where its sequence lies, the catalogs say.
fn draws(view: View<'_>) -> Option<RefusedAt> {
    let defines =
        ["CREATE TABLE", "ALTER TABLE", "CREATE DOMAIN", "ALTER DOMAIN"].iter().any(|words| view.has_words(words));
    (0..view.0.len()).find_map(|index| {
        let name = match &view.0[index] {
            Lexeme::Word(word) => word.to_lowercase(),
            Lexeme::Name(name) => name.clone(),
            _ => return None,
        };
        let moves = name == "setval" || name == "nextval" && !defines;
        if !moves || view.0.get(index + 1) != Some(&Lexeme::Sign('(')) {
            return None;
        }
        let own = matches!(view.0.get(index + 2), Some(Lexeme::Text(sequence)) if sequence.starts_with("{{schema}}."));
        (!own).then(|| {
            (
                index,
                format!("{name}() may not stand in a template"),
                "it moves a sequence for good, also where the template is only tried; tenantctl sets the store's sequences itself",
                "take it out, or write '{{schema}}.name' for a sequence of the store schema",
            )
        })
    })
}

/// Judges the arguments of a call, from behind its parenthesis.
fn set_config_call(after: View<'_>) -> Option<Refused> {
    let mut depth = 1_i32;
    let end = after.0.iter().position(|lexeme| {
        match lexeme {
            Lexeme::Sign('(') => depth += 1,
            Lexeme::Sign(')') => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    let arguments = View(&after.0[..end.unwrap_or(after.0.len())]).between_commas();
    let [Lexeme::Text(name)] = arguments.first()?.0 else {
        let because = "it may change search_path, role or session_authorization";
        return Some((
            "set_config() of a setting that is computed".to_owned(),
            because,
            "write the setting's name as '…'",
        ));
    };
    let name = name.to_lowercase();
    if let Some((because, hint)) = own_setting(&name) {
        return Some((format!("set_config('{name}', …) may not stand in a template"), because, hint));
    }
    if matches!(name.as_str(), "standard_conforming_strings" | "client_encoding") {
        return Some((format!("set_config('{name}', …) may not stand in a template"), AS_SPLIT, "take it out"));
    }
    let is_local = arguments.get(2).is_some_and(|local| local.begins("TRUE"));
    (!is_local).then(|| {
        let because = "the setting would stay on the session after the transaction";
        (format!("set_config('{name}', …) outlives its transaction"), because, "give `true` as third argument")
    })
}

#[cfg(test)]
mod tests {
    use super::super::source::Template;

    #[test]
    fn what_may_not_stand_in_a_template_is_refused_with_a_hint() {
        let cases = [
            ("begin", "BEGIN"),
            ("start transaction isolation level serializable", "START TRANSACTION"),
            ("commit", "COMMIT"),
            ("end", "END"),
            ("rollback to a", "ROLLBACK"),
            ("abort", "ABORT"),
            ("savepoint a", "SAVEPOINT"),
            ("release a", "RELEASE"),
            ("prepare transaction 'a'", "PREPARE TRANSACTION"),
            ("set transaction read only", "SET TRANSACTION"),
            ("set session characteristics as transaction read only", "SET TRANSACTION"),
            ("set default_x = 1; set transaction_isolation = 'serializable'", "SET transaction_isolation"),
            ("create index concurrently i on t (a)", "CREATE … CONCURRENTLY"),
            ("create unique index concurrently on t (a)", "CREATE … CONCURRENTLY"),
            ("drop index concurrently i", "DROP … CONCURRENTLY"),
            ("reindex table concurrently t", "REINDEX … CONCURRENTLY"),
            ("refresh materialized view concurrently v", "REFRESH … CONCURRENTLY"),
            ("alter table t detach partition p concurrently", "ALTER … CONCURRENTLY"),
            ("copy t from stdin;\nit's\n\\.", "COPY"),
            ("copy t to '/tmp/x'", "COPY"),
            ("\\i other.sql", "`\\i` is a command of psql"),
            ("select 1 \\gset x", "`\\gset` is a command of psql"),
            ("set search_path = public", "SET search_path"),
            ("SET LOCAL SEARCH_PATH TO x", "SET search_path"),
            ("set session \"search_path\" = x", "SET search_path"),
            ("set schema 'x'", "SET schema"),
            ("set role r", "SET role"),
            ("set local role r", "SET role"),
            ("set session authorization r", "SET session_authorization"),
            ("set local session authorization r", "SET session_authorization"),
            ("set session session authorization r", "SET session_authorization"),
            ("reset search_path", "RESET search_path"),
            ("reset role", "RESET role"),
            ("reset session authorization", "RESET session_authorization"),
            ("reset all", "RESET ALL"),
            ("SELECT pg_catalog.set_config('search_path', '', false)", "set_config('search_path', …)"),
            ("select \"set_config\"('ROLE', 'x', true)", "set_config('role', …)"),
            ("select set_config('lock_timeout', '1', false)", "outlives its transaction"),
            ("select set_config('search' || '_path', '', true)", "that is computed"),
            ("do $$ begin perform set_config('search_path', 'x', true); end $$", "set_config('search_path', …)"),
            ("do $$ begin set local search_path = x; end $$", "SET search_path in a DO block"),
            ("select setval('public.orders_id_seq', 7, true)", "setval() may not stand"),
            ("SELECT pg_catalog.setval('orders_id_seq', 7)", "setval() may not stand"),
            ("insert into t values (nextval('s'))", "nextval() may not stand"),
            ("do $$ begin perform setval('s', 1); end $$", "setval() may not stand"),
            ("set standard_conforming_strings = off", "SET standard_conforming_strings"),
            ("set client_encoding = 'LATIN1'", "SET client_encoding"),
            ("set names 'sjis'", "SET names"),
            ("create database d", "CREATE DATABASE"),
            ("drop tablespace d", "DROP TABLESPACE"),
            ("alter role r createdb", "ALTER ROLE"),
            ("create user u", "CREATE USER"),
            ("alter system set x = 1", "ALTER SYSTEM"),
            ("create schema if not exists {{schema}}", "CREATE SCHEMA"),
            ("drop schema {{schema}} cascade", "DROP SCHEMA"),
            ("alter schema {{schema}} owner to me", "ALTER SCHEMA"),
            ("create extension if not exists pgcrypto", "CREATE EXTENSION"),
            ("comment on extension pgcrypto is 'x'", "COMMENT ON EXTENSION"),
            ("create publication p", "CREATE PUBLICATION"),
            ("drop subscription s", "DROP SUBSCRIPTION"),
            ("drop owned by me", "DROP OWNED"),
            ("vacuum t", "VACUUM"),
            ("listen x", "LISTEN"),
            ("load 'x'", "LOAD"),
            ("prepare x as select 1", "PREPARE"),
        ];
        for (text, message) in cases {
            let refusal = Template::parse("t.sql", &format!("select 1;\n  {text};")).expect_err(text);
            assert!(refusal.message.starts_with("t.sql:2:") && refusal.message.contains(message), "{text}: {refusal}");
            assert!(refusal.hint.is_some() && refusal.because.is_some(), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_it_is_allowed() {
        let cases = [
            "create function f() returns void language plpgsql set search_path = '' as $$ begin null; end $$",
            "create function f() returns void language sql as $$ select set_config('role', 'x', true) $$",
            "create procedure p() language sql begin atomic select 1; end",
            "alter function f() set search_path = {{schema}}",
            "create table \"begin\" (\"copy\" int, commit int, concurrently_made int)",
            "comment on column t.\"schema\" is 'set search_path = x; \\i x'",
            "comment on schema {{schema}} is 'x'",
            "select set_config('lock_timeout', '1s', true)",
            "select 'set_config(' || 'search_path'",
            "set standard_conforming_strings = on",
            "set client_encoding = 'UTF8'",
            "set check_function_bodies = false",
            "set row_security = off",
            "grant usage on schema {{schema}} to \"Weird \"\"Name\"\"\"",
            "insert into \"ñandú\" values ('🦙; commit;')",
            "refresh materialized view v",
        ];
        for text in cases {
            Template::parse("t.sql", text).unwrap_or_else(|refusal| panic!("{text}: {refusal}"));
        }
    }

    #[test]
    fn the_line_that_every_dump_has_is_refused_with_a_good_hint() {
        let text = "SELECT pg_catalog.set_config('search_path', '', false);";
        let refusal = Template::parse("t.sql", text).unwrap_err();
        assert!(refusal.message.starts_with("t.sql:1:19: "));
        assert!(refusal.hint.unwrap().contains("take it out"));
    }
}
