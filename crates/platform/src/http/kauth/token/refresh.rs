//! Renewing tokens with a refresh token.

use kakaw_core::token::grant::{Bearer, EndedBy};
use kakaw_core::token::refresh::{Renewal, renew};
use kakaw_core::token::{self, RefreshToken};
use kakaw_core::{Millis, Refusal};
use kakaw_store::{Error as StoreError, grants};
use kakaw_wire::Problem;
use kakaw_wire::token::TokenReply;

use super::Client;
use super::reply::{MOMENT, access_reply, sign_id_token};
use crate::commit::{Attempt, decide_and_commit};
use crate::http::error::Error;

/// A grant that gets new tokens.
struct Renewed {
    bearer: Box<Bearer>,
    /// Whether the refresh token is new too.
    rotated: bool,
    at: Millis,
}

pub(super) async fn refresh(client: &Client<'_>, text: &str) -> Result<TokenReply, Error> {
    if text.is_empty() {
        return Err(Problem::RefreshTokenBlank {}.into());
    }
    let opened = token::open_refresh(&client.platform.sealer, text);
    let renewed = decide_and_commit(&client.platform.store, |_| attempt(client, opened));
    reply(client, renewed.await??).await
}

async fn attempt(
    client: &Client<'_>,
    opened: Option<RefreshToken>,
) -> Result<Attempt<Result<Renewed, Refusal>>, StoreError> {
    let Client { platform, app, key, .. } = client;
    let bearer = match opened {
        Some(opened) => grants::bearer(&platform.store, opened.grant_id).await?,
        None => None,
    };
    if bearer.as_ref().is_some_and(|bearer| bearer.grant.authorization.openid) && app.settings.oidc {
        platform.signer.keys().await?;
    }
    let at = platform.now();
    Ok(match renew(opened, bearer, &key.key, app, &platform.policy(), at) {
        Renewal::Keep(bearer) => Attempt::Done(Ok(Renewed { bearer, rotated: false, at })),
        Renewal::Successor(bearer) => Attempt::Done(Ok(Renewed { bearer, rotated: true, at })),
        Renewal::Rotate(bearer) => {
            let changes = vec![grants::rotate(&bearer.grant)];
            Attempt::Commit { changes, then: Ok(Renewed { bearer, rotated: true, at }) }
        }
        Renewal::Refuse(refusal) => Attempt::Done(Err(refusal)),
        Renewal::Replayed { refusal, grant } => {
            Attempt::Commit { changes: vec![grants::end(grant, at, &EndedBy::RefreshReuse)], then: Err(refusal) }
        }
    })
}

async fn reply(client: &Client<'_>, renewed: Renewed) -> Result<TokenReply, Error> {
    let Renewed { bearer, rotated, at } = renewed;
    let (platform, grant) = (client.platform, &bearer.grant);
    let mut reply = access_reply(platform, grant, client.key);
    if grant.authorization.openid && client.app.settings.oidc {
        reply.id_token = Some(sign_id_token(client, &bearer, at).await?);
    }
    if rotated {
        reply.refresh_token = Some(token::issue_refresh(&platform.sealer, grant));
        reply.refresh_token_expires_in = Some(grant.refresh_expires_at - at - MOMENT);
    }
    Ok(reply)
}
