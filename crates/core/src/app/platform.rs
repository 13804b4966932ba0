//! The origin of a call: the platform identity registered for a native or JavaScript key, and the addresses that a key
//! allows.

use std::net::IpAddr;

use kakaw_wire::Problem;
use kakaw_wire::ka::{Ka, Os};

use crate::app::{AppKey, KeyKind};
use crate::diagnosis::Refusal;
use crate::validate::network::network;

/// The identity that a client claims. It contains no secret: the check only prevents keys from being used by mistake.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    pub android_key_hash: Option<String>,
    pub ios_bundle_id: Option<String>,
    pub web_origin: Option<String>,
}

impl Identity {
    /// Reads the identity from a `KA` header or parameter.
    #[must_use]
    pub fn of(ka: &str) -> Self {
        let ka = Ka::parse(ka);
        let origin = Some(ka.origin.clone()).filter(|origin| !origin.is_empty());
        match ka.os() {
            Some(Os::Android) => Self { android_key_hash: origin, ..Self::default() },
            Some(Os::Ios) => Self { ios_bundle_id: origin, ..Self::default() },
            Some(Os::Web) => Self { web_origin: origin, ..Self::default() },
            None => Self::default(),
        }
    }
}

/// Compares each identity that was sent with those registered for the key, character by character. An identity that was
/// not sent passes. REST API keys have no platform.
///
/// # Errors
/// The -401 for the first identity that is not registered.
pub fn check(key: &AppKey, identity: &Identity) -> Result<(), Refusal> {
    if !matches!(key.kind, KeyKind::Native | KeyKind::Javascript) {
        return Ok(());
    }
    let settings = &key.settings;
    let unknown = |sent: &Option<String>, registered: Vec<&str>| {
        sent.clone().filter(|sent| !registered.contains(&sent.as_str())).map(|sent| (sent, registered.join(", ")))
    };
    let hashes = settings.android.iter().flat_map(|app| &app.key_hashes).map(String::as_str).collect();
    let bundles = settings.ios.iter().map(|app| app.bundle_id.as_str()).collect();
    let domains = settings.sdk_domains.iter().map(String::as_str).collect();
    let (problem, registered) = if let Some((caller, registered)) = unknown(&identity.android_key_hash, hashes) {
        (Problem::KeyHashMismatched { caller }, registered)
    } else if let Some((caller, registered)) = unknown(&identity.ios_bundle_id, bundles) {
        (Problem::BundleIdMismatched { caller }, registered)
    } else if let Some((caller, registered)) = unknown(&identity.web_origin, domains) {
        (Problem::DomainMismatched { caller }, registered)
    } else {
        return Ok(());
    };
    let caller = problem.evidence().first().map(|(_, caller)| (*caller).to_owned()).unwrap_or_default();
    let spelled_otherwise = registered.split(", ").any(|registered| plain(registered) == plain(&caller));
    let registered = if registered.is_empty() { "nothing".to_owned() } else { registered };
    let refusal = Refusal::new(problem)
        .because(format!("received {caller}; registered for this {} key: {registered}", key.kind.label()));
    Err(if spelled_otherwise {
        refusal.because("they are the same but for white space, a padding of = or the letters of base64url")
    } else {
        refusal
    })
}

/// Normalizes a key hash: removes what tools add and undoes other spellings.
fn plain(hash: &str) -> String {
    let letters = hash.chars().filter(|c| !c.is_whitespace() && *c != '=');
    letters
        .map(|c| {
            if c == '-' {
                '+'
            } else if c == '_' {
                '/'
            } else {
                c
            }
        })
        .collect()
}

/// The same check at kauth, which has one problem for all three.
///
/// # Errors
/// KOE009.
pub fn check_at_kauth(key: &AppKey, identity: &Identity) -> Result<(), Refusal> {
    check(key, identity).map_err(|refusal| {
        let findings = refusal.diagnosis.for_team().to_vec();
        findings.into_iter().fold(Refusal::new(Problem::PlatformMismatch {}), Refusal::because)
    })
}

