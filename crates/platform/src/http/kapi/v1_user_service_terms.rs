//! `GET /v1/user/service/terms` — the older form of `/v2/user/service_terms`, which older SDKs call.

use std::sync::Arc;

use kakaw_core::app::ApiGroup;
use kakaw_core::link::service_terms;
use kakaw_wire::user::{AllowedServiceTerm, AppServiceTerm, LegacyServiceTerms};

use super::call::Call;
use super::target::Target;
use crate::Platform;
use crate::endpoint::{About, Credential, Reply, Routes, no};
use crate::http::error::Error;
use crate::http::handler::kapi;

const ABOUT: About = About::kapi(
    "The older form of `/v2/user/service_terms`, which older SDKs call.",
    Credential::TokenOrAdminKey,
    Reply::json::<LegacyServiceTerms>(),
)
.takes(&[no("extra", "`app_service_terms`: also list the app's terms")]);

pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new().get("/v1/user/service/terms", &ABOUT, kapi(list))
}

async fn list(call: Call) -> Result<LegacyServiceTerms, Error> {
    let target = Target::find(&call, ApiGroup::ServiceTerms).await?;
    service_terms::check_enabled(target.app())?;
    let rows: Vec<_> = service_terms::rows(target.app(), Some(target.link())).collect();
    let allowed = rows.iter().filter_map(|row| {
        let agreed_at = row.agreement?.at.rfc3339();
        Some(AllowedServiceTerm { tag: row.term.tag.clone(), agreed_at })
    });
    let wants_app = call.words("extra").is_some_and(|extra| extra.iter().any(|word| word == "app_service_terms"));
    let of_app = rows.iter().map(|row| AppServiceTerm { tag: row.term.tag.clone() });
    Ok(LegacyServiceTerms {
        user_id: target.link().user_id.0,
        allowed_service_terms: allowed.collect(),
        app_service_terms: wants_app.then(|| of_app.collect()),
    })
}
