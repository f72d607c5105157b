//! An array in its own axes, and where the samples and pixels of the canonical form stand in it.

use serde::{Deserialize, Serialize};

use crate::{Axes, Axis, Extent, GeometryError, ImageShape, Region, coordinate};

/// Axes and shape of an array as it is stored.
///
/// `S` and `T` together are the samples of the canonical form `SC(Z)YX`, `S` slow and `T` fast
/// whatever their order in the array; a missing `C` is one channel.
///
/// ```
/// use patchweave_geometry::ArrayLayout;
///
/// let layout = ArrayLayout::new("TSYX".parse()?, &[3, 2, 6, 7])?;
/// assert_eq!(layout.image_shape().to_vec(), [6, 1, 6, 7]);
/// assert_eq!(layout.locate_sample(4)?, (1, 1));
/// # Ok::<(), patchweave_geometry::GeometryError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "LayoutRecord", into = "LayoutRecord")]
pub struct ArrayLayout {
    axes: Axes,
    shape: Vec<usize>,
    image_shape: ImageShape,
}

/// A layout as it is serialised.
#[derive(Serialize, Deserialize)]
struct LayoutRecord {
    axes: Axes,
    shape: Vec<usize>,
}

impl From<ArrayLayout> for LayoutRecord {
    fn from(layout: ArrayLayout) -> Self {
        LayoutRecord { axes: layout.axes, shape: layout.shape }
    }
}

impl TryFrom<LayoutRecord> for ArrayLayout {
    type Error = GeometryError;

    fn try_from(record: LayoutRecord) -> Result<Self, GeometryError> {
        ArrayLayout::new(record.axes, &record.shape)
    }
}

/// What to take along one dimension of an array in its own axes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AxisIndex {
    /// One position; the dimension disappears.
    At(usize),
    /// The positions from the first up to, but not including, the second; may leave the array.
    Range(i64, i64),
    /// Every position.
    All,
    /// These channels in this order.
    Channels(Vec<usize>),
}

impl ArrayLayout {
    /// Joins axes and the shape they describe.
    ///
    /// # Errors
    /// [`GeometryError::AxesLength`] if the lengths differ, [`GeometryError::BadSize`] if a size is zero
    /// or the array has more values than can be addressed.
    pub fn new(axes: Axes, shape: &[usize]) -> Result<Self, GeometryError> {
        if axes.len() != shape.len() {
            return Err(GeometryError::AxesLength { axes, shape: shape.to_vec() });
        }
        let size_of = |axis| axes.position(axis).map(|at| shape[at]);
        let or_one = |axis| size_of(axis).unwrap_or(1);
        let n_samples = or_one(Axis::S)
            .checked_mul(or_one(Axis::T))
            .ok_or_else(|| GeometryError::BadSize { shape: shape.to_vec() })?;
        let spatial = [Axis::Z, Axis::Y, Axis::X].into_iter().filter_map(size_of);
        let canonical: Vec<usize> = [n_samples, or_one(Axis::C)].into_iter().chain(spatial).collect();
        let image_shape = ImageShape::from_slice(&canonical)
            .map_err(|_| GeometryError::BadSize { shape: shape.to_vec() })?;
        Ok(ArrayLayout { axes, shape: shape.to_vec(), image_shape })
    }

    /// The axes, first dimension first.
    pub fn axes(&self) -> &Axes {
        &self.axes
    }

    /// The sizes in the order of the axes.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The shape `SC(Z)YX` of the same image in canonical form.
    pub fn image_shape(&self) -> ImageShape {
        self.image_shape
    }

    /// The size along `axis`, if the array has it.
    pub fn size_of(&self, axis: Axis) -> Option<usize> {
        self.axes.position(axis).map(|at| self.shape[at])
    }

    /// The axes that were merged into the samples, in the order `S`, `T`.
    pub fn sample_axes(&self) -> Vec<Axis> {
        [Axis::S, Axis::T].into_iter().filter(|&axis| self.axes.contains(axis)).collect()
    }

    /// The positions along `S` and `T` of a sample; 0 along an axis that is not there.
    ///
    /// # Errors
    /// [`GeometryError::SampleOutOfRange`].
    pub fn locate_sample(&self, sample_idx: usize) -> Result<(usize, usize), GeometryError> {
        self.image_shape.check_sample(sample_idx)?;
        let n_times = self.size_of(Axis::T).unwrap_or(1);
        Ok((sample_idx / n_times, sample_idx % n_times))
    }

