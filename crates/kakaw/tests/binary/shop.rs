//! The platform of the tests of `serve`: one app with safe secrets, and one person.

/// The REST API key.
pub const KEY: &str = "8f14e45fceea167a5a36dedd4bea2543";
/// Its client secret.
pub const SECRET: &str = "9f86d081884c7d659a2feaa0c55ad015";
/// The admin key.
pub const ADMIN: &str = "c9f0f895fb98ab9159f51fd0297e236d";
pub const REDIRECT_URI: &str = "https://shop.example/callback";
pub const OWNER: &str = "owner@example.com";
pub const PASSWORD: &str = "the password of the owner";
/// An authorization request without scopes. More parameters can follow.
pub const AUTHORIZE: &str = "/oauth/authorize?client_id=8f14e45fceea167a5a36dedd4bea2543\
                             &redirect_uri=https%3A%2F%2Fshop.example%2Fcallback&response_type=code";

/// The world file.
pub const WORLD: &str = r#"
[[apps]]
id = 1
name = "Shop"
oidc = true
consent_items.profile_nickname = "required"
[[apps.rest_api_keys]]
key = "8f14e45fceea167a5a36dedd4bea2543"
client_secret = "9f86d081884c7d659a2feaa0c55ad015"
redirect_uris = ["https://shop.example/callback"]
[[apps.admin_keys]]
key = "c9f0f895fb98ab9159f51fd0297e236d"
[[people]]
email = "owner@example.com"
password = "the password of the owner"
nickname = "Owner"
"#;

/// The form of a token request with these parameters, as the app sends it.
pub fn token_form<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&[("client_id", KEY), ("client_secret", SECRET)], more].concat()
}

/// The form that exchanges a code.
pub fn exchange_form(code: &str) -> Vec<(&str, &str)> {
    token_form(&[("grant_type", "authorization_code"), ("code", code), ("redirect_uri", REDIRECT_URI)])
}

/// The form that refreshes tokens.
pub fn refresh_form(refresh_token: &str) -> Vec<(&str, &str)> {
    token_form(&[("grant_type", "refresh_token"), ("refresh_token", refresh_token)])
}
