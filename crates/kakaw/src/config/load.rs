//! Layers: defaults, a file, variables, flags. Each value is parsed as its field's type, and its source is recorded.

use kakaw_core::Span;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use kakaw_core::diagnosis;
use serde::Deserialize as _;
use toml::de::{DeTable, ValueDeserializer};
use toml::{Spanned, Table, Value};

use super::keys::{Key, key, keys};
use super::variables::{self, Meaning};
use super::{Config, Mode};

/// A configuration and the sources of its values.
#[derive(Debug)]
pub struct Loaded {
    pub config: Config,
    pub mode: Mode,
    origins: BTreeMap<&'static str, Origin>,
}

/// The source of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Origin {
    File(PathBuf, usize),
    Variable(String),
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, line) => write!(f, "line {line} of {}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(key) => write!(f, "flag --{}", key.replace('_', "-")),
        }
    }
}

/// A value given by a flag.
#[derive(Debug)]
pub struct Flag {
    /// The key that it sets.
    pub key: &'static str,
    pub value: String,
}

/// Loads the configuration.
///
/// # Errors
/// Every problem, one per line: its source, what was received, and what was expected.
#[expect(clippy::disallowed_methods, reason = "the one place where the variables of the configuration are read")]
pub fn load(mode: Mode, file: Option<&Path>, flags: Vec<Flag>) -> Result<Loaded, String> {
    layered(mode, file, std::env::vars_os(), flags)
}

fn layered(
    mode: Mode,
    file: Option<&Path>,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
    flags: Vec<Flag>,
) -> Result<Loaded, String> {
    let mut loaded = Loaded { config: Config::defaults(mode), mode, origins: BTreeMap::new() };
    let mut problems = Vec::new();
    if let Some(path) = file {
        let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        // Not the error's own text: it repeats the line, which may contain the password of a database.
        let table = DeTable::parse(&text).map_err(|error| {
            let at = error.span().unwrap_or_default().start;
            format!("{}: {}", Origin::File(path.to_owned(), line(&text, at)), error.message())
        })?;
        loaded.add_file(path, &text, "", table.into_inner(), &mut problems);
    }
    for (name, value) in variables {
        match variables::read(&name, value) {
            Ok(Meaning::Setting(key, text)) => {
                problems.extend(loaded.set_text(key, text, Origin::Variable(key.variable())))
            }
            Ok(Meaning::Nothing) => {}
            Err(problem) => problems.push(problem),
        }
    }
    for Flag { key: name, value } in flags {
        // A flag overrides the other key, which a file or a variable may have set.
        match name {
            "data" => loaded.config.database = None,
            "database" => loaded.config.data = None,
            _ => {}
        }
        let key = key(name).ok_or_else(|| format!("there is no setting {name}"))?;
        problems.extend(loaded.set_text(key, value, Origin::Flag(name)));
    }
    let config = &mut loaded.config;
    config.public_url = config.public_url.take().map(|url| as_browsers_send(&url));
    config.origins = std::mem::take(&mut config.origins).map(as_browsers_send);
    if problems.is_empty() {
        problems = loaded.impossible();
    }
    if problems.is_empty() { Ok(loaded) } else { Err(problems.join("\n")) }
}

/// Returns a public URL as browsers spell it: in lower case, without a final slash and without the default port.
fn as_browsers_send(url: &str) -> String {
    let url = url.trim_end_matches('/').to_ascii_lowercase();
    let default = if url.starts_with("https:") { ":443" } else { ":80" };
    url.strip_suffix(default).map_or_else(|| url.clone(), str::to_owned)
}

