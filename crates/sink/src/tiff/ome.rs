//! OME-XML: what it says about an image that stands in one file. Nothing but ASCII, as TIFF has it.

use std::path::Path;

use patchweave_geometry::{Axis, c_strides};
use patchweave_pixel::PixelType;

use super::ome_uuid::{file_name, uuid};
use crate::ImageSpec;

const SCHEMA: &str = "http://www.openmicroscopy.org/Schemas/OME/2016-06";

/// The micrometre.
const UNIT: &str = "&#181;m";

/// The document of an image whose axes end in `YX` or `YXC`, with one `Image` for every position along `S`.
pub(crate) fn document(target: &Path, spec: &ImageSpec) -> String {
    let file_name = file_name(target);
    let uuid = uuid(&file_name, spec);
    let image = OmeImage::new(spec);
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    text.push_str(&format!(
        "<OME xmlns=\"{SCHEMA}\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xsi:schemaLocation=\"{SCHEMA} {SCHEMA}/ome.xsd\" UUID=\"{uuid}\" Creator=\"patchweave\">\n"
    ));
    let file = format!("<UUID FileName=\"{}\">{uuid}</UUID>", escaped(&file_name));
    for image_idx in 0..spec.layout.size_of(Axis::S).unwrap_or(1) {
        let name = match spec.layout.size_of(Axis::S) {
            None => escaped(&spec.name),
            Some(_) => format!("{} {image_idx}", escaped(&spec.name)),
        };
        text.push_str(&format!("<Image ID=\"Image:{image_idx}\" Name=\"{name}\">\n"));
        text.push_str(&image.pixels(image_idx));
        text.push_str(&image.channels(image_idx));
        text.push_str(&image.tiff_data(image_idx, &file));
        text.push_str(&image.planes());
        text.push_str("</Pixels>\n</Image>\n");
    }
    text.push_str("</OME>\n");
    text
}

/// The images of a file, which differ in nothing but their pages.
struct OmeImage<'a> {
    spec: &'a ImageSpec,
    /// Axes along which pages follow each other and their sizes, slow ones first.
    leading: Vec<(Axis, usize)>,
    has_samples: bool,
}

impl<'a> OmeImage<'a> {
    fn new(spec: &'a ImageSpec) -> Self {
        let axes = spec.layout.axes().as_slice();
        let has_samples = axes.last() == Some(&Axis::C);
        let n_leading = axes.len().saturating_sub(2 + usize::from(has_samples));
        let sizes = axes.iter().copied().zip(spec.layout.shape().iter().copied());
        OmeImage { spec, leading: sizes.take(n_leading).collect(), has_samples }
    }

    fn size(&self, axis: Axis) -> usize {
        self.spec.layout.size_of(axis).unwrap_or(1)
    }

    /// `XY`, then the axes of the pages, fast ones first, then those that there are not.
    fn order(&self) -> String {
        let samples = if self.has_samples { &[Axis::C][..] } else { &[] };
        let mut order: Vec<Axis> = samples.to_vec();
        order.extend(self.leading.iter().rev().map(|(axis, _)| *axis).filter(|axis| *axis != Axis::S));
        order.extend(
            [Axis::C, Axis::Z, Axis::T].into_iter().filter(|axis| !order.contains(axis)).collect::<Vec<_>>(),
        );
        ["X", "Y"]
            .into_iter()
            .map(String::from)
            .chain(order.iter().map(|axis| axis.letter().to_string()))
            .collect()
    }

    fn pixels(&self, image_idx: usize) -> String {
        let mut text = format!(
            "<Pixels ID=\"Pixels:{image_idx}\" DimensionOrder=\"{}\" Type=\"{}\" BigEndian=\"{}\"",
            self.order(),
            type_name(self.spec.pixel_type),
            cfg!(target_endian = "big"),
        );
        if self.has_samples {
            text.push_str(" Interleaved=\"true\"");
        }
        for axis in [Axis::X, Axis::Y, Axis::Z, Axis::C, Axis::T] {
            text.push_str(&format!(" Size{}=\"{}\"", axis.letter(), self.size(axis)));
        }
        for (axis, length) in self.spatial(self.spec.pixel_size) {
            let axis = axis.letter();
            text.push_str(&format!(" PhysicalSize{axis}=\"{length}\" PhysicalSize{axis}Unit=\"{UNIT}\""));
        }
        if let Some(step) = self.spec.time_step {
            text.push_str(&format!(" TimeIncrement=\"{step}\" TimeIncrementUnit=\"s\""));
        }
        text.push_str(">\n");
        text
    }

    /// The spatial axes of the image, `X` first, and what is known along each.
    fn spatial(&self, values: Option<patchweave_geometry::PerAxis<f64>>) -> Vec<(Axis, f64)> {
        let Some(values) = values else { return Vec::new() };
        [Axis::X, Axis::Y, Axis::Z].into_iter().zip(values.as_slice().iter().rev().copied()).collect()
    }

