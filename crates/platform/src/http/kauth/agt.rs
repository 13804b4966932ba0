//! `POST /api/agt` — exchange an access token for a one-time token that names its person, for additional consent and
//! for the shipping address picker.

use std::sync::Arc;

use kakaw_core::app::client_id;
use kakaw_core::crypto::secret;
use kakaw_core::{Span, random, token};
use kakaw_store::{agts, apps, grants};
use kakaw_wire::Problem;
use kakaw_wire::problem::Surface;
use kakaw_wire::token::AgtReply;

use crate::Platform;
use crate::commit::commit;
use crate::endpoint::{About, Reply, Routes, yes};
use crate::http::error::Error;
use crate::http::handler::{Plain, kauth};
use crate::request::body;

/// Its lifetime.
const LIFETIME: Span = Span::minutes(1);

const ABOUT: About = About::kauth(
    "Exchanges an access token for an `agt`, a one-time identifier of its person. Additional consent and the selection \
     of a shipping address use it.",
    Reply::json::<AgtReply>(),
)
.takes(&[
    yes("client_id", "the key that the token was issued to, else KOE101"),
    yes("access_token", "valid, else `invalid_request`; the SDKs recognize an invalid token by this error"),
])
.more("It is valid for one minute and one request.");

pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new().post("/api/agt", &ABOUT, kauth(issue))
}

async fn issue(Plain { platform, request }: Plain) -> Result<AgtReply, Error> {
    let bad = |reason: String| Error::from(Problem::BadTokenRequest { reason });
    let form = body::form(request).await.map_err(|error| bad(error.reason()))?;
    let one = |name: &str| {
        let value = form.one(name).map_err(|_| bad(format!("{name} was sent more than once")))?;
        value.filter(|value| !value.is_empty()).ok_or_else(|| bad(format!("{name} is missing")))
    };
    let (client_id, text) = (one("client_id")?, one("access_token")?);
    let (app, key) = super::find_key(&platform, client_id).await?.ok_or_else(|| client_id::unknown_key(client_id))?;
    let now = platform.now();
    // The message of kapi in the format of kauth.
    let in_shape = |refusal: kakaw_core::Refusal| bad(refusal.problem.message(Surface::Kapi));
    let opened = token::present(&platform.sealer, text, now).map_err(in_shape)?;
    let bearer = grants::bearer(&platform.store, opened.grant_id).await?;
    let app = match &bearer {
        Some(bearer) => {
            apps::at(&platform.store, bearer.grant.authorization.app_id, bearer.app_version).await?.unwrap_or(app)
        }
        None => app,
    };
    token::admit(bearer.as_ref(), &app, now).map_err(in_shape)?;
    if bearer.is_none_or(|bearer| bearer.grant.authorization.app_key != key.key) {
        return Err(bad("the access token was issued to another key".to_owned()));
    }
    let agt = random::token(&*platform.random);
    let insert = agts::insert(&secret::hash(&agt), opened.grant_id, now + LIFETIME);
    commit(&platform.store, vec![insert]).await?;
    Ok(AgtReply { agt })
}
