//! OME-TIFFs whose metadata stands in another OME-TIFF, and those of a recording that was broken off.
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::fs;
use std::path::{Path, PathBuf};

use ndarray::{Array4, ArrayD, Axis, Ix4, s};
use patchweave_formats::{FileFormat, Formats, MissingPlanes, OpenOptions, OpenRequest, open};
use patchweave_geometry::Region;
use patchweave_stack::{ImageStack, ImageStackExt, StackError};
use patchweave_testkit::{TagValues, TiffLayout, ramp};
use tempfile::TempDir;

/// `CZYX`, every channel in a file of its own.
const SIZES: [usize; 4] = [2, 3, 37, 29];

fn image() -> Array4<u16> {
    ramp::<u16>(&SIZES).mapv(|pixel| pixel.max(1)).into_dimensionality::<Ix4>().unwrap()
}

/// A file of the planes of a channel.
fn file(channel: usize, n_planes: usize, description: &str, is_deflated: bool) -> Vec<u8> {
    let layout = TiffLayout { is_deflated, ..TiffLayout::default() };
    let planes = image().index_axis_move(Axis(0), channel).insert_axis(Axis(3));
    let mut pages = layout.pages(planes.slice(s![..n_planes, .., .., ..]));
    pages[0].tags.push((270, TagValues::Text(description.to_owned())));
    layout.file(&pages)
}

fn block(c: usize, rest: &str, file: &str) -> String {
    format!("<TiffData FirstC=\"{c}\" {rest}><UUID FileName=\"{file}\">urn:{c}</UUID></TiffData>")
}

fn xml(uuid: usize, n_times: usize, blocks: &str) -> String {
    format!(
        "<OME UUID=\"urn:{uuid}\"><Image><Pixels DimensionOrder=\"XYZCT\" SizeX=\"29\" SizeY=\"37\" SizeZ=\"3\" \
         SizeC=\"2\" SizeT=\"{n_times}\" Type=\"uint16\">{blocks}</Pixels></Image></OME>"
    )
}

fn both() -> String {
    block(0, "IFD=\"0\" PlaneCount=\"3\"", "a.ome.tif") + &block(1, "IFD=\"0\" PlaneCount=\"3\"", "b.ome.tif")
}

fn place(a: Vec<u8>, b: Option<Vec<u8>>) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let first = folder.path().join("a.ome.tif");
    fs::write(&first, a).unwrap();
    if let Some(b) = b {
        fs::write(folder.path().join("b.ome.tif"), b).unwrap();
    }
    (folder, first)
}

fn pixels(stack: &dyn ImageStack) -> ArrayD<f32> {
    stack.read_patch(0, None, &Region::whole(stack.info().shape().extent)).unwrap().into_dyn()
}

fn zeros(map_files: bool) -> OpenOptions {
    let mut options = OpenOptions::default();
    (options.missing_planes, options.map_files) = (MissingPlanes::Zeros, map_files);
    options
}

fn error(path: &Path, options: &OpenOptions) -> String {
    open(path, FileFormat::Tiff, None, options).err().unwrap().to_string()
}

