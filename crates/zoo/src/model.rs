//! A package as a model: preprocessing, network, postprocessing.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use ndarray::{ArrayView5, ArrayViewMut5, Axis, Slice};
use patchweave_model::{Cause, Model, ModelError, ModelInfo, Whole, WholePixels};
use patchweave_onnx::{FileAxes, OnnxError, OnnxModel, OnnxOptions, Runtime};

use crate::measure::{InMemory, Measure, Of, Pair, apply, measure, needs};
use crate::sizes::{Link, model_info};
use crate::{Package, Scope, Step, ZooError, ZooOptions};

/// The most bytes of a network.
const MAX_NETWORK: u64 = 1 << 31;
/// The most bytes of weights beside it.
const MAX_WEIGHTS: u64 = 1 << 34;

/// A package as a model: it takes raw pixels, and makes what the package says.
///
/// Statistics that steps need are those of whole images, or of all images of a run, if whoever predicts tiles asks for a model
/// of those (see [`Model::for_whole`]); otherwise those of the blocks of a call.
///
/// ```no_run
/// use patchweave_model::Model;
/// use patchweave_zoo::{ZooModel, ZooOptions};
///
/// let nuclei = ZooModel::open("nuclei.zip".as_ref(), &ZooOptions::default())?;
/// println!("tiles {:?}, halo {:?}", nuclei.info().input.sizes, nuclei.info().halo());
/// for output in nuclei.test()? {
///     println!("{}: {} mismatches", output.id, output.n_mismatched);
/// }
/// # Ok::<(), patchweave_zoo::ZooError>(())
/// ```
#[derive(Clone)]
pub struct ZooModel {
    parts: Arc<Parts>,
    /// The values of measures that are known for all tiles.
    known: Vec<Option<Arc<Pair>>>,
}

/// What does not change.
pub(crate) struct Parts {
    pub package: Package,
    network: OnnxModel,
    info: ModelInfo,
    links: Vec<Link>,
    input: Vec<StepNeeds>,
    outputs: Vec<Vec<StepNeeds>>,
    measures: Vec<Measure>,
}

/// A step and the places of the measures that it needs.
struct StepNeeds {
    step: Step,
    measures: Vec<usize>,
}

/// Results whose statistics are wanted before there are any.
#[derive(Debug, thiserror::Error)]
#[error(
    "a step after the network wants statistics of the whole result {0}, which tiles do not have; predict whole images"
)]
struct OfResult(String);

impl ZooModel {
    /// Opens a package and its weights, and checks that they fit.
    ///
    /// # Errors
    /// As [`Package::open`]; [`ZooError::Fields`] where files of the package are not as it says, and [`ZooError::Network`] for
    /// weights that cannot be run.
    pub fn open(path: &Path, options: &ZooOptions) -> Result<Self, ZooError> {
        let package = Package::open(path)?;
        let network = network(&package, &options.runtime)?;
        let own_name = || {
            let stem = package.path().file_stem().map(|stem| stem.to_string_lossy().into_owned());
            stem.unwrap_or_else(|| "package".to_owned())
        };
        let name = options.name.clone().unwrap_or_else(own_name);
        let (info, links) = model_info(&package, &network, &name)?;
        let mut measures = Vec::new();
        let mut with_needs = |steps: &[Step], of: Of| -> Vec<StepNeeds> {
            let step = |step: &Step| {
                let first = measures.len();
                measures.extend(needs(step, of));
                StepNeeds { step: step.clone(), measures: (first..measures.len()).collect() }
            };
            steps.iter().map(step).collect()
        };
        let description = package.description();
        let input = with_needs(&description.input.steps, Of::Input);
        let outputs = description.outputs.iter().enumerate();
        let outputs = outputs.map(|(idx, output)| with_needs(&output.steps, Of::Output(idx))).collect();
        let known = vec![None; measures.len()];
        let parts = Parts { package, network, info, links, input, outputs, measures };
        Ok(ZooModel { parts: Arc::new(parts), known })
    }

    /// The package.
    #[must_use]
    pub fn package(&self) -> &Package {
        &self.parts.package
    }

