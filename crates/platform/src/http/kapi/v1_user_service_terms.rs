//! `GET /v1/user/service/terms` — the older form of `/v2/user/service_terms`, which older SDKs call.
//!
//! | parameter | needed | rule                                                        |
//! |-----------|--------|-------------------------------------------------------------|
//! | `extra`   | no     | `app_service_terms`: the app's terms are listed besides       |

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing;
use kakaw_core::app::ApiGroup;
use kakaw_core::link::service_terms;
use kakaw_wire::user::{AllowedServiceTerm, AppServiceTerm, LegacyServiceTerms};

use super::params::Params;
use super::target::Target;
use crate::Platform;
use crate::http::error::{Error, json};
use crate::request::context;

pub fn routes() -> Router<Arc<Platform>> {
    Router::new().route("/v1/user/service/terms", routing::get(get))
}

async fn get(State(platform): State<Arc<Platform>>, request: Request) -> Response {
    let base = context::base(&platform, request.headers());
    match list(&platform, request).await {
        Ok(terms) => json(StatusCode::OK, &terms),
        Err(error) => error.kapi(&platform, &base),
    }
}

async fn list(platform: &Platform, request: Request) -> Result<LegacyServiceTerms, Error> {
    let params = Params::read(platform, request).await?;
    let target = Target::find(platform, &params, ApiGroup::ServiceTerms).await?;
    service_terms::check_enabled(target.app())?;
    let rows: Vec<_> = service_terms::rows(target.app(), Some(target.link())).collect();
    let allowed = rows.iter().filter_map(|row| {
        let agreed_at = row.agreement?.at.rfc3339();
        Some(AllowedServiceTerm { tag: row.term.tag.clone(), agreed_at })
    });
    let wants_app = params.words("extra").is_some_and(|extra| extra.iter().any(|word| word == "app_service_terms"));
    let of_app = rows.iter().map(|row| AppServiceTerm { tag: row.term.tag.clone() });
    Ok(LegacyServiceTerms {
        user_id: target.link().user_id.0,
        allowed_service_terms: allowed.collect(),
        app_service_terms: wants_app.then(|| of_app.collect()),
    })
}
