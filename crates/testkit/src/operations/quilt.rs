//! Quilts in memory: windows, weights, patches and back, pairs, sparse labels, positions.

use patchweave_geometry::{Extent, PerAxis};
use patchweave_large::LargeSpec;
use patchweave_pixel::Pixel;
use patchweave_quilt::{
    Border, PositionMode, PositionalChannels, Quilt, border_weight, holds_label,
    weed_sparse_classification_training_pairs,
};
use serde_json::Value;

use crate::golden::{CaseError, NumericArray, OperationError, Outcomes, Request, number, with_numeric};

const SPATIAL: [&str; 3] = ["Z", "Y", "X"];

pub(super) fn chunk_times(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let [image, window, step] = ["dims", "window", "step"].map(|name| request.naturals(name));
    let times = window_times(&image?, &window?, &step?);
    let times = times.ok_or_else(|| OperationError::refused("a step of 0 or lists of different length"))?;
    Ok(Outcomes::default().with("times", times))
}

/// Number of windows along every axis, for any sizes: 0 or less where a window is larger than the image by a step or more.
///
/// A bare count that cases ask for; the library has a [`WindowGrid`](patchweave_geometry::WindowGrid), which refuses
/// windows that do not fit. `None` if a step is 0, the lists differ in length, or a number would leave `i64`.
fn window_times(image: &[usize], window: &[usize], step: &[usize]) -> Option<Vec<i64>> {
    if image.len() != window.len() || image.len() != step.len() {
        return None;
    }
    let signed = |size: usize| i64::try_from(size).ok();
    let axes = image.iter().zip(window).zip(step);
    axes.map(|((&image, &window), &step)| {
        let image = signed(image)?;
        let window = signed(window)?;
        let step = signed(step)?;
        if step == 0 {
            return None;
        }
        let full = (image - window).div_euclid(step);
        let has_rest = image > full.checked_mul(step)?.checked_add(window)?;
        full.checked_add(if has_rest { 2 } else { 1 })
    })
    .collect()
}

pub(super) fn normalize_border(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let borders = border(request)?.per_axis(request.natural("ndim")?)?;
    let borders = borders.map_or(Value::Null, |borders| borders.as_slice().into());
    Ok(Outcomes::default().with("result", borders))
}

pub(super) fn validate_border_weight(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    Ok(Outcomes::default().with("result", border_weight(weight(request)?)?))
}

pub(super) fn weight_matrix(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let window = request.extent("window")?;
    let step = PerAxis::splat(1, window.n_axes())?;
    let quilt = Quilt::new(window, window, step)?;
    let border = border(request)?;
    let weight = weight(request)?;
    let on_disk = LargeSpec::new(1, window, window, step)?.with_border(border.clone(), weight)?;
    let quilt = quilt.with_border(border, weight)?;
    Ok(Outcomes::default()
        .with_array("weight_in_memory", quilt.blend().matrix().mapv(<f32 as Pixel>::from_f64))
        .with_array("weight_disk", on_disk.weights())
        .with_array("border_tensor", quilt.border_tensor()))
}

pub(super) fn construct(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    quilt(request).map(|_| Outcomes::default())
}

pub(super) fn roundtrip(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let quilt = quilt(request)?;
    let outcomes = Outcomes::default()
        .with("times", quilt.times().as_slice())
        .with_array("border_tensor", quilt.border_tensor())
        .with_array("weight", quilt.blend().matrix().mapv(<f32 as Pixel>::from_f64));
    let patches: NumericArray = with_numeric!(request.required_input("tensor")?, tensor => {
        quilt.unstitch(tensor.view())?.into()
    });
    let (stitched, norma): (NumericArray, _) = stitched(&quilt, request)?;
    Ok(outcomes.with_array("patches", patches).with_array("stitched", stitched).with_array("norma", norma))
}

pub(super) fn stitch(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let (stitched, norma) = stitched(&quilt(request)?, request)?;
    Ok(Outcomes::default().with_array("stitched", stitched).with_array("norma", norma))
}

fn stitched(quilt: &Quilt, request: &Request<'_>) -> Result<(NumericArray, NumericArray), OperationError> {
    with_numeric!(request.required_input("processed")?, patches => {
        let (images, weights) = quilt.stitch(patches.view())?;
        Ok((images.into(), weights.into()))
    })
}

pub(super) fn data_pair(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let quilt = quilt(request)?;
    let inputs = request.required_input("tensor_in")?.to_f32();
    let missing = request.value("missing_label").and_then(number);
    with_numeric!(request.required_input("tensor_out")?, targets => {
        let missing = missing.map(|label| as_label(&targets, label));
        let (inputs, targets) = quilt.unstitch_data_pair(inputs.view(), targets.view(), missing)?;
        Ok(Outcomes::default().with_array("patches_in", inputs).with_array("patches_out", targets))
    })
}

