//! Layouts of files that this project reads but does not write: TIFF of all kinds, Zarr version 2.
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::fs;
use std::path::Path;

use ndarray::{ArrayD, ArrayViewD, Axis, Ix3, Ix4};
use patchweave_formats::{FileFormat, OpenOptions, open, open_levels};
use patchweave_geometry::{Axes, Region};
use patchweave_pixel::ByteOrder;
use patchweave_stack::{ImageStackExt, StackError};
use patchweave_testkit::{TagValues, TiffLayout, canonical_f32, image_stack_suite, ramp};

fn conforms(path: &Path, data_type: FileFormat, axes: &str, array: &ArrayD<u16>) {
    let axes: Axes = axes.parse().unwrap();
    for map_files in [true, false] {
        let mut options = OpenOptions::default();
        options.map_files = map_files;
        let stacks = open(path, data_type, Some(&axes), &options).unwrap();
        assert_eq!(stacks.len(), 1);
        image_stack_suite(stacks[0].as_ref(), canonical_f32(array, &axes).unwrap().view());
    }
}

/// Every order of bytes, size of offsets, way to cut and to place samples, with and without compression.
fn tiff_layouts() -> impl Iterator<Item = TiffLayout> {
    (0..32_u32).map(|bits| {
        let is_set = |bit: u32| bits >> bit & 1 == 1;
        TiffLayout {
            order: if is_set(0) { ByteOrder::Big } else { ByteOrder::Little },
            is_big: is_set(1),
            tile: is_set(2).then_some([16, 16]),
            is_planar: is_set(3),
            is_deflated: is_set(4),
            ..TiffLayout::default()
        }
    })
}

fn write(path: &Path, layout: &TiffLayout, pages: &ArrayD<u16>) {
    let pages = layout.pages(pages.view().into_dimensionality::<Ix4>().unwrap());
    fs::write(path, layout.file(&pages)).unwrap();
}

#[test]
fn tiffs_of_all_layouts_conform() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.tiff");
    for layout in tiff_layouts() {
        let volume = ramp::<u16>(&[3, 37, 29]);
        write(&path, &layout, &volume.clone().insert_axis(Axis(3)));
        conforms(&path, FileFormat::Tiff, "ZYX", &volume);

        let colours = ramp::<u16>(&[2, 37, 29, 3]);
        write(&path, &layout, &colours);
        if layout.is_planar {
            let planes = colours.permuted_axes(vec![0, 3, 1, 2]).as_standard_layout().into_owned();
            conforms(&path, FileFormat::Tiff, "TCYX", &planes);
        } else {
            conforms(&path, FileFormat::Tiff, "TYXC", &colours);
        }
    }
}

#[test]
fn packed_bits_conform() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.tiff");
    for bits in [1, 3, 4, 10, 12, 15] {
        let image = ramp::<u16>(&[2, 13, 21, 1]).mapv(|pixel| pixel & ((1 << bits) - 1));
        for tile in [None, Some([16, 16])] {
            let layout = TiffLayout { bits, tile, ..TiffLayout::default() };
            write(&path, &layout, &image);
            conforms(&path, FileFormat::Tiff, "ZYX", &image.clone().remove_axis(Axis(3)));
        }
    }
}

#[test]
fn imagej_planes_behind_one_directory_conform() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.tif");
    let image = ramp::<u16>(&[6, 37, 29]);
    for order in [ByteOrder::Little, ByteOrder::Big] {
        let layout = TiffLayout { order, ..TiffLayout::default() };
        let pages = image.clone().insert_axis(Axis(3));
        let mut pages = layout.pages(pages.view().into_dimensionality::<Ix4>().unwrap());
        let behind: Vec<u8> = pages.drain(1..).flat_map(|page| page.chunks.concat()).collect();
        let text = "ImageJ=1.54f\nimages=6\nchannels=2\nslices=3\nhyperstack=true\n";
        pages[0].tags.push((270, TagValues::Text(text.to_owned())));
        pages[0].behind = behind.clone();
        fs::write(&path, layout.file(&pages)).unwrap();
        let expected = image.clone().into_shape_with_order(vec![3, 2, 37, 29]).unwrap();
        conforms(&path, FileFormat::Tiff, "ZCYX", &expected);

        // The directory may follow, so the planes have to be cut for the file to be too short.
        pages[0].behind = behind[..4 * 37 * 29].to_vec();
        fs::write(&path, layout.file(&pages)).unwrap();
        let error = open(&path, FileFormat::Tiff, None, &OpenOptions::default()).err().unwrap();
        assert!(matches!(error, StackError::Damaged { .. }), "{error:?}");
        assert!(error.to_string().contains("expected 6 planes of 2146 bytes"), "{error}");
    }
}

