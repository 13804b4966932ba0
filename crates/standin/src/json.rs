//! JSON that is built step by step.

use serde_json::Value;

/// Sets a member of an object. A value that is not an object does not change.
pub fn set(object: &mut Value, name: &str, value: impl Into<Value>) {
    if let Some(object) = object.as_object_mut() {
        object.insert(name.to_owned(), value.into());
    }
}
