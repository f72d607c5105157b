//! An image stack whose channels are made of neighbouring slices of another one.

use ndarray::{Array4, ArrayD, Ix4, ShapeError, s};
use patchweave_geometry::Extent;
use patchweave_pixel::{PixelType, TypedViewMut, with_typed};
use patchweave_stack::{ImageStack, InsideWindow, PatchViewMut, StackError, StackInfo};

use crate::described::info_of;
use crate::kernel::Kernel;
use crate::read::read_own;
use crate::room::zeros;
use crate::window::Window;
use crate::{
    Accumulation, Boundary, ChannelMetadata, ChannelSpec, OffsetWarning, SliceOptions, SlicesError,
    ZOperation,
};

/// Bytes of slices that are held while a window is computed.
pub(crate) const HELD_BYTES: usize = 64 << 20;

/// An image stack whose channels are made of neighbouring slices of another one while it is read.
///
/// The image may have any axes with a `Z`; `S` and `T` are its samples, as everywhere. Of `N` samples and `Zs` selected
/// slices become `N * Zs` planes, slice `k` of sample `n` being plane `n * Zs + k`, or `N` volumes of `Zs` slices. Reading
/// a window reads the slices it needs and nothing else, each of them once if they fit into
/// [memory that may be held](Self::with_held_bytes).
///
/// Pixels are `f32`: integers beyond 2^24 and doubles are rounded, a mean or standard deviation is computed from the
/// rounded values. A mean or standard deviation of integers has to be asked for with [`SliceOptions::pixel_type`]; integers
/// that are not computed with can be [read as they are](patchweave_stack::ImageStackExt::read_typed).
///
/// ```
/// use ndarray::Array;
/// use patchweave_slices::{ChannelSpec, SliceOptions, SliceStack};
/// use patchweave_stack::{ArrayStack, ImageStack};
///
/// let volume = Array::from_shape_fn((5, 4, 6), |(z, y, x)| (100 * z + 10 * y + x) as u16);
/// let volume = ArrayStack::new(volume.into_dyn(), &"ZYX".parse()?)?;
/// let spec = ChannelSpec::builder().identity(&[-1, 0, 1]).build()?;
/// let planes = SliceStack::new(volume, spec, SliceOptions::default())?;
/// assert_eq!(planes.info().shape().to_vec(), [5, 3, 4, 6]);
/// let pixels = planes.convert()?;
/// assert_eq!(pixels[[3, 0, 2, 5]], 225.0);
/// assert_eq!(pixels[[0, 0, 2, 5]], 25.0, "slice -1 is slice 0");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct SliceStack<S> {
    source: S,
    info: StackInfo,
    spec: ChannelSpec,
    /// For every channel that becomes of one input channel what makes it, in the order of the specification.
    kernels: Vec<Kernel>,
    /// For every channel of the result its input channel and its kernel.
    made_of: Vec<(usize, usize)>,
    boundary: Boundary,
    accumulation: Accumulation,
    /// Never empty, all of them in the volume.
    z_slices: Vec<usize>,
    /// Which slices of the volume are among them.
    is_selected: Vec<bool>,
    n_slices: usize,
    held_bytes: usize,
}