/// OME-XML for an image of 3 slices and 2 channels, `XYZCT`, whose planes are where `blocks` say.
fn ome_xml(uuid: &str, blocks: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><OME xmlns=\"http://www.openmicroscopy.org/Schemas/OME/2016-06\" {uuid}>\
         <Image><Pixels DimensionOrder=\"XYZCT\" SizeX=\"29\" SizeY=\"37\" SizeZ=\"3\" SizeC=\"2\" SizeT=\"1\" \
         Type=\"uint16\" PhysicalSizeX=\"100\" PhysicalSizeXUnit=\"nm\" PhysicalSizeY=\"0.1\" \
         PhysicalSizeZ=\"0.5\">{blocks}</Pixels></Image></OME>"
    )
}

/// A file of 3 pages of one channel.
fn ome_file(channel: ArrayViewD<'_, u16>, description: &str) -> Vec<u8> {
    let layout = TiffLayout::default();
    let pages = channel.insert_axis(Axis(3)).into_dimensionality::<Ix4>().unwrap();
    let mut pages = layout.pages(pages);
    pages[0].tags.push((270, TagValues::Text(description.to_owned())));
    layout.file(&pages)
}

#[test]
fn ome_tiffs_of_several_files_conform() {
    let image = ramp::<u16>(&[2, 3, 37, 29]);
    let block = |c: usize, file: &str| {
        format!(
            "<TiffData FirstC=\"{c}\" IFD=\"0\" PlaneCount=\"3\"><UUID FileName=\"{file}\">urn:{c}</UUID></TiffData>"
        )
    };
    let xml = |companion| ome_xml("UUID=\"urn:0\"", &(block(0, "first.ome.tif") + &block(1, companion)));
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("data");
    fs::create_dir(&inner).unwrap();
    let first = inner.join("first.ome.tif");
    let second = |path: &Path| fs::write(path, ome_file(image.index_axis(Axis(0), 1), "")).unwrap();
    let options = OpenOptions::default();
    let error =
        |options: &OpenOptions| open(&first, FileFormat::Tiff, None, options).err().unwrap().to_string();

    fs::write(&first, ome_file(image.index_axis(Axis(0), 0), &xml("second.ome.tif"))).unwrap();
    assert!(error(&options).contains("second.ome.tif"), "{}", error(&options));
    second(&inner.join("second.ome.tif"));
    conforms(&first, FileFormat::Tiff, "CZYX", &image);
    let stack = open(&first, FileFormat::Tiff, None, &options).unwrap().remove(0);
    assert_eq!(stack.info().layout.axes().to_string(), "CZYX");
    assert_eq!(stack.info().format.as_deref(), Some("OME-TIFF"));
    assert_eq!(stack.info().pixel_size.as_ref().unwrap().as_slice(), [0.5, 0.1, 0.1]);

    // All metadata in a third file.
    fs::write(inner.join("image.companion.ome"), xml("second.ome.tif")).unwrap();
    let binary_only =
        "<OME UUID=\"urn:0\"><BinaryOnly MetadataFile=\"image.companion.ome\" UUID=\"urn:9\"/></OME>";
    fs::write(&first, ome_file(image.index_axis(Axis(0), 0), binary_only)).unwrap();
    conforms(&first, FileFormat::Tiff, "CZYX", &image);

    // Outside of the folder.
    second(&folder.path().join("second.ome.tif"));
    fs::write(&first, ome_file(image.index_axis(Axis(0), 0), &xml("../second.ome.tif"))).unwrap();
    assert!(error(&options).contains("a file outside of the folder"), "{}", error(&options));
    let mut outside = OpenOptions::default();
    outside.links_outside = true;
    assert_eq!(open(&first, FileFormat::Tiff, None, &outside).unwrap().len(), 1);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(folder.path().join("second.ome.tif"), inner.join("link.ome.tif")).unwrap();
        fs::write(&first, ome_file(image.index_axis(Axis(0), 0), &xml("link.ome.tif"))).unwrap();
        assert!(error(&options).contains("a file outside of the folder"), "{}", error(&options));
    }

    // Planes that nobody has.
    fs::write(&first, ome_file(image.index_axis(Axis(0), 0), &ome_xml("", ""))).unwrap();
    assert!(error(&options).contains("got 3 pages, expected planes for 1 along T, 2 along C, 3 along Z"));
    let twice = xml("second.ome.tif").replace("FirstC=\"1\"", "FirstC=\"0\"");
    fs::write(&first, ome_file(image.index_axis(Axis(0), 0), &twice)).unwrap();
    assert!(error(&options).contains("got no page for the plane at T 0, C 1, Z 0"), "{}", error(&options));
}

