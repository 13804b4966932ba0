//! `GET /v2/user/service_terms` — service terms and what the person agreed to.
//! `POST /v2/user/upgrade/service_terms` — record that the person agreed, without a screen.
//! `POST /v2/user/revoke/service_terms` — take agreement back.
//!
//! | parameter | needed         | rule                                                                          |
//! |-----------|----------------|-------------------------------------------------------------------------------|
//! | `result`  | no             | `agreed_service_terms` (default) or `app_service_terms`, else -2               |
//! | `tags`    | upgrade,revoke | tags, separated by commas; GET: -2 when the app has none of them               |
//!
//! The app needs simple sign-up, else -3. `upgrade` passes over unknown and agreed tags; `revoke` refuses required terms
//! (-3) and tags that are not agreed to (-2). With an admin key: `target_id_type=user_id` and `target_id`.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing;
use kakaw_core::app::ApiGroup;
use kakaw_core::link::service_terms;
use kakaw_store::{Outcome, links};
use kakaw_wire::user::{
    AgreedBy, AgreedServiceTerm, AgreedServiceTerms, RevokedServiceTerm, RevokedServiceTerms, ServiceTermDetails,
    ServiceTerms,
};

use super::params::{Params, bad};
use super::target::Target;
use crate::Platform;
use crate::http::error::{Error, json};
use crate::request::context;

pub fn routes() -> Router<Arc<Platform>> {
    Router::new()
        .route("/v2/user/service_terms", routing::get(get))
        .route("/v2/user/upgrade/service_terms", routing::post(upgrade))
        .route("/v2/user/revoke/service_terms", routing::post(revoke))
}

async fn get(State(platform): State<Arc<Platform>>, request: Request) -> Response {
    let base = context::base(&platform, request.headers());
    match list(&platform, request).await {
        Ok(terms) => json(StatusCode::OK, &terms),
        Err(error) => error.kapi(&platform, &base),
    }
}

async fn upgrade(State(platform): State<Arc<Platform>>, request: Request) -> Response {
    let base = context::base(&platform, request.headers());
    match agree(&platform, request).await {
        Ok(terms) => json(StatusCode::OK, &terms),
        Err(error) => error.kapi(&platform, &base),
    }
}

async fn revoke(State(platform): State<Arc<Platform>>, request: Request) -> Response {
    let base = context::base(&platform, request.headers());
    match take_back(&platform, request).await {
        Ok(terms) => json(StatusCode::OK, &terms),
        Err(error) => error.kapi(&platform, &base),
    }
}

async fn list(platform: &Platform, request: Request) -> Result<ServiceTerms, Error> {
    let params = Params::read(platform, request).await?;
    let target = Target::find(platform, &params, ApiGroup::ServiceTerms).await?;
    let (app, link) = (target.app(), target.link());
    service_terms::check_enabled(app)?;
    let all = match params.one("result")?.as_deref() {
        None | Some("agreed_service_terms") => false,
        Some("app_service_terms") => true,
        Some(_) => return Err(bad("result", "Expected agreed_service_terms or app_service_terms.")),
    };
    let rows = match params.words("tags") {
        Some(tags) => service_terms::named(app, link, &tags)?,
        None => service_terms::rows(app, Some(link)).collect(),
    };
    let details = |row: &service_terms::Row<'_>| ServiceTermDetails {
        tag: row.term.tag.clone(),
        required: row.term.required,
        agreed: row.agreement.is_some(),
        revocable: row.revocable(),
        agreed_at: row.agreement.map(|agreement| agreement.at.rfc3339()),
        agreed_by: row.agreement.map(|agreement| agreement.by),
    };
    let rows = rows.iter().filter(|row| all || row.agreement.is_some());
    Ok(ServiceTerms { id: link.user_id.0, service_terms: rows.map(details).collect() })
}

fn tags(params: &Params) -> Result<Vec<String>, Error> {
    params.words("tags").ok_or_else(|| bad("tags", "It cannot be null."))
}

async fn agree(platform: &Platform, request: Request) -> Result<AgreedServiceTerms, Error> {
    let params = Params::read(platform, request).await?;
    for _ in 0..4 {
        let target = Target::find(platform, &params, ApiGroup::ServiceTerms).await?;
        service_terms::check_enabled(target.app())?;
        let now = platform.now();
        let (after, added) = service_terms::agree(target.app(), target.link(), &tags(&params)?, AgreedBy::Kapi, now);
        if added.is_empty() || platform.store.commit(vec![links::update(&after)]).await? == Outcome::Committed {
            let details =
                |tag| AgreedServiceTerm { tag, agreed: true, agreed_at: now.rfc3339(), agreed_by: AgreedBy::Kapi };
            let agreed_service_terms = added.into_iter().map(details).collect();
            return Ok(AgreedServiceTerms { id: after.user_id.0, agreed_service_terms });
        }
    }
    Err(Error::contention())
}

async fn take_back(platform: &Platform, request: Request) -> Result<RevokedServiceTerms, Error> {
    let params = Params::read(platform, request).await?;
    for _ in 0..4 {
        let target = Target::find(platform, &params, ApiGroup::ServiceTerms).await?;
        service_terms::check_enabled(target.app())?;
        let (after, revoked) = service_terms::revoke(target.app(), target.link(), &tags(&params)?)?;
        if platform.store.commit(vec![links::update(&after)]).await? == Outcome::Committed {
            let details = |tag| RevokedServiceTerm { tag, agreed: false };
            let revoked_service_terms = revoked.into_iter().map(details).collect();
            return Ok(RevokedServiceTerms { id: after.user_id.0, revoked_service_terms });
        }
    }
    Err(Error::contention())
}