    /// The index of a patch in this array, one entry per dimension, in the order of the axes.
    ///
    /// `channels` of `None` means all. Ranges are those of `region`, also where it leaves the image.
    ///
    /// # Errors
    /// A sample or channel that does not exist, an empty channel list, or a region of another rank.
    pub fn index(
        &self,
        sample_idx: usize,
        channels: Option<&[usize]>,
        region: &Region,
    ) -> Result<Vec<AxisIndex>, GeometryError> {
        let (s, t) = self.locate_sample(sample_idx)?;
        if let Some(channels) = channels {
            self.image_shape.check_channels(channels)?;
        }
        let expected = self.image_shape.extent.n_axes();
        if region.start.n_axes() != expected {
            return Err(GeometryError::RankMismatch { what: "region", got: region.start.n_axes(), expected });
        }
        let start = region.start.to_zyx(0);
        let size = region.size.to_zyx();
        let range = |axis: usize| {
            let length = coordinate(size[axis]);
            AxisIndex::Range(start[axis], start[axis].saturating_add(length))
        };
        let entry = |axis: &Axis| match axis {
            Axis::S => AxisIndex::At(s),
            Axis::T => AxisIndex::At(t),
            Axis::C => channels.map_or(AxisIndex::All, |list| AxisIndex::Channels(list.to_vec())),
            Axis::Z => range(0),
            Axis::Y => range(1),
            Axis::X => range(2),
        };
        Ok(self.axes.as_slice().iter().map(entry).collect())
    }

    /// The layout of a result with `n_channels` channels for this image, in the axes `target`.
    ///
    /// Only `C` may come or go and the order may change.
    ///
    /// # Errors
    /// [`GeometryError::TargetAxes`] if the sample axes or the spatial axes differ, or if several
    /// channels would have to fit into axes without `C`.
    pub fn restored(&self, target: &Axes, n_channels: usize) -> Result<ArrayLayout, GeometryError> {
        let refuse = |reason| {
            Err(GeometryError::TargetAxes { original: self.axes.clone(), target: target.clone(), reason })
        };
        let same = |list: &[Axis]| list.iter().all(|&axis| self.axes.contains(axis) == target.contains(axis));
        if !same(&[Axis::S, Axis::T]) {
            return refuse("S and T must stay as they are");
        }
        if !same(&[Axis::Z, Axis::Y, Axis::X]) {
            return refuse("the spatial axes must stay as they are");
        }
        if n_channels != 1 && !target.contains(Axis::C) {
            return refuse("several channels need a C axis");
        }
        let size = |&axis: &Axis| if axis == Axis::C { Some(n_channels) } else { self.size_of(axis) };
        let shape: Vec<usize> = target.as_slice().iter().filter_map(size).collect();
        ArrayLayout::new(target.clone(), &shape)
    }

    /// The layout of one cropped tile of this image: the same axes without `S` and `T`.
    ///
    /// # Errors
    /// [`GeometryError::RankMismatch`] if the crop has another rank than the image.
    pub fn tile(&self, crop_size: &Extent) -> Result<ArrayLayout, GeometryError> {
        let expected = self.image_shape.extent.n_axes();
        if crop_size.n_axes() != expected {
            return Err(GeometryError::RankMismatch { what: "crop", got: crop_size.n_axes(), expected });
        }
        let axes = self.axes.without(|axis| matches!(axis, Axis::S | Axis::T));
        let [z, y, x] = crop_size.to_zyx();
        let size = |&axis: &Axis| match axis {
            Axis::S | Axis::T => 1,
            Axis::C => self.image_shape.n_channels,
            Axis::Z => z,
            Axis::Y => y,
            Axis::X => x,
        };
        let shape: Vec<usize> = axes.as_slice().iter().map(size).collect();
        ArrayLayout::new(axes, &shape)
    }

    /// Reads `SCTYX` as `SCZYX`, everything else as it is.
    pub fn with_time_as_depth(&self) -> ArrayLayout {
        let is_sctyx = self.axes.to_string() == "SCTYX";
        let axes = if is_sctyx { self.axes.renamed(Axis::T, Axis::Z) } else { self.axes.clone() };
        ArrayLayout::new(axes, &self.shape).unwrap_or_else(|_| self.clone())
    }

    /// A chunk or shard shape of this array, reordered to `target`; 1 along a `C` that was not there.
    pub fn reorder_chunks(&self, chunks: &[usize], target: &Axes) -> Vec<usize> {
        let size = |&axis: &Axis| self.axes.position(axis).and_then(|at| chunks.get(at)).copied();
        target.as_slice().iter().map(|axis| size(axis).unwrap_or(1)).collect()
    }
}
