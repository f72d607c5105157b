//! A server on this machine that serves a folder over HTTP and as a bucket that can be written to, and misbehaves as told.
#![allow(clippy::unwrap_used, reason = "a server of tests that fails is a failed test")]
#![allow(clippy::missing_panics_doc, reason = "it panics where the test goes wrong")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use percent_encoding::percent_decode_str;

/// What may go wrong, each of it once in so many requests; 0 is never.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// Hang up instead of an answer.
    pub drop_connection: u64,
    /// Answer with 500.
    pub error_500: u64,
    /// Hang up in the middle of an answer.
    pub cut_body: u64,
    /// Wait before every answer.
    pub delay: Duration,
    /// Answers for objects of which the name has this wait until so many requests do, or nobody comes for half a second.
    pub gather: Option<(&'static str, u64)>,
    /// 403 for every object whose name ends so.
    pub forbidden: Option<&'static str>,
    /// 403 for what is not there and for lists, as buckets answer that nobody may list.
    pub hides_absence: bool,
    /// 500 for every object whose name ends so.
    pub broken: Option<&'static str>,
    /// A status for every object whose name ends so.
    pub status: Option<(&'static str, &'static str)>,
    /// The whole object with 200 where a part of it was asked for, if its name ends so.
    pub whole: Option<&'static str>,
    /// A megabyte behind the part that was asked for, if the object's name ends so.
    pub long: Option<&'static str>,
    /// A status and a code in XML, as S3 refuses, for every object whose name ends so.
    pub refusal: Option<(&'static str, &'static str, &'static str)>,
    /// Bodies come in so many pieces, with such a pause before each.
    pub pace: Option<(usize, Duration)>,
    /// Nothing more after half of the body, until the client hangs up, for every object whose name ends so.
    pub stall: Option<&'static str>,
    /// Answers do not say which version of an object they give.
    pub no_version: bool,
    /// Every answer says another version of its object.
    pub new_versions: bool,
    /// Objects are replaced where only new ones are asked for.
    pub no_conditions: bool,
    /// 403 for so many requests, after so many others.
    pub refuses: Option<(u64, u64)>,
}

/// A server of a folder, until it is dropped.
pub struct Server {
    /// Host and port.
    pub address: String,
    shared: Arc<Shared>,
}

struct Shared {
    root: PathBuf,
    faults: Faults,
    n_connections: AtomicU64,
    n_requests: AtomicU64,
    n_faults: AtomicU64,
    at_once: AtomicU64,
    most_at_once: AtomicU64,
    /// How often every object was given in full, by name and range.
    served: Mutex<BTreeMap<String, usize>>,
    put: Mutex<BTreeMap<String, usize>>,
    stop: AtomicBool,
}

impl Server {
    /// Starts a server of a folder on a free port.
    #[must_use]
    pub fn start(root: &Path, faults: Faults) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let shared = Arc::new(Shared {
            root: root.to_owned(),
            faults,
            n_connections: AtomicU64::new(0),
            n_requests: AtomicU64::new(0),
            n_faults: AtomicU64::new(0),
            at_once: AtomicU64::new(0),
            most_at_once: AtomicU64::new(0),
            served: Mutex::default(),
            put: Mutex::default(),
            stop: AtomicBool::new(false),
        });
        let serving = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if serving.stop.load(Ordering::Relaxed) {
                    break;
                }
                serving.n_connections.fetch_add(1, Ordering::Relaxed);
                let stream = stream.unwrap();
                let shared = serving.clone();
                std::thread::spawn(move || serve(&shared, stream));
            }
        });
        Server { address, shared }
    }

    /// How often each object was put, by name.
    #[must_use]
    pub fn put(&self) -> BTreeMap<String, usize> {
        self.shared.put.lock().unwrap().clone()
    }

    /// How often each object was served, by name and range.
    #[must_use]
    pub fn served(&self) -> BTreeMap<String, usize> {
        self.shared.served.lock().unwrap().clone()
    }

    /// How many connections were made.
    #[must_use]
    pub fn n_connections(&self) -> u64 {
        self.shared.n_connections.load(Ordering::Relaxed)
    }

    /// How many requests there were.
    #[must_use]
    pub fn n_requests(&self) -> u64 {
        self.shared.n_requests.load(Ordering::Relaxed)
    }

    /// The most requests that waited for their answer at the same time.
    #[must_use]
    pub fn most_at_once(&self) -> u64 {
        self.shared.most_at_once.load(Ordering::Relaxed)
    }

    /// How often something went wrong that should.
    #[must_use]
    pub fn n_faults(&self) -> u64 {
        self.shared.n_faults.load(Ordering::Relaxed)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(&self.address));
    }
}

/// Answers the requests of one connection until it ends.
fn serve(shared: &Shared, stream: TcpStream) {
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(request) = Request::read(&mut reader) {
        if !answer(shared, &stream, &request) {
            return;
        }
    }
}

