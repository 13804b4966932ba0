//! Applies `[[apps]]`: their settings and keys.

use anyhow::bail;
use kakaw_core::AppId;
use kakaw_core::app::{self, AppKey, AppSettings, KeyKind, KeySettings};
use kakaw_core::crypto::seal::Purpose;
use kakaw_core::crypto::secret;
use kakaw_core::{Millis, random};
use kakaw_store::{app_keys, apps, deliveries};

use super::common::{commit, derived, moment};
use super::{App, ConsentItem, ConsentTable, rules};
use crate::Platform;
use crate::platform::Seeds;

/// Brings one app to what the file says.
pub(super) async fn apply(platform: &Platform, file: &App) -> anyhow::Result<()> {
    let now = platform.now();
    let before = apps::by_id(&platform.store, AppId(file.id)).await?;
    rules::check(file, platform.webhooks.allows_private_networks())?;
    let settings = settings(file, before.as_ref().map(|app| &app.settings), now, platform.settings.seeds)?;
    let mut changes = Vec::new();
    match &before {
        None => changes.push(apps::insert(&app::App { id: AppId(file.id), version: 1, settings }, now)),
        Some(before) if before.settings != settings => {
            // Another URL begins anew: what was held for the old one goes there.
            for (kind, url) in settings.webhooks.urls() {
                if before.settings.webhooks.urls().iter().any(|(k, old)| *k == kind && old != &url) {
                    changes.push(deliveries::release(AppId(file.id), kind, now));
                }
            }
            changes.push(apps::update(&app::App { settings, ..before.clone() }));
        }
        Some(_) => {}
    }
    let stored = app_keys::of_app(&platform.store, AppId(file.id)).await?;
    let wanted = keys(platform, file, &stored)?;
    for key in &wanted {
        let old = stored.iter().find(|old| old.key.key == key.key.key);
        if let (None, Some((owner, _))) = (old, app_keys::with_app(&platform.store, &key.key.key).await?) {
            bail!("its {} key number {} belongs to app {} already", key.key.kind.label(), key.position + 1, owner.id);
        }
        let mut key = key.clone();
        key.key.epoch = old.map_or(0, |old| old.key.epoch);
        // Sealing is deterministic, so equal secrets are equal rows.
        if old != Some(&key) {
            changes.push(app_keys::put(&key));
        }
    }
    for old in stored.iter().filter(|old| !old.key.deleted && !wanted.iter().any(|key| key.key.key == old.key.key)) {
        let mut gone = old.clone();
        gone.key.deleted = true;
        gone.key.epoch += 1;
        changes.push(app_keys::put(&gone));
    }
    commit(platform, changes).await
}

fn settings(file: &App, before: Option<&AppSettings>, now: Millis, seeds: Seeds) -> anyhow::Result<AppSettings> {
    let item = |(id, item): (&kakaw_wire::scope::Item, &ConsentItem)| {
        let table = match item {
            ConsentItem::Word(consent) => ConsentTable {
                consent: *consent,
                collect_if_missing: false,
                purpose: String::new(),
                collect_since: None,
                permission: true,
            },
            ConsentItem::Table(table) => table.clone(),
        };
        let old = before
            .and_then(|settings| settings.consent_items.get(id))
            .filter(|old| old.collect_if_missing == table.collect_if_missing);
        let since = moment(table.collect_since.as_deref(), "collect_since")?;
        let collect_since = since.or(old.map(|old| old.collect_since)).unwrap_or(now);
        let setting = app::ConsentItem {
            consent: table.consent,
            collect_if_missing: table.collect_if_missing,
            collect_since,
            purpose: table.purpose,
            permission: table.permission,
        };
        Ok((*id, setting))
    };
    Ok(AppSettings {
        name: file.name.clone(),
        company: file.company.clone(),
        kakao_login: file.kakao_login,
        oidc: file.oidc,
        test_app: file.test_app,
        under_14: file.under_14,
        team: file.team.clone(),
        logout_redirect_uris: file.logout_redirect_uris.clone(),
        consent_items: file.consent_items.iter().map(item).collect::<anyhow::Result<_>>()?,
        legacy_properties: file.legacy_properties.unwrap_or(seeds.legacy_properties),
        standing: file.standing,
        business: file.business,
        permissions: file.permissions.clone(),
        simple_signup: file.simple_signup,
        service_terms: file.service_terms.clone(),
        channels: file.channels.clone(),
        user_properties: file.user_properties.clone(),
        automatic_link: file.automatic_link,
        webhooks: file.webhooks.clone(),
        quotas: file.quotas,
    })
}

