//! `GET /oauth/authorize`, decided: what a request must be, and what comes next for this person.
//!
//! [`Parameters::parse`] reads what was sent, [`Request::check`] compares it with the app, [`Request::next`] decides. The
//! two tables of checks are the contract: the first check that refuses decides which code is answered, and before the
//! redirect URI is known to be the app's, nothing is ever redirected.

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