struct Request {
    method: String,
    target: String,
    range: Option<String>,
    /// Whether it is only for what is not there.
    is_for_new: bool,
    body: Vec<u8>,
}

impl Request {
    fn read(reader: &mut BufReader<TcpStream>) -> Option<Self> {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
        let mut words = line.split(' ').map(str::to_owned);
        let (method, target) = (words.next()?, words.next()?);
        let mut range = None;
        let mut length = 0;
        let mut is_for_new = false;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok().filter(|n| *n > 0)?;
            if header.trim().is_empty() {
                break;
            }
            let Some((name, value)) = header.split_once(':') else { continue };
            match name.to_ascii_lowercase().as_str() {
                "range" => range = Some(value.trim().to_owned()),
                "if-none-match" => is_for_new = value.trim() == "*",
                "content-length" => length = value.trim().parse().unwrap(),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        Some(Request { method, target, range, is_for_new, body })
    }
}

/// Whether the connection may go on.
fn answer(shared: &Shared, mut stream: &TcpStream, request: &Request) -> bool {
    let Request { method, target, range, is_for_new, body } = request;
    let range = range.as_deref();
    let number = shared.n_requests.fetch_add(1, Ordering::Relaxed) + 1;
    let Faults {
        drop_connection,
        error_500,
        cut_body,
        delay,
        forbidden,
        hides_absence,
        broken,
        status,
        whole,
        long,
        ..
    } = shared.faults;
    // Counted until the answer begins: whoever has it may ask for the next thing.
    let at_once = shared.at_once.fetch_add(1, Ordering::Relaxed) + 1;
    shared.most_at_once.fetch_max(at_once, Ordering::Relaxed);
    std::thread::sleep(delay);
    if let Some((part, n)) = shared.faults.gather
        && target.contains(part)
    {
        let start = std::time::Instant::now();
        while shared.most_at_once.load(Ordering::Relaxed) < n && start.elapsed() < Duration::from_millis(500)
        {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    shared.at_once.fetch_sub(1, Ordering::Relaxed);
    let is_turn = |every: u64| every > 0 && number.is_multiple_of(every);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = percent_decode_str(path).decode_utf8_lossy();
    let path = path.as_ref();
    let fault = || shared.n_faults.fetch_add(1, Ordering::Relaxed);
    let mut plain = |status: &str, body: &str| {
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len());
        let body = if method == "HEAD" { "" } else { body };
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).is_ok()
    };
    if is_turn(drop_connection) {
        fault();
        return false;
    }
    if is_turn(error_500) || broken.is_some_and(|end| path.ends_with(end)) {
        fault();
        return plain("500 Internal Server Error", "out of order");
    }
    if let Some((_, status)) = status.filter(|(end, _)| path.ends_with(end)) {
        fault();
        return plain(status, "as told");
    }
    if let Some((_, status, code)) = shared.faults.refusal.filter(|(end, _, _)| path.ends_with(end)) {
        fault();
        let message = "this is why.\nAnd more of it";
        return plain(
            status,
            &format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>"),
        );
    }
    if forbidden.is_some_and(|end| path.ends_with(end)) {
        return plain("403 Forbidden", "not for you");
    }
    let refused = "403 Forbidden";
    if shared.faults.refuses.is_some_and(|(after, n)| number > after && number - after <= n) {
        fault();
        return plain(refused, "<Error><Code>AccessDenied</Code><Message>no more of that</Message></Error>");
    }
    let file = shared.root.join(path.trim_start_matches('/'));
    match method.as_str() {
        "PUT" => {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            // In one step, as a store does it.
            let temporary = shared.root.join(format!("put-{number}"));
            std::fs::write(&temporary, body).unwrap();
            let mut put = shared.put.lock().unwrap();
            if *is_for_new && !shared.faults.no_conditions && file.exists() {
                std::fs::remove_file(&temporary).unwrap();
                drop(put);
                return plain("412 Precondition Failed", "it is there");
            }
            std::fs::rename(&temporary, file).unwrap();
            *put.entry(path.to_owned()).or_default() += 1;
            drop(put);
            return stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nETag: \"1\"\r\n\r\n").is_ok();
        }
        "DELETE" => {
            remove(&file);
            return stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").is_ok();
        }
        "POST" => {
            let keys = String::from_utf8_lossy(body);
            let keys = keys.split("<Key>").skip(1).filter_map(|rest| rest.split_once("</Key>"));
            let deleted: Vec<String> = keys
                .map(|(key, _)| {
                    remove(&file.join(key));
                    format!("<Deleted><Key>{key}</Key></Deleted>")
                })
                .collect();
            return plain("200 OK", &format!("<DeleteResult>{}</DeleteResult>", deleted.concat()));
        }
        _ => {}
    }
    if hides_absence && query.contains("list-type=2") {
        return plain(refused, "no lists for you");
    }
    if query.contains("list-type=2") {
        return plain("200 OK", &listing(shared, path, query));
    }
    let Ok(bytes) = std::fs::read(file) else {
        return plain(if hides_absence { refused } else { "404 Not Found" }, "nothing here");
    };
    let size = bytes.len();
    let mut head = String::from("HTTP/1.1 200 OK\r\n");
    let mut part = bytes.as_slice();
    let range = if whole.is_some_and(|end| path.ends_with(end)) { None } else { range };
    if let Some((start, end)) = range.and_then(|range| range.strip_prefix("bytes=")?.split_once('-')) {
        let (start, end) = match (start, end) {
            ("", last) => (size.saturating_sub(last.parse().unwrap()), size),
            (start, "") => (start.parse().unwrap(), size),
            (start, end) => (start.parse().unwrap(), size.min(end.parse::<usize>().unwrap() + 1)),
        };
        if start >= end {
            return plain("416 Range Not Satisfiable", "");
        }
        part = &bytes[start..end];
        head = format!("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {start}-{}/{size}\r\n", end - 1);
    }
    let longer: Vec<u8>;
    if long.is_some_and(|end| path.ends_with(end)) {
        longer = [part, &[0; 1 << 20]].concat();
        part = &longer;
    }
    let version = if shared.faults.new_versions { number } else { size as u64 };
    let version = if shared.faults.no_version { String::new() } else { format!("ETag: \"{version}\"\r\n") };
    head += &format!(
        "Content-Length: {}\r\n{version}Last-Modified: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n",
        part.len()
    );
    if method == "HEAD" {
        return stream.write_all(head.as_bytes()).is_ok();
    }
    if shared.faults.stall.is_some_and(|end| path.ends_with(end)) {
        fault();
        drop(stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&part[..part.len() / 2])));
        // Ends when the client does.
        drop(std::io::copy(&mut stream, &mut std::io::sink()));
        return false;
    }
    if is_turn(cut_body) && part.len() > 1 {
        fault();
        drop(stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&part[..part.len() / 2])));
        return false;
    }
    let name = format!("{path} {}", range.unwrap_or("whole"));
    *shared.served.lock().unwrap().entry(name).or_default() += 1;
    let (n_pieces, pause) = shared.faults.pace.unwrap_or((1, Duration::ZERO));
    let mut pieces = part.chunks(part.len().div_ceil(n_pieces).max(1));
    stream.write_all(head.as_bytes()).is_ok()
        && pieces.all(|piece| {
            std::thread::sleep(pause);
            stream.write_all(piece).is_ok()
        })
}

