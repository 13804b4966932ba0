//! Tests of the rotation of sealing and signing keys, on one node and on two.

use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kakaw_store::Store;
use kakaw_store::db::{self, Url};
use serde_json::Value;

use crate::client::Client;
use crate::running::{Running, run};
use crate::shop::{OWNER, PASSWORD, WORLD, exchange_form, refresh_form};

/// With an ID token.
const AUTHORIZE: &str = concat!(
    "/oauth/authorize?client_id=8f14e45fceea167a5a36dedd4bea2543&redirect_uri=https%3A%2F%2Fshop.example%2Fcallback",
    "&response_type=code&scope=openid+profile_nickname"
);
/// Seconds.
const OVERLAP: u64 = 4;

fn config(folder: &Path, database: &str) {
    let text = format!(
        "listen = \"127.0.0.1:0\"\npublic_url = \"http://127.0.0.1\"\nbehind_proxy = true\n{database}\n[keys]\noverlap = {OVERLAP}\n"
    );
    std::fs::write(folder.join("kakaw.toml"), text).unwrap();
    std::fs::write(folder.join("world.toml"), WORLD).unwrap();
    let (code, _, error) = run(folder, &["init", "--config", "kakaw.toml"]);
    assert_eq!(code, Some(0), "{error}");
    let (code, _, error) = run(folder, &["apply", "world.toml", "--config", "kakaw.toml"]);
    assert_eq!(code, Some(0), "{error}");
}

fn serve(folder: &Path) -> Running {
    Running::start(folder, &["serve", "--config", "kakaw.toml"])
}

fn keys(folder: &Path, args: &[&str]) -> String {
    let (code, out, error) = run(folder, &[&["keys", "--config", "kakaw.toml"], args].concat());
    assert_eq!(code, Some(0), "{error}");
    out
}

fn client(server: &Running) -> Client {
    let port = server.url.rsplit_once(':').unwrap().1;
    Client::at(&format!("http://127.0.0.1:{port}"), [127, 0, 0, 1].into(), "127.0.0.1")
}

async fn exchange(client: &mut Client, code: &str) -> Value {
    let reply = client.post("/oauth/token", &exchange_form(code)).await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json()
}

async fn refresh(client: &mut Client, token: &str) -> Value {
    let reply = client.post("/oauth/token", &refresh_form(token)).await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json()
}

/// The number of the key that sealed a token.
fn sealed_by(token: &Value) -> u8 {
    URL_SAFE_NO_PAD.decode(token.as_str().unwrap()).unwrap()[0]
}

