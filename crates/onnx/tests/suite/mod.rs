//! What holds of small networks whoever runs them; outputs are compared with the reference implementation of ONNX.
#![allow(clippy::print_stdout, reason = "figures of a test that fails")]

use crate::support::written::{self, FLOAT, cast, field, tensor};
use crate::support::{difference, net, net_file, npy};
use ndarray::{Array5, ArrayD, Axis, IxDyn, s};
use patchweave_model::halo::measure;
use patchweave_model::{ChannelRule, Likeness, Model, ModelExt, OutputType, Scale, Sides, SizeRule};
use patchweave_onnx::{OnnxModel, OnnxOptions, Runtime};

const ANY: SizeRule = SizeRule::Any;
const ONE: SizeRule = SizeRule::Fixed(1);
const NONE: Sides = Sides::both(0);

/// An output and its axes.
type Named = (&'static str, &'static str);

fn with(runtime: &Runtime) -> OnnxOptions {
    let mut options = OnnxOptions::default();
    options.runtime = runtime.clone();
    options
}

fn with_axes(runtime: &Runtime, axes: &str) -> OnnxOptions {
    let mut options = with(runtime);
    options.axes = Some(axes.parse().unwrap());
    options
}

/// An array of the file as `BCZYX`, the way the axes of the test say.
fn block(array: ArrayD<f32>, axes: &str) -> Array5<f32> {
    let order: Vec<usize> = "NCZYX".chars().filter_map(|axis| axes.find(axis)).collect();
    let array = array.permuted_axes(IxDyn(&order));
    let size = |axis: char| "NCZYX".chars().filter(|own| axes.contains(*own)).position(|own| own == axis);
    let shape: Vec<usize> =
        "NCZYX".chars().map(|axis| size(axis).map_or(1, |place| array.shape()[place])).collect();
    let shape: [usize; 5] = shape.try_into().unwrap();
    array.as_standard_layout().into_owned().into_shape_with_order(shape).unwrap()
}

pub fn outputs_are_those_of_the_reference(runtime: &Runtime) {
    let nets: [(&str, &str, &[Named]); 11] = [
        ("planes", "NCYX", &[("mask", "NCYX"), ("classes", "NYX")]),
        ("unet", "NCYX", &[("probability", "NCYX")]),
        ("volume", "NCZYX", &[("large", "NCZYX"), ("small", "NCZYX")]),
        ("upscale", "NCYX", &[("large", "NCYX")]),
        ("newest", "NCYX", &[("out", "NCYX")]),
        ("last", "NYXC", &[("out", "NYXC")]),
        ("fixed", "NCYX", &[("out", "NCYX")]),
        ("plain", "YX", &[("out", "YX")]),
        ("every", "NCYX", &[("out", "NCYX")]),
        ("external", "NCYX", &[("out", "NCYX")]),
        ("column", "NCYX", &[("out", "NCYX")]),
    ];
    for (name, axes, outputs) in nets {
        let model = net(name, &with_axes(runtime, axes));
        assert_eq!(model.info().name, name);
        assert_eq!(model.info().outputs.len(), outputs.len(), "{name}");
        let inputs = block(npy(&net_file(&format!("{name}.in.npy"))), axes);
        model.prepare(inputs.dim().into()).unwrap();
        let made = model.predict_alone(inputs.view()).unwrap();
        for ((output, axes), (made, info)) in outputs.iter().zip(made.into_iter().zip(&model.info().outputs))
        {
            assert_eq!(info.name, *output, "{name}");
            let expected = block(npy(&net_file(&format!("{name}.{output}.npy"))), axes).into_dyn();
            let difference = difference(&made.into_dyn(), &expected);
            println!("{name} {output}: {difference:.1e}");
            assert!(difference < 1e-5, "{name} {output}: {difference}");
        }
    }
}

