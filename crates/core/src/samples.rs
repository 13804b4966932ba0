//! Sample values for tests: one app, one key, one person who is linked and logged in.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use kakaw_wire::scope::Item;

use crate::account::session::SessionId;
use crate::account::{Account, Attributes};
use crate::app::{App, AppKey, AppSettings, Consent, ConsentItem, KeyKind, KeySettings};
use crate::authorize::authorization::{Authorization, Epochs};
use crate::crypto::signing_key::SigningKey;
use crate::link::Link;
use crate::token::grant::{Bearer, Grant};
use crate::{AccountId, AppId, GrantId, Millis, UserId};

pub const NOW: Millis = Millis(1_800_000_000_000);

pub fn item(consent: Consent) -> ConsentItem {
    let purpose = String::new();
    ConsentItem { consent, collect_if_missing: false, collect_since: Millis(0), purpose, permission: true }
}

/// Two signing keys, generated once because that takes a while.
pub fn signing_keys() -> &'static [SigningKey; 2] {
    static KEYS: LazyLock<[SigningKey; 2]> = LazyLock::new(|| [(); 2].map(|()| SigningKey::generate().expect("a key")));
    &KEYS
}

/// App 1 with these items.
pub fn app(items: &[(Item, Consent)]) -> App {
    let consent_items = items.iter().map(|(id, consent)| (*id, item(*consent))).collect();
    App { id: AppId(1), version: 1, settings: AppSettings { consent_items, ..AppSettings::new("App") } }
}

pub fn key(kind: KeyKind) -> AppKey {
    let settings = KeySettings { redirect_uris: vec!["https://a.example/".to_owned()], ..KeySettings::default() };
    AppKey { key: "k".to_owned(), app_id: AppId(1), kind, epoch: 0, deleted: false, settings, secret_hash: None }
}

pub fn account(attributes: Attributes) -> Account {
    Account { id: AccountId(7), version: 1, epoch: 0, restricted: false, agreed_to_terms: true, attributes }
}

/// The link of a person who agreed to these items.
pub fn link(agreed: &[Item]) -> Link {
    let consents: BTreeMap<_, _> = agreed.iter().map(|item| (*item, NOW)).collect();
    Link { consents, ..Link::new(AppId(1), AccountId(7), UserId(1 << 32), NOW) }
}

/// The bearer of a token from a log-in in which the person agreed to these items.
pub fn bearer(attributes: Attributes, agreed: &[Item]) -> Bearer {
    let (key, account, link) = (key(KeyKind::RestApi), account(attributes), link(agreed));
    let authorization = Authorization {
        app_id: key.app_id,
        app_key: key.key.clone(),
        account_id: account.id,
        scopes: agreed.to_vec(),
        openid: true,
        nonce: Some("n".to_owned()),
        auth_time: Millis(NOW.0 - 5000),
        session_id: Some(SessionId::of_cookie("session")),
        device: "browser".to_owned(),
        address: "192.0.2.1".to_owned(),
        epochs: Epochs { link: link.epoch, account: account.epoch, key: key.epoch },
    };
    Bearer { grant: Grant::new(GrantId(1), authorization, NOW), link, account, key, app_version: 1 }
}
