//! Descriptions of format 0.4.

use patchweave_config::ConfigValue;

use super::field::{Field, Reader};
use super::file::plain_file;
use super::head::Head;
use super::references::resolve;
use super::step_0_4::step;
use super::step_0_5::data_type;
use super::step_kwargs::Tensor;
use super::weights::weights;
use crate::{AxisDescr, AxisKind, AxisSize, DataType, Description, FileDescr, Step, TensorDescr, Tolerance};

/// More pixels than any axis has.
const MAX_SIZE: usize = 1 << 31;

/// Reads a description whose start is known.
pub(super) fn description<'t>(reader: &mut Reader<'t>, root: &Field<'t>, head: Head) -> Option<Description> {
    let weights = weights(reader, root);
    let inputs = tensors(reader, root, ["inputs", "test_inputs"]);
    let outputs = tensors(reader, root, ["outputs", "test_outputs"]);
    let (inputs, outputs) = (inputs?, outputs?);
    let [(field, test_tensor)] = inputs.as_slice() else {
        let found = format!("got {} inputs", inputs.len());
        return reader.refuse_found("inputs", found, "one; networks of several inputs are not supported");
    };
    let mut input = tensor(reader, field, test_tensor, None)?;
    let mut read = Vec::with_capacity(outputs.len());
    for (field, test_tensor) in &outputs {
        read.push(tensor(reader, field, test_tensor, Some(&input)));
    }
    let mut outputs: Vec<TensorDescr> = read.into_iter().collect::<Option<_>>()?;
    resolve(reader, &mut input, &mut outputs)?;
    let Head { format_version, name, text, .. } = head;
    Some(Description { format_version, name, text, input, outputs, weights: weights? })
}

/// Tensors with the files of their examples, which stand elsewhere.
fn tensors<'t>(
    reader: &mut Reader<'t>,
    root: &Field<'t>,
    [key, test_key]: [&str; 2],
) -> Option<Vec<(Field<'t>, FileDescr)>> {
    let tensors = root.need(reader, key, "a list of tensors");
    let tensors = tensors.and_then(|list| list.entries(reader, "a list of tensors"));
    let expected = "a list of NPY files, one for each tensor";
    let tests = root.need(reader, test_key, expected)?;
    let files: Vec<_> =
        tests.entries(reader, expected)?.iter().map(|file| plain_file(reader, file)).collect();
    let files: Vec<FileDescr> = files.into_iter().collect::<Option<_>>()?;
    let tensors = tensors?;
    if tensors.len() != files.len() {
        let found = format!("got {} files for {} {key}", files.len(), tensors.len());
        return reader.refuse_found(&tests.path, found, "a file for each");
    }
    Some(tensors.into_iter().zip(files).collect())
}

const INPUT_KEYS: &[&str] =
    &["name", "description", "axes", "data_type", "data_range", "shape", "preprocessing"];
const OUTPUT_KEYS: &[&str] =
    &["name", "description", "axes", "data_type", "data_range", "shape", "halo", "postprocessing"];

fn tensor<'t>(
    reader: &mut Reader<'t>,
    field: &Field<'t>,
    test_tensor: &FileDescr,
    input: Option<&TensorDescr>,
) -> Option<TensorDescr> {
    let is_output = input.is_some();
    field.only(reader, if is_output { OUTPUT_KEYS } else { INPUT_KEYS }).then_some(())?;
    let id = field.need(reader, "name", "the name of a tensor");
    let id = id.and_then(|id| id.text(reader, "the name of a tensor"));
    if let Some(input) = input
        && id == Some(&input.id)
    {
        let found = format!("got {:?} for an output as well as for the input", input.id);
        return reader.refuse_found(&format!("{}.name", field.path), found, "names that differ");
    }
    let data_type = field.need(reader, "data_type", &DataType::names());
    let data_type = data_type.and_then(|name| data_type_of(reader, &name, is_output));
    let axes = axes(reader, field, input);
    let (id, data_type, axes) = (id?, data_type?, axes?);
    let input_id = input.map_or(id, |input| &input.id);
    let tensor = Tensor { axes: &axes, input_id, is_output };
    let key = if is_output { "postprocessing" } else { "preprocessing" };
    let mut steps = match field.get(key) {
        None => Vec::new(),
        Some(list) if *list.value == ConfigValue::List(Vec::new()) => Vec::new(),
        Some(list) => {
            let entries = list.entries(reader, "a list of steps")?;
            let read: Vec<_> = entries.iter().map(|entry| step(reader, &tensor, entry)).collect();
            read.into_iter().collect::<Option<Vec<Step>>>()?
        }
    };
    let is_binary = matches!(steps.last(), Some(Step::Binarize { .. }));
    if is_output || !steps.is_empty() {
        steps.insert(0, Step::EnsureDtype(data_type));
    }
    Some(TensorDescr {
        id: id.to_owned(),
        axes,
        data_type,
        are_labels: is_output && (data_type == DataType::Bool || is_binary),
        steps,
        test_tensor: test_tensor.clone(),
        tolerance: Tolerance::EARLIER,
        path: field.path.clone(),
    })
}

