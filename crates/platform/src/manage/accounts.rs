//! Use cases for accounts: create, change, restrict and delete them.

use kakaw_core::AccountId;
use kakaw_core::account::{Account, Attributes, LoginId};
use kakaw_core::crypto::seal::Purpose;
use kakaw_core::crypto::secret::Secret;
use kakaw_core::wire::{Expected, SettingProblem};
use kakaw_store::accounts::Stored;
use kakaw_store::{accounts, links, shipping_addresses};
use kakaw_wire::event::{EventType, UnlinkReason};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::at_rest::{self, Plain};
use super::change::{self, Change, What};
use super::draft::{self, By, Draft, UseCase};
use super::{Actor, Refused, Version, number};
use crate::Platform;
use crate::audit;
use crate::deliver::events;
use crate::password;
use crate::tombstones::Tombstone;

/// Maximum length of a password, in characters.
const PASSWORD: usize = 1000;

/// A person as an operator describes them.
#[derive(Debug, Clone, Default)]
pub struct Person {
    pub attributes: Attributes,
    pub restricted: bool,
    pub agreed_to_terms: bool,
    /// Plain, or an Argon2id PHC string. `None`: it stays as it is.
    pub password: Option<Secret>,
}

impl Person {
    /// Returns the log-in id by which the account is found. The `id` comes first, because an email may have been
    /// collected since, and may be another account's log-in id.
    #[must_use]
    pub fn login(&self) -> Option<&str> {
        self.attributes.id.as_deref().or(self.attributes.email.as_deref())
    }
}

/// Creates an account.
#[derive(Debug, Clone)]
pub struct CreateAccount(pub Person);

impl CreateAccount {
    /// # Errors
    /// Another account has the log-in id, a value is invalid, or the database failed.
    pub async fn run(&self, platform: &Platform, actor: &Actor, expected: Option<Version>) -> Result<Change, Refused> {
        draft::check_one(platform, actor, expected, self).await?;
        let mut person = self.0.clone();
        at_rest::hash_passwords(platform, &mut [Plain::of(&mut person)]).await?;
        draft::commit_one(platform, actor, expected, &Self(person)).await
    }
}

impl UseCase for CreateAccount {
    async fn draft(&self, By { platform, actor, expected }: By<'_>, draft: &mut Draft) -> Result<(), Refused> {
        let edit = Edit::load(platform, &self.0).await?;
        if let Some(before) = &edit.before {
            draft::check(expected, before.account.version)?;
            let path = if self.0.attributes.id.is_some() { "id" } else { "email" };
            return Err(Refused::problem(path, self.0.login().unwrap_or_default(), Expected::Free {}));
        }
        edit.finish(platform, actor, draft, "").await
    }
}

/// Changes the attributes of an account. It is found by `id`, or else by `email`.
#[derive(Debug, Clone)]
pub struct ChangeAccount(pub Person);

impl ChangeAccount {
    /// # Errors
    /// There is no such account, it has another version, a value is invalid, or the database failed.
    pub async fn run(&self, platform: &Platform, actor: &Actor, expected: Option<Version>) -> Result<Change, Refused> {
        draft::check_one(platform, actor, expected, self).await?;
        let mut person = self.0.clone();
        at_rest::hash_passwords(platform, &mut [Plain::of(&mut person)]).await?;
        draft::commit_one(platform, actor, expected, &Self(person)).await
    }
}

impl UseCase for ChangeAccount {
    async fn draft(&self, By { platform, actor, expected }: By<'_>, draft: &mut Draft) -> Result<(), Refused> {
        let edit = Edit::load(platform, &self.0).await?;
        let before = edit.before.as_ref().ok_or_else(|| unknown(self.0.login().unwrap_or_default()))?;
        draft::check(expected, before.account.version)?;
        edit.finish(platform, actor, draft, "").await
    }
}

/// Restricts an account, which then logs in to nothing, or lifts that.
#[derive(Debug, Clone)]
pub struct Restrict {
    /// Login id.
    pub login: String,
    pub restricted: bool,
}

