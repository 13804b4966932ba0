//! The wire format of Kakao Login: parameters, replies, consent items and the catalogue of errors.
//!
//! This crate contains no rules: it defines names and shapes, and does not decide when they are used.

#![deny(missing_docs)]

pub mod authorize;
pub mod event;
pub mod form;
pub mod ka;
pub mod lookup;
pub mod oidc;
pub mod problem;
pub mod scope;
pub mod setting;
pub mod shipping;
pub mod span;
#[cfg(feature = "texts")]
pub mod text;
pub mod token;
pub mod url;
pub mod user;

pub use problem::{Code, Problem, Surface};
pub use setting::{Expected, SettingProblem};
pub use span::Span;
