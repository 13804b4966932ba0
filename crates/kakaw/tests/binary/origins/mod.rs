//! Tests of one public URL and of an origin for each surface, with real `Host` headers and a browser that keeps the
//! cookies of each host apart.

mod browser;

use std::collections::{BTreeMap, BTreeSet};

use kakaw_platform::endpoint::{Method, Place};
use kakaw_platform::http;
use kakaw_platform::origins::Surface;
use serde_json::Value;

use self::browser::{
    AUTHORIZE, Answer, Browser, FOUR, JAVASCRIPT, LOG_OUT, OWNER, PASSWORD, Platform, REDIRECT_URI, TRANSACTION, origin,
};
use crate::client::hidden;
use crate::running::run;

fn claims(id_token: &Value) -> Value {
    use base64::Engine as _;
    let part = id_token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn encoded(text: &str) -> String {
    kakaw_wire::url::encoded(text).to_string()
}

#[tokio::test]
async fn a_person_logs_in_and_out_over_four_origins() {
    let folder = tempfile::tempdir().unwrap();
    let platform = Platform::with_four_origins(folder.path());
    let [kauth, kapi, accounts, apps] = platform.urls;
    let mut browser = Browser::new(&platform);

    let discovery = browser.get(&format!("{kauth}/.well-known/openid-configuration")).await.json();
    assert_eq!(discovery["issuer"], kauth);
    assert_eq!(discovery["authorization_endpoint"], format!("{kauth}/oauth/authorize"));
    assert_eq!(discovery["token_endpoint"], format!("{kauth}/oauth/token"));
    assert_eq!(discovery["userinfo_endpoint"], format!("{kapi}/v1/oidc/userinfo"));

    // The browser sends the same `Referer` to accounts, because this reply has no policy of its own.
    let start = browser.get(&format!("{kauth}{AUTHORIZE}")).await;
    assert_eq!((start.status, start.location()), (302, format!("{accounts}{AUTHORIZE}")));
    assert_eq!((start.header("referrer-policy"), start.header("cache-control")), ("", "no-store"));

    let back = browser.log_in().await;
    assert!(back.location().starts_with(&format!("{REDIRECT_URI}?code=")), "{back:?}");
    assert_eq!(browser.hosts(), [accounts], "only accounts has cookies");
    let tokens = browser.tokens(&back).await;
    let token = tokens["access_token"].as_str().unwrap();
    let me = browser.call(&format!("{kapi}/v2/user/me"), token).await.json();
    let picture = me["kakao_account"]["profile"]["profile_image_url"].as_str().unwrap().to_owned();
    assert!(picture.starts_with(&format!("{kapi}/profile/")), "{me}");
    assert_eq!(browser.get(&picture).await.status, 200);
    let claims = claims(&tokens["id_token"]);
    assert_eq!(claims["iss"], kauth);
    assert!(claims["picture"].as_str().unwrap().starts_with(&format!("{kapi}/profile/")), "{claims}");

    // A second time nothing is asked.
    let again = browser.get(&format!("{accounts}{AUTHORIZE}")).await;
    assert!(again.location().starts_with(&format!("{REDIRECT_URI}?code=")), "{again:?}");

    address(&mut browser, token).await;
    assert_eq!(browser.hosts(), [accounts, apps], "the address picker has its own");

    let start = browser.get(&format!("{kauth}{LOG_OUT}")).await;
    assert_eq!(start.location(), format!("{accounts}{LOG_OUT}"));
    let page = browser.get(&start.location()).await;
    let out = browser.submit(&page, &start.location(), &[("logout_with_kakao", "true")]).await;
    assert_eq!(out.location(), "https://shop.example/bye?state=s");
    let next = browser.get(&format!("{accounts}{AUTHORIZE}")).await;
    assert!(next.location().starts_with(&format!("{accounts}/login?")), "logged out: {next:?}");
}

/// Selects a shipping address. Returns the URL of the page.
async fn address(browser: &mut Browser<'_>, token: &str) -> String {
    let (kauth, apps) = (browser.platform.url(Surface::Kauth), browser.platform.url(Surface::Apps));
    let form = [("client_id", JAVASCRIPT), ("access_token", token)];
    let agt = browser.post(&format!("{kauth}/api/agt"), &form).await.json()["agt"].as_str().unwrap().to_owned();
    let inner = |base: &str| encoded(&format!("{base}/user/address?app_key={JAVASCRIPT}&trans_id={TRANSACTION}"));
    let elsewhere = format!("{apps}/auth/kpidt?app_key={JAVASCRIPT}&agt={agt}&continue={}", inner(kauth));
    if kauth != apps {
        let refused = browser.get(&elsewhere).await;
        assert_eq!((refused.status, &refused.json()["error_code"]), (400, &Value::from("KAE003")), "{refused:?}");
    }
    let begin = format!("{apps}/auth/kpidt?app_key={JAVASCRIPT}&agt={agt}&continue={}", inner(apps));
    let list = browser.get(&begin).await.location();
    assert!(list.starts_with(&format!("{apps}/user/address?")), "{list}");
    let page = browser.get(&list).await;
    assert!(page.text.contains("1 Road"), "{page:?}");
    let end = browser.submit(&page, &list, &[("action", "choose"), ("address_id", "9001")]).await;
    assert_eq!(end.status, 200, "{end:?}");
    let outcome = browser.get(&format!("{apps}/proxy/outcome?trans_id={TRANSACTION}")).await.json();
    assert_eq!(outcome["message"], "{\"address_id\":9001}");
    list
}

#[tokio::test]
async fn a_page_of_another_surface_cannot_send_the_form() {
    let folder = tempfile::tempdir().unwrap();
    let platform = Platform::with_four_origins(folder.path());
    let [kauth, _, accounts, _] = platform.urls;
    let mut browser = Browser::new(&platform);
    let login = browser.get(&format!("{accounts}{AUTHORIZE}")).await.location();
    let page = browser.get(&login).await;
    let form = hidden(&page.text);
    let fields = [("kakaw_form", form.as_str()), ("loginId", OWNER), ("password", PASSWORD)];
    // The cookies are sent, because both origins are of one site.
    for (origin, site) in [(kauth, "same-site"), ("null", "same-site"), (kauth, "same-origin")] {
        let request = browser.request("POST", &login).form(&fields);
        let request = request.header("origin", origin).header("sec-fetch-site", site);
        let refused = browser.send(&login, request).await;
        assert_eq!(refused.status, 400, "{origin} {site}: {refused:?}");
    }
    assert_eq!(browser.post(&login, &fields).await.status, 303);
}

/// Fills the parameters of a path in.
fn path_of(place: &Place) -> String {
    place.path.replace("{code}", "KOE101").replace("{name}", "default").replace("{file}", "img_110x110.svg")
}

/// The methods of a path that has documentation, or GET.
fn methods_of(place: &Place) -> Vec<&'static str> {
    let all = http::endpoints().into_iter().filter(|endpoint| endpoint.path == place.path);
    let methods: Vec<_> =
        all.map(|endpoint: kakaw_platform::endpoint::Endpoint| Method::name(endpoint.method)).collect();
    if methods.is_empty() { vec!["GET"] } else { methods }
}

