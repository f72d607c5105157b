//! What of a quilt stands on disk: its arrays, its lock, and how chunks get there.

use patchweave_geometry::WindowGrid;
use patchweave_pixel::PixelType;
use patchweave_sink::{Durability, is_replaceable_store};
use rayon::prelude::*;
use serde_json::Map;

use crate::arrays::DiskArray;
use crate::faults::{Faults, Traffic};
use crate::journal::{Attributes, Journal};
use crate::lock::Lock;
use crate::names::{ArrayName, Names};
use crate::tiling::{ChunkKey, Tiling};
use crate::transaction::{Staging, settle};
use crate::{LargeError, LargeSpec};

/// The arrays that accumulate, and the right to change them.
#[derive(Debug)]
pub(crate) struct Disk {
    pub(crate) tiling: Tiling,
    grid: WindowGrid,
    mean: DiskArray,
    std: DiskArray,
    norma: DiskArray,
    journal: DiskArray,
    /// Whether they are there; before that, whatever is there is to be replaced.
    pub(crate) is_written: bool,
    /// Whether something stood at one of the names before.
    pub(crate) replaces: bool,
    pub(crate) traffic: Traffic,
    _lock: Lock,
}

/// The arrays of every accumulating quilt.
const ACCUMULATING: [ArrayName; 4] =
    [ArrayName::MeanCache, ArrayName::StdCache, ArrayName::NormaCache, ArrayName::Journal];

impl Disk {
    /// Takes the lock and makes sure that what stands there may be replaced; writes nothing else.
    pub(crate) fn begin(
        names: &Names,
        faults: &Faults,
        durability: Durability,
        spec: &LargeSpec,
        n_channels: usize,
        journal: &Journal,
    ) -> Result<Self, LargeError> {
        let lock = Lock::take(names, durability)?;
        settle(names, faults, durability)?;
        let replaces = check_replaceable(names)?;
        let disk = Self::lay_out(names, lock, spec, n_channels, journal)?;
        Ok(Disk { replaces, ..disk })
    }

    /// Opens what stands there and finishes what was decided before.
    pub(crate) fn open(
        names: &Names,
        faults: &Faults,
        durability: Durability,
    ) -> Result<(Self, LargeSpec, Journal), LargeError> {
        if !names.array(ArrayName::Journal).exists() && !names.pending().exists() {
            return Err(LargeError::NoQuilt { path: names.base().into() });
        }
        let lock = Lock::take(names, durability)?;
        settle(names, faults, durability)?;
        let attributes = Attributes::of(&DiskArray::open(&names.array(ArrayName::Journal))?)?;
        let spec = attributes.spec()?;
        let mut journal = Journal::new(&spec)?;
        let mut disk = Self::lay_out(names, lock, &spec, attributes.n_channels, &journal)?;
        for name in ACCUMULATING {
            let found = DiskArray::open(&names.array(name))?;
            let place = disk.array_mut(name);
            found.check_like(place)?;
            *place = found;
        }
        disk.is_written = true;
        journal.load(&disk.journal)?;
        Ok((disk, spec, journal))
    }

    fn lay_out(
        names: &Names,
        lock: Lock,
        spec: &LargeSpec,
        n_channels: usize,
        journal: &Journal,
    ) -> Result<Self, LargeError> {
        let tiling = Tiling::new(spec, n_channels);
        let sums = |name: ArrayName| {
            let (shape, chunk) = tiling.shapes(name);
            let n_values = shape.iter().zip(&chunk).try_fold(size_of::<f64>(), |n, (&size, &side)| {
                n.checked_mul(size.checked_next_multiple_of(side)?)
            });
            if n_values.is_none_or(|n| isize::try_from(n).is_err()) {
                return Err(LargeError::TooLarge { shape });
            }
            DiskArray::new(&names.array(name), &shape, &chunk, PixelType::F64, Map::new())
        };
        let attributes = Attributes::new(spec, n_channels).to_json();
        let folder = names.array(ArrayName::Journal);
        Ok(Disk {
            tiling,
            grid: *spec.quilt().grid(),
            mean: sums(ArrayName::MeanCache)?,
            std: sums(ArrayName::StdCache)?,
            norma: sums(ArrayName::NormaCache)?,
            journal: DiskArray::new(&folder, journal.shape(), journal.chunk(), PixelType::U32, attributes)?,
            is_written: false,
            replaces: false,
            traffic: Traffic::default(),
            _lock: lock,
        })
    }