fn data_type_of<'t>(reader: &mut Reader<'t>, field: &Field<'t>, is_output: bool) -> Option<DataType> {
    let read = data_type(reader, field)?;
    let is_of_input = matches!(read, DataType::F32 | DataType::Integer { bits: 8 | 16, signed: false });
    if is_output || is_of_input {
        return Some(read);
    }
    reader.refuse(field, "float32, uint8 or uint16 for an input")
}

const AXES: &str = "letters of bczyx, each once, with y and x; index and time axes (i, t) are not supported";

/// Reads `axes`, `shape` and `halo`.
fn axes<'t>(
    reader: &mut Reader<'t>,
    tensor: &Field<'t>,
    input: Option<&TensorDescr>,
) -> Option<Vec<AxisDescr>> {
    let field = tensor.need(reader, "axes", AXES)?;
    let letters: Vec<char> = field.text(reader, AXES)?.chars().collect();
    let kinds: Option<Vec<AxisKind>> = letters.iter().map(|letter| kind(*letter)).collect();
    let is_fine = |kinds: &Vec<AxisKind>| {
        let once = |kind: &AxisKind| kinds.iter().filter(|other| *other == kind).count() == 1;
        kinds.iter().all(once) && kinds.contains(&AxisKind::Y) && kinds.contains(&AxisKind::X)
    };
    let Some(kinds) = kinds.filter(is_fine) else { return reader.refuse(&field, AXES) };
    let shape = tensor.need(reader, "shape", "the sizes of all axes")?;
    let sizes = match input {
        None => input_sizes(reader, &shape, &kinds),
        Some(input) => output_sizes(reader, &shape, &kinds, input),
    };
    let halos = match tensor.get("halo") {
        None => Some(vec![0; kinds.len()]),
        Some(halo) => halos(reader, &halo, &kinds),
    };
    let (sizes, halos) = (sizes?, halos?);
    let axis = |((kind, (size, scale)), halo): ((&AxisKind, (AxisSize, f64)), usize)| AxisDescr {
        id: id(*kind).to_owned(),
        kind: *kind,
        size,
        halo,
        scale,
        path: field.path.clone(),
        size_path: shape.path.clone(),
        halo_path: format!("{}.halo", tensor.path),
    };
    Some(kinds.iter().zip(sizes).zip(halos).map(axis).collect())
}

fn kind(letter: char) -> Option<AxisKind> {
    Some(match letter {
        'b' => AxisKind::Batch,
        'c' => AxisKind::Channel,
        'z' => AxisKind::Z,
        'y' => AxisKind::Y,
        'x' => AxisKind::X,
        _ => return None,
    })
}

fn id(kind: AxisKind) -> &'static str {
    match kind {
        AxisKind::Batch => "batch",
        AxisKind::Channel => "channel",
        AxisKind::Z => "z",
        AxisKind::Y => "y",
        AxisKind::X => "x",
    }
}

/// The sizes of an input, with the scales of their axes.
fn input_sizes<'t>(
    reader: &mut Reader<'t>,
    shape: &Field<'t>,
    kinds: &[AxisKind],
) -> Option<Vec<(AxisSize, f64)>> {
    let (sizes, steps) = match shape.value {
        ConfigValue::Map(_) => {
            shape.only(reader, &["min", "step"]).then_some(())?;
            let min = shape.need(reader, "min", "a list of sizes");
            let min = min.and_then(|min| wholes(reader, &min, kinds.len(), 1..=MAX_SIZE));
            let step = shape.need(reader, "step", "a list of sizes");
            let step = step.and_then(|step| wholes(reader, &step, kinds.len(), 0..=MAX_SIZE));
            (min?, step?)
        }
        _ => (wholes(reader, shape, kinds.len(), 1..=MAX_SIZE)?, vec![0; kinds.len()]),
    };
    let mut read = Vec::with_capacity(kinds.len());
    for (kind, (size, step)) in kinds.iter().zip(sizes.into_iter().zip(steps)) {
        read.push(match (kind, size, step) {
            (AxisKind::Batch, 1, 0) => AxisSize::Any,
            (AxisKind::Batch, ..) => {
                let found = format!("got size {size} and step {step} for the batch");
                return reader.refuse_found(&shape.path, found, "size 1 and step 0");
            }
            (AxisKind::Channel, _, 1..) => {
                return reader.refuse_found(&shape.path, "got a step for channels", "step 0");
            }
            (_, size, 0) => AxisSize::Fixed(size),
            (_, min, step) => AxisSize::Steps { min, step },
        });
    }
    Some(read.into_iter().map(|size| (size, 1.0)).collect())
}

