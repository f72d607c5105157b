//! Descriptions of format 0.5.

use patchweave_config::ConfigValue;

use super::field::{Field, Reader};
use super::file::file;
use super::head::Head;
use super::references::resolve;
use super::step_0_5::{data_type, step};
use super::step_kwargs::Tensor;
use super::tolerances::Tolerances;
use super::weights::weights;
use crate::{AxisDescr, AxisKind, AxisSize, DataType, Description, FileDescr, Step, TensorDescr, Tolerance};

/// More pixels than any axis has.
const MAX_SIZE: usize = 1 << 31;

/// Reads a description whose start is known.
pub(super) fn description<'t>(reader: &mut Reader<'t>, root: &Field<'t>, head: Head) -> Option<Description> {
    let weights = weights(reader, root);
    let tolerances = Tolerances::read(reader, root);
    let inputs = root.need(reader, "inputs", "a list of one input");
    let inputs = inputs.and_then(|inputs| {
        let all = inputs.entries(reader, "a list of one input")?;
        match all.as_slice() {
            [only] => Some(only.clone()),
            more => reader.refuse_found(
                &inputs.path,
                format!("got {} inputs", more.len()),
                "one; networks of several inputs are not supported",
            ),
        }
    });
    let input = inputs.and_then(|field| tensor(reader, &field, None));
    let outputs = root.need(reader, "outputs", "a list of outputs")?.entries(reader, "a list of outputs")?;
    // Outputs are read even if the input was refused, so that their problems are told as well.
    let input_id = input.as_ref().map_or("", |input| &input.id);
    let outputs: Vec<_> = outputs.iter().map(|field| tensor(reader, field, Some(input_id))).collect();
    let mut input = input?;
    let mut outputs: Vec<TensorDescr> = outputs.into_iter().collect::<Option<_>>()?;
    resolve(reader, &mut input, &mut outputs)?;
    let tolerances = tolerances?;
    for output in &mut outputs {
        output.tolerance = tolerances.of(&output.id, !output.data_type.is_float());
    }
    let Head { format_version, name, text, .. } = head;
    Some(Description { format_version, name, text, input, outputs, weights: weights? })
}

const INPUT_KEYS: &[&str] = &[
    "id",
    "description",
    "axes",
    "test_tensor",
    "sample_tensor",
    "data",
    "optional",
    "output_of",
    "pad",
    "preprocessing",
];
const OUTPUT_KEYS: &[&str] =
    &["id", "description", "axes", "test_tensor", "sample_tensor", "data", "postprocessing"];

/// Reads an input, or an output of the input of this name.
fn tensor<'t>(reader: &mut Reader<'t>, field: &Field<'t>, input_id: Option<&str>) -> Option<TensorDescr> {
    let is_output = input_id.is_some();
    if !field.only(reader, if is_output { OUTPUT_KEYS } else { INPUT_KEYS }) {
        return None;
    }
    let default = if is_output { "output" } else { "input" };
    let id = match field.get("id") {
        None => Some(default.to_owned()),
        Some(id) => id.text(reader, "the name of a tensor").map(str::to_owned),
    };
    let id = match id {
        Some(id) if Some(id.as_str()) == input_id => {
            let found = format!("got {id:?} for an output as well as for the input");
            reader.refuse_found(&format!("{}.id", field.path), found, "names that differ")
        }
        id => id,
    };
    if let Some(pad) = field.get("pad") {
        let _: Option<()> = padding(reader, &pad);
    }
    let axes = axes(reader, field, is_output);
    let test_tensor = test_tensor(reader, field);
    let data = data(reader, field, axes.as_deref());
    let (id, axes, data) = (id?, axes?, data?);
    let tensor = Tensor { axes: &axes, input_id: input_id.unwrap_or(&id), is_output };
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
    let data_type = data.data_type;
    if !is_output && !matches!(steps.first(), Some(Step::EnsureDtype(_))) {
        steps.insert(0, Step::EnsureDtype(data_type));
    }
    if !matches!(steps.last(), Some(Step::EnsureDtype(_) | Step::Binarize { .. })) {
        steps.push(Step::EnsureDtype(data_type));
    }
    if !is_output {
        check_type_of_input(reader, field, &steps)?;
    }
    let are_labels = data.are_labels || data_type == DataType::Bool || is_binary(&steps);
    Some(TensorDescr {
        id,
        axes,
        data_type,
        are_labels,
        steps,
        test_tensor: test_tensor?,
        tolerance: Tolerance::CONTINUOUS,
        path: field.path.clone(),
    })
}

