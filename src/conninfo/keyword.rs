//! Reads `host=db user=app password='it\'s'` into keywords, by libpq's rules (manual, 32.1.1.1).

use std::iter::Peekable;
use std::str::Chars;

use crate::error::Refusal;

/// Keywords and values in their order.
pub(super) fn parse(text: &str) -> Result<Vec<(String, String)>, Refusal> {
    let mut found = Vec::new();
    let mut chars = text.chars().peekable();
    loop {
        skip_space(&mut chars);
        if chars.peek().is_none() {
            return Ok(found);
        }
        let mut keyword = String::new();
        while let Some(c) = chars.next_if(|c| *c != '=' && !c.is_ascii_whitespace()) {
            keyword.push(c);
        }
        skip_space(&mut chars);
        // a piece that is no keyword may be the rest of a password with a space in it, so it is not shown
        let plain = !keyword.is_empty() && keyword.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        if !plain || chars.next() != Some('=') {
            return Err(Refusal::new("the connection string is not `keyword=value keyword=value …`")
                .hint("put a value with spaces into single quotes: password='a b'"));
        }
        skip_space(&mut chars);
        let value = value(&mut chars, &keyword)?;
        found.push((keyword, value));
    }
}

fn skip_space(chars: &mut Peekable<Chars<'_>>) {
    while chars.next_if(char::is_ascii_whitespace).is_some() {}
}

fn value(chars: &mut Peekable<Chars<'_>>, keyword: &str) -> Result<String, Refusal> {
    let mut value = String::new();
    if chars.next_if_eq(&'\'').is_none() {
        while let Some(c) = chars.next_if(|c| !c.is_ascii_whitespace()) {
            value.extend(if c == '\\' { chars.next() } else { Some(c) });
        }
        return Ok(value);
    }
    while let Some(c) = chars.next() {
        match c {
            '\\' => value.extend(chars.next()),
            // SQL's doubled quote: libpq refuses it, and nothing that libpq accepts reads differently
            '\'' if chars.next_if_eq(&'\'').is_some() => value.push('\''),
            '\'' => return Ok(value),
            c => value.push(c),
        }
    }
    Err(Refusal::new(format!("the value of `{keyword}` in the connection string has an open quote"))
        .hint("write a quote inside quotes as \\'"))
}

/// A value as this form writes it.
pub(super) fn quote(value: &str) -> String {
    if !value.is_empty() && !value.contains(|c: char| c.is_ascii_whitespace() || c == '\'' || c == '\\') {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_escapes() {
        for (text, want) in [
            ("", vec![]),
            ("host=db", vec![("host", "db")]),
            ("  host = db  port=5433 ", vec![("host", "db"), ("port", "5433")]),
            ("password='a b' user=x", vec![("password", "a b"), ("user", "x")]),
            (r"password='it\'s \\ x'", vec![("password", r"it's \ x")]),
            ("password='it''s'", vec![("password", "it's")]),
            (r"password=a\ b", vec![("password", "a b")]),
            ("password='' user=x", vec![("password", ""), ("user", "x")]),
            ("host='a'port='1'", vec![("host", "a"), ("port", "1")]),
            ("options='-c a=b'", vec![("options", "-c a=b")]),
        ] {
            let pairs = parse(text).unwrap();
            assert_eq!(pairs.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect::<Vec<_>>(), want, "{text}");
            let again: Vec<String> = pairs.iter().map(|(k, v)| format!("{k}={}", quote(v))).collect();
            assert_eq!(parse(&again.join(" ")).unwrap(), pairs, "{text}");
        }
    }

    #[test]
    fn what_is_no_pair_is_refused_without_showing_it() {
        for text in ["host", "host=a hunter2", "=x", "password='hunter2", "password=a hunter2=x@y="] {
            match parse(text) {
                Err(refusal) => assert!(!format!("{refusal:?}").contains("hunter2"), "{text}"),
                Ok(pairs) => assert_eq!(pairs.len(), 2),
            }
        }
    }
}
