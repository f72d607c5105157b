//! The invariants of ARCHITECTURE.md, proven on the manifests and the sources of all crates.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod allowed_circles;
mod circles;
mod modules;
mod picture;
#[path = "../support/source.rs"]
mod source;

use std::fs;
use std::path::{Path, PathBuf};

use source::{Code, Token};
use toml::Table;

/// Every crate and the crates of this workspace that it may use, each behind those it uses.
const MAY_USE: &[(&str, &[&str])] = &[
    ("files", &[]),
    ("geometry", &[]),
    ("memory", &[]),
    ("model", &[]),
    ("remote", &[]),
    ("onnx", &["model", "files"]),
    ("pixel", &["geometry"]),
    ("patching", &["geometry"]),
    ("stack", &["pixel", "geometry", "files"]),
    ("formats", &["stack", "pixel", "remote", "memory", "geometry", "files"]),
    ("transform", &["geometry"]),
    ("construct", &["stack", "patching", "transform", "geometry"]),
    ("loader", &["construct", "stack", "patching", "memory", "geometry"]),
    ("slices", &["stack", "pixel", "geometry"]),
    ("quilt", &["pixel", "geometry"]),
    ("sink", &["pixel", "remote", "memory", "geometry", "files"]),
    ("convert", &["stack", "sink", "pixel", "geometry"]),
    ("large", &["quilt", "sink", "pixel", "geometry"]),
    (
        "predict",
        &[
            "loader",
            "construct",
            "slices",
            "quilt",
            "sink",
            "stack",
            "transform",
            "model",
            "pixel",
            "geometry",
        ],
    ),
    ("view", &["geometry"]),
    ("simulate", &["geometry"]),
    ("config", &["loader", "pixel", "geometry", "files"]),
    ("zoo", &["config", "onnx", "model", "transform", "files"]),
    ("pipeline", BELOW_PIPELINE),
    ("cli", BELOW_CLI),
    ("testkit", BELOW_TESTKIT),
];

const BELOW_PIPELINE: &[&str] = &[
    "files",
    "geometry",
    "memory",
    "pixel",
    "patching",
    "stack",
    "formats",
    "transform",
    "construct",
    "loader",
    "quilt",
    "sink",
    "convert",
    "model",
    "onnx",
    "predict",
    "view",
    "simulate",
    "config",
    "zoo",
];

const BELOW_CLI: &[&str] = &[
    "files",
    "geometry",
    "memory",
    "pixel",
    "patching",
    "stack",
    "formats",
    "transform",
    "construct",
    "loader",
    "quilt",
    "slices",
    "sink",
    "convert",
    "model",
    "onnx",
    "predict",
    "view",
    "simulate",
    "config",
    "zoo",
    "pipeline",
];

const BELOW_TESTKIT: &[&str] = &[
    "files",
    "geometry",
    "memory",
    "pixel",
    "patching",
    "stack",
    "formats",
    "transform",
    "construct",
    "loader",
    "quilt",
    "slices",
    "sink",
    "large",
    "predict",
    "view",
    "simulate",
    "config",
    "pipeline",
];

/// Crates that serve tests only.
const FOR_TESTS: &[&str] = &["testkit"];

/// The files that may open files for reading.
const READERS: &[&str] = &[
    // Opens what others read: images, configurations, states.
    "files/src/",
    "formats/src/",
    // Maps memory without a file.
    "memory/src/pages.rs",
    // Asks Linux how much memory the process has.
    "memory/src/held.rs",
    // Which file a path leads to.
    "stack/src/identity/file_id.rs",
    // Chunks of the image that is being written.
    "sink/src/folder_store.rs",
    // What was put into the folder in which an image is made, and units of it that stay where they are.
    "sink/src/flat_file.rs",
    "sink/src/folder_work.rs",
    // The images of a journal, and what it says it is about, which it opens as others do.
    "sink/src/folder_journal.rs",
    // Whether something stands where an image is to be written.
    "sink/src/formats.rs",
    // The same, once all of it is written, to put the output together.
    "sink/src/ome_zarr/zipped.rs",
    "sink/src/png/encode.rs",
    // Looks at what stands where something is to be written, at what was written, and at what others left.
    "sink/src/staging.rs",
    "sink/src/sync.rs",
    "sink/src/leftovers.rs",
    "sink/src/temporary.rs",
    "large/src/transaction.rs",
    // Whether the file that is locked is the one that stands there.
    "sink/src/lock.rs",
];

