//! `GET /control/v1/policy` — the protocol rules that can be overridden.
//! `POST /control/v1/policy` — override some of them, from now on.

use axum::http::StatusCode;
use axum::response::Response;
use kakaw_core::Span;
use kakaw_core::policy::{Overrides, Rotation};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::caller::{Caller, Sent};
use crate::durations::maybe_seconds;
use crate::world::World;
use kakaw_platform::http::error;

/// The rules. Absent rules are not changed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// Lifetime of access tokens issued from now on, in seconds or as `2h`; 0: the default of their key.
    #[serde(deserialize_with = "maybe_seconds::deserialize")]
    access_token_lifetime: Option<Span>,
    /// Lifetime of codes issued from now on, in seconds or as `5m`: 1 second to 10 minutes.
    #[serde(deserialize_with = "maybe_seconds::deserialize")]
    code_lifetime: Option<Span>,
    /// When the use of a refresh token replaces it: in its last month (as Kakao Login does), always, or never.
    refresh_rotation: Option<Rotation>,
    /// How long a replaced refresh token still works, in seconds or as `1m`.
    #[serde(deserialize_with = "maybe_seconds::deserialize")]
    refresh_grace: Option<Span>,
    /// `true`: the port of a redirect URI on this machine is not compared.
    any_local_port: Option<bool>,
    /// `true`: a second use of a code revokes the tokens that its first use issued.
    revoke_on_code_reuse: Option<bool>,
    /// `true`: the use of a replaced refresh token ends its grant.
    revoke_on_refresh_reuse: Option<bool>,
    /// `true`: `/apiweb/code.json` is as strict as in `kakaw serve` (`policy.strict_code_polling`).
    strict_code_polling: Option<bool>,
}

pub async fn get(caller: Caller) -> Response {
    error::json(StatusCode::OK, &rules_of(&caller.world))
}

pub async fn post(Sent(caller, rules): Sent<Rules>) -> Response {
    let world = &caller.world;
    let mut policy = world.platform.policy();
    if let Some(lifetime) = rules.access_token_lifetime {
        // Clients see one second less than the lifetime.
        if lifetime != Span::ZERO && !(Span::seconds(2)..=Span::days(365)).contains(&lifetime) {
            let seconds = lifetime.as_seconds();
            return caller.refuse(format!("access_token_lifetime: {seconds}; expected 2 seconds to a year, or 0"));
        }
        policy.overrides.access_lifetime = Some(lifetime).filter(|lifetime| *lifetime != Span::ZERO);
    }
    if let Some(lifetime) = rules.code_lifetime {
        if !(Span::seconds(1)..=Span::minutes(10)).contains(&lifetime) {
            return caller.refuse(format!("code_lifetime: {}; expected 1 to 600 seconds", lifetime.as_seconds()));
        }
        policy.code_lifetime = lifetime;
    }
    if let Some(grace) = rules.refresh_grace {
        if !(Span::ZERO..=Span::days(1)).contains(&grace) {
            return caller.refuse(format!("refresh_grace: {}; expected 0 seconds to a day", grace.as_seconds()));
        }
        policy.refresh_grace = grace;
    }
    let Overrides { rotation, any_local_port, .. } = policy.overrides;
    policy.overrides.rotation = rules.refresh_rotation.unwrap_or(rotation);
    policy.overrides.any_local_port = rules.any_local_port.unwrap_or(any_local_port);
    policy.revoke_on_code_reuse = rules.revoke_on_code_reuse.unwrap_or(policy.revoke_on_code_reuse);
    policy.revoke_on_refresh_reuse = rules.revoke_on_refresh_reuse.unwrap_or(policy.revoke_on_refresh_reuse);
    policy.strict_code_polling = rules.strict_code_polling.unwrap_or(policy.strict_code_polling);
    world.platform.set_policy(policy);
    error::json(StatusCode::OK, &rules_of(world))
}

fn rules_of(world: &World) -> Rules {
    let policy = world.platform.policy();
    Rules {
        access_token_lifetime: Some(policy.overrides.access_lifetime.unwrap_or(Span::ZERO)),
        code_lifetime: Some(policy.code_lifetime),
        refresh_rotation: Some(policy.overrides.rotation),
        refresh_grace: Some(policy.refresh_grace),
        any_local_port: Some(policy.overrides.any_local_port),
        revoke_on_code_reuse: Some(policy.revoke_on_code_reuse),
        revoke_on_refresh_reuse: Some(policy.revoke_on_refresh_reuse),
        strict_code_polling: Some(policy.strict_code_polling),
    }
}
