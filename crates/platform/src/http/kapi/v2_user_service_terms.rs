//! `GET /v2/user/service_terms` — service terms and what the person agreed to.
//! `POST /v2/user/upgrade/service_terms` — record that the person agreed, without a screen.
//! `POST /v2/user/revoke/service_terms` — revoke the agreement.

use std::sync::Arc;

use kakaw_core::app::ApiGroup;
use kakaw_core::link::service_terms;
use kakaw_store::links;
use kakaw_wire::user::{
    AgreedBy, AgreedServiceTerm, AgreedServiceTerms, RevokedServiceTerm, RevokedServiceTerms, ServiceTermDetails,
    ServiceTerms,
};
use serde_json::json;

use super::call::{Call, bad};
use super::target::Target;
use crate::Platform;
use crate::audit::{self, Event};
use crate::commit::{Attempt, decide_and_commit};
use crate::endpoint::{About, Credential, Reply, Routes, no, yes};
use crate::http::error::Error;
use crate::http::handler::kapi;

const LIST: About = About::kapi(
    "Returns service terms, and which of them the person agreed to.",
    Credential::TokenOrAdminKey,
    Reply::json::<ServiceTerms>(),
)
.takes(&[
    no("result", "`agreed_service_terms` (default) or `app_service_terms`, else -2"),
    no("tags", "return only these tags, separated by commas; -2 if the app has none of them"),
])
.more(SIMPLE_SIGN_UP);

const UPGRADE: About = About::kapi(
    "Records that the person agreed, without a screen. Unknown tags and tags already agreed to are ignored.",
    Credential::TokenOrAdminKey,
    Reply::json::<AgreedServiceTerms>(),
)
.takes(&[yes("tags", "tags, separated by commas")])
.more(SIMPLE_SIGN_UP);

const REVOKE: About =
    About::kapi("Withdraws the agreement.", Credential::TokenOrAdminKey, Reply::json::<RevokedServiceTerms>())
        .takes(&[yes("tags", "tags, separated by commas; a tag that the app requires: -3, a tag not agreed to: -2")])
        .more(SIMPLE_SIGN_UP);

const SIMPLE_SIGN_UP: &str = "The app must use simple sign-up, else -3.";

pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new()
        .get("/v2/user/service_terms", &LIST, kapi(list))
        .post("/v2/user/upgrade/service_terms", &UPGRADE, kapi(agree))
        .post("/v2/user/revoke/service_terms", &REVOKE, kapi(take_back))
}

async fn list(call: Call) -> Result<ServiceTerms, Error> {
    let target = Target::find(&call, ApiGroup::ServiceTerms).await?;
    let (app, link) = (target.app(), target.link());
    service_terms::check_enabled(app)?;
    let all = match call.one("result")?.as_deref() {
        None | Some("agreed_service_terms") => false,
        Some("app_service_terms") => true,
        Some(_) => return Err(bad("result", "Expected agreed_service_terms or app_service_terms.")),
    };
    let rows = match call.words("tags") {
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

fn tags(call: &Call) -> Result<Vec<String>, Error> {
    call.words("tags").ok_or_else(|| bad("tags", "It cannot be null."))
}

async fn agree(call: Call) -> Result<AgreedServiceTerms, Error> {
    decide_and_commit(&call.platform.store, |_| async {
        let target = Target::find(&call, ApiGroup::ServiceTerms).await?;
        service_terms::check_enabled(target.app())?;
        let now = call.platform.now();
        let (after, added) = service_terms::agree(target.app(), target.link(), &tags(&call)?, AgreedBy::Kapi, now);
        let is_new = !added.is_empty();
        let mut changes = vec![links::update(&after)];
        if is_new {
            let what = json!({ "terms": added });
            changes.extend(audit::by_call(&call.platform, Event::Consent, target.by(), target.link(), what).await?);
        }
        let details =
            |tag| AgreedServiceTerm { tag, agreed: true, agreed_at: now.rfc3339(), agreed_by: AgreedBy::Kapi };
        let agreed_service_terms = added.into_iter().map(details).collect();
        let reply = AgreedServiceTerms { id: after.user_id.0, agreed_service_terms };
        if is_new { Ok(Attempt::Commit { changes, then: reply }) } else { Ok(Attempt::Done(reply)) }
    })
    .await
}

async fn take_back(call: Call) -> Result<RevokedServiceTerms, Error> {
    decide_and_commit(&call.platform.store, |_| async {
        let target = Target::find(&call, ApiGroup::ServiceTerms).await?;
        service_terms::check_enabled(target.app())?;
        let (after, revoked) = service_terms::revoke(target.app(), target.link(), &tags(&call)?)?;
        let what = json!({ "terms": revoked });
        let mut changes = vec![links::update(&after)];
        let withdrawn = Event::ConsentWithdrawn;
        changes.extend(audit::by_call(&call.platform, withdrawn, target.by(), target.link(), what).await?);
        let details = |tag| RevokedServiceTerm { tag, agreed: false };
        let revoked_service_terms = revoked.into_iter().map(details).collect();
        let reply = RevokedServiceTerms { id: after.user_id.0, revoked_service_terms };
        Ok(Attempt::Commit { changes, then: reply })
    })
    .await
}
