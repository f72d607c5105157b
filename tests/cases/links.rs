//! The law of identity: whatever names and links lead to an image, it is the same one; and a copy of it is another.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use patchweave::formats::{Formats, OpenOptions, OpenRequest};
use patchweave::stack::{Doubt, ImageKey, ImageStack, SampleLink, SharedPlanes, StackInfo};
use proptest::prelude::*;
use zip::write::SimpleFileOptions;

use crate::support::{Place, files_below};
use crate::{case, copy};

/// Files that hold an image, and where it is in them; every spelling of a place names the same image.
const IMAGES: [(&str, &[&str]); 6] = [
    ("image.tif", &["", "0"]),
    ("image.zarr", &["", "0", "./0/"]),
    ("image.zip", &["0", "image.zarr/0"]),
    ("image.npy", &[""]),
    ("image.npz", &["raw", "raw.npy"]),
    ("old.h5", &["raw", "hard", "soft", "chain", "group/hard", "folder/hard"]),
];

/// One step further away from the real name of a file or folder.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// A symbolic link to it.
    Soft,
    /// A symbolic link to the folder it is in.
    Folder,
    /// A hard link, of a folder to every file in it.
    Hard,
    /// Into a folder and out again.
    Around,
    /// With the whole path.
    Real,
}

fn step() -> impl Strategy<Value = Step> {
    prop::sample::select(vec![Step::Soft, Step::Folder, Step::Hard, Step::Around, Step::Real])
}

/// A folder with all images.
fn images() -> Place {
    let place = case("hdf5-links");
    let pixel = |at: usize| u16::try_from(at * 5 % 60_000).unwrap();
    let pixels = place.image("image.tif", "tiff", "YX", &[48, 48], pixel);
    place.image("image.zarr", "ome_zarr", "YX", &[48, 48], pixel);
    let mut npy = Vec::new();
    let mut writer = {
        use npyz::WriterBuilder;
        npyz::WriteOptions::new().default_dtype().shape(&[48, 48]).writer(&mut npy).begin_nd().unwrap()
    };
    writer.extend(pixels).unwrap();
    writer.finish().unwrap();
    fs::write(place.path("image.npy"), &npy).unwrap();
    zipped(&place.path("image.npz"), [("raw.npy".to_owned(), npy.clone()), ("other.npy".to_owned(), npy)]);
    let stored = files_below(&place.path("image.zarr")).into_iter();
    zipped(
        &place.path("image.zip"),
        stored.map(|(name, bytes)| (format!("image.zarr/{}", name.display()), bytes)),
    );
    place
}

fn zipped(path: &Path, files: impl IntoIterator<Item = (String, Vec<u8>)>) {
    let mut zip = zip::ZipWriter::new(fs::File::create(path).unwrap());
    for (name, bytes) in files {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(&bytes).unwrap();
    }
    zip.finish().unwrap();
}

fn hard_link(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            hard_link(&path, &to.join(path.file_name().unwrap()));
        }
    } else {
        fs::hard_link(fs::canonicalize(from).unwrap(), to).unwrap();
    }
}

/// Another name of a file or folder; `number` tells those of one test apart.
fn renamed(place: &Place, path: &Path, step: Step, number: usize) -> PathBuf {
    let folder = place.path(format!("step{number}"));
    let name = path.file_name().unwrap();
    let other = folder.join(name);
    match step {
        Step::Soft => {
            fs::create_dir(&folder).unwrap();
            symlink(path, &other).unwrap();
            other
        }
        Step::Folder => {
            symlink(path.parent().unwrap(), &folder).unwrap();
            other
        }
        Step::Hard => {
            fs::create_dir(&folder).unwrap();
            hard_link(path, &other);
            // Links inside of HDF5 count from the folder of the file.
            other
        }
        Step::Around => {
            fs::create_dir(&folder).unwrap();
            folder.join("..").join(path.strip_prefix(place.path("")).unwrap())
        }
        Step::Real => path.canonicalize().unwrap(),
    }
}

fn open(path: &Path) -> Arc<dyn ImageStack> {
    let mut options = OpenOptions::default();
    options.links_outside = true;
    let axes = "YX".parse().unwrap();
    let mut request = OpenRequest::new(path, &options);
    request.axes = Some(&axes);
    let opened = Formats::default().open_by_ending(&request);
    opened.unwrap_or_else(|error| panic!("{}: {error:?}", path.display())).remove(0).remove(0)
}

fn inside(path: &Path, spelling: &str) -> PathBuf {
    if spelling.is_empty() { path.to_owned() } else { path.join(spelling) }
}

