//! Converts `[[people]]` with their addresses and links for the use cases.

use kakaw_core::{AccountId, AppId, UserId};
use std::collections::BTreeMap;

use kakaw_core::Millis;
use kakaw_core::account::shipping::Address;
use kakaw_core::account::{Attributes, BirthdayType};
use kakaw_core::crypto::secret::Secret;
use kakaw_core::link::Link;
use kakaw_core::link::service_terms::Agreement;
use kakaw_core::random;
use kakaw_core::wire::{Expected, SettingProblem};
use kakaw_store::{links, shipping_addresses};

use super::moments::Moments;
use super::{Link as FileLink, Person, ShippingAddress};
use crate::Platform;
use crate::manage::accounts::{self, Edit};
use crate::manage::at_rest::{PasswordPlace, Plain};
use crate::manage::draft::Draft;
use crate::manage::{Actor, Refused, addresses, number};

/// Drafts the changes that one person of the file needs. `path` is their path in the file.
pub(super) async fn put(
    platform: &Platform,
    actor: &Actor,
    draft: &mut Draft,
    file: &Person,
    path: &str,
) -> Result<(), Refused> {
    let mut moments = Moments::default();
    let person = accounts::Person {
        attributes: attributes(file, &mut moments),
        restricted: file.restricted,
        agreed_to_terms: file.agreed_to_terms,
        password: file.password.as_deref().map(Secret::new),
    };
    let edit = Edit::load(platform, &person).await?;
    edit.finish(platform, actor, draft, path).await?;
    draft.refuse(path, moments.0);
    let Some(login) = person.login() else { return Ok(()) };
    let (id, is_new) = (edit.id(), edit.before.is_none());
    if !file.shipping_addresses.is_empty() {
        let known = match is_new {
            true => Vec::new(),
            false => shipping_addresses::of_account(&platform.store, id).await?,
        };
        for (index, address) in file.shipping_addresses.iter().enumerate() {
            let at = format!("{path}.shipping_addresses[{index}]");
            put_address(platform, actor, draft, address, (id, &format!("address/{login}/{index}")), &known, &at);
        }
    }
    let mut seen = Vec::new();
    for (index, link) in file.links.iter().enumerate() {
        let at = format!("{path}.links[{index}]");
        if seen.contains(&link.app) {
            draft.refuse(&at, [SettingProblem::new("app", &link.app.to_string(), Expected::Once {})]);
            continue;
        }
        seen.push(link.app);
        let before = if is_new { None } else { links::of(&platform.store, AppId(link.app), id).await? };
        put_link(platform, actor, draft, link, (id, login), before.as_ref(), &at).await?;
    }
    Ok(())
}

/// Returns the place of a person's password, which is to be hashed if it is plain.
pub(super) fn plain(file: &mut Person) -> Option<Plain<'_>> {
    let login = file.id.clone().or(file.email.clone())?;
    Some(Plain::new(login, PasswordPlace::Text(&mut file.password)))
}

fn attributes(file: &Person, moments: &mut Moments) -> Attributes {
    Attributes {
        id: file.id.clone(),
        email: file.email.clone(),
        email_verified: file.email_verified,
        email_valid: file.email_valid,
        nickname: file.nickname.clone(),
        profile_image: file.profile_image.clone(),
        talk: file.talk,
        phone_number: file.phone_number.clone(),
        name: file.name.clone(),
        gender: file.gender,
        birthyear: file.birthyear.clone(),
        birthday: file.birthday.clone(),
        birthday_type: file.birthday_type.or(file.birthday.is_some().then_some(BirthdayType::Solar)),
        ci: file.ci.clone(),
        sealed_ci: None,
        child: false,
        sealed: None,
        ci_authenticated_at: moments.read(file.ci_authenticated_at.as_deref(), "ci_authenticated_at"),
        parental_consent: file.parental_consent,
        dormant: file.dormant,
    }
}

/// Returns a number in the range of user ids that depends only on a name.
fn made_id(name: &str) -> i64 {
    random::to_user_id(number(name, 16)).0
}

async fn put_link(
    platform: &Platform,
    actor: &Actor,
    draft: &mut Draft,
    file: &FileLink,
    (account_id, login): (AccountId, &str),
    before: Option<&Link>,
    path: &str,
) -> Result<(), Refused> {
    let mut moments = Moments::default();
    let connected_at = moments
        .read(file.connected_at.as_deref(), "connected_at")
        .or(before.map(|link| link.connected_at))
        .unwrap_or_else(|| platform.now());
    let mut consents = BTreeMap::new();
    for item in &file.scopes {
        let exact = moments.read(file.agreed_at.get(item).map(String::as_str), &format!("agreed_at.{}", item.id()));
        consents.insert(*item, exact.unwrap_or(connected_at));
    }
    for item in file.agreed_at.keys().filter(|item| !consents.contains_key(item)) {
        let at = format!("{path}.agreed_at");
        draft.refuse(&at, [SettingProblem::new("", item.id(), Expected::AgreedItem {})]);
    }
    let user_id = file.user_id.or(before.map(|link| link.user_id).map(|id| id.0));
    let user_id = user_id.unwrap_or_else(|| made_id(&format!("link/{}/{login}", file.app)));
    let described = Link {
        connected: file.connected,
        consents,
        signup_due: moments.read(file.signup_due.as_deref(), "signup_due"),
        synched_at: moments.read(file.synched_at.as_deref(), "synched_at"),
        terms: terms(platform, draft, file, connected_at, &mut moments).await?,
        properties: file.properties.clone(),
        channels: file.channels.iter().cloned().collect(),
        ..Link::new(AppId(file.app), account_id, UserId(user_id), connected_at)
    };
    draft.refuse(path, moments.0);
    crate::manage::links::put(platform, actor, draft, &described, before, path).await
}

/// Returns the agreements to service terms. One without a version means the present version, or none if the app has no
/// such term.
async fn terms(
    platform: &Platform,
    draft: &Draft,
    file: &FileLink,
    connected_at: Millis,
    moments: &mut Moments,
) -> Result<BTreeMap<String, Agreement>, Refused> {
    let mut terms = BTreeMap::new();
    if file.terms.is_empty() {
        return Ok(terms);
    }
    let app = draft.app(platform, AppId(file.app)).await?;
    for (tag, agreement) in &file.terms {
        let known = app.as_ref().and_then(|app| app.settings.service_terms.iter().find(|term| term.tag == *tag));
        let version = agreement.version.or(known.map(|term| term.version)).unwrap_or(0);
        let at = moments.read(agreement.at.as_deref(), &format!("terms.{tag}.at")).unwrap_or(connected_at);
        terms.insert(tag.clone(), Agreement { at, by: agreement.by, version });
    }
    Ok(terms)
}

fn put_address(
    platform: &Platform,
    actor: &Actor,
    draft: &mut Draft,
    file: &ShippingAddress,
    (account_id, name): (AccountId, &str),
    known: &[Address],
    path: &str,
) {
    let mut moments = Moments::default();
    let id = file.id.unwrap_or_else(|| made_id(name));
    let before = known.iter().find(|address| address.id == id);
    let updated_at = moments.read(file.updated_at.as_deref(), "updated_at");
    let after = Address {
        id,
        account_id,
        version: before.map_or(1, |before| before.version),
        is_default: file.is_default,
        updated_at: updated_at.or(before.map(|b| b.updated_at)).unwrap_or_else(|| platform.now()),
        fields: file.address.clone(),
    };
    draft.refuse(path, moments.0);
    addresses::put(platform, actor, draft, &after, before, path);
}
