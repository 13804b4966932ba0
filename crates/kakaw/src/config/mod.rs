//! Configuration: defaults, then a TOML file, then `KAKAW_…` variables, then flags; later ones win.

mod keys;
mod safety;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use figment::providers::{Env, Format as _, Serialized, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};
use kakaw_core::diagnosis;
use kakaw_core::policy::Policy;
use kakaw_store::db::Url;
use serde::{Deserialize, Serialize};

use kakaw_platform::password::{Cost, LONGEST_WAIT, OWASP};

pub use keys::{KEYS, Key};
pub use safety::{is_weak_secret, unsafe_settings};

/// Where earlier versions kept the keys of a PostgreSQL database: in the working folder.
const EARLIER_KEY_FILE: &str = "kakaw-keys.toml";

/// How the program was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A stand-in: everybody is of the team, pages show diagnoses, `/demo` and the control API exist.
    Dev,
    /// A login platform for real people.
    Serve,
}

/// The sample world's REST API key: known to everybody.
pub const SAMPLE_KEY: &str = "0123456789abcdef0123456789abcdef";

/// Every setting. What each means is in [`KEYS`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub listen: SocketAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    pub behind_proxy: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
    pub access_token_in_query: bool,
    pub policy: Policy,
    pub sign_up: bool,
    pub log: Log,
    pub pages: Pages,
    pub quotas: Quotas,
    pub webhooks: Webhooks,
    pub passwords: Passwords,
}

/// `[log]`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub format: LogFormat,
    pub level: LogLevel,
}

/// How a line of the log is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

/// The least important lines that are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pages {
    pub test_notice: bool,
    pub open_diagnosis: bool,
}

/// `[quotas]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quotas {
    pub user_ids: u32,
    pub calls: u32,
    pub tokens: u32,
}

/// `[webhooks]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhooks {
    pub private_networks: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
}

/// `[passwords]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passwords {
    pub memory_kib: u32,
    pub iterations: u32,
    pub lanes: u32,
    pub workers: usize,
    pub longest_wait: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<usize>,
}

impl Passwords {
    /// The cost of one hash.
    #[must_use]
    pub const fn cost(&self) -> Cost {
        Cost { memory_kib: self.memory_kib, iterations: self.iterations, lanes: self.lanes }
    }
}