/// Ways to make or change a file.
const WRITING: &[&str] = &[
    "File::create",
    "File::options",
    "fs::OpenOptions",
    "fs::write",
    "fs::create_dir",
    "fs::DirBuilder",
    "fs::rename",
    "fs::copy",
    "fs::hard_link",
    "tempfile::",
    "NamedTempFile",
    "TempDir",
    ".create(true)",
    ".create_new(true)",
    ".append(true)",
    ".write(true)",
];

/// What must not be imported by itself, because its uses would then look like anything.
const NEVER_IMPORTED: &[&str] = &[
    "write",
    "read",
    "read_to_string",
    "read_dir",
    "copy",
    "rename",
    "create_dir",
    "create_dir_all",
    "OpenOptions",
    "DirBuilder",
    "*",
];

/// Ways to open a file for reading.
const READING: &[&str] =
    &["File::open", "fs::read", "fs::metadata", "fs::symlink_metadata", "FilesystemStore", "memmap"];

/// Ways to start a thread.
const THREADS: &[&str] = &[
    "thread::spawn",
    "thread::Builder",
    "thread::scope",
    "ThreadPoolBuilder",
    "rayon::spawn",
    "new_multi_thread",
    "new_current_thread",
    "Runtime::new",
];

/// Ways to talk to other machines.
const NETWORK: &[&str] = &[
    "object_store::",
    "reqwest::",
    "rustls::",
    "hyper::",
    "tokio::",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
];

/// Randomness and time that no seed decides.
const UNSEEDED: &[&str] = &[
    "thread_rng",
    "ThreadRng",
    "rand::rng(",
    "rand::random",
    "from_os_rng",
    "from_entropy",
    "OsRng",
    "SysRng",
    "SystemTime",
];

struct Crate {
    name: String,
    folder: PathBuf,
    manifest: Table,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn manifest(path: &Path) -> Table {
    fs::read_to_string(path).unwrap().parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn crates() -> Vec<Crate> {
    let mut crates: Vec<Crate> = fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| Crate {
            name: entry.file_name().into_string().unwrap(),
            manifest: manifest(&entry.path().join("Cargo.toml")),
            folder: entry.path(),
        })
        .collect();
    crates.sort_by(|a, b| a.name.cmp(&b.name));
    crates
}

/// The package at the root, which is the front door and the command.
fn facade() -> Crate {
    Crate { name: "patchweave".into(), folder: root().into(), manifest: manifest(&root().join("Cargo.toml")) }
}

impl Crate {
    /// The packages that a section of the manifest lists.
    fn dependencies(&self, section: &str) -> Vec<String> {
        let names = |table: &Table| table.keys().cloned().collect::<Vec<_>>();
        self.manifest.get(section).and_then(|section| section.as_table()).map(names).unwrap_or_default()
    }

    /// Every package of the manifest, for whatever purpose and platform.
    fn all_dependencies(&self) -> Vec<String> {
        let sections = ["dependencies", "dev-dependencies", "build-dependencies"];
        sections.iter().flat_map(|section| self.dependencies(section)).collect()
    }

    fn internal(&self, section: &str) -> Vec<String> {
        let ours = |name: String| name.strip_prefix("patchweave-").map(str::to_owned);
        self.dependencies(section).into_iter().filter_map(ours).collect()
    }

