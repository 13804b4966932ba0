//! accounts: the pages of the account service.

mod attempt;
pub mod create_account;
pub mod login;
pub mod terms;

use std::sync::Arc;

use kakaw_core::diagnosis::Refusal;
use kakaw_wire::Problem;
use kakaw_wire::form::Pairs;
use kakaw_wire::url::split_query;

use super::error::Error;
use super::kauth::find_key;
use crate::Platform;
use crate::endpoint::Routes;
use crate::pages::AppIdentity;
use crate::request::context::RequestContext;

/// Returns the routes of every page of accounts.
pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new().merge(login::routes()).merge(create_account::routes()).merge(terms::routes())
}

/// Returns the app of the authorization request that a page continues with, if its key is known.
async fn app_of(context: &RequestContext, target: &str) -> Result<Option<AppIdentity>, Error> {
    let pairs = Pairs::parse(split_query(target).1).ok();
    let key = pairs.as_ref().and_then(|pairs| pairs.one("client_id").ok().flatten()).unwrap_or_default();
    let found = if key.is_empty() { None } else { find_key(&context.platform, key).await? };
    Ok(found.map(|(app, _)| AppIdentity::from(&*app)))
}

/// Checks the URL to continue with. It must be an authorization request of ours; otherwise a page could send people to
/// any site.
fn checked_continue(text: &str) -> Result<&str, Refusal> {
    if text.starts_with("/oauth/authorize?") && !text.chars().any(char::is_control) {
        return Ok(text);
    }
    let reason = "expected a path that begins with /oauth/authorize?".to_owned();
    Err(Problem::MalformedRequest { parameter: "continue".to_owned(), reason }.into())
}
