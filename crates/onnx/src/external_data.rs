//! Weights that a network keeps in files beside it, put into the network itself.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use patchweave_files::read_file;
use patchweave_model::Cause;
use tract_onnx::pb;

/// The most bytes of a file of weights.
const MOST_BYTES: u64 = 1 << 34;

/// Puts weights that a network keeps beside it, by the names of their files, into the network itself; says whether there were
/// any.
pub(crate) fn embed(content: &mut pb::ModelProto, beside: &BTreeMap<String, Vec<u8>>) -> Result<bool, Cause> {
    let mut outside = outside(content);
    outside.iter_mut().try_for_each(|tensor| embed_one(tensor, beside))?;
    Ok(!outside.is_empty())
}

/// Whether a network keeps weights beside it.
pub(crate) fn has_weights_beside(content: &mut pb::ModelProto) -> bool {
    !outside(content).is_empty()
}

/// Puts weights that a network keeps in files of a folder into the network itself.
pub(crate) fn embed_from(content: &mut pb::ModelProto, folder: &Path) -> Result<(), Cause> {
    let mut beside = BTreeMap::new();
    for tensor in outside(content) {
        let name = told(tensor, "location").unwrap_or_default();
        let is_inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
        if !is_inside {
            return Err(format!("got weights in {name:?}, expected a file beside the network").into());
        }
        if !beside.contains_key(name) {
            let path = folder.join(name);
            let bytes =
                read_file(&path, MOST_BYTES).map_err(|error| format!("{}: {error}", path.display()))?;
            beside.insert(name.to_owned(), bytes);
        }
    }
    embed(content, &beside).map(drop)
}

/// The arrays whose values lie outside of the network.
fn outside(content: &mut pb::ModelProto) -> Vec<&mut pb::TensorProto> {
    let mut found = Vec::new();
    let mut open: Vec<&mut pb::GraphProto> = content.graph.iter_mut().collect();
    while let Some(graph) = open.pop() {
        found.extend(&mut graph.initializer);
        for attribute in graph.node.iter_mut().flat_map(|node| &mut node.attribute) {
            found.extend(attribute.t.iter_mut().chain(&mut attribute.tensors));
            open.extend(attribute.g.iter_mut().chain(&mut attribute.graphs));
        }
    }
    let external = Some(pb::tensor_proto::DataLocation::External as i32);
    found.retain(|tensor| tensor.data_location == external);
    found
}

/// What an array says of where its values lie.
fn told<'t>(tensor: &'t pb::TensorProto, key: &str) -> Option<&'t str> {
    tensor.external_data.iter().find(|own| own.key == key).map(|own| own.value.as_str())
}

fn embed_one(tensor: &mut pb::TensorProto, beside: &BTreeMap<String, Vec<u8>>) -> Result<(), Cause> {
    let name = told(tensor, "location").unwrap_or_default();
    let Some(content) = beside.get(name) else {
        let known = beside.keys().cloned().collect::<Vec<_>>().join(", ");
        let known = if known.is_empty() { "none".to_owned() } else { known };
        return Err(format!("got weights in {name:?}, expected those that are there: {known}").into());
    };
    let offset: usize = told(tensor, "offset").map_or(Ok(0), str::parse)?;
    let rest = content.get(offset..).unwrap_or(&[]);
    let wanted = told(tensor, "length").map_or(Ok(rest.len()), str::parse)?;
    let Some(part) = rest.get(..wanted) else {
        let n = rest.len();
        return Err(format!("{name} has {n} bytes from {offset} on, expected {wanted}").into());
    };
    tensor.raw_data = part.to_vec();
    tensor.external_data.clear();
    tensor.data_location = None;
    Ok(())
}
