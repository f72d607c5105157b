//! Zarrs as other programs write them: settings that only writing needs are missing, out of range or odd, fill values are
//! texts, members are unknown, numbers are no numbers. Pixels stay what they are.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test is a panic")]

use std::borrow::Cow;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use ndarray::ArrayD;
use patchweave_formats::{FileFormat, OpenOptions, open};
use patchweave_geometry::Region;
use patchweave_patching::PatchRng;
use patchweave_stack::{ImageStack, ImageStackExt, StackError, with_causes};
use rand::RngExt;
use serde_json::{Map, Value, json};
use zarrs::array::codec::api::{BytesToBytesCodecTraits, CodecOptions};
use zarrs::array::codec::{BloscCodec, BloscCompressor, BloscShuffleMode};

const SHAPE: [usize; 2] = [10, 12];
const CHUNK: [usize; 2] = [5, 6];

fn pixel(at: [usize; 2]) -> u16 {
    u16::try_from(at[0] * 100 + at[1]).unwrap()
}

/// The bytes of every chunk that is not the last, which is not there, by its place.
fn chunks(is_big: bool) -> Vec<([usize; 2], Vec<u8>)> {
    let places = [[0, 0], [0, 1], [1, 0]];
    let bytes = |[row, column]: [usize; 2]| {
        let inside = ndarray::indices((CHUNK[0], CHUNK[1])).into_iter();
        let pixels = inside.map(move |(y, x)| pixel([row * CHUNK[0] + y, column * CHUNK[1] + x]));
        pixels.flat_map(|pixel| if is_big { pixel.to_be_bytes() } else { pixel.to_le_bytes() }).collect()
    };
    places.into_iter().map(|place| (place, bytes(place))).collect()
}

/// What reading gives, with `fill` where there is no chunk.
fn expected(fill: f32) -> ArrayD<f32> {
    let all = ndarray::Array::from_shape_fn((1, 1, SHAPE[0], SHAPE[1]), |(_, _, y, x)| {
        if y >= CHUNK[0] && x >= CHUNK[1] { fill } else { f32::from(pixel([y, x])) }
    });
    all.into_dyn()
}

fn encode(codec: &str, bytes: &[u8]) -> Vec<u8> {
    let level = flate2::Compression::fast();
    let all = |mut encoder: Box<dyn Read + '_>| {
        let mut encoded = Vec::new();
        encoder.read_to_end(&mut encoded).unwrap();
        encoded
    };
    match codec {
        "gzip" => all(Box::new(flate2::read::GzEncoder::new(bytes, level))),
        "zlib" => all(Box::new(flate2::read::ZlibEncoder::new(bytes, level))),
        "bz2" => all(Box::new(bzip2::read::BzEncoder::new(bytes, bzip2::Compression::fast()))),
        "zstd" => zstd::bulk::compress(bytes, 1).unwrap(),
        "blosc" => {
            let shuffle = BloscShuffleMode::Shuffle;
            let codec = BloscCodec::new(BloscCompressor::LZ4, 5.try_into().unwrap(), None, shuffle, Some(2));
            let encoded = codec.unwrap().encode(Cow::Borrowed(bytes), &CodecOptions::default()).unwrap();
            encoded.into_owned()
        }
        "shuffle" => {
            // All first bytes of pixels of two bytes, then all second ones.
            (0..2).flat_map(|byte| bytes.iter().skip(byte).step_by(2).copied()).collect()
        }
        _ => bytes.to_vec(),
    }
}

fn write(file: &Path, text: &str) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

/// Metadata of version 2 with some members replaced; `null` takes one away that is `remove`.
fn array_2(members: Value) -> Value {
    let mut metadata = json!({"zarr_format": 2, "shape": SHAPE, "chunks": CHUNK, "dtype": ">u2", "order": "C",
        "dimension_separator": "/", "fill_value": 0, "filters": null, "compressor": null});
    for (key, value) in members.as_object().unwrap() {
        if value == "remove" {
            metadata.as_object_mut().unwrap().remove(key);
        } else {
            metadata[key] = value.clone();
        }
    }
    metadata
}

fn write_2(root: &Path, metadata: &str, encoded_by: &str) {
    write(&root.join(".zarray"), metadata);
    for ([row, column], bytes) in chunks(true) {
        let file = root.join(row.to_string()).join(column.to_string());
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, encode(encoded_by, &bytes)).unwrap();
    }
}

fn array_3(codecs: Value) -> Value {
    json!({"zarr_format": 3, "node_type": "array", "shape": SHAPE, "data_type": "uint16",
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": CHUNK}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": 0, "codecs": codecs, "attributes": {}})
}

