//! Access and refresh tokens: opaque text that seals a grant's id and a few facts. Tokens are not stored.

pub mod grant;
pub mod id_token;
pub mod refresh;
pub mod request;
pub mod user_info;

use crate::GrantId;
use kakaw_wire::Problem;

use crate::Millis;
use crate::account::Account;
use crate::app::{App, AppStatus};
use crate::crypto::seal::{self, Purpose, Sealer};
use crate::diagnosis::Refusal;
use crate::random::{self, Random};
use crate::token::grant::{Bearer, Dead, Grant};

/// The contents of an access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessToken {
    pub grant_id: GrantId,
    pub expires_at: Millis,
}

/// The contents of a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshToken {
    pub grant_id: GrantId,
    pub generation: i64,
    pub expires_at: Millis,
}

const ACCESS: usize = seal::TOKEN;
const REFRESH: usize = seal::TOKEN;

/// Makes an access token. It contains its expiry.
pub fn issue_access(sealer: &Sealer, token: AccessToken, random: &dyn Random) -> String {
    let mut plain = [0; ACCESS];
    plain[..8].copy_from_slice(&token.grant_id.0.to_be_bytes());
    plain[8..16].copy_from_slice(&token.expires_at.0.to_be_bytes());
    plain[16..].copy_from_slice(&random::bytes::<8>(random));
    sealer.seal(Purpose::Access, &plain)
}

/// Opens an access token.
#[must_use]
pub fn open_access(sealer: &Sealer, text: &str) -> Option<AccessToken> {
    let plain: [u8; ACCESS] = sealer.open(Purpose::Access, text)?.try_into().ok()?;
    Some(AccessToken { grant_id: GrantId(number(&plain[..8])?), expires_at: Millis(number(&plain[8..16])?) })
}

/// Returns the refresh token of a grant: a pure function of grant, generation and expiry.
#[must_use]
pub fn issue_refresh(sealer: &Sealer, grant: &Grant) -> String {
    let mut plain = [0; REFRESH];
    plain[..8].copy_from_slice(&grant.id.0.to_be_bytes());
    plain[8..16].copy_from_slice(&grant.refresh_generation.to_be_bytes());
    plain[16..].copy_from_slice(&grant.refresh_expires_at.0.to_be_bytes());
    sealer.seal(Purpose::Refresh, &plain)
}

/// Opens a refresh token.
#[must_use]
pub fn open_refresh(sealer: &Sealer, text: &str) -> Option<RefreshToken> {
    let plain: [u8; REFRESH] = sealer.open(Purpose::Refresh, text)?.try_into().ok()?;
    Some(RefreshToken {
        grant_id: GrantId(number(&plain[..8])?),
        generation: number(&plain[8..16])?,
        expires_at: Millis(number(&plain[16..])?),
    })
}

/// Opens a bearer token.
///
/// # Errors
/// -401.
pub fn present(sealer: &Sealer, text: &str, now: Millis) -> Result<AccessToken, Refusal> {
    match open_access(sealer, text) {
        Some(token) if now < token.expires_at => Ok(token),
        Some(token) => {
            let ago = (now - token.expires_at).as_seconds();
            Err(Refusal::new(Problem::AccessTokenExpired {}).because(format!("it expired {ago} s ago")))
        }
        None if open_refresh(sealer, text).is_some() => {
            Err(Refusal::new(Problem::AccessTokenUnknown {}).because("this is a refresh token"))
        }
        None => Err(Refusal::new(Problem::AccessTokenUnknown {}).because(what_instead(text))),
    }
}

