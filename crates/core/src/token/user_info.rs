//! What a token's bearer can read about the person: `/v2/user/me` and OpenID Connect user info.
//!
//! A value is shown when the app has set its item (F07), the person consents to it now, and the grant was issued with
//! it.

use std::collections::{BTreeMap, BTreeSet};

use kakaw_wire::oidc::UserInfo;
use kakaw_wire::scope::Item;
use kakaw_wire::user::{KakaoAccount, Profile, User};

use crate::Millis;
use crate::account::{Account, Attributes};
use crate::app::App;
use crate::link::Link;
use crate::token::grant::Bearer;

/// Where profile pictures are served.
#[derive(Debug, Clone, Copy)]
pub struct Pictures<'a> {
    /// Base URL without a trailing slash.
    pub base: &'a str,
}

impl Pictures<'_> {
    /// Returns the URL of the small picture, 110 by 110 pixels.
    #[must_use]
    pub(crate) fn thumbnail(&self, attributes: &Attributes) -> Option<String> {
        self.url(attributes, "110x110")
    }

    /// Returns the URL of the large picture, 640 by 640 pixels.
    #[must_use]
    pub fn large(&self, attributes: &Attributes) -> Option<String> {
        self.url(attributes, "640x640")
    }

    fn url(&self, attributes: &Attributes, size: &str) -> Option<String> {
        let name = attributes.profile_image.as_deref().unwrap_or("default");
        Some(format!("{}/profile/{name}/img_{size}.svg", self.base))
    }
}

/// The person of a reply, and the scopes that limit it.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    pub account: &'a Account,
    pub link: &'a Link,
    /// The scopes of the token. An admin key has no token and sees everything that the person agreed to.
    pub scopes: Option<&'a [Item]>,
}

impl<'a> From<&'a Bearer> for Subject<'a> {
    fn from(bearer: &'a Bearer) -> Self {
        Self { account: &bearer.account, link: &bearer.link, scopes: Some(&bearer.grant.authorization.scopes) }
    }
}

/// Returns the items that may be shown: in the grant's scopes, consented to now, and set by the app now.
#[must_use]
pub fn visible(subject: Subject<'_>, app: &App) -> BTreeSet<Item> {
    let agreed = subject.link.agreed(app).into_iter();
    agreed.filter(|item| subject.scopes.is_none_or(|scopes| scopes.contains(item))).collect()
}

/// The parts of `/v2/user/me` that the request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keys {
    /// Everything.
    All,
    /// The parts with these keys.
    Only(Vec<String>),
}

impl Keys {
    fn wants(&self, key: &str) -> bool {
        let Self::Only(keys) = self else { return true };
        keys.iter().any(|k| {
            k == key
                || (k.ends_with('.') && key.starts_with(k.as_str()))
                || key.strip_suffix('.').is_some_and(|group| k == group || k.starts_with(key))
        })
    }
}

/// Returns the reply of `/v2/user/me`.
#[must_use]
pub fn me(subject: Subject<'_>, app: &App, keys: &Keys, pictures: &Pictures<'_>, now: Millis) -> User {
    let mut sees = visible(subject, app);
    let attributes = &subject.account.attributes;
    let link = subject.link;
    let mut user = User { id: link.user_id.0, connected_at: Some(link.connected_at.rfc3339()), ..User::default() };
    user.has_signed_up = Some(link.is_registered())
        .filter(|_| !app.settings.automatic_link || !link.is_registered())
        .filter(|_| keys.wants("has_signed_up"));
    user.synched_at = link.synched_at.map(Millis::rfc3339);
    user.properties = Some(properties(app, link, &sees, attributes, pictures, keys)).filter(|p| !p.is_empty());
    if !link.is_registered() {
        // A person who has not signed up yet is shown with profile and email only.
        user.properties = None;
        user.synched_at = None;
        sees.retain(|item| {
            matches!(item, Item::Profile | Item::ProfileNickname | Item::ProfileImage | Item::AccountEmail)
        });
    }
    if keys.wants("kakao_account.") {
        let mut account = kakao_account(attributes, app, &sees, keys, pictures, now);
        if !link.is_registered() {
            account = KakaoAccount {
                profile: account.profile,
                email: account.email,
                is_email_valid: account.is_email_valid,
                is_email_verified: account.is_email_verified,
                ..KakaoAccount::default()
            };
        }
        user.kakao_account = Some(account).filter(|a| *a != KakaoAccount::default() || *keys == Keys::All);
    }
    user
}

