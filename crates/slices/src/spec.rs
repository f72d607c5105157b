//! Which channels are made of the neighbours of a slice, proven to be usable.

use crate::{Members, SlicesError, ZOperation};

/// How far an offset may reach in either direction; no volume has more slices.
pub(crate) const MAX_OFFSET: i64 = 1 << 31;

/// One operation of a [`ChannelSpec`] and the groups of slices it is applied to, one channel each.
///
/// ```
/// use patchweave_slices::{ChannelSpec, ZOperation};
///
/// let spec = ChannelSpec::builder().identity(&[-1, 0]).build()?;
/// let operation = &spec.operations()[0];
/// assert_eq!((operation.name(), operation.kind()), ("identity", ZOperation::Identity));
/// assert_eq!(operation.groups(), [[-1], [0]]);
/// # Ok::<(), patchweave_slices::SlicesError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    name: String,
    kind: ZOperation,
    /// None of them empty; those of an identity hold one offset.
    groups: Vec<Vec<i64>>,
}

impl Operation {
    /// The name as it was written.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is done.
    #[must_use]
    pub fn kind(&self) -> ZOperation {
        self.kind
    }

    /// The offsets of every channel, counted from the slice in whose place it stands.
    #[must_use]
    pub fn groups(&self) -> &[Vec<i64>] {
        &self.groups
    }

    /// The least and the greatest offset.
    pub(crate) fn reach(&self) -> (i64, i64) {
        let offsets = || self.groups.iter().flatten().copied();
        (offsets().min().unwrap_or(0), offsets().max().unwrap_or(0))
    }

    fn new(name: String, members: Members) -> Result<Self, SlicesError> {
        let kind: ZOperation = name.parse()?;
        let groups = members.groups_for(&name, kind)?;
        let far = groups.iter().flatten().find(|offset| offset.unsigned_abs() > MAX_OFFSET.unsigned_abs());
        match far {
            Some(&offset) => Err(SlicesError::OffsetTooFar { operation: name, offset, limit: MAX_OFFSET }),
            None => Ok(Operation { name, kind, groups }),
        }
    }
}

/// Which channels are made of the neighbours of a slice: an ordered list of operations, at least one.
///
/// Every operation is applied to every channel of the image. Channels of the result are in the order of the operations,
/// within them by input channel, and for each of those in the order of offsets or groups.
///
/// It can be read with serde from a mapping that keeps its order, or from a list of pairs, and is written as the latter.
///
/// ```
/// use patchweave_slices::ChannelSpec;
///
/// let spec = ChannelSpec::builder().identity(&[-1, 0, 1]).std(&[&[-2, -1, 0, 1, 2]]).build()?;
/// assert_eq!(spec.n_channels(2), 8);
/// let text = r#"{"Identity": [-1, 0, 1], "std": [[-2, -1, 0, 1, 2]]}"#;
/// let read: ChannelSpec = serde_json::from_str(text)?;
/// assert_eq!(read.operations()[0].name(), "Identity");
/// assert_eq!(read.operations()[1], spec.operations()[1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelSpec {
    operations: Vec<Operation>,
}

impl ChannelSpec {
    /// Starts a specification without operations.
    pub fn builder() -> SpecBuilder {
        SpecBuilder { pairs: Vec::new() }
    }

    /// Takes operations by name, in any case, with what they are applied to.
    ///
    /// # Errors
    /// [`SlicesError::NoOperations`], [`SlicesError::UnknownName`], [`SlicesError::Members`] for an empty list or group,
    /// groups for an identity or offsets for anything else, [`SlicesError::OffsetTooFar`].
    pub fn from_pairs<N: Into<String>>(
        pairs: impl IntoIterator<Item = (N, Members)>,
    ) -> Result<Self, SlicesError> {
        let operations: Result<Vec<_>, _> =
            pairs.into_iter().map(|(name, members)| Operation::new(name.into(), members)).collect();
        let operations = operations?;
        if operations.is_empty() { Err(SlicesError::NoOperations) } else { Ok(ChannelSpec { operations }) }
    }

    /// The operations in order.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// How many channels become of an image of `n_inputs` channels.
    #[must_use]
    pub fn n_channels(&self, n_inputs: usize) -> usize {
        n_inputs.saturating_mul(self.operations.iter().map(|one| one.groups.len()).sum())
    }
}

/// Collects the operations of a [`ChannelSpec`] in order.
///
/// ```
/// use patchweave_slices::{ChannelSpec, SpecBuilder};
///
/// let builder: SpecBuilder = ChannelSpec::builder().std(&[&[0, 1]]).identity(&[0]);
/// let spec = builder.build()?;
/// let names: Vec<&str> = spec.operations().iter().map(|operation| operation.name()).collect();
/// assert_eq!(names, ["std", "identity"]);
/// # Ok::<(), patchweave_slices::SlicesError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct SpecBuilder {
    pairs: Vec<(ZOperation, Members)>,
}

impl SpecBuilder {
    /// Adds slices as they are, one channel for each offset.
    pub fn identity(self, offsets: &[i64]) -> Self {
        self.with(ZOperation::Identity, Members::Offsets(offsets.to_vec()))
    }

    /// Adds means, one channel for each group of offsets.
    pub fn mean(self, groups: &[&[i64]]) -> Self {
        self.with(ZOperation::Mean, Members::of_groups(groups))
    }

    /// Adds standard deviations, one channel for each group of offsets.
    pub fn std(self, groups: &[&[i64]]) -> Self {
        self.with(ZOperation::Std, Members::of_groups(groups))
    }

    /// The specification.
    ///
    /// # Errors
    /// As [`ChannelSpec::from_pairs`].
    pub fn build(self) -> Result<ChannelSpec, SlicesError> {
        ChannelSpec::from_pairs(self.pairs.into_iter().map(|(kind, members)| (kind.name(), members)))
    }

    fn with(mut self, kind: ZOperation, members: Members) -> Self {
        self.pairs.push((kind, members));
        self
    }
}
