//! Proof key for code exchange (RFC 7636), method S256.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kakaw_wire::Problem;

use crate::crypto::secret;
use crate::diagnosis::Refusal;

/// Whether a text has the format of an S256 challenge: 43 characters of base64url.
#[must_use]
pub(crate) fn is_challenge(text: &str) -> bool {
    text.len() == 43 && URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == 32)
}

/// Checks the verifier against the challenge of the authorization request.
///
/// The verifier may contain any characters, because the official SDKs for Android and iOS use the standard base64
/// alphabet.
///
/// # Errors
/// The verifier is missing, unexpected, or does not match.
pub fn check(challenge: Option<&str>, verifier: Option<&str>) -> Result<(), Refusal> {
    let reason = match (challenge, verifier) {
        (None, None) => return Ok(()),
        (Some(_), None) => "code_verifier is required",
        (None, Some(_)) => "code_verifier was sent but authorize had no code_challenge",
        (Some(challenge), Some(verifier)) => {
            let hashed = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()));
            if secret::same(&hashed, challenge) {
                return Ok(());
            }
            let finding = if verifier.contains(' ') {
                "the verifier holds a space: a + in it was not sent as %2B"
            } else {
                "BASE64URL(SHA256(code_verifier)) differs from the code_challenge of the authorization request"
            };
            let problem = Problem::PkceFailed { reason: "code_verifier does not match code_challenge".to_owned() };
            return Err(Refusal::new(problem).because(finding));
        }
    };
    Err(Refusal::new(Problem::PkceFailed { reason: reason.to_owned() }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_vector_of_the_rfc_passes() {
        assert!(check(Some(CHALLENGE), Some(VERIFIER)).is_ok());
        assert!(check(None, None).is_ok());
    }

    #[test]
    fn everything_else_fails() {
        assert!(check(Some(CHALLENGE), None).is_err());
        assert!(check(None, Some(VERIFIER)).is_err());
        assert!(check(Some(CHALLENGE), Some("x")).is_err());
    }

    #[test]
    fn challenges_are_43_characters_of_base64url() {
        assert!(is_challenge(CHALLENGE));
        assert!(!is_challenge("plain"));
        assert!(!is_challenge(&CHALLENGE.replace('-', "+")));
    }

    proptest! {
        /// Any text can be a verifier, because the SDKs send standard base64.
        #[test]
        fn only_the_verifier_of_the_challenge_passes(verifier in "[ -~]{1,128}", other in "[ -~]{1,128}") {
            let challenge = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()));
            prop_assert!(is_challenge(&challenge));
            prop_assert_eq!(check(Some(&challenge), Some(&verifier)), Ok(()));
            prop_assert_eq!(check(Some(&challenge), Some(&other)).is_ok(), verifier == other);
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (challenge, verifier, reason, finding) in [
            (Some(CHALLENGE), None, "code_verifier is required", ""),
            (None, Some(VERIFIER), "code_verifier was sent but authorize had no code_challenge", ""),
            (Some(CHALLENGE), Some("a b"), "code_verifier does not match code_challenge", "the verifier holds a space"),
            (Some(CHALLENGE), Some("ab"), "code_verifier does not match code_challenge", "BASE64URL(SHA256"),
        ] {
            let refusal = check(challenge, verifier).expect_err("refused");
            assert_eq!(refusal.problem, Problem::PkceFailed { reason: reason.to_owned() });
            assert!(refusal.diagnosis.for_team().concat().starts_with(finding), "{:?}", refusal.diagnosis);
        }
        // 43 letters that do not encode 32 bytes: the last letter has bits that must be zero.
        assert!(!is_challenge(&"9".repeat(43)) && !is_challenge(&"A".repeat(42)) && is_challenge(&"A".repeat(43)));
    }
}