    fn is_for_tests(&self) -> bool {
        FOR_TESTS.contains(&self.name.as_str())
    }
}

/// Every source file below a folder: its path from `crates/` on, and its text.
fn sources(folder: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
            let name = name.strip_prefix("crates/").unwrap_or(&name).to_owned();
            files.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
    files.sort();
    files
}

/// The sources of the program: all crates but those for tests, and the facade.
fn program() -> Vec<(String, Code)> {
    let crates = crates().into_iter().filter(|one| !one.is_for_tests()).map(|one| one.folder.join("src"));
    let folders = crates.chain([root().join("src")]);
    let files = folders.flat_map(|folder| sources(&folder));
    // Unit tests in a file of their own, which `Code` cannot tell from the program.
    let files = files.filter(|(name, _)| !name.ends_with("/tests.rs"));
    files.map(|(name, text)| (name, Code::of(&text))).collect()
}

fn is_in(file: &str, places: &[&str]) -> bool {
    places.iter().any(|place| file.starts_with(place))
}

/// Fails with all violations at once.
fn none(violations: Vec<String>) {
    assert!(violations.is_empty(), "\n  {}\n", violations.join("\n  "));
}

/// `file: pattern` for every pattern that a file uses although it is in none of `places`.
fn uses_outside(places: &[&str], patterns: &[&str]) -> Vec<String> {
    let files = program().into_iter().filter(|(file, _)| !is_in(file, places));
    files
        .flat_map(|(file, code)| {
            let used = patterns.iter().filter(|pattern| code.uses(pattern)).map(|p| format!("{file}: {p}"));
            used.collect::<Vec<_>>()
        })
        .collect()
}

fn allowed(name: &str) -> Option<&'static [&'static str]> {
    MAY_USE.iter().find(|(known, _)| *known == name).map(|(_, uses)| *uses)
}

#[test]
fn the_table_has_an_order_and_no_circle() {
    for (place, (name, uses)) in MAY_USE.iter().enumerate() {
        let before: Vec<_> = MAY_USE[..place].iter().map(|(name, _)| *name).collect();
        let ahead: Vec<_> = uses.iter().filter(|used| !before.contains(used)).collect();
        assert!(ahead.is_empty(), "{name} may use {ahead:?}, which the table lists behind it");
    }
}

#[test]
fn the_table_lists_the_crates_that_exist() {
    let names: Vec<_> = crates().into_iter().map(|one| one.name).collect();
    none(names.iter().filter(|name| allowed(name).is_none()).map(|name| format!("{name} is new")).collect());
    let known = MAY_USE.iter().map(|(name, _)| (*name).to_owned());
    none(known.filter(|name| !names.contains(name)).map(|name| format!("{name} is gone")).collect());
}

#[test]
fn dependencies_point_down() {
    let mut violations = Vec::new();
    for one in crates() {
        let allowed = allowed(&one.name).unwrap_or_default();
        for section in ["dependencies", "build-dependencies"] {
            for used in one.internal(section).iter().filter(|used| !allowed.contains(&used.as_str())) {
                violations.push(format!("{} uses {used}", one.name));
            }
        }
        assert!(!one.manifest.contains_key("target"), "{}: dependencies by platform are not read", one.name);
    }
    none(violations);
}

/// Tests may use what stands before their crate in the table, and the crates made for tests.
#[test]
fn dependencies_of_tests_point_down() {
    let place = |name: &str| MAY_USE.iter().position(|(known, _)| *known == name);
    let mut violations = Vec::new();
    for one in crates() {
        for used in one.internal("dev-dependencies") {
            if !FOR_TESTS.contains(&used.as_str()) && place(&used) >= place(&one.name) {
                violations.push(format!("tests of {} use {used}", one.name));
            }
        }
    }
    none(violations);
}

#[test]
fn crates_for_tests_stay_in_tests() {
    for one in crates().into_iter().chain([facade()]) {
        let used = one.internal("dependencies").into_iter().chain(one.internal("build-dependencies"));
        let wrong: Vec<_> = used.filter(|used| FOR_TESTS.contains(&used.as_str())).collect();
        assert!(wrong.is_empty(), "{} uses {wrong:?} outside of tests", one.name);
    }
}

