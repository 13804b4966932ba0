//! Pages of the stand-in. They use the platform's frame.

pub mod demo;
pub mod inspector;
pub mod start;
pub mod talk;
pub mod words;