fn write_3(root: &Path, metadata: &str, encoded_by: &str) {
    write(&root.join("zarr.json"), metadata);
    for ([row, column], bytes) in chunks(false) {
        let file = root.join("c").join(row.to_string()).join(column.to_string());
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, encode(encoded_by, &bytes)).unwrap();
    }
}

fn opened(root: &Path) -> Result<Arc<dyn ImageStack>, StackError> {
    Ok(open(root, FileFormat::Zarr, Some(&"YX".parse().unwrap()), &OpenOptions::default())?.remove(0))
}

fn pixels(stack: &dyn ImageStack) -> Result<ArrayD<f32>, String> {
    let whole = Region::whole(stack.info().shape().extent);
    stack.read_patch(0, None, &whole).map(|patch| patch.into_dyn()).map_err(|error| with_causes(&error))
}

/// Reads an image, whose missing chunk is filled, and gives its notes.
#[track_caller]
fn reads(root: &Path, fill: f32) -> Vec<String> {
    let stack = opened(root).unwrap_or_else(|error| panic!("{}", with_causes(&error)));
    let found = pixels(&*stack).unwrap();
    let is_same =
        |(found, expected): (&f32, &f32)| found == expected || (found.is_nan() && expected.is_nan());
    let expected = expected(fill);
    assert!(found.iter().zip(&expected).all(is_same), "{found:?}");
    stack.info().notes.clone()
}

fn refusal(root: &Path) -> String {
    let text = with_causes(&opened(root).err().unwrap());
    text.replace(&format!("{}/", root.parent().unwrap().display()), "")
}

/// As the Java libraries jzarr and n5-zarr write, and what converters make of it.
#[test]
fn stores_of_java_programs_are_read() {
    for (compressor, encoded_by) in [
        (json!({"id": "blosc", "cname": "lz4", "clevel": 5, "blocksize": 0, "shuffle": 1}), "blosc"),
        (
            json!({"id": "blosc", "cname": "blosclz", "clevel": 6, "shuffle": 0, "blocksize": 0, "nthreads": 1}),
            "blosc",
        ),
        (json!({"id": "blosc"}), "blosc"),
        (json!({"id": "blosc", "cname": "lz4", "clevel": 5}), "blosc"),
        (json!({"id": "blosc", "cname": "zstd", "clevel": "5", "shuffle": 1}), "blosc"),
        (json!({"id": "blosc", "cname": "lz4", "clevel": 10, "shuffle": -1}), "blosc"),
        (json!({"id": "blosc", "cname": "lz4", "clevel": -1, "shuffle": 7, "blocksize": -1}), "blosc"),
        (json!({"id": "blosc", "clevel": 5.0, "shuffle": "shuffle"}), "blosc"),
        (json!({"id": "zlib", "level": -1}), "zlib"),
        (json!({"id": "zlib", "level": 10}), "zlib"),
        (json!({"id": "zlib"}), "zlib"),
        (json!({"id": "gzip", "level": -1, "useZlib": false}), "gzip"),
        (json!({"id": "gzip", "level": -1, "useZlib": true}), "zlib"),
        (json!({"id": "gzip", "level": null}), "gzip"),
        (json!({"id": "zstd", "level": -7}), "zstd"),
        (json!({"id": "zstd", "level": 0, "nbWorkers": 0}), "zstd"),
        (json!({"id": "zstd", "level": 99, "checksum": "no"}), "zstd"),
        (json!({"id": "zstd"}), "zstd"),
        (json!({"id": "bz2", "blockSize": 900}), "bz2"),
        (Value::Null, ""),
    ] {
        let folder = tempfile::tempdir().unwrap();
        for (fill, expected) in [(json!("0"), 0.0), (json!("7"), 7.0), (json!(7.0), 7.0), (json!(null), 0.0)]
        {
            let metadata = array_2(json!({"compressor": compressor, "fill_value": fill}));
            write_2(&folder.path().join("x.zarr"), &metadata.to_string(), encoded_by);
            assert_eq!(reads(&folder.path().join("x.zarr"), expected), [""; 0], "{compressor} {fill}");
        }
    }
}

#[test]
fn members_of_version_2_may_be_missing_or_floats() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("x.zarr");
    for members in [
        json!({"filters": "remove", "order": "remove", "compressor": "remove", "fill_value": "remove"}),
        json!({"order": null, "filters": [], "zarr_format": "remove"}),
        json!({"shape": [10.0, 12.0], "chunks": [5.0, 6.0], "zarr_format": 2.0, "nested": {"a": [1]}}),
    ] {
        write_2(&root, &array_2(members).to_string(), "");
        assert_eq!(reads(&root, 0.0), [""; 0]);
    }
    let shuffle = json!({"filters": [{"id": "shuffle", "elementsize": 2.0}, {"id": "gzip", "level": 42}]});
    write_2(&root, &array_2(shuffle).to_string(), "");
    for ([row, column], bytes) in chunks(true) {
        let encoded = encode("gzip", &encode("shuffle", &bytes));
        fs::write(root.join(row.to_string()).join(column.to_string()), encoded).unwrap();
    }
    assert_eq!(reads(&root, 0.0), [""; 0]);
    // Bytes have no order.
    for dtype in ["|u1", "<u1", ">u1", "u1"] {
        let metadata = array_2(json!({"dtype": dtype, "chunks": [10, 12]}));
        write(&root.join(".zarray"), &metadata.to_string());
        fs::write(root.join("0/0"), [7; 120]).unwrap();
        assert!(pixels(&*opened(&root).unwrap()).unwrap().iter().all(|&pixel| pixel == 7.0));
    }
}

