//! Where the pixels of OME-Zarr arrays are in space and time: transformations of a level, then of all levels together.

use patchweave_geometry::Axis;
use serde_json::Value;

use super::ome_axes::axis;
use crate::units::{micrometres, seconds};

/// Transformations of an image whose axes are described.
pub(super) struct Space<'a> {
    axes: &'a [Value],
    /// What is done after the transformations of a level.
    scale: Option<Vec<Option<f64>>>,
    translation: Option<Vec<Option<f64>>>,
}

impl<'a> Space<'a> {
    /// The axes of an image and the transformations of all its levels.
    pub fn of(axes: &'a [Value], image: &Value) -> Self {
        Space { axes, scale: numbers(image, "scale"), translation: numbers(image, "translation") }
    }

    /// Micrometres per pixel of a level for every axis.
    pub fn scale(&self, level: &Value) -> Option<Vec<Option<f64>>> {
        let own = numbers(level, "scale")?;
        Some(self.for_every_axis(|dimension, unit| {
            let size = unit * at(&own, dimension)? * self.scale_along(dimension)?;
            (size.is_finite() && size > 0.0).then_some(size)
        }))
    }

    /// Micrometres from the origin to the centre of the first pixel of a level for every axis; nothing where nobody says.
    pub fn translation(&self, level: &Value) -> Option<Vec<Option<f64>>> {
        let own = numbers(level, "translation");
        if own.is_none() && self.translation.is_none() {
            return None;
        }
        let along = |translation: &Option<Vec<Option<f64>>>, dimension| match translation {
            Some(translation) => at(translation, dimension),
            None => Some(0.0),
        };
        Some(self.for_every_axis(|dimension, unit| {
            let own = along(&own, dimension)? * self.scale_along(dimension)?;
            let place = unit * (own + along(&self.translation, dimension)?);
            place.is_finite().then_some(place)
        }))
    }

    /// Seconds from one time point of a level to the next.
    pub fn time_step(&self, level: &Value) -> Option<f64> {
        let is_time = |(_, other): &(usize, &Value)| axis(other) == Some(Axis::T);
        let (dimension, time) = self.axes.iter().enumerate().find(is_time)?;
        let own = at(&numbers(level, "scale")?, dimension)?;
        Some(seconds(time.get("unit")?.as_str()?)? * own * self.scale_along(dimension)?)
    }

    fn scale_along(&self, dimension: usize) -> Option<f64> {
        self.scale.as_ref().map_or(Some(1.0), |scale| at(scale, dimension))
    }

    /// A value for every axis with a unit of length, of which `of` is told its dimension and how many micrometres it has.
    fn for_every_axis(&self, of: impl Fn(usize, f64) -> Option<f64>) -> Vec<Option<f64>> {
        let along =
            |(dimension, axis): (usize, &Value)| of(dimension, micrometres(axis.get("unit")?.as_str()?)?);
        self.axes.iter().enumerate().map(along).collect()
    }
}

fn at(numbers: &[Option<f64>], dimension: usize) -> Option<f64> {
    *numbers.get(dimension)?
}

/// One number per axis of the first transformation of that kind; `None` for one that is no number.
fn numbers(owner: &Value, kind: &str) -> Option<Vec<Option<f64>>> {
    let transforms = owner.get("coordinateTransformations")?.as_array()?;
    let numbers = transforms.iter().find_map(|transform| transform.get(kind)?.as_array())?;
    Some(numbers.iter().map(Value::as_f64).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn translation(own: &Value, global: &Value) -> Option<Vec<Option<f64>>> {
        let unit = |unit: &str| json!({"name": "y", "unit": unit});
        let axes = [unit("micrometer"), unit("nanometer"), unit("pixel")];
        let image = json!({"coordinateTransformations": global});
        Space::of(&axes, &image).translation(&json!({"coordinateTransformations": own}))
    }

    #[test]
    fn translations_of_levels_are_scaled_and_shifted_with_all_others() {
        let scale = json!({"type": "scale", "scale": [2, 3, 1]});
        let own = json!([scale, {"type": "translation", "translation": [5, 500, 7]}]);
        let global = json!([scale, {"type": "translation", "translation": [100, 1000, 1]}]);
        assert_eq!(translation(&own, &json!([])), Some(vec![Some(5.0), Some(0.5), None]));
        assert_eq!(translation(&own, &global), Some(vec![Some(110.0), Some(2.5), None]));
        assert_eq!(translation(&json!([scale]), &global), Some(vec![Some(100.0), Some(1.0), None]));
        assert_eq!(translation(&json!([scale]), &json!([scale])), None);
        let short = json!([{"translation": [5]}]);
        assert_eq!(translation(&short, &json!([])), Some(vec![Some(5.0), None, None]));
        let far = json!([{"translation": [-1e300, "5", 7]}]);
        let wide = json!([{"scale": [1e300, 1, 1]}]);
        assert_eq!(translation(&far, &wide), Some(vec![None; 3]));
    }
}
