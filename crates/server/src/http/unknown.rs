//! Whatever is no endpoint: an answer in the shape of the surface that was meant, naming the nearest endpoint.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header;
use axum::response::Response;
use kakaw_core::{Refusal, diagnosis};
use kakaw_wire::Problem;

use crate::http::fault::Fault;
use crate::http::here::{self, Here};
use crate::world::World;

/// The endpoints that an unknown URL is compared with.
pub const ENDPOINTS: [&str; 33] = [
    "GET /oauth/authorize",
    "POST /oauth/token",
    "POST /oauth/tokeninfo",
    "GET /oauth/logout",
    "GET /.well-known/openid-configuration",
    "GET /.well-known/jwks.json",
    "GET /v2/user/me",
    "GET /v1/user/access_token_info",
    "GET /v1/user/check_access_token",
    "POST /v1/user/logout",
    "POST /v1/user/unlink",
    "GET /v1/oidc/userinfo",
    "GET /v1/user/ids",
    "GET /v2/app/users",
    "GET /v2/user/scopes",
    "POST /v2/user/revoke/scopes",
    "POST /api/agt",
    "POST /oauth/authorize/prepare",
    "GET /apiweb/code.json",
    "GET /v2/user/service_terms",
    "POST /v2/user/upgrade/service_terms",
    "POST /v2/user/revoke/service_terms",
    "GET /v1/user/service/terms",
    "POST /v1/user/signup",
    "POST /v1/user/update_profile",
    "GET /v1/user/shipping_address",
    "GET /auth/kpidt",
    "GET /user/address",
    "GET /proxy",
    "GET /weblogin/create_account",
    "GET /login",
    "GET /terms",
    "GET /demo",
];

/// Answers 404 and 405 alike.
pub async fn answer(State(world): State<Arc<World>>, here: Here, request: Request) -> Response {
    let path: String = request.uri().path().chars().take(200).collect();
    let method = request.method().to_string();
    let sent = format!("{method} {path}");
    let nearest = diagnosis::nearest(&sent, ENDPOINTS).unwrap_or_default().to_owned();
    let base = here::base(&world, request.headers());
    if path == "/v1/user/me" {
        return Fault::from(Problem::Discontinued { path, successor: "/v2/user/me".to_owned() }).kapi(&world, &base);
    }
    if ["/v1", "/v2", "/cors"].iter().any(|prefix| path.starts_with(prefix)) {
        return Fault::from(Problem::UnknownApi { method, path, nearest }).kapi(&world, &base);
    }
    let refusal = Refusal::new(Problem::UnknownUrl { method, path: path.clone(), nearest: nearest.clone() });
    let fault = Fault::from(refusal.because(format!("the nearest endpoint is {nearest}")));
    let accepts = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let of_kauth = ["/oauth", "/api", "/.well-known"].iter().any(|prefix| path.starts_with(prefix));
    // A person who follows a wrong link to kauth gets the page; a program gets JSON.
    if accepts.contains("text/html") && !path.starts_with("/oauth/token") && (!of_kauth || path.starts_with("/oauth")) {
        return fault.page(&here);
    }
    fault.kauth(&world, &base)
}
