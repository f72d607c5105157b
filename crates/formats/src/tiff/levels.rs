//! Pyramids: the same image at reduced resolution, in directories below its pages or in pages marked as copies.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use patchweave_stack::StackError;

use super::directory::Directory;
use super::file_pages::FilePages;
use super::page::Page;
use super::page_form::PageForm;
use super::page_name::PageName;
use super::series::{Plane, Series};

/// No pyramid has more; a file that lists more is not followed.
const MOST_LEVELS: usize = 64;

/// The levels of a series below full resolution, no more than `wanted`; `None` means all.
///
/// Copies that are no smaller than the level before, hold other samples, or do not cover all planes are no levels.
pub(super) fn levels(
    series: &Series,
    pages: Option<&FilePages>,
    wanted: Option<usize>,
) -> Result<Vec<Series>, StackError> {
    let wanted = wanted.unwrap_or(MOST_LEVELS).min(MOST_LEVELS);
    if series.n_planes() != series.planes.len() {
        return Ok(Vec::new());
    }
    let mut found: Vec<Series> = Vec::new();
    let marked = pages.map(|pages| marked_copies(series, pages)).unwrap_or_default();
    for level in 1..=wanted {
        let before = found.last().map_or(series.form, |level| level.form);
        let below = directories_below(series, level)?;
        let planes = below.or_else(|| marked.get(level - 1).cloned());
        match planes.filter(|planes| planes.iter().all(|plane| is_copy(&before, &plane.page.form))) {
            Some(planes) if is_uniform(&planes) => found.push(series.with_planes(planes)),
            _ => break,
        }
    }
    Ok(found)
}

/// The planes of a level from the directories below the pages, if all pages have it.
fn directories_below(series: &Series, level: usize) -> Result<Option<Vec<Plane>>, StackError> {
    let mut planes: Vec<Plane> = Vec::new();
    for Plane { file, page } in series.planes.iter().filter(|plane| !plane.page.is_absent) {
        let name = PageName { page: page.name.page, level };
        let Some(list) = page.sub_directories else { return Ok(None) };
        let place = || name.to_string();
        let at = u64::try_from(level - 1).unwrap_or(u64::MAX);
        let Some(offset) = list.uint(file, at, place)?.filter(|_| at < list.count) else { return Ok(None) };
        let directory = Directory::read(file, offset, place)?;
        match Page::read(file, &directory, name, planes.last().map(|plane| &*plane.page)) {
            Ok(page) => planes.push(Plane { file: Arc::clone(file), page: Arc::new(page) }),
            Err(StackError::Unsupported { .. }) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    let Some(first) = planes.first().cloned() else { return Ok(None) };
    // What was never written was not at any level.
    let absent = Plane { page: Arc::new(first.page.absent_like()), ..first };
    let mut found = planes.into_iter();
    let of_plane = |plane: &Plane| if plane.page.is_absent { Some(absent.clone()) } else { found.next() };
    Ok(series.planes.iter().map(of_plane).collect())
}

/// Pages marked as copies, grouped by size, large ones first, where there is one for every plane.
fn marked_copies(series: &Series, pages: &FilePages) -> Vec<Vec<Plane>> {
    let mut groups: Vec<Vec<Plane>> = Vec::new();
    let mut known = HashMap::new();
    for page in pages.pages.iter().flatten().filter(|page| page.is_reduced) {
        let group = *known.entry(page.form).or_insert(groups.len());
        if group == groups.len() {
            groups.push(Vec::new());
        }
        groups[group].push(Plane { file: Arc::clone(&pages.file), page: Arc::clone(page) });
    }
    let is_of_all = |group: &Vec<Plane>| {
        group.len() == series.planes.len() && is_likeness(&series.form, &group[0].page.form)
    };
    groups.retain(is_of_all);
    groups.sort_by_key(|group| Reverse(group[0].page.form.page_bytes()));
    groups
}

fn is_uniform(planes: &[Plane]) -> bool {
    planes.windows(2).all(|pair| pair[0].page.form == pair[1].page.form)
}

/// The same samples in fewer pixels.
pub(super) fn is_copy(before: &PageForm, form: &PageForm) -> bool {
    let samples = |form: &PageForm| (form.n_samples, form.is_planar, form.pixel_type);
    let is_smaller = form.height <= before.height && form.width <= before.width;
    samples(form) == samples(before)
        && is_smaller
        && (form.height, form.width) != (before.height, before.width)
}

/// Height and width shrink alike, but for rounding.
fn is_likeness(full: &PageForm, form: &PageForm) -> bool {
    let across = |a: usize, b: usize| a.saturating_mul(b);
    let one = across(full.height, form.width);
    let other = across(full.width, form.height);
    // A size that was rounded is wrong by less than 2 pixels.
    one.abs_diff(other) <= 2 * full.height.max(full.width)
}

#[cfg(test)]
mod tests {
    use patchweave_pixel::PixelType;

    use super::*;

    fn form(height: usize, width: usize) -> PageForm {
        PageForm { height, width, n_samples: 3, is_planar: false, pixel_type: PixelType::U8 }
    }

    #[test]
    fn copies_shrink_and_keep_their_proportions() {
        let full = form(5000, 10001);
        assert!(is_copy(&full, &form(2500, 5000)) && is_likeness(&full, &form(2500, 5000)));
        assert!(is_copy(&full, &form(625, 1250)) && is_likeness(&full, &form(625, 1251)));
        assert!(!is_copy(&full, &full));
        assert!(!is_copy(&form(10, 20), &form(5, 21)));
        assert!(!is_likeness(&full, &form(300, 300)));
        assert!(!is_copy(&full, &PageForm { n_samples: 1, ..form(10, 10) }));
    }
}
