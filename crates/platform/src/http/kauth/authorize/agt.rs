//! `agt`: a one-time token in the URL that names the person of an access token (made by `GET /api/agt/get`).

use kakaw_core::authorize::Request;
use kakaw_core::crypto::secret;
use kakaw_store::{Outcome, agts, grants};
use kakaw_wire::problem::Problem;

use super::interaction::Interaction;
use super::sent::Sent;
use crate::http::error::Error;
use crate::request::context::RequestContext;

/// Redeems an `agt` and returns how the request continues without it: a token in the address bar must not stay valid.
pub(super) async fn redeem(
    context: &RequestContext,
    agt: &str,
    request: &Request<'_>,
    sent: &Sent,
) -> Result<Interaction, Error> {
    let refuse = |reason: &str| Problem::MalformedRequest { parameter: "agt".to_owned(), reason: reason.to_owned() };
    let (id, now) = (secret::hash(agt), context.platform.now());
    let found =
        agts::by_id(&context.platform.store, &id).await?.ok_or_else(|| refuse("no such agt was issued here"))?;
    if found.spent_at.is_some() || now >= found.expires_at {
        return Err(refuse("it was used already, or its minute is over").into());
    }
    let bearer = grants::bearer(&context.platform.store, found.grant_id).await?;
    if !bearer.is_some_and(|bearer| bearer.live().is_ok() && bearer.grant.authorization.app_key == request.key().key) {
        return Err(refuse("it was made with a token of another key, or the token has ended").into());
    }
    let Outcome::Committed = context.platform.store.commit(vec![agts::spend(&id, now)]).await? else {
        return Err(refuse("it was used already").into());
    };
    Ok(Interaction::about(found.grant_id, sent, request.key()))
}
