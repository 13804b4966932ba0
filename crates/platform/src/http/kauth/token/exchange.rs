//! The exchange of a code.

use kakaw_core::authorize::code::{Found, Presented, Redemption, redeem};
use kakaw_core::crypto::secret;
use kakaw_core::policy::REFRESH_LIFETIME;
use kakaw_core::token::grant::{Bearer, EndedBy, Grant};
use kakaw_core::webhook::Event;
use kakaw_core::{GrantId, Millis, Refusal, random, token};
use kakaw_store::{Contested, Error as StoreError, codes, grants};
use kakaw_wire::event::EventType;
use kakaw_wire::token::TokenReply;

use super::Client;
use super::reply::{MOMENT, access_reply, scope_text, sign_id_token};
use crate::commit::{Attempt, decide_and_commit};
use crate::deliver::events;
use crate::http::error::Error;

/// The result of an exchange.
type Exchanged = Result<Issued, Refusal>;

struct Issued {
    bearer: Bearer,
    tx_id: Option<String>,
}

impl Issued {
    fn new(client: &Client<'_>, found: Found, id: GrantId, now: Millis) -> Self {
        let Found { code, link, account, .. } = found;
        let grant = Grant::new(id, code.authorization, now);
        let bearer = Bearer { grant, link, account, key: client.key.clone(), app_version: client.app.version };
        Self { bearer, tx_id: code.tx_id }
    }
}

pub(super) async fn exchange(client: &Client<'_>, presented: &Presented) -> Result<TokenReply, Error> {
    let platform = client.platform;
    let draw = || GrantId(random::ordered_id(&*platform.random, platform.now()));
    // Drawn before the first attempt, so that an attempt after an unclear commit recognizes its own grant.
    let mut id = draw();
    let exchanged = decide_and_commit(&platform.store, |lost| {
        let before = id;
        if lost == Some(Contested::GrantId) {
            id = draw();
        }
        attempt(client, presented, before, id)
    });
    first_reply(client, exchanged.await??).await
}

/// Exchanges the code for a grant with this `id`, unless the preceding attempt has done so with the id `before`.
async fn attempt(
    client: &Client<'_>,
    presented: &Presented,
    before: GrantId,
    id: GrantId,
) -> Result<Attempt<Exchanged>, StoreError> {
    let Client { platform, app, key, .. } = client;
    let found = codes::by_id(&platform.store, &secret::hash(&presented.code)).await?;
    let own = found.as_ref().and_then(|found| found.code.life.redeemed_for(before));
    let found = match (own, found) {
        // The commit succeeded, and only its acknowledgment was lost.
        (Some(at), Some(found)) => return Ok(Attempt::Done(Ok(Issued::new(client, found, before, at)))),
        (_, found) => found,
    };
    if found.as_ref().is_some_and(|found| found.code.authorization.openid) && app.settings.oidc {
        // Do not redeem a code if its ID token cannot be signed.
        platform.signer.keys().await?;
    }
    let now = platform.now();
    Ok(match redeem(presented, found, key, &platform.policy(), now) {
        Redemption::Redeem(found) => {
            let code = found.code.id.clone();
            let issued = Issued::new(client, *found, id, now);
            let mut changes = vec![codes::redeem(&code, id, now), grants::insert(&issued.bearer.grant)];
            changes.extend(events::notify(platform, app, &issued.bearer.link, &[Event::new(EventType::TokenIssued)]));
            Attempt::Resumable { changes, then: Ok(issued) }
        }
        Redemption::Invalidate { code, refusal } => {
            Attempt::Resumable { changes: vec![codes::invalidate(&code, now)], then: Err(refusal) }
        }
        Redemption::Refuse(refusal) => Attempt::Done(Err(refusal)),
        Redemption::Replayed { refusal, grant } => {
            Attempt::Commit { changes: vec![grants::end(grant, now, &EndedBy::CodeReuse)], then: Err(refusal) }
        }
    })
}

async fn first_reply(client: &Client<'_>, issued: Issued) -> Result<TokenReply, Error> {
    let Issued { bearer, tx_id } = issued;
    let (platform, grant) = (client.platform, &bearer.grant);
    let openid = grant.authorization.openid && client.app.settings.oidc;
    let mut reply = access_reply(platform, grant, &bearer.key);
    if openid {
        reply.id_token = Some(sign_id_token(client, &bearer, grant.created_at).await?);
    }
    reply.tx_id = tx_id;
    reply.refresh_token = Some(token::issue_refresh(&platform.sealer, grant));
    reply.refresh_token_expires_in = Some(REFRESH_LIFETIME - MOMENT);
    reply.scope = scope_text(&grant.authorization.scopes, openid);
    Ok(reply)
}
