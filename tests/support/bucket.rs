//! The command on a bucket of a test's own server, with none of the credentials of the machine.
#![allow(dead_code, reason = "every test file uses a part of it")]

use std::process::Command;

use patchweave_testkit::Server;

use crate::support::{Ended, PATCHWEAVE, Place};

/// The variables that could let a test reach somebody, or be somebody.
const CREDENTIALS: [&str; 11] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SKIP_SIGNATURE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_METADATA_ENDPOINT",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT",
    "AWS_REGION",
];

/// What a bucket of the server is opened with.
pub const KEY: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")];

/// The command in the folder of a test, with these variables and none of the machine.
pub fn command(place: &Place, server: &Server, variables: &[(&str, &str)], arguments: &[&str]) -> Command {
    let mut command = Command::new(PATCHWEAVE);
    for name in CREDENTIALS {
        command.env_remove(name);
    }
    let endpoint = format!("http://{}", server.address);
    command.env("AWS_ENDPOINT_URL", endpoint).env("AWS_ALLOW_HTTP", "true").current_dir(place.path(""));
    command.envs(variables.iter().copied()).args(arguments);
    command
}

/// Runs the command on a bucket of the server, with these variables and none of the machine.
pub fn with_bucket(place: &Place, server: &Server, variables: &[(&str, &str)], arguments: &[&str]) -> Ended {
    Ended::of(&mut command(place, server, variables, arguments).into())
}