impl Loaded {
    /// Returns every key with its effective value as TOML (`None` if it is not set) and its source.
    #[must_use]
    pub fn rows(&self) -> Vec<(&'static Key, Option<String>, String)> {
        let table = Table::try_from(&self.config).unwrap_or_default();
        let row = |key: &'static Key| {
            let value = key.name.split_once('.').map_or_else(
                || table.get(&key.name),
                |(section, name)| table.get(section).and_then(|section| section.get(name)),
            );
            let text = value.map(|value| match value {
                Value::String(text) => format!("{:?}", key.shown(text)),
                value => value.to_string(),
            });
            let source = match (self.origins.get(key.name.as_str()), &text) {
                (_, None) => "not set".to_owned(),
                (Some(origin), _) => origin.to_string(),
                (None, _) if self.mode == Mode::Dev => "default of dev".to_owned(),
                (None, _) => "default of serve".to_owned(),
            };
            (key, text, source)
        };
        keys().iter().map(row).collect()
    }

    fn add_file(&mut self, path: &Path, text: &str, section: &str, table: DeTable<'_>, problems: &mut Vec<String>) {
        for (name, value) in table {
            let origin = Origin::File(path.to_owned(), line(text, name.span().start));
            let name = format!("{section}{}", name.get_ref());
            let is_section = keys().iter().any(|key| key.name.starts_with(&format!("{name}.")));
            match (key(&name), value.get_ref().is_table()) {
                (Some(key), _) => problems.extend(self.set_toml(key, value, origin)),
                (None, true) if is_section => {
                    if let toml::de::DeValue::Table(table) = value.into_inner() {
                        self.add_file(path, text, &format!("{name}."), table, problems);
                    }
                }
                (None, _) => problems.push(format!("{origin}: {}", unknown(&name, section))),
            }
        }
    }

    fn set_toml(&mut self, key: &'static Key, value: Spanned<toml::de::DeValue<'_>>, origin: Origin) -> Option<String> {
        let done = Value::deserialize(ValueDeserializer::from(value)).and_then(|value| self.config.with(key, value));
        self.done(key, done, origin)
    }

    /// Sets a value that was given as text. Its type decides whether that is a word or a TOML literal.
    fn set_text(&mut self, key: &'static Key, text: String, origin: Origin) -> Option<String> {
        let literal = text.parse::<Value>().ok().filter(|value| value.is_bool() || value.is_integer());
        let mut done = self.config.with(key, Value::String(text));
        if let (Err(_), Some(literal)) = (&done, literal) {
            done = self.config.with(key, literal);
        }
        self.done(key, done, origin)
    }

    fn done(&mut self, key: &'static Key, done: Result<Config, toml::de::Error>, origin: Origin) -> Option<String> {
        match done {
            Ok(config) => {
                self.config = config;
                self.origins.insert(&key.name, origin);
                None
            }
            Err(error) => Some(format!("{origin}: {}: {}", key.name, error.message())),
        }
    }

    /// Values that fit their types but are not allowed.
    fn impossible(&self) -> Vec<String> {
        let Config { data, database, policy, passwords, audit, tls, limits, keys, .. } = &self.config;
        let mut problems = Vec::new();
        let mut problem = |key: &str, text: String| {
            problems.push(self.origins.get(key).map_or(text.clone(), |origin| format!("{origin}: {text}")));
        };
        if !(Span::days(1)..=Span::days(36_500)).contains(&audit.keep) {
            let seconds = audit.keep.as_seconds();
            problem("audit.keep", format!("audit.keep is {seconds} seconds; expected 1d to 36500d"));
        }
        let Config { listen, management, .. } = &self.config;
        if management.listen.is_some_and(|address| address == *listen && address.port() != 0) {
            problem(
                "management.listen",
                format!("management.listen and listen are both {listen}; expected two addresses"),
            );
        }
        for host in management.hosts.iter().filter(|host| !is_host_name(host)) {
            let text = "expected a host name without scheme, port and final dot";
            problem("management.hosts", format!("management.hosts contains {host:?}; {text}"));
        }
        if data.is_some() && database.is_some() {
            problem("database", "data and database are both set; set only one of them".to_owned());
        }
        if let Err(error) = self.config.url() {
            problem("database", error);
        }
        if !(Span::seconds(1)..=Span::minutes(10)).contains(&policy.code_lifetime) {
            let seconds = policy.code_lifetime.as_seconds();
            let text = "seconds; expected 1 to 600: a code lives ten minutes at most";
            problem("policy.code_lifetime", format!("policy.code_lifetime is {seconds} {text}"));
        }
        if !(Span::milliseconds(100)..=Span::minutes(1)).contains(&passwords.longest_wait) {
            let wait = passwords.longest_wait.as_milliseconds();
            let text = "milliseconds; expected 100 to 60000";
            problem("passwords.longest_wait", format!("passwords.longest_wait is {wait} {text}"));
        }
        // A hash that needs more memory than the machine has ends the process.
        for (key, received, least, most) in [
            ("passwords.memory_kib", passwords.memory_kib, 8, 1_048_576),
            ("passwords.iterations", passwords.iterations, 1, 100),
            ("passwords.lanes", passwords.lanes, 1, 16),
        ] {
            if !(least..=most).contains(&received) {
                problem(key, format!("{key} is {received}; expected {least} to {most}"));
            }
        }
        match (&tls.certificate, &tls.key) {
            (Some(_), None) => {
                problem("tls.certificate", "tls.certificate is set without tls.key; set both".to_owned())
            }
            (None, Some(_)) => problem("tls.key", "tls.key is set without tls.certificate; set both".to_owned()),
            _ => {}
        }
        if !(Span::seconds(3)..=Span::days(7)).contains(&keys.overlap) {
            let text = format!("keys.overlap is {} seconds; expected 3 to 604800", keys.overlap.as_seconds());
            problem("keys.overlap", text);
        }
        for (key, days) in [
            ("keys.rotate_signing_after_days", keys.rotate_signing_after_days),
            ("keys.rotate_sealing_after_days", keys.rotate_sealing_after_days),
        ] {
            if days == Some(0) {
                problem(key, format!("{key} is 0; expected at least 1, or leave it out"));
            }
        }
        for key in self.config.origins.set().iter().filter(|_| self.mode == Mode::Dev) {
            problem(key, format!("{key} is set; only serve has origins, and dev answers on every name of Kakao's"));
        }
        for (key, text) in self.config.security.impossible().into_iter().chain(self.config.brand.impossible()) {
            problem(key, text);
        }
        for (key, received, most) in limits.impossible() {
            problem(key, format!("{key} is {received}; expected 1 to {most}"));
        }
        if !(1..=1024).contains(&passwords.workers) {
            let received = passwords.workers;
            let text = "expected 1 to 1024; left out, it is the number of cores";
            problem("passwords.workers", format!("passwords.workers is {received}; {text}"));
        }
        problems
    }
}

