//! Whose word counts where both a configuration and a file name axes.

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