impl Config {
    /// What holds when nobody says otherwise.
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
            policy: if dev { Policy::DEV } else { Policy::SERVE },
            sign_up: dev,
            log: Log::default(),
            pages: Pages { test_notice: dev, open_diagnosis: dev },
            quotas: Quotas { user_ids: if dev { 0 } else { 100 }, calls: 0, tokens: 0 },
            webhooks: Webhooks { private_networks: dev, ca_file: None },
            passwords: Passwords {
                memory_kib: OWASP.memory_kib,
                iterations: OWASP.iterations,
                lanes: OWASP.lanes,
                workers: cores,
                longest_wait: LONGEST_WAIT.as_millis() as u64,
                queue: None,
            },
        }
    }

    /// Where rows are kept.
    ///
    /// # Errors
    /// The URL names no database that we know.
    pub fn url(&self) -> Result<Url, String> {
        match (&self.data, &self.database) {
            (Some(folder), _) => Ok(Url::Sqlite(folder.join("kakaw.db"))),
            (None, Some(database)) => Url::parse(database),
            (None, None) => Ok(Url::Memory),
        }
    }

    /// Whether everything is gone with the process.
    #[must_use]
    pub fn in_memory(&self) -> bool {
        self.url() == Ok(Url::Memory)
    }

    /// Where the sealing keys are kept; nowhere when rows are in memory.
    ///
    /// # Errors
    /// The database is a PostgreSQL, and the path is not absolute: each working folder would have a file of its own.
    pub fn keys_path(&self) -> Result<Option<PathBuf>, String> {
        match (self.url()?, &self.key_file) {
            (Url::Postgres(_), Some(path)) if path.is_absolute() => Ok(Some(path.clone())),
            (Url::Postgres(_), given) => {
                let given = given.as_ref().map_or("not set".to_owned(), |path| format!("{:?}", path.display()));
                let mut text = format!(
                    "key_file is {given}; with PostgreSQL it is expected as an absolute path, the same on every node: set \
                     key_file in the configuration file, or KAKAW_KEY_FILE"
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

/// A configuration and where each of its values came from.
#[derive(Debug)]
pub struct Loaded {
    pub config: Config,
    pub mode: Mode,
    figment: Figment,
}

impl Loaded {
    /// Every key with its effective value as TOML (nothing when it is not set) and its source.
    #[must_use]
    pub fn rows(&self) -> Vec<(&'static Key, Option<String>, String)> {
        let row = |key: &'static Key| {
            let found = self.figment.find_value(key.name).ok();
            let text = found.map(|value| match &value {
                Value::String(_, text) => format!("{:?}", key.shown(text)),
                value => shown(value),
            });
            let source = match self.figment.find_metadata(key.name) {
                None => "not set".to_owned(),
                Some(metadata) if metadata.name.contains("environment") => {
                    format!("KAKAW_{}", key.name.to_uppercase().replace('.', "__"))
                }
                Some(metadata) => source(metadata),
            };
            (key, text, source)
        };
        KEYS.iter().map(row).collect()
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Bool(_, flag) => flag.to_string(),
        Value::Num(_, number) => {
            number.to_i128().or(number.to_u128().map(u128::cast_signed)).map_or_else(String::new, |n| n.to_string())
        }
        other => other.as_str().map_or_else(String::new, |text| format!("{text:?}")),
    }
}

fn source(metadata: &Metadata) -> String {
    match (&metadata.source, metadata.name.as_ref()) {
        (Some(figment::Source::File(path)), _) => path.display().to_string(),
        (_, name) => name.to_owned(),
    }
}

/// A value given by a flag.
#[derive(Debug)]
pub struct Flag {
    /// The key that it sets.
    pub key: &'static str,
    pub value: String,
}

impl Provider for Flag {
    fn metadata(&self) -> Metadata {
        Metadata::named(format!("flag --{}", self.key.replace('_', "-")))
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        Ok(Map::from([(Profile::Default, Dict::from([(self.key.to_owned(), Value::from(self.value.clone()))]))]))
    }
}

/// Reads the configuration.
///
/// # Errors
/// What was received, where it came from, and what was expected.
pub fn load(mode: Mode, file: Option<&Path>, flags: Vec<Flag>) -> Result<Loaded, String> {
    let defaults = Serialized::defaults(Config::defaults(mode));
    let mut figment = Figment::new().merge(Named(defaults, mode));
    if let Some(path) = file {
        // Read here: a missing file is an error, and figment would pass it over.
        std::fs::metadata(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        figment = figment.merge(Toml::file_exact(path));
    }
    figment =
        figment.merge(Env::prefixed("KAKAW_").split("__").filter(|key| KEYS.iter().any(|known| key == known.name)));
    let places = ["data", "database"];
    let by_flag = flags.iter().map(|flag| flag.key).find(|key| places.contains(key));
    for flag in flags {
        figment = figment.merge(flag);
    }
    let mut config: Config = figment.extract().map_err(|errors| explain(errors, mode))?;
    match by_flag {
        Some("data") => config.database = None,
        Some(_) => config.data = None,
        None if config.data.is_some() && config.database.is_some() => {
            return Err("data and database are both set; expected one of them".to_owned());
        }
        None => {}
    }
    config.public_url = config.public_url.map(|url| url.trim_end_matches('/').to_owned());
    config.url()?;
    if !(1..=600).contains(&config.policy.code_lifetime) {
        return Err(format!(
            "policy.code_lifetime is {} seconds; expected 1 to 600: a code lives ten minutes at most",
            config.policy.code_lifetime
        ));
    }
    if !(100..=60_000).contains(&config.passwords.longest_wait) {
        return Err(format!(
            "passwords.longest_wait is {} milliseconds; expected 100 to 60000",
            config.passwords.longest_wait
        ));
    }
    Ok(Loaded { config, mode, figment })
}

/// A variable of the environment that is not a setting of ours: what a child process inherits.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the child's environment, not our configuration")]
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Defaults under a name that says which they are.
struct Named(Serialized<Config>, Mode);

impl Provider for Named {
    fn metadata(&self) -> Metadata {
        Metadata::named(if self.1 == Mode::Dev { "default of dev" } else { "default of serve" })
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        self.0.data()
    }
}

fn explain(errors: figment::Error, mode: Mode) -> String {
    let lines = errors.into_iter().map(|error| {
        let place = error.metadata.as_ref().map_or_else(|| format!("{mode:?}"), source);
        match &error.kind {
            figment::error::Kind::UnknownField(name, known) => {
                let path = error.path.iter().filter(|part| *part != name).cloned().collect::<Vec<_>>();
                let path = path.iter().map(|part| format!("{part}.")).collect::<String>();
                let nearest = diagnosis::nearest(name, known.iter().copied()).unwrap_or_default();
                format!("{place}: unknown key {path}{name}; did you mean {path}{nearest}? (kakaw config lists all)")
            }
            kind => format!("{place}: {}: {kind}", error.path.join(".")),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("file");
        std::fs::write(file.path(), text).expect("written");
        file
    }

    #[test]
    fn every_setting_is_documented_and_nothing_else_is() {
        let mut names = Vec::new();
        let full = Config {
            public_url: Some(String::new()),
            data: Some(PathBuf::new()),
            database: Some(String::new()),
            key_file: Some(PathBuf::new()),
            webhooks: Webhooks { private_networks: true, ca_file: Some(PathBuf::new()) },
            passwords: Passwords { queue: Some(1), ..Config::defaults(Mode::Dev).passwords },
            ..Config::defaults(Mode::Dev)
        };
        let json = serde_json::to_value(full).expect("json");
        for (name, value) in json.as_object().expect("object") {
            match value.as_object() {
                Some(table) => names.extend(table.keys().map(|key| format!("{name}.{key}"))),
                None => names.push(name.clone()),
            }
        }
        names.sort_unstable();
        let mut documented: Vec<_> = KEYS.iter().map(|key| key.name.to_owned()).collect();
        documented.sort_unstable();
        assert_eq!(names, documented);
    }

    #[test]
    fn later_sources_win_and_are_named() {
        let file = file("listen = \"127.0.0.1:1\"\n[policy]\ncode_lifetime = 30\n");
        let flag = Flag { key: "listen", value: "127.0.0.1:2".to_owned() };
        let loaded = load(Mode::Serve, Some(file.path()), vec![flag]).expect("loads");
        assert_eq!((loaded.config.listen.port(), loaded.config.policy.code_lifetime), (2, 30));
        let rows = loaded.rows();
        let row = |name: &str| rows.iter().find(|(key, ..)| key.name == name).expect("row");
        assert_eq!(row("listen").2, "flag --listen");
        assert_eq!(row("policy.code_lifetime").1.as_deref(), Some("30"));
        assert!(row("policy.code_lifetime").2.ends_with(&*file.path().file_name().expect("name").to_string_lossy()));
        assert_eq!(row("policy.refresh_grace").2, "default of serve");
        assert_eq!(row("database").2, "not set");
    }

    #[test]
    fn unknown_keys_are_refused_with_the_nearest() {
        let error = load(Mode::Serve, Some(file("public_ulr = \"x\"\n").path()), vec![]).expect_err("refused");
        assert!(error.contains("unknown key public_ulr; did you mean public_url?"), "{error}");
        let error = load(Mode::Serve, Some(file("[policy]\nrefresh_grac = 1\n").path()), vec![]).expect_err("refused");
        assert!(error.contains("unknown key policy.refresh_grac; did you mean policy.refresh_grace?"), "{error}");
        let error = load(Mode::Dev, Some(file("listen = \"nowhere\"\n").path()), vec![]).expect_err("refused");
        assert!(error.contains("listen") && error.contains("socket address"), "{error}");
        let error = load(Mode::Dev, Some(file("[policy]\ncode_lifetime = 601\n").path()), vec![]).expect_err("refused");
        assert!(error.contains("ten minutes"), "{error}");
    }

    #[test]
    fn passwords_of_databases_are_hidden() {
        let flag = Flag { key: "database", value: "postgres://me:hush@db/kakaw".to_owned() };
        let loaded = load(Mode::Serve, None, vec![flag]).expect("loads");
        let rows = loaded.rows();
        let shown = rows.iter().find(|(key, ..)| key.name == "database").and_then(|row| row.1.clone()).expect("value");
        assert_eq!(shown, "\"postgres://me:…@db/kakaw\"");
    }
}
