//! `POST /oauth/authorize/prepare` — start a log-in by certificate. The token reply contains its transaction.

use kakaw_core::{Millis, Span};
use std::sync::Arc;

use kakaw_core::app::AppKey;
use kakaw_core::app::client_id;
use kakaw_core::crypto::seal::Purpose;
use kakaw_core::random;
use kakaw_wire::Problem;
use kakaw_wire::authorize::Params;
use kakaw_wire::token::PrepareReply;
use serde::{Deserialize, Serialize};

use crate::Platform;
use crate::endpoint::{About, Reply, Routes, no, yes};
use crate::http::error::Error;
use crate::http::handler::{Plain, kauth};
use crate::request::body;
use crate::request::context::RequestContext;

/// The time in which the log-in must follow.
const LIFETIME: Span = Span::minutes(10);
/// Maximum length of a service's own transaction id, in characters.
const LENGTH: usize = 100;

const ABOUT: About = About::kauth(
    "Begins a login by certificate; the token reply returns its transaction.",
    Reply::json::<PrepareReply>(),
)
.takes(&[
    yes("client_id", "an app key, else KOE101"),
    yes("cert_type", "`k2100` or `k2220`, else `invalid_request`"),
    no("tx_id", "the service's own transaction; generated if absent"),
    no("settle_id", "accepted, and ignored: nothing is signed"),
    no("sign_data", "accepted, and ignored: nothing is signed"),
    no("sign_identify_items", "accepted, and ignored: nothing is signed"),
])
.more("Kakaw has no certificate service: `prompt=cert` asks for the password.");

pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new().post("/oauth/authorize/prepare", &ABOUT, kauth(prepare))
}

/// The contents of a sealed transaction id.
#[derive(Serialize, Deserialize)]
struct Transaction {
    key: String,
    tx_id: String,
    until: Millis,
}

async fn prepare(Plain { platform, request }: Plain) -> Result<PrepareReply, Error> {
    let bad = |reason: String| Error::from(Problem::BadTokenRequest { reason });
    let form = body::form(request).await.map_err(|error| bad(error.reason()))?;
    let one = |name: &str| form.one(name).map_err(|_| bad(format!("{name} was sent more than once")));
    let client_id = one("client_id")?.unwrap_or_default();
    let (_, key) = super::find_key(&platform, client_id).await?.ok_or_else(|| client_id::unknown_key(client_id))?;
    if !matches!(one("cert_type")?, Some("k2100" | "k2220")) {
        return Err(bad("cert_type: expected k2100 or k2220".to_owned()));
    }
    let tx_id = match one("tx_id")?.filter(|tx_id| !tx_id.is_empty()) {
        Some(tx_id) if tx_id.chars().count() > LENGTH => {
            return Err(bad(format!("tx_id: expected {LENGTH} characters at most")));
        }
        Some(tx_id) => tx_id.to_owned(),
        None => random::token(&*platform.random),
    };
    let until = platform.now() + LIFETIME;
    let plain = serde_json::to_vec(&Transaction { key: key.key, tx_id, until }).unwrap_or_default();
    Ok(PrepareReply { kauth_tx_id: platform.sealer.seal(Purpose::Transaction, &plain) })
}

/// Returns the transaction that an authorization request names, if it names one.
pub fn transaction(context: &RequestContext, params: &Params, key: &AppKey) -> Result<Option<String>, Error> {
    let Some(text) = &params.kauth_tx_id else { return Ok(None) };
    let opened = context.platform.sealer.open(Purpose::Transaction, text);
    let transaction = opened.and_then(|plain| serde_json::from_slice::<Transaction>(&plain).ok());
    match transaction.filter(|tx| tx.key == key.key && context.platform.now() < tx.until) {
        Some(transaction) => Ok(Some(transaction.tx_id)),
        None => {
            let reason = "it is not a transaction of this key, or its ten minutes are over".to_owned();
            Err(Problem::MalformedRequest { parameter: "kauth_tx_id".to_owned(), reason }.into())
        }
    }
}
