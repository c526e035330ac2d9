//! Asks the application from outside: one HTTP request, one program; and reads JSON answers.
//!
//! Knows no journal and no retries; `step/validate` decides those. What fails here is an answer in words, never an error:
//! an application that does not answer is what a probe is for.

pub mod command;
pub mod http;
pub mod json;
pub mod trust;

/// What one try saw, or why it failed; not masked yet.
pub type Seen = Result<String, String>;
