//! Zarrs of every form that we can write: the conformance suite, what is known of them, and what is refused.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use ndarray::ArrayD;
use patchweave_formats::{FileFormat, Formats, OpenOptions, OpenRequest, open};
use patchweave_stack::{ImageStack, ImageStackExt, StackError, with_causes};
use patchweave_testkit::{canonical_f32, image_stack_suite, ramp};
use serde_json::{Value, json};
use zarrs::array::codec::{
    Bz2Codec, Crc32cCodec, GzipCodec, ShardingCodecBuilder, TransposeCodec, ZlibCodec, ZstdCodec,
};
use zarrs::array::{ArrayBuilder, data_type};
use zarrs::filesystem::FilesystemStore;

use support::{AXES, expected, write_array, write_group, write_image};

fn opened(path: &Path) -> Result<Vec<Arc<dyn ImageStack>>, StackError> {
    open(path, FileFormat::Zarr, Some(&AXES.parse().unwrap()), &OpenOptions::default())
}

fn refusal(path: &Path) -> String {
    let text = with_causes(&opened(path).err().unwrap());
    text.replace(&format!("{}/", path.parent().unwrap().display()), "")
}

/// Writes an array, has it conform, and says how it is compressed.
#[track_caller]
fn conforms(change: impl FnOnce(&mut ArrayBuilder)) -> (Option<String>, Vec<usize>, Option<Vec<usize>>) {
    let folder = tempfile::tempdir().unwrap();
    write_array(folder.path(), "/", change);
    let stack = opened(folder.path()).unwrap().remove(0);
    image_stack_suite(&*stack, expected().view());
    let info = stack.info();
    assert_eq!(info.format.as_deref(), Some("Zarr 3"));
    (info.compression.clone(), info.chunks.clone().unwrap(), info.shards.clone())
}

#[test]
fn compressors_conform() {
    let zstd = || Arc::new(ZstdCodec::new(3, true));
    let compressed = |change: &dyn Fn(&mut ArrayBuilder)| conforms(change).0;
    assert_eq!(compressed(&|_| {}), None);
    let by = compressed(&|array| {
        array.bytes_to_bytes_codecs(vec![zstd()]);
    });
    assert_eq!(by.as_deref(), Some("zstd"));
    let by = compressed(&|array| {
        array.bytes_to_bytes_codecs(vec![Arc::new(GzipCodec::new(3).unwrap())]);
    });
    assert_eq!(by.as_deref(), Some("gzip"));
    let by = compressed(&|array| {
        let zlib = Arc::new(ZlibCodec::new(3_u32.try_into().unwrap()));
        array.bytes_to_bytes_codecs(vec![zlib, Arc::new(Crc32cCodec::new())]);
    });
    assert_eq!(by.as_deref(), Some("zlib"));
    let by = compressed(&|array| {
        let bz2 = Arc::new(Bz2Codec::new(3_u32.try_into().unwrap()));
        array.bytes_to_bytes_codecs(vec![bz2, zstd()]);
    });
    assert_eq!(by.as_deref(), Some("bz2+zstd"));
}

#[test]
fn shards_conform_whatever_is_around_and_inside_of_them() {
    let zstd = || Arc::new(ZstdCodec::new(3, false));
    let shards = |array: &mut ArrayBuilder| {
        array.chunk_grid_metadata(vec![1_u64, 16, 24]);
    };
    let plain = conforms(|array| {
        shards(array);
        array.subchunk_shape(Some(vec![1, 8, 6])).bytes_to_bytes_codecs(vec![zstd()]);
    });
    assert_eq!(plain, (Some("zstd".into()), vec![1, 8, 6], Some(vec![1, 16, 24])));

    let sharding = |inner: [u64; 3]| {
        let inner: Vec<std::num::NonZeroU64> = inner.map(|size| size.try_into().unwrap()).to_vec();
        ShardingCodecBuilder::new(inner, &data_type::uint16())
    };
    let nested = conforms(|array| {
        shards(array);
        let mut outer = sharding([1, 8, 12]);
        outer.array_to_bytes_codec(sharding([1, 4, 6]).build_arc());
        array.array_to_bytes_codec(outer.build_arc());
    });
    assert_eq!(nested, (None, vec![1, 8, 12], Some(vec![1, 16, 24])));
    let around = conforms(|array| {
        shards(array);
        array.array_to_bytes_codec(sharding([1, 8, 12]).build_arc()).bytes_to_bytes_codecs(vec![zstd()]);
    });
    assert_eq!(around, (Some("zstd".into()), vec![1, 16, 24], None));
    let turned = conforms(|array| {
        shards(array);
        let order = zarrs::metadata_ext::codec::transpose::TransposeOrder::new(&[2, 0, 1]).unwrap();
        array.array_to_array_codecs(vec![Arc::new(TransposeCodec::new(order))]);
        array.array_to_bytes_codec(sharding([12, 1, 8]).build_arc());
    });
    assert_eq!(turned, (None, vec![1, 16, 24], None));
}

