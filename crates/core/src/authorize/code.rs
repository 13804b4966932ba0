//! Authorization codes. A code is valid for one exchange.

use kakaw_wire::Problem;

use crate::account::Account;
use crate::app::AppKey;
use crate::authorize::authorization::Authorization;
use crate::authorize::pkce;
use crate::crypto::{seal, secret};
use crate::diagnosis::Refusal;
use crate::link::Link;
use crate::policy::Policy;
use crate::{GrantId, Millis};

/// A stored code: its hash, and everything that its tokens will contain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// Hash of the code.
    pub id: String,
    /// The authorization that its grant takes over.
    pub authorization: Authorization,
    pub redirect_uri: String,
    pub code_challenge: Option<String>,
    pub created_at: Millis,
    pub expires_at: Millis,
    pub life: CodeLife,
    /// The transaction of a log-in by certificate.
    pub tx_id: Option<String>,
}

/// The state of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeLife {
    /// It has not been presented.
    Live,
    /// It was exchanged for this grant.
    Redeemed { at: Millis, grant: GrantId },
    /// An exchange by its own key failed, so no other exchange succeeds.
    Invalidated { at: Millis },
}

impl CodeLife {
    /// Returns when the code was redeemed for this grant.
    #[must_use]
    pub fn redeemed_for(self, grant: GrantId) -> Option<Millis> {
        match self {
            Self::Redeemed { at, grant: stored } if stored == grant => Some(at),
            Self::Live | Self::Redeemed { .. } | Self::Invalidated { .. } => None,
        }
    }
}

/// A code with everything that its exchange compares, read by one statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub code: Code,
    pub link: Link,
    pub account: Account,
    /// The epoch of the key that requested the code. A deleted key has none.
    pub key_epoch: Option<i64>,
}

impl Found {
    /// Checks that the code can still become a grant. Unlike a grant, a code does not survive a restriction: the token
    /// endpoint has no error for restricted people, and authorize issues them no code.
    fn check(&self) -> Result<(), String> {
        if self.account.restricted {
            return Err("the account was restricted".to_owned());
        }
        let checked = self.code.authorization.check(&self.link, &self.account, self.key_epoch);
        checked.map_err(|outdated| outdated.to_string())
    }
}

/// What an exchange presents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Presented {
    pub code: String,
    pub redirect_uri: Option<String>,
    pub code_verifier: Option<String>,
}

/// The result of an exchange.
#[derive(Debug, Clone, PartialEq)]
pub enum Redemption {
    /// Redeem the code and make the grant.
    Redeem(Box<Found>),
    /// Refuse, and invalidate the code with this hash.
    Invalidate { code: String, refusal: Refusal },
    /// Refuse. The code does not change.
    Refuse(Refusal),
    /// Refuse, and end the grant of the first use.
    Replayed { refusal: Refusal, grant: GrantId },
}

