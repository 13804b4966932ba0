//! The id of the current request. Every log line about it contains the id, and so does the header `x-request-id` of a
//! refusal.

use std::cell::OnceCell;
use std::sync::Arc;

use kakaw_core::random::{self, Random};

use crate::Platform;

tokio::task_local! {
    static CURRENT: Id;
}

/// Most requests write no log line, so an id is drawn at its first use.
struct Id {
    platform: Arc<Platform>,
    drawn: OnceCell<String>,
}

/// Runs the handling of a request, which has one id.
pub async fn within<F: Future>(platform: Arc<Platform>, answer: F) -> F::Output {
    CURRENT.scope(Id { platform, drawn: OnceCell::new() }, answer).await
}

/// Returns the id of the request that this task handles.
#[must_use]
pub fn current() -> Option<String> {
    let read = |id: &Id| id.drawn.get_or_init(|| draw(&*id.platform.random)).clone();
    CURRENT.try_with(read).ok()
}

/// The same. Outside of a request, it draws an id.
pub(crate) fn current_or_new(random: &dyn Random) -> String {
    current().unwrap_or_else(|| draw(random))
}

fn draw(random: &dyn Random) -> String {
    random::token(random).chars().take(12).collect()
}