pub fn sizes_are_found_out(runtime: &Runtime) {
    let four = SizeRule::Steps { min: 4, step: 4 };
    let two = SizeRule::Steps { min: 2, step: 2 };
    let four_columns = SizeRule::Steps { min: 4, step: 1 };
    let fixed = SizeRule::Fixed;
    // ONNX mirrors three pixels only where there are four; tract takes less.
    let mirrored =
        if *runtime == Runtime::Tract { [ONE, ANY, ANY] } else { [ONE, four_columns, four_columns] };
    let nets = [
        ("planes", "NCYX", Some(1), ANY, [ONE, ANY, ANY]),
        ("unet", "NCYX", Some(2), ONE, [ONE, four, four]),
        ("volume", "NCZYX", Some(1), ANY, [ANY, two, two]),
        ("upscale", "NCYX", Some(1), ANY, [ONE, ANY, ANY]),
        ("last", "NYXC", Some(3), ONE, [ONE, ANY, ANY]),
        ("fixed", "NCYX", Some(1), ONE, [ONE, fixed(24), fixed(32)]),
        ("plain", "YX", Some(1), ONE, [ONE, ANY, ANY]),
        ("every", "NCYX", None, ANY, mirrored),
        ("column", "NCYX", Some(1), ANY, [ONE, ANY, four_columns]),
    ];
    for (name, axes, n_channels, batch, sizes) in nets {
        let input = net(name, &with_axes(runtime, axes)).info().input.clone();
        assert_eq!((input.n_channels, input.batch, input.sizes), (n_channels, batch, sizes), "{name}");
    }
}

pub fn outputs_are_found_out(runtime: &Runtime) {
    let planes = net("planes", &with(runtime));
    let [mask, classes] = planes.info().outputs.as_slice() else { panic!("two outputs") };
    assert_eq!((mask.channels, mask.pixel_type), (ChannelRule::Fixed(3), OutputType::Float));
    assert_eq!((classes.channels, classes.pixel_type), (ChannelRule::Fixed(1), OutputType::Label));
    assert_eq!((mask.likeness, classes.likeness), (Likeness::Target, Likeness::Own));
    let volume = net("volume", &with(runtime));
    let scales: Vec<_> = volume.info().outputs.iter().map(|output| output.scale).collect();
    assert_eq!(scales, [[Scale::Same; 3], [Scale::Same, Scale::Over(2), Scale::Over(2)]]);
    let upscale = net("upscale", &with(runtime));
    assert_eq!(upscale.info().outputs[0].scale, [Scale::Same, Scale::Times(2), Scale::Times(2)]);
    let every = net("every", &with(runtime));
    assert_eq!(every.info().outputs[0].channels, ChannelRule::SameAsInput);
}

pub fn sizes_of_the_file_give_way_when_told(runtime: &Runtime) {
    let mut options = with(runtime);
    options.resize = true;
    let model = net("fixed", &options);
    assert_eq!((model.info().input.sizes, model.info().input.batch), ([ONE, ANY, ANY], ANY));
    let own = net("fixed", &with(runtime));
    let inputs = block(npy(&net_file("fixed.in.npy")), "NCYX");
    let whole = &own.predict_alone(inputs.view()).unwrap()[0];
    let part = inputs.slice(s![.., .., .., 3..20, 7..]);
    assert!(own.predict_alone(part).is_err());
    let predicted = &model.predict_alone(part).unwrap()[0];
    let kept = predicted.slice(s![.., .., .., 2..15, 2..]).to_owned().into_dyn();
    assert!(difference(&kept, &whole.slice(s![.., .., .., 5..18, 9..]).to_owned().into_dyn()) < 1e-6);
}

