//! An image whose tiles come in: which units they belong to, and which tiles are still kept.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use ndarray::{Array4, ArrayView4, ArrayView5, Axis as ArrayAxis, s};
use patchweave_geometry::{Axis, Extent, ImageShape, Region, RegionSpec, TileGrid, TileSpec};
use patchweave_model::{Likeness, ModelInfo, OutputType};
use patchweave_sink::UnitGrid;
use patchweave_transform::{NormalizeError, Normalizer};

use crate::blend::Joining;
use crate::held::HeldTile;
use crate::output_grid::{output_grid, output_shape, padded};
use crate::skip::SkipLimits;
use crate::unit_writer::{Ending, UnitTask, UnitWriter};
use crate::{AnewTile, Blend, Finished, OutputImage, Part, PredictError, Target, Tiling};

/// What all images of a prediction have in common.
pub(crate) struct Plan<'a> {
    pub tiling: Tiling,
    pub blend: &'a Blend,
    pub models: Vec<&'a ModelInfo>,
    /// What sizes of images are rounded up to.
    pub unit: [usize; 3],
    /// Channels of inputs.
    pub n_channels: usize,
    pub leaves: bool,
    /// What of it is predicted, and the tiles of all images.
    pub part: Part,
    /// Tiles whose units are written anew.
    pub anew: &'a [AnewTile],
    pub n_tiles: usize,
    pub normalizer: &'a Normalizer,
    pub skip: Option<SkipLimits>,
}

impl Plan<'_> {
    /// The tiles that inputs are cut into.
    pub fn grid(&self, shape: ImageShape) -> Result<TileGrid, PredictError> {
        Ok(self.tiling.grid(padded(shape, self.unit)?)?)
    }

    /// The samples of a batch that models are shown, ascending.
    pub fn shown(&self, inputs: ArrayView5<'_, f32>) -> Vec<usize> {
        let samples = inputs.axis_iter(ArrayAxis(0)).enumerate();
        let is_shown = |sample| self.skip.as_ref().is_none_or(|skip| !skip.leaves_out(sample));
        samples.filter(|(_, sample)| is_shown(*sample)).map(|(place, _)| place).collect()
    }
}

/// What there is of a tile.
#[derive(Clone, Copy)]
pub(crate) enum Made<'a> {
    /// What all models made of it, output by output.
    Predicted(&'a [ArrayView4<'a, f32>]),
    /// It was left out; all outputs have this value.
    LeftOut(f32),
}

/// An image whose tiles come in.
pub(crate) struct OpenImage {
    data_idx: usize,
    /// Its source.
    name: String,
    /// The tiles of the input.
    grid: TileGrid,
    outputs: Vec<OpenOutput>,
}

/// One output of a model for an image.
pub(crate) struct OpenOutput {
    likeness: Likeness,
    /// Whether its values are deviations.
    is_deviation: bool,
    grid: TileGrid,
    crops: bool,
    held: BTreeMap<usize, Held>,
    targets: Vec<OpenTarget>,
}

struct Held {
    tile: Arc<HeldTile>,
    /// Units that are not whole yet and need it.
    n_waiting: usize,
}

struct OpenTarget {
    writer: Arc<UnitWriter>,
    /// Units that were written before, or belong to others.
    written: BTreeSet<usize>,
    /// How many tiles the units lack that have some.
    missing: BTreeMap<usize, usize>,
}

