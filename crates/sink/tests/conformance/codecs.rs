//! Every codec of Zarr, for images that are empty in part.

use patchweave_pixel::TypedArray;
use patchweave_sink::{Codec, Compression, Job, SinkFormats};
use serde_json::json;

use crate::table::CASES;
use crate::written::{bytes_in, noise, write_units};

const CODECS: [(Codec, Option<i32>); 8] = [
    (Codec::Auto, None),
    (Codec::None, None),
    (Codec::Zstd, None),
    (Codec::Zstd, Some(19)),
    (Codec::Deflate, None),
    (Codec::Blosc, Some(9)),
    (Codec::BloscZstd, None),
    (Codec::BloscZstd, Some(0)),
];

#[test]
fn other_readers_find_what_any_codec_has_stored() {
    for case in CASES.iter().filter(|case| case.is_store()) {
        for (seed, (codec, level)) in (0..).zip(CODECS) {
            for stores_empty in [false, true] {
                let folder = tempfile::tempdir().unwrap();
                let mut spec = case.several();
                spec.compression = Compression { codec, level };
                spec.options.insert("store_empty".into(), json!(stores_empty));
                let layout = spec.layout.clone();
                let path = folder.path().join("image");
                let job = Job::start(&SinkFormats::default(), &path, Some(case.format), spec).unwrap();
                let sink = job.sink();
                let info = sink.info();
                let mut image = noise(info, seed);
                // About half of the chunks hold nothing, some of them a part.
                let nothing: Vec<usize> = image.shape().iter().map(|size| size.div_ceil(2) + 1).collect();
                let nothing: Vec<usize> =
                    nothing.iter().zip(image.shape()).map(|(n, size)| *n.min(size)).collect();
                let zeros = TypedArray::zeros(info.pixel_type, &nothing).unwrap();
                let to = image.view_mut().slice_box(&vec![0; nothing.len()], &nothing);
                { to }.assign(&zeros.view()).unwrap();
                write_units(&sink, &image, 0..info.units.n_units());
                for unit_idx in 0..info.units.n_units() {
                    let unit = info.unit(unit_idx).unwrap();
                    let part = image.view().slice_box(&unit.start, &unit.size).to_array().unwrap();
                    assert_eq!(sink.read(unit_idx).unwrap().unwrap(), part, "{} {codec:?}", case.label);
                }
                let own = info.units.layout().axes().clone();
                let location = job.commit().unwrap();
                let got = (case.read)(&location, &layout);
                let label = format!("{} {codec:?} {level:?} {stores_empty}", case.label);
                assert!(got == bytes_in(&image, &own, &(case.axes)(layout.axes())), "{label}");
            }
        }
    }
}
