//! How safe results are.

use patchweave_sink::Durability;

/// What a configuration asks to be on the disk, as those take it who write.
///
/// ```
/// use patchweave_pipeline::durability_of;
/// use patchweave_sink::Durability;
///
/// assert_eq!(durability_of(patchweave_config::Durability::default()), Durability::default());
/// ```
#[must_use]
pub fn durability_of(durability: patchweave_config::Durability) -> Durability {
    match durability {
        patchweave_config::Durability::None => Durability::None,
        patchweave_config::Durability::Files => Durability::Files,
        patchweave_config::Durability::Full => Durability::Full,
    }
}
