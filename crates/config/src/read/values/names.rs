//! Reading names, each of which stands for a value.

use super::reader::{Block, Reader, Value};
use crate::text::{Kind, alternatives};

/// Names, each of which stands for a value.
pub(crate) struct Names<'n, T> {
    /// The accepted names and their values.
    pub known: &'n [(&'static str, T)],
    /// Names that are refused, with the reason.
    pub refused: &'n [(&'static str, &'static str)],
}

impl<T: Copy> Names<'_, T> {
    fn all(&self) -> Vec<&'static str> {
        self.known.iter().map(|(name, _)| *name).collect()
    }

    /// All accepted names, as in `a, b or c`.
    pub(crate) fn expected(&self) -> String {
        alternatives(&self.all())
    }

    /// The value of a name, if it is accepted.
    pub(crate) fn find(&self, name: &str) -> Option<T> {
        self.known.iter().find(|(known, _)| *known == name).map(|(_, selected)| *selected)
    }

    /// Reads a name; reports one that is not accepted.
    pub(crate) fn read(&self, reader: &mut Reader<'_>, value: &Value<'_>) -> Option<T> {
        let names = self.all();
        let Kind::Text(written) = value.kind else {
            return reader.refuse(value, alternatives(&names));
        };
        if let Some(selected) = self.find(written) {
            return Some(selected);
        }
        if let Some((_, reason)) = self.refused.iter().find(|(name, _)| name == written) {
            return reader.refuse(value, format!("{} ({written} {reason})", alternatives(&names)));
        }
        reader.refuse_name(value, alternatives(&names), names.iter().copied())
    }

    /// Reads the `name` in a block.
    pub(crate) fn block<'t>(&self, reader: &mut Reader<'_>, value: &Value<'t>) -> Option<(T, Block<'t>)> {
        let names = self.all();
        let Some(block) = value.as_block() else {
            return reader.refuse(value, format!("a block with name {}", alternatives(&names)));
        };
        let selected =
            block.need(reader, "name", &alternatives(&names), |reader, value| self.read(reader, value))?;
        Some((selected, block))
    }
}
