//! `GET /auth/kpidt` — begin a picking: the person of an `agt`, then on to the picker.
//! `GET /error/auth`, `GET /error/server-error` — what the JavaScript SDK opens instead when it got no `agt`.
//!
//! | parameter  | needed | rule                                                                          |
//! |------------|--------|-------------------------------------------------------------------------------|
//! | `app_key`  | yes    | a native or JavaScript key, else KAE003, KAE104                                |
//! | `agt`      | yes    | unspent, of a token of this key, else KAE201                                   |
//! | `continue` | yes    | our own `/user/address` with the same key, else KAE003                          |

use kakaw_core::GrantId;
use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use kakaw_core::crypto::secret;
use kakaw_store::{Outcome, agts};
use kakaw_wire::Problem;
use kakaw_wire::form::Pairs;

use super::get;
use super::pick::{PICKER, Pick};
use crate::Platform;
use crate::http::endpoint::Visit;
use crate::http::error::Error;
use crate::request::context::Here;
use crate::request::redirect::{redirect, with_cookie};

pub fn routes() -> Router<Arc<Platform>> {
    Router::new()
        .route("/auth/kpidt", get(begin))
        .route("/error/auth", get(no_agt))
        .route("/error/server-error", get(our_failure))
}

async fn no_agt(visit: Visit) -> Result<Response, Error> {
    end(visit, &Problem::AppsAuth {}).await
}

async fn our_failure(visit: Visit) -> Result<Response, Error> {
    end(visit, &Problem::AppsInternalError {}).await
}

async fn end(visit: Visit, problem: &Problem) -> Result<Response, Error> {
    let (query, here) = (visit.query(), visit.here);
    let pick = Pick::read(&here, &Pairs::parse(&query).unwrap_or_default()).await?;
    Ok(pick.failed_for_nobody(&here, problem))
}

async fn begin(visit: Visit) -> Result<Response, Error> {
    let (query, mut here) = (visit.query(), visit.here);
    let wrong = |parameter: &str, reason: &str| {
        Error::from(Problem::AppsInvalidParameter { parameter: parameter.to_owned(), reason: reason.to_owned() })
    };
    let pairs = Pairs::parse(&query).map_err(|error| wrong(error.parameter(), error.reason()))?;
    let one = |name: &str| {
        let value = pairs.one(name).map_err(|_| wrong(name, "it was sent more than once"))?;
        value.filter(|value| !value.is_empty()).ok_or_else(|| wrong(name, "it is missing"))
    };
    let (app_key, target) = (one("app_key")?, one("continue")?);
    let ours = ["https://apps.kakao.com", here.base.as_str(), ""];
    let path = ours.iter().find_map(|origin| target.strip_prefix(origin).filter(|rest| rest.starts_with('/')));
    let inner = path.and_then(|path| path.strip_prefix("/user/address?"));
    let inner = inner.ok_or_else(|| wrong("continue", "expected our own /user/address"))?;
    let inner_pairs = Pairs::parse(inner).map_err(|error| wrong("continue", error.reason()))?;
    let pick = Pick::read(&here, &inner_pairs).await?;
    if pick.key.key != app_key {
        return Err(wrong("continue", "it has another app_key"));
    }
    match admit(&here, &pick, &pairs).await {
        Ok(grant_id) => {
            let (browser, cookie) = here.ensure_browser();
            let location = format!("/user/address?{inner}&{PICKER}={}", pick.seal(&here, &browser, grant_id));
            Ok(with_cookie(redirect(&location, false), cookie))
        }
        Err(error) => Ok(pick.failed_for_nobody(&here, &error.noted_for_apps(&here.platform))),
    }
}

/// Spends the `agt`. From here on, errors go where the outcome goes.
async fn admit(here: &Here, pick: &Pick, pairs: &Pairs) -> Result<GrantId, Error> {
    pick.check_app()?;
    let id = secret::hash(pairs.one("agt").ok().flatten().unwrap_or_default());
    let now = here.platform.now();
    let found = agts::by_id(&here.platform.store, &id).await?;
    let Some(found) = found.filter(|agt| agt.spent_at.is_none() && now < agt.expires_at) else {
        return Err(Problem::AppsAuth {}.into());
    };
    let Outcome::Committed = here.platform.store.commit(vec![agts::spend(&id, now)]).await? else {
        return Err(Problem::AppsAuth {}.into());
    };
    pick.person(here, found.grant_id).await?;
    Ok(found.grant_id)
}