#[tokio::test]
async fn each_surface_answers_its_own_paths_only() {
    let folder = tempfile::tempdir().unwrap();
    let platform = Platform::with_four_origins(folder.path());
    let mut browser = Browser::new(&platform);
    let is_unknown = |answer: &Answer| {
        answer.status == 404 && (answer.text.contains("unknown URL: ") || answer.text.contains("unknown API: "))
    };
    let (mut own, mut refused, mut handed) = (0, 0, 0);
    for place in http::places() {
        for surface in Surface::ALL {
            let url = format!("{}{}", platform.url(surface), path_of(&place));
            for method in methods_of(&place) {
                let request = browser.request(method, &url);
                let answer = browser.send(&url, request).await;
                if place.is_at(&[surface]) {
                    assert!(!is_unknown(&answer), "{method} {url}: {answer:?}");
                    own += 1;
                } else if place.is_entered_at(&[surface]) && method == "GET" {
                    let there = platform.url(place.surface.unwrap());
                    assert_eq!((answer.status, answer.location()), (302, format!("{there}{}", place.path)));
                    assert!(answer.header("set-cookie").is_empty());
                    handed += 1;
                } else {
                    // The same error as an unknown path has there, and the place where the path is.
                    assert!(is_unknown(&answer), "{method} {url}: {answer:?}");
                    let nonsense = url.replace(&place.path, &format!("{}nonsense", place.path));
                    let request = browser.request(method, &nonsense);
                    let unknown = browser.send(&nonsense, request).await;
                    let code = |answer: &Answer| (answer.json()["code"].clone(), answer.json()["error_code"].clone());
                    assert_eq!((answer.status, code(&answer)), (unknown.status, code(&unknown)));
                    let there = format!("(nearest: {method} {}{})", platform.url(place.surface.unwrap()), place.path);
                    let plain = http::endpoints().iter().all(|endpoint| endpoint.path != place.path);
                    assert!(
                        plain || method == "POST" || answer.text.contains(&there),
                        "{method} {url}: {}",
                        answer.text
                    );
                    assert!(!answer.has_cors(), "{method} {url}");
                    refused += 1;
                }
            }
        }
    }
    assert!(own > 60 && refused > 100 && handed == 2, "{own} {refused} {handed}");
    for host in ["https://login.example.com", "https://console.example.com", "https://example.com"] {
        assert_eq!(browser.get(&format!("{host}/login")).await.status, 421, "{host}");
    }
}