#[test]
fn irregular_grids_conform() {
    let folder = tempfile::tempdir().unwrap();
    write_array(folder.path(), "/", |array| {
        use zarrs::array::chunk_grid::{ChunkEdgeLengths, RectilinearChunkGrid, RunLengthElement};
        let size = |size: u64| size.try_into().unwrap();
        let varying = |sizes: &[u64]| {
            let sizes = sizes.iter().map(|&n| RunLengthElement::Single(size(n)));
            ChunkEdgeLengths::Varying(sizes.collect())
        };
        let edges = [ChunkEdgeLengths::Scalar(size(1)), varying(&[5, 9, 7]), varying(&[20, 6])];
        let grid = RectilinearChunkGrid::new(vec![2, 21, 26], &edges).unwrap();
        array.chunk_grid(zarrs::array::ChunkGrid::new(grid));
    });
    let stack = opened(folder.path()).unwrap().remove(0);
    assert_eq!(stack.info().chunks, Some(vec![1, 9, 20]));
    image_stack_suite(&*stack, expected().view());
}

/// Writes an array of version 2 chunk by chunk.
fn write_v2(folder: &Path, order: &str, separator: &str, dtype: &str, fill_value: Value) {
    fs::create_dir_all(folder).unwrap();
    let metadata = json!({"zarr_format": 2, "shape": [2, 21, 26], "chunks": [1, 8, 12], "dtype": dtype,
        "order": order, "dimension_separator": separator, "fill_value": fill_value, "filters": null,
        "compressor": null});
    fs::write(folder.join(".zarray"), metadata.to_string()).unwrap();
    let image = support::image();
    for [c, y, x] in ndarray::indices((2, 3, 3)).into_iter().map(|(c, y, x)| [c, y, x]) {
        let pixel = |at: [usize; 3]| image.get(at).copied().unwrap_or(0);
        let mut places: Vec<[usize; 3]> = ndarray::indices((1, 8, 12))
            .into_iter()
            .map(|(k, i, j)| [c + k, 8 * y + i, 12 * x + j])
            .collect();
        if order == "F" {
            places.sort_by_key(|[c, y, x]| (*x, *y, *c));
        }
        let bytes = places.into_iter().map(pixel).flat_map(|pixel| match dtype {
            ">u2" => pixel.to_be_bytes().to_vec(),
            "<u2" => pixel.to_le_bytes().to_vec(),
            _ => f32::from(pixel).to_be_bytes().to_vec(),
        });
        let name = [c, y, x].map(|at| at.to_string()).join(separator);
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes.collect::<Vec<_>>()).unwrap();
    }
}

