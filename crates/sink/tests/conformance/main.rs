//! One suite for every format: what was written in blocks or units is what another reader finds, whoever writes them, and
//! nothing that is not whole gets its name.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test is a panic")]
#![allow(dead_code, reason = "helpers are shared with other test programs")]

mod blocks;
mod codecs;
#[path = "../common/mod.rs"]
mod common;
mod failures;
mod homes;
mod journals;
mod levels;
mod processes;
mod readers;
mod refusals;
#[cfg(feature = "remote")]
mod store_journals;
#[cfg(feature = "remote")]
mod stores;
mod table;
mod units;
mod written;
