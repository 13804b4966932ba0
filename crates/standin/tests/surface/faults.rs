//! Tests of injected errors on pages: the same reply that the mistake itself would cause.

use kakaw_wire::Code;
use kakaw_wire::problem::Surface;
use serde_json::{Value, json};

use crate::support::*;

async fn rule(server: &TestServer, path: &str, code: &str) {
    control(server, "DELETE", "/control/v1/faults", Value::Null).await;
    let rule = json!({ "path": path, "fault": { "error": code } });
    assert_eq!(control(server, "POST", "/control/v1/faults", rule).await.status, 200, "{code}");
}

/// Returns the text of a page without its diagnosis, which says that a rule caused it.
fn said(answer: &Answer) -> &str {
    assert_eq!(answer.headers["content-type"], "text/html;charset=UTF-8", "{}", answer.body);
    let text = answer.body.split("</main>").next().unwrap();
    let text = text.split("<details open class=\"diagnosis\"").next().unwrap();
    // After it, each request has its own number.
    text.split("</div>\n<dl class=\"kv wide\">").next().unwrap().trim_end()
}

fn on(surface: Surface) -> impl Iterator<Item = Code> {
    Code::ALL.iter().copied().filter(move |code| code.is_on(surface))
}

#[tokio::test]
async fn an_error_of_a_redirect_goes_to_the_app_with_its_own_state() {
    on_each_database(async |server| {
        let silent = authorize(REST, "&prompt=none&state=a%20b");
        let natural = server.get(&silent).await.location();
        for code in on(Surface::Redirect) {
            let answer = &code.answers()[0];
            rule(&server, "/oauth/authorize", code.id()).await;
            let back = server.get(&authorize(REST, "&state=a%20b")).await;
            assert_eq!(back.status, 302, "{code}: {}", back.body);
            let expected = [("error", answer.error), ("error_description", answer.message), ("state", "a b")];
            for (name, value) in expected {
                assert_eq!(back.parameter(name).as_deref(), Some(value), "{code}");
            }
            assert!(back.location().starts_with(&format!("{CALLBACK}?error=")), "{}", back.location());
            if code == Code::LoginRequired {
                assert_eq!(back.location(), natural, "letter for letter what the mistake gives");
            }
            let log = server.world.requests.list(&Default::default());
            let last = log.last().unwrap();
            assert!(last.fault.is_some() && last.decision.as_deref().is_some_and(|text| text.contains(answer.error)));
        }
        // After a form it is 303, as always.
        rule(&server, "/oauth/authorize", "access_denied").await;
        assert_eq!(server.post(&authorize(REST, ""), &[("decision", "accept")]).await.status, 303);
        // A native app gets it by its own scheme, and without `state` if the request has none.
        let native = server.get(&authorize(NATIVE, "")).await;
        let expected = format!("kakao{NATIVE}://oauth?error=access_denied&error_description=User%20denied%20access");
        assert_eq!(native.location(), expected);
    })
    .await;
}

#[tokio::test]
async fn an_error_of_a_redirect_never_goes_to_a_uri_that_is_not_registered() {
    on_each_database(async |server| {
        rule(&server, "/oauth/authorize", "access_denied").await;
        let evil = authorize(REST, "").replace(&encode_value(CALLBACK), "https%3A%2F%2Fevil.example%2Fcb");
        for (url, code) in [
            (evil.clone(), "KOE006"),
            (evil.replace(REST, "nope"), "KOE101"),
            (authorize(OFF, ""), "KOE004"),
            (authorize(REST, "&scope=made_up"), "KOE205"),
            ("/oauth/authorize".to_owned(), "KOE207"),
        ] {
            error_page(&server, &url, code).await;
        }
        control(&server, "DELETE", "/control/v1/faults", Value::Null).await;
        let natural = server.get(&evil).await;
        rule(&server, "/oauth/authorize", "login_required").await;
        let asked = server.get(&evil).await;
        let without_id = |answer: &Answer| answer.body.replace(answer.headers["x-request-id"].to_str().unwrap(), "");
        assert_eq!(without_id(&asked), without_id(&natural), "the page that the request gets by itself");
    })
    .await;
}

