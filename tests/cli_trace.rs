//! `patchweave run --trace`: which spans a trace has, how they lie in one another, and when there is none.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;
use support::{Ended, Place, SMALL, with};

/// Times are rounded to a nanosecond; this is in microseconds.
const ROUNDING: f64 = 0.0021;

struct Span {
    name: String,
    thread: u64,
    start: f64,
    end: f64,
    fields: Value,
}

struct Trace {
    spans: Vec<Span>,
    threads: BTreeMap<u64, String>,
}

fn traced(place: &Place, config: &str, trace: &str) -> Ended {
    place.write("run.yaml", config);
    place.patchweave(&["run", "run.yaml", "--trace", trace])
}

fn parse(text: &str) -> Trace {
    let mut trace = Trace { spans: Vec::new(), threads: BTreeMap::new() };
    for entry in serde_json::from_str::<Vec<Value>>(text).unwrap() {
        let name = entry["name"].as_str().unwrap().to_owned();
        let thread = entry["tid"].as_u64().unwrap();
        let fields = entry["args"].clone();
        assert!(entry["pid"].is_u64());
        match entry["ph"].as_str().unwrap() {
            "M" => {
                assert_eq!(name, "thread_name");
                let known = trace.threads.insert(thread, fields["name"].as_str().unwrap().to_owned());
                assert!(known.is_none(), "thread {thread} is named twice");
            }
            "X" => {
                assert!(entry["cat"].as_str().unwrap().starts_with("patchweave_"));
                let start = entry["ts"].as_f64().unwrap();
                let length = entry["dur"].as_f64().unwrap();
                assert!(start >= 0.0 && length >= 0.0);
                trace.spans.push(Span { name, thread, start, end: start + length, fields });
            }
            other => panic!("an entry {other:?}"),
        }
    }
    trace
}

impl Trace {
    fn named(&self, name: &str) -> Vec<&Span> {
        self.spans.iter().filter(|span| span.name == name).collect()
    }

    /// Whether a span lies in one that is called `name`.
    fn is_inside(&self, span: &Span, name: &str) -> bool {
        self.named(name).iter().any(|outer| {
            outer.thread == span.thread
                && outer.start <= span.start + ROUNDING
                && span.end <= outer.end + ROUNDING
        })
    }

    /// Of two spans of a thread, one lies in the other or they do not overlap.
    fn check_nesting(&self) {
        for thread in self.threads.keys() {
            let mut spans: Vec<_> = self.spans.iter().filter(|span| span.thread == *thread).collect();
            spans.sort_by(|a, b| a.start.total_cmp(&b.start).then(b.end.total_cmp(&a.end)));
            let mut open: Vec<f64> = Vec::new();
            for span in spans {
                while open.last().is_some_and(|end| *end <= span.start + ROUNDING) {
                    open.pop();
                }
                let outer = open.last().copied().unwrap_or(f64::INFINITY);
                assert!(span.end <= outer + ROUNDING, "{} of thread {thread}", span.name);
                open.push(span.end);
            }
        }
    }
}

#[test]
fn a_trace_shows_what_every_worker_did() {
    let place = Place::new();
    // The image that `SMALL` simulates, read from chunks that have to be decoded.
    let config = with(SMALL, "  data_type: tiff", "  data_type: zarr");
    let config =
        config.replace("mixed.tiff", "mixed.ome.zarr").replace("structures.tiff", "structures.ome.zarr");
    let ended = traced(&place, &config, "traces/run.json").with_code(0);
    ended.says("trace: ");
    assert_eq!(place.names("traces"), ["run.json"], "nothing else is left");
    let trace = parse(&fs::read_to_string(place.path("traces/run.json")).unwrap());
    trace.check_nesting();

    let patches = trace.named("patch");
    // Some are made beforehand to learn what one takes.
    let patches: Vec<_> = patches.into_iter().filter(|patch| !trace.is_inside(patch, "forecast")).collect();
    let training = ended.stdout.lines().find_map(|line| line.strip_prefix("training: ")).unwrap();
    let n_patches: usize = training.split_once(' ').unwrap().0.parse().unwrap();
    let of_epoch = |epoch: u64| -> BTreeSet<u64> {
        let of_epoch = patches.iter().filter(|patch| patch.fields["epoch"] == epoch);
        of_epoch.map(|patch| patch.fields["index"].as_u64().unwrap()).collect()
    };
    // Epoch 0 has the tiles of the prediction as well.
    assert_eq!(of_epoch(1), (0..n_patches as u64).collect());
    assert!(of_epoch(0).is_superset(&of_epoch(1)));
    for patch in &patches {
        let thread = &trace.threads[&patch.thread];
        assert!(thread.starts_with("patchweave-"), "{thread}");
    }

    let decoded = trace.named("decode");
    assert!(!decoded.is_empty());
    assert!(decoded.iter().all(|span| span.fields["image"].as_str().unwrap().contains(".ome.zarr")));
    assert!(decoded.iter().all(|span| span.fields["chunk"].is_u64()));
    let reads = trace.named("read");
    assert!(reads.iter().any(|span| trace.is_inside(span, "decode")));
    assert!(reads.iter().all(|span| span.fields["file"].is_string()));
    let threads: BTreeSet<_> = trace.spans.iter().map(|span| span.thread).collect();
    assert!(threads.iter().all(|thread| trace.threads.contains_key(thread)));
}

#[test]
fn a_trace_that_cannot_be_written_is_refused_before_the_work() {
    let place = Place::new();
    place.write("file", "");
    fs::create_dir(place.path("folder")).unwrap();
    for (trace, cause) in [("file/trace.json", "create the folder"), ("folder", "is a folder")] {
        let ended = traced(&place, SMALL, trace).with_code(2);
        ended.complains(&["the trace cannot be started", cause, trace]);
        assert_eq!(ended.stdout, "");
        assert_eq!(place.names("out"), [""; 0]);
    }
}

#[test]
fn a_failed_run_leaves_its_trace_and_a_wrong_configuration_none() {
    let place = Place::new();
    place.run(SMALL).with_code(0);
    fs::write(place.path("trace.json"), "of yesterday").unwrap();
    let wrong = with(SMALL, "  epochs: 2", "  epoch: 2");
    traced(&place, &wrong, "trace.json").with_code(2);
    assert_eq!(fs::read_to_string(place.path("trace.json")).unwrap(), "of yesterday");
    // Results cannot be written where a folder stands.
    let result = place.path("out/mixed_identity.tiff");
    fs::remove_file(&result).unwrap();
    fs::create_dir_all(result.join("inner")).unwrap();
    traced(&place, &format!("{SMALL}overwrite: true\n"), "trace.json").with_code(1);
    let trace = parse(&fs::read_to_string(place.path("trace.json")).unwrap());
    trace.check_nesting();
    assert!(!trace.named("patch").is_empty());
    assert_eq!(place.names("").iter().filter(|name| name.starts_with('.')).count(), 0);
}
