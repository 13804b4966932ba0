//! An operator's logo: a PNG, WebP or SVG file, checked by its content.

use std::path::Path;

/// The largest file in bytes. Every first visit loads it.
const LARGEST: usize = 64 * 1024;

/// An image that our pages show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logo {
    pub kind: &'static str,
    pub bytes: Vec<u8>,
}

impl Logo {
    /// Reads and checks the file.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn read(path: &Path) -> Result<Self, String> {
        let bytes = std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        Self::of(bytes).map_err(|why| format!("{}: {why}", path.display()))
    }

    /// Checks the bytes of a file.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn of(bytes: Vec<u8>) -> Result<Self, String> {
        if bytes.len() > LARGEST {
            return Err(format!("it has {} bytes; at most {LARGEST} are allowed", bytes.len()));
        }
        let kind = if bytes.starts_with(b"\x89PNG\r\n\x1a\n") && bytes.get(12..16) == Some(b"IHDR") {
            "image/png"
        } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
            "image/webp"
        } else if let Some(text) = std::str::from_utf8(&bytes).ok().filter(|text| text.contains("<svg")) {
            if let Some(found) = foreign(text) {
                return Err(format!(
                    "the SVG has {found:?}; a logo must have no script, style, text of its own type or reference to another file"
                ));
            }
            "image/svg+xml"
        } else {
            return Err("it is no PNG, WebP or SVG image".to_owned());
        };
        Ok(Self { kind, bytes })
    }

    /// The end of the file's name.
    #[must_use]
    pub fn extension(&self) -> &'static str {
        match self.kind {
            "image/png" => "png",
            "image/webp" => "webp",
            _ => "svg",
        }
    }
}

/// Returns what an SVG must not have: anything that runs, or that loads another file.
fn foreign(svg: &str) -> Option<String> {
    let text = svg.to_ascii_lowercase();
    let forbidden = [
        "<script",
        "<style",
        "<foreignobject",
        "<!doctype",
        "<!entity",
        "<?xml-stylesheet",
        "<image",
        "@import",
        "javascript:",
    ];
    if let Some(found) = forbidden.into_iter().find(|part| text.contains(part)) {
        return Some(found.to_owned());
    }
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('=') {
        let name = before.rsplit(|c: char| c.is_whitespace() || c == '"' || c == '\'').find(|part| !part.is_empty());
        let name = name.unwrap_or_default();
        let value = after.trim_start().trim_start_matches(['"', '\'']);
        if name.starts_with("on") || (name.ends_with("href") && !value.starts_with('#')) {
            return Some(name.to_owned());
        }
        rest = after;
    }
    let outside = text.split("url(").skip(1).any(|rest| !rest.trim_start_matches(['"', '\'']).starts_with('#'));
    outside.then(|| "url(".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_decides_and_an_svg_runs_and_loads_nothing() {
        let kind = |bytes: &[u8]| Logo::of(bytes.to_vec()).map(|logo| logo.kind);
        assert_eq!(kind(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR..."), Ok("image/png"));
        assert_eq!(kind(b"RIFF\x10\0\0\0WEBPVP8 "), Ok("image/webp"));
        let svg = |inside: &str| kind(format!("<svg xmlns=\"http://www.w3.org/2000/svg\">{inside}</svg>").as_bytes());
        assert_eq!(svg("<use href=\"#a\"/><path fill=\"url(#b)\" d=\"M0 0\"/>"), Ok("image/svg+xml"));
        for wrong in [
            "<script>1</script>",
            "<path onclick=\"x\"/>",
            "<path\nonload = 'x'/>",
            "<use xlink:href=\"https://evil.example/x.svg#a\"/>",
            "<image href=\"#a\"/>",
            "<path fill=\"url(https://evil.example)\"/>",
            "<style>@import 'x'</style>",
        ] {
            assert!(svg(wrong).is_err(), "{wrong}");
        }
        assert_eq!(kind(b"GIF89a").unwrap_err(), "it is no PNG, WebP or SVG image");
        assert!(kind(&vec![0; LARGEST + 1]).unwrap_err().contains("at most 65536"));
    }
}