#[test]
fn fill_values_matter_where_a_chunk_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("x.zarr");
    for fill in
        [json!("banana"), json!("NaN"), json!(-1), json!(65_536), json!(0.5), json!([1]), json!({"a": 1})]
    {
        write_2(&root, &array_2(json!({"fill_value": fill})).to_string(), "");
        let stack = opened(&root).unwrap();
        let note = stack.info().notes.join(" ");
        assert!(
            note.contains(".zarray: got fill_value ") && note.contains("expected a value of uint16"),
            "{note}"
        );
        let text = pixels(&*stack).unwrap_err();
        assert!(
            text.contains("chunk [1, 1] (")
                && text.contains(&format!("no such chunk, and {fill} as fill_value")),
            "{text}"
        );
        write(&root.join("1/1"), "");
        fs::write(root.join("1/1"), [0; 60]).unwrap();
        assert_eq!(pixels(&*opened(&root).unwrap()).unwrap(), expected(0.0));
        fs::remove_file(root.join("1/1")).unwrap();
    }
    write_2(&root, &array_2(json!({"fill_value": ""})).to_string(), "");
    assert!(reads(&root, 0.0)[0].contains("empty fill_value"));
    // The bytes of uint16 are those of float16 here, as far as sizes matter.
    for (fill, expected) in [("NaN", f32::NAN), ("-Infinity", f32::NEG_INFINITY), ("1.5", 1.5)] {
        for bare in [false, true] {
            let metadata = array_2(json!({"dtype": ">f2", "fill_value": fill})).to_string();
            let metadata = if bare { metadata.replace(&format!("\"{fill}\""), fill) } else { metadata };
            write_2(&root, &metadata, "");
            let last = pixels(&*opened(&root).unwrap()).unwrap()[[0, 0, 9, 11]];
            assert!(last == expected || (last.is_nan() && expected.is_nan()), "{metadata}: {last}");
        }
    }
}

/// Shards say of some chunks that they are only filled.
#[test]
fn chunks_that_shards_leave_out_need_a_fill_value_too() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("x.zarr");
    let bytes = json!({"name": "bytes", "configuration": {"endian": "little"}});
    let sharding = json!({"name": "sharding_indexed", "configuration": {"chunk_shape": CHUNK, "codecs": [bytes],
        "index_codecs": [bytes], "index_location": "start"}});
    let around = json!([sharding.clone(), {"name": "zstd"}]);
    for (codecs, is_around) in [(json!([sharding]), false), (around, true)] {
        for (fill, is_usable) in [(json!("3"), true), (json!("three"), false)] {
            let mut metadata = array_3(codecs.clone());
            metadata["chunk_grid"]["configuration"]["chunk_shape"] = json!(SHAPE);
            metadata["fill_value"] = fill;
            write(&root.join("zarr.json"), &metadata.to_string());
            let parts = chunks(false);
            let len = parts[0].1.len() as u64;
            let mut index: Vec<u64> = (0..3).flat_map(|number| [64 + number * len, len]).collect();
            index.extend([u64::MAX; 2]);
            let mut shard: Vec<u8> = index.into_iter().flat_map(u64::to_le_bytes).collect();
            shard.extend(parts.iter().flat_map(|(_, bytes)| bytes));
            fs::create_dir_all(root.join("c/0")).unwrap();
            fs::write(root.join("c/0/0"), if is_around { encode("zstd", &shard) } else { shard }).unwrap();
            if is_usable {
                reads(&root, 3.0);
            } else {
                let text = pixels(&*opened(&root).unwrap()).unwrap_err();
                assert!(text.contains("fill_value"), "{text}");
            }
        }
    }
}

/// A value that any member might have.
fn odd(numbers: &mut PatchRng) -> Value {
    let odd = [
        json!(null),
        json!(-1),
        json!(10),
        json!(1e300),
        json!("5"),
        json!("NaN"),
        json!([]),
        json!({}),
        json!([1, {"a": null}]),
        json!(true),
        json!("bitshuffle"),
        json!(u64::MAX),
        json!({"must_understand": true}),
        json!(0.5),
    ];
    odd[numbers.random_range(0..odd.len())].clone()
}

