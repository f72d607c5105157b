//! The JSON that tifffile writes into the description of its files.

use patchweave_geometry::Axis;

/// The shape of a whole array, page dimensions included, and its axes where the file names them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shaped {
    pub shape: Vec<usize>,
    /// As many as there are dimensions.
    pub axes: Option<Vec<Axis>>,
    /// All pages but the first stand behind it without a directory.
    pub is_truncated: bool,
}

impl Shaped {
    /// Reads a description; `None` if it is another kind of text.
    pub fn parse(text: &str) -> Option<Self> {
        if !text.trim_start().starts_with('{') {
            return None;
        }
        let json: serde_json::Value = serde_json::from_str(text.trim_end_matches('\0')).ok()?;
        let sizes = json.get("shape")?.as_array()?;
        let shape: Option<Vec<usize>> = sizes.iter().map(read_size).collect();
        let letters = json.get("axes").and_then(|axes| axes.as_str());
        let axes: Option<Vec<Axis>> = letters.and_then(|axes| axes.chars().map(Axis::from_letter).collect());
        let axes = axes.filter(|axes| {
            let is_repeated = axes.iter().enumerate().any(|(at, axis)| axes[..at].contains(axis));
            axes.len() == sizes.len() && !is_repeated
        });
        let is_truncated = json.get("truncated").and_then(|value| value.as_bool()).unwrap_or(false);
        Some(Shaped { shape: shape?, axes, is_truncated })
    }
}

/// A size; one that is too large for a number of this machine becomes the largest, which no file can hold.
fn read_size(size: &serde_json::Value) -> Option<usize> {
    match size.as_u64() {
        Some(size) => Some(usize::try_from(size).unwrap_or(usize::MAX)),
        None => size.as_f64().filter(|&size| size > 1e18).map(|_| usize::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_shapes_and_ignores_other_text() {
        let shaped = Shaped::parse("{\"shape\": [3, 4, 5]}").unwrap();
        assert_eq!((shaped.shape, shaped.axes), (vec![3, 4, 5], None));
        let shaped = Shaped::parse("{\"shape\": [3, 4, 5], \"axes\": \"TYX\"}").unwrap();
        assert_eq!(shaped.axes, Some(vec![Axis::T, Axis::Y, Axis::X]));
        for unusable in ["QYX", "YX", "YYX"] {
            let text = format!("{{\"shape\": [3, 4, 5], \"axes\": \"{unusable}\"}}");
            assert_eq!(Shaped::parse(&text).unwrap().axes, None);
        }
        assert_eq!(Shaped::parse("{\"shape\": [3, -4]}"), None);
        let large = Shaped::parse("{\"shape\": [3, 100000000000000000000000]}").unwrap();
        assert_eq!(large.shape, [3, usize::MAX]);
        assert_eq!(Shaped::parse("a confocal stack"), None);
    }
}
