//! The example of a format of one's own runs as it stands.
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]
#![allow(dead_code, unreachable_pub, reason = "the example is a program of its own")]

#[path = "../examples/own_format.rs"]
mod example;

use std::process::ExitCode;

#[test]
fn a_format_of_ones_own_is_used_from_yaml() {
    let code = example::demonstration(patchweave::formats::Formats::default().with(example::Pgm)).unwrap();
    assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::SUCCESS));
}
