//! Environment variables whose names begin with `KAKAW_`.

use std::ffi::OsString;

use kakaw_core::diagnosis;

use super::keys::{Key, keys};

const PREFIX: &str = "KAKAW_";

/// The URL of the running stand-in.
pub const URL: &str = "KAKAW_URL";
/// The token for control requests from other machines.
pub const CONTROL_TOKEN: &str = "KAKAW_CONTROL_TOKEN";

/// Variables that are not settings, and their purpose. A name that ends with `_` is a prefix.
pub const OTHERS: &[(&str, &str)] = &[
    (CONTROL_TOKEN, "the token for control requests from other machines"),
    (URL, "the URL of the running stand-in; `kakaw run` and `kakaw env` set it"),
    ("KAKAW_WORLD", "the world file for the stand-in that the Python client starts under `pytest`"),
    // Developers of Kakaw have these set in the shell that runs it.
    ("KAKAW_TEST_", "for Kakaw's own tests"),
    ("KAKAW_BENCH_", "for Kakaw's own benchmarks"),
    ("KAKAW_WRITE_DOCS", "makes Kakaw's own tests write `docs/reference`"),
];

/// An environment variable that is not one of our settings: a child process inherits it.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the child's environment, not our configuration")]
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// What a variable means for the configuration.
pub enum Meaning {
    /// It sets this key.
    Setting(&'static Key, String),
    /// It is not one of ours, or not a setting.
    Nothing,
}

/// Interprets a variable.
///
/// # Errors
/// No variable of ours has this name, or its value is not text.
pub fn read(name: &OsString, value: OsString) -> Result<Meaning, String> {
    let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { return Ok(Meaning::Nothing) };
    if let Some(key) = keys().iter().find(|key| key.variable() == name) {
        let text = value.into_string().map_err(|_| format!("{name}: its value is not UTF-8"))?;
        return Ok(Meaning::Setting(key, text));
    }
    let other = |known: &str| if known.ends_with('_') { name.starts_with(known) } else { name == known };
    if OTHERS.iter().any(|(known, _)| other(known)) || is_service_link(name) {
        return Ok(Meaning::Nothing);
    }
    let known: Vec<String> = keys().iter().map(Key::variable).collect();
    let others = OTHERS.iter().map(|(name, _)| *name).filter(|name| !name.ends_with('_'));
    let nearest =
        diagnosis::nearest(&name.to_uppercase(), known.iter().map(String::as_str).chain(others)).unwrap_or_default();
    Err(format!("{name}: unknown variable; did you mean {nearest}? (kakaw config lists the settings)"))
}

/// Whether Kubernetes set it for a service called `kakaw…`, or Docker for a container: nobody chose this name.
fn is_service_link(name: &str) -> bool {
    let of_port = |text: &str| {
        let (port, protocol) = text.split_once('_').unwrap_or((text, ""));
        let protocol = protocol.split('_').next().unwrap_or_default();
        !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) && ["TCP", "UDP", "SCTP"].contains(&protocol)
    };
    name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
        || name.ends_with("_PORT")
        || name.match_indices("_PORT_").any(|(at, part)| of_port(&name[at + part.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(name: &str) -> Option<String> {
        read(&name.into(), "x".into()).err()
    }

    #[test]
    fn unknown_variables_are_refused_with_the_nearest() {
        for (wrong, nearest) in [
            ("KAKAW_POLICY_CODE_LIFETIME", "KAKAW_POLICY__CODE_LIFETIME"),
            ("KAKAW_DATABSE", "KAKAW_DATABASE"),
            ("KAKAW_listen", "KAKAW_LISTEN"),
            ("KAKAW_CONTROL_TOKN", "KAKAW_CONTROL_TOKEN"),
            ("KAKAW_URLS", "KAKAW_URL?"),
            ("KAKAW_POLICY", "KAKAW_"),
        ] {
            let refusal = refusal(wrong).unwrap_or_else(|| panic!("{wrong}"));
            let expected = format!("{wrong}: unknown variable; did you mean {nearest}");
            assert!(refusal.starts_with(&expected), "{refusal}");
        }
    }

    #[test]
    fn what_is_no_setting_and_what_nobody_chose_is_left_alone() {
        for (name, _) in OTHERS {
            assert_eq!(refusal(name), None, "{name}");
        }
        for name in [
            "PATH",
            "kakaw_listen",
            "KAKAW_TEST_POSTGRES",
            "KAKAW_SERVICE_HOST",
            "KAKAW_SERVICE_PORT",
            "KAKAW_SERVICE_PORT_HTTP",
            "KAKAW_PORT",
            "KAKAW_PORT_7700_TCP",
            "KAKAW_PORT_7700_TCP_ADDR",
            "KAKAW_DB_PORT_5432_TCP_PROTO",
        ] {
            assert_eq!(refusal(name), None, "{name}");
        }
        assert!(refusal("KAKAW_PORT_X").is_some());
    }
}