/// Returns what the app stored, and in older apps also nickname and pictures.
fn properties(
    app: &App,
    link: &Link,
    sees: &BTreeSet<Item>,
    attributes: &Attributes,
    pictures: &Pictures<'_>,
    keys: &Keys,
) -> BTreeMap<String, String> {
    let may = |item| sees.contains(&item) || sees.contains(&Item::Profile);
    let stored = link.properties.iter().filter(|(key, _)| app.settings.user_properties.contains(key));
    let mut properties: BTreeMap<_, _> = stored.map(|(key, value)| (key.clone(), value.clone())).collect();
    if app.settings.legacy_properties {
        legacy_properties(&mut properties, may, attributes, pictures);
    }
    properties.retain(|key, _| keys.wants(&format!("properties.{key}")));
    properties
}

fn legacy_properties(
    properties: &mut BTreeMap<String, String>,
    may: impl Fn(Item) -> bool,
    attributes: &Attributes,
    pictures: &Pictures<'_>,
) {
    let mut put = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            properties.insert(key.to_owned(), value);
        }
    };
    if may(Item::ProfileNickname) {
        put("nickname", attributes.nickname.clone());
    }
    if may(Item::ProfileImage) {
        put("profile_image", pictures.large(attributes));
        put("thumbnail_image", pictures.thumbnail(attributes));
    }
}

fn kakao_account(
    attributes: &Attributes,
    app: &App,
    sees: &BTreeSet<Item>,
    keys: &Keys,
    pictures: &Pictures<'_>,
    now: Millis,
) -> KakaoAccount {
    let set = |item: Item, key: &str| app.settings.item(item).is_some() && keys.wants(key);
    let may = |item: Item| sees.contains(&item);
    // F22: `true` means that the account has the value and the person has not agreed.
    let needs = |item: Item| Some(attributes.has(item) && !may(item));
    let mut account = KakaoAccount::default();

    profile(&mut account, attributes, app, sees, pictures, keys.wants("kakao_account.profile"));
    if set(Item::Name, "kakao_account.name") {
        account.name_needs_agreement = needs(Item::Name);
        account.name = attributes.name.clone().filter(|_| may(Item::Name));
    }
    if set(Item::AccountEmail, "kakao_account.email") {
        account.has_email = Some(attributes.email.is_some());
        account.email_needs_agreement = needs(Item::AccountEmail);
        if let (true, Some(email)) = (may(Item::AccountEmail), &attributes.email) {
            account.is_email_valid = Some(attributes.email_valid);
            account.is_email_verified = Some(attributes.email_verified);
            // If another account took the address over, it is masked.
            account.email = Some(if attributes.email_valid { email.clone() } else { masked_email(email) });
        }
    }
    if set(Item::AgeRange, "kakao_account.age_range") {
        account.age_range_needs_agreement = needs(Item::AgeRange);
        account.age_range = attributes.age_range(now).filter(|_| may(Item::AgeRange)).map(str::to_owned);
    }
    if set(Item::Birthyear, "kakao_account.birthyear") {
        account.birthyear_needs_agreement = needs(Item::Birthyear);
        account.birthyear = attributes.birthyear.clone().filter(|_| may(Item::Birthyear));
    }
    if set(Item::Birthday, "kakao_account.birthday") {
        account.birthday_needs_agreement = needs(Item::Birthday);
        if let (true, Some(birthday)) = (may(Item::Birthday), &attributes.birthday) {
            account.birthday = Some(birthday.clone());
            account.birthday_type = attributes.birthday_type.map(|kind| kind.id().to_owned());
            account.is_leap_month = Some(false);
        }
    }
    if set(Item::Gender, "kakao_account.gender") {
        account.gender_needs_agreement = needs(Item::Gender);
        account.gender = attributes.gender.filter(|_| may(Item::Gender)).map(|gender| gender.id().to_owned());
    }
    if set(Item::PhoneNumber, "kakao_account.phone_number") {
        account.phone_number_needs_agreement = needs(Item::PhoneNumber);
        account.phone_number = attributes.phone().filter(|_| may(Item::PhoneNumber)).map(str::to_owned);
    }
    if set(Item::AccountCi, "kakao_account.ci") {
        account.ci_needs_agreement = needs(Item::AccountCi);
        account.ci = attributes.ci.clone().filter(|_| may(Item::AccountCi));
        account.ci_authenticated_at =
            attributes.ci_authenticated_at.filter(|_| account.ci.is_some()).map(Millis::rfc3339);
    }
    account
}

