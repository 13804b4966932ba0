//! The demo's HTTP client. It calls the server from outside, like any other client.

use std::net::SocketAddr;
use std::time::Duration;

use axum::http::header;
use kakaw_wire::token::TokenReply;
use kakaw_wire::url::split_scheme;

use kakaw_platform::request::context::RequestContext;

/// An HTTP client of this server.
pub struct Client {
    http: Option<reqwest::Client>,
    address: SocketAddr,
}

impl Client {
    /// Makes a client of the server that listens on `address`.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        // It uses plain HTTP only, because loading this machine's root certificates would cost a third of the start
        // time.
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).timeout(Duration::from_secs(10)).build();
        Self { http: http.ok(), address }
    }

    fn request(
        &self,
        context: &RequestContext,
        method: reqwest::Method,
        path: &str,
    ) -> Result<reqwest::RequestBuilder, String> {
        let http = self.http.as_ref().ok_or("no HTTP client is available on this machine")?;
        // The issuer follows the name under which the browser reached us.
        let host = split_scheme(&context.base).map_or("localhost", |(_, host)| host);
        Ok(http.request(method, format!("http://{}{path}", self.address)).header(header::HOST.as_str(), host))
    }

    /// `POST /oauth/token`.
    pub async fn tokens(&self, context: &RequestContext, form: &[(&str, &str)]) -> Result<TokenReply, String> {
        let text = text(self.request(context, reqwest::Method::POST, "/oauth/token")?.form(form)).await?;
        serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))
    }

    /// Calls the user API with an access token. Returns the reply as indented JSON.
    pub async fn api(
        &self,
        context: &RequestContext,
        path: &str,
        access_token: &str,
        is_read: bool,
    ) -> Result<String, String> {
        let method = if is_read { reqwest::Method::GET } else { reqwest::Method::POST };
        let text = text(self.request(context, method, path)?.bearer_auth(access_token)).await?;
        let json: serde_json::Value = serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?;
        Ok(format!("{json:#}"))
    }
}

/// The body of a success; anything else as a sentence.
async fn text(request: reqwest::RequestBuilder) -> Result<String, String> {
    let response = request.send().await.map_err(|error| error.to_string())?;
    let status = response.status();
    let text = response.text().await.map_err(|error| error.to_string())?;
    if status.is_success() { Ok(text) } else { Err(format!("{status} {text}")) }
}
