//! A network in an ONNX file as a model.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use ndarray::{ArrayView5, ArrayViewD, ArrayViewMut5, Axis, Slice};
use patchweave_model::halo::Measured;
use patchweave_model::{Cause, Model, ModelError, ModelInfo, Sides};
use tract_onnx::pb;

use crate::checks::{axes_of, check_operators, check_outputs, only_input};
use crate::external_data::embed;
use crate::file::{decoded, decoded_from};
use crate::network::Network;
use crate::onnx_runtime;
use crate::origin::Origin;
use crate::search::{Search, by};
use crate::tract::{Tract, name_nodes};
use crate::{FileAxes, OnnxError, OnnxFile, OnnxOptions, Runtime};

/// A network in an ONNX file as a model.
///
/// Each output has to have the axes of the input, with or without channels, and sizes that are a multiple or a part of those of
/// the input. Values of other types than `f32` become `f32`.
///
/// Several threads may predict at the same time; each call runs on one thread.
///
/// Random numbers that a network draws follow from the seeds of [`Model::predict_seeded`], and are the same in every call of
/// [`Model::predict`]. In a network that takes a fixed number of samples at once they depend on the seeds of all of these.
///
/// ```no_run
/// use patchweave_model::{Model, halo};
/// use patchweave_onnx::{OnnxModel, OnnxOptions};
///
/// let net = OnnxModel::open("net.onnx".as_ref(), &OnnxOptions::default())?;
/// let tile = net.info().fit([1, 256, 256]);
/// let measured = halo::measure(&net, tile)?;
/// let net = net.with_measured_halo(&measured);
/// println!("{}\n  halo {:?}", net.file(), net.info().halo());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct OnnxModel {
    file: OnnxFile,
    info: ModelInfo,
    axes: FileAxes,
    output_axes: Vec<FileAxes>,
    network: Box<dyn Network>,
}

impl OnnxModel {
    /// Opens a network and finds out which inputs it takes.
    ///
    /// # Errors
    /// [`OnnxError`] if the file cannot be read or is no ONNX file, or if its network has operators, inputs or outputs that are
    /// not supported.
    pub fn open(path: &Path, options: &OnnxOptions) -> Result<Self, OnnxError> {
        let (file, content) = decoded(path)?;
        OnnxModel::of(file, content, Origin::File(path), options)
    }

    /// Takes a network out of memory, as [`open`](Self::open) does from a file.
    ///
    /// `path` is what messages call it. Weights that ONNX keeps beside the network are found in `beside` by the names of their
    /// files.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn from_bytes(
        path: &Path,
        bytes: &[u8],
        beside: &BTreeMap<String, Vec<u8>>,
        options: &OnnxOptions,
    ) -> Result<Self, OnnxError> {
        let (file, mut content) = decoded_from(path, &mut &bytes[..])?;
        let is_changed = embed(&mut content, beside)
            .map_err(|source| OnnxError::Unloadable { path: path.to_owned(), source })?;
        OnnxModel::of(file, content, Origin::Bytes { bytes, is_changed }, options)
    }

    fn of(
        file: OnnxFile,
        mut content: pb::ModelProto,
        origin: Origin<'_>,
        options: &OnnxOptions,
    ) -> Result<Self, OnnxError> {
        let path = file.path.clone();
        let path = path.as_path();
        let is_random = name_nodes(&mut content);
        check_outputs(&file, &content)?;
        let input = only_input(&file)?;
        let (axes, dims) = axes_of(path, input, options)?;
        let search =
            |network: &dyn Network| Search::new(network, &file, &axes, &dims, options).run(options.likeness);
        let (network, found) = match &options.runtime {
            Runtime::Tract => {
                check_operators(&file, &content)?;
                let network = Tract::new(&content, origin.folder())
                    .map_err(|source| OnnxError::Unloadable { path: path.to_owned(), source })?;
                let found = search(&network)?;
                (Box::new(network) as Box<dyn Network>, found)
            }
            Runtime::OnnxRuntime { library } => {
                let wanted = (library.as_deref(), options.resize);
                onnx_runtime::open(origin, (&file, content), &axes, wanted, search)?
            }
        };
        let name = options.name.clone().unwrap_or_else(|| {
            path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
        });
        let mut info = ModelInfo::new(name, found.input, found.outputs).parallel();
        info.is_random = is_random;
        let model = OnnxModel { file, info, axes, output_axes: found.output_axes, network };
        Ok(match options.halo {
            Some(halo) => model.with_halo(halo),
            None => model,
        })
    }

    /// What is in the file.
    #[must_use]
    pub fn file(&self) -> &OnnxFile {
        &self.file
    }

    /// The axes of the input, in the order of the file.
    #[must_use]
    pub fn axes(&self) -> &FileAxes {
        &self.axes
    }

    /// The axes of every output, in the order of the file.
    #[must_use]
    pub fn output_axes(&self) -> &[FileAxes] {
        &self.output_axes
    }

    /// The same model, all of whose outputs see that far along `ZYX`.
    #[must_use]
    pub fn with_halo(mut self, halo: [Sides; 3]) -> Self {
        for output in &mut self.info.outputs {
            output.halo = halo;
        }
        self
    }

    /// The same model, whose outputs see as far as was measured of it.
    #[must_use]
    pub fn with_measured_halo(mut self, measured: &Measured) -> Self {
        for (output, measured) in self.info.outputs.iter_mut().zip(&measured.outputs) {
            output.halo = measured.halo;
        }
        self
    }

    fn failed(&self, error: OnnxError) -> ModelError {
        ModelError::Failed { model: self.info.name.clone(), source: error.into() }
    }

    fn unusable(&self, dims: &[usize], source: Cause) -> ModelError {
        self.failed(OnnxError::Unusable { path: self.file.path.clone(), input: by(dims), source })
    }
}

