//! Attributes with few values.

use serde::{Deserialize, Serialize};

/// `gender` on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Gender {
    Female,
    Male,
}

impl Gender {
    /// Returns the name on the wire.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Female => "female",
            Self::Male => "male",
        }
    }
}

/// `birthday_type` on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum BirthdayType {
    Solar,
    Lunar,
}

impl BirthdayType {
    /// Returns the name on the wire.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Solar => "SOLAR",
            Self::Lunar => "LUNAR",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_on_the_wire_are_those_of_the_stored_form() {
        for (stored, name) in [
            (serde_json::to_string(&Gender::Female), Gender::Female.id()),
            (serde_json::to_string(&Gender::Male), Gender::Male.id()),
            (serde_json::to_string(&BirthdayType::Solar), BirthdayType::Solar.id()),
            (serde_json::to_string(&BirthdayType::Lunar), BirthdayType::Lunar.id()),
        ] {
            assert_eq!(stored.expect("JSON"), format!("\"{name}\""));
        }
    }
}