    /// One for every channel, or one whose samples are the channels.
    fn channels(&self, image_idx: usize) -> String {
        let n_channels = self.size(Axis::C);
        let (n, n_samples) = if self.has_samples { (1, n_channels) } else { (n_channels, 1) };
        let mut text = String::new();
        for channel in 0..n {
            text.push_str(&format!(
                "<Channel ID=\"Channel:{image_idx}:{channel}\" SamplesPerPixel=\"{n_samples}\""
            ));
            // A name or colour of several samples would be that of all.
            let has_own = n_samples == 1;
            let name = self.spec.channel_names.as_ref().and_then(|names| names.get(channel));
            if let Some(name) = name.filter(|_| has_own) {
                text.push_str(&format!(" Name=\"{}\"", escaped(name)));
            }
            let color = self.spec.channel_colors.as_ref().and_then(|colors| colors.get(channel));
            if let Some([red, green, blue]) = color.filter(|_| has_own) {
                let opaque = 255;
                let color = i32::from_be_bytes([*red, *green, *blue, opaque]);
                text.push_str(&format!(" Color=\"{color}\""));
            }
            text.push_str("/>\n");
        }
        text
    }

    /// Where the planes of an image are: all in a row, or page by page if `S` is not the slowest axis.
    fn tiff_data(&self, image_idx: usize, file: &str) -> String {
        let n_planes: usize =
            self.leading.iter().filter(|(axis, _)| *axis != Axis::S).map(|(_, size)| size).product();
        if self.leading.iter().skip(1).all(|(axis, _)| *axis != Axis::S) {
            let first = image_idx * n_planes;
            return format!("<TiffData IFD=\"{first}\" PlaneCount=\"{n_planes}\">{file}</TiffData>\n");
        }
        let sizes: Vec<usize> = self.leading.iter().map(|(_, size)| *size).collect();
        let strides = c_strides(&sizes);
        let mut text = String::new();
        for page in 0..sizes.iter().product() {
            let place = |axis: Axis| {
                let at = self.leading.iter().position(|(other, _)| *other == axis);
                at.map_or(0, |at| page / strides[at] % sizes[at])
            };
            if place(Axis::S) == image_idx {
                let [z, c, t] = [Axis::Z, Axis::C, Axis::T].map(place);
                text.push_str(&format!(
                    "<TiffData IFD=\"{page}\" PlaneCount=\"1\" FirstZ=\"{z}\" FirstC=\"{c}\" FirstT=\"{t}\">\
                     {file}</TiffData>\n"
                ));
            }
        }
        text
    }

    /// Where every plane is in space, if the place of the image is known.
    fn planes(&self) -> String {
        let place = self.spatial(self.spec.translation);
        if place.is_empty() {
            return String::new();
        }
        let step = self.spatial(self.spec.pixel_size).into_iter().find(|(axis, _)| *axis == Axis::Z);
        let step = step.map_or(0.0, |(_, step)| step);
        let n_channels = if self.has_samples { 1 } else { self.size(Axis::C) };
        let mut text = String::new();
        for t in 0..self.size(Axis::T) {
            for (z, z_place) in (0..self.size(Axis::Z)).zip(0_u32..) {
                for c in 0..n_channels {
                    text.push_str(&format!("<Plane TheZ=\"{z}\" TheC=\"{c}\" TheT=\"{t}\""));
                    for (axis, start) in &place {
                        let slices = if *axis == Axis::Z { f64::from(z_place) } else { 0.0 };
                        let position = start + slices * step;
                        let axis = axis.letter();
                        text.push_str(&format!(
                            " Position{axis}=\"{position}\" Position{axis}Unit=\"{UNIT}\""
                        ));
                    }
                    text.push_str("/>\n");
                }
            }
        }
        text
    }
}

/// What OME calls a type; truth values are stored as bytes.
fn type_name(pixel_type: PixelType) -> &'static str {
    match pixel_type {
        PixelType::Bool => PixelType::U8.name(),
        PixelType::F32 => "float",
        PixelType::F64 => "double",
        other => other.name(),
    }
}