impl Restrict {
    /// # Errors
    /// There is no such account, it has another version, or the database failed.
    pub async fn run(&self, platform: &Platform, actor: &Actor, expected: Option<Version>) -> Result<Change, Refused> {
        draft::commit_one(platform, actor, expected, self).await
    }
}

impl UseCase for Restrict {
    async fn draft(&self, By { platform, actor, expected }: By<'_>, draft: &mut Draft) -> Result<(), Refused> {
        let before = find(platform, &self.login).await?;
        draft::check(expected, before.account.version)?;
        let mut after = before.clone();
        after.account.restricted = self.restricted;
        save(platform, actor, draft, &self.login, Some(&before), &after).await
    }
}

/// Deletes an account and ends all its links; services are notified.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteAccount {
    /// Login id.
    pub login: String,
    /// The reason in the notice; default `ACCOUNT_DELETE`.
    #[serde(default = "account_delete")]
    pub reason: UnlinkReason,
}

const fn account_delete() -> UnlinkReason {
    UnlinkReason::AccountDelete
}

impl DeleteAccount {
    /// # Errors
    /// There is no such account, it has another version, or the database failed.
    pub async fn run(&self, platform: &Platform, actor: &Actor, expected: Option<Version>) -> Result<Change, Refused> {
        draft::commit_one(platform, actor, expected, self).await
    }
}

impl UseCase for DeleteAccount {
    async fn draft(&self, By { platform, actor, expected }: By<'_>, draft: &mut Draft) -> Result<(), Refused> {
        let before = find(platform, &self.login).await?;
        draft::check(expected, before.account.version)?;
        let id = before.account.id;
        let mut ended = Vec::new();
        for link in links::of_account(&platform.store, id).await?.into_iter().filter(|link| link.connected) {
            draft.push(links::unlink(&link));
            if let Some(app) = draft.app(platform, link.app_id).await? {
                draft.extend(events::unlinked(platform, &app, &link, self.reason));
                let purged = kakaw_core::webhook::Event::new(EventType::AccountPurged);
                draft.extend(events::notify(platform, &app, &link, &[purged]));
            }
            ended.push(json!({ "app": link.app_id, "user_id": link.user_id }));
        }
        draft.push(accounts::clear_logins(id));
        draft.push(shipping_addresses::delete_all(id));
        draft.push(accounts::delete(&before.account));
        let mut view = change::account_view(&before);
        if let Some(view) = view.as_object_mut() {
            view.insert("links".to_owned(), json!(ended));
        }
        let what = What::Account { login: self.login.clone() };
        draft.tombstones.push(Tombstone::Erased(id));
        draft.extend(audit::erase(id));
        draft.changes.push(Change::new(platform, actor, what, Some(view), None).of(id));
        Ok(())
    }
}

fn unknown(login: &str) -> Refused {
    Refused::problem("login", login, Expected::KnownPerson {})
}

async fn find(platform: &Platform, login: &str) -> Result<Stored, Refused> {
    accounts::by_login(&platform.store, &LoginId::of(login)).await?.ok_or_else(|| unknown(login))
}

/// A person who is being created or changed.
pub(super) struct Edit<'a> {
    pub person: &'a Person,
    pub before: Option<Stored>,
}

impl<'a> Edit<'a> {
    pub(super) async fn load(platform: &Platform, person: &'a Person) -> Result<Self, kakaw_store::Error> {
        let before = match person.login() {
            Some(login) => accounts::by_login(&platform.store, &LoginId::of(login)).await?,
            None => None,
        };
        Ok(Self { person, before })
    }

    /// Returns the key of the account, also of a new one: it depends only on the log-in id.
    pub(super) fn id(&self) -> AccountId {
        let made = || {
            let login = self.person.login().unwrap_or_default();
            number(&format!("account/{login}"), 15) as i64
        };
        AccountId(self.before.as_ref().map_or_else(made, |before| before.account.id.0))
    }

