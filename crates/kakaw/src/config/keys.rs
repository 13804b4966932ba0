//! The documentation of every setting; `docs/reference/configuration.md` is made from it.

use kakaw_store::db::Url;

/// A setting.
#[derive(Debug)]
pub struct Key {
    /// Its path in the file.
    pub name: &'static str,
    /// What it means, with its unit.
    pub doc: &'static str,
}

impl Key {
    /// The value as it may be shown: without the password of a database URL.
    #[must_use]
    pub fn shown(&self, value: &str) -> String {
        if self.name == "database" { Url::shown(value) } else { value.to_owned() }
    }
}

const fn key(name: &'static str, doc: &'static str) -> Key {
    Key { name, doc }
}

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
        "`sqlite:PATH` or `postgres://USER:PASSWORD@HOST:PORT/NAME?sslmode=verify-full`, with several hosts where there are \
         some: see [PostgreSQL](../guides/postgresql.md). Excludes `data`; without either, `dev` keeps everything in memory.",
    ),
    key(
        "key_file",
        "File with the sealing keys, readable by its owner only (`serve` refuses another mode). `kakaw init` makes it, or \
         the first start on an empty database; it is never made for a database in use. Default: beside the SQLite \
         database. With PostgreSQL it is needed, as an absolute path, and every node has a copy of the same file.",
    ),
    key("access_token_in_query", "Whether `/v2/user/me` also takes the token as the query parameter `access_token`."),
    key("sign_up", "Whether people may make accounts themselves (`prompt=create`). Nobody checks their email address."),
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
