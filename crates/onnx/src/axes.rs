//! The axes of the inputs and outputs of a network, and the way from and to `BCZYX`.

use std::fmt;
use std::str::FromStr;

use ndarray::{ArrayD, ArrayView5, ArrayViewD, Axis, Ix5};

use crate::{Dim, TensorInfo};

/// An axis of an input or output, in the order `BCZYX`.
///
/// ```
/// use patchweave_onnx::{FileAxes, FileAxis};
///
/// assert_eq!("CYX".parse::<FileAxes>()?.axes()[0], FileAxis::Channel);
/// # Ok::<(), patchweave_onnx::BadAxes>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileAxis {
    /// Samples, `N` or `B`.
    Batch,
    /// Channels, `C`.
    Channel,
    /// Planes, `Z`.
    Z,
    /// Rows, `Y`.
    Y,
    /// Columns, `X`.
    X,
}

impl FileAxis {
    /// Where the axis stands in `BCZYX`.
    fn place(self) -> usize {
        match self {
            FileAxis::Batch => 0,
            FileAxis::Channel => 1,
            FileAxis::Z => 2,
            FileAxis::Y => 3,
            FileAxis::X => 4,
        }
    }

    fn letter(self) -> char {
        match self {
            FileAxis::Batch => 'N',
            FileAxis::Channel => 'C',
            FileAxis::Z => 'Z',
            FileAxis::Y => 'Y',
            FileAxis::X => 'X',
        }
    }

    fn of(letter: char) -> Option<Self> {
        match letter {
            'N' | 'B' => Some(FileAxis::Batch),
            'C' => Some(FileAxis::Channel),
            'Z' => Some(FileAxis::Z),
            'Y' => Some(FileAxis::Y),
            'X' => Some(FileAxis::X),
            _ => None,
        }
    }
}

/// The axes of an input or output in their order, each at most once, with `Y` and `X` among them.
///
/// ```
/// use patchweave_onnx::FileAxes;
///
/// assert_eq!("BCYX".parse::<FileAxes>()?.to_string(), "NCYX");
/// assert_eq!("NCY".parse::<FileAxes>().unwrap_err().to_string(), "got axes NCY, expected letters of NCZYX, each once, with Y and X");
/// # Ok::<(), patchweave_onnx::BadAxes>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileAxes(Vec<FileAxis>);

impl FileAxes {
    /// The axes in their order.
    #[must_use]
    pub fn axes(&self) -> &[FileAxis] {
        &self.0
    }

    pub(crate) fn has(&self, axis: FileAxis) -> bool {
        self.0.contains(&axis)
    }

    /// The axes that an input most likely has; nothing for a number of dimensions that no image has.
    pub(crate) fn likely(input: &TensorInfo) -> Option<Self> {
        use FileAxis::{Batch, Channel, X, Y, Z};
        Some(FileAxes(match input.dims.as_deref()? {
            [_, _, _, _, _] => vec![Batch, Channel, Z, Y, X],
            [_, _, _, _] => vec![Batch, Channel, Y, X],
            [first, _, _] => vec![if are_channels(first) { Channel } else { Batch }, Y, X],
            [_, _] => vec![Y, X],
            _ => return None,
        }))
    }

    /// The axes that an output of `n_dims` dimensions has most likely, if these are those of the input.
    pub(crate) fn of_output(&self, n_dims: usize) -> Option<Self> {
        let n_own = self.0.len();
        let without = |axis: FileAxis| self.0.iter().copied().filter(|own| *own != axis).collect();
        match self.has(FileAxis::Channel) {
            _ if n_dims == n_own => Some(self.clone()),
            true if n_dims + 1 == n_own => Some(FileAxes(without(FileAxis::Channel))),
            false if n_dims == n_own + 1 => {
                let mut axes = self.0.clone();
                axes.insert(usize::from(axes.first() == Some(&FileAxis::Batch)), FileAxis::Channel);
                Some(FileAxes(axes))
            }
            _ => None,
        }
    }

    /// The sizes in the order of the file, of sizes `BCZYX`.
    pub(crate) fn dims(&self, shape: [usize; 5]) -> Vec<usize> {
        self.0.iter().map(|axis| shape[axis.place()]).collect()
    }

    /// The sizes `BCZYX` of sizes in the order of the file; an axis that the file lacks has size 1.
    pub(crate) fn shape(&self, dims: &[usize]) -> [usize; 5] {
        let mut shape = [1; 5];
        for (axis, size) in self.0.iter().zip(dims) {
            shape[axis.place()] = *size;
        }
        shape
    }

