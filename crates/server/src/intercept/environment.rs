//! What a child process is given so that its traffic to Kakao Login reaches the stand-in and is trusted.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use super::authority::Authority;
use crate::http::here::KAKAO_HOSTS;

/// Where systems keep the roots that they trust.
const ROOTS: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The ports of a run.
#[derive(Debug, Clone, Copy)]
pub struct Ports {
    pub proxy: u16,
    pub tls: u16,
    pub http: u16,
}

/// Sets a command up. Files go to `folder`, which lives as long as the child.
///
/// # Errors
/// A file could not be written.
pub fn prepare(
    command: &mut Command,
    authority: &Authority,
    ports: Ports,
    folder: &Path,
    jvm: bool,
    env: &dyn Fn(&str) -> Option<String>,
) -> anyhow::Result<()> {
    let ours = folder.join("ca.pem");
    std::fs::write(&ours, &authority.certificate)?;
    // These variables *replace* the system's roots, so the bundle holds both.
    let bundle = folder.join("bundle.pem");
    let given = env("SSL_CERT_FILE").map(PathBuf::from);
    let roots = given.or_else(|| ROOTS.iter().map(PathBuf::from).find(|path| path.exists()));
    let roots = roots.map(std::fs::read_to_string).transpose().context("the system's roots")?.unwrap_or_default();
    std::fs::write(&bundle, format!("{roots}\n{}", authority.certificate))?;
    for name in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"] {
        command.env(name, &bundle);
    }
    let extra = folder.join("extra.pem");
    let theirs = env("NODE_EXTRA_CA_CERTS").map(std::fs::read_to_string).transpose().context("NODE_EXTRA_CA_CERTS")?;
    std::fs::write(&extra, format!("{}\n{}", theirs.unwrap_or_default(), authority.certificate))?;
    command.env("NODE_EXTRA_CA_CERTS", &extra);

    let proxy = format!("http://127.0.0.1:{}", ports.proxy);
    for name in ["HTTPS_PROXY", "https_proxy"] {
        command.env(name, &proxy);
    }
    let no_proxy = no_proxy(env("NO_PROXY").or_else(|| env("no_proxy")).as_deref());
    for name in ["NO_PROXY", "no_proxy"] {
        command.env(name, &no_proxy);
    }
    command.env("NODE_USE_ENV_PROXY", "1");
    let preload = folder.join("preload.cjs");
    let hosts = KAKAO_HOSTS.map(|host| format!("\"{host}\"")).join(", ");
    let script =
        include_str!("../../assets/preload.cjs").replace("HOSTS", &hosts).replace("PORT", &ports.tls.to_string());
    std::fs::write(&preload, script)?;
    let options = env("NODE_OPTIONS").unwrap_or_default();
    command.env("NODE_OPTIONS", format!("{options} --require {}", preload.display()).trim());
    // It takes half a second, so only where a JVM is to be expected.
    if let Some(java) = jvm.then(|| java_options(&ours, folder, ports, env)).flatten() {
        command.env("JAVA_TOOL_OPTIONS", java);
    }
    command.env("KAKAW_URL", format!("http://localhost:{}", ports.http));
    Ok(())
}

/// Whether a program is, or starts, a Java virtual machine.
#[must_use]
pub fn is_jvm(program: &str) -> bool {
    const JVM: [&str; 12] =
        ["java", "jshell", "mvn", "mvnw", "gradle", "gradlew", "sbt", "kotlin", "scala", "groovy", "ant", "jbang"];
    Path::new(program).file_stem().and_then(|name| name.to_str()).is_some_and(|name| JVM.contains(&name))
}

/// Loopback is never proxied, Kakao's hosts always are.
fn no_proxy(given: Option<&str>) -> String {
    let kept = given.unwrap_or_default().split(',').map(str::trim).filter(|host| {
        let host = host.trim_start_matches(['*', '.']);
        !host.is_empty() && !KAKAO_HOSTS.iter().any(|kakao| *kakao == host || kakao.ends_with(&format!(".{host}")))
    });
    let mut all: Vec<&str> = kept.collect();
    for own in ["localhost", "127.0.0.1", "::1"] {
        if !all.contains(&own) {
            all.push(own);
        }
    }
    all.join(",")
}

/// The JVM reads neither proxy variables nor PEM files: it gets properties, and a copy of its own store with our
/// certificate added by its own `keytool`.
fn java_options(ours: &Path, folder: &Path, ports: Ports, env: &dyn Fn(&str) -> Option<String>) -> Option<String> {
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
        format!(
            "{before}-Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort={} -Djavax.net.ssl.trustStore={} \
             -Djavax.net.ssl.trustStorePassword=changeit",
            ports.proxy,
            store.display()
        )
    })
}

/// What Chromium is told besides: a profile of its own, the proxy, and the one key that it may trust.
#[must_use]
pub fn browser_flags(program: &str, authority: &Authority, ports: Ports, folder: &Path) -> Vec<String> {
    let name = Path::new(program).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if !["chromium", "chromium-browser", "chrome", "google-chrome", "google-chrome-stable"].contains(&name) {
        return Vec::new();
    }
    vec![
        format!("--user-data-dir={}", folder.join("profile").display()),
        format!("--proxy-server=http://127.0.0.1:{}", ports.proxy),
        format!("--ignore-certificate-errors-spki-list={}", authority.spki),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_not_proxied_and_kakao_always_is() {
        assert_eq!(no_proxy(None), "localhost,127.0.0.1,::1");
        assert_eq!(
            no_proxy(Some("internal.example, .kakao.com,kauth.kakao.com,localhost")),
            "internal.example,localhost,127.0.0.1,::1"
        );
    }
}
