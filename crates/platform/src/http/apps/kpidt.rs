//! `GET /auth/kpidt` — start an address selection: identify the person by an `agt`, then redirect to the picker.
//! `GET /error/auth`, `GET /error/server-error` — opened by the JavaScript SDK instead, when it got no `agt`.

use kakaw_core::GrantId;
use std::sync::Arc;

use axum::response::Response;
use kakaw_core::crypto::secret;
use kakaw_store::{Outcome, agts};
use kakaw_wire::Problem;
use kakaw_wire::form::Pairs;

use super::selection::{AddressSelection, SELECTION};
use crate::Platform;
use crate::endpoint::{About, Param, Reply, Routes, when, yes};
use crate::http::error::Error;
use crate::http::handler::{BrowserRequest, apps};
use crate::request::context::RequestContext;
use crate::request::redirect::{redirect, with_cookie};

const ABOUT: About =
    About::apps("Begins an address selection for the person of an `agt`, then redirects to the page.", Reply::Page)
        .takes(&[
            yes("app_key", "a native or JavaScript key, else KAE003, KAE104"),
            yes("agt", "unused, from a token of this key, else KAE201"),
            yes("continue", "Kakaw's own `/user/address` with the same key, else KAE003"),
        ]);

const NO_AGT: About = About::apps(
    "Ends the address selection with KAE201: the JavaScript SDK opens this if its `agt` was refused.",
    Reply::Page,
)
.takes(SELECTION_TARGET);

const NO_ANSWER: About = About::apps(
    "Ends the address selection with KAE001: the JavaScript SDK opens this if it could not request an `agt`.",
    Reply::Page,
)
.takes(SELECTION_TARGET);

const SELECTION_TARGET: &[Param] = &[
    yes("app_key", "a native or JavaScript key, else KAE003, KAE104"),
    when("return_url", "one of", "as for `/user/address`"),
    when("trans_id", "both", "as for `/user/address`"),
];

pub(super) fn routes() -> Routes<Arc<Platform>> {
    Routes::new().get("/auth/kpidt", &ABOUT, apps(begin)).get("/error/auth", &NO_AGT, apps(no_agt)).get(
        "/error/server-error",
        &NO_ANSWER,
        apps(no_answer),
    )
}

async fn no_agt(call: BrowserRequest) -> Result<Response, Error> {
    end(call, &Problem::AppsAuth {}).await
}

async fn no_answer(call: BrowserRequest) -> Result<Response, Error> {
    end(call, &Problem::AppsInternalError {}).await
}

async fn end(call: BrowserRequest, problem: &Problem) -> Result<Response, Error> {
    let (query, context) = (call.query(), call.context);
    let selection = AddressSelection::read(&context, &Pairs::parse(&query).unwrap_or_default()).await?;
    let decided = context.admitted().err();
    Ok(selection.failed_for_nobody(&context, decided.as_ref().unwrap_or(problem)))
}

async fn begin(call: BrowserRequest) -> Result<Response, Error> {
    let (query, mut context) = (call.query(), call.context);
    let wrong = |parameter: &str, reason: &str| {
        Error::from(Problem::AppsInvalidParameter { parameter: parameter.to_owned(), reason: reason.to_owned() })
    };
    let pairs = Pairs::parse(&query).map_err(|error| wrong(error.parameter(), error.reason()))?;
    let one = |name: &str| {
        let value = pairs.one(name).map_err(|_| wrong(name, "it was sent more than once"))?;
        value.filter(|value| !value.is_empty()).ok_or_else(|| wrong(name, "it is missing"))
    };
    let (app_key, target) = (one("app_key")?, one("continue")?);
    let ours = ["https://apps.kakao.com", context.base.as_str(), ""];
    let path = ours.iter().find_map(|origin| target.strip_prefix(origin).filter(|rest| rest.starts_with('/')));
    let inner = path.and_then(|path| path.strip_prefix("/user/address?"));
    let inner = inner.ok_or_else(|| wrong("continue", "expected our own /user/address"))?;
    let inner_pairs = Pairs::parse(inner).map_err(|error| wrong("continue", error.reason()))?;
    let selection = AddressSelection::read(&context, &inner_pairs).await?;
    if selection.key.key != app_key {
        return Err(wrong("continue", "it has another app_key"));
    }
    match admit(&context, &selection, &pairs).await {
        Ok(grant_id) => {
            let (browser, cookie) = context.ensure_browser();
            let location =
                format!("/user/address?{inner}&{SELECTION}={}", selection.seal(&context, &browser, grant_id));
            Ok(with_cookie(redirect(&location, false), cookie))
        }
        Err(error) => Ok(selection.failed_for_nobody(&context, &error.logged_for_apps(&context.platform))),
    }
}

/// Redeems the `agt`. From here on, errors go where the result goes.
async fn admit(context: &RequestContext, selection: &AddressSelection, pairs: &Pairs) -> Result<GrantId, Error> {
    selection.check_app(context)?;
    let id = secret::hash(pairs.one("agt").ok().flatten().unwrap_or_default());
    let now = context.platform.now();
    let found = agts::by_id(&context.platform.store, &id).await?;
    let Some(found) = found.filter(|agt| agt.spent_at.is_none() && now < agt.expires_at) else {
        return Err(Problem::AppsAuth {}.into());
    };
    let Outcome::Committed = context.platform.store.commit(vec![agts::spend(&id, now)]).await? else {
        return Err(Problem::AppsAuth {}.into());
    };
    selection.person(context, found.grant_id).await?;
    Ok(found.grant_id)
}
