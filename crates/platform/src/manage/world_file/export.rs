//! Writes the store as a world file. Applying what this writes changes nothing.

use std::sync::Arc;

use kakaw_core::Millis;
use kakaw_core::account::shipping::Address;
use kakaw_core::app::KeyKind;
use kakaw_core::crypto::seal::{Purpose, Sealer};
use kakaw_core::link::Link;
use kakaw_core::link::service_terms;
use kakaw_store::everything::{self, Everything};
use kakaw_store::{Error, app_keys};

use super::{
    AdminKey, Agreement, App, ConsentItem, ConsentTable, JavascriptKey, Link as FileLink, NativeKey, Person,
    RestApiKey, ShippingAddress, WorldFile,
};
use crate::Platform;
use crate::manage::at_rest;

/// Whether passwords, client secrets and admin keys are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrets {
    Written,
    LeftOut,
}

/// Exports everything that a world file can contain, at one point in time, outside the threads of requests.
///
/// # Errors
/// The database failed.
pub async fn export(platform: &Platform, secrets: Secrets) -> Result<WorldFile, Error> {
    let opener = Opener { sealer: Arc::clone(&platform.sealer), secrets };
    everything::read(&platform.store, move |everything| file_of(&opener, everything)).await
}

/// The same as text.
///
/// # Errors
/// The database failed.
pub async fn export_text(platform: &Platform, secrets: Secrets) -> Result<String, Error> {
    let opener = Opener { sealer: Arc::clone(&platform.sealer), secrets };
    let text = everything::read(&platform.store, move |everything| super::to_text(&file_of(&opener, everything)));
    text.await?.map_err(Error::Unusable)
}

fn file_of(opener: &Opener, everything: Everything) -> WorldFile {
    let apps = everything.apps.iter().map(|(app, keys)| app_of(opener, app, keys.clone()));
    let apps = apps.collect();
    WorldFile { apps, people: everything.people.into_iter().map(|person| person_of(opener, person)).collect() }
}

/// Opens sealed values, if they are to be written.
struct Opener {
    sealer: Arc<Sealer>,
    secrets: Secrets,
}

impl Opener {
    fn open(&self, sealed: Option<&String>) -> Option<String> {
        let plain = self.sealer.open(Purpose::Keep, sealed.filter(|_| self.secrets == Secrets::Written)?)?;
        String::from_utf8(plain).ok()
    }
}

fn app_of(opener: &Opener, app: &kakaw_core::app::App, keys: Vec<app_keys::Stored>) -> App {
    let settings = &app.settings;
    let items = settings.consent_items.iter().map(|(id, item)| {
        let word = !item.collect_if_missing && item.purpose.is_empty() && item.permission;
        let table = || ConsentTable {
            consent: item.consent,
            collect_if_missing: item.collect_if_missing,
            purpose: item.purpose.clone(),
            collect_since: item.collect_if_missing.then(|| item.collect_since.rfc3339_exact()),
            permission: item.permission,
        };
        (*id, if word { ConsentItem::Word(item.consent) } else { ConsentItem::Table(table()) })
    });
    let mut file = App {
        id: app.id.0,
        name: settings.name.clone(),
        company: settings.company.clone(),
        kakao_login: settings.kakao_login,
        oidc: settings.oidc,
        test_app: settings.test_app,
        under_14: settings.under_14,
        team: settings.team.clone(),
        logout_redirect_uris: settings.logout_redirect_uris.clone(),
        legacy_properties: Some(settings.legacy_properties),
        status: settings.status,
        business: settings.business,
        permissions: settings.permissions.clone(),
        user_properties: settings.user_properties.clone(),
        automatic_link: settings.automatic_link,
        simple_signup: settings.simple_signup,
        webhooks: settings.webhooks.clone(),
        quotas: settings.quotas,
        service_terms: settings.service_terms.clone(),
        channels: settings.channels.clone(),
        rest_api_keys: Vec::new(),
        javascript_keys: Vec::new(),
        native_keys: Vec::new(),
        admin_keys: Vec::new(),
        consent_items: items.collect(),
    };
    for app_keys::Stored { key, sealed, .. } in keys.into_iter().filter(|stored| !stored.key.deleted) {
        let plain = opener.open(sealed.as_ref());
        let of = key.settings;
        match key.kind {
            KeyKind::RestApi => file.rest_api_keys.push(RestApiKey {
                key: Some(key.key),
                client_secret: plain,
                redirect_uris: of.redirect_uris,
                allowed_ips: of.allowed_ips,
            }),
            KeyKind::Javascript => file.javascript_keys.push(JavascriptKey {
                key: Some(key.key),
                sdk_domains: of.sdk_domains,
                code_polling: of.code_polling,
                redirect_uris: of.redirect_uris,
            }),
            KeyKind::Native => {
                file.native_keys.push(NativeKey { key: Some(key.key), android: of.android, ios: of.ios });
            }
            KeyKind::Admin => file.admin_keys.push(AdminKey {
                key: plain,
                primary: of.primary,
                apis: of.apis,
                allowed_ips: of.allowed_ips,
            }),
        }
    }
    file
}

fn person_of(opener: &Opener, person: everything::Person) -> Person {
    let everything::Person { stored, links, addresses } = person;
    let plain = opener.open(stored.sealed_password.as_ref());
    let hash = stored.password_hash.filter(|_| opener.secrets == Secrets::Written);
    let attributes = at_rest::opened(&opener.sealer, stored.account.attributes);
    Person {
        id: attributes.id,
        email: attributes.email,
        email_verified: attributes.email_verified,
        email_valid: attributes.email_valid,
        password: hash.or(plain),
        nickname: attributes.nickname,
        phone_number: attributes.phone_number,
        talk: attributes.talk,
        name: attributes.name,
        gender: attributes.gender,
        birthyear: attributes.birthyear,
        birthday: attributes.birthday,
        birthday_type: attributes.birthday_type,
        restricted: stored.account.restricted,
        agreed_to_terms: stored.account.agreed_to_terms,
        profile_image: attributes.profile_image,
        ci: attributes.ci,
        ci_authenticated_at: attributes.ci_authenticated_at.map(Millis::rfc3339_exact),
        parental_consent: attributes.parental_consent,
        dormant: attributes.dormant,
        shipping_addresses: addresses.into_iter().map(address_of).collect(),
        links: links.iter().map(link_of).collect(),
    }
}

fn link_of(link: &Link) -> FileLink {
    let otherwise = link.consents.iter().filter(|(_, at)| **at != link.connected_at);
    FileLink {
        app: link.app_id.0,
        user_id: Some(link.user_id.0),
        scopes: link.consents.keys().copied().collect(),
        connected_at: Some(link.connected_at.rfc3339_exact()),
        connected: link.connected,
        agreed_at: otherwise.map(|(item, at)| (*item, at.rfc3339_exact())).collect(),
        signup_due: link.signup_due.map(Millis::rfc3339_exact),
        synched_at: link.synched_at.map(Millis::rfc3339_exact),
        channels: link.channels.iter().cloned().collect(),
        properties: link.properties.clone(),
        terms: link.terms.iter().map(|(tag, agreement)| (tag.clone(), agreement_of(agreement))).collect(),
    }
}

fn agreement_of(agreement: &service_terms::Agreement) -> Agreement {
    Agreement { at: Some(agreement.at.rfc3339_exact()), by: agreement.by, version: Some(agreement.version) }
}

fn address_of(address: Address) -> ShippingAddress {
    ShippingAddress {
        id: Some(address.id),
        is_default: address.is_default,
        updated_at: Some(address.updated_at.rfc3339_exact()),
        address: address.fields,
    }
}