#[tokio::test]
async fn an_error_of_a_page_is_the_page_with_the_evidence_of_the_request() {
    on_each_database(async |server| {
        let page = async |code: &str, url: &str| {
            rule(&server, "/oauth/authorize", code).await;
            server.get(url).await
        };
        for code in Code::ALL {
            if code.is_on(Surface::Redirect) {
                continue;
            }
            let answer = page(code.id(), &authorize(REST, "&state=s&lang=en")).await;
            let answers = code.answers();
            let natural = answers.iter().find(|answer| answer.surface == Surface::Page);
            let expected = natural.or(answers.first()).map_or(400, |answer| answer.status);
            assert_eq!(answer.status.as_u16(), expected, "{code}");
            let text = said(&answer);
            assert!(text.contains(&format!("({code})")) && !answer.headers.contains_key("location"), "{code}: {text}");
            assert!(!text.contains("injected") && !text.contains("{redirect_uri}"), "{code}: {text}");
            assert!(answer.headers["link"].to_str().unwrap().contains(&format!("/docs/errors/{code}>")), "{code}");
            assert!(answer.body.contains("a fault rule of this stand-in injected this error"), "{}", answer.body);
            let log = server.world.requests.list(&Default::default());
            assert_eq!(log.last().unwrap().code, Some(code.id()));
        }
        // Exactly what the mistake itself gives.
        let evil = authorize(REST, "&lang=en").replace(&encode_value(CALLBACK), "https%3A%2F%2Fevil.example%2Fcb");
        for (code, url) in [
            ("KOE006", evil),
            ("KOE101", authorize("nope", "&lang=en")),
            ("KOE004", authorize(OFF, "&lang=en&state=s")),
            ("KOE205", authorize(REST, "&lang=en&scope=made_up")),
            ("KOE207", format!("/oauth/authorize?client_id={REST}&lang=en")),
            ("KOE201", authorize(REST, "&lang=en").replace("response_type=code", "response_type=id_token")),
            ("KOE008", authorize(ADMIN, "&lang=en")),
        ] {
            control(&server, "DELETE", "/control/v1/faults", Value::Null).await;
            let natural = server.get(&url).await;
            let asked = page(code, &url).await;
            assert_eq!((asked.status, said(&asked)), (natural.status, said(&natural)), "{code}");
        }
        // A valid request has the evidence of the mistake: its own app, scopes that the app really has.
        let koe005 = page("KOE005", &authorize(REST, "&lang=en&state=s")).await;
        assert!(said(&koe005).contains("Coffee Club") && said(&koe005).contains("Log in with another account"));
        let koe203 = page("KOE203", &authorize(REST, "&lang=en")).await;
        assert!(said(&koe203).contains("required:profile_nickname,account_email agreed:"), "{}", koe203.body);
        let koe205 = page("KOE205", &authorize(REST, "&lang=en&scope=gender")).await;
        assert!(said(&koe205).contains("Invalid scope: gender"), "{}", koe205.body);
        let koe101 = page("KOE101", &authorize(ADMIN, "&lang=en")).await;
        assert!(!koe101.body.contains(ADMIN), "an admin key is never repeated");
    })
    .await;
}

#[tokio::test]
async fn other_pages_answer_by_pages_too() {
    on_each_database(async |server| {
        let url = format!("/oauth/logout?client_id={REST}&logout_redirect_uri=http://localhost:3000/by&lang=en");
        let natural = server.get(&url).await;
        rule(&server, "/oauth/logout", "KOE007").await;
        let asked = server.get(&url).await;
        assert_eq!((asked.status, said(&asked)), (natural.status, said(&natural)));
        rule(&server, "/", "KOE003").await;
        let login = format!("/login?continue={}", encode_value(&authorize(REST, "")));
        for path in [login.as_str(), "/terms", "/oauth/logout", "/weblogin/create_account"] {
            let page = server.get(path).await;
            assert!(page.status == 503 && said(&page).contains("(KOE003)"), "{path}: {}", page.body);
        }
        assert_eq!(server.token(&[]).await.json()["error_code"], "KOE003", "and JSON where it is JSON");
    })
    .await;
}

#[tokio::test]
async fn an_error_of_the_javascript_sdks_built_in_target_is_polled_for() {
    on_each_database(async |server| {
        server.apply(PLATFORM).await;
        let mut browser = Browser::default();
        server
            .walk_with(
                &mut browser,
                &authorize(MARKET_JS, ""),
                "ryan@example.com",
                &["profile_nickname"],
                &["use", "privacy"],
                &[],
            )
            .await;
        rule(&server, "/oauth/authorize", "access_denied").await;
        let id = "auth_tran_id=0123456789012345678901234567890123456789";
        let url = format!(
            "/oauth/authorize?client_id={MARKET_JS}&redirect_uri=JS-SDK&response_type=code&is_popup=true&{id}&state=s"
        );
        let done = browser.get_with(&server, &url, &[("referer", "http://localhost:3000/")]).await;
        assert_eq!(done.status, 200, "{}", done.body);
        let poll = format!("/apiweb/code.json?client_id={MARKET_JS}&{id}&ka=sdk%2F2.7.1");
        let polled = browser.get_with(&server, &poll, &[("origin", "http://localhost:3000")]).await.json();
        assert_eq!((&polled["status"], &polled["error"]), (&json!("error"), &json!("access_denied")), "{polled}");
        assert_eq!(
            (&polled["error_description"], &polled["state"]),
            (&json!("User denied access"), &json!("s")),
            "{polled}"
        );
    })
    .await;
}
