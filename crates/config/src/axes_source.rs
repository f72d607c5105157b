//! Whose word counts where both a configuration and a file name axes.

use crate::reader::{Block, Reader};
use crate::rules::Rules;
use crate::scalar::Names;

/// Whose word counts where both a configuration and a file name axes.
///
/// ```
/// use patchweave_config::AxesSource;
///
/// assert_eq!(AxesSource::default().name(), "checked");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AxesSource {
    /// Both have to agree.
    #[default]
    Checked,
    /// The configuration's: order and sizes are those of the file, the letters are the written ones.
    Config,
    /// Those of the first image, or of the first one that fit all; what is written stands in where it names none.
    File,
}

impl AxesSource {
    /// The name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            AxesSource::Checked => "checked",
            AxesSource::Config => "config",
            AxesSource::File => "file",
        }
    }
}

const SOURCES: Names<'_, AxesSource> = Names {
    known: &[("checked", AxesSource::Checked), ("config", AxesSource::Config), ("file", AxesSource::File)],
    refused: &[],
};

/// The key `axes_source` beside `axes`; the default stands in for what is refused.
pub(crate) fn axes_source(reader: &mut Reader<'_>, block: &Block<'_>, rules: Rules) -> AxesSource {
    if !rules.has_additions {
        return AxesSource::default();
    }
    let source = block.or(reader, "axes_source", AxesSource::default(), |reader, value| {
        let source = SOURCES.read(reader, value)?;
        if source == AxesSource::Config && block.given("axes").is_none() {
            return reader.refuse_found(value, "config without axes", "axes beside it, or no axes_source");
        }
        Some(source)
    });
    source.unwrap_or_default()
}