/// Whether the key may be used from this address. A key without a list may be used from every address, also from one that
/// is not known.
#[must_use]
pub fn allows_address(key: &AppKey, address: Option<IpAddr>) -> bool {
    let allowed = &key.settings.allowed_ips;
    let Some(address) = address.filter(|_| !allowed.is_empty()) else { return allowed.is_empty() };
    let address = address.to_canonical();
    allowed.iter().filter_map(|text| network(text)).any(|network| network.contains(&address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AppId;
    use crate::app::{AndroidApp, IosApp, KeySettings};

    fn key(kind: KeyKind, settings: KeySettings) -> AppKey {
        AppKey { key: String::new(), app_id: AppId(1), kind, epoch: 0, deleted: false, settings, secret_hash: None }
    }

    #[test]
    fn what_is_sent_must_be_registered() {
        let hash = "Ab+/cdEFghIJklmnOPqrstUVwx0=";
        let android = vec![AndroidApp { package: "p".into(), key_hashes: vec![hash.into()] }];
        let native = key(KeyKind::Native, KeySettings { android, ..KeySettings::default() });
        assert!(check(&native, &Identity::default()).is_ok());
        assert!(check(&native, &Identity::of(&format!("os/android-33 origin/{hash}"))).is_ok());
        let wrong = check(&native, &Identity::of("os/android-33 origin/other")).expect_err("refused");
        assert_eq!(wrong.problem, Problem::KeyHashMismatched { caller: "other".into() });
        assert!(!wrong.diagnosis.for_team().concat().contains("the same but for"));
        // Some tools omit the padding of the same hash, or use base64url. Such a hash is refused, and the diagnosis
        // says why.
        for spelled in [&hash[..27], "Ab-_cdEFghIJklmnOPqrstUVwx0="] {
            let wrong = check(&native, &Identity::of(&format!("os/android-33 origin/{spelled}"))).expect_err("refused");
            assert!(wrong.diagnosis.for_team().concat().contains("the same but for"), "{spelled}");
        }
        assert!(check(&native, &Identity::of("os/ios-17 origin/com.example")).is_err());
        let rest = key(KeyKind::RestApi, KeySettings::default());
        assert!(check(&rest, &Identity::of("os/android-33 origin/other")).is_ok());
    }

    #[test]
    fn addresses_are_single_or_blocks() {
        let allowed_ips = ["192.0.2.7", "10.0.0.0/8", "198.51.100.0/255.255.255.0", "2001:db8::/32"];
        let settings = KeySettings { allowed_ips: allowed_ips.map(str::to_owned).into(), ..KeySettings::default() };
        let key = key(KeyKind::Admin, settings);
        for inside in ["192.0.2.7", "10.1.2.3", "198.51.100.9", "2001:db8::1", "::ffff:10.0.0.1"] {
            assert!(allows_address(&key, inside.parse().ok()), "{inside}");
        }
        for outside in ["192.0.2.8", "11.0.0.1", "198.51.101.1", "2001:db9::1", "unknown"] {
            assert!(!allows_address(&key, outside.parse().ok()), "{outside}");
        }
        assert!(allows_address(&AppKey { settings: KeySettings::default(), ..key }, None));
        assert!(["", "10.0.0.0/33", "10.0.0.0/255.0.255.0", "x"].iter().all(|text| network(text).is_none()));
    }

    #[test]
    fn each_platform_has_an_identity_of_its_own() {
        let text = |text: &str| Some(text.to_owned());
        for (ka, expected) in [
            ("os/android-33 origin/h", Identity { android_key_hash: text("h"), ..Identity::default() }),
            ("os/ios-17 origin/b", Identity { ios_bundle_id: text("b"), ..Identity::default() }),
            ("os/javascript origin/http%3A%2F%2Fo", Identity { web_origin: text("http://o"), ..Identity::default() }),
            ("os/android-33", Identity::default()),
            ("os/windows origin/x", Identity::default()),
        ] {
            assert_eq!(Identity::of(ka), expected, "{ka}");
        }
    }

    #[test]
    fn the_first_identity_that_is_not_registered_is_named() {
        let android = vec![AndroidApp { package: "p".into(), key_hashes: vec!["h".into()] }];
        let ios = vec![IosApp { bundle_id: "b".into() }];
        let settings = KeySettings { android, ios, sdk_domains: vec!["http://o".into()], ..KeySettings::default() };
        let sent = |hash: &str, bundle: &str, origin: &str| Identity {
            android_key_hash: Some(hash.to_owned()),
            ios_bundle_id: Some(bundle.to_owned()),
            web_origin: Some(origin.to_owned()),
        };
        for kind in [KeyKind::Native, KeyKind::Javascript] {
            let key = key(kind, settings.clone());
            assert_eq!(check(&key, &sent("h", "b", "http://o")), Ok(()));
            let caller = || "x".to_owned();
            for (identity, problem) in [
                (sent("x", "x", "x"), Problem::KeyHashMismatched { caller: caller() }),
                (sent("h", "x", "x"), Problem::BundleIdMismatched { caller: caller() }),
                (sent("h", "b", "x"), Problem::DomainMismatched { caller: caller() }),
            ] {
                assert_eq!(check(&key, &identity).map_err(|refusal| refusal.problem), Err(problem));
                let at_kauth = check_at_kauth(&key, &identity).expect_err("refused");
                assert_eq!(at_kauth.problem, Problem::PlatformMismatch {});
                assert!(at_kauth.diagnosis.for_team().concat().starts_with("received x; registered for this "));
            }
        }
        let bare = check(&key(KeyKind::Native, KeySettings::default()), &sent("x", "x", "x")).expect_err("refused");
        assert!(bare.diagnosis.for_team().concat().ends_with("registered for this native key: nothing"));
    }
}
