//! The channels of a specification in the order they have in the result.

use std::fmt;

use patchweave_geometry::coordinate;
use serde::Serialize;

use crate::{ChannelSpec, ZOperation};

/// What one channel of the result is made of.
///
/// ```
/// use patchweave_slices::{ChannelSpec, ZOperation};
///
/// let spec = ChannelSpec::builder().identity(&[0, 1]).mean(&[&[-1, 1]]).build()?;
/// let channels = spec.channel_metadata(2);
/// assert_eq!(channels.len(), 6);
/// assert_eq!((channels[3].input_channel, channels[3].offsets.as_slice()), (1, &[1][..]));
/// assert_eq!((channels[5].input_channel, channels[5].operation_type), (1, ZOperation::Mean));
/// # Ok::<(), patchweave_slices::SlicesError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ChannelMetadata {
    /// Its place among the channels of the result.
    pub channel_index: usize,
    /// The channel of the image it is made of.
    pub input_channel: usize,
    /// The operation as it was written.
    pub operation: String,
    /// The operation.
    pub operation_type: ZOperation,
    /// Which slices, counted from the one in whose place the channel stands.
    pub offsets: Vec<i64>,
}

/// An offset that reaches over the whole volume, which is allowed and rarely meant.
///
/// ```
/// use patchweave_slices::ChannelSpec;
///
/// let warnings = ChannelSpec::builder().identity(&[0, 9]).build()?.warnings(5);
/// assert_eq!(warnings[0].to_string(), "identity: the offset 9 reaches over all 5 slices of the volume");
/// # Ok::<(), patchweave_slices::SlicesError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OffsetWarning {
    /// The operation as it was written.
    pub operation: String,
    /// The offset.
    pub offset: i64,
    /// How many slices there are.
    pub n_slices: usize,
}

impl fmt::Display for OffsetWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let OffsetWarning { operation, offset, n_slices } = self;
        write!(f, "{operation}: the offset {offset} reaches over all {n_slices} slices of the volume")
    }
}

impl ChannelSpec {
    /// The channels that become of an image of `n_inputs` channels, in their order.
    #[must_use]
    pub fn channel_metadata(&self, n_inputs: usize) -> Vec<ChannelMetadata> {
        let of_operation = self.operations().iter().flat_map(|operation| {
            (0..n_inputs)
                .flat_map(move |input| operation.groups().iter().map(move |group| (operation, input, group)))
        });
        of_operation
            .enumerate()
            .map(|(channel_index, (operation, input_channel, offsets))| ChannelMetadata {
                channel_index,
                input_channel,
                operation: operation.name().to_owned(),
                operation_type: operation.kind(),
                offsets: offsets.clone(),
            })
            .collect()
    }

    /// Offsets that reach further than a volume of `n_slices` is deep, each named once per operation.
    #[must_use]
    pub fn warnings(&self, n_slices: usize) -> Vec<OffsetWarning> {
        let mut warnings = Vec::new();
        for operation in self.operations() {
            for &offset in operation.groups().iter().flatten() {
                let warning = OffsetWarning { operation: operation.name().to_owned(), offset, n_slices };
                if offset.unsigned_abs() > n_slices as u64 && !warnings.contains(&warning) {
                    warnings.push(warning);
                }
            }
        }
        warnings
    }

    /// Slices that the plan of a patch names: for every operation all from its least to its greatest offset, as far as
    /// they exist, ascending.
    pub(crate) fn required_slices(&self, z0: usize, n_slices: usize) -> Vec<usize> {
        let z0 = coordinate(z0);
        let place = |offset: i64| {
            let z = z0.saturating_add(offset);
            usize::try_from(z.max(0)).map_or(n_slices, |z| z.min(n_slices))
        };
        let mut required: Vec<usize> = Vec::new();
        for (least, greatest) in self.operations().iter().map(crate::Operation::reach) {
            required.extend(place(least)..place(greatest.saturating_add(1)));
        }
        required.sort_unstable();
        required.dedup();
        required
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn far_offsets_are_told_once() {
        let spec = ChannelSpec::builder().identity(&[5, -6, -6]).mean(&[&[7, 0], &[7]]).build().unwrap();
        let told: Vec<String> = spec.warnings(5).iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "identity: the offset -6 reaches over all 5 slices of the volume",
                "mean: the offset 7 reaches over all 5 slices of the volume"
            ]
        );
        assert!(spec.warnings(7).is_empty());
    }

    #[test]
    fn required_slices_fill_the_reach_of_every_operation() {
        let spec = ChannelSpec::builder().identity(&[-3, -1]).std(&[&[2], &[4]]).build().unwrap();
        assert_eq!(spec.required_slices(4, 8), [1, 2, 3, 6, 7]);
        assert_eq!(spec.required_slices(0, 8), [2, 3, 4]);
        let spec = ChannelSpec::builder().identity(&[-4]).build().unwrap();
        assert!(spec.required_slices(3, 8).is_empty());
    }
}
