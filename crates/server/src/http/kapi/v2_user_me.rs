//! `GET /v2/user/me`, `POST /v2/user/me` — what the app may know about the person.
//!
//! | parameter         | needed | rule                                                                       |
//! |-------------------|--------|----------------------------------------------------------------------------|
//! | `property_keys`   | no     | a JSON list of text: limits the answer, else -2                             |
//! | `secure_resource` | no     | `true` or `false`, else -2; picture URLs are https when our own base is     |
//! | `access_token`    | no     | by setting, instead of the header                                          |

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use axum::routing;
use kakaw_core::user_info::{self, Keys, Pictures};
use kakaw_wire::Problem;
use kakaw_wire::form::Pairs;
use kakaw_wire::user::User;

use super::Caller;
use crate::http::body::{self, BodyError};
use crate::http::fault::{Fault, json};
use crate::http::here;
use crate::world::World;

pub fn routes() -> Router<Arc<World>> {
    Router::new().route("/v2/user/me", routing::get(me).post(me))
}

async fn me(State(world): State<Arc<World>>, request: Request) -> Response {
    let base = here::base(&world, request.headers());
    match answer(&world, &base, request).await {
        Ok(user) => json(StatusCode::OK, &user),
        Err(fault) => fault.kapi(&world, &base),
    }
}

async fn answer(world: &World, base: &str, request: Request) -> Result<User, Fault> {
    let headers = request.headers().clone();
    let query = Pairs::parse(request.uri().query().unwrap_or_default())
        .map_err(|error| bad(error.parameter(), error.reason()))?;
    let form = if request.method() == Method::POST {
        body::form_or_nothing(request).await.map_err(not_a_form)?
    } else {
        Pairs::default()
    };
    let in_query = query.one("access_token").ok().flatten().filter(|_| world.access_token_in_query);
    let caller = match in_query.filter(|_| !headers.contains_key(axum::http::header::AUTHORIZATION)) {
        Some(token) => Caller::with_token(world, token).await?,
        None => Caller::admit(world, &headers).await?,
    };
    let parameter = |name: &str| -> Result<Option<String>, Fault> {
        let both = [query.one(name), form.one(name)];
        let mut value = None;
        for one in both {
            value = value.or(one.map_err(|_| bad(name, "It was sent more than once."))?);
        }
        // The SDKs send a literal null for what is absent.
        Ok(value.filter(|text| !text.is_empty() && *text != "null").map(str::to_owned))
    };
    if let Some(flag) = parameter("secure_resource")?
        && !["true", "false"].contains(&flag.as_str())
    {
        return Err(bad("secure_resource", "Expected true or false."));
    }
    let keys = match parameter("property_keys")? {
        None => Keys::All,
        Some(text) => {
            Keys::Only(serde_json::from_str(&text).map_err(|_| bad("property_keys", "Expected a JSON list of text."))?)
        }
    };
    Ok(user_info::me(&caller.bearer, &caller.app, &keys, &Pictures { base }, world.now()))
}

fn bad(parameter: &str, reason: &str) -> Fault {
    Problem::BadArgument { parameter: parameter.to_owned(), reason: reason.to_owned() }.into()
}

fn not_a_form(error: BodyError) -> Fault {
    match &error {
        BodyError::NotAForm(_) => {
            Problem::WrongHeader { header: "Content-Type".to_owned(), reason: error.reason() }.into()
        }
        BodyError::Unreadable(_) | BodyError::Form(_) => bad("body", &error.reason()),
    }
}
