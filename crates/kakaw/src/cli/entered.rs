//! A running stand-in's listeners that intercept traffic to Kakao's hosts.

use kakaw_standin::intercept::{self, Entrance};

use super::place::{Running, stand_in};

/// Where a running stand-in intercepts traffic to Kakao's hosts.
pub struct Entered {
    pub url: String,
    pub entrance: Entrance,
}

impl Entered {
    /// Asks the stand-in at this URL (else `KAKAW_URL`, else the default) to intercept such traffic.
    pub async fn at(url: Option<String>, options: &intercept::Options) -> anyhow::Result<Self> {
        let url = stand_in(url);
        let answer = Running::at(&url).send_json("/control/v1/interception", options).await?;
        Ok(Self { url, entrance: serde_json::from_str(&answer)? })
    }
}