#[test]
fn metadata_may_stand_in_another_ome_tiff() {
    let elsewhere = |file: &str| {
        format!("<OME UUID=\"urn:1\"><BinaryOnly MetadataFile=\"{file}\" UUID=\"urn:0\"/></OME>")
    };
    // The master's planes are its own where the document names no file.
    let own = "<TiffData FirstC=\"0\" IFD=\"0\" PlaneCount=\"3\"/>".to_owned()
        + &block(1, "IFD=\"0\" PlaneCount=\"3\"", "b.ome.tif");
    for blocks in [both(), own] {
        let b = file(1, 3, &elsewhere("a.ome.tif"), false);
        let (_folder, a) = place(file(0, 3, &xml(0, 1, &blocks), false), Some(b));
        for path in [a.clone(), a.with_file_name("b.ome.tif")] {
            let stacks = open(&path, FileFormat::Tiff, None, &OpenOptions::default()).unwrap();
            assert_eq!((stacks.len(), stacks[0].info().layout.axes().to_string().as_str()), (1, "CZYX"));
            assert_eq!(pixels(&*stacks[0]), image().mapv(f32::from).into_dyn());
        }
    }
    // A master that has no images itself, be it the file again.
    for master in ["b.ome.tif", "c.ome.tif"] {
        let (_folder, a) = place(file(0, 3, "", false), Some(file(1, 3, &elsewhere(master), false)));
        fs::write(a.with_file_name("c.ome.tif"), file(0, 3, &elsewhere("a.ome.tif"), false)).unwrap();
        let error = error(&a.with_file_name("b.ome.tif"), &OpenOptions::default());
        assert!(error.contains(&format!("{master}: the OME-XML: got a reference to ")), "{error}");
    }
}

#[test]
fn planes_and_files_that_are_missing_are_zeros_only_if_asked_for() {
    let unlisted = block(0, "IFD=\"0\" PlaneCount=\"3\"", "a.ome.tif");
    let short = block(0, "IFD=\"0\" PlaneCount=\"3\"", "a.ome.tif") + &block(1, "", "b.ome.tif");
    let cases: [(String, usize, Option<usize>, &str); 5] = [
        (
            both(),
            3,
            None,
            "3 of 6 planes are missing and read as zeros, the first at T 0, C 1, Z 0; 1 of the files that the OME-XML names are not there: b.ome.tif",
        ),
        (both(), 3, Some(2), "1 of 6 planes are missing and read as zeros, the first at T 0, C 1, Z 2"),
        (both(), 1, Some(3), "2 of 6 planes are missing and read as zeros, the first at T 0, C 0, Z 1"),
        (short, 3, Some(1), "2 of 6 planes are missing and read as zeros, the first at T 0, C 1, Z 1"),
        (unlisted, 3, None, "3 of 6 planes are missing and read as zeros, the first at T 0, C 1, Z 0"),
    ];
    for is_deflated in [false, true] {
        for (blocks, n_first, n_second, told) in &cases {
            let b = n_second.map(|n| file(1, n, "", is_deflated));
            let (_folder, path) = place(file(0, *n_first, &xml(0, 1, blocks), is_deflated), b);
            let refused = error(&path, &OpenOptions::default());
            assert!(refused.contains("missing_planes: zeros"), "{refused}");
            let mut expected = image().mapv(f32::from);
            expected.slice_mut(s![0, *n_first.., .., ..]).fill(0.0);
            expected.slice_mut(s![1, n_second.unwrap_or(0).., .., ..]).fill(0.0);
            for map_files in [true, false] {
                let stacks = open(&path, FileFormat::Tiff, None, &zeros(map_files)).unwrap();
                assert_eq!(stacks[0].info().notes, [*told]);
                assert_eq!(pixels(&*stacks[0]), expected.clone().into_dyn(), "{told}");
            }
        }
    }
}

#[test]
fn the_first_planes_may_be_the_missing_ones() {
    let first = block(0, "IFD=\"0\" PlaneCount=\"3\"", "gone.ome.tif");
    let blocks = first + &block(1, "IFD=\"0\" PlaneCount=\"3\"", "b.ome.tif");
    let (_folder, path) = place(Vec::new(), Some(file(1, 3, &xml(1, 1, &blocks), true)));
    let path = path.with_file_name("b.ome.tif");
    let stack = open(&path, FileFormat::Tiff, None, &zeros(true)).unwrap().remove(0);
    let mut expected = image().mapv(f32::from);
    expected.slice_mut(s![0, .., .., ..]).fill(0.0);
    assert_eq!(pixels(&*stack), expected.into_dyn());
}

