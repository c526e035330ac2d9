//! The pages as people see them.
use super::*;
#[test]
#[ignore = "prints pages for a person to look at: cargo test look -- --ignored --nocapture"]
fn look() {
    use crate::view::specimen;
    for report in [specimen::happy(), specimen::with_differences(), specimen::fleet(), specimen::plan()] {
        let mut out = vec![];
        let color = std::env::var_os("PLAIN").is_none();
        let width = std::env::var("WIDTH").ok().and_then(|w| w.parse().ok()).unwrap_or(80);
        let unicode = std::env::var_os("ASCII").is_none();
        write(&report, &Options { color, width, unicode, ..Options::default() }, &mut out).unwrap();
        println!("{}\n", String::from_utf8(out).unwrap());
    }
}
