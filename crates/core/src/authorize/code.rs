//! An authorization code, good for one exchange.

use crate::{AccountId, AppId, GrantId};
use kakaw_wire::Problem;
use kakaw_wire::scope::Item;

use crate::Millis;
use crate::account::Account;
use crate::app::AppKey;
use crate::authorize::pkce;
use crate::crypto::{seal, secret};
use crate::diagnosis::Refusal;
use crate::link::Link;
use crate::policy::Policy;

/// A code as it is stored: by its hash, with everything that its tokens will be about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// Hash of the code.
    pub id: String,
    pub app_id: AppId,
    /// The app key that asked for it.
    pub app_key: String,
    pub account_id: AccountId,
    pub redirect_uri: String,
    pub scopes: Vec<Item>,
    pub openid: bool,
    pub nonce: Option<String>,
    pub code_challenge: Option<String>,
    pub auth_time: Millis,
    pub session_id: String,
    /// `User-Agent` of the browser that authorized.
    pub device: String,
    /// Address of the browser that authorized.
    pub address: String,
    pub link_epoch: i64,
    pub account_epoch: i64,
    pub key_epoch: i64,
    pub created_at: Millis,
    pub expires_at: Millis,
    pub spent_at: Option<Millis>,
    /// The grant that its exchange made, or would have made.
    pub grant_id: Option<GrantId>,
    /// The transaction of a log-in by certificate.
    pub tx_id: Option<String>,
}

impl Code {
    /// Whether link, account and key have still the epochs that the code was made with, and the person may log in.
    #[must_use]
    pub fn is_current(&self, link: &Link, account: &Account, key_epoch: i64) -> bool {
        let made_with = (self.link_epoch, self.account_epoch, self.key_epoch);
        link.connected && !account.restricted && (link.epoch, account.epoch, key_epoch) == made_with
    }
}

/// What an exchange presents.
#[derive(Debug, Clone, Default)]
pub struct Presented {
    pub code: String,
    pub redirect_uri: Option<String>,
    pub code_verifier: Option<String>,
}

/// How an exchange ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redemption {
    /// Spend the code and make the grant.
    Grant,
    /// Spend the code and refuse.
    Burn(Refusal),
    /// Refuse; the code stays as it is.
    Refuse(Refusal),
    /// Refuse, and end what the first use issued.
    Replayed(Refusal),
}

/// Decides an exchange by an authenticated `key`. `stored` is the row of the presented code, and `current` says whether
/// link, account and key have still the epochs that it was made with.
#[must_use]
pub fn redeem(
    presented: &Presented,
    stored: Option<&Code>,
    current: bool,
    key: &AppKey,
    policy: &Policy,
    now: Millis,
) -> Redemption {
    // A code is echoed, as Kakao Login does; what is far too long to be a code is cut.
    let echoed: String = presented.code.chars().take(200).collect();
    let not_found = Refusal::new(Problem::CodeNotFound { code: echoed });
    let Some(code) = stored else {
        let finding = match presented.code.as_str() {
            "" => "the code is empty".to_owned(),
            text if text.trim() != text => "the code begins or ends with white space".to_owned(),
            text if seal::looks_like_token(text) => "this looks like an access token or a refresh token".to_owned(),
            text if text.matches('.').count() == 2 => "this looks like an ID token".to_owned(),
            text => {
                format!("no such code was issued here; codes have 64 characters, this has {}", text.chars().count())
            }
        };
        return Redemption::Refuse(not_found.because(finding));
    };
    if code.app_key != key.key {
        let finding = format!(
            "the code was issued to the key {}, and {} presents it",
            secret::masked(&code.app_key),
            secret::masked(&key.key)
        );
        return Redemption::Refuse(Refusal::new(Problem::ApplicationIdMismatch {}).because(finding));
    }
    if let Some(spent_at) = code.spent_at {
        let refusal =
            not_found.because(format!("this code was redeemed {} ms ago by the same key", now.0 - spent_at.0));
        return if policy.revoke_on_code_reuse { Redemption::Replayed(refusal) } else { Redemption::Refuse(refusal) };
    }
    if now >= code.expires_at {
        let late = (now.0 - code.expires_at.0) / 1000;
        return Redemption::Refuse(not_found.because(format!(
            "this code expired {late} s ago; it lived {} s",
            (code.expires_at.0 - code.created_at.0) / 1000
        )));
    }
    if !current {
        return Redemption::Burn(
            not_found.because(
                "after the code was issued the person unlinked, changed the password or was restricted, or the key was deleted",
            ),
        );
    }
    match presented.redirect_uri.as_deref() {
        Some(uri) if uri == code.redirect_uri => {}
        None if policy.redirect_uri_optional => {}
        sent => {
            let refusal = Refusal::new(Problem::RedirectUriMismatch {})
                .because(format!("authorize had {}", code.redirect_uri))
                .because(format!("this request has {}", sent.unwrap_or("none")));
            return Redemption::Burn(refusal);
        }
    }
    match pkce::check(code.code_challenge.as_deref(), presented.code_verifier.as_deref()) {
        Ok(()) => Redemption::Grant,
        Err(refusal) => Redemption::Burn(refusal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::UserId;
    use crate::account::Attributes;

    #[test]
    fn a_code_is_current_while_nothing_that_it_stands_for_has_changed() {
        let now = Millis(0);
        let link = Link { epoch: 3, ..Link::new(AppId(1), AccountId(2), UserId(1 << 40), now) };
        let attributes = Attributes::default();
        let account =
            Account { id: AccountId(2), version: 1, epoch: 5, restricted: false, agreed_to_terms: true, attributes };
        let code = Code {
            id: String::new(),
            app_id: AppId(1),
            app_key: String::new(),
            account_id: AccountId(2),
            redirect_uri: String::new(),
            scopes: Vec::new(),
            openid: false,
            nonce: None,
            code_challenge: None,
            auth_time: now,
            session_id: String::new(),
            device: String::new(),
            address: String::new(),
            link_epoch: 3,
            account_epoch: 5,
            key_epoch: 7,
            created_at: now,
            expires_at: now,
            spent_at: None,
            grant_id: None,
            tx_id: None,
        };
        assert!(code.is_current(&link, &account, 7));
        assert!(!code.is_current(&Link { connected: false, ..link.clone() }, &account, 7), "unlinked");
        assert!(!code.is_current(&Link { epoch: 4, ..link.clone() }, &account, 7), "logged out, or linked again");
        assert!(!code.is_current(&link, &Account { epoch: 6, ..account.clone() }, 7), "another password");
        assert!(!code.is_current(&link, &Account { restricted: true, ..account.clone() }, 7), "restricted");
        assert!(!code.is_current(&link, &account, 8), "the key was deleted");
    }
}
