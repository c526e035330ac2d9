//! Names in a piece of SQL or of a procedural language, as far as finding `schema.table` in it needs them.
//!
//! Text inside quotes counts, since `execute '…'` runs it; comments do not. Not a parser: it may see a name where a
//! mere value stands, never the reverse.

/// What a body is made of here.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Token {
    /// A name as the server reads it: ASCII folded to lower case unless quoted.
    Name(String),
    /// A dot.
    Dot,
    /// Anything else, white space aside.
    Other,
}

/// The tokens of a text, comments left out.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut in_string = false; // there, `--` begins no comment: `execute 'a -- b'`
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let taken = match c {
            '-' if !in_string && rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '/' if !in_string && rest.starts_with("/*") => comment_length(rest),
            '"' => {
                let (name, length) = quoted(rest);
                tokens.push(name.map_or(Token::Other, Token::Name));
                length
            }
            '\'' => {
                in_string = !in_string;
                1
            }
            '.' => {
                tokens.push(Token::Dot);
                1
            }
            c if begins_name(c) => {
                let length = rest.find(|c| !goes_on(c)).unwrap_or(rest.len());
                tokens.push(Token::Name(rest[..length].to_ascii_lowercase()));
                length
            }
            c if c.is_ascii_digit() => {
                tokens.push(Token::Other);
                rest.find(|c| !goes_on(c)).unwrap_or(rest.len()) // `4public` holds no name
            }
            c => {
                if !c.is_whitespace() {
                    tokens.push(Token::Other);
                }
                c.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    tokens
}

/// Whether the tokens say `schema.table`; quoted, bare, with white space, as the database's own `db.schema.table`.
pub(super) fn mentions(tokens: &[Token], schema: &str, table: &str) -> bool {
    tokens.windows(3).any(|three| match three {
        [Token::Name(first), Token::Dot, Token::Name(second)] => first == schema && second == table,
        _ => false,
    })
}

/// Whether the tokens say `table` without a schema before it.
pub(super) fn mentions_bare(tokens: &[Token], table: &str) -> bool {
    let named = |at: usize| matches!(&tokens[at], Token::Name(name) if name == table);
    (0..tokens.len()).any(|at| named(at) && (at == 0 || tokens[at - 1] != Token::Dot))
}

fn begins_name(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

fn goes_on(c: char) -> bool {
    begins_name(c) || c.is_ascii_digit() || c == '$'
}

/// A quoted name and its length with the quotes; none where the quote is never closed.
fn quoted(text: &str) -> (Option<String>, usize) {
    let mut from = 1;
    while let Some(at) = text[from..].find('"') {
        let end = from + at + 1;
        if !text[end..].starts_with('"') {
            return (Some(text[1..end - 1].replace("\"\"", "\"")), end);
        }
        from = end + 1;
    }
    (None, 1)
}

/// Comments nest.
fn comment_length(text: &str) -> usize {
    let (mut depth, mut at) = (0_u32, 0);
    while at < text.len() {
        let here = &text.as_bytes()[at..];
        match here {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] if depth == 1 => return at + 2,
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_qualified_name_is_found_however_it_is_written() {
        let cases = [
            ("select * from public.orders", true),
            ("select * from PUBLIC . Orders o", true),
            ("select * from \"public\".\"orders\"", true),
            ("execute 'delete from public.orders'", true),
            ("execute 'a -- b public.orders'", true),
            ("-- public.orders\nselect 1", false),
            ("/* it's /* nested */ public.orders */ select 1", false),
            ("select * from public.orders_old", false),
            ("select * from my_public.orders", false),
            ("select * from \"Public\".orders", false),
            ("select * from orders", false),
            ("select 'don''t', 1 from public.orders -- x", true),
            ("select \"open", false),
        ];
        for (body, expected) in cases {
            assert_eq!(mentions(&tokens(body), "public", "orders"), expected, "{body}");
        }
    }

    #[test]
    fn a_bare_name_has_no_schema_before_it() {
        assert!(mentions_bare(&tokens("delete from Orders"), "orders"));
        assert!(!mentions_bare(&tokens("delete from store_4.orders"), "orders"));
    }
}
