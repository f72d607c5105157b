//! Why it cannot be told whether two images share pixels.

use std::collections::HashSet;

use super::{Image, SharedWith};
use crate::identity::{ArrayPlace, Known, Sureness};

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
                    let image = self.image.name.clone();
                    let other = other.name.clone();
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
}