#[test]
fn version_2_conforms_in_every_order() {
    for order in ["C", "F"] {
        for separator in [".", "/"] {
            for (dtype, fill) in [(">u2", json!(null)), ("<u2", json!(7)), (">f4", json!("NaN"))] {
                let folder = tempfile::tempdir().unwrap();
                write_v2(folder.path(), order, separator, dtype, fill.clone());
                let stack = opened(folder.path()).unwrap().remove(0);
                assert_eq!(stack.info().format.as_deref(), Some("Zarr 2"));
                image_stack_suite(&*stack, expected().view());
                fs::remove_file(folder.path().join([1, 0, 2].map(|at| at.to_string()).join(separator)))
                    .unwrap();
                let stack = opened(folder.path()).unwrap().remove(0);
                let whole = patchweave_geometry::Region::whole(stack.info().shape().extent);
                let patch = stack.read_patch(0, None, &whole).unwrap();
                let missing = patch[[1, 0, 7, 25]];
                match fill.as_f64() {
                    Some(fill) => assert_eq!(f64::from(missing), fill),
                    None if fill.is_null() => assert_eq!(missing, 0.0),
                    None => assert!(missing.is_nan()),
                }
            }
        }
    }
}

fn zip_folder(folder: &Path, prefix: &str, target: &Path) {
    let mut writer = zip::ZipWriter::new(fs::File::create(target).unwrap());
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let deflated = path.extension().is_some_and(|extension| extension == "json");
            let method =
                if deflated { zip::CompressionMethod::Deflated } else { zip::CompressionMethod::Stored };
            let options = zip::write::SimpleFileOptions::default().compression_method(method);
            let name = format!("{prefix}{}", path.strip_prefix(folder).unwrap().display());
            writer.start_file(name, options).unwrap();
            std::io::Write::write_all(&mut writer, &fs::read(path).unwrap()).unwrap();
        }
    }
    writer.finish().unwrap();
}

#[test]
fn zipped_stores_conform() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("plain");
    write_array(&root, "/group/b", |_| {});
    write_array(&root, "/group/a", |array| {
        array.chunk_grid_metadata(vec![1_u64, 16, 24]).subchunk_shape(Some(vec![1, 8, 12]));
    });
    write_group(&root, &json!({}));
    write_group(&root.join("group"), &json!({}));
    for (name, prefix) in [("at_root.zip", ""), ("in_folder.zarr.zip", "cells.zarr/")] {
        let zipped = folder.path().join(name);
        zip_folder(&root, prefix, &zipped);
        assert!(
            Formats::default().of_path(&zipped.join("group")).is_some_and(|format| format.name() == "zarr")
        );
        let stacks = opened(&zipped.join("group")).unwrap();
        let names: Vec<&str> = stacks.iter().map(|stack| stack.info().source.as_str()).collect();
        assert_eq!(names, ["a", "b"].map(|name| zipped.join("group").join(name).display().to_string()));
        for stack in stacks {
            image_stack_suite(&*stack, expected().view());
        }
        assert_eq!(opened(&zipped.join(prefix).join("group/a")).unwrap().len(), 1);
        let bytes = fs::read(&zipped).unwrap();
        fs::write(&zipped, &bytes[..bytes.len() / 2]).unwrap();
        assert!(refusal(&zipped).starts_with(&format!("{name}: the zip file cannot be read: ")));
    }
}

