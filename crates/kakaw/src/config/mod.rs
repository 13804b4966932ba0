//! Configuration: defaults, a TOML file, `KAKAW_…` variables, flags. Each overrides those before it.

mod brand;
mod keeping;
mod keys;
mod length;
mod limits;
mod list;
mod load;
mod management;
mod origins;
mod safety;
mod security;
mod upgrade;
mod variables;

use kakaw_core::Span;
use std::net::SocketAddr;
use std::path::PathBuf;

use kakaw_core::policy::Policy;
use kakaw_platform::password::{Cost, LONGEST_WAIT, OWASP};
use kakaw_platform::platform::KeyRotation;
use kakaw_store::db::Url;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use brand::Brand;
pub use keeping::{Audit, Backup};
pub use keys::{Key, keys};
pub use limits::Limits;
pub use load::{Flag, Loaded, load};
pub use management::Management;
pub use origins::Origins;
pub use safety::unsafe_settings;
pub use security::Security;
pub use upgrade::Upgrade;
pub use variables::{CONTROL_TOKEN, OTHERS, URL, environment};

/// Where earlier versions kept the keys for a PostgreSQL database: in the working directory.
const EARLIER_KEY_FILE: &str = "kakaw-keys.toml";

/// How the program was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A stand-in: everybody counts as a member of the team, pages show diagnoses, and `/demo` and the control API
    /// exist.
    Dev,
    /// A login platform for real people.
    Serve,
}

/// The REST API key of the sample world, which is public.
pub const SAMPLE_KEY: &str = "0123456789abcdef0123456789abcdef";

/// Every setting. The doc comment of a field is the documentation of its key ([`keys()`]).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Address and port to listen on; port 0 picks a free port. Without `tls.certificate` the server speaks plain HTTP, and
    /// a proxy must terminate TLS.
    pub listen: SocketAddr,
    /// The URL at which clients reach the server: scheme and host, without a path. The issuer and all absolute URLs begin
    /// with it. `serve` requires it, unless all `origins` are set. Without it, `dev` uses the loopback name of each request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// Declares a proxy in front of the server that terminates TLS. Without it, `serve` refuses a plain-HTTP `public_url`.
    /// With it, the caller's address is the last entry of `X-Forwarded-For`, with or without a port; if that entry is not
    /// an address, the proxy's own address is used.
    pub behind_proxy: bool,
    /// Folder for the SQLite database `kakaw.db` and the key file `keys.toml`. Cannot be combined with `database`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<PathBuf>,
    /// `sqlite:PATH` or `postgres://USER:PASSWORD@HOST:PORT/NAME?sslmode=verify-full`; several hosts are possible, see
    /// [PostgreSQL](../guides/postgresql.md). Cannot be combined with `data`. Without either, `dev` keeps everything in
    /// memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// File with the sealing keys. Only its owner may read it (`serve` refuses any other mode). `kakaw init` or the first
    /// start on an empty database creates it; it is never created for a database in use. Default: next to the SQLite
    /// database. PostgreSQL requires it as an absolute path, and every node needs a copy of the same file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
    /// Whether `/v2/user/me` also accepts the token in the query parameter `access_token`.
    pub access_token_in_query: bool,
    /// `[origins]`.
    pub origins: Origins,
    /// `[policy]`.
    pub policy: Policy,
    /// Whether people can create accounts themselves (`prompt=create`). Their email addresses are not verified.
    pub sign_up: bool,
    /// `[tls]`.
    pub tls: Tls,
    /// `[limits]`.
    pub limits: Limits,
    /// `[management]`.
    pub management: Management,
    /// `[security]`.
    pub security: Security,
    /// `[keys]`.
    pub keys: Keys,
    /// `[apps]`.
    pub apps: Apps,
    /// `[log]`.
    pub log: Log,
    /// `[pages]`.
    pub pages: Pages,
    /// `[brand]`.
    pub brand: Brand,
    /// `[quotas]`.
    pub quotas: Quotas,
    /// `[webhooks]`.
    pub webhooks: Webhooks,
    /// `[passwords]`.
    pub passwords: Passwords,
    /// `[audit]`.
    pub audit: Audit,
    /// `[backup]`.
    pub backup: Backup,
    /// `[upgrade]`.
    pub upgrade: Upgrade,
}

