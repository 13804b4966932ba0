//! JSON that is put together piece by piece.

use serde_json::Value;

/// Sets a member of an object. What is no object stays as it is.
pub fn set(object: &mut Value, name: &str, value: impl Into<Value>) {
    if let Some(object) = object.as_object_mut() {
        object.insert(name.to_owned(), value.into());
    }
}
