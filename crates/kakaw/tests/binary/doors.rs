//! Tests of what every door refuses, at `apply` and at the control API, and of first starts.

use std::path::Path;

use kakaw_store::db;

use crate::running::{Running, curl, run};

const SAFE: &str = "listen = \"127.0.0.1:0\"\npublic_url = \"https://login.example.com\"\ndata = \"live\"\n";

/// An app with a wrong value at every place that has a rule, and the paths of the problems.
const WRONG: (&str, &[&str]) = (
    r#"[[apps]]
id = 7
name = "Kаkao"
company = "a\u202eb"
logout_redirect_uris = ["javascript:alert(1)", "https://good@evil/", "https://example.com/#x"]
[[apps.rest_api_keys]]
key = "fedcba9876543210fedcba9876543210"
redirect_uris = ["https://example.com/cb", "https://good@evil/", "https://", "https://*.x/cb", "https://a.example/\u202ebc",
    "data:text/html,x", "file:///etc/passwd", "https://кakao.com/cb"]
allowed_ips = ["10.0.0.0/33"]
[[apps.javascript_keys]]
sdk_domains = ["*", "null", "https://a.example/path", "https://u@a.example", "a.example", "https://a.example:99999"]
[[apps.service_terms]]
tag = "use"
title = "Te\u200brms"
url = "https://good@evil/#x"
[apps.webhooks.unlink]
url = "https://hooks.example\\@evil.example/"
[[people]]
id = "ry\u200ban"
nickname = "\u3164"
[[people.shipping_addresses]]
address = { receiver_name = "R\u202eyan" }
"#,
    &[
        "apps[0].name",
        "apps[0].company",
        "apps[0].logout_redirect_uris[0]",
        "apps[0].logout_redirect_uris[1]",
        "apps[0].logout_redirect_uris[2]",
        "apps[0].rest_api_keys[0].redirect_uris[1]",
        "apps[0].rest_api_keys[0].redirect_uris[2]",
        "apps[0].rest_api_keys[0].redirect_uris[3]",
        "apps[0].rest_api_keys[0].redirect_uris[4]",
        "apps[0].rest_api_keys[0].redirect_uris[5]",
        "apps[0].rest_api_keys[0].redirect_uris[6]",
        "apps[0].rest_api_keys[0].redirect_uris[7]",
        "apps[0].rest_api_keys[0].allowed_ips[0]",
        "apps[0].javascript_keys[0].sdk_domains[0]",
        "apps[0].javascript_keys[0].sdk_domains[1]",
        "apps[0].javascript_keys[0].sdk_domains[2]",
        "apps[0].javascript_keys[0].sdk_domains[3]",
        "apps[0].javascript_keys[0].sdk_domains[4]",
        "apps[0].javascript_keys[0].sdk_domains[5]",
        "apps[0].service_terms[0].title",
        "apps[0].service_terms[0].url",
        "apps[0].webhooks.unlink.url",
        "people[0].id",
        "people[0].nickname",
        "people[0].shipping_addresses[0].address.receiver_name",
    ],
);

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
}

fn names_all(said: &str) {
    for path in WRONG.1 {
        assert!(said.contains(path), "{path}: {said}");
    }
    assert!(!said.contains("rest_api_keys[0].redirect_uris[0]"), "{said}");
}

#[test]
fn every_wrong_value_is_named_at_once_by_apply_and_by_the_control_api() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "kakaw.toml", SAFE);
    write(folder.path(), "wrong.toml", WRONG.0);
    let (code, _, err) = run(folder.path(), &["apply", "wrong.toml", "--config", "kakaw.toml"]);
    assert_eq!(code, Some(2), "{err}");
    names_all(&err);
    let (_, out, err) = run(folder.path(), &["export", "--config", "kakaw.toml"]);
    assert!(!out.contains("[[apps]]"), "nothing of it was applied: {out}{err}");
    let dev = Running::start(folder.path(), &["dev", "--listen", "127.0.0.1:0"]);
    let header = ["-H", "kakaw-control: 1", "-H", "content-type: application/toml", "--data-binary"];
    let (status, said) = curl(&format!("{}/control/v1/apply", dev.url), &[&header[..], &[WRONG.0]].concat());
    assert_eq!(status, 400, "{said}");
    names_all(&said);
}

