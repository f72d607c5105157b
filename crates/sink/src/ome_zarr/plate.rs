//! The groups of a plate and their attributes.

use std::collections::BTreeMap;

use patchweave_geometry::{Acquisition, Plate, WellField};
use rayon::prelude::*;
use serde_json::{Map, Value, json};

use super::groups::write_group;
use super::metadata::versioned;
use super::options::OmeZarrVersion;
use crate::{SinkError, Work};

/// The groups above the images of a plate, and what they say: the plate, its rows, and its wells.
pub(crate) struct PlateGroups {
    version: OmeZarrVersion,
    groups: BTreeMap<String, Map<String, Value>>,
}

impl PlateGroups {
    /// Those of some fields of one plate, in this order within a well.
    pub fn new(fields: &[&WellField], version: OmeZarrVersion) -> Self {
        let mut wells: BTreeMap<(usize, usize), Vec<&WellField>> = BTreeMap::new();
        for field in fields {
            wells.entry((field.row, field.column)).or_default().push(field);
        }
        let mut groups = BTreeMap::new();
        for of_well in wells.values() {
            let Some(well) = of_well.first().and_then(|field| field.well()) else { continue };
            let images: Vec<Value> = of_well.iter().map(|field| image(field)).collect();
            let attributes = own(version, "well", json!({ "images": images }));
            if let Some((row, _)) = well.split_once('/') {
                groups.insert(format!("{row}/"), Map::new());
            }
            groups.insert(format!("{well}/"), attributes);
        }
        if let Some(first) = fields.first() {
            let mut plate = plate(&first.plate, &wells);
            // Readers of 0.5 want it here too.
            plate["version"] = json!(version.name());
            groups.insert(String::new(), own(version, "plate", plate));
        }
        PlateGroups { version, groups }
    }

    /// What all of them say.
    pub fn json(&self) -> &BTreeMap<String, Map<String, Value>> {
        &self.groups
    }

    /// Writes them, that of the plate last.
    pub fn write(&self, work: &Work) -> Result<(), SinkError> {
        let write = |path: &str, attributes| write_group(work, path, self.version, attributes);
        let inner: Vec<_> = self.groups.iter().filter(|(path, _)| !path.is_empty()).collect();
        inner.into_par_iter().try_for_each(|(path, attributes)| write(path, attributes))?;
        self.groups.get("").map_or(Ok(()), |attributes| write("", attributes))
    }
}

fn own(version: OmeZarrVersion, key: &str, mut value: Value) -> Map<String, Value> {
    if version == OmeZarrVersion::V04 {
        value["version"] = json!(version.name());
    }
    versioned(Map::from_iter([(key.to_owned(), value)]), version)
}

fn image(field: &WellField) -> Value {
    let mut image = json!({ "path": field.name });
    if let Some(acquisition) = field.acquisition {
        image["acquisition"] = json!(acquisition);
    }
    image
}

fn plate(plate: &Plate, wells: &BTreeMap<(usize, usize), Vec<&WellField>>) -> Value {
    let named = |names: &[String]| names.iter().map(|name| json!({ "name": name })).collect::<Vec<_>>();
    let listed = wells.iter().filter_map(|((row, column), fields)| {
        let path = fields.first()?.well()?;
        Some(json!({ "path": path, "rowIndex": row, "columnIndex": column }))
    });
    let mut value = json!({
        "rows": named(&plate.rows),
        "columns": named(&plate.columns),
        "wells": listed.collect::<Vec<_>>(),
        "field_count": wells.values().map(Vec::len).max().unwrap_or(0),
    });
    if let Some(name) = &plate.name {
        value["name"] = json!(name);
    }
    let acquisitions = acquisitions(plate, wells);
    if !acquisitions.is_empty() {
        value["acquisitions"] = json!(acquisitions);
    }
    value
}

/// Those that the plate tells and those that only its fields name.
fn acquisitions(plate: &Plate, wells: &BTreeMap<(usize, usize), Vec<&WellField>>) -> Vec<Value> {
    let mut known: BTreeMap<u64, Acquisition> =
        plate.acquisitions.iter().map(|acquisition| (acquisition.id, acquisition.clone())).collect();
    let named = wells.values().flatten().filter_map(|field| field.acquisition);
    for id in named {
        known.entry(id).or_insert_with(|| Acquisition { id, ..Acquisition::default() });
    }
    let most = |id: u64| {
        let of_well =
            |fields: &Vec<&WellField>| fields.iter().filter(|field| field.acquisition == Some(id)).count();
        wells.values().map(of_well).max().unwrap_or(0)
    };
    let value = |acquisition: &Acquisition| {
        let Acquisition { id, name, description, start_time, end_time } = acquisition;
        let mut value = json!({ "id": id });
        if most(*id) > 0 {
            value["maximumfieldcount"] = json!(most(*id));
        }
        for (key, text) in [("name", name), ("description", description)] {
            if let Some(text) = text {
                value[key] = json!(text);
            }
        }
        for (key, time) in [("starttime", start_time), ("endtime", end_time)] {
            if let Some(time) = time {
                value[key] = json!(time);
            }
        }
        value
    };
    known.values().map(value).collect()
}
