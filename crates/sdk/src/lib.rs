//! A client of Kakao Login for services in Rust: authorization URL, tokens, user information, errors by name.
//!
//! It works with any server at its base URLs: Kakao's own hosts, or Kakaw.
//!
//! ```no_run
//! # async fn log_in(code: &str) -> Result<(), kakaw_sdk::Error> {
//! let client = kakaw_sdk::Client::new(kakaw_sdk::Config {
//!     client_id: "0123456789abcdef0123456789abcdef".to_owned(),
//!     redirect_uri: "http://localhost:3000/callback".to_owned(),
//!     ..kakaw_sdk::Config::at("http://localhost:7700")
//! })?;
//! let url = client.authorize_url("a state of this browser", &[]);
//! let tokens = client.exchange(code).await?;
//! println!("{url} {}", client.me(&tokens.access_token).await?.id);
//! # Ok(())
//! # }
//! ```

#![deny(missing_docs)]

mod error;

use kakaw_wire::scope::Item;
use kakaw_wire::token::TokenReply;
use kakaw_wire::user::{User, UserId};
use reqwest::{RequestBuilder, Url};
use serde::de::DeserializeOwned;

pub use error::{AuthErrorCause, Error};

/// An app, and the servers that log people in.
#[derive(Debug, Clone)]
pub struct Config {
    /// Base URL of the authorization server, such as `https://kauth.kakao.com`.
    pub kauth: String,
    /// Base URL of the user API, such as `https://kapi.kakao.com`.
    pub kapi: String,
    /// REST API key.
    pub client_id: String,
    /// Client secret, if the feature is on for the key.
    pub client_secret: Option<String>,
    /// Redirect URI, exactly as registered for the key.
    pub redirect_uri: String,
}

impl Config {
    /// Makes the configuration for a server with one base URL for both, such as Kakaw.
    #[must_use]
    pub fn at(base: &str) -> Self {
        Self {
            kauth: base.to_owned(),
            kapi: base.to_owned(),
            client_id: String::new(),
            client_secret: None,
            redirect_uri: String::new(),
        }
    }
}

/// A client for one app.
#[derive(Debug, Clone)]
pub struct Client {
    config: Config,
    authorize: Url,
    http: reqwest::Client,
}

impl Client {
    /// Makes a client.
    ///
    /// # Errors
    /// A base URL is invalid, or the HTTP client cannot be built.
    pub fn new(config: Config) -> Result<Self, Error> {
        let authorize = format!("{}/oauth/authorize", config.kauth);
        let authorize = Url::parse(&authorize).map_err(|error| Error::BaseUrl(format!("{authorize:?}: {error}")))?;
        // A redirect of an API would send the token to another server.
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { config, authorize, http })
    }

    /// Returns the URL to send the person to. The redirect repeats `state`. `scope` names the items to ask for; empty
    /// means the app's.
    #[must_use]
    pub fn authorize_url(&self, state: &str, scope: &[Item]) -> String {
        let mut url = self.authorize.clone();
        url.query_pairs_mut()
            .append_pair("client_id", &self.config.client_id)
            .append_pair("redirect_uri", &self.config.redirect_uri)
            .append_pair("response_type", "code")
            .append_pair("state", state);
        if !scope.is_empty() {
            let ids = scope.iter().map(|item| item.id()).collect::<Vec<_>>().join(",");
            url.query_pairs_mut().append_pair("scope", &ids);
        }
        url.into()
    }

    /// Exchanges the code of a redirect for tokens.
    ///
    /// # Errors
    /// [`Error::Auth`] with the server's reply, or a network error.
    pub async fn exchange(&self, code: &str) -> Result<TokenReply, Error> {
        let parameters =
            [("grant_type", "authorization_code"), ("redirect_uri", &self.config.redirect_uri), ("code", code)];
        self.token(&parameters).await
    }

    /// Renews the access token. Keep the refresh token, unless the reply contains another one.
    ///
    /// # Errors
    /// [`Error::Auth`] with the server's reply, or a network error.
    pub async fn refresh(&self, refresh_token: &str) -> Result<TokenReply, Error> {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", refresh_token)]).await
    }

    /// Returns what the app may know about the person.
    ///
    /// # Errors
    /// [`Error::Api`] with the server's reply, or a network error.
    pub async fn me(&self, access_token: &str) -> Result<User, Error> {
        self.api(self.http.get(format!("{}/v2/user/me", self.config.kapi)), access_token).await
    }

    /// Ends this log-in: its access tokens and its refresh token.
    ///
    /// # Errors
    /// [`Error::Api`] with the server's reply, or a network error.
    pub async fn log_out(&self, access_token: &str) -> Result<UserId, Error> {
        self.api(self.http.post(format!("{}/v1/user/logout", self.config.kapi)), access_token).await
    }

    /// Ends the link of the person with the app.
    ///
    /// # Errors
    /// [`Error::Api`] with the server's reply, or a network error.
    pub async fn unlink(&self, access_token: &str) -> Result<UserId, Error> {
        self.api(self.http.post(format!("{}/v1/user/unlink", self.config.kapi)), access_token).await
    }

    async fn token(&self, parameters: &[(&str, &str)]) -> Result<TokenReply, Error> {
        let mut form = parameters.to_vec();
        form.push(("client_id", &self.config.client_id));
        form.extend(self.config.client_secret.as_deref().map(|secret| ("client_secret", secret)));
        let request = self.http.post(format!("{}/oauth/token", self.config.kauth)).form(&form);
        answer(request, Error::from_kauth).await
    }

    async fn api<T: DeserializeOwned>(&self, request: RequestBuilder, access_token: &str) -> Result<T, Error> {
        answer(request.bearer_auth(access_token), Error::from_kapi).await
    }
}

/// Decodes a success, or the refusal. A reply that cannot be decoded never counts as success.
async fn answer<T: DeserializeOwned>(request: RequestBuilder, refusal: fn(u16, &str) -> Error) -> Result<T, Error> {
    let response = request.send().await?;
    let status = response.status();
    let text = response.text().await?;
    if !status.is_success() {
        return Err(refusal(status.as_u16(), &text));
    }
    serde_json::from_str(&text).map_err(|_| Error::Undecodable { status: status.as_u16(), text })
}