/// Whether all ways to compare two images find the same answer, and which.
fn are_same(a: &StackInfo, b: &StackInfo) -> bool {
    let index = SharedPlanes::new([a]);
    let with = index.with(b);
    assert_eq!(with.doubt(), None, "{} and {}", a.source, b.source);
    let links = with.samples(0, None, None);
    let is_same = a.identity == b.identity;
    assert_eq!(links.len(), usize::from(is_same));
    assert!(links.iter().all(|SampleLink { image, sample_idx, depths, .. }| {
        (*image, *sample_idx, depths.as_slice()) == (0, 0, &[(0, 0)])
    }));
    assert_eq!(ImageKey::of(a) == ImageKey::of(b), is_same);
    assert_eq!(with.is_shared(), is_same);
    is_same
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// An image is the same through any steps and any spelling of its place; a copy of its file is another.
    #[test]
    fn names_and_links_do_not_make_another_image(
        file in 0..IMAGES.len(), steps in prop::collection::vec(step(), 0..4), spelling in any::<prop::sample::Index>(),
    ) {
        let place = images();
        let (name, spellings) = IMAGES[file];
        let path = steps.iter().enumerate().fold(place.path(name), |path, (number, step)| {
            renamed(&place, &path, *step, number)
        });
        // The hard links of a store change what its files say of themselves, so the first name is opened afterwards.
        let own = open(&inside(&place.path(name), spellings[0]));
        let other = open(&inside(&path, spellings[spelling.index(spellings.len())]));
        prop_assert!(are_same(own.info(), other.info()), "{}", other.info().source);
        prop_assert!(are_same(other.info(), own.info()));

        let copied = place.path("copy");
        fs::create_dir(&copied).unwrap();
        let copied = copied.join(name);
        if path.is_dir() {
            copy(&path, &copied);
        } else {
            fs::copy(&path, &copied).unwrap();
        }
        prop_assert!(!are_same(own.info(), open(&inside(&copied, spellings[0])).info()));
    }
}

#[test]
fn urls_of_files_are_paths() {
    let place = images();
    let url = format!("file://{}/x/../image.zarr/0", place.path("").display());
    fs::create_dir(place.path("x")).unwrap();
    assert!(are_same(open(&place.path("image.zarr")).info(), open(Path::new(&url)).info()));
}

/// Other places of one file are other images.
#[test]
fn places_of_one_file_are_told_apart() {
    let place = images();
    let at = |path: &str| open(&place.path(path));
    for (a, b) in [
        ("image.npz/raw", "image.npz/other"),
        ("old.h5/raw", "old.h5/other"),
        ("old.h5/raw", "old.h5/outside"),
        ("image.zarr", "image.zip/0"),
        ("image.tif", "image.npy"),
    ] {
        assert!(!are_same(at(a).info(), at(b).info()), "{a} and {b}");
    }
    for other in ["old.h5/through", "old.h5/elsewhere/raw", "new.h5/outside", "linked.h5/deep/raw"] {
        assert!(are_same(at("linked.h5/raw").info(), at(other).info()), "{other}");
    }
}

/// Chunks of a grid of 12 × 12: the first one, one that is looked at, and one that is not.
const CHUNKS: [[usize; 2]; 3] = [[0, 0], [1, 8], [0, 5]];

/// A Zarr of 48 × 48 pixels whose chunks are files by themselves.
fn chunked(root: &Path, seed: u8) {
    let metadata = r#"{"zarr_format": 2, "shape": [48, 48], "chunks": [4, 4], "dtype": "|u1", "order": "C",
        "dimension_separator": "/", "fill_value": 0, "filters": null, "compressor": null}"#;
    for (row, column) in (0..12).flat_map(|row| (0..12).map(move |column| (row, column))) {
        let folder = root.join(row.to_string());
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(column.to_string()), [seed + row * 12 + column; 16]).unwrap();
    }
    fs::write(root.join(".zarray"), metadata).unwrap();
}

/// Replaces every chunk by a link to a file of its content in a folder, as programs do that keep contents once.
fn annexed(root: &Path, contents: &Path) {
    fs::create_dir_all(contents).unwrap();
    for (name, bytes) in files_below(root) {
        if name.file_name().unwrap() != ".zarray" {
            let content = contents.join(bytes[0].to_string());
            fs::write(&content, &bytes).unwrap();
            fs::remove_file(root.join(&name)).unwrap();
            symlink(content, root.join(&name)).unwrap();
        }
    }
}

/// What is known of two images, in both orders: whether they are the same, or that it cannot be told.
fn compared(a: &Path, b: &Path) -> Option<bool> {
    let a = open(a);
    let b = open(b);
    let doubts = [(&a, &b), (&b, &a)].map(|(a, b)| SharedPlanes::new([a.info()]).with(b.info()).doubt());
    if doubts.iter().all(Option::is_none) {
        return Some(are_same(a.info(), b.info()));
    }
    assert!(doubts.iter().all(|doubt| matches!(doubt, Some(Doubt::Places { .. }))), "{doubts:?}");
    assert_ne!(a.info().identity, b.info().identity);
    assert_ne!(ImageKey::of(a.info()), ImageKey::of(b.info()));
    None
}

