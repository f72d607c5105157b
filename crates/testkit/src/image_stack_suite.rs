//! The contract of image sources as one test for all of them.
#![allow(clippy::unwrap_used, reason = "a suite fails by panicking")]

use std::thread;

use ndarray::{Array4, ArrayViewD};
use patchweave_geometry::{Extent, GeometryError, PerAxis, Region};
use patchweave_stack::{ImageStack, ImageStackExt, SharedPlanes, StackError};

use crate::suite_windows::{Window, windows};
use crate::typed_reads_suite::typed_reads_are_those_of_f32;

const N_THREADS: usize = 4;

/// Checks everything that [`ImageStack`] promises about an image whose pixels are known.
///
/// `expected` is the whole image as `SC(Z)YX`. Read are the whole image and random regions that lie inside,
/// stick out or miss the image, single pixels, and channel lists in any order with repeats; refused must be
/// samples, channels, ranks and outputs that do not fit; several threads at once must get the same pixels. Reads in the
/// image's own pixel type must be what `f32` is made of.
/// What is read is the same in every run.
///
/// ```
/// use patchweave_stack::ArrayStack;
/// use patchweave_testkit::{canonical_f32, image_stack_suite, ramp};
///
/// let (image, axes) = (ramp::<u16>(&[5, 6, 3]), "YXC".parse()?);
/// let expected = canonical_f32(&image, &axes)?;
/// image_stack_suite(&ArrayStack::new(image, &axes)?, expected.view());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Panics
/// If the source breaks its contract; the message names the image and what was read.
pub fn image_stack_suite(stack: &dyn ImageStack, expected: ArrayViewD<'_, f32>) {
    let suite = Suite { stack, expected, name: &stack.info().source };
    assert_eq!(stack.info().shape().to_vec(), suite.expected.shape(), "shape of {}", suite.name);
    suite.whole_images_are_read();
    suite.regions_are_read();
    typed_reads_are_those_of_f32(stack, &suite.expected);
    suite.pixels_at_the_rim_are_read();
    suite.what_is_outside_is_zero();
    suite.wrong_windows_are_refused();
    suite.wrong_outputs_are_refused();
    suite.threads_get_the_same();
    suite.it_is_itself();
}

struct Suite<'a> {
    stack: &'a dyn ImageStack,
    expected: ArrayViewD<'a, f32>,
    name: &'a str,
}

