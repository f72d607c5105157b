//! Zarr arrays whose chunks are too large for one thing or another.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

use std::path::Path;
use std::sync::Arc;

use patchweave_formats::{FileFormat, OpenOptions};
use patchweave_geometry::Region;
use patchweave_stack::{ImageStack, ImageStackExt, StackError};
use zarrs::array::{ArrayBuilder, data_type};
use zarrs::filesystem::FilesystemStore;

/// Writes an array of 10 × 12 pixels that count from 0, or one without pixels if chunks are large.
fn write_zarr(path: &Path, chunk: [u64; 2], inner: Option<[u64; 2]>) {
    let store = Arc::new(FilesystemStore::new(path).unwrap());
    let mut builder = ArrayBuilder::new(vec![10, 12], chunk.to_vec(), data_type::uint16(), 0_u16);
    builder.subchunk_shape(inner.map(|inner| inner.to_vec()));
    let array = builder.build(store, "/").unwrap();
    array.store_metadata().unwrap();
    if chunk[0] <= 10 {
        array.store_array_subset(&array.subset_all(), (0_u16..120).collect::<Vec<_>>()).unwrap();
    }
}

fn open(path: &Path, options: &OpenOptions) -> Result<Arc<dyn ImageStack>, StackError> {
    Ok(patchweave_formats::open(path, FileFormat::Zarr, Some(&"YX".parse().unwrap()), options)?.remove(0))
}

fn assert_counts_up(stack: &dyn ImageStack) {
    let patch = stack.read_patch(0, None, &Region::whole(stack.info().shape().extent)).unwrap();
    assert!(patch.iter().zip(0_u16..).all(|(got, expected)| *got == f32::from(expected)));
}

#[test]
fn chunks_above_the_budget_are_refused_at_opening() {
    let folder = tempfile::tempdir().unwrap();
    for (name, side) in [("large.zarr", 1_000_000), ("overflow.zarr", 1 << 40)] {
        let path = folder.path().join(name);
        write_zarr(&path, [side, side], None);
        let error = open(&path, &OpenOptions::default()).err().unwrap();
        assert!(matches!(error, StackError::ChunkTooLarge { .. }), "{error:?}");
        let expected = format!(
            "{name}: got chunks of [{side}, {side}] pixels of uint16, \
             expected at most 1073741824 bytes decoded"
        );
        assert!(error.to_string().ends_with(&expected), "{error}");
    }
}

#[test]
fn the_budget_is_for_what_is_decoded_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let options = |chunk_cache_bytes, decoded_chunk_bytes| {
        let mut options = OpenOptions::with_cache_bytes(chunk_cache_bytes);
        options.decoded_chunk_bytes = decoded_chunk_bytes;
        options
    };
    let plain = folder.path().join("plain.zarr");
    write_zarr(&plain, [10, 6], None);
    assert_counts_up(&open(&plain, &options(0, 120)).unwrap());
    assert!(matches!(open(&plain, &options(0, 119)), Err(StackError::ChunkTooLarge { .. })));

    let sharded = folder.path().join("sharded.zarr");
    write_zarr(&sharded, [10, 6], Some([5, 3]));
    let in_parts = open(&sharded, &options(120, 30)).unwrap();
    assert_eq!((&in_parts.info().chunks, &in_parts.info().shards), (&Some(vec![5, 3]), &Some(vec![10, 6])));
    assert_counts_up(&in_parts);
    assert!(matches!(open(&sharded, &options(120, 29)), Err(StackError::ChunkTooLarge { .. })));
}

#[test]
fn the_budget_is_also_for_the_index_of_a_shard() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.zarr");
    write_zarr(&path, [1 << 10, 1 << 10], Some([2, 1]));
    let mut options = OpenOptions::default();
    options.decoded_chunk_bytes = 16 << 19;
    assert!(open(&path, &options).is_ok());
    options.decoded_chunk_bytes -= 1;
    let error = open(&path, &options).err().unwrap();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(cause, "got a shard index of 8388608 bytes, expected at most 8388607");
}

#[test]
fn pixel_sizes_are_known_only_if_every_axis_has_a_unit() {
    for (units, scale, expected) in [
        (["micrometer", "micrometer"], "[0.5, 0.25]", Some(vec![0.5, 0.25])),
        (["micrometer", "pixel"], "[0.5, 0.25]", None),
        (["micrometer", "micrometer"], "[0.5, 0]", None),
    ] {
        let folder = tempfile::tempdir().unwrap();
        write_zarr(&folder.path().join("0"), [5, 6], None);
        let [y, x] = units.map(|unit| format!(r#""type": "space", "unit": "{unit}""#));
        let group = format!(
            r#"{{"zarr_format": 3, "node_type": "group", "attributes": {{"ome": {{"version": "0.5", "multiscales":
            [{{"axes": [{{"name": "y", {y}}}, {{"name": "x", {x}}}], "datasets": [{{"path": "0",
            "coordinateTransformations": [{{"type": "scale", "scale": {scale}}}]}}]}}]}}}}}}"#
        );
        std::fs::write(folder.path().join("zarr.json"), group).unwrap();
        let stack = open(folder.path(), &OpenOptions::default()).unwrap();
        assert_eq!(stack.info().pixel_size.map(|size| size.as_slice().to_vec()), expected);
    }
}

