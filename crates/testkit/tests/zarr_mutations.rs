//! Damaged Zarrs: metadata and chunks with bytes changed at random give an error or pixels, and nothing else.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test is a panic")]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use patchweave_formats::{FileFormat, OpenOptions, open};
use patchweave_geometry::Region;
use patchweave_patching::PatchRng;
use patchweave_stack::{ImageStackExt, StackError, with_causes};
use patchweave_testkit::mutations;
use rand::RngExt;
use serde_json::{Value, json};
use zarrs::array::{ArrayBuilder, data_type};
use zarrs::filesystem::FilesystemStore;

fn below(numbers: &mut PatchRng, n: usize) -> usize {
    numbers.random_range(0..n)
}

/// Replaces one value somewhere in JSON by an odd one, or removes it.
fn mutate_json(value: &mut Value, numbers: &mut PatchRng) {
    let odd = [
        json!(null),
        json!(0),
        json!(1),
        json!(-1),
        json!(3),
        json!(u64::MAX),
        json!(1_u64 << 40),
        json!(1e300),
        json!("\u{0}"),
        json!("F"),
        json!("NaN"),
        json!("../../../etc"),
        json!([]),
        json!([0]),
        json!([1, 2, 3]),
        json!([[3, 1_u64 << 50]]),
        json!({}),
        json!("bytes"),
        json!({"name": "transpose", "configuration": {"order": [1, 0]}}),
        json!({"name": "reshape", "configuration": {"shape": [0, 7]}}),
        json!({"name": "squeeze"}),
        json!({"name": "packbits"}),
        json!({"name": "numcodecs.shuffle", "configuration": {"elementsize": 0}}),
        json!({"name": "crc32c"}),
        json!({"name": "rectangular", "configuration": {"chunk_shape": [1, [1]]}}),
        json!({"name": "rectilinear", "configuration": {"kind": "inline", "chunk_shapes": [1, [[1, 1_u64 << 60]]]}}),
        json!({"name": "zarrs.default_suffix", "configuration": {"suffix": "/../../../../x"}}),
        json!({"path": "../0"}),
        json!({"path": "0"}),
        json!({"name": "rectilinear", "configuration": {"kind": "inline", "chunk_shapes": [[[4, 3]], 5]}}),
        json!("uint8"),
        json!("float64"),
    ];
    let n = match value {
        Value::Array(list) => list.len(),
        Value::Object(map) => map.len(),
        _ => 0,
    };
    if n == 0 || below(numbers, 4) == 0 {
        *value = odd[below(numbers, odd.len())].clone();
        return;
    }
    let at = below(numbers, n);
    match value {
        Value::Array(list) if below(numbers, 6) == 0 => drop(list.remove(at)),
        Value::Array(list) if below(numbers, 6) == 0 => {
            list.insert(at, odd[below(numbers, odd.len())].clone())
        }
        Value::Array(list) => mutate_json(&mut list[at], numbers),
        Value::Object(map) => {
            let key = map.keys().nth(at).unwrap().clone();
            if below(numbers, 6) == 0 {
                map.remove(&key);
            } else {
                mutate_json(map.get_mut(&key).unwrap(), numbers);
            }
        }
        _ => {}
    }
}

