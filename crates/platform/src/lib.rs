//! The login platform: HTTP, pages, use cases, deliveries and jobs.

pub mod audit;
pub mod brand;
pub mod clock;
pub mod commit;
pub mod deliver;
pub mod endpoint;
pub mod http;
pub mod jobs;
pub mod keys;
pub mod log;
pub mod manage;
pub mod management;
pub mod metrics;
pub mod openapi;
pub mod origins;
pub mod outgoing;
pub mod pages;
pub mod password;
pub mod platform;
pub mod priority;
pub mod private_file;
pub mod quota;
pub mod random;
pub mod request;
pub mod server;
pub mod signer;
pub mod surroundings;
pub mod throttle;
pub mod tombstones;
pub mod transient_results;

pub use platform::Platform;
