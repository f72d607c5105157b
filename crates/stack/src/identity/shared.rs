//! Which planes an image has in common with images of a list.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::mem::Discriminant;
use std::sync::OnceLock;

use patchweave_geometry::ArrayLayout;

use super::planes::{Plane, Planes};
use super::{ArrayPlace, FileId, Identity, Known, Pieces, StoredArray, Sureness};
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

/// Why it cannot be told whether two images share pixels.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Doubt {
    /// A source of which nothing is known.
    #[error("the source of {image} does not tell which pixels it has")]
    Unknown {
        /// The image.
        image: String,
    },
    /// Pixels that are used in another order of axes, or computed.
    #[error("{image} and {other} use the same pixels in ways that cannot be compared plane by plane")]
    Planes {
        /// The image.
        image: String,
        /// One of the list.
        other: String,
    },
    /// A file that is read in two ways.
    #[error("{image} and {other} are read from one file in ways that cannot be compared")]
    Places {
        /// The image.
        image: String,
        /// One of the list.
        other: String,
    },
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
    /// Why [`samples`](Self::samples) might not find all that is shared; `None` proves that it does.
    #[must_use]
    pub fn doubt(&self) -> Option<Doubt> {
        let unknown = |image: &str| Some(Doubt::Unknown { image: image.to_owned() });
        let Some(known) = self.image.identity.known() else {
            return if self.others.images.is_empty() { None } else { unknown(&self.image.name) };
        };
        let is_same = |image: &&Image| image.identity == self.image.identity;
        if known.sureness == Sureness::Guess && !self.others.images.iter().all(|image| is_same(&image)) {
            return unknown(&self.image.name);
        }
        let unsure = self.others.unsure.iter().filter_map(|&at| self.others.images.get(at));
        if let Some(other) = unsure.into_iter().find(|image| !is_same(image)) {
            return unknown(&other.name);
        }
        self.different_planes()
            .or_else(|| self.different_places(known))
            .or_else(|| self.different_pieces(known))
    }

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

    /// An image of the list with the same pixels, the planes of which are others.
    fn different_planes(&self) -> Option<Doubt> {
        let mut compared = HashSet::new();
        for (_, object) in self.image.objects() {
            for &(at, _) in self.others.by_object.get(object).into_iter().flatten() {
                let other = self.others.images.get(at).filter(|_| compared.insert(at));
                let Some(other) = other.filter(|other| !self.is_made_alike(other)) else { continue };
                let forms =
                    [&self.image, other].map(|image| image.planes.as_ref().map(|planes| &planes.form));
                if forms[0].is_none() || forms[0] != forms[1] {
                    let (image, other) = (self.image.name.clone(), other.name.clone());
                    return Some(Doubt::Planes { image, other });
                }
            }
        }
        None
    }

    /// An image of the list that reads the same file in another way.
    fn different_places(&self, known: &Known) -> Option<Doubt> {
        for object in known.objects.iter().flatten() {
            let Some(file) = self.others.files.get(&object.file) else { continue };
            let own = std::mem::discriminant(&object.place);
            let of_other_kind = file.kinds.iter().find(|(kind, _)| *kind != own).map(|(_, at)| *at);
            let overlapping = match object.place {
                ArrayPlace::Values { start, n_bytes } => {
                    let end = start.saturating_add(n_bytes);
                    file.values.iter().find_map(|&(other, n, at)| {
                        let is_apart = end <= other || other.saturating_add(n) <= start;
                        (!is_apart && (other, n) != (start, n_bytes)).then_some(at)
                    })
                }
                _ => None,
            };
            if let Some(at) = of_other_kind.or(overlapping) {
                return Some(Doubt::Places { image: self.image.name.clone(), other: self.others.name(at) });
            }
        }
        None
    }

    /// An image of the list in another folder that has files of this one.
    fn different_pieces(&self, known: &Known) -> Option<Doubt> {
        let others = self.others;
        let is_other = |at: &usize| {
            let other = others.images.get(*at).and_then(|image| image.identity.known());
            other.is_some_and(|other| other.objects != known.objects)
        };
        let pieces = known.pieces.as_ref().filter(|_| others.in_pieces.iter().any(is_other))?;
        let Some(files) = pieces.files() else {
            return Some(Doubt::Unknown { image: self.image.name.clone() });
        };
        let all = others.pieces();
        if let Some(&at) = all.unlisted.iter().find(|at| is_other(at)) {
            return Some(Doubt::Unknown { image: others.name(at) });
        }
        let mut same = files.iter().filter_map(|file| all.images.get(file)).flatten().copied();
        let at = same.find(is_other)?;
        Some(Doubt::Places { image: self.image.name.clone(), other: others.name(at) })
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

#[cfg(test)]
mod tests {
    use patchweave_pixel::PixelType;
    use proptest::prelude::*;

    use super::*;

    /// An image of pages of one file.
    fn image(name: &str, axes: &str, shape: &[usize], pages: &[u64]) -> StackInfo {
        let layout = ArrayLayout::new(axes.parse().unwrap(), shape).unwrap();
        let mut info = StackInfo::new(name, PixelType::U8, layout);
        let page = |&page: &u64| {
            Some(StoredArray { file: FileId::of_url("a://file"), place: ArrayPlace::Page(page) })
        };
        info.identity = Identity::of_objects(pages.iter().map(page).collect());
        info
    }

    fn values(name: &str, axes: &str, shape: &[usize], start: u64) -> StackInfo {
        let mut info = image(name, axes, shape, &[]);
        let place = ArrayPlace::Values { start, n_bytes: shape.iter().product::<usize>() as u64 };
        info.identity = Identity::of_object(StoredArray { file: FileId::of_url("a://file"), place });
        info
    }

    /// Where the plane of a position lies, worked out without numbers.
    fn page_of(pages: &[u64], axes: &str, shape: &[usize], [s, t, c, z]: [usize; 4]) -> u64 {
        let at =
            axes.chars().zip(shape).filter(|(axis, _)| !"YX".contains(*axis)).fold(0, |at, (axis, n)| {
                let here = match axis {
                    'S' => s,
                    'T' => t,
                    'C' => c,
                    _ => z,
                };
                at * n + here
            });
        pages[at]
    }

    proptest! {
        /// Planes are found where the page is the same, and nowhere else.
        #[test]
        fn shared_planes_are_those_with_the_same_page(
            axes in prop::array::uniform2(prop::sample::select(vec!["TZYX", "ZTYX", "SCYX", "CTZYX", "YX", "ZYX"])),
            sizes in prop::array::uniform2(prop::array::uniform3(1_usize..4)), shift in 0_u64..6, step in 1_u64..3,
        ) {
            let [(a, a_pages), (b, b_pages)] = [(0, 0, 1), (1, shift, step)].map(|(at, shift, step)| {
                let leading = axes[at].len() - 2;
                let shape: Vec<usize> = sizes[at][..leading].iter().copied().chain([5, 6]).collect();
                let n: usize = shape[..leading].iter().product();
                let pages: Vec<u64> = (0..n as u64).map(|page| shift + page * step).collect();
                (image(axes[at], axes[at], &shape, &pages), pages)
            });
            let index = SharedPlanes::new([&b]);
            let shared = index.with(&a);
            prop_assert_eq!(shared.doubt(), None);
            let place = |info: &StackInfo, sample: usize, c: usize, z: usize| {
                let (s, t) = info.layout.locate_sample(sample).unwrap();
                [s, t, c, z]
            };
            let (of_a, of_b) = (a.shape(), b.shape());
            for sample in 0..of_a.n_samples {
                let links = shared.samples(sample, None, None);
                for other in 0..of_b.n_samples {
                    let found = links.iter().find(|link| link.sample_idx == other);
                    let mut expected = Vec::new();
                    for (z, other_z) in (0..of_a.extent.to_zyx()[0]).flat_map(|z| (0..of_b.extent.to_zyx()[0]).map(move |other| (z, other))) {
                        let is_same = (0..of_a.n_channels).any(|c| (0..of_b.n_channels).any(|other_c| {
                            page_of(&a_pages, axes[0], a.layout.shape(), place(&a, sample, c, z))
                                == page_of(&b_pages, axes[1], b.layout.shape(), place(&b, other, other_c, other_z))
                        }));
                        if is_same {
                            expected.push((z, other_z));
                        }
                    }
                    prop_assert_eq!(found.map_or(Vec::new(), |link| link.depths.clone()), expected);
                }
            }
        }
    }

    #[test]
    fn channels_that_are_not_read_do_not_count() {
        let a = image("a", "CYX", &[3, 5, 6], &[7, 8, 9]);
        let index = SharedPlanes::new([&a]);
        let n = |own: &[usize], other: &[usize]| index.with(&a).samples(0, Some(own), Some(other)).len();
        assert_eq!([n(&[0], &[1, 2]), n(&[0, 1], &[1, 2]), n(&[2], &[2])], [0, 1, 1]);
    }

    #[test]
    fn what_cannot_be_compared_is_doubted() {
        let plain = image("plain", "TYX", &[2, 5, 6], &[1, 2]);
        let told = |list: &[&StackInfo], image: &StackInfo| {
            SharedPlanes::new(list.iter().copied()).with(image).doubt().map(|doubt| doubt.to_string())
        };
        assert_eq!(told(&[&plain], &plain), None);
        assert_eq!(told(&[], &image("other", "TYX", &[1, 5, 6], &[1])), None);

        let mut unknown = plain.clone();
        unknown.source = "mine".to_owned();
        unknown.identity = Identity::unknown();
        let of_mine = Some("the source of mine does not tell which pixels it has".to_owned());
        assert_eq!(told(&[&plain], &unknown), of_mine);
        assert_eq!(told(&[&unknown], &plain), of_mine);
        assert_eq!(told(&[], &unknown), None);
        unknown.identity = Identity::opened_from(std::path::Path::new("no/such/file"), 3);
        assert_eq!(told(&[&plain], &unknown), of_mine);
        assert_eq!(told(&[&unknown, &plain], &unknown), of_mine);
        assert_eq!(told(&[&unknown], &plain), of_mine);
        assert_eq!(told(&[&unknown], &unknown), None);

        let planes = |other: &str| {
            Some(format!(
                "{other} and plain use the same pixels in ways that cannot be compared plane by plane"
            ))
        };
        let turned = image("turned", "TXY", &[1, 5, 6], &[2]);
        assert_eq!(told(&[&plain], &turned), planes("turned"));
        let mut made = image("made", "TYX", &[9, 5, 6], &[1, 2]);
        made.identity = Identity::made_of(&plain.identity);
        assert_eq!(told(&[&plain], &made), planes("made"));
        made.identity = Identity::made_of(&image("other", "YX", &[5, 6], &[4]).identity);
        assert_eq!(told(&[&plain], &made), None);

        // An image is itself, however it was made.
        made.identity = Identity::made_of(&plain.identity);
        let clones = SharedPlanes::new([&made, &made]);
        assert_eq!(clones.with(&made).doubt(), None);
        let links = clones.with(&made).samples(7, None, None);
        assert_eq!(
            links.iter().map(|link| (link.image, link.sample_idx)).collect::<Vec<_>>(),
            [(0, 7), (1, 7)]
        );
        // Unless its samples are others.
        let mut turned = made.clone();
        (made.source, turned.source) = ("plain".to_owned(), "turned".to_owned());
        turned.layout = image("turned", "TXY", &[9, 5, 6], &[1]).layout;
        assert_eq!(told(&[&made], &turned), planes("turned"));

        let of_file = |image: &str, other: &str| {
            Some(format!("{image} and {other} are read from one file in ways that cannot be compared"))
        };
        let raw = values("raw", "TYX", &[2, 5, 6], 100);
        assert_eq!(told(&[&plain], &raw), of_file("raw", "plain"));
        assert_eq!(told(&[&raw], &raw), None);
        assert_eq!(told(&[&raw], &values("behind", "TYX", &[2, 5, 6], 160)), None);
        assert_eq!(told(&[&raw], &values("across", "TYX", &[2, 5, 6], 130)), of_file("across", "raw"));
        // The same bytes as planes of another size.
        assert!(told(&[&raw], &values("taller", "YX", &[10, 6], 100)).is_some());
    }

    /// Rows and slices that a file stores and an image does not show leave the others in their places.
    #[test]
    fn a_part_of_an_array_has_its_planes() {
        let whole = values("whole", "ZYX", &[4, 8, 8], 0);
        let mut part = values("part", "ZYX", &[3, 5, 6], 0);
        part.identity = whole.identity.clone().cut_from(vec![4, 8, 8]);
        let index = SharedPlanes::new([&part]);
        assert_eq!(index.with(&whole).doubt(), None);
        assert_eq!(index.with(&whole).samples(0, None, None)[0].depths, [(0, 0), (1, 1), (2, 2)]);
    }
}
