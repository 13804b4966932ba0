//! Refusals of a `client_id` that names no key, or a key of the wrong kind.

use kakaw_wire::Problem;

use crate::app::KeyKind;
use crate::diagnosis::Refusal;

/// No app has this key (KOE101).
#[must_use]
pub fn unknown_key(client_id: &str) -> Refusal {
    let hexadecimal = client_id.len() == 32 && client_id.bytes().all(|b| b.is_ascii_hexdigit());
    let refusal = Refusal::new(Problem::UnknownAppKey { client_id: client_id.to_owned() });
    match (client_id.trim() != client_id, hexadecimal) {
        (true, _) => refusal.because("the value begins or ends with white space"),
        (false, false) => {
            refusal.because(format!("a key has 32 hexadecimal characters; this has {}", client_id.chars().count()))
        }
        (false, true) if client_id.bytes().any(|b| b.is_ascii_uppercase()) => {
            refusal.because("keys have lower-case letters, and are compared character by character")
        }
        (false, true) => refusal.because("no app has this key; the apps of a stand-in are listed by `kakaw export`"),
    }
}

/// The key exists, but its kind is not accepted here (KOE008). The key itself is never repeated.
#[must_use]
pub fn wrong_kind(kind: KeyKind, expected: &str) -> Refusal {
    Refusal::new(Problem::WrongKeyKind { kind: kind.label().to_owned() })
        .because(format!("this is a key of kind {}: {expected}", kind.label()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_an_unknown_key_is_said() {
        let hexadecimal = "0123456789abcdef0123456789abcdef";
        for (client_id, finding) in [
            (hexadecimal, "no app has this key"),
            (&hexadecimal[1..], "this has 31"),
            (&format!("{hexadecimal}0"), "this has 33"),
            (&hexadecimal.replace('f', "g"), "this has 32"),
            (&hexadecimal.to_uppercase(), "lower-case letters"),
            (&format!(" {hexadecimal}"), "white space"),
            (&format!("{hexadecimal}\n"), "white space"),
            ("키", "this has 1"),
        ] {
            let refusal = unknown_key(client_id);
            assert_eq!(refusal.problem, Problem::UnknownAppKey { client_id: client_id.to_owned() });
            assert!(refusal.diagnosis.for_team().concat().contains(finding), "{client_id:?}");
        }
    }

    #[test]
    fn a_key_of_the_wrong_kind_is_named_by_its_kind_alone() {
        let refusal = wrong_kind(KeyKind::Native, "a REST API key is needed");
        assert_eq!(refusal.problem, Problem::WrongKeyKind { kind: "native".to_owned() });
        assert_eq!(refusal.diagnosis.for_team(), ["this is a key of kind native: a REST API key is needed"]);
    }
}
