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
        (false, true) => refusal.because("no app has this key; the apps of a stand-in are listed by `kakaw export`"),
    }
}

/// The key exists and is of a kind that does not belong here (KOE008). The key itself is never repeated.
#[must_use]
pub fn wrong_kind(kind: KeyKind, expected: &str) -> Refusal {
    Refusal::new(Problem::WrongKeyKind { kind: kind.label().to_owned() })
        .because(format!("this is a key of kind {}: {expected}", kind.label()))
}
