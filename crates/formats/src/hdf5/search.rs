//! The dataset that a file or group stands for, where the path names none.

use hdf5_reader::Dataset;
use hdf5_reader::group::Group;
use patchweave_stack::StackError;

use super::datatype::pixel_type;
use super::error::hdf5_error;
use super::found::Found;
use super::located::{Located, Member};
use super::opener::Opener;

/// Deeper groups are more likely a circle of links.
const MAX_DEPTH: usize = 16;
/// More datasets than are worth choosing from.
const MAX_DATASETS: usize = 1000;
/// What ilastik calls its results.
const ILASTIK: &str = "exported_data";

/// The only numeric dataset of at least two dimensions below a group, or that of ilastik.
pub(super) fn only_dataset<'a>(
    opener: &'a Opener<'_>,
    group: &Group,
    inside: &str,
) -> Result<Found<'a>, StackError> {
    let mut search = Search { opener, found: Vec::new(), unreadable: Vec::new(), n_seen: 0, is_cut: false };
    search.below(group, inside, 0)?;
    if search.is_cut {
        let what =
            format!("a file or group with more than {MAX_DATASETS} members or {MAX_DEPTH} levels of groups");
        let hint = "these are too many to choose from, name one in the path, as in volume.h5/group/raw";
        return Err(StackError::Unsupported { stack: opener.name(inside), what, hint });
    }
    let Search { found, mut unreadable, .. } = search;
    let is_ilastik = |(name, _): &&(String, Located)| name.trim_start_matches('/') == ILASTIK;
    // Where something cannot be looked at, a single other one may not be what is meant.
    let only = match found.as_slice() {
        [only] if unreadable.is_empty() => Some(only),
        several => several.iter().find(is_ilastik),
    };
    if let Some((name, dataset)) = only {
        return Ok(Found::single(opener, dataset.clone(), name.clone()));
    }
    if let ([], [_]) = (found.as_slice(), unreadable.as_slice()) {
        return Err(unreadable.remove(0).1);
    }
    let readable = found.iter().map(|(name, dataset)| match &dataset.dataset {
        Some(dataset) => format!("{name} {:?}", dataset.shape()),
        None => format!("{name}, a virtual one"),
    });
    let others = unreadable.iter().map(|(name, _)| format!("{name}, which cannot be read"));
    let listed: Vec<String> = readable.chain(others).collect();
    let what = match listed.len() {
        0 => "a file or group without a dataset of numbers in two dimensions or more".to_owned(),
        n => format!("choosing among {n} datasets ({})", listed.join(", ")),
    };
    let hint = "name a dataset in the path, as in volume.h5/group/raw";
    Err(StackError::Unsupported { stack: opener.name(inside), what, hint })
}

struct Search<'a> {
    opener: &'a Opener<'a>,
    found: Vec<(String, Located)>,
    /// What the reader gives up on, by name.
    unreadable: Vec<(String, StackError)>,
    n_seen: usize,
    /// Not all groups were looked into.
    is_cut: bool,
}

impl Search<'_> {
    fn below(&mut self, group: &Group, inside: &str, depth: usize) -> Result<(), StackError> {
        if depth == MAX_DEPTH || self.is_cut {
            self.is_cut = true;
            return Ok(());
        }
        let failed = hdf5_error(&self.opener.name(inside), inside);
        let names = self.opener.names(group).map_err(failed)?;
        self.n_seen += names.len();
        if self.n_seen > MAX_DATASETS {
            self.is_cut = true;
            return Ok(());
        }
        let mut groups = Vec::new();
        for link in names {
            let name = if inside.is_empty() { link.clone() } else { format!("{inside}/{link}") };
            match self.opener.member(group, &link) {
                Member::Dataset(dataset) if may_be_image(&dataset) => self.found.push((name, *dataset)),
                Member::Group(group) => groups.push((name, group)),
                Member::Unreadable(error) => {
                    let error = hdf5_error(&self.opener.name(&name), &name)(error);
                    self.unreadable.push((name, error));
                }
                Member::Dataset(_) | Member::Other => {}
            }
        }
        for (name, group) in groups {
            self.below(&group, &name, depth + 1)?;
        }
        Ok(())
    }
}

/// Whether a dataset has pixels in two dimensions or more, as far as can be told without its sources.
fn may_be_image(located: &Located) -> bool {
    let is_image = |dataset: &Dataset| dataset.ndim() >= 2 && pixel_type(dataset.dtype()).is_some();
    located.dataset.as_ref().is_none_or(is_image)
}