/// `[tls]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// PEM file with the server's certificate, followed by its intermediate certificates. With it, `listen` serves HTTPS
    /// (HTTP/1.1 over TLS 1.2 and 1.3). The file and `tls.key` are loaded again when they change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<PathBuf>,
    /// PEM file with the private key of `tls.certificate`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
}

/// `[keys]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// Seconds from the making of a sealing key to its first use, at least 3. All nodes load it in this time.
    pub overlap: Span,
    /// Days after which the next signing key signs. Without it, only `kakaw keys rotate signing` changes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotate_signing_after_days: Option<u32>,
    /// Days after which a new sealing key is made. Without it, only `kakaw keys rotate sealing` makes one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotate_sealing_after_days: Option<u32>,
}

impl Keys {
    /// The same for the platform.
    #[must_use]
    pub fn rotation(&self) -> KeyRotation {
        let days = |days: Option<u32>| days.map(|days| Span::days(days.into()));
        KeyRotation {
            overlap: self.overlap,
            signing_every: days(self.rotate_signing_after_days),
            sealing_every: days(self.rotate_sealing_after_days),
        }
    }
}

/// `[apps]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Apps {
    /// Whether a key that a world file leaves out is derived from the app's id and the key's kind and position. It is then
    /// the same on every server, and everybody can derive it: `serve` accepts this only with `pages.test_notice`.
    pub derived_keys: bool,
    /// Whether `/v2/user/me` returns `properties` for apps that do not set `legacy_properties`.
    pub legacy_properties: bool,
    /// Whether client secrets must have at least 128 bits. `serve` accepts `false` only with `pages.test_notice`.
    pub strong_secrets: bool,
}

/// `[log]`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Format of the log on standard error: `text` or `json`.
    pub format: LogFormat,
    /// Lowest level that is logged: `error`, `warn`, `info`, `debug` or `trace`. `info` logs one line for each refusal,
    /// `debug` one for each request.
    pub level: LogLevel,
}

/// The format of a log line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

/// The lowest level that is logged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}

/// `[pages]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pages {
    /// Whether every page says that its accounts are not real. For staging platforms.
    pub test_notice: bool,
    /// Whether error pages and the log show everybody which value was wrong, and not only the app's team. This reveals
    /// apps' settings. For staging platforms.
    pub open_diagnosis: bool,
}

/// `[quotas]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Quotas {
    /// Calls per minute and app to `/v1/user/ids`; further calls get 429 with -10. 0 means no limit.
    pub user_ids: u32,
    /// Calls per minute and app to the user API; further calls get -10. 0 means no limit.
    pub calls: u32,
    /// Token requests per minute and app; further requests get KOE237. 0 means no limit.
    pub tokens: u32,
}

/// `[webhooks]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Webhooks {
    /// Whether webhooks may use private addresses and plain HTTP. Otherwise only https and addresses of the public
    /// internet are allowed.
    pub private_networks: bool,
    /// PEM file with certificate authorities that webhooks trust in addition to the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
}

/// `[passwords]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Passwords {
    /// Argon2id: memory per hash in KiB.
    pub memory_kib: u32,
    /// Argon2id: number of passes over the memory.
    pub iterations: u32,
    /// Argon2id: number of lanes.
    pub lanes: u32,
    /// Number of hashes that are computed at the same time. Default: the number of cores.
    pub workers: usize,
    /// Deprecated: it has no effect. Passwords are hashed before they are stored, except in memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exportable: Option<bool>,
    /// Longest time in milliseconds that a login waits for its hash, 100 to 60000. A login that would wait longer gets 503
    /// with `Retry-After`. Client addresses take turns.
    #[serde(with = "kakaw_core::wire::span::milliseconds")]
    #[schemars(with = "u64")]
    pub longest_wait: Span,
    /// Deprecated: use `passwords.longest_wait`. Number of logins that may wait for a hash. This release still reads it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<usize>,
}

impl Passwords {
    /// Returns the cost of one hash.
    #[must_use]
    pub const fn cost(&self) -> Cost {
        Cost { memory_kib: self.memory_kib, iterations: self.iterations, lanes: self.lanes }
    }
}

