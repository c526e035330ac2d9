//! Says an expression of one schema in the words of another: `'open'::store_4.state` as `'open'::"public".state`.
//!
//! Reads what the server printed, so names are quoted where they must be and strings are closed.

use crate::ident::Ident;

/// The expression with `to` wherever `from` qualifies a name; text inside strings is left alone.
#[must_use]
pub fn requalify(sql: &str, from: &Ident, to: &Ident) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' => quoted_length(rest, '\''),
            '"' => quoted_length(rest, '"'),
            c if is_of_name(c) => rest.find(|c| !is_of_name(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        let name = match first {
            '"' => token.get(1..length.saturating_sub(1)).unwrap_or_default().replace("\"\"", "\""),
            _ => token.to_owned(),
        };
        match first != '\'' && name == from.raw() && after.starts_with('.') && !out.ends_with('.') {
            true => out.push_str(&to.to_string()),
            false => out.push_str(token),
        }
        rest = after;
    }
    out
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$')
}

/// Up to the closing quote; a doubled one does not close. The server doubles backslashes, so they do not matter.
fn quoted_length(text: &str, quote: char) -> usize {
    let mut from = 1;
    while let Some(at) = text[from..].find(quote) {
        let end = from + at + 1;
        if !text[end..].starts_with(quote) {
            return end;
        }
        from = end + 1;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_qualifies_a_name_is_replaced() {
        let cases = [
            ("store_4", "(state = 'open'::store_4.state)", "(state = 'open'::\"public\".state)"),
            ("store_4", "note = 'store_4.state'", "note = 'store_4.state'"),
            ("store_4", "note = 'it''s store_4.' || store_4.f(x)", "note = 'it''s store_4.' || \"public\".f(x)"),
            ("store_4", "a.store_4.b = store_4 OR store_40.f()", "a.store_4.b = store_4 OR store_40.f()"),
            ("Store 4", "x::\"Store 4\".\"Mood\"", "x::\"public\".\"Mood\""),
            ("a\"b", "\"a\"\"b\".f(x)", "\"public\".f(x)"),
        ];
        for (schema, from, to) in cases {
            assert_eq!(requalify(from, &Ident::new(schema), &Ident::new("public")), to);
        }
    }
}
