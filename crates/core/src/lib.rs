//! The rules of Kakaw: values in, decisions out.
//!
//! Nothing here knows HTTP, SQL, the time of day or chance: what a rule needs of them comes in as an argument.

pub mod account;
pub mod app;
pub mod authorize;
pub mod client_auth;
pub mod code;
pub mod code_polling;
pub mod consent;
pub mod diagnosis;
pub mod grant;
pub mod id_token;
pub mod key;
pub mod link;
pub mod pkce;
pub mod platform;
pub mod policy;
pub mod properties;
pub mod random;
pub mod redirect_uri;
pub mod refresh;
pub mod scopes;
pub mod seal;
pub mod secret;
pub mod service_terms;
pub mod session;
pub mod shipping;
pub mod time;
pub mod token;
pub mod token_request;
pub mod user_info;
pub mod webhook;

pub use diagnosis::Refusal;
pub use kakaw_wire as wire;
pub use time::Millis;
