//! Applies `[[people]]` and their links.

use kakaw_core::{AccountId, AppId, UserId};
use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use kakaw_core::Millis;
use kakaw_core::account::shipping::Address;
use kakaw_core::account::{self, Account, Attributes, BirthdayType};
use kakaw_core::app::App;
use kakaw_core::crypto::seal::Purpose;
use kakaw_core::link::Link;
use kakaw_core::link::service_terms::Agreement;
use kakaw_core::random;
use kakaw_store::accounts::Stored;
use kakaw_store::{accounts, apps, links, shipping_addresses};
use kakaw_wire::event::UnlinkReason;

use super::common::{commit, derived, moment};
use super::{Link as FileLink, Person, ShippingAddress};
use crate::Platform;
use crate::deliver::events;
use crate::password;

/// Brings one person to what the file says.
pub(super) async fn apply(platform: &Platform, file: &Person) -> anyhow::Result<()> {
    // The id comes first: an email may have been collected since, and may belong to another as a log-in id.
    let Some(login) = file.id.as_deref().or(file.email.as_deref()) else { bail!("a person needs an email or an id") };
    let id = apply_account(platform, file, login).await.with_context(|| format!("person {login}"))?;
    for (index, address) in file.shipping_addresses.iter().enumerate() {
        let of = || format!("person {login}, shipping address {}", index + 1);
        apply_address(platform, address, AccountId(id), &format!("address/{login}/{index}")).await.with_context(of)?;
    }
    for link in &file.links {
        apply_link(platform, link, AccountId(id), login)
            .await
            .with_context(|| format!("person {login}, link with app {}", link.app))?;
    }
    Ok(())
}

async fn apply_account(platform: &Platform, file: &Person, login: &str) -> anyhow::Result<i64> {
    let attributes = attributes(file)?;
    let before = accounts::by_login(&platform.store, login).await?;
    let mut after = before.clone().unwrap_or(Stored {
        account: Account {
            id: AccountId(i64::from_str_radix(&derived(&format!("account/{login}"))[..15], 16)?),
            version: 1,
            epoch: 0,
            restricted: false,
            agreed_to_terms: true,
            attributes: Attributes::default(),
        },
        password_hash: None,
        sealed_password: None,
    });
    after.account.restricted = file.restricted;
    after.account.agreed_to_terms = file.agreed_to_terms;
    after.account.attributes = attributes;
    set_password(platform, file, &mut after).await?;
    if before.as_ref() == Some(&after) {
        return Ok(after.account.id.0);
    }
    let mut changes =
        vec![if before.is_some() { accounts::update(&after) } else { accounts::insert(&after, platform.now()) }];
    changes.push(accounts::put_login(login, after.account.id));
    for other in [file.email.as_deref(), after.account.attributes.phone()].into_iter().flatten() {
        changes.push(accounts::offer_login(other, after.account.id));
    }
    if let Some(before) = &before {
        changes.extend(events::account_changed(platform, &before.account, &after.account).await?);
    }
    commit(platform, changes).await?;
    Ok(after.account.id.0)
}

/// A password of the file is kept sealed and hashed at its first use; a PHC string is a hash already. A changed password
/// raises the epoch: sessions and tokens of before die.
async fn set_password(platform: &Platform, file: &Person, after: &mut Stored) -> anyhow::Result<()> {
    let Some(password) = &file.password else { return Ok(()) };
    let before = (after.password_hash.clone(), after.sealed_password.clone());
    let sealed = platform.sealer.seal(Purpose::Keep, password.as_bytes());
    if password::is_phc(password) {
        if before.0.as_deref() != Some(password) {
            (after.password_hash, after.sealed_password) = (Some(password.clone()), None);
        }
    } else if before.1.as_ref() != Some(&sealed) {
        let secret = kakaw_core::crypto::secret::Secret::new(password.clone());
        let same = match &before {
            (Some(hash), None) => platform.passwords.verify("", Some(hash), &secret).await.unwrap_or(false),
            _ => false,
        };
        if !same {
            (after.password_hash, after.sealed_password) = (None, Some(sealed));
        }
    }
    let had_one = before.0.is_some() || before.1.is_some();
    if had_one && before != (after.password_hash.clone(), after.sealed_password.clone()) {
        after.account.epoch += 1;
    }
    Ok(())
}

fn attributes(file: &Person) -> anyhow::Result<Attributes> {
    if let Some(email) = file.email.as_deref().filter(|email| !account::is_email(email)) {
        bail!("email is {email:?}; expected an address such as name@example.com");
    }
    if file.phone_number.is_some() && !file.talk {
        bail!("phone_number is set and talk is not; only people with talk = true have one");
    }
    if let Some(year) = file.birthyear.as_deref().filter(|year| !account::is_birthyear(year)) {
        bail!("birthyear is {year:?}; expected four digits such as 1995");
    }
    if let Some(day) = file.birthday.as_deref().filter(|day| account::month_and_day(day).is_none()) {
        bail!("birthday is {day:?}; expected month and day, four digits such as 1130");
    }
    Ok(Attributes {
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
        ci_authenticated_at: moment(file.ci_authenticated_at.as_deref(), "ci_authenticated_at")?,
        parental_consent: file.parental_consent,
        dormant: file.dormant,
    })
}

