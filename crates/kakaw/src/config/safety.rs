//! Settings with which `kakaw serve` refuses to run.

use crate::config::Config;
use kakaw_core::validate::url;
use kakaw_platform::origins::Surface;
use kakaw_platform::password::OWASP;
use kakaw_wire::url::{authority, split_port, split_scheme};

/// The settings that are unsafe for real people, each with its fix.
#[must_use]
pub fn unsafe_settings(config: &Config) -> Vec<String> {
    let mut found = Vec::new();
    for (name, url) in config.named_urls() {
        found.extend(match url {
            None => Some(format!("{name} is not set; set it to the https URL at which clients reach this server")),
            Some(url) => unsafe_url(&name, url, config.behind_proxy),
        });
    }
    let of_scheme = |scheme: &str| config.urls().into_iter().find(|url| url.starts_with(scheme));
    if let (Some(one), Some(other)) = (of_scheme("https://"), of_scheme("http://")) {
        found.push(format!("{one:?} is https and {other:?} is plain HTTP; use the same scheme for all origins"));
    }
    // Browsers do not separate cookies by port (RFC 6265 §8.5).
    let host = |url: &str| authority(url).map(|host| split_port(host).0.to_owned());
    if let Some(accounts) = config.url_of(Surface::Accounts)
        && let Some(other) = config.urls().into_iter().find(|url| *url != accounts && host(url) == host(accounts))
    {
        found.push(format!(
            "{accounts:?} and {other:?} differ only in the port, so {other:?} gets the cookies of accounts; expected another \
             host name"
        ));
    }
    if !config.listen.ip().is_loopback() && !config.behind_proxy && config.tls.certificate.is_none() {
        found.push(format!(
            "listen is {}, which other machines can reach over plain HTTP; set tls.certificate and tls.key, listen on \
             127.0.0.1, or set behind_proxy = true if a proxy terminates TLS",
            config.listen
        ));
    }
    if config.data.is_none() && config.database.is_none() {
        found.push("neither data nor database is set; all data would be lost at the next start".to_owned());
    }
    let cost = config.passwords.cost();
    if u64::from(cost.memory_kib) * u64::from(cost.iterations)
        < u64::from(OWASP.memory_kib) * u64::from(OWASP.iterations)
        || cost.memory_kib < 7 * 1024
    {
        found.push(format!(
            "passwords: {} KiB with {} passes is weaker than OWASP's minimum for Argon2id ({} KiB with {} passes)",
            cost.memory_kib, cost.iterations, OWASP.memory_kib, OWASP.iterations
        ));
    }
    if !config.pages.test_notice {
        let weak = [
            (config.apps.derived_keys, "apps.derived_keys = true lets everyone derive the keys of apps"),
            (!config.apps.strong_secrets, "apps.strong_secrets = false accepts client secrets that can be guessed"),
            (!config.limits.guesses, "limits.guesses = false lets everyone guess passwords at full speed"),
        ];
        let advice = "leave it out, or set pages.test_notice = true if the accounts are not real";
        found.extend(weak.into_iter().filter(|(set, _)| *set).map(|(_, what)| format!("{what}; {advice}")));
    }
    found
}

