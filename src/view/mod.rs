//! What people and machines get to see. The only floor that prints.
//!
//! It turns values into text, JSON and progress; it asks the database nothing and decides nothing.

pub mod ask;
pub mod explain;
mod fields;
pub mod figures;
pub mod format;
pub mod github;
mod grid;
pub mod html;
pub mod json;
pub mod jsonl;
pub mod junit;
pub mod lines;
pub mod log;
pub mod markdown;
pub mod observer;
mod options;
mod page;
mod paint;
pub mod pause;
pub mod plain;
pub mod progress;
pub mod prometheus;
pub mod rule_file;
mod saying;
pub mod screen;
#[cfg(test)]
mod specimen;
mod story;
pub mod terminal;
pub mod text;
pub mod watch;
pub mod words;
mod wrap;

pub use format::Format;
pub use log::{Detail, LogOptions};
pub use observer::{ProgressMode, Quiet, observer};
