//! Use cases for app keys: add, change and delete them, and set their client secrets.

use kakaw_core::AppId;
use kakaw_core::app::{AppKey, KeyKind, KeySettings, key_settings};
use kakaw_core::crypto::seal::Purpose;
use kakaw_core::crypto::secret::{self, Secret};
use kakaw_core::random;
use kakaw_core::wire::{Expected, SettingProblem};
use kakaw_store::app_keys;
use kakaw_store::app_keys::Stored;

use super::apps::{self, Edit};
use super::change::Change;
use super::{Actor, Refused, Version, derived};
use crate::Platform;

/// A key as the caller describes it.
#[derive(Debug, Clone)]
pub struct Key {
    pub kind: KeyKind,
    /// `None`: a key is generated.
    pub key: Option<Secret>,
    pub settings: KeySettings,
    /// `None`: the client-secret feature is off.
    pub client_secret: Option<Secret>,
}

/// Adds a key to an app.
#[derive(Debug, Clone)]
pub struct AddKey {
    pub app: i64,
    pub key: Key,
}

impl AddKey {
    /// Returns the key too, because an admin key cannot be read later.
    ///
    /// # Errors
    /// There is no such app, it has another version, the key is invalid, or the database failed.
    pub async fn run(
        &self,
        platform: &Platform,
        actor: &Actor,
        expected: Option<Version>,
    ) -> Result<(Change, Secret), Refused> {
        let plain = self.key.key.clone().unwrap_or_else(|| made(platform));
        let owner = owner(platform, self.key.kind, &plain).await?;
        let change = apps::edit(platform, actor, self.app, expected, |edit| {
            let of_kind = edit.keys.iter().filter(|stored| stored.key.kind == self.key.kind && !stored.key.deleted);
            let position = of_kind.map(|stored| stored.position + 1).max().unwrap_or(0);
            put(platform, edit, &self.key, &plain, position, owner);
            Ok(())
        })
        .await?;
        Ok((change, plain))
    }
}

/// Changes the settings of a key.
#[derive(Debug, Clone)]
pub struct ChangeKey {
    pub app: i64,
    /// The key; of an admin key its keyed hash, as in [`AppKey`].
    pub key: String,
    pub settings: KeySettings,
}

impl ChangeKey {
    /// # Errors
    /// There is no such key, the app has another version, a setting is invalid, or the database failed.
    pub async fn run(&self, platform: &Platform, actor: &Actor, expected: Option<Version>) -> Result<Change, Refused> {
        apps::edit(platform, actor, self.app, expected, |edit| {
            live(edit, &self.key)?.key.settings = self.settings.clone();
            Ok(())
        })
        .await
    }
}

/// Deletes a key, which ends everything that was issued to it.
#[derive(Debug, Clone)]
pub struct DeleteKey {
    pub app: i64,
    /// As for [`ChangeKey`].
    pub key: String,
}

impl DeleteKey {
    /// # Errors
    /// There is no such key, the app has another version, or the database failed.
    pub async fn run(&self, platform: &Platform, actor: &Actor, expected: Option<Version>) -> Result<Change, Refused> {
        apps::edit(platform, actor, self.app, expected, |edit| {
            delete(live(edit, &self.key)?);
            Ok(())
        })
        .await
    }
}

/// The new client secret.
#[derive(Debug, Clone)]
pub enum NewSecret {
    /// None: the client-secret feature is switched off.
    Off,
    /// This one.
    Given(Secret),
    /// A generated one.
    Made,
}

/// Sets, resets or removes the client secret of a REST API key.
#[derive(Debug, Clone)]
pub struct SetSecret {
    pub app: i64,
    pub key: String,
    pub secret: NewSecret,
}

impl SetSecret {
    /// Returns the secret too, if there is one.
    ///
    /// # Errors
    /// There is no such key, the app has another version, the secret is invalid, or the database failed.
    pub async fn run(
        &self,
        platform: &Platform,
        actor: &Actor,
        expected: Option<Version>,
    ) -> Result<(Change, Option<Secret>), Refused> {
        let plain = match &self.secret {
            NewSecret::Off => None,
            NewSecret::Given(secret) => Some(secret.clone()),
            NewSecret::Made => Some(made(platform)),
        };
        let change = apps::edit(platform, actor, self.app, expected, |edit| {
            let stored = live(edit, &self.key)?;
            let (kind, at) = (stored.key.kind, place(stored.key.kind, stored.position));
            if kind == KeyKind::RestApi {
                stored.sealed = plain.as_ref().map(|plain| seal(platform, plain));
                stored.key.secret_hash = plain.as_ref().map(|plain| hash(platform, plain));
            }
            let wrong = |plain: &Secret| key_settings::secret_problem(kind, plain.expose(), &apps::limits(platform));
            edit.problems.extend(plain.as_ref().and_then(wrong).map(|problem| problem.within(&at)));
            Ok(())
        })
        .await?;
        Ok((change, plain))
    }
}

fn live<'a>(edit: &'a mut Edit, key: &str) -> Result<&'a mut Stored, Refused> {
    let app = edit.id;
    let found = edit.keys.iter_mut().find(|stored| stored.key.key == key && !stored.key.deleted);
    found.ok_or_else(|| Refused::problem("key", format!("{} of app {app}", secret::masked(key)), Expected::KnownKey {}))
}

