//! Percent-encoding, as URLs of PostgreSQL have it (manual, 32.1.1.2).

use crate::error::Refusal;

/// Encodes all but letters, digits and `-._~`, so that the text is safe in every part of a URL.
#[must_use]
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Decodes `%41`; `part` names the part of the URL for the message, which never shows the text: it may be a password.
pub(super) fn decode(text: &str, part: &str) -> Result<String, Refusal> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first != b'%' {
            bytes.push(first);
            rest = tail;
            continue;
        }
        let pair = tail.get(..2).and_then(|pair| Some(hex(pair[0])? << 4 | hex(pair[1])?));
        match pair {
            Some(0) | None => {
                return Err(Refusal::new(format!("the {part} of the database URL has a `%` that begins no character"))
                    .hint("write a percent sign itself as `%25`"));
            }
            Some(byte) => bytes.push(byte),
        }
        rest = &tail[2..];
    }
    String::from_utf8(bytes).map_err(|_| Refusal::new(format!("the {part} of the database URL is not UTF-8")))
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_comes_back() {
        for text in ["", "store_4", "p@ss/w:rd?#%", "ñandú", "/var/run"] {
            assert_eq!(decode(&encode(text), "x").unwrap(), text);
        }
        assert_eq!(encode("/var run"), "%2Fvar%20run");
    }

    #[test]
    fn a_stray_percent_sign_is_refused() {
        for text in ["100%", "%4", "%zz", "%00", "%ff", "%+1"] {
            assert!(decode(text, "password").is_err(), "{text}");
        }
    }
}
