//! Takes passwords out of texts that people will see: messages, the journal, `config`.
//!
//! Where a text cannot be read it hides too much rather than too little.

use super::percent::{decode, encode};
use super::{ConnInfo, Host, PasswordSource, keyword};

const STARS: &str = "***";

/// A URL or keyword string, also one inside a longer text, without its passwords.
#[must_use]
pub fn mask(text: &str) -> String {
    if let Ok(pairs) = keyword::parse(text)
        && !pairs.is_empty()
    {
        let shown = pairs.iter().map(|(name, value)| match is_secret(name) {
            true => format!("{name}={STARS}"),
            false => format!("{name}={}", keyword::quote(&mask_urls(value))),
        });
        return shown.collect::<Vec<_>>().join(" ");
    }
    let masked = mask_urls(text);
    match masked.to_lowercase().find("password") {
        // neither form: what follows the word may be anything
        Some(at) if !masked.contains("://") => format!("{}password{STARS}", masked.get(..at).unwrap_or_default()),
        _ => masked,
    }
}

/// SQL without the passwords in it: those of URLs, and literals behind the word `password`.
#[must_use]
pub fn mask_statement(sql: &str) -> String {
    let text = mask_urls(sql);
    let lower = text.to_ascii_lowercase(); // as long as `text`, byte by byte
    let mut masked = String::with_capacity(text.len());
    let mut from = 0;
    while let Some(at) = lower[from..].find("password").map(|at| from + at + "password".len()) {
        masked.push_str(&text[from..at]);
        from = at;
        let between = text[at..].len() - text[at..].trim_start_matches(|c: char| c.is_whitespace() || c == '=').len();
        if text[at + between..].starts_with('\'') {
            let literal = &text[at + between + 1..];
            let end = end_of_literal(literal);
            masked.push_str(&format!("{}'{STARS}'", &text[at..at + between]));
            from = at + between + 1 + end;
        }
    }
    masked.push_str(&text[from..]);
    masked
}

/// Behind the closing quote; a quote that stands twice is one of the text.
fn end_of_literal(literal: &str) -> usize {
    let mut from = 0;
    while let Some(quote) = literal[from..].find('\'').map(|at| from + at) {
        if !literal[quote + 1..].starts_with('\'') {
            return quote + 1;
        }
        from = quote + 2;
    }
    literal.len()
}

fn mask_urls(text: &str) -> String {
    text.split(' ').map(mask_url).collect::<Vec<_>>().join(" ")
}

fn mask_url(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://") else { return word.to_owned() };
    // the last `@`: a password with a bare `@` in it must not show its tail
    let (user_info, rest) = match rest.rsplit_once('@') {
        Some((user_info, rest)) => (Some(user_info), rest),
        None => (None, rest),
    };
    let mut masked = format!("{scheme}://");
    if let Some(user_info) = user_info {
        match user_info.split_once(':') {
            Some((user, _)) => masked.push_str(&format!("{user}:{STARS}@")),
            None => masked.push_str(&format!("{user_info}@")),
        }
    }
    let (before_query, query) = match rest.split_once('?') {
        Some((before, query)) => (before, Some(query)),
        None => (rest, None),
    };
    masked.push_str(before_query);
    if let Some(query) = query {
        let shown = query.split('&').map(|pair| match pair.split_once('=') {
            Some((name, _)) if decode(name, "parameters").map_or(true, |name| is_secret(&name)) => {
                format!("{name}={STARS}")
            }
            _ => pair.to_owned(),
        });
        masked.push('?');
        masked.push_str(&shown.collect::<Vec<_>>().join("&"));
    }
    masked
}

fn is_secret(name: &str) -> bool {
    name.eq_ignore_ascii_case("password") || name.eq_ignore_ascii_case("sslpassword")
}

impl ConnInfo {
    /// `postgresql://app:***@db:5432/shop?sslmode=require`: for messages and the journal.
    #[must_use]
    pub fn masked_url(&self) -> String {
        let hosts = self.hosts.iter().map(host_and_port).collect::<Vec<_>>().join(",");
        let password = match self.password_source {
            PasswordSource::Text(_) | PasswordSource::Again(_) | PasswordSource::Command(_) => ":***",
            PasswordSource::Nowhere | PasswordSource::File(_) => "",
        };
        let (user, database) = (encode(&self.user), encode(&self.database));
        format!("postgresql://{user}{password}@{hosts}/{database}?sslmode={}", self.ssl_mode)
    }
}

fn host_and_port(host: &Host) -> String {
    let name = if host.name.contains(':') { format!("[{}]", host.name) } else { encode(&host.name) };
    format!("{name}:{}", host.port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_keep_all_but_passwords() {
        for (text, want) in [
            ("alter role app password 'hunter2' login", "alter role app password '***' login"),
            ("create user app PASSWORD='hun''ter2';", "create user app PASSWORD='***';"),
            ("alter user app password 'hunter2", "alter user app password '***'"),
            (
                "update s set url = 'postgres://u:hunter2@h/db' where id = 4",
                "update s set url = 'postgres://u:***@h/db' where id = 4",
            ),
            ("select id, password_hash, ñ from users", "select id, password_hash, ñ from users"),
        ] {
            assert_eq!(mask_statement(text), want);
        }
    }

    #[test]
    fn passwords_do_not_show() {
        for (text, want) in [
            ("postgres://u:hunter2@h/db", "postgres://u:***@h/db"),
            ("postgres://u:hunter2@hunter2@h/db", "postgres://u:***@h/db"),
            ("postgres://u:hunter2/?#@h/db", "postgres://u:***@h/db"),
            ("postgres://h/db?password=hunter2&sslmode=require", "postgres://h/db?password=***&sslmode=require"),
            ("postgres://h/db?pass%77ord=hunter2", "postgres://h/db?pass%77ord=***"),
            ("mysql://u:hunter2@h/db", "mysql://u:***@h/db"),
            ("tenantctl plan -d postgres://u:hunter2@h/db -v", "tenantctl plan -d postgres://u:***@h/db -v"),
            ("--database-url=postgres://u:hunter2@h", "--database-url=postgres://u:***@h"),
            ("host=h password=hunter2 user=u", "host=h password=*** user=u"),
            ("host=h password='hunter2 x'", "host=h password=***"),
            ("host=h password='hunter2", "host=h password***"),
            ("plan -d host=h password=hunter2", "plan -d host=h password***"),
            ("postgres://u@h/db", "postgres://u@h/db"),
            ("shop", "shop"),
        ] {
            assert_eq!(mask(text), want);
        }
    }
}
