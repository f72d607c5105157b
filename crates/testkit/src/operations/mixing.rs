//! Constructors with lateral context, their random decisions pinned to those of the case.

use ndarray::{Array4, Axis as Dim, stack};
use patchweave_construct::{
    AlphaRange, IndependentTargetsMsPatchConstr, Job, LateralContext, MixDraws, MixOptions,
    MultiChannelTargetMsPatchConstr, PairedInputTargetMsPatchConstr, PatchConstr, PatchConstrExt,
    PatchExtractor, PredMsPatchConstr, Sample, Scratch, principal_channel as principal_channel_of,
};
use patchweave_geometry::{Axes, Context, ContextPadding, Overlaps, RegionSpec};
use patchweave_patching::{FixedPatching, PatchRng, TiledPatching, WholePatching};
use serde_json::{Value, json};

use super::construct::{constructor_fields, sample_fields};
use super::context::lateral_context;
use super::extract::{array_stack, images};
use super::specs::{read_specs, specs_of};
use crate::golden::{CaseError, OperationError, Outcomes, Request, number};

/// Random decisions as the case lists them, and a record of what was asked for.
struct Pinned {
    unit: Option<f64>,
    indices: Option<Vec<usize>>,
    weights: Option<Vec<f64>>,
    /// Whether the counts of indices are listed one by one.
    lists_counts: bool,
    requested: Vec<Value>,
    rng: PatchRng,
}

impl Pinned {
    fn read(request: &Request<'_>, indices: &str, lists_counts: bool) -> Result<Self, OperationError> {
        let pinned = request.required("pinned")?;
        // An index that is none leads nowhere, so that the library refuses it.
        let index = |value: &Value| {
            value.as_number()?;
            Some(value.as_u64().and_then(|index| usize::try_from(index).ok()).unwrap_or(usize::MAX))
        };
        Ok(Pinned {
            unit: pinned.get("unit").and_then(number),
            indices: list(pinned, indices, index)?,
            weights: list(pinned, "alphas", number)?,
            lists_counts,
            requested: Vec::new(),
            rng: PatchRng::for_patch(0, 0, 0),
        })
    }
}

/// The numbers under a key, if it is there.
fn list<T>(
    pinned: &Value,
    key: &str,
    read: impl Fn(&Value) -> Option<T>,
) -> Result<Option<Vec<T>>, CaseError> {
    let list = match pinned.get(key) {
        None | Some(Value::Null) => return Ok(None),
        Some(list) => list,
    };
    let numbers = list.as_array().and_then(|list| list.iter().map(read).collect());
    Ok(Some(numbers.ok_or_else(|| CaseError::Entry {
        name: key.to_owned(),
        got: list.to_string(),
        expected: "numbers",
    })?))
}

/// Decisions that the case does not pin take the first value, and show in the record.
impl MixDraws for Pinned {
    fn unit(&mut self) -> f64 {
        self.requested.push(json!({"draw": "unit"}));
        self.unit.unwrap_or(0.0)
    }

    fn indices(&mut self, counts: &[usize]) -> Vec<usize> {
        let high = if self.lists_counts { json!(counts) } else { json!(counts.first()) };
        self.requested.push(json!({"draw": "integers", "low": 0, "high": high, "size": counts.len()}));
        self.indices.clone().unwrap_or_else(|| vec![0; counts.len()])
    }

    fn weights(&mut self, ranges: &[AlphaRange]) -> Vec<f64> {
        let limits = |limit: fn(&AlphaRange) -> f64| ranges.iter().map(limit).collect::<Vec<_>>();
        let low = limits(AlphaRange::low);
        let high = limits(AlphaRange::high);
        self.requested.push(json!({"draw": "uniform", "low": low, "high": high}));
        self.weights.clone().unwrap_or(low)
    }

    fn rng(&mut self) -> &mut PatchRng {
        &mut self.rng
    }
}

