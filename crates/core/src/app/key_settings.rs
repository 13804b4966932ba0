//! The rules for app keys: the settings of each kind, and how many an app may have.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kakaw_wire::{Expected, SettingProblem};

use crate::app::settings::wrong_uris;
use crate::app::{KeyKind, KeySettings, Permission};
use crate::validate::Limits;
use crate::validate::network::network;
use crate::validate::secret;
use crate::validate::text::repeated;
use crate::validate::url;

/// Maximum number of keys of one kind in an app.
const KEYS: usize = 5;

/// Returns the problem with a key that somebody chose.
#[must_use]
pub fn key_problem(kind: KeyKind, key: &str, limits: &Limits) -> Option<SettingProblem> {
    secret::app_key(key, kind == KeyKind::Admin, limits)
}

/// Returns the problem with a client secret for a key of this kind.
#[must_use]
pub fn secret_problem(kind: KeyKind, client_secret: &str, limits: &Limits) -> Option<SettingProblem> {
    match kind {
        KeyKind::RestApi => secret::client_secret(client_secret, limits),
        _ => Some(SettingProblem::new("client_secret", "", Expected::NoClientSecret {})),
    }
}

impl KeySettings {
    /// Returns every problem with the settings of a key of this kind.
    #[must_use]
    pub fn problems(&self, kind: KeyKind) -> Vec<SettingProblem> {
        let mut problems = self.foreign(kind);
        problems.extend(wrong_uris("redirect_uris", &self.redirect_uris));
        let entries = |name: &str, values: &[String], wrong: fn(&str) -> Option<Expected>| {
            let found = values.iter().enumerate();
            let found = found.filter_map(|(index, value)| Some((index, value, wrong(value)?)));
            let problem = |(index, value, expected): (usize, &String, Expected)| {
                SettingProblem::new(format!("{name}[{index}]"), value, expected)
            };
            found.map(problem).collect::<Vec<_>>()
        };
        problems.extend(entries("sdk_domains", &self.sdk_domains, url::origin));
        let network = |text: &str| network(text).is_none().then_some(Expected::Network {});
        problems.extend(entries("allowed_ips", &self.allowed_ips, network));
        for (index, app) in self.android.iter().enumerate() {
            if !is_package(&app.package) {
                let at = format!("android[{index}].package");
                problems.push(SettingProblem::new(at, &app.package, Expected::AndroidPackage {}));
            }
            let hash = |text: &str| (!is_key_hash(text)).then_some(Expected::KeyHash {});
            problems.extend(entries(&format!("android[{index}].key_hashes"), &app.key_hashes, hash));
        }
        problems.extend(repeated("android", ".package", self.android.iter().map(|app| app.package.as_str())));
        for (index, app) in self.ios.iter().enumerate().filter(|(_, app)| !is_bundle_id(&app.bundle_id)) {
            let at = format!("ios[{index}].bundle_id");
            problems.push(SettingProblem::new(at, &app.bundle_id, Expected::BundleId {}));
        }
        problems.extend(repeated("ios", ".bundle_id", self.ios.iter().map(|app| app.bundle_id.as_str())));
        problems
    }

    /// Returns a problem for each setting that keys of this kind do not have. Nothing reads such a setting, so it would
    /// have no effect.
    fn foreign(&self, kind: KeyKind) -> Vec<SettingProblem> {
        use KeyKind::{Admin, Javascript, Native, RestApi};
        let settings: [(&str, bool, &[KeyKind]); 8] = [
            ("redirect_uris", self.redirect_uris.is_empty(), &[RestApi, Javascript]),
            ("sdk_domains", self.sdk_domains.is_empty(), &[Javascript]),
            ("code_polling", !self.code_polling, &[Javascript]),
            ("android", self.android.is_empty(), &[Native]),
            ("ios", self.ios.is_empty(), &[Native]),
            ("allowed_ips", self.allowed_ips.is_empty(), &[RestApi, Admin]),
            ("apis", self.apis.is_empty(), &[Admin]),
            ("primary", !self.primary, &[Admin]),
        ];
        let foreign = settings.into_iter().filter(|(_, is_default, kinds)| !is_default && !kinds.contains(&kind));
        let expected = || Expected::OtherKind { kind: kind.label().to_owned() };
        foreign.map(|(name, ..)| SettingProblem::new(name, "", expected())).collect()
    }
}

