//! `[origins]`: an origin of its own for each surface.

use kakaw_platform::origins::Surface;
use kakaw_wire::url::split_scheme;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Config;

/// `[origins]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Origins {
    /// The URL of the authorization server, which is the issuer: scheme and host, without a path. It answers
    /// `/oauth/token`, the discovery document and the public keys, and redirects `/oauth/authorize` and `/oauth/logout` to
    /// `origins.accounts`. A surface without an origin of its own is at `public_url`. Only `serve` has origins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kauth: Option<String>,
    /// The URL of the user API, likewise: the paths that begin with `/v1/` and `/v2/`, and profile pictures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kapi: Option<String>,
    /// The URL of the account service, likewise: every page that reads or makes a session, which are login, account terms,
    /// consent and logout. Its cookies are sent to no other surface.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accounts: Option<String>,
    /// The URL of the selection of a shipping address, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apps: Option<String>,
}

impl Origins {
    fn of(&self, surface: Surface) -> Option<&str> {
        match surface {
            Surface::Kauth => self.kauth.as_deref(),
            Surface::Kapi => self.kapi.as_deref(),
            Surface::Accounts => self.accounts.as_deref(),
            Surface::Apps => self.apps.as_deref(),
        }
    }

    /// Returns the same with each URL changed.
    pub(super) fn map(self, change: impl Fn(&str) -> String) -> Self {
        let change = |url: Option<String>| url.map(|url| change(&url));
        let Self { kauth, kapi, accounts, apps } = self;
        Self { kauth: change(kauth), kapi: change(kapi), accounts: change(accounts), apps: change(apps) }
    }

    /// The names of the settings that are set.
    pub(super) fn set(&self) -> Vec<String> {
        let set = Surface::ALL.into_iter().filter(|surface| self.of(*surface).is_some());
        set.map(|surface| format!("origins.{}", surface.id())).collect()
    }
}

impl Config {
    /// The URL of a surface: its own, or the public URL.
    #[must_use]
    pub fn url_of(&self, surface: Surface) -> Option<&str> {
        self.origins.of(surface).or(self.public_url.as_deref())
    }

    /// The URL of every surface that has one.
    #[must_use]
    pub fn urls(&self) -> Vec<&str> {
        Surface::ALL.into_iter().filter_map(|surface| self.url_of(surface)).collect()
    }

    /// The settings that are the URLs of surfaces, each with its name. The public URL is one if a surface is there.
    pub(super) fn named_urls(&self) -> Vec<(String, Option<&str>)> {
        let own = Surface::ALL.into_iter().map(|surface| (surface, self.origins.of(surface)));
        let own = own.filter(|(_, url)| url.is_some()).map(|(s, url)| (format!("origins.{}", s.id()), url));
        let mut all: Vec<_> = own.collect();
        if all.len() < Surface::ALL.len() {
            all.push(("public_url".to_owned(), self.public_url.as_deref()));
        }
        all
    }

    /// Whether clients reach every surface over https.
    #[must_use]
    pub fn is_https(&self) -> bool {
        let urls = self.urls();
        !urls.is_empty() && urls.iter().all(|url| split_scheme(url).is_some_and(|(scheme, _)| scheme == "https"))
    }
}
