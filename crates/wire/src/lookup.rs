//! Finds the codes that a text from an answer, an exception of an SDK or a log line means.

use crate::problem::Code;

/// The names that the SDKs give to the codes of the user API.
const API_ERROR_CAUSES: [(Code, &[&str]); 26] = [
    (Code::Kapi1, &["InternalError", "Internal"]),
    (Code::Kapi2, &["IllegalParams", "BadParameter"]),
    (Code::Kapi3, &["UnsupportedApi"]),
    (Code::Kapi4, &["BlockedAction", "BlockedAccount"]),
    (Code::Kapi5, &["PermissionDenied", "Permission", "AccessDenied"]),
    (Code::Kapi9, &["DeprecatedApi"]),
    (Code::Kapi10, &["ApiLimitExceeded"]),
    (Code::Kapi12, &["BlockedApp"]),
    (Code::Kapi101, &["NotRegisteredUser", "NotSignedUpUser"]),
    (Code::Kapi102, &["AlreadyRegisteredUser"]),
    (Code::Kapi103, &["AccountDoesNotExist", "NotKakaoAccountUser"]),
    (Code::Kapi201, &["PropertyKeyDoesNotExist", "InvalidUserPropertyKey"]),
    (Code::Kapi301, &["AppDoesNotExist", "NoSuchApp"]),
    (Code::Kapi401, &["InvalidToken", "InvalidAccessToken"]),
    (Code::Kapi402, &["InsufficientScope"]),
    (Code::Kapi405, &["RequiredAgeVerification"]),
    (Code::Kapi406, &["UnderAgeLimit"]),
    (Code::Kapi501, &["NotTalkUser"]),
    (Code::Kapi502, &["NotFriend"]),
    (Code::Kapi504, &["UserDeviceUnsupported"]),
    (Code::Kapi530, &["TalkMessageDisabled"]),
    (Code::Kapi602, &["ImageUploadSizeExceeded"]),
    (Code::Kapi603, &["ServerTimeOut"]),
    (Code::Kapi606, &["ImageMaxUploadCountExceed"]),
    (Code::Kapi903, &["DeveloperDoesNotExist"]),
    (Code::Kapi9798, &["UnderMaintenance"]),
];

/// An error that an SDK raises itself, without a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientErrorCause {
    /// Its name in the Android SDK.
    pub name: &'static str,
    id: &'static str,
}

/// Every error that the SDKs raise themselves.
pub const CLIENT_ERROR_CAUSES: [ClientErrorCause; 5] = [
    ClientErrorCause { name: "TokenNotFound", id: "token_not_found" },
    ClientErrorCause { name: "NotSupported", id: "not_supported" },
    ClientErrorCause { name: "BadParameter", id: "bad_parameter" },
    ClientErrorCause { name: "Cancelled", id: "cancelled" },
    ClientErrorCause { name: "IllegalState", id: "illegal_state" },
];

/// The shortest text that is compared with messages.
const MESSAGE: usize = 12;

/// What a text means.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meaning {
    /// The codes with this id, name or message, in the order of the catalogue.
    pub codes: Vec<Code>,
    /// The error of an SDK with this name.
    pub client_error: Option<ClientErrorCause>,
}

impl Meaning {
    /// Whether nothing was found.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.codes.is_empty() && self.client_error.is_none()
    }
}

/// Finds what a text means: a code in any spelling (`koe6`), a name on the wire (`misconfigured`) or in an SDK
/// (`AuthErrorCause.Misconfigured`), or a message.
#[must_use]
pub fn find(text: &str) -> Meaning {
    let text = text.trim().trim_matches(['"', '\'', '`', '[', ']', ',', ';']);
    if let Some(code) = by_number(text) {
        return Meaning { codes: vec![code], client_error: None };
    }
    let name = name_of(text);
    if name.is_empty() {
        return Meaning::default();
    }
    let mut codes: Vec<Code> = Code::ALL
        .iter()
        .copied()
        .filter(|code| code.answers().iter().any(|answer| name_of(answer.error) == name) || name_of(code.id()) == name)
        .collect();
    let of_api = API_ERROR_CAUSES.iter().filter(|(_, names)| names.iter().any(|known| name_of(known) == name));
    codes.extend(of_api.map(|(code, _)| *code));
    if codes.is_empty() {
        codes.extend(Code::ALL.iter().copied().filter(|code| has_message(*code, text)));
    }
    codes.sort_by_key(|code| Code::ALL.iter().position(|known| known == code));
    codes.dedup();
    let client_error = CLIENT_ERROR_CAUSES.into_iter().find(|cause| name_of(cause.name) == name);
    Meaning { codes, client_error }
}

