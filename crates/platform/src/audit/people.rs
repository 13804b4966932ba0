//! The keys by which the trail names people.

use kakaw_core::AccountId;
use kakaw_core::audit::person::PersonKey;
use kakaw_core::crypto::seal::Purpose;
use kakaw_core::random;
use kakaw_store::audit_people::{self, AuditPerson};
use kakaw_store::{Error, Statement, consents};

use crate::Platform;

/// A person as the trail knows them.
#[derive(Clone)]
pub struct Person {
    pub(super) name: String,
    pub(super) key: PersonKey,
}

/// Returns a person of the trail. A person without a key gets one at once. `None` if the platform does not record, or if
/// the account is gone.
///
/// # Errors
/// The database failed.
pub async fn person(platform: &Platform, account: AccountId) -> Result<Option<Person>, Error> {
    if !platform.audit.is_on() {
        return Ok(None);
    }
    if let Some(known) = known(platform, account).await? {
        return Ok(Some(known));
    }
    let (_, stored) = new(platform, account);
    // Another request may be faster. Whichever is stored counts.
    let _outcome = platform.store.commit(vec![audit_people::insert(&stored)]).await?;
    known(platform, account).await
}

/// Returns a person for the commit that creates the account, with the statement that stores their key. It comes after
/// the statement that inserts the account.
///
/// # Errors
/// The database failed.
pub async fn person_of_commit(
    platform: &Platform,
    account: AccountId,
) -> Result<Option<(Person, Option<Statement>)>, Error> {
    if !platform.audit.is_on() {
        return Ok(None);
    }
    Ok(Some(match known(platform, account).await? {
        Some(known) => (known, None),
        None => {
            let (person, stored) = new(platform, account);
            (person, Some(audit_people::insert_now(&stored)))
        }
    }))
}

/// Returns the statements that make the trail forget who a person was.
#[must_use]
pub fn erase(account: AccountId) -> [Statement; 2] {
    [audit_people::delete(account), consents::delete_all(account)]
}

pub(super) async fn known(platform: &Platform, account: AccountId) -> Result<Option<Person>, Error> {
    let stored = audit_people::of_account(&platform.store, account).await?;
    stored.map(|stored| open(platform, stored)).transpose()
}

pub(super) fn open(platform: &Platform, stored: AuditPerson) -> Result<Person, Error> {
    let bytes = platform.sealer.open(Purpose::Keep, &stored.sealed).and_then(|bytes| bytes.try_into().ok());
    let key = bytes.map(PersonKey).ok_or_else(|| {
        Error::Unusable("a key of the audit trail was sealed under another key: is this the right key file?".to_owned())
    })?;
    Ok(Person { name: stored.name, key })
}

fn new(platform: &Platform, account_id: AccountId) -> (Person, AuditPerson) {
    let key = PersonKey(random::bytes(&*platform.random));
    let sealed = platform.sealer.seal(Purpose::Keep, &key.0);
    let stored = AuditPerson { account_id, name: key.name(), sealed };
    (Person { name: stored.name.clone(), key }, stored)
}
