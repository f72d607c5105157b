//! A network made ready for one shape of inputs.

use std::path::Path;
use std::sync::Arc;

use ndarray::ArrayD;
use patchweave_model::{Cause, OutputType};
use tract_onnx::pb;
use tract_onnx::prelude::{
    Datum, DatumType, InferenceFact, InferenceModel, InferenceModelExt, IntoRunnable, Tensor,
    TypedRunnableModel, tvec,
};

use super::external_data::ExternalData;
use super::memory::Memory;
use super::random;
use crate::guard::guarded;
use crate::network::{OutputFact, Take};

/// Makes a network ready for shapes of inputs.
pub(crate) struct Planner {
    network: InferenceModel,
}

impl Planner {
    /// `folder` is where the file lies, and weights beside it.
    pub(crate) fn new(content: &pb::ModelProto, folder: &Path) -> Result<Self, Cause> {
        guarded(|| {
            let mut framework =
                // What a file says of shapes in between often does not hold for other sizes.
                tract_onnx::onnx().with_ignore_output_shapes(true).with_ignore_value_info(true);
            framework.provider = Arc::new(ExternalData);
            let parsed = framework.parse(content, folder.to_str())?;
            match parsed.unresolved_inputs.as_slice() {
                [] => Ok(Planner { network: parsed.model }),
                missing => Err(format!("nothing makes {}", missing.join(", ")).into()),
            }
        })
    }

    /// Makes the network ready for an input of these sizes, in the order of the file.
    pub(crate) fn plan(&self, dims: &[usize]) -> Result<Plan, Cause> {
        guarded(|| {
            let mut network = self.network.clone();
            network.set_input_fact(0, InferenceFact::dt_shape(f32::datum_type(), dims.iter().copied()))?;
            let runnable = network.into_optimized()?.into_runnable()?;
            let mut outputs = Vec::new();
            for idx in 0..runnable.model().outputs.len() {
                let fact = runnable.model().output_fact(idx)?;
                let Some(shape) = fact.shape.as_concrete() else {
                    return Err(format!("output {idx} has a shape that depends on its values").into());
                };
                let pixel_type = pixel_type(fact.datum_type);
                outputs.push(OutputFact { dims: shape.to_vec(), pixel_type });
            }
            let memory = Memory::of(&runnable);
            let is_random = random::is_random(runnable.model());
            Ok(Plan { runnable, outputs, memory, is_random })
        })
    }
}

/// Whole numbers are names of classes or objects.
fn pixel_type(datum_type: DatumType) -> Result<OutputType, String> {
    if datum_type.is_float() {
        Ok(OutputType::Float)
    } else if datum_type.is_integer() || [DatumType::Bool, DatumType::TDim].contains(&datum_type) {
        Ok(OutputType::Label)
    } else {
        Err(format!("{datum_type:?}").to_lowercase())
    }
}

/// A network made ready for one shape of inputs; any number of threads may run it.
pub(crate) struct Plan {
    runnable: Arc<TypedRunnableModel>,
    pub(crate) outputs: Vec<OutputFact>,
    pub(crate) memory: Memory,
    /// Whether it draws random numbers.
    pub(crate) is_random: bool,
}

impl Plan {
    /// Runs the network and hands over every output in the order of the file. Random numbers follow from `seed`.
    pub(crate) fn run(&self, input: ArrayD<f32>, seed: u64, take: Take<'_>) -> Result<(), Cause> {
        guarded(|| {
            let seeded = self.is_random.then(|| random::seeded(self.runnable.model(), seed)).transpose()?;
            let runnable = seeded.as_ref().unwrap_or(&self.runnable);
            let outputs = runnable.run(tvec!(Tensor::from(input).into()))?;
            for (idx, output) in outputs.iter().enumerate() {
                // Numbers that tract takes for sizes are no floating-point numbers before they are whole ones.
                let whole = (output.datum_type() == DatumType::TDim).then(|| output.cast_to::<i64>());
                let whole = whole.transpose()?;
                let output = whole.as_deref().unwrap_or(output).cast_to::<f32>()?;
                take(idx, output.to_plain_array_view::<f32>()?)?;
            }
            Ok(())
        })
    }
}
