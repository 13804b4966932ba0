//! Log-ins without pages, which only a stand-in has: `login_hint=kakaw:PERSON`, or the header `Kakaw-Login: PERSON`.
//!
//! `PERSON` is a log-in id. With `;deny` the person cancels, whether anything would be asked or not. With
//! `;only=profile_nickname,use` the person agrees to these items, service terms and channels only. Otherwise the person
//! agrees to everything that is asked. The control API passes the same as values ([`Unattended`]), without this text.

use axum::extract::Request;
use axum::http::HeaderMap;
use kakaw_platform::request::settled::{Settled, Unattended};
use kakaw_wire::form::Pairs;
use kakaw_wire::scope;

/// The header.
pub const HEADER: &str = "kakaw-login";

/// Returns the person that a request names, for fault rules.
#[must_use]
pub fn hinted<'a>(headers: &'a HeaderMap, query: &'a Pairs) -> Option<&'a str> {
    let hint = query.one("login_hint").ok().flatten().and_then(|hint| hint.strip_prefix("kakaw:"));
    let header = || headers.get(HEADER).and_then(|value| value.to_str().ok());
    hint.or_else(header)?.split(';').next().map(str::trim)
}

/// Settles who answers the pages of an authorization request, if it names a person.
pub fn settle(request: &mut Request) {
    if request.extensions().get::<Settled>().is_some() {
        return;
    }
    let query = Pairs::parse(request.uri().query().unwrap_or_default()).unwrap_or_default();
    let hint = query.one("login_hint").ok().flatten().and_then(|hint| hint.strip_prefix("kakaw:"));
    let hint = hint.map(|text| parse(text, "login_hint"));
    let header = || request.headers().get(HEADER).and_then(|value| value.to_str().ok());
    if let Some(settled) = hint.or_else(|| header().map(|text| parse(text, HEADER))) {
        request.extensions_mut().insert(settled);
    }
}

fn parse(text: &str, named_by: &'static str) -> Settled {
    let mut parts = text.split(';').map(str::trim);
    let person = parts.next().unwrap_or_default().to_owned();
    let mut unattended = Unattended { person, deny: false, only: None, named_by };
    for part in parts {
        match part.split_once('=') {
            Some(("only", list)) => unattended.only = Some(scope::split(list).map(str::to_owned).collect()),
            None if part == "deny" => unattended.deny = true,
            _ => {
                let reason = format!("received {part:?} after the person; expected deny or only=ITEM,ITEM");
                return Settled::Malformed(named_by, reason);
            }
        }
    }
    Settled::Subject(unattended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_are_read() {
        let plain =
            Unattended { person: "ryan@example.com".to_owned(), deny: false, only: None, named_by: "login_hint" };
        let parse = |text: &str| super::parse(text, "login_hint");
        assert_eq!(parse("ryan@example.com"), Settled::Subject(plain.clone()));
        let denying = Unattended { deny: true, ..plain.clone() };
        assert_eq!(parse("ryan@example.com; deny"), Settled::Subject(denying));
        let only = Some(vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(parse("ryan@example.com;only=a,b"), Settled::Subject(Unattended { only, ..plain }));
        for wrong in ["ryan@example.com;denyy", "ryan@example.com;deny=false", "ryan@example.com;"] {
            assert!(matches!(parse(wrong), Settled::Malformed("login_hint", _)), "{wrong}");
        }
    }
}
