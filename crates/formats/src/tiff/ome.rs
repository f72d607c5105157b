//! OME-XML: which images there are, their dimensions, and which page of which file holds which plane.

use patchweave_geometry::Axis;
use patchweave_pixel::PixelType;
use roxmltree::{Document, Node, ParsingOptions};

use crate::units::{micrometres, seconds};

/// What a document says; entities are not expanded, because none may be declared.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ome {
    /// Names the file that the document stands in.
    pub uuid: Option<String>,
    pub content: Content,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Content {
    Images(Vec<OmeImage>),
    /// The images are described in another file.
    Elsewhere(String),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct OmeImage {
    pub width: usize,
    pub height: usize,
    /// The dimensions that planes are stacked along and their sizes, slow ones first.
    pub stacked: [(Axis, usize); 3],
    pub pixel_type: PixelType,
    /// Along Z, Y and X, in micrometres.
    pub pixel_size: [Option<f64>; 3],
    /// Where the first plane is along Z, Y and X, in micrometres.
    pub translation: [Option<f64>; 3],
    pub channel_colors: Vec<Option<[u8; 3]>>,
    /// An empty one for a channel without a name.
    pub channel_names: Vec<String>,
    /// In seconds.
    pub time_step: Option<f64>,
    pub blocks: Vec<TiffData>,
}

/// Planes that stand in pages one after the other.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct TiffData {
    pub page: Option<usize>,
    pub n_planes: Option<usize>,
    /// Place of the first plane.
    pub c: usize,
    pub z: usize,
    pub t: usize,
    /// The file; the one that holds the document if there is none.
    pub file: Option<FileName>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct FileName {
    pub name: Option<String>,
    pub uuid: String,
}

/// What is wrong with a document.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OmeProblem {
    pub place: String,
    pub got: String,
    pub expected: &'static str,
}

/// Elements and texts of a document; there are a few for every plane, and each takes a hundred bytes of memory.
const MOST_NODES: u32 = 1 << 22;

impl Ome {
    /// Whether a description is such a document, well formed or not.
    pub fn is_ome(text: &str) -> bool {
        let text = text.trim_start_matches(['\u{feff}', ' ', '\n', '\r', '\t']);
        text.starts_with('<') && (text.contains("<OME") || text.contains(":OME "))
    }

    /// Reads a document.
    ///
    /// # Errors
    /// [`OmeProblem`] if it is no XML, declares entities, or its images lack what they need.
    pub fn parse(text: &str) -> Result<Self, OmeProblem> {
        let text = text.trim_start_matches('\u{feff}').trim_matches(['\0', ' ', '\n', '\r', '\t']);
        let options =
            ParsingOptions { allow_dtd: false, nodes_limit: MOST_NODES, ..ParsingOptions::default() };
        let document = Document::parse_with_options(text, options).map_err(|error| OmeProblem {
            place: "the OME-XML".to_owned(),
            got: error.to_string(),
            expected: "well-formed XML without declarations of entities",
        })?;
        let root = document.root_element();
        if root.tag_name().name() != "OME" {
            let got = format!("the root element {}", root.tag_name().name());
            return Err(OmeProblem { place: "the OME-XML".to_owned(), got, expected: "OME" });
        }
        let uuid = root.attribute("UUID").map(str::to_owned);
        if let Some(elsewhere) = children(root, "BinaryOnly").next() {
            let file = elsewhere.attribute("MetadataFile").ok_or_else(|| OmeProblem {
                place: "the BinaryOnly of the OME-XML".to_owned(),
                got: "no MetadataFile".to_owned(),
                expected: "the name of a file",
            })?;
            return Ok(Ome { uuid, content: Content::Elsewhere(file.to_owned()) });
        }
        let images = children(root, "Image").enumerate().map(|(idx, image)| read_image(idx, image));
        let images: Vec<OmeImage> = images.collect::<Result<_, _>>()?;
        if images.is_empty() {
            let place = "the OME-XML".to_owned();
            let got = "no Image".to_owned();
            return Err(OmeProblem { place, got, expected: "at least one" });
        }
        Ok(Ome { uuid, content: Content::Images(images) })
    }
}

fn children<'a, 'i>(node: Node<'a, 'i>, name: &'static str) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(move |child| child.is_element() && child.tag_name().name() == name)
}

