//! What a person authorized. A code contains it, and passes it on to the grant that it is redeemed for.

use std::fmt;

use kakaw_wire::scope::Item;

use crate::account::Account;
use crate::account::session::SessionId;
use crate::link::Link;
use crate::{AccountId, AppId, Millis};

/// Who authorized which app for what, on which device, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    pub app_id: AppId,
    /// The app key that the request named.
    pub app_key: String,
    pub account_id: AccountId,
    /// The items that the person agreed to. The list never grows.
    pub scopes: Vec<Item>,
    pub openid: bool,
    pub nonce: Option<String>,
    pub auth_time: Millis,
    /// The account session in which the person authorized. None if an access token or a layer in front named the person.
    pub session_id: Option<SessionId>,
    /// `User-Agent` of the browser in which the person authorized.
    pub device: String,
    /// IP address of that browser.
    pub address: String,
    pub epochs: Epochs,
}

/// The epochs of link, account and app key when the person authorized.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Epochs {
    pub link: i64,
    pub account: i64,
    pub key: i64,
}

/// What ended an authorization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outdated {
    KeyDeleted,
    Unlinked,
    PasswordChanged,
}

impl fmt::Display for Outdated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KeyDeleted => "its app key was deleted",
            Self::Unlinked => "unlinked, or logged out on all devices",
            Self::PasswordChanged => "the password was changed",
        })
    }
}

impl Authorization {
    /// Checks that the authorization is current: link, account and key still have the epochs that it was made with. A
    /// deleted key has none.
    ///
    /// It does not check whether the account is restricted. A restriction can be lifted, so it ends no grant, and each
    /// API refuses restricted people with its own error.
    ///
    /// # Errors
    /// What ended the authorization.
    pub fn check(&self, link: &Link, account: &Account, key_epoch: Option<i64>) -> Result<(), Outdated> {
        if key_epoch != Some(self.epochs.key) {
            Err(Outdated::KeyDeleted)
        } else if !link.connected || link.epoch != self.epochs.link {
            Err(Outdated::Unlinked)
        } else if account.epoch != self.epochs.account {
            Err(Outdated::PasswordChanged)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::UserId;
    use crate::account::Attributes;

    pub const NOW: Millis = Millis(1_700_000_000_000);

    pub fn authorization() -> Authorization {
        Authorization {
            app_id: AppId(1),
            app_key: "key".to_owned(),
            account_id: AccountId(7),
            scopes: vec![Item::AccountEmail],
            openid: true,
            nonce: None,
            auth_time: NOW,
            session_id: Some(SessionId::of_cookie("session")),
            device: "device".to_owned(),
            address: "192.0.2.1".to_owned(),
            epochs: Epochs { link: 3, account: 4, key: 5 },
        }
    }

    pub fn link() -> Link {
        Link { epoch: 3, ..Link::new(AppId(1), AccountId(7), UserId(70), NOW) }
    }

    pub fn account() -> Account {
        Account {
            id: AccountId(7),
            version: 1,
            epoch: 4,
            restricted: false,
            agreed_to_terms: true,
            attributes: Attributes::default(),
        }
    }

    #[test]
    fn an_authorization_is_current_while_nothing_that_it_was_made_with_has_changed() {
        let (link, account) = (link(), account());
        let unlinked = Link { connected: false, ..link.clone() };
        let linked_again = Link { epoch: 4, ..link.clone() };
        let changed = Account { epoch: 5, ..account.clone() };
        let restricted = Account { restricted: true, ..account.clone() };
        for (link, account, key, expected) in [
            (&link, &account, Some(5), Ok(())),
            (&link, &restricted, Some(5), Ok(())),
            (&link, &account, Some(6), Err(Outdated::KeyDeleted)),
            (&link, &account, None, Err(Outdated::KeyDeleted)),
            (&unlinked, &account, Some(5), Err(Outdated::Unlinked)),
            (&linked_again, &account, Some(5), Err(Outdated::Unlinked)),
            (&link, &changed, Some(5), Err(Outdated::PasswordChanged)),
            (&unlinked, &changed, None, Err(Outdated::KeyDeleted)),
            (&unlinked, &changed, Some(5), Err(Outdated::Unlinked)),
        ] {
            assert_eq!(authorization().check(link, account, key), expected, "{link:?} {account:?} {key:?}");
        }
    }

    #[test]
    fn what_has_ended_an_authorization_is_said_in_words() {
        for (outdated, words) in [
            (Outdated::KeyDeleted, "its app key was deleted"),
            (Outdated::Unlinked, "unlinked, or logged out on all devices"),
            (Outdated::PasswordChanged, "the password was changed"),
        ] {
            assert_eq!(outdated.to_string(), words);
        }
    }
}