/// Whether values are classes 0 and 1 in the end.
fn is_binary(steps: &[Step]) -> bool {
    let last = steps.iter().rev().find(|step| !matches!(step, Step::EnsureDtype(_)));
    matches!(last, Some(Step::Binarize { .. }))
}

/// Networks take numbers with fractions, which the last step has to make.
fn check_type_of_input<'t>(reader: &mut Reader<'t>, field: &Field<'t>, steps: &[Step]) -> Option<()> {
    let made = match steps.last() {
        Some(Step::EnsureDtype(data_type)) if !data_type.is_float() => data_type.to_string(),
        Some(Step::Binarize { .. }) => DataType::Bool.to_string(),
        _ => return Some(()),
    };
    let path = if field.get("preprocessing").is_some() { "preprocessing" } else { "data.type" };
    reader.refuse_found(
        &format!("{}.{path}", field.path),
        format!("got {made} at the end of the preprocessing"),
        "a last step ensure_dtype with dtype float32, because the network takes float32",
    )
}

fn padding<'t>(reader: &mut Reader<'t>, field: &Field<'t>) -> Option<()> {
    let expected = "constant, edge, reflect or symmetric";
    if !field.only(reader, &["mode", "value"]) {
        return None;
    }
    let mode = field.need(reader, "mode", expected)?;
    match mode.text(reader, expected)? {
        "constant" | "edge" | "reflect" | "symmetric" => Some(()),
        _ => reader.refuse(&mode, expected),
    }
}

fn test_tensor<'t>(reader: &mut Reader<'t>, field: &Field<'t>) -> Option<FileDescr> {
    let tensor = field.need(reader, "test_tensor", "a block with source, an NPY file")?;
    tensor.only(reader, &["source", "sha256"]).then_some(())?;
    file(reader, &tensor)
}

/// What a description says of values.
struct Data {
    data_type: DataType,
    are_labels: bool,
}

/// Reads `data`: a block for all channels or one for each.
fn data<'t>(reader: &mut Reader<'t>, tensor: &Field<'t>, axes: Option<&[AxisDescr]>) -> Option<Data> {
    let Some(field) = tensor.get("data") else {
        return Some(Data { data_type: DataType::F32, are_labels: false });
    };
    let ConfigValue::List(_) = field.value else { return data_of(reader, &field) };
    let entries = field.entries(reader, "a block of keys, or one for each channel")?;
    let read: Vec<_> = entries.iter().map(|entry| data_of(reader, entry)).collect();
    let read: Vec<Data> = read.into_iter().collect::<Option<_>>()?;
    let channels = axes?.iter().find(|axis| axis.kind == AxisKind::Channel);
    if let Some(AxisSize::Fixed(n)) = channels.map(|axis| &axis.size)
        && *n != read.len()
    {
        return reader.refuse(&field, format!("one block for each of {n} channels"));
    }
    let first = read.first()?.data_type;
    if read.iter().any(|data| data.data_type != first) {
        return reader.refuse_found(&field.path, "got several types", "one type for all channels");
    }
    Some(Data { data_type: first, are_labels: read.iter().all(|data| data.are_labels) })
}

