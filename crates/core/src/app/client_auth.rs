//! Who calls `/oauth/token`: the app key and, where the feature is on, its client secret.

use kakaw_wire::Problem;

use crate::app::client_id::unknown_key;
use crate::app::{App, AppKey, KeyKind};
use crate::crypto::secret;
use crate::diagnosis::Refusal;

/// What came with the request.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    pub client_id: Option<String>,
    /// Keyed hash of the secret in the body.
    pub secret_hash: Option<String>,
    /// Whether the secret begins or ends with white space.
    pub secret_is_padded: bool,
    /// Whether an `Authorization: Basic` header came along. It never counts.
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
    // The SDKs hold no secret, so the feature concerns REST API keys only.
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
