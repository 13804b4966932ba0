//! Days on which something around the server fails: the database, the keys, too many log-ins at once.

use std::time::Duration;

use kakaw_core::policy::Policy;
use kakaw_server::password::{OWASP, PLACES, Passwords};
use kakaw_server::signer::Signer;
use kakaw_store::Outcome;
use kakaw_store::db::{self, Url};
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn without_a_signing_key_nothing_waits_for_long_and_no_code_is_spent() {
    let mut world = TestServer::world(&Url::Memory, Policy::DEV).await;
    world.signer = Signer::waiting_at_most(Duration::from_millis(50));
    // As a wrong key file would have it: what is stored does not open.
    let broken = kakaw_store::signing_keys::insert("kid", "sealed under another key", world.now());
    assert_eq!(world.store.commit(vec![broken]).await.unwrap(), Outcome::Committed);
    let server = TestServer::of(world).await;
    let answer = server.get("/.well-known/jwks.json").await;
    assert_eq!((answer.status.as_u16(), answer.json()["error_code"].clone()), (503, json!("KOE003")));
    let info = server.post("/oauth/tokeninfo", &[("id_token", "x")]).await;
    assert_eq!(info.json()["error_code"], "KOE003", "{}", info.body);
    let mut browser = Browser::default();
    let back = server.walk(&mut browser, &authorize(REST, "&scope=openid"), "ryan@example.com", &ITEMS).await;
    let code = back.parameter("code").unwrap();
    let answer = server.exchange(REST, &code).await;
    assert_eq!((answer.status.as_u16(), answer.json()["error_code"].clone()), (503, json!("KOE003")));
    let mended = db::sql("delete from signing_keys");
    assert_eq!(server.world.store.commit(vec![mended]).await.unwrap(), Outcome::Committed);
    server.world.signer.load(&server.world.store, &server.world.sealer, server.world.now()).await.unwrap();
    let answer = server.exchange(REST, &code).await;
    assert!(answer.json()["id_token"].is_string(), "the code was not spent: {}", answer.body);
}

#[tokio::test]
async fn sixteen_log_ins_at_the_same_moment_on_two_cores_are_all_let_in() {
    let passwords = Passwords::new(OWASP, 2, PLACES);
    let server = TestServer::start_with(&Url::Memory, Policy::DEV, passwords).await;
    let url = format!("/login?continue={}", encode_value(&authorize(REST, "")));
    let attempt = async || {
        let mut browser = Browser::default();
        let form = hidden(&browser.get(&server, &url).await.body);
        let fields = [("kakaw_form", form.as_str()), ("loginId", "ryan@example.com"), ("password", "ryan-password")];
        browser.post(&server, &url, &fields).await.status.as_u16()
    };
    // The first makes the hash of the world file's password.
    assert_eq!(attempt().await, 303);
    let four = async || tokio::join!(attempt(), attempt(), attempt(), attempt());
    let (a, b, c, d) = tokio::join!(four(), four(), four(), four());
    assert_eq!([a, b, c, d], [(303, 303, 303, 303); 4]);
}
