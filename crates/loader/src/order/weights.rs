//! Patches drawn by weight.

use patchweave_patching::{Draw, PatchRng, Round};
use rand::RngExt;

use crate::{Fingerprint, LoaderError};

/// How likely each patch is to be drawn.
///
/// ```
/// use patchweave_loader::PatchWeights;
///
/// assert!(PatchWeights::new(&[0.0, 2.0, 0.5]).is_ok());
/// let error = PatchWeights::new(&[0.0, -2.0]).unwrap_err();
/// assert_eq!(error.to_string(), "patch 1: got weight -2, expected at least 0 and a finite sum of all weights");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct PatchWeights {
    /// Sums of the weights up to and with each patch; the last one is above 0.
    ends: Vec<f64>,
    /// Stands for all of them.
    fingerprint: u64,
}

impl PatchWeights {
    /// One weight per patch.
    ///
    /// # Errors
    /// [`LoaderError::Weight`] for one that is negative or not finite, or that lets the sum overflow;
    /// [`LoaderError::ZeroWeights`] if all are 0.
    pub fn new(weights: &[f64]) -> Result<Self, LoaderError> {
        let mut sum = 0.0;
        let mut hash = Fingerprint::default();
        let mut ends = Vec::with_capacity(weights.len());
        for (index, &weight) in weights.iter().enumerate() {
            sum += weight;
            if !(weight >= 0.0 && sum < f64::INFINITY) {
                return Err(LoaderError::Weight { index, weight });
            }
            ends.push(sum);
            hash.word(weight.to_bits());
        }
        if sum > 0.0 {
            Ok(PatchWeights { ends, fingerprint: hash.value() })
        } else {
            Err(LoaderError::ZeroWeights { n: weights.len() })
        }
    }

    /// How many patches have a weight.
    #[expect(clippy::len_without_is_empty, reason = "there is at least one")]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// The patch that is drawn for a place.
    pub(crate) fn drawn(&self, seed: u64, round: Round, place: usize) -> usize {
        let total = self.ends.last().copied().unwrap_or(0.0);
        let unit: f64 = PatchRng::for_place(seed, round, Draw::Order, place).random();
        // `unit` is below 1, but the product may be rounded up to the total: it belongs to the last patch with a weight.
        let wanted = (unit * total).min(total.next_down());
        self.ends.partition_point(|end| *end <= wanted)
    }
}
