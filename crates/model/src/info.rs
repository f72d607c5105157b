//! What is known of a model before it predicts, and what follows from it for inputs and memory.

use ndarray::ArrayViewMut5;

use crate::{ModelError, OutputInfo, Sides, SizeRule};

/// Which inputs a model takes.
///
/// ```
/// use patchweave_model::{InputInfo, SizeRule};
///
/// let planes = InputInfo::planes().with_n_channels(2);
/// assert_eq!(planes.sizes, [SizeRule::Fixed(1), SizeRule::Any, SizeRule::Any]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct InputInfo {
    /// How many channels; any number where there is none.
    pub n_channels: Option<usize>,
    /// Which sizes along `ZYX`; a model of planes takes depth 1.
    pub sizes: [SizeRule; 3],
    /// How many samples at once.
    pub batch: SizeRule,
}

impl InputInfo {
    /// Inputs of any shape.
    #[must_use]
    pub fn any() -> Self {
        InputInfo::default()
    }

    /// Planes of any size: the depth is 1.
    #[must_use]
    pub fn planes() -> Self {
        InputInfo::any().with_sizes([SizeRule::Fixed(1), SizeRule::Any, SizeRule::Any])
    }

    /// With this number of channels alone.
    #[must_use]
    pub fn with_n_channels(mut self, n_channels: usize) -> Self {
        self.n_channels = Some(n_channels);
        self
    }

    /// With these sizes along `ZYX`.
    #[must_use]
    pub fn with_sizes(mut self, sizes: [SizeRule; 3]) -> Self {
        self.sizes = sizes;
        self
    }

    /// With so many samples at once.
    #[must_use]
    pub fn with_batch(mut self, batch: SizeRule) -> Self {
        self.batch = batch;
        self
    }
}

/// What is known of a model before it predicts.
///
/// ```
/// use patchweave_model::{ChannelRule, InputInfo, ModelInfo, OutputInfo, SizeRule};
///
/// let steps = SizeRule::Steps { min: 16, step: 8 };
/// let input = InputInfo::planes().with_n_channels(1).with_sizes([SizeRule::Fixed(1), steps, steps]);
/// let masks = OutputInfo::new("masks").with_channels(ChannelRule::Fixed(3));
/// let info = ModelInfo::new("net", input, vec![masks]);
/// assert_eq!(info.fit([1, 100, 100]), [1, 96, 96]);
/// assert_eq!(info.output_shapes([4, 1, 1, 96, 96]), [[4, 3, 1, 96, 96]]);
/// let error = info.check([4, 1, 1, 96, 100]).unwrap_err();
/// assert_eq!(error.to_string(), "model net: got 100 pixels along X, expected 16 + n·8");
/// # Ok::<(), patchweave_model::ModelError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelInfo {
    /// A short name, used in file names.
    pub name: String,
    /// Which inputs the model takes.
    pub input: InputInfo,
    /// What it makes of them.
    pub outputs: Vec<OutputInfo>,
    /// Whether several calls at the same time are faster than one after the other.
    pub is_parallel: bool,
    /// Whether it draws random numbers, so that [seeds](crate::Model::predict_seeded) make a difference.
    pub is_random: bool,
}

impl ModelInfo {
    /// A model of these inputs and outputs that is called by one thread after the other.
    pub fn new(name: impl Into<String>, input: InputInfo, outputs: Vec<OutputInfo>) -> Self {
        ModelInfo { name: name.into(), input, outputs, is_parallel: false, is_random: false }
    }

    /// A model for which several calls at the same time are worth it.
    #[must_use]
    pub fn parallel(mut self) -> Self {
        self.is_parallel = true;
        self
    }

    /// A model that draws random numbers.
    #[must_use]
    pub fn random(mut self) -> Self {
        self.is_random = true;
        self
    }

    /// The shapes `BCZYX` of all outputs for inputs of this shape.
    #[must_use]
    pub fn output_shapes(&self, inputs: [usize; 5]) -> Vec<[usize; 5]> {
        self.outputs.iter().map(|output| output.shape(inputs)).collect()
    }