fn keys(platform: &Platform, file: &App, stored: &[app_keys::Stored]) -> anyhow::Result<Vec<app_keys::Stored>> {
    let mut keys = Vec::new();
    let mut add = |kind: KeyKind,
                   index: usize,
                   given: Option<&str>,
                   settings: KeySettings,
                   client_secret: Option<&str>|
     -> anyhow::Result<()> {
        let plain = match given {
            Some(key) if key.len() == 32 && key.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) => {
                key.to_owned()
            }
            Some(key) => bail!(
                "a {} key has {} characters; expected 32 lower-case hexadecimal characters",
                kind.label(),
                key.chars().count()
            ),
            None => missing_key(platform, file, stored, kind, index),
        };
        for uri in &settings.redirect_uris {
            if !(uri.starts_with("http://") || uri.starts_with("https://"))
                || uri.contains('#')
                || uri.chars().any(|c| c.is_whitespace() || c.is_control())
            {
                bail!("redirect URI {uri:?}: expected an http or https URL without fragment and white space");
            }
        }
        let hash = |text: &str| secret::keyed_hash(platform.sealer.hash_key(), text);
        let seal = |text: &str| platform.sealer.seal(Purpose::Keep, text.as_bytes());
        let admin = kind == KeyKind::Admin;
        keys.push(app_keys::Stored {
            sealed: if admin { Some(seal(&plain)) } else { client_secret.map(seal) },
            key: AppKey {
                key: if admin { hash(&plain) } else { plain },
                app_id: AppId(file.id),
                kind,
                epoch: 0,
                deleted: false,
                settings,
                secret_hash: client_secret.map(hash),
            },
            position: index as i64,
        });
        Ok(())
    };
    for (index, key) in file.rest_api_keys.iter().enumerate() {
        let settings = KeySettings {
            redirect_uris: key.redirect_uris.clone(),
            allowed_ips: key.allowed_ips.clone(),
            ..KeySettings::default()
        };
        add(KeyKind::RestApi, index, key.key.as_deref(), settings, key.client_secret.as_deref())?;
    }
    for (index, key) in file.javascript_keys.iter().enumerate() {
        let settings = KeySettings {
            redirect_uris: key.redirect_uris.clone(),
            sdk_domains: key.sdk_domains.clone(),
            code_polling: key.code_polling,
            ..KeySettings::default()
        };
        add(KeyKind::Javascript, index, key.key.as_deref(), settings, None)?;
    }
    for (index, key) in file.native_keys.iter().enumerate() {
        let settings = KeySettings { android: key.android.clone(), ios: key.ios.clone(), ..KeySettings::default() };
        add(KeyKind::Native, index, key.key.as_deref(), settings, None)?;
    }
    for (index, key) in file.admin_keys.iter().enumerate() {
        let settings = KeySettings {
            allowed_ips: key.allowed_ips.clone(),
            apis: key.apis.clone(),
            primary: key.primary,
            ..KeySettings::default()
        };
        add(KeyKind::Admin, index, key.key.as_deref(), settings, None)?;
    }
    Ok(keys)
}

/// A key that the file leaves out. The one in its place stays; a new one is random in `serve`, and hangs on nothing but
/// its place in `seeds.legacy_properties`, so that fixtures are stable.
fn missing_key(platform: &Platform, file: &App, stored: &[app_keys::Stored], kind: KeyKind, index: usize) -> String {
    let in_place = stored.iter().find(|old| old.key.kind == kind && old.position == index as i64 && !old.key.deleted);
    let plain = |old: &app_keys::Stored| match kind {
        KeyKind::Admin => {
            let plain = platform.sealer.open(Purpose::Keep, old.sealed.as_deref()?)?;
            String::from_utf8(plain).ok()
        }
        _ => Some(old.key.key.clone()),
    };
    if let Some(key) = in_place.and_then(plain) {
        return key;
    }
    if platform.settings.seeds.derived_keys {
        return derived(&format!("{}/{}/{index}", file.id, kind.id()));
    }
    random::bytes::<16>(&*platform.random).iter().map(|byte| format!("{byte:02x}")).collect()
}