impl Config {
    /// The defaults.
    #[must_use]
    pub fn defaults(mode: Mode) -> Self {
        let dev = mode == Mode::Dev;
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 7700)),
            public_url: None,
            behind_proxy: false,
            data: None,
            database: None,
            key_file: None,
            access_token_in_query: dev,
            origins: Origins::default(),
            policy: if dev { Policy::DEV } else { Policy::SERVE },
            sign_up: dev,
            tls: Tls::default(),
            limits: Limits::defaults(dev),
            management: Management::default(),
            security: Security::default(),
            keys: Keys {
                overlap: KeyRotation::default().overlap,
                rotate_signing_after_days: None,
                rotate_sealing_after_days: None,
            },
            apps: Apps { derived_keys: dev, legacy_properties: dev, strong_secrets: !dev },
            log: Log::default(),
            pages: Pages { test_notice: dev, open_diagnosis: dev },
            brand: Brand::default(),
            quotas: Quotas { user_ids: if dev { 0 } else { 100 }, calls: 0, tokens: 0 },
            webhooks: Webhooks { private_networks: dev, ca_file: None },
            passwords: Passwords {
                memory_kib: OWASP.memory_kib,
                iterations: OWASP.iterations,
                lanes: OWASP.lanes,
                workers: cores,
                exportable: None,
                longest_wait: LONGEST_WAIT,
                queue: None,
            },
            // A stand-in's rows would cost each of its many short worlds time, and nobody reads them.
            backup: Backup::default(),
            audit: Audit { record: !dev, keep: Span::days(365) },
            upgrade: Upgrade::default(),
        }
    }

    /// The database's URL.
    ///
    /// # Errors
    /// The URL is not one of a known database.
    pub fn url(&self) -> Result<Url, String> {
        match (&self.data, &self.database) {
            (Some(folder), _) => Ok(Url::Sqlite(folder.join("kakaw.db"))),
            (None, Some(database)) => Url::parse(database).map_err(|error| format!("database: {error}")),
            (None, None) => Ok(Url::Memory),
        }
    }

    /// The address of the management listener of `serve`.
    #[must_use]
    pub fn management_address(&self) -> SocketAddr {
        let port = match self.listen.port() {
            0 | u16::MAX => 0,
            port => port + 1,
        };
        self.management.listen.unwrap_or(SocketAddr::from(([127, 0, 0, 1], port)))
    }

    /// Whether all data is lost when the process ends.
    #[must_use]
    pub fn in_memory(&self) -> bool {
        self.url() == Ok(Url::Memory)
    }

    /// Path of the tombstone file, if there is one.
    #[must_use]
    pub fn tombstones_path(&self, mode: Mode) -> Option<PathBuf> {
        let beside = match self.url() {
            Ok(Url::Sqlite(path)) if mode == Mode::Serve => Some(path.with_file_name("tombstones")),
            _ => None,
        };
        self.backup.tombstones.clone().or(beside)
    }

    /// Path of the key file; none if the database is in memory.
    ///
    /// # Errors
    /// The database is PostgreSQL and the path is not absolute: each working folder would then have its own key file.
    pub fn keys_path(&self) -> Result<Option<PathBuf>, String> {
        match (self.url()?, &self.key_file) {
            (Url::Postgres(_), Some(path)) if path.is_absolute() => Ok(Some(path.clone())),
            (Url::Postgres(_), given) => {
                let given = given.as_ref().map_or("not set".to_owned(), |path| format!("{:?}", path.display()));
                let mut text = format!(
                    "key_file is {given}; PostgreSQL requires an absolute path, the same on every node: set key_file in the \
                     configuration file, or KAKAW_KEY_FILE"
                );
                let earlier = self.key_file.clone().unwrap_or_else(|| EARLIER_KEY_FILE.into());
                if let Ok(path) = earlier.canonicalize() {
                    text.push_str(&format!(". Until now it was {}", path.display()));
                }
                Err(text)
            }
            (_, Some(path)) => Ok(Some(path.clone())),
            (Url::Sqlite(path), None) if self.data.is_none() => Ok(Some(path.with_file_name("kakaw-keys.toml"))),
            (Url::Sqlite(path), None) => Ok(Some(path.with_file_name("keys.toml"))),
            (Url::Memory, None) => Ok(None),
        }
    }
}