impl OpenImage {
    /// Opens the targets of an image with these tiles among those of all images; targets that turn out to be whole already are
    /// finished.
    pub fn open(
        (data_idx, name, shape): (usize, String, ImageShape),
        all_tiles: &Range<usize>,
        plan: &Plan<'_>,
        make_targets: &mut dyn FnMut(&OutputImage<'_>) -> Result<Vec<Target>, PredictError>,
        finished: &mut Vec<Finished>,
    ) -> Result<Self, PredictError> {
        let grid = plan.grid(shape)?;
        let mut outputs = Vec::new();
        for (model_idx, model) in plan.models.iter().enumerate() {
            for (output_idx, info) in model.outputs.iter().enumerate() {
                let tiles =
                    output_grid(model, info, padded(shape, plan.unit)?, &plan.tiling, plan.n_channels)?;
                let blend = plan.blend.of_output(info);
                let joining = Arc::new(blend.of_grid(&tiles)?);
                let shape = output_shape(info, shape, plan.n_channels)?;
                let crops = !blend.needs_all_pixels();
                let anew = plan.anew.iter().filter(|anew| anew.data_idx == data_idx);
                let anew: Vec<(usize, Region)> = anew
                    .filter_map(|anew| tiles.spec(data_idx, anew.tile_idx))
                    .map(|spec| (spec.patch.sample_idx, seen(&spec, crops)))
                    .collect();
                let image = OutputImage { data_idx, model_idx, output_idx, info, shape, tiles };
                let mut targets = Vec::new();
                for (target_idx, target) in make_targets(&image)?.into_iter().enumerate() {
                    let place = [data_idx, model_idx, output_idx, target_idx];
                    target.content.check(info, shape.n_channels, blend)?;
                    let of_image = (plan, all_tiles, &anew[..]);
                    targets.push(open_target(place, target, shape, &joining, of_image, finished)?);
                }
                outputs.push(OpenOutput {
                    likeness: info.likeness,
                    is_deviation: info.pixel_type == OutputType::Deviation,
                    grid: tiles,
                    crops,
                    held: BTreeMap::new(),
                    targets,
                });
            }
        }
        Ok(OpenImage { data_idx, name, grid, outputs })
    }

    /// The tiles that have to be predicted for what is not written yet, ascending.
    pub fn needed(&self) -> Result<Vec<usize>, PredictError> {
        let all = || (0..self.grid.n_tiles()).collect();
        let mut needed = BTreeSet::new();
        for output in &self.outputs {
            for target in &output.targets {
                if target.written.is_empty() {
                    return Ok(all());
                }
                let n_units = target.writer.sink().info().units.n_units();
                for unit_idx in (0..n_units).filter(|unit_idx| !target.written.contains(unit_idx)) {
                    needed.extend(target.writer.tiles_of(unit_idx, &output.grid)?.into_iter().flatten());
                }
            }
        }
        Ok(needed.into_iter().collect())
    }

    /// Takes what there is of a tile, and gives the units that are whole by that.
    pub fn add(
        &mut self,
        tile_idx: usize,
        made: Made<'_>,
        normalizer: &Normalizer,
        whole: &mut Vec<UnitTask>,
    ) -> Result<(), PredictError> {
        let OpenImage { data_idx, name, outputs, .. } = self;
        for (place, output) in outputs.iter_mut().enumerate() {
            let units = output.units(tile_idx)?;
            let Some(spec) = output.grid.spec(*data_idx, tile_idx).filter(|_| !units.is_empty()) else {
                continue;
            };
            let tile = match made {
                Made::LeftOut(value) => output.constant(&spec, value),
                Made::Predicted(predicted) => {
                    output.held(&spec, predicted[place], normalizer).map_err(|source| {
                        PredictError::Normalize { data_idx: *data_idx, image: name.clone(), source }
                    })?
                }
            };
            output.held.insert(tile_idx, Held { tile: Arc::new(tile), n_waiting: units.len() });
            for (target_idx, unit_idx) in units {
                whole.extend(output.arrived(target_idx, unit_idx)?);
            }
        }
        Ok(())
    }

    /// The image, its source, and one of its tiles.
    pub fn tile(&self, tile_idx: usize) -> Option<(usize, &str, TileSpec)> {
        Some((self.data_idx, &self.name, self.grid.spec(self.data_idx, tile_idx)?))
    }

    /// Lets go of all targets, which are not finished.
    pub fn give_up(&mut self) {
        for output in &mut self.outputs {
            output.held.clear();
            output.targets.clear();
        }
    }

    /// Whether nothing is made of the image any more.
    pub fn is_given_up(&self) -> bool {
        self.outputs.iter().all(|output| output.targets.is_empty())
    }

    /// The size of the tiles of the input.
    pub fn tile_size(&self) -> Extent {
        self.grid.tile_size()
    }

    /// The bytes of units that so many threads put together and encode, and of the tiles of those that wait for them.
    pub fn unit_bytes(&self, n_writers: usize) -> Result<usize, PredictError> {
        let mut most = 0;
        for output in &self.outputs {
            for (target_idx, target) in output.targets.iter().enumerate() {
                let info = target.writer.sink().info();
                let n_units = info.units.n_units();
                // Units are alike, but for those at the ends.
                for unit_idx in [0, n_units / 2] {
                    let n_pixels =
                        info.unit(unit_idx)?.size.iter().fold(1, |n: usize, size| n.saturating_mul(*size));
                    // Joined as `f32`, converted, encoded.
                    let written = n_pixels.saturating_mul(size_of::<f32>() + 2 * info.pixel_type.n_bytes());
                    let tiles = output.tiles_of(target_idx, unit_idx)?;
                    let tiles = tiles.iter().flatten().map(|tile_idx| output.n_bytes(*tile_idx));
                    let waiting = tiles.fold(0, usize::saturating_add).saturating_mul(2 * n_writers + 1);
                    most = most.max(written.saturating_mul(n_writers).saturating_add(waiting));
                }
            }
        }
        Ok(most)
    }

    /// What is made of the image.
    pub fn outputs(&self) -> &[OpenOutput] {
        &self.outputs
    }

    /// Whether a sample is the tile that is expected.
    pub fn check_spec(&self, tile_idx: usize, got: &RegionSpec) -> Result<(), PredictError> {
        let expected = self.grid.spec(self.data_idx, tile_idx);
        let is_it = match got {
            RegionSpec::Tile(tile) => expected == Some(*tile),
            // A sample as a whole.
            RegionSpec::Patch(patch) => expected.is_some_and(|expected| expected.patch == *patch),
            RegionSpec::Uncorrelated(_) => false,
        };
        if is_it {
            return Ok(());
        }
        let (data_idx, image) = (self.data_idx, self.name.clone());
        Err(PredictError::NotTheTile { data_idx, image, tile_idx, got: Box::new(got.clone()) })
    }
}

fn open_target(
    place: [usize; 4],
    target: Target,
    shape: ImageShape,
    joining: &Arc<Joining>,
    (plan, all_tiles, anew): (&Plan<'_>, &Range<usize>, &[(usize, Region)]),
    finished: &mut Vec<Finished>,
) -> Result<OpenTarget, PredictError> {
    let sink = target.job.sink();
    let info = sink.info();
    let got = info.units.layout().image_shape();
    let expected = ImageShape { n_channels: target.content.n_channels(shape.n_channels), ..shape };
    if got != expected {
        let (got, expected) = (got.to_vec(), expected.to_vec());
        return Err(PredictError::TargetShape { path: info.target.clone(), got, expected });
    }
    let n_units = info.units.n_units();
    let is_resumed = target.job.is_resumed();
    let mut anew_units = BTreeSet::new();
    if is_resumed && !target.job.is_complete()? {
        for (sample_idx, region) in anew {
            anew_units.extend(units_touching(&info.units, *sample_idx, region)?);
        }
    }
    if !anew_units.is_empty() {
        target.job.forget_levels()?;
    }
    let found = if is_resumed { sink.written()? } else { vec![false; n_units] };
    let is_done = |(unit_idx, is_written): (usize, bool)| {
        let is_own = plan.part.owns(unit_idx, n_units, all_tiles, plan.n_tiles);
        (!is_own || is_written && !anew_units.contains(&unit_idx)).then_some(unit_idx)
    };
    let written: BTreeSet<usize> = found.into_iter().enumerate().filter_map(is_done).collect();
    let n_left = n_units - written.len();
    let ending = match plan.part.is_whole() {
        true if plan.leaves => Ending::CommittedOrLeft,
        true => Ending::CommittedOrRemoved,
        false => Ending::Left,
    };
    let writer = Arc::new(UnitWriter::new(place, target, Arc::clone(joining), n_left, ending));
    if n_left == 0 {
        finished.extend(writer.finish()?);
    }
    Ok(OpenTarget { writer, written, missing: BTreeMap::new() })
}

impl OpenOutput {
    pub fn n_targets(&self) -> usize {
        self.targets.len()
    }

    /// The units of a target that are not written yet.
    pub fn unwritten(&self, target_idx: usize) -> impl Iterator<Item = usize> + '_ {
        let target = &self.targets[target_idx];
        let n_units = target.writer.sink().info().units.n_units();
        (0..n_units).filter(|unit_idx| !target.written.contains(unit_idx))
    }

    /// The units of a target that are not written yet in every order in which one axis goes from end to end before all others.
    pub fn sweeps(&self, target_idx: usize) -> Vec<Vec<usize>> {
        let first: Vec<usize> = self.unwritten(target_idx).collect();
        let grid = &self.targets[target_idx].writer.sink().info().units;
        let places: Vec<Vec<usize>> = first.iter().filter_map(|unit_idx| grid.place(*unit_idx)).collect();
        let mut sweeps = Vec::new();
        for axis in 0..grid.layout().shape().len() {
            let mut of_axis: Vec<_> = places.iter().map(|place| place[axis]).zip(&first).collect();
            of_axis.sort_unstable();
            let sweep: Vec<usize> = of_axis.into_iter().map(|(_, unit_idx)| *unit_idx).collect();
            if !sweeps.contains(&sweep) {
                sweeps.push(sweep);
            }
        }
        sweeps
    }

    /// The tiles that a unit is made of, sample by sample.
    pub fn tiles_of(&self, target_idx: usize, unit_idx: usize) -> Result<Vec<Vec<usize>>, PredictError> {
        self.targets[target_idx].writer.tiles_of(unit_idx, &self.grid)
    }

    /// The units, with their targets, that a tile belongs to and that are not written yet.
    pub fn units(&self, tile_idx: usize) -> Result<Vec<(usize, usize)>, PredictError> {
        let Some(spec) = self.grid.spec(0, tile_idx) else { return Ok(Vec::new()) };
        let region = seen(&spec, self.crops);
        let mut units = Vec::new();
        for (target_idx, target) in self.targets.iter().enumerate() {
            let touched = target.units_of(spec.patch.sample_idx, &region)?;
            units.extend(touched.map(|unit_idx| (target_idx, unit_idx)));
        }
        Ok(units)
    }

    /// The bytes of what is kept of a tile.
    pub fn n_bytes(&self, tile_idx: usize) -> usize {
        let n_channels = self.grid.shape().n_channels;
        let n_pixels = match self.grid.spec(0, tile_idx) {
            Some(spec) if self.crops => spec.crop_size.n_pixels(),
            _ => self.grid.tile_size().n_pixels(),
        };
        n_pixels.saturating_mul(n_channels).saturating_mul(size_of::<f32>())
    }

    /// As many bytes as a whole tile has; no more are kept of one.
    pub fn most_bytes(&self) -> usize {
        let n_values = self.grid.tile_size().n_pixels().saturating_mul(self.grid.shape().n_channels);
        n_values.saturating_mul(size_of::<f32>())
    }

    /// Copies what counts of a tile, and brings it back to raw intensities.
    fn held(
        &self,
        spec: &TileSpec,
        pixels: ArrayView4<'_, f32>,
        normalizer: &Normalizer,
    ) -> Result<HeldTile, NormalizeError> {
        let mut own = if self.crops {
            let [z, y, x] = spec.crop_coords.to_zyx(0).map(position);
            let [n_z, n_y, n_x] = spec.crop_size.to_zyx();
            pixels.slice(s![.., z..z + n_z, y..y + n_y, x..x + n_x]).to_owned()
        } else {
            pixels.to_owned()
        };
        match (self.likeness, self.is_deviation) {
            (Likeness::Input, false) => normalizer.invert_input(own.view_mut())?,
            (Likeness::Input, true) => normalizer.invert_input_differences(own.view_mut())?,
            (Likeness::Target, false) => normalizer.invert(own.view_mut())?,
            (Likeness::Target, true) => normalizer.invert_differences(own.view_mut())?,
            _ => {}
        }
        Ok(HeldTile::new(self.start(spec), own))
    }

    /// A tile of one value; nothing deviates in it.
    fn constant(&self, spec: &TileSpec, value: f32) -> HeldTile {
        let value = if self.is_deviation { 0.0 } else { value };
        let size = if self.crops { spec.crop_size } else { self.grid.tile_size() };
        let [z, y, x] = size.to_zyx();
        HeldTile::new(self.start(spec), Array4::from_elem([self.grid.shape().n_channels, z, y, x], value))
    }

    /// Where what counts of a tile starts in the image.
    fn start(&self, spec: &TileSpec) -> [usize; 3] {
        let start = if self.crops { spec.stitch_coords } else { spec.patch.coords };
        start.to_zyx(0).map(position)
    }

    /// Counts a tile of a unit, and gives the unit if that was the last one.
    fn arrived(&mut self, target_idx: usize, unit_idx: usize) -> Result<Option<UnitTask>, PredictError> {
        let target = &mut self.targets[target_idx];
        let missing = match target.missing.get_mut(&unit_idx) {
            Some(missing) => missing,
            None => {
                let n_tiles = target.writer.tiles_of(unit_idx, &self.grid)?.iter().map(Vec::len).sum();
                target.missing.entry(unit_idx).or_insert(n_tiles)
            }
        };
        *missing -= 1;
        if *missing > 0 {
            return Ok(None);
        }
        target.missing.remove(&unit_idx);
        let writer = Arc::clone(&target.writer);
        let mut tiles = Vec::new();
        for of_sample in writer.tiles_of(unit_idx, &self.grid)? {
            tiles.push(of_sample.into_iter().filter_map(|tile_idx| self.release(tile_idx)).collect());
        }
        Ok(Some(UnitTask { writer, unit_idx, tiles }))
    }

    /// A tile for one of the units that wait for it.
    fn release(&mut self, tile_idx: usize) -> Option<Arc<HeldTile>> {
        let held = self.held.get_mut(&tile_idx)?;
        held.n_waiting -= 1;
        if held.n_waiting > 0 {
            return Some(Arc::clone(&held.tile));
        }
        self.held.remove(&tile_idx).map(|held| held.tile)
    }
}

impl OpenTarget {
    /// The units that have pixels of a region of a sample and are not written yet.
    fn units_of(
        &self,
        sample_idx: usize,
        region: &Region,
    ) -> Result<impl Iterator<Item = usize> + use<'_>, PredictError> {
        let sink = self.writer.sink();
        let units = units_touching(&sink.info().units, sample_idx, region)?;
        Ok(units.filter(|unit_idx| !self.written.contains(unit_idx)))
    }
}