/// The requests to a path: with each method, and with what makes its handler read as much as possible.
fn requests_of(place: &Place, selection: &str) -> Vec<(&'static str, String)> {
    let path = path_of(place);
    let to_continue = encoded(AUTHORIZE);
    let query = match place.path.as_str() {
        "/oauth/authorize" => AUTHORIZE.split_once('?').unwrap().1.to_owned(),
        "/oauth/logout" => LOG_OUT.split_once('?').unwrap().1.to_owned(),
        "/login" | "/terms" | "/weblogin/create_account" => format!("continue={to_continue}"),
        "/user/address" | "/error/auth" | "/error/server-error" | "/user/address/closed" => {
            selection.split_once('?').unwrap().1.to_owned()
        }
        "/apiweb/code.json" => format!("client_id={JAVASCRIPT}&auth_tran_id={TRANSACTION}"),
        _ => format!("client_id={JAVASCRIPT}"),
    };
    ["GET", "POST", "DELETE", "OPTIONS", "HEAD"].map(|method| (method, format!("{path}?{query}"))).into()
}

/// Sends every request of every path to every origin, once without cookies and once with those of a logged-in browser.
/// Returns how many replies had CORS, and the paths whose replies depended on cookies.
async fn cors_and_cookies(platform: &Platform) -> (usize, BTreeSet<String>) {
    let mut known = Browser::new(platform);
    let back = known.log_in().await;
    let token = known.tokens(&back).await["access_token"].as_str().unwrap().to_owned();
    let selection = address(&mut known, &token).await;
    let all: BTreeMap<String, String> = known.cookies.values().flatten().map(|(n, v)| (n.clone(), v.clone())).collect();
    let (mut open, mut private) = (0, BTreeSet::new());
    for place in http::places() {
        for (method, path) in requests_of(&place, &selection) {
            for url in BTreeSet::from(platform.urls) {
                let url = format!("{url}{path}");
                let mut seen = Vec::new();
                for cookies in [&BTreeMap::new(), &all] {
                    let mut browser = Browser::new(platform);
                    browser.cookies.insert(origin(&url).to_owned(), cookies.clone());
                    let mut request = browser.request(method, &url).header("origin", "https://shop.example");
                    if method == "OPTIONS" {
                        request = request.header("access-control-request-method", "POST");
                    }
                    seen.push(browser.send(&url, request).await);
                }
                let sets = seen.iter().any(|answer| answer.headers.contains_key("set-cookie"));
                let depends = sets || seen[0].said() != seen[1].said();
                let has_cors = seen.iter().any(Answer::has_cors);
                assert!(!(has_cors && depends), "{method} {url}: {seen:?}");
                for answer in &seen {
                    assert!(!answer.headers.contains_key("access-control-allow-credentials"), "{method} {url}");
                }
                open += usize::from(has_cors);
                if depends {
                    private.insert(format!("{method} {}{}", origin(&url), place.path));
                }
            }
        }
    }
    (open, private)
}

