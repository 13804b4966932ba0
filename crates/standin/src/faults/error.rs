//! The error that a rule injects: by code, by the name of one of its messages, or by the `error` of OAuth 2.0.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use kakaw_core::diagnosis;
use kakaw_wire::problem::Surface;
use kakaw_wire::{Code, Problem};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An error to inject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InjectedError {
    /// A code of the catalogue.
    Code(Code),
    /// A problem of the catalogue: one of the messages that a code can have.
    Problem(&'static str),
    /// `error` of OAuth 2.0.
    Name(&'static str),
}

/// Errors of OAuth 2.0, of OpenID Connect and of Kakao Login that the SDKs know, or that the catalogue lacks.
const NAMES: [&str; 14] = [
    "invalid_client",
    "invalid_grant",
    "invalid_scope",
    "invalid_token",
    "unauthorized",
    "unauthorized_client",
    "unsupported_grant_type",
    "unsupported_response_type",
    "server_error",
    "temporarily_unavailable",
    "misconfigured",
    "interaction_required",
    "account_selection_required",
    "unknown",
];

impl InjectedError {
    /// Whether it is named by its `error` alone.
    #[must_use]
    pub const fn is_by_name(self) -> bool {
        matches!(self, Self::Name(_))
    }

    /// Returns the code, if it has one.
    #[must_use]
    pub fn code(self) -> Option<Code> {
        match self {
            Self::Code(code) => Some(code),
            Self::Problem(name) => Problem::NAMES.iter().find(|(known, _)| *known == name).map(|(_, code)| *code),
            Self::Name(_) => None,
        }
    }
}

/// The names of the messages of the codes that have several on one surface.
pub fn messages() -> impl Iterator<Item = (&'static str, Code)> {
    let surfaces = [Surface::Page, Surface::Kauth, Surface::Kapi, Surface::Apps, Surface::Redirect];
    let several = move |code: Code| {
        surfaces.into_iter().any(|surface| code.answers().iter().filter(|a| a.surface == surface).count() > 1)
    };
    Problem::NAMES.iter().copied().filter(move |(_, code)| several(*code))
}

/// Writes `AccessTokenExpired` as `access_token_expired`.
#[must_use]
pub fn snake(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

impl FromStr for InjectedError {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(code) = Code::from_id(text) {
            return Ok(Self::Code(code));
        }
        if let Some(name) = NAMES.iter().find(|name| **name == text) {
            return Ok(Self::Name(name));
        }
        if let Some((name, _)) = Problem::NAMES.iter().find(|(name, _)| snake(name) == text) {
            return Ok(Self::Problem(name));
        }
        let known = Code::ALL.iter().map(|code| Cow::from(code.id())).chain(NAMES.iter().map(|name| (*name).into()));
        let known: Vec<Cow<'_, str>> = known.chain(messages().map(|(name, _)| snake(name).into())).collect();
        let meant = diagnosis::meant(text, known.iter().map(|name| &**name));
        let meant = meant.map(|meant| format!("; did you mean {meant}?")).unwrap_or_default();
        Err(format!("{text:?} is not an error code, such as KOE006 or -401, or an error such as invalid_scope{meant}"))
    }
}

impl fmt::Display for InjectedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => f.write_str(code.id()),
            Self::Problem(name) => f.write_str(&snake(name)),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl Serialize for InjectedError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for InjectedError {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_read_by_code_by_message_and_by_name() {
        for (text, error) in [
            ("koe320", InjectedError::Code(Code::KOE320)),
            ("-401", InjectedError::Code(Code::Kapi401)),
            ("access_denied", InjectedError::Code(Code::AccessDenied)),
            ("access_token_expired", InjectedError::Problem("AccessTokenExpired")),
            ("unauthorized", InjectedError::Name("unauthorized")),
        ] {
            assert_eq!(text.parse(), Ok(error), "{text}");
            assert_eq!(error.to_string().parse(), Ok(error), "{text}");
        }
        for (text, part) in [
            ("KOE999", "KOE999"),
            ("invalid_scop", "did you mean invalid_scope?"),
            ("acces_token_expired", "did you mean access_token_expired?"),
        ] {
            let error = text.parse::<InjectedError>().expect_err(text);
            assert!(error.contains(part), "{error}");
        }
        assert!(!"foo".parse::<InjectedError>().expect_err("foo").contains("did you mean"));
        for (name, code) in Problem::NAMES {
            assert!(snake(name).parse::<InjectedError>().is_ok(), "{name} of {code}");
        }
    }
}
