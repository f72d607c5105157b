//! Models that want statistics of whole images get all pixels of an image, each once, however it is cut.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test is a panic")]
#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "small numbers")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::{ArrayD, ArrayView5, ArrayViewMut5, Axis, IxDyn};
use patchweave_geometry::{Extent, PerAxis};
use patchweave_model::{
    InputInfo, Likeness, Model, ModelError, ModelInfo, OutputInfo, Scale, Whole, WholePixels,
};
use patchweave_pixel::{PixelMap, PixelType};
use patchweave_predict::{OutputImage, PredictError, PredictOptions, Predictor, Progress, Target, Tiling};
use patchweave_sink::{ImageSpec, Job, SinkFormats};
use proptest::prelude::*;

use common::{dataset, layout, predict, stack};

/// Multiplies by the mean of all images and subtracts the mean of the image.
struct Centred {
    info: ModelInfo,
    mean_of_run: Option<f64>,
    mean_of_image: Option<f64>,
    n_asked: Arc<AtomicUsize>,
}

impl Centred {
    fn new(scale: Scale) -> Self {
        let output =
            OutputInfo::new("centred").with_likeness(Likeness::Own).with_scale([Scale::Same, scale, scale]);
        let info = ModelInfo::new("centred", InputInfo::any(), vec![output]);
        Centred { info, mean_of_run: None, mean_of_image: None, n_asked: Arc::default() }
    }
}

fn mean(pixels: &dyn WholePixels) -> f64 {
    let (mut sum, mut n) = (0.0, 0);
    let looked = pixels.each_block(&mut |block| {
        assert_eq!(block.dim().0, pixels.n_channels());
        sum += block.iter().map(|pixel| f64::from(*pixel)).sum::<f64>();
        n += block.len();
        Ok(())
    });
    looked.unwrap();
    sum / n as f64
}

impl Model for Centred {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn predict(
        &self,
        inputs: ArrayView5<'_, f32>,
        outputs: &mut [ArrayViewMut5<'_, f32>],
    ) -> Result<(), ModelError> {
        let (of_run, of_image) = (self.mean_of_run.unwrap(), self.mean_of_image.unwrap());
        assert_eq!(inputs.len_of(Axis(0)), 1);
        let over = self.info.outputs[0].scale[1].over();
        for ((.., y, x), pixel) in outputs[0].indexed_iter_mut().map(|((_, _, z, y, x), p)| ((z, y, x), p)) {
            *pixel = (f64::from(inputs[[0, 0, 0, y * over, x * over]]) * of_run - of_image) as f32;
        }
        Ok(())
    }

    fn for_whole(
        &self,
        whole: Whole,
        pixels: &dyn WholePixels,
    ) -> Result<Option<Box<dyn Model>>, ModelError> {
        let mut knowing = Centred {
            info: self.info.clone(),
            mean_of_run: self.mean_of_run,
            mean_of_image: self.mean_of_image,
            n_asked: Arc::clone(&self.n_asked),
        };
        self.n_asked.fetch_add(1, Ordering::Relaxed);
        match whole {
            Whole::Run => knowing.mean_of_run = Some(mean(pixels)),
            Whole::Image => {
                assert!(self.mean_of_run.is_some());
                knowing.mean_of_image = Some(mean(pixels));
            }
        }
        Ok(Some(Box::new(knowing)))
    }
}

/// Images of these sizes, with two samples of different brightness each.
fn images(sizes: &[[usize; 2]]) -> Vec<ArrayD<f32>> {
    let image = |(n, [y, x]): (usize, &[usize; 2])| {
        ArrayD::from_shape_fn(IxDyn(&[2, 1, *y, *x]), |at| {
            ((at[0] + 1) * (at[2] * 3 + at[3] * (n + 1)) % 11 + 5 * n) as f32
        })
    };
    sizes.iter().enumerate().map(image).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn tiles_are_predicted_with_what_is_known_of_all_images_and_of_each(
        sizes in proptest::collection::vec([3_usize..20, 3_usize..20], 1..4),
        (tile, overlap) in (2_usize..5, 0_usize..2).prop_map(|(tile, overlap)| (2 * tile, 2 * overlap)),
        batch_size in 1_usize..6,
        halved in any::<bool>(),
    ) {
        let all = images(&sizes);
        let scale = if halved { Scale::Over(2) } else { Scale::Same };
        let model = Centred::new(scale);
        let tiling = Tiling::Tiles {
            size: Extent::new(&[tile, tile]).unwrap(),
            overlaps: PerAxis::new(&[overlap, overlap]).unwrap(),
        };
        let stacks = all.iter().map(|image| stack(image.clone(), "SCYX")).collect();
        let dataset = dataset(stacks, tiling, &model);
        let options = PredictOptions { batch_size, n_workers: 2, ..PredictOptions::default() };
        let made = predict(&dataset, tiling, vec![&model], options, Some(7)).unwrap();
        // Once for the run, and once for every sample of every image.
        prop_assert_eq!(model.n_asked.load(Ordering::Relaxed), 1 + 2 * all.len());
        let mean = |image: &ArrayD<f32>| image.iter().map(|pixel| f64::from(*pixel)).sum::<f64>();
        let n_pixels: usize = all.iter().map(ArrayD::len).sum();
        let of_run = all.iter().map(mean).sum::<f64>() / n_pixels as f64;
        for (image, made) in all.iter().zip(&made) {
            for n in 0..2 {
                let sample = image.index_axis(Axis(0), n).to_owned();
                let of_image = mean(&sample) / sample.len() as f64;
                for (at, got) in made.index_axis(Axis(0), n).indexed_iter() {
                    let expected = f64::from(sample[[0, at[1] * scale.over(), at[2] * scale.over()]]) * of_run - of_image;
                    prop_assert!((f64::from(*got) - expected).abs() < 1e-3, "{} for {}", got, expected);
                }
            }
        }
    }
}

/// As a model that cannot predict parts.
struct Refusing(ModelInfo);

impl Model for Refusing {
    fn info(&self) -> &ModelInfo {
        &self.0
    }

