//! What is stored about people at rest: passwords as hashes, private attributes sealed. What an earlier version stored
//! otherwise is changed in batches.

use kakaw_core::account::{Account, Attributes, LoginId};
use kakaw_core::app::App;
use kakaw_core::crypto::seal::{Purpose, Sealer};
use kakaw_core::crypto::secret::Secret;
use kakaw_store::{Error, accounts, deliveries, shipping_addresses};
use kakaw_wire::scope::Item;

use super::Refused;
use super::accounts::{Person, fits};
use crate::Platform;
use crate::password::{self, Stored};

/// Number of rows in a batch.
const BATCH: i64 = 50;

/// Where a password stands that may be plain.
pub(super) enum PasswordPlace<'a> {
    Secret(&'a mut Option<Secret>),
    Text(&'a mut Option<String>),
}

/// A person's password, and the log-in id by which the account is found.
pub(super) struct Plain<'a> {
    login: String,
    place: PasswordPlace<'a>,
}

impl<'a> Plain<'a> {
    pub(super) const fn new(login: String, place: PasswordPlace<'a>) -> Self {
        Self { login, place }
    }

    pub(super) fn of(person: &'a mut Person) -> Self {
        let login = person.login().unwrap_or_default().to_owned();
        Self::new(login, PasswordPlace::Secret(&mut person.password))
    }

    /// Returns the password, if it is plain and may be stored.
    fn plain(&self) -> Option<Secret> {
        let password = match &self.place {
            PasswordPlace::Secret(secret) => (*secret).clone(),
            PasswordPlace::Text(text) => text.as_deref().map(Secret::new),
        };
        password.filter(|password| !password::is_phc(password.expose()) && fits(password))
    }

    fn put(&mut self, hash: String) {
        match &mut self.place {
            PasswordPlace::Secret(secret) => **secret = Some(Secret::new(hash)),
            PasswordPlace::Text(text) => **text = Some(hash),
        }
    }
}

/// Whether plain passwords among these must be hashed before they are stored.
pub(super) fn has_plain_passwords<'a>(
    platform: &Platform,
    mut passwords: impl Iterator<Item = Option<&'a str>>,
) -> bool {
    !platform.store.is_in_memory() && passwords.any(|password| password.is_some_and(|text| !password::is_phc(text)))
}

