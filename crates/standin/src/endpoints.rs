//! The endpoints of a world: the platform's, with recording and injected faults, and the stand-in's own.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use kakaw_platform::endpoint::Routes;
use kakaw_platform::request::settled::Settled;

use crate::world::{Shared, World};
use crate::{cdn, control, inspector, record, start, talk, unattended};

/// Returns the router of every endpoint of a world.
pub fn of(world: Arc<World>) -> Router {
    with(world, Routes::new())
}

/// The same with the routes in `more`.
pub fn with(world: Arc<World>, more: Routes<Shared>) -> Router {
    let own = more.merge(start::routes()).merge(control::routes()).merge(inspector::routes()).merge(cdn::routes());
    let platform = Arc::clone(&world.platform);
    let routes = kakaw_platform::http::routes(&platform, own.with_state(&Shared(Arc::clone(&world))))
        .layer(middleware::from_fn(settle))
        .layer(middleware::from_fn_with_state(world, record::record))
        .layer(middleware::from_fn(patient));
    kakaw_platform::http::guarded(&platform, routes)
}

/// Requests about whole worlds have no limit of their time on the database.
async fn patient(request: Request, next: Next) -> Response {
    if request.uri().path().starts_with("/control/") {
        return next.run(request).await;
    }
    kakaw_platform::http::patient(request, next).await
}

/// Reads from an authorization request what only a stand-in decides: who answers its pages, or how KakaoTalk ended.
async fn settle(mut request: Request, next: Next) -> Response {
    // An injected error comes first, then how KakaoTalk ended, then who answers the pages.
    if request.uri().path() == "/oauth/authorize" && request.extensions().get::<Settled>().is_none() {
        talk::settle(&mut request);
        unattended::settle(&mut request);
    }
    next.run(request).await
}