fn place(kind: KeyKind, position: i64) -> String {
    format!("{}[{position}]", kind.list())
}

fn hash(platform: &Platform, plain: &Secret) -> String {
    secret::keyed_hash(platform.sealer.hash_key(), plain.expose())
}

fn seal(platform: &Platform, plain: &Secret) -> String {
    platform.sealer.seal(Purpose::Keep, plain.expose().as_bytes())
}

/// Generates a key or a client secret, which nobody can guess.
fn made(platform: &Platform) -> Secret {
    let bytes = random::bytes::<16>(&*platform.random);
    Secret::new(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

fn delete(stored: &mut Stored) {
    stored.key.deleted = true;
    stored.key.epoch += 1;
}

/// Returns what is stored as the key.
fn id_of(platform: &Platform, kind: KeyKind, plain: &Secret) -> String {
    if kind == KeyKind::Admin { hash(platform, plain) } else { plain.expose().to_owned() }
}

/// Returns the app and the kind of a key that is in use.
async fn owner(platform: &Platform, kind: KeyKind, plain: &Secret) -> Result<Option<(AppId, KeyKind)>, Refused> {
    let found = app_keys::with_app(&platform.store, &id_of(platform, kind, plain)).await?;
    Ok(found.map(|(app, key)| (app.id, key.kind)))
}

/// Adds a key to an app that is being changed, or replaces it there. `owner` has it now.
fn put(
    platform: &Platform,
    edit: &mut Edit,
    given: &Key,
    plain: &Secret,
    position: i64,
    owner: Option<(AppId, KeyKind)>,
) {
    let at = place(given.kind, position);
    let limits = apps::limits(platform);
    let mut found: Vec<SettingProblem> =
        key_settings::key_problem(given.kind, plain.expose(), &limits).into_iter().collect();
    let client_secret = given.client_secret.as_ref();
    found.extend(client_secret.and_then(|text| key_settings::secret_problem(given.kind, text.expose(), &limits)));
    let is_admin = given.kind == KeyKind::Admin;
    let id = id_of(platform, given.kind, plain);
    let old = edit.stored.iter().find(|old| old.key.key == id);
    if owner.is_some_and(|owner| owner != (AppId(edit.id), given.kind)) {
        found.push(SettingProblem::new("key", &secret::masked(plain.expose()), Expected::Free {}));
    }
    let epoch = old.map_or(0, |old| old.key.epoch);
    let key = AppKey {
        key: id,
        app_id: AppId(edit.id),
        kind: given.kind,
        epoch,
        deleted: false,
        settings: given.settings.clone(),
        secret_hash: client_secret.map(|plain| hash(platform, plain)),
    };
    // Sealing is deterministic, so equal secrets make equal rows.
    let sealed = if is_admin { Some(plain) } else { client_secret };
    let stored = Stored { key, position, sealed: sealed.map(|plain| seal(platform, plain)) };
    let same = edit.keys.iter().position(|other| other.key.key == stored.key.key);
    match same.and_then(|index| edit.keys.get_mut(index)) {
        Some(other) if !other.key.deleted => found.push(SettingProblem::new("key", "", Expected::Once {})),
        Some(other) => *other = stored,
        None => edit.keys.push(stored),
    }
    edit.problems.extend(found.into_iter().map(|problem| problem.within(&at)));
}

/// Replaces the keys of an app by these. A key that is left out stays the one at its position, or is generated.
pub(super) async fn replace(platform: &Platform, edit: &mut Edit, keys: &[Key]) -> Result<(), Refused> {
    // Delete all keys, and add the given ones again.
    edit.keys.clone_from(&edit.stored);
    edit.keys.iter_mut().filter(|stored| !stored.key.deleted).for_each(delete);
    for (index, key) in keys.iter().enumerate() {
        let position = keys.iter().take(index).filter(|before| before.kind == key.kind).count() as i64;
        let plain = key.key.clone().unwrap_or_else(|| missing(platform, edit, key.kind, position));
        let owner = owner(platform, key.kind, &plain).await?;
        put(platform, edit, key, &plain, position, owner);
    }
    Ok(())
}

/// Returns a key for a description without one: the present key at this position, or a new one. A new one is random, or
/// where the operator chose so derived from its position, so that fixtures are stable.
fn missing(platform: &Platform, edit: &Edit, kind: KeyKind, position: i64) -> Secret {
    let mut live = edit.stored.iter().filter(|old| old.key.kind == kind && !old.key.deleted);
    let plain = |old: &Stored| match kind {
        KeyKind::Admin => {
            let plain = platform.sealer.open(Purpose::Keep, old.sealed.as_deref()?)?;
            String::from_utf8(plain).ok()
        }
        _ => Some(old.key.key.clone()),
    };
    if let Some(key) = live.find(|old| old.position == position).and_then(plain) {
        return Secret::new(key);
    }
    if platform.settings.derived_keys {
        return Secret::new(derived(&format!("{}/{}/{position}", edit.id, kind.id())));
    }
    made(platform)
}