/// What counts of a tile: its own part, or all of it.
fn seen(spec: &TileSpec, crops: bool) -> Region {
    if crops { spec.kept() } else { spec.patch.region() }
}

/// The units that have pixels of a region of a sample.
fn units_touching(
    units: &UnitGrid,
    sample_idx: usize,
    region: &Region,
) -> Result<impl Iterator<Item = usize> + use<>, PredictError> {
    let layout = units.layout();
    let (s, t) = layout.locate_sample(sample_idx)?;
    let starts = region.start.to_zyx(0).map(|start| usize::try_from(start).unwrap_or(0));
    let sizes = region.size.to_zyx();
    let of_axis = |axis: &Axis| match axis {
        Axis::S => (s, 1),
        Axis::T => (t, 1),
        Axis::C => (0, layout.size_of(Axis::C).unwrap_or(1)),
        Axis::Z => (starts[0], sizes[0]),
        Axis::Y => (starts[1], sizes[1]),
        Axis::X => (starts[2], sizes[2]),
    };
    let (start, size): (Vec<usize>, Vec<usize>) = layout.axes().as_slice().iter().map(of_axis).unzip();
    Ok(units.touching(&start, &size))
}

fn position(at: i64) -> usize {
    usize::try_from(at).unwrap_or(0)
}