fn read_image(idx: usize, image: Node<'_, '_>) -> Result<OmeImage, OmeProblem> {
    let place = format!("image {idx} of the OME-XML");
    let pixels = children(image, "Pixels").next().ok_or_else(|| OmeProblem {
        place: place.clone(),
        got: "no Pixels".to_owned(),
        expected: "the element",
    })?;
    let problem = |name: &str, expected| OmeProblem {
        place: place.clone(),
        got: pixels.attribute(name).map_or_else(|| format!("no {name}"), |value| format!("{name} {value:?}")),
        expected,
    };
    let size = |name| {
        let size = pixels.attribute(name).and_then(|size| size.trim().parse::<usize>().ok());
        size.filter(|&size| size > 0).ok_or_else(|| problem(name, "a number above 0"))
    };
    let sizes = |axis| match axis {
        'Z' => Ok((Axis::Z, size("SizeZ")?)),
        'C' => Ok((Axis::C, size("SizeC")?)),
        'T' => Ok((Axis::T, size("SizeT")?)),
        _ => Err(problem("DimensionOrder", "XY and then Z, C and T in any order")),
    };
    let order: Vec<char> = pixels.attribute("DimensionOrder").unwrap_or_default().chars().collect();
    let stacked = match order[..] {
        ['X', 'Y', fast, middle, slow] if fast != middle && middle != slow && fast != slow => {
            [sizes(slow)?, sizes(middle)?, sizes(fast)?]
        }
        _ => return Err(problem("DimensionOrder", "XY and then Z, C and T in any order")),
    };
    let pixel_type = pixels.attribute("Type").and_then(pixel_type);
    let length = |axis: &str| {
        let value = pixels.attribute(format!("PhysicalSize{axis}").as_str())?.trim().parse::<f64>().ok()?;
        let unit = pixels.attribute(format!("PhysicalSize{axis}Unit").as_str()).unwrap_or("µm");
        let length = value * micrometres(unit)?;
        (length.is_finite() && length > 0.0).then_some(length)
    };
    let time_step = pixels.attribute("TimeIncrement").and_then(|value| {
        let unit = pixels.attribute("TimeIncrementUnit").unwrap_or("s");
        Some(value.trim().parse::<f64>().ok()? * seconds(unit)?)
    });
    let name = |channel: Node<'_, '_>| channel.attribute("Name").unwrap_or_default().to_owned();
    Ok(OmeImage {
        width: size("SizeX")?,
        height: size("SizeY")?,
        stacked,
        pixel_type: pixel_type.ok_or_else(|| problem("Type", "int8 to uint32, float, double or bit"))?,
        pixel_size: ["Z", "Y", "X"].map(length),
        translation: children(pixels, "Plane").find(is_first).map_or([None; 3], position),
        channel_names: children(pixels, "Channel").map(name).collect(),
        channel_colors: children(pixels, "Channel").map(color).collect(),
        time_step,
        blocks: children(pixels, "TiffData")
            .map(|data| read_block(&place, data))
            .collect::<Result<_, _>>()?,
    })
}

/// Whether a plane is the first along C, Z and T.
fn is_first(plane: &Node<'_, '_>) -> bool {
    let is_zero = |name| plane.attribute(name).is_some_and(|at| at.trim().parse() == Ok(0_usize));
    ["TheC", "TheZ", "TheT"].into_iter().all(is_zero)
}

/// Where a plane is along Z, Y and X; a position without a unit counts in a frame that nobody describes.
fn position(plane: Node<'_, '_>) -> [Option<f64>; 3] {
    ["Z", "Y", "X"].map(|axis| {
        let value = plane.attribute(format!("Position{axis}").as_str())?.trim().parse::<f64>().ok()?;
        let place = value * micrometres(plane.attribute(format!("Position{axis}Unit").as_str())?)?;
        place.is_finite().then_some(place)
    })
}

/// The colour of a channel: a signed number of four bytes, red, green, blue and opacity.
fn color(channel: Node<'_, '_>) -> Option<[u8; 3]> {
    let number = channel.attribute("Color")?.trim().parse::<i64>().ok()?;
    // Some writers forget the sign.
    let signed = i32::try_from(number).map(i32::to_be_bytes);
    let [red, green, blue, _] = signed.or_else(|_| u32::try_from(number).map(u32::to_be_bytes)).ok()?;
    Some([red, green, blue])
}

fn read_block(place: &str, data: Node<'_, '_>) -> Result<TiffData, OmeProblem> {
    let number = |name: &str| match data.attribute(name) {
        None => Ok(None),
        Some(value) => value.trim().parse::<usize>().map(Some).map_err(|_| OmeProblem {
            place: format!("a TiffData of {place}"),
            got: format!("{name} {value:?}"),
            expected: "a number",
        }),
    };
    let file = children(data, "UUID").next().map(|uuid| FileName {
        name: uuid.attribute("FileName").map(str::to_owned),
        uuid: uuid.text().unwrap_or_default().trim().to_owned(),
    });
    Ok(TiffData {
        page: number("IFD")?,
        n_planes: number("PlaneCount")?,
        c: number("FirstC")?.unwrap_or(0),
        z: number("FirstZ")?.unwrap_or(0),
        t: number("FirstT")?.unwrap_or(0),
        file,
    })
}