/// The sizes of an output, with the scales of their axes.
fn output_sizes<'t>(
    reader: &mut Reader<'t>,
    shape: &Field<'t>,
    kinds: &[AxisKind],
    input: &TensorDescr,
) -> Option<Vec<(AxisSize, f64)>> {
    let ConfigValue::Map(_) = shape.value else {
        let sizes = wholes(reader, shape, kinds.len(), 1..=MAX_SIZE)?;
        let size = |(kind, size): (&AxisKind, usize)| match kind {
            AxisKind::Batch => AxisSize::Any,
            _ => AxisSize::Fixed(size),
        };
        return Some(kinds.iter().zip(sizes).map(|one| (size(one), 1.0)).collect());
    };
    shape.only(reader, &["reference_tensor", "scale", "offset"]).then_some(())?;
    let expected = format!("{}, the only input", input.id);
    let reference = shape.need(reader, "reference_tensor", &expected)?;
    if reference.text(reader, &expected)? != input.id {
        return reader.refuse(&reference, expected);
    }
    let scales = shape.need(reader, "scale", "a list of numbers");
    let scales = scales.and_then(|scales| numbers(reader, &scales, kinds.len()));
    let offsets = shape.need(reader, "offset", "a list of numbers");
    let offsets = offsets.and_then(|offsets| numbers(reader, &offsets, kinds.len()));
    let mut read = Vec::with_capacity(kinds.len());
    for (kind, (scale, offset)) in kinds.iter().zip(scales?.into_iter().zip(offsets?)) {
        // On both sides.
        let more = 2.0 * offset;
        let own = input.axis(*kind);
        read.push(match (kind, scale) {
            (AxisKind::Batch, _) => (AxisSize::Any, 1.0),
            (_, 0.0) => (AxisSize::Fixed(size_of(reader, shape, more)?), 1.0),
            (AxisKind::Channel, _) => {
                let Some(AxisSize::Fixed(n)) = own.map(|axis| &axis.size) else {
                    return reader.refuse_found(&shape.path, "got channels of the input", "their number");
                };
                #[expect(clippy::cast_precision_loss, reason = "few channels")]
                let n = *n as f64 * scale + more;
                (AxisSize::Fixed(size_of(reader, shape, n)?), 1.0)
            }
            (_, scale) => {
                let (tensor, axis) = (input.id.clone(), id(*kind).to_owned());
                (AxisSize::Reference { tensor, axis, ratio: 1.0, offset: more }, 1.0 / scale)
            }
        });
    }
    Some(read)
}

/// A size that was computed.
fn size_of<'t>(reader: &mut Reader<'t>, shape: &Field<'t>, size: f64) -> Option<usize> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and in range")]
    if (1.0..=1e9).contains(&size) && size.fract() == 0.0 {
        return Some(size as usize);
    }
    reader.refuse_found(&shape.path, format!("got a size of {size} pixels"), "a whole size above 0")
}

fn halos<'t>(reader: &mut Reader<'t>, field: &Field<'t>, kinds: &[AxisKind]) -> Option<Vec<usize>> {
    let halos = wholes(reader, field, kinds.len(), 0..=MAX_SIZE)?;
    if kinds.iter().zip(&halos).any(|(kind, halo)| !kind.is_space() && *halo > 0) {
        return reader.refuse(field, "0 but along z, y and x");
    }
    Some(halos)
}

/// Reads whole numbers, one for each axis.
fn wholes<'t>(
    reader: &mut Reader<'t>,
    field: &Field<'t>,
    n_axes: usize,
    range: std::ops::RangeInclusive<usize>,
) -> Option<Vec<usize>> {
    let expected = format!("{n_axes} whole numbers, one for each axis");
    let entries = field.entries(reader, &expected)?;
    if entries.len() != n_axes {
        return reader.refuse(field, expected);
    }
    let least = *range.start();
    let expected = format!("a whole number from {least} on");
    let read: Vec<_> = entries.iter().map(|entry| entry.whole(reader, range.clone(), &expected)).collect();
    read.into_iter().collect()
}

/// Reads numbers, one for each axis; null counts as 0.
fn numbers<'t>(reader: &mut Reader<'t>, field: &Field<'t>, n_axes: usize) -> Option<Vec<f64>> {
    let expected = format!("{n_axes} numbers, one for each axis");
    let entries = field.entries(reader, &expected)?;
    if entries.len() != n_axes {
        return reader.refuse(field, expected);
    }
    let read: Vec<_> = entries
        .iter()
        .map(|entry| match entry.value {
            ConfigValue::Null => Some(0.0),
            _ => entry.number(reader, -1e9..=1e9, "a number"),
        })
        .collect();
    read.into_iter().collect()
}
