//! Durations and sizes as people write them: `300ms`, `32MiB`.

use std::time::Duration;

/// A whole number with a unit: ms, s, min, h.
///
/// # Errors
/// What is wrong with the text, for people; here and below.
pub fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text)?;
    let millis = match unit {
        "ms" => 1,
        "s" => 1000,
        "min" => 60_000,
        "h" => 3_600_000,
        _ => return Err(unit_error(text, unit, "ms, s, min, h")),
    };
    let millis = number.checked_mul(millis).ok_or_else(|| format!("`{text}` is too long"))?;
    // PostgreSQL keeps its timeouts in 32 bits of milliseconds, some 24 days
    match i32::try_from(millis) {
        Ok(_) => Ok(Duration::from_millis(millis)),
        Err(_) => Err(format!("`{text}` is too long; at most 24 days")),
    }
}

/// Bytes from a whole number with a unit: B, KiB, MiB, GiB. `MB` is refused: 1000 or 1024 is in somebody's head.
///
/// # Errors
/// As [`duration`].
pub fn bytes(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text)?;
    let factor = match unit {
        "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err(unit_error(text, unit, "B, KiB, MiB, GiB")),
    };
    number.checked_mul(factor).ok_or_else(|| format!("`{text}` is too much"))
}

fn split(text: &str) -> Result<(u64, &str), String> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number = text[..digits].parse().map_err(|_| format!("`{text}` is no whole number with a unit"))?;
    Ok((number, text[digits..].trim()))
}

fn unit_error(text: &str, unit: &str, known: &str) -> String {
    match unit {
        "" => format!("`{text}` has no unit; units are {known}"),
        _ => format!("`{text}` has an unknown unit; units are {known}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_needs_its_unit() {
        for (text, want) in [("50ms", Some(50)), ("2 s", Some(2000)), ("1min", Some(60_000)), ("1h", Some(3_600_000))] {
            assert_eq!(duration(text).ok(), want.map(Duration::from_millis), "{text}");
        }
        for text in ["", "50", "ms", "1.5s", "-1s", "5m", "700h", "99999999999999999999s"] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert_eq!(bytes("32MiB"), Ok(33_554_432));
        assert_eq!(bytes("1 GiB"), Ok(1 << 30));
        for text in ["32", "32MB", "kB", "99999999999GiB"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }
}
