//! A client over real HTTP, with a browser's cookies and an app's requests.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::Value;

/// A request got no answer: the server is gone.
#[derive(Debug)]
pub struct Gone;

pub struct Client {
    http: reqwest::Client,
    base: String,
    /// `Host`, if it is not the one of the base URL.
    host: Option<&'static str>,
    cookies: BTreeMap<String, String>,
}

pub struct Answer {
    pub status: u16,
    pub location: String,
    /// `Retry-After`.
    pub retry_after: Option<String>,
    /// `X-Request-Id`.
    pub request_id: Option<String>,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("JSON expected: {} {}", self.status, self.text))
    }

    /// Returns a parameter of the redirect.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let query = self.location.split_once('?')?.1;
        kakaw_wire::form::Pairs::parse(query).unwrap().one(name).unwrap().map(str::to_owned)
    }
}

impl Client {
    pub fn new(base: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { http, base: base.to_owned(), host: None, cookies: BTreeMap::new() }
    }

    /// Returns a client at another address of this machine, for a server with this public host.
    pub fn at(base: &str, address: IpAddr, host: &'static str) -> Self {
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let http = http.local_address(address).build().unwrap();
        Self { http, host: Some(host), ..Self::new(base) }
    }

    /// Returns a client with the same cookies for another address.
    pub fn moved(&self, base: &str) -> Self {
        Self { cookies: self.cookies.clone(), ..Self::new(base) }
    }

    /// Returns the address of the server.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The same at the same host.
    pub fn moved_with_host(&self, base: &str) -> Self {
        Self { host: self.host, ..self.moved(base) }
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> Result<Answer, Gone> {
        let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let request = match self.host {
            Some(host) => request.header("host", host),
            None => request,
        };
        let response = request.header("cookie", cookies).send().await.map_err(|_| Gone)?;
        for cookie in response.headers().get_all("set-cookie") {
            let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let header = |name| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (location, retry_after, request_id) = (header("location"), header("retry-after"), header("x-request-id"));
        let status = response.status().as_u16();
        let text = response.text().await.map_err(|_| Gone)?;
        Ok(Answer { status, location: location.unwrap_or_default(), retry_after, request_id, text })
    }

    pub async fn get(&mut self, path: &str) -> Result<Answer, Gone> {
        let request = self.http.get(format!("{}{path}", self.base));
        self.send(request).await
    }

    pub async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Result<Answer, Gone> {
        let request = self.http.post(format!("{}{path}", self.base)).form(form);
        self.send(request).await
    }

    pub async fn api(&mut self, path: &str, token: &str) -> Result<Answer, Gone> {
        let request = self.http.post(format!("{}{path}", self.base)).bearer_auth(token);
        self.send(request).await
    }

    pub async fn get_with_token(&mut self, path: &str, token: &str) -> Result<Answer, Gone> {
        let request = self.http.get(format!("{}{path}", self.base)).bearer_auth(token);
        self.send(request).await
    }

    pub async fn with_admin_key(&mut self, path: &str, key: &str) -> Result<Answer, Gone> {
        let request = self.http.get(format!("{}{path}", self.base)).header("authorization", format!("KakaoAK {key}"));
        self.send(request).await
    }

    /// Returns the values of the cookies.
    pub fn cookies(&self) -> Vec<String> {
        self.cookies.values().cloned().collect()
    }

    /// Submits a password on the page that `authorize` redirects to.
    pub async fn type_password(&mut self, authorize: &str, login: &str, password: &str) -> Result<Answer, Gone> {
        let to_login = self.get(authorize).await?.location;
        let page = self.get(&to_login).await?;
        let form = hidden(&page.text);
        self.post(&to_login, &[("kakaw_form", form.as_str()), ("loginId", login), ("password", password)]).await
    }

    /// Logs in on the page that `authorize` redirects to, and returns to it.
    pub async fn log_in(&mut self, authorize: &str, login: &str, password: &str) -> Result<Answer, Gone> {
        let back = self.type_password(authorize, login, password).await?;
        assert_eq!(back.status, 303, "{}", back.text);
        self.get(&back.location).await
    }

    /// Agrees to `items` on the consent screen.
    pub async fn agree(&mut self, authorize: &str, page: &Answer, items: &[&str]) -> Result<Answer, Gone> {
        let form = hidden(&page.text);
        let mut fields = vec![("kakaw_form", form.as_str()), ("decision", "accept")];
        fields.extend(items.iter().map(|item| ("scope", *item)));
        self.post(authorize, &fields).await
    }
}

pub fn hidden(page: &str) -> String {
    let after = page.split_once("name=\"kakaw_form\" value=\"").unwrap_or_else(|| panic!("a form expected: {page}")).1;
    after.split('"').next().unwrap().to_owned()
}
