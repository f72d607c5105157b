//! The block `reading.remote`.

use crate::plan::RemotePlan;
use crate::read::values::{Reader, Value, count, integer, truth};

const KEYS: &[&str] = &["requests", "idle_seconds", "tries", "instance_credentials"];

/// Far more than servers allow.
const MAX_REQUESTS: usize = 4096;

/// A day, in seconds.
const MAX_IDLE: u64 = 86_400;

/// Reads the block `reading.remote`, with defaults for refused values.
pub(crate) fn remote(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<RemotePlan> {
    let block = value.block(reader)?.only(reader, KEYS);
    let default = RemotePlan::default();
    let requests = block
        .or(reader, "requests", default.requests, |reader, value| count(reader, value, 1..=MAX_REQUESTS));
    let idle = block.or(reader, "idle_seconds", default.idle_seconds, |reader, value| {
        integer(reader, value, 1..=MAX_IDLE)
    });
    let tries = block.or(reader, "tries", default.tries, |reader, value| {
        u32::try_from(integer(reader, value, 1..=100)?).ok()
    });
    let instance_credentials = block.or(reader, "instance_credentials", default.instance_credentials, truth);
    Some(RemotePlan {
        requests: requests.unwrap_or(default.requests),
        idle_seconds: idle.unwrap_or(default.idle_seconds),
        tries: tries.unwrap_or(default.tries),
        instance_credentials: instance_credentials.unwrap_or(default.instance_credentials),
    })
}