/// Positions that were never reached are left out, which is told with the files that each image lacks itself.
#[test]
fn images_of_which_nothing_was_written_are_left_out_if_asked_for() {
    let image = |blocks: &str| {
        format!(
            "<Image><Pixels DimensionOrder=\"XYZCT\" SizeX=\"29\" SizeY=\"37\" SizeZ=\"3\" SizeC=\"1\" SizeT=\"1\" \
             Type=\"uint16\">{blocks}</Pixels></Image>"
        )
    };
    let planes = |file: &str| image(&block(0, "IFD=\"0\" PlaneCount=\"3\"", file));
    let document = |images: &[String]| format!("<OME UUID=\"urn:5\">{}</OME>", images.concat());
    let there = planes("a.ome.tif");
    let gone = planes("gone.ome.tif");
    let never = image("");
    let half = image(
        &(block(0, "FirstZ=\"0\" IFD=\"1\"", "a.ome.tif")
            + &block(0, "FirstZ=\"1\" IFD=\"0\"", "lost.ome.tif")),
    );
    let told = "no plane was written of 2 of the images that the OME-XML names, image 0 first: left out";
    let (_folder, path) =
        place(file(0, 3, &document(&[gone.clone(), there.clone(), never.clone(), half]), false), None);
    let refused = error(&path, &OpenOptions::default());
    assert!(refused.contains("gone.ome.tif") && refused.contains("missing_planes: zeros"), "{refused}");
    let stacks = open(&path, FileFormat::Tiff, None, &zeros(true)).unwrap();
    let names: Vec<&str> = stacks.iter().map(|stack| stack.info().source.as_str()).collect();
    assert_eq!(names, [format!("{}/1", path.display()), format!("{}/3", path.display())]);
    assert_eq!(stacks[0].info().notes, [told]);
    let lacks = "2 of 3 planes are missing and read as zeros, the first at T 0, C 0, Z 1; 1 of the files that the OME-XML \
                 names are not there: lost.ome.tif";
    assert_eq!(stacks[1].info().notes, [lacks]);
    // One that is asked for by its number, and where nothing is left.
    for (path, images) in [(path.join("0"), None), (path.clone(), Some([gone, never]))] {
        if let Some(images) = images {
            fs::write(&path, file(0, 3, &document(&images), false)).unwrap();
        }
        let error = error(&path, &zeros(true));
        assert!(error.contains("no page for any of 3 planes, expected at least one"), "{error}");
    }
}

/// Whichever file of a set is opened, and whether or not another one is open, images keep their numbers.
#[test]
fn images_that_are_left_keep_their_numbers() {
    let image = |(uuid, file): (usize, &str)| {
        format!(
            "<Image><Pixels DimensionOrder=\"XYZCT\" SizeX=\"29\" SizeY=\"37\" SizeZ=\"3\" SizeC=\"1\" SizeT=\"1\" \
             Type=\"uint16\"><TiffData IFD=\"0\" PlaneCount=\"3\"><UUID FileName=\"{file}\">urn:{uuid}</UUID></TiffData>\
             </Pixels></Image>"
        )
    };
    let images = [(2, "gone.ome.tif"), (0, "a.ome.tif"), (1, "b.ome.tif")].map(image).concat();
    let described = |uuid| file(uuid, 3, &format!("<OME UUID=\"urn:{uuid}\">{images}</OME>"), false);
    let (_folder, path) = place(described(0), Some(described(1)));
    let options = zeros(true);
    let mut open_images = Vec::new();
    for file in [path.clone(), path.with_file_name("b.ome.tif"), path.clone()] {
        let stacks = open(&file, FileFormat::Tiff, None, &options).unwrap();
        let names: Vec<&str> = stacks.iter().map(|stack| stack.info().source.as_str()).collect();
        assert_eq!(names, [1, 2].map(|number| format!("{}/{number}", file.display())));
        assert!(stacks[0].info().notes[0].starts_with("no plane was written of 1 of the images"));
        let alone = open(&file.join("2"), FileFormat::Tiff, None, &options).unwrap();
        assert_eq!(pixels(&*alone[0]), pixels(&*stacks[1]));
        open_images.push(stacks);
    }
}

