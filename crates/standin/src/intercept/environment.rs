//! The environment of a child process whose traffic to Kakao Login goes to the stand-in, and which trusts its
//! certificate.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use super::{Entrance, upstream};
use crate::world::KAKAO_HOSTS;
use kakaw_wire::url::split_port;

/// Where systems store their root certificates.
const ROOTS: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The addresses and files for the variables.
pub struct Target<'a> {
    /// The addresses that intercept the traffic.
    pub entrance: &'a Entrance,
    /// The stand-in's own URL.
    pub url: &'a str,
    /// Folder for files that live as long as the intercepted process.
    pub folder: &'a Path,
    /// Whether to prepare for a Java virtual machine too, which takes half a second.
    pub jvm: bool,
}

/// Returns the variables that route a process's traffic, and writes the files that they name.
///
/// # Errors
/// A file could not be written.
pub fn variables(
    target: &Target<'_>,
    env: &dyn Fn(&str) -> Option<String>,
) -> anyhow::Result<Vec<(&'static str, String)>> {
    let Target { entrance, url, folder, jvm } = target;
    let mut all = Vec::new();
    let mut set = |name: &'static str, value: &str| all.push((name, value.to_owned()));
    let ours = folder.join("ca.pem");
    std::fs::write(&ours, &entrance.certificate)?;
    // These variables *replace* the system's roots, so the bundle contains both.
    let bundle = folder.join("bundle.pem");
    let given = env("SSL_CERT_FILE").map(PathBuf::from).filter(|given| *given != bundle);
    let roots = given.or_else(|| ROOTS.iter().map(PathBuf::from).find(|path| path.exists()));
    let roots = roots.map(std::fs::read_to_string).transpose().context("the system's roots")?.unwrap_or_default();
    std::fs::write(&bundle, format!("{roots}\n{}", entrance.certificate))?;
    for name in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"] {
        set(name, &bundle.display().to_string());
    }
    let extra = folder.join("extra.pem");
    let theirs = env("NODE_EXTRA_CA_CERTS").filter(|theirs| Path::new(theirs) != extra);
    let theirs = theirs.map(std::fs::read_to_string).transpose().context("NODE_EXTRA_CA_CERTS")?;
    std::fs::write(&extra, format!("{}\n{}", theirs.unwrap_or_default(), entrance.certificate))?;
    set("NODE_EXTRA_CA_CERTS", &extra.display().to_string());

    let proxy = format!("http://{}", entrance.proxy);
    for name in ["HTTPS_PROXY", "https_proxy"] {
        set(name, &proxy);
    }
    let no_proxy = no_proxy(env("NO_PROXY").or_else(|| env("no_proxy")).as_deref());
    for name in ["NO_PROXY", "no_proxy"] {
        set(name, &no_proxy);
    }
    set("NODE_USE_ENV_PROXY", "1");
    let preload = folder.join("preload.cjs");
    let hosts = KAKAO_HOSTS.map(|host| format!("\"{host}\"")).join(", ");
    let (host, port) = host_and_port(&entrance.tls);
    let script = include_str!("../../assets/preload.cjs");
    std::fs::write(&preload, script.replace("HOSTS", &hosts).replace("HOST", host).replace("PORT", port))?;
    let required = format!("--require {}", for_node(&preload.display().to_string()));
    let options = env("NODE_OPTIONS").unwrap_or_default().replace(&required, "");
    set("NODE_OPTIONS", format!("{} {required}", options.trim()).trim());
    if let Some(java) = jvm.then(|| java_options(&ours, folder, entrance, env)).flatten() {
        set("JAVA_TOOL_OPTIONS", &java);
    }
    set("KAKAW_URL", url);
    Ok(all)
}

/// Quotes a path for `NODE_OPTIONS`: a space ends an option, except in double quotes, where a backslash escapes.
fn for_node(path: &str) -> String {
    if !path.contains([' ', '"', '\\']) {
        return path.to_owned();
    }
    format!("\"{}\"", path.replace('\\', r"\\").replace('"', "\\\""))
}

/// Quotes a path for `JAVA_TOOL_OPTIONS`: it has both kinds of quotes, and no escapes inside them.
fn for_java(path: &str) -> String {
    let quoted = |part: &str| {
        let plain = !part.contains(|c: char| c.is_whitespace() || c == '\'' || c == '"');
        let quote = if part.contains('"') { '\'' } else { '"' };
        if plain { part.to_owned() } else { format!("{quote}{part}{quote}") }
    };
    // Quoted parts can be adjacent, so each part gets the quotes that it does not contain.
    path.split_inclusive('"').flat_map(|part| part.split_inclusive('\'')).map(quoted).collect()
}

