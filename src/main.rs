//! Words in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    tenantctl::cli::run(std::env::args_os())
}
