//! Configurations of data sets: which are accepted, what they become, and how they are converted.

use std::error::Error;
use std::path::Path;

use patchweave_config::{
    ChannelChange, ConfigValue, ConversionOptions, DataPlan, DataRules, DataType, LoaderParams, Mode,
    parse_data_config,
};
use patchweave_geometry::{Axes, Extent, Overlaps};
use serde_json::{Map, Value};

use crate::golden::{CaseError, OperationError, Outcomes, Request};

pub(super) fn data_config(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    outcome(&given(request, "given", is_microsplit(request)?)?)
}

pub(super) fn convert_mode(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let data = given(request, "given", request.text("kind")? == Some(MICROSPLIT))?;
    let args = request.required("args")?;
    let args = args.as_object().ok_or_else(|| entry("args", args, "named arguments"))?;
    let arg = |name: &str| args.get(name).filter(|value| !value.is_null());
    let unknown = |name: &str, value: &Value| OperationError::refused(format!("{name}: got {value}"));
    let mode = arg("new_mode").unwrap_or(&Value::Null);
    let mode = mode.as_str().and_then(Mode::from_name).ok_or_else(|| unknown("new_mode", mode))?;
    let data_type = |value: &Value| {
        value.as_str().and_then(DataType::from_name).ok_or_else(|| unknown("new_data_type", value))
    };
    let options = ConversionOptions {
        patch_size: arg("new_patch_size").map(|value| extent("new_patch_size", value)).transpose()?,
        overlaps: arg("overlap_size").map(|value| overlaps("overlap_size", value)).transpose()?,
        batch_size: arg("new_batch_size").map(|value| size("new_batch_size", value)).transpose()?,
        data_type: arg("new_data_type").map(data_type).transpose()?,
        axes: arg("new_axes").map(|value| axes("new_axes", value)).transpose()?,
        target_axes: arg("new_target_axes").map(|value| axes("new_target_axes", value)).transpose()?,
        channels: match arg("new_channels") {
            None => ChannelChange::Keep,
            Some(Value::String(all)) if all == "all" => ChannelChange::All,
            Some(list) => ChannelChange::These(sizes("new_channels", list)?),
        },
        in_memory: arg("new_in_memory").and_then(Value::as_bool),
        loader: arg("new_dataloader_params").and_then(Value::as_object).map(loader),
    };
    let converted = data.converted(mode, &options);
    outcome(&converted.map_err(refused)?)
}

const MICROSPLIT: &str = "microsplit";

/// Whether a case is about the class with lateral context of the reference's two; some tell it by their name alone.
pub(super) fn is_microsplit(request: &Request<'_>) -> Result<bool, OperationError> {
    Ok(match request.text("kind")? {
        Some(kind) => kind == MICROSPLIT,
        None => request.case_id().contains(MICROSPLIT),
    })
}

/// The configuration of that name, read by the rules of the reference.
pub(super) fn given(
    request: &Request<'_>,
    name: &str,
    is_microsplit: bool,
) -> Result<DataPlan, OperationError> {
    let rules = if is_microsplit { DataRules::MicroSplitDataConfig } else { DataRules::DataConfig };
    // JSON is YAML as well.
    let text = request.required(name)?.to_string();
    parse_data_config(&text, Path::new(name), rules).map_err(refused)
}

fn refused(error: impl Into<Box<dyn Error + Send + Sync>>) -> OperationError {
    OperationError::Refused(error.into())
}

fn outcome(data: &DataPlan) -> Result<Outcomes, OperationError> {
    Ok(Outcomes::default().with("config", reference_form(data)?))
}

/// The configuration that gives a plan, as the reference writes it.
pub(super) fn reference_form(data: &DataPlan) -> Result<Value, OperationError> {
    serde_json::to_value(data.to_reference_form()).map_err(refused)
}

fn extent(name: &str, value: &Value) -> Result<Extent, OperationError> {
    Ok(Extent::new(&sizes(name, value)?)?)
}

fn overlaps(name: &str, value: &Value) -> Result<Overlaps, OperationError> {
    Ok(Overlaps::new(&sizes(name, value)?)?)
}

fn axes(name: &str, value: &Value) -> Result<Axes, OperationError> {
    Ok(value.as_str().ok_or_else(|| entry(name, value, "axes"))?.parse::<Axes>()?)
}

fn sizes(name: &str, value: &Value) -> Result<Vec<usize>, OperationError> {
    let list = value.as_array().ok_or_else(|| entry(name, value, "a list"))?;
    list.iter().map(|value| size(name, value)).collect()
}

/// A size or index; what is none, the library's types refuse.
fn size(name: &str, value: &Value) -> Result<usize, OperationError> {
    let natural = value.as_u64().and_then(|n| usize::try_from(n).ok());
    natural.ok_or_else(|| OperationError::refused(format!("{name}: got {value}, expected at least 0")))
}

fn loader(settings: &Map<String, Value>) -> LoaderParams {
    LoaderParams::new(settings.iter().map(|(name, value)| (name.as_str(), config_value(value))))
}

fn config_value(value: &Value) -> ConfigValue {
    match value {
        Value::Null => ConfigValue::Null,
        Value::Bool(value) => ConfigValue::Bool(*value),
        Value::Number(number) => match (number.as_i128(), number.as_f64()) {
            (Some(integer), _) => ConfigValue::Int(integer),
            (None, float) => float.map_or(ConfigValue::Null, ConfigValue::Float),
        },
        Value::String(text) => ConfigValue::Text(text.clone()),
        Value::Array(values) => ConfigValue::List(values.iter().map(config_value).collect()),
        Value::Object(entries) => {
            ConfigValue::Map(entries.iter().map(|(key, value)| (key.clone(), config_value(value))).collect())
        }
    }
}

fn entry(name: &str, value: &Value, expected: &'static str) -> CaseError {
    CaseError::Entry { name: name.to_owned(), got: value.to_string(), expected }
}
