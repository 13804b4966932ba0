//! Interception: a process's traffic to the hosts of Kakao Login reaches a stand-in; all other traffic passes untouched.

pub mod authority;
pub mod environment;
pub mod proxy;