/// Whatever settings and unknown members say, pixels are the same, in both versions.
#[test]
fn what_only_writing_needs_never_changes_anything() {
    let mut numbers = PatchRng::for_patch(3, 0, 0);
    let folder = tempfile::tempdir().unwrap();
    let settings = [
        "level",
        "clevel",
        "cname",
        "shuffle",
        "blocksize",
        "typesize",
        "checksum",
        "nthreads",
        "keepbits",
        "a b",
    ];
    for case in 0..150 {
        let root = folder.path().join(format!("{case}.zarr"));
        let codec = ["blosc", "zstd", "gzip", "zlib", "bz2"][case % 5];
        let mut members = Map::new();
        for _ in 0..numbers.random_range(0..4) {
            members.insert(settings[numbers.random_range(0..settings.len())].to_owned(), odd(&mut numbers));
        }
        let unknown = odd(&mut numbers);
        if case % 2 == 0 {
            members.insert("id".to_owned(), codec.into());
            let attributes = json!({"unknown": unknown, "_ARRAY_DIMENSIONS": odd(&mut numbers)});
            let metadata = array_2(json!({"compressor": members, "unknown": unknown}));
            write_2(&root, &metadata.to_string(), codec);
            write(&root.join(".zattrs"), &attributes.to_string());
        } else {
            let bytes = json!({"name": "bytes", "configuration": {"endian": "little", "unknown": unknown}, "unknown": unknown});
            let codec_3 = json!({"name": codec, "configuration": members, "unknown": unknown});
            let mut metadata = array_3(json!([bytes, codec_3]));
            metadata["attributes"] = json!({"unknown": unknown});
            metadata["dimension_names"] = odd(&mut numbers);
            metadata["chunk_grid"]["unknown"] = unknown.clone();
            metadata["chunk_key_encoding"]["configuration"]["unknown"] = unknown.clone();
            metadata["data_type"] = json!({"name": "uint16", "unknown": unknown});
            metadata["unknown"] = json!({"must_understand": false, "value": unknown});
            write_3(&root, &metadata.to_string(), codec);
        }
        let notes = reads(&root, 0.0);
        let is_told = notes.iter().any(|note| note.contains("unknown member unknown"));
        assert!(case % 2 == 0 || is_told || unknown.is_null(), "{notes:?}");
    }
}

#[test]
fn what_decoding_needs_stays_strict() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("x.zarr");
    let refused_2 = |members: Value| {
        write(&root.join(".zarray"), &array_2(members).to_string());
        refusal(&root)
    };
    for (members, expected) in [
        (json!({"shape": [10, "12"]}), "x.zarr: shape of .zarray: got [10,\"12\"], expected a list of sizes"),
        (json!({"shape": "remove"}), "x.zarr: shape of .zarray: got none, expected a list of sizes"),
        (
            json!({"chunks": [5, 0]}),
            "x.zarr: chunks of .zarray: got [5,0], expected a list of sizes above 0, one for each of 2 dimensions",
        ),
        (
            json!({"chunks": [5]}),
            "x.zarr: chunks of .zarray: got [5], expected a list of sizes above 0, one for each of 2 dimensions",
        ),
        (json!({"dtype": "remove"}), "x.zarr: dtype of .zarray: got none, expected a type such as \"<u2\""),
        (json!({"dtype": "|u2"}), "x.zarr: data type \"|u2\" is not supported, "),
        (json!({"order": "A"}), "x.zarr: order of .zarray: got \"A\", expected \"C\" or \"F\""),
        (
            json!({"dimension_separator": "-"}),
            "x.zarr: dimension_separator of .zarray: got \"-\", expected \".\" or \"/\"",
        ),
        (json!({"zarr_format": 3}), "x.zarr: zarr_format of .zarray: got 3, expected 2"),
        (
            json!({"compressor": {"level": 1}}),
            "x.zarr: compressor of .zarray: got {\"level\":1}, expected a codec with its id",
        ),
        (json!({"compressor": {"id": "lzma"}}), "x.zarr: codec lzma is not supported, "),
        (
            json!({"filters": {"id": "shuffle"}}),
            "x.zarr: filters of .zarray: got {\"id\":\"shuffle\"}, expected a list of codecs or null",
        ),
        (
            json!({"filters": [{"id": "shuffle", "elementsize": "2"}]}),
            "x.zarr: codec shuffle of .zarray: got ",
        ),
    ] {
        let text = refused_2(members);
        assert!(text.starts_with(expected), "{text}\n{expected}");
    }
    fs::remove_file(root.join(".zarray")).unwrap();
    let refused_3 = |change: &dyn Fn(&mut Value)| {
        let mut metadata = array_3(json!([{"name": "bytes", "configuration": {"endian": "little"}}]));
        change(&mut metadata);
        write(&root.join("zarr.json"), &metadata.to_string());
        refusal(&root)
    };
    let text = refused_3(&|metadata| metadata["codecs"] = json!(["bytes"]));
    assert!(
        text.starts_with(
            "x.zarr: codecs: bytes: endian of zarr.json: got none, expected \"little\" or \"big\""
        ),
        "{text}"
    );
    let text = refused_3(&|metadata| metadata["codecs"] = json!("bytes"));
    assert!(
        text.starts_with("x.zarr: codecs of zarr.json: got \"bytes\", expected a list of codecs"),
        "{text}"
    );
    let text =
        refused_3(&|metadata| metadata["chunk_key_encoding"]["configuration"]["separator"] = json!("-"));
    assert!(text.starts_with("x.zarr: chunk_key_encoding: separator of zarr.json: got \"-\""), "{text}");
    let text = refused_3(&|metadata| metadata["new"] = json!({"a": 1}));
    assert!(text.starts_with("x.zarr: the extension new is not supported"), "{text}");
    let text = refused_3(&|metadata| metadata["data_type"] = json!("complex64"));
    assert!(text.starts_with("x.zarr: data type ") && text.contains("is not supported"), "{text}");
    write(&root.join("zarr.json"), "{\"zarr_format\": 3,\n \"node_type\" \"array\"}");
    let text = refusal(&root);
    assert!(text.starts_with("x.zarr: zarr.json cannot be read: ") && text.contains("line 2"), "{text}");
}