fn alpha_ranges(request: &Request<'_>) -> Result<Option<Vec<AlphaRange>>, OperationError> {
    let Some(ranges) = request.value("alpha_ranges") else { return Ok(None) };
    let no_ranges = || CaseError::Entry {
        name: "alpha_ranges".to_owned(),
        got: ranges.to_string(),
        expected: "pairs of numbers",
    };
    let pairs = ranges.as_array().ok_or_else(no_ranges)?.iter().map(|pair| {
        match pair.as_array().map(|pair| pair.iter().map(number).collect::<Option<Vec<f64>>>()) {
            Some(Some(pair)) if pair.len() == 2 => Ok(AlphaRange::new(pair[0], pair[1])?),
            _ => Err(no_ranges().into()),
        }
    });
    pairs.collect::<Result<_, OperationError>>().map(Some)
}

fn image(request: &Request<'_>, name: &str) -> Result<PatchExtractor, OperationError> {
    let axes = request.required_axes("axes")?;
    Ok(PatchExtractor::new(vec![array_stack(request.required_input(name)?, &axes)?])?)
}

/// The indices of one stack, or a whole sample with everything that is told about it.
fn answer(
    request: &Request<'_>,
    constr: &dyn PatchConstr,
    construct: impl FnOnce(usize, &mut Sample) -> Result<RegionSpec, OperationError>,
) -> Result<Outcomes, OperationError> {
    if request.value("patch_indices_of").is_some() {
        let indices = constr.patch_indices(request.natural("patch_indices_of")?)?;
        return Ok(Outcomes::default().with("patch_indices", indices.iter().collect::<Vec<_>>()));
    }
    let index = request.natural("index")?;
    let mut sample = Sample::zeros(&constr.layout(index)?)?;
    let spec = construct(index, &mut sample)?;
    sample_fields(constr, index, &sample, &spec, constructor_fields(constr))
}

pub(super) fn multi_channel(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let constr = multi_channel_constructor(request)?;
    let mut requested = Vec::new();
    let outcomes = answer(request, &constr, |index, sample| {
        let mut draws = Pinned::read(request, "secondary_indices", false)?;
        let spec = constr.construct_with(index, &mut draws, &mut Scratch::default(), sample.view_mut())?;
        requested = draws.requested;
        Ok(spec)
    })?;
    Ok(outcomes.with("draws_requested", requested))
}

/// The constructor that a case describes, for images `target_0` … or one image `target`.
pub(super) fn multi_channel_constructor(
    request: &Request<'_>,
) -> Result<MultiChannelTargetMsPatchConstr<FixedPatching>, OperationError> {
    let uncorrelated_prob = request.value("uncorrelated_channel_prob").and_then(number).unwrap_or(0.0);
    let options = MixOptions {
        channels: request.optional_naturals("channels")?,
        alpha_ranges: alpha_ranges(request)?,
        uncorrelated_prob,
    };
    let images = match request.input("target")? {
        Some(_) => image(request, "target")?,
        None => images(request, "target")?,
    };
    let patching = FixedPatching::new(read_specs(request, "specs")?);
    Ok(MultiChannelTargetMsPatchConstr::new(patching, images, context_or_plain(request)?, options)?)
}

/// The context of the request; a request for indices alone may leave it out.
fn context_or_plain(request: &Request<'_>) -> Result<LateralContext, OperationError> {
    match request.value("multiscale_count") {
        Some(_) => lateral_context(request),
        None => Ok(LateralContext::new(Context::none())),
    }
}

pub(super) fn independent(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let tables = request.required("specs_per_channel")?.as_array().map_or(&[][..], Vec::as_slice);
    let mut sources = Vec::new();
    for (channel, table) in tables.iter().enumerate() {
        let patching = FixedPatching::new(specs_of("specs_per_channel", table)?);
        sources.push((patching, images(request, &format!("channel{channel}"))?));
    }
    let constr =
        IndependentTargetsMsPatchConstr::new(sources, context_or_plain(request)?, alpha_ranges(request)?)?;
    let mut requested = Vec::new();
    let outcomes = answer(request, &constr, |index, sample| {
        let mut draws = Pinned::read(request, "drawn_indices", true)?;
        let spec = constr.construct_with(index, &mut draws, &mut Scratch::default(), sample.view_mut())?;
        requested = draws.requested;
        Ok(spec)
    })?;
    let principal_channel = constr.principal_channel();
    Ok(outcomes.with("draws_requested", requested).with("principal_channel", principal_channel))
}

