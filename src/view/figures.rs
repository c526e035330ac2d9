//! Numbers, sizes, times and dates as people read them.
//!
//! Never for JSON: there numbers are numbers.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::words::{Noun, Words, fill};

/// `21,486`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// An amount of money with its currency: `$49,410.00 MXN`, `615.00 EUR`. The digits stay as they are.
#[must_use]
pub fn money(amount: &str, currency: &str) -> String {
    const DOLLARS: [&str; 9] = ["ARS", "AUD", "CAD", "CLP", "COP", "MXN", "NZD", "USD", "UYU"];
    let (sign, digits) = amount.strip_prefix('-').map_or(("", amount), |digits| ("-", digits));
    let (whole, cents) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), grouped);
    let point = if cents.is_empty() { "" } else { "." };
    let dollar = if DOLLARS.contains(&currency) { "$" } else { "" };
    format!("{sign}{dollar}{whole}{point}{cents} {currency}")
}

/// `1 row`, `21,486 rows`.
#[must_use]
pub fn counted(count: u64, noun: Noun) -> String {
    let word = if count == 1 { noun.0 } else { noun.1 };
    format!("{} {word}", grouped(count))
}

/// `812 B`, `1.4 kB`, `2.0 GB`; steps of 1000.
#[must_use]
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if count < 1000 {
        return format!("{count} B");
    }
    let mut tenths = u128::from(count) * 10;
    let mut unit = 0;
    tenths /= 1000;
    while tenths >= 10_000 && unit < UNITS.len() - 1 {
        tenths /= 1000;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

/// `0.4 s`, `2 min 05 s`, `3 h 12 min`.
#[must_use]
pub fn seconds(elapsed: Duration) -> String {
    let whole = elapsed.as_secs();
    match whole {
        0..60 => format!("{:.1} s", elapsed.as_secs_f64()),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

/// The same for a number of seconds as reports carry it; what is no time is none.
#[must_use]
pub fn seconds_of(value: f64) -> String {
    seconds(Duration::try_from_secs_f64(value).unwrap_or_default())
}

/// How many per second, whole; 0 while no time has passed.
#[must_use]
pub fn per_second(count: u64, elapsed: Duration) -> u64 {
    let millis = elapsed.as_millis().max(1);
    u64::try_from(u128::from(count) * 1000 / millis).unwrap_or(u64::MAX)
}

/// `4 May 2025, 08:27 America/Mexico_City`; an unknown zone is UTC, and what is no time is left as it is.
#[must_use]
pub fn date(rfc3339: &str, zone_name: Option<&str>, words: &Words) -> String {
    let Ok(timestamp) = rfc3339.parse::<Timestamp>() else { return rfc3339.to_owned() };
    let zone = zone_name.and_then(|name| Some((name, TimeZone::get(name).ok()?)));
    let (label, zone) = zone.unwrap_or(("UTC", TimeZone::UTC));
    let zoned = timestamp.to_zoned_datetime(zone);
    let month = words.months[usize::from(zoned.month().unsigned_abs()).clamp(1, 12) - 1];
    let time = format!("{:02}:{:02} {label}", zoned.hour(), zoned.minute());
    fill(words.date_text, &[&zoned.day().to_string(), month, &zoned.year().to_string(), &time])
}

/// `2025-05-04 06:27` in the zone, for columns.
#[must_use]
pub fn short_date(rfc3339: &str, zone_name: Option<&str>) -> String {
    let Ok(timestamp) = rfc3339.parse::<Timestamp>() else { return rfc3339.to_owned() };
    let zone = zone_name.and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC);
    timestamp.to_zoned_datetime(zone).strftime("%Y-%m-%d %H:%M").to_string()
}

/// Now, in UTC, for progress: `06:27:16`.
#[must_use]
pub fn clock() -> String {
    Timestamp::now().strftime("%H:%M:%S").to_string()
}

/// `99.2 %` of a share between 0 and 1; never 100 % of what is not whole.
#[must_use]
pub fn percent(share: f64) -> String {
    match share {
        share if (0.9995..1.0).contains(&share) => "99.9 %".to_owned(),
        share if share > 0.0 && share < 0.0005 => "0.1 %".to_owned(),
        share => format!("{:.1} %", share * 100.0),
    }
}

/// A number of rows a day: `+1,234`, `-3`, `0`.
#[must_use]
pub fn signed(number: f64) -> String {
    let whole = number.abs().round();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded, and not below 0")]
    let digits = grouped(whole as u64);
    sign(number, whole > 0.0) + &digits
}

/// Bytes a day: `+1.4 MB`, `-812 B`.
#[must_use]
pub fn signed_bytes(number: f64) -> String {
    let whole = number.abs().round();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded, and not below 0")]
    let digits = bytes(whole as u64);
    sign(number, whole > 0.0) + &digits
}

fn sign(number: f64, is_any: bool) -> String {
    match (is_any, number > 0.0) {
        (false, _) => String::new(),
        (true, true) => "+".to_owned(),
        (true, false) => "-".to_owned(),
    }
}

/// A span for columns, in its largest unit alone: `8 s`, `12 min`, `5 h`, `3 d`.
#[must_use]
pub fn span(seconds: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast of this kind stops at the ends"
    )]
    let whole = seconds.max(0.0) as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min", whole / 60),
        3600..172_800 => format!("{} h", whole / 3600),
        _ => format!("{} d", whole / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::words::Lang;

    #[test]
    fn thousands_are_grouped() {
        let cases = [(0, "0"), (999, "999"), (1000, "1,000"), (21_486, "21,486"), (1_234_567, "1,234,567")];
        for (number, text) in cases {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(grouped(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn money_keeps_its_digits() {
        assert_eq!(money("49410.00", "MXN"), "$49,410.00 MXN");
        assert_eq!(money("-0.50", "USD"), "-$0.50 USD");
        assert_eq!(money("615.00", "EUR"), "615.00 EUR");
        assert_eq!(money("99999999999999999999.10", "MXN"), "$99999999999999999999.10 MXN");
    }

    #[test]
    fn sizes_and_times_have_units() {
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1449), "1.4 kB");
        assert_eq!(bytes(999_999), "999.9 kB");
        assert_eq!(bytes(2_000_000_000), "2.0 GB");
        assert_eq!(seconds(Duration::from_millis(400)), "0.4 s");
        assert_eq!(seconds(Duration::from_secs(125)), "2 min 05 s");
        assert_eq!(seconds(Duration::from_secs(11_520)), "3 h 12 min");
        assert_eq!(per_second(500, Duration::from_millis(250)), 2000);
    }

    #[test]
    fn shares_and_growth_say_no_more_than_they_know() {
        assert_eq!(
            [percent(1.0), percent(0.99999), percent(0.5), percent(0.0)],
            ["100.0 %", "99.9 %", "50.0 %", "0.0 %"]
        );
        assert_eq!([signed(1234.4), signed(-3.0), signed(0.2)], ["+1,234", "-3", "0"]);
        assert_eq!([signed_bytes(1.4e6), signed_bytes(-812.0), signed_bytes(0.0)], ["+1.4 MB", "-812 B", "0 B"]);
        assert_eq!([span(8.9), span(125.0), span(90_000.0), span(1e6)], ["8 s", "2 min", "25 h", "11 d"]);
    }

    #[test]
    fn dates_are_told_in_the_readers_zone() {
        let words = Lang::En.words();
        let at = |zone| date("2025-05-04T06:27:16Z", zone, words);
        assert_eq!(at(Some("America/Mexico_City")), "4 May 2025, 00:27 America/Mexico_City");
        assert_eq!(at(None), "4 May 2025, 06:27 UTC");
        assert_eq!(date("2025-07-03T18:00:00Z", None, Lang::Es.words()), "3 de julio de 2025, 18:00 UTC");
        assert_eq!(at(Some("Nowhere/At_All")), "4 May 2025, 06:27 UTC");
        assert_eq!(date("yesterday", None, words), "yesterday");
        assert_eq!(short_date("2025-05-04T06:27:16Z", None), "2025-05-04 06:27");
    }
}
