//! A base URL: what stands before every path of a platform.

/// As origin and path; the path is empty, or begins with a slash.
#[must_use]
pub fn split(base: &str) -> (&str, &str) {
    let host = base.find("://").map_or(0, |at| at + 3);
    base.split_at(base[host..].find('/').map_or(base.len(), |at| host + at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_an_origin_and_a_path() {
        assert_eq!(split("http://localhost:7700"), ("http://localhost:7700", ""));
        assert_eq!(split("http://localhost:7700/w/a"), ("http://localhost:7700", "/w/a"));
        assert_eq!(split(""), ("", ""));
    }
}
