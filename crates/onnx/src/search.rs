//! Which inputs a network takes and what it makes of them, found out by making it ready for a few shapes.

use ndarray::ArrayD;
use patchweave_model::{ChannelRule, InputInfo, Likeness, OutputInfo, OutputType, SizeRule};

use crate::network::Network;
use crate::outputs::{Misplaced, Placed, place};
use crate::size_search::{find_sizes, raise_until};
use crate::{Dim, FileAxes, FileAxis, OnnxError, OnnxFile, OnnxOptions};

/// Numbers of channels that are tried where a file leaves them open.
const CHANNELS: [usize; 4] = [1, 2, 3, 4];

/// Which inputs a network takes and what it makes of them.
pub(crate) struct Found {
    pub(crate) input: InputInfo,
    pub(crate) outputs: Vec<OutputInfo>,
    pub(crate) output_axes: Vec<FileAxes>,
}

/// A network of which that is to be found out.
pub(crate) struct Search<'a> {
    network: &'a dyn Network,
    file: &'a OnnxFile,
    axes: &'a FileAxes,
    /// The sizes `BCZYX` that stay as they are.
    fixed: [Option<usize>; 5],
    /// The sizes `BCZYX` that the file names.
    told: [Option<usize>; 5],
}

impl<'a> Search<'a> {
    /// `dims` are the sizes that the file tells of its input, in the order of `axes`.
    pub(crate) fn new(
        network: &'a dyn Network,
        file: &'a OnnxFile,
        axes: &'a FileAxes,
        dims: &[Dim],
        options: &OnnxOptions,
    ) -> Self {
        let order = [FileAxis::Batch, FileAxis::Channel, FileAxis::Z, FileAxis::Y, FileAxis::X];
        let told = order.map(|axis| match axes.dim(dims, axis) {
            Dim::Fixed(size) => Some(*size),
            Dim::Named(_) | Dim::Free => None,
        });
        let is_free = |axis: FileAxis| options.resize && axis != FileAxis::Channel && axes.has(axis);
        let mut fixed = told;
        for (size, axis) in fixed.iter_mut().zip(order) {
            if is_free(axis) {
                *size = None;
            }
        }
        Search { network, file, axes, fixed, told }
    }

    /// Finds it out.
    ///
    /// # Errors
    /// [`OnnxError`] if the network takes none of the sizes that are tried, or its outputs are no images.
    pub(crate) fn run(&self, likeness: Likeness) -> Result<Found, OnnxError> {
        let (base, placed) = self.base()?;
        let same = |shape: [usize; 5]| self.look(shape).is_ok_and(|found| found == placed);
        let [batch, channels, ..] = base;
        let more = self.fixed[1].is_none().then(|| self.look(with(base, 1, channels + 1)).ok()).flatten();
        let mut input = InputInfo::any().with_batch(match self.fixed[0] {
            None if same(with(base, 0, batch + 1)) => SizeRule::Any,
            _ => SizeRule::Fixed(batch),
        });
        input.n_channels = more.is_none().then_some(channels);
        for (rule, axis) in input.sizes.iter_mut().zip(2..) {
            *rule = match self.fixed[axis] {
                Some(size) => SizeRule::Fixed(size),
                None => find_sizes(base[axis], |size| same(with(base, axis, size))),
            };
        }
        input.sizes = raise_until(input.sizes, |size| self.try_out(base, size))?;
        let outputs = placed.iter().enumerate().map(|(idx, placed)| {
            let channels = match more.as_ref().and_then(|more| more.get(idx)) {
                Some(more) if more.n_channels != placed.n_channels => ChannelRule::SameAsInput,
                _ => ChannelRule::Fixed(placed.n_channels),
            };
            let own = placed.pixel_type == OutputType::Label;
            OutputInfo::new(self.output_name(idx))
                .with_channels(channels)
                .with_scale(placed.scale)
                .with_pixel_type(placed.pixel_type)
                .with_likeness(if own { Likeness::Own } else { likeness })
        });
        let outputs = outputs.collect();
        Ok(Found { input, outputs, output_axes: placed.into_iter().map(|placed| placed.axes).collect() })
    }