#[test]
fn plates_wells_labels_and_collections_are_followed() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("plate.zarr");
    for field in ["B/2/0", "B/2/1", "A/10/7", "A/2/0"] {
        write_array(&root, &format!("/{field}/0"), |_| {});
        write_image(&root.join(field), &["0"]);
    }
    for (well, fields) in [("B/2", vec!["1", "0"]), ("A/10", vec!["7"]), ("A/2", vec!["0"])] {
        let images: Vec<Value> = fields.iter().map(|field| json!({"path": field})).collect();
        write_group(&root.join(well), &json!({"ome": {"version": "0.5", "well": {"images": images}}}));
    }
    let names = |names: [&str; 2]| names.map(|name| json!({"name": name}));
    let well =
        |path: &str, row: usize, column: usize| json!({"path": path, "rowIndex": row, "columnIndex": column});
    let plate = json!({"rows": names(["A", "B"]), "columns": names(["2", "10"]),
        "wells": [well("B/2", 1, 0), well("A/10", 0, 1), well("A/2", 0, 0)]});
    write_group(&root, &json!({"ome": {"version": "0.5", "plate": plate}}));
    let found = |path: &Path| -> Vec<String> {
        let stacks = open(path, FileFormat::Zarr, None, &OpenOptions::default()).unwrap();
        let name = |stack: &Arc<dyn ImageStack>| {
            stack.info().source.strip_prefix(&format!("{}/", root.display())).unwrap().to_owned()
        };
        stacks.iter().map(name).collect()
    };
    assert_eq!(found(&root), ["A/2/0/0", "A/10/7/0", "B/2/1/0", "B/2/0/0"]);
    assert_eq!(found(&root.join("B/2")), ["B/2/1/0", "B/2/0/0"]);

    write_group(&root.join("labels"), &json!({"ome": {"version": "0.5", "labels": ["cells"]}}));
    write_array(&root, "/labels/cells/0", |_| {});
    write_image(&root.join("labels/cells"), &["0"]);
    assert_eq!(found(&root.join("labels/cells")), ["labels/cells/0"]);
    assert_eq!(found(&root.join("labels")), ["labels/cells/0"]);

    write_group(&root, &json!({"ome": {"version": "0.5", "bioformats2raw.layout": 3}}));
    for series in ["0", "2", "10"] {
        write_array(&root, &format!("/{series}/0"), |_| {});
        write_image(&root.join(series), &["0"]);
    }
    assert_eq!(found(&root), ["0/0", "2/0", "10/0"]);
    write_group(&root.join("OME"), &json!({"ome": {"version": "0.5", "series": ["2", "0"]}}));
    assert_eq!(found(&root), ["2/0", "0/0"]);
    write_group(&root.join("OME"), &json!({"ome": {"version": "0.5", "series": ["2", "0", "./2"]}}));
    let expected = "plate.zarr: its list of images: got \"2\" twice, expected every member once";
    assert_eq!(refusal(&root), expected);
}

#[test]
fn a_level_by_itself_knows_its_image() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("image.zarr");
    for level in ["deep/0", "deep/1"] {
        write_array(&root, &format!("/{level}"), |_| {});
    }
    write_image(&root, &["deep/0", "deep/1"]);
    let options = OpenOptions::default();
    for path in [root.join("deep/1"), format!("file://{}", root.join("deep/%31").display()).into()] {
        let stack = open(&path, FileFormat::Zarr, None, &options).unwrap().remove(0);
        assert_eq!(stack.info().layout.axes().to_string(), AXES);
        assert_eq!(stack.info().pixel_size.unwrap().as_slice(), [1.0, 1.0]);
    }
    let mut request = OpenRequest::new(&root, &options);
    for (n_levels, expected) in [(Some(1), 1), (Some(2), 2), (None, 2)] {
        request.n_levels = n_levels;
        assert_eq!(Formats::default().open("zarr", &request).unwrap()[0].len(), expected);
    }
    request.n_levels = Some(3);
    assert!(matches!(Formats::default().open("zarr", &request), Err(StackError::TooFewLevels { .. })));
}

#[test]
fn what_is_wrong_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("x.zarr");
    write_group(&root, &json!({}));
    write_group(&root.join("empty"), &json!({}));
    write_array(&root, "/a", |_| {});
    let empty = "empty: the group: got no arrays and no OME-Zarr image, \
                 expected at least one array; name one inside the store if they are deeper";
    assert_eq!(refusal(&root.join("empty")), empty);
    let text = refusal(&root.join("b"));
    assert!(text.ends_with("x.zarr: \"b\" in it: got no such name, expected an array or a group"), "{text}");
    let text = refusal(&root.join("a/b"));
    assert!(text.ends_with("a: \"b\" in it: got an array, expected a group"), "{text}");
    write_image(&root, &["empty"]);
    let text = refusal(&root);
    assert_eq!(text, "x.zarr/empty: the node: got a group, expected an array");
    for path in ["../../y", "a/../../y"] {
        write_image(&root, &[path]);
        let expected =
            format!("x.zarr: a path in its metadata: got {path:?}, expected a path inside of the store");
        assert_eq!(refusal(&root), expected);
    }
    let other = folder.path().join("z.zarr");
    write_array(&other, "/", |_| {});
    let change = |key: &str, value: Value| {
        let mut metadata: Value =
            serde_json::from_slice(&fs::read(other.join("zarr.json")).unwrap()).unwrap();
        metadata[key] = value;
        fs::write(other.join("zarr.json"), metadata.to_string()).unwrap();
        refusal(&other)
    };
    let text = change("codecs", json!(["bytes", {"name": "numcodecs.lzma", "configuration": {}}]));
    assert_eq!(
        text,
        "z.zarr: codec lzma is not supported, rewrite the array with blosc, zstd, gzip or zlib and without other \
         filters"
    );
    fs::write(other.join("zarr.json"), vec![b' '; (16 << 20) + 1]).unwrap();
    assert_eq!(
        refusal(&other),
        "z.zarr: zarr.json cannot be read: got 16777217 bytes, expected at most 16777216"
    );
}