    /// How far the outputs see along `ZYX`: the largest halo at each end.
    #[must_use]
    pub fn halo(&self) -> [Sides; 3] {
        let widest = |axis: usize| {
            let halos = self.outputs.iter().map(|output| output.halo[axis]);
            halos.fold(Sides::default(), Sides::max)
        };
        [widest(0), widest(1), widest(2)]
    }

    /// The largest size `ZYX` of tiles that the model takes, of at most `wanted` pixels; the smallest one along an axis for
    /// which there is none.
    ///
    /// Along an axis on which an output is smaller than the input, the size is a multiple of the ratio.
    #[must_use]
    pub fn fit(&self, wanted: [usize; 3]) -> [usize; 3] {
        let fit = |axis: usize| self.input.sizes[axis].fit_multiple(wanted[axis], self.unit(axis));
        [fit(0), fit(1), fit(2)]
    }

    /// What sizes along an axis are multiples of, so that every output has whole pixels.
    pub(crate) fn unit(&self, axis: usize) -> usize {
        self.outputs.iter().map(|output| output.scale[axis].over()).fold(1, common_multiple)
    }

    /// Whether the model takes inputs `BCZYX` of this shape.
    ///
    /// # Errors
    /// [`ModelError::Shape`] with what it takes.
    pub fn check(&self, inputs: [usize; 5]) -> Result<(), ModelError> {
        if inputs.contains(&0) {
            return Err(self.bad_shape(format!("inputs of {} pixels", by(&inputs)), "sizes above 0".into()));
        }
        let [batch, channels, spatial @ ..] = inputs;
        if !self.input.batch.accepts(batch) {
            return Err(self.bad_shape(format!("{batch} samples at once"), self.input.batch.to_string()));
        }
        if let Some(expected) = self.input.n_channels.filter(|expected| *expected != channels) {
            return Err(self.bad_shape(format!("{channels} channels"), expected.to_string()));
        }
        for (axis, name) in ["Z", "Y", "X"].into_iter().enumerate() {
            let (size, rule, unit) = (spatial[axis], self.input.sizes[axis], self.unit(axis));
            let got = || format!("{size} pixels along {name}");
            if !rule.accepts(size) {
                return Err(self.bad_shape(got(), rule.to_string()));
            }
            if !size.is_multiple_of(unit) {
                return Err(self.bad_shape(got(), format!("a multiple of {unit}")));
            }
        }
        let is_countable = |shape: &[usize; 5]| {
            let n_bytes = shape.iter().try_fold(size_of::<f32>(), |n, size| n.checked_mul(*size));
            n_bytes.is_some_and(|n| isize::try_from(n).is_ok())
        };
        match self.output_shapes(inputs).iter().find(|shape| !is_countable(shape)) {
            Some(shape) => Err(self.bad_shape(
                format!("inputs of {} pixels, whose output has {}", by(&inputs), by(shape)),
                "outputs that fit into memory".into(),
            )),
            None => Ok(()),
        }
    }

    /// Whether the model takes inputs `BCZYX` of this shape, and memory for the outputs has the shapes that follow from it.
    ///
    /// # Errors
    /// [`ModelError::Shape`] with what is expected.
    pub fn check_call(
        &self,
        inputs: [usize; 5],
        outputs: &[ArrayViewMut5<'_, f32>],
    ) -> Result<(), ModelError> {
        self.check(inputs)?;
        if outputs.len() != self.outputs.len() {
            return Err(self.bad_shape(
                format!("memory for {} outputs", outputs.len()),
                format!("that for {}", self.outputs.len()),
            ));
        }
        for (info, output) in self.outputs.iter().zip(outputs) {
            let (got, expected) = (<[usize; 5]>::from(output.dim()), info.shape(inputs));
            if got != expected {
                let memory = format!("memory of {} pixels for output {}", by(&got), info.name);
                return Err(self.bad_shape(memory, by(&expected)));
            }
        }
        Ok(())
    }

    fn bad_shape(&self, got: String, expected: String) -> ModelError {
        ModelError::Shape { model: self.name.clone(), got, expected }
    }
}

fn by(shape: &[usize; 5]) -> String {
    shape.map(|size| size.to_string()).join("×")
}

/// The least common multiple of two numbers above 0; the largest number there is if that is larger.
fn common_multiple(a: usize, b: usize) -> usize {
    let (mut divisor, mut rest) = (a, b);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    (a / divisor).saturating_mul(b)
}
