//! The Zarr array that the tiles of an image go into: its name and its layout. Nothing here writes.

use std::path::{Path, PathBuf};

use patchweave_geometry::{ArrayLayout, Axes, GeometryError};

use crate::output_names::{Origin, automatic_chunks, local, named_after, stem};

/// The image whose tiles are written.
#[derive(Debug, Clone, Copy)]
pub struct TiledImage<'a> {
    /// Where it comes from.
    pub origin: Origin<'a>,
    /// Its index among the images of the run.
    pub data_idx: usize,
    /// Its own axes and sizes.
    pub layout: &'a ArrayLayout,
    /// Its chunks in the order of its axes; `None` where it has none.
    pub chunks: Option<&'a [usize]>,
    /// Its shards in the order of its axes; `None` where it has none.
    pub shards: Option<&'a [usize]>,
}

/// The Zarr array that the tiles of one image are written into, as CAREamics arranges it.
///
/// - An image in memory goes into `prediction.zarr`, as the array `data_idx`.
/// - An array of a Zarr store `x.zarr` goes into `x_output.zarr`, at its place.
/// - Any other file `x.tif` goes into `x.zarr`, as the array `data_idx`.
///
/// All stores stand in the output folder, in the subfolder that their source has below the common base. Two stores of one name
/// in different folders thus stay apart.
///
/// ```
/// use std::path::Path;
///
/// use patchweave_geometry::ArrayLayout;
/// use patchweave_pipeline::{Origin, TileArray, TiledImage};
///
/// let layout = ArrayLayout::new("SCYX".parse()?, &[2, 3, 12, 14])?;
/// let origin = Origin::of("file://x.zarr/group/a");
/// let image = TiledImage { origin, data_idx: 0, layout: &layout, chunks: Some(&[1, 3, 6, 7]), shards: None };
/// let array = TileArray::new(&image, None, &"SYX".parse()?, 1)?;
/// assert_eq!((array.store.as_path(), array.name.as_str()), (Path::new("x_output.zarr"), "group/a"));
/// assert_eq!(array.layout.shape(), [2, 12, 14]);
/// assert_eq!(array.chunks, [1, 6, 7]);
/// # Ok::<(), patchweave_geometry::GeometryError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TileArray {
    /// The store, relative to the output folder.
    pub store: PathBuf,
    /// The array inside of the store, with `/` between groups.
    pub name: String,
    /// Axes and sizes of the array.
    pub layout: ArrayLayout,
    /// Its chunks, in the order of its axes.
    pub chunks: Vec<usize>,
    /// Its shards, in the order of its axes.
    pub shards: Option<Vec<usize>>,
}

impl TileArray {
    /// The array for an image whose tiles have `n_channels` channels, in the axes `target`.
    ///
    /// `base` is the [`common_base`](crate::common_base) of all images.
    ///
    /// # Errors
    /// [`GeometryError::TargetAxes`] if the target does not belong to the image, or is not in the order `STCZYX`.
    pub fn new(
        image: &TiledImage<'_>,
        base: Option<&Path>,
        target: &Axes,
        n_channels: usize,
    ) -> Result<Self, GeometryError> {
        let own = image.layout;
        if !target.is_canonical() {
            let (original, target) = (own.axes().clone(), target.clone());
            let reason = "tiles go into a Zarr array in the order STCZYX";
            return Err(GeometryError::TargetAxes { original, target, reason });
        }
        let layout = own.restored(target, n_channels)?;
        let reordered = |sizes: &[usize]| own.reorder_chunks(sizes, target);
        let (store, name) = destination(image.origin, image.data_idx, base);
        Ok(TileArray {
            store,
            name,
            chunks: image.chunks.map_or_else(|| automatic_chunks(&layout), reordered),
            shards: image.shards.map(reordered),
            layout,
        })
    }
}

/// The store and the array in it.
fn destination(origin: Origin<'_>, data_idx: usize, base: Option<&Path>) -> (PathBuf, String) {
    let Origin::File(path) = origin else { return ("prediction.zarr".into(), data_idx.to_string()) };
    let path = local(path);
    let is_store = |path: &&Path| path.extension().is_some_and(|extension| extension == "zarr");
    match path.ancestors().filter(is_store).last() {
        Some(store) => {
            let inside = path.strip_prefix(store).unwrap_or(Path::new(""));
            let parts: Vec<_> = inside.components().map(|part| part.as_os_str().to_string_lossy()).collect();
            let name = if parts.is_empty() { data_idx.to_string() } else { parts.join("/") };
            (named_after(store, base, &format!("{}_output.zarr", stem(store))), name)
        }
        None => (named_after(&path, base, &format!("{}.zarr", stem(&path))), data_idx.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_has_its_own_destination() {
        let at = |source: &str, data_idx| {
            let (store, name) = destination(Origin::of(source), data_idx, Some(Path::new("in")));
            format!("{} {name}", store.display())
        };
        assert_eq!(at("array", 3), "prediction.zarr 3");
        // The reference writes these two into one array.
        assert_eq!(at("file://in/a/x.zarr/img", 0), "a/x_output.zarr img");
        assert_eq!(at("file://in/b/x.zarr/img", 1), "b/x_output.zarr img");
        assert_eq!(at("in/x.ome.zarr", 2), "x_output.zarr 2");
        // The reference writes this one beside its source.
        assert_eq!(at("in/a/x.tif", 4), "a/x.zarr 4");
    }
}
