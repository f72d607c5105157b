//! Words that messages share: text in quotes, numbers with their noun, lists of names.

/// Text with a space in place of every character that does not print.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// How much of a text is repeated in a message.
const MAX_SHOWN: usize = 60;

/// Text in quotes, shortened and without characters that do not print.
pub(crate) fn quoted(text: &str) -> String {
    let shown: String = text.chars().take(MAX_SHOWN).collect();
    let rest = if shown.len() < text.len() { "…" } else { "" };
    format!("{shown:?}{rest}")
}

/// A number with the right form of its noun.
pub(crate) fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// `a, b or c`.
pub(crate) fn alternatives(names: &[&str]) -> String {
    match names {
        [all @ .., last] if !all.is_empty() => format!("{} or {last}", all.join(", ")),
        _ => names.concat(),
    }
}
