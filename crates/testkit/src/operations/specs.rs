//! Patch specs as cases write them: tables with named columns.

use patchweave_geometry::{PatchSpec, RegionSpec, TileRecord};
use patchweave_patching::Patching;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::golden::{CaseError, OperationError, Request};

const PATCH_COLUMNS: [&str; 4] = ["data_idx", "sample_idx", "coords", "patch_size"];
const TILE_COLUMNS: [&str; 4] = ["crop_coords", "crop_size", "stitch_coords", "total_tiles"];

/// The specs of a table; rows with crops are tiles.
pub(super) fn read_specs(request: &Request<'_>, name: &str) -> Result<Vec<RegionSpec>, OperationError> {
    specs_of(name, request.required(name)?)
}

/// The specs of a table that stands under `name`.
pub(super) fn specs_of(name: &str, table: &Value) -> Result<Vec<RegionSpec>, OperationError> {
    let no_table = || CaseError::Entry {
        name: name.to_owned(),
        got: table.to_string(),
        expected: "a table with columns and rows",
    };
    let columns = columns_of(table).ok_or_else(no_table)?;
    let rows = table.get("rows").and_then(Value::as_array).ok_or_else(no_table)?;
    let mut specs = Vec::with_capacity(rows.len());
    for row in rows {
        let row = row.as_array().filter(|row| row.len() == columns.len()).ok_or_else(no_table)?;
        let fields: Map<String, Value> = columns.iter().cloned().zip(row.iter().cloned()).collect();
        let is_tile = fields.contains_key("crop_coords");
        let spec = Value::Object(fields);
        // Specs are user input here: what our types cannot hold, they refuse.
        let refused = |error: serde_json::Error| OperationError::refused(format!("{spec}: {error}"));
        specs.push(if is_tile {
            TileRecord::deserialize(&spec).map_err(refused)?.tile.into()
        } else {
            PatchSpec::deserialize(&spec).map_err(refused)?.into()
        });
    }
    Ok(specs)
}

/// Specs of a strategy as the table the case asks for.
pub(super) fn write_specs(request: &Request<'_>, patching: &dyn Patching, specs: &[RegionSpec]) -> Value {
    let asked = request.expected("specs").and_then(columns_of);
    let is_tile = specs.iter().any(|spec| spec.tile().is_some());
    let columns = asked.unwrap_or_else(|| {
        let tile: &[&str] = if is_tile { &TILE_COLUMNS } else { &[] };
        PATCH_COLUMNS.iter().chain(tile).map(|&column| column.to_owned()).collect()
    });
    let rows: Vec<Value> = specs
        .iter()
        .map(|spec| {
            let fields = spec_fields(spec, |data_idx| patching.indices_of(data_idx).len());
            columns.iter().map(|column| fields.get(column).cloned().unwrap_or_default()).collect()
        })
        .collect();
    json!({"columns": columns, "rows": rows})
}

/// The fields of a spec by name; `n_of_image` says how many patches an image has, which every tile is told with.
pub(super) fn spec_fields(spec: &RegionSpec, n_of_image: impl FnOnce(usize) -> usize) -> Value {
    let own = match spec {
        RegionSpec::Patch(patch) => json!(patch),
        RegionSpec::Tile(tile) => {
            json!(TileRecord { tile: *tile, total_tiles: n_of_image(tile.patch.data_idx) })
        }
        RegionSpec::Uncorrelated(_) => json!(spec.patch()),
    };
    let Value::Object(mut fields) = own else { return own };
    if let RegionSpec::Uncorrelated(spec) = spec {
        let of_all = |field: fn(&PatchSpec) -> Value| spec.channels.iter().map(field).collect::<Value>();
        fields.extend([
            ("principal_channel".to_owned(), json!(spec.principal_channel)),
            ("all_data_idx".to_owned(), of_all(|patch| json!(patch.data_idx))),
            ("all_sample_idx".to_owned(), of_all(|patch| json!(patch.sample_idx))),
            ("all_coords".to_owned(), of_all(|patch| json!(patch.coords.as_slice()))),
        ]);
    }
    Value::Object(fields)
}

fn columns_of(table: &Value) -> Option<Vec<String>> {
    let columns = table.get("columns")?.as_array()?;
    columns.iter().map(|column| column.as_str().map(str::to_owned)).collect()
}
