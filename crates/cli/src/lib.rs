//! The `patchweave` command: reads the command line, runs the steps, says what happened.
//!
//! Exit codes: 0 fine, 1 the run failed, 2 the command line or the configuration is wrong.

mod arguments;
mod console;
mod failure;
mod info;
mod interrupt;
mod run;
mod simulate;
mod validate;

use std::process::ExitCode;

use clap::Parser;
use patchweave_stack::Formats;

use crate::arguments::{Arguments, Command};
use crate::console::Console;
use crate::failure::Failure;

/// Runs the command with the arguments of this process and returns its exit code.
pub fn main() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    let console = Console::new();
    let result = match command {
        Command::Run { config } => run::run(&config, &console),
        Command::Validate { config, leaks } => validate::validate(&config, leaks, &console),
        Command::Info(options) => info::info(&options, &Formats::default(), &console),
        Command::Simulate(options) => simulate::simulate(&options, &console),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            console.complain(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}
