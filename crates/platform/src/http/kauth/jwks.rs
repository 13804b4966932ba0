//! `GET /.well-known/jwks.json` — the public keys that verify ID tokens (RFC 7517).

use std::sync::Arc;

use kakaw_wire::oidc::Jwks;

use crate::Platform;
use crate::endpoint::{About, Reply, Routes};
use crate::http::error::Error;
use crate::http::handler::{Plain, kauth};

const ABOUT: About = About::kauth("Returns the public keys of ID tokens (RFC 7517).", Reply::json::<Jwks>());

pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new().get("/.well-known/jwks.json", &ABOUT, kauth(keys))
}

async fn keys(Plain { platform, .. }: Plain) -> Result<Jwks, Error> {
    Ok(platform.signer.jwks().await?)
}