/// Zarrs that have some of their chunks in common are neither the same nor apart, however they came to it.
#[test]
fn zarrs_that_share_some_chunks_are_doubted() {
    let place = Place::new();
    let a = place.path("a.zarr");
    chunked(&a, 0);
    let replace = |root: &Path, chunk: Option<[usize; 2]>| {
        let Some([row, column]) = chunk else { return };
        fs::write(root.join("new"), [200; 16]).unwrap();
        fs::rename(root.join("new"), root.join(format!("{row}/{column}"))).unwrap();
    };
    let replaced = [None].into_iter().chain(CHUNKS.map(Some)).enumerate();
    for (number, replaced) in replaced {
        let expected = replaced.is_none().then_some(true);
        // Links to every chunk.
        let soft = place.path(format!("soft{number}.zarr"));
        copy(&a, &soft);
        for name in files_below(&a).into_keys().filter(|name| !name.ends_with(".zarray")) {
            fs::remove_file(soft.join(&name)).unwrap();
            symlink(a.join(&name), soft.join(&name)).unwrap();
        }
        replace(&soft, replaced);
        assert_eq!(compared(&a, &soft), expected, "soft, {replaced:?}");
        // Contents that are kept once.
        let [first, second] = ["first", "second"].map(|name| place.path(format!("{name}{number}.zarr")));
        for root in [&first, &second] {
            copy(&a, root);
        }
        replace(&second, replaced);
        for root in [&first, &second] {
            annexed(root, &place.path(format!("contents{number}")));
        }
        assert_eq!(compared(&first, &second), expected, "contents, {replaced:?}");
        // Other names of every chunk.
        let own = place.path(format!("own{number}.zarr"));
        let hard = place.path(format!("hard{number}.zarr"));
        copy(&a, &own);
        hard_link(&own, &hard);
        replace(&hard, replaced);
        assert_eq!(compared(&own, &hard), expected, "hard, {replaced:?}");
        assert_eq!(compared(&a, &hard), Some(false), "a copy");
    }
    // A folder of chunks.
    let folder = place.path("folder.zarr");
    copy(&a, &folder);
    fs::remove_dir_all(folder.join("3")).unwrap();
    symlink(a.join("3"), folder.join("3")).unwrap();
    assert_eq!(compared(&a, &folder), None);
    // Links where nobody looks before images are compared: a folder, one chunk, chunks in another place of a smaller image,
    // and those of an image that has hardly any.
    for (number, kind) in ["folder", "soft", "hard", "moved", "sparse"].into_iter().enumerate() {
        let root = place.path(format!("unseen{number}.zarr"));
        copy(&a, &root);
        match kind {
            "folder" => {
                fs::remove_dir_all(root.join("4")).unwrap();
                symlink(a.join("4"), root.join("4")).unwrap();
            }
            "soft" => {
                fs::remove_file(root.join("0/5")).unwrap();
                symlink(a.join("0/5"), root.join("0/5")).unwrap();
            }
            "hard" => {
                fs::remove_file(root.join("0/5")).unwrap();
                fs::hard_link(a.join("0/5"), root.join("0/5")).unwrap();
            }
            "moved" => {
                (0..12).for_each(|row| fs::remove_dir_all(root.join(row.to_string())).unwrap());
                let metadata = fs::read_to_string(root.join(".zarray")).unwrap();
                fs::write(root.join(".zarray"), metadata.replace("[48, 48]", "[4, 48]")).unwrap();
                fs::create_dir(root.join("0")).unwrap();
                for column in 0..12 {
                    fs::hard_link(a.join(format!("4/{column}")), root.join(format!("0/{column}"))).unwrap();
                }
            }
            _ => {
                (0..12).for_each(|row| fs::remove_dir_all(root.join(row.to_string())).unwrap());
                fs::create_dir(root.join("0")).unwrap();
                fs::hard_link(a.join("0/5"), root.join("0/5")).unwrap();
            }
        }
        assert_eq!(compared(&a, &root), None, "{kind}");
    }
    // Others that only lie in the same folder.
    let [x, y] = ["x.zarr", "y.zarr"].map(|name| place.path(name));
    for (root, seed) in [(&x, 0), (&y, 100)] {
        chunked(root, seed);
    }
    for (number, root) in [&x, &y].into_iter().enumerate() {
        for (name, bytes) in files_below(root) {
            if !name.ends_with(".zarray") {
                let content = place.path("flat").join(format!("{number}-{}", bytes[0]));
                fs::create_dir_all(content.parent().unwrap()).unwrap();
                fs::rename(root.join(&name), &content).unwrap();
                symlink(content, root.join(&name)).unwrap();
            }
        }
    }
    assert_eq!(compared(&x, &y), Some(false));
}
