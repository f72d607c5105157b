//! Weights that a network keeps in files beside it, put into the network itself.

use std::collections::BTreeMap;

use patchweave_model::Cause;
use tract_onnx::pb;

/// Puts weights that a network keeps beside it, by the names of their files, into the network itself.
pub(crate) fn embed(content: &mut pb::ModelProto, beside: &BTreeMap<String, Vec<u8>>) -> Result<(), Cause> {
    let mut open: Vec<&mut pb::GraphProto> = content.graph.iter_mut().collect();
    while let Some(graph) = open.pop() {
        graph.initializer.iter_mut().try_for_each(|tensor| embed_one(tensor, beside))?;
        for attribute in graph.node.iter_mut().flat_map(|node| &mut node.attribute) {
            let mut tensors = attribute.t.iter_mut().chain(&mut attribute.tensors);
            tensors.try_for_each(|tensor| embed_one(tensor, beside))?;
            open.extend(attribute.g.iter_mut().chain(&mut attribute.graphs));
        }
    }
    Ok(())
}

fn embed_one(tensor: &mut pb::TensorProto, beside: &BTreeMap<String, Vec<u8>>) -> Result<(), Cause> {
    let is_outside = tensor.data_location == Some(pb::tensor_proto::DataLocation::External as i32);
    if !is_outside {
        return Ok(());
    }
    let told =
        |key: &str| tensor.external_data.iter().find(|own| own.key == key).map(|own| own.value.as_str());
    let name = told("location").unwrap_or_default();
    let Some(content) = beside.get(name) else {
        let known = beside.keys().cloned().collect::<Vec<_>>().join(", ");
        let known = if known.is_empty() { "none".to_owned() } else { known };
        return Err(format!("got weights in {name:?}, expected those that are there: {known}").into());
    };
    let offset: usize = told("offset").map_or(Ok(0), str::parse)?;
    let rest = content.get(offset..).unwrap_or(&[]);
    let wanted = told("length").map_or(Ok(rest.len()), str::parse)?;
    let Some(part) = rest.get(..wanted) else {
        let n = rest.len();
        return Err(format!("{name} has {n} bytes from {offset} on, expected {wanted}").into());
    };
    tensor.raw_data = part.to_vec();
    tensor.external_data.clear();
    tensor.data_location = None;
    Ok(())
}
