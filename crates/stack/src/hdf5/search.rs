//! The dataset that a file or group stands for, where the path names none.

use hdf5_reader::Dataset;
use hdf5_reader::group::Group;

use super::dataset::pixel_type;
use super::{Found, Opener, hdf5_error};
use crate::StackError;

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
    let mut search = Search { opener, found: Vec::new(), n_seen: 0, is_cut: false };
    search.below(group, inside, 0)?;
    if search.is_cut {
        let what =
            format!("a file or group with more than {MAX_DATASETS} members or {MAX_DEPTH} levels of groups");
        let hint = "these are too many to choose from, name one in the path, as in volume.h5/group/raw";
        return Err(StackError::Unsupported { stack: opener.name(inside), what, hint });
    }
    let found = search.found;
    if let [(name, dataset)] = found.as_slice() {
        return Ok(opener.single(dataset.clone(), name.clone()));
    }
    let is_ilastik = |(name, _): &&(String, Dataset)| name.trim_start_matches('/') == ILASTIK;
    if let Some((name, dataset)) = found.iter().find(is_ilastik) {
        return Ok(opener.single(dataset.clone(), name.clone()));
    }
    let listed: Vec<String> =
        found.iter().map(|(name, dataset)| format!("{name} {:?}", dataset.shape())).collect();
    let what = match listed.len() {
        0 => "a file or group without a dataset of numbers in two dimensions or more".to_owned(),
        n => format!("choosing among {n} datasets ({})", listed.join(", ")),
    };
    let hint = "name a dataset in the path, as in volume.h5/group/raw";
    Err(StackError::Unsupported { stack: opener.name(inside), what, hint })
}

struct Search<'a> {
    opener: &'a Opener<'a>,
    found: Vec<(String, Dataset)>,
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
        let (groups, datasets) = group.members().map_err(hdf5_error(&self.opener.name(inside), inside))?;
        self.n_seen += groups.len() + datasets.len();
        if self.n_seen > MAX_DATASETS {
            self.is_cut = true;
            return Ok(());
        }
        let name =
            |child: &str| if inside.is_empty() { child.to_owned() } else { format!("{inside}/{child}") };
        for dataset in datasets {
            if dataset.ndim() >= 2 && pixel_type(dataset.dtype()).is_some() {
                self.found.push((name(dataset.name()), dataset));
            }
        }
        for group in groups {
            self.below(&group, &name(group.name()), depth + 1)?;
        }
        Ok(())
    }
}
