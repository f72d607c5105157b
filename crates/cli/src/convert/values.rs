//! The values of the options of `convert`.

use std::ops::Range;

use patchweave_geometry::Axis;
use patchweave_pixel::PixelType;
use patchweave_sink::{Codec, Compression, Durability, LevelAxes};

/// How many levels a result has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LevelCount {
    Auto,
    Given(usize),
}

pub(crate) fn parse_levels(text: &str) -> Result<LevelCount, String> {
    if text == "auto" {
        return Ok(LevelCount::Auto);
    }
    let n = text.parse().ok().filter(|n| (1..=32).contains(n)).map(LevelCount::Given);
    n.ok_or_else(|| "expected auto or a number from 1 to 32".to_owned())
}

/// Ranges along axes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parts(pub Vec<(Axis, Range<usize>)>);

pub(crate) fn parse_parts(text: &str) -> Result<Parts, String> {
    let expected = "expected parts as in y=0:512,x=100:300,t=2:5, with the axes s, t, z, y and x";
    let part = |(axis, value): (Axis, &str)| {
        let (start, end) = value.split_once(':')?;
        Some((axis, start.trim().parse().ok()?..end.trim().parse().ok()?))
    };
    let parts = by_axis(text).and_then(|parts| parts.into_iter().map(part).collect::<Option<Vec<_>>>());
    let parts = parts.filter(|parts| parts.iter().all(|(axis, _)| *axis != Axis::C));
    parts.map(Parts).ok_or_else(|| expected.to_owned())
}

/// A size along each axis that is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sizes(pub Vec<(Axis, usize)>);

impl Sizes {
    /// The sizes in the order of these axes, 1 where none is given.
    pub fn of(&self, axes: &[Axis]) -> Vec<usize> {
        axes.iter().map(|axis| self.along(*axis, 1)).collect()
    }

    /// The size along an axis, or another where none is given.
    pub fn along(&self, axis: Axis, otherwise: usize) -> usize {
        self.0.iter().find(|(own, _)| *own == axis).map_or(otherwise, |(_, size)| *size)
    }
}

pub(crate) fn parse_sizes(text: &str) -> Result<Sizes, String> {
    let size = |(axis, value): (Axis, &str)| {
        Some((axis, value.trim().parse().ok().filter(|size: &usize| *size > 0)?))
    };
    let sizes = by_axis(text).and_then(|sizes| sizes.into_iter().map(size).collect());
    sizes.map(Sizes).ok_or_else(|| "expected sizes as in z=32,y=128,x=128".to_owned())
}

/// Values with the axes in front of them, each once.
fn by_axis(text: &str) -> Option<Vec<(Axis, &str)>> {
    let mut found: Vec<(Axis, &str)> = Vec::new();
    for part in text.split(',') {
        let (name, value) = part.split_once('=')?;
        let mut letters = name.trim().chars();
        let axis = Axis::from_letter(letters.next()?.to_ascii_uppercase())?;
        if letters.next().is_some() || found.iter().any(|(other, _)| *other == axis) {
            return None;
        }
        found.push((axis, value));
    }
    Some(found)
}

/// How values become another type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Scale {
    None,
    Range,
    Given(f64, f64),
}

pub(crate) fn parse_scale(text: &str) -> Result<Scale, String> {
    let given = || {
        let (low, high) = text.split_once(',')?;
        let low: f64 = low.trim().parse().ok()?;
        let high: f64 = high.trim().parse().ok()?;
        (low.is_finite() && high.is_finite() && low < high).then_some(Scale::Given(low, high))
    };
    match text {
        "none" => Ok(Scale::None),
        "range" => Ok(Scale::Range),
        _ => given().ok_or_else(|| "expected none, range, or LOW,HIGH with LOW below HIGH".to_owned()),
    }
}

pub(crate) fn parse_pixel_type(text: &str) -> Result<PixelType, String> {
    let names = || PixelType::ALL.map(PixelType::name).join(", ");
    PixelType::from_name(text).ok_or_else(|| format!("expected one of {}", names()))
}

pub(crate) fn parse_compression(text: &str) -> Result<Compression, String> {
    let (name, level) = text.split_once(':').map_or((text, None), |(name, level)| (name, Some(level)));
    let names = || Codec::names().collect::<Vec<_>>().join(", ");
    let codec = Codec::from_name(name).ok_or_else(|| format!("expected one of {}", names()))?;
    let level = level.map(str::parse).transpose().map_err(|_| "expected a level as in zstd:9".to_owned())?;
    Ok(Compression { codec, level })
}

pub(crate) fn parse_level_axes(text: &str) -> Result<LevelAxes, String> {
    match text {
        "auto" => Ok(LevelAxes::Auto),
        "yx" => Ok(LevelAxes::Yx),
        "zyx" => Ok(LevelAxes::Zyx),
        _ => Err("expected auto, yx or zyx".to_owned()),
    }
}

pub(crate) fn parse_durability(text: &str) -> Result<Durability, String> {
    match text {
        "none" => Ok(Durability::None),
        "files" => Ok(Durability::Files),
        "full" => Ok(Durability::Full),
        _ => Err("expected none, files or full".to_owned()),
    }
}

/// A name and a value with `=` between them.
pub(crate) fn parse_setting(text: &str) -> Result<(String, String), String> {
    let setting = text.split_once('=').filter(|(key, _)| !key.is_empty());
    let setting = setting.map(|(key, value)| (key.to_owned(), value.to_owned()));
    setting.ok_or_else(|| "expected a setting as in version=0.4".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_or_refused() {
        assert_eq!(parse_parts("y=0:512, T=2:5").unwrap().0, [(Axis::Y, 0..512), (Axis::T, 2..5)]);
        for wrong in ["", "y", "y=3", "q=0:1", "y=0:1,y=1:2", "c=0:1", "y=-1:3", "yx=0:1"] {
            parse_parts(wrong).unwrap_err();
        }
        let sizes = parse_sizes("z=2,y=64").unwrap();
        assert_eq!(sizes.of(&[Axis::C, Axis::Z, Axis::Y]), [1, 2, 64]);
        for wrong in ["z=0", "z", "z=x", "64,64"] {
            parse_sizes(wrong).unwrap_err();
        }
        assert_eq!(parse_scale("-1,2.5").unwrap(), Scale::Given(-1.0, 2.5));
        for wrong in ["2,1", "1", "a,b", "nan,1", "0,inf"] {
            parse_scale(wrong).unwrap_err();
        }
        let zstd = Compression { codec: Codec::Zstd, level: Some(9) };
        assert_eq!(parse_compression("zstd:9").unwrap(), zstd);
        parse_compression("zip").unwrap_err();
        parse_compression("zstd:x").unwrap_err();
        assert_eq!(parse_levels("auto").unwrap(), LevelCount::Auto);
        parse_levels("0").unwrap_err();
        assert_eq!(parse_setting("a=b=c").unwrap(), ("a".to_owned(), "b=c".to_owned()));
        parse_setting("=b").unwrap_err();
    }
}