/// Splits `host:port`. An IPv6 address loses its brackets.
fn host_and_port(address: &str) -> (&str, &str) {
    let (host, port) = split_port(address);
    (host.trim_start_matches('[').trim_end_matches(']'), port.unwrap_or("443"))
}

/// Whether a program is a Java virtual machine or starts one.
#[must_use]
pub fn is_jvm(program: &str) -> bool {
    const JVM: [&str; 12] =
        ["java", "jshell", "mvn", "mvnw", "gradle", "gradlew", "sbt", "kotlin", "scala", "groovy", "ant", "jbang"];
    Path::new(program).file_stem().and_then(|name| name.to_str()).is_some_and(|name| JVM.contains(&name))
}

/// Returns `NO_PROXY`: loopback is never proxied, and Kakao's hosts always are.
fn no_proxy(given: Option<&str>) -> String {
    let kept = given
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|host| !host.is_empty() && !KAKAO_HOSTS.iter().any(|kakao| upstream::is_about(host, kakao)));
    let mut all: Vec<&str> = kept.collect();
    for own in ["localhost", "127.0.0.1", "::1"] {
        if !all.contains(&own) {
            all.push(own);
        }
    }
    all.join(",")
}

/// Returns the options for the JVM, which reads neither proxy variables nor PEM files. It gets properties, and a copy
/// of its own trust store with our certificate, which its own `keytool` adds.
fn java_options(
    ours: &Path,
    folder: &Path,
    entrance: &Entrance,
    env: &dyn Fn(&str) -> Option<String>,
) -> Option<String> {
    let home = env("JAVA_HOME").map(PathBuf::from).or_else(|| {
        let java = env("PATH")?.split(':').map(|folder| Path::new(folder).join("java")).find(|path| path.exists())?;
        Some(std::fs::canonicalize(java).ok()?.parent()?.parent()?.to_owned())
    })?;
    let cacerts = ["lib/security/cacerts", "jre/lib/security/cacerts"].map(|path| home.join(path));
    let store = folder.join("trust.p12");
    std::fs::copy(cacerts.iter().find(|path| path.exists())?, &store).ok()?;
    let import = Command::new(home.join("bin/keytool"))
        .args(["-importcert", "-noprompt", "-alias", "kakaw", "-storepass", "changeit", "-file"])
        .arg(ours)
        .arg("-keystore")
        .arg(&store)
        .env_remove("JAVA_TOOL_OPTIONS")
        .output()
        .ok()?;
    import.status.success().then(|| {
        let before = env("JAVA_TOOL_OPTIONS").map(|options| format!("{options} ")).unwrap_or_default();
        let (host, port) = host_and_port(&entrance.proxy);
        format!(
            "{before}-Dhttps.proxyHost={host} -Dhttps.proxyPort={port} -Djavax.net.ssl.trustStore={} \
             -Djavax.net.ssl.trustStorePassword=changeit",
            for_java(&store.display().to_string())
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_blanks_and_quotes_stays_one_word() {
        assert_eq!(for_node("/tmp/a/preload.cjs"), "/tmp/a/preload.cjs");
        assert_eq!(for_node("/tmp/a b/p.cjs"), "\"/tmp/a b/p.cjs\"");
        assert_eq!(for_node(r#"/tmp/a "b\c"#), r#""/tmp/a \"b\\c""#);
        assert_eq!(for_java("/tmp/a/trust.p12"), "/tmp/a/trust.p12");
        assert_eq!(for_java("/tmp/a b/t"), "\"/tmp/a b/t\"");
        let expected = [r#""/tmp/a b'""#, r#"'s "'"#, r#"'c"'"#, r#"" d""#].concat();
        assert_eq!(for_java(r#"/tmp/a b's "c" d"#), expected);
    }

    #[test]
    fn loopback_is_not_proxied_and_kakao_always_is() {
        assert_eq!(no_proxy(None), "localhost,127.0.0.1,::1");
        assert_eq!(
            no_proxy(Some("internal.example, .kakao.com,kauth.kakao.com,*.Kakao.com,*,localhost")),
            "internal.example,localhost,127.0.0.1,::1"
        );
    }
}