/// Returns what is wrong with the URL of a surface.
fn unsafe_url(name: &str, public: &str, behind_proxy: bool) -> Option<String> {
    let host = split_scheme(public).filter(|(scheme, _)| ["https", "http"].contains(scheme)).map(|(_, host)| host);
    match host {
        None => Some(format!("{name} is {public:?}; expected an https URL")),
        Some(host) if url::redirect(public).is_some() || host.contains(['/', '?']) || host.ends_with(['.', ':']) => {
            Some(format!("{name} is {public:?}; expected scheme and host only, without a final dot"))
        }
        Some(_) if public.starts_with("http://") && !behind_proxy => Some(format!(
            "{name} {public:?} is plain HTTP; use https, or set behind_proxy = true if a proxy terminates TLS"
        )),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Apps, Mode, Origins};

    #[test]
    fn plain_http_needs_a_declared_proxy() {
        let config = |url: &str, proxy: bool| Config {
            public_url: Some(url.to_owned()),
            behind_proxy: proxy,
            data: Some("x".into()),
            ..Config::defaults(Mode::Serve)
        };
        assert!(unsafe_settings(&config("https://login.example.com", false)).is_empty());
        assert!(unsafe_settings(&config("http://login.example.com", true)).is_empty());
        for (url, proxy) in [
            ("http://login.example.com", false),
            ("login.example.com", true),
            ("https://a/b", true),
            ("https://a@b", true),
            ("https://*.b", true),
            ("https://login.example.com.", true),
            ("https://b\u{202e}c", true),
        ] {
            assert_eq!(unsafe_settings(&config(url, proxy)).len(), 1, "{url}");
        }
        let everything = Config { listen: ([0, 0, 0, 0], 80).into(), ..Config::defaults(Mode::Serve) };
        assert_eq!(unsafe_settings(&everything).len(), 3, "URL, address, database");
    }

    #[test]
    fn accounts_shares_its_host_name_with_no_other_origin() {
        let found = |kapi: &str| {
            let origins = Origins { kapi: Some(kapi.to_owned()), ..Origins::default() };
            let public_url = Some("https://id.example.com:8841".to_owned());
            unsafe_settings(&Config { public_url, origins, data: Some("x".into()), ..Config::defaults(Mode::Serve) })
        };
        assert!(found("https://api.example.com:8841").is_empty());
        assert!(found("https://id.example.com:8841").is_empty(), "the same origin");
        assert!(found("https://id.example.com:9443").concat().contains("differ only in the port"));
    }

    #[test]
    fn each_origin_is_checked_and_public_url_is_needed_for_the_rest() {
        let config = |origins: Origins, public: Option<&str>| Config {
            public_url: public.map(str::to_owned),
            origins,
            data: Some("x".into()),
            ..Config::defaults(Mode::Serve)
        };
        let url = |name: &str| Some(format!("https://{name}.example.com"));
        let all = Origins { kauth: url("a"), kapi: url("b"), accounts: url("c"), apps: url("d") };
        assert!(unsafe_settings(&config(all.clone(), None)).is_empty());
        let some = Origins { apps: None, ..all.clone() };
        assert!(unsafe_settings(&config(some.clone(), Some("https://e.example.com"))).is_empty());
        let found = unsafe_settings(&config(some, None));
        assert!(matches!(&found[..], [one] if one.starts_with("public_url is not set")), "{found:?}");
        for (kapi, expected) in [
            ("https://b.example.com/path", vec!["origins.kapi is"]),
            ("b.example.com", vec!["origins.kapi is"]),
            (
                "http://b.example.com",
                vec!["origins.kapi \"http://b.example.com\" is plain", "\"https://a.example.com\" is https"],
            ),
        ] {
            let found = unsafe_settings(&config(Origins { kapi: Some(kapi.to_owned()), ..all.clone() }, None));
            assert_eq!(found.len(), expected.len(), "{kapi}: {found:?}");
            assert!(found.iter().zip(&expected).all(|(found, start)| found.starts_with(start)), "{kapi}: {found:?}");
        }
    }

    #[test]
    fn settings_of_test_platforms_need_the_notice() {
        let safe = Config {
            public_url: Some("https://login.example.com".to_owned()),
            data: Some("x".into()),
            ..Config::defaults(Mode::Serve)
        };
        let dev = Config::defaults(Mode::Dev);
        for (name, config) in [
            ("apps.derived_keys", Config { apps: Apps { derived_keys: true, ..safe.apps }, ..safe.clone() }),
            ("apps.strong_secrets", Config { apps: Apps { strong_secrets: false, ..safe.apps }, ..safe.clone() }),
        ] {
            let found = unsafe_settings(&config);
            assert!(matches!(&found[..], [one] if one.starts_with(name)), "{name}: {found:?}");
            let staging = Config { pages: dev.pages.clone(), ..config };
            assert!(unsafe_settings(&staging).is_empty(), "{name}");
        }
        let legacy = Config { apps: Apps { legacy_properties: true, ..safe.apps }, ..safe };
        assert!(unsafe_settings(&legacy).is_empty());
    }
}
