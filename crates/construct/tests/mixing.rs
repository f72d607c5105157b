//! Inputs are weighted sums of what channels look like, targets are the channels, wherever they are cut.
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod common;

use common::{Windows, draw_place, extractor, noise, spec};
use ndarray::{Array4, ArrayView4, Axis, s};
use patchweave_construct::{
    AlphaRange, ConstructError, IndependentTargetsMsPatchConstr, Job, MixDraws, MixOptions,
    MultiChannelTargetMsPatchConstr, PairedInputTargetMsPatchConstr, PatchConstr, PatchConstrExt,
    PredMsPatchConstr, SampleLayout, SampleViewMut, Scratch, principal_channel,
};
use patchweave_geometry::{Extent, PatchSpec, RegionSpec, UncorrelatedSpec};
use patchweave_patching::{FixedPatching, PatchRng, Patching, TiledPatching};
use rand::RngExt;

/// Decisions that are known beforehand, and a note of what was asked.
struct Pinned {
    unit: f64,
    indices: Vec<usize>,
    weights: Vec<f64>,
    asked: Vec<String>,
    rng: PatchRng,
}

impl MixDraws for Pinned {
    fn unit(&mut self) -> f64 {
        self.asked.push("unit".to_owned());
        self.unit
    }

    fn indices(&mut self, counts: &[usize]) -> Vec<usize> {
        self.asked.push(format!("indices {counts:?}"));
        self.indices.clone()
    }

    fn weights(&mut self, ranges: &[AlphaRange]) -> Vec<f64> {
        let lows: Vec<f64> = ranges.iter().map(AlphaRange::low).collect();
        self.asked.push(format!("weights {lows:?}"));
        self.weights.clone()
    }

    fn rng(&mut self) -> &mut PatchRng {
        self.asked.push("spec".to_owned());
        &mut self.rng
    }
}

type Written = (Array4<f32>, Option<Array4<f32>>, RegionSpec);

/// Writes a sample into memory with gaps that held no numbers; whether it is all written is checked.
fn written(
    layout: &SampleLayout,
    write: impl FnOnce(SampleViewMut<'_>) -> Result<RegionSpec, ConstructError>,
) -> Written {
    let gaps = |[c, z, y, x]: [usize; 4]| Array4::from_elem([c, z, 2 * y, x + 1], f32::NAN);
    let mut input = gaps(layout.input.to_czyx());
    let mut target = layout.target.map(|target| gaps(target.to_czyx()));
    let spec = write(SampleViewMut {
        input: input.slice_mut(s![.., .., ..;2, 1..]),
        target: target.as_mut().map(|target| target.slice_mut(s![.., .., ..;2, 1..])),
    });
    let inner = |block: Array4<f32>| {
        let inner = block.slice(s![.., .., ..;2, 1..]).to_owned();
        assert!(inner.iter().all(|value| value.is_finite()), "a value was not written");
        assert_eq!(block.iter().filter(|value| value.is_finite()).count(), inner.len(), "a gap was written");
        inner
    };
    (inner(input), target.map(inner), spec.unwrap())
}

/// A channel that takes part: its pixels, its place and its weight.
struct Part<'a> {
    image: &'a Array4<f32>,
    channel: usize,
    spec: PatchSpec,
    weight: f64,
}