/// Names that no plane can be found by, planes without end, and what is there but damaged.
#[test]
fn what_is_damaged_stays_an_error() {
    let options = zeros(true);
    let gone = block(0, "IFD=\"0\" PlaneCount=\"3\"", "gone.ome.tif");
    let (_folder, path) = place(file(0, 3, &xml(5, 1, &gone), false), None);
    assert!(error(&path, &options).contains("no page for any of 6 planes, expected at least one"));
    let (_folder, path) = place(file(0, 3, &xml(0, 1 << 40, &both()), false), None);
    assert!(error(&path, &options).contains("expected planes for 1099511627776 along T"));
    let whole = file(1, 3, "", false);
    let (_folder, path) =
        place(file(0, 3, &xml(0, 1, &both()), false), Some(whole[..whole.len() - 100].to_vec()));
    let cut = open(&path, FileFormat::Tiff, None, &options).err().unwrap();
    assert!(matches!(cut, StackError::Damaged { .. }) && cut.to_string().contains("b.ome.tif"), "{cut:?}");
    let (_folder, path) = place(file(0, 3, &xml(0, 1, &both()), false), Some(Vec::new()));
    assert!(error(&path, &options).contains("b.ome.tif: the file header"));
}

#[test]
fn levels_of_missing_planes_are_missing_too() {
    let layout = TiffLayout::default();
    let planes = |sizes: &[usize]| ramp::<u16>(sizes).into_dimensionality::<Ix4>().unwrap();
    let mut pages = layout.pages(planes(&[2, 36, 28, 1]).view());
    for (page, below) in pages.iter_mut().zip(layout.pages(planes(&[2, 18, 14, 1]).view())) {
        page.below.push(below);
    }
    let xml = "<OME UUID=\"urn:0\"><Image><Pixels DimensionOrder=\"XYZCT\" SizeX=\"28\" SizeY=\"36\" SizeZ=\"3\" SizeC=\"1\" \
               SizeT=\"1\" Type=\"uint16\"><TiffData FirstZ=\"1\" IFD=\"0\" PlaneCount=\"2\"/></Pixels></Image></OME>";
    pages[0].tags.push((270, TagValues::Text(xml.to_owned())));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.ome.tif");
    fs::write(&path, layout.file(&pages)).unwrap();
    let options = zeros(true);
    let mut request = OpenRequest::new(&path, &options);
    request.n_levels = Some(2);
    let levels = Formats::default().open("tiff", &request).unwrap().remove(0);
    for (level, sizes) in levels.iter().zip([[2, 36, 28, 1], [2, 18, 14, 1]]) {
        let got = pixels(&**level);
        assert!(got.slice(s![0, 0, .., ..]).iter().all(|&pixel| pixel == 0.0));
        let there = planes(&sizes).mapv(f32::from).index_axis_move(Axis(3), 0);
        assert_eq!(got.slice(s![0, 1.., .., ..]), there);
    }
}

/// Files by name.
type NamedFiles = Vec<(String, Vec<u8>)>;

/// Every way in which the files of a set may be described; the master is one of them or stands beside.
fn sets() -> Vec<(&'static str, NamedFiles)> {
    let named = |description: [String; 2]| {
        let [a, b] = description;
        vec![("a.ome.tif".to_owned(), file(0, 3, &a, false)), ("b.ome.tif".to_owned(), file(1, 3, &b, false))]
    };
    let elsewhere = |uuid: usize, file: &str| {
        format!("<OME UUID=\"urn:{uuid}\"><BinaryOnly MetadataFile=\"{file}\" UUID=\"urn:m\"/></OME>")
    };
    let mut companion = named([elsewhere(0, "m.companion.ome"), elsewhere(1, "m.companion.ome")]);
    companion.push(("m.companion.ome".to_owned(), xml(9, 1, &both()).into_bytes()));
    vec![
        ("each", named([xml(0, 1, &both()), xml(1, 1, &both())])),
        ("master", named([xml(0, 1, &both()), elsewhere(1, "a.ome.tif")])),
        ("companion", companion),
    ]
}

