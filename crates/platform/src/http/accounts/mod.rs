//! accounts: the pages of the account service.

mod attempt;
pub mod create_account;
pub mod login;
pub mod terms;

use std::sync::Arc;

use kakaw_core::diagnosis::Refusal;
use kakaw_wire::Problem;

use crate::Platform;
use crate::endpoint::Routes;

/// Returns the routes of every page of accounts.
pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new().merge(login::routes()).merge(create_account::routes()).merge(terms::routes())
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