impl<S: ImageStack> SliceStack<S> {
    /// Makes the channels of `spec` from the slices of `source`.
    ///
    /// # Errors
    /// [`SlicesError::NoSlices`] for an image without `Z`, [`SlicesError::NotFloating`] for a mean or standard deviation
    /// of integers that are not taken for floats, [`SlicesError::ReadAs`] for a type that they are not taken for, what
    /// [`ZSlices::resolve`](crate::ZSlices::resolve) refuses, and with [`Boundary::Skip`]
    /// [`SlicesError::NoValidChannels`] or [`SlicesError::DroppedChannels`] where a selected slice would have fewer
    /// channels than others.
    pub fn new(source: S, spec: ChannelSpec, options: SliceOptions) -> Result<Self, SlicesError> {
        let source_info = source.info();
        let stack = source_info.source.clone();
        let shape = source_info.shape();
        let axes = source_info.layout.axes();
        if !axes.is_3d() {
            return Err(SlicesError::NoSlices { stack, axes: axes.clone() });
        }
        let SliceOptions { boundary, accumulation, z_slices, pixel_type } = options;
        let pixel_type = match pixel_type {
            None => source_info.pixel_type,
            Some(read_as @ (PixelType::F32 | PixelType::F64)) => read_as,
            Some(pixel_type) => return Err(SlicesError::ReadAs { stack, pixel_type }),
        };
        let computed = spec.operations().iter().find(|one| one.kind() != ZOperation::Identity);
        if let Some(one) = computed.filter(|_| pixel_type.is_integer()) {
            let operation = one.name().to_owned();
            return Err(SlicesError::NotFloating { stack, operation, pixel_type });
        }
        let is_exact = computed.is_none() && pixel_type != PixelType::F64;
        let [n_slices, ..] = shape.extent.to_zyx();
        let z_slices = z_slices.resolve(n_slices)?;
        let mut is_selected = vec![false; n_slices];
        for &z0 in &z_slices {
            is_selected[z0] = true;
        }
        if boundary == Boundary::Skip {
            check_skipped(&stack, &spec, &z_slices, n_slices)?;
        }
        let mut info = info_of(source_info, spec.n_channels(shape.n_channels), accumulation, &z_slices)?;
        info.pixel_type = if is_exact { pixel_type } else { PixelType::F32 };
        info.is_labels = source_info.is_labels && computed.is_none();
        let mut kernels = Vec::new();
        let mut made_of = Vec::new();
        for operation in spec.operations() {
            let kind = operation.kind();
            let first = kernels.len();
            kernels.extend(operation.groups().iter().cloned().map(|offsets| Kernel { kind, offsets }));
            let own = first..kernels.len();
            made_of.extend(
                (0..shape.n_channels).flat_map(|input| own.clone().map(move |kernel| (input, kernel))),
            );
        }
        Ok(SliceStack {
            source,
            info,
            spec,
            kernels,
            made_of,
            boundary,
            accumulation,
            z_slices,
            is_selected,
            n_slices,
            held_bytes: HELD_BYTES,
        })
    }

    /// Holds at most so many bytes of slices while a window is computed, instead of 64 MiB; less than a row of every slice
    /// that one plane is made of cannot be held.
    ///
    /// A window whose slices do not fit is computed in blocks of planes, and in bands of rows if those of one plane do not.
    /// Every slice is read once per block and band, unless the block before still holds it; from one block to the next the
    /// slices that both need are copied. The result is the same, bit for bit.
    #[must_use]
    pub fn with_held_bytes(mut self, held_bytes: usize) -> Self {
        self.held_bytes = held_bytes;
        self
    }

    /// The stack that slices are read from.
    pub fn source(&self) -> &S {
        &self.source
    }

    /// What channels are made of.
    pub fn spec(&self) -> &ChannelSpec {
        &self.spec
    }

    /// What stands for slices outside of the volume.
    pub fn boundary(&self) -> Boundary {
        self.boundary
    }

    /// What becomes of the selected slices.
    pub fn accumulation(&self) -> Accumulation {
        self.accumulation
    }

    /// In the place of which slices channels are made, in order.
    pub fn z_slices(&self) -> &[usize] {
        &self.z_slices
    }

    /// How many slices the volume has, selected or not.
    pub fn n_slices(&self) -> usize {
        self.n_slices
    }

    /// What every channel is made of, in their order.
    pub fn channel_metadata(&self) -> Vec<ChannelMetadata> {
        self.spec.channel_metadata(self.source.info().shape().n_channels)
    }

    /// What is allowed and rarely meant: offsets further than the volume is deep, of an identity, a mean or a standard
    /// deviation.
    pub fn warnings(&self) -> Vec<OffsetWarning> {
        self.spec.warnings(self.n_slices)
    }

    /// The shape of everything: `(N * Zs, C, Y, X)` of planes, `(N, C, Zs, Y, X)` of volumes.
    pub fn output_shape(&self) -> Vec<usize> {
        self.info.shape().to_vec()
    }

