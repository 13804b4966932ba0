//! A platform with one URL or four, and a browser that keeps the cookies of each host apart.

use std::collections::BTreeMap;
use std::path::Path;

use kakaw_platform::origins::Surface;
use serde_json::Value;

use crate::client::hidden;
use crate::running::{Running, run};

pub const JAVASCRIPT: &str = "1679091c5a880faf6fb5e6087eb1b2dc";
pub const REDIRECT_URI: &str = "https://shop.example/callback";
pub const OWNER: &str = "owner@example.com";
pub const PASSWORD: &str = "the password of the owner";
pub const AUTHORIZE: &str = "/oauth/authorize?client_id=1679091c5a880faf6fb5e6087eb1b2dc\
                         &redirect_uri=https%3A%2F%2Fshop.example%2Fcallback&response_type=code&scope=openid&state=s";
pub const LOG_OUT: &str = "/oauth/logout?client_id=8f14e45fceea167a5a36dedd4bea2543\
                       &logout_redirect_uri=https%3A%2F%2Fshop.example%2Fbye&state=s";
pub const TRANSACTION: &str = "trans0123456789abcdefghijklmnopqrstuvwxyz";

pub const WORLD: &str = r#"
[[apps]]
id = 1
name = "Shop"
oidc = true
consent_items.profile_nickname = "required"
consent_items.profile_image = "required"
consent_items.shipping_address = "required"
logout_redirect_uris = ["https://shop.example/bye"]
[[apps.rest_api_keys]]
key = "8f14e45fceea167a5a36dedd4bea2543"
client_secret = "9f86d081884c7d659a2feaa0c55ad015"
redirect_uris = ["https://shop.example/callback"]
[[apps.javascript_keys]]
key = "1679091c5a880faf6fb5e6087eb1b2dc"
sdk_domains = ["https://shop.example"]
redirect_uris = ["https://shop.example/callback"]
[[people]]
email = "owner@example.com"
password = "the password of the owner"
nickname = "Owner"
[[people.shipping_addresses]]
id = 9001
is_default = true
address = { name = "Home", base_address = "1 Road", receiver_name = "Owner", receiver_phone_number1 = "010-5555-7364", zone_number = "12345", type = "NEW" }
"#;

pub const FOUR: &str = "[origins]\nkauth = \"https://kauth.example.com\"\nkapi = \"https://kapi.example.com/\"\n\
                    accounts = \"https://accounts.example.com:443\"\napps = \"https://APPS.example.com\"\n";

/// A server, and the URL of each surface.
pub struct Platform {
    pub server: Running,
    pub urls: [&'static str; 4],
}

impl Platform {
    pub fn start(folder: &Path, urls: [&'static str; 4], settings: &str) -> Self {
        let config =
            format!("listen = \"127.0.0.1:0\"\ndata = \"data\"\nmanagement.listen = \"127.0.0.1:0\"\n{settings}");
        std::fs::write(folder.join("kakaw.toml"), config).unwrap();
        std::fs::write(folder.join("world.toml"), WORLD).unwrap();
        let (code, out, err) = run(folder, &["apply", "world.toml", "--config", "kakaw.toml"]);
        assert_eq!(code, Some(0), "{out}{err}");
        Self { server: Running::start(folder, &["serve", "--config", "kakaw.toml"]), urls }
    }

    pub fn with_four_origins(folder: &Path) -> Self {
        let names = [
            "https://kauth.example.com",
            "https://kapi.example.com",
            "https://accounts.example.com",
            "https://apps.example.com",
        ];
        Self::start(folder, names, FOUR)
    }

    pub fn with_one_url(folder: &Path) -> Self {
        Self::start(folder, ["https://login.example.com"; 4], "public_url = \"https://login.example.com\"\n")
    }

    pub fn url(&self, surface: Surface) -> &'static str {
        self.urls[surface as usize]
    }
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
    /// The URL that was asked for.
    pub url: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Returns the absolute URL of the redirect.
    pub fn location(&self) -> String {
        let location = self.header("location");
        assert!(!location.is_empty(), "no redirect: {self:?}");
        if location.starts_with('/') { format!("{}{location}", origin(&self.url)) } else { location.to_owned() }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("JSON expected: {self:?}"))
    }

    pub fn has_cors(&self) -> bool {
        self.headers.keys().any(|name| name.as_str().starts_with("access-control-"))
    }

    /// Returns what a reply says, without what each reply has of its own.
    pub fn said(&self) -> (u16, String, String) {
        let text = match self.header("x-request-id") {
            "" => self.text.clone(),
            id => self.text.replace(id, ""),
        };
        (self.status, self.header("location").to_owned(), text)
    }
}