fn data_of<'t>(reader: &mut Reader<'t>, field: &Field<'t>) -> Option<Data> {
    let known = ["type", "range", "unit", "scale", "offset", "values"];
    field.only(reader, &known).then_some(())?;
    let values = field.get("values");
    if let Some(values) = &values {
        values.entries(reader, "a list of values")?;
    }
    let data_type = match field.get("type") {
        Some(name) => data_type(reader, &name)?,
        None if values.is_some() => DataType::Integer { bits: 8, signed: false },
        None => DataType::F32,
    };
    if let Some(range) = field.get("range") {
        let is_pair = matches!(range.value, ConfigValue::List(ends) if ends.len() == 2);
        if !is_pair {
            return reader.refuse(&range, "a list of the smallest and the largest value");
        }
    }
    Some(Data { data_type, are_labels: values.is_some() })
}

fn axes<'t>(reader: &mut Reader<'t>, tensor: &Field<'t>, is_output: bool) -> Option<Vec<AxisDescr>> {
    let expected = "a list of axes";
    let list = tensor.need(reader, "axes", expected)?;
    let entries = list.entries(reader, expected)?;
    let read: Vec<_> = entries.iter().map(|field| axis(reader, field, is_output)).collect();
    let axes: Vec<AxisDescr> = read.into_iter().collect::<Option<_>>()?;
    for (idx, axis) in axes.iter().enumerate() {
        let same = |other: &&AxisDescr| other.id == axis.id || other.kind == axis.kind;
        if let Some(other) = axes.iter().take(idx).find(same) {
            let found = format!("got {} and {}", other.id, axis.id);
            return reader.refuse_found(&axis.path, found, "each axis once");
        }
    }
    for kind in [AxisKind::Y, AxisKind::X] {
        if !axes.iter().any(|axis| axis.kind == kind) {
            let missing = kind.letter().to_ascii_lowercase();
            return reader.refuse_found(
                &list.path,
                format!("got no axis {missing}"),
                "axes y and x of images",
            );
        }
    }
    Some(axes)
}

const AXIS_TYPES: &str = "batch, channel or space; index and time axes are not supported";

fn axis<'t>(reader: &mut Reader<'t>, field: &Field<'t>, is_output: bool) -> Option<AxisDescr> {
    let kind = field.need(reader, "type", AXIS_TYPES)?;
    match kind.text(reader, AXIS_TYPES)? {
        "batch" => batch_axis(reader, field),
        "channel" => channel_axis(reader, field),
        "space" => space_axis(reader, field, is_output),
        _ => reader.refuse(&kind, AXIS_TYPES),
    }
}

fn batch_axis<'t>(reader: &mut Reader<'t>, field: &Field<'t>) -> Option<AxisDescr> {
    field.only(reader, &["type", "id", "description", "size"]).then_some(())?;
    if let Some(id) = field.get("id")
        && id.text(reader, "batch")? != "batch"
    {
        return reader.refuse(&id, "batch");
    }
    let size = match field.get("size") {
        None => AxisSize::Any,
        Some(size) => AxisSize::Fixed(size.whole(reader, 1..=1, "1, or nothing for any")?),
    };
    Some(described("batch", AxisKind::Batch, size, field))
}

fn channel_axis<'t>(reader: &mut Reader<'t>, field: &Field<'t>) -> Option<AxisDescr> {
    field.only(reader, &["type", "id", "description", "channel_names"]).then_some(())?;
    let id = match field.get("id") {
        None => "channel",
        Some(id) => id.text(reader, "the name of an axis")?,
    };
    let names = field.need(reader, "channel_names", "a list of names")?;
    let n_channels = names.entries(reader, "a list of names")?.len();
    let mut axis = described(id, AxisKind::Channel, AxisSize::Fixed(n_channels), field);
    axis.size_path = names.path;
    Some(axis)
}

const SPACE_KEYS: &[&str] = &["type", "id", "description", "size", "unit", "scale", "concatenable"];
const SPACE_KEYS_OF_OUTPUT: &[&str] = &["type", "id", "description", "size", "unit", "scale", "halo"];