fn check(
    windows: &Windows,
    parts: &[Part<'_>],
    input: &Array4<f32>,
    target: Option<&Array4<f32>>,
    what: &str,
) {
    let seen: Vec<Array4<f64>> =
        parts.iter().map(|part| windows.see(part.image, part.channel, &part.spec)).collect();
    let mut mixed = Array4::<f64>::zeros(seen[0].raw_dim());
    for (seen, part) in seen.iter().zip(parts) {
        mixed.scaled_add(part.weight, seen);
    }
    // 1e-5 of the range of values, -100 to 1000, for each channel as much as it weighs.
    let tolerance = 0.011 * parts.iter().map(|part| part.weight.abs()).sum::<f64>();
    for ((at, &got), expected) in input.indexed_iter().zip(&mixed) {
        let differs = (f64::from(got) - expected).abs();
        assert!(differs <= tolerance, "{what}, {windows:?}: {at:?}: got {got}, expected {expected}");
    }
    if let Some(target) = target {
        assert_eq!(target.len_of(Axis(0)), parts.len());
        for (got, expected) in target.outer_iter().zip(&seen) {
            assert_eq!(got.mapv(f64::from), expected.index_axis(Axis(0), 0), "{what}, {windows:?}");
        }
    }
}

/// Two images of a number of channels and places of one size in both of them.
fn draw_images(
    n_axes: usize,
    n_channels: usize,
    n_specs: usize,
    rng: &mut PatchRng,
) -> (Vec<Array4<f32>>, Vec<PatchSpec>) {
    let places = [draw_place(n_axes, rng), draw_place(n_axes, rng)];
    let images = places.iter().map(|(size, _)| noise([n_channels, size[0], size[1], size[2]], rng)).collect();
    let patch_size = places[0].1.patch_size;
    let specs = (0..n_specs)
        .map(|_| {
            let data_idx = rng.random_range(0..2);
            let coords = places[data_idx].1.coords.map_indexed(|axis, at| at + [-1, 0, 2][axis]);
            let shift = rng.random_range(-3..=3);
            PatchSpec { data_idx, patch_size, sample_idx: 0, coords: coords.map(|at| at + shift) }
        })
        .collect();
    (images, specs)
}

fn strategy(specs: &[PatchSpec]) -> FixedPatching {
    FixedPatching::new(specs.iter().map(|&spec| spec.into()).collect())
}

fn native(input: ArrayView4<'_, f32>) -> Array4<f32> {
    input.slice(s![..1, .., .., ..]).to_owned()
}

#[test]
fn channels_recorded_together() {
    for nth in 0..400 {
        let mut rng = PatchRng::for_patch(21, 0, nth);
        let n_axes = 2 + nth % 2;
        let n_channels = rng.random_range(1..=4);
        let (images, specs) = draw_images(n_axes, n_channels, 5, &mut rng);
        let windows = Windows::draw(&mut rng);
        let n_listed = rng.random_range(1..=n_channels + 1);
        let channels: Option<Vec<usize>> =
            rng.random_bool(0.6).then(|| (0..n_listed).map(|_| rng.random_range(0..n_channels)).collect());
        let sources = channels.clone().unwrap_or_else(|| (0..n_channels).collect());
        // The range of source channel c starts at c, so that it can be told which one was used.
        let ranges: Vec<AlphaRange> = [0.0, 1.0, 2.0, 3.0][..n_channels]
            .iter()
            .map(|&low| AlphaRange::new(low, 9.0).unwrap())
            .collect();
        let has_ranges = rng.random_bool(0.6);
        let options = MixOptions {
            channels: channels.clone(),
            alpha_ranges: has_ranges.then_some(ranges),
            uncorrelated_prob: 0.4,
        };
        let is_uncorrelated = rng.random_bool(0.5);
        let index = rng.random_range(0..5);
        let mut indices = vec![index];
        indices.extend((1..sources.len()).map(|_| rng.random_range(0..5_usize)));
        let mut draws = Pinned {
            unit: if is_uncorrelated { 0.399 } else { 0.4 },
            indices: indices[1..].to_vec(),
            weights: sources.iter().map(|_| rng.random_range(-1.0..2.0)).collect(),
            asked: Vec::new(),
            rng: PatchRng::for_patch(0, 0, 0),
        };
        let images_of = extractor(&images, n_axes);
        let constr =
            MultiChannelTargetMsPatchConstr::new(strategy(&specs), images_of, windows.context(), options)
                .unwrap();
        let layout = constr.layout(index).unwrap();
        let (input, target, spec) =
            written(&layout, |out| constr.construct_with(index, &mut draws, &mut Scratch::default(), out));

        let own = |position: usize| specs[if is_uncorrelated { indices[position] } else { index }];
        let equal = 1.0 / f64::from(u32::try_from(sources.len()).unwrap());
        let parts: Vec<Part<'_>> = sources
            .iter()
            .enumerate()
            .map(|(position, &channel)| Part {
                image: &images[own(position).data_idx],
                channel,
                spec: own(position),
                weight: if has_ranges { draws.weights[position] } else { equal },
            })
            .collect();
        check(&windows, &parts, &input, target.as_ref(), &format!("case {nth}"));
        assert_eq!(constr.principal_input(input.view()), native(input.view()));

        let mut asked = vec!["unit".to_owned()];
        if is_uncorrelated {
            asked.push(format!("indices {:?}", vec![5; sources.len() - 1]));
        }
        asked.extend(vec!["spec".to_owned(); if is_uncorrelated { sources.len() } else { 1 }]);
        if has_ranges {
            let lows: Vec<f64> = sources.iter().map(|&c| [0.0, 1.0, 2.0, 3.0][c]).collect();
            asked.push(format!("weights {lows:?}"));
        }
        assert_eq!(draws.asked, asked, "the order of draws, case {nth}");

        let metadata = constr.target_image_metadata(&spec).unwrap();
        let shape = |data_idx: usize| constr.input_shapes()[data_idx];
        assert_eq!(metadata.source, format!("image {}", specs[index].data_idx));
        assert_eq!(metadata.data_shape, shape(specs[index].data_idx));
        if is_uncorrelated {
            let channels: Vec<PatchSpec> = (0..sources.len()).map(own).collect();
            let names: Vec<String> = channels.iter().map(|spec| format!("image {}", spec.data_idx)).collect();
            let shapes: Vec<_> = channels.iter().map(|spec| shape(spec.data_idx)).collect();
            assert_eq!(spec, RegionSpec::Uncorrelated(UncorrelatedSpec { channels, principal_channel: 0 }));
            assert_eq!(metadata.channels.iter().map(|c| c.source.clone()).collect::<Vec<_>>(), names);
            assert_eq!(metadata.channels.iter().map(|c| c.data_shape).collect::<Vec<_>>(), shapes);
            assert!(metadata.channels.iter().all(|c| c.original.image_shape() == c.data_shape));
        } else {
            assert_eq!(spec, specs[index].into());
            assert!(metadata.channels.is_empty());
        }
    }
}

#[test]
fn channels_recorded_one_by_one() {
    for nth in 0..300 {
        let mut rng = PatchRng::for_patch(22, 0, nth);
        let n_axes = 2 + nth % 2;
        let n_channels = rng.random_range(1..=4);
        let windows = Windows::draw(&mut rng);
        let mut channels: Vec<(Vec<Array4<f32>>, Vec<PatchSpec>)> = (0..n_channels)
            .map(|_| {
                let n_specs = rng.random_range(1..=4);
                draw_images(n_axes, 1, n_specs, &mut rng)
            })
            .collect();
        let patch_size = channels[0].1[0].patch_size;
        channels.iter_mut().flat_map(|(_, specs)| specs).for_each(|spec| spec.patch_size = patch_size);
        let counts: Vec<usize> = channels.iter().map(|(_, specs)| specs.len()).collect();
        let principal = principal_channel(&counts);
        let index = rng.random_range(0..counts[principal]);
        let has_ranges = rng.random_bool(0.5);
        let ranges = vec![AlphaRange::new(0.0, 1.0).unwrap(); n_channels];
        let mut draws = Pinned {
            unit: 0.0,
            indices: counts.iter().map(|&n| rng.random_range(0..n)).collect(),
            weights: counts.iter().map(|_| rng.random_range(-1.0..2.0)).collect(),
            asked: Vec::new(),
            rng: PatchRng::for_patch(0, 0, 0),
        };
        let sources =
            channels.iter().map(|(images, specs)| (strategy(specs), extractor(images, n_axes))).collect();
        let constr =
            IndependentTargetsMsPatchConstr::new(sources, windows.context(), has_ranges.then_some(ranges))
                .unwrap();
        assert_eq!((constr.principal_channel(), constr.n_patches()), (principal, counts[principal]));
        let layout = constr.layout(index).unwrap();
        let (input, target, spec) =
            written(&layout, |out| constr.construct_with(index, &mut draws, &mut Scratch::default(), out));

        let own = |channel: usize| {
            let drawn = draws.indices[channel];
            channels[channel].1[if channel == principal { index } else { drawn }]
        };
        let equal = 1.0 / f64::from(u32::try_from(n_channels).unwrap());
        let parts: Vec<Part<'_>> = (0..n_channels)
            .map(|channel| Part {
                image: &channels[channel].0[own(channel).data_idx],
                channel: 0,
                spec: own(channel),
                weight: if has_ranges { draws.weights[channel] } else { equal },
            })
            .collect();
        check(&windows, &parts, &input, target.as_ref(), &format!("case {nth}"));

        let mut asked = vec![format!("indices {counts:?}")];
        asked.extend(vec!["spec".to_owned(); n_channels]);
        asked.extend(has_ranges.then(|| format!("weights {:?}", vec![0.0; n_channels])));
        assert_eq!(draws.asked, asked, "the order of draws, case {nth}");

        let metadata = constr.input_image_metadata(&spec).unwrap();
        let shape = |channel: usize| {
            let (_, z, y, x) = channels[channel].0[own(channel).data_idx].dim();
            if n_axes == 3 { vec![1, 1, z, y, x] } else { vec![1, 1, y, x] }
        };
        assert_eq!(metadata.source, format!("image {}", own(principal).data_idx));
        assert_eq!(metadata.data_shape.to_vec(), shape(principal));
        for (channel, source) in metadata.channels.iter().enumerate() {
            assert_eq!(source.source, format!("image {}", own(channel).data_idx));
            assert_eq!(source.data_shape.to_vec(), shape(channel));
        }
        let expected =
            UncorrelatedSpec { channels: (0..n_channels).map(own).collect(), principal_channel: principal };
        assert_eq!(spec, RegionSpec::Uncorrelated(expected));
        assert!(constr.input_image_metadata(&own(principal).into()).is_none());
    }
}

#[test]
fn measured_inputs_with_and_without_targets() {
    for nth in 0..200 {
        let mut rng = PatchRng::for_patch(23, 0, nth);
        let n_axes = 2 + nth % 2;
        let n_channels = rng.random_range(1..=3);
        let (images, specs) = draw_images(n_axes, n_channels, 3, &mut rng);
        let targets: Vec<Array4<f32>> = images
            .iter()
            .map(|image| noise([2, image.shape()[1], image.shape()[2], image.shape()[3]], &mut rng))
            .collect();
        let channel = rng.random_range(0..n_channels);
        let channels = (n_channels > 1 || rng.random_bool(0.5)).then(|| vec![channel]);
        let windows = Windows::draw(&mut rng);
        let paired = PairedInputTargetMsPatchConstr::new(
            strategy(&specs),
            extractor(&images, n_axes),
            extractor(&targets, n_axes),
            windows.context(),
            channels.clone(),
        )
        .unwrap();
        let alone = PredMsPatchConstr::new(
            strategy(&specs),
            extractor(&images, n_axes),
            windows.context(),
            channels.clone(),
        )
        .unwrap();
        let place = specs[1];
        let mut rng = PatchRng::for_patch(0, 0, 1);
        let mut scratch = Scratch::default();
        let layout = paired.layout(1).unwrap();
        let (input, target, spec) =
            written(&layout, |out| paired.construct_into(Job::new(1, &mut rng, &mut scratch), out));
        assert_eq!(spec, place.into());
        let part = Part { image: &images[place.data_idx], channel, spec: place, weight: 1.0 };
        check(&windows, &[part], &input, None, &format!("case {nth}"));
        // Targets are plain patches: zeros beyond the image (Q40).
        let plain = Windows { n_scales: 1, padding: common::PADDINGS[3], grows_depth: true, fill: 0.0 };
        let target = target.unwrap();
        for (c, target) in target.outer_iter().enumerate() {
            let expected = plain.see(&targets[place.data_idx], c, &place);
            assert_eq!(target.mapv(f64::from), expected.index_axis(Axis(0), 0));
        }
        let layout = alone.layout(1).unwrap();
        let (same_input, none, _) =
            written(&layout, |out| alone.construct_into(Job::new(1, &mut rng, &mut scratch), out));
        assert!(none.is_none());
        assert_eq!(same_input, input);
        for sources in [paired.sources(), alone.sources()] {
            assert_eq!(sources.input().channels(), channels.as_deref());
        }
        assert!(alone.target_image_metadata(&spec).is_none());
        let metadata = paired.target_image_metadata(&spec).unwrap();
        assert_eq!(metadata.data_shape.n_channels, 2);
    }
}

#[test]
fn tiles_stay_tiles() {
    let mut rng = PatchRng::for_patch(24, 0, 0);
    let images = [noise([1, 1, 41, 19], &mut rng), noise([1, 1, 8, 30], &mut rng)];
    let images_of = extractor(&images, 2);
    let tile = Extent::new(&[16, 12]).unwrap();
    let overlap = Some([4, 4].as_slice());
    let overlap = overlap.map(|overlap| patchweave_geometry::PerAxis::new(overlap).unwrap());
    let tiles = TiledPatching::new(images_of.shapes(), tile, overlap).unwrap();
    let windows = Windows { n_scales: 3, padding: common::PADDINGS[0], grows_depth: true, fill: 0.0 };
    let constr = PredMsPatchConstr::new(tiles.clone(), images_of, windows.context(), None).unwrap();
    assert!(constr.n_patches() > 10);
    let mut scratch = Scratch::default();
    for index in 0..constr.n_patches() {
        let mut rng = PatchRng::for_patch(0, 0, index);
        let layout = constr.layout(index).unwrap();
        let (input, _, spec) =
            written(&layout, |out| constr.construct_into(Job::new(index, &mut rng, &mut scratch), out));
        assert_eq!(spec, tiles.spec(index, &mut rng).unwrap());
        let place = spec.tile().unwrap().patch;
        let part = Part { image: &images[place.data_idx], channel: 0, spec: place, weight: 1.0 };
        check(&windows, &[part], &input, None, &format!("tile {index}"));
    }
}

/// A list may hold places of several sizes, which only shows when they are cut.
#[test]
fn places_of_unlike_size_are_refused_when_they_are_cut() {
    let image = noise([2, 1, 40, 40], &mut PatchRng::for_patch(25, 0, 0));
    let specs = [spec(0, &[3, 3], &[8, 8]), spec(0, &[9, 9], &[6, 10])];
    let windows = Windows { n_scales: 2, padding: common::PADDINGS[0], grows_depth: true, fill: 0.0 };
    let options = MixOptions { uncorrelated_prob: 1.0, ..MixOptions::default() };
    let images = extractor(&[image], 2);
    let constr =
        MultiChannelTargetMsPatchConstr::new(strategy(&specs), images, windows.context(), options).unwrap();
    let mut draws = Pinned {
        unit: 0.0,
        indices: vec![1],
        weights: vec![1.0; 2],
        asked: Vec::new(),
        rng: PatchRng::for_patch(0, 0, 0),
    };
    let mut sample = patchweave_construct::Sample::zeros(&constr.layout(0).unwrap()).unwrap();
    let error = constr.construct_with(0, &mut draws, &mut Scratch::default(), sample.view_mut()).unwrap_err();
    let message = "got patches of size [6, 10] and [8, 8], channels from different places need one size";
    assert_eq!(error.to_string(), message);
}