/// While one file of a set is open, the others are opened alone: companions that are gone by then are not missed. The images
/// are the same in every way but their name.
#[test]
fn files_of_a_set_that_is_open_are_opened_alone() {
    for (kind, files) in sets() {
        for (first, second) in [("a.ome.tif", "b.ome.tif"), ("b.ome.tif", "a.ome.tif")] {
            let folder = tempfile::tempdir().unwrap();
            files.iter().for_each(|(name, bytes)| fs::write(folder.path().join(name), bytes).unwrap());
            let opened = |name: &str, options: &OpenOptions| {
                open(&folder.path().join(name), FileFormat::Tiff, None, options)
            };
            let alone = opened(second, &OpenOptions::default()).unwrap();
            let options = OpenOptions::default();
            let held = opened(first, &options).unwrap();
            let beside = opened(second, &options).unwrap();
            for (alone, beside) in alone.iter().zip(&beside) {
                let expected = alone.info();
                let got = beside.info();
                assert_eq!((&got.source, &got.identity), (&expected.source, &expected.identity), "{kind}");
                assert_eq!(got.identity.files(), expected.identity.files(), "{kind}");
                assert_eq!(pixels(&**beside), pixels(&**alone), "{kind}");
            }
            if kind == "each" {
                fs::remove_file(folder.path().join(first)).unwrap();
                assert!(opened(second, &options).is_ok());
                // Nothing is known of a set that nobody has open.
                drop((held, beside));
                let error = opened(second, &options).err().unwrap().to_string();
                assert!(error.contains(first), "{error}");
            }
        }
    }
}

/// Another document, or a file that others call by another name, is another set.
#[test]
fn files_that_tell_of_another_set_are_opened_as_they_say() {
    let options = OpenOptions::default();
    // The second file has one plane more to tell of, but not the first one.
    let alone = block(1, "IFD=\"0\" PlaneCount=\"3\"", "b.ome.tif").replace("FirstC=\"1\"", "FirstC=\"0\"");
    let other = xml(1, 1, &alone).replace("SizeC=\"2\"", "SizeC=\"1\"");
    let (_folder, a) = place(file(0, 3, &xml(0, 1, &both()), false), Some(file(1, 3, &other, false)));
    let held = open(&a, FileFormat::Tiff, None, &options).unwrap();
    let b = open(&a.with_file_name("b.ome.tif"), FileFormat::Tiff, None, &options).unwrap();
    assert_eq!((held[0].info().shape().n_channels, b[0].info().shape().n_channels), (2, 1));

    // It has the UUID of the first file, so that it takes all planes for its own, and has too few of them.
    let (_folder, a) =
        place(file(0, 3, &xml(0, 1, &both()), false), Some(file(1, 3, &xml(0, 1, &both()), false)));
    let held = open(&a, FileFormat::Tiff, None, &options);
    let b = a.with_file_name("b.ome.tif");
    assert_eq!(error(&b, &options), error(&b, &OpenOptions::default()));
    drop(held.unwrap());

    // What is missing is refused or not by the options that a file is opened with.
    let (_folder, a) =
        place(file(0, 3, &xml(0, 1, &both()), false), Some(file(1, 2, &xml(1, 1, &both()), false)));
    let mut zeros = options.clone();
    zeros.missing_planes = MissingPlanes::Zeros;
    let held = open(&a, FileFormat::Tiff, None, &zeros).unwrap();
    assert_eq!(held[0].info().notes.len(), 1);
    assert!(open(&a.with_file_name("b.ome.tif"), FileFormat::Tiff, None, &options).is_err());
    assert_eq!(
        open(&a.with_file_name("b.ome.tif"), FileFormat::Tiff, None, &zeros).unwrap()[0].info().notes.len(),
        1
    );
}
