//! A small browser: it logs a person in, agrees to everything, and ends at the app's redirect URI.

use std::collections::BTreeMap;

use openidconnect::url::{Url, form_urlencoded};
use reqwest::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Response, StatusCode};

pub const LOGIN: &str = "ryan@example.com";
pub const PASSWORD: &str = "ryan-password";

/// The URL of the server under test, without a trailing slash.
pub fn kakaw_url() -> String {
    std::env::var("KAKAW_URL").expect("KAKAW_URL names the server under test; tests/clients/run sets it")
}

/// Follows no redirects, as openidconnect demands and the walk needs.
pub fn http_client() -> reqwest::Client {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("client")
}

/// Goes from an authorization URL to the URL that Kakao Login redirects the browser to.
pub async fn walk(authorization_url: Url) -> Url {
    let kakaw = Url::parse(&kakaw_url()).expect("URL");
    let mut browser = Browser { client: http_client(), cookies: BTreeMap::new() };
    let mut url = authorization_url;
    let mut form = None;
    for _ in 0..10 {
        let answer = browser.send(&url, form.take()).await;
        if let Some(location) = answer.headers().get(LOCATION) {
            url = url.join(location.to_str().expect("text")).expect("URL");
            if url.origin() != kakaw.origin() {
                return url;
            }
            continue;
        }
        let status = answer.status();
        let page = answer.text().await.expect("page");
        assert!(
            status == StatusCode::OK && page.contains("name=\"kakaw_form\""),
            "neither a redirect nor a form: {status} at {url}\n{page}"
        );
        form = Some(fill_in(&page));
        url = url.join(&attribute(&page, "<form method=\"post\" action=\"")).expect("URL");
    }
    panic!("still no redirect to the app; last at {url}");
}

struct Browser {
    client: reqwest::Client,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    async fn send(&mut self, url: &Url, form: Option<String>) -> Response {
        let mut request = match form {
            None => self.client.get(url.clone()),
            Some(form) => {
                self.client.post(url.clone()).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form)
            }
        };
        if !self.cookies.is_empty() {
            let pairs: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(COOKIE, pairs.join("; "));
        }
        let answer = request.send().await.expect("answer");
        for line in answer.headers().get_all(SET_COOKIE) {
            let pair = line.to_str().expect("text").split(';').next().expect("pair");
            let (name, value) = pair.split_once('=').expect("pair");
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }
}

fn fill_in(page: &str) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("kakaw_form", &attribute(page, "name=\"kakaw_form\" value=\""));
    if page.contains("name=\"loginId\"") {
        form.append_pair("loginId", LOGIN).append_pair("password", PASSWORD);
    } else {
        for rest in page.split("name=\"scope\" value=\"").skip(1) {
            form.append_pair("scope", rest.split('"').next().expect("value"));
        }
        form.append_pair("decision", "accept");
    }
    form.finish()
}

fn attribute(page: &str, before: &str) -> String {
    let (_, after) = page.split_once(before).unwrap_or_else(|| panic!("{before} expected in\n{page}"));
    after.split('"').next().expect("value").replace("&#38;", "&").replace("&amp;", "&")
}