/// Decides an exchange by the authenticated `key`. `found` is what is stored under the presented code.
#[must_use]
pub fn redeem(presented: &Presented, found: Option<Found>, key: &AppKey, policy: &Policy, now: Millis) -> Redemption {
    // The error repeats the code, as Kakao Login does. Text that is too long for a code is shortened.
    let not_found = || Refusal::new(Problem::CodeNotFound { code: presented.code.chars().take(200).collect() });
    let Some(found) = found else {
        let finding = match presented.code.as_str() {
            "" => "the code is empty".to_owned(),
            text if text.trim() != text => "the code begins or ends with white space".to_owned(),
            text if seal::looks_like_token(text) => "this looks like an access token or a refresh token".to_owned(),
            text if text.matches('.').count() == 2 => "this looks like an ID token".to_owned(),
            text => {
                format!("no such code was issued here; codes have 64 characters, this has {}", text.chars().count())
            }
        };
        return Redemption::Refuse(not_found().because(finding));
    };
    let code = &found.code;
    let invalidate = |refusal: Refusal| Redemption::Invalidate { code: code.id.clone(), refusal };
    if code.authorization.app_key != key.key {
        let finding = format!(
            "the code was issued to the key {}, and {} presents it",
            secret::masked(&code.authorization.app_key),
            secret::masked(&key.key)
        );
        return Redemption::Refuse(Refusal::new(Problem::ApplicationIdMismatch {}).because(finding));
    }
    match code.life {
        CodeLife::Live => {}
        CodeLife::Redeemed { at, grant } => {
            let ago = (now - at).as_milliseconds();
            let refusal = not_found().because(format!("this code was redeemed {ago} ms ago by the same key"));
            return if policy.revoke_on_code_reuse {
                Redemption::Replayed { refusal, grant }
            } else {
                Redemption::Refuse(refusal)
            };
        }
        CodeLife::Invalidated { at } => {
            return Redemption::Refuse(not_found().because(format!(
                "this code was invalidated {} ms ago: the same key presented it, and was refused",
                (now - at).as_milliseconds()
            )));
        }
    }
    if now >= code.expires_at {
        let late = (now - code.expires_at).as_seconds();
        return Redemption::Refuse(not_found().because(format!(
            "this code expired {late} s ago; it lived {} s",
            (code.expires_at - code.created_at).as_seconds()
        )));
    }
    if let Err(why) = found.check() {
        return invalidate(not_found().because(format!("after the code was issued: {why}")));
    }
    match presented.redirect_uri.as_deref() {
        Some(uri) if uri == code.redirect_uri => {}
        None if policy.redirect_uri_optional => {}
        sent => {
            let refusal = Refusal::new(Problem::RedirectUriMismatch {})
                .because(format!("authorize had {}", code.redirect_uri))
                .because(format!("this request has {}", sent.unwrap_or("none")));
            return invalidate(refusal);
        }
    }
    match pkce::check(code.code_challenge.as_deref(), presented.code_verifier.as_deref()) {
        Ok(()) => Redemption::Redeem(Box::new(found)),
        Err(refusal) => invalidate(refusal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AppId;
    use crate::Span;
    use crate::app::{KeyKind, KeySettings};
    use crate::authorize::authorization::tests::{NOW, account, authorization, link};

    const AFTER: Millis = Millis(NOW.0 + 1000);

    fn key(key: &str) -> AppKey {
        let (kind, settings) = (KeyKind::RestApi, KeySettings::default());
        AppKey { key: key.to_owned(), app_id: AppId(1), kind, epoch: 5, deleted: false, settings, secret_hash: None }
    }

    fn found() -> Found {
        let code = Code {
            id: "id".to_owned(),
            authorization: authorization(),
            redirect_uri: "https://shop.example/cb".to_owned(),
            code_challenge: None,
            created_at: NOW,
            expires_at: NOW + Span::minutes(10),
            life: CodeLife::Live,
            tx_id: None,
        };
        Found { code, link: link(), account: account(), key_epoch: Some(5) }
    }

    fn with(change: impl FnOnce(&mut Found)) -> Option<Found> {
        let mut found = found();
        change(&mut found);
        Some(found)
    }

    fn presented() -> Presented {
        let redirect_uri = Some("https://shop.example/cb".to_owned());
        Presented { code: "the code".to_owned(), redirect_uri, code_verifier: None }
    }

    /// Returns the name of the outcome, and the diagnosis.
    fn outcome(redemption: &Redemption) -> (&'static str, String) {
        let (word, refusal) = match redemption {
            Redemption::Redeem(_) => return ("redeem", String::new()),
            Redemption::Invalidate { refusal, .. } => ("invalidate", refusal),
            Redemption::Refuse(refusal) => ("refuse", refusal),
            Redemption::Replayed { refusal, .. } => ("replayed", refusal),
        };
        (word, refusal.diagnosis.for_team().join("; "))
    }

    #[test]
    fn a_code_is_redeemed_refused_or_invalidated() {
        let redeemed = CodeLife::Redeemed { at: NOW, grant: GrantId(9) };
        for (found, expected, finding) in [
            (with(|_| ()), "redeem", ""),
            (None, "refuse", "no such code was issued"),
            (with(|f| f.code.authorization.app_key = "other".to_owned()), "refuse", "issued to the key"),
            (with(|f| f.code.life = redeemed), "replayed", "redeemed 1000 ms ago"),
            (with(|f| f.code.life = CodeLife::Invalidated { at: NOW }), "refuse", "invalidated 1000 ms ago"),
            (with(|f| f.code.expires_at = AFTER), "refuse", "expired 0 s ago"),
            (with(|f| f.link.connected = false), "invalidate", "unlinked"),
            (with(|f| f.account.epoch += 1), "invalidate", "the password was changed"),
            (with(|f| f.account.restricted = true), "invalidate", "restricted"),
            (with(|f| f.key_epoch = None), "invalidate", "app key was deleted"),
            (with(|f| f.code.redirect_uri.push('/')), "invalidate", "authorize had https://shop.example/cb/"),
            (with(|f| f.code.code_challenge = Some("x".repeat(43))), "invalidate", ""),
            // The diagnosis says nothing of another key's code, and a code that is over is not invalidated.
            (
                with(|f| (f.code.life, f.code.authorization.app_key) = (redeemed, "other".to_owned())),
                "refuse",
                "issued",
            ),
            (with(|f| (f.code.life, f.code.expires_at) = (redeemed, NOW)), "replayed", "redeemed"),
            (with(|f| (f.link.connected, f.code.expires_at) = (false, AFTER)), "refuse", "expired"),
        ] {
            let shown = format!("{found:?}");
            let (word, findings) = outcome(&redeem(&presented(), found, &key("key"), &Policy::SERVE, AFTER));
            assert!(word == expected && findings.contains(finding), "{word} {findings:?} for {shown}");
        }
    }

    #[test]
    fn a_replay_names_the_grant_of_the_first_use_where_the_policy_ends_it() {
        let replay = |policy: &Policy| {
            let found = with(|found| found.code.life = CodeLife::Redeemed { at: NOW, grant: GrantId(9) });
            redeem(&presented(), found, &key("key"), policy, AFTER)
        };
        let ends = Policy { revoke_on_code_reuse: true, ..Policy::DEV };
        assert!(matches!(replay(&ends), Redemption::Replayed { grant: GrantId(9), .. }));
        let keeps = Policy { revoke_on_code_reuse: false, ..Policy::DEV };
        assert!(matches!(replay(&keeps), Redemption::Refuse(_)));
    }

    #[test]
    fn the_redirect_uri_may_be_left_out_where_the_policy_allows_it() {
        let without = Presented { redirect_uri: None, ..presented() };
        for (redirect_uri_optional, expected) in [(true, "redeem"), (false, "invalidate")] {
            let policy = Policy { redirect_uri_optional, ..Policy::SERVE };
            let redemption = redeem(&without, Some(found()), &key("key"), &policy, AFTER);
            assert_eq!(outcome(&redemption).0, expected);
        }
    }

    #[test]
    fn text_that_is_not_a_code_is_described() {
        let token = "A".repeat(55);
        for (code, finding) in [
            ("", "the code is empty"),
            (" x", "begins or ends with white space"),
            (&*token, "an access token or a refresh token"),
            ("a.b.c", "an ID token"),
            ("a.b", "codes have 64 characters, this has 3"),
            ("코드", "this has 2"),
        ] {
            let presented = Presented { code: code.to_owned(), ..presented() };
            let (word, findings) = outcome(&redeem(&presented, None, &key("key"), &Policy::DEV, NOW));
            assert!(word == "refuse" && findings.contains(finding), "{code}: {findings}");
        }
        let long = Presented { code: "x".repeat(5000), ..presented() };
        let Redemption::Refuse(refusal) = redeem(&long, None, &key("key"), &Policy::DEV, NOW) else {
            panic!("refused")
        };
        assert_eq!(refusal.problem, Problem::CodeNotFound { code: "x".repeat(200) });
    }

    #[test]
    fn an_expired_code_is_refused_with_how_late_it_is() {
        let (found, now) = (Some(found()), NOW + Span::seconds(630));
        let (_, findings) = outcome(&redeem(&presented(), found, &key("key"), &Policy::DEV, now));
        assert_eq!(findings, "this code expired 30 s ago; it lived 600 s");
    }

    #[test]
    fn a_code_remembers_the_grant_it_was_redeemed_for() {
        let redeemed = CodeLife::Redeemed { at: NOW, grant: GrantId(9) };
        assert_eq!((redeemed.redeemed_for(GrantId(9)), redeemed.redeemed_for(GrantId(8))), (Some(NOW), None));
        assert_eq!(CodeLife::Live.redeemed_for(GrantId(9)), None);
    }
}