/// Returns the problems with the keys of an app taken together. An entry is a key's kind and settings.
#[must_use]
pub fn problems_together(keys: &[(KeyKind, &KeySettings)], permissions: &[Permission]) -> Vec<SettingProblem> {
    let mut problems = Vec::new();
    let more = permissions.contains(&Permission::IncreasedAppKeyCount);
    for kind in KeyKind::ALL {
        let count = keys.iter().filter(|(of, _)| of == kind).count();
        if count > KEYS && !more {
            let expected = Expected::KeyCount { at_most: KEYS };
            problems.push(SettingProblem::new(kind.list(), &count.to_string(), expected));
        }
    }
    let primary = keys.iter().filter(|(_, settings)| settings.primary).count();
    if primary > 1 {
        problems.push(SettingProblem::new(KeyKind::Admin.list(), &primary.to_string(), Expected::OnePrimary {}));
    }
    problems
}

/// Whether the text is an Android package name: at least two segments, each starting with a letter.
fn is_package(text: &str) -> bool {
    let segment = |segment: &str| {
        segment.starts_with(|c: char| c.is_ascii_alphabetic())
            && segment.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    text.contains('.') && text.len() <= 200 && text.split('.').all(segment)
}

/// Whether the text is the Base64 of 20 bytes, the size of a SHA-1 hash.
fn is_key_hash(text: &str) -> bool {
    STANDARD.decode(text).is_ok_and(|hash| hash.len() == 20)
}

fn is_bundle_id(text: &str) -> bool {
    (1..=155).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::app::{AndroidApp, ApiGroup, IosApp};

    fn found(settings: &KeySettings, kind: KeyKind) -> Vec<(String, Expected)> {
        settings.problems(kind).into_iter().map(|problem| (problem.path, problem.expected)).collect()
    }

    /// Settings in which every field has a valid value.
    fn full() -> KeySettings {
        let android = AndroidApp {
            package: "com.example.app_2".to_owned(),
            key_hashes: vec!["Ab+/cdEFghIJklmnOPqrstUVwx0=".to_owned()],
        };
        KeySettings {
            redirect_uris: vec!["http://localhost:3000/callback".to_owned()],
            sdk_domains: vec!["http://localhost:3000".to_owned()],
            code_polling: true,
            android: vec![android],
            ios: vec![IosApp { bundle_id: "com.example.app-2".to_owned() }],
            allowed_ips: vec!["10.0.0.0/8".to_owned()],
            apis: vec![ApiGroup::Logout],
            primary: true,
        }
    }

    #[test]
    fn a_key_has_the_settings_of_its_kind() {
        let other = |kind: KeyKind| Expected::OtherKind { kind: kind.label().to_owned() };
        for (kind, own) in [
            (KeyKind::RestApi, &["redirect_uris", "allowed_ips"][..]),
            (KeyKind::Javascript, &["redirect_uris", "sdk_domains", "code_polling"]),
            (KeyKind::Native, &["android", "ios"]),
            (KeyKind::Admin, &["allowed_ips", "apis", "primary"]),
        ] {
            let found = found(&full(), kind);
            assert!(found.iter().all(|(path, expected)| !own.contains(&path.as_str()) && *expected == other(kind)));
            assert_eq!(found.len(), 8 - own.len(), "{kind:?}: {found:?}");
            assert_eq!(KeySettings::default().problems(kind), []);
        }
    }

    #[test]
    fn each_value_is_checked() {
        type Case = (KeyKind, fn(&mut KeySettings), &'static str, Expected);
        let cases: &[Case] = &[
            (
                KeyKind::RestApi,
                |s| s.redirect_uris.push("https://good@evil/".into()),
                "redirect_uris[1]",
                Expected::NoUserInfo {},
            ),
            (KeyKind::Javascript, |s| s.sdk_domains.push("*".into()), "sdk_domains[1]", Expected::Origin {}),
            (KeyKind::Javascript, |s| s.sdk_domains.push("null".into()), "sdk_domains[1]", Expected::Origin {}),
            (KeyKind::Admin, |s| s.allowed_ips.push("10.0.0.0/33".into()), "allowed_ips[1]", Expected::Network {}),
            (
                KeyKind::Native,
                |s| s.android[0].package = "app".into(),
                "android[0].package",
                Expected::AndroidPackage {},
            ),
            (
                KeyKind::Native,
                |s| s.android[0].package = "com.2.app".into(),
                "android[0].package",
                Expected::AndroidPackage {},
            ),
            (
                KeyKind::Native,
                |s| s.android[0].package = "com..app".into(),
                "android[0].package",
                Expected::AndroidPackage {},
            ),
            (
                KeyKind::Native,
                |s| s.android[0].key_hashes.push("AbcdEFghIJklmnOPqrstUVwx0=".into()),
                "android[0].key_hashes[1]",
                Expected::KeyHash {},
            ),
            (
                KeyKind::Native,
                |s| s.android[0].key_hashes.push("".into()),
                "android[0].key_hashes[1]",
                Expected::KeyHash {},
            ),
            (KeyKind::Native, |s| s.android.push(s.android[0].clone()), "android[1].package", Expected::Once {}),
            (KeyKind::Native, |s| s.ios[0].bundle_id = "com example".into(), "ios[0].bundle_id", Expected::BundleId {}),
            (KeyKind::Native, |s| s.ios[0].bundle_id.clear(), "ios[0].bundle_id", Expected::BundleId {}),
            (KeyKind::Native, |s| s.ios.push(s.ios[0].clone()), "ios[1].bundle_id", Expected::Once {}),
        ];
        for (kind, change, path, expected) in cases {
            let mut settings = full();
            change(&mut settings);
            let found = found(&settings, *kind);
            assert!(found.contains(&((*path).to_owned(), expected.clone())), "{path}: {found:?}");
        }
    }

    #[test]
    fn only_rest_api_keys_have_a_client_secret_and_only_admin_keys_are_secret() {
        let limits = Limits { strong_secrets: true, ..Limits::default() };
        for kind in KeyKind::ALL.iter().copied() {
            let expected = secret_problem(kind, "s3cret", &limits).map(|problem| problem.expected);
            let own = if kind == KeyKind::RestApi { Expected::StrongSecret {} } else { Expected::NoClientSecret {} };
            assert_eq!(expected, Some(own));
            assert_eq!(key_problem(kind, &"0".repeat(32), &limits).is_some(), kind == KeyKind::Admin);
        }
    }

    #[test]
    fn an_app_has_five_keys_of_a_kind_and_one_primary() {
        let (plain, primary) = (KeySettings::default(), KeySettings { primary: true, ..KeySettings::default() });
        let keys = |count: usize| vec![(KeyKind::RestApi, &plain); count];
        assert_eq!(problems_together(&keys(5), &[]), []);
        let problems = problems_together(&keys(6), &[]);
        assert_eq!((problems[0].path.as_str(), problems[0].received.as_str()), ("rest_api_keys", "6"));
        assert_eq!(problems_together(&keys(6), &[Permission::IncreasedAppKeyCount]), []);
        let admin = |settings| (KeyKind::Admin, settings);
        assert_eq!(problems_together(&[admin(&primary), admin(&plain)], &[]), []);
        let problems = problems_together(&[admin(&primary), admin(&primary)], &[]);
        assert_eq!((problems.len(), &problems[0].expected), (1, &Expected::OnePrimary {}));
    }

    proptest! {
        #[test]
        fn a_key_hash_is_20_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..32)) {
            prop_assert_eq!(is_key_hash(&STANDARD.encode(&bytes)), bytes.len() == 20);
        }
    }
}
