//! The template of a store schema: SQL text with placeholders, read, checked, divided and rendered.
//!
//! Runs nothing and knows no catalog: `pg/script` runs what is rendered, and the server is the validator.
//! Comments are never looked at for placeholders: the server ignores them, so a value could only do harm there.

mod division;
mod placeholder;
mod refused;
mod rendered;
mod script;
mod shape;
mod source;

pub use division::{Section, StatementKind};
pub use placeholder::{Substitutions, render_snippet};
pub use rendered::{RenderedStatement, settings_for};
pub use script::Script;
pub use source::Template;