    /// Checks the values against the rules and adds the differences to the draft. `path` is the path of the person.
    pub(super) async fn finish(
        &self,
        platform: &Platform,
        actor: &Actor,
        draft: &mut Draft,
        path: &str,
    ) -> Result<(), Refused> {
        let person = self.person;
        let mut problems = person.attributes.problems(platform.now());
        if person.password.as_ref().is_some_and(|password| !fits(password)) {
            problems.push(SettingProblem::new("password", "", Expected::Words { at_most: PASSWORD }));
        }
        draft.refuse(path, problems);
        let Some(login) = person.login() else { return Ok(()) };
        let mut after = self.before.clone().unwrap_or_else(|| Stored {
            account: Account {
                id: AccountId(self.id().0),
                version: 1,
                epoch: 0,
                restricted: false,
                agreed_to_terms: true,
                attributes: Attributes::default(),
            },
            password_hash: None,
            sealed_password: None,
        });
        after.account.restricted = person.restricted;
        after.account.agreed_to_terms = person.agreed_to_terms;
        after.account.attributes = at_rest::opened(&platform.sealer, person.attributes.clone());
        set_password(platform, person, &mut after).await;
        let changed = self.before.as_ref() != Some(&after);
        save(platform, actor, draft, login, self.before.as_ref(), &after).await?;
        if changed {
            let name = if person.attributes.id.is_some() { "id" } else { "email" };
            let at = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            draft.push_unique(accounts::put_login(&LoginId::of(login), after.account.id), &at, login);
            for other in [person.attributes.email.as_deref(), after.account.attributes.phone()].into_iter().flatten() {
                draft.push(accounts::offer_login(&LoginId::of(other), after.account.id));
            }
        }
        Ok(())
    }
}

pub(super) fn fits(password: &Secret) -> bool {
    (1..=PASSWORD).contains(&password.expose().chars().count())
}

/// Adds an account to a draft, and the notices that its change causes.
async fn save(
    platform: &Platform,
    actor: &Actor,
    draft: &mut Draft,
    login: &str,
    before: Option<&Stored>,
    after: &Stored,
) -> Result<(), Refused> {
    match before {
        None => draft.push(accounts::insert(after, platform.now())),
        Some(before) if before != after => {
            draft.push(accounts::update(after, platform.now()));
            let notices = events::account_changed(platform, &draft.apps, &before.account, &after.account).await?;
            draft.extend(notices);
        }
        Some(_) => {}
    }
    let view = before.map(change::account_view);
    let what = What::Account { login: login.to_owned() };
    let change = Change::new(platform, actor, what, view, Some(change::account_view(after)));
    draft.changes.push(change.of(after.account.id));
    Ok(())
}

/// Sets the password. A PHC string is a hash already. In memory, a plain password is stored sealed and hashed at its
/// first use; everywhere else it was [hashed](at_rest::hash_passwords) before. A changed password increases the epoch,
/// which invalidates earlier sessions and tokens.
async fn set_password(platform: &Platform, person: &Person, after: &mut Stored) {
    let Some(password) = &person.password else { return };
    let before = (after.password_hash.clone(), after.sealed_password.clone());
    let sealed = platform.sealer.seal(Purpose::Keep, password.expose().as_bytes());
    if password::is_phc(password.expose()) {
        if before.0.as_deref() != Some(password.expose()) {
            (after.password_hash, after.sealed_password) = (Some(password.expose().to_owned()), None);
        }
    } else if !platform.store.is_in_memory() {
        // A draft that is only checked, or whose password is refused. It is never committed.
        return;
    } else if before.1.as_ref() != Some(&sealed) {
        let same = match &before {
            (Some(hash), None) => platform.passwords.verify("", Some(hash), password).await.unwrap_or(false),
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manage::derived;

    #[test]
    fn an_account_is_found_by_its_id_first() {
        let mut person = Person::default();
        assert_eq!(person.login(), None);
        person.attributes.email = Some("ryan@example.com".to_owned());
        assert_eq!(person.login(), Some("ryan@example.com"));
        person.attributes.id = Some("ryan".to_owned());
        assert_eq!(person.login(), Some("ryan"));
        // The ids of fixtures must not change.
        let edit = Edit { person: &person, before: None };
        let hex = derived("account/ryan");
        assert_eq!(edit.id(), AccountId(i64::from_str_radix(&hex[..15], 16).expect("hexadecimal")));
    }
}