pub(super) fn weed(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let inputs = request.required_input("tensor_in")?.to_f32();
    let mask = request.required_input("border_tensor")?.to_f32();
    let missing = missing_label(request)?;
    with_numeric!(request.required_input("tensor_out")?, targets => {
        let missing = as_label(&targets, missing);
        let weeded =
            weed_sparse_classification_training_pairs(inputs.view(), targets.view(), missing, mask.view())?;
        for (target, &removed) in targets.outer_iter().zip(&weeded.removed) {
            if mask.ndim() <= target.ndim() && holds_label(target, missing, mask.view())? == removed {
                return Err(OperationError::Law("one pair at a time is judged differently".to_owned()));
            }
        }
        let removed = ndarray::Array1::from(weeded.removed).into_dyn();
        Ok(Outcomes::default()
            .with_array("valid_in", weeded.inputs)
            .with_array("valid_out", weeded.targets)
            .with_array("removed", removed))
    })
}

pub(super) fn positions(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let quilt = quilt(request)?;
    let n_images = request.required_input("tensor")?.shape().first().copied().unwrap_or(0);
    Ok(Outcomes::default()
        .with_array("positions", quilt.positions(n_images)?.into_dyn())
        .with_array("positions_with_n", quilt.positions_with_image(n_images)?.into_dyn()))
}

pub(super) fn positional_channels(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let mode = match request.text("position_mode")? {
        Some("absolute") => PositionMode::Absolute,
        _ => PositionMode::Relative,
    };
    let channels = PositionalChannels { mode, is_normalized: request.flag("normalize_positions", false)? };
    let quilt = quilt(request)?;
    let patches: NumericArray = with_numeric!(request.required_input("tensor")?, tensor => {
        quilt.unstitch_with_positions(tensor.view(), channels)?.into()
    });
    Ok(Outcomes::default().with_array("patches", patches))
}

/// The quilt of a case: sizes by their letters, and a border where there is one.
pub(super) fn quilt(request: &Request<'_>) -> Result<Quilt, OperationError> {
    let letters = SPATIAL.iter().filter(|letter| request.value(letter).is_some());
    let image: Vec<usize> = letters.map(|letter| request.natural(letter)).collect::<Result<_, _>>()?;
    let step = PerAxis::new(&request.naturals("step")?)?;
    let quilt = Quilt::new(Extent::new(&image)?, request.extent("window")?, step)?;
    Ok(quilt.with_border(border(request)?, weight(request)?)?)
}

/// A border as cases write it.
pub(super) fn border(request: &Request<'_>) -> Result<Border, OperationError> {
    match request.value("border") {
        None => Ok(Border::None),
        Some(Value::Bool(border)) => Ok(Border::Every(i64::from(*border))),
        Some(Value::Array(_)) => Ok(request.integers("border")?.into()),
        Some(border) => match border.as_i64() {
            Some(border) => Ok(border.into()),
            None => Err(OperationError::refused(format!("{border} is no border"))),
        },
    }
}

/// The weight of the border; 1 where the case leaves it out.
pub(super) fn weight(request: &Request<'_>) -> Result<f64, OperationError> {
    match request.value("border_weight") {
        None => Ok(1.0),
        Some(value) => number(value).ok_or_else(|| OperationError::refused(format!("{value} is no weight"))),
    }
}

pub(super) fn missing_label(request: &Request<'_>) -> Result<f64, OperationError> {
    let value = request.required("missing_label")?;
    Ok(number(value).ok_or_else(|| CaseError::Entry {
        name: "missing_label".to_owned(),
        got: value.to_string(),
        expected: "a number",
    })?)
}

pub(super) fn as_label<T: Pixel>(_: &ndarray::ArrayD<T>, label: f64) -> T {
    T::from_f64(label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use patchweave_geometry::AxisGrid;
    use proptest::prelude::*;

    proptest! {
        /// Where a window fits, the number is that of the grid.
        #[test]
        fn counts_are_those_of_the_grid(window in 1_usize..12, more in 0_usize..20, step in 1_usize..9) {
            let size = window + more;
            let n_windows = AxisGrid::new(size, window, step).unwrap().n_windows();
            let expected = vec![i64::try_from(n_windows).unwrap()];
            prop_assert_eq!(window_times(&[size], &[window], &[step]), Some(expected));
        }
    }

    #[test]
    fn counts_that_leave_their_type_are_none() {
        assert_eq!(window_times(&[usize::MAX >> 1], &[0], &[1]), None);
        assert_eq!(window_times(&[usize::MAX], &[1], &[1]), None);
        assert_eq!(window_times(&[30], &[55], &[25]), Some(vec![0]));
    }
}