    /// The network of the package alone.
    #[must_use]
    pub fn network(&self) -> &OnnxModel {
        &self.parts.network
    }

    fn failed(&self, source: Cause) -> ModelError {
        ModelError::Failed { model: self.parts.info.name.clone(), source }
    }

    fn check_links(&self, inputs: [usize; 5]) -> Result<(), ModelError> {
        for link in &self.parts.links {
            let (got, expected) = (inputs.get(link.axis).copied(), link.size(&inputs));
            if got != expected {
                let name = ["B", "C", "Z", "Y", "X"];
                let [axis, other] = [link.axis, link.other].map(|place| name.get(place).unwrap_or(&"X"));
                return Err(ModelError::Shape {
                    model: self.parts.info.name.clone(),
                    got: format!("{} pixels along {axis}", got.unwrap_or(0)),
                    expected: format!(
                        "{}, which follows from the size along {other}",
                        expected.map_or_else(|| "another number".to_owned(), |size| size.to_string())
                    ),
                });
            }
        }
        Ok(())
    }

    /// Measures of a tensor and a scope whose values are not known, with their places.
    fn unknown(&self, of: Of, scope: Scope) -> Vec<(usize, &Measure)> {
        let measures = self.parts.measures.iter().enumerate();
        let unknown = measures.filter(|(place, measure)| {
            measure.of == of
                && measure.over.scope == scope
                && self.known.get(*place).is_none_or(Option::is_none)
        });
        unknown.collect()
    }

    /// The same model with the values of unknown measures.
    fn knowing(&self, of: Of, scope: Scope, pixels: &dyn WholePixels) -> Result<Self, ModelError> {
        let mut model = self.clone();
        let unknown = self.unknown(of, scope);
        let wanted: Vec<&Measure> = unknown.iter().map(|(_, measure)| *measure).collect();
        let values = measure(&wanted, pixels).map_err(|source| self.failed(source))?;
        for ((place, _), value) in unknown.into_iter().zip(values) {
            if let Some(known) = model.known.get_mut(place) {
                *known = Some(Arc::new(value));
            }
        }
        Ok(model)
    }

    /// Applies steps to a sample `CZYX`.
    fn apply(&self, steps: &[StepNeeds], mut sample: ndarray::ArrayViewMut4<'_, f32>) {
        for StepNeeds { step, measures } in steps {
            let values: Vec<&Pair> = measures
                .iter()
                .filter_map(|place| self.known.get(*place).and_then(Option::as_deref))
                .collect();
            apply(step, &mut sample, &values);
        }
    }
}

/// Reads the weights of a package.
fn network(package: &Package, runtime: &Runtime) -> Result<OnnxModel, ZooError> {
    let description = package.description();
    let weights = &description.weights;
    let bytes = package.read(&weights.file, MAX_NETWORK)?;
    let mut beside = BTreeMap::new();
    if let Some(data) = &weights.external_data {
        let name = Path::new(&data.source).file_name().map(|name| name.to_string_lossy().into_owned());
        beside.insert(name.unwrap_or_default(), package.read(data, MAX_WEIGHTS)?);
    }
    let axes_path = format!("{}.axes", description.input.path);
    let letters = description.input.letters();
    let axes: FileAxes = letters.parse().map_err(|error: patchweave_onnx::BadAxes| {
        package.refused(&axes_path, error.to_string(), "axes of images")
    })?;
    let mut options = OnnxOptions::default();
    options.axes = Some(axes);
    options.runtime = runtime.clone();
    let path = package.path().join(&weights.file.source);
    OnnxModel::from_bytes(&path, &bytes, &beside, &options).map_err(|error| match error {
        OnnxError::Axes { expected, .. } => {
            let found = format!("got axes in the order {letters}");
            package.refused(&axes_path, found, format!("{expected}, as the weights take"))
        }
        other => other.into(),
    })
}

impl Model for ZooModel {
    fn info(&self) -> &ModelInfo {
        &self.parts.info
    }

    fn prepare(&self, inputs: [usize; 5]) -> Result<(), ModelError> {
        self.parts.info.check(inputs)?;
        self.check_links(inputs)?;
        self.parts.network.prepare(inputs)
    }

