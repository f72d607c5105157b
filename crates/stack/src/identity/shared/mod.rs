//! Which planes an image has in common with images of a list, and what cannot be told.

mod doubt;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::mem::Discriminant;
use std::sync::OnceLock;

use patchweave_geometry::ArrayLayout;

pub use self::doubt::Doubt;
use super::planes::{Plane, Planes};
use super::{ArrayPlace, FileId, Identity, Pieces, StoredArray, Sureness};
use crate::StackInfo;

/// The stored arrays of a list of images, in which those of another image are looked up.
///
/// ```
/// use ndarray::Array4;
/// use patchweave_stack::{ArrayStack, ImageStack, SharedPlanes};
///
/// let stack = |n| ArrayStack::new(Array4::<u8>::zeros((n, 3, 4, 4)).into_dyn(), &"TZYX".parse().unwrap());
/// let (a, b) = (stack(2)?, stack(5)?);
/// let shared = SharedPlanes::new([a.info(), b.info()]);
/// assert!(shared.with(b.info()).doubt().is_none());
/// let links = shared.with(b.info()).samples(4, None, None);
/// assert_eq!((links.len(), links[0].image, links[0].sample_idx), (1, 1, 4));
/// assert_eq!(links[0].depths, [(0, 0), (1, 1), (2, 2)]);
/// let other = stack(2)?;
/// assert!(shared.with(other.info()).doubt().is_none());
/// assert!(shared.with(other.info()).samples(0, None, None).is_empty());
/// # Ok::<(), patchweave_stack::StackError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct SharedPlanes {
    images: Vec<Image>,
    /// Images, and which of their parts it is.
    by_object: HashMap<StoredArray, Vec<(usize, usize)>>,
    files: HashMap<FileId, FileUse>,
    /// Images that are in folders of files.
    in_pieces: Vec<usize>,
    /// The files of those, if they were asked for.
    pieces: OnceLock<AllPieces>,
    /// Images of which it is not known which pixels they have.
    unsure: Vec<usize>,
}

/// The files that images of a list are in.
#[derive(Debug, Clone, Default)]
struct AllPieces {
    images: HashMap<FileId, Vec<usize>>,
    /// Images whose files cannot be listed.
    unlisted: Vec<usize>,
}

/// An image that is compared with those of a list.
#[derive(Debug, Clone)]
pub struct SharedWith<'a> {
    others: &'a SharedPlanes,
    image: Image,
}

/// A sample of an image of the list that has planes of a sample of another image.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SampleLink {
    /// Which image of the list.
    pub image: usize,
    /// Which of its samples.
    pub sample_idx: usize,
    /// Planes that are the same, as positions along Z: in the image, and in the image of the list; ascending.
    pub depths: Vec<(usize, usize)>,
}

#[derive(Debug, Clone)]
struct Image {
    name: String,
    identity: Identity,
    planes: Option<Planes>,
    layout: ArrayLayout,
    n_channels: usize,
    depth: usize,
}

/// How images of the list use a file.
#[derive(Debug, Clone, Default)]
struct FileUse {
    /// The first image for every kind of place.
    kinds: Vec<(Discriminant<ArrayPlace>, usize)>,
    /// Ranges of bytes that are taken for values, and the image.
    values: Vec<(u64, u64, usize)>,
}

impl Image {
    fn of(info: &StackInfo) -> Self {
        let shape = info.shape();
        let known = info.identity.known();
        let planes = known
            .filter(|known| known.sureness != Sureness::Made)
            .and_then(|known| Planes::of(&info.layout, known.stored.as_deref(), known.objects.len()));
        Image {
            name: info.source.clone(),
            identity: info.identity.clone(),
            planes,
            layout: info.layout.clone(),
            n_channels: shape.n_channels,
            depth: shape.extent.to_zyx()[0],
        }
    }

    fn pieces(&self) -> Option<&Pieces> {
        self.identity.known()?.pieces.as_ref()
    }

    /// The places of stored pixels with their numbers.
    fn objects(&self) -> impl Iterator<Item = (usize, &StoredArray)> {
        let objects = self.identity.known().map_or(&[][..], |known| &known.objects);
        objects.iter().enumerate().filter_map(|(number, object)| Some((number, object.as_ref()?)))
    }
}