/// Adds nickname and picture, which one consent item covers or two.
fn profile(
    account: &mut KakaoAccount,
    attributes: &Attributes,
    app: &App,
    sees: &BTreeSet<Item>,
    pictures: &Pictures<'_>,
    wanted: bool,
) {
    let set = |item: Item| wanted && app.settings.item(item).is_some();
    let may = |item: Item| sees.contains(&item);
    let needs = |item: Item| Some(attributes.has(item) && !may(item));
    let (combined, nickname, image) = (set(Item::Profile), set(Item::ProfileNickname), set(Item::ProfileImage));
    if combined {
        account.profile_needs_agreement = needs(Item::Profile);
    }
    if nickname {
        account.profile_nickname_needs_agreement = needs(Item::ProfileNickname);
    }
    if image {
        account.profile_image_needs_agreement = needs(Item::ProfileImage);
    }
    let shows_nickname = combined && may(Item::Profile) || nickname && may(Item::ProfileNickname);
    let shows_image = combined && may(Item::Profile) || image && may(Item::ProfileImage);
    if shows_nickname || shows_image {
        account.profile = Some(Profile {
            nickname: shows_nickname
                .then(|| attributes.nickname.clone().unwrap_or_else(|| DEFAULT_NICKNAME.to_owned())),
            is_default_nickname: shows_nickname.then_some(attributes.nickname.is_none()),
            thumbnail_image_url: pictures.thumbnail(attributes).filter(|_| shows_image),
            profile_image_url: pictures.large(attributes).filter(|_| shows_image),
            is_default_image: shows_image.then_some(attributes.profile_image.is_none()),
        });
    }
}

/// Returns the reply of `/v1/oidc/userinfo`.
#[must_use]
pub fn oidc(bearer: &Bearer, app: &App, pictures: &Pictures<'_>) -> UserInfo {
    let sees = visible(bearer.into(), app);
    let may = |item: Item| sees.contains(&item);
    let attributes = &bearer.account.attributes;
    let email = attributes.email.clone().filter(|_| may(Item::AccountEmail));
    let phone = attributes.phone().filter(|_| may(Item::PhoneNumber)).map(str::to_owned);
    UserInfo {
        sub: bearer.link.user_id.to_string(),
        name: attributes.name.clone().filter(|_| may(Item::Name)),
        nickname: attributes.nickname.clone().filter(|_| may(Item::Profile) || may(Item::ProfileNickname)),
        picture: pictures.thumbnail(attributes).filter(|_| may(Item::Profile) || may(Item::ProfileImage)),
        email_verified: email.is_some().then_some(attributes.email_verified && attributes.email_valid),
        email,
        gender: attributes.gender.filter(|_| may(Item::Gender)).map(|gender| gender.id().to_owned()),
        birthdate: birthdate(
            attributes.birthyear.as_deref().filter(|_| may(Item::Birthyear)),
            attributes.birthday.as_deref().filter(|_| may(Item::Birthday)),
        ),
        phone_number_verified: phone.is_some().then_some(true),
        phone_number: phone,
    }
}

fn birthdate(year: Option<&str>, day: Option<&str>) -> Option<String> {
    let day = day.and_then(|day| Some(format!("{}-{}", day.get(..2)?, day.get(2..)?)));
    match (year, day) {
        (Some(year), Some(day)) => Some(format!("{year}-{day}")),
        (Some(year), None) => Some(year.to_owned()),
        (None, Some(day)) => Some(format!("0000-{day}")),
        (None, None) => None,
    }
}

fn masked_email(email: &str) -> String {
    let (local, domain) = email.split_once('@').unwrap_or((email, ""));
    let head: String = local.chars().take(2).collect();
    format!("{head}***@{domain}")
}

/// Shown when the account has no nickname.
pub(crate) const DEFAULT_NICKNAME: &str = "닉네임을 등록해주세요";

#[cfg(test)]
mod tests;