    /// Everything at once, in the [`output_shape`](Self::output_shape), as `f32`: integers beyond 2^24 and doubles are
    /// rounded.
    ///
    /// # Errors
    /// [`SlicesError::OutOfMemory`], or what the source reports.
    pub fn convert(&self) -> Result<ArrayD<f32>, SlicesError> {
        let shape = self.output_shape();
        let values = zeros(&shape)?;
        let n_channels = self.made_of.len();
        let n_z = self.z_slices.len();
        let [_, y, x] = self.info.shape().extent.to_zyx();
        let n_samples = self.source.info().shape().n_samples;
        // Planes of a sample in memory are its volume with two axes swapped.
        let (rows, swapped) = match self.accumulation {
            Accumulation::Planes => ([n_samples * n_z, n_channels, y, x], true),
            Accumulation::Volume => ([n_samples * n_channels, n_z, y, x], false),
        };
        let rows_per_sample = rows[0] / n_samples;
        let mut all = match Array4::from_shape_vec(rows, values) {
            Ok(all) => all,
            Err(_) => return Err(SlicesError::OutOfMemory { shape }),
        };
        for n in 0..n_samples {
            let part = all.slice_mut(s![n * rows_per_sample..(n + 1) * rows_per_sample, .., .., ..]);
            let part = if swapped { part.permuted_axes([1, 0, 2, 3]) } else { part };
            self.compose(&Window { n, z0s: &self.z_slices, channels: None, y: 0..y, x: 0..x }, part)?;
        }
        let n_values = all.len();
        all.into_dyn()
            .into_shape_with_order(shape)
            .map_err(|_| SlicesError::OutOfMemory { shape: vec![n_values] })
    }

    /// What a window is in terms of samples and slices of the volume.
    fn window<'a>(&'a self, window: &InsideWindow<'a>) -> Window<'a> {
        let n_z = self.z_slices.len();
        let (n, places) = match self.accumulation {
            Accumulation::Planes => {
                let place = window.sample_idx % n_z;
                (window.sample_idx / n_z, place..place + 1)
            }
            Accumulation::Volume => (window.sample_idx, window.region.range(0)),
        };
        let y = window.region.range(1);
        let x = window.region.range(2);
        Window { n, z0s: &self.z_slices[places], channels: window.channels, y, x }
    }

    /// Whether channels are made in the place of a slice.
    pub(crate) fn is_selected(&self, z0: usize) -> bool {
        self.is_selected.get(z0) == Some(&true)
    }

    /// The size of a plane, `YX`.
    pub(crate) fn plane(&self) -> Result<Extent, SlicesError> {
        let [_, y, x] = self.info.shape().extent.to_zyx();
        Ok(Extent::new(&[y, x])?)
    }

    pub(crate) fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    pub(crate) fn kernels(&self) -> &[Kernel] {
        &self.kernels
    }

    /// The input channel and the kernel of a channel of the result.
    pub(crate) fn made_of(&self, channel: usize) -> (usize, usize) {
        self.made_of[channel]
    }
}

impl<S: ImageStack> ImageStack for SliceStack<S> {
    fn info(&self) -> &StackInfo {
        &self.info
    }

    fn read_inside(&self, window: &InsideWindow<'_>, out: PatchViewMut<'_>) -> Result<(), StackError> {
        self.compose(&self.window(window), out)
    }

    fn read_typed_inside(&self, window: &InsideWindow<'_>, out: TypedViewMut<'_>) -> Result<(), StackError> {
        self.info.check_typed(&out)?;
        let other_rank =
            |source: ShapeError| StackError::Other { stack: self.info.source.clone(), source: source.into() };
        match out {
            // Doubles and what is computed are `f32`, whatever the image holds.
            TypedViewMut::F32(out) => {
                self.read_inside(window, out.into_dimensionality().map_err(other_rank)?)
            }
            out => with_typed!(TypedViewMut, out, out => {
                let out = out.into_dimensionality::<Ix4>().map_err(other_rank)?;
                self.compose_with(&self.window(window), out, &read_own)
            }),
        }
    }
}

/// Refuses channels that would be there at some slices only.
fn check_skipped(
    stack: &str,
    spec: &ChannelSpec,
    z_slices: &[usize],
    n_slices: usize,
) -> Result<(), SlicesError> {
    for operation in spec.operations() {
        let kernel = |offsets: &Vec<i64>| Kernel { kind: operation.kind(), offsets: offsets.clone() };
        let kernels: Vec<Kernel> = operation.groups().iter().map(kernel).collect();
        for &z in z_slices {
            let is_left = |kernel: &&Kernel| !kernel.members(Boundary::Skip, z, n_slices).is_empty();
            let got = kernels.iter().filter(is_left).count();
            let expected = kernels.len();
            let stack = stack.to_owned();
            let operation = operation.name().to_owned();
            if got == 0 {
                return Err(SlicesError::NoValidChannels { stack, operation, z });
            }
            if got < expected {
                return Err(SlicesError::DroppedChannels { stack, operation, z, got, expected });
            }
        }
    }
    Ok(())
}
