//! The `patchweave` command: reads the command line, runs the steps, says what happened.
//!
//! Exit codes: 0 fine, 1 the run failed, 2 the command line or the configuration is wrong.

mod arguments;
mod bench;
mod console;
mod convert;
mod failure;
mod forecast;
mod info;
mod interrupt;
mod load;
mod memory_line;
mod model;
mod not_finite;
mod numbers;
mod opened;
#[cfg(feature = "onnx")]
mod package;

mod quality;
mod run;
#[cfg(feature = "onnx")]
mod runner;
mod simulate;
mod steps;
mod trace;
mod validate;
mod verdict;
mod wanted;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use patchweave_formats::Formats;
use patchweave_pipeline::Opening;

use crate::arguments::{Arguments, Command};
use crate::console::Console;
use crate::failure::Failure;
use crate::wanted::Wanted;

/// Runs the command with the arguments of this process and returns its exit code.
pub fn main() -> ExitCode {
    main_with(Formats::default())
}

/// Runs the command as [`main`] does, with formats of a program's own among those that it knows.
///
/// See [`command`].
pub fn main_with(formats: Formats) -> ExitCode {
    command(std::env::args_os(), formats)
}

/// Runs the command with these arguments, the first of which is the name of the program, and returns its exit code.
///
/// `data_type: custom` in a configuration finds the formats by the endings of its paths. [`command_with`] takes formats of
/// results as well.
///
/// ```no_run
/// use patchweave_formats::Formats;
///
/// patchweave_cli::command(["my-patchweave", "validate", "run.yaml"], Formats::default());
/// ```
pub fn command<A: Into<OsString> + Clone>(
    arguments: impl IntoIterator<Item = A>,
    formats: Formats,
) -> ExitCode {
    command_with(arguments, Opening::with_formats(formats))
}

/// As [`command`], with all that a program adds: formats that images are read from, and formats that results are written in.
///
/// The latter have their names in `predict.formats` of a configuration and in `convert --to`.
///
/// ```no_run
/// use patchweave_formats::Formats;
/// use patchweave_pipeline::Opening;
/// use patchweave_sink::SinkFormats;
///
/// // Formats of one's own are added to both.
/// let opening = Opening::with_formats(Formats::default()).with_sinks(SinkFormats::default());
/// patchweave_cli::command_with(std::env::args_os(), opening);
/// ```
pub fn command_with<A: Into<OsString> + Clone>(
    arguments: impl IntoIterator<Item = A>,
    opening: Opening,
) -> ExitCode {
    let Arguments { command } = Arguments::parse_from(arguments);
    let console = Console::new();
    let result = match command {
        Command::Run { config, state, results, trace } => {
            let wanted = Wanted::everything(&results, state);
            trace::traced(&trace, &console, || run::run(&config, &wanted, &opening, &console))
        }
        Command::Predict { config, results, shard, finish, trace } => {
            let wanted = Wanted::prediction(&results, shard, finish);
            trace::traced(&trace, &console, || run::run(&config, &wanted, &opening, &console))
        }
        Command::Validate { config, leaks, deep } => {
            let looks = validate::Looks { for_leaks: leaks, at_every_pixel: deep };
            validate::validate(&config, looks, &opening, &console)
        }
        Command::Bench { config, options, trace } => {
            trace::traced(&trace, &console, || bench::bench(&config, &options, &opening, &console))
        }
        Command::Info(options) => info::info(&options, &opening.formats, &console),
        Command::Model { command } => model::model(&command, &console),
        Command::Convert(options) => convert::convert(&options, &opening, &console),
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
