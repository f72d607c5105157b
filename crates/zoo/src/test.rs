//! Whether a package makes the examples of its outputs out of that of its input.

use ndarray::{ArrayD, ArrayViewD, Axis, Ix5, Zip};
use patchweave_model::{Model, ModelExt};

use crate::npy::read_npy;
use crate::{Package, TensorDescr, Tolerance, ZooError, ZooModel};

/// The most bytes of an example.
const MAX_TENSOR: u64 = 1 << 32;

/// How an output compares with its example.
///
/// ```
/// use patchweave_zoo::{OutputTest, Tolerance};
///
/// let mut test = OutputTest::new("mask", 1_000_000, Tolerance::CONTINUOUS);
/// test.n_mismatched = 100;
/// assert!(test.passes());
/// test.n_mismatched = 101;
/// assert!(!test.passes());
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct OutputTest {
    /// The output.
    pub id: String,
    /// How many values it has.
    pub n_values: usize,
    /// How many of them are mismatches.
    pub n_mismatched: usize,
    /// The largest difference; infinite where only one of two values is a number.
    pub largest: f32,
    /// How close it has to come.
    pub tolerance: Tolerance,
}

impl OutputTest {
    /// An output of so many values that equals its example.
    pub fn new(id: impl Into<String>, n_values: usize, tolerance: Tolerance) -> Self {
        OutputTest { id: id.into(), n_values, n_mismatched: 0, largest: 0.0, tolerance }
    }

    /// Whether it comes close enough.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.tolerance.allows(self.n_mismatched, self.n_values)
    }

    fn of(output: &TensorDescr, got: ArrayViewD<'_, f32>, expected: ArrayViewD<'_, f32>) -> Self {
        let mut test = OutputTest::new(output.id.clone(), got.len(), output.tolerance);
        test.n_mismatched = output.tolerance.n_mismatched(got.view(), expected.view());
        let difference = |got: f32, expected: f32| match (got - expected).abs() {
            _ if got == expected || (got.is_nan() && expected.is_nan()) => 0.0,
            difference if difference.is_nan() => f32::INFINITY,
            difference => difference,
        };
        Zip::from(&got).and(&expected).for_each(|got, expected| {
            test.largest = test.largest.max(difference(*got, *expected));
        });
        test
    }
}

impl ZooModel {
    /// Predicts the example of the input, and compares what it gives with the examples of the outputs.
    ///
    /// Nothing is padded and nothing cut off. Statistics of data sets are those of the example.
    ///
    /// # Errors
    /// [`ZooError::Fields`] for examples that cannot be read or have another type or shape than the package says, and
    /// [`ZooError::Model`] if the prediction fails.
    pub fn test(&self) -> Result<Vec<OutputTest>, ZooError> {
        let package = self.package();
        let description = package.description();
        let input = block_of(package, &description.input)?;
        let shape: [usize; 5] = input.dim().into();
        self.prepare(shape).map_err(|error| {
            let path = &description.input.test_tensor.source_path;
            package.refused(path, error.to_string(), "an example that the package takes")
        })?;
        let made = self.predict_alone(input.view())?;
        let mut tests = Vec::with_capacity(made.len());
        for (output, made) in description.outputs.iter().zip(&made) {
            let expected = block_of(package, output)?;
            if expected.dim() != made.dim() {
                let by = |shape: &[usize]| shape.iter().map(usize::to_string).collect::<Vec<_>>().join("×");
                let found = format!("got {} values (BCZYX)", by(expected.shape()));
                let path = &output.test_tensor.source_path;
                return Err(package.refused(
                    path,
                    found,
                    format!("{}, as is made of the input", by(made.shape())),
                ));
            }
            tests.push(OutputTest::of(output, made.view().into_dyn(), expected.view().into_dyn()));
        }
        Ok(tests)
    }
}

/// The example of a tensor, `BCZYX`.
fn block_of(package: &Package, tensor: &TensorDescr) -> Result<ndarray::Array5<f32>, ZooError> {
    let path = &tensor.test_tensor.source_path;
    let bytes = package.read(&tensor.test_tensor, MAX_TENSOR)?;
    let read =
        read_npy(&bytes).map_err(|not| package.refused(path, format!("got {}", not.found), not.expected))?;
    if read.data_type != tensor.data_type {
        let found = format!("got values of type {}", read.data_type);
        return Err(package.refused(path, found, format!("{}, the type of the tensor", tensor.data_type)));
    }
    let n_axes = tensor.axes.len();
    let got = read.values.ndim();
    in_block_order(tensor, read.values).ok_or_else(|| {
        package.refused(path, format!("got {got} axes"), format!("{n_axes}, the axes of the tensor"))
    })
}

/// An array in the order of the package as `BCZYX`; axes that it lacks have size 1.
fn in_block_order(tensor: &TensorDescr, array: ArrayD<f32>) -> Option<ndarray::Array5<f32>> {
    if array.ndim() != tensor.axes.len() {
        return None;
    }
    let mut places: Vec<usize> = tensor.axes.iter().map(|axis| axis.kind.place()).collect();
    let mut array = array;
    for place in (0..5).filter(|place| !tensor.axes.iter().any(|axis| axis.kind.place() == *place)) {
        let end = array.ndim();
        array = array.insert_axis(Axis(end));
        places.push(place);
    }
    let order: Vec<usize> = (0..5).filter_map(|place| places.iter().position(|own| *own == place)).collect();
    let array = array.permuted_axes(order).into_dimensionality::<Ix5>().ok()?;
    Some(array.as_standard_layout().into_owned())
}
