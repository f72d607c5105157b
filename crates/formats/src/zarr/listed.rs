//! What plates and wells list: the groups in them, and where these are in the plate.

use std::sync::Arc;

use patchweave_geometry::{Plate, WellField};

use super::node::Node;
use super::ome::{self, Well};

/// A node in a group that lists it, and what the list says of it.
pub(super) struct Member {
    pub path: String,
    pub place: Option<Place>,
}

/// Where a node is in a plate.
pub(super) enum Place {
    Well(Arc<Plate>, usize, usize),
    Field(WellField),
}

impl Member {
    pub fn of(path: String) -> Self {
        Member { path, place: None }
    }
}

/// What a group lists of a plate: its wells, or the fields of the well that it is.
pub(super) fn members_of_plate(group: &Node, at: Option<&Place>) -> Option<Vec<Member>> {
    if let Some((plate, wells)) = ome::plate(&group.attributes) {
        let plate = Arc::new(plate);
        let member = |well: Well| {
            let row = well.row.filter(|row| *row < plate.rows.len());
            let column = well.column.filter(|column| *column < plate.columns.len());
            let place = || Some(Place::Well(Arc::clone(&plate), row?, column?));
            Member { place: place(), path: well.path }
        };
        return Some(wells.into_iter().map(member).collect());
    }
    let fields = ome::fields(&group.attributes)?.into_iter();
    let member = |(path, acquisition): (String, Option<u64>)| {
        let Some(Place::Well(plate, row, column)) = at else { return Member::of(path) };
        let (plate, row, column) = (Arc::clone(plate), *row, *column);
        let field = WellField { plate, row, column, name: path.clone(), acquisition };
        Member { path, place: Some(Place::Field(field)) }
    };
    Some(fields.map(member).collect())
}
