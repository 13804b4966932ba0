//! `[management]`: the listener for probes and figures.

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::list;

/// `[management]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Management {
    /// Address and port of `/healthz`, `/readyz` and `/metrics` (plain HTTP). Only probes and Prometheus should reach it.
    /// Default of `serve`: 127.0.0.1 and the port after that of `listen`; `dev` has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
    /// Names at which probes and Prometheus reach the management listener, without a port, besides `localhost` and every IP
    /// address. A request for any other name gets 421, so that no web page can read the figures by DNS rebinding. In a
    /// variable, commas separate the names.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "list::deserialize")]
    pub hosts: Vec<String>,
}