impl SharedPlanes {
    /// Notes the arrays of every image.
    #[must_use]
    pub fn new<'a>(images: impl IntoIterator<Item = &'a StackInfo>) -> Self {
        let mut shared = SharedPlanes::default();
        for (at, info) in images.into_iter().enumerate() {
            let image = Image::of(info);
            if !image.identity.is_known() {
                shared.unsure.push(at);
            }
            for (number, object) in image.objects() {
                shared.by_object.entry(object.clone()).or_default().push((at, number));
                let file = shared.files.entry(object.file.clone()).or_default();
                let kind = std::mem::discriminant(&object.place);
                if file.kinds.iter().all(|(known, _)| *known != kind) {
                    file.kinds.push((kind, at));
                }
                if let ArrayPlace::Values { start, n_bytes } = object.place {
                    file.values.push((start, n_bytes, at));
                }
            }
            if image.pieces().is_some() {
                shared.in_pieces.push(at);
            }
            shared.images.push(image);
        }
        shared
    }

    /// Looks an image up.
    #[must_use]
    pub fn with(&self, image: &StackInfo) -> SharedWith<'_> {
        SharedWith { others: self, image: Image::of(image) }
    }

    /// The files of all images that are in folders of them.
    fn pieces(&self) -> &AllPieces {
        self.pieces.get_or_init(|| {
            let mut all = AllPieces::default();
            for &at in &self.in_pieces {
                match self.images.get(at).and_then(Image::pieces).and_then(Pieces::files) {
                    Some(files) => {
                        files.iter().for_each(|file| all.images.entry(file.clone()).or_default().push(at));
                    }
                    None => all.unlisted.push(at),
                }
            }
            all
        })
    }

    fn name(&self, at: usize) -> String {
        self.images.get(at).map_or_else(String::new, |image| image.name.clone())
    }
}

impl SharedWith<'_> {
    /// Whether an image of the list is stored in an array that this one is stored in, too.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.image.objects().any(|(_, object)| self.others.by_object.contains_key(object))
    }

    /// Whether an image of the list is a clone of this one, which says nothing of its planes.
    fn is_made_alike(&self, other: &Image) -> bool {
        self.image.planes.is_none()
            && self.image.identity == other.identity
            && self.image.layout == other.layout
    }

    /// The same samples of clones, every plane of which is the same.
    fn of_clones(
        &self,
        sample_idx: usize,
        channels: Option<&[usize]>,
        others: Option<&[usize]>,
    ) -> Vec<SampleLink> {
        let is_read = |channels: Option<&[usize]>, channel| channels.is_none_or(|all| all.contains(&channel));
        if !(0..self.image.n_channels).any(|channel| is_read(channels, channel) && is_read(others, channel)) {
            return Vec::new();
        }
        let first = self.image.objects().next().and_then(|(_, object)| self.others.by_object.get(object));
        let mut clones: Vec<usize> = first.into_iter().flatten().map(|(at, _)| *at).collect();
        clones.dedup();
        clones.retain(|&at| self.others.images.get(at).is_some_and(|other| self.is_made_alike(other)));
        let depths: Vec<_> = (0..self.image.depth).map(|z| (z, z)).collect();
        clones.into_iter().map(|image| SampleLink { image, sample_idx, depths: depths.clone() }).collect()
    }

    /// The samples of images of the list that have a plane of a sample, in the order of the list.
    ///
    /// Only planes of these channels count, of this image and of those of the list; `None` means all.
    #[must_use]
    pub fn samples(
        &self,
        sample_idx: usize,
        channels: Option<&[usize]>,
        other_channels: Option<&[usize]>,
    ) -> Vec<SampleLink> {
        let Some((known, planes)) = self.image.identity.known().zip(self.image.planes.as_ref()) else {
            return self.of_clones(sample_idx, channels, other_channels);
        };
        let mut found: BTreeMap<(usize, usize), Vec<(usize, usize)>> = BTreeMap::new();
        let is_read = |channels: Option<&[usize]>, channel| channels.is_none_or(|all| all.contains(&channel));
        for channel in (0..self.image.n_channels).filter(|&channel| is_read(channels, channel)) {
            for z in 0..self.image.depth {
                let number = planes.number(Plane { sample: sample_idx, channel, z });
                let Some(Some(object)) = known.objects.get(number / planes.per_object) else { continue };
                let inside = number % planes.per_object;
                for &(at, part) in self.others.by_object.get(object).into_iter().flatten() {
                    let other = self.others.images.get(at).and_then(|image| image.planes.as_ref());
                    let Some(other) = other.filter(|other| other.form == planes.form) else { continue };
                    let Some(plane) = other.plane(part * other.per_object + inside) else { continue };
                    if is_read(other_channels, plane.channel) {
                        found.entry((at, plane.sample)).or_default().push((z, plane.z));
                    }
                }
            }
        }
        let link = |((image, sample_idx), mut depths): (_, Vec<_>)| {
            depths.sort_unstable();
            depths.dedup();
            SampleLink { image, sample_idx, depths }
        };
        found.into_iter().map(link).collect()
    }
}