impl Config {
    /// Returns the same configuration with one value replaced.
    fn with(&self, key: &Key, value: Value) -> Result<Self, toml::de::Error> {
        let wrong = |error: toml::ser::Error| serde::de::Error::custom(error);
        let mut table = Table::try_from(self).map_err(wrong)?;
        match key.name.split_once('.') {
            Some((section, name)) => {
                let section = table.entry(section).or_insert_with(|| Table::new().into());
                section.as_table_mut().and_then(|section| section.insert(name.to_owned(), value));
            }
            None => {
                table.insert(key.name.clone(), value);
            }
        }
        table.try_into()
    }
}

/// Returns the line of a byte.
fn line(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

/// The message for an unknown key: it suggests the nearest key of the same table, else of all tables.
fn unknown(name: &str, section: &str) -> String {
    let names = || keys().iter().map(|key| key.name.as_str());
    let inner = names().filter(|known| !section.is_empty() && known.starts_with(section));
    let nearest = diagnosis::nearest(name, inner).or_else(|| diagnosis::nearest(name, names())).unwrap_or_default();
    format!("unknown key {name}; did you mean {nearest}? (kakaw config lists all)")
}

/// Whether a text can be the name of a host.
fn is_host_name(text: &str) -> bool {
    !text.is_empty()
        && !text.ends_with('.')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("file");
        std::fs::write(file.path(), text).expect("written");
        file
    }

    /// Returns the error for a file, some variables and a flag.
    fn refusal(text: &str, variables: &[(&str, &str)], flags: Vec<Flag>) -> String {
        let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let file = file(text);
        let error = layered(Mode::Serve, Some(file.path()), variables, flags).expect_err("refused");
        error.replace(&file.path().display().to_string(), "FILE")
    }

    #[test]
    fn later_sources_win_and_are_named() {
        let file = file("listen = \"127.0.0.1:1\"\n[policy]\ncode_lifetime = 30\n");
        let flag = Flag { key: "listen", value: "127.0.0.1:2".to_owned() };
        let loaded = load(Mode::Serve, Some(file.path()), vec![flag]).expect("loads");
        assert_eq!((loaded.config.listen.port(), loaded.config.policy.code_lifetime), (2, Span::seconds(30)));
        let rows = loaded.rows();
        let row = |name: &str| rows.iter().find(|(key, ..)| key.name == name).expect("row");
        assert_eq!(row("listen").2, "flag --listen");
        assert_eq!(row("policy.code_lifetime").1.as_deref(), Some("30"));
        assert!(row("policy.code_lifetime").2.ends_with(&*file.path().file_name().expect("name").to_string_lossy()));
        assert!(row("policy.code_lifetime").2.starts_with("line 3 of "), "{}", row("policy.code_lifetime").2);
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
    fn everything_that_is_wrong_is_said_with_its_place() {
        let text = "public_ulr = \"x\"\n\n[quotas]\ncalls = \"many\"\nuser_ids = -1\n[polcy]\ncode_lifetime = 1\n[listen]\nport = 1\n";
        let variables = [("KAKAW_SIGN_UP", "perhaps"), ("KAKAW_DATABSE", "x"), ("KAKAW_QUOTAS__TOKENS", "9x")];
        let flag = Flag { key: "listen", value: "here".to_owned() };
        let error = refusal(text, &variables, vec![flag]);
        for expected in [
            "line 1 of FILE: unknown key public_ulr; did you mean public_url?",
            "line 4 of FILE: quotas.calls: invalid type: string \"many\", expected u32",
            "line 5 of FILE: quotas.user_ids: invalid value: integer `-1`, expected u32",
            "line 6 of FILE: unknown key polcy; did you mean ",
            "line 8 of FILE: listen: ",
            "KAKAW_SIGN_UP: sign_up: invalid type: string \"perhaps\", expected a boolean",
            "KAKAW_DATABSE: unknown variable; did you mean KAKAW_DATABASE?",
            "KAKAW_QUOTAS__TOKENS: quotas.tokens: invalid type: string \"9x\", expected u32",
            "flag --listen: listen: invalid socket address syntax",
        ] {
            assert!(error.lines().any(|line| line.starts_with(expected)), "{expected:?} expected:\n{error}");
        }
        assert_eq!(error.lines().count(), 9, "{error}");
        let error = refusal("sign_up = true\ndatabase = \"postgres://me:hush@db/kakaw\n", &[], vec![]);
        assert!(error.starts_with("line 2 of FILE: ") && !error.contains("hush"), "{error}");
        let error = refusal("data = \"a\"\ndatabase = \"memory\"\n[policy]\ncode_lifetime = 0\n", &[], vec![]);
        assert!(error.contains("line 2 of FILE: data and database are both set"), "{error}");
        assert!(error.contains("line 4 of FILE: policy.code_lifetime is 0 seconds"), "{error}");
        let error = refusal("database = \"mysql:b\"\n", &[], vec![]);
        assert!(error.contains("line 1 of FILE: database: \"mysql\"…: expected sqlite:PATH"), "{error}");
    }

    #[test]
    fn a_variable_is_read_as_its_type_reads_it() {
        let variables = [
            ("KAKAW_DATA", "1234"),
            ("KAKAW_BEHIND_PROXY", "true"),
            ("KAKAW_QUOTAS__CALLS", "7"),
            ("KAKAW_LISTEN", "[::1]:80"),
            ("KAKAW_PUBLIC_URL", "https://login.example.com/"),
        ];
        let variables = variables.map(|(name, value)| (name.into(), value.into()));
        let loaded = layered(Mode::Serve, None, variables, vec![]).expect("loads");
        let config = &loaded.config;
        assert_eq!(config.data.as_deref(), Some(Path::new("1234")), "a number can be a name");
        assert_eq!((config.behind_proxy, config.quotas.calls, config.listen.port()), (true, 7, 80));
        assert_eq!(config.public_url.as_deref(), Some("https://login.example.com"));
        let rows = loaded.rows();
        let (_, value, source) = rows.iter().find(|(key, ..)| key.name == "quotas.calls").expect("row");
        assert_eq!((value.as_deref(), source.as_str()), (Some("7"), "KAKAW_QUOTAS__CALLS"));
    }

    #[test]
    fn a_flag_for_one_place_takes_the_other_away() {
        let file = file("data = \"a\"\n");
        let flag = Flag { key: "database", value: "memory".to_owned() };
        let loaded = layered(Mode::Dev, Some(file.path()), [], vec![flag]).expect("loads");
        assert_eq!((loaded.config.data, loaded.config.database.as_deref()), (None, Some("memory")));
    }

    #[test]
    fn a_public_url_is_spelled_as_browsers_send_it() {
        for (given, kept) in [
            ("https://LOGIN.example.com/", "https://login.example.com"),
            ("https://login.example.com:443", "https://login.example.com"),
            ("http://login.example.com:80/", "http://login.example.com"),
            ("https://login.example.com:8443", "https://login.example.com:8443"),
            ("http://[::1]:7700", "http://[::1]:7700"),
        ] {
            assert_eq!(as_browsers_send(given), kept);
        }
    }

    #[test]
    fn costs_and_waits_have_upper_bounds() {
        let error = refusal("[passwords]\nmemory_kib = 99999999\n[keys]\noverlap = 99999999999\n", &[], vec![]);
        assert!(error.contains("line 2 of FILE: passwords.memory_kib is 99999999; expected 8 to 1048576"), "{error}");
        assert!(error.contains("line 4 of FILE: keys.overlap is 99999999999 seconds; expected 3 to 604800"), "{error}");
    }

    #[test]
    fn passwords_of_databases_are_hidden() {
        let flag = Flag { key: "database", value: "postgres://me:hush@db/kakaw".to_owned() };
        let loaded = load(Mode::Serve, None, vec![flag]).expect("loads");
        let rows = loaded.rows();
        let shown = rows.iter().find(|(key, ..)| key.name == "database").and_then(|row| row.1.clone()).expect("value");
        assert_eq!(shown, "\"postgres://me:…@db/kakaw\"");
        let error = refusal("", &[("KAKAW_DATABASE", "postgres://me:hush@db/kakaw?sslmode=no")], vec![]);
        assert!(error.contains("KAKAW_DATABASE: database: sslmode is \"no\"") && !error.contains("hush"), "{error}");
    }
}
