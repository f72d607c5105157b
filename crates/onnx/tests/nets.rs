//! Small networks against what the reference implementation of ONNX made of them, and what is found out about them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod support;

use ndarray::{Array5, ArrayD, Axis, IxDyn, s};
use patchweave_model::halo::measure;
use patchweave_model::{ChannelRule, Likeness, Model, ModelExt, OutputType, Scale, Sides, SizeRule};
use patchweave_onnx::{OnnxModel, OnnxOptions};
use support::{difference, net, net_file, npy};

const ANY: SizeRule = SizeRule::Any;
const ONE: SizeRule = SizeRule::Fixed(1);
const NONE: Sides = Sides::both(0);

/// An output and its axes.
type Named = (&'static str, &'static str);

fn with_axes(axes: &str) -> OnnxOptions {
    let mut options = OnnxOptions::default();
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

#[test]
fn outputs_are_those_of_the_reference() {
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
        let model = net(name, &with_axes(axes));
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

#[test]
fn axes_are_guessed_by_the_number_of_dimensions() {
    for (name, axes) in [("planes", "NCYX"), ("volume", "NCZYX"), ("plain", "YX")] {
        let model = net(name, &OnnxOptions::default());
        assert_eq!(model.axes().to_string(), axes, "{name}");
    }
}

#[test]
fn sizes_are_found_out() {
    let four = SizeRule::Steps { min: 4, step: 4 };
    let two = SizeRule::Steps { min: 2, step: 2 };
    let four_columns = SizeRule::Steps { min: 4, step: 1 };
    let fixed = SizeRule::Fixed;
    let nets = [
        ("planes", "NCYX", Some(1), ANY, [ONE, ANY, ANY]),
        ("unet", "NCYX", Some(2), ONE, [ONE, four, four]),
        ("volume", "NCZYX", Some(1), ANY, [ANY, two, two]),
        ("upscale", "NCYX", Some(1), ANY, [ONE, ANY, ANY]),
        ("last", "NYXC", Some(3), ONE, [ONE, ANY, ANY]),
        ("fixed", "NCYX", Some(1), ONE, [ONE, fixed(24), fixed(32)]),
        ("plain", "YX", Some(1), ONE, [ONE, ANY, ANY]),
        ("every", "NCYX", None, ANY, [ONE, ANY, ANY]),
        ("column", "NCYX", Some(1), ANY, [ONE, ANY, four_columns]),
    ];
    for (name, axes, n_channels, batch, sizes) in nets {
        let input = net(name, &with_axes(axes)).info().input.clone();
        assert_eq!((input.n_channels, input.batch, input.sizes), (n_channels, batch, sizes), "{name}");
    }
}

#[test]
fn outputs_are_found_out() {
    let planes = net("planes", &OnnxOptions::default());
    let [mask, classes] = planes.info().outputs.as_slice() else { panic!("two outputs") };
    assert_eq!((mask.channels, mask.pixel_type), (ChannelRule::Fixed(3), OutputType::Float));
    assert_eq!((classes.channels, classes.pixel_type), (ChannelRule::Fixed(1), OutputType::Label));
    assert_eq!((mask.likeness, classes.likeness), (Likeness::Target, Likeness::Own));
    let volume = net("volume", &OnnxOptions::default());
    let scales: Vec<_> = volume.info().outputs.iter().map(|output| output.scale).collect();
    assert_eq!(scales, [[Scale::Same; 3], [Scale::Same, Scale::Over(2), Scale::Over(2)]]);
    let upscale = net("upscale", &OnnxOptions::default());
    assert_eq!(upscale.info().outputs[0].scale, [Scale::Same, Scale::Times(2), Scale::Times(2)]);
    let every = net("every", &OnnxOptions::default());
    assert_eq!(every.info().outputs[0].channels, ChannelRule::SameAsInput);
}

#[test]
fn sizes_of_the_file_give_way_when_told() {
    let mut options = OnnxOptions::default();
    options.resize = true;
    let model = net("fixed", &options);
    assert_eq!((model.info().input.sizes, model.info().input.batch), ([ONE, ANY, ANY], ANY));
    let own = net("fixed", &OnnxOptions::default());
    let inputs = block(npy(&net_file("fixed.in.npy")), "NCYX");
    let whole = &own.predict_alone(inputs.view()).unwrap()[0];
    let part = inputs.slice(s![.., .., .., 3..20, 7..]);
    assert!(own.predict_alone(part).is_err());
    let predicted = &model.predict_alone(part).unwrap()[0];
    let kept = predicted.slice(s![.., .., .., 2..15, 2..]).to_owned().into_dyn();
    assert!(difference(&kept, &whole.slice(s![.., .., .., 5..18, 9..]).to_owned().into_dyn()) < 1e-6);
}

#[test]
fn halos_are_measured() {
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
        let measured = measure(&net(name, &OnnxOptions::default()), size).unwrap();
        assert_eq!(measured.halo(), expected, "{name}");
        assert!(!measured.is_global(), "{name}");
    }
    let measured = measure(&net("volume", &OnnxOptions::default()), [12, 16, 16]).unwrap();
    assert_eq!(
        measured.outputs[1].halo,
        [Sides::both(2), Sides::both(3), Sides::both(3)],
        "of blocks of two"
    );
    let mut options = OnnxOptions::default();
    options.halo = Some([NONE, Sides { before: 5, after: 4 }, NONE]);
    assert_eq!(net("planes", &options).info().halo()[1], Sides { before: 5, after: 4 });
}

#[test]
fn normalisation_over_a_tile_is_told() {
    assert!(measure(&net("newest", &OnnxOptions::default()), [1, 24, 24]).unwrap().is_global());
}

/// A tile in steps of the network, and its halo around it, is what the whole image is there.
#[test]
fn tiles_equal_the_whole_outside_of_the_halo() {
    let model = net("unet", &OnnxOptions::default());
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

#[test]
fn threads_share_a_model() {
    let model = net("unet", &OnnxOptions::default());
    let inputs = block(npy(&net_file("unet.in.npy")), "NCYX");
    let expected = model.predict_alone(inputs.view()).unwrap();
    std::thread::scope(|scope| {
        let run = || (0..20).all(|_| model.predict_alone(inputs.view()).unwrap() == expected);
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(run)).collect();
        assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
    });
}

/// More shapes than plans are kept.
#[test]
fn plans_are_made_again() {
    let model = net("planes", &OnnxOptions::default());
    for size in (3..16).chain(3..16) {
        let outputs = model.predict_alone(Array5::ones([1, 1, 1, size, size]).view()).unwrap();
        assert_eq!(outputs[1].dim(), (1, 1, 1, size, size));
    }
}

#[test]
fn sizes_that_are_not_taken_are_refused_before() {
    let model = net("unet", &OnnxOptions::default());
    let error = model.prepare([1, 2, 1, 18, 16]).unwrap_err();
    assert_eq!(error.to_string(), "model unet: got 18 pixels along Y, expected 4 + n·4");
    assert_eq!(model.info().fit([9, 18, 3]), [1, 16, 4]);
}

#[test]
fn a_file_tells_what_is_in_it() {
    let model = OnnxModel::open(&net_file("planes.onnx"), &OnnxOptions::default()).unwrap();
    let told = model.file().to_string();
    let (path, rest) = told.split_once('\n').unwrap();
    assert!(path.ends_with("planes.onnx"));
    let expected = "  written by make.py 1
  operators of ONNX, version 17
  223 parameters
  input image: float, batch×1×height×width
  output mask: float, batch×3×height×width
  output classes: int64, batch×height×width
  1 ArgMax, 2 Conv, 1 Relu, 1 Softmax";
    assert_eq!(rest, expected);
}

#[test]
fn networks_in_memory_are_those_of_files() {
    let weights = std::fs::read(net_file("external.data")).unwrap();
    let beside = std::collections::BTreeMap::from([("external.data".to_owned(), weights)]);
    for name in ["planes", "external"] {
        let bytes = std::fs::read(net_file(&format!("{name}.onnx"))).unwrap();
        let path = format!("in/memory/{name}.onnx");
        let model = OnnxModel::from_bytes(path.as_ref(), &bytes, &beside, &OnnxOptions::default()).unwrap();
        let of_file = net(name, &OnnxOptions::default());
        assert_eq!(model.info(), of_file.info());
        assert_eq!(model.output_axes(), of_file.output_axes());
        let image = Array5::from_shape_fn([1, 1, 1, 8, 8], |(.., y, x)| (y * x % 5) as f32);
        assert_eq!(model.predict_alone(image.view()).unwrap(), of_file.predict_alone(image.view()).unwrap());
    }
    // Without its weights, or with half of them.
    let bytes = std::fs::read(net_file("external.onnx")).unwrap();
    let half = std::collections::BTreeMap::from([("external.data".to_owned(), vec![0; 9])]);
    for (beside, part) in [(Default::default(), "those that are there: none"), (half, "has 9 bytes")] {
        let refused = OnnxModel::from_bytes("a.onnx".as_ref(), &bytes, &beside, &OnnxOptions::default());
        let error = refused.unwrap_err();
        assert_eq!(error.to_string(), "a.onnx cannot be loaded");
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains(part), "{cause}");
    }
}