const OME: &str = r#"{"multiscales": [{"version": "0.4", "axes": [{"name": "y", "type": "space", "unit": "micrometer"},
    {"name": "x", "type": "space", "unit": "micrometer"}], "datasets": [{"path": "0", "coordinateTransformations":
    [{"type": "scale", "scale": [0.5, 0.25]}]}], "omero": {"channels": [{"window": {"start": NaN, "end": Infinity}}]}}],
    "odd": [-Infinity, NaN]}"#;

/// In every file of both versions, and in lists of a whole store.
#[test]
fn numbers_that_are_none_may_stand_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("old.zarr");
    let with_nan =
        |metadata: &Value| metadata.to_string().replacen('{', "{\"odd\": [NaN, -Infinity, 1e999], ", 1);
    write_2(&old.join("0"), &with_nan(&array_2(json!({}))), "");
    write(&old.join(".zgroup"), "{\"zarr_format\": 2, \"odd\": NaN}");
    write(&old.join(".zattrs"), OME);
    write(&old.join("0/.zattrs"), "{\"exposure\": NaN}");
    write(&old.join(".zmetadata"), "{\"metadata\": {\".zattrs\": {\"a\": NaN}}}");
    let new = folder.path().join("new.zarr");
    let bytes = json!([{"name": "bytes", "configuration": {"endian": "little"}}]);
    write_3(
        &new.join("0"),
        &array_3(bytes).to_string().replace("\"attributes\":{}", "\"attributes\":{\"a\": -Infinity}"),
        "",
    );
    write(
        &new.join("zarr.json"),
        &format!("{{\"zarr_format\": 3, \"node_type\": \"group\", \"attributes\": {{\"ome\": {OME}}}}}"),
    );
    for root in [&old, &new] {
        assert_eq!(reads(root, 0.0), [""; 0]);
        for path in [root.clone(), root.join("0")] {
            let stack = open(&path, FileFormat::Zarr, None, &OpenOptions::default()).unwrap().remove(0);
            assert_eq!(stack.info().layout.axes().to_string(), "YX");
            assert_eq!(stack.info().pixel_size.unwrap().as_slice(), [0.5, 0.25]);
        }
    }
}

#[test]
fn arrays_are_found_beside_those_that_are_no_images() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("x.zarr");
    write(&root.join(".zgroup"), "{\"zarr_format\": 2}");
    write_2(&root.join("image"), &array_2(json!({})).to_string(), "");
    let x = array_2(json!({"shape": [12], "chunks": [12], "fill_value": null})).to_string();
    write(&root.join("x/.zarray"), &x);
    write(&root.join("x/.zattrs"), "{\"valid_max\": NaN, \"_ARRAY_DIMENSIONS\": [\"x\"]}");
    let names = array_2(json!({"dtype": "|O", "filters": [{"id": "vlen-utf8"}]})).to_string();
    write(&root.join("names/.zarray"), &names);
    let stacks =
        open(&root, FileFormat::Zarr, Some(&"YX".parse().unwrap()), &OpenOptions::default()).unwrap();
    assert_eq!(stacks.len(), 1);
    assert_eq!(pixels(&*stacks[0]).unwrap(), expected(0.0));
    assert_eq!(
        stacks[0].info().notes,
        [
            "the array names beside it is left out, because it has values of type \"|O\"",
            "the array x beside it is left out, because it has 1 dimension"
        ]
    );
    // By itself, it is what it is.
    assert!(refusal(&root.join("x")).contains("got axes YX, the file's own metadata says X"));
    fs::remove_dir_all(root.join("image")).unwrap();
    fs::remove_dir_all(root.join("names")).unwrap();
    assert!(refusal(&root).contains("got axes YX, the file's own metadata says X"));
}

