//! The decisions of `GET /oauth/authorize`: which requests are valid, and what comes next for the person.
//!
//! [`Parameters::parse`] reads what was sent, [`Request::check`] compares it with the app, [`Request::next`] decides.
//! The two tables of checks are the contract: the first check that refuses determines the code. Nothing is redirected
//! before the redirect URI is known to belong to the app.

pub mod authorization;
mod checks;
pub mod code;
pub mod code_polling;
mod next;
mod parameters;
pub mod pkce;

pub use checks::Request;
pub use next::{Next, Subject};
pub use parameters::{Parameters, Prompt};