fn remove(file: &Path) {
    // What is not there is removed as well.
    drop(std::fs::remove_file(file));
}

/// All files below a folder by their path from another one.
fn files_below(folder: &Path, from: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let mut files: Vec<String> = entries
        .flat_map(|path| {
            let name = || path.strip_prefix(from).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() { files_below(&path, from) } else { vec![name()] }
        })
        .collect();
    files.sort();
    files
}

/// An object of a list, of which only the name is looked at.
fn object(key: &str) -> String {
    format!(
        "<Contents><Key>{key}</Key><Size>1</Size><ETag>1</ETag>\
         <LastModified>1970-01-01T00:00:00.000Z</LastModified></Contents>"
    )
}

/// What is below the prefix of a query, as S3 tells it: the folders directly below, or all objects.
fn listing(shared: &Shared, path: &str, query: &str) -> String {
    let prefix = query.split('&').find_map(|part| part.strip_prefix("prefix=")).unwrap_or("");
    let prefix = prefix.replace("%2F", "/");
    if !query.contains("delimiter=") {
        let bucket = shared.root.join(path.trim_start_matches('/'));
        let contents: String =
            files_below(&bucket.join(&prefix), &bucket).iter().map(|key| object(key)).collect();
        return format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult><Name>bucket</Name><Prefix>{prefix}</Prefix>\
             <IsTruncated>false</IsTruncated>{contents}</ListBucketResult>"
        );
    }
    let bucket = shared.root.join(path.trim_start_matches('/'));
    let here = files_below(&bucket.join(&prefix), &bucket);
    let is_here = |key: &&String| key.strip_prefix(&prefix).is_some_and(|rest| !rest.contains('/'));
    let objects: String = here.iter().filter(is_here).map(|key| object(key)).collect();
    // Folders are what names of objects have in common: there are no empty ones.
    let names: BTreeSet<&str> =
        here.iter().filter_map(|key| Some(key.strip_prefix(&prefix)?.split_once('/')?.0)).collect();
    let prefixes: String = names
        .iter()
        .map(|name| format!("<CommonPrefixes><Prefix>{prefix}{name}/</Prefix></CommonPrefixes>"))
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult><Name>bucket</Name><Prefix>{prefix}</Prefix>\
         <KeyCount>{}</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>{objects}{prefixes}</ListBucketResult>",
        names.len()
    )
}