#[test]
fn directories_below_pages_are_levels() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.tif");
    let full = ramp::<u16>(&[2, 36, 28, 1]);
    let half = ramp::<u16>(&[2, 18, 14, 1]);
    let layout = TiffLayout { is_deflated: true, ..TiffLayout::default() };
    let pages = |image: &ArrayD<u16>| layout.pages(image.view().into_dimensionality::<Ix4>().unwrap());
    let mut all = pages(&full);
    for (page, below) in all.iter_mut().zip(pages(&half)) {
        page.below.push(below);
    }
    fs::write(&path, layout.file(&all)).unwrap();
    let axes = "ZYX".parse().unwrap();
    let options = OpenOptions::default();
    let levels = open_levels(&path, FileFormat::Tiff, Some(&axes), &options, 2).unwrap().remove(0);
    for (level, image) in levels.iter().zip([full, half]) {
        let expected = canonical_f32(&image.remove_axis(Axis(3)), &axes).unwrap();
        image_stack_suite(level, expected.view());
    }
}

#[test]
fn zarr_version_2_conforms() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("image.zarr");
    let array = ramp::<u16>(&[3, 37, 29]);
    let chunk = [2, 16, 11];
    for (separator, order) in [(".", "C"), ("/", "C"), (".", "F")] {
        fs::remove_dir_all(&root).unwrap_or_default();
        fs::create_dir(&root).unwrap();
        let metadata = format!(
            r#"{{"zarr_format": 2, "shape": [3, 37, 29], "chunks": [2, 16, 11], "dtype": ">u2", "compressor": null,
                "fill_value": 7, "order": "{order}", "filters": null, "dimension_separator": "{separator}"}}"#
        );
        fs::write(root.join(".zarray"), metadata).unwrap();
        let mut expected = array.clone().into_dimensionality::<Ix3>().unwrap();
        for (z, y, x) in ndarray::indices([2, 3, 3]) {
            let start = [z * chunk[0], y * chunk[1], x * chunk[2]];
            if (z, y, x) == (1, 2, 0) {
                // An absent chunk reads as the fill value.
                expected.slice_mut(ndarray::s![start[0].., start[1].., ..chunk[2]]).fill(7);
                continue;
            }
            let name = root.join([z, y, x].map(|i| i.to_string()).join(separator));
            fs::create_dir_all(name.parent().unwrap()).unwrap();
            let at =
                |[z, y, x]: [usize; 3]| *array.get([start[0] + z, start[1] + y, start[2] + x]).unwrap_or(&0);
            let values: Vec<u16> = match order {
                "C" => ndarray::indices(chunk).into_iter().map(|(z, y, x)| at([z, y, x])).collect(),
                _ => {
                    let [nz, ny, nx] = chunk;
                    ndarray::indices([nx, ny, nz]).into_iter().map(|(x, y, z)| at([z, y, x])).collect()
                }
            };
            fs::write(name, values.into_iter().flat_map(u16::to_be_bytes).collect::<Vec<u8>>()).unwrap();
        }
        conforms(&root, FileFormat::Zarr, "ZYX", &expected.into_dyn());
    }
}

