//! The steps of a browser: log in, consent, return with a code.

use anyhow::{Context as _, ensure};

use crate::load::{Answer, Connection, encoded, get, post};

/// The cookies of a person's browser.
#[derive(Debug, Default, Clone)]
pub struct Browser {
    cookies: Vec<(String, String)>,
}

impl Browser {
    /// Returns the `Cookie` header.
    #[must_use]
    pub fn header(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn keep(&mut self, answer: &Answer) {
        let cookies = answer.head.lines().filter_map(|line| line.strip_prefix("set-cookie: "));
        for cookie in cookies {
            let pair = cookie.split(';').next().and_then(|pair| pair.split_once('='));
            if let Some((name, value)) = pair {
                self.cookies.retain(|(old, _)| old != name);
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    /// Sends a GET with the cookies.
    pub async fn get(&mut self, connection: &mut Connection, path: &str) -> anyhow::Result<Answer> {
        let answer = connection.send(&get(path, &[("cookie", &self.header())])).await?;
        self.keep(&answer);
        Ok(answer)
    }

    /// Sends a form by POST with the cookies.
    pub async fn post(
        &mut self,
        connection: &mut Connection,
        path: &str,
        form: &[(&str, &str)],
    ) -> anyhow::Result<Answer> {
        let answer = connection.send(&post(path, &[("cookie", &self.header())], form)).await?;
        self.keep(&answer);
        Ok(answer)
    }

    /// Goes from the authorization request to the redirect with the code.
    pub async fn code(
        &mut self,
        connection: &mut Connection,
        authorize: &str,
        login: &str,
        password: &str,
    ) -> anyhow::Result<String> {
        let mut answer = self.get(connection, authorize).await?;
        if let Some(to_login) = location(&answer).filter(|location| location.starts_with("/login")) {
            let to_login = to_login.to_owned();
            let page = self.get(connection, &to_login).await?;
            let form = hidden(&page)?;
            let fields = [("kakaw_form", form.as_str()), ("loginId", login), ("password", password)];
            let back = self.post(connection, &to_login, &fields).await?;
            ensure!(back.status == 303, "login: {}", back.text());
            let target = location(&back).context("location")?.to_owned();
            answer = self.get(connection, &target).await?;
        }
        if answer.status == 200 {
            let form = hidden(&answer)?;
            let fields = [("kakaw_form", form.as_str()), ("decision", "accept"), ("scope", "profile_nickname")];
            answer = self.post(connection, authorize, &fields).await?;
        }
        code_of(&answer)
    }
}

/// Returns the code of a redirect.
pub fn code_of(answer: &Answer) -> anyhow::Result<String> {
    let code = location(answer).and_then(|location| location.split_once("code=")).map(|(_, code)| code);
    let code = code.with_context(|| format!("a code expected: {} {}", answer.status, answer.text()))?;
    Ok(code.split('&').next().unwrap_or_default().to_owned())
}

fn location(answer: &Answer) -> Option<&str> {
    answer.header("location")
}

/// The form token of a form.
pub fn hidden(page: &Answer) -> anyhow::Result<String> {
    let text = page.text();
    let after = text.split_once("name=\"kakaw_form\" value=\"").context("a form expected")?.1;
    Ok(after.split('"').next().unwrap_or_default().to_owned())
}

/// Returns the path of an authorization request.
#[must_use]
pub fn authorize(key: &str) -> String {
    let callback = encoded("http://localhost:3000/callback");
    format!("/oauth/authorize?client_id={key}&redirect_uri={callback}&response_type=code")
}