#[tokio::test]
async fn no_reply_with_cors_depends_on_cookies() {
    let folder = tempfile::tempdir().unwrap();
    let one = Platform::with_one_url(folder.path());
    let folder = tempfile::tempdir().unwrap();
    let four = Platform::with_four_origins(folder.path());
    let on = |platform: &Platform| {
        let [_, _, accounts, apps] = platform.urls;
        let pages =
            ["/login", "/oauth/authorize", "/oauth/logout", "/terms"].map(|path| format!("GET {accounts}{path}"));
        BTreeSet::from_iter(pages.into_iter().chain([format!("GET {apps}/user/address")]))
    };
    for platform in [one, four] {
        let (open, private) = cors_and_cookies(&platform).await;
        let missing: Vec<_> = on(&platform).difference(&private).cloned().collect();
        assert!(open >= 100 && missing.is_empty(), "{open} {missing:?} {private:?}");
        let [kauth, kapi, accounts, _] = platform.urls;
        if kauth != accounts {
            let of_others: Vec<_> = private.iter().filter(|path| path.contains(kauth) || path.contains(kapi)).collect();
            assert!(of_others.is_empty(), "{of_others:?}");
        }
    }
}

#[tokio::test]
async fn surfaces_can_share_an_origin() {
    let folder = tempfile::tempdir().unwrap();
    let login = "https://login.example.com";
    let settings = "public_url = \"https://login.example.com\"\n[origins]\nkapi = \"https://api.example.com\"\n";
    let platform = Platform::start(folder.path(), [login, "https://api.example.com", login, login], settings);
    let mut browser = Browser::new(&platform);
    let back = browser.log_in().await;
    let tokens = browser.tokens(&back).await;
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(browser.call("https://api.example.com/v2/user/me", token).await.status, 200);
    assert_eq!(browser.call(&format!("{login}/v2/user/me"), token).await.status, 404);
    assert_eq!(browser.get("https://api.example.com/login").await.status, 404);
    address(&mut browser, token).await;
    let sdk = browser.get(&format!("{login}/sdk/js/kakao.js")).await;
    assert!(sdk.text.contains("const origins = {\"accounts\":\"https://login.example.com\","), "{}", &sdk.text[..800]);
    assert!(sdk.text.contains("\"kapi\":\"https://api.example.com\""));
}