/// An image of two channels whose arrays `0` and `1` are levels, below `path` of a store.
fn write_image(store: &Path, path: &str, attributes: &serde_json::Value) {
    let group = store.join(path);
    let disk = Arc::new(FilesystemStore::new(&group).unwrap());
    for (name, side) in [("/0", 8), ("/1", 4)] {
        let builder = ArrayBuilder::new(vec![2, side, side], vec![1, 4, 4], data_type::uint32(), 0_u32);
        builder.build(disk.clone(), name).unwrap().store_metadata().unwrap();
    }
    let mut at = store.to_path_buf();
    for part in path.split('/') {
        let group = serde_json::json!({"zarr_format": 3, "node_type": "group", "attributes": {}});
        std::fs::write(at.join("zarr.json"), group.to_string()).unwrap();
        at.push(part);
    }
    let group = serde_json::json!({"zarr_format": 3, "node_type": "group", "attributes": attributes});
    std::fs::write(at.join("zarr.json"), group.to_string()).unwrap();
}

fn multiscales() -> serde_json::Value {
    let space = |name: &str| serde_json::json!({"name": name, "type": "space", "unit": "nanometer"});
    let level = |path: &str, scale: f64, place: f64| {
        serde_json::json!({"path": path, "coordinateTransformations": [
            {"type": "scale", "scale": [1.0, scale, scale]},
            {"type": "translation", "translation": [0.0, place, 2.0 * place]},
        ]})
    };
    serde_json::json!([{
        "axes": [{"name": "c", "type": "channel"}, space("y"), space("x")],
        "datasets": [level("0", 100.0, 500.0), level("1", 200.0, 550.0)],
        "coordinateTransformations": [{"type": "scale", "scale": [1.0, 2.0, 2.0]}],
    }])
}

fn levels(path: &Path, n_levels: usize) -> Vec<Arc<dyn ImageStack>> {
    let axes = "CYX".parse().unwrap();
    let options = OpenOptions::default();
    patchweave_formats::open_levels(path, FileFormat::Zarr, Some(&axes), &options, n_levels)
        .unwrap()
        .remove(0)
}

/// What the metadata says of places and of channels is known, of every level and of an array by itself.
#[test]
fn places_and_looks_of_images_are_known() {
    let folder = tempfile::tempdir().unwrap();
    let omero = serde_json::json!({"channels": [
        {"label": "nuclei", "color": "0000FF", "window": {"start": 100, "end": 900, "min": 0, "max": 65535}},
        {"label": "actin", "color": "00ff00", "window": {"start": 0.5, "end": 1, "min": 0, "max": 1}},
    ]});
    let store = folder.path().join("image.zarr");
    write_image(&store, "a", &serde_json::json!({"ome": {"multiscales": multiscales(), "omero": omero}}));
    let all = levels(&store.join("a"), 2);
    assert_eq!(all.len(), 2);
    let coarse = levels(&store.join("a/1"), 1).remove(0);
    let of_levels = [(&all[0], [1.0, 2.0]), (&all[1], [1.1, 2.2]), (&coarse, [1.1, 2.2])];
    for (stack, place) in of_levels {
        let info = stack.info();
        let name = &info.source;
        let got = info.translation.unwrap();
        assert!(
            got.as_slice().iter().zip(place).all(|(got, place)| (got - place).abs() < 1e-9),
            "{name}: {got:?}"
        );
        assert_eq!(info.channel_colors, Some(vec![[0, 0, 255], [0, 255, 0]]), "{name}");
        assert_eq!(info.channel_windows, Some(vec![(100.0, 900.0), (0.5, 1.0)]), "{name}");
        assert!(!info.is_labels, "{name}");
    }
}

/// Labels say so themselves, or stand where labels do.
#[test]
fn labels_are_known_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let plain = serde_json::json!({"ome": {"multiscales": multiscales()}});
    let named = serde_json::json!({"ome": {"multiscales": multiscales(), "image-label": {"version": "0.5"}}});
    for (path, attributes, is_labels) in [
        ("nuclei", &plain, false),
        ("nuclei", &named, true),
        ("labels/nuclei", &plain, true),
        ("0/labels/nuclei", &plain, true),
        ("labels", &plain, false),
        ("mylabels/nuclei", &plain, false),
    ] {
        // The name of the store says nothing.
        let store = folder.path().join(format!("labels/{is_labels}-{}.zarr", path.replace('/', "-")));
        write_image(&store, path, attributes);
        for inside in [path.to_owned(), format!("{path}/0")] {
            assert_eq!(levels(&store.join(&inside), 1)[0].info().is_labels, is_labels, "{inside}");
        }
        std::fs::remove_dir_all(store).unwrap();
    }
}
