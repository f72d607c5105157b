//! A `data_config` in a text of its own, as CAREamics writes it.

use std::path::Path;

use super::own_axes::OwnAxes;
use super::section::data;
use crate::plan::DataPlan;
use crate::read::rules::{DataRules, Rules};
use crate::read::values::{Reader, Value};
use crate::text::{ConfigErrors, Origin, yaml};

/// Parses a text that is a `data_config` on its own.
///
/// `file` is its path, which problems name; it is not opened.
///
/// There are no warnings, and data types are accepted that a run cannot open.
///
/// ```
/// use std::path::Path;
///
/// use patchweave_config::{DataRules, DataType, parse_data_config};
///
/// let text = "
/// mode: training
/// data_type: czi
/// axes: SCTYX
/// patching: {name: random, patch_size: [8, 64, 64]}
/// normalization: {name: quantile}
/// ";
/// let data = parse_data_config(text, Path::new("a.yaml"), DataRules::Own)?;
/// assert_eq!((data.data_type, data.n_spatial()), (DataType::Czi, 3));
///
/// let errors = parse_data_config(&text.replace("SCTYX", "TYX"), Path::new("a.yaml"), DataRules::Own).unwrap_err();
/// assert_eq!(errors.problems[0].expected, "SCYX, SCZYX or SCTYX, the axes of CZI files");
/// # Ok::<(), patchweave_config::ConfigErrors>(())
/// ```
///
/// # Errors
/// All problems of the text.
pub fn parse_data_config(text: &str, file: &Path, rules: DataRules) -> Result<DataPlan, ConfigErrors> {
    read(text, file, rules.into())
}

pub(crate) fn read(text: &str, file: &Path, rules: Rules) -> Result<DataPlan, ConfigErrors> {
    let document = yaml::read(text);
    let origin = Origin::new(file, text, document.root.as_ref());
    let mut reader = Reader::new(&origin, &|_| None);
    reader.report_refusals(document.refusals);
    let root = document.root.as_ref();
    let data = root.and_then(|root| data(&mut reader, &Value::root(root), rules, &OwnAxes::unknown()));
    let (problems, _) = reader.into_findings();
    match data {
        Some(data) if problems.is_empty() => Ok(data.plan),
        _ => Err(ConfigErrors::new(file.to_owned(), problems)),
    }
}
