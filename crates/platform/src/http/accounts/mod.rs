//! accounts: the pages of the account itself.

pub mod create_account;
pub mod login;
pub mod terms;

use std::sync::Arc;

use kakaw_core::diagnosis::Refusal;
use kakaw_wire::Problem;

use crate::Platform;
use crate::endpoint::Routes;

/// Every page of accounts.
pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new().merge(login::routes()).merge(create_account::routes()).merge(terms::routes())
}

/// Where a page goes on: only an authorization request of ours, or the page would send people anywhere.
fn checked_continue(text: &str) -> Result<&str, Refusal> {
    if text.starts_with("/oauth/authorize?") && !text.chars().any(char::is_control) {
        return Ok(text);
    }
    let reason = "expected a path that begins with /oauth/authorize?".to_owned();
    Err(Problem::MalformedRequest { parameter: "continue".to_owned(), reason }.into())
}
