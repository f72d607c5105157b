//! Suggestions for misspelt names.

/// Longer names get no suggestion, because comparing them takes long.
const MAX_CHARS: usize = 40;

/// The known name that is most similar to `written`, if few letters differ; ignores case, `-` and `_`.
pub(crate) fn nearest<'n>(written: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    if written.chars().nth(MAX_CHARS).is_some() {
        return None;
    }
    let written = plain(written);
    let allowed = (written.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&written, &plain(name)), name))
        .filter(|&(distance, name)| distance <= allowed && distance < name.chars().count())
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, name)| name)
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_other_words_are_not() {
        let known = ["patching", "patch_size", "p", "name"];
        assert_eq!(nearest("patchin", known), Some("patching"));
        assert_eq!(nearest("patchSize", known), Some("patch_size"));
        assert_eq!(nearest("nmae", known), Some("name"));
        assert_eq!(nearest("q", known), None);
        assert_eq!(nearest("learning_rate", known), None);
        assert_eq!(nearest(&"patching".repeat(10_000), known), None);
    }
}