    fn array(&self, name: ArrayName) -> &DiskArray {
        match name {
            ArrayName::StdCache => &self.std,
            ArrayName::NormaCache => &self.norma,
            ArrayName::Journal => &self.journal,
            ArrayName::MeanCache | ArrayName::Mean | ArrayName::Std => &self.mean,
        }
    }

    fn array_mut(&mut self, name: ArrayName) -> &mut DiskArray {
        match name {
            ArrayName::StdCache => &mut self.std,
            ArrayName::NormaCache => &mut self.norma,
            ArrayName::Journal => &mut self.journal,
            ArrayName::MeanCache | ArrayName::Mean | ArrayName::Std => &mut self.mean,
        }
    }

    pub(crate) fn journal(&self) -> &DiskArray {
        &self.journal
    }

    /// The values of a chunk; `None` if nothing was ever saved there, which stands for zeros.
    ///
    /// Patches of the chunk that `journal` counts must be saved. Their variances may be absent.
    pub(crate) fn read(&self, key: &ChunkKey, journal: &Journal) -> Result<Option<Vec<f64>>, LargeError> {
        if !self.is_written {
            return Ok(None);
        }
        let array = self.array(key.array);
        let chunk_idx = self.tiling.chunk_idx(key);
        let values = array.read(&chunk_idx)?;
        if values.is_some() {
            self.traffic.read();
        }
        if values.is_none() && key.array != ArrayName::StdCache {
            let at = self.tiling.own(&key.at);
            if let Some(index) = journal.patch_in_chunk(&self.grid, key.image, at) {
                return Err(LargeError::ChunkMissing { path: array.folder().into(), chunk_idx, index });
            }
        }
        Ok(values)
    }

    /// Decides to save chunks and the journal; if this succeeds they are as good as saved, otherwise nothing
    /// has happened. [`settle`] puts them in place.
    ///
    /// `values` is asked for every key on the threads of the pool; `None` leaves a chunk as it is.
    pub(crate) fn decide<V: AsRef<[f64]>>(
        &self,
        names: &Names,
        faults: &Faults,
        durability: Durability,
        journal: &Journal,
        keys: &[ChunkKey],
        values: impl Fn(&ChunkKey) -> Result<Option<V>, LargeError> + Sync,
    ) -> Result<(), LargeError> {
        settle(names, faults, durability)?;
        if !self.is_written {
            check_replaceable(names)?;
        }
        let staging = Staging::begin(names, faults)?;
        let staged = |name: ArrayName| {
            let array = self.array(name).in_folder(&staging.folder(name))?;
            if !self.is_written {
                array.write_metadata()?;
            }
            Ok::<_, LargeError>(array)
        };
        let mean = staged(ArrayName::MeanCache)?;
        let std = staged(ArrayName::StdCache)?;
        let norma = staged(ArrayName::NormaCache)?;
        let entries = staged(ArrayName::Journal)?;
        keys.par_iter().try_for_each(|key| {
            let array = match key.array {
                ArrayName::StdCache => &std,
                ArrayName::NormaCache => &norma,
                _ => &mean,
            };
            let Some(values) = values(key)? else { return Ok(()) };
            faults.step().map_err(crate::error::io_error("write a chunk of", array.folder()))?;
            self.traffic.written();
            array.write(&self.tiling.chunk_idx(key), values.as_ref())
        })?;
        journal.write(&entries)?;
        staging.decide(durability)
    }
}

/// Refuses to replace anything but Zarr arrays, before hours of work have gone into what would replace it;
/// whether there is any.
fn check_replaceable(names: &Names) -> Result<bool, LargeError> {
    ArrayName::ALL
        .into_iter()
        .try_fold(false, |any, name| Ok(is_replaceable_store(&names.array(name))? || any))
}
