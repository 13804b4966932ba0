//! HTTP, pages, jobs, configuration and the command line of Kakaw.

pub mod cli;
pub mod clock;
pub mod config;
pub mod events;
pub mod fault_rules;
pub mod http;
pub mod intercept;
pub mod key_pool;
pub mod keys;
pub mod openapi;
pub mod operator;
pub mod page;
pub mod password;
pub mod priority;
pub mod quota;
pub mod random;
pub mod request_log;
pub mod schedule;
pub mod signer;
pub mod snapshots;
pub mod unlink;
pub mod webhooks;
pub mod world;
pub mod world_file;
pub mod worlds;
