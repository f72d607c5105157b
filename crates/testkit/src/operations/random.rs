//! Strategies with chance: the counts are exact, the coordinates are drawn until their law shows.

use patchweave_geometry::{Extent, ImageShape, PatchSpec};
use patchweave_patching::{FixedRandomPatching, PatchRng, Patching, RandomPatching};
use serde_json::{Value, json};

use super::patching::index_ranges;
use super::specs::spec_fields;
use crate::golden::{OperationError, Outcomes, Request};

/// Draws per possible start of the longest axis: one of them stays unseen with probability e⁻⁴⁰.
const DRAWS_PER_START: usize = 40;

/// Draws at most; with more possible starts only the inside of the bounds is checked.
const DRAW_LIMIT: usize = 2_000_000;

/// Patches whose repeatability is checked.
const N_REPEATED: usize = 200;

/// Gives the place of a patch in one of many independent rounds.
type Draw<'a> = &'a dyn Fn(usize, usize) -> Result<PatchSpec, OperationError>;

pub(super) fn random(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let (shapes, patch_size) = sizes(request)?;
    let patching = RandomPatching::new(&shapes, patch_size)?;
    let draw = |round, index| place(&patching, index, PatchRng::for_patch(7, round as u64, index));
    let outcomes = observed(request, &shapes, &patching, &draw)?;
    for index in 0..patching.n_patches().min(N_REPEATED) {
        if draw(0, index)? != draw(0, index)? {
            return Err(OperationError::Law(format!("patch {index} is no function of its random stream")));
        }
    }
    Ok(outcomes)
}

pub(super) fn fixed_random(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let (shapes, patch_size) = sizes(request)?;
    let of_seed = |seed: usize| FixedRandomPatching::new(&shapes, patch_size, seed as u64);
    let patching = of_seed(0)?;
    let draw = |round, index| place(&of_seed(round)?, index, PatchRng::for_patch(0, 0, index));
    let outcomes = observed(request, &shapes, &patching, &draw)?;
    for index in 0..patching.n_patches().min(N_REPEATED) {
        for (seed, epoch) in [(0, 0), (1, 0), (0, 1)] {
            let again = place(&patching, index, PatchRng::for_patch(seed, epoch, index))?;
            if again != draw(0, index)? {
                return Err(OperationError::Law(format!("patch {index} is not always the same")));
            }
        }
    }
    Ok(outcomes)
}

fn sizes(request: &Request<'_>) -> Result<(Vec<ImageShape>, Extent), OperationError> {
    Ok((request.image_shapes("data_shapes")?, request.extent("patch_size")?))
}

fn place(patching: &dyn Patching, index: usize, mut rng: PatchRng) -> Result<PatchSpec, OperationError> {
    let spec = patching.spec(index, &mut rng)?;
    spec.patch().copied().ok_or_else(|| OperationError::Law(format!("patch {index} has no place")))
}

fn observed(
    request: &Request<'_>,
    shapes: &[ImageShape],
    patching: &dyn Patching,
    draw: Draw<'_>,
) -> Result<Outcomes, OperationError> {
    let mut outcomes = Outcomes::default()
        .with("n_patches", patching.n_patches())
        .with("index_ranges", index_ranges(patching, shapes.len()));
    if request.value("index").is_some() {
        let spec = draw(0, request.natural("index")?)?;
        outcomes =
            outcomes.with("spec", spec_fields(&spec.into(), |data_idx| patching.indices_of(data_idx).len()));
    }
    let bounds: Vec<Value> = shapes
        .iter()
        .enumerate()
        .map(|(data_idx, shape)| {
            let wanted = request.expected("coord_bounds").and_then(|bounds| bounds.get(data_idx));
            coord_bounds(data_idx, shape, patching, draw, wanted)
        })
        .collect::<Result<_, _>>()?;
    Ok(outcomes.with("index_map", index_map(patching, draw)?).with("coord_bounds", bounds))
}

/// `[[data_idx, sample_idx], count]` in the order of the indices.
fn index_map(patching: &dyn Patching, draw: Draw<'_>) -> Result<Value, OperationError> {
    let mut runs: Vec<([usize; 2], usize)> = Vec::new();
    for index in 0..patching.n_patches() {
        let spec = draw(0, index)?;
        let sample = [spec.data_idx, spec.sample_idx];
        match runs.last_mut() {
            Some((last, count)) if *last == sample => *count += 1,
            _ => runs.push((sample, 1)),
        }
    }
    Ok(json!(runs))
}

/// The lowest and highest start seen along each axis, or what was expected if everything seen is inside but
/// there are too many starts to see them all.
fn coord_bounds(
    data_idx: usize,
    shape: &ImageShape,
    patching: &dyn Patching,
    draw: Draw<'_>,
    wanted: Option<&Value>,
) -> Result<Value, OperationError> {
    let indices: Vec<usize> = patching.indices_of(data_idx).iter().collect();
    let Some(&first) = indices.first() else { return Ok(Value::Null) };
    let patch_size = patching.patch_size(first)?;
    let starts = shape.extent.iter().zip(patch_size.iter()).map(|(n, p)| n.saturating_sub(p) + 1);
    let n_draws = starts.max().unwrap_or(1).saturating_mul(DRAWS_PER_START).max(indices.len());
    let mut seen = vec![(i64::MAX, i64::MIN); patch_size.n_axes()];
    for nth in 0..n_draws.min(DRAW_LIMIT) {
        let spec = draw(nth / indices.len(), indices[nth % indices.len()])?;
        for ((low, high), start) in seen.iter_mut().zip(spec.coords.iter()) {
            (*low, *high) = ((*low).min(start), (*high).max(start));
        }
    }
    let all_inside = |wanted: &&Value| {
        seen.iter().enumerate().all(|(axis, &(low, high))| {
            let bound = |place: usize| wanted.get(axis)?.get(place)?.as_i64();
            bound(0).is_some_and(|bound| bound <= low) && bound(1).is_some_and(|bound| high <= bound)
        })
    };
    match wanted.filter(all_inside) {
        Some(wanted) if n_draws > DRAW_LIMIT => Ok(wanted.clone()),
        _ => Ok(json!(seen)),
    }
}
