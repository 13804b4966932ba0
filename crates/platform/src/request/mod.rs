//! Parts of every request: context, body, cookies, form tokens and redirects.

pub mod body;
pub mod context;
pub mod cookie;
pub mod current;
pub mod decision;
pub mod form_token;
pub mod known;
pub mod network;
pub mod redirect;
pub mod settled;
pub mod used_forms;
