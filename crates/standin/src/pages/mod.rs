//! Pages of the stand-in; their frame is the platform's.

pub mod demo;
pub mod inspector;
pub mod start;
pub mod talk;
pub mod words;