/// Replaces fields of an array's metadata.
fn change_metadata(array: &Path, changes: Value) {
    let file = array.join("zarr.json");
    let mut metadata: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    metadata.as_object_mut().unwrap().append(&mut changes.as_object().unwrap().clone());
    fs::write(file, metadata.to_string()).unwrap();
}

/// Counting the chunks of this one would take hours.
#[test]
fn grids_of_very_many_chunks_open_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("x.zarr");
    write_array(&root, "/", |_| {});
    let shape = [1, 1_u64 << 40, 12];
    for (name, configuration) in [
        ("rectilinear", json!({"kind": "inline", "chunk_shapes": [1, 1, [12]]})),
        ("rectangular", json!({"chunk_shape": [1, 1, [12]]})),
    ] {
        let grid = json!({"name": name, "configuration": configuration});
        change_metadata(&root, json!({"shape": shape, "chunk_grid": grid}));
        let stack = opened(&root).unwrap().remove(0);
        assert_eq!(stack.info().chunks, Some(vec![1, 1, 12]));
    }
    let grid = json!({"name": "zarrs.regular_bounded", "configuration": {"chunk_shape": [1, 1, 12]}});
    change_metadata(&root, json!({"chunk_grid": grid}));
    let text = refusal(&root);
    assert!(text.contains("the chunk grid zarrs.regular_bounded is not supported"), "{text}");
    let sizes = json!([1, [[1_u64 << 62, 5]], [12]]);
    let grid = json!({"name": "rectilinear", "configuration": {"kind": "inline", "chunk_shapes": sizes}});
    change_metadata(&root, json!({"chunk_grid": grid}));
    let text = refusal(&root);
    assert!(text.ends_with("expected sizes that can be added up"), "{text}");
}

#[test]
fn names_of_chunks_have_no_text_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("x.zarr");
    fs::write(folder.path().join("secret"), vec![7; 2 * 8 * 12]).unwrap();
    write_array(&root, "/", |_| {});
    let suffix = json!({"separator": "/", "suffix": "/../../../../../secret"});
    change_metadata(
        &root,
        json!({"chunk_key_encoding": {"name": "zarrs.default_suffix", "configuration": suffix}}),
    );
    let expected =
        "the chunk key encoding zarrs.default_suffix is not supported, rewrite the array without it";
    assert_eq!(refusal(&root), format!("x.zarr: {expected}"));
    for separator in ["..", "x"] {
        let encoding = json!({"name": "default", "configuration": {"separator": separator}});
        change_metadata(&root, json!({"chunk_key_encoding": encoding}));
        assert!(opened(&root).is_err());
    }
}

#[test]
fn chunks_of_several_sizes_that_unpack_to_too_much_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("x.zarr");
    write_array(&root, "/", |array| {
        array.bytes_to_bytes_codecs(vec![Arc::new(GzipCodec::new(5).unwrap())]);
    });
    let sizes = json!([[1, 1], [8, 13], 12]);
    let grid = json!({"name": "rectilinear", "configuration": {"kind": "inline", "chunk_shapes": sizes}});
    change_metadata(&root, json!({"chunk_grid": grid}));
    let mut bomb = Vec::new();
    let zeros = vec![0; 1 << 24];
    let mut encoder = flate2::read::GzEncoder::new(zeros.as_slice(), flate2::Compression::fast());
    std::io::Read::read_to_end(&mut encoder, &mut bomb).unwrap();
    fs::write(root.join("c/0/1/0"), bomb).unwrap();
    let stack = opened(&root).unwrap().remove(0);
    let whole = patchweave_geometry::Region::whole(stack.info().shape().extent);
    let error = stack.read_patch(0, None, &whole).unwrap_err();
    let error = with_causes(&error);
    assert!(error.contains("chunk [0, 1, 0] ("), "{error}");
    assert!(error.ends_with("got 313 bytes, expected 312"), "{error}");
}