pub(super) fn paired(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let patching = FixedPatching::new(read_specs(request, "specs")?);
    let input = match request.value("input_channels") {
        None => image(request, "image")?,
        Some(_) => {
            let image = request.required_input("image")?.to_f32();
            let channels = vec![image.view(); request.natural("input_channels")?];
            let repeated = ndarray::concatenate(Dim(1), &channels)?;
            PatchExtractor::new(vec![array_stack(repeated.into(), &request.required_axes("axes")?)?])?
        }
    };
    let target = image(request, "target")?;
    let constr =
        PairedInputTargetMsPatchConstr::new(patching, input, target, lateral_context(request)?, None)?;
    construct(request, &constr)
}

pub(super) fn prediction(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let images = image(request, "image")?;
    let overlaps = request.optional_naturals("overlaps")?;
    let overlaps = overlaps.map(|overlaps| Overlaps::new(&overlaps)).transpose()?;
    let patching = TiledPatching::new(images.shapes(), request.extent("patch_size")?, overlaps)?;
    let constr = PredMsPatchConstr::new(patching, images, lateral_context(request)?, None)?;
    construct(request, &constr)
}

fn construct(request: &Request<'_>, constr: &dyn PatchConstr) -> Result<Outcomes, OperationError> {
    answer(request, constr, |index, sample| {
        let mut rng = PatchRng::for_patch(0, 0, index);
        let mut scratch = Scratch::default();
        Ok(constr.construct_into(Job::new(index, &mut rng, &mut scratch), sample.view_mut())?)
    })
}

pub(super) fn principal_channel(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let counts = request.naturals("n_patches")?;
    let channel = principal_channel_of(&counts);
    Ok(Outcomes::default().with("principal_channel", channel).with("n", counts[channel]))
}

/// Every scale of the patch stands for an image that is seen at its native scale.
pub(super) fn alpha_mix(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let patch = request.required_input("patch")?.to_f32();
    let shape = patch.shape().to_vec();
    let is_3d = shape.len() == 5;
    let axes: Axes = if is_3d { "CZYX" } else { "CYX" }.parse()?;
    let mut requested = Value::Null;
    let mut inputs = Vec::new();
    let mut target = None;
    for scale in patch.axis_iter(Dim(1)) {
        let images = PatchExtractor::new(vec![array_stack(scale.to_owned().into(), &axes)?])?;
        let whole = WholePatching::new(images.shapes())?;
        let context = LateralContext::new(Context::new(1, ContextPadding::Reflect)?);
        let options = MixOptions { alpha_ranges: alpha_ranges(request)?, ..MixOptions::default() };
        let constr = MultiChannelTargetMsPatchConstr::new(whole, images, context, options)?;
        let mut sample = Sample::zeros(&constr.layout(0)?)?;
        let mut draws = Pinned {
            unit: None,
            indices: None,
            weights: request
                .value("alphas")
                .and_then(|alphas| alphas.as_array()?.iter().map(number).collect()),
            lists_counts: false,
            requested: Vec::new(),
            rng: PatchRng::for_patch(0, 0, 0),
        };
        constr.construct_with(0, &mut draws, &mut Scratch::default(), sample.view_mut())?;
        inputs.push(sample.input.index_axis_move(Dim(0), 0));
        target = target.or(sample.target);
        // Whether channels are correlated is decided by the constructor, not by the mixture.
        requested = json!(&draws.requested[1..]);
    }
    let views: Vec<_> = inputs.iter().map(|input| input.view()).collect();
    let input = stack(Dim(0), &views)?;
    let without_scales: Vec<usize> = shape[..1].iter().chain(&shape[2..]).copied().collect();
    let target: Array4<f32> = target.ok_or_else(|| OperationError::refused("there are no scales"))?;
    Ok(Outcomes::default()
        .with("draws_requested", requested)
        .with_reshaped("input", &input, &shape[1..])?
        .with_reshaped("target", &target, &without_scales)?)
}