const OME: &str = r#"{"multiscales": [{"version": "0.4", "axes": [{"name": "y", "type": "space",
    "unit": "micrometer"}, {"name": "x", "type": "space", "unit": "nanometer"}],
    "datasets": [{"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [1, 500]}]}]}]}"#;

/// An image of version 2 with the given filters and compressor, its single chunks stored by `encode`.
fn write_v2(root: &Path, dtype: &str, order: &str, compressor: &Value, encode: impl Fn(Vec<u8>) -> Vec<u8>) {
    let array = root.join("0");
    fs::create_dir_all(&array).unwrap();
    fs::write(root.join(".zgroup"), r#"{"zarr_format": 2}"#).unwrap();
    fs::write(root.join(".zattrs"), OME).unwrap();
    let metadata = json!({"zarr_format": 2, "shape": [10, 12], "chunks": [5, 6], "dtype": dtype, "order": order,
        "fill_value": 3, "filters": null, "compressor": compressor});
    fs::write(array.join(".zarray"), metadata.to_string()).unwrap();
    for (number, name) in ["0.0", "0.1", "1.0"].into_iter().enumerate() {
        let pixels = (0..30_u16).map(|pixel| pixel + 30 * u16::try_from(number).unwrap());
        fs::write(array.join(name), encode(pixels.flat_map(u16::to_be_bytes).collect())).unwrap();
    }
}

fn write_v3(root: &Path, chunk: u64, inner: Option<u64>, levels: impl Fn(&mut ArrayBuilder)) {
    let store = Arc::new(FilesystemStore::new(root).unwrap());
    let mut builder = ArrayBuilder::new(vec![10, 12], vec![chunk, 6], data_type::uint16(), 3_u16);
    builder.subchunk_shape(inner.map(|inner| vec![inner, 3]));
    levels(&mut builder);
    let array = builder.build(store, "/0").unwrap();
    array.store_metadata().unwrap();
    array.store_array_subset(&array.subset_all(), (0_u16..120).collect::<Vec<_>>()).unwrap();
    let ome: Value = serde_json::from_str(OME).unwrap();
    let group = json!({"zarr_format": 3, "node_type": "group", "attributes": {"ome": ome}});
    fs::write(root.join("zarr.json"), group.to_string()).unwrap();
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    if folder.is_file() {
        return vec![folder.to_owned()];
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

fn read_all(root: &Path, axes: Option<&str>) -> Result<usize, StackError> {
    let mut options = OpenOptions::with_cache_bytes(0);
    options.decoded_chunk_bytes = 1 << 20;
    let axes = axes.map(|axes| axes.parse().unwrap());
    let mut n = 0;
    for stack in open(root, FileFormat::Zarr, axes.as_ref(), &options)? {
        let mut extent = stack.info().shape().extent;
        if extent.iter().product::<usize>() > 1 << 16 {
            let small: Vec<usize> = extent.iter().map(|size| size.min(16)).collect();
            extent = patchweave_geometry::Extent::new(&small).unwrap();
        }
        n += stack.read_patch(0, Some(&[0]), &Region::whole(extent))?.len();
    }
    Ok(n)
}

/// Writes a file anew: some file systems wait for the disk when one is cut to nothing and written again.
fn replace(file: &Path, bytes: &[u8]) {
    fs::remove_file(file).unwrap();
    fs::write(file, bytes).unwrap();
}

/// Damages one file after the other, `n` times in all; how often it was noticed.
fn damage(root: &Path, n: usize, seed: u64) -> usize {
    let mut numbers = PatchRng::for_patch(seed, 0, 0);
    let files = files_below(root);
    let name = root.display().to_string();
    let mut n_noticed = 0;
    for case in 0..n {
        let file = &files[case % files.len()];
        let whole = fs::read(file).unwrap();
        let parsed = serde_json::from_slice::<Value>(&whole).ok();
        let damaged = match parsed {
            Some(mut json) if below(&mut numbers, 4) > 0 => {
                mutate_json(&mut json, &mut numbers);
                json.to_string().into_bytes()
            }
            _ => mutations(numbers.random_range(0..u64::MAX), &whole, 1).next().unwrap(),
        };
        replace(file, &damaged);
        let axes = [None, Some("YX")][below(&mut numbers, 2)];
        let read = catch_unwind(AssertUnwindSafe(|| read_all(root, axes)));
        let shown = || format!("case {case} of {}: {}", file.display(), String::from_utf8_lossy(&damaged));
        let read = read.unwrap_or_else(|_| panic!("{}", shown()));
        if let Err(error) = read {
            n_noticed += 1;
            let text = with_causes(&error);
            assert!(text.contains(&name) && text.len() > name.len() + 8, "{text}\n{}", shown());
        }
        replace(file, &whole);
    }
    assert!(read_all(root, None).is_ok());
    n_noticed
}

#[test]
fn version_2() {
    let folder = tempfile::tempdir().unwrap();
    let zlib = |bytes: Vec<u8>| {
        let mut encoder = flate2::read::ZlibEncoder::new(bytes.as_slice(), flate2::Compression::fast());
        let mut encoded = Vec::new();
        std::io::Read::read_to_end(&mut encoder, &mut encoded).unwrap();
        encoded
    };
    let plain = folder.path().join("plain.zarr");
    write_v2(&plain, ">u2", "C", &Value::Null, |bytes| bytes);
    assert!(damage(&plain, 700, 1) > 200);
    let zipped = folder.path().join("zlib.zarr");
    write_v2(&zipped, "<i2", "F", &json!({"id": "zlib", "level": 1}), zlib);
    assert!(damage(&zipped, 700, 2) > 300);
}

#[test]
fn version_3() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, chunk, inner, levels: &dyn Fn(&mut ArrayBuilder)| {
        let root = folder.path().join(name);
        write_v3(&root, chunk, inner, levels);
        root
    };
    use zarrs::array::codec::{BloscCodec, GzipCodec, ZstdCodec};
    use zarrs::array::codec::{BloscCompressor, BloscShuffleMode};
    let zstd = || Arc::new(ZstdCodec::new(3, false));
    let plain = write("zstd.zarr", 5, None, &|builder| {
        builder.bytes_to_bytes_codecs(vec![zstd()]);
    });
    assert!(damage(&plain, 700, 3) > 200);
    let blosc = write("blosc.zarr", 5, None, &|builder| {
        let level = 5.try_into().unwrap();
        let shuffle = BloscShuffleMode::Shuffle;
        let codec = BloscCodec::new(BloscCompressor::LZ4, level, None, shuffle, Some(2)).unwrap();
        builder.bytes_to_bytes_codecs(vec![Arc::new(codec)]);
    });
    assert!(damage(&blosc, 700, 4) > 200);
    let sharded = write("sharded.zarr", 10, Some(5), &|builder| {
        builder.bytes_to_bytes_codecs(vec![zstd()]);
    });
    assert!(damage(&sharded, 1000, 5) > 300);
    let gzip = write("gzip.zarr", 10, None, &|builder| {
        builder.bytes_to_bytes_codecs(vec![Arc::new(GzipCodec::new(5).unwrap())]);
    });
    assert!(damage(&gzip, 500, 6) > 150);
}

/// Writes a plate of version 2 with two wells of two fields.
fn write_plate(root: &Path) {
    let members = json!([{"path": "0"}, {"path": "1"}]);
    let group = |folder: &Path, attributes: &Value| {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join(".zgroup"), r#"{"zarr_format": 2}"#).unwrap();
        fs::write(folder.join(".zattrs"), attributes.to_string()).unwrap();
    };
    group(root, &json!({"plate": {"rows": [{"name": "0"}], "columns": [{"name": "0"}], "wells": members}}));
    for well in ["0", "1"] {
        group(&root.join(well), &json!({"well": {"images": members}}));
        for field in ["0", "1"] {
            write_v2(&root.join(well).join(field), "<u2", "C", &Value::Null, |bytes| bytes);
        }
    }
}

#[test]
fn plates_and_wells() {
    let folder = tempfile::tempdir().unwrap();
    let plate = folder.path().join("plate.zarr");
    write_plate(&plate);
    // What chunks may hold is the matter of other tests.
    let is_chunk = |file: &PathBuf| !file.file_name().unwrap().to_string_lossy().starts_with(".z");
    files_below(&plate).iter().filter(|file| is_chunk(file)).for_each(|file| fs::remove_file(file).unwrap());
    assert!(damage(&plate, 600, 7) > 150);
}

#[test]
fn zip_files() {
    let folder = tempfile::tempdir().unwrap();
    let plate = folder.path().join("plate.zarr");
    write_plate(&plate);
    let zipped = folder.path().join("plate.zarr.zip");
    let mut writer = zip::ZipWriter::new(fs::File::create(&zipped).unwrap());
    for file in files_below(&plate) {
        let method = [zip::CompressionMethod::Deflated, zip::CompressionMethod::Stored]
            [usize::from(file.extension().is_none())];
        let options = zip::write::SimpleFileOptions::default().compression_method(method);
        let name = file.strip_prefix(&plate).unwrap().to_str().unwrap();
        writer.start_file(name, options).unwrap();
        std::io::Write::write_all(&mut writer, &fs::read(&file).unwrap()).unwrap();
    }
    writer.finish().unwrap();
    assert!(damage(&zipped, 600, 8) > 150);
}