/// ImageJ keeps a label of every slice, behind other texts.
#[test]
fn labels_of_imagej_name_channels() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("labels.tif");
    let utf16 = |text: &str| text.chars().flat_map(|letter| [letter, '\0']).collect::<String>();
    let stored = |labels: &[&str]| {
        let texts: Vec<String> =
            std::iter::once("some info").chain(labels.iter().copied()).map(utf16).collect();
        let count = |n: usize| char::from(u8::try_from(n).unwrap());
        let header = format!("JIJIofni\u{1}\0\0\0lbal{}\0\0\0", count(labels.len()));
        let lens = std::iter::once(header.len()).chain(texts.iter().map(String::len));
        let lens = lens.map(|len| u32::try_from(len).unwrap()).collect();
        [(50838, TagValues::Long(lens)), (50839, TagValues::Text(header + &texts.concat()))]
    };
    let planes: ArrayD<u16> = ramp(&[6, 20, 18, 1]);
    let text = "ImageJ=1.54f\nimages=6\nchannels=2\nslices=3\nhyperstack=true\n";
    let names = |tags: Vec<(u16, TagValues)>| {
        let layout = TiffLayout::default();
        let mut pages = layout.pages(planes.view().into_dimensionality::<Ix4>().unwrap());
        pages[0].tags.push((270, TagValues::Text(text.to_owned())));
        pages[0].tags.extend(tags);
        fs::write(&path, layout.file(&pages)).unwrap();
        let stack = open(&path, FileFormat::Tiff, None, &OpenOptions::default()).unwrap().remove(0);
        assert_eq!(stack.info().layout.axes().to_string(), "ZCYX");
        stack.info().channel_names.clone()
    };
    let labels = ["c:1/2 z:1/3 - DAPI", "c:2/2 z:1/3 - GFP", "DAPI", "GFP", "c:1/2 z:3/3 - DAPI", "GFP"];
    let named = Some(vec!["DAPI".to_owned(), "GFP".to_owned()]);
    assert_eq!(names(stored(&labels).to_vec()), named);
    assert_eq!(names(stored(&["1", "2", "3", "4", "5", "6"]).to_vec()), None);
    assert_eq!(names(stored(&labels[..4]).to_vec()), None);
    // Labels that promise more than there is say nothing.
    let [lens, metadata] = stored(&labels);
    for lens in [vec![u32::MAX; 8], vec![24, 18], vec![24, 1 << 30, 36, 34, 8, 6, 36, 6]] {
        assert_eq!(names(vec![(50838, TagValues::Long(lens)), metadata.clone()]), None);
    }
    assert_eq!(names(vec![lens]), None);
}