pub fn halos_are_measured(runtime: &Runtime) {
    let nets = [
        // A kernel of 3 by 3 and one of 3 by 5.
        ("planes", [1, 20, 24], [NONE, Sides::both(2), Sides::both(3)]),
        ("fixed", [1, 24, 32], [NONE, Sides::both(2), Sides::both(2)]),
        ("external", [1, 16, 16], [NONE, Sides::both(2), Sides::both(2)]),
        // A kernel of 3 in every direction, twice along Z; along Y and X the second one sees blocks of two, up to three
        // pixels beyond the own block, and the other pixel of that.
        ("volume", [12, 16, 16], [Sides::both(2), Sides::both(4), Sides::both(4)]),
    ];
    for (name, size, expected) in nets {
        let measured = measure(&net(name, &with(runtime)), size).unwrap();
        assert_eq!(measured.halo(), expected, "{name}");
        assert!(!measured.is_global(), "{name}");
    }
    let measured = measure(&net("volume", &with(runtime)), [12, 16, 16]).unwrap();
    assert_eq!(
        measured.outputs[1].halo,
        [Sides::both(2), Sides::both(3), Sides::both(3)],
        "of blocks of two"
    );
    let mut options = with(runtime);
    options.halo = Some([NONE, Sides { before: 5, after: 4 }, NONE]);
    assert_eq!(net("planes", &options).info().halo()[1], Sides { before: 5, after: 4 });
}

pub fn normalisation_over_a_tile_is_told(runtime: &Runtime) {
    assert!(measure(&net("newest", &with(runtime)), [1, 24, 24]).unwrap().is_global());
}

/// A tile in steps of the network, and its halo around it, is what the whole image is there.
pub fn tiles_equal_the_whole_outside_of_the_halo(runtime: &Runtime) {
    let model = net("unet", &with(runtime));
    let measured = measure(&model, [1, 64, 64]).unwrap();
    let model = model.with_measured_halo(&measured);
    let [_, y, x] = model.info().halo();
    println!("halo {y} {x}");
    assert!(!measured.is_global() && y.before > 5);
    let mut number = 0.1;
    let inputs = Array5::from_shape_simple_fn([1, 2, 1, 96, 96], || {
        number = (number * 3.7_f32 + 0.31) % 1.0;
        4.0 * number - 2.0
    });
    let whole = &model.predict_alone(inputs.view()).unwrap()[0];
    let up = |width: usize| width.next_multiple_of(4);
    for start in [32, 36, 44] {
        let end = start + 12;
        let [from, to] = [start - up(y.before), end + up(y.after)];
        let tile = inputs.slice(s![.., .., .., from..to, from..to]);
        let predicted = &model.predict_alone(tile).unwrap()[0];
        let kept = start - from..end - from;
        let kept = predicted.slice(s![.., .., .., kept.clone(), kept]).to_owned().into_dyn();
        let expected = whole.slice(s![.., .., .., start..end, start..end]).to_owned().into_dyn();
        assert!(difference(&kept, &expected) < 1e-6, "from {start} on");
    }
    // And less than the halo is not enough, on this side.
    let measured_is_needed = (0..4).any(|phase| {
        let mut changed = inputs.clone();
        changed[[0, 0, 0, 48 + phase, 48]] += 1000.0;
        let moved = &model.predict_alone(changed.view()).unwrap()[0];
        let reached = 48 + phase + y.before;
        moved.index_axis(Axis(3), reached) != whole.index_axis(Axis(3), reached)
    });
    assert!(measured_is_needed);
}

pub fn threads_share_a_model(runtime: &Runtime) {
    let model = net("unet", &with(runtime));
    let inputs = block(npy(&net_file("unet.in.npy")), "NCYX");
    let expected = model.predict_alone(inputs.view()).unwrap();
    std::thread::scope(|scope| {
        let run = || (0..20).all(|_| model.predict_alone(inputs.view()).unwrap() == expected);
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(run)).collect();
        assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
    });
}

/// More shapes than plans are kept.
pub fn plans_are_made_again(runtime: &Runtime) {
    let model = net("planes", &with(runtime));
    for size in (3..16).chain(3..16) {
        let outputs = model.predict_alone(Array5::ones([1, 1, 1, size, size]).view()).unwrap();
        assert_eq!(outputs[1].dim(), (1, 1, 1, size, size));
    }
}

pub fn sizes_that_are_not_taken_are_refused_before(runtime: &Runtime) {
    let model = net("unet", &with(runtime));
    let error = model.prepare([1, 2, 1, 18, 16]).unwrap_err();
    assert_eq!(error.to_string(), "model unet: got 18 pixels along Y, expected 4 + n·4");
    assert_eq!(model.info().fit([9, 18, 3]), [1, 16, 4]);
}