#[test]
fn geometry_and_patching_never_see_a_pixel() {
    for one in crates().iter().filter(|one| ["geometry", "patching"].contains(&one.name.as_str())) {
        let pixels = ["ndarray", "patchweave-pixel", "patchweave-stack"];
        let seen: Vec<_> =
            one.all_dependencies().into_iter().filter(|name| pixels.contains(&name.as_str())).collect();
        assert!(seen.is_empty(), "{} depends on {seen:?}", one.name);
    }
}

#[test]
fn nobody_but_readers_and_writers_touches_the_file_system() {
    let places = [
        "files/src/",
        "stack/src/identity/file_id.rs",
        "formats/src/",
        // Asks the system what memory the process has.
        "memory/src/held.rs",
        "sink/src/",
        "large/src/transaction.rs",
        "large/src/lock.rs",
    ];
    none(uses_outside(&places, &["fs::", "std::fs", "File::", "File<"]));
}

#[test]
fn only_sink_and_the_transactions_of_large_create_files() {
    assert!(!uses_outside(&[], WRITING).is_empty(), "the search finds nothing at all");
    // Chunks of quilts go through the store of `sink`; these two move them and keep other writers away. The last one
    // needs options to open for reading without waiting.
    let writers = ["sink/src/", "large/src/transaction.rs", "large/src/lock.rs", "files/src/open.rs"];
    none(uses_outside(&writers, WRITING));
}

#[test]
fn only_formats_opens_images() {
    assert!(!uses_outside(&[], READING).is_empty(), "the search finds nothing at all");
    none(uses_outside(READERS, READING));
}

/// So that the searches for `fs::write` and the like find every use.
#[test]
fn file_functions_are_called_by_their_module() {
    let mut violations = Vec::new();
    for (file, code) in program() {
        for import in code.imports_from("use std::fs") {
            if NEVER_IMPORTED.contains(&import) || import.contains(" as ") {
                violations.push(format!("{file}: use std::fs::{import}"));
            }
        }
        if code.uses("use std::{") || code.uses("use std::fs as") {
            violations.push(format!("{file}: imports of std that this test does not follow"));
        }
    }
    none(violations);
}

#[test]
fn only_loader_predict_and_convert_start_threads() {
    assert!(!uses_outside(&[], THREADS).is_empty(), "the search finds nothing at all");
    // Requests over the network run on one thread of their own.
    none(uses_outside(&["loader/src/", "predict/src/", "convert/src/", "remote/src/runtime.rs"], THREADS));
}

#[test]
fn only_remote_talks_to_other_machines() {
    assert!(!uses_outside(&[], NETWORK).is_empty(), "the search finds nothing at all");
    none(uses_outside(&["remote/src/"], NETWORK));
}

#[test]
fn only_config_reads_yaml() {
    let yaml = |name: &String| name.contains("yaml") || name.contains("saphyr");
    for one in crates().iter().filter(|one| one.name != "config") {
        let readers: Vec<_> = one.all_dependencies().into_iter().filter(yaml).collect();
        assert!(readers.is_empty(), "{} depends on {readers:?}", one.name);
    }
}

#[test]
fn libraries_keep_their_error_types_and_know_no_python() {
    let refused = ["anyhow", "eyre", "color-eyre", "pyo3"];
    for one in crates().into_iter().chain([facade()]) {
        let used: Vec<_> =
            one.all_dependencies().into_iter().filter(|name| refused.contains(&name.as_str())).collect();
        assert!(used.is_empty(), "{} depends on {used:?}", one.name);
    }
}

#[test]
fn files_are_named_after_one_idea() {
    let mut violations = Vec::new();
    for one in crates() {
        for (file, _) in sources(&one.folder.join("src")) {
            let parts: Vec<_> = file.trim_end_matches(".rs").split('/').collect();
            let is_twin = parts.iter().any(|part| part.ends_with("_2d") || part.ends_with("_3d"));
            let vague = ["utils", "util", "helpers", "helper", "common", "misc"];
            if is_twin || parts.iter().any(|part| vague.contains(part)) {
                violations.push(file);
            }
        }
    }
    none(violations);
}

