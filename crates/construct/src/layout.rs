//! The memory of a sample: how large its input and target are, and views to write them through.

use ndarray::{Array4, ArrayViewMut4};
use patchweave_geometry::{Extent, try_zeros};

use crate::ConstructError;

/// The shape `C(Z)YX` of an input or target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BlockLayout {
    /// Number of channels, or of scales where those act as channels.
    pub n_channels: usize,
    /// Size along `(Z)YX`.
    pub extent: Extent,
}

impl BlockLayout {
    /// The shape `CZYX`; planes have depth 1.
    pub fn to_czyx(&self) -> [usize; 4] {
        let [z, y, x] = self.extent.to_zyx();
        [self.n_channels, z, y, x]
    }

    /// The shape `CYX` or `CZYX`, as users see it.
    pub fn to_vec(&self) -> Vec<usize> {
        std::iter::once(self.n_channels).chain(self.extent.iter()).collect()
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.n_channels.saturating_mul(self.extent.n_pixels())
    }

    /// Whether there are no channels.
    pub fn is_empty(&self) -> bool {
        self.n_channels == 0
    }
}

/// The shapes of a sample's input and, if it has one, target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SampleLayout {
    /// Shape of the input.
    pub input: BlockLayout,
    /// Shape of the target.
    pub target: Option<BlockLayout>,
}

impl SampleLayout {
    /// Number of values of input and target together.
    pub fn len(&self) -> usize {
        self.input.len().saturating_add(self.target.map_or(0, |target| target.len()))
    }

    /// Bytes of input and target together.
    pub fn n_bytes(&self) -> usize {
        self.len().saturating_mul(size_of::<f32>())
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Where a sample is written: blocks `CZYX` of the shapes its [`SampleLayout`] says.
#[derive(Debug)]
pub struct SampleViewMut<'a> {
    /// Memory of the input.
    pub input: ArrayViewMut4<'a, f32>,
    /// Memory of the target.
    pub target: Option<ArrayViewMut4<'a, f32>>,
}

impl SampleViewMut<'_> {
    /// The same memory for a shorter time.
    pub fn reborrow(&mut self) -> SampleViewMut<'_> {
        SampleViewMut {
            input: self.input.view_mut(),
            target: self.target.as_mut().map(|target| target.view_mut()),
        }
    }
}

fn zeros(layout: &BlockLayout) -> Result<Array4<f32>, ConstructError> {
    let shape = layout.to_czyx();
    let values = try_zeros(&shape).ok_or(ConstructError::OutOfMemory { shape })?;
    Array4::from_shape_vec(shape, values).map_err(|_| ConstructError::OutOfMemory { shape })
}

/// A sample with memory of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The input, `CZYX`.
    pub input: Array4<f32>,
    /// The target, `CZYX`.
    pub target: Option<Array4<f32>>,
}

impl Sample {
    /// Zeros of the given shapes.
    ///
    /// # Errors
    /// [`ConstructError::OutOfMemory`] if the machine has not enough memory.
    pub fn zeros(layout: &SampleLayout) -> Result<Self, ConstructError> {
        let target = layout.target.as_ref().map(zeros).transpose()?;
        Ok(Sample { input: zeros(&layout.input)?, target })
    }

    /// Views to write through.
    pub fn view_mut(&mut self) -> SampleViewMut<'_> {
        SampleViewMut {
            input: self.input.view_mut(),
            target: self.target.as_mut().map(|target| target.view_mut()),
        }
    }
}