fn pixel_type(name: &str) -> Option<PixelType> {
    Some(match name {
        "int8" => PixelType::I8,
        "int16" => PixelType::I16,
        "int32" => PixelType::I32,
        "bit" | "uint8" => PixelType::U8,
        "uint16" => PixelType::U16,
        "uint32" => PixelType::U32,
        "float" => PixelType::F32,
        "double" => PixelType::F64,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(pixels: &str, inside: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><OME xmlns=\"http://www.openmicroscopy.org/Schemas/OME/2016-06\" UUID=\"urn:a\">\
             <Image ID=\"Image:0\"><Pixels {pixels}>{inside}</Pixels></Image></OME>"
        )
    }

    const PIXELS: &str = "DimensionOrder=\"XYCZT\" SizeX=\"7\" SizeY=\"5\" SizeZ=\"3\" SizeC=\"2\" SizeT=\"1\" \
                          Type=\"uint16\" PhysicalSizeX=\"100\" PhysicalSizeXUnit=\"nm\" PhysicalSizeY=\"0.2\"";

    #[test]
    fn dimensions_and_places_are_read() {
        let block = "<TiffData IFD=\"4\" FirstZ=\"1\"><UUID FileName=\"b.tif\"> urn:b </UUID></TiffData>";
        let ome = Ome::parse(&document(PIXELS, block)).unwrap();
        let Content::Images(images) = ome.content else { panic!("no images") };
        assert_eq!(ome.uuid.unwrap(), "urn:a");
        assert_eq!(images[0].stacked, [(Axis::T, 1), (Axis::Z, 3), (Axis::C, 2)]);
        assert_eq!(images[0].pixel_size, [None, Some(0.2), Some(0.1)]);
        assert_eq!((images[0].channel_names.len(), images[0].time_step), (0, None));
        let file = Some(FileName { name: Some("b.tif".into()), uuid: "urn:b".into() });
        assert_eq!(images[0].blocks, [TiffData { page: Some(4), z: 1, file, ..TiffData::default() }]);
    }

    #[test]
    fn channels_and_times_are_read() {
        let pixels = format!("{PIXELS} TimeIncrement=\"250\" TimeIncrementUnit=\"ms\"");
        let channels = "<Channel ID=\"Channel:0:0\" Name=\"DAPI\"/><Channel ID=\"Channel:0:1\"/>";
        let ome = Ome::parse(&document(&pixels, channels)).unwrap();
        let Content::Images(images) = ome.content else { panic!("no images") };
        assert_eq!((images[0].channel_names.concat(), images[0].channel_names.len()), ("DAPI".to_owned(), 2));
        assert_eq!(images[0].time_step, Some(0.25));
        assert_eq!(images[0].channel_colors, [None, None]);
        let ome = Ome::parse(&document(&pixels.replace("ms", "frames"), channels)).unwrap();
        let Content::Images(images) = ome.content else { panic!("no images") };
        assert_eq!(images[0].time_step, None);
    }

    #[test]
    fn colours_and_places_are_read() {
        let inside = "<Channel Color=\"16711935\"/><Channel Color=\"-16776961\"/><Channel Color=\"4278190335\"/>\
                      <Channel Color=\"red\"/>\
                      <Plane TheC=\"0\" TheZ=\"1\" TheT=\"0\" PositionX=\"9\" PositionXUnit=\"µm\"/>\
                      <Plane TheC=\"0\" TheZ=\"0\" TheT=\"0\" PositionX=\"-2\" PositionXUnit=\"mm\" PositionY=\"7\" \
                      PositionZ=\"3\" PositionZUnit=\"reference frame\"/>";
        let ome = Ome::parse(&document(PIXELS, inside)).unwrap();
        let Content::Images(images) = ome.content else { panic!("no images") };
        let colors = [Some([0, 255, 0]), Some([255, 0, 0]), Some([255, 0, 0]), None];
        assert_eq!(images[0].channel_colors, colors);
        assert_eq!(images[0].translation, [None, None, Some(-2000.0)]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let problem = |text: &str| {
            let problem = Ome::parse(text).unwrap_err();
            format!("{}: {}", problem.place, problem.got)
        };
        let broken = PIXELS.replace("SizeY=\"5\"", "SizeY=\"-5\"");
        assert_eq!(problem(&document(&broken, "")), "image 0 of the OME-XML: SizeY \"-5\"");
        let broken = PIXELS.replace("XYCZT", "XYCCT");
        assert_eq!(problem(&document(&broken, "")), "image 0 of the OME-XML: DimensionOrder \"XYCCT\"");
        assert!(problem("<OME><Image></OME>").starts_with("the OME-XML: "));
        let entities = format!("<!DOCTYPE OME [<!ENTITY a \"aaaa\">]>{}", &document(PIXELS, "&a;")[21..]);
        assert!(problem(&entities).starts_with("the OME-XML: "), "{}", problem(&entities));
    }
}