#[cfg(unix)]
#[test]
fn links_out_of_the_store_are_refused_unless_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("x.zarr");
    let elsewhere = folder.path().join("elsewhere");
    write_group(&root, &json!({}));
    write_array(&elsewhere, "/", |_| {});
    std::os::unix::fs::symlink(&elsewhere, root.join("link")).unwrap();
    let text = refusal(&root.join("link"));
    assert!(text.contains("link leads out of the store, expected files inside of it"), "{text}");
    let mut options = OpenOptions::default();
    options.links_outside = true;
    let axes = AXES.parse().unwrap();
    let stacks = open(&root.join("link"), FileFormat::Zarr, Some(&axes), &options).unwrap();
    image_stack_suite(&*stacks[0], expected().view());
}

#[cfg(unix)]
#[test]
fn links_to_chunks_and_metadata_out_of_the_store_are_refused_unless_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = folder.path().join("elsewhere");
    write_array(&elsewhere, "/", |_| {});
    let mut allowing = OpenOptions::default();
    allowing.links_outside = true;
    let axes = AXES.parse().unwrap();
    for linked in ["c", "c/0/1", "c/0/1/2", "zarr.json"] {
        let root = folder.path().join(format!("{}.zarr", linked.replace('/', "_")));
        write_array(&root, "/", |_| {});
        let path = root.join(linked);
        if path.is_dir() {
            fs::remove_dir_all(&path).unwrap()
        } else {
            fs::remove_file(&path).unwrap()
        }
        std::os::unix::fs::symlink(elsewhere.join(linked), &path).unwrap();
        let read = |options: &OpenOptions| {
            let stack = open(&root, FileFormat::Zarr, Some(&axes), options)?.remove(0);
            let whole = patchweave_geometry::Region::whole(stack.info().shape().extent);
            stack.read_patch(0, None, &whole)
        };
        let text = with_causes(&read(&OpenOptions::default()).unwrap_err());
        assert!(text.contains("leads out of the store, expected files inside of it"), "{linked}: {text}");
        assert!(read(&allowing).is_ok(), "{linked}");
    }
    let inside = folder.path().join("inside.zarr");
    write_array(&inside, "/", |_| {});
    fs::rename(inside.join("c"), inside.join("d")).unwrap();
    std::os::unix::fs::symlink(inside.join("d"), inside.join("c")).unwrap();
    image_stack_suite(&*opened(&inside).unwrap()[0], expected().view());
}

/// 16 MiB of zeros, compressed.
fn bomb(codec: &str) -> Vec<u8> {
    use std::io::Read;
    let zeros = vec![0; 1 << 24];
    let read = |mut encoder: Box<dyn Read + '_>| {
        let mut encoded = Vec::new();
        encoder.read_to_end(&mut encoded).unwrap();
        encoded
    };
    let level = flate2::Compression::fast();
    match codec {
        "zstd" => zstd::bulk::compress(&zeros, 1).unwrap(),
        "gzip" => read(Box::new(flate2::read::GzEncoder::new(zeros.as_slice(), level))),
        "zlib" => read(Box::new(flate2::read::ZlibEncoder::new(zeros.as_slice(), level))),
        "bz2" => read(Box::new(bzip2::read::BzEncoder::new(zeros.as_slice(), bzip2::Compression::fast()))),
        // The header of blosc says how much there is.
        _ => [[2, 1, 0, 1], [0, 0, 0, 1], [0, 0, 0, 1], [20, 0, 0, 0], [0; 4]].concat(),
    }
}

