//! Every setting with its documentation, made from the types; `docs/reference/configuration.md` is made from it.

use std::sync::LazyLock;

use kakaw_store::db::Url;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::Config;

/// A setting.
#[derive(Debug)]
pub struct Key {
    /// Its path in the file.
    pub name: String,
    /// What it means, with its unit.
    pub doc: String,
}

impl Key {
    /// The value as it may be shown: without the password of a database URL.
    #[must_use]
    pub fn shown(&self, value: &str) -> String {
        if self.name == "database" { Url::shown(value) } else { value.to_owned() }
    }

    /// The variable of the environment that sets it.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("KAKAW_{}", self.name.to_uppercase().replace('.', "__"))
    }
}

/// Every setting: those of no table first.
#[must_use]
pub fn keys() -> &'static [Key] {
    static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| {
        let settings = SchemaSettings::default().with(|settings| settings.inline_subschemas = true);
        let schema = settings.into_generator().into_root_schema_for::<Config>();
        let mut all = Vec::new();
        add("", schema.as_value(), &mut all);
        all.sort_by_key(|key| key.name.contains('.'));
        all
    });
    &KEYS
}

/// The key of this name.
pub fn key(name: &str) -> Option<&'static Key> {
    keys().iter().find(|key| key.name == name)
}

fn add(before: &str, schema: &Value, all: &mut Vec<Key>) {
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        let name = format!("{before}{name}");
        if schema["properties"].is_object() {
            add(&format!("{name}."), schema, all);
        } else {
            let doc = schema["description"].as_str().unwrap_or_default().replace('\n', " ");
            all.push(Key { name, doc });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

<<<<<<< HEAD
/// Every setting.
pub const KEYS: &[Key] = &[
    key("listen", "Address and port to listen on; port 0 picks a free one. Plain HTTP: TLS is a proxy's work."),
    key(
        "public_url",
        "The URL under which clients reach the server: scheme and host, no path. Issuer and all absolute URLs are made \
         from it. `serve` needs it; `dev` follows the loopback name that was used when it is absent.",
    ),
    key(
        "behind_proxy",
        "Declares a proxy in front that ends TLS. `serve` refuses a plain-HTTP `public_url` without it, and then takes \
         the caller's address from the last entry of `X-Forwarded-For`, with or without a port; an entry that is no address \
         leaves the proxy's own.",
    ),
    key("data", "Folder that holds the SQLite database `kakaw.db` and the key file `keys.toml`. Excludes `database`."),
    key(
        "database",
        "`sqlite:PATH` or `postgres://…`. Excludes `data`; without either, `dev` keeps everything in memory.",
    ),
    key(
        "key_file",
        "File with the sealing keys, readable by its owner only (`serve` refuses another mode). `kakaw init` makes it, or \
         the first start on an empty database; it is never made for a database in use. Default: beside the SQLite \
         database. With PostgreSQL it is needed, as an absolute path, and every node has a copy of the same file.",
    ),
    key("access_token_in_query", "Whether `/v2/user/me` also takes the token as the query parameter `access_token`."),
    key("sign_up", "Whether people may make accounts themselves (`prompt=create`). Nobody checks their email address."),
    key("log.format", "`text` or `json`: how the lines of the log are written, to standard error."),
    key(
        "log.level",
        "`error`, `warn`, `info`, `debug` or `trace`: the least important lines that are written. At `info` there is one line \
         for each refusal, at `debug` one for each request.",
    ),
    key("pages.test_notice", "Whether every page says that its accounts are not real, as on a staging platform."),
    key(
        "pages.open_diagnosis",
        "Whether error pages and the log tell everybody which value was wrong, and not only an app's team. Evidence of \
         apps' settings is in it: for staging platforms.",
    ),
    key("policy.code_lifetime", "Seconds that an authorization code lives, 1 to 600."),
    key("policy.redirect_uri_optional", "Whether a code exchange may leave out `redirect_uri`."),
    key(
        "policy.refresh_grace",
        "Seconds during which the predecessor of a rotated refresh token is answered with the same successor.",
    ),
    key("policy.revoke_on_code_reuse", "Whether the second use of a code ends the tokens of its first use."),
    key("policy.revoke_on_refresh_reuse", "Whether an outdated refresh token ends the log-in that it belonged to."),
    key(
        "policy.strict_code_polling",
        "Whether `/apiweb/code.json` hands out codes only for JavaScript keys with `code_polling = true`, of log-ins that \
         began on a page of a registered domain and that the person confirmed, to a registered `Origin`.",
    ),
    key(
        "policy.token_parameters_in_query",
        "Whether `POST /oauth/token` reads its parameters from the query when the body is empty. Proxies write queries, \
         and with them secrets and codes, into their logs.",
    ),
    key(
        "quotas.user_ids",
        "Calls of `/v1/user/ids` that an app may make in a minute, else 429 with -10; 0 means no limit.",
    ),
    key("quotas.calls", "Calls of the user API that an app may make in a minute, else -10; 0 means no limit."),
    key("quotas.tokens", "Token requests that an app may make in a minute, else KOE237; 0 means no limit."),
    key(
        "webhooks.private_networks",
        "Whether webhooks may lead to private addresses and use plain HTTP. Otherwise https and addresses of the public \
         internet only.",
    ),
    key("webhooks.ca_file", "PEM file of certificate authorities that webhooks trust besides the system's."),
    key("passwords.memory_kib", "Argon2id: memory of one hash in KiB."),
    key("passwords.iterations", "Argon2id: passes over the memory."),
    key("passwords.lanes", "Argon2id: lanes."),
    key("passwords.workers", "Hashes that are computed at a time. Default: the number of cores."),
    key(
        "passwords.longest_wait",
        "Milliseconds that a log-in may wait for its hash, 100 to 60000; who would wait longer is answered 503 with \
         `Retry-After`. Addresses take turns.",
    ),
    key(
        "passwords.queue",
        "Older than `passwords.longest_wait`, which replaces it; still read in this release. Log-ins that may wait for a hash.",
    ),
];
=======
    #[test]
    fn every_setting_has_a_name_and_a_documentation() {
        let names: Vec<&str> = keys().iter().map(|key| key.name.as_str()).collect();
        for name in ["listen", "database", "policy.code_lifetime", "passwords.queue", "webhooks.ca_file"] {
            assert!(names.contains(&name), "{name}: {names:?}");
        }
        assert!(!names.contains(&"policy"), "a table is no setting: {names:?}");
        for key in keys() {
            assert!(key.doc.ends_with('.') && !key.doc.starts_with("`["), "{}: {:?}", key.name, key.doc);
        }
        assert_eq!(key("policy.code_lifetime").map(Key::variable).as_deref(), Some("KAKAW_POLICY__CODE_LIFETIME"));
    }
}
>>>>>>> h1
