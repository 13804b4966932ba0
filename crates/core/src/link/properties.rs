//! User properties: values that an app stores about its people, under keys that it registered.

use std::collections::BTreeMap;

use kakaw_wire::Problem;

use crate::app::App;
use crate::diagnosis::Refusal;
use crate::link::Link;

/// Maximum length of a value, in characters. The limit is ours: Kakao does not publish its own.
pub const VALUE: usize = 2000;

/// Merges `given` into the person's properties.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn only_registered_keys_and_values_of_a_size_are_stored() {
        let mut app = samples::app(&[]);
        app.settings.user_properties = vec!["tier".to_owned(), "city".to_owned()];
        let link = Link { properties: map(&[("tier", "gold"), ("old", "kept")]), ..samples::link(&[]) };
        let stored = |given: &[(&str, &str)]| stored(&app, &link, &map(given));
        assert_eq!(stored(&[]), Ok(link.properties.clone()));
        assert_eq!(stored(&[("tier", "silver")]), Ok(map(&[("tier", "silver"), ("old", "kept")])));
        let refusal = stored(&[("tier", "x"), ("a", "x"), ("b", "x")]).expect_err("unknown keys");
        assert_eq!(refusal.problem, Problem::UnknownProperty { keys: "a, b".to_owned(), app_id: "1".to_owned() });
        assert_eq!(refusal.diagnosis.for_team(), ["registered keys: tier, city"]);
        assert!(stored(&[("city", &"서".repeat(VALUE))]).is_ok(), "characters count, not bytes");
        for wrong in ["x".repeat(VALUE + 1), "a\0b".to_owned()] {
            let refusal = stored(&[("city", &wrong)]).expect_err("a value that does not fit");
            assert!(
                matches!(refusal.problem, Problem::BadArgument { ref reason, .. } if reason.starts_with("city has "))
            );
        }
    }
}