fn read_error(root: &Path) -> String {
    let axes = "YX".parse().unwrap();
    let stack = open(root, FileFormat::Zarr, Some(&axes), &OpenOptions::default()).unwrap().remove(0);
    let whole = patchweave_geometry::Region::whole(stack.info().shape().extent);
    with_causes(&stack.read_patch(0, None, &whole).unwrap_err())
}

#[test]
fn chunks_that_unpack_to_too_much_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (codec, expected) in [
        ("zstd", "Destination buffer is too small"),
        ("gzip", "got 65 bytes, expected 64"),
        ("zlib", "got 65 bytes, expected 64"),
        ("bz2", "got 65 bytes, expected 64"),
        ("blosc", "got 16777216 bytes, expected 64"),
    ] {
        let root = folder.path().join(format!("{codec}.zarr"));
        fs::create_dir_all(&root).unwrap();
        let mut compressor = json!({"id": codec, "level": 1});
        if codec == "blosc" {
            compressor = json!({"id": codec, "cname": "lz4", "clevel": 5, "shuffle": 1, "blocksize": 0});
        }
        let metadata = json!({"zarr_format": 2, "shape": [8, 8], "chunks": [8, 8], "dtype": "|u1", "order": "C",
            "fill_value": 0, "filters": null, "compressor": compressor});
        fs::write(root.join(".zarray"), metadata.to_string()).unwrap();
        fs::write(root.join("0.0"), bomb(codec)).unwrap();
        let error = read_error(&root);
        assert!(error.contains("chunk [0, 0] (") && error.ends_with(expected), "{codec}: {error}");
    }
}

#[test]
fn chunks_of_shards_that_unpack_to_too_much_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(FilesystemStore::new(folder.path()).unwrap());
    let inner = vec![8.try_into().unwrap(); 2];
    let mut sharding = ShardingCodecBuilder::new(inner, &data_type::uint8());
    sharding.index_bytes_to_bytes_codecs(Vec::new());
    sharding.bytes_to_bytes_codecs(vec![Arc::new(GzipCodec::new(5).unwrap())]);
    let mut builder = ArrayBuilder::new(vec![8, 16], vec![8, 16], data_type::uint8(), 0_u8);
    builder.array_to_bytes_codec(sharding.build_arc());
    builder.build(store, "/").unwrap().store_metadata().unwrap();
    let mut shard = bomb("gzip");
    let index = [0, shard.len() as u64, u64::MAX, u64::MAX];
    shard.extend(index.into_iter().flat_map(u64::to_le_bytes));
    fs::create_dir_all(folder.path().join("c/0")).unwrap();
    fs::write(folder.path().join("c/0/0"), shard).unwrap();
    let error = read_error(folder.path());
    assert!(error.contains("chunk [0, 0] (") && error.ends_with("got 65 bytes, expected 64"), "{error}");
}

#[test]
fn every_pixel_type_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let axes = "YX".parse().unwrap();
    macro_rules! check {
        ($($name:ident: $pixel:ty),*) => {$({
            let image: ArrayD<$pixel> = ramp(&[9, 11]);
            let store = Arc::new(FilesystemStore::new(folder.path().join(stringify!($name))).unwrap());
            let zero = zarrs::array::FillValue::from(<$pixel>::default());
            let array = ArrayBuilder::new(vec![9, 11], vec![4, 4], data_type::$name(), zero).build(store, "/").unwrap();
            array.store_metadata().unwrap();
            array.store_array_subset(&array.subset_all(), image.as_slice().unwrap()).unwrap();
            let path = folder.path().join(stringify!($name));
            let stack = open(&path, FileFormat::Zarr, Some(&axes), &OpenOptions::default()).unwrap().remove(0);
            image_stack_suite(&*stack, canonical_f32(&image, &axes).unwrap().view());
        })*};
    }
    check!(uint8: u8, uint16: u16, uint32: u32, uint64: u64, int8: i8, int16: i16, int32: i32, int64: i64);
    check!(bool: bool, float16: half::f16, float32: f32, float64: f64);
}