/// Says what was sent in place of an access token.
fn what_instead(text: &str) -> &'static str {
    let is_hexadecimal = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match text {
        "undefined" | "null" | "None" | "nil" | "NaN" | "[object Object]" => {
            "this is the name of an empty value: the service had no token when it sent this"
        }
        _ if text.starts_with(['"', '\'']) => "the token is in quotation marks",
        _ if text.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer ")) => {
            "the scheme Bearer was sent twice"
        }
        _ if text.contains(char::is_whitespace) => "the token contains white space",
        _ if text.matches('.').count() == 2 => "this looks like an ID token; expected the access token",
        _ if is_hexadecimal => "this looks like an app key; an admin key is sent as KakaoAK",
        _ if text.len() == CODE_LENGTH => {
            "this looks like an authorization code; exchange it for tokens at /oauth/token"
        }
        _ => "not a token of this service, or changed on the way",
    }
}

/// Length of an authorization code, in characters.
const CODE_LENGTH: usize = 64;

/// Decides whether the bearer of an opened token may call the user API.
///
/// # Errors
/// -401, -4 or -406.
pub fn admit(bearer: Option<&Bearer>, app: &App, now: Millis) -> Result<(), Refusal> {
    let unknown = || Refusal::new(Problem::AccessTokenUnknown {});
    let bearer = bearer.ok_or_else(|| unknown().because("its grant was ended and swept"))?;
    bearer.live().map_err(|dead| match dead {
        Dead::KeyDeleted => {
            Refusal::new(Problem::AppKeyDeactivated { app_key: crate::crypto::secret::masked(&bearer.key.key) })
        }
        dead @ (Dead::Ended(_) | Dead::Outdated(_)) => unknown().because(dead.to_string()),
    })?;
    check_status(app)?;
    check_awake(&bearer.account)?;
    if bearer.account.restricted {
        return Err(Problem::AccountRestricted {}.into());
    }
    if app.settings.denies_age_of(&bearer.account.attributes, now) {
        return Err(Problem::UnderAgeLimit {}.into());
    }
    Ok(())
}

/// Refuses the calls of a blocked or suspended app.
///
/// # Errors
/// -12 or -13.
pub fn check_status(app: &App) -> Result<(), Refusal> {
    match app.settings.status {
        AppStatus::Active => Ok(()),
        AppStatus::Blocked => Err(Problem::AppBlocked {}.into()),
        AppStatus::Suspended => Err(Problem::AppSuspended {}.into()),
    }
}

/// Refuses calls about a dormant account.
///
/// # Errors
/// -103.
pub fn check_awake(account: &Account) -> Result<(), Refusal> {
    if account.attributes.dormant { Err(Problem::AccountDormant {}.into()) } else { Ok(()) }
}