/// Text for an attribute; what XML cannot have is replaced.
fn escaped(text: &str) -> String {
    let escape = |letter: char| match letter {
        '&' | '<' | '>' | '"' | '\'' | '\t' | '\n' | '\r' => format!("&#{};", u32::from(letter)),
        ' '..='~' => letter.to_string(),
        '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => "&#65533;".to_owned(),
        _ => format!("&#{};", u32::from(letter)),
    };
    text.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use patchweave_geometry::{ArrayLayout, PerAxis};

    use super::*;

    fn spec(axes: &str, shape: &[usize], pixel_type: PixelType) -> ImageSpec {
        ImageSpec::new(ArrayLayout::new(axes.parse().unwrap(), shape).unwrap(), pixel_type)
    }

    fn lines(spec: &ImageSpec, start: &str) -> Vec<String> {
        let text = document(Path::new("a.ome.tif"), spec);
        assert!(text.is_ascii());
        text.lines().filter(|line| line.starts_with(start)).map(str::to_owned).collect()
    }

    #[test]
    fn sizes_and_names_are_told() {
        let mut spec = spec("TZCYX", &[2, 3, 2, 5, 7], PixelType::U16);
        spec.name = "a <cell> \u{e4}\u{1}".into();
        spec.pixel_size = Some(PerAxis::new(&[0.5, 0.25, 0.125]).unwrap());
        spec.time_step = Some(1.5);
        spec.channel_names = Some(vec!["\"DAPI\"".into(), "b&c".into()]);
        spec.channel_colors = Some(vec![[0, 0, 255], [255, 0, 1]]);
        assert_eq!(
            lines(&spec, "<Image"),
            ["<Image ID=\"Image:0\" Name=\"a &#60;cell&#62; &#228;&#65533;\">"]
        );
        let big = cfg!(target_endian = "big");
        assert_eq!(
            lines(&spec, "<Pixels"),
            [format!(
                "<Pixels ID=\"Pixels:0\" DimensionOrder=\"XYCZT\" Type=\"uint16\" BigEndian=\"{big}\" SizeX=\"7\" \
                 SizeY=\"5\" SizeZ=\"3\" SizeC=\"2\" SizeT=\"2\" PhysicalSizeX=\"0.125\" \
                 PhysicalSizeXUnit=\"&#181;m\" PhysicalSizeY=\"0.25\" PhysicalSizeYUnit=\"&#181;m\" \
                 PhysicalSizeZ=\"0.5\" PhysicalSizeZUnit=\"&#181;m\" TimeIncrement=\"1.5\" TimeIncrementUnit=\"s\">"
            )]
        );
        assert_eq!(
            lines(&spec, "<Channel"),
            [
                "<Channel ID=\"Channel:0:0\" SamplesPerPixel=\"1\" Name=\"&#34;DAPI&#34;\" Color=\"65535\"/>",
                "<Channel ID=\"Channel:0:1\" SamplesPerPixel=\"1\" Name=\"b&#38;c\" Color=\"-16776705\"/>",
            ]
        );
        let data = lines(&spec, "<TiffData");
        assert!(
            data.len() == 1
                && data[0].starts_with(
                    "<TiffData IFD=\"0\" PlaneCount=\"12\"><UUID FileName=\"a.ome.tif\">urn:uuid:"
                )
        );
        assert!(lines(&spec, "<Plane").is_empty());
    }

    #[test]
    fn samples_are_images_wherever_they_stand() {
        let first = spec("SCYX", &[2, 3, 5, 7], PixelType::F32);
        let ifds = |spec: &ImageSpec| -> Vec<String> {
            lines(spec, "<TiffData").iter().map(|line| line[..line.find("><").unwrap()].to_owned()).collect()
        };
        assert_eq!(
            ifds(&first),
            ["<TiffData IFD=\"0\" PlaneCount=\"3\"", "<TiffData IFD=\"3\" PlaneCount=\"3\""]
        );
        assert_eq!(lines(&first, "<Image").len(), 2);
        let last = spec("CSYX", &[2, 2, 5, 7], PixelType::F32);
        let place = |ifd: usize, c: usize| {
            format!("<TiffData IFD=\"{ifd}\" PlaneCount=\"1\" FirstZ=\"0\" FirstC=\"{c}\" FirstT=\"0\"")
        };
        assert_eq!(ifds(&last), [place(0, 0), place(2, 1), place(1, 0), place(3, 1)]);
    }

    #[test]
    fn samples_of_a_pixel_are_one_channel() {
        let mut spec = spec("TYXC", &[4, 5, 7, 3], PixelType::U8);
        spec.channel_names = Some(vec!["a".into(), "b".into(), "c".into()]);
        assert_eq!(lines(&spec, "<Channel"), ["<Channel ID=\"Channel:0:0\" SamplesPerPixel=\"3\"/>"]);
        assert!(lines(&spec, "<Pixels")[0].contains("DimensionOrder=\"XYCTZ\""));
        assert!(lines(&spec, "<TiffData")[0].contains("PlaneCount=\"4\""));
    }

    #[test]
    fn planes_have_places() {
        let mut spec = spec("ZYX", &[2, 5, 7], PixelType::U8);
        spec.translation = Some(PerAxis::new(&[10.0, 2.0, -3.5]).unwrap());
        spec.pixel_size = Some(PerAxis::new(&[0.5, 0.25, 0.125]).unwrap());
        let planes = lines(&spec, "<Plane");
        assert_eq!(planes.len(), 2);
        assert_eq!(
            planes[1],
            "<Plane TheZ=\"1\" TheC=\"0\" TheT=\"0\" PositionX=\"-3.5\" PositionXUnit=\"&#181;m\" PositionY=\"2\" \
             PositionYUnit=\"&#181;m\" PositionZ=\"10.5\" PositionZUnit=\"&#181;m\"/>"
        );
    }
}