pub fn origin(url: &str) -> &str {
    let (scheme, rest) = url.split_once("://").unwrap();
    &url[..scheme.len() + 3 + rest.find('/').unwrap_or(rest.len())]
}

/// A browser: cookies belong to the host that set them.
pub struct Browser<'a> {
    pub platform: &'a Platform,
    pub http: reqwest::Client,
    pub cookies: BTreeMap<String, BTreeMap<String, String>>,
}

impl<'a> Browser<'a> {
    pub fn new(platform: &'a Platform) -> Self {
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { platform, http, cookies: BTreeMap::new() }
    }

    pub fn request(&self, method: &str, url: &str) -> reqwest::RequestBuilder {
        let host = origin(url);
        let path = &url[host.len()..];
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.http.request(method, format!("{}{path}", self.platform.server.url));
        let request = request.header("host", host.split_once("://").unwrap().1);
        match self.cookies.get(host) {
            Some(own) => {
                let own: Vec<_> = own.iter().map(|(name, value)| format!("{name}={value}")).collect();
                request.header("cookie", own.join("; "))
            }
            None => request,
        }
    }

    pub async fn send(&mut self, url: &str, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let (pair, attributes) = cookie.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            // What browsers require of the prefix, so the cookie belongs to this host alone.
            assert!(name.starts_with("__Host-"), "{cookie}");
            assert!(attributes.contains("; Secure") && attributes.contains(" Path=/;"), "{cookie}");
            assert!(!attributes.to_lowercase().contains("domain"), "{cookie}");
            let own = self.cookies.entry(origin(url).to_owned()).or_default();
            match value {
                "" => drop(own.remove(name)),
                _ => drop(own.insert(name.to_owned(), value.to_owned())),
            }
        }
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, text: response.text().await.unwrap(), url: url.to_owned() }
    }

    pub async fn get(&mut self, url: &str) -> Answer {
        let request = self.request("GET", url);
        self.send(url, request).await
    }

    /// Sends a form as a page of its own origin does.
    pub async fn post(&mut self, url: &str, form: &[(&str, &str)]) -> Answer {
        let request = self.request("POST", url).form(form).header("origin", origin(url));
        self.send(url, request.header("sec-fetch-site", "same-origin")).await
    }

    /// Opens a page and sends its form to `action`.
    pub async fn submit(&mut self, page: &Answer, action: &str, fields: &[(&str, &str)]) -> Answer {
        let form = hidden(&page.text);
        self.post(action, &[&[("kakaw_form", form.as_str())], fields].concat()).await
    }

    pub async fn call(&mut self, url: &str, token: &str) -> Answer {
        let request = self.request("GET", url).bearer_auth(token);
        self.send(url, request).await
    }

    /// Logs in to the app and agrees. Returns the redirect to the app.
    pub async fn log_in(&mut self) -> Answer {
        let accounts = self.platform.url(Surface::Accounts);
        let mut start = self.get(&format!("{}{AUTHORIZE}", self.platform.url(Surface::Kauth))).await;
        if self.platform.url(Surface::Kauth) != accounts {
            start = self.get(&start.location()).await;
        }
        let login = start.location();
        assert!(login.starts_with(&format!("{accounts}/login?continue=")), "{login}");
        let page = self.get(&login).await;
        let back = self.submit(&page, &login, &[("loginId", OWNER), ("password", PASSWORD)]).await;
        assert_eq!(back.status, 303, "{back:?}");
        let page = self.get(&back.location()).await;
        assert_eq!(page.status, 200, "{page:?}");
        let items = ["profile_nickname", "profile_image", "shipping_address"].map(|item| ("scope", item));
        self.submit(&page, &format!("{accounts}{AUTHORIZE}"), &[&[("decision", "accept")], &items[..]].concat()).await
    }

    /// Exchanges the code of a redirect.
    pub async fn tokens(&mut self, redirect: &Answer) -> Value {
        let location = redirect.location();
        let query = location.split_once('?').unwrap().1;
        let code =
            query.split('&').find_map(|pair| pair.strip_prefix("code=")).unwrap_or_else(|| panic!("{redirect:?}"));
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", JAVASCRIPT),
            ("redirect_uri", REDIRECT_URI),
            ("code", code),
        ];
        let answer = self.post(&format!("{}/oauth/token", self.platform.url(Surface::Kauth)), &form).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// The hosts that have set cookies.
    pub fn hosts(&self) -> Vec<&str> {
        self.cookies.iter().filter(|(_, own)| !own.is_empty()).map(|(host, _)| host.as_str()).collect()
    }
}
