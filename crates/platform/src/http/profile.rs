//! `GET /profile/{name}/{file}` — profile pictures: a plain drawing of our own.

use std::sync::Arc;

use axum::http::header;
use axum::routing;

use crate::Platform;
use crate::endpoint::Routes;

const PICTURE: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 64 64\"><rect width=\"64\" height=\"64\" fill=\"#cfe3dc\"/><circle cx=\"32\" cy=\"25\" r=\"12\" fill=\"#2f5d50\"/><path d=\"M8 64c0-16 11-24 24-24s24 8 24 24z\" fill=\"#2f5d50\"/></svg>";

pub fn routes() -> Routes<Arc<Platform>> {
    Routes::new()
        .plain("/profile/{name}/{file}", routing::get(async || ([(header::CONTENT_TYPE, "image/svg+xml")], PICTURE)))
}