impl Model for OnnxModel {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn prepare(&self, inputs: [usize; 5]) -> Result<(), ModelError> {
        self.info.check(inputs)?;
        let dims = self.axes.dims(inputs);
        self.network.prepare(&dims).map_err(|source| self.unusable(&dims, source))
    }

    fn working_bytes(&self, inputs: [usize; 5]) -> Result<usize, ModelError> {
        self.info.check(inputs)?;
        let dims = self.axes.dims(inputs);
        self.network.working_bytes(&dims).map_err(|source| self.unusable(&dims, source))
    }

    fn held_bytes(&self, inputs: [usize; 5]) -> Result<usize, ModelError> {
        self.info.check(inputs)?;
        let dims = self.axes.dims(inputs);
        self.network.held_bytes(&dims).map_err(|source| self.unusable(&dims, source))
    }

    fn predict(
        &self,
        inputs: ArrayView5<'_, f32>,
        outputs: &mut [ArrayViewMut5<'_, f32>],
    ) -> Result<(), ModelError> {
        self.run(inputs, 0, outputs)
    }

    fn predict_seeded(
        &self,
        inputs: ArrayView5<'_, f32>,
        seeds: &[u64],
        outputs: &mut [ArrayViewMut5<'_, f32>],
    ) -> Result<(), ModelError> {
        self.info.check_call(inputs.dim().into(), outputs)?;
        if self.info.is_random && seeds.len() > 1 && self.info.input.batch.accepts(1) {
            // Sample by sample, since the numbers of a call follow from one seed.
            for (place, (input, seed)) in inputs.axis_chunks_iter(Axis(0), 1).zip(seeds).enumerate() {
                let mut own = Vec::with_capacity(outputs.len());
                for output in &mut *outputs {
                    own.push(output.slice_axis_mut(Axis(0), Slice::from(place..place + 1)));
                }
                self.run(input, *seed, &mut own)?;
            }
            return Ok(());
        }
        self.run(inputs, seeds.iter().fold(0, |all: u64, seed| all.rotate_left(1) ^ seed), outputs)
    }
}

impl OnnxModel {
    fn run(
        &self,
        inputs: ArrayView5<'_, f32>,
        seed: u64,
        outputs: &mut [ArrayViewMut5<'_, f32>],
    ) -> Result<(), ModelError> {
        self.info.check_call(inputs.dim().into(), outputs)?;
        let input = self.axes.in_file_order(inputs);
        let dims = input.shape().to_vec();
        let ran = self.network.run(input, seed, &mut |idx, made| {
            let (Some(output), Some(axes)) = (outputs.get_mut(idx), self.output_axes.get(idx)) else {
                return Err(format!("output {idx} is new").into());
            };
            copy(axes, made, output)
        });
        ran.map_err(|source| {
            let path = self.file.path.clone();
            self.failed(OnnxError::Failed { path, input: by(&dims), source })
        })
    }
}

fn copy(
    axes: &FileAxes,
    made: ArrayViewD<'_, f32>,
    output: &mut ArrayViewMut5<'_, f32>,
) -> Result<(), Cause> {
    let got = by(made.shape());
    match axes.block_of(made) {
        Some(made) if made.dim() == output.dim() => {
            output.assign(&made);
            Ok(())
        }
        _ => Err(format!("got an output of {got}, expected {}", by(output.shape())).into()),
    }
}

impl fmt::Debug for OnnxModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnnxModel")
            .field("path", &self.file.path)
            .field("info", &self.info)
            .finish_non_exhaustive()
    }
}
