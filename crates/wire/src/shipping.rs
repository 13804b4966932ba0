//! Shipping addresses: the reply of the user API, and errors of the address picker.

use serde::{Deserialize, Serialize};

/// Reply of `/v1/user/shipping_address`. No list and `false`: the person has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the names are those of the wire")]
pub struct ShippingAddresses {
    pub user_id: i64,
    /// Whether consent must be asked for first; then there is no list.
    pub shipping_addresses_needs_agreement: bool,
    /// The default address first, then the newest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_addresses: Option<Vec<ShippingAddress>>,
}

/// An address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct ShippingAddress {
    /// Address id.
    pub id: i64,
    /// Whether the picker offers it first.
    pub is_default: bool,
    /// Unix seconds.
    pub updated_at: i64,
    /// What the person typed.
    #[serde(flatten)]
    pub fields: AddressFields,
}

/// What people type.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct AddressFields {
    /// What the person calls the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// By road or by lot number.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<AddressKind>,
    /// The part that the postal service knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_address: Option<String>,
    /// Building, floor and room.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail_address: Option<String>,
    /// Who receives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receiver_name: Option<String>,
    /// The receiver's phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receiver_phone_number1: Option<String>,
    /// Another number of the receiver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receiver_phone_number2: Option<String>,
    /// Five digits: the postcode of an address by road.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone_number: Option<String>,
    /// Six digits: the postcode of before 2015.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zip_code: Option<String>,
}

/// `type` of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
#[serde(rename_all = "UPPERCASE")]
pub enum AddressKind {
    /// By road.
    New,
    /// By lot number.
    Old,
}

/// An error of the picker and of what else lives on the apps host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct AppsError {
    /// `KAE` and three digits.
    pub error_code: String,
    /// The sentence that goes with it.
    pub error_msg: String,
}
