//! The listeners of a running stand-in that take traffic to Kakao's hosts.

use kakaw_standin::intercept::{self, Entrance};

use super::place::{Running, stand_in};

/// Where a running stand-in takes traffic to Kakao's hosts.
pub struct Entered {
    pub url: String,
    pub entrance: Entrance,
}

impl Entered {
    /// Asks the stand-in at this URL (default: of the environment, else of this machine) to take such traffic.
    pub async fn at(url: Option<String>, options: &intercept::Options) -> anyhow::Result<Self> {
        let url = stand_in(url);
        let answer = Running::at(&url).send_json("/control/v1/interception", options).await?;
        Ok(Self { url, entrance: serde_json::from_str(&answer)? })
    }
}