    /// A shape that the network takes, and what its outputs are.
    fn base(&self) -> Result<([usize; 5], Vec<Placed>), OnnxError> {
        let mut refusal: Option<OnnxError> = None;
        for shape in self.candidates() {
            match self.look(shape) {
                Ok(placed) => return Ok((shape, placed)),
                // What is wrong with an output says more than that some size did not fit.
                Err(error) => match refusal {
                    None => refusal = Some(error),
                    Some(OnnxError::Unusable { .. }) if !matches!(error, OnnxError::Unusable { .. }) => {
                        refusal = Some(error);
                    }
                    Some(_) => {}
                },
            }
        }
        Err(refusal.unwrap_or_else(|| self.unusable([1; 5], "no size was tried".into())))
    }

    fn candidates(&self) -> Vec<[usize; 5]> {
        let [batch, channels, ..] = self.fixed;
        let numbers = channels.map_or_else(|| CHANNELS.to_vec(), |channels| vec![channels]);
        let n_open = self.fixed[2..].iter().filter(|size| size.is_none()).count();
        let mut candidates = Vec::new();
        for n_channels in numbers {
            let of = |size: usize| {
                let space = [2, 3, 4].map(|axis| self.fixed[axis].unwrap_or(size));
                [batch.unwrap_or(1), n_channels, space[0], space[1], space[2]]
            };
            // The file's own sizes, if others are to be tried too.
            let told = [2, 3, 4].map(|axis| self.told[axis]);
            if let ([Some(z), Some(y), Some(x)], true) = (told, n_open > 0) {
                candidates.push([self.told[0].unwrap_or(1), n_channels, z, y, x]);
            }
            let sizes = self.network.first_sizes().iter().take(if n_open > 0 { usize::MAX } else { 1 });
            candidates.extend(sizes.map(|size| of(*size)));
        }
        candidates
    }

    /// What the outputs are for inputs `BCZYX` of this shape.
    fn look(&self, shape: [usize; 5]) -> Result<Vec<Placed>, OnnxError> {
        let dims = self.axes.dims(shape);
        let outputs = self.network.outputs(&dims).map_err(|source| self.unusable(shape, source))?;
        let place = |(idx, output)| {
            place(output, self.axes, shape).map_err(|misplaced| match misplaced {
                Misplaced::Shape(expected) => OnnxError::Output {
                    path: self.file.path.clone(),
                    output: self.output_name(idx),
                    got: by(&output.dims),
                    input: by(&dims),
                    expected,
                },
                Misplaced::Type(got) => OnnxError::Type {
                    path: self.file.path.clone(),
                    tensor: format!("output {}", self.output_name(idx)),
                    got,
                    expected: "numbers",
                },
            })
        };
        outputs.iter().enumerate().map(place).collect()
    }

    /// Runs the network for an input of zeros of this size `ZYX`.
    fn try_out(&self, base: [usize; 5], [z, y, x]: [usize; 3]) -> Result<(), OnnxError> {
        let shape = [base[0], base[1], z, y, x];
        let dims = self.axes.dims(shape);
        let ran = self.network.run(ArrayD::zeros(dims), 0, &mut |_, _| Ok(()));
        ran.map_err(|source| self.unusable(shape, source))
    }

    fn unusable(&self, shape: [usize; 5], source: patchweave_model::Cause) -> OnnxError {
        OnnxError::Unusable { path: self.file.path.clone(), input: by(&self.axes.dims(shape)), source }
    }

    fn output_name(&self, idx: usize) -> String {
        self.file.outputs.get(idx).map(|output| output.name.clone()).unwrap_or_default()
    }
}

fn with(mut shape: [usize; 5], axis: usize, size: usize) -> [usize; 5] {
    shape[axis] = size;
    shape
}

/// Sizes as people write them.
pub(crate) fn by(sizes: &[usize]) -> String {
    match sizes {
        [] => "a single number".to_owned(),
        sizes => sizes.iter().map(usize::to_string).collect::<Vec<_>>().join("×"),
    }
}
