//! What is the same at the start of every description: version, type, name.

use patchweave_config::ConfigValue;

use super::field::{Field, Reader};

/// The last version of format 0.5 that is known.
const LAST_0_5: u32 = 14;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    V0_4,
    V0_5,
}

pub(super) struct Head {
    pub format: Format,
    pub format_version: String,
    pub name: String,
    pub text: String,
}

/// Reads the start of a description; nothing else makes sense of a version that is not known.
pub(super) fn head<'t>(reader: &mut Reader<'t>, root: &Field<'t>) -> Option<Head> {
    let expected = format!("0.4 or 0.5, up to 0.5.{LAST_0_5}");
    let Some(version) = root.get("format_version") else {
        return reader.refuse_found("format_version", "missing", expected);
    };
    let ConfigValue::Text(format_version) = version.value else {
        return reader.refuse(&version, format!("text, {expected}"));
    };
    let Some(format) = format_of(format_version) else { return reader.refuse(&version, expected) };
    let kind = root.need(reader, "type", "model")?;
    if kind.text(reader, "model")? != "model" {
        return reader.refuse(&kind, "model");
    }
    let name = root.need(reader, "name", "what the model is called");
    let name = name.and_then(|name| name.text(reader, "text"));
    if let Some(mode) = root.get("run_mode") {
        let _: Option<()> = reader.refuse_found(
            &mode.path,
            "got a procedure of its own",
            "a model that is run as it is; this mode is not supported",
        );
    }
    let text = match root.get("description").map(|field| field.value) {
        Some(ConfigValue::Text(text)) => text.clone(),
        _ => String::new(),
    };
    Some(Head { format, format_version: format_version.clone(), name: name?.to_owned(), text })
}

fn format_of(text: &str) -> Option<Format> {
    let numbers: Option<Vec<u32>> = text.split('.').map(|part| part.parse().ok()).collect();
    match numbers?.as_slice() {
        [0, 4] | [0, 4, _] => Some(Format::V0_4),
        [0, 5] => Some(Format::V0_5),
        [0, 5, patch] if *patch <= LAST_0_5 => Some(Format::V0_5),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_known_up_to_the_last_one() {
        for (text, expected) in [
            ("0.4.10", Some(Format::V0_4)),
            ("0.5.0", Some(Format::V0_5)),
            ("0.5.14", Some(Format::V0_5)),
            ("0.5.15", None),
            ("0.3.6", None),
            ("1.0.0", None),
            ("0.5.x", None),
            ("", None),
        ] {
            assert_eq!(format_of(text), expected, "{text}");
        }
    }
}
