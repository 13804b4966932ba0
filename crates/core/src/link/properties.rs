//! User properties: what an app stores about its people, under keys that it registered.

use std::collections::BTreeMap;

use kakaw_wire::Problem;

use crate::app::App;
use crate::diagnosis::Refusal;
use crate::link::Link;

/// Characters that one value may have (our limit: Kakao does not publish its own).
pub const VALUE: usize = 2000;

/// The person's properties with `given` laid over them.
///
/// # Errors
/// -201 when a key is not registered, -2 when a value is too long.
pub fn stored(app: &App, link: &Link, given: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Refusal> {
    let registered = &app.settings.user_properties;
    let unknown: Vec<&str> = given.keys().filter(|key| !registered.contains(key)).map(String::as_str).collect();
    if !unknown.is_empty() {
        let problem = Problem::UnknownProperty { keys: unknown.join(", "), app_id: app.id.to_string() };
        return Err(Refusal::new(problem).because(format!("registered keys: {}", registered.join(", "))));
    }
    if let Some((key, value)) = given.iter().find(|(_, value)| value.chars().count() > VALUE || value.contains('\0')) {
        let reason = format!("{key} has {} characters; expected {VALUE} at most, and no NUL.", value.chars().count());
        return Err(Problem::BadArgument { parameter: "properties".to_owned(), reason }.into());
    }
    let mut properties = link.properties.clone();
    properties.extend(given.iter().map(|(key, value)| (key.clone(), value.clone())));
    Ok(properties)
}
