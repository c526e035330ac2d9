//! What people and machines get to see. The only floor that prints.
//!
//! It turns values into text, JSON and progress; it asks the database nothing and decides nothing.

pub mod ask;
pub mod explain;
pub mod figures;
mod grid;
pub mod json;
pub mod lines;
pub mod observer;
mod options;
mod page;
mod paint;
pub mod pause;
pub mod plain;
pub mod progress;
mod saying;
#[cfg(test)]
mod specimen;
pub mod terminal;
pub mod text;
pub mod words;
mod wrap;

pub use observer::{ProgressMode, Quiet, observer};