#[test]
fn attributes_that_are_no_json_are_told_where_pixels_do_not_depend_on_them() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("x.zarr");
    write_2(&root.join("0"), &array_2(json!({})).to_string(), "");
    write(&root.join(".zgroup"), "");
    write(&root.join(".zattrs"), "{\"multiscales\": [");
    write(&root.join("0/.zattrs"), "not JSON");
    let notes = reads(&root.join("0"), 0.0);
    assert_eq!(notes.len(), 2, "{notes:?}");
    for note in &notes {
        assert!(
            note.contains(".zattrs cannot be read: ")
                && note.ends_with("axes and pixel sizes in it are unknown"),
            "{note}"
        );
    }
    // Which arrays are images would stand there.
    let text = refusal(&root);
    assert!(text.starts_with("x.zarr: .zattrs cannot be read: "), "{text}");
    write(&root.join(".zattrs"), "null");
    write(&root.join("0/.zattrs"), "[1]");
    assert_eq!(reads(&root, 0.0).len(), 1);
    let bytes = json!([{"name": "bytes", "configuration": {"endian": "little"}}]);
    let mut metadata = array_3(bytes);
    metadata["attributes"] = json!([1, 2]);
    write_3(&folder.path().join("new.zarr"), &metadata.to_string(), "");
    let notes = reads(&folder.path().join("new.zarr"), 0.0);
    assert!(
        notes.len() == 1 && notes[0].contains("attributes of zarr.json: got [1,2], expected an object"),
        "{notes:?}"
    );
    fs::remove_file(root.join(".zgroup")).unwrap();
    fs::remove_file(root.join(".zattrs")).unwrap();
    write(&root.join("zarr.json"), "{\"node_type\": \"group\", ");
    assert_eq!(reads(&root.join("0"), 0.0).len(), 2);
}

/// Chunks that are not there, and stores that are not there any more.
mod missing {
    use super::*;

    fn absence(root: &Path) -> Vec<String> {
        opened(root).unwrap().info().notes.clone()
    }

    #[test]
    fn stores_without_chunks_say_so() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("x.zarr");
        let filled = |n: &str| format!("0 of {n} are there: pixels are the fill value");
        write_2(&root, &array_2(json!({})).to_string(), "");
        assert_eq!(absence(&root), [""; 0]);
        write(&root.join(".zarray"), &array_2(json!({"dimension_separator": "remove"})).to_string());
        assert_eq!(
            absence(&root),
            ["0 of 4 chunks are there; chunks seem to be nested: dimension_separator?"]
        );
        for name in ["0", "1"] {
            fs::remove_dir_all(root.join(name)).unwrap();
        }
        assert_eq!(absence(&root), [filled("4 chunks")]);
        fs::write(root.join("1.0"), [0; 60]).unwrap();
        assert_eq!(absence(&root), [""; 0]);
        write(&root.join(".zarray"), &array_2(json!({})).to_string());
        let flat =
            "0 of 4 chunks are there; chunks seem to be side by side in one folder: dimension_separator?";
        assert_eq!(absence(&root), [flat]);

