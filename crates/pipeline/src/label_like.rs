//! Telling targets that look like labels before they are normalised as intensities.

use std::collections::BTreeMap;

use ndarray::{Array4, Axis};
use patchweave_config::{DataPlan, TargetKind, TrainPlan};
use patchweave_construct::Dataset;
use patchweave_geometry::{Coords, Extent, PatchSpec, Region};
use patchweave_stack::ImageStackExt;

use crate::{Images, KeepGoing, Notice, PipelineError};

/// So many patches are looked at, from the first epoch to which statistics belong too.
const MAX_PATCHES: usize = 32;
/// And so many of their pixels, of each its share in the middle.
const MAX_PIXELS: usize = 1 << 20;

/// A target with so few values is a mask or a map of classes.
const FEW: usize = 32;
/// One with more values may be a map of objects; with more than this many it is not looked at further.
const MANY: usize = 4096;

/// A notice if the targets of a training are whole numbers that look like labels and are to be normalised, unless the
/// configuration says what they are.
pub(crate) fn label_like(
    data: &DataPlan,
    train: &TrainPlan,
    images: &Images,
    dataset: &Dataset,
    keep_going: KeepGoing<'_>,
) -> Result<Option<Notice>, PipelineError> {
    let has_own_inputs = train.constructor.has_inputs();
    let Some(targets) = images.roles.train_targets.first().filter(|_| has_own_inputs) else {
        return Ok(None);
    };
    let is_integer = targets.stacks.iter().all(|stack| stack.info().pixel_type.is_integer());
    let (false, TargetKind::Unsaid, true) =
        (data.normalization.skips_target(), train.target_kind, is_integer && !targets.stacks.is_empty())
    else {
        return Ok(None);
    };
    let mut seen = Seen::default();
    let n_patches = dataset.n_patches().min(MAX_PATCHES);
    for nth in 0..n_patches {
        if !keep_going() {
            return Err(PipelineError::Interrupted);
        }
        let index = dataset.n_patches() / n_patches * nth;
        let Some(spec) = dataset.locate(index, 0)?.and_then(|spec| spec.patch().copied()) else { continue };
        let Some(stack) = targets.stacks.get(spec.data_idx) else { continue };
        // What cannot be read is told, or skipped, where batches are made.
        let most = MAX_PIXELS / n_patches / stack.info().shape().n_channels.max(1);
        let Some(middle) = middle(&spec, most) else { continue };
        let Ok(patch) = stack.read_patch(spec.sample_idx, None, &middle) else { continue };
        seen.add(patch);
        if seen.n_pixels >= MAX_PIXELS || seen.values.len() > MANY {
            break;
        }
    }
    if !seen.look_like_labels() {
        return Ok(None);
    }
    let (name, pixel_type) = targets.stacks.first().map_or_else(Default::default, |stack| {
        (stack.info().source.clone(), stack.info().pixel_type.name().to_owned())
    });
    let message = format!(
        "the target {name} ({pixel_type}) looks like labels, with {} different values in {} pixels, and is about to be normalised \
         by {}; write target_kind: labels to have it as it is, or target_kind: intensities if it was measured",
        seen.values.len(),
        seen.n_pixels,
        data.normalization.name()
    );
    Ok(Some(Notice::new("train.target_kind", message)))
}

/// The middle of a patch with at most so many pixels, in rows that are as long as they can be.
fn middle(spec: &PatchSpec, most: usize) -> Option<Region> {
    let mut left = most.max(1);
    let mut starts = spec.coords.as_slice().to_vec();
    let mut sizes = spec.patch_size.as_slice().to_vec();
    for (start, size) in starts.iter_mut().zip(&mut sizes).rev() {
        let kept = (*size).min(left);
        left /= kept;
        *start += i64::try_from((*size - kept) / 2).ok()?;
        *size = kept;
    }
    Region::new(Coords::new(&starts).ok()?, Extent::new(&sizes).ok()?).ok()
}

/// What was seen of targets.
#[derive(Default)]
struct Seen {
    n_pixels: usize,
    /// How often each value occurs, by its bits; no whole number is negative zero.
    values: BTreeMap<u32, usize>,
    patches: Vec<Array4<f32>>,
}

