//! Pages that are reduced copies of the first one, or pictures beside it, and do not say so.
//!
//! Slide scanners write a tiled image, a thumbnail, smaller copies, and pictures of the label and of the whole slide. The
//! tag that marks such pages is often missing. A page counts as a copy only if
//!
//! * it holds the same samples as the first, there are as many of its form as of the first, and height and width are
//!   smaller by the same factor of at least 2, but for rounding; and
//! * the first page is stored in tiles, and all others in tiles are such copies; or two and more pages after the first
//!   shrink by the same whole factor, one after the other, and nothing else is in the file.
//!
//! Beside copies in tiles, and in files by Aperio (SVS), whatever else has another form is a picture: neither an image nor
//! a level. Pages of different size that are nothing of that kind are images of their own, and so are those of which tifffile
//! says that they start an array.

use std::collections::HashMap;
use std::sync::Arc;

use super::file_pages::FilePages;
use super::imagej::ImageJ;
use super::levels::is_copy;
use super::page::Page;
use super::page_form::PageForm;

/// What the description of an SVS starts with.
const APERIO: &str = "Aperio ";

/// Steps by which copies that are not stored in tiles shrink.
const STEPS: std::ops::RangeInclusive<usize> = 2..=4;

/// Pages of one form, and whether they are stored in tiles.
struct Group {
    form: PageForm,
    is_tiled: bool,
    pages: Vec<usize>,
}

impl FilePages {
    /// Marks what is a copy of the first page, or a picture beside it; returns what people should know of it.
    ///
    /// Pages of an ImageJ stack are what their description says. Arrays of tifffile are several images.
    pub fn mark_copies(&mut self) -> Option<String> {
        if ImageJ::parse(&self.description).is_some() {
            return None;
        }
        let groups = self.unmarked();
        let (first, others) = groups.split_first().filter(|(_, others)| !others.is_empty())?;
        let is_array = |group: &Group| group.pages.iter().any(|page| self.starts_array(*page));
        let is_reduced = |group: &&Group| !is_array(group) && is_reduced(first, group);
        let mut tiled = others.iter().filter(|group| group.is_tiled).peekable();
        let has_tiled = tiled.peek().is_some();
        let is_slide = first.is_tiled && tiled.all(|group| is_reduced(&group));
        let is_aperio = self.description.starts_with(APERIO);
        let is_marked: &dyn Fn(&&Group) -> bool = if is_aperio || (is_slide && has_tiled) {
            &|group| !is_array(group)
        } else if is_slide || (self.shaped.is_empty() && is_chain(&groups)) {
            &is_reduced
        } else {
            return None;
        };
        let marked = others.iter().filter(is_marked).flat_map(|group| group.pages.iter().copied());
        let marked: Vec<usize> = marked.collect();
        for number in &marked {
            if let Some(Some(page)) = self.pages.get_mut(*number) {
                Arc::make_mut(page).is_reduced = true;
            }
        }
        // Whose files have copies and pictures is known.
        let first = marked.first().filter(|_| !is_aperio)?;
        Some(format!(
            "{} pages are taken for smaller copies of page 0 or for pictures beside it, page {first} first: copies are \
             levels, pictures are not read",
            marked.len()
        ))
    }

    /// Whether tifffile says that a page is the first of another array.
    fn starts_array(&self, page: usize) -> bool {
        page > 0 && self.shaped.iter().any(|(start, _)| *start == page)
    }

    /// Pages that are not marked, by form, in the order of the file.
    fn unmarked(&self) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        let mut known = HashMap::new();
        for (number, page) in self.pages.iter().enumerate() {
            let Some(page) = page.as_deref().filter(|page| !page.is_reduced) else { continue };
            let Page { form, storage, .. } = page;
            let group = *known.entry(*form).or_insert(groups.len());
            if group == groups.len() {
                groups.push(Group { form: *form, is_tiled: storage.is_tiled, pages: Vec::new() });
            }
            groups[group].is_tiled &= storage.is_tiled;
            groups[group].pages.push(number);
        }
        groups
    }
}

/// As many pages, of at most half the height and width, in the same proportion.
fn is_reduced(full: &Group, group: &Group) -> bool {
    let is_half = |full: usize, size: usize| size <= full.div_ceil(2);
    full.pages.len() == group.pages.len()
        && is_copy(&full.form, &group.form)
        && shrinks_alike(&full.form, &group.form)
        && is_half(full.form.height, group.form.height)
        && is_half(full.form.width, group.form.width)
}

/// Height and width are those of the full page divided by the same number, rounded down or up.
fn shrinks_alike(full: &PageForm, form: &PageForm) -> bool {
    let is_below = |(long, short): (usize, usize), (other, divided): (usize, usize)| {
        long.saturating_mul(divided.saturating_sub(1)) < other.saturating_mul(short.saturating_add(1))
    };
    let height = (full.height, form.height);
    let width = (full.width, form.width);
    is_below(height, width) && is_below(width, height)
}

/// Single pages, three and more, each smaller than the one before by the same whole factor.
fn is_chain(groups: &[Group]) -> bool {
    let shrinks = |step: usize| {
        groups.windows(2).all(|pair| {
            let before = pair[0].form;
            let form = pair[1].form;
            let fits = |before: usize, size: usize| size == before / step || size == before.div_ceil(step);
            is_copy(&before, &form) && fits(before.height, form.height) && fits(before.width, form.width)
        })
    };
    groups.len() > 2 && groups.iter().all(|group| group.pages.len() == 1) && STEPS.into_iter().any(shrinks)
}

#[cfg(test)]
mod tests {
    use patchweave_pixel::PixelType;

    use super::*;

    fn groups(sizes: &[(usize, usize)]) -> Vec<Group> {
        let form = |&(height, width): &(usize, usize)| PageForm {
            height,
            width,
            n_samples: 1,
            is_planar: false,
            pixel_type: PixelType::U8,
        };
        let group = |(number, size)| Group { form: form(size), is_tiled: false, pages: vec![number] };
        sizes.iter().enumerate().map(group).collect()
    }

    #[test]
    fn proportions_stay_but_for_rounding() {
        let alike = |full, form| shrinks_alike(&groups(&[full])[0].form, &groups(&[form])[0].form);
        assert!(alike((5000, 10001), (2500, 5000)) && alike((5000, 10001), (2500, 5001)));
        assert!(alike((32914, 46000), (732, 1024)) && alike((2220, 2967), (574, 768)));
        assert!(!alike((2220, 2967), (463, 387)) && !alike((2220, 2967), (431, 1280)));
        assert!(!alike((24, 24), (12, 10)) && !alike((100, 100), (50, 53)));
    }

    #[test]
    fn chains_shrink_by_one_factor() {
        for sizes in [
            &[(101, 60), (50, 30), (25, 15)][..],
            &[(101, 60), (51, 30), (26, 15)],
            &[(90, 60), (30, 20), (10, 7)],
        ] {
            assert!(is_chain(&groups(sizes)), "{sizes:?}");
        }
        for sizes in [
            &[(10, 10), (20, 20), (5, 5)][..],
            &[(64, 64), (32, 32)],
            &[(64, 64), (32, 32), (30, 30)],
            &[(64, 64), (32, 32), (8, 8)],
            &[(64, 60), (32, 30), (16, 20)],
        ] {
            assert!(!is_chain(&groups(sizes)), "{sizes:?}");
        }
    }
}
