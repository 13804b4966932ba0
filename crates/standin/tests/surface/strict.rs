//! A decoder that fails on what the strictest official SDK fails on (`reference/sdk/models.md`): a missing key, a
//! number in quotes, an unknown word, a time with fractions.

use serde_json::Value;

/// The type of a key's value.
#[derive(Clone, Copy)]
pub enum Kind {
    Int,
    Bool,
    Text,
    /// `YYYY-MM-DDThh:mm:ssZ`.
    Time,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Text keys and text values.
    Texts,
    Object(&'static [Field]),
    List(&'static [Field]),
}

/// A key, whether it is required, and its type.
pub type Field = (&'static str, bool, Kind);

const R: bool = true;
const O: bool = false;
use Kind::{Bool, Int, List, Object, Text, Texts, Time, Word};

pub const TOKEN: &[Field] = &[
    ("token_type", R, Word(&["bearer"])),
    ("access_token", R, Text),
    ("expires_in", R, Int),
    ("refresh_token", R, Text),
    ("refresh_token_expires_in", R, Int),
    ("scope", O, Text),
    ("id_token", O, Text),
    ("tx_id", O, Text),
];
/// A refresh may omit the refresh token.
pub const REFRESHED: &[Field] = &[
    ("token_type", R, Word(&["bearer"])),
    ("access_token", R, Text),
    ("expires_in", R, Int),
    ("refresh_token", O, Text),
    ("refresh_token_expires_in", O, Int),
    ("scope", O, Text),
    ("id_token", O, Text),
];
pub const AGT: &[Field] = &[("agt", R, Text)];
pub const PREPARED: &[Field] = &[("kauth_tx_id", R, Text)];
pub const TOKEN_INFO: &[Field] =
    &[("id", O, Int), ("expires_in", R, Int), ("app_id", R, Int), ("expiresInMillis", O, Int), ("appId", O, Int)];
pub const USER_ID: &[Field] = &[("id", R, Int)];
pub const USER: &[Field] = &[
    ("id", R, Int),
    ("has_signed_up", O, Bool),
    ("connected_at", O, Time),
    ("synched_at", O, Time),
    ("properties", O, Texts),
    ("kakao_account", O, Object(ACCOUNT)),
];
const AGES: &[&str] = &["0~9", "10~14", "15~19", "20~29", "30~39", "40~49", "50~59", "60~69", "70~79", "80~89", "90~"];
const ACCOUNT: &[Field] = &[
    ("profile_needs_agreement", O, Bool),
    ("profile_nickname_needs_agreement", O, Bool),
    ("profile_image_needs_agreement", O, Bool),
    (
        "profile",
        O,
        Object(&[
            ("nickname", O, Text),
            ("profile_image_url", O, Text),
            ("thumbnail_image_url", O, Text),
            ("is_default_image", O, Bool),
            ("is_default_nickname", O, Bool),
        ]),
    ),
    ("name_needs_agreement", O, Bool),
    ("name", O, Text),
    ("has_email", O, Bool),
    ("email_needs_agreement", O, Bool),
    ("is_email_valid", O, Bool),
    ("is_email_verified", O, Bool),
    ("email", O, Text),
    ("age_range_needs_agreement", O, Bool),
    ("age_range", O, Word(AGES)),
    ("birthyear_needs_agreement", O, Bool),
    ("birthyear", O, Text),
    ("birthday_needs_agreement", O, Bool),
    ("birthday", O, Text),
    ("birthday_type", O, Word(&["SOLAR", "LUNAR"])),
    ("is_leap_month", O, Bool),
    ("gender_needs_agreement", O, Bool),
    ("gender", O, Word(&["male", "female"])),
    ("phone_number_needs_agreement", O, Bool),
    ("phone_number", O, Text),
    ("ci_needs_agreement", O, Bool),
    ("ci", O, Text),
    ("ci_authenticated_at", O, Time),
];
pub const SCOPES: &[Field] = &[
    ("id", R, Int),
    (
        "scopes",
        O,
        List(&[
            ("id", R, Text),
            ("display_name", R, Text),
            ("type", R, Word(&["PRIVACY", "SERVICE"])),
            ("using", R, Bool),
            ("agreed", R, Bool),
            ("revocable", O, Bool),
        ]),
    ),
];
pub const TERMS: &[Field] = &[
    ("id", R, Int),
    (
        "service_terms",
        O,
        List(&[
            ("tag", R, Text),
            ("required", R, Bool),
            ("agreed", R, Bool),
            ("revocable", R, Bool),
            ("agreed_at", O, Time),
            ("agreed_by", O, Word(&["KAUTH", "KAPI"])),
        ]),
    ),
];
pub const REVOKED_TERMS: &[Field] =
    &[("id", R, Int), ("revoked_service_terms", O, List(&[("tag", R, Text), ("agreed", R, Bool)]))];
pub const ADDRESSES: &[Field] = &[
    ("user_id", O, Int),
    ("shipping_addresses_needs_agreement", O, Bool),
    (
        "shipping_addresses",
        O,
        List(&[
            ("id", R, Int),
            ("name", O, Text),
            ("is_default", R, Bool),
            ("updated_at", O, Int),
            ("type", O, Word(&["OLD", "NEW"])),
            ("base_address", O, Text),
            ("detail_address", O, Text),
            ("receiver_name", O, Text),
            ("receiver_phone_number1", O, Text),
            ("receiver_phone_number2", O, Text),
            ("zone_number", O, Text),
            ("zip_code", O, Text),
        ]),
    ),
];
pub const KAUTH_ERROR: &[Field] = &[("error", R, Text), ("error_description", O, Text), ("error_code", O, Text)];
pub const KAPI_ERROR: &[Field] = &[("code", R, Int), ("msg", R, Text), ("api_type", O, Text)];

/// Decodes a value. The error says what an SDK would fail on.
pub fn decode(value: &Value, fields: &[Field]) -> Result<(), String> {
    let object = value.as_object().ok_or_else(|| format!("an object expected: {value}"))?;
    for (key, needed, kind) in fields {
        match object.get(*key) {
            None | Some(Value::Null) if *needed => return Err(format!("{key} is missing: {value}")),
            None | Some(Value::Null) => {}
            Some(found) => fits(found, *kind).map_err(|why| format!("{key}: {why}"))?,
        }
    }
    // A key that no model knows would be a wrong name.
    match object.keys().find(|key| fields.iter().all(|(known, ..)| known != key)) {
        Some(unknown) => Err(format!("{unknown} is in no model: {value}")),
        None => Ok(()),
    }
}

fn fits(value: &Value, kind: Kind) -> Result<(), String> {
    let fits = match kind {
        Int => value.is_i64(),
        Bool => value.is_boolean(),
        Text => value.is_string(),
        Time => value.as_str().is_some_and(is_time),
        Word(words) => value.as_str().is_some_and(|word| words.contains(&word)),
        Texts => value.as_object().is_some_and(|map| map.values().all(Value::is_string)),
        Object(fields) => return decode(value, fields),
        List(fields) => {
            return value.as_array().ok_or("a list expected")?.iter().try_for_each(|item| decode(item, fields));
        }
    };
    if fits { Ok(()) } else { Err(format!("{value} does not decode")) }
}

fn is_time(text: &str) -> bool {
    let pattern = "dddd-dd-ddTdd:dd:ddZ";
    text.len() == pattern.len()
        && text.bytes().zip(pattern.bytes()).all(|(c, p)| if p == b'd' { c.is_ascii_digit() } else { c == p })
}

#[test]
fn the_decoder_is_strict() {
    use serde_json::json;
    assert!(decode(&json!({ "id": 1 }), USER_ID).is_ok());
    for wrong in [json!({}), json!({ "id": "1" }), json!({ "id": 1.5 }), json!({ "id": 1, "x": 1 }), json!([1])] {
        assert!(decode(&wrong, USER_ID).is_err(), "{wrong}");
    }
    for wrong in ["2026-11-20T03:00:00.000Z", "2026-11-20T03:00:00+00:00", "2026-11-20"] {
        assert!(decode(&json!({ "id": 1, "connected_at": wrong }), USER).is_err(), "{wrong}");
    }
    assert!(decode(&json!({ "id": 1, "properties": { "a": 1 } }), USER).is_err());
    assert!(decode(&json!({ "id": 1, "kakao_account": { "gender": "x" } }), USER).is_err());
}