fn space_axis<'t>(reader: &mut Reader<'t>, field: &Field<'t>, is_output: bool) -> Option<AxisDescr> {
    field.only(reader, if is_output { SPACE_KEYS_OF_OUTPUT } else { SPACE_KEYS }).then_some(())?;
    let id = match field.get("id") {
        None => "x",
        Some(id) => {
            let expected = "z, y or x";
            let name = id.text(reader, expected)?;
            if !matches!(name, "z" | "y" | "x") {
                return reader.refuse(&id, expected);
            }
            name
        }
    };
    let kind = match id {
        "z" => AxisKind::Z,
        "y" => AxisKind::Y,
        _ => AxisKind::X,
    };
    let scale = match field.get("scale") {
        None => 1.0,
        Some(scale) => scale.number(reader, 1e-9..=1e9, "a number above 0")?,
    };
    let expected = if is_output {
        "a size, or a block with tensor_id and axis_id"
    } else {
        "a size, a block with min and step, or a block with tensor_id and axis_id"
    };
    let size_field = field.need(reader, "size", expected)?;
    let size = size(reader, &size_field, is_output, expected)?;
    let halo = match field.get("halo") {
        None => 0,
        Some(halo) => {
            let width = halo.whole(reader, 1..=MAX_SIZE, "a number of pixels above 0")?;
            if !matches!(size, AxisSize::Reference { .. }) {
                let found = "got a halo on an axis of fixed size";
                return reader.refuse_found(&halo.path, found, "a size that refers to an axis of the input");
            }
            width
        }
    };
    let mut axis = described(id, kind, size, field);
    axis.halo = halo;
    axis.scale = scale;
    axis.size_path = size_field.path;
    Some(axis)
}

/// Reads a size; the ratio of a reference is found once all axes are known.
fn size<'t>(reader: &mut Reader<'t>, field: &Field<'t>, is_output: bool, expected: &str) -> Option<AxisSize> {
    match field.value {
        ConfigValue::Map(_) if field.get("tensor_id").is_some() || field.get("axis_id").is_some() => {
            field.only(reader, &["tensor_id", "axis_id", "offset"]).then_some(())?;
            let tensor = field.need(reader, "tensor_id", "the id of a tensor");
            let tensor = tensor.and_then(|tensor| tensor.text(reader, "the id of a tensor"));
            let axis = field.need(reader, "axis_id", "the id of an axis");
            let axis = axis.and_then(|axis| axis.text(reader, "the id of an axis"));
            let offset = match field.get("offset") {
                None => Some(0.0),
                Some(offset) => match offset.value {
                    ConfigValue::Int(_) => offset.number(reader, -1e9..=1e9, "a whole number"),
                    _ => reader.refuse(&offset, "a whole number"),
                },
            };
            Some(AxisSize::Reference {
                tensor: tensor?.to_owned(),
                axis: axis?.to_owned(),
                ratio: 1.0,
                offset: offset?,
            })
        }
        ConfigValue::Map(_) if !is_output => {
            field.only(reader, &["min", "step"]).then_some(())?;
            let part = |reader: &mut Reader<'t>, key: &str| {
                let number = field.need(reader, key, "a whole number above 0")?;
                number.whole(reader, 1..=MAX_SIZE, "a whole number above 0")
            };
            let min = part(reader, "min");
            let step = part(reader, "step");
            Some(AxisSize::Steps { min: min?, step: step? })
        }
        ConfigValue::Map(_) if field.get("min").is_some() || field.get("max").is_some() => reader
            .refuse_found(
                &field.path,
                "got a size that depends on the data",
                format!("{expected}; this is not supported"),
            ),
        ConfigValue::Int(_) => field.whole(reader, 1..=MAX_SIZE, expected).map(AxisSize::Fixed),
        _ => reader.refuse(field, expected),
    }
}

fn described(id: &str, kind: AxisKind, size: AxisSize, field: &Field<'_>) -> AxisDescr {
    let path = field.path.clone();
    let (size_path, halo_path) = (format!("{path}.size"), format!("{path}.halo"));
    AxisDescr { id: id.to_owned(), kind, size, halo: 0, scale: 1.0, path, size_path, halo_path }
}
