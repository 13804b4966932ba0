//! The id of the request that is being answered. It stands in every line of the log about it, and in the header
//! `x-request-id` of a refusal.

use std::cell::OnceCell;
use std::sync::Arc;

use kakaw_core::random::{self, Random};

use crate::Platform;

tokio::task_local! {
    static CURRENT: Id;
}

/// Most requests leave no line in the log, so an id is drawn when it is asked for.
struct Id {
    platform: Arc<Platform>,
    drawn: OnceCell<String>,
}

/// Answers a request, which has one id from here on.
pub async fn within<F: Future>(platform: Arc<Platform>, answer: F) -> F::Output {
    CURRENT.scope(Id { platform, drawn: OnceCell::new() }, answer).await
}

/// The id of the request that this task answers.
#[must_use]
pub fn current() -> Option<String> {
    let read = |id: &Id| id.drawn.get_or_init(|| draw(&*id.platform.random)).clone();
    CURRENT.try_with(read).ok()
}

/// The same, or an id of its own for what happens outside of any request.
pub fn current_or_new(random: &dyn Random) -> String {
    current().unwrap_or_else(|| draw(random))
}

fn draw(random: &dyn Random) -> String {
    random::token(random).chars().take(12).collect()
}