    fn working_bytes(&self, inputs: [usize; 5]) -> Result<usize, ModelError> {
        self.parts.info.check(inputs)?;
        self.check_links(inputs)?;
        // The prepared input beside what the network needs.
        let prepared = inputs.into_iter().fold(size_of::<f32>(), usize::saturating_mul);
        Ok(self.parts.network.working_bytes(inputs)?.saturating_add(prepared))
    }

    fn held_bytes(&self, inputs: [usize; 5]) -> Result<usize, ModelError> {
        self.parts.info.check(inputs)?;
        self.check_links(inputs)?;
        self.parts.network.held_bytes(inputs)
    }

    fn predict(
        &self,
        inputs: ArrayView5<'_, f32>,
        outputs: &mut [ArrayViewMut5<'_, f32>],
    ) -> Result<(), ModelError> {
        self.predict_seeded(inputs, &vec![0; inputs.len_of(Axis(0))], outputs)
    }

    fn predict_seeded(
        &self,
        inputs: ArrayView5<'_, f32>,
        seeds: &[u64],
        outputs: &mut [ArrayViewMut5<'_, f32>],
    ) -> Result<(), ModelError> {
        self.parts.info.check_call(inputs.dim().into(), outputs)?;
        self.check_links(inputs.dim().into())?;
        let of_call = self.knowing(Of::Input, Scope::Dataset, &InMemory(inputs))?;
        let mut of_samples = Vec::with_capacity(inputs.len_of(Axis(0)));
        let mut prepared = inputs.to_owned();
        for place in 0..inputs.len_of(Axis(0)) {
            let sample = InMemory(inputs.slice_axis_move(Axis(0), Slice::from(place..place + 1)));
            let of_sample = of_call.knowing(Of::Input, Scope::Sample, &sample)?;
            of_sample.apply(&self.parts.input, prepared.index_axis_mut(Axis(0), place));
            of_samples.push(of_sample);
        }
        self.parts.network.predict_seeded(prepared.view(), seeds, outputs)?;
        for (idx, (output, steps)) in outputs.iter_mut().zip(&self.parts.outputs).enumerate() {
            let of = Of::Output(idx);
            let of_all = of_call.knowing(of, Scope::Dataset, &InMemory(output.view()))?;
            for (place, of_sample) in of_samples.iter().enumerate() {
                let sample = output.slice_axis(Axis(0), Slice::from(place..place + 1));
                let mut own = of_sample.knowing(of, Scope::Sample, &InMemory(sample))?;
                for (place, _) in self.unknown(of, Scope::Dataset) {
                    own.known[place].clone_from(&of_all.known[place]);
                }
                own.apply(steps, output.index_axis_mut(Axis(0), place));
            }
        }
        Ok(())
    }

    fn for_whole(
        &self,
        whole: Whole,
        pixels: &dyn WholePixels,
    ) -> Result<Option<Box<dyn Model>>, ModelError> {
        if !pixels.is_one_tile() {
            self.check_tiled(whole)?;
        }
        let scope = scope_of(whole);
        if self.unknown(Of::Input, scope).is_empty() {
            return Ok(None);
        }
        Ok(Some(Box::new(self.knowing(Of::Input, scope, pixels)?)))
    }

    fn check_tiled(&self, whole: Whole) -> Result<(), ModelError> {
        let scope = scope_of(whole);
        let mut outputs = self.parts.info.outputs.iter().enumerate();
        match outputs.find(|(idx, _)| !self.unknown(Of::Output(*idx), scope).is_empty()) {
            None => Ok(()),
            Some((_, output)) => Err(self.failed(OfResult(output.name.clone()).into())),
        }
    }
}

fn scope_of(whole: Whole) -> Scope {
    match whole {
        Whole::Image => Scope::Sample,
        Whole::Run => Scope::Dataset,
    }
}

impl fmt::Debug for ZooModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ZooModel")
            .field("package", &self.parts.package)
            .field("info", &self.parts.info)
            .finish_non_exhaustive()
    }
}