fn number(bytes: &[u8]) -> Option<i64> {
    Some(i64::from_be_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Span;
    use crate::account::Attributes;
    use crate::app::Under14;
    use crate::crypto::seal::MasterKey;
    use crate::samples::{self, NOW};

    /// A source of randomness that always returns the same byte.
    struct Same(u8);

    impl Random for Same {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    fn sealer() -> Sealer {
        Sealer::new("w", &[MasterKey { id: 1, bytes: [1; 32] }]).expect("has a key")
    }

    #[test]
    fn a_token_is_good_until_its_time_is_over() {
        let sealer = sealer();
        let token = AccessToken { grant_id: GrantId(7), expires_at: NOW };
        let text = issue_access(&sealer, token, &Same(1));
        assert_ne!(text, issue_access(&sealer, token, &Same(2)), "two log-ins have two tokens");
        let of = |text: &str, now: Millis| {
            let presented = present(&sealer, text, now);
            presented.map_err(|refusal| (refusal.problem.clone(), refusal.diagnosis.for_team().concat()))
        };
        let (unknown, expired) = (Problem::AccessTokenUnknown {}, Problem::AccessTokenExpired {});
        let refresh = issue_refresh(&sealer, &samples::bearer(Attributes::default(), &[]).grant);
        let refused = |problem: &Problem, finding: &str| Err((problem.clone(), finding.to_owned()));
        for (text, now, expected) in [
            (&*text, Millis(NOW.0 - 1), Ok(token)),
            (&*text, NOW, refused(&expired, "it expired 0 s ago")),
            (&*text, NOW + Span::seconds(90), refused(&expired, "it expired 90 s ago")),
            (&*refresh, NOW, refused(&unknown, "this is a refresh token")),
            (
                "undefined",
                NOW,
                refused(&unknown, "this is the name of an empty value: the service had no token when it sent this"),
            ),
            ("\"x\"", NOW, refused(&unknown, "the token is in quotation marks")),
            ("Bearer x", NOW, refused(&unknown, "the scheme Bearer was sent twice")),
            ("a.b.c", NOW, refused(&unknown, "this looks like an ID token; expected the access token")),
            (
                "0123456789abcdef0123456789abcdef",
                NOW,
                refused(&unknown, "this looks like an app key; an admin key is sent as KakaoAK"),
            ),
            ("x", NOW, refused(&unknown, "not a token of this service, or changed on the way")),
        ] {
            assert_eq!(of(text, now), expected, "{text}");
        }
    }

    #[test]
    fn what_stands_against_a_call_comes_in_this_order() {
        let mut app = samples::app(&[]);
        let child = Attributes { birthyear: Some("2020".to_owned()), dormant: true, ..Attributes::default() };
        let mut bearer = samples::bearer(child, &[]);
        (app.settings.under_14, app.settings.status) = (Under14::Deny, AppStatus::Blocked);
        bearer.account.restricted = true;
        bearer.link.connected = false;
        bearer.key.deleted = true;
        let admitted = |bearer: &Bearer, app: &App| admit(Some(bearer), app, NOW).map_err(|refusal| refusal.problem);
        assert_eq!(admit(None, &app, NOW).map_err(|refusal| refusal.problem), Err(Problem::AccessTokenUnknown {}));
        let masked = Problem::AppKeyDeactivated { app_key: "k…".to_owned() };
        assert_eq!(admitted(&bearer, &app), Err(masked));
        bearer.key.deleted = false;
        assert_eq!(admitted(&bearer, &app), Err(Problem::AccessTokenUnknown {}), "unlinked");
        bearer.link.connected = true;
        assert_eq!(admitted(&bearer, &app), Err(Problem::AppBlocked {}));
        app.settings.status = AppStatus::Suspended;
        assert_eq!(admitted(&bearer, &app), Err(Problem::AppSuspended {}));
        app.settings.status = AppStatus::Active;
        assert_eq!(admitted(&bearer, &app), Err(Problem::AccountDormant {}));
        bearer.account.attributes.dormant = false;
        assert_eq!(admitted(&bearer, &app), Err(Problem::AccountRestricted {}));
        bearer.account.restricted = false;
        assert_eq!(admitted(&bearer, &app), Err(Problem::UnderAgeLimit {}));
        app.settings.under_14 = Under14::Allow;
        assert_eq!(admitted(&bearer, &app), Ok(()));
    }

    proptest! {
        /// An opened token contains what was sealed into it, and opens for its own purpose only.
        #[test]
        fn tokens_are_read_back(id in any::<i64>(), generation in any::<i64>(), expires in any::<i64>()) {
            let (sealer, expires_at) = (sealer(), Millis(expires));
            let access = AccessToken { grant_id: GrantId(id), expires_at };
            let text = issue_access(&sealer, access, &Same(3));
            prop_assert!(seal::looks_like_token(&text));
            prop_assert_eq!((open_access(&sealer, &text), open_refresh(&sealer, &text)), (Some(access), None));
            let grant = Grant {
                id: GrantId(id),
                refresh_generation: generation,
                refresh_expires_at: expires_at,
                ..samples::bearer(Attributes::default(), &[]).grant
            };
            let text = issue_refresh(&sealer, &grant);
            prop_assert_eq!(&text, &issue_refresh(&sealer, &grant), "the same grant has the same token");
            let refresh = RefreshToken { grant_id: GrantId(id), generation, expires_at };
            prop_assert_eq!((open_refresh(&sealer, &text), open_access(&sealer, &text)), (Some(refresh), None));
        }
    }
}
