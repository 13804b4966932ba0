//! Tests of what every door refuses: the same values, at `apply` and at the control API.

use std::path::Path;

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