/// Finds a code by its id, or by its letters and number: `koe 006`, `KOE6`.
fn by_number(text: &str) -> Option<Code> {
    let spelled = || {
        let (letters, number) = text.split_at_checked(3)?;
        let number: u16 = number.trim_start_matches([' ', '-', '_']).parse().ok()?;
        Code::from_id(&format!("{letters}{number:03}"))
    };
    Code::from_id(text).or_else(spelled)
}

/// Returns a name without its class, its case and its separators: `invalid_grant` and `AuthErrorCause.InvalidGrant` are
/// the same.
fn name_of(text: &str) -> String {
    let last = text.rsplit(['.', ':', '/']).next().unwrap_or_default();
    let mut name: String = last.chars().filter(char::is_ascii_alphanumeric).collect();
    name.make_ascii_lowercase();
    ["exception", "errorcause"].iter().find_map(|end| name.strip_suffix(end)).map(str::to_owned).unwrap_or(name)
}

/// Whether a text contains a message of the code. Any text can stand in the place of its evidence.
fn has_message(code: Code, text: &str) -> bool {
    let contains = |template: &str| {
        let mut rest = text;
        let mut parts = template.split('{').enumerate().map(|(index, part)| match index {
            0 => part,
            _ => part.split_once('}').map_or("", |(_, after)| after),
        });
        template.len() >= MESSAGE
            && parts.all(|part| match rest.split_once(part) {
                Some((_, after)) => {
                    rest = after;
                    true
                }
                None => false,
            })
    };
    text.len() >= MESSAGE && code.answers().iter().any(|answer| contains(answer.message))
}

#[cfg(feature = "texts")]
impl ClientErrorCause {
    /// Returns why it happens and what to do.
    #[must_use]
    pub fn text(&self, lang: crate::text::Lang) -> &'static str {
        crate::text::client_error(self.id, lang)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Vec<&'static str> {
        find(text).codes.iter().map(|code| code.id()).collect()
    }

    #[test]
    fn a_code_is_found_in_every_spelling() {
        for text in ["KOE006", "koe006", "koe6", "KOE 006", "koe-6", "\"KOE006\"", " KOE006 "] {
            assert_eq!(ids(text), ["KOE006"], "{text}");
        }
        assert_eq!(ids("-401"), ["-401"]);
        assert_eq!(ids("KAE1"), ["KAE001"]);
        for text in ["KOE999", "koe", "", "foo", "-99999", "키", "KOE0060"] {
            assert!(find(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_name_on_the_wire_or_of_an_sdk_finds_every_code_that_has_it() {
        assert_eq!(
            ids("interaction_required"),
            ["interaction_required_collection", "interaction_required_terms", "interaction_required_restricted"]
        );
        for text in ["invalid_grant", "InvalidGrant", "AuthErrorCause.InvalidGrant", "invalidGrant"] {
            assert!(ids(text).contains(&"KOE320") && ids(text).contains(&"invalid_grant_pkce"), "{text}");
        }
        for name in ["invalid_client", "misconfigured", "server_error", "invalid_scope", "access_denied"] {
            assert!(!ids(name).is_empty(), "{name}");
        }
        assert!(ids("InvalidTokenException").contains(&"-401"));
        assert_eq!(ids("ApiErrorCause.InsufficientScope"), ["-402"]);
    }

    #[test]
    fn a_message_finds_its_code_whatever_its_evidence() {
        assert!(ids("this access token does not exist").contains(&"-401"));
        for code in Code::ALL {
            for answer in code.answers().iter().filter(|answer| answer.message.len() >= MESSAGE) {
                let evidence: Vec<(&'static str, &str)> =
                    code.evidence().into_iter().map(|name| (name, "a b")).collect();
                let text = crate::problem::fill(answer.message, &evidence);
                assert!(has_message(*code, &format!("error: {text}!")), "{}: {text}", code.id());
                assert!(!has_message(*code, "something else altogether"), "{}: {text}", code.id());
            }
        }
    }

    #[test]
    fn what_an_sdk_raises_itself_is_no_code() {
        let found = find("ClientError: TokenNotFound");
        assert_eq!((found.codes, found.client_error.map(|cause| cause.name)), (Vec::new(), Some("TokenNotFound")));
        assert!(find("NotSupportError").is_empty());
    }

    #[cfg(feature = "texts")]
    #[test]
    fn every_error_of_an_sdk_has_a_text_in_each_language() {
        for cause in CLIENT_ERROR_CAUSES {
            for lang in crate::text::Lang::ALL {
                assert!(cause.text(*lang).len() > 20, "{} {}", cause.name, lang.id());
            }
        }
    }
}
