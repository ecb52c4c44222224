//! The `readback` program: parses the command line and runs the command.

use std::process::ExitCode;

use readback::{
    cli::{Cli, Out},
    commands,
};

fn main() -> ExitCode {
    commands::run(Cli::parse(), &mut Out::stdout(), &mut Out::stderr())
}