fn kid(id_token: &Value) -> String {
    let header = id_token.as_str().unwrap().split('.').next().unwrap();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

async fn published(client: &mut Client) -> Vec<String> {
    let set = client.get("/.well-known/jwks.json").await.unwrap().json();
    set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// Logs in on one node, rotates both kinds of keys, and uses everything on the other node all the time.
async fn rotates_without_losing_anything(folder: &Path, one: &Running, other: &Running) {
    let (mut one, mut other) = (client(one), client(other));
    let page = one.log_in(AUTHORIZE, OWNER, PASSWORD).await.unwrap();
    let code = one.agree(AUTHORIZE, &page, &["profile_nickname"]).await.unwrap().parameter("code").unwrap();
    let first = exchange(&mut one, &code).await;
    let (access, token) = (first["access_token"].as_str().unwrap(), first["refresh_token"].as_str().unwrap());
    assert_eq!(sealed_by(&first["access_token"]), 1);
    let cached = published(&mut other).await;
    let before = kid(&first["id_token"]);

    let began = Instant::now();
    assert!(keys(folder, &["rotate", "sealing"]).starts_with("sealing key 2 seals in 4 seconds"));
    assert!(keys(folder, &["list"]).contains("seals from "), "{}", keys(folder, &["list"]));
    let said = keys(folder, &["rotate", "signing"]);
    assert!(said.starts_with(&format!("signing key {before} signs no more")), "{said}");
    let rotated = Instant::now();
    let (mut by_new_key, mut by_new_kid) = (false, false);
    while rotated.elapsed() < Duration::from_secs(OVERLAP + 4) {
        for (from, to) in [(0, 1), (1, 0)] {
            let nodes = [&mut one, &mut other];
            let renewed = refresh(nodes[from], token).await;
            let renewed_access = renewed["access_token"].as_str().unwrap();
            for token in [access, renewed_access] {
                let reply = nodes[to].get_with_token("/v2/user/me", token).await.unwrap();
                assert_eq!(reply.status, 200, "after {:?}: {}", began.elapsed(), reply.text);
            }
            let number = sealed_by(&renewed["access_token"]);
            assert!(number == 1 || began.elapsed() >= Duration::from_secs(OVERLAP), "sealed too early");
            by_new_key |= number == 2;
            let kid = kid(&renewed["id_token"]);
            assert!(cached.contains(&kid), "a client that read the key set before knows the key");
            by_new_kid |= kid != before;
        }
        // The session still stands, on either node.
        let silent = one.get(AUTHORIZE).await.unwrap();
        assert!(silent.parameter("code").is_some(), "{} {}", silent.status, silent.text);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(by_new_key && by_new_kid, "both rotations took effect");
    let now = published(&mut other).await;
    assert!(now.contains(&before) && now.len() == 3, "the old one, the signing one and the next: {now:?}");
    let listed = keys(folder, &["list"]);
    assert!(listed.contains("sealing  1") && listed.contains("sealing  2                        seals "), "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_rotate_on_one_node_without_losing_a_login_or_a_token() {
    let folder = tempfile::tempdir().unwrap();
    config(folder.path(), "data = \"data\"");
    let server = serve(folder.path());
    rotates_without_losing_anything(folder.path(), &server, &server).await;
    // A new start knows the keys too, and what they have sealed.
    drop(server);
    let server = serve(folder.path());
    let mut browser = client(&server);
    let page = browser.log_in(AUTHORIZE, OWNER, PASSWORD).await.unwrap();
    let code = page.parameter("code").expect("linked already");
    assert_eq!(sealed_by(&exchange(&mut browser, &code).await["access_token"]), 2);
}

/// Returns the URL of a schema of its own; `None` without PostgreSQL.
async fn postgres(name: &str) -> Option<String> {
    let Ok(base) = std::env::var("KAKAW_TEST_POSTGRES") else {
        eprintln!("SKIPPED on PostgreSQL: KAKAW_TEST_POSTGRES is not set");
        return None;
    };
    let schema = format!("{name}{}", std::process::id());
    db::create_schema(&base, &schema).await.unwrap();
    Some(format!("{base}?options=-csearch_path%3D{schema}"))
}

fn on_postgres(folder: &Path, url: &str) -> String {
    let key_file = folder.join("keys.toml").display().to_string();
    format!("database = {url:?}\nkey_file = {key_file:?}")
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_rotate_on_two_nodes_without_losing_a_login_or_a_token() {
    let Some(url) = postgres("rotate").await else { return };
    let folder = tempfile::tempdir().unwrap();
    config(folder.path(), &on_postgres(folder.path(), &url));
    let (one, other) = (serve(folder.path()), serve(folder.path()));
    rotates_without_losing_anything(folder.path(), &one, &other).await;
}

/// What key 2 seals: secrets of an app, an address, a CI, the name of a person in the trail.
const MORE: &str = r#"
[[apps]]
id = 2
name = "Cafe"
[[apps.rest_api_keys]]
key = "1ff1de774005f8da13f42943881c655f"
client_secret = "6512bd43d9caa6e02c990b0a82652dca"
[[people]]
email = "guest@example.com"
password = "the password of the guest"
ci = "the CI of the guest"
[[people.shipping_addresses]]
is_default = true
address = { name = "Home", base_address = "1 Orchard Road", receiver_name = "Guest", receiver_phone_number1 = "010-5555-0001", zone_number = "12345", type = "NEW" }
"#;

fn sealed_by_2(folder: &Path) -> (String, String) {
    let (code, out, error) = run(folder, &["export", "--config", "kakaw.toml", "--with-secrets"]);
    assert_eq!(code, Some(0), "{error}");
    let (code, audit, error) =
        run(folder, &["audit", "--config", "kakaw.toml", "--person", "guest@example.com", "--json"]);
    assert_eq!(code, Some(0), "{error}");
    (out, audit)
}

/// Rotates the sealing key twice and retires the one between, while the server runs.
async fn retires_a_sealing_key(folder: &Path, server: &Running, url: &Url) {
    let retire = |more: &[&str]| run(folder, &[&["keys", "--config", "kakaw.toml", "retire", "2"], more].concat());
    let overlap = Duration::from_secs(OVERLAP);
    let (code, _, error) = retire(&[]);
    assert_eq!(code, Some(2), "no such key: {error}");
    keys(folder, &["rotate", "sealing"]);
    tokio::time::sleep(overlap + Duration::from_secs(2)).await;
    std::fs::write(folder.join("more.toml"), MORE).unwrap();
    let (code, _, error) = run(folder, &["apply", "more.toml", "--config", "kakaw.toml"]);
    assert_eq!(code, Some(0), "{error}");
    let mut browser = client(server);
    let page = browser.log_in(AUTHORIZE, OWNER, PASSWORD).await.unwrap();
    let code = browser.agree(AUTHORIZE, &page, &["profile_nickname"]).await.unwrap().parameter("code").unwrap();
    let by_2 = exchange(&mut browser, &code).await;
    assert_eq!(sealed_by(&by_2["refresh_token"]), 2);
    let (code, _, error) = retire(&["--end-tokens"]);
    assert!(code == Some(2) && error.contains("in the database that no longer seals"), "it seals: {error}");

    let before = sealed_by_2(folder);
    assert!(before.0.contains("6512bd43d9caa6e02c990b0a82652dca") && before.0.contains("the CI of the guest"));
    assert!(before.0.contains("1 Orchard Road") && before.1.contains("account_created"), "{before:?}");
    keys(folder, &["rotate", "sealing"]);
    let (code, _, error) = retire(&["--end-tokens"]);
    assert!(code == Some(1) && error.contains("may still seal with key 2"), "{error}");
    tokio::time::sleep(2 * overlap + Duration::from_secs(1)).await;
    // The overlap that this command has read may be shorter than the one of a running node.
    let (code, _, error) = retire(&["--end-tokens"]);
    assert!(code == Some(1) && error.contains("may still seal with key 2"), "{error}");
    let a_minute_ago = db::sql("update sealing_keys set seals_from = seals_from - 60000");
    let _ = Store::open(url).await.unwrap().commit(vec![a_minute_ago]).await.unwrap();
    let (code, _, error) = retire(&[]);
    assert!(code == Some(1) && error.contains("refresh tokens that key 2 sealed live until"), "{error}");
    assert_eq!(refresh(&mut browser, by_2["refresh_token"].as_str().unwrap()).await["token_type"], "bearer");
    let (code, said, error) = retire(&["--end-tokens"]);
    assert_eq!(code, Some(0), "{error}");
    assert!(said.contains("sealing key 2 is deleted"), "{said}");
    let count: usize = said.strip_prefix("sealed ").unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(count >= 4, "a secret, an address, a CI, a person of the trail: {said}");

    // The key is gone, and nothing that it sealed in the database is lost.
    assert!(!keys(folder, &["list"]).contains("sealing  2 "));
    let after = sealed_by_2(folder);
    assert_eq!(after.0, before.0);
    assert!(after.1.starts_with(&before.1), "{after:?}");
    assert_eq!(run(folder, &["audit", "verify", "--config", "kakaw.toml"]).0, Some(0));
    let events = run(folder, &["audit", "--config", "kakaw.toml", "--event", "sealing_key_deleted"]).1;
    assert!(events.contains("sealing_key_deleted"), "{events}");
    // Its tokens end on the running server, and people log in again.
    tokio::time::sleep(overlap).await;
    let refused = browser.post("/oauth/token", &refresh_form(by_2["refresh_token"].as_str().unwrap())).await.unwrap();
    assert_eq!((refused.status, &refused.json()["error_code"]), (400, &Value::from("KOE322")), "{}", refused.text);
    let code = browser.get(AUTHORIZE).await.unwrap().parameter("code").expect("the session still stands");
    assert_eq!(sealed_by(&exchange(&mut browser, &code).await["access_token"]), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealing_key_is_retired_and_what_it_sealed_is_sealed_again() {
    let folder = tempfile::tempdir().unwrap();
    config(folder.path(), "data = \"data\"");
    let server = serve(folder.path());
    retires_a_sealing_key(folder.path(), &server, &Url::Sqlite(folder.path().join("data/kakaw.db"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealing_key_is_retired_on_postgresql() {
    let Some(url) = postgres("retire").await else { return };
    let folder = tempfile::tempdir().unwrap();
    config(folder.path(), &on_postgres(folder.path(), &url));
    let server = serve(folder.path());
    retires_a_sealing_key(folder.path(), &server, &Url::Postgres(url)).await;
}

#[test]
fn a_key_that_signs_is_not_deleted_and_a_retired_one_is() {
    let folder = tempfile::tempdir().unwrap();
    config(folder.path(), "data = \"data\"");
    let signs = |listed: &str| {
        let line = listed.lines().find(|line| line.contains(" signs ")).unwrap();
        line.split_whitespace().nth(1).unwrap().to_owned()
    };
    let kid = signs(&keys(folder.path(), &["list"]));
    // Their making is in the trail.
    let (_, made, _) = run(folder.path(), &["audit", "--config", "kakaw.toml", "--event", "signing_key_created"]);
    assert_eq!(made.matches("signing_key_created").count(), 2, "the one that signs, and the next: {made}");
    assert!(made.contains(&kid), "{made}");
    let (code, _, error) = run(folder.path(), &["keys", "--config", "kakaw.toml", "retire", &kid]);
    assert_eq!(code, Some(2), "{error}");
    assert!(error.contains("expected the ID of a signing key that no longer signs"), "{error}");
    let _ = keys(folder.path(), &["rotate", "signing"]);
    let (code, _, error) = run(folder.path(), &["keys", "--config", "kakaw.toml", "rotate", "signing"]);
    assert_eq!(code, Some(1), "{error}");
    assert!(error.contains("services may not know it yet"), "a key signs only after it was published: {error}");
    assert!(keys(folder.path(), &["retire", &kid]).contains("is deleted"));
    assert!(!keys(folder.path(), &["list"]).contains(&kid));
}
