//! What every request has: where it arrived, who sent it, its body, its cookies, and how it is sent on.

pub mod body;
pub mod context;
pub mod cookie;
pub mod decision;
pub mod form_token;
pub mod id;
pub mod redirect;
pub mod settled;