async fn apply_link(platform: &Platform, file: &FileLink, account_id: AccountId, login: &str) -> anyhow::Result<()> {
    let Some(app) = apps::by_id(&platform.store, AppId(file.app)).await? else {
        bail!("there is no app {}; expected the id of an app of this file or of the database", file.app);
    };
    let before = links::of(&platform.store, AppId(file.app), account_id).await?;
    let connected_at = moment(file.connected_at.as_deref(), "connected_at")?
        .or(before.as_ref().map(|link| link.connected_at))
        .unwrap_or_else(|| platform.now());
    let mut consents = BTreeMap::new();
    for item in &file.scopes {
        let exact = moment(file.agreed_at.get(item).map(String::as_str), "agreed_at")?;
        consents.insert(*item, exact.unwrap_or(connected_at));
    }
    let made = || u64::from_str_radix(&derived(&format!("link/{}/{login}", file.app))[..16], 16).unwrap_or_default();
    let user_id = file
        .user_id
        .or(before.as_ref().map(|link| link.user_id).map(|id| id.0))
        .unwrap_or_else(|| random::to_user_id(made()).0);
    if !(1..1 << 53).contains(&user_id) {
        bail!("user_id is {user_id}; expected a positive integer below 2^53, which JavaScript holds exactly");
    }
    let wanted = Link {
        connected: file.connected,
        consents,
        signup_due: moment(file.signup_due.as_deref(), "signup_due")?,
        synched_at: moment(file.synched_at.as_deref(), "synched_at")?,
        terms: terms(&app, file, connected_at)?,
        properties: file.properties.clone(),
        channels: file.channels.iter().cloned().collect(),
        ..Link::new(AppId(file.app), account_id, UserId(user_id), connected_at)
    };
    let Some(before) = before else { return commit(platform, vec![links::insert(&wanted)]).await };
    // An unlink ends what was issued before, here too.
    let unlinked = before.connected && !file.connected;
    let epoch = before.epoch + i64::from(unlinked);
    let after = Link { epoch, version: before.version, user_id: before.user_id, ..wanted };
    let mut changes = Vec::new();
    if unlinked {
        changes.extend(events::unlinked(platform, &app, &before, UnlinkReason::UnlinkFromAdmin));
    }
    if after != before {
        changes.push(links::update(&after));
    }
    if UserId(user_id) != before.user_id {
        changes.push(links::set_user_id(&before, UserId(user_id)));
    }
    commit(platform, changes).await
}

fn terms(app: &App, file: &FileLink, connected_at: Millis) -> anyhow::Result<BTreeMap<String, Agreement>> {
    let mut terms = BTreeMap::new();
    for (tag, agreement) in &file.terms {
        let known = app.settings.service_terms.iter().find(|term| term.tag == *tag);
        let Some(version) = agreement.version.or(known.map(|term| term.version)) else {
            bail!("app {} has no service term {tag:?}; expected one of its tags, or a version", app.id);
        };
        let at = moment(agreement.at.as_deref(), "at")?.unwrap_or(connected_at);
        terms.insert(tag.clone(), Agreement { at, by: agreement.by, version });
    }
    Ok(terms)
}

async fn apply_address(
    platform: &Platform,
    file: &ShippingAddress,
    account_id: AccountId,
    name: &str,
) -> anyhow::Result<()> {
    let made = || u64::from_str_radix(&derived(name)[..16], 16).unwrap_or_default();
    let id = file.id.unwrap_or_else(|| random::to_user_id(made()).0);
    let all = shipping_addresses::of_account(&platform.store, account_id).await?;
    let before = all.into_iter().find(|address| address.id == id);
    let updated_at = moment(file.updated_at.as_deref(), "updated_at")?;
    let updated_at = updated_at.or(before.as_ref().map(|b| b.updated_at)).unwrap_or_else(|| platform.now());
    let version = before.as_ref().map_or(1, |before| before.version);
    let is_default = file.is_default;
    let after = Address { id, account_id, version, is_default, updated_at, fields: file.address.clone() };
    match before {
        Some(before) if before == after => Ok(()),
        Some(_) => commit(platform, vec![shipping_addresses::update(&after)]).await,
        None => commit(platform, vec![shipping_addresses::insert(&after)]).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_cannot_be_are_refused() {
        let person = |more: &str| {
            let text = format!("[[people]]\nid = \"x\"\n{more}");
            attributes(&super::super::parse(&text, "w.toml").expect("parses").people[0]).map(|_| ())
        };
        for (wrong, expected) in [
            ("phone_number = \"+82 10-1\"", "talk = true"),
            ("email = \"nobody\"", "name@example.com"),
            ("birthyear = \"95\"", "1995"),
            ("birthday = \"1399\"", "1130"),
            ("ci_authenticated_at = \"yesterday\"", "RFC 3339"),
        ] {
            let error = person(wrong).expect_err(wrong).to_string();
            assert!(error.contains(expected), "{error}");
        }
        assert!(person("phone_number = \"+82 10-1\"\ntalk = true").is_ok());
        assert_eq!(moment(None, "x").ok(), Some(None));
    }
}
