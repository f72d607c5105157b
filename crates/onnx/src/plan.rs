//! A network made ready for one shape of inputs.

use std::path::Path;
use std::sync::Arc;

use ndarray::{ArrayD, ArrayViewD};
use patchweave_model::Cause;
use tract_onnx::pb;
use tract_onnx::prelude::{
    Datum, DatumType, InferenceFact, InferenceModel, InferenceModelExt, IntoRunnable, Tensor,
    TypedRunnableModel, tvec,
};

use crate::external_data::ExternalData;
use crate::guard::guarded;

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
                outputs.push(PlannedOutput { dims: shape.to_vec(), datum_type: fact.datum_type });
            }
            Ok(Plan { runnable, outputs })
        })
    }
}

/// What is known of an output once a plan is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlannedOutput {
    /// Its sizes in the order of the file.
    pub(crate) dims: Vec<usize>,
    pub(crate) datum_type: DatumType,
}

/// A network made ready for one shape of inputs; any number of threads may run it.
pub(crate) struct Plan {
    runnable: Arc<TypedRunnableModel>,
    pub(crate) outputs: Vec<PlannedOutput>,
}

impl Plan {
    /// Runs the network and hands over every output in the order of the file.
    pub(crate) fn run(
        &self,
        input: ArrayD<f32>,
        mut take: impl FnMut(usize, ArrayViewD<'_, f32>) -> Result<(), Cause>,
    ) -> Result<(), Cause> {
        guarded(|| {
            let outputs = self.runnable.run(tvec!(Tensor::from(input).into()))?;
            for (idx, output) in outputs.iter().enumerate() {
                let output = output.cast_to::<f32>()?;
                take(idx, output.to_plain_array_view::<f32>()?)?;
            }
            Ok(())
        })
    }
}
