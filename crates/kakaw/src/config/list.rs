//! A list of texts: an array in the file, or one text with commas, as in a variable.

use serde::{Deserialize, Deserializer};

#[derive(Deserialize)]
#[serde(untagged)]
enum Given {
    One(String),
    Many(Vec<String>),
}

/// Reads a list.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(match Given::deserialize(deserializer).map_err(|_| serde::de::Error::custom("expected a list of texts"))? {
        Given::One(text) => text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect(),
        Given::Many(list) => list,
    })
}
