//! Planes are found wherever they are stored, and what cannot be compared is told.

use patchweave_pixel::PixelType;
use proptest::prelude::*;

use super::*;

/// An image of pages of one file.
fn image(name: &str, axes: &str, shape: &[usize], pages: &[u64]) -> StackInfo {
    let layout = ArrayLayout::new(axes.parse().unwrap(), shape).unwrap();
    let mut info = StackInfo::new(name, PixelType::U8, layout);
    let page =
        |&page: &u64| Some(StoredArray { file: FileId::of_url("a://file"), place: ArrayPlace::Page(page) });
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
    let at = axes.chars().zip(shape).filter(|(axis, _)| !"YX".contains(*axis)).fold(0, |at, (axis, n)| {
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
        let of_a = a.shape();
        let of_b = b.shape();
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
        Some(format!("{other} and plain use the same pixels in ways that cannot be compared plane by plane"))
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
    assert_eq!(links.iter().map(|link| (link.image, link.sample_idx)).collect::<Vec<_>>(), [(0, 7), (1, 7)]);
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