    fn predict(&self, _: ArrayView5<'_, f32>, _: &mut [ArrayViewMut5<'_, f32>]) -> Result<(), ModelError> {
        Ok(())
    }

    fn for_whole(
        &self,
        whole: Whole,
        pixels: &dyn WholePixels,
    ) -> Result<Option<Box<dyn Model>>, ModelError> {
        if whole == Whole::Image && !pixels.is_one_tile() {
            let source = "it wants whole images".into();
            return Err(ModelError::Failed { model: "refusing".to_owned(), source });
        }
        Ok(None)
    }
}

#[test]
fn a_model_may_refuse_parts_of_images() {
    let model = Refusing(ModelInfo::new("refusing", InputInfo::any(), vec![OutputInfo::new("out")]));
    let image = images(&[[8, 8]]).remove(0);
    for (size, is_refused) in [(8, false), (4, true)] {
        let tiling = Tiling::Tiles {
            size: Extent::new(&[size, size]).unwrap(),
            overlaps: PerAxis::new(&[0, 0]).unwrap(),
        };
        let dataset = dataset(vec![stack(image.clone(), "SCYX")], tiling, &model);
        let made = predict(&dataset, tiling, vec![&model], PredictOptions::default(), None);
        assert_eq!(made.is_err(), is_refused, "{made:?}");
    }
}

/// Looks at all pixels of some wholes.
struct Looking(ModelInfo, Whole);

impl Model for Looking {
    fn info(&self) -> &ModelInfo {
        &self.0
    }

    fn predict(&self, _: ArrayView5<'_, f32>, _: &mut [ArrayViewMut5<'_, f32>]) -> Result<(), ModelError> {
        panic!("nothing is predicted")
    }

    fn for_whole(
        &self,
        whole: Whole,
        pixels: &dyn WholePixels,
    ) -> Result<Option<Box<dyn Model>>, ModelError> {
        if whole == self.1 {
            let looked = pixels.each_block(&mut |_| Ok(()));
            looked.map_err(|source| ModelError::Failed { model: "looking".to_owned(), source })?;
        }
        Ok(None)
    }
}

/// Reading whole images stops as soon as nobody wants it any more.
#[test]
fn looking_at_whole_images_is_interrupted() {
    let tiling =
        Tiling::Tiles { size: Extent::new(&[4, 4]).unwrap(), overlaps: PerAxis::new(&[0, 0]).unwrap() };
    for whole in [Whole::Run, Whole::Image] {
        let info = ModelInfo::new("looking", InputInfo::any(), vec![OutputInfo::new("out")]);
        let model = Looking(info, whole);
        let stacks = images(&[[200, 200], [200, 200]]).into_iter().map(|image| stack(image, "SCYX"));
        let dataset = dataset(stacks.collect(), tiling, &model);
        let predictor = Predictor::new(&dataset, tiling, vec![&model], PredictOptions::default());
        for most in [3, 7, 20] {
            let mut targets = |image: &OutputImage<'_>| {
                let spec = ImageSpec::new(layout(&image.shape), PixelType::F32);
                let job = Job::start(&SinkFormats::default(), "out".as_ref(), Some("memory"), spec)?;
                Ok(vec![Target::new(job, PixelMap::to(PixelType::F32))])
            };
            let mut n_asked = 0;
            let keep_going = |progress: Progress| {
                assert_eq!((progress.n_tiles, progress.n_total), (0, 10_000));
                n_asked += 1;
                n_asked < most
            };
            let run = predictor.run(&mut targets, keep_going, |_| ());
            assert!(matches!(run, Err(PredictError::Interrupted)), "{run:?}");
            assert_eq!(n_asked, most);
        }
    }
}
