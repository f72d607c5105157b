//! The section `reading`.

use super::remote::remote;
use crate::plan::{MissingPlanes, NonFinitePlan, ReadingPlan};
use crate::read::values::{MIB, Names, Reader, Value, count, truth};

const MISSING_PLANES: Names<'_, MissingPlanes> =
    Names { known: &[("fail", MissingPlanes::Fail), ("zeros", MissingPlanes::Zeros)], refused: &[] };

const NON_FINITE: Names<'_, NonFinitePlan> =
    Names { known: &[("keep", NonFinitePlan::Keep), ("fail", NonFinitePlan::Fail)], refused: &[] };

const KEYS: &[&str] = &[
    "cache_mib",
    "chunk_mib",
    "in_flight_mib",
    "map_files",
    "links_outside",
    "non_finite",
    "remote",
    "missing_planes",
];

/// Reads the section `reading`, with defaults for refused values.
pub(crate) fn reading(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<ReadingPlan> {
    let block = value.block(reader)?.only(reader, KEYS);
    let default = ReadingPlan::default();
    let cache = block.or(reader, "cache_mib", default.cache_bytes / MIB, |reader, value| {
        count(reader, value, 0..=usize::MAX / MIB)
    });
    let chunk = block.or(reader, "chunk_mib", default.chunk_bytes / MIB, |reader, value| {
        count(reader, value, 1..=usize::MAX / MIB)
    });
    let in_flight = block.or(reader, "in_flight_mib", default.in_flight_bytes / MIB, |reader, value| {
        count(reader, value, 1..=usize::MAX / MIB)
    });
    let map_files = block.or(reader, "map_files", default.map_files, truth);
    let links_outside = block.or(reader, "links_outside", default.links_outside, truth);
    let non_finite =
        block.or(reader, "non_finite", default.non_finite, |reader, value| NON_FINITE.read(reader, value));
    let remote = block.or(reader, "remote", default.remote, remote);
    let missing_planes = block.or(reader, "missing_planes", default.missing_planes, |reader, value| {
        MISSING_PLANES.read(reader, value)
    });
    Some(ReadingPlan {
        cache_bytes: cache.map_or(default.cache_bytes, |mib| mib * MIB),
        chunk_bytes: chunk.map_or(default.chunk_bytes, |mib| mib * MIB),
        in_flight_bytes: in_flight.map_or(default.in_flight_bytes, |mib| mib * MIB),
        map_files: map_files.unwrap_or(default.map_files),
        links_outside: links_outside.unwrap_or(default.links_outside),
        non_finite: non_finite.unwrap_or(default.non_finite),
        remote: remote.unwrap_or(default.remote),
        missing_planes: missing_planes.unwrap_or(default.missing_planes),
    })
}