    /// What a file says along an axis; size 1 where it lacks the axis.
    pub(crate) fn dim<'a>(&self, dims: &'a [Dim], axis: FileAxis) -> &'a Dim {
        self.0.iter().position(|own| *own == axis).and_then(|place| dims.get(place)).unwrap_or(&Dim::Fixed(1))
    }

    /// A block `BCZYX` in the order of the file; axes that the file lacks have size 1.
    pub(crate) fn in_file_order(&self, block: ArrayView5<'_, f32>) -> ArrayD<f32> {
        let mut order: Vec<usize> = self.0.iter().map(|axis| axis.place()).collect();
        let n_own = order.len();
        order.extend((0..5).filter(|place| !self.0.iter().any(|axis| axis.place() == *place)));
        let mut block = block.into_dyn().permuted_axes(order);
        for _ in n_own..5 {
            block = block.index_axis_move(Axis(n_own), 0);
        }
        block.as_standard_layout().into_owned()
    }

    /// An array in the order of the file as `BCZYX`; nothing for another number of dimensions.
    pub(crate) fn block_of<'a>(&self, array: ArrayViewD<'a, f32>) -> Option<ArrayView5<'a, f32>> {
        if array.ndim() != self.0.len() {
            return None;
        }
        let mut places: Vec<usize> = self.0.iter().map(|axis| axis.place()).collect();
        let mut array = array;
        for place in (0..5).filter(|place| !self.0.iter().any(|axis| axis.place() == *place)) {
            let end = array.ndim();
            array = array.insert_axis(Axis(end));
            places.push(place);
        }
        let order: Vec<usize> =
            (0..5).filter_map(|place| places.iter().position(|own| *own == place)).collect();
        array.permuted_axes(order).into_dimensionality::<Ix5>().ok()
    }
}

/// Whether the first of three dimensions holds channels rather than samples.
fn are_channels(dim: &Dim) -> bool {
    match dim {
        Dim::Fixed(size) => *size > 1,
        Dim::Named(name) => name.to_lowercase().starts_with('c'),
        Dim::Free => false,
    }
}

/// Text that names no axes of images.
///
/// ```
/// use patchweave_onnx::FileAxes;
///
/// let error = "TYX".parse::<FileAxes>().unwrap_err();
/// assert_eq!(error.to_string(), "got axes TYX, expected letters of NCZYX, each once, with Y and X");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("got axes {0}, expected letters of NCZYX, each once, with Y and X")]
pub struct BadAxes(String);

impl FromStr for FileAxes {
    type Err = BadAxes;

    fn from_str(text: &str) -> Result<Self, BadAxes> {
        let axes: Option<Vec<FileAxis>> = text.chars().map(FileAxis::of).collect();
        let is_fine = |axes: &Vec<FileAxis>| {
            let mut sorted = axes.clone();
            sorted.sort_unstable();
            sorted.dedup();
            sorted.len() == axes.len() && axes.contains(&FileAxis::Y) && axes.contains(&FileAxis::X)
        };
        axes.filter(is_fine).map(FileAxes).ok_or_else(|| BadAxes(text.to_owned()))
    }
}

impl fmt::Display for FileAxes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|axis| write!(f, "{}", axis.letter()))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array5;

    use super::*;

    #[test]
    fn blocks_come_back_from_every_order() {
        let shapes = [("NCZYX", [2, 3, 4, 5, 6]), ("XYZCN", [2, 3, 4, 5, 6]), ("NYXC", [2, 3, 1, 5, 6])];
        for (axes, shape) in shapes.into_iter().chain([("YX", [1, 1, 1, 5, 6]), ("CXY", [1, 3, 1, 5, 6])]) {
            let axes: FileAxes = axes.parse().unwrap();
            let mut number = 0.0;
            let block = Array5::from_shape_simple_fn(shape, || {
                number += 1.0;
                number
            });
            let in_file = axes.in_file_order(block.view());
            assert_eq!(in_file.shape(), axes.dims(shape), "{axes}");
            assert_eq!(axes.shape(in_file.shape()), shape);
            assert_eq!(axes.block_of(in_file.view()).unwrap(), block, "{axes}");
        }
    }

    #[test]
    fn outputs_may_lack_channels_or_have_them_alone() {
        let axes = |text: &str| text.parse::<FileAxes>().unwrap();
        assert_eq!(axes("NCYX").of_output(3), Some(axes("NYX")));
        assert_eq!(axes("NYX").of_output(4), Some(axes("NCYX")));
        assert_eq!(axes("YX").of_output(3), Some(axes("CYX")));
        assert_eq!(axes("NYXC").of_output(4), Some(axes("NYXC")));
        assert_eq!([1, 2, 5].map(|n| axes("NCYX").of_output(n)), [None, None, None]);
    }

    #[test]
    fn letters_stand_once() {
        for bad in ["", "YXX", "NCZ", "TYX", "nchw", "Y"] {
            assert!(bad.parse::<FileAxes>().is_err(), "{bad}");
        }
    }
}