/// Replaces plain passwords by their hashes. An account whose password is still the same keeps its hash. A database in
/// memory gets plain passwords, which it hashes at their first use.
///
/// # Errors
/// The database failed, or the server ends.
pub(super) async fn hash_passwords(platform: &Platform, people: &mut [Plain<'_>]) -> Result<(), Refused> {
    if platform.store.is_in_memory() {
        return Ok(());
    }
    let (mut found, mut places) = (Vec::new(), Vec::new());
    for person in people {
        let Some(password) = person.plain() else { continue };
        let before = accounts::by_login(&platform.store, &LoginId::of(&person.login)).await?;
        found.push(Stored { hash: before.and_then(|before| before.password_hash), password });
        places.push(person);
    }
    let hashes = platform.passwords.hash_all(found, &*platform.random).await.map_err(|_| Refused::Contention)?;
    places.into_iter().zip(hashes).for_each(|(place, hash)| place.put(hash));
    Ok(())
}

/// Opens the linking information (CI) that an earlier version stored.
pub(super) fn opened(sealer: &Sealer, mut attributes: Attributes) -> Attributes {
    if let Some(sealed) = attributes.sealed_ci.take() {
        let plain = sealer.open(Purpose::Rest, &sealed).and_then(|plain| String::from_utf8(plain).ok());
        attributes.ci = attributes.ci.or(plain);
    }
    attributes
}

/// Opens the private attributes of an account whose person an app asks for, if the app has set an item that shows one.
///
/// # Errors
/// They were sealed with another key.
pub fn open_for(platform: &Platform, app: &App, account: &mut Account) -> Result<(), Error> {
    let attributes = &account.attributes;
    let is_sealed = attributes.sealed.is_some() || attributes.sealed_ci.is_some();
    if !is_sealed || !PRIVATE.iter().any(|item| app.settings.item(*item).is_some()) {
        return Ok(());
    }
    open(platform, account)
}

/// Opens the private attributes of an account.
///
/// # Errors
/// They were sealed with another key.
pub fn open(platform: &Platform, account: &mut Account) -> Result<(), Error> {
    account
        .open(&platform.sealer)
        .ok_or_else(|| Error::Unusable("an account was sealed with another key".to_owned()))?;
    account.attributes = opened(&platform.sealer, std::mem::take(&mut account.attributes));
    Ok(())
}

/// The items whose values are private attributes.
const PRIVATE: [Item; 5] = [Item::Gender, Item::AgeRange, Item::Birthyear, Item::Birthday, Item::AccountCi];

/// Hashes and seals what an earlier version stored otherwise, until nothing is left. It can be interrupted, and several
/// nodes can do it at the same time.
///
/// # Errors
/// The database failed.
pub async fn catch_up(platform: &Platform) -> Result<(), Error> {
    if platform.store.is_in_memory() || platform.store.leaves_unsealed() {
        return Ok(());
    }
    // Each list is gone through once, by id: what is written meanwhile is written hashed and sealed.
    let store = &platform.store;
    let mut after = i64::MIN;
    while let Some(last) = deliveries::seal_some(store, after, BATCH).await? {
        after = last;
    }
    after = i64::MIN;
    while let Some(last) = shipping_addresses::seal_some(store, after, BATCH).await? {
        after = last;
    }
    after = i64::MIN;
    while let Some(last) = seal_some_private(platform, after).await? {
        after = last;
    }
    let mut passwords = 0;
    after = i64::MIN;
    while let Some((last, count)) = hash_some(platform, after).await? {
        after = last;
        passwords += count;
    }
    if passwords > 0 {
        tracing::info!("hashed {passwords} passwords that an earlier version had stored sealed");
    }
    Ok(())
}

/// Hashes a batch of sealed passwords, and removes the sealed text. Returns the last account, and their number.
async fn hash_some(platform: &Platform, after: i64) -> Result<Option<(i64, usize)>, Error> {
    let found = accounts::with_sealed_passwords(&platform.store, after, BATCH).await?;
    let (mut all, mut of) = (Vec::new(), Vec::new());
    for stored in &found {
        let Some(sealed) = &stored.sealed_password else { continue };
        let plain = platform.sealer.open(Purpose::Keep, sealed).and_then(|plain| String::from_utf8(plain).ok());
        let Some(plain) = plain else {
            return Err(Error::Unusable("a password was sealed with another key file".to_owned()));
        };
        all.push(Stored { hash: stored.password_hash.clone(), password: Secret::new(plain) });
        of.push((stored.account.id, sealed));
    }
    let hashes = platform.passwords.hash_all(all, &*platform.random).await.map_err(|_| Error::Shut)?;
    let changes = of.iter().zip(hashes).map(|((id, sealed), hash)| accounts::hash_password(*id, sealed, &hash, None));
    let changes: Vec<_> = changes.collect();
    let count = changes.len();
    if count > 0 {
        // A password that changed meanwhile was stored hashed.
        let _outcome = platform.store.commit(changes).await?;
    }
    Ok(found.last().map(|stored| (stored.account.id.0, count)))
}

async fn seal_some_private(platform: &Platform, after: i64) -> Result<Option<i64>, Error> {
    let found = accounts::with_unsealed_private(&platform.store, after, BATCH).await?;
    for account in &found {
        let attributes = opened(&platform.sealer, account.attributes.clone());
        let write = || platform.store.commit(vec![accounts::update_attributes(account, &attributes, platform.now())]);
        if write().await?.contested().is_some() {
            // The account has changed meanwhile. The next start finds it again.
            tracing::debug!("an account changed while its private attributes were sealed");
        }
    }
    Ok(found.last().map(|account| account.id.0))
}
