//! Tests with arbitrary input: the answer is always a clear error in the format of its surface, never a 5xx, never a
//! panic.

use axum::body::Body;
use axum::http::{HeaderValue, Request, StatusCode};
use kakaw_core::policy::Policy;
use kakaw_platform::http;
use kakaw_store::db::Url;
use proptest::prelude::*;

use crate::support::*;

/// Checks that the answer has the format that clients of this path decode.
fn check_shape(path: &str, answer: &Answer, what: &str) {
    assert!(answer.status.as_u16() < 500, "{path}: {} for {what}: {}", answer.status, answer.body);
    if answer.status.is_success() || answer.status.is_redirection() {
        return;
    }
    if path.starts_with("/v1") || path.starts_with("/v2") {
        let json = answer.json();
        assert!(json["msg"].is_string() && json["code"].is_i64(), "{path}: {what}: {json}");
    } else if path.starts_with("/oauth/token") || path.starts_with("/.well-known") {
        assert!(answer.json()["error"].is_string(), "{path}: {what}: {}", answer.body);
    }
}

/// Returns every endpoint of the API's description.
fn endpoints() -> Vec<String> {
    http::endpoints().iter().map(ToString::to_string).collect()
}

fn path_of(endpoint: &str) -> &str {
    endpoint.split_once(' ').unwrap().1
}

#[tokio::test]
async fn oversized_mistyped_and_undecodable_bodies_are_refused_in_shape() {
    on_each_database(async |server| {
        let bodies: [(&str, Vec<u8>); 9] = [
            ("application/x-www-form-urlencoded", vec![b'a'; 70_000]),
            ("application/x-www-form-urlencoded", b"a=%zz".to_vec()),
            ("application/x-www-form-urlencoded", b"a=%ff%fe".to_vec()),
            ("application/x-www-form-urlencoded", vec![0xff, 0x00, 0xfe]),
            ("application/x-www-form-urlencoded", b"grant_type=refresh_token&grant_type=refresh_token".to_vec()),
            ("application/x-www-form-urlencoded", b"client_id=%00".to_vec()),
            ("application/json", b"{\"grant_type\":\"refresh_token\"}".to_vec()),
            ("multipart/form-data; boundary=x", b"--x--".to_vec()),
            ("", b"grant_type=refresh_token".to_vec()),
        ];
        for endpoint in endpoints() {
            for (kind, body) in &bodies {
                for token in ["", "Bearer x"] {
                    let mut request = Request::post(path_of(&endpoint)).header("host", "localhost:7700");
                    if !kind.is_empty() {
                        request = request.header("content-type", *kind);
                    }
                    if !token.is_empty() {
                        request = request.header("authorization", token);
                    }
                    let answer = server.send(request.body(Body::from(body.clone())).unwrap()).await;
                    check_shape(path_of(&endpoint), &answer, &format!("{kind} {:?}", &body[..body.len().min(40)]));
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn garbage_in_headers_and_cookies_is_survived() {
    on_each_database(async |server| {
        let garbage: [&[u8]; 8] = [
            b"\xff\xfe",
            b"=;=;;=",
            b"kakaw_s_x=\x80; kakaw_s_x=1",
            b"Bearer ",
            b"Bearer \xff",
            b"Basic !!!",
            b"KakaoAK x",
            &[b'a'; 9000],
        ];
        for endpoint in endpoints() {
            for value in garbage {
                for name in ["authorization", "cookie", "accept-language", "content-type", "origin", "accept", "ka"] {
                    let request = Request::get(path_of(&endpoint))
                        .header("host", "localhost")
                        .header(name, HeaderValue::from_bytes(value).unwrap());
                    let answer = server.send(request.body(Body::empty()).unwrap()).await;
                    check_shape(path_of(&endpoint), &answer, &format!("{name}: {value:?}"));
                }
            }
        }
        for host in [&b"\xff"[..], b"", b"evil.example", b"localhost:7700, evil.example"] {
            let request = Request::get("/login").header("host", HeaderValue::from_bytes(host).unwrap());
            let answer = server.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST, "{host:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn truncated_and_altered_tokens_open_nothing() {
    on_each_database(async |server| {
        let tokens = server.tokens(&mut Browser::default(), PLAIN, "ryan@example.com", &["profile_nickname"]).await;
        let refresh = tokens["refresh_token"].as_str().unwrap();
        let access = tokens["access_token"].as_str().unwrap();
        for length in 0..refresh.len() {
            let answer = server.refresh(PLAIN, &refresh[..length]).await;
            assert!(["KOE319", "KOE322"].contains(&answer.json()["error_code"].as_str().unwrap()), "{length}");
        }
        for (index, _) in refresh.char_indices() {
            let mut altered = refresh.to_owned();
            altered.replace_range(index..=index, if &refresh[index..=index] == "A" { "B" } else { "A" });
            assert_eq!(server.refresh(PLAIN, &altered).await.json()["error_code"], "KOE322", "{index}");
        }
        // A token of one kind is not accepted as the other.
        assert_eq!(server.refresh(PLAIN, access).await.json()["error_code"], "KOE322");
        assert_eq!(server.me(refresh).await.json()["code"], -401);
        assert_eq!(server.refresh(JS, refresh).await.json()["error_code"], "KOE322", "another key's");
    })
    .await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn whatever_stands_in_the_query_or_the_form_is_survived(
        requests in prop::collection::vec((0..endpoints().len(), "[ -~]{0,80}", "\\PC{0,40}"), 1..20)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let server = TestServer::start(&Url::Memory, Policy::DEV).await;
            for (index, ascii, text) in requests {
                let all = endpoints();
                let path = path_of(&all[index]);
                let safe: String = ascii.chars().filter(|c| !c.is_whitespace() && !"\"<>\\^`{|}#".contains(*c)).collect();
                for query in [safe.clone(), format!("client_id={REST}&{safe}"), format!("continue={}", encode_value(&text))] {
                    let Ok(request) = Request::get(format!("{path}?{query}")).header("host", "localhost").body(Body::empty())
                    else { continue };
                    check_shape(path, &server.send(request).await, &query);
                }
                let form = [("grant_type", "authorization_code"), ("client_id", PLAIN), ("code", text.as_str()), ("x", &ascii)];
                check_shape(path, &server.post(path, &form).await, &text);
            }
        });
    }
}
