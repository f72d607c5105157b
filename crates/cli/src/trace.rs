//! `--trace FILE`: the spans of a run in the trace event format of Chrome, which Perfetto reads as well.
//!
//! A span is one line, written when it ends, with its start, its length, its thread and its fields. Spans of one thread
//! lie in one another, and viewers draw them so.

use std::cell::Cell;
use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use patchweave_sink::{Durability, StagedFile};
use serde::Serialize;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};

use crate::arguments::TraceOptions;
use crate::console::shown;
use crate::load::{folder_of, tell_leftovers};
use crate::{Console, Failure};

/// Only spans of this project are written down, not those of the libraries it uses.
const TARGETS: &str = "patchweave";

/// Bytes that are collected before they are written.
const BUFFER: usize = 64 << 10;

/// Does some work and writes its trace, if one is wanted; that of work that failed is written as well.
///
/// Where the command line or the configuration is wrong, nothing was done and no trace is left.
pub(crate) fn traced(
    options: &TraceOptions,
    console: &Console,
    work: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let Some(path) = &options.file else { return work() };
    tell_leftovers(folder_of(path), console)?;
    let file = StagedFile::create(path).map_err(Failure::TraceStart)?;
    let trace = Trace { lines: Arc::default(), begin: Instant::now() };
    trace.lines().begin(file);
    let lines = Arc::clone(&trace.lines);
    tracing::subscriber::set_global_default(Registry::default().with(trace))
        .map_err(Failure::TraceListener)?;
    let done = work();
    let lines = std::mem::take(&mut *lock(&lines));
    match done {
        Err(failure) if failure.exit_code() == 2 => Err(failure),
        Ok(()) => {
            lines.finish()?;
            console.say(format!("trace: {}", shown(path)))
        }
        Err(failure) => {
            if let Err(of_trace) = lines.finish() {
                console.complain(&of_trace);
            }
            Err(failure)
        }
    }
}

/// Listens to spans.
struct Trace {
    lines: Arc<Mutex<Lines>>,
    begin: Instant,
}

/// What is written: a list in JSON, one line per entry. Without a file, which is before and after the run, nothing is.
#[derive(Default)]
struct Lines {
    file: Option<StagedFile>,
    buffer: Vec<u8>,
    failure: Option<Failure>,
}

/// What is known of a span from its start to its end.
struct Open {
    fields: Map<String, Value>,
    entered: Option<Instant>,
}

/// An entry of the format; times are in microseconds.
#[derive(Serialize)]
struct Entry<'a> {
    name: &'a str,
    #[serde(rename = "cat")]
    category: &'a str,
    /// `X` for a span with its length, `M` for what is said about a thread.
    #[serde(rename = "ph")]
    phase: &'static str,
    #[serde(rename = "ts")]
    start: f64,
    #[serde(rename = "dur")]
    length: f64,
    #[serde(rename = "pid")]
    process: u32,
    #[serde(rename = "tid")]
    thread: u64,
    #[serde(rename = "args")]
    fields: &'a Map<String, Value>,
}

fn lock(lines: &Mutex<Lines>) -> MutexGuard<'_, Lines> {
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lines {
    fn begin(&mut self, file: StagedFile) {
        self.file = Some(file);
        self.buffer.extend_from_slice(b"[");
    }

    fn add(&mut self, entry: &Entry<'_>) {
        if self.file.is_none() || self.failure.is_some() {
            return;
        }
        self.buffer.extend_from_slice(if self.buffer.last() == Some(&b'[') { b"\n" } else { b",\n" });
        let added = serde_json::to_writer(&mut self.buffer, entry).map_err(Failure::Json);
        self.failure = added.err();
        if self.buffer.len() >= BUFFER && self.failure.is_none() {
            self.failure = self.write().err();
        }
    }

    fn write(&mut self) -> Result<(), Failure> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let written = file.write_all(&self.buffer);
        self.buffer.clear();
        written.map_err(Failure::TraceWrite)
    }

    /// Gives the file its name, unless something went wrong on the way.
    fn finish(mut self) -> Result<(), Failure> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        self.buffer.extend_from_slice(b"\n]\n");
        self.write()?;
        // A trace can be made again; it is worth no wait for the disk.
        self.file.map_or(Ok(()), |file| file.publish(Durability::None)).map_err(Failure::TraceWrite)
    }
}

impl Trace {
    fn lines(&self) -> MutexGuard<'_, Lines> {
        lock(&self.lines)
    }

    /// The number of this thread, whose name is written down with its first span.
    fn thread(&self) -> u64 {
        static N_THREADS: AtomicU64 = AtomicU64::new(0);
        thread_local! {
            static NUMBER: Cell<Option<u64>> = const { Cell::new(None) };
        }
        if let Some(number) = NUMBER.get() {
            return number;
        }
        let number = N_THREADS.fetch_add(1, Ordering::Relaxed);
        NUMBER.set(Some(number));
        let thread = thread::current();
        let name = thread.name().map_or_else(|| format!("thread {number}"), str::to_owned);
        let fields = Map::from_iter([("name".to_owned(), Value::from(name))]);
        self.lines().add(&Entry {
            name: "thread_name",
            category: "",
            phase: "M",
            start: 0.0,
            length: 0.0,
            process: std::process::id(),
            thread: number,
            fields: &fields,
        });
        number
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Trace {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        metadata.is_span() && metadata.target().starts_with(TARGETS)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().insert(Open { fields: fields.0, entered: None });
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        record.record(&mut fields);
        if let Some(open) = span.extensions_mut().get_mut::<Open>() {
            open.fields.extend(fields.0);
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(open) = span.extensions_mut().get_mut::<Open>() {
            open.entered = Some(Instant::now());
        }
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        let end = Instant::now();
        let Some(span) = context.span(id) else { return };
        let mut extensions = span.extensions_mut();
        let Some(open) = extensions.get_mut::<Open>() else { return };
        let Some(entered) = open.entered.take() else { return };
        let thread = self.thread();
        self.lines().add(&Entry {
            name: span.name(),
            category: span.metadata().target(),
            phase: "X",
            start: microseconds(entered.saturating_duration_since(self.begin)),
            length: microseconds(end.saturating_duration_since(entered)),
            process: std::process::id(),
            thread,
            fields: &open.fields,
        });
    }
}

/// Rounded to what the clock tells, so that it is a short number.
fn microseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e9).round() / 1e3
}

/// The fields of a span.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn add(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add(field, format!("{value:?}"));
    }
}
