//! `GET /scheme/{link}` — what a device opens to log in through KakaoTalk: in a stand-in, a page on which the tester
//! chooses how that ends. The link is `kakaotalk://inappbrowser?url=…` (JavaScript SDK) or
//! `kakaokompassauth://authorize?…` (iOS SDK), percent-encoded.

use std::collections::BTreeMap;

use axum::extract::Request;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use axum::routing;
use kakaw_wire::Problem;
use kakaw_wire::form::Pairs;
use kakaw_wire::url::with_query;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::world::Shared;
use kakaw_platform::endpoint::Routes;
use kakaw_platform::http::error::Error;
use kakaw_platform::pages;
use kakaw_platform::request::context::RequestContext;
use kakaw_platform::request::settled::Settled;

/// The parameter of an authorization request that says how KakaoTalk ended.
const ENDED: &str = "kakaw_talk";
const AUTHORIZE: &str = "/oauth/authorize";

/// The route, which only a stand-in has.
pub fn routes() -> Routes<Shared> {
    Routes::new().plain("/scheme/{*link}", routing::get(get))
}

/// How KakaoTalk ends without a log-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// The person goes back, in the web view of a page.
    Denied,
    /// The person goes back, in an app.
    Cancelled,
    /// KakaoTalk is installed and has no account.
    NotSupported,
}

impl Outcome {
    const ALL: [Self; 3] = [Self::Denied, Self::Cancelled, Self::NotSupported];

    const fn id(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Cancelled => "cancelled",
            Self::NotSupported => "not_supported",
        }
    }

    /// Reads the outcome from a request.
    fn of(pairs: &Pairs) -> Option<Self> {
        let said = pairs.one(ENDED).ok().flatten()?;
        Self::ALL.into_iter().find(|outcome| outcome.id() == said)
    }

    /// Returns `error` and `error_description`, as the app gets them.
    const fn error(self) -> (&'static str, &'static str) {
        match self {
            Self::Denied => ("access_denied", "User denied access"),
            Self::Cancelled => ("cancelled", "user cancelled."),
            Self::NotSupported => ("NotSupportError", "KakaoTalk is installed but not connected to Kakao account."),
        }
    }
}

/// Settles how KakaoTalk ended, if an authorization request says so.
pub fn settle(request: &mut Request) {
    let query = Pairs::parse(request.uri().query().unwrap_or_default()).unwrap_or_default();
    if let Some(outcome) = Outcome::of(&query) {
        let (error, message) = outcome.error();
        request.extensions_mut().insert(Settled::Ended(error.into(), message.into()));
    }
}

async fn get(context: RequestContext, uri: Uri) -> Response {
    match read(uri.path_and_query().map_or("", |path| path.as_str())) {
        Ok(link) => {
            let ended = |outcome: Outcome| with_query(&link.authorize, &[(ENDED, Some(outcome.id()))]);
            let back = if link.in_app { Outcome::Cancelled } else { Outcome::Denied };
            let view = crate::pages::talk::Talk::new(
                &context,
                link.authorize.clone(),
                ended(back),
                ended(Outcome::NotSupported),
            );
            pages::respond(StatusCode::OK, &view)
        }
        Err(reason) => {
            let problem = Problem::MalformedRequest { parameter: "scheme".to_owned(), reason };
            Error::from(problem).page(&context)
        }
    }
}

/// The contents of a link.
#[derive(Debug, PartialEq, Eq)]
struct Link {
    /// Our own authorization request.
    authorize: String,
    /// Whether an app opened it, and not a page.
    in_app: bool,
}

fn read(path: &str) -> Result<Link, String> {
    let encoded = path.strip_prefix("/scheme/").unwrap_or_default();
    // The rest is for devices without KakaoTalk.
    let encoded = encoded.split("&web=").next().unwrap_or_default();
    let link = percent_decode_str(encoded).decode_utf8().map_err(|_| "the link is not UTF-8".to_owned())?;
    if let Some(query) = link.strip_prefix("kakaotalk://inappbrowser?") {
        let pairs = Pairs::parse(query).map_err(|error| error.reason().to_owned())?;
        let url = pairs.one("url").ok().flatten().unwrap_or_default();
        let query = url.split_once(&format!("{AUTHORIZE}?")).map(|(_, query)| query);
        let query = query.ok_or_else(|| format!("url is {url:?}; expected an authorization request"))?;
        // On a phone, the page stays open behind KakaoTalk and polls. Here this page replaces it, so the log-in ends
        // with the redirect of a request without a popup.
        let kept = query.split('&').filter(|pair| *pair != "is_popup=true").collect::<Vec<_>>().join("&");
        return Ok(Link { authorize: format!("{AUTHORIZE}?{kept}"), in_app: false });
    }
    let query = link.strip_prefix("kakaokompassauth://authorize?").ok_or_else(|| {
        format!("the link is {link:?}; expected kakaotalk://inappbrowser?url=… or kakaokompassauth://authorize?…")
    })?;
    let pairs = Pairs::parse(query).map_err(|error| error.reason().to_owned())?;
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in pairs.iter() {
        match name {
            // Two of the parameters contain others, as JSON.
            "params" | "headers" => {
                let inner: BTreeMap<String, Value> =
                    serde_json::from_str(value).map_err(|error| format!("{name} is not a JSON object: {error}"))?;
                let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                all.extend(inner.into_iter().map(|(name, value)| (name.replace("KA", "ka"), text(value))));
            }
            "deep_link_method" => {}
            _ => drop(all.insert(name.to_owned(), value.to_owned())),
        }
    }
    let all: Vec<(&str, Option<&str>)> =
        all.iter().map(|(name, value)| (name.as_str(), Some(value.as_str()))).collect();
    Ok(Link { authorize: with_query(AUTHORIZE, &all), in_app: true })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_links_are_read() {
        let page = read(
            "/scheme/kakaotalk%3A%2F%2Finappbrowser%3Furl%3Dhttps%253A%252F%252Fkauth.kakao.com%252Foauth%252Fauthorize\
             %253Fclient_id%253Dabc%2526is_popup%253Dtrue%2526state%253Ds&web=https%3A%2F%2Fkauth.kakao.com%2F",
        );
        let authorize = "/oauth/authorize?client_id=abc&state=s".to_owned();
        assert_eq!(page, Ok(Link { authorize, in_app: false }));
        let app = read(
            "/scheme/kakaokompassauth%3A%2F%2Fauthorize%3Fclient_id%3Dabc%26headers%3D%257B%2522KA%2522%253A%2522os%252Fios%2522%257D\
             %26params%3D%257B%2522nonce%2522%253A%2522n%2522%257D%26deep_link_method%3Duniversal_link",
        );
        let authorize = "/oauth/authorize?client_id=abc&ka=os%2Fios&nonce=n".to_owned();
        assert_eq!(app, Ok(Link { authorize, in_app: true }));
        for (wrong, part) in [
            ("/scheme/https%3A%2F%2Fevil.example", "kakaokompassauth"),
            ("/scheme/kakaotalk%3A%2F%2Finappbrowser%3Furl%3Dhttps%3A%2F%2Fevil.example", "authorization request"),
            ("/scheme/kakaokompassauth%3A%2F%2Fauthorize%3Fparams%3D1", "JSON object"),
        ] {
            assert!(read(wrong).is_err_and(|reason| reason.contains(part)), "{wrong}");
        }
    }
}
