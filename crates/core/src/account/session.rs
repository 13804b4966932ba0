//! The account session of a browser: who is logged in, since when, and until when.

use serde::{Deserialize, Serialize};

use crate::Millis;
use crate::crypto::secret;
use crate::policy::{LONG_SESSION_LIFETIME, SESSION_LIFETIME};
use crate::{AccountId, Span};

/// The key of a session: the hash of its cookie's value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(String);

impl SessionId {
    /// The key of the session with this cookie.
    #[must_use]
    pub fn of_cookie(value: &str) -> Self {
        Self(secret::hash(value))
    }

    /// A key as it is stored.
    #[must_use]
    pub const fn from_stored(hash: String) -> Self {
        Self(hash)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A session. It expires a fixed time after the log-in, and using it does not extend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub account_id: AccountId,
    pub auth_time: Millis,
    pub expires_at: Millis,
    /// The account's epoch at log-in.
    pub account_epoch: i64,
}

impl Session {
    /// Whether the session is valid for an account with this epoch.
    #[must_use]
    pub fn is_live(&self, account_epoch: i64, now: Millis) -> bool {
        self.account_epoch == account_epoch && now < self.expires_at
    }
}

/// Returns the lifetime of a session.
#[must_use]
pub const fn lifetime(stay_signed_in: bool) -> Span {
    if stay_signed_in { LONG_SESSION_LIFETIME } else { SESSION_LIFETIME }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_with_its_time_or_with_the_password() {
        let (id, auth_time, expires_at) = (SessionId::of_cookie("cookie"), Millis(0), Millis(1000));
        let session = Session { id, account_id: AccountId(1), auth_time, expires_at, account_epoch: 3 };
        for (epoch, now, live) in [(3, 0, true), (3, 999, true), (3, 1000, false), (2, 0, false), (4, 0, false)] {
            assert_eq!(session.is_live(epoch, Millis(now)), live, "{epoch} {now}");
        }
    }

    #[test]
    fn staying_signed_in_is_a_month_in_place_of_a_day() {
        assert_eq!((lifetime(false), lifetime(true)), (Span::days(1), Span::days(30)));
    }
}