/// tifffile calls samples `S`; here that is the axis of samples of a data set.
#[test]
fn samples_of_tifffile_are_channels() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.tif");
    let colours = ramp::<u16>(&[2, 37, 29, 3]);
    let planes = colours.clone().permuted_axes(vec![0, 3, 1, 2]).as_standard_layout().into_owned();
    for (is_planar, named, axes, shape, image) in
        [(false, "TYXS", "TYXC", "2, 37, 29, 3", &colours), (true, "TSYX", "TCYX", "2, 3, 37, 29", &planes)]
    {
        let layout = TiffLayout { is_planar, ..TiffLayout::default() };
        let mut pages = layout.pages(colours.view().into_dimensionality::<Ix4>().unwrap());
        let text = format!("{{\"shape\": [{shape}], \"axes\": \"{named}\"}}");
        pages[0].tags.push((270, TagValues::Text(text)));
        fs::write(&path, layout.file(&pages)).unwrap();
        conforms(&path, FileFormat::Tiff, axes, image);
        let stack = open(&path, FileFormat::Tiff, None, &OpenOptions::default()).unwrap().remove(0);
        assert_eq!(stack.info().layout.axes().to_string(), axes);
    }
    // A page of one sample has no such dimension, so the letter means what it means everywhere.
    let layout = TiffLayout::default();
    let grey = ramp::<u16>(&[2, 37, 29]);
    let mut pages =
        layout.pages(grey.clone().insert_axis(Axis(3)).view().into_dimensionality::<Ix4>().unwrap());
    pages[0].tags.push((270, TagValues::Text("{\"shape\": [2, 37, 29], \"axes\": \"SYX\"}".to_owned())));
    fs::write(&path, layout.file(&pages)).unwrap();
    conforms(&path, FileFormat::Tiff, "SYX", &grey);
}

/// A folder with a file of 3 pages per channel, of which the first has the metadata.
fn ome_pair(xml: &str, cut: usize) -> (tempfile::TempDir, std::path::PathBuf) {
    let image = ramp::<u16>(&[2, 3, 37, 29]);
    let folder = tempfile::tempdir().unwrap();
    let first = folder.path().join("first.ome.tif");
    fs::write(&first, ome_file(image.index_axis(Axis(0), 0), xml)).unwrap();
    let second = ome_file(image.index_axis(Axis(0), 1), "");
    fs::write(folder.path().join("second.ome.tif"), &second[..second.len() - cut]).unwrap();
    (folder, first)
}

const OME_BLOCKS: &str = "<TiffData FirstC=\"0\" IFD=\"0\" PlaneCount=\"3\"/>\
    <TiffData FirstC=\"1\" IFD=\"0\" PlaneCount=\"3\"><UUID FileName=\"second.ome.tif\">urn:1</UUID></TiffData>";

#[test]
fn a_uuid_without_a_name_is_only_this_file_if_it_is_the_same() {
    let unnamed = |own: &str, uuid: &str| {
        let block = "<TiffData FirstC=\"0\" IFD=\"0\" PlaneCount=\"3\"/>";
        let marked =
            format!("<TiffData FirstC=\"0\" IFD=\"0\" PlaneCount=\"3\"><UUID>{uuid}</UUID></TiffData>");
        let (_folder, path) = ome_pair(&ome_xml(own, &OME_BLOCKS.replacen(block, &marked, 1)), 0);
        open(&path, FileFormat::Tiff, None, &OpenOptions::default())
    };
    for (own, uuid) in [("UUID=\"urn:0\"", "urn:0"), ("UUID=\"urn:0\"", ""), ("", "urn:5")] {
        assert_eq!(unnamed(own, uuid).unwrap().len(), 1, "{own} {uuid}");
    }
    let error = unnamed("UUID=\"urn:0\"", "urn:5").err().unwrap();
    assert!(matches!(error, StackError::Damaged { .. }), "{error:?}");
    assert!(error.to_string().contains("got a UUID urn:5 without a file name"), "{error}");
}

