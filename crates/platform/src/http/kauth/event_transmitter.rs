//! `GET /.well-known/sse-configuration`, `GET /.well-known/ssf-configuration` — who sends security events, and how.
//!
//! Spec: OpenID Shared Signals Framework §6 (Transmitter Configuration Metadata).

use std::sync::Arc;

use kakaw_wire::oidc::{EventTransmitter, OneOrMany};

use crate::Platform;
use crate::endpoint::{About, Reply, Routes};
use crate::http::error::Error;
use crate::http::handler::{Plain, kauth};
use crate::request::context;

const ABOUT: About =
    About::kauth("Returns who sends security events: the account webhooks.", Reply::json::<EventTransmitter>())
        .more("The value of `delivery_methods_supported` is a text, as Kakao Login documents it.");

const NEWER: About = About::kauth(
    "The same under the name of the newer draft; `delivery_methods_supported` is a list.",
    Reply::json::<EventTransmitter>(),
);

/// Events are pushed (RFC 8935), under the name that Kakao Login documents.
const PUSH: &str = "http://schemas.openid.net/secevent/risc/delivery-method/push";

pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new()
        .get("/.well-known/sse-configuration", &ABOUT, kauth(async |call| get(&call, OneOrMany::One(PUSH.to_owned()))))
        .get(
            "/.well-known/ssf-configuration",
            &NEWER,
            kauth(async |call| get(&call, OneOrMany::Many(vec![PUSH.to_owned()]))),
        )
}

fn get(call: &Plain, methods: OneOrMany) -> Result<EventTransmitter, Error> {
    let issuer = context::base(&call.platform, call.request.headers());
    Ok(EventTransmitter {
        jwks_uri: format!("{issuer}/.well-known/jwks.json"),
        issuer,
        delivery_methods_supported: methods,
    })
}