#[test]
fn apply_refuses_the_secrets_and_keys_that_serve_would_refuse_and_names_them() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "kakaw.toml", SAFE);
    write(
        folder.path(),
        "weak.toml",
        "[[apps]]\nid = 7\nname = \"A\"\n[[apps.rest_api_keys]]\nkey = \"0123456789abcdef0123456789abcdef\"\n\
         redirect_uris = [\"https://a.example/cb\"]\n[[apps.rest_api_keys]]\nclient_secret = \"hunter2hunter2\"\n\
         [[apps.admin_keys]]\nkey = \"00000000000000000000000000000000\"\n",
    );
    let (code, _, err) = run(folder.path(), &["apply", "weak.toml", "--config", "kakaw.toml"]);
    assert_eq!(code, Some(2), "{err}");
    for named in [
        "apps[0].rest_api_keys[0].key",
        "apps[0].rest_api_keys[1].client_secret",
        "apps[0].admin_keys[0].key",
        "apps.strong_secrets",
        "weak.toml",
    ] {
        assert!(err.contains(named), "{named}: {err}");
    }
    assert!(!err.contains("hunter2") && !err.contains("0000000"), "{err}");
    // A stand-in takes them; `serve` names each by its place in the file.
    let (code, _, err) = run(folder.path(), &["apply", "weak.toml", "--data", "live"]);
    assert_eq!(code, Some(0), "{err}");
    let (code, _, err) = run(folder.path(), &["serve", "--config", "kakaw.toml"]);
    assert_eq!(code, Some(2), "{err}");
    for named in ["rest_api_keys[0]", "rest_api_keys[1]", "admin_keys[0]"] {
        assert!(err.contains(named), "{named}: {err}");
    }
}

/// Several first starts at the same moment, each a server of its own. Returns the ids of the keys that each publishes.
fn first_starts(folders: &[&Path]) -> Vec<Vec<String>> {
    let start = |folder: &&Path| {
        let folder = folder.to_path_buf();
        std::thread::spawn(move || Running::start(&folder, &["serve", "--config", "kakaw.toml"]))
    };
    let starting: Vec<_> = folders.iter().map(start).collect();
    let servers: Vec<Running> = starting.into_iter().map(|server| server.join().unwrap()).collect();
    let kids = |server: &Running| {
        let url = format!("{}/.well-known/jwks.json", server.url);
        let (status, body) = curl(&url, &["-H", "host: login.example.com"]);
        assert_eq!(status, 200, "{body}");
        let jwks: serde_json::Value = serde_json::from_str(&body).unwrap();
        let keys = jwks["keys"].as_array().unwrap().iter();
        keys.map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    };
    servers.iter().map(kids).collect()
}

fn all_agree(published: &[Vec<String>]) {
    assert!(published.iter().all(|kids| kids.len() == 2 && *kids == published[0]), "{published:?}");
}

#[test]
fn four_first_starts_on_one_folder_publish_the_same_signing_keys() {
    for _ in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "kakaw.toml", SAFE);
        all_agree(&first_starts(&[folder.path(); 4]));
    }
}

#[test]
fn two_first_starts_on_one_postgresql_publish_the_same_signing_keys() {
    let Ok(base) = std::env::var("KAKAW_TEST_POSTGRES") else {
        eprintln!("SKIPPED on PostgreSQL: KAKAW_TEST_POSTGRES is not set");
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for round in 0..5 {
        let schema = format!("first{}_{round}", std::process::id());
        runtime.block_on(db::create_schema(&base, &schema)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (url, key_file) = (format!("{base}?options=-csearch_path%3D{schema}"), folder.path().join("keys.toml"));
        let config = SAFE.replace("data = \"live\"\n", "");
        write(folder.path(), "kakaw.toml", &format!("{config}database = {url:?}\nkey_file = {key_file:?}\n"));
        all_agree(&first_starts(&[folder.path(); 2]));
    }
}

#[test]
fn an_init_that_loses_on_one_postgresql_leaves_no_key_file() {
    let Ok(base) = std::env::var("KAKAW_TEST_POSTGRES") else {
        eprintln!("SKIPPED on PostgreSQL: KAKAW_TEST_POSTGRES is not set");
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let schema = format!("init{}", std::process::id());
    runtime.block_on(db::create_schema(&base, &schema)).unwrap();
    let url = format!("{base}?options=-csearch_path%3D{schema}");
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "kakaw.toml", &format!("{}database = {url:?}\n", SAFE.replace("data = \"live\"\n", "")));
    let key_file = |n: usize| folder.path().join(format!("keys{n}.toml"));
    let starting: Vec<_> = (0..4)
        .map(|n| {
            let (place, path) = (folder.path().to_path_buf(), key_file(n).display().to_string());
            std::thread::spawn(move || run(&place, &["init", "--config", "kakaw.toml", "--key-file", &path]))
        })
        .collect();
    let ended: Vec<_> = starting.into_iter().map(|init| init.join().unwrap()).collect();
    let won: Vec<bool> = ended.iter().map(|(code, ..)| *code == Some(0)).collect();
    assert_eq!(won.iter().filter(|won| **won).count(), 1, "{ended:?}");
    for (n, won) in won.into_iter().enumerate() {
        assert_eq!(key_file(n).exists(), won, "{n}: {ended:?}");
    }
}