#[test]
fn randomness_has_a_seed_and_nothing_asks_for_the_time_of_day() {
    let mut violations = uses_outside(&[], UNSEEDED);
    for one in crates().iter().filter(|one| one.is_for_tests()) {
        for (file, text) in sources(&one.folder.join("src")) {
            let code = Code::of(&text);
            violations.extend(UNSEEDED.iter().filter(|p| code.uses(p)).map(|p| format!("{file}: {p}")));
        }
    }
    none(violations);
}

#[test]
fn every_crate_takes_over_the_lints_and_versions_of_the_workspace() {
    let inherits = |table: Option<&toml::Value>| {
        table.and_then(|value| value.get("workspace")).and_then(toml::Value::as_bool) == Some(true)
    };
    let mut violations = Vec::new();
    for one in crates() {
        if !inherits(one.manifest.get("lints")) {
            violations.push(format!("{} has lints of its own", one.name));
        }
        let package = &one.manifest["package"];
        for key in ["version", "edition", "rust-version", "license", "publish"] {
            if !inherits(package.get(key)) {
                violations.push(format!("{} has a {key} of its own", one.name));
            }
        }
        if package["name"].as_str() != Some(&format!("patchweave-{}", one.name)) {
            violations.push(format!("{} is called {}", one.name, package["name"]));
        }
    }
    none(violations);
}

#[test]
fn every_file_says_what_lives_there() {
    let folders = crates().into_iter().map(|one| one.folder.join("src")).chain([root().join("src")]);
    let files = folders.flat_map(|folder| sources(&folder));
    none(files.filter(|(_, text)| !text.starts_with("//! ")).map(|(file, _)| file).collect());
}

#[test]
fn unsafe_code_stays_in_three_files() {
    let unsafe_files: Vec<_> =
        program().into_iter().filter(|(_, code)| code.has_word("unsafe")).map(|(file, _)| file).collect();
    assert_eq!(unsafe_files, ["formats/src/mapped.rs", "loader/src/slots.rs", "src/main.rs"]);
}

/// The searches above would find what they search for, and nothing that only looks like it.
#[test]
fn searches_see_code_and_nothing_else() {
    let text = r##"
        // File::create, unsafe
        /* fs::write /* thread_rng */ unsafe */
        fn f<'a>(quote: char) -> &'a str {
            let braces = ('{', '\'', '"', "} \" File::create", r#"unsafe " }"#, b'}');
            std :: fs
                :: write(path, bytes)
        }
        #[cfg(test)]
        mod tests {
            fn g() { unsafe { File::create() } }
        }
        #[cfg(test)]
        mod other;
        struct Fields {
            #[cfg(test)]
            pub(crate) seen: BTreeMap<u8, [thread_rng; 3]>,
            #[cfg(test)]
            last: (SystemTime, fn(u8) -> thread_rng)
        }
        use std::fs::{self, read};
        StagedFile::create(path); my_thread_rng(); unsafe_code
        OpenOptions::new() .write( true )
    "##;
    let code = Code::of(text);
    let found: Vec<_> = WRITING.iter().chain(UNSEEDED).filter(|pattern| code.uses(pattern)).collect();
    assert_eq!(found, [&"fs::write", &".write(true)"]);
    assert!(!code.has_word("unsafe") && code.has_word("unsafe_code"));
    assert_eq!(code.imports_from("use std::fs"), ["self", "read"]);
    assert!(Code::of("fn f() { unsafe { g() } }").has_word("unsafe"));
    let braces =
        |text: &str| Code::of(text).tokens().iter().filter(|token| matches!(token, Token::Mark('}'))).count();
    assert_eq!(braces("struct A { #[cfg(test)] b: u8 }\nstruct C { #[cfg(test)] d: u8, e: u8 }"), 2);
}