impl Suite<'_> {
    fn extent(&self) -> Extent {
        self.stack.info().shape().extent
    }

    fn n_samples(&self) -> usize {
        self.expected.shape()[0]
    }

    fn n_channels(&self) -> usize {
        self.expected.shape()[1]
    }

    /// Who knows which pixels it has finds every plane again where it is.
    fn it_is_itself(&self) {
        let info = self.stack.info();
        if !info.identity.is_known() {
            return;
        }
        let index = SharedPlanes::new([info]);
        let with = index.with(info);
        assert_eq!(with.doubt(), None, "{}", self.name);
        let [depth, ..] = self.extent().to_zyx();
        let depths: Vec<_> = (0..depth).map(|z| (z, z)).collect();
        for sample_idx in 0..self.n_samples() {
            for channel in 0..self.n_channels() {
                let links = with.samples(sample_idx, Some(&[channel]), Some(&[channel]));
                assert_eq!(links.len(), 1, "{links:?} of {}", self.name);
                let image = links[0].image;
                let sample = links[0].sample_idx;
                let found = &links[0].depths;
                assert_eq!((image, sample, found), (0, sample_idx, &depths), "{}", self.name);
            }
        }
    }

    fn check(&self, window: &Window) {
        let Window { sample_idx, channels, region } = window;
        let expected = window.cut(&self.expected);
        // What was in the memory before must not show.
        let mut got = Array4::from_elem(expected.raw_dim(), f32::NEG_INFINITY);
        let read = self.stack.read_into(*sample_idx, channels.as_deref(), region, got.view_mut());
        assert!(read.is_ok(), "{}: {window:?}: {read:?}", self.name);
        let differs = got
            .indexed_iter()
            .zip(&expected)
            .find(|((_, got), expected)| got != expected && !(got.is_nan() && expected.is_nan()));
        assert!(differs.is_none(), "{}: {window:?}: (index, got), expected: {differs:?}", self.name);
    }

    fn whole_images_are_read(&self) {
        for sample_idx in 0..self.n_samples() {
            self.check(&Window { sample_idx, channels: None, region: Region::whole(self.extent()) });
        }
    }

    fn regions_are_read(&self) {
        windows(self.stack.info().shape()).iter().for_each(|window| self.check(window));
    }

    fn pixels_at_the_rim_are_read(&self) {
        let size = Extent::new(&vec![1; self.extent().n_axes()]).unwrap();
        let last = self.extent().per_axis().map(|n| i64::try_from(n - 1).unwrap());
        for start in [last.map(|_| 0), last] {
            let region = Region { start, size };
            self.check(&Window { sample_idx: self.n_samples() - 1, channels: None, region });
        }
        let reversed: Vec<usize> = (0..self.n_channels()).rev().collect();
        let region = Region { start: last, size };
        self.check(&Window { sample_idx: 0, channels: Some(reversed), region });
    }

    fn what_is_outside_is_zero(&self) {
        let n_axes = self.extent().n_axes();
        let size = Extent::new(&vec![2; n_axes]).unwrap();
        for start in [i64::MIN, -1_000_000, -2, 1_000_000, i64::MAX] {
            let region = Region { start: PerAxis::splat(start, n_axes).unwrap(), size };
            self.check(&Window { sample_idx: 0, channels: None, region });
        }
        let end = self.extent().per_axis().map(|n| i64::try_from(n).unwrap());
        self.check(&Window { sample_idx: 0, channels: None, region: Region { start: end, size } });
    }

    fn refusal(
        &self,
        sample_idx: usize,
        channels: Option<&[usize]>,
        region: &Region,
        shape: [usize; 4],
    ) -> GeometryError {
        let mut out = Array4::zeros(shape);
        match self.stack.read_into(sample_idx, channels, region, out.view_mut()) {
            Err(StackError::Window { stack, source }) => {
                assert_eq!(stack, self.name);
                source
            }
            other => {
                assert!(
                    other.is_err(),
                    "{}: sample {sample_idx}, channels {channels:?}, {region:?} was read",
                    self.name
                );
                let error = other.unwrap_err();
                assert!(matches!(error, StackError::Window { .. }), "{}: got {error:?}", self.name);
                GeometryError::NoChannels
            }
        }
    }

    fn wrong_windows_are_refused(&self) {
        let n_axes = self.extent().n_axes();
        let region = |n_axes| Region {
            start: PerAxis::splat(0, n_axes).unwrap(),
            size: Extent::new(&vec![1; n_axes]).unwrap(),
        };
        let fits = region(n_axes);
        let other_rank = region(5 - n_axes);
        let n_samples = self.n_samples();
        let n_channels = self.n_channels();
        let one = [1; 4];
        for sample_idx in [n_samples, usize::MAX] {
            let error = self.refusal(sample_idx, Some(&[0]), &fits, one);
            assert_eq!(error, GeometryError::SampleOutOfRange { sample_idx, n_samples });
        }
        for channel_idx in [n_channels, usize::MAX] {
            let error = self.refusal(0, Some(&[0, channel_idx]), &fits, [2, 1, 1, 1]);
            assert_eq!(error, GeometryError::ChannelOutOfRange { channel_idx, n_channels });
        }
        assert_eq!(self.refusal(0, Some(&[]), &fits, [0, 1, 1, 1]), GeometryError::NoChannels);
        let error = self.refusal(0, Some(&[0]), &other_rank, one);
        assert!(matches!(error, GeometryError::RankMismatch { .. }), "{}: {error:?}", self.name);
    }

    fn wrong_outputs_are_refused(&self) {
        let n_axes = self.extent().n_axes();
        let region = Region {
            start: PerAxis::splat(0, n_axes).unwrap(),
            size: Extent::new(&vec![2; n_axes]).unwrap(),
        };
        let [z, y, x] = region.size.to_zyx();
        for shape in [[2, z, y, x], [1, z + 1, y, x], [1, z, 1, x], [1, z, y, x + 1], [1, z, y, 0]] {
            let error = self.refusal(0, Some(&[0]), &region, shape);
            assert!(matches!(error, GeometryError::ArrayRank { .. }), "{}: {error:?}", self.name);
        }
        // The same with a region that misses the image, where no pixel would be read.
        let outside = Region { start: PerAxis::splat(-50, n_axes).unwrap(), size: region.size };
        let error = self.refusal(0, Some(&[0]), &outside, [1, z, y, x + 1]);
        assert!(matches!(error, GeometryError::ArrayRank { .. }), "{}: {error:?}", self.name);
    }

    fn threads_get_the_same(&self) {
        let windows = windows(self.stack.info().shape());
        thread::scope(|scope| {
            for nth in 0..N_THREADS {
                let windows = &windows;
                // Every thread in another order, so that they meet at different places.
                let order = (0..windows.len()).map(move |at| (at * (2 * nth + 1) + nth * 7) % windows.len());
                scope.spawn(move || order.for_each(|at| self.check(&windows[at])));
            }
        });
    }
}