        let bytes = json!({"name": "bytes", "configuration": {"endian": "little"}});
        let new = folder.path().join("new.zarr");
        write_3(&new, &array_3(json!([bytes])).to_string(), "");
        assert_eq!(absence(&new), [""; 0]);
        let mut metadata = array_3(json!([bytes]));
        metadata["chunk_key_encoding"] = json!({"name": "v2", "configuration": {"separator": "/"}});
        write(&new.join("zarr.json"), &metadata.to_string());
        assert_eq!(
            absence(&new),
            ["0 of 4 chunks are there; chunks seem to be named c/0/0: chunk_key_encoding?"]
        );
        let sharding = json!({"name": "sharding_indexed", "configuration": {"chunk_shape": CHUNK, "codecs": [bytes],
            "index_codecs": [bytes]}});
        let mut metadata = array_3(json!([sharding]));
        metadata["chunk_grid"]["configuration"]["chunk_shape"] = json!([10, 6]);
        metadata["dimension_names"] = json!(["y", null]);
        fs::remove_dir_all(new.join("c")).unwrap();
        write(&new.join("zarr.json"), &metadata.to_string());
        assert_eq!(absence(&new), [filled("2 shards")]);
    }

    /// A folder of a million files would take a while.
    #[test]
    fn looking_for_chunks_ends() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("x.zarr");
        let huge = array_2(json!({"shape": [1_u64 << 40, 1_u64 << 20], "dimension_separator": "/"}));
        write(&root.join(".zarray"), &huge.to_string());
        for name in 0..3000 {
            fs::create_dir(root.join((name * 7 + 1).to_string())).unwrap();
        }
        let start = std::time::Instant::now();
        assert_eq!(absence(&root).len(), 1);
        assert!(start.elapsed() < std::time::Duration::from_secs(5));
    }

    fn zip_folder(folder: &Path, target: &Path, skip: &str) {
        let mut writer = zip::ZipWriter::new(fs::File::create(target).unwrap());
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(next).unwrap() {
                let path = entry.unwrap().path();
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                if path.is_dir() {
                    folders.push(path);
                } else if skip.is_empty() || !name.starts_with(skip) {
                    writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
                    std::io::Write::write_all(&mut writer, &fs::read(path).unwrap()).unwrap();
                }
            }
        }
        writer.finish().unwrap();
    }

    #[test]
    fn zip_files_without_chunks_say_so_and_those_that_are_gone_are_no_zeros() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("x.zarr");
        let bytes = json!([{"name": "bytes", "configuration": {"endian": "little"}}]);
        write_3(&root, &array_3(bytes).to_string(), "");
        let zipped = folder.path().join("x.zarr.zip");
        zip_folder(&root, &zipped, "c/");
        assert_eq!(absence(&zipped), ["0 of 4 chunks are there: pixels are the fill value"]);
        zip_folder(&root, &zipped, "");
        assert_eq!(absence(&zipped), [""; 0]);
        let stack = opened(&zipped).unwrap();
        fs::remove_file(&zipped).unwrap();
        assert!(pixels(&*stack).is_err());
    }

    /// Whatever chunks are like, none is black because its drive was taken away.
    #[test]
    fn stores_that_are_gone_are_no_zeros() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("x.zarr");
        let bytes = json!({"name": "bytes", "configuration": {"endian": "little"}});
        let sharding = json!({"name": "sharding_indexed", "configuration": {"chunk_shape": [1, 3], "codecs": [bytes],
            "index_codecs": [bytes]}});
        let mut irregular = array_3(json!([bytes]));
        irregular["chunk_grid"] =
            json!({"name": "rectangular", "configuration": {"chunk_shape": [[5, 5], 6]}});
        let old = array_2(json!({}));
        for (name, metadata) in [
            ("zarr.json", array_3(json!([bytes]))),
            ("zarr.json", array_3(json!([sharding]))),
            ("zarr.json", irregular),
            (".zarray", old),
        ] {
            for moved in [false, true] {
                write(&root.join(name), &metadata.to_string());
                let stack = opened(&root).unwrap();
                let first = Region {
                    size: patchweave_geometry::Extent::new(&[5, 6]).unwrap(),
                    ..Region::whole(stack.info().shape().extent)
                };
                // A chunk may be missing.
                assert!(stack.read_patch(0, None, &first).unwrap().iter().all(|&pixel| pixel == 0.0));
                if moved {
                    fs::rename(&root, folder.path().join("away")).unwrap();
                } else {
                    fs::remove_file(root.join(name)).unwrap();
                }
                let text = pixels(&*stack).unwrap_err();
                let expected = format!("got neither the chunk nor {}", root.join(name).display());
                assert!(
                    text.starts_with(&format!("{}: chunk [0, ", root.display())) && text.contains(&expected),
                    "{text}"
                );
                // It may come back.
                if moved {
                    fs::rename(folder.path().join("away"), &root).unwrap();
                    assert!(pixels(&*stack).is_ok());
                }
                drop(fs::remove_dir_all(&root));
            }
        }
    }

    /// A window of one chunk.
    fn chunk_at([row, column]: [usize; 2]) -> Region {
        let size = patchweave_geometry::Extent::new(&CHUNK).unwrap();
        let start = [row * CHUNK[0], column * CHUNK[1]].map(|at| i64::try_from(at).unwrap());
        let start = patchweave_geometry::PerAxis::new(&start).unwrap();
        Region { start, size }
    }

    /// Reads a chunk and says what went wrong.
    fn read(stack: &dyn ImageStack, place: [usize; 2]) -> Result<(), String> {
        let patch = stack.read_patch(0, None, &chunk_at(place)).map_err(|error| with_causes(&error))?;
        let [row, column] = place;
        for ((_, _, y, x), &found) in patch.indexed_iter() {
            assert_eq!(found, f32::from(pixel([row * CHUNK[0] + y, column * CHUNK[1] + x])));
        }
        Ok(())
    }

    /// An image that is read without a cache, and with one open file.
    fn opened_bare(root: &Path) -> Arc<dyn ImageStack> {
        let mut options = OpenOptions::with_cache_bytes(0);
        options.files = patchweave_formats::FilePool::new(1);
        open(root, FileFormat::Zarr, Some(&"YX".parse().unwrap()), &options).unwrap().remove(0)
    }

    #[test]
    fn shards_that_are_gone_are_no_zeros() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("x.zarr");
        let bytes = json!({"name": "bytes", "configuration": {"endian": "little"}});
        let sharding = json!({"name": "sharding_indexed", "configuration": {"chunk_shape": CHUNK, "codecs": [bytes],
            "index_codecs": [bytes], "index_location": "start"}});
        let index: Vec<u8> = [16_u64, 60].into_iter().flat_map(u64::to_le_bytes).collect();
        write(&root.join("zarr.json"), &array_3(json!([sharding])).to_string());
        for ([row, column], chunk) in chunks(false) {
            let shard = root.join(format!("c/{row}/{column}"));
            fs::create_dir_all(shard.parent().unwrap()).unwrap();
            fs::write(shard, [index.as_slice(), &chunk].concat()).unwrap();
        }
        let stack = opened_bare(&root);
        // The index that was used last is kept.
        read(&*stack, [0, 1]).unwrap();
        fs::remove_file(root.join("c/0/1")).unwrap();
        let text = read(&*stack, [0, 1]).unwrap_err();
        assert!(text.ends_with("got no file, expected the shard whose index was read"), "{text}");
        // That of another one is not.
        read(&*stack, [0, 0]).unwrap();
        read(&*stack, [1, 0]).unwrap();
        fs::remove_file(root.join("c/0/0")).unwrap();
        let text = read(&*stack, [0, 0]).unwrap_err();
        assert!(text.ends_with("got no file, expected the one that was read before"), "{text}");
        assert!(text.contains("chunk [0, 0] (") && text.contains("c/0/0"), "{text}");
        // One that was never read may have never been.
        let fill = stack.read_patch(0, None, &chunk_at([1, 1])).unwrap();
        assert!(fill.iter().all(|&pixel| pixel == 0.0));
    }

    #[test]
    fn chunks_that_are_gone_are_no_zeros() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("x.zarr");
        let bytes = json!([{"name": "bytes", "configuration": {"endian": "little"}}]);
        let mut irregular = array_3(bytes.clone());
        irregular["chunk_grid"] =
            json!({"name": "rectangular", "configuration": {"chunk_shape": [[5, 5], 6]}});
        for metadata in [array_3(bytes), irregular] {
            write_3(&root, &metadata.to_string(), "");
            let stack = opened_bare(&root);
            read(&*stack, [0, 1]).unwrap();
            fs::remove_dir_all(root.join("c")).unwrap();
            let text = read(&*stack, [0, 1]).unwrap_err();
            assert!(text.ends_with("got no file, expected the one that was read before"), "{text}");
            let fill = stack.read_patch(0, None, &chunk_at([0, 0])).unwrap();
            assert!(fill.iter().all(|&pixel| pixel == 0.0));
        }
    }

    /// A drive that is not there, or a file that was not fetched, is not a chunk that was never written.
    #[cfg(unix)]
    #[test]
    fn links_to_nowhere_are_no_zeros() {
        let folder = tempfile::tempdir().unwrap();
        let bytes = json!([{"name": "bytes", "configuration": {"endian": "little"}}]);
        for (number, linked) in ["c/0/0", "c/0", "c"].into_iter().enumerate() {
            let root = folder.path().join(format!("{number}.zarr"));
            let drive = folder.path().join(format!("drive{number}"));
            write_3(&root, &array_3(bytes.clone()).to_string(), "");
            fs::rename(root.join(linked), &drive).unwrap();
            std::os::unix::fs::symlink(&drive, root.join(linked)).unwrap();
            let open_with = |links_outside| {
                let mut options = OpenOptions::with_cache_bytes(0);
                options.links_outside = links_outside;
                open(&root, FileFormat::Zarr, Some(&"YX".parse().unwrap()), &options).unwrap().remove(0)
            };
            let before = open_with(true);
            fs::rename(&drive, folder.path().join("away")).unwrap();
            for stack in [before, open_with(true), open_with(false)] {
                assert_eq!(stack.info().notes, [""; 0]);
                for _ in 0..2 {
                    let text = read(&*stack, [0, 0]).unwrap_err();
                    let link = format!(
                        "{} is a link to {}, which does not",
                        root.join(linked).display(),
                        drive.display()
                    );
                    assert!(text.contains("chunk [0, 0] (") && text.ends_with(&link), "{text}");
                }
            }
            fs::rename(folder.path().join("away"), &drive).unwrap();
            read(&*open_with(true), [0, 0]).unwrap();
        }
    }
}