#[test]
fn errors_name_the_file_that_is_damaged() {
    let (_folder, path) = ome_pair(&ome_xml("UUID=\"urn:0\"", OME_BLOCKS), 0);
    assert_eq!(open(&path, FileFormat::Tiff, None, &OpenOptions::default()).unwrap().len(), 1);
    let (_folder, path) = ome_pair(&ome_xml("UUID=\"urn:0\"", OME_BLOCKS), 100);
    let error = open(&path, FileFormat::Tiff, None, &OpenOptions::default()).err().unwrap().to_string();
    assert!(error.contains("second.ome.tif") && !error.contains("first.ome.tif"), "{error}");

    // Deflated pixels are looked at when they are read.
    let image = ramp::<u16>(&[2, 3, 37, 29]);
    let layout = TiffLayout { is_deflated: true, ..TiffLayout::default() };
    let channel = image.index_axis(Axis(0), 1).insert_axis(Axis(3));
    let mut pages = layout.pages(channel.into_dimensionality::<Ix4>().unwrap());
    let strip = pages[1].chunks[2].len();
    pages[1].chunks[2].truncate(strip - 1);
    let (_folder, path) = ome_pair(&ome_xml("UUID=\"urn:0\"", OME_BLOCKS), 0);
    fs::write(path.with_file_name("second.ome.tif"), layout.file(&pages)).unwrap();
    let stack = open(&path, FileFormat::Tiff, None, &OpenOptions::default()).unwrap().remove(0);
    let whole = Region::whole(stack.info().shape().extent);
    let error = stack.read_patch(0, None, &whole).unwrap_err().to_string();
    assert!(error.contains("second.ome.tif: page 1, strip 2 cannot be decoded"), "{error}");

    let binary_only = "<OME><BinaryOnly MetadataFile=\"bad.companion.ome\" UUID=\"urn:9\"/></OME>";
    let (_folder, path) = ome_pair(binary_only, 0);
    fs::write(path.with_file_name("bad.companion.ome"), "<OME><Image></OME>").unwrap();
    let error = open(&path, FileFormat::Tiff, None, &OpenOptions::default()).err().unwrap().to_string();
    assert!(error.contains("bad.companion.ome: the OME-XML") && !error.contains("first.ome.tif"), "{error}");
}

#[test]
fn images_have_no_more_planes_than_there_are_pages() {
    let xml = ome_xml("UUID=\"urn:0\"", OME_BLOCKS);
    let start = xml.find("<Image>").unwrap();
    let image = &xml[start..xml.len() - "</OME>".len()];
    let many = xml.replace(image, &image.repeat(2000));
    let (_folder, path) = ome_pair(&many, 0);
    let error = open(&path, FileFormat::Tiff, None, &OpenOptions::default()).err().unwrap().to_string();
    assert!(
        error.contains("12 planes of images up to this one, expected no more than the 6 pages"),
        "{error}"
    );
    // Only the image that is asked for is put together.
    let one = open(&path.join("1999"), FileFormat::Tiff, None, &OpenOptions::default()).unwrap();
    assert_eq!(one.len(), 1);

    let repeated = ome_xml("", &OME_BLOCKS.repeat(400_000));
    let (_folder, path) = ome_pair(&repeated, 0);
    let error = open(&path, FileFormat::Tiff, None, &OpenOptions::default()).err().unwrap().to_string();
    assert!(error.contains("expected every plane once"), "{error}");
}

/// Tags of later pages may be long, and none of them is the start of another array.
#[test]
fn long_texts_of_later_pages_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.tif");
    let image = ramp::<u16>(&[3, 37, 29]);
    let layout = TiffLayout::default();
    let mut pages =
        layout.pages(image.clone().insert_axis(Axis(3)).view().into_dimensionality::<Ix4>().unwrap());
    pages[0].tags.push((270, TagValues::Text("{\"shape\": [3, 37, 29]}".to_owned())));
    let long = format!("{{\"shape\": [2, 37, 29], \"note\": \"{}\"}}", "a".repeat(20_000));
    pages[1].tags.push((270, TagValues::Text(long)));
    fs::write(&path, layout.file(&pages)).unwrap();
    conforms(&path, FileFormat::Tiff, "ZYX", &image);
}

/// The lists of a page with many planes of samples are read once.
#[test]
fn many_planes_of_samples_open_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.tif");
    let image = ramp::<u16>(&[1, 14, 1, 20_000]);
    write(&path, &TiffLayout { is_planar: true, ..TiffLayout::default() }, &image);
    let start = std::time::Instant::now();
    let stack = open(&path, FileFormat::Tiff, None, &OpenOptions::default()).unwrap().remove(0);
    assert_eq!(stack.info().layout.shape(), [20_000, 14, 1]);
    // Read once for every plane, they would take far longer.
    assert!(start.elapsed() < std::time::Duration::from_secs(60), "{:?}", start.elapsed());
}
