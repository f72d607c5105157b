//! Which axes count where both the configuration and an image file name them.

/// Which axes count where both the configuration and an image file name them.
///
/// ```
/// use patchweave_config::AxesSource;
///
/// assert_eq!(AxesSource::default().name(), "checked");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AxesSource {
    /// Both, and they must agree.
    #[default]
    Checked,
    /// Those of the configuration: its letters replace those of the file, in the order of the file.
    Config,
    /// Those of the first image, or of the first image whose axes fit all; those of the configuration where no image
    /// names any.
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
