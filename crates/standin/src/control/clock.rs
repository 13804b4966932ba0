//! `GET /control/v1/clock` — the world's time. `POST /control/v1/clock` — freeze, set, advance or release it.

use axum::http::StatusCode;
use axum::response::Response;
use kakaw_core::{Millis, Span};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::caller::{Caller, Sent};
use crate::durations::maybe_seconds;
use crate::refused::Refused;
use crate::schedule;
use crate::world::World;
use kakaw_platform::http::error;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// `true`: stop the clock; `false`: let it run again from its current time.
    freeze: Option<bool>,
    /// RFC 3339: stop the clock at this time, which must not be before the world's current time.
    set: Option<String>,
    /// Seconds to move the clock forward, or `6h`, `30d`; everything that becomes due happens, in order.
    #[serde(default, deserialize_with = "maybe_seconds::deserialize")]
    advance: Option<Span>,
}

pub async fn get(caller: Caller) -> Response {
    error::json(StatusCode::OK, &shown(&caller.world))
}

pub async fn post(Sent(caller, change): Sent<Change>) -> Response {
    let to = match target(&caller.world, &change) {
        Ok(to) => to,
        Err(reason) => return caller.refuse(reason),
    };
    let world = &caller.world;
    if let Some(freeze) = change.freeze {
        world.place.clock.freeze(freeze);
    }
    if change.set.is_some() {
        world.place.clock.freeze(true);
    }
    let moved = match to {
        Some(to) => schedule::advance_to(world, to).await,
        None => Ok(()),
    };
    caller.reply(moved.map(|()| shown(world)).map_err(Refused::from))
}

/// Returns the time that the clock is to be moved to.
fn target(world: &World, change: &Change) -> Result<Option<Millis>, String> {
    match (&change.set, change.advance) {
        (Some(_), Some(_)) => Err("set and advance cannot be combined".to_owned()),
        (Some(text), None) => match Millis::from_rfc3339(text) {
            Some(moment) if moment >= world.now() => Ok(Some(moment)),
            Some(_) => Err(format!("set: {text} is before the world's current time; the clock only moves forward")),
            None => Err(format!("set: {text:?} is not an RFC 3339 time, such as 2026-11-20T03:00:00Z")),
        },
        (None, Some(span)) if (Span::ZERO..=Span::days(3660)).contains(&span) => Ok(Some(world.now() + span)),
        (None, Some(span)) => Err(format!("advance: {}; expected 0 to ten years", span.as_seconds())),
        (None, None) => Ok(None),
    }
}

fn shown(world: &World) -> Value {
    json!({ "now": world.now().rfc3339_exact(), "frozen": world.place.clock.is_frozen() })
}
