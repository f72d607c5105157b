//! Flips and quarter turns: what they do, and what they choose from with which probability.

use ndarray::{Array4, ArrayD, Ix4};
use patchweave_patching::PatchRng;
use patchweave_transform::{PlaneSymmetry, XyFlip, XyRandomRotate90};
use serde_json::Value;

use super::axes::with_depth;
use crate::golden::{CaseError, OperationError, Outcomes, Request, number};

/// Draws that a law is judged by.
const N_DRAWS: u32 = 20_000;

/// Standard deviations that a count may be off: more happens once in 10⁹ counts.
const N_DEVIATIONS: f64 = 6.0;

pub(super) fn augment(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    if request.flag("rotate", false)? {
        return turn_choices(request);
    }
    if request.value("flip_x").or(request.value("flip_y")).is_some() {
        return flip_choices(request);
    }
    let flip = match request.text("flip")? {
        None => PlaneSymmetry::IDENTITY,
        Some("Y") => PlaneSymmetry::FLIP_Y,
        Some("X") => PlaneSymmetry::FLIP_X,
        Some(other) => return Err(OperationError::refused(format!("no axis {other:?} can be flipped"))),
    };
    let n_turns = match request.value("quarter_turns") {
        None => 0,
        Some(_) => request.integer("quarter_turns")?.rem_euclid(4),
    };
    let turn = PlaneSymmetry::quarter_turns(u32::try_from(n_turns).unwrap_or_default());
    let symmetry = turn.after(flip);
    let mut outcomes = Outcomes::default();
    for name in ["patch", "target"] {
        if let Some(array) = request.input(name)? {
            outcomes = outcomes.with_array(name, transformed(symmetry, array.to_f32())?);
        }
    }
    Ok(outcomes)
}

fn transformed(symmetry: PlaneSymmetry, array: ArrayD<f32>) -> Result<ArrayD<f32>, OperationError> {
    let is_2d = array.ndim() == 3;
    let source = with_depth(array, 0).into_dimensionality::<Ix4>()?;
    let (c, z, y, x) = source.dim();
    let (y, x) = if symmetry.swaps_axes() { (x, y) } else { (y, x) };
    let mut out = Array4::zeros([c, z, y, x]);
    symmetry.write(source.view(), out.view_mut())?;
    Ok(if is_2d { out.into_shape_with_order(vec![c, y, x])? } else { out.into_dyn() })
}

fn flip_choices(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let flip =
        XyFlip::new(request.flag("flip_x", true)?, request.flag("flip_y", true)?, probability(request)?)?;
    let axis = |symmetry: &PlaneSymmetry| match *symmetry {
        PlaneSymmetry::FLIP_Y => Value::from("Y"),
        PlaneSymmetry::FLIP_X => Value::from("X"),
        other => Value::from(format!("{other:?}")),
    };
    let law = law(flip.choices(), flip.probability(), |rng| flip.draw(rng))?;
    Ok(Outcomes::default()
        .with("axes", flip.choices().iter().map(axis).collect::<Vec<_>>())
        .with("apply_probability", flip.probability())
        .with("axis_law", law))
}

fn turn_choices(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let rotate = XyRandomRotate90::new(probability(request)?)?;
    let n_turns = |symmetry: &PlaneSymmetry| {
        (0..4_u32).find(|&n| PlaneSymmetry::quarter_turns(n) == *symmetry).map_or(Value::Null, Value::from)
    };
    let law = law(rotate.choices(), rotate.probability(), |rng| rotate.draw(rng))?;
    Ok(Outcomes::default()
        .with("quarter_turns", rotate.choices().iter().map(n_turns).collect::<Vec<_>>())
        .with("apply_probability", rotate.probability())
        .with("turn_law", law))
}

fn probability(request: &Request<'_>) -> Result<f64, CaseError> {
    let value = request.value("p");
    let no_number = |value: &Value| CaseError::Entry {
        name: "p".to_owned(),
        got: value.to_string(),
        expected: "a number",
    };
    value.map_or(Ok(0.5), |value| number(value).ok_or_else(|| no_number(value)))
}

/// `uniform` if doing something has that probability and all choices are equally frequent.
fn law(
    choices: &[PlaneSymmetry],
    probability: f64,
    draw: impl Fn(&mut PatchRng) -> PlaneSymmetry,
) -> Result<&'static str, OperationError> {
    let mut rng = PatchRng::for_patch(11, 0, 0);
    let drawn: Vec<PlaneSymmetry> = (0..N_DRAWS).map(|_| draw(&mut rng)).collect();
    let count = |wanted: PlaneSymmetry| drawn.iter().map(|&s| f64::from(u8::from(s == wanted))).sum::<f64>();
    #[expect(clippy::cast_precision_loss, reason = "there are at most three choices")]
    let share = probability / choices.len() as f64;
    let expected = choices.iter().map(|&choice| (choice, share));
    for (symmetry, share) in expected.chain([(PlaneSymmetry::IDENTITY, 1.0 - probability)]) {
        let got = count(symmetry);
        let mean = f64::from(N_DRAWS) * share;
        if (got - mean).abs() > N_DEVIATIONS * (mean * (1.0 - share)).sqrt() {
            let n = f64::from(N_DRAWS);
            return Err(OperationError::Law(format!(
                "{symmetry:?} came {got} times in {n}, expected {mean}"
            )));
        }
    }
    Ok("uniform")
}
