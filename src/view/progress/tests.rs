//! What the board says; and a run to look at.

use std::time::Duration;

use indicatif::ProgressDrawTarget;

use super::board::Board;
use super::*;
use crate::event::Step;
use crate::ident::Ident;
use crate::report::Outcome;
use crate::view::specimen;
use crate::view::words::Lang;
use crate::view::wrap::width;

fn board(store_count: usize) -> Board {
    Board::new(ProgressDrawTarget::hidden(), store_count, Lang::En.words(), 80, 24)
}

#[test]
fn one_store_is_a_total_and_its_tables() {
    let mut board = board(1);
    let (store, table) = (&specimen::store(), &Ident::new("logs"));
    let step = Step::Copy;
    board.take(&Event::StepStarted { store, step });
    board.take(&Event::TableStarted { store, step, table, row_count: 21_486 });
    board.take(&Event::TableProgress { store, table, row_count: 8000, byte_count: 800_000 });
    let total = board.total.message();
    assert!(total.starts_with("copy") && total.contains("8,000 rows") && total.contains("rows/s"), "{total}");
    assert_eq!(board.lines.len(), 1);
    assert!(board.lines[0].bar.message().starts_with("8,000 of 21,486 rows"));
    assert_eq!((board.lines[0].bar.position(), board.lines[0].bar.length()), (8000, Some(21_486)));
    board.take(&Event::StepStarted { store, step: Step::Verify });
    assert!(board.lines.is_empty() && board.total.message().starts_with("verify"));
}

#[test]
fn ninety_stores_fit_the_screen_and_the_finished_are_last() {
    let mut board = board(90);
    let table = &Ident::new("a_table_with_a_name_that_is_as_long_as_a_name_may_be_in_postgres");
    let elapsed = Duration::from_secs(1);
    for number in 1..=90 {
        let store = &specimen::store_of(&number.to_string(), "The Long Room Of Rare And Forgotten Maps");
        let step = Step::Copy;
        board.take(&Event::StepStarted { store, step });
        board.take(&Event::TableProgress { store, table, row_count: 21_486, byte_count: 1 });
        if number % 30 != 0 {
            board.take(&Event::StoreDone { store, outcome: Outcome::Done, row_count: 21_486, elapsed });
        }
    }
    assert!(board.lines.len() <= 21);
    let long = |line: &super::line::Line| width(&line.bar.prefix()) + width(&line.bar.message()) + 3 > 80;
    assert!(!board.lines.iter().any(long));
    assert!(board.total.message().starts_with("87 of 90 stores"), "{}", board.total.message());
    assert_eq!(board.lines.iter().position(|line| line.done), Some(3));
    assert!(board.lines.iter().skip(3).all(|line| line.done));
    assert!(board.lines[3].bar.message().starts_with("done"));
}

#[test]
#[ignore = "for a person to look at, on a terminal: cargo test watch -- --ignored --nocapture"]
fn watch() {
    let count = std::env::var("STORES").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let bars = Bars::new(count, Lang::En.words());
    let step = Step::Copy;
    let elapsed = Duration::from_secs(1);
    for number in 1..=count {
        let store = &specimen::store_of(&number.to_string(), "Blue Door Books");
        bars.notice(&Event::StepStarted { store, step });
        for name in ["orders", "order_lines", "messages", "logs"] {
            let table = &Ident::new(name);
            bars.notice(&Event::TableStarted { store, step, table, row_count: 21_486 });
            for tenth in 1..=10 {
                let (row_count, byte_count) = (tenth * 2148, tenth * 150_000);
                bars.notice(&Event::TableProgress { store, table, row_count, byte_count });
                std::thread::sleep(Duration::from_millis(if count == 1 { 100 } else { 5 }));
            }
            let (row_count, byte_count) = (21_486, 1_500_000);
            bars.notice(&Event::TableDone { store, step, table, row_count, byte_count, elapsed });
        }
        if number % 30 == 0 {
            bars.notice(&Event::Warned { message: "the disk is nearly full" });
        } else if count > 1 {
            bars.notice(&Event::StoreDone { store, outcome: Outcome::Done, row_count: 85_944, elapsed });
        }
    }
    std::thread::sleep(Duration::from_secs(3));
    drop(bars);
    println!("the report starts here");
}