pub fn networks_in_memory_are_those_of_files(runtime: &Runtime) {
    let weights = std::fs::read(net_file("external.data")).unwrap();
    let beside = std::collections::BTreeMap::from([("external.data".to_owned(), weights)]);
    for name in ["planes", "external"] {
        let bytes = std::fs::read(net_file(&format!("{name}.onnx"))).unwrap();
        let path = format!("in/memory/{name}.onnx");
        let model = OnnxModel::from_bytes(path.as_ref(), &bytes, &beside, &with(runtime)).unwrap();
        let of_file = net(name, &with(runtime));
        assert_eq!(model.info(), of_file.info());
        assert_eq!(model.output_axes(), of_file.output_axes());
        let image = Array5::from_shape_fn([1, 1, 1, 8, 8], |(.., y, x)| (y * x % 5) as f32);
        assert_eq!(model.predict_alone(image.view()).unwrap(), of_file.predict_alone(image.view()).unwrap());
    }
    // Without its weights, or with half of them.
    let bytes = std::fs::read(net_file("external.onnx")).unwrap();
    let half = std::collections::BTreeMap::from([("external.data".to_owned(), vec![0; 9])]);
    for (beside, part) in [(Default::default(), "those that are there: none"), (half, "has 9 bytes")] {
        let refused = OnnxModel::from_bytes("a.onnx".as_ref(), &bytes, &beside, &with(runtime));
        let error = refused.unwrap_err();
        assert_eq!(error.to_string(), "a.onnx cannot be loaded");
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains(part), "{cause}");
    }
}

/// Numbers of any type become `f32`; whole ones are labels.
pub fn numbers_of_all_types_are_taken(runtime: &Runtime) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cast.onnx");
    let inputs = Array5::from_shape_fn([1, 1, 1, 3, 4], |(.., y, x)| (4 * y + x) as f32);
    // float, uint8, int8, uint16, int16, int32, int64, bool, float16, double, uint32, uint64
    for element in [1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13] {
        let graph = [
            cast("image", element, "out"),
            field(2, b"cast"),
            field(11, &tensor("image", FLOAT, 0)),
            field(12, &tensor("out", element, 0)),
        ];
        std::fs::write(&path, written::model(&graph.concat())).unwrap();
        let model = OnnxModel::open(&path, &with(runtime)).unwrap_or_else(|error| panic!("{error:?}"));
        let is_whole = ![1, 10, 11].contains(&element);
        let expected = if is_whole { OutputType::Label } else { OutputType::Float };
        assert_eq!(model.info().outputs[0].pixel_type, expected, "type {element}");
        let made = model.predict_alone(inputs.view()).unwrap().remove(0);
        let bool = 9;
        let expected = inputs.mapv(|pixel| if element == bool { pixel.min(1.0) } else { pixel });
        assert_eq!(made, expected, "type {element}");
    }
}

/// Makes a test of every function of this suite, with an attribute where one is given.
macro_rules! suite {
    ($runtime:expr $(, $attribute:meta)?) => {
        suite! { @ $runtime, [$($attribute)?], outputs_are_those_of_the_reference, sizes_are_found_out, outputs_are_found_out, sizes_of_the_file_give_way_when_told, halos_are_measured, normalisation_over_a_tile_is_told, tiles_equal_the_whole_outside_of_the_halo, threads_share_a_model, plans_are_made_again, sizes_that_are_not_taken_are_refused_before, networks_in_memory_are_those_of_files, numbers_of_all_types_are_taken }
    };
    (@ $runtime:expr, $attribute:tt, $($test:ident),*) => {$(
        suite! { @@ $runtime, $attribute, $test }
    )*};
    (@@ $runtime:expr, [$($attribute:meta)?], $test:ident) => {
        #[test]
        $(#[$attribute])?
        fn $test() {
            suite::$test(&$runtime);
        }
    };
}
