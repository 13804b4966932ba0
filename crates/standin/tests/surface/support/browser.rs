//! A browser of a test, and what it reads from pages.

use axum::body::Body;
use axum::http::{Request, header};

use super::{Answer, TestServer};

/// A browser: it keeps cookies and does not follow redirects by itself.
#[derive(Default)]
pub struct Browser {
    cookies: std::collections::BTreeMap<String, String>,
}

impl Browser {
    fn keep(&mut self, answer: &Answer) {
        for cookie in answer.headers.get_all(header::SET_COOKIE) {
            let pair = cookie.to_str().expect("text").split(';').next().expect("pair");
            let (name, value) = pair.split_once('=').expect("pair");
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    pub fn header(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    pub async fn get(&mut self, server: &TestServer, url: &str) -> Answer {
        self.get_with(server, url, &[]).await
    }

    /// Sends a GET with further headers.
    pub async fn get_with(&mut self, server: &TestServer, url: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::get(url).header("host", "localhost:7700").header("cookie", self.header());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = server.send(request.body(Body::empty()).expect("request")).await;
        self.keep(&answer);
        answer
    }

    pub async fn post(&mut self, server: &TestServer, url: &str, form: &[(&str, &str)]) -> Answer {
        let request = form_request(url).header("cookie", self.header());
        let answer = server.send(request.body(Body::from(encode(form))).expect("request")).await;
        self.keep(&answer);
        answer
    }

    /// Submits the consent form.
    pub async fn agree(&mut self, server: &TestServer, url: &str, page: &str, items: &[&str]) -> Answer {
        let form_value = hidden(page);
        let mut form = vec![("kakaw_form", form_value.as_str()), ("decision", "accept")];
        form.extend(items.iter().map(|item| ("scope", *item)));
        self.post(server, url, &form).await
    }
}

/// Begins the request that sends a form.
pub(super) fn form_request(url: &str) -> axum::http::request::Builder {
    Request::post(url)
        .header("host", "localhost:7700")
        .header("content-type", "application/x-www-form-urlencoded;charset=utf-8")
}

/// Returns the form token in the hidden field of a page.
pub fn hidden(page: &str) -> String {
    field(page, "kakaw_form")
}

/// Returns the value of a hidden field.
pub fn field(page: &str, name: &str) -> String {
    let before = format!("name=\"{name}\" value=\"");
    let after = page.split_once(&before).unwrap_or_else(|| panic!("a form expected: {page}")).1;
    after.split('"').next().expect("value").to_owned()
}

pub fn encode_value(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

pub fn encode(form: &[(&str, &str)]) -> String {
    form.iter().map(|(name, value)| format!("{name}={}", encode_value(value))).collect::<Vec<_>>().join("&")
}
