//! Converts `[[apps]]` for the use cases.

use kakaw_core::AppId;
use kakaw_core::Millis;
use kakaw_core::app::{self, AppSettings, KeyKind, KeySettings};
use kakaw_core::crypto::secret::Secret;

use super::moments::Moments;
use super::{App, ConsentItem, ConsentTable};
use crate::Platform;
use crate::manage::apps::Edit;
use crate::manage::draft::Draft;
use crate::manage::keys::{self, Key};
use crate::manage::{Actor, Refused};

/// Drafts the changes that one app of the file needs. `path` is its path in the file.
pub(super) async fn put(
    platform: &Platform,
    actor: &Actor,
    draft: &mut Draft,
    file: &App,
    path: &str,
) -> Result<(), Refused> {
    let mut moments = Moments::default();
    let mut edit = Edit::load(platform, AppId(file.id)).await?;
    edit.settings = Some(settings(platform, file, edit.settings.as_ref(), &mut moments));
    keys::replace(platform, &mut edit, &keys(file)).await?;
    draft.refuse(path, moments.0);
    edit.finish(platform, actor, draft, path);
    Ok(())
}

fn settings(platform: &Platform, file: &App, before: Option<&AppSettings>, moments: &mut Moments) -> AppSettings {
    let mut items = std::collections::BTreeMap::new();
    for (id, item) in &file.consent_items {
        let old = before.and_then(|settings| settings.consent_items.get(id));
        let at = format!("consent_items.{}.collect_since", id.id());
        items.insert(*id, consent_item(item, old, platform.now(), moments, &at));
    }
    AppSettings {
        name: file.name.clone(),
        company: file.company.clone(),
        kakao_login: file.kakao_login,
        oidc: file.oidc,
        test_app: file.test_app,
        under_14: file.under_14,
        team: file.team.clone(),
        logout_redirect_uris: file.logout_redirect_uris.clone(),
        consent_items: items,
        legacy_properties: file.legacy_properties.unwrap_or(platform.settings.legacy_properties),
        status: file.status,
        business: file.business,
        permissions: file.permissions.clone(),
        simple_signup: file.simple_signup,
        service_terms: file.service_terms.clone(),
        channels: file.channels.clone(),
        user_properties: file.user_properties.clone(),
        automatic_link: file.automatic_link,
        webhooks: file.webhooks.clone(),
        quotas: file.quotas,
    }
}

fn consent_item(
    file: &ConsentItem,
    before: Option<&app::ConsentItem>,
    now: Millis,
    moments: &mut Moments,
    since_path: &str,
) -> app::ConsentItem {
    let table = match file {
        ConsentItem::Word(consent) => ConsentTable {
            consent: *consent,
            collect_if_missing: false,
            purpose: String::new(),
            collect_since: None,
            permission: true,
        },
        ConsentItem::Table(table) => table.clone(),
    };
    let old = before.filter(|old| old.collect_if_missing == table.collect_if_missing);
    let since = moments.read(table.collect_since.as_deref(), since_path);
    app::ConsentItem {
        consent: table.consent,
        collect_if_missing: table.collect_if_missing,
        collect_since: since.or(old.map(|old| old.collect_since)).unwrap_or(now),
        purpose: table.purpose,
        permission: table.permission,
    }
}

fn keys(file: &App) -> Vec<Key> {
    let key = |kind, key: &Option<String>, settings| {
        let key = key.as_deref().map(Secret::new);
        Key { kind, key, settings, client_secret: None }
    };
    let rest = file.rest_api_keys.iter().map(|of| {
        let (redirect_uris, allowed_ips) = (of.redirect_uris.clone(), of.allowed_ips.clone());
        let settings = KeySettings { redirect_uris, allowed_ips, ..KeySettings::default() };
        let client_secret = of.client_secret.as_deref().map(Secret::new);
        Key { client_secret, ..key(KeyKind::RestApi, &of.key, settings) }
    });
    let javascript = file.javascript_keys.iter().map(|of| {
        let (redirect_uris, sdk_domains) = (of.redirect_uris.clone(), of.sdk_domains.clone());
        let code_polling = of.code_polling;
        let settings = KeySettings { redirect_uris, sdk_domains, code_polling, ..KeySettings::default() };
        key(KeyKind::Javascript, &of.key, settings)
    });
    let native = file.native_keys.iter().map(|of| {
        let settings = KeySettings { android: of.android.clone(), ios: of.ios.clone(), ..KeySettings::default() };
        key(KeyKind::Native, &of.key, settings)
    });
    let admin = file.admin_keys.iter().map(|of| {
        let (allowed_ips, apis, primary) = (of.allowed_ips.clone(), of.apis.clone(), of.primary);
        key(KeyKind::Admin, &of.key, KeySettings { allowed_ips, apis, primary, ..KeySettings::default() })
    });
    rest.chain(javascript).chain(native).chain(admin).collect()
}
