//! Renewing tokens with a refresh token.

use kakaw_wire::Problem;

use crate::Millis;
use crate::app::App;
use crate::diagnosis::Refusal;
use crate::policy::{Policy, REFRESH_LIFETIME, ROTATION_WINDOW};
use crate::token::RefreshToken;
use crate::token::grant::{Bearer, Dead, Grant};

/// How a refresh ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renewal {
    /// A new access token; the refresh token stays. Nothing is written.
    Keep,
    /// The refresh token is in its last month: replace it. The grant is as it will be.
    Rotate(Box<Grant>),
    /// It was replaced a moment ago: answer with the same successor. Nothing is written.
    Successor,
    /// Refuse.
    Refuse(Refusal),
    /// Refuse, and end the grant: an outdated token is in somebody's hands.
    Replayed(Refusal),
}

/// Decides a refresh. `bearer` is what is stored under the token's grant.
#[must_use]
pub fn renew(
    token: Option<RefreshToken>,
    bearer: Option<&Bearer>,
    client_id: &str,
    app: &App,
    policy: &Policy,
    now: Millis,
) -> Renewal {
    let refuse = |why: String| Renewal::Refuse(Refusal::new(Problem::RefreshTokenNotAccepted {}).because(why));
    let Some(token) = token else {
        return refuse("not a refresh token of this service, or changed on the way".to_owned());
    };
    if now >= token.expires_at {
        return refuse(format!("it expired {} s ago", (now.0 - token.expires_at.0) / 1000));
    }
    let Some(bearer) = bearer else { return refuse("its grant was ended and swept".to_owned()) };
    if bearer.grant.app_key != client_id {
        return refuse("it was issued to another app key".to_owned());
    }
    if let Err(dead) = bearer.live() {
        return refuse(match dead {
            Dead::KeyDeleted => "its app key was deleted".to_owned(),
            Dead::Ended(why) => format!("ended: {why}"),
        });
    }
    // Who trusts ID tokens only must learn of these too.
    if bearer.account.restricted {
        return refuse("the account has been restricted".to_owned());
    }
    if app.settings.denies_age_of(&bearer.account.attributes, now) {
        return refuse("the app is closed to people under 14".to_owned());
    }
    let grant = &bearer.grant;
    if token.generation != grant.refresh_generation {
        let rotated_at = grant.rotated_at.unwrap_or_default();
        let age = now.0 - rotated_at.0;
        if token.generation + 1 == grant.refresh_generation && age < policy.refresh_grace * 1000 {
            return Renewal::Successor;
        }
        let refusal =
            Refusal::new(Problem::RefreshTokenNotAccepted {}).because(format!("it was replaced {age} ms ago"));
        return if policy.revoke_on_refresh_reuse { Renewal::Replayed(refusal) } else { Renewal::Refuse(refusal) };
    }
    // The stored expiry counts; a sealed one that differs would be a token of another database.
    if now >= grant.refresh_expires_at {
        return refuse("it expired".to_owned());
    }
    let last_month = grant.refresh_expires_at.0 - now.0 < ROTATION_WINDOW * 1000;
    if !policy.rehearsal.rotate.unwrap_or(last_month) {
        return Renewal::Keep;
    }
    let mut next = grant.clone();
    next.refresh_generation += 1;
    next.refresh_expires_at = now.plus_seconds(REFRESH_LIFETIME);
    next.rotated_at = Some(now);
    Renewal::Rotate(Box::new(next))
}
