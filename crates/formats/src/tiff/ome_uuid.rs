//! The UUID of an OME-XML document, in which those of the files of a set differ.

/// The UUID of the first element of a document, in which the documents of a set differ, and the text around it.
pub(super) fn around_uuid(text: &str) -> (&str, [&str; 2]) {
    let found = || {
        let start = text.find("<OME").or_else(|| text.find(":OME "))?;
        let end = start + text[start..].find('>')?;
        let at = start + text[start..end].find(" UUID=")? + " UUID=".len();
        let quote = text[at..end].chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        let value = at + 1;
        let len = text[value..end].find(quote)?;
        Some((&text[value..value + len], [&text[..value], &text[value + len..]]))
    };
    found().unwrap_or(("", [text, ""]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_uuid_of_a_document_is_cut_out() {
        for (text, uuid) in [
            (
                "<?xml?><!-- an OME-XML block UUID=\"no\" --><OME a=\"b\" UUID=\"urn:1\"><UUID>urn:2</UUID></OME>",
                "urn:1",
            ),
            ("<o:OME UUID='urn:1' a=\"b\"/>", "urn:1"),
            ("<OME><TiffData><UUID FileName=\"a\">urn:2</UUID></TiffData></OME>", ""),
            ("<OME UUID=\"urn:1", ""),
            ("", ""),
        ] {
            let (got, [before, after]) = around_uuid(text);
            assert_eq!((got, format!("{before}{got}{after}")), (uuid, text.to_owned()));
        }
    }
}
