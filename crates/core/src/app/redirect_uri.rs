//! Redirect URIs that differ in their port only. Kakao Login compares letter for letter; a stand-in may be told otherwise.

/// A URI of this machine (`localhost`, `127.0.0.1`, `[::1]`) without its port: what stands before and after it.
#[must_use]
pub fn without_local_port(uri: &str) -> Option<(&str, &str)> {
    let scheme = ["http://", "https://"].into_iter().find(|scheme| uri.starts_with(scheme))?;
    let host = ["localhost", "127.0.0.1", "[::1]"].into_iter().find(|host| uri[scheme.len()..].starts_with(host))?;
    let (before, rest) = uri.split_at(scheme.len() + host.len());
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (port, after) = rest.split_at(end);
    let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
    is_port.then_some((before, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_port_of_this_machine_is_left_out() {
        assert_eq!(without_local_port("http://localhost:3000/cb?x=1"), Some(("http://localhost", "/cb?x=1")));
        assert_eq!(without_local_port("http://localhost"), Some(("http://localhost", "")));
        assert_eq!(without_local_port("https://[::1]:5/cb"), Some(("https://[::1]", "/cb")));
        for foreign in [
            "http://localhost.evil.example/cb",
            "http://localhost:3000@evil.example/cb",
            "http://localhost:/cb",
            "http://localhost:99999/cb",
            "http://evil.example:3000/cb",
            "kakao123://oauth",
            "http://127.0.0.10:3000/",
        ] {
            assert_eq!(without_local_port(foreign), None, "{foreign}");
        }
    }
}