impl Seen {
    fn add(&mut self, patch: Array4<f32>) {
        for pixel in &patch {
            *self.values.entry(pixel.to_bits()).or_default() += 1;
            // Too many for labels, however many more there are.
            if self.values.len() > MANY {
                break;
            }
        }
        self.n_pixels += patch.len();
        self.patches.push(patch);
    }

    /// Few values, or areas of one value whose borders are jumps.
    fn look_like_labels(&self) -> bool {
        match self.values.len() {
            // One value tells nothing.
            0 | 1 => false,
            2..=FEW => true,
            n if n <= MANY => self.has_flat_areas(),
            _ => false,
        }
    }

    fn has_flat_areas(&self) -> bool {
        let most = self.values.iter().max_by_key(|(_, n)| **n).map(|(value, _)| f32::from_bits(*value));
        let mut n_all = 0_usize;
        let mut n_equal = 0_usize;
        let mut n_steps = 0_usize;
        for row in self.patches.iter().flat_map(|patch| patch.lanes(Axis(3))) {
            for (&a, &b) in row.iter().zip(row.iter().skip(1)) {
                if Some(a) == most && Some(b) == most {
                    continue;
                }
                n_all += 1;
                n_equal += usize::from(a == b);
                n_steps += usize::from(a != b && (a - b).abs() <= 1.0);
            }
        }
        // Smooth intensities have flat areas as well, but go up and down step by step.
        10 * n_equal >= 7 * n_all && 2 * n_steps <= n_all - n_equal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(pixel: impl Fn(usize, usize) -> usize) -> bool {
        let mut seen = Seen::default();
        for patch in 0..4 {
            let pixel = |(_, _, y, x): (usize, usize, usize, usize)| {
                f32::from(u16::try_from(pixel(y + 64 * patch, x)).unwrap())
            };
            seen.add(Array4::from_shape_fn([1, 1, 64, 64], pixel));
        }
        seen.look_like_labels()
    }

    #[test]
    fn the_middle_of_a_patch_lies_in_it() {
        let spec = |start: &[i64], size: &[usize]| PatchSpec {
            data_idx: 0,
            sample_idx: 0,
            coords: Coords::new(start).unwrap(),
            patch_size: Extent::new(size).unwrap(),
        };
        let middle = |spec: &PatchSpec, most| {
            let region = middle(spec, most).unwrap();
            (region.start.as_slice().to_vec(), region.size.as_slice().to_vec())
        };
        let small = spec(&[3, 5], &[64, 64]);
        assert_eq!(middle(&small, MAX_PIXELS), (vec![3, 5], vec![64, 64]));
        let large = spec(&[0, 10, 20], &[512, 512, 512]);
        assert_eq!(middle(&large, MAX_PIXELS), (vec![254, 10, 20], vec![4, 512, 512]));
        assert_eq!(middle(&large, 0), (vec![255, 265, 275], vec![1, 1, 1]));
    }

    #[test]
    fn no_more_values_are_counted_than_tell() {
        let mut seen = Seen::default();
        seen.add(Array4::from_shape_fn([1, 1, 256, 256], |(_, _, y, x)| (y * 256 + x) as f32));
        assert_eq!((seen.values.len(), seen.look_like_labels()), (MANY + 1, false));
    }

    fn noise(y: usize, x: usize) -> usize {
        (y * 7919 + x * 104_729) % 1009
    }

    #[test]
    fn labels_look_like_labels() {
        assert!(look(|y, x| usize::from((y / 8 + x / 8) % 2 == 0) * 255), "a mask");
        assert!(look(|y, _| y / 32), "classes");
        // 300 objects of 10 pixels, in gaps of 2.
        assert!(
            look(|y, x| if x % 12 < 10 && y % 12 < 10 { 1 + y / 12 * 11 + x / 12 * 7 } else { 0 }),
            "objects"
        );
    }

    #[test]
    fn intensities_do_not() {
        assert!(!look(|y, x| 100 + noise(y, x) % 300), "noise");
        assert!(!look(|_, _| 5), "one value");
        assert!(!look(|y, x| if noise(y, x) < 900 { 0 } else { noise(y, x) }), "sparse spots");
        assert!(!look(|y, x| (y + x) / 4), "a smooth slope");
        assert!(!look(|y, x| y * 64 + x), "a ramp");
    }
}
