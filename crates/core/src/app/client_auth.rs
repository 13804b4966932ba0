//! Client authentication at `/oauth/token`: the app key and, if the feature is on, its client secret.

use kakaw_wire::Problem;

use crate::app::client_id::unknown_key;
use crate::app::{App, AppKey, KeyKind};
use crate::crypto::secret;
use crate::diagnosis::Refusal;

/// The credentials of a request.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    pub client_id: Option<String>,
    /// Keyed hash of the secret from the body.
    pub secret_hash: Option<String>,
    /// Whether the secret begins or ends with white space.
    pub secret_is_padded: bool,
    /// Whether the request has an `Authorization: Basic` header. It is never accepted.
    pub basic: bool,
}

/// Authenticates the client. `found` is what the store has under `client_id`.
///
/// # Errors
/// KOE101, KOE004 or KOE010.
pub fn check<'a>(
    credentials: &Credentials,
    found: Option<(&'a App, &'a AppKey)>,
) -> Result<(&'a App, &'a AppKey), Refusal> {
    let unknown = |shown: String| Refusal::new(Problem::UnknownAppKey { client_id: shown });
    let Some(client_id) = credentials.client_id.as_deref() else {
        let refusal = unknown("[null]".to_owned());
        return Err(if credentials.basic {
            refusal.because("client_id and client_secret came by HTTP Basic; this service reads them from the form body (client_secret_post)")
        } else {
            refusal.because("the form body has no client_id")
        });
    };
    if client_id.is_empty() {
        return Err(unknown("[]".to_owned()).because("client_id is empty"));
    }
    let (app, key) = found.ok_or_else(|| unknown_key(client_id))?;
    if key.kind == KeyKind::Admin {
        return Err(unknown(secret::masked(client_id))
            .because("this is an admin key; tokens are issued to REST API, JavaScript and native keys"));
    }
    if !app.settings.kakao_login {
        return Err(Problem::LoginDisabled { app: app.settings.name.clone() }.into());
    }
    // The SDKs cannot keep a secret, so only REST API keys use client secrets.
    let Some(expected) = key.secret_hash.as_deref().filter(|_| key.kind == KeyKind::RestApi) else {
        return Ok((app, key));
    };
    let finding = match &credentials.secret_hash {
        Some(sent) if secret::same(sent, expected) => return Ok((app, key)),
        Some(_) if credentials.secret_is_padded => "client_secret is wrong: it begins or ends with white space",
        Some(_) => "client_secret is wrong",
        None if credentials.basic => {
            "client_secret came by HTTP Basic; this service reads it from the form body (client_secret_post)"
        }
        None => "client_secret is missing, and the client-secret feature of this key is on",
    };
    Err(Refusal::new(Problem::BadClientCredentials {}).because(finding))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn credentials(client_id: &str, secret_hash: Option<&str>) -> Credentials {
        let (client_id, secret_hash) = (Some(client_id.to_owned()), secret_hash.map(str::to_owned));
        Credentials { client_id, secret_hash, ..Credentials::default() }
    }

    fn refused(credentials: &Credentials, found: Option<(&App, &AppKey)>) -> (Problem, String) {
        let refusal = check(credentials, found).expect_err("refused");
        (refusal.problem.clone(), refusal.diagnosis.for_team().join("; "))
    }

    #[test]
    fn unknown_clients_are_distinguished_and_never_repeated_whole() {
        let app = samples::app(&[]);
        let admin = samples::key(KeyKind::Admin);
        let none = Credentials::default();
        let basic = Credentials { basic: true, ..Credentials::default() };
        for (credentials, found, shown, finding) in [
            (&none, None, "[null]", "no client_id"),
            (&basic, None, "[null]", "HTTP Basic"),
            (&credentials("", None), None, "[]", "client_id is empty"),
            (&credentials("short", None), None, "short", "this has 5"),
            (&credentials("0123456789", None), Some((&app, &admin)), "0123…", "admin key"),
        ] {
            let (problem, team) = refused(credentials, found);
            assert_eq!(problem, Problem::UnknownAppKey { client_id: shown.to_owned() });
            assert!(team.contains(finding), "{team}");
        }
        // An empty client_id is not a key, whatever the store returns.
        assert!(check(&credentials("", None), Some((&app, &samples::key(KeyKind::RestApi)))).is_err());
    }

    #[test]
    fn an_app_without_kakao_login_has_no_tokens() {
        let mut app = samples::app(&[]);
        app.settings.kakao_login = false;
        let (problem, _) = refused(&credentials("k", None), Some((&app, &samples::key(KeyKind::Native))));
        assert_eq!(problem, Problem::LoginDisabled { app: "App".to_owned() });
    }

    #[test]
    fn only_rest_api_keys_with_the_feature_need_their_secret() {
        let app = samples::app(&[]);
        let with = |kind| AppKey { secret_hash: Some("hash".to_owned()), ..samples::key(kind) };
        for key in [samples::key(KeyKind::RestApi), with(KeyKind::Javascript), with(KeyKind::Native)] {
            for sent in [None, Some("wrong")] {
                assert!(check(&credentials("k", sent), Some((&app, &key))).is_ok(), "{:?}", key.kind);
            }
        }
        let key = with(KeyKind::RestApi);
        assert!(check(&credentials("k", Some("hash")), Some((&app, &key))).is_ok());
        let missing = credentials("k", None);
        let wrong = credentials("k", Some("wrong"));
        for (credentials, finding) in [
            (missing.clone(), "is missing"),
            (Credentials { basic: true, ..missing }, "came by HTTP Basic"),
            (Credentials { secret_is_padded: true, ..wrong.clone() }, "white space"),
            (wrong, "client_secret is wrong"),
        ] {
            let (problem, team) = refused(&credentials, Some((&app, &key)));
            assert_eq!(problem, Problem::BadClientCredentials {});
            assert!(team.contains(finding) && team.contains("white space") == credentials.secret_is_padded, "{team}");
        }
    }
}