#[test]
fn origins_that_cannot_be_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let check = |settings: &str| {
        std::fs::write(folder.path().join("kakaw.toml"), format!("data = \"data\"\n{settings}")).unwrap();
        ["serve", "check"].map(|command| {
            let (code, out, err) = run(folder.path(), &[command, "--config", "kakaw.toml"]);
            assert_ne!(code, Some(0), "{command}: {out}{err}");
            format!("{out}{err}")
        })
    };
    for (settings, expected) in [
        ("[origins]\nkapi = \"https://kapi.example.com\"\n", "public_url is not set"),
        (
            "public_url = \"https://a.example.com\"\n[origins]\nkapi = \"https://b.example.com/api\"\n",
            "origins.kapi is",
        ),
        ("public_url = \"https://a.example.com\"\n[origins]\nkapi = \"http://b.example.com\"\n", "use the same scheme"),
        ("public_url = \"https://a.example.com\"\n[origins]\nkapy = \"https://b.example.com\"\n", "origins.kapi"),
    ] {
        for text in check(settings) {
            assert!(text.contains(expected), "{settings}: {text}");
        }
    }
    std::fs::write(folder.path().join("dev.toml"), "[origins]\nkapi = \"https://b.example.com\"\n").unwrap();
    let (code, _, err) = run(folder.path(), &["dev", "--config", "dev.toml"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("origins.kapi is set; only serve has origins"), "{err}");
}

#[tokio::test]
async fn security_txt_is_there_when_a_contact_is_configured() {
    let folder = tempfile::tempdir().unwrap();
    let path = "/.well-known/security.txt";
    let without = Platform::with_one_url(folder.path());
    let answer = Browser::new(&without).get(&format!("{}{path}", without.urls[0])).await;
    assert_eq!((answer.status, answer.json()["error_code"].clone()), (404, Value::from("KOE002")), "{answer:?}");

    let folder = tempfile::tempdir().unwrap();
    let settings = "[security]\ncontact = [\"mailto:security@example.com\", \"https://example.com/report\"]\n\
                    policy = \"https://example.com/policy\"\nlanguages = [\"ko\", \"en\"]\n";
    let names = Platform::with_four_origins(tempfile::tempdir().unwrap().path()).urls;
    let platform = Platform::start(folder.path(), names, &format!("{FOUR}{settings}"));
    for url in platform.urls {
        let answer = Browser::new(&platform).get(&format!("{url}{path}")).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "text/plain; charset=utf-8"), "{answer:?}");
        let lines: Vec<_> = answer.text.lines().collect();
        let of = |name: &str| -> Vec<_> {
            lines.iter().filter_map(|line| line.split_once(": ")).filter(|(n, _)| *n == name).map(|(_, v)| v).collect()
        };
        assert_eq!(of("Contact"), ["mailto:security@example.com", "https://example.com/report"]);
        assert_eq!((of("Policy"), of("Preferred-Languages")), (vec!["https://example.com/policy"], vec!["ko, en"]));
        assert!(of("Canonical").contains(&format!("{url}{path}").as_str()) && of("Canonical").len() == 4, "{lines:?}");
        let until = of("Expires").concat().parse::<jiff::Timestamp>().unwrap();
        let days = until.duration_since(jiff::Timestamp::now()).as_hours() / 24;
        assert!((170..365).contains(&days) && lines.len() == 9, "{lines:?}");
    }
    let settings = |security: &str| {
        let text = format!("public_url = \"https://login.example.com\"\ndata = \"data\"\n[security]\n{security}");
        std::fs::write(folder.path().join("wrong.toml"), text).unwrap();
        let (code, out, err) = run(folder.path(), &["check", "--config", "wrong.toml"]);
        assert_ne!(code, Some(0));
        format!("{out}{err}")
    };
    let right = "contact = \"mailto:a@example.com\"\n";
    for (security, expected) in [
        (
            "contact = \"security@example.com\"".to_owned(),
            "security.contact has \"security@example.com\"; expected mailto:",
        ),
        ("policy = \"https://example.com\"".to_owned(), "security.policy is set without security.contact"),
        (
            format!("{right}policy = \"http://example.com\""),
            "security.policy is \"http://example.com\"; expected an https URL",
        ),
        (format!("{right}expires = \"2020-01-01T00:00:00Z\""), "security.expires was 2020-01-01T00:00:00Z"),
    ] {
        let text = settings(&security);
        assert!(text.contains(expected), "{security}: {text}");
    }
}
