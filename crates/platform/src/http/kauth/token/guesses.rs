//! Slows down guesses of client secrets, codes and refresh tokens. A client whose credentials were wrong many times waits
//! before the next are checked. Unknown codes and tokens only delay their own replies: services also send expired ones.

use std::net::IpAddr;

use kakaw_wire::Problem;
use kakaw_wire::form::Pairs;

use crate::Platform;
use crate::http::error::Error;
use crate::request::network::Network;

/// The guesses of a client from one network.
pub(super) struct Guesses<'a> {
    platform: &'a Platform,
    network: Network,
    client_id: &'a str,
}

impl<'a> Guesses<'a> {
    pub(super) fn of(platform: &'a Platform, address: Option<IpAddr>, form: &'a Pairs) -> Self {
        let client_id = form.one("client_id").ok().flatten().unwrap_or_default();
        Self { platform, network: Network::of_caller(address), client_id }
    }

    /// Waits until the credentials may be checked.
    ///
    /// # Errors
    /// KOE237, when that would take longer than a client waits.
    pub(super) async fn wait(&self) -> Result<(), Error> {
        match self.platform.throttle.admits_client(self.network, self.client_id).await {
            true => Ok(()),
            false => Err(Problem::TokenRateLimit {}.into()),
        }
    }

    /// Counts a refusal that may be a wrong guess.
    pub(super) async fn count(&self, error: &Error) {
        let Error::Refused(refusal) = error else { return };
        match refusal.problem {
            Problem::BadClientCredentials {} => self.platform.throttle.client_failed(self.network, self.client_id),
            Problem::CodeNotFound { .. } | Problem::RefreshTokenNotAccepted {} => {
                let wait = self.platform.throttle.grant_failed(self.network);
                self.platform.throttle.hold(wait).await;
            }
            _ => {}
        }
    }
}
