//! Grants. A grant is one log-in of one person in one app on one device; its tokens are sealed references to it.

use std::fmt;

use crate::account::Account;
use crate::app::AppKey;
use crate::authorize::authorization::{Authorization, Outdated};
use crate::link::Link;
use crate::policy::REFRESH_LIFETIME;
use crate::{GrantId, Millis};

/// A grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Internal key, sealed into tokens.
    pub id: GrantId,
    /// The authorization of its code.
    pub authorization: Authorization,
    pub created_at: Millis,
    /// Increases when the refresh token rotates.
    pub refresh_generation: i64,
    pub refresh_expires_at: Millis,
    pub rotated_at: Option<Millis>,
    pub ended: Option<Ended>,
}

/// When and why a grant ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    pub at: Millis,
    pub by: EndedBy,
}

/// Why a grant ended, for the diagnosis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndedBy {
    Logout,
    /// Its code was presented again.
    CodeReuse,
    /// A refresh token that had been replaced was presented.
    RefreshReuse,
    /// A reason that another version of this program stored, as text.
    Other(String),
}

impl EndedBy {
    /// Returns the reason as text, which is also its form in the database.
    #[must_use]
    pub fn words(&self) -> &str {
        match self {
            Self::Logout => "logged out",
            Self::CodeReuse => "its code was used twice",
            Self::RefreshReuse => "an outdated refresh token was used",
            Self::Other(words) => words,
        }
    }

    /// Parses the text that [`words`](Self::words) returns.
    #[must_use]
    pub fn from_words(words: &str) -> Self {
        let known = [Self::Logout, Self::CodeReuse, Self::RefreshReuse].into_iter().find(|by| by.words() == words);
        known.unwrap_or_else(|| Self::Other(words.to_owned()))
    }
}

impl Grant {
    /// Makes the grant for a code with this authorization.
    #[must_use]
    pub fn new(id: GrantId, authorization: Authorization, now: Millis) -> Self {
        Self {
            id,
            authorization,
            created_at: now,
            refresh_generation: 0,
            refresh_expires_at: now + REFRESH_LIFETIME,
            rotated_at: None,
            ended: None,
        }
    }
}

/// A grant with everything that a token check compares, read by one statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Bearer {
    pub grant: Grant,
    pub link: Link,
    pub account: Account,
    pub key: AppKey,
    pub app_version: i64,
}

/// Why a grant is not valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dead {
    /// The key that it was made with was deleted.
    KeyDeleted,
    /// The grant itself was ended.
    Ended(EndedBy),
    /// The authorization is outdated.
    Outdated(Outdated),
}

impl fmt::Display for Dead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeyDeleted => write!(f, "{}", Outdated::KeyDeleted),
            Self::Ended(by) => write!(f, "ended: {}", by.words()),
            Self::Outdated(outdated) => write!(f, "ended: {outdated}"),
        }
    }
}

impl Bearer {
    /// Checks that the grant is live. Callers check for a restricted account themselves: see [`Authorization::check`].
    ///
    /// # Errors
    /// Why it is not live. A deleted key comes first, because kapi has an error of its own for it.
    pub fn live(&self) -> Result<(), Dead> {
        let current = self.grant.authorization.check(&self.link, &self.account, self.key.live_epoch());
        match (current, &self.grant.ended) {
            (Err(Outdated::KeyDeleted), _) => Err(Dead::KeyDeleted),
            (_, Some(ended)) => Err(Dead::Ended(ended.by.clone())),
            (Err(outdated), None) => Err(Dead::Outdated(outdated)),
            (Ok(()), None) => Ok(()),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::AppId;
    use crate::app::{KeyKind, KeySettings};
    use crate::authorize::authorization::tests::{NOW, account, authorization, link};

    pub fn bearer() -> Bearer {
        let key = AppKey {
            key: "key".to_owned(),
            app_id: AppId(1),
            kind: KeyKind::RestApi,
            epoch: 5,
            deleted: false,
            settings: KeySettings::default(),
            secret_hash: None,
        };
        let grant = Grant::new(GrantId(9), authorization(), NOW);
        Bearer { grant, link: link(), account: account(), key, app_version: 1 }
    }

    #[test]
    fn a_grant_is_dead_when_it_was_ended_or_what_it_hangs_on_was() {
        let with = |change: fn(&mut Bearer)| {
            let mut bearer = bearer();
            change(&mut bearer);
            bearer.live().map_err(|dead| dead.to_string())
        };
        let end = |bearer: &mut Bearer| bearer.grant.ended = Some(Ended { at: NOW, by: EndedBy::Logout });
        assert_eq!(with(|_| ()), Ok(()));
        assert_eq!(with(|bearer| bearer.account.restricted = true), Ok(()), "a restriction can be lifted");
        for (dead, expected) in [
            (with(end), "ended: logged out"),
            (with(|bearer| bearer.link.epoch += 1), "ended: unlinked, or logged out on all devices"),
            (with(|bearer| bearer.account.epoch += 1), "ended: the password was changed"),
            (with(|bearer| bearer.key.deleted = true), "its app key was deleted"),
            (with(|bearer| bearer.key.epoch += 1), "its app key was deleted"),
        ] {
            assert_eq!(dead, Err(expected.to_owned()));
        }
        let mut both = bearer();
        end(&mut both);
        both.link.connected = false;
        assert_eq!(both.live(), Err(Dead::Ended(EndedBy::Logout)), "what ended it first");
        both.key.deleted = true;
        assert_eq!(both.live(), Err(Dead::KeyDeleted), "kapi has an error of its own for it");
    }

    #[test]
    fn the_reasons_of_every_version_are_read_as_they_were_written() {
        for by in [EndedBy::Logout, EndedBy::CodeReuse, EndedBy::RefreshReuse, EndedBy::Other("the moon".to_owned())] {
            assert_eq!(EndedBy::from_words(by.words()), by);
        }
        assert_eq!(EndedBy::from_words("logged out"), EndedBy::Logout, "the words of older databases");
    }
}
